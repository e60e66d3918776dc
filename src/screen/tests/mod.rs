//! The operator's day as the window shows it, on virtual time.

mod calls;
mod cards;
mod day;
mod elsewhere;
mod keys;
mod looked_up;
mod new_clients;
mod notes;
mod office;
mod order_news;
mod orders;
mod rambling;
mod recordings;
mod returns;
mod topics;
mod transfers;
mod voice;
mod wrap_ups;

use super::*;
use crate::agent::{Card as AgentCard, CardAnswer, ChainNews, Event, Source};
use crate::desk_api::{
    Absence, ClientCard, ClientType, ClientTypeId, Department, DirectoryEntry, Job, Manager, Money, Names,
    PersonId, PriceColumn, Standing as Account,
};
use crate::domain::client::PriceColumnReason;
use crate::domain::number::NumberingPlan;
use crate::media::Codec;
use crate::phone::{
    self, CallOutcome, Caller, ClientIs, EndedBy, Side, TransferFault, TransferOutcome, TransferWay,
};
use crate::sip::Failure;
use crate::text::Language;
use jiff::civil::date;
use std::net::SocketAddr;

const FIRST: LineId = LineId(1);
const SECOND: LineId = LineId(2);
const HANBIT: &str = "+74955550142";
const OTHER: &str = "+79161234567";

struct World {
    now: Instant,
    screen: Screen,
    /// Since they were last looked at.
    wishes: Vec<Wish>,
}

