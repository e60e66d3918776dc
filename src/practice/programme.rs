//! Which clients call, and when: clients of every kind one after another, shuffled by a seed.

use super::people::Role;
use super::voice::Speech;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::time::Duration;

/// How much is played.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Plays {
    /// Nobody calls by himself.
    Nothing,
    Calls(u32),
    Endlessly,
}

/// The order of calls. The first client of all is known, and his manager answers: an easy one for a newcomer.
pub struct Programme {
    left: Plays,
    /// How many times as fast as people are.
    speed: u32,
    rng: ChaCha20Rng,
    deck: Vec<&'static Client>,
    next: Option<&'static Client>,
}

/// Somebody who calls. Those who are known are in the order desk's sample.
#[derive(PartialEq, Eq, Debug)]
pub struct Client {
    pub number: &'static str,
    /// As the network gives it.
    pub name: Option<&'static str>,
    pub withheld: bool,
    pub speech: Speech,
    /// Waits so long for an answer.
    pub patience: Duration,
    /// Calls while another one talks.
    pub interrupts: bool,
    /// What those do meanwhile to whom the desk's rules lead.
    pub roles: &'static [(&'static str, Role)],
}

const CLIENT: Client = Client {
    number: "",
    name: None,
    withheld: false,
    speech: Speech::Russian,
    patience: Duration::from_secs(30),
    interrupts: false,
    roles: &[("201", Role::Answers), ("302", Role::Answers)],
};

/// Each once before any calls again.
const CLIENTS: [Client; 11] = [
    // Known; the manager, 201, answers.
    Client { number: "+79160000001", name: Some("Ветров Николай"), ..CLIENT },
    KEY_CLIENT,
    // The manager, 202, is away by the desk's calendar, and the deputy, 201, refuses: another key account manager, 204.
    Client {
        number: "+79165935746",
        roles: &[("202", Role::Offline), ("201", Role::Refuses), ("204", Role::Answers)],
        ..CLIENT
    },
    // The manager, 202, is away by the desk's calendar; the deputy, 201, answers.
    Client { number: "+79298091736", roles: &[("202", Role::Offline), ("201", Role::Answers)], ..CLIENT },
    // The manager, 203, is busy; the head of the department, 303, takes the call.
    Client {
        number: "+79109399071",
        interrupts: true,
        roles: &[("203", Role::Busy), ("303", Role::Answers)],
        ..CLIENT
    },
    // Two firms of one owner have this number. The manager, 201, does not answer.
    Client {
        number: "+79490458680",
        roles: &[("201", Role::NobodyAnswers), ("302", Role::Answers)],
        ..CLIENT
    },
    // Owes money: the manager, 201, or the finance department, 301.
    Client {
        number: "+821055830269",
        name: Some("한빛 식품"),
        speech: Speech::Korean,
        roles: &[("201", Role::Busy), ("301", Role::Answers)],
        ..CLIENT
    },
    // Nobody has time: the client comes back.
    Client { number: "+79040140636", roles: &[("201", Role::Refuses), ("302", Role::Busy)], ..CLIENT },
    // Nobody knows this number: a head assigns the manager.
    Client { number: "+79059999999", speech: Speech::English, ..CLIENT },
    Client { number: "+79059999998", withheld: true, speech: Speech::English, ..CLIENT },
    // Gives up soon.
    Client { number: "+79486784401", patience: Duration::from_millis(1500), ..CLIENT },
];

/// A key client: the manager, 201, is busy, another key account manager, 204, does not answer, the head of wholesale, 302,
/// takes the call.
const KEY_CLIENT: Client = Client {
    number: "+79920706406",
    speech: Speech::English,
    roles: &[("201", Role::Busy), ("204", Role::NobodyAnswers), ("302", Role::Answers)],
    ..CLIENT
};

