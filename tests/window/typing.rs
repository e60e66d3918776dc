//! Whatever is being typed is finished by whoever began it.

use crate::day::{Day, FIRST, HANBIT, OTHER, SECOND, Turn, client, day_in, hanbit};
use crate::stage::Role;
use patchcord::agent::Intent;
use patchcord::phone::{CallOutcome, Event};
use patchcord::text::Language;
use std::time::Duration;

const TEXTS: [[&str; 2]; 3] = [["Kim Seo", "yeon"], ["Иванова ", "Алёна"], ["김서", "연이"]];

/// A client calls, his card comes, he gives up, and time passes.
fn a_client_calls(day: &Day) {
    day.rings(SECOND, OTHER);
    day.card(SECOND, vec![client("Ромашка", "kim")]);
    day.pass(Duration::from_secs(3));
    day.settle();
    day.ends(SECOND, CallOutcome::Missed);
}

fn typed_around(day: &Day, label: &str, happens: Turn) {
    let field = (Role::TextInput, label.to_owned());
    for [before, after] in TEXTS {
        day.click(Role::TextInput, label);
        day.press("Ctrl+a");
        day.type_text(before);
        // The place in the text must stay as well.
        day.press("Left");
        happens(day);
        assert_eq!(day.keyboard(), Some(field.clone()), "{before}");
        day.type_text(after);
        let mut expected: Vec<char> = before.chars().collect();
        let last = expected.pop().unwrap();
        expected.extend(after.chars());
        expected.push(last);
        let value = day.sees(Role::TextInput, label).value;
        assert_eq!(value, expected.into_iter().collect::<String>());
    }
}

#[test]
fn a_ring_does_not_interrupt_the_dial_field() {
    typed_around(&day_in("ready", Language::English), "Dial", |day| {
        day.rings(FIRST, HANBIT);
        day.card(FIRST, vec![hanbit()]);
        day.pass(Duration::from_secs(3));
        day.settle();
        day.ends(FIRST, CallOutcome::Missed);
    });
}

#[test]
fn a_second_ring_does_not_interrupt_the_search_for_a_colleague() {
    typed_around(&day_in("talking", Language::Korean), "이름, 부서 또는 번호", a_client_calls);
}

#[test]
fn a_second_ring_does_not_interrupt_the_note_about_the_call() {
    typed_around(&day_in("talking", Language::Korean), "통화 메모", a_client_calls);
}

#[test]
fn a_note_is_written_in_lines_and_finished_after_the_client_has_hung_up() {
    let day = day_in("talking", Language::English);
    let (note, said) =
        ("Note about the call", |day: &Day| day.sees(Role::TextInput, "Note about the call").value);
    day.press("Ctrl+n");
    assert_eq!(day.keyboard(), Some((Role::TextInput, note.to_owned())));
    day.type_text("pays");
    day.press("Enter");
    day.type_text("on Mon");
    day.ends(FIRST, CallOutcome::Completed);
    day.settle();
    assert_eq!(
        day.keyboard(),
        Some((Role::TextInput, note.to_owned())),
        "the client is gone, the note is not"
    );
    day.type_text("day1");
    assert_eq!(said(&day), "pays\non Monday1", "a digit is no result here");
    let wrote = day.intents().into_iter().rev().find_map(|intent| match intent {
        Intent::Note { note, .. } => Some(note),
        _ => None,
    });
    assert_eq!(wrote.as_deref(), Some("pays\non Monday1"));
    day.press("F10");
    day.settle();
    assert_ne!(day.keyboard().map(|(role, _)| role), Some(Role::TextInput));
}

#[test]
fn what_is_typed_about_one_client_does_not_go_on_about_another() {
    let day = day_in("talking", Language::English);
    day.rings(SECOND, OTHER);
    day.press("Ctrl+n");
    day.type_text("pays");
    day.ends(FIRST, CallOutcome::Completed);
    day.settle();
    day.type_text("on Monday");
    assert_eq!(day.sees(Role::TextInput, "Note about the call").value, "");
}

#[test]
fn a_lost_line_does_not_interrupt_either() {
    typed_around(&day_in("talking", Language::Russian), "Имя, отдел или номер", |day| {
        day.loses_line();
        day.pass(Duration::from_secs(2));
        day.registered();
    });
}

#[test]
fn a_ring_does_not_close_the_palette() {
    typed_around(&day_in("ready", Language::English), "Dial", |_| {});
    let day = day_in("ready", Language::English);
    day.press("Ctrl+K");
    day.type_text("Ива");
    a_client_calls(&day);
    day.type_text("нова");
    assert_eq!(day.sees(Role::TextInput, "Commands, people, numbers and clients").value, "Иванова");
}

#[test]
fn a_number_is_grouped_as_it_is_typed_and_dialled_by_enter() {
    let day = day_in("ready", Language::English);
    day.press("Ctrl+D");
    day.type_text("89161234567");
    assert_eq!(day.sees(Role::TextInput, "Dial").value, "8 916 123-45-67");
    day.press("Enter");
    assert_eq!(day.intents().iter().map(crate::keys::words).collect::<Vec<_>>(), ["dial 8 916 123-45-67"]);
}

#[test]
fn a_character_in_a_field_is_no_command() {
    for state in ["wrap-up", "keypad"] {
        let day = day_in(state, Language::English);
        day.press("Ctrl+D");
        day.type_text("2");
        assert_eq!(day.intents(), [], "{state}");
        assert_eq!(day.sees(Role::TextInput, "Dial").value, "2");
    }
}

#[test]
fn the_keyboard_stays_in_a_row_while_rows_change() {
    let day = day_in("ready", Language::English);
    day.press("Ctrl+3");
    day.press("Down");
    let row = day.keyboard();
    assert_eq!(row.as_ref().map(|(role, _)| *role), Some(Role::ListItem));
    day.rings(FIRST, HANBIT);
    day.phone(Event::Muted { on: false });
    assert_eq!(day.keyboard().map(|(role, _)| role), Some(Role::ListItem));
}
