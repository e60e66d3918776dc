//! Calls for which the PBX asks that they be answered without anybody's doing.

use super::*;

const AT_ONCE: &str = "Call-Info: <sip:192.0.2.1>;answer-after=0\r\n";
const AFTER_5_S: &str = "Call-Info: <sip:192.0.2.1>;answer-after=5\r\n";

impl World {
    /// Registered, and told to answer what the PBX wants answered.
    pub(super) fn willing(change: impl FnOnce(&mut PhoneConfig)) -> Self {
        let mut world = Self::with(|config| {
            config.auto_answer = true;
            change(config);
        });
        world.command(Command::Register);
        let register = world.pbx.request("REGISTER");
        let granted = format!("Contact: <{}>;expires=300\r\n", world.contact());
        let granted = world.pbx.reply_with(&register, 200, &granted, None);
        world.hears(&granted);
        world.events();
        world
    }

    /// Lines that were answered since the last time, and whether by themselves.
    fn answered(&mut self) -> Vec<(u32, bool)> {
        let answered = |event: Event| match event {
            Event::Answered { line, automatic, .. } => Some((line.0, automatic)),
            _ => None,
        };
        self.events().into_iter().filter_map(answered).collect()
    }
}

#[test]
fn the_pbx_has_a_call_answered_at_once() {
    let mut world = World::willing(|_| {});
    world.ring(AT_ONCE, Some(ALAW));
    world.pbx.response(200);
    let events = world.events();
    let [Event::RingingIn { .. }, Event::Answered { automatic: true, .. }] = &events[..] else {
        panic!("{events:?}")
    };
    assert!(!world.last_plan().1, "the operator is heard");
}

#[test]
fn it_rings_for_as_long_as_the_pbx_says() {
    let mut world = World::willing(|_| {});
    world.ring(AFTER_5_S, Some(ALAW));
    world.advance(Duration::from_millis(4999));
    assert_eq!(world.answered(), []);
    world.advance(Duration::from_millis(1));
    assert_eq!(world.answered(), [(1, true)]);
}

#[test]
fn an_operator_who_is_faster_has_answered() {
    let mut world = World::willing(|_| {});
    world.ring(AFTER_5_S, Some(ALAW));
    world.command(Command::Answer { line: LINE });
    assert_eq!(world.answered(), [(1, false)]);
    world.advance(Duration::from_secs(6));
    assert_eq!(world.events(), []);
}

#[test]
fn an_operator_who_is_a_moment_later_is_not_refused() {
    let mut world = World::willing(|_| {});
    world.ring(AT_ONCE, Some(ALAW));
    world.events();
    world.command(Command::Answer { line: LINE });
    assert_eq!(world.events(), []);
}

#[test]
fn unless_the_settings_let_it_it_only_rings() {
    let mut world = World::willing(|config| config.auto_answer = false);
    world.ring(AT_ONCE, Some(ALAW));
    world.advance(Duration::from_secs(10));
    assert_eq!(world.answered(), []);
}

#[test]
fn a_call_without_that_wish_only_rings() {
    let mut world = World::willing(|_| {});
    world.ring("Alert-Info: <http://192.0.2.1/Bellcore-dr2>\r\n", Some(ALAW));
    world.advance(Duration::from_secs(10));
    assert_eq!(world.answered(), []);
}

#[test]
fn while_another_conversation_stands_it_only_rings() {
    for after in [AT_ONCE, AFTER_5_S] {
        let mut world = World::willing(|config| config.sip.max_calls = 2);
        let mut first = world.talking();
        world.ring(after, Some(ALAW));
        world.hang_up_theirs(&mut first);
        world.advance(Duration::from_secs(10));
        assert_eq!(world.answered(), [], "the operator was busy when it came: {after}");
    }
}

#[test]
fn a_conversation_that_has_begun_meanwhile_is_not_put_on_hold() {
    let mut world = World::willing(|config| config.sip.max_calls = 2);
    world.ring(AFTER_5_S, Some(ALAW));
    world.ring("", Some(ALAW));
    world.command(Command::Answer { line: LineId(2) });
    world.advance(Duration::from_secs(10));
    assert_eq!(world.answered(), [(2, false)]);
    assert!(!world.pbx.has("INVITE"), "no hold");
}

#[test]
fn of_two_such_calls_the_first_is_answered() {
    let mut world = World::willing(|config| config.sip.max_calls = 2);
    world.ring(AFTER_5_S, Some(ALAW));
    world.ring(AFTER_5_S, Some(ALAW));
    world.advance(Duration::from_secs(10));
    assert_eq!(world.answered(), [(1, true)]);
}

#[test]
fn a_telephone_that_is_going_answers_nothing() {
    let mut world = World::willing(|_| {});
    world.command(Command::Unregister);
    world.ring(AT_ONCE, Some(ALAW));
    assert_eq!(world.answered(), []);
}

#[test]
fn a_caller_who_gives_up_before_is_missed() {
    let mut world = World::willing(|_| {});
    let (leg, invite) = world.ring(AFTER_5_S, Some(ALAW));
    let cancel = world.pbx.cancel(&leg, &invite, "");
    world.hears(&cancel);
    world.events();
    world.advance(Duration::from_secs(10));
    assert_eq!(world.answered(), []);
}

#[test]
fn where_the_offer_is_ours_the_ack_makes_it_an_answer() {
    let mut world = World::willing(|_| {});
    let (mut leg, _) = world.ring(AT_ONCE, None);
    leg.follow(&world.pbx.response(200));
    let ack = world.pbx.ack(&leg, Some(ALAW));
    world.hears(&ack);
    assert_eq!(world.answered(), [(1, true)]);
}
