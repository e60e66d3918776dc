//! Which conversations are recorded, when, and what the register says of it.

use super::office::place_is;
use super::*;
use crate::desk_api::RecordingResult;
use crate::domain::line_state::LineState as ColleagueIs;
use crate::domain::recording::{Announce, Blank, RecordingFault, RecordingRules, When};

const SECOND: LineId = LineId(2);

fn allowed(when: When, announce: Announce) -> World {
    World::with(|config| {
        config.phone.sip.max_calls = 2;
        let rules = RecordingRules { when, announce };
        config.recording = Some(RecordingConfig { rules, fault: None });
    })
}

fn always() -> World {
    allowed(When::Always, Announce::Elsewhere)
}

impl World {
    fn recording(&self) -> Option<RecordingState> {
        self.recording_on(LINE)
    }

    fn recording_on(&self, line: LineId) -> Option<RecordingState> {
        Some(self.agent.view().lines.get(&line)?.recording?.state)
    }

    fn talk_with(&mut self, caller: &str) -> Leg {
        let (mut leg, _) = self.ring(caller);
        self.intend(Intent::Answer { line: LINE });
        leg.follow(&self.pbx.response(200));
        let ack = self.pbx.ack(&leg, None);
        self.hears(&ack);
        leg
    }

    fn tape(&self) -> Vec<TapeCommand> {
        self.tapes.iter().filter(|(line, ..)| *line == LINE).map(|(.., command)| *command).collect()
    }

    fn tells(&mut self, news: TapeNews) {
        let id = self.tapes.last().expect("a recording").1;
        self.handle(Input::Tape { id, news });
    }

    /// The refused recording is deleted, and then nothing may be known of the client any more.
    fn forget_if(&mut self, forgets: bool) {
        if forgets {
            if !self.tapes.is_empty() {
                self.tells(TapeNews::Discarded);
            }
            self.handle(Input::Forget);
        }
    }

    fn kept(&self) -> crate::desk_api::CallRecording {
        self.the_entry().recording.expect("something of a recording")
    }

    fn seconds_since_begin(&self) -> Vec<(i64, Option<i64>)> {
        let recording = self.kept();
        let since = |at: Timestamp| at.as_second() - recording.begun_at.as_second();
        recording.paused.iter().map(|pause| (since(pause.from), pause.to.map(since))).collect()
    }

    fn tape_of(&self, line: LineId) -> Vec<TapeCommand> {
        self.tapes.iter().filter(|(at, ..)| *at == line).map(|(.., command)| *command).collect()
    }

    /// Somebody is asked for the client's sake, and answers.
    fn consult(&mut self, target: &str) -> Leg {
        self.intend(Intent::Consult { line: LINE, target: target.into() });
        let mut called = None;
        for _ in 0..2 {
            let invite = self.pbx.request("INVITE");
            let holds = invite.headers.first("To").unwrap().contains("tag=");
            let answer = if holds { alaw(8, "recvonly") } else { alaw(8, "sendrecv") };
            let reply = self.pbx.reply(&invite, 200, Some(&answer));
            called = (!holds).then(|| Leg::of(&invite)).or(called);
            self.hears(&reply);
        }
        called.unwrap()
    }

    /// A second client is answered, and both are put into a conference.
    fn confer(&mut self) -> Leg {
        self.pbx.forget();
        let (mut leg, _) = self.ring("");
        self.intend(Intent::Answer { line: SECOND });
        leg.follow(&self.pbx.response(200));
        let ack = self.pbx.ack(&leg, None);
        self.hears(&ack);
        self.intend(Intent::Conference { on: true });
        for _ in 0..2 {
            let reinvite = self.pbx.request("INVITE");
            let reply = self.pbx.reply(&reinvite, 200, Some(ALAW));
            self.hears(&reply);
        }
        assert_eq!(self.agent.view().conference, Some([LINE, SECOND]));
        leg
    }
}

const APART: TapeCommand = TapeCommand::Blank(Some(Blank::Apart));
const PAUSED: TapeCommand = TapeCommand::Blank(Some(Blank::Paused));
const ON: TapeCommand = TapeCommand::Blank(None);

const IN_HOUSE: &str = "P-Asserted-Identity: <sip:302@192.0.2.1>\r\n";
const FIRST_CLIENT: &str = "P-Asserted-Identity: <sip:+79161234567@192.0.2.1>\r\n";
const OTHER_CLIENT: &str = "P-Asserted-Identity: <sip:+74957778899@192.0.2.1>\r\n";
const HIDDEN: &str = "Privacy: id\r\nP-Asserted-Identity: <sip:+79161234567@192.0.2.1>\r\n";

