//! Orders after they were written: what becomes of them on the desk, after a restart, and in the next call.

use super::orders::{talking, terms};
use super::*;
use crate::desk_api::{
    CallRecordId, Order, OrderAct, OrderChanged, OrderEntry, OrderEvent, OrderNews, OrderState, OrderWatch,
    ProblemCode, ServedBy, Task, TaskNews, Terms,
};
use crate::domain::trade::examine::examine;
use jiff::Timestamp;

pub(super) const ME: &str = "anna";

/// As the desk tells it, `history` by whom and why.
pub(super) fn entry(order: &Order, number: Option<u64>, history: &[(&str, OrderState, &str)]) -> OrderEntry {
    let at = Timestamp::UNIX_EPOCH;
    let event = |(by, state, reason): &(&str, OrderState, &str)| OrderEvent {
        at,
        by: (*by).into(),
        state: *state,
        reason: Some((*reason).to_owned()).filter(|reason| !reason.is_empty()),
    };
    OrderEntry {
        order: order.clone(),
        state: history.last().map_or(OrderState::Draft, |last| last.1),
        number,
        taken_by: ME.into(),
        client_name: "Hanbit Build".into(),
        changed_at: at,
        placed_at: None,
        examined: examine(order, &terms().facts(order, &Default::default(), false)),
        held_for: Vec::new(),
        stands: false,
        history: history.iter().map(event).collect(),
    }
}

fn changed(order: &Order, state: OrderState) -> Input {
    let changed_at = Timestamp::UNIX_EPOCH;
    let (id, client, revision) = (order.id, order.client, order.revision);
    Input::OrderWatch(OrderWatch::Changed(OrderChanged { id, client, revision, state, changed_at }))
}

/// In a call, with an order that the desk has placed.
fn placed() -> (World, Order) {
    let mut world = talking();
    world.press("F1");
    world.enters("3 tea");
    world.agrees();
    let order = world.last_kept();
    world.press("Ctrl+Enter");
    world.receives(&order, OrderState::Placed, Some(1042));
    world.wishes.clear();
    (world, order)
}

impl World {
    pub(super) fn told(&mut self, entry: OrderEntry) {
        self.handle(Input::OrderEntry(Ok(Box::new(entry))));
    }

    pub(super) fn bar_texts(&self) -> Vec<String> {
        self.shown().bars.into_iter().map(|bar| bar.text).collect()
    }

    /// Another call with the same client.
    fn calls_again(&mut self) {
        self.rings(FIRST, HANBIT);
        self.card(FIRST, vec![hanbit()]);
        self.handle(Input::Terms {
            client: hanbit().id,
            answer: Ok(Box::new(Terms { client: hanbit().id, ..terms() })),
        });
        self.answered(FIRST);
        self.pass(1);
        self.wishes.clear();
    }
}

#[test]
fn an_order_that_is_to_be_placed_is_that_after_a_restart_and_not_one_that_is_written() {
    let (_, order) = placed();
    for drafts_first in [false, true] {
        let mut world = talking();
        let drafts = Input::Drafts(Ok(vec![entry(&order, None, &[])]));
        let news = [OrderNews::Found(Box::new(order.clone())), OrderNews::Places { id: order.id }];
        let mut inputs: Vec<Input> = news.into_iter().map(Input::Order).collect();
        inputs.insert(if drafts_first { 0 } else { 2 }, drafts);
        inputs.into_iter().for_each(|input| world.handle(input));
        let row = world.shown().lists.card.rows[0].value.clone();
        assert!(row.starts_with("Not confirmed: "), "{row}");
        world.press("F1");
        assert!(world.form().status.text.starts_with("Not confirmed: "), "nor is it placed");
        world.types("x");
        assert_eq!(world.kept(), [], "nothing is written over it");
        world.receives(&order, OrderState::Placed, Some(1042));
        assert_eq!(world.form().status.text, "Order 1042 is placed");
    }
}

#[test]
fn what_is_changed_while_its_placing_waits_follows_it_in_this_order() {
    let (_, order) = placed();
    let mut world = talking();
    world.handle(Input::Order(OrderNews::Found(Box::new(order.clone()))));
    world.handle(Input::Order(OrderNews::Places { id: order.id }));
    world.press("F1");
    world.types("2");
    world.enters("2 coffee");
    let wishes: Vec<String> = world
        .wishes
        .iter()
        .filter(|wish| matches!(wish, Wish::KeepOrder(_) | Wish::ActOnOrder { .. }))
        .map(|wish| format!("{wish:?}"))
        .collect();
    let next = order.revision + 1;
    assert_eq!(wishes, ["ActOnOrder(Change)".to_owned(), format!("KeepOrder(revision {next})")]);
    // The desk is back: it places, gives back, and takes what was written.
    let written = world.last_kept();
    world.receives(&order, OrderState::Placed, Some(1042));
    assert!(world.form().place.is_some(), "the operator goes on writing");
    world.receives(&order, OrderState::Draft, Some(1042));
    world.receives(&written, OrderState::Draft, Some(1042));
    assert_eq!(world.form().lines.len(), 2);
    world.agrees();
    world.press("Ctrl+Enter");
    let last = Wish::PlaceOrder { id: order.id, revision: world.form_revision() };
    assert!(world.wishes.contains(&last), "{:?}", world.wishes);
}

