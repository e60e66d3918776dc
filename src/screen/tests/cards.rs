//! Who it is: known, one of several, new, withheld, not to be looked up now.

use super::*;
use crate::desk_api::{CardPart, Gap, GapWhy};

fn card(world: &World) -> Card {
    world.shown().lists.card.clone()
}

fn row(card: &Card, key: &str) -> Option<(String, Tone)> {
    card.rows.iter().find(|row| row.key == key).map(|row| (row.value.clone(), row.tone))
}

#[test]
fn the_card_tells_what_has_to_be_known_before_an_answer() {
    let mut world = World::new();
    world.rings(FIRST, HANBIT);
    assert_eq!(
        (card(&world).title.as_str(), card(&world).note.as_str()),
        ("+7 495 555-01-42", "Looking up…")
    );
    let mut client = client("Hanbit Build", "petrov");
    client.standing.as_mut().unwrap().overdue = Money::from_hundredths(128_400_000);
    world.card(FIRST, vec![client]);
    let card = card(&world);
    assert_eq!((card.title.as_str(), card.note.as_str()), ("Hanbit Build", ""));
    let chips: Vec<(&str, Tone)> = card.chips.iter().map(|chip| (chip.text.as_str(), chip.tone)).collect();
    let plain = Tone::Neutral;
    assert_eq!(chips, [("market trader", plain), ("Column B", plain), ("No orders: debt", Tone::Bad)]);
    let manager = ("Петров Сергей · 202, absent until 9 May".to_owned(), Tone::Warning);
    assert_eq!(row(&card, "Manager"), Some(manager));
    assert_eq!(row(&card, "Overdue debt"), Some(("₽1,284,000.00".into(), Tone::Bad)));
    assert_eq!(row(&card, "Over-limit debt"), None);
    assert_eq!(row(&card, "Price column"), Some(("B, by volume".into(), Tone::Neutral)));
    assert_eq!(card.remark, "Speaks quietly");
}

#[test]
fn what_the_companys_system_did_not_give_is_said_and_no_debt_is_not_taken_for_granted() {
    let mut world = World::new();
    world.rings(FIRST, HANBIT);
    let chips = |card: &Card| -> Vec<(String, Tone)> {
        card.chips.iter().skip(2).map(|chip| (chip.text.clone(), chip.tone)).collect()
    };
    let doubt = vec![("Debt not known".to_owned(), Tone::Warning)];
    let slow = |part| Gap { part, why: GapWhy::Slow };

    let mut unknown = client("Hanbit Build", "petrov");
    (unknown.standing, unknown.gaps) = (None, vec![slow(CardPart::Standing)]);
    world.card(FIRST, vec![unknown]);
    let missing = "not known: the company's system is too slow";
    assert_eq!(row(&card(&world), "Debt and limit"), Some((missing.into(), Tone::Warning)));
    assert_eq!(chips(&card(&world)), doubt);

    let mut old = client("Hanbit Build", "petrov");
    (old.updated_at, old.gaps) =
        (Some("2026-05-05T09:00:00Z".parse().unwrap()), vec![slow(CardPart::Everything)]);
    let mut world = World::new();
    world.rings(FIRST, HANBIT);
    world.card(FIRST, vec![old]);
    let (value, tone) = row(&card(&world), "Client card").unwrap();
    assert!(value.starts_with(missing) && value.ends_with("as of 12:00"), "{value}");
    assert_eq!((tone, chips(&card(&world))), (Tone::Warning, doubt));
}

#[test]
fn what_the_cache_knew_says_from_when_it_is() {
    let mut world = World::new();
    world.rings(FIRST, HANBIT);
    world.card_from(FIRST, vec![hanbit()], Source::Cache, 1800);
    assert_eq!(card(&world).note, "as of 10:32");
    world.no_card(FIRST);
    assert_eq!((card(&world).title.as_str(), card(&world).note.as_str()), ("Hanbit Build", "as of 10:32"));
    world.card(FIRST, vec![hanbit()]);
    assert_eq!(card(&world).note, "");
}

