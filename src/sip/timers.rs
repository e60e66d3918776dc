//! The timer values of RFC 3261 §17 and its neighbours, and the one queue all of the core's timers wait in.

use crate::instant::Instant;
use std::collections::BTreeMap;
use std::time::Duration;

/// Round-trip estimate (RFC 3261 §17.1.1.1).
pub const T1: Duration = Duration::from_millis(500);
/// Longest retransmission interval of non-INVITE requests and INVITE responses (RFC 3261 §17.1.2.2).
pub const T2: Duration = Duration::from_secs(4);
/// How long a message stays in the network (RFC 3261 §17.1.2.2).
pub const T4: Duration = Duration::from_secs(5);

/// 64·T1: a transaction's patience. Timer B (RFC 3261 §17.1.1.2), F (§17.1.2.2), H (§17.2.1),
/// J (§17.2.2), L and M (RFC 6026 §8.11, §8.4), and the wait for the ACK of a 2xx (RFC 3261 §13.3.1.4).
pub const PATIENCE: Duration = T1.saturating_mul(64);
/// Timer B: INVITE without any response (RFC 3261 §17.1.1.2).
pub const TIMER_B: Duration = PATIENCE;
/// Timer D over UDP: how long a refused INVITE's client answers repeated refusals (RFC 3261 §17.1.1.2).
pub const TIMER_D: Duration = Duration::from_secs(32);
/// Timer F: a request other than INVITE without a final response (RFC 3261 §17.1.2.2).
pub const TIMER_F: Duration = PATIENCE;
/// Timer H: our refusal of an INVITE without its ACK (RFC 3261 §17.2.1).
pub const TIMER_H: Duration = PATIENCE;
/// Timer I over UDP: repeated ACKs are absorbed (RFC 3261 §17.2.1).
pub const TIMER_I: Duration = T4;
/// Timer J over UDP: repeated requests get the same response (RFC 3261 §17.2.2).
pub const TIMER_J: Duration = PATIENCE;
/// Timer K over UDP: repeated responses are absorbed (RFC 3261 §17.1.2.2).
pub const TIMER_K: Duration = T4;
/// Timer L: INVITEs repeated after our 2xx are absorbed (RFC 6026 §8.7).
pub const TIMER_L: Duration = PATIENCE;
/// Timer M: further 2xx, of forks or repeated, are passed up (RFC 6026 §8.4).
pub const TIMER_M: Duration = PATIENCE;
/// From one connection that was lost, or could not be made, to the next try of what must arrive: as the registrar is
/// asked in an outage's first minute.
pub const ANEW_AFTER: Duration = Duration::from_secs(2);
/// An INVITE that is not answered by then is told 100 (RFC 3261 §17.2.1).
pub const TRYING_AFTER: Duration = Duration::from_millis(200);

/// The next interval of a retransmission: doubled, up to T2.
pub fn backed_off(interval: Duration) -> Duration {
    interval.saturating_mul(2).min(T2)
}

/// Timers by what they are for: setting one again moves it, so a timer that was meant for an earlier
/// state cannot fire. Those due at the same instant fire in the order they were set.
pub struct Queue<K> {
    when: BTreeMap<K, Place>,
    order: BTreeMap<Place, K>,
    set_so_far: u64,
}

type Place = (Instant, u64);

impl<K: Ord + Clone> Queue<K> {
    pub fn new() -> Self {
        Self { when: BTreeMap::new(), order: BTreeMap::new(), set_so_far: 0 }
    }

    pub fn set(&mut self, what: K, at: Instant) {
        self.cancel(&what);
        self.set_so_far = self.set_so_far.wrapping_add(1);
        let place = (at, self.set_so_far);
        self.order.insert(place, what.clone());
        self.when.insert(what, place);
    }

    pub fn cancel(&mut self, what: &K) {
        if let Some(place) = self.when.remove(what) {
            self.order.remove(&place);
        }
    }

    pub fn cancel_where(&mut self, unwanted: impl Fn(&K) -> bool) {
        self.when.retain(|what, _| !unwanted(what));
        self.order.retain(|_, what| !unwanted(what));
    }

    /// Takes the earliest timer that is due.
    pub fn pop_due(&mut self, now: Instant) -> Option<K> {
        let (&place, _) = self.order.first_key_value()?;
        if place.0 > now {
            return None;
        }
        let what = self.order.remove(&place)?;
        self.when.remove(&what);
        Some(what)
    }

    pub fn at(&self, what: &K) -> Option<Instant> {
        self.when.get(what).map(|place| place.0)
    }

    pub fn len(&self) -> usize {
        self.when.len()
    }

    pub fn next_deadline(&self) -> Option<Instant> {
        self.order.first_key_value().map(|(place, _)| place.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Instant {
        Instant::from_start(Duration::from_millis(ms))
    }

    #[test]
    fn timers_fire_in_order_of_time_then_of_setting() {
        let mut queue = Queue::new();
        queue.set("late", at(30));
        queue.set("second", at(10));
        queue.set("third", at(10));
        assert_eq!(queue.next_deadline(), Some(at(10)));
        assert_eq!(queue.pop_due(at(5)), None);
        let fired: Vec<_> = std::iter::from_fn(|| queue.pop_due(at(40))).collect();
        assert_eq!(fired, ["second", "third", "late"]);
        assert_eq!(queue.next_deadline(), None);
    }

    #[test]
    fn a_timer_set_again_fires_once_at_its_new_time() {
        let mut queue = Queue::new();
        queue.set("a", at(10));
        queue.set("a", at(20));
        assert_eq!(queue.pop_due(at(15)), None);
        assert_eq!(queue.at(&"a"), Some(at(20)));
        assert_eq!(queue.pop_due(at(20)), Some("a"));
        assert_eq!(queue.pop_due(at(99)), None);
    }

    #[test]
    fn a_cancelled_timer_never_fires() {
        let mut queue = Queue::new();
        queue.set("a", at(10));
        queue.set("b", at(10));
        queue.cancel(&"a");
        queue.cancel_where(|what| *what == "b");
        assert_eq!(queue.pop_due(at(99)), None);
        assert_eq!(queue.next_deadline(), None);
    }

    #[test]
    fn retransmission_intervals_double_up_to_t2() {
        let mut interval = T1;
        let mut seen = vec![];
        for _ in 0..5 {
            seen.push(interval.as_millis());
            interval = backed_off(interval);
        }
        assert_eq!(seen, [500, 1000, 2000, 4000, 4000]);
    }
}