impl World {
    fn form_revision(&self) -> u32 {
        let kept = self.wishes.iter().rev().find_map(|wish| match wish {
            Wish::KeepOrder(order) => Some(order.revision),
            _ => None,
        });
        kept.unwrap()
    }
}

#[test]
fn what_the_desk_refuses_stands_beside_the_order_until_something_else_is_done() {
    let (mut world, order) = placed();
    world.types("2");
    assert!(world.wishes.contains(&Wish::ActOnOrder { id: order.id, act: OrderAct::Change, reason: None }));
    let refused = OrderNews::Refused { id: order.id, revision: 0, code: ProblemCode::AfterCutOff };
    world.handle(Input::Order(refused));
    let status = world.form().status;
    assert_eq!(status.tone, Tone::Bad);
    assert_eq!(
        status.text,
        "The time for changes is over: the goods are being picked, or will be at once. Order 1042 is placed"
    );
    assert!(world.wishes.contains(&Wish::FetchOrder(order.id)), "what is true now is asked for");
    world.press("Esc");
    let row = world.shown().lists.card.rows[0].clone();
    assert!(row.tone == Tone::Bad && row.value.starts_with("The time for changes is over"), "{row:?}");
    world.press("Shift+F1");
    world.act(Act::OrderEnter);
    assert_eq!(world.form().status.tone, Tone::Bad);
    world.act(Act::OrderMove { down: true });
    assert_eq!(world.form().status.text, "Order 1042 is placed", "seen, and gone on");
}

#[test]
fn an_edit_of_an_order_that_has_moved_on_is_said_once_and_the_desk_s_order_stands_there() {
    let mut world = talking();
    world.press("F1");
    world.enters("3 tea");
    let order = world.last_kept();
    let (id, revision) = (order.id, order.revision);
    world.handle(Input::Order(OrderNews::Refused { id, revision, code: ProblemCode::OrderMovedOn }));
    assert!(world.form().status.text.starts_with("The order has moved on"));
    assert!(world.wishes.contains(&Wish::FetchOrder(id)));
    world.told(entry(&order, Some(7), &[(ME, OrderState::Placed, ""), ("kim", OrderState::Accepted, "")]));
    assert_eq!(
        world.form().status.text,
        "The order has moved on; this cannot be done to it now. Order 7 is accepted: the manager has it"
    );
    assert!(world.form().place.is_none());
}

#[test]
fn an_order_of_which_nothing_is_here_any_more_says_what_was_refused_in_a_bar() {
    let mut world = talking();
    world.press("F1");
    world.enters("3 tea");
    let order = world.last_kept();
    world.act(Act::DropDraft);
    world.handle(Input::Order(OrderNews::Refused {
        id: order.id,
        revision: 0,
        code: ProblemCode::OrderMovedOn,
    }));
    world.told(entry(&order, Some(7), &[(ME, OrderState::Placed, ""), ("kim", OrderState::Picking, "")]));
    let bar = "Order 7 of Hanbit Build: The order has moved on; this cannot be done to it now.";
    assert_eq!(world.bar_texts(), [bar]);
    world.pass(600);
    assert_eq!(world.bar_texts(), [bar], "until it is looked at");
    world.press("Ctrl+J");
    assert_eq!(world.form().status.text, "Order 7 is being picked");
    assert!(world.bar_texts().is_empty());
}

