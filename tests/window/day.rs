//! An operator's day before the window: a telephone and a desk that say what the story wants.

use crate::stage::Window;
use jiff::civil::date;
use patchcord::agent::{
    Card, CardAnswer, ChainNews, Event, Intent, Parked, ParkedClient, QueueState, QueueTrouble, QueueView,
    RecordingState, RecordingView, Source,
};
use patchcord::config::{HostPort, ParkingRange, Setting as _, Settings};
use patchcord::desk_api::{
    CallRecord, CallRecordId, Change, ClientCard, ClientId, ClientType, ClientTypeId, Department, Direction,
    Directory, DirectoryEntry, HandedOver, Job, Manager, Money, Names, Order, OrderEntry, OrderEvent,
    OrderNews, OrderReceipt, OrderState, Outcome, Party, PersonId, Picked, PriceColumn, Standing, Terms,
    TransferQuestion,
};
use patchcord::domain::chain::{Purpose, PurposeId, TransferChain};
use patchcord::domain::client::{ClientPhone, PriceColumnReason};
use patchcord::domain::line_state::LineState;
use patchcord::domain::number::{NumberingPlan, PhoneNumber};
use patchcord::domain::trade::examine::examine;
use patchcord::instant::Instant;
use patchcord::media::{AudioDirection, Codec, PoorCause, Scores, StreamStats};
use patchcord::phone::{
    CallOutcome, Caller, ClientIs, EndedBy, Event as Phone, LineId, Return, ReturnReason, Side,
    TransferFault, TransferWay,
};
use patchcord::screen::{Act, Input, Level, Trouble, Wish};
use patchcord::sip::Failure;
use patchcord::text::{Catalogue, Language};
use std::ops::Deref;
use std::time::Duration;

pub const FIRST: LineId = LineId(1);
pub const SECOND: LineId = LineId(2);
pub const HANBIT: &str = "+74955550142";
pub const OTHER: &str = "+79161234567";

pub struct Day {
    window: Window,
    cat: Catalogue,
}

impl Deref for Day {
    type Target = Window;

    fn deref(&self) -> &Window {
        &self.window
    }
}

impl Day {
    /// Registered and ready at 11:02 in Moscow, with a directory.
    pub fn new(language: Language) -> Self {
        let day = Self::without_line(language);
        day.registered();
        day.answer(Input::Directory(Ok(directory())));
        day.answer(Input::Calls(Ok(earlier_calls())));
        day.wishes();
        day
    }

    pub fn without_line(language: Language) -> Self {
        let settings = Settings {
            user: Some("101".into()),
            server: HostPort::parse("pbx.example.com"),
            desk: Some("https://desk.example.com".into()),
            wrap_up: Some(Duration::from_secs(20)),
            pickup: Some("*8{extension}".into()),
            park: Some("700".into()),
            parking_places: ParkingRange::parse("701-709"),
            queue_log_in: Some("*45".into()),
            queue_log_out: Some("*46".into()),
            queue_pause: Some("*47{reason}".into()),
            queue_resume: Some("*48".into()),
            queue_state: Some("*49{extension}".into()),
            numbering: NumberingPlan::russia(),
            ..Settings::default()
        };
        let start = date(2026, 5, 5).at(11, 2, 0, 0).in_tz("Europe/Moscow").unwrap();
        let day = Self { window: Window::new(settings, language, start), cat: Catalogue::new(language) };
        day.wishes();
        day
    }

    /// A message in the day's language.
    pub fn say<'a>(&'a self, text: &'a str) -> &'a str {
        self.cat.get(text)
    }

    pub fn catalogue(&self) -> &Catalogue {
        &self.cat
    }

    /// Something reaches the window, and it comes to rest.
    pub fn answer(&self, input: Input) {
        self.input(input);
        self.settle();
    }

    pub fn act(&self, act: Act) {
        self.answer(Input::Act(act));
    }

    pub fn phone(&self, event: Phone) {
        self.answer(Input::Agent(Event::Phone(event)));
    }

