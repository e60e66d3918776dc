//! The operator's telephone in the queue, and among colleagues: the codes are dialled by the telephone itself, and what the PBX
//! makes of them is read back.

use crate::pbx::Pbx;
use crate::people::{Answers, Baresip};
use crate::{seconds, until};
use patchcord::agent::{Event, Intent, QueueState};
use patchcord::config::Settings;
use patchcord::domain::line_state::LineState;
use patchcord::domain::pause::PauseReason;
use patchcord::phone::{self, LineId, ReturnReason};
use patchcord::secrets::Secret;
use patchcord::shell::{self, Notice, Process, Remote, Setup};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

const CLIENT: &str = "+79161234567";

/// A telephone as the window has it, in a thread of the test's process.
struct Operator<'a> {
    pbx: &'a Pbx,
    remote: Remote,
    said: Arc<Mutex<Vec<Notice>>>,
    thread: Option<JoinHandle<()>>,
}

impl<'a> Operator<'a> {
    fn start(pbx: &'a Pbx, account: &str) -> Self {
        let text = format!(
            "[account]\nuser = \"{account}\"\n[pbx]\nserver = \"{}\"\npickup = \"*8{{extension}}\"\npark = \"750\"\n\
             parking_places = \"751-759\"\nqueue_log_in = \"*45\"\nqueue_log_out = \"*46\"\n\
             queue_pause = \"*47{{reason}}\"\nqueue_resume = \"*48\"\nqueue_state = \"*49{{extension}}\"\n",
            pbx.server()
        );
        let settings = Settings::parse(&text, Path::new("office.toml")).expect("settings");
        let secret = Secret::new(format!("pw-{account}"));
        let state_folder = pbx.scratch.path().join(format!("state-{account}"));
        let said = Arc::new(Mutex::new(Vec::new()));
        let hears = Arc::clone(&said);
        let (tell, remote) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let setup = Setup {
                settings,
                password: secret,
                desk_token: None,
                recording_key: None,
                state_folder,
                register: true,
                audio: Box::new(|_line| shell::Audio::default()),
                devices: None,
                figures_every: None,
                office: true,
                levels: false,
            };
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            tokio::task::LocalSet::new().block_on(&runtime, async {
                let handle = shell::start(Process::begin(), setup).await.expect("a telephone");
                let (remote, mut notices) = handle.split();
                tell.send(remote).expect("the test waits");
                while let Some((_, notice)) = notices.next().await {
                    hears.lock().expect("a lock").push(notice);
                }
            });
        });
        let remote = remote.recv().expect("the telephone starts");
        let operator = Self { pbx, remote, said, thread: Some(thread) };
        operator.until("registered", |event| matches!(event, Event::Phone(phone::Event::Registered { .. })));
        operator
    }

    fn has(&self, fits: impl Fn(&Event) -> bool) -> bool {
        let said = self.said.lock().expect("a lock");
        said.iter().any(|notice| matches!(notice, Notice::Agent(event) if fits(event)))
    }

    fn until(&self, what: &str, fits: impl Fn(&Event) -> bool) {
        until(what, seconds(15), || self.has(&fits));
    }

    fn forget(&self) {
        let keep = |notice: &Notice| matches!(notice, Notice::Ready { .. });
        self.said.lock().expect("a lock").retain(keep);
    }

    fn is(&self, state: QueueState) {
        self.until(
            &format!("{state:?}"),
            |event| matches!(event, Event::Queue(queue) if queue.state == state && queue.trouble.is_none()),
        );
    }

    fn rings(&self) -> bool {
        self.has(|event| matches!(event, Event::Phone(phone::Event::RingingIn { .. })))
    }

    fn knows(&self, number: &str) -> bool {
        self.has(|event| match event {
            Event::Phone(phone::Event::ConnectedTo { party, .. }) => party.number.as_deref() == Some(number),
            _ => false,
        })
    }

    fn line(&self) -> LineId {
        let said = self.said.lock().expect("a lock");
        let line = said.iter().rev().find_map(|notice| match notice {
            Notice::Agent(Event::Phone(
                phone::Event::RingingIn { line, .. } | phone::Event::Dialing { line, .. },
            )) => Some(*line),
            _ => None,
        });
        line.expect("a call")
    }

    fn want(&self, intent: Intent) {
        self.remote.intent(intent);
    }

    fn answer(&self) {
        self.want(Intent::Answer { line: self.line() });
        self.until("answered", |event| matches!(event, Event::Phone(phone::Event::Answered { .. })));
    }

    fn hang_up(&self) {
        self.want(Intent::HangUp { line: self.line() });
        self.until("ended", |event| matches!(event, Event::Phone(phone::Event::Ended { .. })));
    }
}

