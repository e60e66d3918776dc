//! `patchcord-desk rules`: are the rules of the transfer chain in order, and where does a client go by them?

use jiff::civil::DateTime;
use serde_json::json;
use uuid::Uuid;

use super::{CheckArguments, DataArguments, ExplainArguments, Failure, open_existing};
use crate::clock;
use crate::desk_api::{
    ChainOrder, ChainStep, ClientCard, ClientId, ClientTypeId, Directory, Names, PassedOver, PassedOverWhy,
    PurposeId, StepRole, TransferQuestion, WhenBusy,
};
use crate::domain::chain::rules::{RuleFault, faults_with};
use crate::domain::chain::{Evaluation, NotTaken};
use crate::server::passing::Asked;
use crate::server::settings::{Settings, SettingsError, say_fault};
use crate::server::store::Store;
use crate::text::{Catalogue, say};

/// Clients named at most where several fit.
const CANDIDATES: u32 = 20;

pub(super) async fn check(arguments: CheckArguments, cat: &Catalogue) -> Result<(), Failure> {
    let file = arguments.config;
    let (rules, faults) = match Settings::read(file.as_deref()) {
        Ok(settings) => (settings.transfers.rules.rules, Vec::new()),
        Err(SettingsError::Rules { faults, .. }) => (Vec::new(), faults),
        Err(error) => return Err(Failure::Settings(error)),
    };
    let faults = match &arguments.database {
        Some(database) => {
            let store = open_existing(database).await?;
            let directory = store.directory().await.map_err(Failure::Store)?;
            store.close().await;
            faults.into_iter().chain(faults_with(&rules, &directory)).collect()
        }
        None => faults,
    };
    if arguments.json {
        let fault = |fault: &RuleFault| json!({"rule": fault.rule, "line": fault.line, "message": say_fault(file.as_deref(), fault, cat)});
        let names: Vec<_> = rules.iter().map(|rule| &rule.name).collect();
        println!(
            "{}",
            json!({"v": 1, "rules": names, "faults": faults.iter().map(fault).collect::<Vec<_>>()})
        );
    }
    if !faults.is_empty() {
        return Err(Failure::Settings(SettingsError::Rules { file, faults }));
    }
    if !arguments.json {
        println!("{}", say!(cat, "The rules are in order: {count}.", count = rules.len()));
    }
    Ok(())
}

pub(super) async fn explain(arguments: ExplainArguments, cat: &Catalogue) -> Result<(), Failure> {
    let DataArguments { database, config } = &arguments.data;
    let settings = Settings::read(config.as_deref()).map_err(Failure::Settings)?;
    let store = super::open_named(database.as_deref(), &settings).await?;
    let client = match &arguments.client {
        Some(text) => Some(find(&store, &settings, text).await?),
        None => None,
    };
    let directory = store.directory().await.map_err(Failure::Store)?;
    let question = TransferQuestion {
        client: client.as_ref().map(|client| client.id),
        purpose: arguments.purpose.map(PurposeId),
        client_type: arguments.client_type.map(ClientTypeId),
        department: arguments.department,
    };
    let transfers = &settings.transfers;
    let asked = Asked::check(question, client, &directory, transfers).map_err(Failure::UnknownWord)?;
    let at = arguments.at.unwrap_or_else(|| clock::wall().to_zoned(transfers.zone.clone()).datetime());
    let evaluation = asked.evaluate(&store, &directory, transfers, at).await.map_err(Failure::Store)?;
    store.close().await;
    let client = asked.client.as_ref();
    if arguments.json {
        let id = client.map(|client| client.id);
        let Evaluation { chain, not_taken } = &evaluation;
        println!("{}", json!({"v": 1, "at": at, "client": id, "chain": chain, "not_taken": not_taken}));
    } else {
        print!("{}", Explained { cat, directory: &directory, client, at, evaluation: &evaluation }.text());
    }
    Ok(())
}

/// By id, number, or name; of several the one whose name is this exactly.
pub(super) async fn find(store: &Store, settings: &Settings, text: &str) -> Result<ClientCard, Failure> {
    let plan = &settings.plan;
    let mut found = if let Ok(id) = Uuid::parse_str(text) {
        store.client(ClientId(id), plan).await.map_err(Failure::Store)?.into_iter().collect()
    } else if let Some(number) = plan.look_up_key(text) {
        store.clients_by_number(number, plan, CANDIDATES).await.map_err(Failure::Store)?
    } else {
        store.find_clients(text, plan, CANDIDATES).await.map_err(Failure::Store)?
    };
    if found.len() > 1
        && let [_] = found.iter().filter(|client| client.name == text).collect::<Vec<_>>().as_slice()
    {
        found.retain(|client| client.name == text);
    }
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(Failure::NoClient(text.to_owned())),
        _ => Err(Failure::ManyClients(found.into_iter().map(|client| (client.name, client.id)).collect())),
    }
}

/// All that is said of one call.
struct Explained<'a> {
    cat: &'a Catalogue,
    directory: &'a Directory,
    client: Option<&'a ClientCard>,
    at: DateTime,
    evaluation: &'a Evaluation,
}