    /// What the telephone is asked for since the last look; what it says at once to some of it is said.
    pub fn intents(&self) -> Vec<Intent> {
        let wishes = self.wishes().into_iter();
        let intents: Vec<Intent> = wishes
            .filter_map(|wish| if let Wish::Intent(intent) = wish { Some(intent) } else { None })
            .collect();
        for intent in &intents {
            match intent {
                Intent::TakeCalls { on } => self.phone(Phone::TakingCalls { on: *on }),
                Intent::Mute { on } => self.phone(Phone::Muted { on: *on }),
                Intent::ChooseClient { line, client } => {
                    self.answer(Input::Agent(Event::ClientChosen { line: *line, client: *client }));
                }
                _ => {}
            }
        }
        intents
    }

    pub fn registered(&self) {
        self.phone(Phone::Registered {
            server: "192.0.2.1:5060".parse().unwrap(),
            expires: Duration::from_secs(60),
            contact: "sip:101@192.0.2.7".into(),
        });
    }

    pub fn loses_line(&self) {
        let retry_in = Some(Duration::from_secs(8));
        self.phone(Phone::RegistrationFailed { cause: Failure::TimedOut, retry_in });
    }

    pub fn rings(&self, line: LineId, number: &str) {
        let caller = Caller { number: Some(number.into()), ..Caller::default() };
        self.phone(Phone::RingingIn { line, call_id: format!("call-{line}"), caller, replaces: None });
    }

    pub fn card(&self, line: LineId, clients: Vec<ClientCard>) {
        let answer = CardAnswer::Found { clients, source: Source::Desk, age: Duration::ZERO };
        self.answer(Input::Agent(Event::Card {
            line,
            card: Card { answer, took: Duration::ZERO, handed_over: None },
        }));
    }

    pub fn recording(&self, state: RecordingState) {
        let recording = RecordingView { state, fault: None, apart: false };
        self.answer(Input::Agent(Event::Recording { line: FIRST, recording }));
    }

    pub fn answered(&self, line: LineId) {
        self.phone(Phone::Answered {
            line,
            codec: Codec::Pcma,
            took: Duration::from_secs(1),
            automatic: false,
        });
    }

    /// With a client who is known.
    pub fn talks(&self) {
        self.rings(FIRST, HANBIT);
        self.card(FIRST, vec![hanbit()]);
        self.answered(FIRST);
        self.pass(Duration::from_secs(74));
        self.answer(Input::Levels { microphone: Level(0.5), earpiece: Level(0.7) });
        self.wishes();
    }

    /// In a call that the operator hears well, and whose client misses a fifth.
    pub fn is_heard_badly(&self) {
        self.talks();
        let score = |now| Scores { now: Some(now), ..Scores::default() };
        let stats = StreamStats { here: score(4.3), there: score(2.4), ..StreamStats::default() };
        self.phone(Phone::Media { line: FIRST, codec: Codec::Pcma, stats });
        let (direction, cause) = (AudioDirection::Out, PoorCause::Loss);
        self.phone(Phone::PoorAudio { line: FIRST, direction, cause });
    }

    pub fn dials(&self, line: LineId) {
        self.phone(Phone::Dialing { line, call_id: format!("call-{line}"), target: OTHER.into() });
    }

    pub fn held(&self, line: LineId) {
        self.phone(Phone::Held { line, by: Side::Us });
    }

    pub fn passing(&self) {
        self.phone(Phone::TransferStarted { line: FIRST, target: "201".into(), way: TransferWay::Blind });
        self.held(FIRST);
    }

    pub fn comes_back(&self) {
        self.phone(Phone::TransferFailed {
            line: FIRST,
            target: "201".into(),
            status: Some(486),
            client: ClientIs::Kept,
            why: TransferFault::TargetFailed,
            reason: String::new(),
        });
    }

    pub fn ends(&self, line: LineId, outcome: CallOutcome) {
        self.phone(Phone::Ended {
            line,
            by: EndedBy::Them,
            outcome,
            status: None,
            reason: None,
            retry_after: None,
            talked: Duration::from_secs(74),
        });
    }

    pub fn second_rings(&self) {
        self.talks();
        self.rings(SECOND, OTHER);
    }

    pub fn two_calls(&self) {
        self.second_rings();
        self.held(FIRST);
        self.answered(SECOND);
        self.pass(Duration::from_secs(1));
    }

