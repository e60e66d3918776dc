//! Clients looked up by what is typed: for who sees the window, and for who hears it.

use crate::day::{Day, FIRST, HANBIT};
use crate::stage::Role;
use patchcord::desk_api::Unavailable;
use patchcord::screen::{Input, Wish};
use patchcord::text::Language;

const PALETTE: &str = "Commands, people, numbers and clients";

#[test]
fn clients_stand_in_the_palette_as_rows_and_the_card_opens_by_enter() {
    let day = Day::new(Language::English);
    day.searches();
    assert!(day.wishes().contains(&Wish::FindClients("hanb".into())));
    let row = "한빛건설 Hanbit Build, market trader · +7 495 555-01-42 · 김서연";
    assert!(day.sees(Role::ListItem, row).selected);
    assert_eq!(day.keyboard(), Some((Role::TextInput, PALETTE.to_owned())), "typing goes on");
    day.press("Enter");
    day.sees(Role::Groupbox, "Client card: 한빛건설 Hanbit Build");
    day.sees(Role::Text, "Looked up");
    day.sees(Role::Text, "Telephone: +7 495 555-01-42");
    assert!(day.find(Role::TextInput, PALETTE).is_none());
    day.press("Shift+F2");
    assert_eq!(day.intents().iter().map(crate::keys::words).collect::<Vec<_>>(), ["dial +7 495 555-01-42"]);
}

#[test]
fn the_second_client_is_opened_by_the_arrow_or_by_a_click() {
    for click in [false, true] {
        let day = Day::new(Language::English);
        day.searches();
        match click {
            true => day.click(Role::ListItem, &second()),
            false => {
                day.press("Down");
                assert!(day.sees(Role::ListItem, &second()).selected);
                day.press("Enter");
            }
        }
        day.sees(Role::Groupbox, "Client card: Hanbat Mart");
        day.press("Esc");
        day.sees(Role::Groupbox, "Client card");
    }
}

fn second() -> String {
    "Hanbat Mart, market trader · +7 916 123-45-67 · Петров Сергей".to_owned()
}

#[test]
fn a_desk_that_is_away_is_read_under_the_rows() {
    let day = Day::new(Language::English);
    day.press("Ctrl+K");
    day.type_text("hanb");
    day.sees(Role::Text, "Clients are being looked for…");
    day.answer(Input::Clients { text: "hanb".into(), answer: Err(Unavailable::Down) });
    day.sees(Role::Text, "No clients: The order desk does not answer.");
}

#[test]
fn whoever_rings_has_the_card_until_they_are_gone() {
    let day = Day::new(Language::English);
    day.looks_up_client();
    day.rings(FIRST, HANBIT);
    assert!(day.find(Role::Text, "Looked up").is_none());
}
