//! What managers and heads are doing: their part in a client's story, or a life of their own while somebody watches their lines.

use super::numbers::{COLLEAGUES, Part, answer_of, usual_part};
use crate::instant::Instant;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::Rng;
use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

/// What somebody does while a client is here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    Answers,
    /// Talks with somebody.
    Busy,
    NobodyAnswers,
    Refuses,
    /// The telephone is switched off.
    Offline,
}

/// Seconds of a life: at the desk, in a call, away.
const AT_THE_DESK: Range<u64> = 40..100;
const IN_A_CALL: Range<u64> = 15..45;
const AWAY: Range<u64> = 30..60;

pub(super) struct People {
    /// How many times as fast as people are.
    speed: u32,
    chance: ChaCha20Rng,
    roles: BTreeMap<&'static str, Role>,
    /// What somebody does of themselves, and until when. Whoever is missing does the usual.
    lives: BTreeMap<&'static str, (Role, Instant)>,
    /// Who talks with a client who was passed on, with whom, and until when.
    talks: BTreeMap<String, (String, Instant)>,
}

impl People {
    pub fn new(speed: u32, chance: ChaCha20Rng) -> Self {
        Self { speed, chance, roles: BTreeMap::new(), lives: BTreeMap::new(), talks: BTreeMap::new() }
    }

    pub fn part(&self, number: &str) -> Part {
        match self.role(number) {
            Some(Role::Answers) => answer_of(number),
            Some(Role::Busy) => Part::Busy,
            Some(Role::NobodyAnswers) => Part::NobodyAnswers,
            Some(Role::Refuses) => Part::Refuses,
            Some(Role::Offline) => Part::Offline,
            None => usual_part(number),
        }
    }

    /// With whom this one talks whom the operator passed on.
    pub fn client_of(&self, number: &str) -> Option<&str> {
        self.talks.get(number).map(|(client, _)| client.as_str())
    }

    fn role(&self, number: &str) -> Option<Role> {
        let talks = self.talks.contains_key(number).then_some(Role::Busy);
        let lives = || self.lives.get(number).map(|(role, _)| *role);
        talks.or_else(|| self.roles.get(number).copied()).or_else(lives)
    }

    /// A client comes, and these people do so. Conversations of theirs are over.
    pub fn play(&mut self, roles: &[(&'static str, Role)]) {
        for (number, role) in roles {
            self.roles.insert(number, *role);
            self.talks.remove(*number);
        }
    }

    /// No client is here any more.
    pub fn relax(&mut self) {
        self.roles.clear();
    }

    pub fn talk(&mut self, number: &str, client: String, until: Instant) {
        if COLLEAGUES.contains(&number) {
            self.talks.insert(number.to_owned(), (client, until));
        }
    }

    /// Where nobody watches, people stay as they are.
    pub fn live(&mut self, now: Instant, watched: bool) {
        self.talks.retain(|_, (_, until)| *until > now);
        if !watched {
            return self.lives.clear();
        }
        for number in COLLEAGUES {
            let next = match self.lives.get(number) {
                Some((_, until)) if *until > now => continue,
                None => usual_role(number),
                // Not for a coffee.
                Some(_) if usual_role(number) == Role::Offline => Role::Offline,
                Some((Role::Answers, _)) if self.chance.next_u32().is_multiple_of(3) => Role::Offline,
                Some((Role::Answers, _)) => Role::Busy,
                Some(_) => Role::Answers,
            };
            let span = match next {
                Role::Busy => IN_A_CALL,
                Role::Offline => AWAY,
                Role::Answers | Role::NobodyAnswers | Role::Refuses => AT_THE_DESK,
            };
            let seconds = span.start + self.chance.next_u64() % (span.end - span.start);
            self.lives.insert(number, (next, now + Duration::from_secs(seconds) / self.speed));
        }
    }

    pub fn next_deadline(&self) -> Option<Instant> {
        let lives = self.lives.values().map(|(_, until)| *until);
        lives.chain(self.talks.values().map(|(_, until)| *until)).min()
    }
}

fn usual_role(number: &str) -> Role {
    match usual_part(number) {
        Part::Busy => Role::Busy,
        Part::NobodyAnswers => Role::NobodyAnswers,
        Part::Offline => Role::Offline,
        _ => Role::Answers,
    }
}
