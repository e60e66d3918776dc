//! What presses mean in each state of the calls, and what is lit after each change of them.

use super::super::device::{Lights, Press};
use super::super::rules::{intent, lights};
use super::samples::*;
use crate::agent::{Event, Intent, View};
use crate::media::Codec;
use crate::phone::{self, CallOutcome, Caller, EndedBy, LineId, Side, TransferWay};
use std::time::Duration;

const FIRST: LineId = LineId(1);
const SECOND: LineId = LineId(2);

fn ringing(line: LineId) -> Event {
    let call_id = line.to_string();
    Event::Phone(phone::Event::RingingIn { line, call_id, caller: Caller::default(), replaces: None })
}

fn dialing(line: LineId) -> Event {
    Event::Phone(phone::Event::Dialing { line, call_id: line.to_string(), target: "201".into() })
}

fn answered(line: LineId) -> Event {
    let took = Duration::from_secs(3);
    Event::Phone(phone::Event::Answered { line, codec: Codec::Pcma, took, automatic: false })
}

fn held(line: LineId, by: Side) -> Event {
    Event::Phone(phone::Event::Held { line, by })
}

fn resumed(line: LineId, by: Side) -> Event {
    Event::Phone(phone::Event::Resumed { line, by })
}

fn muted(on: bool) -> Event {
    Event::Phone(phone::Event::Muted { on })
}

fn conference(lines: Option<[LineId; 2]>) -> Event {
    Event::Phone(phone::Event::Conference { lines })
}

fn passed_on(line: LineId) -> Event {
    let way = TransferWay::Blind;
    Event::Phone(phone::Event::TransferStarted { line, target: "201".into(), way })
}

fn ended(line: LineId) -> Event {
    Event::Phone(phone::Event::Ended {
        line,
        by: EndedBy::Them,
        outcome: CallOutcome::Completed,
        status: None,
        reason: None,
        retry_after: None,
        talked: Duration::from_secs(9),
    })
}

fn after(events: &[Event]) -> View {
    let mut view = View::default();
    events.iter().for_each(|event| view.follow(event));
    view
}

/// `r`ing, `o`ff hook, `m`ute, `h`old.
fn lit(text: &str) -> Lights {
    let has = |letter| text.contains(letter);
    Lights { ring: has('r'), off_hook: has('o'), mute: has('m'), hold: has('h') }
}

#[test]
fn the_button_hangs_up_on_whom_the_operator_turned_to_though_the_first_one_could_not_be_held() {
    let second = after(&[ringing(FIRST), answered(FIRST), ringing(SECOND), answered(SECOND)]);
    for press in [Press::OnHook, Press::Hook, Press::Drop] {
        assert_eq!(intent(&second, press, None), Some(Intent::HangUp { line: SECOND }), "{press:?}");
    }
    let dialled = after(&[ringing(SECOND), answered(SECOND), dialing(FIRST), answered(FIRST)]);
    assert_eq!(intent(&dialled, Press::OnHook, None), Some(Intent::HangUp { line: FIRST }));
    let back = after(&[ringing(FIRST), answered(FIRST), dialing(SECOND), ended(SECOND)]);
    assert_eq!(intent(&back, Press::OnHook, None), Some(Intent::HangUp { line: FIRST }));
}

