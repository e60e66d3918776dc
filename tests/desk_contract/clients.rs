//! Clients and directory.

use serde_json::json;
use uuid::Uuid;

use super::fixture::{Desk, call, call_path, new_call_id, random, random_number};
use patchcord::desk_api::{ClientCard, Directory, MayOrder};

#[test]
fn a_client_entered_a_moment_ago_is_found_by_any_spelling_of_the_number() {
    let desk = Desk::examined();
    let (e164, national) = random_number();
    let grouped =
        format!("8 ({}) {}-{}-{}", &national[..3], &national[3..6], &national[6..8], &national[8..]);
    desk.add_client("Entered as grouped", &[&grouped]);
    for asked in [e164.as_str(), &national, &format!("8{national}"), &format!("7{national}"), &grouped] {
        assert_eq!(desk.names(&[("phone", asked)]), ["Entered as grouped"], "{asked}");
    }
    // A plus sign that nobody encoded reaches the server as a space.
    let token = desk.token("operator").to_owned();
    let reply = desk.send(|http, url| http.get(format!("{url}/v1/clients?phone={e164}")).bearer_auth(token));
    assert_eq!(reply.body["clients"][0]["name"], "Entered as grouped", "{}", reply.text);
}

#[test]
fn the_owner_of_a_main_number_comes_before_those_who_merely_have_it() {
    let desk = Desk::examined();
    let (shared, _) = random_number();
    let (other, _) = random_number();
    desk.add_client("Second phone", &[&other, &shared]);
    desk.add_client("Main phone", &[&shared]);
    assert_eq!(desk.names(&[("phone", &shared)]), ["Main phone", "Second phone"]);
}

#[test]
fn whom_a_caller_was_last_taken_for_comes_before_everybody_else() {
    let desk = Desk::examined();
    let (shared, _) = random_number();
    desk.add_client("Main phone", &[&shared]);
    let (other, _) = random_number();
    let (first, second) =
        (desk.add_client("First", &[&other, &shared]), desk.add_client("Second", &[&other, &shared]));
    for (minute, client, caller) in [(1, second, &shared), (2, first, &shared), (3, second, &other)] {
        let id = new_call_id();
        let mut entry = call(id, 1);
        entry["started_at"] = json!(format!("2031-01-01T00:0{minute}:00Z"));
        entry["client"] = json!(client);
        entry["caller"] = json!({ "written": caller, "number": caller });
        assert_eq!(desk.put("operator", &call_path(id), &entry).status, 201);
    }
    assert_eq!(desk.names(&[("phone", &shared)]), ["First", "Second", "Main phone"]);
}

#[test]
fn a_number_that_nobody_has_is_a_new_client() {
    let desk = Desk::examined();
    assert!(desk.names(&[("phone", &random_number().0)]).is_empty());
}

#[test]
fn a_client_is_found_by_a_part_of_the_name_in_any_case() {
    let desk = Desk::examined();
    let mark = format!("{:x}", random());
    desk.add_client(&format!("Ёлочка {mark} 100%_Щ"), &[]);
    for asked in [format!("ёЛОЧКА {mark}"), mark.to_uppercase(), format!("{mark} 100%_щ")] {
        assert_eq!(desk.names(&[("q", &asked)]).len(), 1, "{asked}");
    }
    assert!(
        desk.names(&[("q", &format!("{mark}%яма"))]).is_empty(),
        "a percent sign stands for nothing else"
    );
}

#[test]
fn the_card_holds_all_that_was_entered() {
    let desk = Desk::examined();
    let id = Uuid::from_u128(random());
    let (e164, national) = random_number();
    let mut client = desk.client("Whole card", &[&format!("8{national} доб. 12"), "местный 5"]);
    client["contacts"] = json!([{"name": "Ким Ольга", "position": "владелец", "phone": "нет"}]);
    client["standing"] = json!({"currency": "KRW", "overdue": "10.5", "over_limit": "0", "limit": "1000000000.01", "credit_left": "0.00"});
    client["price_column"] = json!({"name": "3", "why": "contract"});
    client["delivery"] =
        json!({"address": "Тверь", "hours": "с 9", "pays_on_delivery": true, "shipping": "поезд"});
    client["time_zone"] = json!("Asia/Seoul");
    client["note"] = json!("비고");
    client["field_of_a_later_version"] = json!({"ignored": true});
    let path = format!("/v1/clients/{id}");
    let written = desk.put("service", &path, &client);
    assert_eq!(written.status, 201, "{}", written.text);
    let read = desk.get("operator", &path, &[]);
    assert_eq!(read.body, written.body);
    let card: ClientCard = serde_json::from_value(read.body).unwrap();
    assert_eq!(card.id.0, id);
    assert_eq!(card.phones[0].number.map(|number| number.to_string()), Some(e164));
    assert_eq!(card.phones[0].extension.as_deref(), Some("12"));
    assert_eq!((card.phones[1].number, card.phones[1].written.as_str()), (None, "местный 5"));
    assert_eq!(card.contacts[0].name, "Ким Ольга");
    assert_eq!(card.may_order(), MayOrder::No);
    let standing = card.standing.unwrap();
    assert_eq!(standing.limit.unwrap().to_string(), "1000000000.01");
    assert_eq!(standing.currency, "KRW");
    assert_eq!(card.price_column.unwrap().name, "3");
    assert_eq!(card.delivery.unwrap().shipping.as_deref(), Some("поезд"));
    assert_eq!((card.time_zone.as_deref(), card.note.as_deref()), (Some("Asia/Seoul"), Some("비고")));
}

