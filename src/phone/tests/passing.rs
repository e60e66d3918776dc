//! Transfer with return, and the end of a consultation: a client is somebody's at every moment.

use super::super::test_pbx::alaw;
use super::super::transfer::BRIDGING;
use super::*;

const SECOND: LineId = LineId(2);
const ACTIVE: &str = "active;expires=600";
const OVER: &str = "terminated;reason=noresource";
const PATIENCE: Duration = Duration::from_secs(20);

/// A transfer with return that has just been asked for; the hold is agreed.
pub(super) struct Passing {
    pub(super) world: World,
    client: Leg,
    /// The call to the target.
    invite: Request,
    pub(super) target: Leg,
}

impl Passing {
    fn new() -> Self {
        Self::to_201(true)
    }

    fn to_201(comes_back: bool) -> Self {
        Self::begin(World::with(|config| config.sip.max_calls = 2), Proof::LineState, comes_back)
    }

    pub(super) fn begin(mut world: World, proof: Proof, comes_back: bool) -> Self {
        let client = world.talking();
        let (invite, target) = Self::call(&mut world, proof, comes_back);
        world.answer_reinvite(&alaw(8, "recvonly"));
        Self { world, client, invite, target }
    }

    /// The target is called while the hold is on its way.
    fn call(world: &mut World, proof: Proof, comes_back: bool) -> (Request, Leg) {
        world.command(Command::ReturnTransfer {
            line: LINE,
            target: "201".into(),
            ring_for: PATIENCE,
            proof,
            comes_back,
            shown_as: None,
        });
        let invite = world.outgoing();
        let target = Leg::of(&invite);
        (invite, target)
    }

    pub(super) fn rings(&mut self) {
        let ringing = self.world.pbx.reply(&self.invite, 180, None);
        self.world.hears(&ringing);
    }

    pub(super) fn answers(&mut self) {
        let answer = self.world.pbx.reply(&self.invite, 200, Some(ALAW));
        self.world.hears(&answer);
        self.world.pbx.request("ACK");
        self.world.advance(BRIDGING);
    }

    fn refuses(&mut self, status: u16) {
        let refusal = self.world.pbx.reply(&self.invite, status, None);
        self.world.hears(&refusal);
        self.world.pbx.request("ACK");
    }

    /// The PBX has taken the REFER.
    fn joining(&mut self) {
        self.answers();
        let refer = self.world.pbx.request("REFER");
        let taken = self.world.pbx.reply(&refer, 202, None);
        self.world.hears(&taken);
        self.world.events();
    }

    fn notify(&mut self, status_line: &str, state: &str) {
        let notify = self.world.pbx.notify(&mut self.client, status_line, state);
        self.world.hears(&notify);
    }

    /// Off hold, and said to be back.
    #[track_caller]
    pub(super) fn is_back(&mut self, version: u32) {
        let reinvite = self.world.answer_reinvite(&alaw(version, "sendrecv"));
        assert!(body(&reinvite).contains("a=sendrecv"));
        assert_eq!(self.world.events().last(), Some(&Event::Returned { line: LINE }));
        assert!(!is_muted(&self.world, LINE), "the operator is heard again");
    }
}

impl World {
    /// The call that the telephone makes, not a re-INVITE.
    #[track_caller]
    pub(super) fn outgoing(&mut self) -> Request {
        let first = self.pbx.request("INVITE");
        if !first.headers.first("To").unwrap().contains("tag=") {
            return first;
        }
        // The hold goes first; it is answered later.
        let call = self.pbx.request("INVITE");
        self.pbx.put_back(first);
        call
    }
}

pub(super) fn failed(status: Option<u16>, reason: &str, client: ClientIs, why: TransferFault) -> Event {
    Event::TransferFailed { line: LINE, target: "201".into(), status, reason: reason.into(), client, why }
}

fn progress(status: u16) -> Event {
    Event::TransferProgress { line: LINE, target: "201".into(), status }
}

