//! Clients whom the operator looks up by what is typed, without a call of theirs.

use super::*;
use crate::desk_api::{CallRecordId, OrderState};
use crate::domain::client::ClientPhone;
use crate::domain::number::PhoneNumber;

fn with_phone(name: &str, number: &str) -> ClientCard {
    let number = PhoneNumber::parse_e164(number).unwrap();
    let phone = ClientPhone { number: Some(number), written: number.to_string(), extension: None };
    ClientCard { phones: vec![phone], ..client(name, "kim") }
}

fn romashka() -> ClientCard {
    with_phone("Ромашка", OTHER)
}

impl World {
    /// In the palette.
    pub(super) fn searches(&mut self, text: &str) {
        self.press("Ctrl+K");
        self.act(Act::PaletteQuery(text.into()));
    }

    pub(super) fn finds(&mut self, text: &str, clients: Vec<ClientCard>) {
        self.handle(Input::Clients { text: text.into(), answer: Ok(clients) });
    }

    pub(super) fn looks_up(&mut self, found: ClientCard) {
        self.searches("qqq");
        self.finds("qqq", vec![found]);
        self.press("Enter");
        self.wishes.clear();
    }

    pub(super) fn palette(&self) -> Palette {
        self.shown().lists.palette.clone().expect("the palette is open")
    }

    pub(super) fn labels(&self) -> Vec<String> {
        self.palette().rows.into_iter().map(|row| row.label).collect()
    }

    pub(super) fn card_title(&self) -> String {
        self.shown().lists.card.title.clone()
    }
}

#[test]
fn clients_appear_while_it_is_typed_and_enter_opens_the_card_without_a_call() {
    let mut world = World::new();
    world.searches("hjvfirf");
    assert!(world.wishes.contains(&Wish::FindClients("hjvfirf".into())), "{:?}", world.wishes);
    assert_eq!(world.palette().note, "Clients are being looked for…");
    world.wishes.clear();
    world.finds("hjvfirf", vec![romashka(), hanbit()]);
    assert_eq!(world.labels(), ["Ромашка", "Hanbit Build"]);
    assert_eq!(world.palette().rows[0].detail, "market trader · +7 916 123-45-67 · Kim Seoyeon");
    assert_eq!(world.spoken(), ["Clients: 2. Ромашка"]);
    world.press("Down");
    assert_eq!(world.spoken(), ["Hanbit Build, market trader, Kim Seoyeon".replace(", Kim", " · Kim")]);
    world.press("Up");
    world.wishes.clear();
    world.press("Enter");
    assert!(world.wishes.contains(&Wish::FetchTerms(romashka().id)), "an order is prepared");
    assert!(world.wishes.contains(&Wish::Focus(Field::Card)));
    assert_eq!(world.spoken(), ["Ромашка, market trader, Column B"]);
    assert!(world.intents().is_empty());
    let card = world.shown().lists.card.clone();
    assert_eq!((card.title.as_str(), card.note.as_str()), ("Ромашка", "Looked up"));
    assert_eq!((card.rows[0].key.as_str(), card.rows[0].value.as_str()), ("Telephone", "+7 916 123-45-67"));
    assert!(world.shown().lists.palette.is_none());
    world.press("Esc");
    assert_eq!(world.card_title(), "");
}

#[test]
fn an_answer_to_other_words_is_nobody_s() {
    let mut world = World::new();
    world.searches("rom");
    world.act(Act::PaletteQuery("roma".into()));
    world.finds("rom", vec![hanbit()]);
    assert_eq!(world.labels(), Vec::<String>::new());
    world.finds("roma", vec![romashka()]);
    assert_eq!(world.labels(), ["Ромашка"]);
    world.act(Act::PaletteQuery("romas".into()));
    assert_eq!(world.labels(), Vec::<String>::new(), "Enter must not take who was found for less");
    world.press("Esc");
    world.finds("romas", vec![romashka()]);
    assert!(world.shown().lists.palette.is_none());
}

#[test]
fn enter_before_the_desk_has_answered_waits_for_it() {
    let mut world = World::new();
    world.searches("romashka");
    world.press("Enter");
    world.finds("romashka", vec![romashka()]);
    assert_eq!(world.labels(), ["Ромашка"]);
    world.press("Enter");
    assert_eq!(world.card_title(), "Ромашка");
}

#[test]
fn what_the_desk_finds_moves_no_row_that_stood_before() {
    let mut world = World::new();
    world.searches("a");
    let before = world.labels();
    assert!(!before.is_empty());
    let many: Vec<ClientCard> = (0..20).map(|nth| client(&format!("Alpha {nth}"), "kim")).collect();
    world.finds("a", many);
    let after = world.labels();
    assert_eq!(after[..before.len()], before);
    assert_eq!(after.len(), 12);
    let hidden = 20 - (12 - before.len());
    assert_eq!(world.palette().note, format!("More clients: {hidden}. Type on"));
}

