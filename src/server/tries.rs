//! How often somebody may try to log in.
//!
//! A try takes one of so many, which come back with time. Strangers share those of the name that they try and those of their
//! address; a browser in which this person was logged in before has its own (OWASP, "Slow Down Online Guessing Attacks with Device
//! Cookies"): whoever guesses at a name locks out nobody who works here.

use std::collections::BTreeMap;
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

/// Whose tries.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Key {
    /// A browser in which this person was logged in before, by the hash of its cookie.
    Browser([u8; 32]),
    Name(String),
    Address(IpAddr),
}

impl Key {
    /// Of IPv6 the network: one machine has as many addresses as it likes.
    pub fn address(address: IpAddr) -> Self {
        Self::Address(match address.to_canonical() {
            IpAddr::V6(address) => {
                let network = u128::from(address) & !u128::from(u64::MAX);
                IpAddr::V6(network.into())
            }
            canonical => canonical,
        })
    }

    /// So many at once, and one more after each of these.
    const fn allowance(&self) -> (u32, SignedDuration) {
        match self {
            Self::Browser(_) => (10, SignedDuration::from_secs(10)),
            Self::Name(_) => (10, SignedDuration::from_secs(30)),
            Self::Address(_) => (20, SignedDuration::from_secs(10)),
        }
    }
}

/// Those who have tried lately.
#[derive(Debug, Default)]
pub(crate) struct Tries(BTreeMap<Key, Timestamp>);

impl Tries {
    /// Kept at most; then those who tried longest ago are forgotten.
    const MOST: usize = 100_000;

    /// One try of each of these; or how long to wait, and none is taken.
    pub fn take(&mut self, keys: &[Key], now: Timestamp) -> Result<(), SignedDuration> {
        // Kept is when all tries will have come back.
        let free = |tries: &Self, key: &Key| tries.0.get(key).copied().unwrap_or(now).max(now);
        for key in keys {
            let (most, each) = key.allowance();
            let wait = free(self, key) + each - (now + each * most.cast_signed());
            if wait.is_positive() {
                return Err(SignedDuration::try_from(wait).unwrap_or(each));
            }
        }
        if self.0.len() + keys.len() > Self::MOST {
            self.0.retain(|_, free| *free > now);
        }
        while self.0.len() + keys.len() > Self::MOST {
            let oldest = self.0.iter().min_by_key(|(_, free)| **free).map(|(key, _)| key.clone());
            oldest.and_then(|key| self.0.remove(&key));
        }
        for key in keys {
            let until = free(self, key) + key.allowance().1;
            self.0.insert(key.clone(), until);
        }
        Ok(())
    }

    /// It was the right password. Of the address nothing comes back: whoever has one account would have tries at all others.
    pub fn give_back(&mut self, keys: &[Key]) {
        for key in keys.iter().filter(|key| !matches!(key, Key::Address(_))) {
            self.0.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn who_guesses_at_a_name_waits_and_the_person_in_the_own_browser_does_not() {
        let mut tries = Tries::default();
        let (name, own) = (Key::Name("ivanova".into()), Key::Browser([1; 32]));
        for number in 0..10 {
            // Each from another address.
            let address = Key::address(IpAddr::from([192, 0, 2, number]));
            assert_eq!(tries.take(&[address, name.clone()], at(0)), Ok(()));
        }
        let address = Key::address("192.0.2.99".parse().unwrap());
        let wait = tries.take(&[address.clone(), name.clone()], at(1)).unwrap_err();
        assert_eq!(wait, SignedDuration::from_secs(29));
        assert_eq!(tries.take(&[own], at(1)), Ok(()));
        assert_eq!(tries.take(&[address, name], at(30)), Ok(()), "one has come back");
    }

    #[test]
    fn one_address_may_not_try_many_names_and_a_network_of_ipv6_is_one() {
        let mut tries = Tries::default();
        for number in 0..20 {
            let address = Key::address(format!("2001:db8::{number}").parse().unwrap());
            assert_eq!(tries.take(&[address, Key::Name(format!("name{number}"))], at(0)), Ok(()));
        }
        let address = Key::address("2001:db8::abcd".parse().unwrap());
        assert!(tries.take(&[address, Key::Name("another".into())], at(0)).is_err());
        let elsewhere = Key::address("2001:db8:0:1::1".parse().unwrap());
        assert_eq!(tries.take(&[elsewhere, Key::Name("another".into())], at(0)), Ok(()));
    }

    #[test]
    fn the_right_password_gives_tries_back() {
        let mut tries = Tries::default();
        let keys = [Key::Name("ivanova".into())];
        for _ in 0..30 {
            assert_eq!(tries.take(&keys, at(0)), Ok(()));
            tries.give_back(&keys);
        }
    }
}