    /// What each line does is known.
    pub fn lines(&self) {
        self.lines_are(&[
            ("201", LineState::Free),
            ("202", LineState::Offline),
            ("203", LineState::Ringing),
            ("302", LineState::Talking),
            ("102", LineState::Held),
        ]);
    }

    fn lines_are(&self, states: &[(&str, LineState)]) {
        let extensions = states.iter().map(|(extension, _)| (*extension).to_owned()).collect();
        let since = Instant::START;
        self.phone(Phone::Watching { extensions, since });
        for &(extension, state) in states {
            let extension = extension.to_owned();
            self.phone(Phone::LineStateChanged { extension, state, rings: None, refused: None, since });
        }
        self.pass(Duration::from_secs(1));
    }

    /// The desk says where the client goes: to Kim, then to Orlova.
    pub fn chain(&self) {
        let question = TransferQuestion { client: Some(hanbit().id), ..TransferQuestion::default() };
        let mut chain = TransferChain::of(["201", "302"].map(str::to_owned), Duration::from_secs(20));
        for (step, name) in chain.steps.iter_mut().zip(["김서연", "Orlova Maria"]) {
            step.targets[0].name = name.into();
        }
        self.answer(Input::Chain { question, answer: Ok(chain) });
        self.pass(Duration::from_secs(1));
    }

    pub fn goes_through_chain(&self) {
        self.talks();
        self.lines_are(&[("201", LineState::Talking), ("302", LineState::Ringing)]);
        self.chain();
        let (name, extension) = ("김서연".to_owned(), "201".to_owned());
        let state = LineState::Talking;
        let news = ChainNews::PassedOver { name, extension, state };
        self.answer(Input::Agent(Event::Chain { line: FIRST, news }));
        let (target, way) = ("302".to_owned(), TransferWay::Return);
        self.phone(Phone::TransferStarted { line: FIRST, target: target.clone(), way });
        self.held(FIRST);
        self.phone(Phone::TransferProgress { line: FIRST, target, status: 180 });
        self.pass(Duration::from_secs(5));
    }

    /// The head is asked, while the client waits.
    pub fn consults(&self) {
        self.talks();
        self.lines();
        self.press("F8");
        self.act(Act::TransferQuery("Orlova".into()));
        self.press("Shift+Enter");
        self.held(FIRST);
        self.phone(Phone::Dialing { line: SECOND, call_id: "call-2".into(), target: "302".into() });
        self.answered(SECOND);
        self.pass(Duration::from_secs(12));
    }

    /// Petrov calls, with a client who waits at his telephone.
    pub fn is_handed(&self) {
        self.rings(FIRST, "202");
        let written = serde_json::json!({
            "id": "01890a5d-ac96-774b-bcce-b302099a8057", "revision": 1, "to": "101", "way": "return", "from": "202",
            "operator": "petrov", "party": { "written": HANBIT, "number": HANBIT },
            "picked": { "purpose": "payment", "department": "wholesale" },
            "note": "Просит отсрочку на месяц, обещает заплатить в пятницу.",
        });
        let clients = vec![hanbit()];
        let answer =
            CardAnswer::Found { clients: clients.clone(), source: Source::Desk, age: Duration::ZERO };
        let handover = serde_json::from_value(written).unwrap();
        let handed =
            HandedOver { handover, from_name: "Петров Сергей".into(), clients, age_seconds: 1 };
        let card = Card { answer, took: Duration::ZERO, handed_over: Some(Box::new(handed)) };
        self.answer(Input::Agent(Event::Card { line: FIRST, card }));
        self.pass(Duration::from_secs(3));
    }

    /// A colleague's telephone rings, one client of ours and one of somebody else's are parked.
    pub fn helps_out(&self) {
        self.lines();
        let (extension, since) = ("203".to_owned(), Instant::START);
        let caller = |number: &str| Caller { number: Some(number.into()), ..Caller::default() };
        let rings = Some(caller(OTHER));
        let state = LineState::Ringing;
        self.phone(Phone::LineStateChanged { extension, state, rings, refused: None, since });
        let ours = ParkedClient { caller: caller(HANBIT), card: Some(hanbit().id), call_id: "call-1".into() };
        let parked = [("701", None), ("702", Some(ours))];
        let parked = parked.map(|(place, client)| Parked { place: place.into(), since, client }).to_vec();
        self.answer(Input::Agent(Event::Parked(parked)));
        self.queue(QueueState::Ready, None);
        self.pass(Duration::from_secs(80));
    }

