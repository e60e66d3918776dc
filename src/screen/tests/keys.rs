//! Every key of the design sheet in every state.

use super::*;
use crate::agent::RecordingState;
use std::fmt::Write as _;

/// Those that every state has for itself.
const KEYS: [&str; 36] = [
    "F1",
    "F2",
    "F3",
    "F4",
    "Shift+F4",
    "F5",
    "Shift+F5",
    "Ctrl+Shift+F5",
    "F6",
    "F7",
    "F8",
    "F9",
    "F10",
    "F12",
    "Shift+F1",
    "Shift+F2",
    "Shift+F7",
    "Ctrl+J",
    "Ctrl+F4",
    "Alt+F2",
    "Alt+F3",
    "Alt+1",
    "Alt+9",
    "Ctrl+B",
    "Ctrl+N",
    "Ctrl+Shift+D",
    "Ctrl+O",
    "Ctrl+Shift+O",
    "Ctrl+R",
    "Ctrl+U",
    "1",
    "9",
    "Enter",
    "Ctrl+Enter",
    "Shift+Enter",
    "Esc",
];

/// Those that are everywhere the same.
const EVERYWHERE: [(&str, Wish); 11] = [
    ("Ctrl+K", Wish::Focus(Field::Palette)),
    ("Ctrl+D", Wish::Focus(Field::Dial)),
    ("Ctrl+L", Wish::Focus(Field::Card)),
    ("Ctrl+3", Wish::Focus(Field::Calls)),
    ("F11", Wish::Region { back: false }),
    ("Shift+F11", Wish::Region { back: true }),
    ("Ctrl+plus", Wish::Zoom('+')),
    ("Ctrl+=", Wish::Zoom('+')),
    ("Ctrl+-", Wish::Zoom('-')),
    ("Ctrl+0", Wish::Zoom('0')),
    ("Ctrl+Shift+L", Wish::NextTheme),
];

/// A window in each state, with what of it is to be seen.
fn states() -> Vec<(&'static str, World)> {
    let talking = || {
        let mut world = World::new();
        world.talks(FIRST, HANBIT);
        world.card(FIRST, vec![hanbit()]);
        world.pass(1);
        world
    };
    let changed = |change: &dyn Fn(&mut World)| {
        let mut world = talking();
        change(&mut world);
        world
    };
    let with = |change: &dyn Fn(&mut World)| {
        let mut world = World::new();
        change(&mut world);
        world
    };
    let held = |world: &mut World| world.phone(phone::Event::Held { line: FIRST, by: Side::Us });
    vec![
        ("ready", World::new()),
        ("break", with(&|world| world.act(Act::Break(0)))),
        ("no line", with(&|world| world.phone(no_answer_from_pbx(8)))),
        ("ringing", with(&|world| world.rings(FIRST, HANBIT))),
        (
            "several ring",
            with(&|world| {
                world.rings(FIRST, HANBIT);
                world.card(FIRST, vec![hanbit(), client("Alpha", "petrov")]);
            }),
        ),
        (
            "several talk",
            with(&|world| {
                world.talks(FIRST, HANBIT);
                world.card(FIRST, vec![hanbit(), client("Alpha", "petrov")]);
            }),
        ),
        ("dialling", with(&|world| world.dials(FIRST, OTHER))),
        ("talking", talking()),
        ("keypad", changed(&|world| world.press("F6"))),
        ("recording", changed(&|world| world.recording(RecordingState::On))),
        ("recording paused", changed(&|world| world.recording(RecordingState::Paused))),
        ("hold", changed(&held)),
        ("passing", changed(&|world| world.passing(FIRST, "201"))),
        ("choosing", changed(&|world| world.press("F8"))),
        ("passing with return", changed(&|world| world.passing_with_return(FIRST, "201"))),
        (
            "consulting",
            changed(&|world| {
                world.dials(SECOND, "302");
                held(world);
                world.answered(SECOND);
                world.pass(1);
            }),
        ),
        ("second rings", changed(&|world| world.rings(SECOND, OTHER))),
        (
            "two calls",
            changed(&|world| {
                world.rings(SECOND, OTHER);
                held(world);
                world.answered(SECOND);
            }),
        ),
        (
            "wrap-up",
            changed(&|world| {
                world.ended(FIRST, CallOutcome::Completed, 5);
                world.pass(1);
            }),
        ),
        ("looked up", with(&|world| world.looks_up(hanbit()))),
        ("looked up in a call", changed(&|world| world.looks_up(client("Alpha", "petrov")))),
        ("empty order", {
            let mut world = orders::talking();
            world.press("F1");
            world
        }),
        ("order", {
            let mut world = orders::talking();
            world.press("F1");
            world.act(Act::OrderTyped("3 tea".into()));
            world.act(Act::OrderEnter);
            world
        }),
    ]
}

#[test]
fn a_key_does_what_the_sheet_says_and_nothing_elsewhere() {
    let mut sheet = String::new();
    for (name, _) in states() {
        writeln!(sheet, "{name}").unwrap();
        for key in KEYS {
            let (_, mut world) = states().into_iter().find(|(state, _)| *state == name).unwrap();
            world.wishes.clear();
            let before = world.shown();
            world.press(key);
            let wishes: Vec<String> = world.wishes.iter().map(|wish| format!("{wish:?}")).collect();
            let does = wishes.join(" ");
            if !does.is_empty() {
                writeln!(sheet, "  {key}: {does}").unwrap();
            } else if world.shown() != before {
                writeln!(sheet, "  {key}: changes the picture").unwrap();
            }
        }
    }
    if let Some(file) = std::env::var_os("PATCHCORD_WRITE_KEYS") {
        std::fs::write(file, &sheet).unwrap();
    }
    assert_eq!(sheet, include_str!("keys.txt"));
}

#[test]
fn the_keyboard_reaches_every_region_in_every_state() {
    for (name, mut world) in states() {
        for (key, wish) in EVERYWHERE {
            world.wishes.clear();
            world.press(key);
            assert_eq!(world.wishes, [wish], "{name}: {key}");
        }
    }
}

#[test]
fn every_key_that_is_printed_or_hinted_works() {
    for (name, world) in states() {
        let shown = world.shown();
        let verbs = shown.lists.verbs.iter().filter(|verb| verb.enabled).map(|verb| verb.key.clone());
        let keys: Vec<String> = verbs.chain(shown.lists.hints.iter().map(|hint| hint.key.clone())).collect();
        assert!(!keys.is_empty(), "{name}");
        for key in keys.into_iter().filter(|key| !key.is_empty()) {
            let (_, mut world) = states().into_iter().find(|(state, _)| *state == name).unwrap();
            world.wishes.clear();
            world.press(&key);
            assert!(!world.wishes.is_empty() || world.shown() != shown, "{name}: {key}");
        }
    }
}