#[test]
fn where_the_company_does_not_allow_it_nothing_is_recorded_and_nothing_is_shown() {
    let mut world = World::new();
    world.talk();
    for intent in [
        Intent::Record { line: LINE },
        Intent::PauseRecording { line: LINE, on: true },
        Intent::RefuseRecording { line: LINE },
    ] {
        world.intend(intent);
        assert_eq!(world.refusals().pop(), Some((Some(LINE), Refusal::WrongState)));
    }
    assert_eq!((world.recording(), world.tape()), (None, vec![]));
    assert_eq!(world.the_entry().recording, None);
}

#[test]
fn a_client_is_recorded_from_the_answer_and_not_while_it_rings() {
    let mut world = always();
    let (mut leg, _) = world.ring("");
    assert_eq!((world.recording(), world.tape()), (None, vec![]));
    world.intend(Intent::Answer { line: LINE });
    leg.follow(&world.pbx.response(200));
    assert_eq!((world.recording(), world.tape()), (Some(RecordingState::On), vec![TapeCommand::Begin]));
    let entry = world.the_entry();
    let recording = entry.recording.unwrap();
    assert_eq!((recording.told, recording.result), (Announce::Elsewhere, None));
    assert_eq!(Some(recording.begun_at), entry.answered_at);
    assert_eq!(world.tapes[0].1, entry.id, "it has the entry's name");
    let ack = world.pbx.ack(&leg, None);
    world.hears(&ack);
    world.hang_up_theirs(&mut leg);
    assert_eq!(
        world.kept().result,
        Some(RecordingResult::Incomplete),
        "until all of it is known to be there"
    );
    world.tells(TapeNews::Ended { complete: true });
    assert_eq!(world.kept().result, Some(RecordingResult::Complete));
}

#[test]
fn a_call_that_is_asked_for_is_recorded_from_then_on() {
    let mut world = allowed(When::Asked, Announce::Tone);
    world.talk();
    assert_eq!((world.recording(), world.tape()), (Some(RecordingState::Off), vec![]));
    world.intend(Intent::Record { line: LINE });
    assert_eq!((world.recording(), world.tape()), (Some(RecordingState::On), vec![TapeCommand::Begin]));
    world.intend(Intent::Record { line: LINE });
    assert_eq!(world.refusals().pop(), Some((Some(LINE), Refusal::WrongState)), "once is enough");
    assert_eq!(world.kept().told, Announce::Tone);
}

#[test]
fn nothing_is_recorded_before_the_client_agrees() {
    let mut world = allowed(When::Always, Announce::Consent);
    world.talk();
    assert_eq!((world.recording(), world.tape()), (Some(RecordingState::Asking), vec![]));
    assert_eq!(world.the_entry().recording, None);
    world.advance(Duration::from_secs(7));
    world.intend(Intent::Record { line: LINE });
    assert_eq!((world.recording(), world.tape()), (Some(RecordingState::On), vec![TapeCommand::Begin]));
    assert_eq!(world.kept().told, Announce::Consent);
}

#[test]
fn a_client_who_says_no_is_not_recorded_and_not_asked_again() {
    let mut world = allowed(When::Always, Announce::Consent);
    world.talk();
    world.intend(Intent::RefuseRecording { line: LINE });
    assert_eq!(world.recording(), Some(RecordingState::Refused));
    world.intend(Intent::Record { line: LINE });
    assert_eq!(world.refusals().pop(), Some((Some(LINE), Refusal::WrongState)));
    assert_eq!((world.tape(), world.the_entry().recording), (vec![], None));
}

#[test]
fn what_a_client_takes_back_is_deleted_and_the_register_says_so() {
    let mut world = always();
    let mut leg = world.talk();
    world.intend(Intent::RefuseRecording { line: LINE });
    assert_eq!(world.recording(), Some(RecordingState::Refused));
    assert_eq!(world.tape(), [TapeCommand::Begin, TapeCommand::Discard]);
    assert_eq!(world.kept().result, None, "not before it is true");
    world.tells(TapeNews::Discarded);
    assert_eq!(world.kept().result, Some(RecordingResult::Refused));
    world.hang_up_theirs(&mut leg);
    assert_eq!(world.kept().result, Some(RecordingResult::Refused));
}

#[test]
fn what_a_client_takes_back_as_they_hang_up_is_deleted_all_the_same_and_the_register_says_what_is_so() {
    for (news, result) in [
        (TapeNews::Discarded, RecordingResult::Refused),
        (TapeNews::Fault(RecordingFault::NotDeleted), RecordingResult::Incomplete),
    ] {
        let mut world = always();
        let mut leg = world.talk();
        world.intend(Intent::RefuseRecording { line: LINE });
        world.hang_up_theirs(&mut leg);
        world.tells(news);
        assert_eq!(world.kept().result, Some(result), "{news:?}");
    }
}

