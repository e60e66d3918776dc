use super::*;
use crate::desk_api::{DirectoryEntry, Job};

fn directory() -> Directory {
    let person = |id: &str, name: &str, extension: &str| DirectoryEntry {
        id: PersonId(id.into()),
        name: name.into(),
        job: Job::Manager,
        extension: Some(extension.into()),
        department: None,
        serves: Vec::new(),
        absences: Vec::new(),
    };
    let people = vec![
        person("ivanova", "Иванова Анна", "201"),
        person("kim1", "Ким Елена", "202"),
        person("kim2", "Ким Елена", "203"),
    ];
    Directory { people, departments: Vec::new(), client_types: Vec::new(), purposes: Vec::new() }
}

/// `name=text`, `name=null`, `name=?` for missing, `name=!` for slow; several of one name are elements.
fn client(text: &str) -> (ClientDraft, Vec<Gap>) {
    let mut values = Values::new();
    for word in text.split_whitespace() {
        let (name, value) = word.split_once('=').unwrap();
        let cell = match value {
            "!" => {
                values.insert(name.into(), Err(GapWhy::Slow));
                continue;
            }
            "[]" => None,
            "null" => Some(Cell::Nothing),
            "?" => Some(Cell::Missing),
            text => Some(Cell::Text(text.replace('_', " "))),
        };
        let cells = values.entry(name.into()).or_insert_with(|| Ok(Vec::new()));
        cells.as_mut().unwrap().extend(cell);
    }
    let meaning = Meaning {
        currency: "RUB".into(),
        usual_type: ClientTypeId("market".into()),
        client_types: [("Опт".to_owned(), ClientTypeId("key".into()))].into(),
    };
    let (directory, plan) = (directory(), NumberingPlan::russia());
    let number = plan.look_up_key("+79161234567");
    let got =
        Got { own_id: "42", values: &values, meaning: &meaning, directory: &directory, number, plan: &plan };
    got.client(None)
}

#[test]
fn what_is_owed_is_known_whole_or_not_at_all_but_for_what_blocks() {
    use GapWhy::{Missing, Slow, Unreadable};
    // values → overdue, over the limit, limit, credit left; why not all is known
    let table = [
        ("overdue=0", Some("0.00 0.00 - -"), None),
        ("overdue=[]", Some("0.00 0.00 - -"), None),
        ("overdue=10.5 overdue=-0.5", Some("10.00 0.00 - -"), None),
        ("overdue=-7", Some("0.00 0.00 - -"), None),
        ("overdue=1e3", Some("1000.00 0.00 - -"), None),
        ("over_limit=3", Some("0.00 3.00 - -"), None),
        ("debt=70 limit=100", Some("0.00 0.00 100.00 30.00"), None),
        ("debt=170 limit=100", Some("0.00 70.00 100.00 0.00"), None),
        ("debt=170 limit=0", Some("0.00 0.00 - -"), None),
        ("debt=170 limit=[] overdue=5", Some("5.00 0.00 - -"), None),
        ("debt=170 limit=null overdue=0", Some("0.00 0.00 - -"), None),
        ("overdue=null", None, Some(Missing)),
        ("overdue=?", None, Some(Missing)),
        ("overdue=5 overdue=?", None, Some(Missing)),
        ("overdue=много", None, Some(Unreadable)),
        ("overdue=!", None, Some(Slow)),
        ("debt=70 limit=!", None, Some(Slow)),
        ("overdue=0 debt=!", None, Some(Slow)),
        ("overdue=5 debt=! limit=100", Some("5.00 0.00 100.00 -"), Some(Slow)),
        ("overdue=! debt=170 limit=100", Some("0.00 70.00 100.00 0.00"), Some(Slow)),
        ("overdue=! debt=70 limit=100", None, Some(Slow)),
        ("name=a", None, None),
    ];
    for (values, expected, why) in table {
        let (client, gaps) = client(values);
        let shown = client.standing.map(|standing| {
            let optional = |amount: Option<Money>| amount.map_or("-".to_owned(), |amount| amount.to_string());
            let (limit, left) = (optional(standing.limit), optional(standing.credit_left));
            format!("{} {} {limit} {left}", standing.overdue, standing.over_limit)
        });
        assert_eq!(shown.as_deref(), expected, "{values}");
        let told = gaps.iter().find(|gap| gap.part == CardPart::Standing).map(|gap| gap.why);
        assert_eq!(told, why, "{values}");
    }
}

#[test]
fn the_companys_words_become_the_desks() {
    let lacks = |text: &str| client(text).1;
    assert_eq!(client("client_type=Опт").0.client_type.0, "key");
    assert_eq!(lacks("client_type=Розница"), [Gap { part: CardPart::ClientType, why: GapWhy::Unknown }]);
    assert_eq!(
        (client("client_type=null").0.client_type.0.as_str(), lacks("client_type=null name=a")),
        ("market", vec![])
    );
    for word in ["201", "ivanova", "иванова_Анна"] {
        assert_eq!(client(&format!("manager={word}")).0.manager.unwrap().0, "ivanova", "{word}");
    }
    for word in ["Ким_Елена", "somebody"] {
        assert_eq!(
            lacks(&format!("manager={word}")),
            [Gap { part: CardPart::Manager, why: GapWhy::Unknown }],
            "{word}"
        );
    }
    assert_eq!(lacks("manager=null name=a"), []);
    assert_eq!(lacks("name=?"), [Gap { part: CardPart::Name, why: GapWhy::Missing }]);
    assert_eq!(client("name=!").0.name, "42", "its id there, until there is a name");
}

#[test]
fn the_number_by_which_a_client_was_found_is_theirs() {
    assert_eq!(client("name=a").0.phones, ["+79161234567"]);
    assert_eq!(client("phone=8(916)123-45-67").0.phones, ["8(916)123-45-67"]);
    assert_eq!(client("phone=101").0.phones, ["101", "+79161234567"]);
}
