//! Each state of the sheet is told by a word, and offers its verbs with their keys; in every language.

use crate::day::{Day, FIRST, HANBIT, OTHER, SECOND, STATES, day_in, hanbit};
use crate::stage::{Element, Role};
use patchcord::agent::{Intent, RecordingState};
use patchcord::media::AudioDirection;
use patchcord::phone::{CallOutcome, Event as Phone};
use patchcord::screen::{Act, Wish};
use patchcord::text::{Catalogue, Language, say};
use slint::SharedPixelBuffer;

/// The state's word and its verbs, the important ones first.
fn sheet(state: &str, cat: &Catalogue) -> (String, Vec<(&'static str, &'static str)>) {
    let word = |text| cat.get(text).to_owned();
    let talking =
        vec![("Hold", "F4"), ("Hang up", "F3"), ("Mute", "F5"), ("Keypad", "F6"), ("Transfer", "F8")];
    match state {
        "ready" | "office" => (word("Waiting for a call"), vec![("Break", "Ctrl+B")]),
        "break" | "queue-still-sends" => {
            let reason = say!(cat, "On a break: {reason}", reason = word("lunch"));
            (reason, vec![("Back to work", "Ctrl+B")])
        }
        "no-line" => (word("No line"), vec![("Retry now", "")]),
        "ringing" | "ringing-new" | "ringing-several" | "handed-over" => {
            (word("Ringing"), vec![("Answer", "F2"), ("Reject", "F3")])
        }
        "dialling" => (word("Calling"), vec![("Cancel", "F3")]),
        "muted" => {
            let mut verbs = talking;
            verbs[2] = ("Unmute", "F5");
            (word("On a call"), verbs)
        }
        "hold" => (word("On hold"), vec![("Resume", "F4"), ("Hang up", "F3"), ("Transfer", "F8")]),
        "passing" => {
            let word = say!(cat, "Passing to {target}", target = "김서연");
            (word, vec![("Take back", "F4"), ("Hang up", "F3")])
        }
        "chain" => {
            let word = say!(cat, "Passing to {target}", target = "Orlova Maria");
            (word, vec![("Take back", "F4"), ("Hang up", "F3"), ("Somebody else", "F8")])
        }
        "consulting" => (
            word("On a call"),
            vec![("Join", "F8"), ("Hang up", "F3"), ("Swap", "Shift+F4"), ("Conference", "F9")],
        ),
        "conference" => (word("In a conference"), vec![("Join", "F8"), ("End the conference", "F9")]),
        "wrap-up" => (word("Wrap-up"), vec![("Finish", "F10")]),
        _ => (word("On a call"), talking),
    }
}

fn call_card(day: &Day) -> Element {
    let begin = format!("{}: ", day.say("Current call"));
    day.elements()
        .into_iter()
        .find(|one| one.role == Role::Groupbox && one.label.starts_with(&begin))
        .unwrap()
}

fn every_state_says_its_word_in(language: Language) {
    let cat = Catalogue::new(language);
    for state in &STATES {
        let day = day_in(state.name, language);
        let (word, verbs) = sheet(state.name, &cat);
        let card = call_card(&day);
        let elements = day.elements();
        let told = |one: &Element| one.role == Role::Text && one.label == word && one.is_inside(&card);
        assert!(elements.iter().any(told), "{}: {word}", state.name);
        for (label, key) in verbs {
            let label = cat.get(label);
            let found = elements
                .iter()
                .find(|one| one.role == Role::Button && one.label == label && one.description == key);
            assert!(found.is_some_and(|verb| verb.enabled), "{}: {label} {key}", state.name);
        }
    }
}

#[test]
fn every_state_says_its_word_and_offers_its_verbs_in_english() {
    every_state_says_its_word_in(Language::English);
}

#[test]
fn every_state_says_its_word_and_offers_its_verbs_in_korean() {
    every_state_says_its_word_in(Language::Korean);
}