#[test]
fn of_several_clients_one_is_chosen_and_comes_first_the_next_time() {
    let mut world = World::new();
    let both = || vec![client("Alpha", "kim"), client("Beta", "kim")];
    world.rings(FIRST, HANBIT);
    world.card(FIRST, both());
    assert_eq!(card(&world).title, "Several clients have this number");
    let names = |world: &World| -> Vec<(String, bool)> {
        card(world).candidates.into_iter().map(|one| (one.name, one.chosen)).collect()
    };
    assert_eq!(names(&world), [("Alpha".into(), false), ("Beta".into(), false)]);
    world.wishes.clear();
    world.act(Act::ChooseClient(1));
    assert_eq!(world.intents(), [Intent::ChooseClient { line: FIRST, client: client("Beta", "kim").id }]);
    assert_eq!(card(&world).title, "Beta");
    assert_eq!(world.shown().title, "Ringing: Beta");
    assert_eq!(
        names(&world),
        [("Alpha".into(), false), ("Beta".into(), true)],
        "rows do not jump when clicked"
    );
    world.ended(FIRST, CallOutcome::Missed, 0);
    world.rings(FIRST, HANBIT);
    world.card(FIRST, both());
    assert_eq!(names(&world), [("Beta".into(), true), ("Alpha".into(), false)]);
    assert_eq!(card(&world).title, "Several clients have this number", "preselected is not yet chosen");
    world.wishes.clear();
    world.act(Act::ChooseClient(7));
    assert_eq!(world.wishes, []);
}

#[test]
fn of_several_clients_one_key_says_who_it_is_and_struck_twice_passes_nobody_on() {
    let mut world = World::new();
    let both = || vec![client("Alpha", "kim"), client("Beta", "kim")];
    world.rings(FIRST, HANBIT);
    world.card(FIRST, both());
    let keys = |world: &World| -> Vec<String> {
        world.shown().lists.card.candidates.iter().map(|candidate| candidate.key.clone()).collect()
    };
    assert_eq!(keys(&world), ["Alt+1", "Alt+2"]);
    let hint = Hint { key: "Alt+1…2".into(), label: "Choose the client".into() };
    assert!(world.shown().lists.hints.contains(&hint));
    world.answered(FIRST);
    assert!(world.shown().lists.targets.rows.iter().all(|target| target.key.is_empty()), "one key, one deed");
    world.intents();
    world.press("Alt+2");
    assert_eq!(world.intents(), [Intent::ChooseClient { line: FIRST, client: client("Beta", "kim").id }]);
    assert_eq!((keys(&world), world.shown().call.name), (vec![String::new(); 2], "Beta".into()));
    assert!(!world.shown().lists.hints.contains(&hint));
    world.press("Alt+2");
    assert_eq!(world.intents(), [], "it was meant for the client");
    world.pass(1);
    world.press("Alt+1");
    assert_eq!(world.intents(), [Intent::PassTo { line: FIRST, target: "201".into() }]);
}

#[test]
fn with_the_list_of_targets_open_the_keys_are_theirs() {
    let mut world = World::new();
    world.talks(FIRST, HANBIT);
    world.card(FIRST, vec![client("Alpha", "kim"), client("Beta", "kim")]);
    world.pass(1);
    world.press("F8");
    assert_eq!(world.shown().lists.targets.rows[0].key, "Alt+1");
    world.intents();
    world.press("Alt+1");
    assert!(matches!(world.intents().as_slice(), [Intent::PassTo { .. }]));
}

#[test]
fn an_empty_card_says_when_there_will_be_one() {
    let world = World::new();
    assert_eq!(card(&world).note, "The client's card stands here as soon as somebody calls.");
    let world = World::with(|config| config.has_desk = false);
    assert_eq!(card(&world).note, "There is no order desk, hence no client cards.");
}

#[test]
fn a_number_of_nobody_is_a_new_client() {
    let mut world = World::new();
    world.rings(FIRST, HANBIT);
    world.card(FIRST, vec![]);
    assert_eq!(card(&world).title, "New client");
    assert_eq!(world.shown().call.name, "New client");
}

#[test]
fn a_withheld_number_is_said_so() {
    let mut world = World::new();
    world.rings_from(FIRST, Caller { withheld: true, ..Caller::default() });
    assert_eq!(world.spoken(), ["A withheld number is calling"]);
    assert_eq!(world.shown().call.who, "Number withheld");
    assert_eq!(
        (card(&world).title.as_str(), card(&world).note.as_str()),
        ("Number withheld", "Ask who is calling.")
    );
    world.ended(FIRST, CallOutcome::Missed, 0);
    let calls = world.shown().lists.calls.rows.clone();
    assert_eq!((calls[0].who.as_str(), calls[0].can_redial), ("Number withheld", false));
}

#[test]
fn the_call_goes_on_without_the_desk_and_its_return_is_noticed() {
    let mut world = World::new();
    world.rings(FIRST, HANBIT);
    world.no_card(FIRST);
    assert_eq!(card(&world).title, "The order desk does not answer.");
    assert_eq!(world.shown().call.who, "+7 495 555-01-42");
    assert!(world.shown().bars.iter().any(|bar| bar.text.starts_with("The order desk does not answer.")));
    world.ended(FIRST, CallOutcome::Missed, 0);
    world.wishes.clear();
    world.pass(31);
    assert_eq!(world.wishes, [Wish::FetchDirectory]);
    world.wishes.clear();
    world.handle(Input::Directory(Ok(directory())));
    assert_eq!(world.wishes, [Wish::FetchDirectory, Wish::FetchCalls]);
    assert_eq!(world.shown().bars, []);
}