    fn queue(&self, state: QueueState, trouble: Option<QueueTrouble>) {
        self.answer(Input::Agent(Event::Queue(QueueView { state, trouble })));
    }

    /// Whom Kim had not taken.
    pub fn returns(&self) {
        let returned = Return { id: None, target: "201".into(), reason: ReturnReason::NoAnswer };
        let caller = Caller { number: Some(HANBIT.into()), returned: Some(returned), ..Caller::default() };
        let (call_id, replaces) = ("call-1".into(), None);
        self.lines_are(&[("201", LineState::Free), ("302", LineState::Free)]);
        self.phone(Phone::RingingIn { line: FIRST, call_id, caller, replaces });
        self.card(FIRST, vec![hanbit()]);
        self.chain();
        self.answered(FIRST);
        self.pass(Duration::from_secs(1));
    }

    /// A client whom nobody knows; the rules need to know more.
    pub fn asks_what_it_is_about(&self) {
        self.rings(FIRST, OTHER);
        self.card(FIRST, vec![]);
        self.answered(FIRST);
        self.pass(Duration::from_secs(1));
        self.press("F8");
    }

    /// In a call with a client whose terms are known.
    pub fn can_order(&self) {
        self.talks();
        let terms: Terms = serde_json::from_str(include_str!("../data/terms.json")).unwrap();
        let client = hanbit().id;
        self.answer(Input::Terms { client, answer: Ok(Box::new(Terms { client, ..terms })) });
        self.pass(Duration::from_secs(1));
    }

    /// Types it into the order's field, and strikes Enter.
    pub fn enters(&self, text: &str) {
        self.type_text(text);
        self.press("Enter");
    }

    /// Digits, each after a while.
    pub fn answers(&self, digits: &str) {
        for digit in digits.chars() {
            self.pass(Duration::from_millis(400));
            self.type_text(&digit.to_string());
        }
    }

    /// Three lines, one of which there is too little of; the next product is searched for.
    pub fn takes_order(&self) {
        self.can_order();
        self.press("F1");
        self.enters("4 case tea");
        self.enters("2 cheese");
        self.enters("20 pcs sugar");
        self.type_text("co");
    }

    /// All that is needed, key by key; the desk says that it has it.
    pub fn places_order(&self) {
        self.can_order();
        self.press("F1");
        self.enters("tea");
        self.press("Enter");
        self.enters("2 coffee");
        self.press("Ctrl+Enter");
        self.answers("2261111");
        let kept = self.wishes().into_iter().rev().find_map(|wish| match wish {
            Wish::KeepOrder(order) => Some(*order),
            _ => None,
        });
        let order = kept.unwrap();
        self.press("Ctrl+Enter");
        let terms: Terms = serde_json::from_str(include_str!("../data/terms.json")).unwrap();
        let receipt = OrderReceipt {
            id: order.id,
            revision: order.revision,
            change: Change::Replaced,
            state: OrderState::Placed,
            number: Some(10427),
            examined: examine(&order, &terms.facts(&order, &std::collections::BTreeMap::new(), false)),
            reserved_until: None,
        };
        self.answer(Input::Order(OrderNews::Answered(Box::new(receipt))));
    }

    /// The desk tells of the client's orders.
    pub fn looks_up_orders(&self) {
        self.can_order();
        let terms: Terms = serde_json::from_str(include_str!("../data/terms.json")).unwrap();
        let states =
            [OrderState::Picking, OrderState::Accepted, OrderState::Delivered, OrderState::Cancelled];
        let entries =
            states.into_iter().zip(1..).map(|(state, nth)| order_entry(&terms, state, nth)).collect();
        self.press("Shift+F1");
        self.answer(Input::Orders { client: Some(hanbit().id), answer: Ok(entries) });
        self.press("Down");
        self.press("Down");
        self.pass(Duration::from_secs(1));
    }

