//! Bearer tokens: 256 random bits, known to the store by their SHA-256 alone.
//!
//! A slow hash would add nothing: nobody can try 2^256 tokens.

use sha2::{Digest, Sha256};

use crate::entropy::{self, NoEntropy};
use crate::secrets::Secret;

/// Lets scanners for leaked secrets find our tokens.
const PREFIX: &str = "patchcord-";

pub(crate) fn new() -> Result<Secret, NoEntropy> {
    let bits = entropy::seed()?;
    let hex: String = bits.iter().map(|octet| format!("{octet:02x}")).collect();
    Ok(Secret::new(format!("{PREFIX}{hex}")))
}

pub(crate) fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    #[test]
    fn tokens_are_long_and_differ() {
        let (one, other) = (super::new().unwrap(), super::new().unwrap());
        assert_eq!(one.expose().len(), "patchcord-".len() + 64);
        assert_ne!(one, other);
    }
}
