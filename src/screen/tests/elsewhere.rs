//! Two programs of one operator, and a desk that lets this one know nothing more.

use super::order_news::{ME, entry};
use super::orders::{talking, terms};
use super::*;
use crate::desk_api::{Order, OrderNews, OrderState, OrderWatch, ProblemCode};
use uuid::Uuid;

/// As another program has written it: five cases, on what it had seen.
fn theirs(order: &Order, revision: u32, seen: u32) -> Order {
    let mut theirs = Order { revision, writer: Some(Uuid::from_u128(9)), seen, ..order.clone() };
    theirs.lines[0].quantity = 5.into();
    theirs
}

/// Three cases that the desk has, then four that it refuses, since five were written elsewhere.
fn at_odds() -> (World, Order, Order) {
    let mut world = talking();
    world.press("F1");
    world.enters("3 tea");
    let first = world.last_kept();
    world.receives(&first, OrderState::Draft, None);
    world.act(Act::OrderMove { down: false });
    world.enters("4");
    let mine = world.last_kept();
    assert_eq!((mine.revision, mine.seen), (2, 1), "it builds on what the desk has");
    let news = OrderNews::Refused { id: mine.id, revision: 2, code: ProblemCode::RevisionConflict };
    world.handle(Input::Order(news));
    assert!(world.wishes.contains(&Wish::FetchOrder(mine.id)));
    world.wishes.clear();
    let other = theirs(&first, 2, 1);
    world.told(entry(&other, None, &[(ME, OrderState::Draft, "")]));
    (world, mine, other)
}

#[test]
fn what_was_written_here_and_elsewhere_is_asked_about_in_words_and_neither_is_lost() {
    let (mut world, ..) = at_odds();
    let said = "Written here and elsewhere. Ctrl+Enter: say which of the two holds";
    assert!(world.spoken().contains(&said.to_owned()));
    assert_eq!(world.form().status.text, said);
    world.press("Ctrl+Enter");
    let form = world.form();
    assert_eq!(form.prompt, "The order was written elsewhere, too. Which of the two holds?");
    let rows: Vec<String> =
        form.choices.iter().map(|choice| format!("{} · {}", choice.label, choice.detail)).collect();
    assert!(rows[0].starts_with("what stands here · lines: 1, ₽5,280.00"), "{rows:?}");
    assert!(rows[1].starts_with("what was written elsewhere · lines: 1, ₽6,600.00"), "{rows:?}");
    assert_eq!(form.lines[0].quantity, "4 cases", "until it is said, what was typed here stands here");
    assert!(world.spoken().iter().any(|said| said.contains("Which of the two holds?")));
    world.press("Ctrl+Enter");
    assert!(
        !world.wishes.iter().any(|wish| matches!(wish, Wish::PlaceOrder { .. })),
        "nothing is placed meanwhile"
    );
}

#[test]
fn either_of_two_holds_by_a_digit_and_is_written_as_the_later_one() {
    for (digit, cases) in [("1", "4 cases"), ("2", "5 cases")] {
        let (mut world, mine, other) = at_odds();
        world.press("Ctrl+Enter");
        world.types(digit);
        let kept = world.last_kept();
        assert_eq!((kept.revision, kept.seen, kept.writer), (3, 2, mine.writer), "{digit}");
        assert!(!kept.overlooks(&other), "the desk takes it: {digit}");
        assert_eq!(world.form().lines[0].quantity, cases);
        assert_eq!(world.form().prompt, "Product, or quantity and product");
    }
}

#[test]
fn what_is_being_typed_answers_no_question_that_comes_by_itself() {
    let (mut world, mine, other) = at_odds();
    world.wishes.clear();
    world.enters("2 coffee");
    assert_eq!(world.form().lines.len(), 2, "it goes on into what stands here");
    let kept = world.last_kept();
    assert_eq!((kept.revision, kept.seen, kept.writer), (3, 1, mine.writer));
    // The desk takes none of it, and that is not said at every letter.
    let news = OrderNews::Refused { id: mine.id, revision: 3, code: ProblemCode::RevisionConflict };
    world.handle(Input::Order(news));
    world.told(entry(&other, None, &[(ME, OrderState::Draft, "")]));
    assert_eq!(world.spoken(), [""; 0]);
    world.act(Act::OrderEnter);
    assert!(!world.form().takes_digits);
    assert!(!world.screen.can(&Act::DropDraft), "nor is the other one dropped unseen");
    // Only now it is asked.
    world.press("Esc");
    assert!(world.form().prompt.ends_with("Which of the two holds?"));
    world.types("1");
    assert_eq!(world.form().lines.len(), 2);
    assert!(!world.last_kept().overlooks(&other));
}

#[test]
fn the_question_is_left_by_escape_and_comes_back_by_its_key_alone() {
    let (mut world, ..) = at_odds();
    world.press("Esc");
    world.press("Esc");
    assert!(world.shown().lists.order.is_none());
    let row = world.shown().lists.card.rows[0].value.clone();
    assert!(row.starts_with("Written here and elsewhere · lines: 1"), "{row}");
    world.press("F1");
    assert!(!world.form().takes_digits, "whoever opens the form may be typing already");
    world.press("Ctrl+Enter");
    assert!(world.form().takes_digits);
}