    /// Some letters, and what the desk finds for them.
    pub fn searches(&self) {
        self.press("Ctrl+K");
        self.type_text("hanb");
        let phones = |number: &str| {
            let number = PhoneNumber::parse_e164(number).unwrap();
            vec![ClientPhone { number: Some(number), written: number.to_string(), extension: None }]
        };
        let clients = vec![
            ClientCard { phones: phones(HANBIT), ..hanbit() },
            ClientCard { phones: phones(OTHER), ..client("Hanbat Mart", "petrov") },
        ];
        self.answer(Input::Clients { text: "hanb".into(), answer: Ok(clients) });
    }

    /// The first of them is looked at, without a call.
    pub fn looks_up_client(&self) {
        self.searches();
        self.press("Enter");
    }

    /// The manager has sent an order back while the operator speaks with another client.
    pub fn gets_order_back(&self) {
        self.can_order();
        let terms: Terms = serde_json::from_str(include_str!("../data/terms.json")).unwrap();
        let entry = order_entry(&terms, OrderState::Draft, 2);
        self.answer(Input::OrderEntry(Ok(Box::new(entry))));
        self.answer(Input::OrderEntry(Ok(Box::new(order_entry(&terms, OrderState::Accepted, 3)))));
    }

    pub fn wraps_up(&self) {
        self.talks();
        self.ends(FIRST, CallOutcome::Completed);
    }
}

/// Two lines, and what became of them.
fn order_entry(terms: &Terms, state: OrderState, nth: u64) -> OrderEntry {
    let order: Order = serde_json::from_value(serde_json::json!({
        "id": format!("00000000-0000-7000-8000-00000000010{nth}"),
        "revision": 4,
        "client": hanbit().id,
        "lines": [
            {"number": 1, "product": terms.goods[0].product.id, "quantity": nth.to_string(), "unit": "case"},
            {"number": 2, "product": terms.goods[2].product.id, "quantity": "2", "unit": "case"},
        ],
        "delivery": {"address": 1, "slot": {"date": "2026-05-06", "from": "09:00:00", "to": "13:00:00"}},
    }))
    .unwrap();
    let at: jiff::Timestamp = "2026-05-04T09:12:00Z".parse().unwrap();
    let event = |hours: i64, by: &str, state, reason: Option<&str>| OrderEvent {
        at: at + jiff::SignedDuration::from_hours(hours),
        by: by.into(),
        state,
        reason: reason.map(Into::into),
    };
    let why = match state {
        OrderState::Draft => Some("Два паллета не войдут в машину"),
        OrderState::Cancelled => Some("не нужно"),
        _ => None,
    };
    OrderEntry {
        examined: examine(&order, &terms.facts(&order, &std::collections::BTreeMap::new(), false)),
        order,
        state,
        number: Some(10420 + nth),
        taken_by: "anna".into(),
        client_name: hanbit().name,
        changed_at: at,
        placed_at: Some(at),
        held_for: Vec::new(),
        stands: false,
        history: vec![event(0, "anna", OrderState::Placed, None), event(2, "kim", state, why)],
    }
}

/// A turn of the story.
pub type Turn = fn(&Day);

/// A state of the sheet, and how a day comes there.
pub struct State {
    pub name: &'static str,
    pub enter: Turn,
}

