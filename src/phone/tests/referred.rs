//! The far end sends us on to somebody else.

use super::super::test_pbx::alaw;
use super::*;

const ONWARD: LineId = LineId(2);

fn world() -> World {
    World::with(|config| {
        config.sip.max_calls = 2;
        config.sip.calls.take_refers = true;
    })
}

impl World {
    fn is_referred(&mut self, leg: &mut Leg, refer_to: &str) {
        let headers = format!("Refer-To: <{refer_to}>\r\nReferred-By: <sip:102@192.0.2.1>\r\n");
        let refer = self.pbx.ask(leg, "REFER", &headers, None);
        self.hears(&refer);
    }

    /// What the next NOTIFY says, and whether it is the last.
    #[track_caller]
    fn notified(&mut self) -> (String, bool) {
        let notify = self.pbx.request("NOTIFY");
        let taken = self.pbx.reply(&notify, 200, None);
        self.hears(&taken);
        let over = notify.headers.first("Subscription-State").unwrap().starts_with("terminated");
        (body(&notify).trim().to_owned(), over)
    }

    #[track_caller]
    fn is_told(&mut self, status: &str, over: bool) {
        assert_eq!(self.notified(), (format!("SIP/2.0 {status}"), over));
    }

    /// The INVITE to whom we were sent, and the first call's hold, agreed to.
    #[track_caller]
    fn goes_there(&mut self) -> Request {
        self.pbx.response(202);
        self.is_told("100 Trying", false);
        let invite = self.pbx.request("INVITE");
        assert!(body(&self.answer_reinvite(&alaw(8, "recvonly"))).contains("a=sendonly"));
        invite
    }

    #[track_caller]
    fn is_answered(&mut self, invite: &Request) {
        let answer = self.pbx.reply(invite, 200, Some(ALAW));
        self.hears(&answer);
        self.pbx.request("ACK");
    }
}

/// A client talks with us, and the PBX sends us on to 201.
fn sent_on() -> (World, Leg, Request) {
    let mut world = world();
    let mut leg = world.talking();
    world.is_referred(&mut leg, "sip:201@192.0.2.1");
    let invite = world.goes_there();
    (world, leg, invite)
}

#[test]
fn the_call_goes_on_with_whom_we_were_sent_to_and_who_asked_hears_of_it() {
    let (mut world, mut leg, invite) = sent_on();
    assert_eq!(invite.uri.to_string(), "sip:201@192.0.2.1");
    assert_eq!(invite.headers.first("Referred-By"), Some("<sip:102@192.0.2.1>"));
    let said = world.events();
    let referred = Event::Referred { line: LINE, to: ONWARD, target: "201".into() };
    assert_eq!(said[0], referred);
    assert!(matches!(&said[1], Event::Dialing { line: ONWARD, target, .. } if target == "201"));

    let ringing = world.pbx.reply(&invite, 180, None);
    world.hears(&ringing);
    world.is_told("180 Ringing", false);
    world.is_answered(&invite);
    world.is_told("200 OK", true);
    assert!(world.events().iter().any(|event| matches!(event, Event::Answered { line: ONWARD, .. })));
    assert!(is_muted(&world, LINE) && !is_muted(&world, ONWARD));
    world.hang_up_theirs(&mut leg);
    assert_eq!(world.the_end(), (EndedBy::Them, CallOutcome::Completed, None));
    world.advance(Duration::from_secs(60));
    assert!(world.events().is_empty() && !world.pbx.has("BYE"), "the new call stands");
}

#[test]
fn a_far_end_that_says_no_goodbye_is_told_ours() {
    let (mut world, _, invite) = sent_on();
    world.is_answered(&invite);
    world.events();
    world.advance(Duration::from_millis(4_900));
    assert!(!world.pbx.has("BYE"));
    world.advance(Duration::from_millis(300));
    world.pbx.request("BYE");
    assert_eq!(world.the_end(), (EndedBy::Transfer, CallOutcome::Completed, None));
}

#[test]
fn the_old_call_goes_on_when_the_new_one_comes_to_nothing() {
    for (status, told) in [(486, "486 Busy Here"), (404, "404 Not Found")] {
        let (mut world, _, invite) = sent_on();
        let refused = world.pbx.reply(&invite, status, None);
        world.hears(&refused);
        world.is_told(told, true);
        assert!(body(&world.answer_reinvite(&alaw(9, "sendrecv"))).contains("a=sendrecv"));
        assert!(!is_muted(&world, LINE));
        let said = world.events();
        assert!(said.contains(&Event::Resumed { line: LINE, by: Side::Us }), "{said:?}");
        assert!(said.iter().any(|event| matches!(event, Event::Ended { line: ONWARD, .. })), "{said:?}");
    }
}