#[test]
fn client_is_joined_with_the_person_who_answers() {
    let mut passing = Passing::new();
    let way = TransferWay::Return;
    assert_eq!(
        passing.world.events(),
        [
            Event::TransferStarted { line: LINE, target: "201".into(), way },
            Event::Held { line: LINE, by: Side::Us }
        ]
    );
    passing.rings();
    passing.answers();
    assert!(is_muted(&passing.world, SECOND), "the target does not hear the operator's room");
    let refer = passing.world.pbx.request("REFER");
    assert_eq!(refer.headers.first("Call-ID"), Some(passing.client.call_id()), "the client is moved");
    let refer_to = refer.headers.first("Refer-To").unwrap();
    assert!(refer_to.contains("201") && refer_to.contains("Replaces="), "{refer_to}");
    let taken = passing.world.pbx.reply(&refer, 202, None);
    passing.world.hears(&taken);
    passing.notify("SIP/2.0 100 Trying", ACTIVE);
    // As Asterisk does: its BYE on the second call is no refusal.
    let mut target = passing.target.clone();
    passing.world.hang_up_theirs(&mut target);
    assert_eq!(passing.world.events(), [progress(180), progress(202), progress(100)]);
    passing.notify("SIP/2.0 200 OK", OVER);
    let outcome = TransferOutcome::Joined;
    let said = passing.world.events();
    assert_eq!(said[0], Event::Transferred { line: LINE, target: "201".into(), outcome });
    assert!(matches!(said[1..], [Event::Ended { line: LINE, by: EndedBy::Transfer, .. }]), "{said:?}");
    passing.world.pbx.request("BYE");
}

#[test]
fn the_second_call_is_ended_by_us_where_the_pbx_leaves_it() {
    let mut passing = Passing::new();
    passing.joining();
    passing.world.pbx.forget();
    passing.notify("SIP/2.0 200 OK", OVER);
    let byes = [passing.world.pbx.request("BYE"), passing.world.pbx.request("BYE")];
    let of_target = |bye: &Request| bye.headers.first("Call-ID") == Some(passing.target.call_id());
    assert!(byes.iter().any(of_target));
}

#[test]
fn client_returns_when_the_target_is_busy_refuses_or_does_not_exist() {
    for (status, reason) in
        [(486, "Busy Here"), (603, "Decline"), (404, "Not Found"), (480, "Temporarily Unavailable")]
    {
        let mut passing = Passing::new();
        passing.world.events();
        passing.refuses(status);
        let said = passing.world.events();
        assert_eq!(said, [failed(Some(status), reason, ClientIs::Kept, TransferFault::TargetFailed)]);
        passing.is_back(9);
        assert!(!passing.world.pbx.has("REFER") && !passing.world.pbx.has("BYE"));
    }
}

#[test]
fn caller_returns_when_no_manager_answers() {
    let mut passing = Passing::new();
    passing.rings();
    passing.world.events();
    passing.world.advance(PATIENCE - Duration::from_millis(1));
    assert_eq!(passing.world.events(), []);
    passing.world.advance(Duration::from_millis(1));
    assert_eq!(passing.world.events(), [failed(None, "", ClientIs::Kept, TransferFault::NoAnswer)]);
    passing.world.pbx.request("CANCEL");
    passing.is_back(9);
}

#[test]
fn client_stays_on_hold_between_two_targets() {
    let mut passing = Passing::to_201(false);
    passing.world.events();
    passing.refuses(486);
    assert_eq!(passing.world.events().len(), 1);
    assert!(!passing.world.pbx.has("INVITE"), "music goes on");
    let (target, ring_for) = ("202".to_owned(), PATIENCE);
    passing.world.command(Command::ReturnTransfer {
        line: LINE,
        target,
        ring_for,
        proof: Proof::LineState,
        comes_back: false,
        shown_as: None,
    });
    passing.invite = passing.world.pbx.request("INVITE");
    assert!(passing.invite.uri.to_string().contains("202"));
    passing.refuses(480);
    passing.world.events();
    passing.world.command(Command::Resume { line: LINE });
    passing.is_back(9);
}

