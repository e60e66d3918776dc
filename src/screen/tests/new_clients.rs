//! A caller of whom nobody knows is written down by the name that was typed to look for them (duties 2, 15).

use super::topics::{company, new_caller};
use super::*;
use crate::desk_api::{CallRecordId, ProblemCode, Prospect, ProspectNews};

const NEW: &str = "New client: Novichok";

fn written(world: &mut World) -> Option<Prospect> {
    let wishes = std::mem::take(&mut world.wishes).into_iter();
    let mut found = wishes.filter_map(|wish| match wish {
        Wish::WriteDown(prospect) => Some(*prospect),
        _ => None,
    });
    found.next_back()
}

/// Looked for, and not found.
fn looked_for(world: &mut World) {
    world.searches("Novichok");
    world.finds("Novichok", Vec::new());
}

#[test]
fn a_new_caller_is_written_down_with_number_type_and_note_and_is_somebody_from_then_on() {
    let mut world = new_caller();
    let record = CallRecordId(uuid::Uuid::from_u128(1));
    world.handle(Input::Agent(Event::Recorded { line: FIRST, id: record }));
    world.press("F8");
    world.press("Alt+2");
    world.press("Esc");
    world.act(Act::NoteEdited("asks for tea".into()));
    looked_for(&mut world);
    let row = world.palette().rows.last().unwrap().clone();
    assert_eq!((row.label.as_str(), row.detail.as_str()), (NEW, "regional client · +7 916 123-45-67"));
    world.press("Enter");
    let prospect = written(&mut world).expect("it is written down");
    assert_eq!((prospect.name.as_str(), prospect.client_type.0.as_str()), ("Novichok", "regional"));
    assert_eq!((prospect.phone.as_deref(), prospect.note.as_deref()), (Some(OTHER), Some("asks for tea")));
    assert_eq!(prospect.call, Some(record));
    let card = world.shown().lists.card.clone();
    assert_eq!(
        (card.title.as_str(), card.note.as_str()),
        ("Novichok", "New client, not confirmed by the order desk yet")
    );
    world.handle(Input::Prospect(ProspectNews::Answered(prospect.id)));
    let spoken: Vec<Wish> = world.wishes.clone();
    assert!(
        spoken.contains(&Wish::Announce("The new client is written down: the head assigns a manager".into()))
    );
    assert!(spoken.contains(&Wish::FetchTerms(prospect.id)), "an order can be begun for the head");
    let again = Wish::Intent(Intent::LookUp { line: FIRST });
    assert!(spoken.contains(&again), "the call, its entry and whoever gets the client know who it is");
    assert!(world.shown().lists.card.note.starts_with("Looked up"));
}

#[test]
fn nobody_is_written_down_twice_or_without_a_call_or_while_the_desk_has_not_answered() {
    let labels = |world: &World| world.labels().contains(&NEW.to_owned());
    let mut world = new_caller();
    world.searches("Novichok");
    assert!(!labels(&world), "the desk has still to answer");
    world.finds("Novichok", vec![client("novichok", "kim")]);
    assert!(!labels(&world), "there is one of this name");
    world.finds("Novichok", vec![client("Novichok and sons", "kim")]);
    assert!(labels(&world));
    world.press("Esc");
    world.searches("1234");
    world.finds("1234", Vec::new());
    assert!(!world.labels().iter().any(|label| label.starts_with("New client")), "a number is no name");
    let mut idle = World::new();
    idle.handle(Input::Directory(Ok(company())));
    looked_for(&mut idle);
    assert!(!labels(&idle));
    let mut known = World::new();
    known.handle(Input::Directory(Ok(company())));
    known.talks(FIRST, HANBIT);
    known.card(FIRST, vec![hanbit()]);
    looked_for(&mut known);
    assert!(!labels(&known));
}

#[test]
fn who_withholds_the_number_is_written_down_without_one_and_after_the_call_too() {
    let mut world = World::new();
    world.handle(Input::Directory(Ok(company())));
    world.rings_from(FIRST, Caller { withheld: true, ..Caller::default() });
    world.answered(FIRST);
    world.pass(5);
    world.ended(FIRST, CallOutcome::Completed, 60);
    looked_for(&mut world);
    world.press("Enter");
    let prospect = written(&mut world).expect("it is written down");
    assert_eq!(
        (prospect.phone, prospect.client_type.0.as_str()),
        (None, "market"),
        "the company's first type"
    );
}

#[test]
fn what_the_desk_does_not_take_is_said_with_the_name_after_a_restart_too() {
    let mut world = new_caller();
    looked_for(&mut world);
    world.press("Enter");
    let prospect = written(&mut world).unwrap();
    let refused = Input::Prospect(ProspectNews::Refused(prospect.id, ProblemCode::Invalid));
    let bar = "The order desk does not take the new client Novichok: tell the head yourself";
    world.handle(refused.clone());
    assert!(world.bar_texts().iter().any(|text| text == bar), "{:?}", world.bar_texts());
    assert_ne!(world.card_title(), "Novichok");
    let mut next = World::new();
    next.handle(Input::Prospect(ProspectNews::Found(Box::new(prospect))));
    next.handle(refused);
    assert!(next.bar_texts().iter().any(|text| text == bar), "{:?}", next.bar_texts());
}
