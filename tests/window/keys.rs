//! Each key of the sheet does its act in its states and nothing elsewhere, wherever the keyboard is.

use crate::day::{Day, STATES, Turn, day_in};
use crate::stage::Role;
use patchcord::agent::Intent;
use patchcord::text::Language;
use std::time::Duration;

/// An intent, to be read and compared.
pub fn words(intent: &Intent) -> String {
    match intent {
        Intent::Answer { line } => format!("answer {line}"),
        Intent::Reject { line, .. } => format!("reject {line}"),
        Intent::HangUp { line } => format!("hang up {line}"),
        Intent::Hold { line } => format!("hold {line}"),
        Intent::Resume { line } => format!("resume {line}"),
        Intent::Mute { on } => format!("mute {on}"),
        Intent::PassTo { line, target } => format!("pass {line} to {target}"),
        Intent::PassOn { line, chain } => format!("pass {line} on by rule {}", chain.rule),
        Intent::Join { line, with } => format!("join {line} with {with}"),
        Intent::BlindTransfer { line, target } => format!("pass {line} blindly to {target}"),
        Intent::Conclude { result, .. } => format!("conclude {result}"),
        Intent::Digits { digits, .. } => format!("digits {digits}"),
        Intent::Dial { target } => format!("dial {target}"),
        Intent::Consult { line, target } => format!("consult {target} about {line}"),
        Intent::TakeCalls { on } => format!("take calls {on}"),
        Intent::Conference { on } => format!("conference {on}"),
        Intent::Register => "register".into(),
        Intent::PickUp { extension } => format!("pick up {extension}"),
        Intent::Park { line } => format!("park {line}"),
        Intent::TakeParked { place } => format!("take back {place}"),
        Intent::BeAway { reason: Some(_) } => "pause".into(),
        Intent::BeAway { reason: None } => "end the pause".into(),
        Intent::Record { line } => format!("record {line}"),
        Intent::PauseRecording { line, on } => format!("pause the recording of {line} {on}"),
        Intent::RefuseRecording { line } => format!("not record {line}"),
        Intent::Unregister
        | Intent::Probe { .. }
        | Intent::Watch { .. }
        | Intent::Swap
        | Intent::Pick { .. }
        | Intent::Note { .. }
        | Intent::JoinQueue { .. }
        | Intent::ChooseClient { .. }
        | Intent::LookUp { .. } => "other".into(),
    }
}

fn did(day: &Day) -> Vec<String> {
    day.intents().iter().map(words).collect()
}

const KEYS: [&str; 14] = [
    "F2",
    "F3",
    "F4",
    "Shift+F4",
    "F5",
    "F6",
    "F8",
    "Shift+F8",
    "F10",
    "F12",
    "Shift+F12",
    "Alt+F2",
    "Alt+F3",
    "Alt+1",
];

/// To keys, they are states that stand here already.
const LIKE_OTHERS: [&str; 13] = [
    "order",
    "order-agreeing",
    "order-placed",
    "ringing-new",
    "ringing-several",
    "transfer-list",
    "came-back",
    "no-devices",
    "what-it-is-about",
    "lines",
    "returned",
    "handed-over",
    "queue-still-sends",
];

/// What a key asks the telephone for, or what it opens; empty: nothing.
fn act(state: &str, key: &str) -> &'static str {
    let talks = ["talking", "muted", "keypad", "second-rings"];
    match (state, key) {
        ("ringing", "F2") => "answer 1",
        ("ringing", "F3") => "reject 1",
        ("dialling" | "hold" | "passing", "F3") => "hang up 1",
        ("hold" | "passing", "F4") => "resume 1",
        ("hold", "F8") => "opens the list",
        ("hold", "Alt+1") => "pass 1 to 201",
        ("muted", "F5") => "mute false",
        ("second-rings", "Alt+F2") => "answer 2",
        ("second-rings", "Alt+F3") => "reject 2",
        ("two-calls", "F3") => "hang up 2",
        ("two-calls", "F4") => "hold 2",
        ("two-calls", "F5") => "mute true",
        ("two-calls", "F6") => "turns the keypad",
        ("two-calls", "F8") => "opens the list",
        ("two-calls", "Shift+F4") => "resume 1",
        ("two-calls", "Alt+1") => "pass 2 to 201",
        ("chain", "F3") => "hang up 1",
        ("chain", "F4") => "resume 1",
        ("chain", "F8") => "opens the list",
        ("chain", "Alt+1") => "pass 1 to 201",
        ("consulting", "F3") => "hang up 2",
        ("consulting", "F4") => "hold 2",
        ("consulting", "Shift+F4") => "resume 1",
        ("consulting", "Alt+1") => "pass 1 to 201",
        ("conference", "F3") => "hang up 1",
        ("conference", "F4") => "hold 1",
        ("conference", "Shift+F4") => "resume 2",
        ("conference", "Alt+1") => "pass 1 to 201",
        ("consulting" | "conference", "F5") => "mute true",
        ("consulting" | "conference", "F6") => "turns the keypad",
        ("consulting" | "conference", "F8") => "join 1 with 2",
        ("wrap-up", "F10") => "conclude information, take calls true, end the pause",
        ("two-calls", "Shift+F8") => "park 2",
        ("hold" | "conference" | "consulting", "Shift+F8") => "park 1",
        ("office", "F12") => "pick up 203",
        ("office", "Shift+F12") => "take back 702",
        (state, key) if talks.contains(&state) => match key {
            "F3" => "hang up 1",
            "F4" => "hold 1",
            "F5" => "mute true",
            "F6" => "turns the keypad",
            "F8" => "opens the list",
            "Shift+F8" => "park 1",
            "Alt+1" => "pass 1 to 201",
            _ => "",
        },
        _ => "",
    }
}