#[test]
fn the_pbx_has_put_the_targets_call_together_before_it_is_asked_to_join() {
    let mut passing = Passing::new();
    let answer = passing.world.pbx.reply(&passing.invite, 200, Some(ALAW));
    passing.world.hears(&answer);
    passing.world.advance(BRIDGING - Duration::from_millis(1));
    assert!(!passing.world.pbx.has("REFER"));
    passing.world.advance(Duration::from_millis(1));
    assert!(passing.world.pbx.has("REFER"));
}

#[test]
fn a_target_faster_than_the_hold_is_joined_when_it_is_agreed() {
    let mut world = World::with(|config| config.sip.max_calls = 2);
    let client = world.talking();
    let (invite, target) = Passing::call(&mut world, Proof::LineState, true);
    let mut passing = Passing { world, client, invite, target };
    passing.answers();
    assert!(!passing.world.pbx.has("REFER"), "one thing at a time in a dialog");
    passing.world.answer_reinvite(&alaw(8, "recvonly"));
    assert!(passing.world.pbx.has("REFER"));
}

#[test]
fn a_hold_that_nobody_answers_delays_the_join_by_two_seconds() {
    let mut world = World::with(|config| config.sip.max_calls = 2);
    let client = world.talking();
    let (invite, target) = Passing::call(&mut world, Proof::LineState, true);
    let mut passing = Passing { world, client, invite, target };
    passing.answers();
    passing.world.events();
    passing.world.advance(Duration::from_secs(2));
    assert_eq!(passing.world.events(), [Event::HoldFailed { line: LINE, status: 408 }]);
    assert!(passing.world.pbx.has("REFER"), "who hears silence is better off joined");
}

#[test]
fn operator_takes_the_client_back_while_the_target_rings() {
    let mut passing = Passing::new();
    passing.rings();
    passing.world.events();
    passing.world.command(Command::Resume { line: LINE });
    assert_eq!(passing.world.events(), [failed(None, "", ClientIs::Kept, TransferFault::TakenBack)]);
    passing.world.pbx.request("CANCEL");
    passing.is_back(9);
}

#[test]
fn target_answers_while_the_operator_takes_the_client_back() {
    let mut passing = Passing::new();
    passing.rings();
    passing.world.command(Command::Resume { line: LINE });
    passing.world.pbx.request("CANCEL");
    passing.answers();
    passing.world.pbx.request("BYE");
    assert!(!passing.world.pbx.has("REFER"), "the operator has the client");
    passing.is_back(9);
}

#[test]
fn taken_back_in_the_middle_of_a_join_the_last_word_decides() {
    for (word, is_here) in [("SIP/2.0 481 Call Does Not Exist", true), ("SIP/2.0 200 OK", false)] {
        let mut passing = Passing::new();
        passing.joining();
        passing.world.command(Command::Resume { line: LINE });
        assert_eq!(passing.world.events(), [failed(None, "", ClientIs::Unknown, TransferFault::TakenBack)]);
        passing.world.answer_reinvite(&alaw(9, "sendrecv"));
        passing.world.events();
        assert!(!passing.world.pbx.has("BYE"), "the PBX may be joining the two in this moment");
        passing.notify(word, OVER);
        let bye = passing.world.pbx.request("BYE");
        assert_eq!(bye.headers.first("Call-ID") == Some(passing.target.call_id()), is_here);
        assert_eq!(passing.world.pbx.has("BYE"), !is_here);
        let said = passing.world.events();
        match is_here {
            true => assert_eq!(said, [Event::Returned { line: LINE }]),
            false => assert!(matches!(said[..], [Event::Transferred { .. }, Event::Ended { .. }])),
        }
    }
}

