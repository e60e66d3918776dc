//! Every notice as a line: of JSON, which the published schema must accept, and of words in every
//! language.

use super::book::Book;
use super::{json, words};
use crate::agent::{Card, CardAnswer, ChainNews, Event, RecordingState, RecordingView, Source, Unavailable};
use crate::audio::{Change, Device, RecordFault, Role, SoundFault};
use crate::desk_api::{
    BadAnswer, CallRecordId, CardPart, ClientCard, Gap, GapWhy, HandedOver, ProblemCode,
    TransferWay as HandoverWay,
};
use crate::domain::line_state::LineState;
use crate::domain::recording::{Blank, Layout, RecordingFault};
use crate::instant::Instant;
use crate::media::{
    AudioDirection, Codec, DeviceFigures, NoAudioCause, PoorCause, Runs, Scores, StreamStats,
};
use crate::phone::{
    CallOutcome, Caller, ClientIs, EndedBy, Event as E, LineId, Refusal, Return, ReturnReason, Side,
    TransferFault, TransferOutcome, TransferWay,
};
use crate::recording::{Damage, Piece, Recording};
use crate::shell::Notice;
use crate::sip::Failure;
use crate::sip::message::StatusCode;
use crate::text::{Catalogue, Language};
use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Duration;

const LINE: LineId = LineId(1);

#[test]
fn every_line_of_json_is_an_event_of_the_published_schema() {
    let schema = serde_json::from_str(include_str!("../../docs/events.schema.json")).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let book = book();
    let mut names = std::collections::BTreeSet::new();
    for notice in notices() {
        let line = json::line(Instant::from_start(Duration::from_millis(1234)), &notice, &book).unwrap();
        let event: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert!(schema.is_valid(&event), "{line}");
        assert!(line.starts_with("{\"v\":1,\"ms\":1234,\"event\":\""), "{line}");
        names.insert(event["event"].as_str().unwrap().to_owned());
    }
    let device = device("alsa_input.usb");
    let listed = json::device_found(Instant::START, Role::Microphone, &device, true);
    assert!(schema.is_valid(&serde_json::from_str(&listed).unwrap()), "{listed}");
    names.insert("device".to_owned());
    for read in [Ok(recording()), Err(("other_key", "It is sealed with another key.".to_owned()))] {
        let listed = json::recording_kept(Instant::START, recording().id, &read);
        assert!(schema.is_valid(&serde_json::from_str(&listed).unwrap()), "{listed}");
    }
    names.insert("recording_kept".to_owned());
    let published: serde_json::Value =
        serde_json::from_str(include_str!("../../docs/events.schema.json")).unwrap();
    let published: std::collections::BTreeSet<String> =
        published["oneOf"].as_array().unwrap().iter().map(definition).collect();
    assert_eq!(names, published);
}

#[test]
fn every_notice_is_said_in_every_language() {
    for language in Language::ALL {
        let catalogue = Catalogue::new(language);
        for notice in notices() {
            let line = words::line(&catalogue, &notice).unwrap();
            assert!(!line.is_empty() && !line.contains(['{', '}', '\n']), "{}: {line}", language.code());
        }
    }
}

#[test]
fn every_reason_why_the_desk_was_no_help_has_a_sentence_of_its_own() {
    let reasons = unavailable();
    for language in Language::ALL {
        let cat = Catalogue::new(language);
        let said: std::collections::BTreeSet<String> =
            reasons.iter().map(|why| words::unavailable(&cat, why)).collect();
        assert_eq!(said.len(), reasons.len(), "{}: {said:?}", language.code());
    }
}

