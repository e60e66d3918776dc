//! Whoever is on hold is not forgotten.

use super::*;

const EVERY: Duration = Duration::from_secs(60);

impl World {
    fn reminded() -> Self {
        Self::with(|config| config.hold_reminder = Some(EVERY))
    }

    fn holds(&mut self, direction: &str, intent: Intent) {
        self.pbx.forget();
        self.intend(intent);
        let reinvite = self.pbx.request("INVITE");
        let reply = self.pbx.reply(&reinvite, 200, Some(&alaw(8, direction)));
        self.hears(&reply);
    }

    /// How long clients had waited, in seconds, as it was said since it was last asked.
    fn reminders(&mut self) -> Vec<u64> {
        let waited = |event: Event| match event {
            Event::StillOnHold { line: LINE, waited } => Some(waited.as_secs()),
            _ => None,
        };
        std::mem::take(&mut self.events).into_iter().filter_map(waited).collect()
    }
}

#[test]
fn the_operator_is_told_each_minute_that_a_client_is_on_hold() {
    let mut world = World::reminded();
    world.talk();
    world.advance(EVERY * 2);
    assert_eq!(world.reminders(), [0; 0], "who talks does not wait");
    world.holds("recvonly", Intent::Hold { line: LINE });
    world.advance(EVERY - Duration::from_secs(1));
    assert_eq!(world.reminders(), [0; 0]);
    world.advance(EVERY + Duration::from_secs(2));
    assert_eq!(world.reminders(), [60, 120]);
    world.holds("sendrecv", Intent::Resume { line: LINE });
    world.advance(EVERY * 3);
    assert_eq!(world.reminders(), [0; 0]);
}

#[test]
fn each_hold_has_its_own_minute_and_the_end_of_a_call_ends_it() {
    let mut world = World::reminded();
    let mut leg = world.talk();
    world.holds("recvonly", Intent::Hold { line: LINE });
    world.advance(EVERY / 2);
    world.holds("sendrecv", Intent::Resume { line: LINE });
    world.holds("recvonly", Intent::Hold { line: LINE });
    world.advance(EVERY / 2);
    assert_eq!(world.reminders(), [0; 0]);
    world.hang_up_theirs(&mut leg);
    world.advance(EVERY * 2);
    assert_eq!(world.reminders(), [0; 0]);
}

#[test]
fn a_computer_that_slept_says_it_once() {
    let mut world = World::reminded();
    world.talk();
    world.holds("recvonly", Intent::Hold { line: LINE });
    world.now = world.now + EVERY * 10;
    world.agent.handle_timeout(world.now, world.wall());
    world.drain();
    assert_eq!(world.reminders(), [600]);
}

#[test]
fn of_a_client_who_is_passed_on_nothing_is_said() {
    let mut world = World::with(|config| config.hold_reminder = Some(Duration::from_secs(3)));
    world.talk();
    world.refer();
    world.advance(Duration::from_secs(7));
    assert!(world.agent.view().lines[&LINE].in_transfer.is_some());
    assert_eq!(world.reminders(), [0; 0]);
}

#[test]
fn nothing_is_said_where_no_reminder_is_wanted() {
    for never in [None, Some(Duration::ZERO)] {
        let mut world = World::with(|config| config.hold_reminder = never);
        world.talk();
        world.holds("recvonly", Intent::Hold { line: LINE });
        world.advance(EVERY * 5);
        assert_eq!(world.reminders(), [0; 0]);
    }
}