/// The microphone is open to nobody whom the operator has put on hold.
#[test]
fn taken_back_and_put_on_hold_the_client_stays_there_whatever_the_pbx_says_then() {
    let mut passing = Passing::new();
    passing.joining();
    passing.world.command(Command::Resume { line: LINE });
    passing.world.answer_reinvite(&alaw(9, "sendrecv"));
    passing.world.command(Command::Hold { line: LINE });
    passing.world.answer_reinvite(&alaw(9, "recvonly"));
    passing.world.events();
    passing.notify("SIP/2.0 481 Call Does Not Exist", OVER);
    assert!(!passing.world.pbx.has("INVITE"), "nobody has asked to take the client off hold");
    assert_eq!(passing.world.events(), []);
    passing.world.command(Command::Resume { line: LINE });
    passing.world.answer_reinvite(&alaw(9, "sendrecv"));
}

#[test]
fn taken_back_in_the_middle_of_a_join_the_target_is_not_kept_for_ever() {
    let mut passing = Passing::new();
    passing.joining();
    passing.world.command(Command::Resume { line: LINE });
    passing.world.answer_reinvite(&alaw(9, "sendrecv"));
    passing.world.events();
    let (target, ring_for, proof) = ("202".to_owned(), PATIENCE, Proof::LineState);
    passing.world.command(Command::ReturnTransfer {
        line: LINE,
        target,
        ring_for,
        proof,
        comes_back: true,
        shown_as: None,
    });
    let why = Refusal::BeingJoined;
    assert_eq!(passing.world.events(), [Event::Refused { line: Some(LINE), why }], "one join at a time");
    passing.world.advance(Duration::from_secs(5));
    let bye = passing.world.pbx.request("BYE");
    assert_eq!(bye.headers.first("Call-ID"), Some(passing.target.call_id()));
    assert!(!passing.world.pbx.has("BYE"), "whether the client is there, nobody has said");
}

#[test]
fn client_hangs_up_while_the_target_rings() {
    let mut passing = Passing::new();
    passing.rings();
    passing.world.events();
    let mut client = passing.client.clone();
    passing.world.hang_up_theirs(&mut client);
    let said = passing.world.events();
    assert_eq!(said[0], failed(None, "", ClientIs::Left, TransferFault::CallEnded));
    assert!(matches!(said[1..], [Event::Ended { line: LINE, by: EndedBy::Them, .. }]), "{said:?}");
    passing.world.pbx.request("CANCEL");
}

#[test]
fn client_hangs_up_during_the_join_and_the_target_is_not_left_alone() {
    let mut passing = Passing::new();
    passing.joining();
    let mut client = passing.client.clone();
    passing.world.hang_up_theirs(&mut client);
    let bye = passing.world.pbx.request("BYE");
    assert_eq!(bye.headers.first("Call-ID"), Some(passing.target.call_id()));
    let said = passing.world.events();
    assert_eq!(said[0], failed(None, "", ClientIs::Unknown, TransferFault::CallEnded));
}

#[test]
fn target_who_hangs_up_before_the_pbx_is_asked_has_refused() {
    let mut world = World::with(|config| config.sip.max_calls = 2);
    let client = world.talking();
    let (invite, target) = Passing::call(&mut world, Proof::LineState, true);
    let mut passing = Passing { world, client, invite, target };
    passing.answers();
    passing.world.events();
    let mut target = passing.target.clone();
    passing.world.hang_up_theirs(&mut target);
    assert_eq!(passing.world.events(), [failed(None, "", ClientIs::Kept, TransferFault::TargetFailed)]);
    passing.world.answer_reinvite(&alaw(8, "recvonly"));
    passing.is_back(9);
}

#[test]
fn client_returns_when_the_join_is_refused() {
    let mut passing = Passing::new();
    passing.answers();
    passing.world.events();
    let refer = passing.world.pbx.request("REFER");
    let refusal = passing.world.pbx.reply(&refer, 403, None);
    passing.world.hears(&refusal);
    assert_eq!(
        passing.world.events(),
        [failed(Some(403), "Forbidden", ClientIs::Kept, TransferFault::NotTaken)]
    );
    passing.world.pbx.request("BYE");
    passing.is_back(9);
}

