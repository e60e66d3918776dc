//! A client comes back whom nobody took, after a blind transfer.

use super::*;
use crate::domain::chain::{ChainStep, TransferChain};
use crate::phone::{Return, ReturnReason};

fn comes_back(world: &mut World) {
    let returned = Return { id: None, target: "201".into(), reason: ReturnReason::NoAnswer };
    let caller = Caller { number: Some(HANBIT.into()), returned: Some(returned), ..Caller::default() };
    world.rings_from(FIRST, caller);
}

#[test]
fn who_has_not_answered_and_why_is_said_while_the_client_rings_again() {
    let mut world = World::new();
    comes_back(&mut world);
    assert_eq!(world.spoken()[0], "+7 495 555-01-42 is back from Kim Seoyeon: no answer");
    world.card(FIRST, vec![hanbit()]);
    let alert = world.wishes.iter().rev().find_map(|wish| match wish {
        Wish::Alert(alert) => Some(alert.title.clone()),
        _ => None,
    });
    assert_eq!(alert.as_deref(), Some("Hanbit Build is back from Kim Seoyeon: no answer"));
    let note = world.shown().call.notes[0].clone();
    assert_eq!((note.tone, note.text.as_str()), (Tone::Warning, "Back from Kim Seoyeon: no answer"));
}

#[test]
fn the_next_of_the_rules_is_marked_and_enter_passes_the_client_on() {
    let mut world = World::new();
    comes_back(&mut world);
    world.card(FIRST, vec![hanbit()]);
    let question = world.wishes.iter().find_map(|wish| match wish {
        Wish::FetchChain(question) => Some(question.clone()),
        _ => None,
    });
    let extensions = ["201", "302"].map(str::to_owned);
    let answer = Ok(TransferChain::of(extensions, Duration::from_secs(20)));
    world.handle(Input::Chain { question: question.expect("the desk is asked"), answer });
    world.answered(FIRST);
    assert!(!world.wishes.iter().any(|wish| matches!(wish, Wish::Focus(_))), "the keyboard stays");
    world.pass(1);
    let marked = world.shown().lists.targets.rows.iter().find(|row| row.chosen).cloned();
    assert_eq!(marked.expect("a row is marked").name, "302");
    world.wishes.clear();
    world.press("Enter");
    let intents = world.intents();
    let [Intent::PassOn { chain, .. }] = intents.as_slice() else { panic!("{intents:?}") };
    let whom =
        |step: &ChainStep| step.targets.iter().map(|target| target.extension.clone()).collect::<Vec<_>>();
    let called: Vec<String> = chain.steps.iter().flat_map(whom).collect();
    assert_eq!(called, ["302"], "not once more to who had not answered");
}

#[test]
fn once_the_client_is_passed_on_again_it_is_no_news_any_more() {
    let mut world = World::new();
    comes_back(&mut world);
    world.answered(FIRST);
    world.passing_with_return(FIRST, "302");
    assert!(world.shown().call.notes.iter().all(|note| !note.text.starts_with("Back from")));
}

#[test]
fn where_the_rules_have_nobody_else_enter_means_another_than_who_had_not_answered() {
    let mut world = World::new();
    comes_back(&mut world);
    world.card(FIRST, vec![hanbit()]);
    world.answered(FIRST);
    world.pass(1);
    world.wishes.clear();
    world.press("Enter");
    assert_eq!(world.intents(), [Intent::PassTo { line: FIRST, target: "302".into() }]);
}
