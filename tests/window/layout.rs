//! Long names, large text and small windows: nothing runs out of the window or over its neighbour.

use crate::day::{Day, FIRST, HANBIT, STATES, client, day_in};
use crate::stage::{Element, Role};
use patchcord::screen::{Act, Input, Sound, Trouble};
use patchcord::text::Language;

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

/// What cannot be read or reached, in words.
fn faults(day: &Day) -> Vec<String> {
    let width = day.width();
    let column = day.sees(Role::Groupbox, day.say("Current call"));
    let elements: Vec<Element> =
        day.elements().into_iter().filter(|one| one.place[2] > 1.0 && one.place[3] > 1.0).collect();
    let mut faults = Vec::new();
    // What is scrolled is cut off at the edge of its list.
    let (top, bottom) = (column.place[1], column.place[1] + column.place[3]);
    let label = day.say("Note about the call");
    let note = elements.iter().find(|one| one.role == Role::TextInput && one.label == label);
    let heading = elements.iter().find(|one| one.role == Role::Text && one.label == label);
    // So is the client's card, above the note.
    let is_under_note = |[x, y, w, h]: [f32; 4]| {
        note.zip(heading).is_some_and(|(note, heading)| {
            let [left, _, width, _] = note.place;
            let edge = heading.place[1];
            y <= edge && y + h > edge && x + w > left && x < left + width
        })
    };
    let in_sight = |one: &&Element| {
        let [_, y, _, h] = one.place;
        y + h <= bottom && (y >= top || y + h <= top) && !is_under_note(one.place)
    };
    for one in elements.iter().filter(in_sight) {
        let [x, _, w, _] = one.place;
        if x < -0.5 || x + w > width + 0.5 {
            faults.push(format!(
                "out of the window, {width} wide: {:?} {} {:?}",
                one.role, one.label, one.place
            ));
        }
        if one.place[1] >= column.place[1]
            && one.place[1] + one.place[3] <= column.place[1] + column.place[3]
            && x < column.place[2] - 1.0
            && x + w > column.place[2] + 1.0
        {
            faults.push(format!("out of the call column: {:?} {} {:?}", one.role, one.label, one.place));
        }
    }
    let leaves: Vec<&Element> = elements
        .iter()
        .filter(in_sight)
        .filter(|one| {
            matches!(
                one.role,
                Role::Text | Role::Button | Role::TextInput | Role::ProgressIndicator | Role::Switch
            )
        })
        .collect();
    for (index, one) in leaves.iter().enumerate() {
        for other in &leaves[index + 1..] {
            if one.overlaps(other) && !one.is_inside(other) && !other.is_inside(one) {
                faults.push(format!(
                    "overlap: {:?} {:?} and {:?} {:?}",
                    one.label, one.place, other.label, other.place
                ));
            }
        }
    }
    faults
}

fn all_is_well(day: &Day, place: &str) {
    let faults = faults(day);
    assert!(faults.is_empty(), "{place}:\n{}", faults.join("\n"));
}

