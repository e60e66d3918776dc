//! Secrets in memory: erased when dropped, never printed. And client data in logs: masked.

use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A password or token. `Debug` prints no character of it, and there is no `Display`.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// For the one place that computes with it or sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A telephone number or name as logs may show it: numbers keep the last two digits, names the
/// first letter, and nothing short enough to be guessed from that keeps anything.
#[derive(Clone, Copy)]
pub struct Masked<'a>(pub &'a str);

impl fmt::Display for Masked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.chars().filter(char::is_ascii_digit).count();
        let letters = self.0.chars().filter(|c| c.is_alphabetic()).count();
        if digits >= 6 && letters == 0 {
            let mut last: Vec<char> = self.0.chars().filter(char::is_ascii_digit).rev().take(2).collect();
            last.reverse();
            return write!(f, "…{}", last.into_iter().collect::<String>());
        }
        match self.0.chars().next() {
            Some(first) if letters >= 4 => write!(f, "{first}…"),
            _ => f.write_str("…"),
        }
    }
}

impl fmt::Debug for Masked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_of_a_secret_shows_nothing() {
        assert_eq!(format!("{:?}", Secret::new("secret-operator1")), "Secret(…)");
    }

    #[test]
    fn numbers_and_names_are_masked() {
        assert_eq!(Masked("+7 916 123-45-67").to_string(), "…67");
        assert_eq!(Masked("Иванова Анна").to_string(), "И…");
        assert_eq!(Masked("101").to_string(), "…");
        assert_eq!(Masked("Ким").to_string(), "…");
        assert_eq!(Masked("").to_string(), "…");
    }
}
