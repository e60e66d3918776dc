//! The desk's settings file.

mod company;
mod orders;
mod transfer;
mod words;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::company::CompanySettings;
use super::sample;
use super::store::Database;
use crate::config::{ConfigError, Document, Expected, Section, Setting as _, read_file};
use crate::desk_api::{ClientType, ClientTypeId, Names};
use crate::domain::chain::rules::RuleFault;
use crate::domain::number::NumberingPlan;
use crate::text::{Catalogue, msg};
pub(crate) use orders::{Orders, StockLacks};
pub(crate) use transfer::Transfers;
pub(crate) use words::say_fault;

pub(super) const LISTEN: Expected =
    Expected { what: msg!("an address and a port, 0 for any"), example: "127.0.0.1:8420" };
const DATABASE: Expected = Expected {
    what: msg!("sqlite: and a file's path, or a postgres:// address without a password"),
    example: "sqlite:desk.db",
};
const KEPT_DAYS: Expected = Expected { what: msg!("a number of days, 1 to 65535"), example: "365" };
/// Who looked at which client is a question of this year and the last.
const AUDIT_DAYS: u16 = 730;
const ID: Expected = Expected { what: msg!("a text of one line"), example: "cafe" };
const ENGLISH: Expected = Expected { what: msg!("a text of one line"), example: "café" };
const NAMES: &str = "names = { en = \"café\", ko = \"카페\", ru = \"кафе\" }";
const KOREAN: Expected = Expected { what: msg!("a text of one line"), example: "카페" };
const RUSSIAN: Expected = Expected { what: msg!("a text of one line"), example: "кафе" };

/// What the file says; flags of the command line stand above it.
#[derive(Debug)]
pub(crate) struct Settings {
    pub listen: Option<SocketAddr>,
    pub database: Option<Database>,
    /// How the company's clients write their numbers; Russia's way where nothing is said.
    pub plan: NumberingPlan,
    pub client_types: Vec<ClientType>,
    pub transfers: Transfers,
    pub orders: Orders,
    /// Notes of who looked at which client are kept so long.
    pub audit_days: u16,
    /// None where there is none to ask.
    pub company: Option<CompanySettings>,
}

/// Why settings cannot be used.
#[derive(Debug)]
pub(crate) enum SettingsError {
    File(ConfigError),
    /// The rules can be read, but not meant. Without a file they are those that the program brings along.
    Rules {
        file: Option<PathBuf>,
        faults: Vec<RuleFault>,
    },
}

impl From<ConfigError> for SettingsError {
    fn from(error: ConfigError) -> Self {
        Self::File(error)
    }
}

impl SettingsError {
    pub fn say(&self, cat: &Catalogue) -> String {
        match self {
            Self::File(error) => error.say(cat),
            Self::Rules { file, faults } => {
                let lines: Vec<_> =
                    faults.iter().map(|fault| say_fault(file.as_deref(), fault, cat)).collect();
                lines.join("\n")
            }
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: None,
            database: None,
            plan: NumberingPlan::default(),
            client_types: sample::usual_types(),
            transfers: Transfers::default(),
            orders: sample::order_rules(),
            audit_days: AUDIT_DAYS,
            company: None,
        }
    }
}

impl Settings {
    /// What the file says; without one, what holds then.
    pub fn read(file: Option<&Path>) -> Result<Self, SettingsError> {
        let Some(file) = file else { return Ok(Self::default()) };
        let (settings, faults) = read_file(file, Self::parse)?;
        match faults.is_empty() {
            true => Ok(settings),
            false => Err(SettingsError::Rules { file: Some(file.to_owned()), faults }),
        }
    }

    fn parse(source: &str, path: &Path) -> Result<(Self, Vec<RuleFault>), ConfigError> {
        let document = Document::parse(source, path)?;
        let root = document.root();
        let numbering = root.section("numbering")?;
        let entries = root.sections("client_type")?;
        let own_types = entries.iter().map(client_type).collect::<Result<Vec<_>, _>>()?;
        let client_types = if own_types.is_empty() { sample::usual_types() } else { own_types };
        let (transfers, faults) = Transfers::read(&root, &client_types)?;
        let settings = Self {
            listen: root.text("listen", LISTEN, SocketAddr::parse)?,
            database: root.address("database", DATABASE, |text| Database::parse(text).ok())?,
            plan: numbering.desk_numbering()?,
            company: company::read(&root, &client_types)?,
            client_types,
            transfers,
            orders: Orders::read(&root)?,
            audit_days: root
                .number("audit_days", KEPT_DAYS, |days| (days > 0).then_some(days))?
                .unwrap_or(AUDIT_DAYS),
        };
        root.refuse_unknown()?;
        numbering.refuse_unknown()?;
        Ok((settings, faults))
    }
}

