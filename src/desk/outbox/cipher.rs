//! The key of an outbox, and rows under it.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::Rng;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::secrets::Secret;

const NONCE: usize = 24;
const TAG: usize = 16;
pub(super) const KEY_ID: usize = 8;
/// What an encrypted row has besides its text.
pub(super) const OVERHEAD: usize = KEY_ID + NONCE + TAG;

/// Encrypts under a key that only the holder of the desk's token can make: a stolen file says nothing.
pub(super) struct RowCipher {
    cipher: XChaCha20Poly1305,
    key_id: [u8; KEY_ID],
}

impl RowCipher {
    /// Extract and expand (RFC 5869 in spirit, plain SHA-256): the token has 256 random bits of its own.
    pub fn of(token: &Secret) -> Self {
        let extract = Zeroizing::new(digest(&[b"patchcord outbox 1", token.expose().as_bytes()]));
        let key = Zeroizing::new(digest(&[extract.as_slice(), b"key"]));
        let named = digest(&[extract.as_slice(), b"key id"]);
        let mut key_id = [0; KEY_ID];
        key_id.iter_mut().zip(named).for_each(|(to, from)| *to = from);
        Self { cipher: XChaCha20Poly1305::new(&Key::from(*key)), key_id }
    }

    /// Key id, nonce, text and tag. None only if the text is too long for the cipher, 256 GiB.
    pub fn seal(&self, text: &[u8], chance: &mut ChaCha20Rng) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE];
        // Random nonces of 192 bits do not meet again in any outbox's life.
        chance.fill_bytes(&mut nonce);
        let sealed =
            self.cipher.encrypt(&XNonce::from(nonce), Payload { msg: text, aad: &self.key_id }).ok()?;
        Some([self.key_id.as_slice(), &nonce, &sealed].concat())
    }

    pub fn open(&self, row: &[u8]) -> Opened {
        let Some((key_id, rest)) = row.split_first_chunk::<KEY_ID>() else { return Opened::Damaged };
        let Some((nonce, sealed)) = rest.split_first_chunk::<NONCE>() else { return Opened::Damaged };
        if *key_id != self.key_id {
            return Opened::OtherKey;
        }
        let payload = Payload { msg: sealed, aad: &self.key_id };
        self.cipher.decrypt(&XNonce::from(*nonce), payload).map_or(Opened::Damaged, Opened::Text)
    }
}

pub(super) enum Opened {
    Text(Vec<u8>),
    /// Written under another token.
    OtherKey,
    Damaged,
}

fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}