#[test]
fn what_others_do_with_an_order_is_said_and_shown_in_words() {
    use OrderState as S;
    /// Who did it, what it became, and why.
    type Event<'a> = (&'a str, S, &'a str);
    let first = (ME, S::Placed, "");
    let held = (ME, S::Held, "");
    let unpaid = (ME, S::AwaitingPayment, "");
    let table: [(&[Event<'_>], &str, bool); 10] = [
        (&[first, ("kim", S::Accepted, "")], "Order 1042 of Hanbit Build was accepted", false),
        (&[held, ("orlova", S::Placed, "")], "Order 1042 of Hanbit Build was released", false),
        (&[unpaid, ("bank", S::Placed, "")], "Order 1042 of Hanbit Build is paid", false),
        (&[first, ("store", S::Picking, "")], "Order 1042 of Hanbit Build is being picked", false),
        (
            &[first, ("store", S::DeliveredInPart, "")],
            "Order 1042 of Hanbit Build was delivered in part",
            false,
        ),
        (&[first, ("store", S::Delivered, "")], "Order 1042 of Hanbit Build was delivered", false),
        (
            &[first, (ME, S::Draft, ""), ("desk", S::Placed, "")],
            "Order 1042 of Hanbit Build stands as it was: its change was not finished",
            false,
        ),
        (
            &[unpaid, ("desk", S::Cancelled, "")],
            "Order 1042 of Hanbit Build was cancelled, time was up",
            true,
        ),
        (
            &[first, ("store", S::RefusedAtDoor, "nobody there")],
            "Order 1042 of Hanbit Build was refused at the door: nobody there",
            true,
        ),
        (&[first, ("kim", S::Draft, "no lorry")], "Order 1042 of Hanbit Build came back: no lorry", true),
    ];
    for (history, words, stays) in table {
        let (mut world, order) = placed();
        world.receives(&order, history[0].1, Some(1042));
        if history.len() == 3 {
            world.types("2");
            world.receives(&order, S::Draft, Some(1042));
        }
        world.wishes.clear();
        let state = history.last().unwrap().1;
        world.handle(changed(&order, state));
        assert_eq!(world.wishes, [Wish::FetchOrder(order.id)], "{words}");
        world.told(entry(&order, Some(1042), history));
        assert!(world.spoken().contains(&words.to_owned()), "{words}");
        assert_eq!(world.bar_texts(), [words]);
        world.handle(changed(&order, state));
        assert_eq!(world.wishes, [], "{words}: once");
        world.pass(30);
        assert_eq!(!world.bar_texts().is_empty(), stays, "{words}");
    }
}

#[test]
fn what_this_program_does_itself_is_no_news() {
    let mut world = talking();
    world.press("F1");
    world.enters("3 tea");
    let order = world.last_kept();
    world.handle(changed(&order, OrderState::Draft));
    world.agrees();
    world.press("Ctrl+Enter");
    world.wishes.clear();
    world.handle(changed(&order, OrderState::Placed));
    assert_eq!(world.wishes, [], "its own answer is on the way");
}

#[test]
fn an_order_that_came_back_opens_by_one_key_beside_any_call_and_makes_room_for_the_next() {
    let (mut world, order) = placed();
    world.ended(FIRST, CallOutcome::Completed, 60);
    world.pass(30);
    // Somebody else was spoken with since.
    let alpha = client("Alpha", "petrov");
    world.talks(FIRST, OTHER);
    world.card(FIRST, vec![alpha]);
    world.ended(FIRST, CallOutcome::Completed, 5);
    world.pass(30);
    let back = [(ME, OrderState::Placed, ""), ("kim", OrderState::Draft, "two pallets are too much")];
    world.told(entry(&order, Some(1042), &back));
    let bar = &world.shown().bars[0];
    assert_eq!(bar.text, "Order 1042 of Hanbit Build came back: two pallets are too much");
    assert_eq!(bar.key, "Ctrl+J");
    world.rings(SECOND, HANBIT);
    world.press("Ctrl+J");
    assert_eq!(world.form().title, "Order: Hanbit Build");
    assert!(world.form().place.is_some(), "it is the operator's again");
    assert!(world.bar_texts().is_empty());
    world.answered(SECOND);
    assert!(world.shown().lists.order.is_none());
}

#[test]
fn an_order_that_came_back_while_nobody_was_here_waits_for_the_operator() {
    let (_, order) = placed();
    let mut world = World::new();
    let back = [(ME, OrderState::Placed, ""), ("kim", OrderState::Draft, "no lorry")];
    world.handle(Input::Drafts(Ok(vec![entry(&order, Some(1042), &back)])));
    assert_eq!(world.bar_texts(), ["Order 1042 of Hanbit Build came back: no lorry"]);
    world.handle(Input::Orders { client: None, answer: Ok(vec![entry(&order, Some(1042), &back)]) });
    assert_eq!(world.bar_texts().len(), 1);
    world.press("Ctrl+J");
    assert!(world.spoken().last().unwrap().contains("asked for"), "prices are still on their way");
    let answer = Ok(Box::new(Terms { client: hanbit().id, ..terms() }));
    world.handle(Input::Terms { client: hanbit().id, answer });
    world.press("Ctrl+J");
    assert_eq!(world.form().lines.len(), 1);
}

#[test]
fn while_the_desk_is_not_heard_what_is_shown_has_its_age_and_all_is_asked_for_when_it_is_back() {
    let (mut world, order) = placed();
    world.handle(Input::OrderWatch(OrderWatch::Away));
    let aged = world.form().status.text;
    assert!(aged.starts_with("Order 1042 is placed · as of Tue 5 May, 11:0"), "{aged}");
    world.wishes.clear();
    world.handle(Input::OrderWatch(OrderWatch::Live));
    assert_eq!(world.wishes, [Wish::FetchOrders(None)]);
    let history = [(ME, OrderState::Placed, ""), ("kim", OrderState::Accepted, "")];
    world.handle(Input::Orders { client: None, answer: Ok(vec![entry(&order, Some(1042), &history)]) });
    assert_eq!(world.bar_texts(), ["Order 1042 of Hanbit Build was accepted"]);
    assert_eq!(world.form().status.text, "Order 1042 is accepted: the manager has it");
    world.wishes.clear();
    world.handle(Input::OrderWatch(OrderWatch::Missed));
    assert_eq!(world.wishes, [Wish::FetchOrders(None)]);
}

#[test]
fn where_is_my_truck_is_answered_by_one_key() {
    let (mut world, order) = placed();
    let history = [(ME, OrderState::Placed, ""), ("store", OrderState::Picking, "")];
    world.told(entry(&order, Some(1042), &history));
    world.ended(FIRST, CallOutcome::Completed, 60);
    world.pass(30);
    world.calls_again();
    world.press("Shift+F1");
    assert!(world.wishes.contains(&Wish::FetchOrders(Some(hanbit().id))));
    assert!(world.wishes.contains(&Wish::Focus(Field::Order)));
    let form = world.form();
    assert_eq!(form.title, "Orders: Hanbit Build");
    let row = &form.choices[0];
    assert_eq!(row.label, "Order 1042 · being picked");
    assert_eq!(row.detail, "Wed 6 May, 09:00–13:00 · ₽3,960.00");
    assert!(world.spoken().last().unwrap().contains("1: Order 1042 · being picked, Wed 6 May"));
    assert_eq!(form.lines[0].name, "Black tea 100 g", "what is in it stands below");
    assert!(form.sums.iter().any(|row| row.key == "being picked"));
    // Another operator's draft is among them.
    let id = crate::desk_api::OrderId(uuid::Uuid::max());
    let other = OrderEntry { taken_by: "boris".into(), ..entry(&Order { id, ..order.clone() }, None, &[]) };
    let answer = Ok(vec![other, entry(&order, Some(1042), &history)]);
    world.handle(Input::Orders { client: None, answer: Ok(vec![entry(&order, Some(1042), &history)]) });
    world.handle(Input::Orders { client: Some(hanbit().id), answer });
    assert_eq!(world.form().choices[0].label, "Order · with another operator");
    world.types("2");
    assert_eq!(world.form().status.text, "Order 1042 is being picked");
    world.press("Esc");
    assert!(world.shown().lists.order.is_none());
}

#[test]
fn another_operator_s_draft_is_looked_at_and_not_written_into() {
    let (_, order) = placed();
    let mut world = talking();
    world.press("Shift+F1");
    let answer = Ok(vec![OrderEntry { taken_by: "boris".into(), ..entry(&order, None, &[]) }]);
    world.handle(Input::Orders { client: Some(hanbit().id), answer });
    assert_eq!(world.form().choices[0].label, "Order · with another operator");
    world.types("1");
    assert!(world.form().place.is_none());
    world.types("2");
    let takes_over = Wish::ActOnOrder { id: order.id, act: OrderAct::Change, reason: None };
    assert!(world.wishes.contains(&takes_over), "whoever changes it has it");
}

#[test]
fn a_client_without_orders_and_a_desk_that_is_away_are_told_apart() {
    for (answer, words) in
        [(Ok(Vec::new()), "There are no orders"), (Err(Unavailable::Down), "The order desk does not answer.")]
    {
        let mut world = talking();
        world.press("Shift+F1");
        assert_eq!(world.form().prompt, "The orders are being asked for");
        world.handle(Input::Orders { client: Some(hanbit().id), answer });
        assert_eq!(world.form().prompt, words);
        assert_eq!(world.spoken().last().unwrap(), words);
        world.press("Esc");
        assert!(world.shown().lists.order.is_none());
    }
}

#[test]
fn a_draft_of_a_call_that_dropped_stays_beside_the_one_of_now_and_either_can_be_opened() {
    let mut before = talking();
    before.press("F1");
    before.enters("2 coffee");
    let dropped = before.last_kept();
    let mut world = talking();
    world.press("F1");
    world.enters("3 tea");
    let now = world.last_kept();
    world.handle(Input::Drafts(Ok(vec![
        entry(&now, None, &[]),
        entry(&Order { id: crate::desk_api::OrderId(uuid::Uuid::nil()), ..dropped }, None, &[]),
    ])));
    assert_eq!(world.form().lines[0].name, "Black tea 100 g", "what is being written stays");
    world.press("Esc");
    world.press("Esc");
    let rows = world.shown().lists.card.rows.clone();
    assert_eq!(
        (rows[1].key.as_str(), rows[1].value.as_str()),
        ("Orders", "more that are begun: 1 · Shift+F1")
    );
    world.press("Shift+F1");
    assert_eq!(world.form().choices.len(), 2);
    world.types("2");
    assert_eq!(world.form().lines[0].name, "Ground coffee 250 g");
    world.press("Shift+F1");
    world.act(Act::OrderEnter);
    assert_eq!(world.form().lines[0].name, "Black tea 100 g");
}

#[test]
fn another_telephone_is_told_what_may_not_be_on_disk() {
    let mut world = talking();
    world.press("F1");
    world.enters("3 tea");
    let order = world.last_kept();
    world.handle(Input::NewTelephone);
    assert_eq!(world.kept(), std::slice::from_ref(&order));
    world.handle(Input::Order(OrderNews::Kept { id: order.id, revision: order.revision }));
    world.handle(Input::NewTelephone);
    assert_eq!(world.kept(), []);
    world.agrees();
    let order = world.last_kept();
    world.handle(Input::Order(OrderNews::Kept { id: order.id, revision: order.revision }));
    world.press("Ctrl+Enter");
    world.wishes.clear();
    world.handle(Input::NewTelephone);
    let places = Wish::PlaceOrder { id: order.id, revision: order.revision };
    assert!(world.wishes.contains(&places), "{:?}", world.wishes);
    assert_eq!(world.form().status.text, "The order desk is asked…");
}

#[test]
fn an_order_names_the_call_that_it_is_taken_in() {
    let call = |number| CallRecordId(uuid::Uuid::from_u128(number));
    let mut world = talking();
    world.handle(Input::Agent(Event::Recorded { line: FIRST, id: call(1) }));
    world.press("F1");
    world.enters("3 tea");
    assert_eq!(world.last_kept().call, Some(call(1)));
    world.ended(FIRST, CallOutcome::Completed, 60);
    world.pass(30);
    world.calls_again();
    world.handle(Input::Agent(Event::Recorded { line: FIRST, id: call(2) }));
    world.press("F1");
    world.enters("2 coffee");
    assert_eq!(world.last_kept().call, Some(call(2)), "begun in one call, taken in the next");
}

fn asked(world: &mut World) -> Task {
    let wishes = std::mem::take(&mut world.wishes).into_iter();
    let mut tasks = wishes.filter_map(|wish| if let Wish::AskFor(task) = wish { Some(*task) } else { None });
    tasks.next().expect("somebody is asked to call back")
}

#[test]
fn a_client_whom_nobody_took_is_called_back_by_one_key() {
    let mut world = World::new();
    world.rings(FIRST, HANBIT);
    world.card(FIRST, vec![hanbit()]);
    let key = Terms { client: hanbit().id, served_by: ServedBy::KeyManager, ..terms() };
    world.handle(Input::Terms { client: hanbit().id, answer: Ok(Box::new(key)) });
    world.press("Shift+F7");
    assert!(!world.wishes.iter().any(|wish| matches!(wish, Wish::AskFor(_))), "nobody has answered yet");
    world.answered(FIRST);
    world.handle(Input::Agent(Event::Recorded { line: FIRST, id: CallRecordId(uuid::Uuid::from_u128(1)) }));
    world.passing_with_return(FIRST, "201");
    world.not_passed(FIRST, "201", Some(486), ClientIs::Kept);
    world.on_the_way(FIRST, ChainNews::NobodyLeft);
    assert!(world.spoken().last().unwrap().ends_with("The manager calls back: Shift+F7"));
    let shown = world.shown();
    assert!(shown.lists.card.rows[0].value.starts_with("Nobody took the client."));
    assert!(shown.lists.hints.iter().any(|hint| hint.key == "Shift+F7"));
    world.act(Act::NoteEdited("about the new prices".into()));
    world.press("Shift+F7");
    let task = asked(&mut world);
    assert_eq!((task.client, task.number.as_str()), (Some(hanbit().id), HANBIT));
    assert_eq!(task.about, "about the new prices");
    assert_eq!(task.call, Some(CallRecordId(uuid::Uuid::from_u128(1))));
    let due = task.due.unwrap() - wall(world.now).timestamp();
    assert_eq!(due.total(jiff::Unit::Minute).unwrap(), 60.0);
    let notes =
        |world: &World| world.shown().call.notes.into_iter().map(|note| note.text).collect::<Vec<_>>();
    assert!(notes(&world).contains(&"The manager is being asked to call back by 12:02".to_owned()));
    world.press("Shift+F7");
    assert_eq!(world.wishes, [], "once");
    world.handle(Input::Task(TaskNews::Waits(task.id)));
    assert!(world.spoken()[0].starts_with("Not confirmed: the order desk cannot be reached"));
    world.handle(Input::Task(TaskNews::Refused(task.id, ProblemCode::Invalid)));
    assert!(world.spoken()[0].contains("ask the manager yourself"));
    world.press("Shift+F7");
    let again = asked(&mut world);
    assert_ne!(again.id, task.id);
    world.ended(FIRST, CallOutcome::Completed, 60);
    let results = world.shown().wrap_up.unwrap().results;
    let chosen: Vec<&str> =
        results.iter().filter(|result| result.chosen).map(|result| result.label.as_str()).collect();
    assert_eq!(chosen, ["call back"]);
}

#[test]
fn a_call_back_that_comes_to_mind_after_the_call_is_its_result() {
    let mut world = talking();
    world.ended(FIRST, CallOutcome::Completed, 60);
    world.press("Shift+F7");
    assert_eq!(asked(&mut world).about, "Wanted to speak with the manager");
    let results = world.shown().wrap_up.unwrap().results;
    assert!(results.iter().any(|result| result.chosen && result.label == "call back"));
}

/// As somebody else has written it since: five cases.
fn written_elsewhere(order: &Order) -> Order {
    let mut newer = Order { revision: order.revision + 3, ..order.clone() };
    newer.lines[0].quantity = 5.into();
    newer
}

const ELSEWHERE: &str = "The order was changed elsewhere; it stands here as it is now";

#[test]
fn a_newer_order_in_the_same_state_is_the_one_that_is_shown() {
    let (mut world, order) = placed();
    let newer = written_elsewhere(&order);
    world.handle(changed(&newer, OrderState::Placed));
    assert_eq!(world.wishes, [Wish::FetchOrder(order.id)]);
    world.told(entry(&newer, Some(1042), &[(ME, OrderState::Placed, "")]));
    assert_eq!(world.form().lines[0].quantity, "5 cases");
    assert!(world.spoken().contains(&ELSEWHERE.to_owned()));
}

#[test]
fn what_was_written_elsewhere_is_there_before_the_order_can_be_changed() {
    let (mut world, order) = placed();
    let newer = written_elsewhere(&order);
    world.types("2");
    world.receives(&newer, OrderState::Draft, Some(1042));
    assert!(world.form().place.is_none(), "what stands here is out of date");
    assert!(world.wishes.contains(&Wish::FetchOrder(order.id)));
    world.told(entry(&newer, Some(1042), &[(ME, OrderState::Placed, ""), (ME, OrderState::Draft, "")]));
    assert!(world.form().place.is_some());
    world.enters("2 coffee");
    let kept = world.last_kept();
    assert_eq!((kept.revision, kept.lines[0].quantity), (newer.revision + 1, 5.into()));
}

/// Its placing waits, and it is changed: with what was written then.
fn changed_while_it_waits() -> (World, Order, Order) {
    let (_, order) = placed();
    let mut world = talking();
    world.handle(Input::Order(OrderNews::Found(Box::new(order.clone()))));
    world.handle(Input::Order(OrderNews::Places { id: order.id }));
    world.press("F1");
    world.types("2");
    world.enters("2 coffee");
    let written = world.last_kept();
    (world, order, written)
}

#[test]
fn an_order_whose_change_came_too_late_is_shown_as_it_is_placed() {
    let (mut world, order, written) = changed_while_it_waits();
    world.receives(&order, OrderState::Placed, Some(1042));
    let (id, revision) = (order.id, written.revision);
    world.handle(Input::Order(OrderNews::Refused { id, revision: 0, code: ProblemCode::AfterCutOff }));
    world.handle(Input::Order(OrderNews::Refused { id, revision, code: ProblemCode::OrderMovedOn }));
    world.told(entry(&order, Some(1042), &[(ME, OrderState::Placed, "")]));
    assert!(world.form().status.text.ends_with("Order 1042 is placed"));
    assert_eq!(world.form().lines.len(), 1, "the coffee is not in it");
}

#[test]
fn the_placing_of_before_does_not_place_what_was_changed_since() {
    let (mut world, order, _) = changed_while_it_waits();
    world.agrees();
    world.press("Ctrl+Enter");
    let written = world.last_written(&order);
    world.receives(&order, OrderState::Placed, Some(1042));
    world.told(entry(&order, Some(1042), &[(ME, OrderState::Placed, "")]));
    assert_eq!(world.form().status.text, "The order desk is asked…");
    assert_eq!(world.form().lines.len(), 2);
    world.receives(&order, OrderState::Draft, Some(1042));
    world.receives(&written, OrderState::Draft, Some(1042));
    world.receives(&written, OrderState::Placed, Some(1042));
    assert_eq!(world.form().status.text, "Order 1042 is placed");
}

impl World {
    /// As it was written last, if it was since.
    fn last_written(&mut self, order: &Order) -> Order {
        self.kept().pop().unwrap_or_else(|| order.clone())
    }
}

#[test]
fn an_answer_that_comes_late_does_not_take_an_order_back_in_time() {
    let (mut world, order) = placed();
    let history = [(ME, OrderState::Placed, ""), ("kim", OrderState::Accepted, "")];
    let changed_at = Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_secs(1);
    world.told(OrderEntry { changed_at, ..entry(&order, Some(1042), &history) });
    let accepted = "Order 1042 is accepted: the manager has it";
    assert_eq!(world.form().status.text, accepted);
    world.told(entry(&order, Some(1042), &history[..1]));
    assert_eq!(world.form().status.text, accepted);
    world.wishes.clear();
    world.receives(&order, OrderState::Placed, Some(1042));
    assert_eq!(world.form().status.text, accepted);
    assert!(world.wishes.contains(&Wish::FetchOrder(order.id)), "what is true now is asked for");
}

#[test]
fn whoever_drops_the_order_of_a_client_who_was_looked_up_is_back_with_the_client_of_the_card() {
    let (mut world, order) = placed();
    world.ended(FIRST, CallOutcome::Completed, 60);
    world.pass(30);
    let alpha = client("Alpha", "petrov");
    let alpha_id = alpha.id;
    world.talks(FIRST, OTHER);
    world.card(FIRST, vec![alpha]);
    let answer = Ok(Box::new(Terms { client: alpha_id, ..terms() }));
    world.handle(Input::Terms { client: alpha_id, answer });
    let back = [(ME, OrderState::Placed, ""), ("kim", OrderState::Draft, "no lorry")];
    world.told(entry(&order, Some(1042), &back));
    world.press("Ctrl+J");
    assert_eq!(world.form().title, "Order: Hanbit Build");
    world.act(Act::DropDraft);
    world.press("F1");
    assert_eq!(world.form().title, "Order: Alpha");
}

#[test]
fn an_order_that_was_placed_before_anything_else_is_known_of_it_is_not_placed_again() {
    let (_, order) = placed();
    let mut world = talking();
    world.handle(Input::Order(OrderNews::Places { id: order.id }));
    world.receives(&order, OrderState::Placed, Some(1042));
    let back = [(ME, OrderState::Placed, ""), ("kim", OrderState::Draft, "no lorry")];
    world.handle(Input::Drafts(Ok(vec![entry(&order, Some(1042), &back)])));
    world.wishes.clear();
    world.handle(Input::NewTelephone);
    assert!(!world.wishes.iter().any(|wish| matches!(wish, Wish::PlaceOrder { .. })), "{:?}", world.wishes);
    world.press("F1");
    assert!(world.form().place.is_some(), "it is the operator's");
}

#[test]
fn a_digit_struck_twice_in_the_list_takes_no_order_back() {
    let (mut world, order) = placed();
    let id = crate::desk_api::OrderId(uuid::Uuid::max());
    let other = OrderEntry { taken_by: "boris".into(), ..entry(&Order { id, ..order.clone() }, None, &[]) };
    world.press("Shift+F1");
    world.handle(Input::Orders { client: Some(hanbit().id), answer: Ok(vec![other]) });
    world.types("2");
    world.act(Act::OrderTyped("2".into()));
    assert_eq!(world.form().status.text, "Order 1042 is placed");
    assert!(!world.wishes.iter().any(|wish| matches!(wish, Wish::ActOnOrder { .. })));
}

#[test]
fn what_has_changed_is_asked_for_again_until_the_desk_has_told_it() {
    let (mut world, order) = placed();
    world.handle(changed(&order, OrderState::Accepted));
    world.handle(Input::OrderEntry(Err(Unavailable::Slow)));
    world.wishes.clear();
    world.pass(31);
    assert!(world.wishes.contains(&Wish::FetchOrders(None)));
    world.handle(Input::OrderWatch(OrderWatch::Away));
    world.handle(Input::OrderWatch(OrderWatch::Live));
    for _ in 0..2 {
        world.handle(Input::Orders { client: None, answer: Err(Unavailable::Slow) });
        let aged = world.form().status.text;
        assert!(aged.contains(" · as of "), "{aged}: nobody has told what happened meanwhile");
        world.wishes.clear();
        world.pass(31);
        assert!(world.wishes.contains(&Wish::FetchOrders(None)));
    }
    let history = [(ME, OrderState::Placed, ""), ("kim", OrderState::Accepted, "")];
    world.handle(Input::Orders { client: None, answer: Ok(vec![entry(&order, Some(1042), &history)]) });
    assert_eq!(world.form().status.text, "Order 1042 is accepted: the manager has it");
    world.wishes.clear();
    world.pass(60);
    assert!(!world.wishes.contains(&Wish::FetchOrders(None)), "told");
}

#[test]
fn the_orders_in_sight_stay_however_many_others_are_told() {
    let (_, order) = placed();
    let mut world = talking();
    world.press("Shift+F1");
    let history = [(ME, OrderState::Placed, ""), ("kim", OrderState::Accepted, "")];
    let with_id = |id| Order { id: crate::desk_api::OrderId(uuid::Uuid::from_u128(id)), ..order.clone() };
    let first = entry(&with_id(1), Some(1), &history);
    world.handle(Input::Orders { client: Some(hanbit().id), answer: Ok(vec![first]) });
    let others = (2..600).map(|id| {
        let order = Order { client: client("Alpha", "petrov").id, ..with_id(id) };
        entry(&order, Some(7), &history)
    });
    world.handle(Input::Orders { client: None, answer: Ok(others.collect()) });
    assert_eq!(world.form().choices[0].label, "Order 1 · accepted");
}

#[test]
fn an_order_that_needs_the_operator_is_read_where_there_are_no_terms_and_hides_no_other() {
    let (_, order) = placed();
    let mut world = World::new();
    let back = |number, why| {
        let id = crate::desk_api::OrderId(uuid::Uuid::from_u128(u128::from(number)));
        let history = [(ME, OrderState::Placed, ""), ("kim", OrderState::Draft, why)];
        entry(&Order { id, ..order.clone() }, Some(number), &history)
    };
    world.handle(Input::Drafts(Ok(vec![back(1, "no lorry"), back(2, "too much")])));
    let why = Unavailable::Refused { status: 404, code: ProblemCode::Other };
    world.handle(Input::Terms { client: hanbit().id, answer: Err(why) });
    world.press("Ctrl+J");
    let form = world.form();
    assert_eq!(form.title, "Orders: Hanbit Build");
    assert!(form.place.is_none(), "nothing is placed without terms");
    assert_eq!(form.choices.iter().position(|row| row.chosen), Some(1), "the first of both, not the latest");
    assert!(form.sums.iter().any(|row| row.value.ends_with("no lorry")), "{:?}", form.sums);
    assert_eq!(world.bar_texts(), ["Order 2 of Hanbit Build came back: too much"]);
}

#[test]
fn a_call_back_that_is_refused_after_the_call_stays_in_a_bar_with_name_and_number() {
    let mut world = talking();
    world.press("Shift+F7");
    let task = asked(&mut world);
    world.ended(FIRST, CallOutcome::Completed, 60);
    world.pass(60);
    // Somebody else was spoken with since.
    world.talks(FIRST, OTHER);
    world.ended(FIRST, CallOutcome::Completed, 5);
    world.pass(60);
    world.handle(Input::Task(TaskNews::Refused(task.id, ProblemCode::Invalid)));
    let bar = format!(
        "The order desk does not take the call back to Hanbit Build, {HANBIT}: ask the manager yourself"
    );
    assert_eq!(world.spoken().last(), Some(&bar));
    world.pass(600);
    assert_eq!(world.bar_texts(), [bar]);
    world.press("Ctrl+J");
    assert!(world.bar_texts().is_empty(), "read");
}

#[test]
fn a_call_back_of_an_earlier_window_that_is_refused_is_told_with_its_number() {
    let mut former = talking();
    former.press("Shift+F7");
    let task = asked(&mut former);
    let mut world = World::new();
    world.handle(Input::Task(TaskNews::Found(Box::new(task.clone()))));
    world.handle(Input::Task(TaskNews::Waits(task.id)));
    assert_eq!(world.spoken(), Vec::<String>::new());
    world.handle(Input::Task(TaskNews::Refused(task.id, ProblemCode::Invalid)));
    let bar = format!("The order desk does not take the call back to {HANBIT}: ask the manager yourself");
    assert_eq!(world.bar_texts(), [bar]);
}

#[test]
fn an_order_that_came_back_before_its_placing_was_answered_is_not_taken_for_placed() {
    let (_, order) = placed();
    let mut world = talking();
    world.handle(Input::Order(OrderNews::Found(Box::new(order.clone()))));
    world.handle(Input::Order(OrderNews::Places { id: order.id }));
    world.press("F1");
    world.handle(changed(&order, OrderState::Placed));
    world.handle(changed(&order, OrderState::Draft));
    world.wishes.clear();
    // The answer of then, which was lost the first time.
    world.receives(&order, OrderState::Placed, Some(1042));
    assert!(world.wishes.contains(&Wish::FetchOrder(order.id)), "what is true now is asked for");
    let back = [(ME, OrderState::Placed, ""), ("kim", OrderState::Draft, "no lorry")];
    world.told(entry(&order, Some(1042), &back));
    assert!(world.form().place.is_some(), "it is the operator's again");
}

#[test]
fn the_chosen_order_stays_chosen_when_others_come_before_it() {
    let (mut world, order) = placed();
    let id = crate::desk_api::OrderId(uuid::Uuid::max());
    let other = OrderEntry { taken_by: "boris".into(), ..entry(&Order { id, ..order.clone() }, None, &[]) };
    world.press("Shift+F1");
    world.pass(1);
    world.handle(Input::Orders { client: Some(hanbit().id), answer: Ok(vec![other]) });
    let labels: Vec<_> = world.form().choices.into_iter().map(|row| (row.label, row.chosen)).collect();
    assert_eq!(
        labels,
        [("Order · with another operator".to_owned(), false), ("Order 1042 · placed".to_owned(), true)]
    );
    world.act(Act::OrderTyped("1".into()));
    assert_eq!(world.form().title, "Orders: Hanbit Build", "it was meant for the row that stood there");
    world.act(Act::OrderEnter);
    assert_eq!(world.form().status.text, "Order 1042 is placed");
}

#[test]
fn who_pays_the_driver_is_proposed_by_the_client_of_the_order_and_not_by_the_card() {
    let (mut world, order) = placed();
    world.ended(FIRST, CallOutcome::Completed, 60);
    world.pass(30);
    let delivery =
        crate::desk_api::DeliveryTerms { address: None, hours: None, pays_on_delivery: true, shipping: None };
    world.talks(FIRST, OTHER);
    world.card(FIRST, vec![ClientCard { delivery: Some(delivery), ..client("Alpha", "petrov") }]);
    let back = [(ME, OrderState::Placed, ""), ("kim", OrderState::Draft, "no lorry")];
    world.told(entry(&order, Some(1042), &back));
    world.press("Ctrl+J");
    let payment = world.form().steps.iter().position(|step| step.label == "Payment").unwrap();
    world.act(Act::OrderStep(payment));
    assert!(!world.form().choices[0].chosen, "nobody said that the driver gets money here");
}

#[test]
fn what_is_done_with_an_order_and_what_becomes_of_it_are_one_word_in_korean() {
    let (mut world, order) = placed();
    world.handle(Input::Language(Language::Korean));
    let said = |world: &World, text: &str| world.screen.cat.get(text).to_owned();
    for (act, result) in [("Accept", "accepted"), ("Placed", "placed")] {
        let (act, result) = (said(&world, act), said(&world, result));
        assert!(result.starts_with(&act), "{act}: {result}");
    }
    let released = [(ME, OrderState::Held, ""), ("orlova", OrderState::Placed, "")];
    world.receives(&order, OrderState::Held, Some(1042));
    world.told(entry(&order, Some(1042), &released));
    assert!(world.bar_texts()[0].contains(&said(&world, "Release")), "{:?}", world.bar_texts());
}