#[test]
fn a_pause_is_in_the_register_with_its_times() {
    let mut world = always();
    let mut leg = world.talk();
    world.advance(Duration::from_secs(5));
    world.intend(Intent::PauseRecording { line: LINE, on: true });
    assert_eq!(world.recording(), Some(RecordingState::Paused));
    world.advance(Duration::from_secs(20));
    world.intend(Intent::PauseRecording { line: LINE, on: false });
    world.advance(Duration::from_secs(5));
    world.intend(Intent::PauseRecording { line: LINE, on: true });
    world.advance(Duration::from_secs(3));
    world.hang_up_theirs(&mut leg);
    assert_eq!(world.seconds_since_begin(), [(5, Some(25)), (30, Some(33))]);
    let paused = TapeCommand::Blank(Some(Blank::Paused));
    assert_eq!(world.tape(), [TapeCommand::Begin, paused, TapeCommand::Blank(None), paused]);
}

#[test]
fn a_key_that_means_nothing_now_is_refused() {
    let mut world = always();
    world.talk();
    for intent in [Intent::PauseRecording { line: LINE, on: false }, Intent::Record { line: LINE }] {
        world.intend(intent);
        assert_eq!(world.refusals().pop(), Some((Some(LINE), Refusal::WrongState)));
    }
    assert_eq!(world.tape(), [TapeCommand::Begin]);
    let mut world = allowed(When::Asked, Announce::Elsewhere);
    world.talk();
    world.intend(Intent::RefuseRecording { line: LINE });
    assert_eq!(world.refusals().pop(), Some((Some(LINE), Refusal::WrongState)), "nothing is recorded");
    assert_eq!((world.recording(), world.tape()), (Some(RecordingState::Off), vec![]));
}

#[test]
fn an_announcement_that_ends_as_the_client_refuses_turns_nothing_on() {
    let mut world = allowed(When::Always, Announce::Voice);
    world.talk();
    world.intend(Intent::RefuseRecording { line: LINE });
    world.tells(TapeNews::Announced);
    assert_eq!(world.recording(), Some(RecordingState::Refused));
}

#[test]
fn the_announcement_is_over_when_the_voice_says_so() {
    let mut world = allowed(When::Always, Announce::Voice);
    world.talk();
    assert_eq!(
        (world.recording(), world.tape()),
        (Some(RecordingState::Announcing), vec![TapeCommand::Begin])
    );
    world.intend(Intent::PauseRecording { line: LINE, on: true });
    assert_eq!(world.recording(), Some(RecordingState::Announcing), "nobody can miss it");
    world.tells(TapeNews::Announced);
    assert_eq!(world.recording(), Some(RecordingState::On));
}

#[test]
fn a_colleague_who_calls_is_not_recorded() {
    let mut world = always();
    let (mut leg, _) = world.ring("P-Asserted-Identity: <sip:102@192.0.2.1>\r\n");
    world.intend(Intent::Answer { line: LINE });
    leg.follow(&world.pbx.response(200));
    assert_eq!((world.recording(), world.tape()), (None, vec![]));
}

#[test]
fn whoever_hides_the_number_is_a_client() {
    let mut world = always();
    world.ring("Privacy: id\r\nP-Asserted-Identity: <sip:+79161234567@192.0.2.1>\r\n");
    world.intend(Intent::Answer { line: LINE });
    assert_eq!(world.recording(), Some(RecordingState::On));
}

/// Duty 11: whoever is asked for a client's sake may be reached at an outside number.
#[test]
fn whoever_is_consulted_is_not_recorded_wherever_they_are() {
    for target in ["302", "+79165550000"] {
        let mut world = always();
        world.talk();
        world.intend(Intent::Consult { line: LINE, target: target.into() });
        let (one, other) = (world.pbx.request("INVITE"), world.pbx.request("INVITE"));
        for invite in [one, other] {
            let reply = world.pbx.reply(&invite, 200, Some(&alaw(8, "recvonly")));
            world.hears(&reply);
        }
        assert_eq!(world.agent.view().lines[&SECOND].state, LineState::Talking, "{target}");
        assert_eq!(
            (world.recording_on(SECOND), world.recording()),
            (None, Some(RecordingState::On)),
            "{target}"
        );
        assert_eq!(world.tapes.len(), 1, "{target}");
    }
}

