//! Chance: the only code that draws it from the operating system.

use thiserror::Error;

/// The operating system gave no random octets; nothing that must be unguessable can be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("the operating system gave no random numbers")]
pub struct NoEntropy;

/// 32 unguessable octets. Each part of the program gets its own, and draws the rest from it.
#[expect(clippy::disallowed_methods, reason = "this is the file that may")]
pub fn seed() -> Result<[u8; 32], NoEntropy> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|_| NoEntropy)?;
    Ok(seed)
}

#[cfg(test)]
mod tests {
    #[test]
    fn two_seeds_differ() {
        assert_ne!(super::seed(), super::seed());
    }
}
