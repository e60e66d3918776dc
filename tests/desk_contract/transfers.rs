//! Where clients go, and what became of those who were passed on.

use jiff::ToSpan as _;
use jiff::civil::date;
use serde_json::{Value, json};
use uuid::Uuid;

use super::fixture::{BINARY, Desk, Folder, call, call_path, new_call_id, random, run};
use super::telephone::{block_on, telephone};
use patchcord::clock;
use patchcord::desk_api::{
    ChainOrder, ClientId, Directory, StepKind, TransferChain, TransferQuestion, TransferReport,
};

fn chain(desk: &Desk, query: &[(&str, &str)]) -> TransferChain {
    let reply = desk.get("operator", "/v1/transfer-chain", query);
    assert_eq!(reply.status, 200, "{}", reply.text);
    serde_json::from_value(reply.body).unwrap()
}

fn extensions(chain: &TransferChain) -> Vec<Vec<&str>> {
    chain
        .steps
        .iter()
        .map(|step| step.targets.iter().map(|target| target.extension.as_str()).collect())
        .collect()
}

/// A client of this type, with a manager, who owes so much.
fn add(desk: &Desk, client_type: &str, manager: Option<&str>, overdue: &str) -> String {
    let id = Uuid::from_u128(random());
    let mut client = desk.client("Passed on", &[]);
    client["client_type"] = json!(client_type);
    client["manager"] = json!(manager);
    client["standing"]["overdue"] = json!(overdue);
    let reply = desk.put("admin", &format!("/v1/clients/{id}"), &client);
    assert_eq!(reply.status, 201, "{}", reply.text);
    id.to_string()
}

#[test]
fn everybody_may_ask_where_a_client_goes_and_every_target_can_be_called() {
    let desk = Desk::examined();
    let id = desk.add_client("Somebody", &[]).to_string();
    let Directory { purposes, .. } = desk.directory();
    for who in ["operator", "manager", "head", "admin", "service"] {
        assert_eq!(desk.get(who, "/v1/transfer-chain", &[]).status, 200, "{who}");
    }
    for purpose in &purposes {
        let chain = chain(&desk, &[("client", &id), ("purpose", &purpose.id.0)]);
        assert!(chain.total_seconds > 0);
        for step in &chain.steps {
            assert!(
                !step.targets.is_empty() || !step.passed_over.is_empty(),
                "a step explains itself: {step:?}"
            );
            assert!(step.targets.iter().all(|target| !target.extension.is_empty()));
            assert!(step.kind != StepKind::Person || step.ring_seconds > 0);
        }
    }
    let nobody = Uuid::from_u128(random()).to_string();
    desk.get("operator", "/v1/transfer-chain", &[("client", &nobody)]).assert_problem(404, "not_found");
}

#[test]
fn the_four_chains_of_the_duties_hold_where_nobody_wrote_others() {
    let desk = Desk::own(&["--sample", "1"]);
    let debtor = add(&desk, "key", Some("ivanova"), "0.01");
    let asked = chain(&desk, &[("client", &debtor), ("purpose", "other")]);
    assert_eq!((asked.rule.as_str(), asked.order), ("debtor", ChainOrder::OperatorChooses));
    assert_eq!(extensions(&asked), [["201"], ["301"]]);
    // Petrov is away today, and Ivanova is his deputy.
    let key = add(&desk, "key", Some("petrov"), "0");
    let asked = chain(&desk, &[("client", &key), ("purpose", "order")]);
    assert_eq!((asked.rule.as_str(), asked.order), ("key_client", ChainOrder::InOrder));
    assert_eq!(extensions(&asked), [vec!["201"], vec!["204"], vec!["302"]]);
    assert_eq!(
        asked.steps[0].targets[0].stands_in_for.as_ref().map(|person| person.0.as_str()),
        Some("petrov")
    );
    assert_eq!(extensions(&chain(&desk, &[("department", "regional")])), [["303"]]);
    assert_eq!(extensions(&chain(&desk, &[("type", "regional")])), [["303"]]);
    let market = add(&desk, "market", Some("ivanova"), "0");
    let asked = chain(&desk, &[("client", &market), ("purpose", "other")]);
    assert_eq!(asked.rule, "other");
    assert_eq!(extensions(&asked), [["201"], ["302"]]);
}