#[test]
fn a_colleague_in_the_clients_place_is_not_recorded_and_the_client_is_again() {
    let mut world = always();
    let mut leg = world.talk();
    let update = world.pbx.ask(&mut leg, "UPDATE", "P-Asserted-Identity: <sip:302@192.0.2.1>\r\n", None);
    world.hears(&update);
    let apart = TapeCommand::Blank(Some(Blank::Apart));
    // The entry still names the client, but the far end is somebody else.
    assert_eq!(world.tape(), [TapeCommand::Begin, apart]);
    let update =
        world.pbx.ask(&mut leg, "UPDATE", "P-Asserted-Identity: <sip:+79161234567@192.0.2.1>\r\n", None);
    world.hears(&update);
    assert_eq!(world.tape(), [TapeCommand::Begin, apart, TapeCommand::Blank(None)]);
}

#[test]
fn a_pause_in_a_conference_is_one_of_both() {
    let mut world = always();
    world.talk();
    world.confer();
    world.tapes.clear();
    world.intend(Intent::PauseRecording { line: SECOND, on: true });
    let states = [world.recording(), world.recording_on(SECOND)];
    assert_eq!(states, [Some(RecordingState::Paused); 2]);
    world.intend(Intent::PauseRecording { line: LINE, on: false });
    let states = [world.recording(), world.recording_on(SECOND)];
    assert_eq!(states, [Some(RecordingState::On); 2]);
}

#[test]
fn who_does_not_agree_is_in_nobody_elses_recording_either() {
    let mut world = always();
    world.talk();
    world.confer();
    world.tapes.clear();
    world.intend(Intent::RefuseRecording { line: SECOND });
    let apart = TapeCommand::Blank(Some(Blank::Apart));
    assert_eq!(world.tape(), [apart]);
    world.intend(Intent::HangUp { line: SECOND });
    assert_eq!(world.tape(), [apart, TapeCommand::Blank(None)]);
}

#[test]
fn whose_recording_ends_in_a_conference_is_in_nobody_elses_from_then_on() {
    let mut world = always();
    world.talk();
    world.confer();
    // The second client's is the last that was begun.
    world.tells(TapeNews::Fault(RecordingFault::DiskFull));
    assert_eq!(world.recording_on(SECOND), Some(RecordingState::Failed));
    assert_eq!(world.tape().last(), Some(&APART));
}

#[test]
fn a_conference_is_recorded_as_soon_as_both_agree() {
    let mut world = allowed(When::Always, Announce::Consent);
    world.talk();
    world.confer();
    world.intend(Intent::Record { line: LINE });
    assert_eq!(world.tape(), [TapeCommand::Begin, APART]);
    world.intend(Intent::Record { line: SECOND });
    assert_eq!(world.tape(), [TapeCommand::Begin, APART, ON]);
    assert_eq!(world.tape_of(SECOND), [TapeCommand::Begin]);
}

#[test]
fn a_conference_is_recorded_when_the_pause_ends_that_one_had_before_it() {
    let mut world = always();
    world.talk();
    world.intend(Intent::PauseRecording { line: LINE, on: true });
    world.confer();
    assert_eq!((world.tape().last(), world.tape_of(SECOND).last()), (Some(&PAUSED), Some(&APART)));
    world.intend(Intent::PauseRecording { line: LINE, on: false });
    assert_eq!((world.tape().last(), world.tape_of(SECOND).last()), (Some(&ON), Some(&ON)));
}

/// Duty 11: the usual conference is one with the client's manager.
#[test]
fn a_colleague_in_a_conference_is_in_nobodys_recording() {
    for target in ["302", "+79165550000"] {
        let mut world = always();
        world.talk();
        world.consult(target);
        world.intend(Intent::Conference { on: true });
        let reinvite = world.pbx.request("INVITE");
        let reply = world.pbx.reply(&reinvite, 200, Some(ALAW));
        world.hears(&reply);
        assert_eq!(world.agent.view().conference, Some([LINE, SECOND]), "{target}");
        assert_eq!(world.tape(), [TapeCommand::Begin, APART], "{target}");
        world.intend(Intent::HangUp { line: SECOND });
        assert_eq!(world.tape(), [TapeCommand::Begin, APART, ON], "{target}");
        assert_eq!(world.tape_of(SECOND), [], "{target}");
    }
}