fn client_type(entry: &Section<'_>) -> Result<ClientType, ConfigError> {
    let id = ClientTypeId(entry.needed("id", ID, String::parse)?);
    let names = names(entry)?;
    entry.refuse_unknown()?;
    Ok(ClientType { id, names })
}

fn names(entry: &Section<'_>) -> Result<Names, ConfigError> {
    let written = entry.needed_section("names", NAMES)?;
    let names = Names {
        en: written.needed("en", ENGLISH, String::parse)?,
        ko: written.text("ko", KOREAN, String::parse)?,
        ru: written.text("ru", RUSSIAN, String::parse)?,
    };
    written.refuse_unknown()?;
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::chain::rules::{Rule, Rules};
    use crate::text::Language;

    fn parse(source: &str) -> Result<Settings, ConfigError> {
        Settings::parse(source, Path::new("desk.toml")).map(|(settings, _)| settings)
    }

    /// Rules that are read but not meant, said in a language.
    fn faults(source: &str, language: Language) -> String {
        let path = Path::new("desk.toml");
        let (_, faults) = Settings::parse(source, path).unwrap();
        SettingsError::Rules { file: Some(path.to_owned()), faults }.say(&Catalogue::new(language))
    }

    /// Without the places in the file.
    fn nowhere(rules: &Rules) -> Rules {
        let nowhere = |rule: &Rule| {
            let mut rule = Rule { line: 0, ..rule.clone() };
            rule.steps.iter_mut().for_each(|step| step.line = 0);
            rule
        };
        Rules { rules: rules.rules.iter().map(nowhere).collect(), ..rules.clone() }
    }

    #[test]
    fn the_sample_file_says_what_holds_without_it() {
        let (settings, faults) =
            Settings::parse(include_str!("../../config/desk.toml"), Path::new("desk.toml")).unwrap();
        let without = Settings::default();
        assert_eq!(faults, []);
        assert_eq!(settings.plan, without.plan);
        assert_eq!(settings.client_types, without.client_types);
        assert_eq!(settings.transfers.purposes, without.transfers.purposes);
        assert_eq!(nowhere(&settings.transfers.rules), without.transfers.rules);
    }

    #[test]
    fn an_empty_file_says_what_holds_without_it() {
        let settings = parse("").unwrap();
        let without = Settings::default();
        assert_eq!(settings.transfers.rules, without.transfers.rules);
        assert_eq!(settings.transfers.purposes, without.transfers.purposes);
    }

    #[test]
    fn the_example_of_office_hours_in_the_sample_file_can_be_used() {
        let sample = include_str!("../../config/desk.toml");
        let (_, example) = sample.split_once("# [office_hours]").unwrap();
        let lines = example.lines().skip(1).map_while(|line| line.strip_prefix("# "));
        let section = lines.fold("[office_hours]\n".to_owned(), |text, line| text + line + "\n");
        let hours = parse(&section).unwrap().transfers.rules.hours.unwrap();
        let friday = jiff::civil::date(2026, 5, 8);
        assert!(hours.are_on(friday.at(16, 59, 0, 0)) && !hours.are_on(friday.at(17, 0, 0, 0)));
        let new_year = jiff::civil::date(2027, 1, 1);
        assert!(!hours.are_on(new_year.at(12, 0, 0, 0)), "a Friday, and a holiday");
        let holiday_alone = parse("[office_hours]\nclosed_on = [\"2027-01-01\"]\n").unwrap();
        let hours = holiday_alone.transfers.rules.hours.unwrap();
        assert!(hours.are_on(friday.at(23, 59, 0, 0)) && !hours.are_on(new_year.at(0, 0, 0, 0)));
    }

    #[test]
    fn the_example_of_a_company_system_in_the_sample_file_can_be_used() {
        let sample = include_str!("../../config/desk.toml");
        let (_, example) = sample.split_once("# [company_system]").unwrap();
        let lines = example.lines().skip(1).map_while(|line| line.strip_prefix('#'));
        let section = lines.fold("[company_system]\n".to_owned(), |text, line| text + line.trim() + "\n");
        let company = parse(&section).unwrap().company.unwrap();
        assert_eq!((company.find.len(), company.card.len()), (1, 1));
        assert_eq!(company.budget, std::time::Duration::from_millis(1500), "the usual one");
        assert!(company.ca.is_some() && company.secret_file.is_some());
    }

    #[test]
    fn what_is_wrong_with_a_company_system_is_said_with_its_line_and_what_to_write() {
        const SECTION: &str = "[company_system]\nurl = \"https://a\"\nauthentication = \"none\"\ncurrency = \"RUB\"\n\
            client_type = \"market\"\n";
        const FIND: &str = "[[company_system.find]]\npath = \"a/{phone}\"\nget = { client = \"/a\" }\n";
        const CARD: &str = "[[company_system.card]]\npath = \"b/{client}\"\nget = { name = \"/a\" }\n";
        assert!(parse(&[SECTION, FIND, CARD].concat()).unwrap().company.is_some());
        let card = |get: &str| [SECTION, FIND, "[[company_system.card]]\npath = \"b\"\nget = ", get].concat();
        let changed = |from: &str, to: &str| [SECTION, FIND, CARD].concat().replace(from, to);
        for (source, line, words) in [
            (changed("https://a", "https://u:tiger@a"), 2, &["https://1c.example.com"][..]),
            (changed("\"none\"", "\"digest\""), 3, &["digest", "\"basic\""]),
            (changed("\"none\"", "\"basic\""), 1, &["user = \"patchcord\""]),
            (changed("client_type = \"market\"", "client_type = \"kye\""), 5, &["kye"]),
            (changed("{phone}", "{fone}"), 7, &["a/{fone}"]),
            (changed("{client}", "{phone}"), 10, &["b/{phone}"]),
            (changed("client = \"/a\"", "client = \"a\""), 8, &["/value/*/Ref_Key"]),
            (changed("client = \"/a\"", "x = \"/a\""), 6, &["x", "client"]),
            (changed(FIND, ""), 1, &["find.get.client"]),
            (card("{ nmae = \"/a\" }"), 9, &["nmae", "name, client_type"]),
            (card("{ note = \"/a\" }"), 1, &["card.get.name"]),
            (card("{ name = \"/a\", debt = \"/b\" }"), 1, &["card.get.overdue"]),
            ([SECTION, "secret = \"tiger\"\n", FIND, CARD].concat(), 6, &["secret_file"]),
            ([SECTION, "budget_ms = 2000\n", FIND, CARD].concat(), 6, &["2000", "1900"]),
        ] {
            let error = parse(&source).unwrap_err();
            assert_eq!(error.line, Some(line), "{source}: {error:?}");
            for language in Language::ALL {
                let said = error.say(&Catalogue::new(language));
                assert!(!said.contains("tiger"), "{said}");
                for word in words {
                    assert!(said.contains(word), "{word} is not in: {said}");
                }
            }
        }
    }

    #[test]
    fn a_step_in_full_says_how_long_it_rings_and_waits_and_whether_a_key_is_pressed() {
        let settings = parse(
            "[[rule]]\nchain = [\n  { step = \"own manager\", ring_seconds = 15, when_busy = \"wait 20\", confirm = true },\n  \"queue 700\",\n]",
        )
        .unwrap();
        let [rule] = settings.transfers.rules.rules.as_slice() else { panic!("one rule") };
        let told = |place: usize| {
            let step = &rule.steps[place];
            (step.line, step.ring_seconds, format!("{:?}", step.when_busy), step.confirm)
        };
        assert_eq!((rule.name.as_str(), rule.line), ("rule_1", 1));
        assert_eq!(told(0), (3, 15, "Wait { seconds: 20 }".into(), true));
        assert_eq!(told(1), (4, 20, "Skip".into(), false));
    }

    #[test]
    fn each_kind_of_mistake_in_the_rules_is_said_with_rule_line_and_what_to_do() {
        const LAST: &str = "\n[[rule]]\nname = \"last\"\nchain = [\"own manager\"]";
        for (source, line, words) in [
            (
                "[[rule]]\nname = \"alpha\"\nwhen = { client_type = \"kye\" }\nchain = [\"own manager\"]",
                1,
                &["alpha", "kye", "market, key"][..],
            ),
            (
                "[[rule]]\nwhen = { purpose = \"dance\" }\nchain = [\"own manager\"]",
                1,
                &["rule_1", "dance", "order, payment, other"],
            ),
            (
                "[[rule]]\nwhen = { client = \"new\" }\nchain = [\n\"own manager\",\n\"any kye account manager\"]",
                5,
                &["kye"],
            ),
            (
                "[[rule]]\nname = \"alpha\"\nwhen = { client = \"new\" }\nchain = []",
                1,
                &["alpha", "chain = [\"own manager\"]"],
            ),
            (
                "[[rule]]\nname = \"alpha\"\nwhen = { client = \"new\" }",
                1,
                &["alpha", "chain = [\"own manager\"]"],
            ),
            (
                "[[rule]]\nname = \"alpha\"\nwhen = { client = \"new\" }\nchain = [\"finance\"]\noffer = [\"finance\"]",
                1,
                &["alpha", "chain", "offer"],
            ),
            (
                "[[rule]]\nname = \"alpha\"\nwhen = { client = \"new\" }\nchain = [\"finance\"]\n\n[[rule]]\nname = \"beta\"\nwhen = { client = \"new\", hours = \"open\" }\nchain = [\"finance\"]",
                6,
                &["beta", "alpha"],
            ),
            ("[[rule]]\nname = \"last\"\nwhen = { client = \"new\" }\nchain = [\"finance\"]", 5, &["last"]),
            (
                "[[rule]]\nwhen = { client = \"new\" }\nchain = [{ step = \"finance\", ring_seconds = 25 }]",
                3,
                &["25", "ring_seconds = 24"],
            ),
        ] {
            let source = format!("{source}{LAST}");
            for language in Language::ALL {
                let said = faults(&source, language);
                assert_eq!(said.lines().count(), 1, "{said}");
                assert!(language != Language::English || said.contains(&format!("line {line},")), "{said}");
                for word in words.iter().chain(&["desk.toml"]) {
                    assert!(said.contains(word), "{word} is not in: {said}");
                }
            }
        }
        let said =
            faults("\n[[rule]]\nwhen = { client = \"new\" }\nchain = [\"finance\"]", Language::English);
        assert!(said.contains("line 2") && said.contains("[[rule]] without when"), "{said}");
    }

    #[test]
    fn all_that_is_wrong_with_the_rules_is_said_at_once_in_the_files_order() {
        let said = faults(
            "[[rule]]\nname = \"a\"\nwhen = { purpose = \"dance\" }\nchain = []\n[[rule]]\nname = \"b\"\nwhen = { client_type = \"kye\" }\nchain = [\"finance\"]",
            Language::English,
        );
        let lines: Vec<_> = said.lines().map(|line| line.split(':').next().unwrap_or_default()).collect();
        assert_eq!(
            lines,
            [
                "desk.toml, line 1, rule “a”",
                "desk.toml, line 1, rule “a”",
                "desk.toml, line 5, rule “b”",
                "desk.toml, line 5, rule “b”",
            ]
        );
    }

    #[test]
    fn whatever_is_wrong_is_said_with_its_line_and_what_to_write() {
        for (source, line, words) in [
            ("listen = \"127.0.0.1:0\"\n\n[numbering]\ncuontry = \"KR\"", 4, &["cuontry", "country"][..]),
            ("listen = \"here\"", 1, &["listen", "here", "\"127.0.0.1:8420\""]),
            ("# one\ndatabase = 5", 2, &["database", "5", "\"sqlite:desk.db\""]),
            ("\ndatabase = \"postgres://a:b@c/d\"", 2, &["database", "\"sqlite:desk.db\""]),
            ("listen 127.0.0.1", 1, &["listen 127.0.0.1", "TOML"]),
            ("numbering = 5", 1, &["numbering", "[numbering]"]),
            ("[numbering]\ncountry = \"XX\"", 2, &["country", "XX", "\"RU\""]),
            ("[numbering]\ncountry = 7", 2, &["country", "7", "\"RU\""]),
            ("[numbering]\n\narea_code = \"4951234\"", 3, &["area_code", "6", "\"495\""]),
            ("[numbering]\nshort_digits = 2", 2, &["short_digits", "2", "3", "9", "5"]),
            ("[[client_type]]\nid = \"cafe\"\nnames = { ko = \"카페\" }", 3, &["en", "en = \"café\""]),
            ("\n[[client_type]]\nnames = { en = \"café\" }", 2, &["id", "id = \"cafe\""]),
            ("[[client_type]]\nid = \"cafe\"", 1, &["names = { en = \"café\""]),
            ("[[client_type]]\nid = \"cafe\"\nnames = \"café\"", 3, &["names = \"café\"", "{ en = \"café\""]),
            ("[[client_type]]\nid = \"a\"\ncolour = 1\nnames = { en = \"b\" }", 3, &["colour", "id, names"]),
            ("client_type = 1", 1, &["client_type", "[[client_type]]"]),
            ("[[purpose]]\nnames = { en = \"a\" }", 1, &["id = \"delivery\""]),
            ("[transfer]\nring_seconds = 25", 2, &["25", "voicemail_after_seconds", "20"]),
            ("[transfer]\nvoicemail_after_seconds = 4", 2, &["4", "25"]),
            ("[transfer]\ntotal = 4", 2, &["total", "total_seconds"]),
            ("[office_hours]\nmonday = \"9-18\"", 2, &["9-18", "\"09:00-18:00\""]),
            ("[office_hours]\n\nmonday = \"18:00-09:00\"", 3, &["18:00-09:00", "\"09:00-18:00\""]),
            ("[office_hours]\nmoonday = \"09:00-18:00\"", 2, &["moonday", "monday, tuesday"]),
            ("[office_hours]\nclosed_on = [\"1 May\"]", 2, &["1 May", "\"2027-01-01\""]),
            ("[office_hours]\ntime_zone = \"Moscow\"", 2, &["Moscow", "\"Europe/Moscow\""]),
            ("[[rule]]\nchian = [\"finance\"]", 2, &["chian", "name, when, chain, offer"]),
            ("[[rule]]\nwhen = { colour = \"red\" }", 2, &["colour", "client_type, standing, purpose"]),
            ("[[rule]]\nwhen = { standing = \"poor\" }", 2, &["poor", "\"overdue or over limit\""]),
            ("[[rule]]\nwhen = { client = \"old\" }", 2, &["old", "\"new\""]),
            ("[[rule]]\nwhen = { hours = \"late\" }", 2, &["late", "\"closed\""]),
            (
                "[[rule]]\nchain = [\n\"own manager\",\n\"own_manager\"]",
                4,
                &["own_manager", "\"own manager\""],
            ),
            ("[[rule]]\nchain = [\"queue +7\"]", 2, &["queue +7", "queue 700"]),
            ("[[rule]]\nchain = \"finance\"", 2, &["finance", "[\"own manager\"]"]),
            ("[[rule]]\nchain = [{ ring_seconds = 10 }]", 2, &["step = \"own manager\""]),
            ("[[rule]]\nchain = [{ step = \"finance\", ring_seconds = 2 }]", 2, &["ring_seconds", "25"]),
            (
                "[[rule]]\nchain = [{ step = \"finance\", when_busy = \"dance\" }]",
                2,
                &["dance", "\"wait 20\""],
            ),
            ("[[rule]]\nchain = [{ step = \"finance\", confirm = \"yes\" }]", 2, &["confirm", "false"]),
            ("[[rule]]\nchain = [{ step = \"finance\", rings = 5 }]", 2, &["rings", "ring_seconds"]),
        ] {
            let error = parse(source).unwrap_err();
            assert_eq!(error.line, Some(line), "{source}: {error:?}");
            for language in Language::ALL {
                let said = error.say(&Catalogue::new(language));
                for word in words.iter().chain(&["desk.toml"]) {
                    assert!(said.contains(word), "{word} is not in: {said}");
                }
            }
        }
    }

    #[test]
    fn a_secret_in_the_file_is_not_repeated() {
        for line in ["token = \"hunter2\"", "Password = hunter2", "secret = { a = \"hunter2\" }"] {
            let error = parse(&format!("listen = \"127.0.0.1:0\"\n{line}\n")).unwrap_err();
            assert_eq!(error.line, Some(2), "{line}");
            assert!(!error.say(&Catalogue::new(Language::English)).contains("hunter2"), "{error:?}");
        }
    }
}