#[test]
fn every_state_says_its_word_and_offers_its_verbs_in_russian() {
    every_state_says_its_word_in(Language::Russian);
}

#[test]
fn who_calls_is_on_the_card_before_the_answer() {
    let day = day_in("ringing", Language::English);
    day.sees(Role::Text, "+7 495 555-01-42");
    assert_eq!(day.caption(), "Ringing: 한빛건설 Hanbit Build");
    day.sees(Role::Text, "Overdue debt: ₽1,284,000.00");
    day.sees(Role::Text, "No orders: debt");
}

#[test]
fn a_second_call_is_a_strip_above_the_first_and_changes_nothing_else() {
    let alone = day_in("talking", Language::English);
    let both = day_in("second-rings", Language::English);
    let strip = both.sees(Role::Groupbox, "+7 916 123-45-67 is calling");
    assert!(strip.place[1] + strip.place[3] <= call_card(&both).place[1], "above");
    assert_eq!(call_card(&alone).label, call_card(&both).label);
    both.click(Role::Button, "Answer");
    let intents: Vec<String> = both.intents().iter().map(crate::keys::words).collect();
    assert_eq!(intents, [format!("answer {SECOND}")]);
}

#[test]
fn a_client_who_comes_back_is_told_in_words() {
    let day = day_in("came-back", Language::English);
    let said = day.elements().into_iter().find(|one| one.label.contains("the client is back with you"));
    assert!(said.is_some(), "{:#?}", day.labels());
}

#[test]
fn what_is_wrong_stands_in_a_bar_that_covers_nothing() {
    let day = day_in("no-devices", Language::English);
    let bar = day.sees(Role::Groupbox, "There is no microphone. Plug one in; the call goes on.");
    assert!(bar.place[2] > 1200.0 && bar.place[1] + bar.place[3] <= call_card(&day).place[1], "{bar:?}");
    let day = day_in("no-line", Language::English);
    day.click(Role::Button, "Retry now");
    assert_eq!(day.intents().iter().map(crate::keys::words).collect::<Vec<_>>(), ["register"]);
}

#[test]
fn whatever_is_due_at_once_is_said_in_its_order() {
    let day = day_in("ready", Language::English);
    let heard = |day: &Day| {
        let said = day.elements().into_iter().filter(|one| one.id == "OperatorWindow::announcement");
        said.map(|one| one.label.trim_end_matches('\u{200b}').to_owned()).collect::<String>()
    };
    day.rings(FIRST, HANBIT);
    day.card(FIRST, vec![hanbit()]);
    day.answered(FIRST);
    let mut said = vec![heard(&day)];
    for _ in 0..40 {
        day.settle();
        let now = heard(&day);
        if said.last() != Some(&now) {
            said.push(now);
        }
    }
    let (number, name) = ("+7 495 555-01-42", "한빛건설 Hanbit Build");
    let all = [format!("{number} is calling"), format!("{name} is calling"), format!("On a call: {name}")];
    assert_eq!(said, all);
}

#[test]
fn who_hears_whom_badly_is_seen_read_and_said_once_when_a_screen_reader_has_the_time() {
    let day = day_in("ready", Language::English);
    let said = |day: &Day, id: &str| {
        let said = day.elements().into_iter().filter(|one| one.id == format!("OperatorWindow::{id}"));
        said.map(|one| one.label.trim_end_matches('\u{200b}').to_owned()).collect::<String>()
    };
    day.is_heard_badly();
    (0..40).for_each(|_| day.settle());
    let words = "The client hears you badly: packets are lost on the way. A cable instead of Wi-Fi helps, and no downloads on this network.";
    assert_eq!(said(&day, "mention"), words);
    assert!(!said(&day, "announcement").contains("badly"), "it interrupts nobody");
    day.sees(Role::Text, "The client hears you badly: packets are lost on the way.");
    day.sees(Role::Text, "You are heard: bad (2.4)");
    let direction = AudioDirection::Out;
    day.phone(Phone::GoodAudio { line: FIRST, direction });
    (0..40).for_each(|_| day.settle());
    assert_eq!(said(&day, "mention"), "The client hears you well again");
}