/// One working day. The events are the same whoever caused them: screen, PBX, far end or headset.
#[test]
fn every_light_is_right_after_every_change_of_the_calls() {
    let day = [
        ("a client calls", ringing(FIRST), "r"),
        ("and gives up", ended(FIRST), ""),
        ("another calls", ringing(FIRST), "r"),
        ("is answered", answered(FIRST), "o"),
        ("the operator mutes", muted(true), "om"),
        ("holds while mute", held(FIRST, Side::Us), "omh"),
        ("resumes while mute", resumed(FIRST, Side::Us), "om"),
        ("speaks again", muted(false), "o"),
        ("holds", held(FIRST, Side::Us), "oh"),
        ("a second one calls while the first waits", ringing(SECOND), "roh"),
        ("who gives up", ended(SECOND), "oh"),
        ("the operator resumes", resumed(FIRST, Side::Us), "o"),
        ("the far end holds", held(FIRST, Side::Them), "o"),
        ("the far end resumes", resumed(FIRST, Side::Them), "o"),
        ("a second one calls", ringing(SECOND), "ro"),
        ("the operator mutes while it rings", muted(true), "rom"),
        ("and speaks again", muted(false), "ro"),
        ("the first one waits for the second", held(FIRST, Side::Us), "roh"),
        ("who is answered", answered(SECOND), "oh"),
        ("a swap: nobody speaks for a moment", held(SECOND, Side::Us), "oh"),
        ("the first one is back", resumed(FIRST, Side::Us), "oh"),
        ("both together", resumed(SECOND, Side::Us), "o"),
        ("in a conference", conference(Some([FIRST, SECOND])), "o"),
        ("that is mute", muted(true), "om"),
        ("and is over", conference(None), "om"),
        ("one hangs up", ended(SECOND), "om"),
        ("the other is passed on", passed_on(FIRST), "om"),
        ("with music", held(FIRST, Side::Us), "omh"),
        ("the mute ends with the calls", muted(false), "oh"),
        ("taken by a colleague", ended(FIRST), ""),
        ("the operator dials", dialing(FIRST), "o"),
        ("a client calls meanwhile", ringing(SECOND), "ro"),
        ("who is dialled answers", answered(FIRST), "ro"),
        ("and hangs up", ended(FIRST), "r"),
        ("the one who rang is answered", answered(SECOND), "o"),
        ("and asks for a colleague", held(SECOND, Side::Us), "oh"),
        ("who is dialled", dialing(FIRST), "oh"),
        ("and is not there", ended(FIRST), "oh"),
        ("the client hangs up", ended(SECOND), ""),
        ("the operator dials in vain", dialing(FIRST), "o"),
        ("busy", ended(FIRST), ""),
    ];
    let mut view = View::default();
    let mut headsets = [(DELL, SP325), (PLANTRONICS, BLACKWIRE), (GN_AUDIO, JABRA)]
        .map(|(vendor, sample)| (Worn::new(vendor, sample), std::collections::BTreeMap::new()));
    for (what, event, expected) in day {
        view.follow(&event);
        let expected = lit(expected);
        assert_eq!(lights(&view), expected, "{what}");
        for (worn, written) in &mut headsets {
            worn.later(1_000);
            written.extend(worn.shows(expected).into_iter().map(|report| (report[0], report[1])));
        }
        let [sp325, blackwire, jabra] = headsets.each_ref().map(|(_, written)| written);
        let Lights { ring, off_hook, mute, hold } = expected;
        let bits = |lights: &[bool]| lights.iter().rev().fold(0, |bits, on| bits << 1 | u8::from(*on));
        let one = |report| blackwire.get(&report).copied().unwrap_or_default();
        assert_eq!(sp325.get(&5).copied().unwrap_or_default(), bits(&[off_hook, mute, ring, hold]), "{what}");
        assert_eq!([one(23), one(9), one(24), one(32)], [off_hook, mute, ring, hold].map(u8::from), "{what}");
        assert_eq!(jabra.get(&2).copied().unwrap_or_default(), bits(&[ring, mute, off_hook]), "{what}");
    }
}

const PRESSES: [Press; 11] = [
    Press::OffHook,
    Press::OnHook,
    Press::Hook,
    Press::Mute,
    Press::MuteTo(true),
    Press::MuteTo(false),
    Press::Flash,
    Press::HoldTo(true),
    Press::HoldTo(false),
    Press::Redial,
    Press::Reject,
];

/// A state of the calls, and what each of `PRESSES` means in it; then drop.
type Row = (&'static str, Vec<Event>, [&'static str; 12]);