#[test]
fn a_colleague_who_takes_a_clients_place_in_a_conference_is_in_nobodys_recording() {
    let mut world = always();
    world.talk();
    let mut second = world.confer();
    world.tapes.clear();
    world.update(&mut second, IN_HOUSE);
    assert_eq!((world.tape(), world.tape_of(SECOND)), (vec![APART], vec![APART]));
    world.update(&mut second, FIRST_CLIENT);
    assert_eq!((world.tape(), world.tape_of(SECOND)), (vec![APART, ON], vec![APART, ON]));
}

#[test]
fn one_clients_consent_is_not_the_next_ones() {
    for announce in [Announce::Consent, Announce::Voice, Announce::Tone] {
        let mut world = allowed(When::Asked, announce);
        let mut leg = world.talk();
        world.intend(Intent::Record { line: LINE });
        if announce == Announce::Voice {
            world.tells(TapeNews::Announced);
        }
        for (there, kept) in [
            (IN_HOUSE, APART),
            // By a colleague, and at once.
            (OTHER_CLIENT, APART),
            (FIRST_CLIENT, ON),
            (OTHER_CLIENT, APART),
            (FIRST_CLIENT, ON),
        ] {
            world.update(&mut leg, there);
            assert_eq!(world.tape().last(), Some(&kept), "{announce:?} {there}");
        }
    }
}

/// Duty 26: nobody is recorded who has not heard all of it.
#[test]
fn an_announcement_waits_while_somebody_else_is_there() {
    let waits = [APART, TapeCommand::Wait(true)];
    let goes_on = [ON, TapeCommand::Wait(false)];
    for other in [IN_HOUSE, OTHER_CLIENT, HIDDEN] {
        let mut world = allowed(When::Always, Announce::Voice);
        let mut leg = world.talk();
        for _ in 0..2 {
            world.tapes.clear();
            world.update(&mut leg, other);
            assert_eq!(world.tape(), waits, "{other}");
            world.tapes.clear();
            world.update(&mut leg, FIRST_CLIENT);
            assert_eq!(world.tape(), goes_on, "{other}");
        }
        world.tells(TapeNews::Announced);
        world.tapes.clear();
        world.update(&mut leg, other);
        assert_eq!(world.tape(), [APART], "{other}: they have heard it");
    }
}

#[test]
fn an_announcement_that_is_asked_for_while_a_colleague_is_there_waits_for_the_client() {
    let mut world = allowed(When::Asked, Announce::Voice);
    let mut leg = world.talk();
    world.update(&mut leg, IN_HOUSE);
    world.intend(Intent::Record { line: LINE });
    assert_eq!(world.tape(), [TapeCommand::Begin, APART, TapeCommand::Wait(true)]);
    world.tapes.clear();
    world.update(&mut leg, FIRST_CLIENT);
    assert_eq!(world.tape(), [ON, TapeCommand::Wait(false)]);
}

/// It is the conference that a colleague has no place in; the client is there, and hears it.
#[test]
fn an_announcement_goes_on_in_a_conference() {
    let mut world = allowed(When::Always, Announce::Voice);
    world.talk();
    world.confer();
    for line in [LINE, SECOND] {
        let tape = world.tape_of(line);
        assert_eq!(tape.last(), Some(&APART));
        assert!(!tape.iter().any(|command| matches!(command, TapeCommand::Wait(_))), "{tape:?}");
    }
}

#[test]
fn an_entry_with_a_recording_goes_on_naming_whose_that_is() {
    let romashka = Some(client("Romashka").id);
    for (caller, records, number, named) in [
        (FIRST_CLIENT, true, Some("+79161234567"), romashka),
        (FIRST_CLIENT, false, Some("+74957778899"), Some(client("Vesna").id)),
        // Of who hid the number nobody knows whether it is theirs that is told later.
        (HIDDEN, true, None, None),
        (HIDDEN, false, Some("+74957778899"), Some(client("Vesna").id)),
    ] {
        let mut world = allowed(When::Asked, Announce::Elsewhere);
        let mut leg = world.talk_with(caller);
        if caller == FIRST_CLIENT {
            world.answer_lookup(found(&["Romashka"], Source::Desk));
        }
        if records {
            world.intend(Intent::Record { line: LINE });
        }
        world.update(&mut leg, OTHER_CLIENT);
        world.answer_lookup(found(&["Vesna"], Source::Desk));
        world.hang_up_theirs(&mut leg);
        let entry = world.the_entry();
        let has = (entry.caller.number.map(|number| number.to_string()), entry.client);
        assert_eq!(has, (number.map(str::to_owned), named), "{caller} {records}");
        assert_eq!(entry.recording.is_some(), records);
    }
}