#[test]
fn the_desktop_points_at_the_window_while_it_rings() {
    let day = day_in("ready", Language::English);
    assert!(!day.asks_for_attention());
    day.rings(FIRST, HANBIT);
    assert!(day.asks_for_attention());
    day.answered(FIRST);
    assert!(!day.asks_for_attention());
    day.rings(SECOND, OTHER);
    assert!(day.asks_for_attention(), "a second caller is as easily missed");
    day.ends(SECOND, CallOutcome::Missed);
    assert!(!day.asks_for_attention());
}

#[test]
fn the_edge_of_a_ringing_call_pulses_unless_motion_is_unwanted() {
    let looks = |day: &Day| {
        let mut pictures = Vec::new();
        for _ in 0..5 {
            (0..4).for_each(|_| day.settle());
            let picture = day.picture();
            if pictures.last().is_none_or(|last: &SharedPixelBuffer<_>| last.as_slice() != picture.as_slice())
            {
                pictures.push(picture);
            }
        }
        pictures.len()
    };
    let day = day_in("ringing", Language::English);
    assert!((3..=4).contains(&looks(&day)), "once a second, on and off");
    day.act(Act::Settings);
    day.click(Role::Switch, "Less motion");
    assert!(day.sees(Role::Switch, "Less motion").checked);
    assert_eq!(looks(&day), 1);
    assert_eq!(looks(&day_in("talking", Language::English)), 1, "nothing else moves");
}

#[test]
fn another_language_is_spoken_at_once_everywhere() {
    for to in [Language::Korean, Language::Russian] {
        let day = day_in("talking", Language::English);
        day.click(Role::Button, "Settings");
        let (before, cat) = (day.elements(), Catalogue::new(to));
        let name = if to == Language::Korean { "한국어" } else { "Русский" };
        day.click(Role::RadioButton, name);
        let after = day.elements();
        let mut changed = 0;
        for element in &before {
            let other = cat.get(&element.label);
            if other != element.label {
                changed += 1;
                assert!(after.iter().any(|one| one.label == other), "{other} is missing");
                assert!(
                    !after.iter().any(|one| one.label == element.label),
                    "{} is still there",
                    element.label
                );
            }
        }
        assert!(changed > 40, "{changed} texts");
    }
}

#[test]
fn nothing_takes_the_keyboard_unasked() {
    for state in &STATES {
        let day = Day::new(Language::English);
        (state.enter)(&day);
        let took = day.wishes().into_iter().find(|wish| matches!(wish, Wish::Focus(_)));
        let asked = matches!(
            state.name,
            "transfer-list"
                | "keypad"
                | "what-it-is-about"
                | "consulting"
                | "conference"
                | "order"
                | "order-agreeing"
                | "order-placed"
        );
        assert!(asked || took.is_none(), "{}: {took:?}", state.name);
    }
}

#[test]
fn a_recording_stands_in_words_and_its_button_pauses_it_in_every_language() {
    for language in Language::ALL {
        let day = Day::new(language);
        day.talks();
        day.recording(RecordingState::On);
        let stands = |words: &str| day.elements().iter().any(|one| one.label.contains(day.say(words)));
        assert!(stands("Recording"), "{language:?}");
        day.intents();
        day.click(Role::Button, day.say("Pause the recording"));
        assert_eq!(day.intents(), [Intent::PauseRecording { line: FIRST, on: true }], "{language:?}");
        day.recording(RecordingState::Paused);
        assert!(stands("Recording paused: nothing is recorded now"), "{language:?}");
        day.press("Shift+F5");
        assert_eq!(day.intents(), [Intent::PauseRecording { line: FIRST, on: false }], "{language:?}");
        day.recording(RecordingState::On);
        day.press("Ctrl+Shift+F5");
        assert_eq!(day.intents(), [Intent::RefuseRecording { line: FIRST }], "{language:?}");
    }
}