#[test]
fn client_returns_when_the_join_comes_to_nothing() {
    let mut passing = Passing::new();
    passing.joining();
    passing.notify("SIP/2.0 486 Busy Here", OVER);
    assert_eq!(
        passing.world.events(),
        [failed(Some(486), "Busy Here", ClientIs::Kept, TransferFault::TargetFailed)],
        "nobody else was asked to take the client"
    );
    passing.is_back(9);
}

#[test]
fn a_client_whom_the_second_target_may_have_is_not_called_back() {
    let mut passing = Passing::to_201(false);
    passing.refuses(486);
    (passing.invite, passing.target) = Passing::call(&mut passing.world, Proof::LineState, false);
    passing.joining();
    passing.world.advance(Duration::from_secs(5));
    assert_eq!(passing.world.events(), [failed(None, "", ClientIs::Unknown, TransferFault::NoWord)]);
    passing.world.answer_reinvite(&alaw(9, "sendrecv"));
    assert_eq!(passing.world.events(), [Event::Resumed { line: LINE, by: Side::Us }]);
}

#[test]
fn without_a_word_in_five_seconds_the_client_comes_off_hold_and_no_bye_is_sent() {
    let mut passing = Passing::new();
    passing.joining();
    passing.world.pbx.forget();
    passing.world.advance(Duration::from_secs(5));
    assert_eq!(passing.world.events(), [failed(None, "", ClientIs::Unknown, TransferFault::NoWord)]);
    let bye = passing.world.pbx.request("BYE");
    assert_eq!(
        bye.headers.first("Call-ID"),
        Some(passing.target.call_id()),
        "the target's, not the client's"
    );
    assert!(!passing.world.pbx.has("BYE"));
    passing.world.answer_reinvite(&alaw(9, "sendrecv"));
}

#[test]
fn a_client_can_be_passed_on_while_another_waits() {
    let mut world = World::with(|config| config.sip.max_calls = 2);
    let client = world.talking();
    world.ring("", Some(ALAW));
    world.events();
    let (invite, target) = Passing::call(&mut world, Proof::LineState, true);
    world.answer_reinvite(&alaw(8, "recvonly"));
    let mut passing = Passing { world, client, invite, target };
    passing.joining();
    passing.notify("SIP/2.0 200 OK", OVER);
    assert!(passing.world.events().iter().any(|event| matches!(event, Event::Transferred { .. })));
}

#[test]
fn nothing_is_said_of_the_call_to_the_target_and_its_line_is_free_afterwards() {
    let mut passing = Passing::new();
    passing.rings();
    passing.joining();
    passing.notify("SIP/2.0 200 OK", OVER);
    passing.world.advance(Duration::from_secs(1));
    passing.world.events();
    for _ in 0..2 {
        passing.world.ring("", Some(ALAW));
    }
    let said = passing.world.events();
    assert!(
        matches!(said[..], [Event::RingingIn { line: LINE, .. }, Event::RingingIn { line: SECOND, .. }]),
        "{said:?}"
    );
}

#[test]
fn a_second_client_rings_while_the_first_is_passed_on() {
    let mut passing = Passing::to_201(true);
    passing.world.events();
    passing.world.ring("", Some(ALAW));
    assert!(matches!(passing.world.events()[..], [Event::RingingIn { .. }]), "one line is free");
    passing.world.command(Command::Dial { target: "302".into() });
    assert_eq!(passing.world.events().last(), Some(&Event::Refused { line: None, why: Refusal::Busy }));
    passing.world.command(Command::Swap);
    let why = Refusal::WrongState;
    assert_eq!(passing.world.events(), [Event::Refused { line: None, why }], "nobody waits to be resumed");
}

// -- consultation

/// The client is on hold, and the operator has spoken with the head.
fn consulting() -> Passing {
    let mut world = World::with(|config| config.sip.max_calls = 2);
    let client = world.talking();
    world.command(Command::Dial { target: "201".into() });
    let invite = world.outgoing();
    world.answer_reinvite(&alaw(8, "recvonly"));
    let target = Leg::of(&invite);
    let mut passing = Passing { world, client, invite, target };
    passing.answers();
    passing.world.events();
    passing.world.pbx.forget();
    passing
}