#[test]
fn a_colleague_is_named_by_the_directory() {
    let mut world = World::new();
    world.rings(FIRST, "201");
    assert_eq!(world.spoken(), ["Kim Seoyeon is calling"]);
    assert_eq!((world.shown().call.who.as_str(), world.shown().call.name.as_str()), ("201", "Kim Seoyeon"));
    assert_eq!(card(&world).title, "Kim Seoyeon");
}

#[test]
fn the_last_clients_card_stays_dimmed() {
    let mut world = World::new();
    world.talks(FIRST, HANBIT);
    world.card(FIRST, vec![hanbit()]);
    world.pass(60);
    world.ended(FIRST, CallOutcome::Completed, 60);
    let past = card(&world);
    assert!(past.past);
    assert_eq!((past.title.as_str(), past.note.as_str()), ("Hanbit Build", "last call 11:02"));
    world.rings(FIRST, OTHER);
    assert!(!card(&world).past);
}

#[test]
fn names_from_strangers_cannot_turn_the_line_around() {
    let mut world = World::new();
    let name = Some("Bad\u{202e}name\n".into());
    world.rings_from(FIRST, Caller { number: Some(OTHER.into()), name, ..Caller::default() });
    assert_eq!(world.shown().call.name, "Bad name ");
}

/// A colleague passes a client on, or asks about one; this number is the client's.
fn handed_over(world: &mut World, way: &str, number: Option<&str>, clients: Vec<ClientCard>) {
    let written = serde_json::json!({
        "id": "01890a5d-ac96-774b-bcce-b302099a8057", "revision": 1, "to": "101", "way": way, "from": "202",
        "operator": "petrov", "party": { "written": number, "number": number },
        "picked": { "department": "wholesale" }, "note": "asks for a month",
    });
    let handover = serde_json::from_value(written).unwrap();
    let answer = CardAnswer::Found { clients: clients.clone(), source: Source::Desk, age: Duration::ZERO };
    let handed =
        crate::desk_api::HandedOver { handover, from_name: "Petrov".into(), clients, age_seconds: 1 };
    let card = AgentCard { answer, took: Duration::ZERO, handed_over: Some(Box::new(handed)) };
    world.handle(Input::Agent(Event::Card { line: FIRST, card }));
}

#[test]
fn whom_a_colleague_passes_on_stands_on_the_card_while_the_colleagues_number_rings() {
    let mut world = World::new();
    world.rings(FIRST, "202");
    world.wishes.clear();
    handed_over(&mut world, "return", Some("+74955550142"), vec![hanbit()]);
    let shown = card(&world);
    assert_eq!(shown.title, "Hanbit Build");
    let plain = |text: &str| Some((text.to_owned(), Tone::Neutral));
    assert_eq!(row(&shown, "Passed on by"), plain("Петров Сергей (202)"));
    assert_eq!(row(&shown, "Client's number"), plain("+7 495 555-01-42"));
    assert_eq!(row(&shown, "Message"), plain("asks for a month"));
    assert_eq!(world.shown().call.name, "Hanbit Build");
    assert_eq!(world.shown().call.detail, "Passed on by Петров Сергей (202)");
    let alerts = world.wishes.iter().filter(|wish| format!("{wish:?}").contains("Alert"));
    assert_eq!(alerts.count(), 1, "the desktop's notification says it, too");
}

#[test]
fn a_department_that_a_colleague_picked_stands_once_on_the_card() {
    let mut world = World::new();
    world.rings(FIRST, "202");
    handed_over(&mut world, "return", Some("+74955550142"), vec![hanbit()]);
    let departments = card(&world).rows.iter().filter(|row| row.key == "Department").count();
    assert_eq!(departments, 1);
}

#[test]
fn a_colleague_who_asks_about_a_client_is_told_from_one_who_passes_the_client_on() {
    let mut world = World::new();
    world.rings(FIRST, "202");
    handed_over(&mut world, "consultation", Some("+74955550142"), vec![]);
    assert_eq!(card(&world).title, "New client");
    assert!(row(&card(&world), "Asked about by").is_some());
    assert_eq!(world.shown().call.detail, "Петров Сергей (202) asks about this client");
}

#[test]
fn a_client_whose_number_nobody_was_told_is_no_new_client() {
    let mut world = World::new();
    world.rings(FIRST, "202");
    handed_over(&mut world, "return", None, vec![]);
    assert_eq!(card(&world).title, "Number withheld");
    assert!(row(&card(&world), "Passed on by").is_some());
}