impl World {
    /// Registered and ready, with the company's directory.
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut ScreenConfig)) -> Self {
        let mut world = Self::without_line(change);
        world.phone(registered());
        if world.screen.config.has_desk {
            world.handle(Input::Directory(Ok(directory())));
            world.handle(Input::Calls(Ok(Vec::new())));
        }
        world.wishes.clear();
        world
    }

    fn without_line(change: impl FnOnce(&mut ScreenConfig)) -> Self {
        let mut config = ScreenConfig {
            language: Language::English,
            numbering: NumberingPlan::russia(),
            lines: 2,
            wrap_up: Duration::from_secs(20),
            has_desk: true,
            lacks_desk_token: false,
            extension: "101".into(),
            passes_blindly: false,
            offers: Offers { watch: true, ..Offers::default() },
            seed: [7; 32],
        };
        change(&mut config);
        let now = Instant::START;
        let mut world = Self { now, screen: Screen::new(now, wall(now), config), wishes: Vec::new() };
        world.drain();
        world
    }

    fn handle(&mut self, input: Input) {
        self.screen.handle(self.now, &wall(self.now), input);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(wish) = self.screen.poll_wish() {
            // The telephone says at once what it does with these.
            let answer = match &wish {
                Wish::Intent(Intent::TakeCalls { on }) => {
                    Some(Event::Phone(phone::Event::TakingCalls { on: *on }))
                }
                Wish::Intent(Intent::Mute { on }) => Some(Event::Phone(phone::Event::Muted { on: *on })),
                Wish::Intent(Intent::ChooseClient { line, client }) => {
                    Some(Event::ClientChosen { line: *line, client: *client })
                }
                _ => None,
            };
            self.wishes.push(wish);
            if let Some(event) = answer {
                self.screen.handle(self.now, &wall(self.now), Input::Agent(event));
            }
        }
    }

    fn phone(&mut self, event: phone::Event) {
        self.handle(Input::Agent(Event::Phone(event)));
    }

    fn act(&mut self, act: Act) {
        self.handle(Input::Act(act));
    }

    /// `F2`, `Alt+F2`, `Ctrl+K`, `Enter`.
    fn press(&mut self, key: &str) {
        self.handle(Input::Press(press(key)));
    }

    fn shown(&self) -> Shown {
        self.screen.shown(self.now, &wall(self.now))
    }

    fn pass(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.now = self.now + Duration::from_secs(1);
            self.handle(Input::Tick);
        }
    }

    /// What the telephone was asked for since the last look.
    fn intents(&mut self) -> Vec<Intent> {
        let wishes = std::mem::take(&mut self.wishes).into_iter();
        wishes.filter_map(|wish| if let Wish::Intent(intent) = wish { Some(intent) } else { None }).collect()
    }

    /// What was said aloud since the last look.
    fn spoken(&mut self) -> Vec<String> {
        let wishes = std::mem::take(&mut self.wishes).into_iter();
        wishes.filter_map(|wish| if let Wish::Announce(text) = wish { Some(text) } else { None }).collect()
    }

    fn rings(&mut self, line: LineId, number: &str) {
        self.rings_from(line, Caller { number: Some(number.into()), ..Caller::default() });
    }

    fn rings_from(&mut self, line: LineId, caller: Caller) {
        let call_id = format!("call-{line}-{}", self.now.as_millis());
        self.phone(phone::Event::RingingIn { line, call_id, caller, replaces: None });
    }

    fn answered(&mut self, line: LineId) {
        let took = Duration::from_secs(1);
        self.phone(phone::Event::Answered { line, codec: Codec::Pcma, took, automatic: false });
    }

    fn dials(&mut self, line: LineId, target: &str) {
        let call_id = format!("call-{line}-{}", self.now.as_millis());
        self.phone(phone::Event::Dialing { line, call_id, target: target.into() });
    }

    fn talks(&mut self, line: LineId, number: &str) {
        self.rings(line, number);
        self.answered(line);
        self.wishes.clear();
    }

    fn ended(&mut self, line: LineId, outcome: CallOutcome, talked: u64) {
        self.ends(line, EndedBy::Them, outcome, None, talked);
    }

    fn ends(&mut self, line: LineId, by: EndedBy, outcome: CallOutcome, status: Option<u16>, talked: u64) {
        let talked = Duration::from_secs(talked);
        self.phone(phone::Event::Ended {
            line,
            by,
            outcome,
            status,
            reason: None,
            retry_after: None,
            talked,
        });
    }

    fn passing(&mut self, line: LineId, target: &str) {
        self.passing_by(TransferWay::Blind, line, target);
    }

    fn passing_with_return(&mut self, line: LineId, target: &str) {
        self.passing_by(TransferWay::Return, line, target);
    }

    fn passing_by(&mut self, way: TransferWay, line: LineId, target: &str) {
        self.phone(phone::Event::TransferStarted { line, target: target.into(), way });
        self.phone(phone::Event::Held { line, by: Side::Us });
    }

    fn not_passed(&mut self, line: LineId, target: &str, status: Option<u16>, client: ClientIs) {
        let why = TransferFault::TargetFailed;
        let (target, reason) = (target.into(), String::new());
        self.phone(phone::Event::TransferFailed { line, target, status, reason, client, why });
    }

    fn on_the_way(&mut self, line: LineId, news: ChainNews) {
        self.handle(Input::Agent(Event::Chain { line, news }));
    }

    fn card(&mut self, line: LineId, clients: Vec<ClientCard>) {
        self.card_from(line, clients, Source::Desk, 0);
    }

    fn card_from(&mut self, line: LineId, clients: Vec<ClientCard>, source: Source, age: u64) {
        let answer = CardAnswer::Found { clients, source, age: Duration::from_secs(age) };
        let card = AgentCard { answer, took: Duration::ZERO, handed_over: None };
        self.handle(Input::Agent(Event::Card { line, card }));
    }

    fn no_card(&mut self, line: LineId) {
        let card = AgentCard {
            answer: CardAnswer::Unavailable { why: Unavailable::Down },
            took: Duration::ZERO,
            handed_over: None,
        };
        self.handle(Input::Agent(Event::Card { line, card }));
    }
}

/// Tuesday, 11:02 in Moscow when the program starts.
fn wall(now: Instant) -> Zoned {
    let start = date(2026, 5, 5).at(11, 2, 0, 0).in_tz("Europe/Moscow").unwrap();
    start + now.since_start()
}