#[test]
fn a_replaced_client_loses_the_old_number() {
    let desk = Desk::examined();
    let ((old, _), (new, _)) = (random_number(), random_number());
    let id = desk.add_client("Moved", &[&old]);
    let reply = desk.put("admin", &format!("/v1/clients/{id}"), &desk.client("Moved", &[&new, &new]));
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert!(desk.names(&[("phone", &old)]).is_empty());
    assert_eq!(desk.names(&[("phone", &new)]), ["Moved"]);
}

#[test]
fn a_repeated_write_of_a_client_gets_the_same_answer_and_changes_nothing_later() {
    let desk = Desk::examined();
    let id = Uuid::from_u128(random());
    let (path, command) = (format!("/v1/clients/{id}"), Uuid::from_u128(random()));
    let first = desk.client("First name", &[]);
    assert_eq!(desk.put_as("admin", &path, command, &first).status, 201);
    assert_eq!(desk.put("admin", &path, &desk.client("Second name", &[])).status, 200);
    assert_eq!(desk.put_as("admin", &path, command, &first).status, 201);
    assert_eq!(desk.get("operator", &path, &[]).body["name"], "Second name");
    desk.put_as("admin", &path, command, &desk.client("Third name", &[]))
        .assert_problem(409, "command_reused");
}

#[test]
fn what_breaks_a_rule_is_refused_field_by_field() {
    let desk = Desk::examined();
    let path = format!("/v1/clients/{}", Uuid::from_u128(random()));
    let whole = desk.client("Name", &[]);
    for (field, value, named, fault) in [
        ("name", json!("  "), "name", "missing"),
        ("name", json!("x".repeat(201)), "name", "too_long"),
        ("phones", json!(["1".repeat(101)]), "phones[0]", "too_long"),
        ("phones", json!(vec!["1"; 51]), "phones", "too_long"),
        ("client_type", json!("no such type"), "client_type", "unknown"),
        ("manager", json!("nobody"), "manager", "unknown"),
        ("department", json!("nowhere"), "department", "unknown"),
        ("standing", json!({"currency": "rub"}), "standing.currency", "malformed"),
        ("time_zone", json!("Mars/Olympus"), "time_zone", "unknown"),
        ("note", json!("x".repeat(10_001)), "note", "too_long"),
    ] {
        let mut client = whole.clone();
        client[field] = value;
        let reply = desk.put("admin", &path, &client);
        reply.assert_problem(422, "invalid");
        reply.assert_field(named, fault);
    }
    desk.get("operator", &path, &[]).assert_problem(404, "not_found");
}

#[test]
fn the_directory_is_whole() {
    let desk = Desk::own(&["--sample", "10"]);
    let directory: Directory = desk.directory();
    assert!(directory.people.iter().any(|person| person.extension.as_deref() == Some("201")));
    for person in &directory.people {
        let known = |id: &String| directory.departments.iter().any(|department| department.id == *id);
        assert!(person.department.as_ref().is_none_or(known));
        for absence in &person.absences {
            assert!(absence.from <= absence.to);
            assert!(absence.deputy.as_ref().is_none_or(|deputy| directory.person(deputy).is_some()));
        }
    }
    // A client's department is the manager's where nothing else is said.
    let id = Uuid::from_u128(random());
    let mut client = desk.client("With a manager", &[]);
    client["manager"] = json!("kim");
    let card = desk.put("admin", &format!("/v1/clients/{id}"), &client).body;
    assert_eq!(
        (&card["manager"]["extension"], &card["department"]["id"]),
        (&json!("203"), &json!("regional"))
    );
}
