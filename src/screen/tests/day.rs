//! Breaks, outages, devices, recent calls, the palette, languages.

use super::*;
use crate::desk_api::{CallRecord, CallRecordId, Direction, Outcome, Party, Picked};

fn texts(bars: &[Bar]) -> Vec<&str> {
    bars.iter().map(|bar| bar.text.as_str()).collect()
}

fn record(call_id: &str, at: &str, outcome: Outcome) -> CallRecord {
    let at: jiff::Timestamp = at.parse().unwrap();
    CallRecord {
        id: CallRecordId::new(at, [1; 10]),
        revision: 1,
        call_id: call_id.into(),
        direction: Direction::Inbound,
        line: None,
        operator: "anna".into(),
        caller: Party { written: Some("89161234567".into()), ..Party::default() },
        called: Party::default(),
        client: None,
        matched: None,
        started_at: at,
        answered_at: (outcome == Outcome::Completed).then_some(at),
        ended_at: Some(at + Duration::from_secs(74)),
        outcome: Some(outcome),
        status: None,
        transfers: Vec::new(),
        voice: None,
        result: (outcome == Outcome::Completed).then(|| "order".into()),
        picked: Picked::default(),
        note: None,
        recording: None,
    }
}

#[test]
fn the_desk_is_asked_once_at_the_start() {
    let world = World::without_line(|_| {});
    assert_eq!(world.wishes, [Wish::FetchDirectory, Wish::FetchCalls, Wish::FetchDrafts]);
    let world = World::without_line(|config| config.has_desk = false);
    assert_eq!(world.wishes, []);
}

#[test]
fn the_line_tells_the_truth() {
    let mut world = World::without_line(|_| {});
    assert_eq!((world.shown().state, world.shown().line.text.as_str()), (State::Away, "No line yet"));
    world.phone(registered());
    let shown = world.shown();
    assert_eq!((shown.state, shown.line), (State::Ready, Word { tone: Tone::Good, text: "Ready".into() }));
    assert_eq!(shown.line_detail, "ext. 101 · 192.0.2.1");
    assert_eq!(shown.title, "Patchcord — Ready");
    world.act(Act::Break(1));
    world.phone(no_answer_from_pbx(8));
    assert_eq!(world.shown().line.text, "No line. Retrying in 8 s");
    world.pass(3);
    assert_eq!(world.shown().line.text, "No line. Retrying in 5 s");
    world.phone(registered());
    assert_eq!(world.shown().line.text, "On a break: rest");
}

#[test]
fn a_lost_registration_is_a_bar_and_the_call_goes_on() {
    let mut world = World::new();
    world.talks(FIRST, HANBIT);
    world.phone(no_answer_from_pbx(8));
    let shown = world.shown();
    assert_eq!(shown.state, State::Talking);
    assert_eq!(
        texts(&shown.bars),
        ["No line: the PBX does not answer. Next attempt in 00:08. The call goes on."]
    );
    assert_eq!(world.spoken(), ["No line: the PBX does not answer."]);
    world.phone(no_answer_from_pbx(16));
    assert_eq!(world.spoken(), [""; 0], "once for an outage");
    world.act(shown.bars[0].act.clone().unwrap().1);
    assert_eq!(world.intents(), [Intent::Register]);
    world.phone(registered());
    assert_eq!(world.spoken(), ["The line is back"]);
    assert_eq!(world.shown().bars, []);
}

#[test]
fn each_change_of_availability_is_said_once() {
    let mut world = World::new();
    let took = |world: &mut World| world.intents();
    let (on, off) = (Intent::TakeCalls { on: true }, Intent::TakeCalls { on: false });
    world.press("Ctrl+B");
    assert_eq!(took(&mut world), [off]);
    assert_eq!((world.shown().state, world.shown().line.text.as_str()), (State::Away, "On a break: lunch"));
    world.pass(65);
    assert_eq!(world.shown().call.time, "01:05");
    world.press("Ctrl+Shift+D");
    assert_eq!(took(&mut world), [], "it is off already");
    assert_eq!(world.shown().line.text, "Do not disturb");
    world.press("Ctrl+B");
    assert_eq!(took(&mut world), [on]);
    world.press("Ctrl+Shift+D");
    world.press("Ctrl+Shift+D");
    assert_eq!(took(&mut world).len(), 2);
    let menu = world.shown().lists.line_menu.clone();
    assert_eq!(menu.len(), 6);
    assert_eq!(
        menu.iter().filter(|choice| choice.chosen).map(|choice| &*choice.label).collect::<Vec<_>>(),
        ["Ready"]
    );
}