#[test]
fn a_client_without_manager_is_new_until_somebody_has_spoken_with_him() {
    let desk = Desk::own(&["--sample", "1"]);
    let client = add(&desk, "retail", None, "0");
    let rule = || chain(&desk, &[("client", &client)]).rule;
    let id = new_call_id();
    let mut entry = call(id, 1);
    entry["client"] = json!(client);
    entry["answered_at"] = json!("2026-05-06T07:08:12Z");
    desk.put("operator", &call_path(id), &entry);
    assert_eq!(rule(), "new_client", "the first conversation still goes on");
    entry["revision"] = json!(2);
    entry["ended_at"] = json!("2026-05-06T07:09:12Z");
    desk.put("operator", &call_path(id), &entry);
    assert_eq!(rule(), "other");
}

#[test]
fn explain_agrees_with_what_the_telephone_is_told() {
    let desk = Desk::own(&["--sample", "60"]);
    let database = desk.folder.database();
    let explained = |more: &[&str]| -> Value {
        let output = run(&[&["rules", "explain", "--json", "--database", &database], more].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let clients = desk.get("operator", "/v1/clients", &[("q", "ООО")]).body["clients"].clone();
    let clients = clients.as_array().unwrap();
    assert!(clients.len() > 10);
    for client in clients {
        let id = client["id"].as_str().unwrap();
        let told = desk.get("operator", "/v1/transfer-chain", &[("client", id), ("purpose", "order")]).body;
        let explained = explained(&["--client", id, "--purpose", "order"]);
        assert_eq!(explained["chain"], told, "{id}");
        assert_eq!(explained["client"], client["id"]);
    }
    let told = desk.get("operator", "/v1/transfer-chain", &[("type", "regional")]).body;
    let explained = explained(&["--type", "regional"]);
    assert_eq!(explained["chain"], told);
    let passed: Vec<_> =
        explained["not_taken"].as_array().unwrap().iter().map(|rule| &rule["rule"]).collect();
    assert_eq!(passed, ["debtor", "key_client"]);
}

#[test]
fn the_telephone_asks_with_all_that_the_operator_picked() {
    let desk = Desk::own(&["--sample", "1"]);
    let telephone = telephone(&desk.url, desk.token("operator"));
    let ask = |question: &TransferQuestion| block_on(telephone.transfer_chain(question)).unwrap();
    let picked = TransferQuestion { department: Some("regional".into()), ..TransferQuestion::default() };
    assert_eq!(extensions(&ask(&picked)), [["303"]]);
    let id = add(&desk, "market", Some("ivanova"), "0");
    let client =
        TransferQuestion { client: Some(ClientId(id.parse().unwrap())), ..TransferQuestion::default() };
    assert_eq!(extensions(&ask(&client)), [["201"], ["302"]]);
    let directory = block_on(telephone.directory()).unwrap();
    let purposes: Vec<_> = directory.purposes.iter().map(|purpose| purpose.id.0.as_str()).collect();
    assert_eq!(purposes, ["order", "payment", "other"]);
}

/// A call on this day with these results of its transfers.
fn passed_on(desk: &Desk, operator: &str, started_at: &str, results: &[&str]) {
    let id = new_call_id();
    let mut entry = call(id, 1);
    entry["operator"] = json!(operator);
    entry["started_at"] = json!(started_at);
    entry["transfers"] = json!([{"target": "201", "way": "return", "why": "own_manager"}]);
    assert_eq!(desk.put("operator", &call_path(id), &entry).status, 201);
    let step = |result| json!({"target": "201", "way": "return", "why": "own_manager", "result": result});
    entry["transfers"] = results.iter().map(step).collect();
    entry["revision"] = json!(2);
    for _ in 0..3 {
        assert_eq!(desk.put("operator", &call_path(id), &entry).status, 200);
    }
}

#[test]
fn every_step_is_reported_once_however_often_its_entry_was_written() {
    let desk = Desk::examined();
    let operator = format!("op-{:x}", random());
    passed_on(&desk, &operator, "2033-03-03T12:00:00Z", &["kept", "joined"]);
    passed_on(&desk, &operator, "2033-03-04T12:00:00Z", &["handed_over", "lost", "left", "unknown"]);
    passed_on(&desk, &operator, "2033-03-06T12:00:00Z", &["lost"]);
    for who in ["manager", "head", "admin", "service"] {
        let query = [("from", "2033-03-03"), ("to", "2033-03-04")];
        let reply = desk.get(who, "/v1/reports/transfers", &query);
        assert_eq!(reply.status, 200, "{}", reply.text);
        let report: TransferReport = serde_json::from_value(reply.body).unwrap();
        assert_eq!((report.from, report.to), (date(2033, 3, 3), date(2033, 3, 4)));
        let own = report.operators.iter().find(|of| of.operator == operator).unwrap().counts;
        assert_eq!(
            (own.reached, own.handed_over, own.returned, own.lost, own.left, own.unknown),
            (1, 1, 1, 1, 1, 1)
        );
        let days: Vec<_> = report.days.iter().map(|of| of.day).collect();
        assert_eq!(days, [date(2033, 3, 3), date(2033, 3, 4)]);
        assert!(report.all.reached >= 1 && report.all.lost >= 1);
    }
    desk.get("operator", "/v1/reports/transfers", &[]).assert_problem(403, "forbidden");
}

#[test]
fn the_report_in_the_terminal_says_who_was_lost_and_that_nobody_may_be() {
    let desk = Desk::own(&[]);
    let database = desk.folder.database();
    let report = |more: &[&str]| {
        let output = run(&[&["report", "transfers", "--database", &database], more].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let hour_ago = (clock::wall() - 1.hour()).to_string();
    assert!(report(&[]).contains("In all: reached 0,"));
    passed_on(&desk, "vera", &hour_ago, &["joined", "lost"]);
    let yesterday = (clock::wall() - 30.hours()).strftime("%F").to_string();
    let said = report(&["--from", &yesterday]);
    assert!(
        said.contains("vera: reached 1, handed over 0, returned 0, lost 1, hung up 0, unknown 0"),
        "{said}"
    );
    assert!(said.contains("Nobody may be lost"), "{said}");
    let json: Value = serde_json::from_str(&report(&["--from", &yesterday, "--json"])).unwrap();
    assert_eq!(json["transfers"]["all"]["lost"], 1);
}

fn rules_file(folder: &Folder, text: &str) -> String {
    let file = folder.path("rules.toml");
    std::fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn rules_are_checked_alone_and_against_the_directory() {
    let desk = Desk::own(&["--sample", "1"]);
    let database = desk.folder.database();
    let check = |text: &str, more: &[&str]| {
        let file = rules_file(&desk.folder, text);
        let output = run(&[&["rules", "check", "--config", &file], more].concat());
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(said).unwrap())
    };
    let good = "[[rule]]\nchain = [\"own manager\", \"head of wholesale\", \"person ivanova\"]";
    assert_eq!(check(good, &["--database", &database]), (Some(0), "The rules are in order: 1.\n".to_owned()));
    let ghost = "[[rule]]\nname = \"all\"\nchain = [\n\"person ghost\",\n\"head of moon\"]";
    assert_eq!(check(ghost, &[]).0, Some(0), "only the directory knows");
    let (code, said) = check(ghost, &["--database", &database]);
    assert_eq!(code, Some(2));
    for words in
        ["line 4, rule “all”", "“ghost”", "line 5, rule “all”", "“moon”. Possible: wholesale, regional"]
    {
        assert!(said.contains(words), "{words} is not in: {said}");
    }
    let (code, said) = check("[[rule]]\nwhen = { client = \"new\" }\nchain = []", &["--json"]);
    assert_eq!(code, Some(2));
    let json: Value = serde_json::from_str(said.lines().next().unwrap()).unwrap();
    let lines: Vec<_> =
        json["faults"].as_array().unwrap().iter().map(|fault| fault["line"].as_u64()).collect();
    assert_eq!(lines, [Some(1), Some(1)]);
    let (code, said) = check("[[rule]]\nchain = [\"own_manager\"]", &[]);
    assert!(code == Some(2) && said.contains("line 2"), "{said}");
    let built_in = run(&["rules", "check", "--database", &database]);
    assert!(built_in.status.success(), "{}", String::from_utf8_lossy(&built_in.stderr));
}

#[test]
fn a_desk_does_not_begin_with_rules_that_are_wrong() {
    let folder = Folder::new();
    let file = rules_file(&folder, "[[rule]]\nwhen = { client = \"new\" }\nchain = [\"finance\"]");
    let output =
        run(&["serve", "--database", &folder.database(), "--config", &file, "--listen", "127.0.0.1:0"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("line 1, rule “rule_1”"), "{said}");
}

#[test]
fn explain_says_in_each_language_who_is_asked_and_who_is_not() {
    let desk = Desk::own(&["--sample", "1"]);
    add(&desk, "key", Some("petrov"), "0");
    let file = rules_file(&desk.folder, &format!("database = \"{}\"\n", desk.folder.database()));
    for (language, words) in [
        (
            "en",
            &[
                "Rule “debtor”: not taken, since standing is “good”",
                "201 Иванова Анна (for Петров Сергей)",
                "away until",
            ][..],
        ),
        ("ko", &["규칙 “key_client”: 적용됨.", "담당자: 201 Иванова Анна"]),
        ("ru", &["Правило «key_client»: применяется.", "начальник отдела «Оптовый отдел»: 302 Орлова Мария"]),
    ] {
        let output = std::process::Command::new(BINARY)
            .args(["--lang", language, "rules", "explain", "--config", &file, "--client", "passed on"])
            .output()
            .unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        for word in words {
            assert!(said.contains(word), "{word} is not in: {said}");
        }
    }
}

#[test]
fn whoever_asks_wrongly_is_told_what_to_do() {
    let desk = Desk::own(&["--sample", "60"]);
    let database = desk.folder.database();
    let missing = format!("sqlite:{}", desk.folder.path("missing.db").display());
    let explain = ["rules", "explain", "--database"];
    for (arguments, words) in [
        (
            [&explain[..], &[&database, "--client", "nobody of this name"]].concat(),
            "No client is “nobody of this name”",
        ),
        ([&explain[..], &[&database, "--client", "ООО"]].concat(), "Name one by its id"),
        ([&explain[..], &[&database, "--purpose", "dance"]].concat(), "--purpose"),
        ([&explain[..], &[&database, "--at", "noon"]].concat(), "2026-05-06T14:30"),
        ([&explain[..], &[&missing]].concat(), "There is no database"),
        (vec!["rules", "explain"], "--database"),
        (vec!["rules", "check", "--database", &missing], "There is no database"),
        (
            vec![
                "report",
                "transfers",
                "--database",
                &database,
                "--from",
                "2026-05-02",
                "--to",
                "2026-05-01",
            ],
            "--from and --to",
        ),
        (vec!["report", "transfers", "--database", &database, "--from", "may"], "2026-05-06"),
    ] {
        let output = run(&arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(words), "{arguments:?}: {said}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
    assert!(!desk.folder.path("missing.db").exists(), "whoever only asks makes no database");
}
