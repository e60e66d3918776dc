//! The hash algorithms of digest authentication (RFC 7616 §6.1).

use sha2::Digest;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Algorithm {
    pub hash: Hash,
    /// `-sess`: the secret is bound to the first nonce and cnonce.
    pub session: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::sip) enum Hash {
    Md5,
    Sha256,
    Sha512Of256,
}

impl Algorithm {
    pub fn named(token: &str) -> Option<Self> {
        let lower = token.to_ascii_lowercase();
        let (name, session) = match lower.strip_suffix("-sess") {
            Some(name) => (name, true),
            None => (lower.as_str(), false),
        };
        let hash = match name {
            "md5" => Hash::Md5,
            "sha-256" => Hash::Sha256,
            "sha-512-256" => Hash::Sha512Of256,
            _ => return None,
        };
        Some(Self { hash, session })
    }
}

impl Hash {
    /// Lower-case hex of the hash.
    pub fn hex(self, octets: &[u8]) -> String {
        match self {
            Self::Md5 => hex(&md5::Md5::digest(octets)),
            Self::Sha256 => hex(&sha2::Sha256::digest(octets)),
            Self::Sha512Of256 => hex(&sha2::Sha512_256::digest(octets)),
        }
    }
}

fn hex(octets: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    octets.iter().flat_map(|octet| [digit(octet >> 4), digit(octet & 15)]).collect()
}