#[test]
fn a_desk_that_is_away_is_said_in_words_and_once() {
    let mut world = World::new();
    let fails = |world: &mut World, text: &str| {
        world.act(Act::PaletteQuery(text.into()));
        world.handle(Input::Clients { text: text.into(), answer: Err(Unavailable::Down) });
    };
    world.press("Ctrl+K");
    world.wishes.clear();
    fails(&mut world, "kim");
    assert_eq!(world.palette().note, "No clients: The order desk does not answer.");
    assert_eq!(world.labels()[0], "Call Kim Seoyeon", "people are found all the same");
    fails(&mut world, "kims");
    assert_eq!(world.spoken(), ["No clients: The order desk does not answer."]);
    world.act(Act::PaletteQuery("kimst".into()));
    world.finds("kimst", Vec::new());
    assert_eq!(world.spoken(), ["No client is found"]);
    assert_eq!(world.palette().note, "No client is found");
}

#[test]
fn without_a_desk_nobody_is_asked() {
    let mut world = World::with(|config| config.has_desk = false);
    world.searches("rom");
    assert!(!world.wishes.iter().any(|wish| matches!(wish, Wish::FindClients(_))));
    assert_eq!(world.palette().note, "");
}

#[test]
fn who_is_looked_up_is_called_by_one_key_and_is_meant_among_several_with_the_number() {
    let mut world = World::new();
    world.looks_up(romashka());
    let verbs: Vec<String> =
        world.shown().lists.verbs.iter().map(|verb| format!("{} {}", verb.label, verb.key)).collect();
    assert_eq!(verbs, ["Order F1", "Break Ctrl+B", "Call the client Shift+F2"]);
    world.press("Shift+F2");
    let target = "+7 916 123-45-67";
    assert_eq!(world.intents(), [Intent::Dial { target: target.into() }]);
    world.dials(FIRST, target);
    assert_eq!(world.shown().lists.card.note, "Looking up…", "the call has the card now");
    world.card(FIRST, vec![with_phone("Вторая", OTHER), romashka()]);
    assert_eq!(world.shown().lists.card.candidates[0].name, "Ромашка");
}

#[test]
fn an_order_is_taken_without_a_call() {
    let mut world = World::new();
    world.looks_up(hanbit());
    world.handle(Input::Terms { client: hanbit().id, answer: Ok(Box::new(orders::terms())) });
    world.press("F1");
    world.enters("3 tea");
    let order = world.last_kept();
    assert_eq!((order.client, order.call), (hanbit().id, None));
    world.press("Esc");
    assert_eq!(world.card_title(), "Hanbit Build", "the card is back behind the form");
    world.press("Shift+F1");
    assert!(world.wishes.contains(&Wish::FetchOrders(Some(hanbit().id))));
}

/// Who it is was asked, and found by name.
#[test]
fn an_order_for_a_caller_whom_nobody_knew_names_the_call() {
    let mut world = World::new();
    world.talks(FIRST, OTHER);
    world.card(FIRST, Vec::new());
    let record = CallRecordId(uuid::Uuid::from_u128(1));
    world.handle(Input::Agent(Event::Recorded { line: FIRST, id: record }));
    world.looks_up(hanbit());
    let note = world.shown().lists.card.note.clone();
    assert!(note.starts_with("Looked up. On the line: "), "{note}");
    world.handle(Input::Terms { client: hanbit().id, answer: Ok(Box::new(orders::terms())) });
    world.press("F1");
    world.enters("3 tea");
    let order = world.last_kept();
    assert_eq!(order.call, Some(record));
    world.receives(&order, OrderState::Placed, Some(10_427));
    world.ended(FIRST, CallOutcome::Completed, 60);
    let results = world.shown().wrap_up.unwrap().results;
    let chosen: Vec<&str> = results.iter().filter(|row| row.chosen).map(|row| row.label.as_str()).collect();
    assert_eq!(chosen, ["order taken"]);
}

#[test]
fn another_client_s_order_does_not_name_the_call_of_one_who_is_known() {
    let mut world = World::new();
    world.talks(FIRST, OTHER);
    world.card(FIRST, vec![romashka()]);
    let id = CallRecordId(uuid::Uuid::from_u128(1));
    world.handle(Input::Agent(Event::Recorded { line: FIRST, id }));
    world.looks_up(hanbit());
    world.handle(Input::Terms { client: hanbit().id, answer: Ok(Box::new(orders::terms())) });
    world.press("F1");
    world.enters("3 tea");
    assert_eq!(world.last_kept().call, None);
    world.press("Esc");
    world.press("Esc");
    world.press("Esc");
    assert_eq!(world.card_title(), "Ромашка", "the card of the call is back");
}

#[test]
fn whoever_rings_is_seen_first_and_takes_nobody_s_form() {
    let mut world = World::new();
    world.looks_up(hanbit());
    world.rings(FIRST, OTHER);
    world.card(FIRST, vec![romashka()]);
    assert_eq!(world.card_title(), "Ромашка");
    world.ended(FIRST, CallOutcome::Missed, 0);
    assert_eq!(world.card_title(), "Hanbit Build");
    world.handle(Input::Terms { client: hanbit().id, answer: Ok(Box::new(orders::terms())) });
    world.press("F1");
    world.act(Act::OrderTyped("3 te".into()));
    world.rings(FIRST, OTHER);
    world.card(FIRST, vec![romashka()]);
    assert_eq!(world.form().text, "3 te");
    world.answered(FIRST);
    assert_eq!(world.shown().lists.order, None);
    assert_eq!(world.card_title(), "Ромашка");
}
