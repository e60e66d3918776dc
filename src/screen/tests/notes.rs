//! What the operator writes down during a call, and right after it.

use super::*;

fn write(world: &mut World, text: &str) {
    world.act(Act::NoteEdited(text.into()));
}

fn written(world: &World) -> Option<String> {
    world.shown().note.map(|note| note.text)
}

fn notes(world: &mut World) -> Vec<(String, String)> {
    let intents = world.intents().into_iter();
    let notes = intents.filter_map(|intent| match intent {
        Intent::Note { call_id, note } => Some((call_id, note)),
        _ => None,
    });
    notes.collect()
}

/// Of the client's call, which began when the program did.
fn note(text: &str) -> (String, String) {
    ("call-1-0".into(), text.into())
}

fn talking() -> World {
    let mut world = World::new();
    world.talks(FIRST, HANBIT);
    world.card(FIRST, vec![hanbit()]);
    world.wishes.clear();
    world
}

#[test]
fn the_key_of_the_note_goes_there_while_there_is_a_call() {
    let mut world = talking();
    world.press("Ctrl+N");
    assert_eq!(world.wishes, [Wish::Focus(Field::Note)]);
    assert_eq!(world.shown().note.map(|note| note.key).as_deref(), Some("Ctrl+N"));
    let mut world = World::new();
    world.press("Ctrl+N");
    assert_eq!(world.wishes, []);
    assert_eq!(written(&world), None);
    world.press("Ctrl+K");
    world.act(Act::PaletteQuery("note".into()));
    assert_eq!(world.shown().lists.palette.clone().map(|palette| palette.rows.len()), Some(0));
}

#[test]
fn every_keystroke_is_kept_and_told() {
    let mut world = talking();
    write(&mut world, "p");
    write(&mut world, "pays on Monday");
    assert_eq!(notes(&mut world), [note("p"), note("pays on Monday")]);
    assert_eq!(written(&world).as_deref(), Some("pays on Monday"));
    let long: String = "я".repeat(3000);
    write(&mut world, &long);
    assert_eq!(written(&world).map(|text| text.chars().count()), Some(2000), "no more than the desk takes");
}

#[test]
fn a_client_who_hangs_up_takes_no_note_along_and_it_is_finished_in_the_wrap_up() {
    let mut world = talking();
    write(&mut world, "pays on");
    world.ended(FIRST, CallOutcome::Completed, 60);
    assert_eq!(written(&world).as_deref(), Some("pays on"));
    world.pass(15);
    write(&mut world, "pays on Monday");
    world.pass(15);
    assert!(world.shown().wrap_up.is_some(), "whoever writes has not finished");
    world.wishes.clear();
    write(&mut world, "pays on Monday!");
    world.press("F10");
    let intents = world.intents();
    assert!(matches!(&intents[0], Intent::Note { note, .. } if note == "pays on Monday!"));
    assert!(matches!(intents[1], Intent::Conclude { .. }), "and with that the entry is written: {intents:?}");
    assert_eq!(written(&world), None);
}

#[test]
fn each_call_has_a_note_of_its_own() {
    let mut world = talking();
    write(&mut world, "first");
    world.rings(SECOND, OTHER);
    assert_eq!(
        written(&world).as_deref(),
        Some("first"),
        "who rings meanwhile changes nothing of what is typed"
    );
    world.phone(phone::Event::Held { line: FIRST, by: Side::Us });
    world.answered(SECOND);
    assert_eq!(written(&world).as_deref(), Some(""));
    write(&mut world, "second");
    world.phone(phone::Event::Held { line: SECOND, by: Side::Us });
    world.phone(phone::Event::Resumed { line: FIRST, by: Side::Us });
    assert_eq!(written(&world).as_deref(), Some("first"));
}

#[test]
fn what_a_colleague_says_is_written_down_about_the_client_who_waits() {
    let mut world = talking();
    world.phone(phone::Event::Held { line: FIRST, by: Side::Us });
    world.dials(SECOND, "302");
    world.answered(SECOND);
    world.wishes.clear();
    write(&mut world, "5 % agreed");
    assert_eq!(notes(&mut world), [note("5 % agreed")]);
}

#[test]
fn who_rings_in_the_wrap_up_does_not_interrupt_the_note() {
    let mut world = talking();
    write(&mut world, "pays on");
    world.ended(FIRST, CallOutcome::Completed, 60);
    world.pass(1);
    world.rings(FIRST, OTHER);
    assert_eq!(written(&world).as_deref(), Some("pays on"), "the line is the same, the call another one");
    world.wishes.clear();
    write(&mut world, "pays on Monday");
    assert_eq!(notes(&mut world), [note("pays on Monday")]);
    world.answered(FIRST);
    assert_eq!(written(&world).as_deref(), Some(""));
}