#[test]
fn whom_of_several_clients_a_newcomer_is_changes_nothing_of_who_was_recorded() {
    for records in [true, false] {
        let mut world = allowed(When::Asked, Announce::Elsewhere);
        let mut leg = world.talk();
        world.answer_lookup(found(&["Romashka"], Source::Desk));
        if records {
            world.intend(Intent::Record { line: LINE });
        }
        world.update(&mut leg, OTHER_CLIENT);
        world.answer_lookup(found(&["Vesna", "Luna"], Source::Desk));
        world.intend(Intent::ChooseClient { line: LINE, client: client("Luna").id });
        assert_eq!(world.agent.view().lines[&LINE].client(), Some(&client("Luna")), "it is shown");
        world.hang_up_theirs(&mut leg);
        let entry = world.the_entry();
        let (number, name, matched) = match records {
            true => ("+79161234567", "Romashka", Match::One),
            false => ("+74957778899", "Luna", Match::Many),
        };
        assert_eq!(entry.caller.number.unwrap().to_string(), number);
        assert_eq!((entry.client, entry.matched), (Some(client(name).id), Some(matched)));
    }
}

#[test]
fn an_entry_names_the_one_whose_recording_begins() {
    let mut world = allowed(When::Asked, Announce::Elsewhere);
    let mut leg = world.talk();
    world.answer_lookup(found(&["Romashka"], Source::Desk));
    world.update(&mut leg, OTHER_CLIENT);
    world.answer_lookup(found(&[], Source::Desk));
    world.intend(Intent::Record { line: LINE });
    assert_eq!(world.tape(), [TapeCommand::Begin]);
    world.hang_up_theirs(&mut leg);
    let entry = world.the_entry();
    let number = entry.caller.number.map(|number| number.to_string());
    assert_eq!((number.as_deref(), entry.client), (Some("+74957778899"), None));
}

#[test]
fn a_client_whose_number_cannot_be_looked_up_is_told_from_another_such() {
    let abroad = |last: u8| format!("P-Asserted-Identity: <sip:0044163296000{last}@192.0.2.1>\r\n");
    let mut world = always();
    let mut leg = world.talk_with(&abroad(0));
    for (there, kept) in [(1, APART), (0, ON), (2, APART), (0, ON)] {
        world.update(&mut leg, &abroad(there));
        assert_eq!(world.tape().last(), Some(&kept), "{there}");
    }
}

#[test]
fn nobody_knows_whether_a_hidden_number_is_the_one_that_agreed() {
    let mut world = allowed(When::Always, Announce::Consent);
    let mut leg = world.talk_with(HIDDEN);
    world.intend(Intent::Record { line: LINE });
    assert_eq!(world.tape(), [TapeCommand::Begin]);
    world.update(&mut leg, IN_HOUSE);
    world.update(&mut leg, HIDDEN);
    assert_eq!(world.tape(), [TapeCommand::Begin, APART]);
}

/// Duty 22, and RFC 3891: the same person comes on another line.
#[test]
fn what_the_client_refused_and_what_was_paused_holds_where_a_call_takes_the_place_of_theirs() {
    for (intent, state, tape) in [
        (Intent::RefuseRecording { line: LINE }, RecordingState::Refused, vec![]),
        (
            Intent::PauseRecording { line: LINE, on: true },
            RecordingState::Paused,
            vec![TapeCommand::Begin, PAUSED],
        ),
    ] {
        let mut world = always();
        let leg = world.talk();
        world.intend(intent);
        world.ring(&format!("Replaces: {}\r\n", leg.replaces()));
        let is_begun = !tape.is_empty();
        assert_eq!((world.recording_on(SECOND), world.tape_of(SECOND)), (Some(state), tape));
        let second = world.records.iter().rfind(|record| record.line == Some(SECOND.0)).unwrap();
        let paused = second.recording.as_ref().map(|recording| recording.paused.as_slice());
        assert_eq!(paused.is_some(), is_begun);
        assert!(paused.is_none_or(|paused| matches!(paused, [pause] if pause.to.is_none())), "{paused:?}");
    }
}

#[test]
fn whoever_is_consulted_is_not_recorded_though_another_call_takes_the_place_of_theirs() {
    let mut world = always();
    world.talk();
    let leg = world.consult("+79165550000");
    world.pbx.forget();
    world.ring(&format!("Replaces: {}\r\n", leg.replaces()));
    let third = LineId(3);
    assert_eq!(world.agent.view().lines[&third].state, LineState::Talking);
    assert_eq!((world.recording_on(third), world.tape_of(third)), (None, vec![]));
}