/// Where the keyboard is before a key is pressed.
const PLACES: [(&str, Turn); 3] = [
    ("nowhere", |_| {}),
    ("in a field", |day| day.click(Role::TextInput, "Dial")),
    ("in a list", |day| day.press("Ctrl+3")),
];

/// In one window as far as it goes: what the telephone is asked for changes nothing until it answers.
fn presses_in((name, place): (&str, Turn)) {
    for state in STATES.iter().filter(|state| !LIKE_OTHERS.contains(&state.name)) {
        let begin = || {
            let day = day_in(state.name, Language::English);
            place(&day);
            day.intents();
            day
        };
        let mut day = begin();
        for key in KEYS {
            let (keyboard, keypad) = (day.keyboard(), key == "F6" && has_keypad(&day));
            day.press(key);
            let does = did(&day).join(", ");
            let context = format!("{}, {name}: {key}", state.name);
            match act(state.name, key) {
                "" => {
                    assert_eq!(does, "", "{context}");
                    assert_eq!(day.keyboard(), keyboard, "{context}");
                }
                "opens the list" => {
                    let field = (Role::TextInput, "Name, department or number".to_owned());
                    assert_eq!(day.keyboard(), Some(field), "{context}");
                    day = begin();
                }
                "turns the keypad" => {
                    assert_ne!(has_keypad(&day), keypad, "{context}");
                    day = begin();
                }
                expected => assert_eq!(does, expected, "{context}"),
            }
        }
    }
}

fn has_keypad(day: &Day) -> bool {
    day.find(Role::Groupbox, "Keypad").is_some()
}

#[test]
fn keys_act_with_the_keyboard_nowhere() {
    presses_in(PLACES[0]);
}

#[test]
fn keys_act_while_something_is_typed() {
    presses_in(PLACES[1]);
}

#[test]
fn keys_act_from_within_a_list() {
    presses_in(PLACES[2]);
}

#[test]
fn keys_that_go_somewhere_go_there() {
    let day = day_in("talking", Language::English);
    let is_in = |role, label: &str| assert_eq!(day.keyboard(), Some((role, label.to_owned())));
    day.press("Ctrl+D");
    is_in(Role::TextInput, "Dial");
    day.press("F8");
    is_in(Role::TextInput, "Name, department or number");
    day.press("Ctrl+3");
    assert_eq!(day.keyboard().map(|(role, _)| role), Some(Role::ListItem));
    day.press("Ctrl+K");
    is_in(Role::TextInput, "Commands, people, numbers and clients");
}

#[test]
fn f11_goes_from_region_to_region_and_back() {
    let day = day_in("talking", Language::English);
    let mut seen = Vec::new();
    for _ in 0..4 {
        day.press("F11");
        seen.push(day.keyboard());
    }
    assert_eq!(seen.iter().filter(|place| place.is_some()).count(), 4, "{seen:?}");
    day.press("Shift+F11");
    assert_eq!(day.keyboard(), seen[2]);
}

#[test]
fn looks_change_by_keys() {
    let day = day_in("ready", Language::English);
    let width = || day.sees(Role::Groupbox, "Current call").place[2];
    assert_eq!((width(), day.scale()), (288.0, 1.0));
    day.press("Ctrl+plus");
    assert!((day.scale() - 1.1).abs() < 0.001, "{}", day.scale());
    day.press("Ctrl+0");
    assert_eq!(day.scale(), 1.0);
    let before = day.picture();
    day.press("Ctrl+Shift+L");
    day.press("Ctrl+Shift+L");
    assert!(before.as_slice() != day.picture().as_slice(), "dark");
}