impl Drop for Operator<'_> {
    fn drop(&mut self) {
        let said = self.said.lock().map(|said| said.clone()).unwrap_or_default();
        if std::thread::panicking() {
            said.iter().for_each(|notice| eprintln!("{notice:?}"));
        }
        let addresses = said.iter().filter_map(|notice| match notice {
            Notice::Ready { local } => Some(local.to_string()),
            _ => None,
        });
        self.pbx.judge(addresses.collect());
        self.remote.shut_down(seconds(3));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[test]
fn an_operator_on_a_break_gets_no_call_of_the_queue() {
    let pbx = Pbx::start();
    let operator = Operator::start(&pbx, "103");
    operator.is(QueueState::LoggedOut);
    operator.want(Intent::JoinQueue { on: true });
    operator.is(QueueState::Ready);
    operator.want(Intent::BeAway { reason: Some(PauseReason::Rest) });
    operator.is(QueueState::Paused(Some(PauseReason::Rest)));
    until("the queue has the pause", seconds(5), || pbx.cli("queue show sales").contains("paused:2"));

    let client = Baresip::customer(&pbx, CLIENT);
    client.dial(&format!("sip:700@{}", pbx.trunk()));
    client.wait("CALL_ESTABLISHED", seconds(5));
    std::thread::sleep(seconds(4));
    assert!(!operator.rings(), "a call of the queue rings on a break");
    operator.forget();
    operator.want(Intent::BeAway { reason: None });
    operator.is(QueueState::Ready);
    until("the queue's call", seconds(20), || operator.rings());
    operator.answer();

    // Passed on to who does not answer: paused until the client is back.
    let (line, _absent) = (operator.line(), Baresip::colleague(&pbx, "202", &Answers::ByHand));
    operator.forget();
    operator.want(Intent::PassTo { line, target: "202".into() });
    operator.until("passing on", |event| {
        matches!(event, Event::Queue(queue) if queue.state == QueueState::Paused(Some(PauseReason::PassingOn)))
    });
    operator.want(Intent::Resume { line });
    operator.is(QueueState::Ready);
    operator.forget();
    operator.want(Intent::JoinQueue { on: false });
    operator.is(QueueState::LoggedOut);
    let members = pbx.cli("queue show sales");
    assert!(!members.contains("PJSIP/103"), "{members}");
}

#[test]
fn a_telephone_that_starts_again_ends_the_pause_that_it_left() {
    let pbx = Pbx::start();
    let operator = Operator::start(&pbx, "103");
    operator.want(Intent::JoinQueue { on: true });
    operator.is(QueueState::Ready);
    operator.want(Intent::BeAway { reason: Some(PauseReason::Lunch) });
    operator.is(QueueState::Paused(Some(PauseReason::Lunch)));
    drop(operator);
    let operator = Operator::start(&pbx, "103");
    operator.is(QueueState::Ready);
    until("the pause is over", seconds(5), || !pbx.cli("queue show sales").contains("paused"));
}

#[test]
fn the_telephone_picks_up_what_rings_at_a_colleagues() {
    let pbx = Pbx::start();
    let absent = Baresip::colleague(&pbx, "202", &Answers::ByHand);
    let operator = Operator::start(&pbx, "101");
    operator.want(Intent::Watch { extensions: vec!["202".into()] });
    let client = Baresip::customer(&pbx, CLIENT);
    client.dial(&format!("sip:202@{}", pbx.trunk()));
    operator.until("202 rings", |event| match event {
        Event::Phone(phone::Event::LineStateChanged { extension, state, rings, .. }) => {
            let number = rings.as_ref().and_then(|caller| caller.number.as_deref());
            extension == "202" && *state == LineState::Ringing && number == Some(CLIENT)
        }
        _ => false,
    });
    operator.want(Intent::PickUp { extension: "202".into() });
    absent.wait("CALL_CLOSED", seconds(5));
    until("who it is", seconds(5), || operator.knows(CLIENT));
    operator.hang_up();
    client.wait("CALL_CLOSED", seconds(5));
}

#[test]
fn a_parked_client_is_shown_in_his_place_and_taken_back() {
    let pbx = Pbx::start();
    let operator = Operator::start(&pbx, "110");
    let client = Baresip::customer(&pbx, CLIENT);
    client.dial(&format!("sip:110@{}", pbx.trunk()));
    until("a call", seconds(5), || operator.rings());
    operator.answer();
    operator.want(Intent::Park { line: operator.line() });
    operator.until("the place is known", |event| match event {
        Event::Parked(parked) => {
            matches!(&parked[..], [parked] if parked.place == "751" && parked.client.is_some())
        }
        _ => false,
    });
    operator.forget();
    operator.want(Intent::TakeParked { place: "751".into() });
    until("who it is", seconds(5), || operator.knows(CLIENT));
    operator.until("the place is free", |event| matches!(event, Event::Parked(parked) if parked.is_empty()));
    operator.hang_up();
    client.wait("CALL_CLOSED", seconds(5));
}

/// A client who called 101, and whom that operator has parked.
fn parked_by(operator: &Operator<'_>) -> Baresip {
    let client = Baresip::customer(operator.pbx, CLIENT);
    client.dial(&format!("sip:101@{}", operator.pbx.trunk()));
    until("a call", seconds(5), || operator.rings());
    operator.answer();
    operator.want(Intent::Park { line: operator.line() });
    operator.until("parked", |event| matches!(event, Event::Phone(phone::Event::Ended { .. })));
    client
}

/// The PBX's own way back would hang up on the client.
#[test]
fn a_parked_client_comes_back_though_the_operator_takes_no_calls() {
    let pbx = Pbx::start_with(&["--parking", "3"]);
    let operator = Operator::start(&pbx, "101");
    let client = parked_by(&operator);
    operator.want(Intent::TakeCalls { on: false });
    operator.until("the client rings", is_back);
    client.hang_up();
}

fn is_back(event: &Event) -> bool {
    let Event::Phone(phone::Event::RingingIn { caller, .. }) = event else { return false };
    let back = caller.returned.as_ref();
    back.is_some_and(|back| back.target == "751" && back.reason == ReturnReason::NoAnswer)
}

#[test]
fn a_parked_client_whose_operator_is_gone_waits_in_the_queue() {
    let pbx = Pbx::start_with(&["--parking", "3"]);
    let operator = Operator::start(&pbx, "101");
    let client = parked_by(&operator);
    drop(operator);
    let colleague = Operator::start(&pbx, "103");
    colleague.want(Intent::JoinQueue { on: true });
    until("the queue's call", seconds(30), || colleague.rings());
    client.hang_up();
}

#[test]
fn a_parked_client_whom_nobody_takes_comes_back_as_such() {
    let pbx = Pbx::start_with(&["--parking", "3"]);
    let operator = Operator::start(&pbx, "101");
    let client = parked_by(&operator);
    operator.until("the client rings again", is_back);
    client.hang_up();
}