#[test]
fn what_a_client_refused_holds_when_the_pbx_gives_them_back() {
    for forgets in [false, true] {
        let mut world = always();
        let mut leg = world.talk();
        world.intend(Intent::RefuseRecording { line: LINE });
        world.refer();
        world.notify(&mut leg, "SIP/2.0 200 OK");
        let back = gives_back(&world);
        world.forget_if(forgets);
        world.tapes.clear();
        // Again missed, and given back once more.
        for answers in [false, true] {
            let (leg, invite) = world.ring(&back);
            if answers {
                world.intend(Intent::Answer { line: LINE });
            } else {
                let cancel = world.pbx.cancel(&leg, &invite, "");
                world.hears(&cancel);
                world.pbx.forget();
                world.forget_if(forgets);
            }
        }
        let refused = (Some(RecordingState::Refused), vec![]);
        assert_eq!((world.recording(), world.tape()), refused, "{forgets}");
        let of_former = |record: &&CallRecord| record.call_id == leg.call_id();
        let last = world.records.iter().rev().find(of_former).unwrap();
        assert!(last.caller.number.is_some(), "what is forgotten is not written over the entry");
    }
}

#[test]
fn what_a_client_refused_holds_when_they_are_back_before_the_pbx_has_said_that_it_took_them() {
    let mut world = always();
    world.talk();
    world.intend(Intent::RefuseRecording { line: LINE });
    world.refer();
    world.pbx.forget();
    world.ring(&gives_back(&world));
    world.intend(Intent::Answer { line: SECOND });
    assert_eq!((world.recording_on(SECOND), world.tape_of(SECOND)), (Some(RecordingState::Refused), vec![]));
}

#[test]
fn what_held_for_a_call_that_is_over_does_not_hold_for_the_next_one_on_its_line() {
    // One whose client had refused is given back, and missed.
    let mut world = always();
    let mut leg = world.talk();
    world.intend(Intent::RefuseRecording { line: LINE });
    world.refer();
    world.notify(&mut leg, "SIP/2.0 200 OK");
    let (leg, invite) = world.ring(&gives_back(&world));
    let cancel = world.pbx.cancel(&leg, &invite, "");
    world.hears(&cancel);
    world.pbx.forget();
    world.talk_with(OTHER_CLIENT);
    assert_eq!(world.recording(), Some(RecordingState::On));
    // Somebody was consulted.
    let mut world = always();
    world.talk();
    let mut leg = world.consult("302");
    world.hang_up_theirs(&mut leg);
    world.pbx.forget();
    world.ring(OTHER_CLIENT);
    world.intend(Intent::Answer { line: SECOND });
    assert_eq!(world.recording_on(SECOND), Some(RecordingState::On));
}

#[test]
fn what_a_client_refused_holds_when_they_are_fetched_from_where_they_were_parked() {
    for forgets in [false, true] {
        fetched_from_where_they_were_parked(forgets);
    }
}

fn fetched_from_where_they_were_parked(forgets: bool) {
    let mut world = World::with(|config| {
        let rules = RecordingRules { when: When::Always, announce: Announce::Elsewhere };
        config.recording = Some(RecordingConfig { rules, fault: None });
        config.office.parking = ParkingPlaces { park: Some("700".into()), places: vec!["701".into()] };
    });
    let mut leg = world.talk();
    world.intend(Intent::RefuseRecording { line: LINE });
    world.intend(Intent::Park { line: LINE });
    let hold = world.pbx.request("INVITE");
    let held = world.pbx.reply(&hold, 200, Some(&alaw(8, "recvonly")));
    world.hears(&held);
    let refer = world.pbx.request("REFER");
    let taken = world.pbx.reply(&refer, 202, None);
    world.hears(&taken);
    world.notify(&mut leg, "SIP/2.0 200 OK");
    place_is(&mut world, ColleagueIs::Talking);
    world.forget_if(forgets);
    let parked = world.agent.view().parked[0].client.as_ref().unwrap();
    assert_eq!(parked.caller.number.is_none(), forgets, "who waits there");
    world.tapes.clear();
    world.pbx.forget();
    world.intend(Intent::TakeParked { place: "701".into() });
    let invite = world.pbx.request("INVITE");
    let ok = world.pbx.reply_with(&invite, 200, FIRST_CLIENT, Some(ALAW));
    world.hears(&ok);
    assert_eq!((world.recording(), world.tape()), (Some(RecordingState::Refused), vec![]), "{forgets}");
}