#[test]
fn a_desk_that_cannot_be_asked_for_want_of_its_token_is_said() {
    let world = World::with(|config| {
        config.has_desk = false;
        config.lacks_desk_token = true;
    });
    let bars = world.shown().bars;
    assert!(bars[0].text.starts_with("The token of the order desk is missing"), "{bars:?}");
}

#[test]
fn missing_devices_stand_in_bars_until_they_are_back() {
    let mut world = World::new();
    world.talks(FIRST, HANBIT);
    for _ in 0..2 {
        world.handle(Input::Trouble(Trouble::Microphone { missing: true }));
    }
    assert_eq!(world.spoken(), ["There is no microphone."]);
    assert_eq!(texts(&world.shown().bars), ["There is no microphone. Plug one in; the call goes on."]);
    world.handle(Input::Trouble(Trouble::Microphone { missing: false }));
    assert_eq!(world.spoken(), ["The microphone is back."]);
    assert_eq!(world.shown().bars, []);
    world.handle(Input::Trouble(Trouble::Register { waiting: true }));
    assert_eq!(world.shown().bars.len(), 1);
}

#[test]
fn a_full_disk_is_said_as_long_as_nothing_can_be_kept() {
    let mut world = World::new();
    world.handle(Input::Trouble(Trouble::Disk { missing: true }));
    let [said] = &world.spoken()[..] else { panic!("said once") };
    assert!(said.contains("disk keeps nothing"), "{said}");
    assert_eq!(texts(&world.shown().bars), [said.as_str()]);
    world.handle(Input::Trouble(Trouble::Disk { missing: false }));
    assert_eq!(world.shown().bars, []);
}

#[test]
fn recent_calls_are_one_list_without_doubles_and_missed_ones_are_marked() {
    let mut world = World::new();
    world.rings(FIRST, HANBIT);
    let call_id = world.screen.view.lines[&FIRST].call_id.clone();
    world.ended(FIRST, CallOutcome::Missed, 0);
    world.handle(Input::Calls(Ok(vec![
        record(&call_id, "2026-05-05T08:02:00Z", Outcome::Missed),
        record("earlier", "2026-05-05T06:00:00Z", Outcome::Completed),
        record("before", "2026-05-04T06:00:00Z", Outcome::Missed),
    ])));
    let shown = world.shown();
    let rows: Vec<&str> = shown.lists.calls.rows.iter().map(|row| row.spoken.as_str()).collect();
    assert_eq!(
        rows,
        [
            "11:02, missed, +7 495 555-01-42",
            "09:00, in, +7 916 123-45-67, 01:14, order taken",
            "yesterday, missed, +7 916 123-45-67",
        ]
    );
    assert_eq!(shown.lists.counters, "today: calls 2, missed 1");
    world.act(Act::MissedOnly(true));
    assert_eq!(world.shown().lists.calls.rows.len(), 2);
    world.wishes.clear();
    world.act(Act::Redial(1));
    assert_eq!(world.intents(), [Intent::Dial { target: "89161234567".into() }]);
}

#[test]
fn recent_calls_name_the_client_as_soon_as_he_is_known() {
    let mut world = World::new();
    let (alpha, beta) = (client("Alpha", "kim"), client("Beta", "kim"));
    let mut earlier = record("earlier", "2026-05-05T06:00:00Z", Outcome::Completed);
    earlier.client = Some(alpha.id);
    let unknown = record("unknown", "2026-05-05T05:00:00Z", Outcome::Completed);
    world.handle(Input::Calls(Ok(vec![earlier, unknown])));
    let who = |world: &World| -> Vec<(String, String)> {
        let rows = &world.shown().lists.calls.rows;
        rows.iter().rev().map(|row| (row.who.clone(), row.number.clone())).collect()
    };
    let (bare, number) = (("+7 916 123-45-67".to_owned(), String::new()), "+7 916 123-45-67".to_owned());
    assert_eq!(who(&world), [bare.clone(), bare.clone()]);
    world.rings(FIRST, OTHER);
    world.card(FIRST, vec![alpha.clone(), beta.clone()]);
    let named = ("Alpha".to_owned(), number.clone());
    assert_eq!(who(&world), [bare, named.clone()], "whose the other call was, nobody knows");
    world.card(FIRST, vec![alpha]);
    assert_eq!(who(&world), [named.clone(), named]);
}