/// From a telephone's coming to the first call.
const FIRST: Duration = Duration::from_secs(1);
/// Between the end of a call and the next.
const PAUSE_MS: std::ops::Range<u64> = 2_000..6_000;
/// Into a call, another one comes.
const INTERRUPTION: Duration = Duration::from_secs(2);

impl Programme {
    pub fn new(plays: Plays, speed: u32, seed: u64) -> Self {
        let (rng, speed) = (ChaCha20Rng::seed_from_u64(seed), speed.max(1));
        let [first, ..] = &CLIENTS;
        let mut programme = Self { left: plays, speed, rng, deck: Vec::new(), next: None };
        programme.shuffle();
        programme.deck.retain(|client| *client != first);
        programme.next = programme.spend().then_some(first);
        programme
    }

    /// One call alone, which is passed on through busy and no answer.
    pub fn of_one_long_way(speed: u32, seed: u64) -> Self {
        Self { next: Some(&KEY_CLIENT), ..Self::new(Plays::Nothing, speed, seed) }
    }

    pub(super) const fn speed(&self) -> u32 {
        self.speed
    }

    /// What takes people so long takes so long here.
    pub(super) fn paced(&self, time: Duration) -> Duration {
        time / self.speed
    }

    pub(super) fn take(&mut self) -> Option<&'static Client> {
        let taken = self.next.take();
        if taken.is_some() && self.spend() {
            if self.deck.is_empty() {
                self.shuffle();
            }
            self.next = self.deck.pop();
        }
        taken
    }

    pub(super) fn first_after(&self) -> Duration {
        self.paced(FIRST)
    }

    /// When the next client calls: into a call that has been answered, or after it.
    pub(super) fn interrupts_after(&self) -> Option<Duration> {
        self.next.filter(|next| next.interrupts).map(|_| self.paced(INTERRUPTION))
    }

    pub(super) fn next_after(&mut self) -> Option<Duration> {
        self.next?;
        let pause = PAUSE_MS.start + self.rng.next_u64() % (PAUSE_MS.end - PAUSE_MS.start);
        Some(self.paced(Duration::from_millis(pause)))
    }

    fn spend(&mut self) -> bool {
        match &mut self.left {
            Plays::Nothing | Plays::Calls(0) => false,
            Plays::Calls(left) => {
                *left -= 1;
                true
            }
            Plays::Endlessly => true,
        }
    }

    /// Fisher and Yates's way.
    fn shuffle(&mut self) {
        self.deck = CLIENTS.iter().collect();
        for at in (1..self.deck.len()).rev() {
            let other = (self.rng.next_u64() % (at as u64 + 1)) as usize;
            self.deck.swap(at, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(plays: Plays, seed: u64, count: usize) -> Vec<&'static str> {
        let mut programme = Programme::new(plays, 1, seed);
        std::iter::from_fn(|| programme.take()).take(count).map(|client| client.number).collect()
    }

    #[test]
    fn a_known_client_calls_first_and_everybody_calls_before_anybody_calls_again() {
        for seed in 0..20 {
            let numbers = numbers(Plays::Endlessly, seed, CLIENTS.len() * 3);
            assert_eq!(numbers[0], "+79160000001");
            for deck in numbers.chunks(CLIENTS.len()) {
                let mut deck = deck.to_vec();
                deck.sort_unstable();
                deck.dedup();
                assert_eq!(deck.len(), CLIENTS.len(), "seed {seed}");
            }
        }
    }

    #[test]
    fn a_seed_plays_the_same_again_and_another_one_otherwise() {
        let play = |seed| numbers(Plays::Endlessly, seed, 16);
        assert_eq!(play(1), play(1));
        assert!((2..10).any(|seed| play(seed) != play(1)));
    }

    #[test]
    fn so_many_calls_are_played_as_were_asked_for() {
        for (plays, calls) in [(Plays::Nothing, 0), (Plays::Calls(1), 1), (Plays::Calls(11), 11)] {
            assert_eq!(numbers(plays, 5, 100).len(), calls);
        }
    }
}