#[test]
fn commands_work_whatever_layout_the_keyboard_has() {
    for key in ["Ctrl+k", "Ctrl+л", "Ctrl+ㅏ"] {
        let day = day_in("ready", Language::Russian);
        day.press(key);
        assert!(day.find(Role::Groupbox, day.say("Commands")).is_some(), "{key}");
    }
}

#[test]
fn the_palette_opens_filters_and_runs() {
    let day = day_in("talking", Language::English);
    day.press("Ctrl+D");
    day.press("Ctrl+K");
    day.type_text("mut");
    let rows: Vec<String> = day
        .elements()
        .into_iter()
        .filter(|one| one.role == Role::ListItem && one.label.contains("F5"))
        .map(|one| one.label)
        .collect();
    assert_eq!(rows, ["Mute, F5"]);
    day.press("Enter");
    assert_eq!(did(&day), ["mute true"]);
    assert!(day.find(Role::Groupbox, "Commands").is_none());
    day.press("Ctrl+K");
    day.type_text("иванова");
    day.press("Enter");
    assert_eq!(did(&day), ["pass 1 to 203"]);
}

#[test]
fn arrows_choose_in_the_palette_and_escape_closes_it() {
    let day = day_in("ready", Language::English);
    day.press("Ctrl+K");
    let chosen = |day: &Day| {
        day.elements().into_iter().find(|one| one.role == Role::ListItem && one.selected).map(|one| one.label)
    };
    let first = chosen(&day);
    day.press("Down");
    assert!(first.is_some() && chosen(&day).is_some() && chosen(&day) != first);
    day.press("Esc");
    assert!(day.find(Role::Groupbox, "Commands").is_none());
    day.press("F3");
    assert_eq!(did(&day), [""; 0]);
}

#[test]
fn a_digit_says_what_the_call_came_to() {
    let day = day_in("wrap-up", Language::English);
    day.press("2");
    assert_eq!(did(&day), [""; 0], "it may have been meant for the call");
    day.pass(Duration::from_secs(2));
    day.press("2");
    assert_eq!(did(&day)[0], "conclude order");
    let day = day_in("wrap-up", Language::English);
    day.click(Role::ListItem, "complaint, 5");
    assert_eq!(did(&day)[0], "conclude complaint");
}

#[test]
fn digits_go_out_while_the_keypad_is_open_and_escape_only_closes_it() {
    let day = day_in("talking", Language::English);
    day.press("F6");
    day.press("1");
    day.press("#");
    day.click(Role::Button, "5");
    assert_eq!(did(&day), ["digits 1", "digits #", "digits 5"]);
    day.sees(Role::Text, "Digits sent: 1#5");
    day.press("Esc");
    assert!(day.find(Role::Groupbox, "Keypad").is_none());
    assert_eq!(did(&day), [""; 0]);
}

#[test]
fn nothing_stands_between_the_operator_and_the_call() {
    let openings: [(&str, Turn); 4] = [
        ("line menu", |day| day.click(Role::Button, "Line: On a call")),
        ("palette", |day| day.press("Ctrl+K")),
        ("keypad", |day| day.press("F6")),
        ("settings", |day| day.click(Role::Button, "Settings")),
    ];
    for (name, open) in openings {
        let day = day_in("talking", Language::English);
        open(&day);
        assert!(day.find(Role::Button, "Hang up").is_some_and(|verb| verb.enabled), "{name}");
        day.press("F3");
        assert_eq!(did(&day), ["hang up 1"], "{name}");
    }
    let day = day_in("talking", Language::English);
    day.click(Role::Button, "Settings");
    day.resize(1280, 1400);
    assert!(!day.sees(Role::Button, "Set up again…").enabled, "it would cover the call");
}

#[test]
fn the_line_menu_goes_by_keys() {
    let day = day_in("ready", Language::English);
    day.press("F11");
    let mut turns = 0;
    while day.keyboard() != Some((Role::Button, "Line: Ready".into())) {
        day.press("F11");
        turns += 1;
        assert!(turns < 5, "{:?}", day.keyboard());
    }
    day.press("Enter");
    day.press("Down");
    day.press("Enter");
    assert_eq!(did(&day), ["take calls false", "pause"]);
    day.sees(Role::Text, "On a break: lunch");
}