fn every_state_fits_in(language: Language) {
    let mut faults = Vec::new();
    for state in &STATES {
        let day = day_in(state.name, language);
        let mut look = |how: &str| {
            faults
                .extend(self::faults(&day).into_iter().map(|fault| format!("{} {how}: {fault}", state.name)));
        };
        look("");
        day.resize(1024, 640);
        look("small");
        day.resize(1280, 760);
        for percent in [150.0, 200.0] {
            (0..5).for_each(|_| day.press("Ctrl+plus"));
            assert!((day.scale() * 100.0 - percent).abs() < 0.5);
            look(&format!("{percent} %"));
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn every_state_fits_in_english_in_each_size_and_zoom() {
    every_state_fits_in(Language::English);
}

#[test]
fn every_state_fits_in_korean_in_each_size_and_zoom() {
    every_state_fits_in(Language::Korean);
}

#[test]
fn every_state_fits_in_russian_in_each_size_and_zoom() {
    every_state_fits_in(Language::Russian);
}

/// Names, and what stands beside them, end where their place does; what can be done never does.
#[test]
fn no_verb_is_cut_off() {
    let states = ["ready", "break", "no-line", "ringing", "dialling", "talking", "muted", "hold", "passing"];
    let mut cut = Vec::new();
    for language in Language::ALL {
        let looked_up = || {
            let day = Day::new(language);
            day.looks_up_client();
            ("looked-up", day)
        };
        let days = states
            .into_iter()
            .chain(["second-rings", "two-calls", "chain", "consulting", "conference", "wrap-up"])
            .map(|state| (state, day_in(state, language)))
            .chain(std::iter::once_with(looked_up));
        for (state, day) in days {
            let verbs: Vec<String> = day
                .elements()
                .into_iter()
                .filter(|one| one.role == Role::Button)
                .map(|one| one.label)
                .collect();
            cut.extend(
                day.elided()
                    .into_iter()
                    .filter(|text| verbs.contains(text))
                    .map(|text| format!("{state}: {text}")),
            );
        }
    }
    assert!(cut.is_empty(), "{cut:#?}");
}

#[test]
fn long_notices_have_as_many_lines_as_they_need() {
    let day = day_in("talking", Language::Russian);
    (0..10).for_each(|_| day.press("Ctrl+plus"));
    day.answer(Input::Trouble(Trouble::Sound { line: FIRST, lost: Sound::Recording }));
    let bar = |day: &Day, end: &str| -> [f32; 4] {
        let bar = |one: &Element| one.role == Role::Groupbox && one.label.ends_with(end);
        day.elements().into_iter().find(bar).unwrap().place
    };
    let short = bar(&day, "разговор продолжается.");
    day.answer(Input::Trouble(Trouble::Sound { line: FIRST, lost: Sound::Voice }));
    let long = bar(&day, "позвоните снова.");
    assert!(long[3] > short[3] + 6.0, "{short:?} {long:?}");
    let column = day.sees(Role::Groupbox, day.say("Current call")).place;
    assert!(column[1] >= long[1] + long[3] - 0.5, "nothing is covered: {column:?} {long:?}");
}

#[test]
fn every_hint_is_in_sight_with_large_text() {
    for language in Language::ALL {
        let day = day_in("second-rings", language);
        (0..10).for_each(|_| day.press("Ctrl+plus"));
        let hints: Vec<Element> =
            day.elements().into_iter().filter(|one| one.id == "HintBar::hint").collect();
        assert_eq!(hints.len(), 7);
        let height = 760.0 / day.scale();
        for hint in &hints {
            let [x, y, width, tall] = hint.place;
            assert!(x + width <= day.width() && y + tall <= height, "{language:?}: {hint:?}");
        }
        for (index, hint) in hints.iter().enumerate() {
            assert!(hints[index + 1..].iter().all(|other| !hint.overlaps(other)), "{language:?}: {hint:?}");
        }
    }
}

const OVERDUE: &str = "Overdue debt: ₽1,284,000.00";

#[test]
fn the_smallest_window_has_the_card_as_a_tab() {
    let day = day_in("talking", Language::English);
    assert!(day.find(Role::Tab, "Client card").is_none());
    day.resize(1024, 640);
    let tab = day.sees(Role::Tab, "Client card");
    assert!(tab.selected, "it is in front");
    day.sees(Role::Text, OVERDUE);
    day.click(Role::Tab, "Calls");
    assert!(day.find(Role::Text, OVERDUE).is_none());
    day.press("Ctrl+L");
    day.sees(Role::Text, OVERDUE);
    day.resize(1280, 760);
    assert!(day.find(Role::Tab, "Client card").is_none());
    day.sees(Role::Text, OVERDUE);
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
        let out: Vec<Element> = day
            .elements()
            .into_iter()
            .filter(|one| one.place[0] + one.place[2] > day.width() + 0.5)
            .collect();
        assert!(out.is_empty(), "{out:#?}");
    }
}