#[test]
fn lost_sound_is_said_and_stands_in_a_bar_until_the_call_ends() {
    let mut world = World::new();
    world.talks(FIRST, HANBIT);
    let lost = |world: &mut World, lost| world.handle(Input::Trouble(Trouble::Sound { line: FIRST, lost }));
    lost(&mut world, Sound::Recording);
    let recording = "+7 495 555-01-42: the recording has stopped; the call goes on.";
    assert_eq!((world.spoken(), texts(&world.shown().bars)), (vec![recording.into()], vec![recording]));
    lost(&mut world, Sound::Voice);
    lost(&mut world, Sound::Recording);
    assert_eq!(world.spoken().len(), 1, "nothing is worse than no sound");
    let voice =
        "+7 495 555-01-42: no sound passes any more, by a fault of this telephone. Hang up and call again.";
    assert_eq!((texts(&world.shown().bars), world.shown().bars[0].tone), (vec![voice], Tone::Bad));
    world.ended(FIRST, CallOutcome::Completed, 5);
    assert_eq!(world.shown().bars, []);
}

#[test]
fn who_called_during_a_break_stands_among_the_missed() {
    let mut world = World::new();
    let caller = Caller { number: Some(OTHER.into()), ..Caller::default() };
    world.phone(phone::Event::Declined { call_id: "busy".into(), caller, status: 486 });
    let row = world.shown().lists.calls.rows[0].clone();
    assert_eq!((row.direction.text.as_str(), row.result.as_str()), ("missed", "busy"));
}

#[test]
fn the_palette_finds_verbs_people_and_numbers_by_words() {
    let mut world = World::new();
    world.rings(FIRST, OTHER);
    world.ended(FIRST, CallOutcome::Missed, 0);
    world.wishes.clear();
    world.press("Ctrl+K");
    assert_eq!(world.wishes, [Wish::Focus(Field::Palette)]);
    assert!(world.shown().lists.palette.clone().unwrap().rows.len() <= 12);
    let mut run = |query: &str| {
        world.press("Ctrl+K");
        world.act(Act::PaletteQuery(query.into()));
        world.handle(Input::Clients { text: query.into(), answer: Ok(Vec::new()) });
        let palette = world.shown().lists.palette.clone().unwrap();
        world.wishes.clear();
        world.press("Enter");
        assert_eq!(world.shown().lists.palette, None);
        let label = palette.rows.first().map(|row| row.label.clone()).unwrap_or_default();
        (label, std::mem::take(&mut world.wishes))
    };
    let dial = |target: &str| vec![Wish::Intent(Intent::Dial { target: target.into() })];
    assert_eq!(run("seoyeon"), ("Call Kim Seoyeon".into(), dial("201")));
    assert_eq!(run("sett"), ("Settings".into(), vec![Wish::Settings]));
    assert_eq!(run("quit"), ("Quit".into(), vec![Wish::Quit]));
    assert_eq!(run("nothing like it"), (String::new(), vec![]));
    world.phone(phone::Event::Refused { line: None, why: phone::Refusal::NoMediaPort });
    world.talks(FIRST, HANBIT);
    world.press("Ctrl+K");
    world.act(Act::PaletteQuery("kim".into()));
    world.wishes.clear();
    world.press("Enter");
    assert_eq!(world.intents(), [Intent::PassTo { line: FIRST, target: "201".into() }]);
}

#[test]
fn escape_goes_one_level_up_and_never_ends_a_call() {
    let mut world = World::new();
    world.talks(FIRST, HANBIT);
    world.press("F8");
    world.press("F6");
    world.press("Ctrl+K");
    world.wishes.clear();
    world.press("Esc");
    assert!(world.shown().lists.palette.is_none() && world.shown().keypad.is_some());
    world.press("Esc");
    assert!(world.shown().keypad.is_none() && world.screen.transfer.is_open);
    world.press("Esc");
    world.press("Esc");
    assert!(!world.screen.transfer.is_open);
    assert_eq!(world.wishes, []);
}

#[test]
fn another_language_is_spoken_at_once() {
    let mut world = World::new();
    world.talks(FIRST, HANBIT);
    world.card(FIRST, vec![hanbit()]);
    world.ended(FIRST, CallOutcome::Completed, 74);
    world.handle(Input::Language(Language::Russian));
    let shown = world.shown();
    assert_eq!(shown.call.detail, "Звонок завершён: Hanbit Build, 01:14");
    assert_eq!(shown.lists.card.chips[0].text, "рыночник");
    let limit = shown.lists.card.rows.iter().find(|row| row.key == "Кредитный лимит").unwrap();
    assert_eq!(limit.value, "500\u{a0}000,00\u{a0}₽");
    world.handle(Input::Language(Language::Korean));
    assert_eq!(world.shown().call.state, "후처리");
}

#[test]
fn nothing_about_clients_is_in_debug_output() {
    let mut world = World::new();
    world.rings(FIRST, HANBIT);
    world.card(FIRST, vec![hanbit()]);
    world.act(Act::DialEdited("8916".into()));
    let text = format!("{:?} {:?}", world.shown(), world.wishes);
    for secret in ["Hanbit", "555", "8916", "quietly"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}
