//! For who does not see the window, and for who has no mouse: everything has a name, and everything is reached by keys.

use crate::day::{Day, FIRST, OTHER, STATES, big_directory, day_in};
use crate::stage::Role;
use patchcord::screen::{Act, Input};
use patchcord::text::{Language, say};

const NAMED: [Role; 12] = [
    Role::Button,
    Role::Checkbox,
    Role::Combobox,
    Role::Groupbox,
    Role::List,
    Role::ListItem,
    Role::ProgressIndicator,
    Role::RadioButton,
    Role::RadioGroup,
    Role::Switch,
    Role::Tab,
    Role::TextInput,
];

fn all_named(day: &Day, place: &str) {
    let nameless: Vec<_> = day
        .elements()
        .into_iter()
        .filter(|one| NAMED.contains(&one.role) && one.label.trim().is_empty())
        .collect();
    assert!(nameless.is_empty(), "{place}: {nameless:#?}");
}

fn every_control_has_a_name_in(language: Language) {
    for state in &STATES {
        all_named(&day_in(state.name, language), state.name);
    }
    let day = day_in("ready", language);
    day.press("Ctrl+K");
    all_named(&day, "palette");
    day.press("Esc");
    day.looks_up_client();
    all_named(&day, "looked up");
    day.press("Esc");
    day.act(Act::Settings);
    // High enough to show the whole page.
    day.resize(1280, 1400);
    let switches = day.elements().into_iter().filter(|one| one.role == Role::Switch).count();
    assert!(switches >= 3, "the settings are seen");
    all_named(&day, "settings");
    day.open_setup();
    day.settle();
    assert!(day.find(Role::TextInput, day.say("Password")).is_some());
    all_named(&day, "set-up");
}

#[test]
fn every_control_has_a_name_in_english() {
    every_control_has_a_name_in(Language::English);
}

#[test]
fn every_control_has_a_name_in_korean() {
    every_control_has_a_name_in(Language::Korean);
}

#[test]
fn every_control_has_a_name_in_russian() {
    every_control_has_a_name_in(Language::Russian);
}

#[test]
fn the_main_page_is_walked_by_tab_in_reading_order() {
    let day = day_in("talking", Language::English);
    let mut walked: Vec<String> = Vec::new();
    loop {
        day.press("Tab");
        let Some((role, label)) = day.keyboard() else { continue };
        let stop = format!("{role:?} {label}");
        if walked.contains(&stop) {
            break;
        }
        walked.push(stop);
        assert!(walked.len() < 60, "{walked:#?}");
    }
    assert_eq!(
        walked,
        [
            "Button Line: On a call",
            "Button Commands",
            "Button Settings",
            "Button Hold",
            "Button Hang up",
            "Button Mute",
            "Button Keypad",
            "Button Transfer",
            "Button Order",
            "TextInput Dial",
            "Button What it is about",
            "TextInput Name, department or number",
            "ListItem 김서연, own manager, Wholesale 201",
            "ListItem Orlova Maria, head of department, Wholesale 302",
            "ListItem Петров Сергей, Wholesale 202",
            "ListItem Иванова Алёна, Wholesale 203",
            "ListItem Lebedev Ilya, Support 102",
            "Groupbox Client card: 한빛건설 Hanbit Build",
            "TextInput Note about the call",
            "Tab Calls",
            "Tab Settings",
            "Switch Missed only",
            "ListItem 10:41, in, 한빛건설 Hanbit Build, 01:14, order taken",
            "ListItem 10:20, missed, +7 916 123-45-67",
            "ListItem 09:58, out, +7 495 111-22-33, 01:14, order taken",
            "ListItem yesterday, in, +7 800 555-35-35, 01:14, order taken",
        ]
    );
}

#[test]
fn sixty_colleagues_are_walked_to_the_last_row_that_is_shown() {
    let day = Day::new(Language::English);
    day.answer(Input::Directory(Ok(big_directory(60))));
    day.rings(FIRST, OTHER);
    day.answered(FIRST);
    day.pass(std::time::Duration::from_secs(1));
    day.press("F8");
    day.press("Tab");
    day.intents();
    for index in 0..40 {
        let Some((role, label)) = day.keyboard() else { panic!("row {index} has no keyboard") };
        assert_eq!(role, Role::ListItem);
        assert!(label.starts_with(&format!("Person {index:02}, ")), "row {index}: {label}");
        let row = day.sees(Role::ListItem, &label).place;
        assert!(row[1] > 0.0 && row[1] + row[3] <= 760.0, "row {index} is in sight: {row:?}");
        day.press("Down");
    }
    day.sees(Role::Text, "20 more, keep typing");
    day.press("Enter");
    let passed: Vec<String> = day.intents().iter().map(crate::keys::words).collect();
    assert_eq!(passed, ["pass 1 to 339"]);
}

#[test]
fn what_has_a_value_says_its_name_with_it() {
    let day = Day::new(Language::English);
    day.act(Act::Settings);
    day.press("Ctrl+plus");
    day.sees(Role::Text, "Zoom: 110 %");
}

#[test]
fn clients_with_one_number_are_named_with_their_keys() {
    let day = day_in("ringing-several", Language::English);
    day.sees(Role::ListItem, "한빛건설 Hanbit Build, market trader · 김서연, Alt+1");
    day.press("Alt+2");
    day.intents();
    let row = day.sees(Role::ListItem, "Ромашка, оптовая база, market trader · Иванова Алёна");
    assert!(row.selected);
}

#[test]
fn one_click_only_goes_to_a_row_and_two_or_enter_call() {
    for (state, label, does) in [
        ("ready", "10:41, in, +7 495 555-01-42, 01:14, order taken", "dial +74955550142"),
        ("ready", "김서연, Wholesale 201", "dial 201"),
        ("talking", "김서연, own manager, Wholesale 201", "pass 1 to 201"),
    ] {
        let did = |day: &Day| -> Vec<String> { day.intents().iter().map(crate::keys::words).collect() };
        let day = day_in(state, Language::English);
        day.click(Role::ListItem, label);
        assert_eq!(did(&day), [""; 0], "{label}: a slip");
        assert_eq!(day.keyboard(), Some((Role::ListItem, label.to_owned())));
        assert!(day.sees(Role::ListItem, label).selected);
        day.press("Enter");
        assert_eq!(did(&day), [does]);
        let day = day_in(state, Language::English);
        day.click(Role::ListItem, label);
        day.click(Role::ListItem, label);
        assert_eq!(did(&day), [does]);
        let day = day_in(state, Language::English);
        let [x, y, width, height] = day.sees(Role::ListItem, label).place;
        // The row's own button stands at its end.
        day.click_at(x + width - 19.0, y + height / 2.0);
        assert_eq!(did(&day), [does]);
    }
}

#[test]
fn who_calls_is_said() {
    let day = day_in("ringing", Language::Russian);
    let said = say!(day.catalogue(), "{who} is calling", who = "+7 495 555-01-42");
    day.sees(Role::Text, &said);
}
