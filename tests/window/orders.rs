//! An order at the window: by keys alone, for who sees it and for who hears it.

use crate::day::{Day, FIRST, OTHER, SECOND, day_in};
use crate::stage::Role;
use patchcord::phone::CallOutcome;
use patchcord::screen::{Act, Wish};
use patchcord::text::Language;
use std::time::Duration;

const ASKS: &str = "Product, or quantity and product";

#[test]
fn a_full_order_is_taken_and_placed_without_leaving_the_field() {
    let day = Day::new(Language::English);
    day.can_order();
    day.press("F1");
    assert_eq!(day.keyboard(), Some((Role::TextInput, ASKS.to_owned())));
    day.enters("tea");
    assert_eq!(
        day.keyboard(),
        Some((Role::TextInput, "Black tea 100 g: how much? Usually 3 cases".to_owned())),
        "the field says what it asks for"
    );
    day.press("Enter");
    day.enters("2 coffee");
    day.sees(Role::ListItem, "Black tea 100 g, 3 cases, = 72 pieces, ₽3,960.00, last time 3 cases");
    assert_eq!(day.sees(Role::TextInput, ASKS).value, "", "empty for the next product");
    day.press("Ctrl+Enter");
    day.answers("2261111");
    day.sees(Role::Text, "Nothing is missing");
    day.sees(Role::ListItem, "Receiver: Anna Kim · +7 916 555-01-42 · may sign and pay");
    day.wishes();
    day.press("Ctrl+Enter");
    assert!(day.wishes().iter().any(|wish| matches!(wish, Wish::PlaceOrder { .. })));
    day.sees(Role::Text, "The order desk is asked…");
}

#[test]
fn rows_are_reached_by_tab_and_clicks_do_what_keys_do() {
    let day = day_in("order", Language::English);
    let row = "Sugar 1 kg, 20 pieces, ₽1,440.00, There are only 16 pieces";
    day.click(Role::ListItem, row);
    assert!(day.sees(Role::ListItem, row).selected);
    day.press("Enter");
    day.sees(Role::ListItem, "1, only 16 pieces");
    day.pass(Duration::from_secs(1));
    day.click(Role::ListItem, "1, only 16 pieces");
    day.sees(Role::ListItem, "Sugar 1 kg, 16 pieces, ₽1,152.00, wanted 20 pieces");
    day.click(Role::ListItem, "Time: , Nobody said when");
    day.sees(Role::TextInput, "When?");
}

#[test]
fn a_digit_that_answers_leaves_nothing_in_the_field() {
    let day = day_in("order-agreeing", Language::English);
    assert_eq!(day.sees(Role::TextInput, "Sugar 1 kg: there is less. What is agreed?").value, "");
    day.answers("1");
    assert_eq!(day.sees(Role::TextInput, "When?").value, "");
}

#[test]
fn delete_in_an_empty_field_drops_the_line() {
    let day = day_in("order", Language::English);
    day.press("Esc");
    day.press("Up");
    day.sees(Role::TextInput, "Sugar 1 kg, 20 pieces: how much instead?");
    day.press("Delete");
    assert!(day.elements().iter().all(|one| !one.label.starts_with("Sugar 1 kg, 20")));
    assert_eq!(day.keyboard(), Some((Role::TextInput, ASKS.to_owned())));
}

#[test]
fn the_call_s_keys_work_in_the_order_s_field() {
    let day = day_in("order", Language::English);
    for (key, does) in [("F4", "hold 1"), ("F5", "mute true"), ("F3", "hang up 1")] {
        day.press(key);
        assert_eq!(day.intents().iter().map(crate::keys::words).collect::<Vec<_>>(), [does]);
    }
    assert_eq!(day.sees(Role::TextInput, ASKS).value, "co");
}

#[test]
fn a_call_that_rings_or_drops_interrupts_no_typing_and_another_client_s_call_gets_none_of_it() {
    let day = day_in("order", Language::English);
    day.rings(SECOND, OTHER);
    day.type_text("f");
    assert_eq!(day.sees(Role::TextInput, ASKS).value, "cof");
    day.ends(SECOND, CallOutcome::Missed);
    day.ends(FIRST, CallOutcome::Completed);
    day.type_text("f");
    assert_eq!(day.sees(Role::TextInput, ASKS).value, "coff", "the client is gone, the order is not");
    day.rings(SECOND, OTHER);
    day.answered(SECOND);
    day.settle();
    assert_ne!(day.keyboard().map(|(role, _)| role), Some(Role::TextInput));
}

#[test]
fn the_card_is_back_when_the_form_is_left_and_shows_the_draft() {
    let day = day_in("order", Language::English);
    day.press("Esc");
    day.press("Esc");
    day.sees(Role::Text, "Order draft: lines: 3, ₽9,920.00 · F1");
    day.press("F1");
    day.sees(Role::TextInput, ASKS);
    day.press("Ctrl+N");
    assert_eq!(day.keyboard(), Some((Role::TextInput, "Note about the call".to_owned())));
}

#[test]
fn the_client_s_orders_are_at_hand_by_one_key_and_read_row_by_row() {
    let day = Day::new(Language::English);
    day.looks_up_orders();
    assert_eq!(day.keyboard(), Some((Role::TextInput, "Orders: 4. A digit opens one".to_owned())));
    let row = "3, Order 10422 · accepted, Wed 6 May, 09:00–13:00 · ₽7,680.00";
    assert!(day.sees(Role::ListItem, row).selected);
    day.sees(Role::Text, "accepted: Mon 4 May, 14:12");
    day.type_text("4");
    day.sees(Role::Text, "Order 10421 is being picked");
}

#[test]
fn an_order_that_came_back_opens_by_its_button_or_key() {
    for click in [true, false] {
        let day = Day::new(Language::English);
        day.gets_order_back();
        day.sees(Role::Text, "Order 10423 of 한빛건설 Hanbit Build was accepted");
        match click {
            true => day.click(Role::Button, "Open"),
            false => day.press("Ctrl+J"),
        }
        day.sees(Role::TextInput, ASKS);
        day.sees(Role::ListItem, "Black tea 100 g, 2 cases, = 48 pieces, ₽2,640.00, last time 3 cases");
    }
}

#[test]
fn a_placed_order_says_its_number_and_proposes_the_result() {
    let day = day_in("order-placed", Language::English);
    day.sees(Role::Text, "Order 10427 is placed");
    day.ends(FIRST, CallOutcome::Completed);
    assert!(day.sees(Role::ListItem, "order taken, 2").selected);
    day.act(Act::FinishWrapUp);
}
