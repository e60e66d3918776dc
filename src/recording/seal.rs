//! The key of recordings, and what is sealed under it.
//!
//! Each recording has a key of its own, drawn by chance. It stands in the recording's head, sealed under the company's key; so
//! overwriting the head is enough to make a recording unreadable, and no two recordings share a key and a nonce.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::secrets::Secret;

pub(super) const KEY: usize = 32;
pub(super) const NONCE: usize = 24;
pub(super) const TAG: usize = 16;
pub(super) const KEY_ID: usize = 8;

/// What opens all recordings that were made with it.
pub struct RecordingKey {
    cipher: XChaCha20Poly1305,
    id: [u8; KEY_ID],
}

impl RecordingKey {
    /// From its text, 64 hexadecimal digits; none for any other.
    pub fn of(text: &Secret) -> Option<Self> {
        let key = Zeroizing::new(octets(text.expose().trim())?);
        let mut id = [0; KEY_ID];
        // Without a copy of the key that nobody wipes.
        let named =
            Sha256::new().chain_update(b"patchcord recording key 1").chain_update(key.as_slice()).finalize();
        id.iter_mut().zip(named).for_each(|(to, from)| *to = from);
        Some(Self { cipher: XChaCha20Poly1305::new(&Key::from(*key)), id })
    }

    /// A new one, as text, from chance that nothing else is made of.
    pub fn make(chance: [u8; KEY]) -> Secret {
        let chance = Zeroizing::new(chance);
        Secret::new(chance.iter().map(|octet| format!("{octet:02x}")).collect::<String>())
    }

    /// What stands in the heads of its recordings, in hexadecimal digits; it tells nothing of the key.
    pub fn name(&self) -> String {
        key_name(self.id)
    }

    pub(super) const fn id(&self) -> [u8; KEY_ID] {
        self.id
    }

    /// A recording's own key for its head; `head` is what stands before it there. None: never, for so short a text.
    pub(super) fn wrap(&self, own: &[u8; KEY], nonce: [u8; NONCE], head: &[u8]) -> Option<Vec<u8>> {
        self.cipher.encrypt(&XNonce::from(nonce), Payload { msg: own, aad: head }).ok()
    }

    /// None: the head is not what was written.
    pub(super) fn unwrap(
        &self,
        wrapped: &[u8],
        nonce: [u8; NONCE],
        head: &[u8],
    ) -> Option<Zeroizing<[u8; KEY]>> {
        let own = self.cipher.decrypt(&XNonce::from(nonce), Payload { msg: wrapped, aad: head }).ok()?;
        let own = Zeroizing::new(own);
        own.as_slice().try_into().ok().map(Zeroizing::new)
    }
}

pub(super) fn key_name(id: [u8; KEY_ID]) -> String {
    id.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Without its key.
impl std::fmt::Debug for RecordingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RecordingKey(…)")
    }
}

/// Seals one recording's chunks, each for its own place.
pub(super) struct ChunkCipher(XChaCha20Poly1305);

impl ChunkCipher {
    pub fn of(own: &[u8; KEY]) -> Self {
        Self(XChaCha20Poly1305::new(&Key::from(*own)))
    }

    /// None only for a text longer than the cipher takes, 256 GiB.
    pub fn seal(&self, place: u64, last: bool, text: &[u8]) -> Option<Vec<u8>> {
        self.0.encrypt(&nonce(place, last), text).ok()
    }

    /// None: nothing that was sealed for this place.
    pub fn open(&self, place: u64, last: bool, sealed: &[u8]) -> Option<Vec<u8>> {
        self.0.decrypt(&nonce(place, last), sealed).ok()
    }
}

/// Of a key that seals one recording alone: the place is enough.
fn nonce(place: u64, last: bool) -> XNonce {
    let mut nonce = [0; NONCE];
    nonce.iter_mut().zip(place.to_le_bytes()).for_each(|(to, from)| *to = from);
    if let Some(end) = nonce.last_mut() {
        *end = u8::from(last);
    }
    XNonce::from(nonce)
}

fn octets(hex: &str) -> Option<[u8; KEY]> {
    let mut octets = [0; KEY];
    if hex.len() != 2 * KEY || !hex.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    for (octet, at) in octets.iter_mut().zip((0..).step_by(2)) {
        *octet = u8::from_str_radix(hex.get(at..at + 2)?, 16).ok()?;
    }
    Some(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_64_hexadecimal_digits_and_nothing_else() {
        let made = RecordingKey::make([0xab; KEY]);
        assert_eq!(made.expose(), "ab".repeat(32));
        assert!(RecordingKey::of(&made).is_some());
        let good = "0123456789abcdefABCDEF0123456789".repeat(2);
        assert!(RecordingKey::of(&Secret::new(format!("{good}\n"))).is_some(), "as it stands in a file");
        for bad in ["", "secret", &good[1..], &format!("{good}0"), &good.replace('a', "g"), &"é".repeat(32)]
        {
            assert!(RecordingKey::of(&Secret::new(bad)).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_chunk_opens_at_its_own_place_alone() {
        let cipher = ChunkCipher::of(&[1; KEY]);
        let sealed = cipher.seal(7, false, b"said").unwrap();
        assert_eq!(cipher.open(7, false, &sealed).unwrap(), b"said");
        for (place, last) in [(6, false), (8, false), (7, true)] {
            assert_eq!(cipher.open(place, last, &sealed), None, "{place} {last}");
        }
        assert_eq!(ChunkCipher::of(&[2; KEY]).open(7, false, &sealed), None);
    }

    #[test]
    fn keys_do_not_show_in_debug() {
        let key = RecordingKey::of(&RecordingKey::make([0xab; KEY])).unwrap();
        assert_eq!(format!("{key:?}"), "RecordingKey(…)");
    }
}