#[test]
fn what_an_earlier_run_has_not_sent_and_what_was_written_elsewhere_since_are_both_there() {
    let mut far = talking();
    far.press("F1");
    far.enters("3 tea");
    let first = far.last_kept();
    let unsent = Order { revision: 8, writer: Some(Uuid::from_u128(3)), seen: 5, ..first.clone() };
    let other = theirs(&first, 9, 5);
    for drafts_first in [false, true] {
        let mut world = talking();
        let drafts = Input::Drafts(Ok(vec![entry(&other, None, &[])]));
        let mut inputs = vec![Input::Order(OrderNews::Found(Box::new(unsent.clone()))), drafts];
        if drafts_first {
            inputs.reverse();
        }
        inputs.into_iter().for_each(|input| world.handle(input));
        assert_eq!(world.bar_texts(), ["Order of Hanbit Build was written here and elsewhere"]);
        world.press("F1");
        assert_eq!(world.form().lines[0].quantity, "3 cases", "{drafts_first}");
        world.press("Ctrl+Enter");
        world.types("2");
        assert_eq!(world.form().lines[0].quantity, "5 cases", "{drafts_first}");
        let kept = world.last_kept();
        assert_eq!((kept.revision, kept.seen), (10, 9));
        assert!(world.bar_texts().is_empty());
    }
}

#[test]
fn whoever_goes_on_with_what_the_desk_has_writes_as_one_who_has_seen_it() {
    let mut world = talking();
    let (mut far, _) = (talking(), ());
    far.press("F1");
    far.enters("3 tea");
    let other = theirs(&far.last_kept(), 4, 3);
    world.handle(Input::Drafts(Ok(vec![entry(&other, None, &[])])));
    world.press("F1");
    world.enters("2 coffee");
    let kept = world.last_kept();
    assert_eq!((kept.revision, kept.seen), (5, 4));
    assert_ne!(kept.writer, other.writer);
    // Its next letters need no answer of the desk.
    world.enters("1 cheese");
    assert_eq!((world.last_kept().revision, kept.seen), (6, 4));
}

#[test]
fn what_an_earlier_run_has_not_sent_goes_on_as_that_run_s() {
    let mut world = talking();
    let mut far = talking();
    far.press("F1");
    far.enters("3 tea");
    let unsent = theirs(&far.last_kept(), 4, 2);
    world.handle(Input::Order(OrderNews::Found(Box::new(unsent.clone()))));
    world.press("F1");
    world.enters("2 coffee");
    let kept = world.last_kept();
    assert_eq!((kept.writer, kept.seen), (unsent.writer, 2), "the desk may have had an answer lost");
}

#[test]
fn an_order_on_its_way_stays_in_sight_when_the_desk_knows_this_computer_no_more() {
    let mut world = talking();
    world.press("F1");
    world.enters("3 tea");
    world.agrees();
    let order = world.last_kept();
    world.receives(&order, OrderState::Draft, None);
    world.press("Ctrl+Enter");
    world.handle(Input::OrderWatch(OrderWatch::Revoked));
    world.handle(Input::Order(OrderNews::Waits { id: order.id }));
    let row = world.shown().lists.card.rows[0].value.clone();
    assert!(row.starts_with("Not confirmed: "), "{row}");
    world.receives(&order, OrderState::Placed, Some(1042));
    assert!(world.spoken().contains(&"Order 1042 is placed".to_owned()));
}

#[test]
fn a_desk_that_knows_this_computer_no_more_leaves_nothing_of_its_clients_but_what_was_not_sent() {
    let mut world = talking();
    world.press("F1");
    world.enters("3 tea");
    let unsent = world.last_kept();
    world.press("Esc");
    world.ended(FIRST, CallOutcome::Completed, 60);
    let lotos = client("Lotos", "kim");
    let mut given = entry(&unsent, Some(1042), &[(ME, OrderState::Placed, "")]);
    (given.order.id, given.order.client) = (crate::desk_api::OrderId(Uuid::from_u128(4)), lotos.id);
    world.told(given);
    let known = |world: &World| {
        let lists = world.shown().lists;
        (lists.card.title.clone(), lists.calls.rows.len())
    };
    assert_eq!(known(&world), ("Hanbit Build".to_owned(), 1));
    world.handle(Input::OrderWatch(OrderWatch::Revoked));
    assert_eq!(known(&world), (String::new(), 0), "duty 26");
    world.rings(FIRST, OTHER);
    world.card(FIRST, vec![lotos]);
    world.press("Shift+F1");
    assert_eq!(world.form().choices.len(), 0, "nor what became of an order");
    world.ended(FIRST, CallOutcome::Missed, 0);
    world.rings(FIRST, HANBIT);
    world.card(FIRST, vec![hanbit()]);
    world.handle(Input::Terms { client: hanbit().id, answer: Ok(Box::new(terms())) });
    world.answered(FIRST);
    world.press("F1");
    assert_eq!(world.form().lines[0].quantity, "3 cases", "what the desk has not got is not lost");
}