#[test]
fn why_the_desk_was_no_help_says_what_to_look_at() {
    for why in unavailable() {
        let word = match why {
            Unavailable::Down => "its address",
            Unavailable::NotTrusted => "--ca",
            Unavailable::Slow => "in time",
            Unavailable::BadAnswer(_) => "no order desk",
            Unavailable::WrongToken => "PATCHCORD_DESK_TOKEN",
            Unavailable::Forbidden => "right role",
            Unavailable::CompanySystem => "company's own system",
            Unavailable::Refused { .. } => "422",
            Unavailable::Failed { .. } => "500",
        };
        let said = words::unavailable(&Catalogue::new(Language::English), &why);
        assert!(said.contains(word), "{word:?} is not in: {said}");
    }
}

#[test]
fn a_name_with_quotes_and_controls_stays_one_line_of_json() {
    let caller = Caller { name: Some("a\"b\\c\n{".into()), ..caller() };
    let ringing =
        Notice::Agent(Event::Phone(E::RingingIn { line: LINE, call_id: "a".into(), caller, replaces: None }));
    let line = json::line(Instant::START, &ringing, &book()).unwrap();
    assert!(!line.contains('\n'));
    let event: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(event["caller_name"], "a\"b\\c\n{");
}

#[test]
fn a_strangers_name_does_not_steer_the_terminal() {
    let caller = Caller { name: Some("\u{1b}[31mMom\r\n\u{202e}".into()), ..caller() };
    let ringing =
        Notice::Agent(Event::Phone(E::RingingIn { line: LINE, call_id: "a".into(), caller, replaces: None }));
    let line = words::line(&Catalogue::new(Language::English), &ringing).unwrap();
    assert!(line.contains("Mom") && !line.contains(['\u{1b}', '\r', '\n', '\u{202e}']), "{line:?}");
}

#[test]
fn an_answer_is_timed_from_the_command_that_asked_for_it() {
    let mut book = book();
    let at = |millis| Instant::from_start(Duration::from_millis(millis));
    book.answer_asked(at(5_000), LINE);
    let answered = Notice::Agent(Event::Phone(E::Answered {
        line: LINE,
        codec: Codec::Pcma,
        took: Duration::from_secs(5),
        automatic: false,
    }));
    book.note(at(5_012), &answered);
    let line = json::line(at(5_012), &answered, &book).unwrap();
    assert!(line.contains("\"took_ms\":12.0"), "{line}");
}