#[test]
fn a_client_is_forgotten_as_soon_as_it_is_written_what_became_of_the_recording() {
    for (first, last) in [
        (None, Some((TapeNews::Ended { complete: true }, RecordingResult::Complete))),
        (Some(TapeNews::Fault(RecordingFault::DiskFull)), None),
    ] {
        let mut world = always();
        let mut leg = world.talk();
        first.into_iter().for_each(|news| world.tells(news));
        world.hang_up_theirs(&mut leg);
        world.handle(Input::Forget);
        if let Some((news, result)) = last {
            world.tells(news);
            assert_eq!(world.kept().result, Some(result));
            assert!(world.the_entry().caller.number.is_some(), "the entry is whole");
        }
        world.conclude(&leg, "passed_on");
        assert_eq!(world.refusals(), [(None, Refusal::NoSuchLine)], "{first:?}");
    }
}

#[test]
fn what_was_recorded_before_a_fault_can_still_be_refused() {
    for fault in [RecordingFault::DiskFull, RecordingFault::NotWritten] {
        let mut world = always();
        world.talk();
        world.tells(TapeNews::Fault(fault));
        world.intend(Intent::RefuseRecording { line: LINE });
        assert_eq!(world.recording(), Some(RecordingState::Refused), "{fault:?}");
        assert_eq!(world.tape(), [TapeCommand::Begin, TapeCommand::Discard], "{fault:?}");
        world.tells(TapeNews::Discarded);
        assert_eq!(world.kept().result, Some(RecordingResult::Refused), "{fault:?}");
    }
}

#[test]
fn what_is_refused_after_a_fault_is_written_though_nothing_may_be_known_of_the_client_any_more() {
    let mut world = always();
    let mut leg = world.talk();
    world.tells(TapeNews::Fault(RecordingFault::DiskFull));
    world.intend(Intent::RefuseRecording { line: LINE });
    world.hang_up_theirs(&mut leg);
    world.handle(Input::Forget);
    world.tells(TapeNews::Discarded);
    assert_eq!(world.kept().result, Some(RecordingResult::Refused));
}

#[test]
fn a_fault_that_is_told_after_the_refusal_changes_nothing_of_it() {
    let mut world = always();
    world.talk();
    world.intend(Intent::RefuseRecording { line: LINE });
    world.tells(TapeNews::Fault(RecordingFault::DiskFull));
    let view = world.agent.view().lines[&LINE].recording.unwrap();
    assert_eq!((view.state, view.fault), (RecordingState::Refused, None));
    world.tells(TapeNews::Fault(RecordingFault::NotDeleted));
    let view = world.agent.view().lines[&LINE].recording.unwrap();
    assert_eq!((view.state, view.fault), (RecordingState::Refused, Some(RecordingFault::NotDeleted)));
}

#[test]
fn a_disk_that_fails_is_said_and_the_entry_says_that_the_recording_is_not_whole() {
    for (fault, state) in [
        (RecordingFault::DiskSlow, RecordingState::On),
        (RecordingFault::DiskFull, RecordingState::Failed),
        (RecordingFault::NotWritten, RecordingState::Failed),
    ] {
        let mut world = always();
        let mut leg = world.talk();
        world.tells(TapeNews::Fault(fault));
        let view = world.agent.view().lines[&LINE].recording.unwrap();
        assert_eq!((view.state, view.fault), (state, Some(fault)));
        world.hang_up_theirs(&mut leg);
        if state == RecordingState::On {
            world.tells(TapeNews::Ended { complete: false });
        }
        assert_eq!(world.kept().result, Some(RecordingResult::Incomplete), "{fault:?}");
    }
}

#[test]
fn a_telephone_that_cannot_record_says_why_and_the_call_goes_on() {
    let mut world = World::with(|config| {
        let rules = RecordingRules { when: When::Always, announce: Announce::Voice };
        config.recording = Some(RecordingConfig { rules, fault: Some(RecordingFault::NoKey) });
    });
    world.talk();
    let view = world.agent.view().lines[&LINE].recording.unwrap();
    assert_eq!((view.state, view.fault), (RecordingState::Failed, Some(RecordingFault::NoKey)));
    assert_eq!((world.tape(), world.the_entry().recording), (vec![], None));
}

#[test]
fn a_late_word_about_a_call_that_is_over_is_not_taken_for_the_next_one_on_its_line() {
    let mut world = always();
    let mut leg = world.talk();
    let first = world.tapes[0].1;
    world.hang_up_theirs(&mut leg);
    world.pbx.forget();
    world.talk();
    world.handle(Input::Tape { id: first, news: TapeNews::Fault(RecordingFault::DiskFull) });
    assert_eq!(world.recording(), Some(RecordingState::On));
    let of_first = world.records.iter().rfind(|record| record.id == first).unwrap();
    assert_eq!(of_first.recording.as_ref().unwrap().result, Some(RecordingResult::Incomplete));
}