pub const STATES: [State; 30] = [
    State { name: "ready", enter: |_| {} },
    State { name: "break", enter: |day| day.act(Act::Break(0)) },
    State { name: "no-line", enter: Day::loses_line },
    State {
        name: "ringing",
        enter: |day| {
            day.rings(FIRST, HANBIT);
            day.card(FIRST, vec![hanbit()]);
        },
    },
    State {
        name: "ringing-new",
        enter: |day| {
            day.rings(FIRST, OTHER);
            day.card(FIRST, vec![]);
        },
    },
    State {
        name: "ringing-several",
        enter: |day| {
            day.rings(FIRST, HANBIT);
            day.card(FIRST, vec![hanbit(), client("Ромашка, оптовая база", "ivanova")]);
        },
    },
    State { name: "dialling", enter: |day| day.dials(FIRST) },
    State { name: "talking", enter: Day::talks },
    State {
        name: "muted",
        enter: |day| {
            day.talks();
            day.phone(Phone::Muted { on: true });
        },
    },
    State {
        name: "keypad",
        enter: |day| {
            day.talks();
            day.act(Act::Keypad);
        },
    },
    State {
        name: "hold",
        enter: |day| {
            day.talks();
            day.held(FIRST);
        },
    },
    State {
        name: "transfer-list",
        enter: |day| {
            day.talks();
            day.press("F8");
        },
    },
    State {
        name: "passing",
        enter: |day| {
            day.talks();
            day.passing();
        },
    },
    State {
        name: "came-back",
        enter: |day| {
            day.talks();
            day.passing();
            day.comes_back();
            day.phone(Phone::Resumed { line: FIRST, by: Side::Us });
        },
    },
    State {
        name: "lines",
        enter: |day| {
            day.talks();
            day.lines();
            day.chain();
        },
    },
    State { name: "what-it-is-about", enter: Day::asks_what_it_is_about },
    State { name: "chain", enter: Day::goes_through_chain },
    State { name: "consulting", enter: Day::consults },
    State {
        name: "conference",
        enter: |day| {
            day.consults();
            day.phone(Phone::Resumed { line: FIRST, by: Side::Us });
            day.phone(Phone::Conference { lines: Some([FIRST, SECOND]) });
            day.pass(Duration::from_secs(1));
        },
    },
    State { name: "returned", enter: Day::returns },
    State { name: "handed-over", enter: Day::is_handed },
    State { name: "office", enter: Day::helps_out },
    State {
        name: "queue-still-sends",
        enter: |day| {
            day.act(Act::Break(0));
            day.queue(QueueState::Ready, Some(QueueTrouble::StillSends));
        },
    },
    State { name: "second-rings", enter: Day::second_rings },
    State { name: "two-calls", enter: Day::two_calls },
    State { name: "wrap-up", enter: Day::wraps_up },
    State {
        name: "no-devices",
        enter: |day| {
            day.talks();
            day.answer(Input::Trouble(Trouble::Microphone { missing: true }));
            day.answer(Input::Trouble(Trouble::Register { waiting: true }));
        },
    },
    State { name: "order", enter: Day::takes_order },
    State {
        name: "order-agreeing",
        enter: |day| {
            day.takes_order();
            day.press("Esc");
            day.press("Ctrl+O");
            day.answers("6");
            day.press("Ctrl+Enter");
        },
    },
    State { name: "order-placed", enter: Day::places_order },
];

/// A day in this state.
pub fn day_in(state: &str, language: Language) -> Day {
    let state = STATES.iter().find(|known| known.name == state).unwrap();
    let day = Day::new(language);
    (state.enter)(&day);
    day.intents();
    day
}

fn person(id: &str, name: &str, job: Job, extension: &str, department: &str) -> DirectoryEntry {
    DirectoryEntry {
        id: PersonId(id.into()),
        name: name.into(),
        job,
        extension: Some(extension.into()),
        department: Some(department.into()),
        serves: Vec::new(),
        absences: Vec::new(),
    }
}

fn names([en, ko, ru]: [&str; 3]) -> Names {
    Names { en: en.into(), ko: Some(ko.into()), ru: Some(ru.into()) }
}

fn department(id: &str, words: [&str; 3], head: &str) -> Department {
    Department { id: id.into(), names: names(words), head: Some(PersonId(head.into())) }
}

fn wholesale() -> Department {
    department("wholesale", ["Wholesale", "도매영업부", "Оптовый отдел"], "orlova")
}