#[test]
fn every_press_means_what_it_should_in_every_state_of_the_calls() {
    let talks = || vec![ringing(FIRST), answered(FIRST)];
    let with = |mut events: Vec<Event>, more: &[Event]| {
        events.extend_from_slice(more);
        events
    };
    let no = "";
    let rows: [Row; 12] = [
        ("nobody", vec![], [no, no, no, no, no, no, no, no, no, "Dial", no, no]),
        (
            "a client rings",
            vec![ringing(FIRST)],
            ["Answer 1", no, "Answer 1", no, no, no, no, no, no, no, "Reject 1", "Reject 1"],
        ),
        (
            "a call is dialled",
            vec![dialing(FIRST)],
            [no, "HangUp 1", "HangUp 1", "Mute on", "Mute on", no, no, no, no, no, no, "HangUp 1"],
        ),
        (
            "a client talks",
            talks(),
            [
                no, "HangUp 1", "HangUp 1", "Mute on", "Mute on", no, "Hold 1", "Hold 1", no, no, no,
                "HangUp 1",
            ],
        ),
        (
            "the operator is mute",
            with(talks(), &[muted(true)]),
            [
                no, "HangUp 1", "HangUp 1", "Mute off", no, "Mute off", "Hold 1", "Hold 1", no, no, no,
                "HangUp 1",
            ],
        ),
        (
            "the client waits",
            with(talks(), &[held(FIRST, Side::Us)]),
            [
                "Resume 1", "Resume 1", "Resume 1", "Mute on", "Mute on", no, "Resume 1", no, "Resume 1", no,
                no, "HangUp 1",
            ],
        ),
        (
            "a second one rings while the first waits",
            with(talks(), &[held(FIRST, Side::Us), ringing(SECOND)]),
            [
                "Answer 2", "Answer 2", "Answer 2", "Mute on", "Mute on", no, "Answer 2", no, "Resume 1", no,
                "Reject 2", "HangUp 1",
            ],
        ),
        (
            "the client is on the way to a colleague",
            with(talks(), &[passed_on(FIRST), held(FIRST, Side::Us)]),
            ["Resume 1", no, no, "Mute on", "Mute on", no, "Resume 1", no, "Resume 1", no, no, no],
        ),
        (
            "a second one rings",
            with(talks(), &[ringing(SECOND)]),
            [
                "Answer 2", "HangUp 1", "Answer 2", "Mute on", "Mute on", no, "Answer 2", "Hold 1", no, no,
                "Reject 2", "HangUp 1",
            ],
        ),
        (
            "one talks, one waits",
            with(talks(), &[ringing(SECOND), held(FIRST, Side::Us), answered(SECOND)]),
            [no, "HangUp 2", "HangUp 2", "Mute on", "Mute on", no, "Swap", "Hold 2", no, no, no, "HangUp 2"],
        ),
        (
            "both wait",
            with(
                talks(),
                &[ringing(SECOND), held(FIRST, Side::Us), answered(SECOND), held(SECOND, Side::Us)],
            ),
            ["Swap", "Swap", "Swap", "Mute on", "Mute on", no, "Swap", no, "Swap", no, no, no],
        ),
        (
            "a conference",
            with(talks(), &[ringing(SECOND), answered(SECOND), conference(Some([FIRST, SECOND]))]),
            [no, "HangUp 2", "HangUp 2", "Mute on", "Mute on", no, no, no, no, no, no, "HangUp 2"],
        ),
    ];
    for (state, events, meanings) in rows {
        let view = after(&events);
        for (press, expected) in PRESSES.into_iter().chain([Press::Drop]).zip(meanings) {
            let meant = intent(&view, press, Some("201")).map_or_else(String::new, |intent| words(&intent));
            assert_eq!(meant, expected, "{press:?} while {state}");
        }
    }
}

#[test]
fn redial_calls_what_was_dialled_last_and_nobody_if_nothing_was() {
    let target = "+7 916 123-45-67".to_owned();
    assert_eq!(intent(&View::default(), Press::Redial, Some(&target)), Some(Intent::Dial { target }));
    assert_eq!(intent(&View::default(), Press::Redial, None), None);
}

fn words(intent: &Intent) -> String {
    let switch = |on: &bool| if *on { "on" } else { "off" };
    match intent {
        Intent::Answer { line } => format!("Answer {line}"),
        Intent::Reject { line, status: 486 } => format!("Reject {line}"),
        Intent::HangUp { line } => format!("HangUp {line}"),
        Intent::Hold { line } => format!("Hold {line}"),
        Intent::Resume { line } => format!("Resume {line}"),
        Intent::Swap => "Swap".into(),
        Intent::Mute { on } => format!("Mute {}", switch(on)),
        Intent::Dial { target } if target == "201" => "Dial".into(),
        other => format!("{other:?}"),
    }
}