fn press(key: &str) -> Press {
    let mut press = Press { key: Key::Enter, control: false, alt: false, shift: false };
    for part in key.split('+') {
        match part {
            "Ctrl" => press.control = true,
            "Alt" => press.alt = true,
            "Shift" => press.shift = true,
            "Enter" => press.key = Key::Enter,
            "Esc" => press.key = Key::Escape,
            "Up" => press.key = Key::Up,
            "Down" => press.key = Key::Down,
            "plus" => press.key = Key::Character('+'),
            name => {
                press.key = match name.strip_prefix('F').and_then(|number| number.parse().ok()) {
                    Some(number) => Key::Function(number),
                    None => Key::Character(name.to_lowercase().chars().next().unwrap()),
                }
            }
        }
    }
    press
}

fn server() -> SocketAddr {
    "192.0.2.1:5060".parse().unwrap()
}

fn registered() -> phone::Event {
    let contact = "sip:101@192.0.2.7".into();
    phone::Event::Registered { server: server(), expires: Duration::from_secs(60), contact }
}

fn no_answer_from_pbx(retry_in: u64) -> phone::Event {
    let retry_in = Some(Duration::from_secs(retry_in));
    phone::Event::RegistrationFailed { cause: Failure::TimedOut, retry_in }
}

fn person(id: &str, name: &str, job: Job, extension: &str, department: &str) -> DirectoryEntry {
    DirectoryEntry {
        id: PersonId(id.into()),
        name: name.into(),
        job,
        extension: Some(extension.into()).filter(|text: &String| !text.is_empty()),
        department: Some(department.into()),
        serves: Vec::new(),
        absences: Vec::new(),
    }
}

fn department(id: &str, name: &str, head: &str) -> Department {
    let names = Names { en: name.into(), ..Names::default() };
    Department { id: id.into(), names, head: Some(PersonId(head.into())) }
}

/// Petrov is away until 9 May, and Ivanova stands in; the director has no telephone; 101 is who works here.
fn directory() -> Directory {
    let mut petrov = person("petrov", "Петров Сергей", Job::Manager, "202", "wholesale");
    let deputy = Some(PersonId("ivanova".into()));
    petrov.absences.push(Absence { from: date(2026, 5, 1), to: date(2026, 5, 9), deputy });
    Directory {
        people: vec![
            person("kim", "Kim Seoyeon", Job::Manager, "201", "wholesale"),
            petrov,
            person("ivanova", "Иванова Алёна", Job::Manager, "203", "wholesale"),
            person("director", "Volkov", Job::Director, "", "wholesale"),
            person("orlova", "Orlova Maria", Job::Head, "302", "wholesale"),
            person("me", "Sokolova Daria", Job::Operator, "101", "support"),
            person("lebedev", "Lebedev Ilya", Job::Operator, "102", "support"),
        ],
        departments: vec![
            department("wholesale", "Wholesale", "orlova"),
            department("support", "Support", "none"),
        ],
        client_types: Vec::new(),
        purposes: Vec::new(),
    }
}

fn client(name: &str, manager: &str) -> ClientCard {
    let known = directory().person(&PersonId(manager.into())).cloned();
    ClientCard {
        id: ClientId(uuid::Uuid::from_u128(name.bytes().fold(7, |sum, byte| sum * 31 + u128::from(byte)))),
        name: name.into(),
        client_type: ClientType {
            id: ClientTypeId("market".into()),
            names: Names { en: "market trader".into(), ko: None, ru: Some("рыночник".into()) },
        },
        phones: Vec::new(),
        contacts: Vec::new(),
        manager: known.map(|person| Manager {
            id: person.id,
            name: person.name,
            extension: person.extension,
        }),
        department: Some(department("wholesale", "Wholesale", "orlova")),
        standing: Some(Account {
            currency: "RUB".into(),
            overdue: Money::ZERO,
            over_limit: Money::ZERO,
            limit: Some(Money::from_hundredths(50_000_000)),
            credit_left: Some(Money::from_hundredths(1_234_050)),
            ..Account::default()
        }),
        price_column: Some(PriceColumn { name: "B".into(), why: PriceColumnReason::Volume }),
        delivery: None,
        time_zone: None,
        note: Some("Speaks quietly".into()),
        updated_at: None,
        gaps: Vec::new(),
    }
}

fn hanbit() -> ClientCard {
    client("Hanbit Build", "kim")
}
