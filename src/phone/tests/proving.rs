//! What answers for a target and is no person: mailboxes and announcements say 200, too.

use super::super::transfer::BRIDGING;
use super::passing::{Passing, failed};
use super::watching::Colleague;
use super::*;

const SECOND: LineId = LineId(2);

impl Passing {
    /// A colleague at 201 whose line is known to be free.
    fn to_colleague() -> (Self, Colleague) {
        let mut world = World::with(|config| config.sip.max_calls = 2);
        let mut manager = world.watches("201");
        world.tells_dialog(&mut manager, "terminated");
        world.tells_presence(&mut manager, "open");
        world.pbx.forget();
        let mut passing = Self::begin(world, Proof::LineState, true);
        passing.world.tells_dialog(&mut manager, "early");
        passing.rings();
        passing.world.events();
        (passing, manager)
    }

    fn by_key() -> Self {
        let world = World::with(|config| config.sip.max_calls = 2);
        let mut passing = Self::begin(world, Proof::Key, true);
        passing.rings();
        passing.world.events();
        passing
    }

    #[track_caller]
    fn is_joined(&mut self) {
        self.world.advance(BRIDGING);
        let refer = self.world.pbx.request("REFER");
        assert!(refer.headers.first("Refer-To").unwrap().contains("Replaces="));
    }

    /// The machine hears no more of us, and the client hears the operator.
    #[track_caller]
    fn is_not_joined(&mut self) {
        assert_eq!(
            self.world.events().first(),
            Some(&failed(None, "", ClientIs::Kept, TransferFault::NoPerson))
        );
        let bye = self.world.pbx.request("BYE");
        assert_eq!(bye.headers.first("Call-ID"), Some(self.target.call_id()));
        self.is_back(1);
    }

    fn presses(&mut self) {
        let event = StreamEvent::Digit('1');
        self.world.phone.handle(self.world.now, Input::Stream { line: SECOND, event });
        self.world.drain();
    }
}

#[test]
fn client_is_joined_when_the_line_of_whoever_answers_talks() {
    let (mut passing, mut manager) = Passing::to_colleague();
    passing.answers();
    passing.world.advance(Duration::from_millis(100));
    assert!(!passing.world.pbx.has("REFER"));
    passing.world.tells_dialog(&mut manager, "confirmed");
    passing.is_joined();
}

#[test]
fn another_colleague_who_begins_to_talk_proves_nothing() {
    let (mut passing, _manager) = Passing::to_colleague();
    passing.world.command(Command::Watch { extensions: vec!["201".into(), "202".into()] });
    passing.world.advance(Duration::from_millis(100));
    let mut other = passing.world.grant_colleague();
    passing.answers();
    passing.world.tells_dialog(&mut other, "confirmed");
    passing.world.advance(BRIDGING);
    assert!(!passing.world.pbx.has("REFER"));
}

#[test]
fn client_is_joined_at_once_when_the_line_talked_before_the_answer_came() {
    let (mut passing, mut manager) = Passing::to_colleague();
    passing.world.tells_dialog(&mut manager, "confirmed");
    passing.answers();
    passing.is_joined();
}

#[test]
fn client_does_not_go_to_a_mailbox_that_answers_for_the_target() {
    let (mut passing, mut manager) = Passing::to_colleague();
    passing.world.tells_dialog(&mut manager, "terminated");
    passing.world.events();
    passing.answers();
    passing.world.advance(Duration::from_secs(1));
    passing.is_not_joined();
}

#[test]
fn whoever_answers_is_believed_where_the_line_still_rings_for_the_pbx() {
    let (mut passing, _manager) = Passing::to_colleague();
    passing.answers();
    passing.world.advance(Duration::from_secs(1));
    passing.is_joined();
}

#[test]
fn whoever_answers_is_believed_where_nothing_is_known_of_the_line() {
    let world = World::with(|config| config.sip.max_calls = 2);
    let mut passing = Passing::begin(world, Proof::LineState, true);
    passing.answers();
    passing.is_joined();
}

#[test]
fn whoever_answers_on_a_line_that_talked_before_is_asked_for_a_key() {
    let mut world = World::with(|config| config.sip.max_calls = 2);
    let mut manager = world.watches("201");
    world.tells_presence(&mut manager, "open");
    world.tells_dialog(&mut manager, "confirmed");
    world.pbx.forget();
    let mut passing = Passing::begin(world, Proof::LineState, true);
    passing.answers();
    passing.world.advance(Duration::from_secs(1));
    assert!(!passing.world.pbx.has("REFER"), "a mailbox may have answered");
    assert_eq!(near_end(&passing.world, SECOND), NearEnd::Prompt);
    passing.presses();
    passing.is_joined();
}

#[test]
fn whoever_is_asked_for_a_key_gets_the_client_by_pressing_it() {
    let mut passing = Passing::by_key();
    passing.presses();
    passing.answers();
    assert_eq!(near_end(&passing.world, SECOND), NearEnd::Prompt);
    passing.world.advance(Duration::from_secs(5));
    assert!(!passing.world.pbx.has("REFER"), "nobody has pressed a key since");
    passing.presses();
    passing.is_joined();
    assert_eq!(near_end(&passing.world, SECOND), NearEnd::Silence);
    assert_eq!(passing.world.events(), [], "the operator does not see the key");
}

#[test]
fn a_machine_presses_no_key_and_the_client_is_back() {
    let mut passing = Passing::by_key();
    passing.answers();
    passing.world.advance(Duration::from_secs(13));
    passing.is_not_joined();
}

#[test]
fn client_is_taken_back_while_the_target_is_asked_for_a_key() {
    let mut passing = Passing::by_key();
    passing.answers();
    passing.world.command(Command::Resume { line: LINE });
    assert_eq!(
        passing.world.events().first(),
        Some(&failed(None, "", ClientIs::Kept, TransferFault::TakenBack))
    );
    passing.is_back(1);
}

#[test]
fn client_on_hold_hears_our_music_where_the_pbx_plays_none() {
    let mut world = World::with(|config| config.pbx.holds_in_silence = true);
    world.talking();
    assert_eq!(near_end(&world, LINE), NearEnd::Operator);
    world.command(Command::Hold { line: LINE });
    assert_eq!(near_end(&world, LINE), NearEnd::Music);
    world.answer_reinvite(&super::super::test_pbx::alaw(8, "recvonly"));
    world.command(Command::Resume { line: LINE });
    world.answer_reinvite(&super::super::test_pbx::alaw(9, "sendrecv"));
    assert_eq!(near_end(&world, LINE), NearEnd::Operator);
}