fn definition(reference: &serde_json::Value) -> String {
    reference["$ref"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()
}

fn book() -> Book {
    let mut book = Book::default();
    let dialing = E::Dialing { line: LINE, call_id: "call-id".into(), target: "200".into() };
    book.note(Instant::START, &Notice::Agent(Event::Phone(dialing)));
    book
}

fn notices() -> Vec<Notice> {
    let events =
        registration().into_iter().chain(calls()).chain(colleagues()).chain(transfers()).chain(voice());
    let mut notices: Vec<Notice> = events.map(|event| Notice::Agent(Event::Phone(event))).collect();
    notices.extend(sound_faults().into_iter().map(|fault| Notice::Sound { line: LINE, fault }));
    for role in [Role::Microphone, Role::Earpiece, Role::Ringer] {
        let devices = [Some(device("usb")), None];
        notices.extend(devices.map(|device| Notice::Device(Change { role, device })));
    }
    notices.extend(
        recordings().into_iter().map(|recording| Notice::Agent(Event::Recording { line: LINE, recording })),
    );
    notices.extend(chain_news().into_iter().map(|news| Notice::Agent(Event::Chain { line: LINE, news })));
    notices.push(Notice::Ready { local: "[::1]:5060".parse().unwrap() });
    notices.extend(cards().into_iter().map(|answer| {
        let card = Card { answer, took: Duration::from_micros(1_234), handed_over: None };
        Notice::Agent(Event::Card { line: LINE, card })
    }));
    for (number, clients, way) in [
        (Some("+79161234567"), vec![client()], HandoverWay::Return),
        (Some("+79161234567"), vec![], HandoverWay::Blind),
        (None, vec![], HandoverWay::Consultation),
    ] {
        let answer =
            CardAnswer::Found { clients: clients.clone(), source: Source::Desk, age: Duration::ZERO };
        let handed_over = Some(Box::new(handed_over(number, clients, way)));
        let card = Card { answer, took: Duration::from_millis(3), handed_over };
        notices.push(Notice::Agent(Event::Card { line: LINE, card }));
    }
    notices.push(Notice::Agent(Event::StillOnHold { line: LINE, waited: Duration::from_secs(60) }));
    notices
}

fn handed_over(number: Option<&str>, clients: Vec<ClientCard>, way: HandoverWay) -> HandedOver {
    let written = serde_json::json!({
        "id": "01890a5d-ac96-774b-bcce-b302099a8057", "revision": 1, "to": "302", "way": way, "from": "201",
        "operator": "anna", "party": { "number": number }, "picked": { "purpose": "debt" },
        "note": "asks for a month",
    });
    let handover = serde_json::from_value(written).unwrap();
    HandedOver { handover, from_name: "Anna".into(), clients, age_seconds: 1 }
}

#[test]
fn a_client_who_is_passed_on_comes_with_who_passed_on_and_the_message() {
    let clients = vec![client()];
    let answer = CardAnswer::Found { clients: clients.clone(), source: Source::Desk, age: Duration::ZERO };
    let handed_over = Some(Box::new(handed_over(None, clients, HandoverWay::Return)));
    let card = Card { answer, took: Duration::ZERO, handed_over };
    let notice = Notice::Agent(Event::Card { line: LINE, card });
    let line = words::line(&Catalogue::new(Language::English), &notice).unwrap();
    assert!(line.ends_with("Passed on by Anna (201). Purpose: debt. Message: asks for a month"), "{line}");
}

fn chain_news() -> Vec<ChainNews> {
    use LineState as S;
    let (name, extension, time) = ("Anna".to_owned(), "201".to_owned(), Duration::from_secs(15));
    let states = [S::Free, S::Ringing, S::Talking, S::Held, S::Offline, S::NotInCall, S::Unknown];
    let passed_over =
        states.map(|state| ChainNews::PassedOver { name: name.clone(), extension: extension.clone(), state });
    let mut news = passed_over.to_vec();
    news.extend([ChainNews::WaitingFor { name, extension, time }, ChainNews::NobodyLeft, ChainNews::Stopped]);
    news
}

fn device(id: &str) -> Device {
    Device { id: id.into(), name: "USB headset".into(), kind: crate::media::process::Kind::Headset }
}

fn registration() -> Vec<E> {
    let status = StatusCode::new(403).unwrap();
    let causes = [
        Failure::Refused { status, reason: "Forbidden".into() },
        Failure::Credentials { status },
        Failure::TimedOut,
        Failure::Unreachable,
    ];
    let server = "127.0.0.1:5060".parse().unwrap();
    let mut events = vec![
        E::Registered { server, expires: Duration::from_secs(60), contact: "sip:x@h".into() },
        E::Unregistered,
    ];
    for cause in causes {
        events.push(E::Probed { target: "200".into(), result: Err(cause.clone()) });
        events.push(E::RegistrationFailed { cause: cause.clone(), retry_in: None });
        events.push(E::RegistrationFailed { cause, retry_in: Some(Duration::from_millis(1_500)) });
    }
    events
        .push(E::Probed { target: "200".into(), result: Ok((200, "OK".into(), Duration::from_micros(700))) });
    events
}

fn calls() -> Vec<E> {
    let withheld = Caller { number: None, name: None, withheld: true, ..caller() };
    let nameless = Caller { number: None, name: None, queue: None, called: None, ..caller() };
    let mut events = vec![
        E::Dialing { line: LINE, call_id: "a".into(), target: "200".into() },
        E::RingingOut { line: LINE, status: 180, early_media: false },
        E::RingingOut { line: LINE, status: 183, early_media: true },
        E::Answered { line: LINE, codec: Codec::Pcmu, took: Duration::from_millis(3), automatic: false },
        E::Answered { line: LINE, codec: Codec::Pcma, took: Duration::from_secs(5), automatic: true },
        E::HoldFailed { line: LINE, status: 488 },
        E::Digit { line: LINE, digit: '#' },
        E::DigitsFailed { line: LINE, status: 415 },
        E::Declined { call_id: "a".into(), caller: caller(), status: 486 },
    ];
    let reasons = [
        ReturnReason::Busy,
        ReturnReason::NoAnswer,
        ReturnReason::Refused,
        ReturnReason::Offline,
        ReturnReason::HungUp,
        ReturnReason::NoSuchNumber,
        ReturnReason::Failed,
    ];
    for (reason, id) in reasons.into_iter().zip([Some("3fa9".to_owned()), None].into_iter().cycle()) {
        let returned = Some(Return { id, target: "201".to_owned(), reason });
        let caller = Caller { returned, ..caller() };
        events.push(E::RingingIn { line: LINE, call_id: "a".into(), caller, replaces: None });
    }
    for caller in [caller(), withheld, nameless] {
        events.push(E::ConnectedTo { line: LINE, party: caller.clone() });
        for replaces in [None, Some(LineId(2))] {
            events.push(E::RingingIn { line: LINE, call_id: "a".into(), caller: caller.clone(), replaces });
        }
    }
    for on in [true, false] {
        events.push(E::Muted { on });
        events.push(E::TakingCalls { on });
        events.push(E::Conference { lines: on.then_some([LINE, LineId(2)]) });
    }
    for by in [Side::Us, Side::Them] {
        events.push(E::Held { line: LINE, by });
        events.push(E::Resumed { line: LINE, by });
    }
    use CallOutcome as O;
    let outcomes =
        [O::Completed, O::Missed, O::AnsweredElsewhere, O::Refused, O::Busy, O::Failed, O::Cancelled];
    let sides = [EndedBy::Us, EndedBy::Them, EndedBy::Network, EndedBy::Transfer];
    for (outcome, by) in outcomes.into_iter().zip(sides.into_iter().cycle()) {
        let talked = Duration::from_millis(12_345);
        events.push(E::Ended {
            line: LINE,
            by,
            outcome,
            status: None,
            reason: None,
            retry_after: None,
            talked,
        });
        let (reason, retry_after) = (Some("Busy Here".into()), Some(Duration::from_secs(60)));
        events.push(E::Ended { line: LINE, by, outcome, status: Some(486), reason, retry_after, talked });
    }
    use Refusal as R;
    let whys = [
        R::NoSuchLine,
        R::WrongState,
        R::BeingJoined,
        R::BadTarget,
        R::Busy,
        R::NoMediaPort,
        R::NoDigits,
        R::TooManyDigits,
        R::TooManyWatched,
    ];
    for why in whys {
        events.push(E::Refused { line: None, why });
        events.push(E::Refused { line: Some(LINE), why });
    }
    events
}

fn colleagues() -> Vec<E> {
    use LineState as S;
    let since = Instant::from_start(Duration::from_secs(7));
    let states = [S::Free, S::Ringing, S::Talking, S::Held, S::Offline, S::NotInCall, S::Unknown];
    let changed =
        |state, rings, refused| E::LineStateChanged { extension: "201".into(), state, rings, refused, since };
    let mut events: Vec<E> = states.into_iter().map(|state| changed(state, None, None)).collect();
    events.push(changed(S::Ringing, Some(caller()), None));
    events.push(changed(S::Unknown, None, Some(404)));
    events.push(E::Watching { extensions: vec!["201".into(), "202".into()], since });
    events.push(E::Messages { waiting: true, new: Some(2), old: Some(0) });
    events.extend([true, false].map(|waiting| E::Messages { waiting, new: None, old: None }));
    events
}

fn transfers() -> Vec<E> {
    let target = || "201".to_owned();
    let mut events = vec![
        E::TransferProgress { line: LINE, target: target(), status: 180 },
        E::Transferred { line: LINE, target: target(), outcome: TransferOutcome::Joined },
        E::Transferred { line: LINE, target: target(), outcome: TransferOutcome::HandedOver },
        E::Returned { line: LINE },
        E::Referred { line: LINE, to: LineId(2), target: target() },
    ];
    for way in [TransferWay::Blind, TransferWay::Return, TransferWay::Consultation] {
        events.push(E::TransferStarted { line: LINE, target: target(), way });
    }
    use TransferFault as F;
    let faults = [
        F::NotTaken,
        F::TargetFailed,
        F::NoAnswer,
        F::NoPerson,
        F::NoWord,
        F::CallEnded,
        F::TakenBack,
        F::OtherTarget,
    ];
    for why in faults {
        for client in [ClientIs::Kept, ClientIs::Lost, ClientIs::Left, ClientIs::Unknown] {
            let (status, reason) = (Some(404), "Not Found".to_owned());
            events.push(E::TransferFailed { line: LINE, target: target(), status, reason, client, why });
            let (status, reason) = (None, String::new());
            events.push(E::TransferFailed { line: LINE, target: target(), status, reason, client, why });
        }
    }
    events
}

fn recordings() -> Vec<RecordingView> {
    use RecordingFault as F;
    use RecordingState as S;
    let states = [S::Off, S::Asking, S::Announcing, S::On, S::Paused, S::Refused, S::Failed];
    let faults = [F::NoKey, F::NoAnnouncement, F::DiskFull, F::DiskSlow, F::NotWritten, F::NotDeleted];
    let with = |state, fault, apart| RecordingView { state, fault, apart };
    let faulty = faults.map(|fault| with(S::Failed, Some(fault), false));
    states.map(|state| with(state, None, state == S::On)).into_iter().chain(faulty).collect()
}

/// Of one second, with a pause and without its end.
fn recording() -> Recording {
    Recording {
        id: CallRecordId::new("2026-05-06T07:08:09Z".parse().unwrap(), [1; 10]),
        begun: "2026-05-06T07:08:12Z".parse().unwrap(),
        layout: Layout::Mixed,
        pieces: vec![Piece::Sound(vec![Box::default()]), Piece::Blank(Blank::Paused, 49)],
        frames: 50,
        damage: vec![Damage::NoEnd],
    }
}

fn voice() -> Vec<E> {
    use NoAudioCause as C;
    let causes = [
        C::NothingArrives,
        C::ArrivalStopped,
        C::OnlySilenceArrives,
        C::WrongSource,
        C::UnknownCodec,
        C::Encrypted,
        C::NoEarpiece,
        C::EarpieceMuted,
        C::EarpieceForbidden,
        C::EarpieceBusy,
        C::NoMicrophone,
        C::SilentMicrophone,
        C::MicrophoneMuted,
        C::MicrophoneForbidden,
        C::MicrophoneBusy,
        C::RemoteHearsNothing,
    ];
    let poor = [PoorCause::Loss, PoorCause::Jitter, PoorCause::Delay, PoorCause::Computer];
    let mut events = Vec::new();
    for direction in [AudioDirection::In, AudioDirection::Out] {
        events.push(E::AudioBack { line: LINE, direction });
        events.extend(causes.map(|cause| E::NoAudio { line: LINE, direction, cause }));
        events.extend(poor.map(|cause| E::PoorAudio { line: LINE, direction, cause }));
        events.push(E::GoodAudio { line: LINE, direction });
    }
    let some = StreamStats {
        tx_packets: 250,
        jitter_ms: 1.5,
        here: Scores { now: Some(4.3), call: Some(4.4), worst: Some(2.0) },
        lost_there: Some(3),
        no_audio: Some(AudioDirection::In),
        devices: DeviceFigures {
            microphone: Runs { under: 2, over: 1 },
            earpiece: Runs { under: 0, over: 3 },
            skipped: 7,
        },
        ..StreamStats::default()
    };
    for stats in [StreamStats::default(), some] {
        events.push(E::Media { line: LINE, codec: Codec::Pcma, stats });
    }
    events
}

fn sound_faults() -> Vec<SoundFault> {
    let file = PathBuf::from("call.wav");
    vec![
        SoundFault::Record(RecordFault::CannotCreate { file, kind: ErrorKind::PermissionDenied }),
        SoundFault::Record(RecordFault::CannotWrite(ErrorKind::StorageFull)),
        SoundFault::Voice,
    ]
}

fn cards() -> Vec<CardAnswer> {
    let found = |count: usize, source| CardAnswer::Found {
        clients: vec![client(); count],
        source,
        age: Duration::from_secs(60),
    };
    let mut cards: Vec<CardAnswer> =
        (0..3).flat_map(|count| [found(count, Source::Cache), found(count, Source::Desk)]).collect();
    cards.extend(unavailable().into_iter().map(|why| CardAnswer::Unavailable { why }));
    cards
}

fn unavailable() -> Vec<Unavailable> {
    use Unavailable as U;
    vec![
        U::Down,
        U::NotTrusted,
        U::Slow,
        U::BadAnswer(BadAnswer::NotJson),
        U::WrongToken,
        U::Forbidden,
        U::CompanySystem,
        U::Refused { status: 422, code: ProblemCode::Invalid },
        U::Failed { status: 500 },
    ]
}

fn caller() -> Caller {
    Caller {
        number: Some("+79161234567".into()),
        name: Some("Анна".into()),
        withheld: false,
        asserted_number: None,
        called: Some("200".into()),
        queue: Some("Sales: ".into()),
        returned: None,
    }
}

fn client() -> ClientCard {
    serde_json::from_value(serde_json::json!({
        "id": "01890000-0000-7000-8000-000000000000",
        "name": "ООО «Ромашка»",
        "client_type": {"id": "market", "names": {"en": "market trader", "ru": "рыночник"}},
        "standing": {"currency": "RUB"},
        "manager": {"id": "01890000-0000-7000-8000-000000000001", "name": "Иванова"},
    }))
    .unwrap()
}

#[test]
fn what_a_card_lacks_is_said() {
    let mut client = client();
    client.standing = None;
    client.gaps = vec![Gap { part: CardPart::Standing, why: GapWhy::Refused }];
    let answer = CardAnswer::Found { clients: vec![client], source: Source::Desk, age: Duration::ZERO };
    let card = Card { answer, took: Duration::ZERO, handed_over: None };
    let notice = Notice::Agent(Event::Card { line: LINE, card });
    let said = words::line(&Catalogue::new(Language::English), &notice).unwrap();
    for words in ["debt not known", "Debt and limit", "refuses the desk's password"] {
        assert!(said.contains(words), "{words} is not in: {said}");
    }
    let told: serde_json::Value =
        serde_json::from_str(&json::line(Instant::START, &notice, &book()).unwrap()).unwrap();
    assert_eq!(told["clients"][0]["gaps"], serde_json::json!([{"part": "standing", "why": "refused"}]));
}

#[test]
fn why_nobody_took_the_client_is_said_where_there_is_no_status() {
    let said = |why| {
        let (target, reason) = ("204".to_owned(), String::new());
        let failed =
            E::TransferFailed { line: LINE, target, status: None, reason, client: ClientIs::Kept, why };
        words::line(&Catalogue::new(Language::English), &Notice::Agent(Event::Phone(failed))).unwrap()
    };
    assert!(said(TransferFault::NoAnswer).contains("no answer"));
    assert!(said(TransferFault::NoPerson).contains("no person answered"));
}