#[test]
fn after_a_consultation_client_and_head_speak_without_us() {
    let mut passing = consulting();
    passing.world.command(Command::Join { line: LINE, with: SECOND });
    let way = TransferWay::Consultation;
    assert_eq!(passing.world.events(), [Event::TransferStarted { line: LINE, target: "201".into(), way }]);
    let refer = passing.world.pbx.request("REFER");
    let taken = passing.world.pbx.reply(&refer, 202, None);
    passing.world.hears(&taken);
    let mut head = passing.target.clone();
    passing.world.hang_up_theirs(&mut head);
    passing.notify("SIP/2.0 200 OK", OVER);
    let said = passing.world.events();
    let ends = |line| {
        said.iter()
            .any(|event| matches!(event, Event::Ended { line: of, by: EndedBy::Transfer, .. } if *of == line))
    };
    assert!(ends(LINE) && ends(SECOND), "{said:?}");
    assert!(
        said.iter().any(|event| matches!(event, Event::Transferred { outcome: TransferOutcome::Joined, .. }))
    );
}

#[test]
fn a_head_who_hangs_up_before_the_join_leaves_the_client_waiting() {
    let mut passing = consulting();
    passing.world.command(Command::Join { line: LINE, with: SECOND });
    let refer = passing.world.pbx.request("REFER");
    let refusal = passing.world.pbx.reply(&refer, 481, None);
    passing.world.hears(&refusal);
    let said = passing.world.events();
    assert!(matches!(said[1], Event::TransferFailed { client: ClientIs::Kept, .. }), "{said:?}");
    let mut head = passing.target.clone();
    passing.world.hang_up_theirs(&mut head);
    assert!(matches!(passing.world.events()[..], [Event::Ended { line: SECOND, by: EndedBy::Them, .. }]));
    passing.world.command(Command::Resume { line: LINE });
    passing.is_back(9);
}

#[test]
fn only_two_answered_calls_can_be_joined() {
    let mut world = World::with(|config| config.sip.max_calls = 2);
    world.talking();
    world.command(Command::Dial { target: "201".into() });
    world.outgoing();
    world.answer_reinvite(&alaw(8, "recvonly"));
    world.events();
    for (line, with) in [(LINE, SECOND), (SECOND, LINE), (LINE, LINE)] {
        world.command(Command::Join { line, with });
        assert_eq!(world.events(), [Event::Refused { line: Some(line), why: Refusal::WrongState }]);
    }
}

#[test]
fn a_client_with_whom_the_operator_spoke_last_is_back_when_the_join_fails() {
    let mut passing = consulting();
    passing.world.command(Command::Resume { line: LINE });
    passing.world.answer_reinvite(&alaw(9, "sendrecv"));
    passing.world.answer_reinvite(&alaw(8, "recvonly"));
    passing.world.events();
    passing.world.command(Command::Join { line: LINE, with: SECOND });
    passing.world.answer_reinvite(&alaw(10, "recvonly"));
    let refer = passing.world.pbx.request("REFER");
    let refusal = passing.world.pbx.reply(&refer, 603, None);
    passing.world.hears(&refusal);
    passing.is_back(11);
    assert!(is_muted(&passing.world, SECOND), "the head waits, as before");
    passing.world.command(Command::Swap);
    passing.world.answer_reinvite(&alaw(12, "recvonly"));
    passing.world.answer_reinvite(&alaw(9, "sendrecv"));
    assert!(!is_muted(&passing.world, SECOND), "and can be spoken with");
}

#[test]
fn a_client_whose_head_is_gone_is_back_when_the_join_fails() {
    let mut passing = consulting();
    passing.world.command(Command::Join { line: LINE, with: SECOND });
    let refer = passing.world.pbx.request("REFER");
    let taken = passing.world.pbx.reply(&refer, 202, None);
    passing.world.hears(&taken);
    let mut head = passing.target.clone();
    passing.world.hang_up_theirs(&mut head);
    passing.world.events();
    passing.notify("SIP/2.0 603 Decline", OVER);
    passing.is_back(9);
}
