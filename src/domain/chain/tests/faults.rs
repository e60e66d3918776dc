//! Mistakes in rules are found before anybody is passed on by them.

use super::super::rules::{Rule, RuleProblem, StandingIs, When, Who, faults, faults_with, shipped};
use super::super::{PurposeId, StepKind};
use super::{company, rule};
use crate::domain::client::ClientTypeId;
use crate::domain::directory::PersonId;

fn types() -> Vec<ClientTypeId> {
    ["key", "market"].into_iter().map(|id| ClientTypeId(id.to_owned())).collect()
}

fn found(rules: &[Rule]) -> Vec<(String, RuleProblem)> {
    let purposes = [PurposeId("order".to_owned())];
    let mut all = faults(rules, &types(), &purposes, 25);
    all.extend(faults_with(rules, &company()));
    all.into_iter().map(|fault| (fault.rule, fault.problem)).collect()
}

fn of_type(id: &str) -> When {
    When { client_type: Some(ClientTypeId(id.to_owned())), ..When::default() }
}

fn owing(standing: StandingIs) -> When {
    When { standing: Some(standing), ..When::default() }
}

#[test]
fn the_shipped_rules_have_no_faults() {
    assert_eq!(found(&shipped(20)), []);
}

#[test]
fn a_rule_behind_one_that_takes_all_its_calls_is_named_with_it() {
    let behind = |first: When, second: When| {
        let rules = [
            rule("first", first, &["own manager"]),
            rule("second", second, &["own manager"]),
            rule("all", When::default(), &["own manager"]),
        ];
        let found = found(&rules);
        let expected = ("second".to_owned(), RuleProblem::NeverReached { behind: "first".to_owned() });
        found.contains(&expected)
    };
    let both = When { standing: Some(StandingIs::Overdue), ..of_type("key") };
    assert!(behind(of_type("key"), of_type("key")));
    assert!(behind(of_type("key"), both.clone()));
    assert!(behind(owing(StandingIs::Blocked), owing(StandingIs::Overdue)));
    assert!(behind(owing(StandingIs::Blocked), both.clone()));
    assert!(behind(When::default(), of_type("key")));
    assert!(!behind(owing(StandingIs::Overdue), owing(StandingIs::Blocked)));
    assert!(!behind(both, of_type("key")));
    assert!(!behind(of_type("market"), of_type("key")));
}

#[test]
fn calls_that_fit_no_rule_are_a_fault_of_the_last_one() {
    let rules = [rule("key", of_type("key"), &["own manager"])];
    assert_eq!(found(&rules), [("key".to_owned(), RuleProblem::NobodyElse)]);
}

#[test]
fn words_that_mean_nothing_here_are_said_with_those_that_do() {
    let known = || vec!["key".to_owned(), "market".to_owned()];
    let purpose = When { purpose: Some(PurposeId("dance".to_owned())), ..When::default() };
    let department = When { department: Some("moon".to_owned()), ..When::default() };
    let departments =
        || ["wholesale", "regional", "finance", "support", "transport"].map(str::to_owned).to_vec();
    let rules = [
        rule("type", of_type("kye"), &["any kye account manager"]),
        rule("purpose", purpose, &["own manager"]),
        rule("department", department, &["head of moon", "department moon"]),
        rule(
            "people",
            When::default(),
            &["person ghost", "person lukin", "head of support", "head of transport"],
        ),
    ];
    let expected = [
        ("type", RuleProblem::UnknownType("kye".into(), known())),
        ("type", RuleProblem::UnknownType("kye".into(), known())),
        ("purpose", RuleProblem::UnknownPurpose("dance".into(), vec!["order".into()])),
        ("department", RuleProblem::UnknownDepartment("moon".into(), departments())),
        ("department", RuleProblem::UnknownDepartment("moon".into(), departments())),
        ("department", RuleProblem::UnknownDepartment("moon".into(), departments())),
        ("people", RuleProblem::UnknownPerson("ghost".into())),
        ("people", RuleProblem::NoExtension("lukin".into())),
        ("people", RuleProblem::NoExtension("morozova".into())),
        ("people", RuleProblem::NoHead("transport".into())),
    ];
    assert_eq!(found(&rules), expected.map(|(rule, problem)| (rule.to_owned(), problem)));
}

#[test]
fn a_person_rings_no_longer_than_the_mailbox_waits_and_a_queue_may() {
    let mut slow = rule("slow", When::default(), &["own manager", "queue 700"]);
    slow.steps.iter_mut().for_each(|step| step.ring_seconds = 25);
    let problem = RuleProblem::RingsTooLong { seconds: 25, voicemail_after: 25 };
    assert_eq!(found(&[slow]), [("slow".to_owned(), problem)]);
}

#[test]
fn empty_rules_and_names_given_twice_are_faults() {
    let rules = [rule("a", of_type("key"), &[]), rule("a", When::default(), &["own manager"])];
    assert_eq!(
        found(&rules),
        [("a".to_owned(), RuleProblem::Empty), ("a".to_owned(), RuleProblem::SameName)]
    );
}

#[test]
fn steps_are_read_in_words() {
    for (words, who) in [
        ("own manager", Who::OwnManager),
        ("any manager", Who::AnyManager(None)),
        ("any key account manager", Who::AnyManager(Some(ClientTypeId("key".into())))),
        ("head of wholesale", Who::Head(Some("wholesale".into()))),
        ("head of the department", Who::Head(None)),
        ("head of the client's department", Who::Head(None)),
        ("finance", Who::Department("finance".into())),
        ("department transport", Who::Department("transport".into())),
        ("person ivanova", Who::Person(PersonId("ivanova".into()))),
        ("queue 700", Who::Queue("700".into())),
        ("voicemail *97", Who::Voicemail("*97".into())),
    ] {
        assert_eq!(Who::parse(words).as_ref(), Some(&who), "{words}");
    }
    for wrong in
        ["", "own", "manager", "own_manager", "queue", "queue seven", "voicemail 6 10", "queue +7", "head of"]
    {
        assert_eq!(Who::parse(wrong), None, "{wrong}");
    }
    assert_eq!(Who::OwnManager.kind(), StepKind::Person);
}
