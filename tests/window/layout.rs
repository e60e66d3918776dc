//! Long names, large text and small windows: nothing runs out of the window or over its neighbour.

use crate::day::{Day, FIRST, HANBIT, STATES, client, day_in};
use crate::stage::{Element, Role};
use patchcord::screen::{Act, Input};
use patchcord::text::Language;

const CALL_COLUMN: f32 = 288.0;
const LONG: [(Language, &str); 2] = [
    (
        Language::Korean,
        "주식회사한빛종합건설자재유통서울특별시강남지점영업본부도매사업부 신규거래처 관리팀 대표이사 김서연 귀하 \
         주식회사한빛종합건설자재유통 부산광역시 해운대지점 물류센터 2층 접수처 담당자 앞으로",
    ),
    (
        Language::Russian,
        "Общество с ограниченной ответственностью «Строительно-монтажное управление Северо-Западного федерального округа № 15»",
    ),
];

fn is_inside(inner: &Element, outer: &Element) -> bool {
    let ([x, y, w, h], [ox, oy, ow, oh]) = (inner.place, outer.place);
    x >= ox - 1.0 && y >= oy - 1.0 && x + w <= ox + ow + 1.0 && y + h <= oy + oh + 1.0
}

fn overlap(one: &Element, other: &Element) -> bool {
    let ([x, y, w, h], [ox, oy, ow, oh]) = (one.place, other.place);
    x + w > ox + 1.0 && ox + ow > x + 1.0 && y + h > oy + 1.0 && oy + oh > y + 1.0
}

/// What cannot be read or reached, in words.
fn faults(day: &Day) -> Vec<String> {
    let width = day.width();
    let elements: Vec<Element> =
        day.elements().into_iter().filter(|one| one.place[2] > 1.0 && one.place[3] > 1.0).collect();
    let mut faults = Vec::new();
    for one in &elements {
        let [x, _, w, _] = one.place;
        if x < -0.5 || x + w > width + 0.5 {
            faults.push(format!("out of the window, {width} wide: {:?} {} {:?}", one.role, one.label, one.place));
        }
        if x < CALL_COLUMN - 1.0 && x + w > CALL_COLUMN + 1.0 && w < width - 2.0 && one.place[1] > 80.0 && one.role != Role::List {
            faults.push(format!("out of the call column: {:?} {} {:?}", one.role, one.label, one.place));
        }
    }
    let leaves: Vec<&Element> = elements
        .iter()
        .filter(|one| matches!(one.role, Role::Text | Role::Button | Role::TextInput | Role::ProgressIndicator | Role::Switch))
        .collect();
    for (index, one) in leaves.iter().enumerate() {
        for other in &leaves[index + 1..] {
            if overlap(one, other) && !is_inside(one, other) && !is_inside(other, one) {
                faults.push(format!("overlap: {:?} {:?} and {:?} {:?}", one.label, one.place, other.label, other.place));
            }
        }
    }
    faults
}

fn all_is_well(day: &Day, place: &str) {
    let faults = faults(day);
    assert!(faults.is_empty(), "{place}:\n{}", faults.join("\n"));
}

#[test]
fn every_state_fits_in_every_language() {
    for language in Language::ALL {
        for state in &STATES {
            all_is_well(&day_in(state.name, language), &format!("{} in {language:?}", state.name));
        }
    }
}

#[test]
fn the_smallest_window_has_the_card_as_a_tab() {
    for language in Language::ALL {
        for state in &STATES {
            let day = day_in(state.name, language);
            day.resize(1024, 640);
            day.settle();
            all_is_well(&day, &format!("{} in {language:?}", state.name));
        }
    }
    let day = day_in("talking", Language::English);
    assert!(day.find(Role::Tab, "Client card").is_none());
    day.resize(1024, 640);
    let tab = day.sees(Role::Tab, "Client card");
    assert!(tab.selected, "it is in front");
    day.sees(Role::Text, "Overdue debt");
    day.click(Role::Tab, "Calls");
    assert!(day.find(Role::Text, "Overdue debt").is_none());
    day.press("Ctrl+L");
    day.sees(Role::Text, "Overdue debt");
    day.resize(1280, 760);
    assert!(day.find(Role::Tab, "Client card").is_none());
    day.sees(Role::Text, "Overdue debt");
}

#[test]
fn names_of_a_hundred_characters_stay_in_their_place() {
    for (language, name) in LONG {
        assert!(name.chars().count() >= 100);
        let day = Day::new(language);
        day.rings(FIRST, HANBIT);
        day.card(FIRST, vec![client(name, "kim"), client(&format!("{name} 2"), "kim")]);
        all_is_well(&day, "several");
        day.act(Act::ChooseClient(0));
        day.intents();
        all_is_well(&day, "ringing");
        day.answered(FIRST);
        all_is_well(&day, "talking");
        day.rings(crate::day::SECOND, crate::day::OTHER);
        day.card(crate::day::SECOND, vec![client(name, "petrov")]);
        all_is_well(&day, "second rings");
        for size in [(1024, 640), (1280, 760)] {
            day.resize(size.0, size.1);
            all_is_well(&day, "resized");
        }
    }
}

#[test]
fn half_as_large_again_and_twice_as_large_still_fit() {
    for language in Language::ALL {
        for steps in [5, 10] {
            for state in &STATES {
                let day = day_in(state.name, language);
                for _ in 0..steps {
                    day.press("Ctrl+plus");
                }
                let percent = 100 + steps * 10;
                assert!((day.scale() * 100.0 - percent as f32).abs() < 0.5);
                all_is_well(&day, &format!("{} in {language:?} at {percent} %", state.name));
            }
        }
    }
}

#[test]
fn settings_and_set_up_fit_too() {
    for language in Language::ALL {
        let day = day_in("ready", language);
        day.act(Act::Settings);
        all_is_well(&day, "settings");
        day.resize(1024, 640);
        all_is_well(&day, "settings, small");
        day.open_setup();
        day.settle();
        day.answer(Input::Tick);
        // The page behind it is covered.
        let out: Vec<Element> = day.elements().into_iter().filter(|one| one.place[0] + one.place[2] > day.width() + 0.5).collect();
        assert!(out.is_empty(), "{out:#?}");
    }
}
