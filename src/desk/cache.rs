//! Cards seen before, by number: in memory alone, the longest unused dropped first.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::desk_api::ClientCard;
use crate::domain::number::PhoneNumber;
use crate::instant::Instant;

/// A card older than a working day misleads more than it helps.
const OLDEST: Duration = Duration::from_secs(12 * 60 * 60);

pub(super) struct CardCache {
    room: usize,
    uses: u64,
    wipes: u64,
    cards_by_number: BTreeMap<PhoneNumber, Kept>,
}

struct Kept {
    clients: Vec<ClientCard>,
    asked: Instant,
    last_use: u64,
}

impl CardCache {
    pub fn new(room: usize) -> Self {
        Self { room, uses: 0, wipes: 0, cards_by_number: BTreeMap::new() }
    }

    /// Keeps what the desk said. That nobody has a number is not kept: a new client is entered any minute.
    pub fn put(&mut self, number: PhoneNumber, clients: &[ClientCard], asked: Instant) {
        if clients.is_empty() || self.room == 0 {
            self.cards_by_number.remove(&number);
            return;
        }
        let is_new = !self.cards_by_number.contains_key(&number);
        if is_new && self.cards_by_number.len() >= self.room {
            self.drop_longest_unused();
        }
        let last_use = self.next_use();
        self.cards_by_number.insert(number, Kept { clients: clients.to_vec(), asked, last_use });
    }

    /// The cards and how old they are.
    pub fn get(&mut self, number: PhoneNumber, now: Instant) -> Option<(Vec<ClientCard>, Duration)> {
        let last_use = self.next_use();
        let kept = self.cards_by_number.get_mut(&number)?;
        let age = now.since(kept.asked);
        if age > OLDEST {
            self.cards_by_number.remove(&number);
            return None;
        }
        kept.last_use = last_use;
        Some((kept.clients.clone(), age))
    }

    /// Forgets all of it.
    pub fn wipe(&mut self) {
        self.wipes = self.wipes.saturating_add(1);
        self.cards_by_number.clear();
    }

    /// How often all was forgotten: what was asked for before is not to be kept any more.
    pub const fn wipes(&self) -> u64 {
        self.wipes
    }

    fn next_use(&mut self) -> u64 {
        self.uses = self.uses.saturating_add(1);
        self.uses
    }

    fn drop_longest_unused(&mut self) {
        let oldest =
            self.cards_by_number.iter().min_by_key(|(_, kept)| kept.last_use).map(|(&number, _)| number);
        if let Some(number) = oldest {
            self.cards_by_number.remove(&number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk_api::{ClientId, ClientType, ClientTypeId, Names};

    fn number(last: u64) -> PhoneNumber {
        PhoneNumber::from_u64(79_160_000_000 + last).unwrap()
    }

    fn card(name: &str) -> ClientCard {
        ClientCard {
            id: ClientId(uuid::Uuid::nil()),
            name: name.into(),
            client_type: ClientType { id: ClientTypeId("key".into()), names: Names::default() },
            phones: vec![],
            contacts: vec![],
            manager: None,
            department: None,
            standing: None,
            price_column: None,
            delivery: None,
            time_zone: None,
            note: None,
            updated_at: None,
            gaps: vec![],
        }
    }

    fn at(seconds: u64) -> Instant {
        Instant::from_start(Duration::from_secs(seconds))
    }

    #[test]
    fn a_card_comes_back_with_its_age() {
        let mut cache = CardCache::new(2);
        cache.put(number(1), &[card("one")], at(10));
        let (clients, age) = cache.get(number(1), at(70)).unwrap();
        assert_eq!((clients[0].name.as_str(), age), ("one", Duration::from_secs(60)));
        assert!(cache.get(number(2), at(70)).is_none());
    }

    #[test]
    fn the_longest_unused_makes_room() {
        let mut cache = CardCache::new(2);
        cache.put(number(1), &[card("one")], at(0));
        cache.put(number(2), &[card("two")], at(0));
        cache.get(number(1), at(1));
        cache.put(number(3), &[card("three")], at(2));
        assert!(cache.get(number(1), at(3)).is_some());
        assert!(cache.get(number(2), at(3)).is_none());
        assert!(cache.get(number(3), at(3)).is_some());
    }

    #[test]
    fn a_client_who_left_is_forgotten_and_so_is_yesterday() {
        let mut cache = CardCache::new(2);
        cache.put(number(1), &[card("one")], at(0));
        cache.put(number(1), &[], at(5));
        assert!(cache.get(number(1), at(6)).is_none());
        cache.put(number(2), &[card("two")], at(0));
        assert!(cache.get(number(2), at(12 * 3600 + 1)).is_none());
    }
}