impl Explained<'_> {
    fn text(&self) -> String {
        let Evaluation { chain, not_taken } = self.evaluation;
        let mut lines = vec![self.call()];
        lines.extend(not_taken.iter().map(|rule| self.not_taken(rule)));
        lines.push(say!(self.cat, "Rule “{rule}”: taken.", rule = chain.rule));
        lines.push(match chain.order {
            ChainOrder::InOrder => {
                say!(self.cat, "One after the other, {seconds} s in all:", seconds = chain.total_seconds)
            }
            ChainOrder::OperatorChooses => say!(self.cat, "The operator chooses; the first is proposed:"),
        });
        for (place, step) in chain.steps.iter().enumerate() {
            lines.push(format!("{}. {}", place + 1, self.step(step)));
            lines.extend(step.passed_over.iter().map(|passed| format!("   {}", self.passed_over(passed))));
        }
        lines.into_iter().map(|line| line + "\n").collect()
    }

    fn call(&self) -> String {
        let at = self.at.strftime("%F %H:%M");
        match self.client {
            Some(client) => say!(
                self.cat,
                "{client}, {kind}, {at}",
                client = client.name,
                kind = self.named(&client.client_type.names),
                at = at
            ),
            None => say!(self.cat, "A caller whom nobody knows, {at}", at = at),
        }
    }

    fn not_taken(&self, rule: &NotTaken) -> String {
        match &rule.found {
            Some(found) => say!(
                self.cat,
                "Rule “{rule}”: not taken, since {condition} is “{found}”, not “{wanted}”.",
                rule = rule.rule,
                condition = rule.condition,
                found = found,
                wanted = rule.wanted
            ),
            None => say!(
                self.cat,
                "Rule “{rule}”: not taken, since {condition} is not known; it wants “{wanted}”.",
                rule = rule.rule,
                condition = rule.condition,
                wanted = rule.wanted
            ),
        }
    }

    fn step(&self, step: &ChainStep) -> String {
        let targets = step.targets.iter().map(|target| {
            let told = if target.name == target.extension {
                target.extension.clone()
            } else {
                format!("{} {}", target.extension, target.name)
            };
            match &target.stands_in_for {
                Some(absent) => {
                    say!(self.cat, "{deputy} (for {absent})", deputy = told, absent = self.person(&absent.0))
                }
                None => told,
            }
        });
        let targets: Vec<_> = targets.collect();
        let targets = if targets.is_empty() { say!(self.cat, "nobody") } else { targets.join(", ") };
        let mut told = format!("{}: {targets}", self.role(&step.role));
        if let WhenBusy::Wait { seconds } = step.when_busy {
            told += &say!(self.cat, "; if busy, wait {seconds} s", seconds = seconds);
        }
        if step.confirm {
            told += &say!(self.cat, "; must press a key");
        }
        told
    }

    fn role(&self, role: &StepRole) -> String {
        let cat = self.cat;
        match role {
            StepRole::OwnManager => say!(cat, "own manager"),
            StepRole::AnyManager { serves: Some(serves) } => {
                let types = &self.directory.client_types;
                let names = types.iter().find(|known| known.id == *serves).map(|known| &known.names);
                let name = names.map_or(serves.0.as_str(), |names| self.named(names));
                say!(cat, "any manager (“{kind}”)", kind = name)
            }
            StepRole::AnyManager { serves: None } => say!(cat, "any manager"),
            StepRole::Head { department: Some(id) } => {
                say!(cat, "head of department “{department}”", department = self.department(id))
            }
            StepRole::Head { department: None } => say!(cat, "head of the department"),
            StepRole::Department { department } => {
                say!(cat, "department “{department}”", department = self.department(department))
            }
            StepRole::Person { id } => self.person(&id.0).to_owned(),
            StepRole::Queue => say!(cat, "queue"),
            StepRole::Voicemail => say!(cat, "voicemail"),
            StepRole::Other => say!(cat, "other"),
        }
    }

    fn passed_over(&self, passed: &PassedOver) -> String {
        let cat = self.cat;
        let why = match passed.why {
            PassedOverWhy::Absent { until } => say!(cat, "away until {day}", day = until),
            PassedOverWhy::NoExtension => say!(cat, "has no extension"),
            PassedOverWhy::OutOfHours => say!(cat, "the office is closed"),
            PassedOverWhy::InEarlierStep => say!(cat, "asked in an earlier step"),
            PassedOverWhy::NoManager => say!(cat, "the client has no manager"),
            PassedOverWhy::NoDepartment => {
                say!(cat, "the department is not known; the operator must pick it")
            }
            PassedOverWhy::NoHead => say!(cat, "the department has no head"),
            PassedOverWhy::NobodyThere => say!(cat, "the directory has nobody of this kind"),
            PassedOverWhy::Other => say!(cat, "not there"),
        };
        match &passed.name {
            Some(name) => say!(cat, "passed over: {name}, {why}", name = name, why = why),
            None => say!(cat, "passed over: {why}", why = why),
        }
    }

    fn person<'b>(&'b self, id: &'b str) -> &'b str {
        let person = self.directory.people.iter().find(|person| person.id.0 == id);
        person.map_or(id, |person| person.name.as_str())
    }

    fn department<'b>(&'b self, id: &'b str) -> &'b str {
        let department = self.directory.departments.iter().find(|department| department.id == id);
        department.map_or(id, |department| self.named(&department.names))
    }

    fn named<'b>(&self, names: &'b Names) -> &'b str {
        names.in_language(self.cat.language().code())
    }
}