#[test]
fn a_far_end_on_hold_does_not_take_itself_off_hold_by_sending_us_nowhere() {
    let mut world = world();
    let mut leg = world.talking();
    world.command(Command::Hold { line: LINE });
    world.answer_reinvite(&alaw(8, "recvonly"));
    world.is_referred(&mut leg, "sip:999@192.0.2.1");
    world.pbx.response(202);
    world.is_told("100 Trying", false);
    let invite = world.pbx.request("INVITE");
    let refused = world.pbx.reply(&invite, 404, None);
    world.hears(&refused);
    world.is_told("404 Not Found", true);
    assert!(!world.pbx.has("INVITE") && is_muted(&world, LINE), "the operator's hold stands");
    world.command(Command::Resume { line: LINE });
    world.answer_reinvite(&alaw(9, "sendrecv"));
    assert!(!is_muted(&world, LINE));
}

#[test]
fn a_far_end_that_the_operator_holds_while_we_are_sent_on_stays_on_hold() {
    let (mut world, _, invite) = sent_on();
    world.command(Command::Hold { line: LINE });
    let refused = world.pbx.reply(&invite, 404, None);
    world.hears(&refused);
    world.is_told("404 Not Found", true);
    assert!(!world.pbx.has("INVITE") && is_muted(&world, LINE));
}

#[test]
fn a_client_who_is_being_passed_on_meanwhile_is_not_taken_back() {
    let (mut world, _, invite) = sent_on();
    world.command(Command::BlindTransfer { line: LINE, target: "202".into() });
    world.pbx.request("REFER");
    world.events();
    let refused = world.pbx.reply(&invite, 404, None);
    world.hears(&refused);
    world.is_told("404 Not Found", true);
    let said = world.events();
    assert!(!said.iter().any(|event| matches!(event, Event::TransferFailed { .. })), "{said:?}");
    assert!(!world.pbx.has("INVITE") && is_muted(&world, LINE));
}

#[test]
fn a_new_call_that_the_operator_gives_up_brings_the_old_one_back() {
    let (mut world, _, invite) = sent_on();
    let ringing = world.pbx.reply(&invite, 180, None);
    world.hears(&ringing);
    world.is_told("180 Ringing", false);
    world.command(Command::HangUp { line: ONWARD });
    world.is_told("487 Request Terminated", true);
    world.answer_reinvite(&alaw(9, "sendrecv"));
    assert!(!is_muted(&world, LINE));
}

#[test]
fn who_leaves_at_once_leaves_the_new_call_alone() {
    let (mut world, mut leg, invite) = sent_on();
    world.hang_up_theirs(&mut leg);
    assert_eq!(world.the_end(), (EndedBy::Them, CallOutcome::Completed, None));
    world.is_answered(&invite);
    world.is_told("200 OK", true);
    assert!(world.events().iter().any(|event| matches!(event, Event::Answered { line: ONWARD, .. })));
    world.advance(Duration::from_secs(60));
    assert!(!world.pbx.has("BYE"));
}

#[test]
fn in_an_attended_transfer_the_new_call_takes_the_place_of_the_one_that_is_named() {
    let mut world = world();
    let mut leg = world.talking();
    world.is_referred(&mut leg, "sip:201@192.0.2.1?Replaces=abc%40pbx%3Bto-tag%3Dt1%3Bfrom-tag%3Df1");
    let invite = world.goes_there();
    assert_eq!(invite.uri.to_string(), "sip:201@192.0.2.1");
    assert_eq!(invite.headers.first("Replaces"), Some("abc@pbx;to-tag=t1;from-tag=f1"));
    world.is_answered(&invite);
    world.is_told("200 OK", true);
}

#[test]
fn an_operator_who_takes_the_old_call_up_again_keeps_it() {
    let (mut world, _, invite) = sent_on();
    world.is_answered(&invite);
    world.command(Command::Resume { line: LINE });
    world.pbx.forget();
    world.advance(Duration::from_secs(30));
    assert!(!world.pbx.has("BYE"));
}

#[test]
fn we_go_nowhere_where_there_is_no_way() {
    for (lines, target, status) in [(2, "mailto:a@192.0.2.1", 603), (1, "sip:201@192.0.2.1", 486)] {
        let mut world = World::with(|config| {
            config.sip.max_calls = lines;
            config.sip.calls.take_refers = true;
        });
        let mut leg = world.talking();
        world.is_referred(&mut leg, target);
        world.pbx.response(status);
        assert!(world.events().is_empty() && !world.pbx.has("INVITE"), "the call goes on undisturbed");
    }
}

#[test]
fn nobody_takes_the_operator_out_of_a_conversation_with_somebody_else() {
    let mut world = World::with(|config| {
        config.sip.max_calls = 3;
        config.sip.calls.take_refers = true;
    });
    let mut first = world.talking();
    world.ring("", Some(ALAW));
    world.command(Command::Answer { line: ONWARD });
    world.pbx.forget();
    world.is_referred(&mut first, "sip:201@192.0.2.1");
    world.pbx.response(486);
}

#[test]
fn a_transfer_of_ours_is_not_crossed_by_one_of_theirs() {
    let mut world = world();
    let mut leg = world.talking();
    world.command(Command::BlindTransfer { line: LINE, target: "202".into() });
    world.answer_reinvite(&alaw(8, "recvonly"));
    world.is_referred(&mut leg, "sip:201@192.0.2.1");
    world.pbx.response(491);
}
