//! Everything random in the core, drawn from the seed: tags, branches, the secret of our Contact, jitter.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::time::Duration;

/// The mark of a branch that is unique (RFC 3261 §8.1.1.7).
pub const MAGIC_COOKIE: &str = "z9hG4bK";

pub struct Chance(ChaCha20Rng);

impl Chance {
    pub fn new(seed: [u8; 32]) -> Self {
        Self(ChaCha20Rng::from_seed(seed))
    }

    /// 128 bits in hexadecimal: nobody guesses it (RFC 3261 §19.3 asks a tag for 32).
    pub fn token(&mut self) -> String {
        format!("{:016x}{:016x}", self.0.next_u64(), self.0.next_u64())
    }

    /// 64 bits in hexadecimal, for tags.
    pub fn tag(&mut self) -> String {
        format!("{:016x}", self.0.next_u64())
    }

    pub fn branch(&mut self) -> String {
        format!("{MAGIC_COOKIE}{:016x}", self.0.next_u64())
    }

    /// A first CSeq number, far below 2³¹ (RFC 3261 §8.1.1.5).
    pub fn first_seq(&mut self) -> u32 {
        self.0.next_u32() & 0xffff
    }

    /// Between `from` and `to`, in milliseconds.
    pub fn between(&mut self, from: Duration, to: Duration) -> Duration {
        let span = to.saturating_sub(from).as_millis() as u64;
        from + Duration::from_millis(self.0.next_u64() % (span + 1))
    }
}