pub fn directory() -> Directory {
    Directory {
        people: vec![
            person("kim", "김서연", Job::Manager, "201", "wholesale"),
            person("petrov", "Петров Сергей", Job::Manager, "202", "wholesale"),
            person("ivanova", "Иванова Алёна", Job::Manager, "203", "wholesale"),
            person("orlova", "Orlova Maria", Job::Head, "302", "wholesale"),
            person("lebedev", "Lebedev Ilya", Job::Operator, "102", "support"),
        ],
        departments: vec![
            wholesale(),
            department("support", ["Support", "고객지원부", "Служба поддержки"], "none"),
        ],
        client_types: vec![
            ClientType {
                id: ClientTypeId("market".into()),
                names: names(["market trader", "시장 상인", "рыночник"]),
            },
            ClientType {
                id: ClientTypeId("key".into()),
                names: names(["key client", "주요 거래처", "ключевой клиент"]),
            },
            ClientType {
                id: ClientTypeId("regional".into()),
                names: names(["regional client", "지방 거래처", "региональный клиент"]),
            },
        ],
        purposes: vec![
            Purpose { id: PurposeId("order".into()), names: names(["order", "주문", "заказ"]) },
            Purpose { id: PurposeId("payment".into()), names: names(["payment", "결제", "оплата"]) },
        ],
    }
}

pub fn big_directory(people: usize) -> Directory {
    let people = (0..people).map(|index| {
        person(
            &format!("p{index}"),
            &format!("Person {index:02}"),
            Job::Manager,
            &(300 + index).to_string(),
            "wholesale",
        )
    });
    Directory { people: people.collect(), ..directory() }
}

pub fn client(name: &str, manager: &str) -> ClientCard {
    let known = directory().person(&PersonId(manager.into())).cloned();
    ClientCard {
        id: ClientId(uuid::Uuid::from_u128(
            name.bytes().fold(7, |sum, byte| sum.wrapping_mul(31) + u128::from(byte)),
        )),
        name: name.into(),
        client_type: ClientType {
            id: ClientTypeId("market".into()),
            names: Names {
                en: "market trader".into(),
                ko: Some("시장 상인".into()),
                ru: Some("рыночник".into()),
            },
        },
        phones: Vec::new(),
        contacts: Vec::new(),
        manager: known.map(|person| Manager {
            id: person.id,
            name: person.name,
            extension: person.extension,
        }),
        department: Some(wholesale()),
        standing: Some(Standing {
            currency: "RUB".into(),
            overdue: Money::from_hundredths(128_400_000),
            over_limit: Money::ZERO,
            limit: Some(Money::from_hundredths(50_000_000)),
            credit_left: Some(Money::from_hundredths(1_234_050)),
            ..Standing::default()
        }),
        price_column: Some(PriceColumn { name: "B".into(), why: PriceColumnReason::Volume }),
        delivery: None,
        time_zone: None,
        note: Some("Звонить до обеда. 오전에 전화해 주세요.".into()),
        updated_at: None,
        gaps: Vec::new(),
    }
}

pub fn hanbit() -> ClientCard {
    client("한빛건설 Hanbit Build", "kim")
}

fn earlier_calls() -> Vec<CallRecord> {
    let call = |id: &str, at: &str, direction, outcome, written: &str| {
        let at: jiff::Timestamp = at.parse().unwrap();
        let (party, nobody) = (Party { written: Some(written.into()), ..Party::default() }, Party::default());
        let (caller, called) =
            if direction == Direction::Inbound { (party, nobody) } else { (nobody, party) };
        let talked = outcome == Outcome::Completed;
        CallRecord {
            id: CallRecordId::new(at, [1; 10]),
            revision: 1,
            call_id: id.into(),
            direction,
            line: None,
            operator: "anna".into(),
            caller,
            called,
            client: None,
            matched: None,
            started_at: at,
            answered_at: talked.then_some(at),
            ended_at: Some(at + Duration::from_secs(74)),
            outcome: Some(outcome),
            status: None,
            transfers: Vec::new(),
            voice: None,
            recording: None,
            result: talked.then(|| "order".into()),
            picked: Picked::default(),
            note: None,
        }
    };
    vec![
        call("a", "2026-05-05T07:41:00Z", Direction::Inbound, Outcome::Completed, "+74955550142"),
        call("b", "2026-05-05T07:20:00Z", Direction::Inbound, Outcome::Missed, "+79161234567"),
        call("c", "2026-05-05T06:58:00Z", Direction::Outbound, Outcome::Completed, "84951112233"),
        call("d", "2026-05-04T12:10:00Z", Direction::Inbound, Outcome::Completed, "+78005553535"),
    ]
}
