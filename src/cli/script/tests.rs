use super::*;
use crate::cli::verdict::Exit;
use crate::desk_api::{ClientId, ClientTypeId, PurposeId};
use crate::domain::chain::TransferChain;
use crate::media::Codec;
use crate::phone::{Caller, Event as E, Return, ReturnReason};
use crate::shell::Farewell;
use crate::sip::message::StatusCode;

const LINE: LineId = LineId(1);
const ONWARD: LineId = LineId(2);

/// A script with a telephone that says what the test lets it say.
struct Play {
    script: Script,
    now: Instant,
    asked: Vec<Do>,
}

impl Play {
    fn new(task: Task) -> Self {
        Self { script: Script::new(task, false), now: Instant::START, asked: Vec::new() }
    }

    fn hears(&mut self, event: E) -> &mut Self {
        self.script.handle(self.now, &Notice::Agent(Event::Phone(event)));
        self.drain()
    }

    fn waits(&mut self, seconds: f64) -> &mut Self {
        let until = self.now + Duration::from_secs_f64(seconds);
        while let Some(deadline) = self.script.next_deadline().filter(|deadline| *deadline <= until) {
            self.now = deadline;
            self.script.handle_timeout(self.now);
            self.drain();
        }
        self.now = until;
        self
    }

    fn drain(&mut self) -> &mut Self {
        while let Some(wish) = self.script.poll() {
            self.asked.push(wish);
        }
        self
    }

    /// What was asked since the last time.
    fn asked(&mut self) -> Vec<Do> {
        std::mem::take(&mut self.asked)
    }

    fn exit(&self) -> Exit {
        self.script.verdict().exit()
    }

    fn registered(&mut self) -> &mut Self {
        let server = "127.0.0.1:5060".parse().unwrap();
        self.hears(E::Registered { server, expires: Duration::from_secs(300), contact: String::new() })
    }

    fn rings(&mut self) -> &mut Self {
        self.rings_on(LINE)
    }

    fn rings_on(&mut self, line: LineId) -> &mut Self {
        self.rings_in_place_of(line, None)
    }

    fn rings_in_place_of(&mut self, line: LineId, replaces: Option<LineId>) -> &mut Self {
        let caller = Caller {
            number: Some("101".into()),
            name: None,
            withheld: false,
            asserted_number: None,
            called: None,
            queue: None,
            returned: None,
        };
        self.hears(E::RingingIn { line, call_id: "a".into(), caller, replaces })
    }

    fn answered(&mut self) -> &mut Self {
        self.answered_on(LINE)
    }

    fn answered_on(&mut self, line: LineId) -> &mut Self {
        self.hears(E::Answered { line, codec: Codec::Pcma, took: Duration::ZERO, automatic: false })
    }

    fn figures(&mut self, rx_packets: u64) -> &mut Self {
        let stats = StreamStats { rx_packets, ..StreamStats::default() };
        self.hears(E::Media { line: LINE, codec: Codec::Pcma, stats })
    }

    fn ended(&mut self, by: EndedBy, outcome: CallOutcome, status: Option<u16>) -> &mut Self {
        self.ended_on(LINE, by, outcome, status)
    }

    fn ended_on(
        &mut self,
        line: LineId,
        by: EndedBy,
        outcome: CallOutcome,
        status: Option<u16>,
    ) -> &mut Self {
        let talked = if outcome == CallOutcome::Completed { Duration::from_secs(5) } else { Duration::ZERO };
        self.hears(E::Ended { line, by, outcome, status, reason: None, retry_after: None, talked })
    }

    /// The other side sends us on, to line 2.
    fn sent_on(&mut self) -> &mut Self {
        let target = || "201".to_owned();
        self.hears(E::Referred { line: LINE, to: ONWARD, target: target() });
        self.hears(E::Dialing { line: ONWARD, call_id: "b".into(), target: target() })
    }

    fn transfer_fails(&mut self, status: u16, client: ClientIs) -> &mut Self {
        self.hears(E::TransferFailed {
            line: LINE,
            target: String::new(),
            status: Some(status),
            reason: String::new(),
            client,
            why: phone::TransferFault::TargetFailed,
        })
    }
}

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

fn calls(calls: u32) -> Task {
    let options = CallOptions::default();
    Task::Answer { calls, after: Duration::ZERO, timeout: None, reject: None, swap_at: None, options }
}

fn answer(options: CallOptions) -> Play {
    Play::new(Task::Answer {
        calls: 1,
        after: seconds(0.0),
        timeout: Some(seconds(10.0)),
        reject: None,
        swap_at: None,
        options,
    })
}

fn call(options: CallOptions) -> Play {
    let mut play = Play::new(Task::Call { target: "200".into(), timeout: seconds(60.0), options });
    play.registered().hears(E::Dialing { line: LINE, call_id: "a".into(), target: "200".into() });
    play
}

fn intent(intent: Intent) -> Do {
    Do::Intent(intent)
}

fn transfer_to(target: &str) -> Do {
    intent(Intent::BlindTransfer { line: LINE, target: target.into() })
}

fn transferring(targets: &[&str]) -> CallOptions {
    CallOptions {
        transfer: Some(targets.iter().map(|target| (*target).to_owned()).collect()),
        transfer_mode: Some("blind".into()),
        ..CallOptions::default()
    }
}

#[test]
fn register_stays_as_long_as_asked() {
    let mut play = Play::new(Task::Register { stay: seconds(2.0) });
    play.registered().waits(1.9);
    assert_eq!(play.asked(), []);
    play.waits(0.1);
    assert_eq!(play.asked(), [Do::Finish]);
    assert_eq!(play.exit(), Exit::Done);
}

#[test]
fn a_wrong_password_ends_in_3_and_a_silent_pbx_in_4() {
    let status = StatusCode::new(401).unwrap();
    for (cause, exit) in [
        (Failure::Credentials { status }, Exit::RegistrationRefused),
        (Failure::TimedOut, Exit::NobodyThere),
        (Failure::Unreachable, Exit::NobodyThere),
    ] {
        let mut play = Play::new(Task::Register { stay: seconds(0.0) });
        play.hears(E::RegistrationFailed { cause, retry_in: Some(seconds(30.0)) });
        assert_eq!(play.asked(), [Do::Finish]);
        assert_eq!(play.exit(), exit);
    }
}

#[test]
fn an_outage_after_the_registration_is_waited_out() {
    let mut play = answer(CallOptions::default());
    play.registered().hears(E::RegistrationFailed { cause: Failure::TimedOut, retry_in: None });
    assert_eq!(play.asked(), []);
    play.registered().rings();
    assert_eq!(play.asked(), [intent(Intent::Answer { line: LINE })]);
}

#[test]
fn without_a_call_answer_ends_in_4() {
    let mut play = answer(CallOptions::default());
    play.registered().waits(10.0);
    assert_eq!(play.asked(), [Do::Finish]);
    assert_eq!(play.exit(), Exit::NobodyThere);
}

#[test]
fn it_rings_before_it_is_answered() {
    let mut play = Play::new(Task::Answer {
        calls: 1,
        after: seconds(3.0),
        timeout: None,
        reject: None,
        swap_at: None,
        options: CallOptions::default(),
    });
    play.registered().rings().waits(2.9);
    assert_eq!(play.asked(), []);
    play.waits(0.1);
    assert_eq!(play.asked(), [intent(Intent::Answer { line: LINE })]);
}

#[test]
fn a_call_that_was_answered_by_itself_is_not_answered_again() {
    let (after, options) =
        (seconds(30.0), CallOptions { seconds: Some(seconds(40.0)), ..CallOptions::default() });
    let mut play =
        Play::new(Task::Answer { calls: 1, after, timeout: None, reject: None, swap_at: None, options });
    play.registered().rings().answered().waits(35.0);
    assert_eq!(play.asked(), []);
    play.waits(5.0);
    assert_eq!(play.asked(), [intent(Intent::HangUp { line: LINE })]);
}

#[test]
fn a_call_that_answers_itself_while_another_rings_is_the_one_that_was_wanted() {
    let (after, second) = (seconds(30.0), LineId(2));
    let options = CallOptions { seconds: Some(seconds(40.0)), ..CallOptions::default() };
    let mut play =
        Play::new(Task::Answer { calls: 1, after, timeout: None, reject: None, swap_at: None, options });
    play.registered().rings().rings_on(second);
    play.asked();
    play.answered_on(second);
    assert_eq!(play.asked(), [intent(Intent::Reject { line: LINE, status: 486 })], "no more are wanted");
    play.ended(EndedBy::Us, CallOutcome::Refused, Some(486)).waits(39.0);
    assert_eq!(
        play.asked(),
        [intent(Intent::Resume { line: second })],
        "nobody is hung up on, or left on hold"
    );
    play.waits(1.0);
    assert_eq!(play.asked(), [intent(Intent::HangUp { line: second })]);
    play.ended_on(second, EndedBy::Us, CallOutcome::Completed, None);
    assert_eq!((play.asked(), play.exit()), (vec![Do::Finish], Exit::Done));
}

#[test]
fn only_who_waits_for_calls_lets_them_be_answered_by_themselves() {
    let takes = |task| Script::new(task, false).takes_calls();
    assert!(takes(calls(1)));
    let (options, after) = (CallOptions::default(), Duration::ZERO);
    assert!(!takes(Task::Answer {
        calls: 1,
        after,
        timeout: None,
        reject: Some(486),
        swap_at: None,
        options
    }));
    assert!(!takes(Task::Register { stay: Duration::ZERO }));
    let options = CallOptions::default();
    assert!(!takes(Task::Call { target: "200".into(), timeout: Duration::ZERO, options }));
}

#[test]
fn a_refused_call_was_refused_as_asked() {
    let options = CallOptions::default();
    let mut play = Play::new(Task::Answer {
        calls: 1,
        after: seconds(0.0),
        timeout: None,
        reject: Some(603),
        swap_at: None,
        options,
    });
    play.registered().rings();
    assert_eq!(play.asked(), [intent(Intent::Reject { line: LINE, status: 603 })]);
    play.ended(EndedBy::Us, CallOutcome::Refused, Some(603));
    assert_eq!((play.asked(), play.exit()), (vec![Do::Finish], Exit::Done));
}

#[test]
fn the_options_of_a_call_happen_at_their_times_after_the_answer() {
    let mut play = call(CallOptions {
        dtmf: Some("12".into()),
        hold_at: Some(seconds(1.0)),
        resume_at: Some(seconds(2.0)),
        seconds: Some(seconds(3.0)),
        ..CallOptions::default()
    });
    play.asked();
    play.waits(5.0).answered();
    assert_eq!(play.asked(), [intent(Intent::Digits { line: LINE, digits: "12".into() })]);
    play.waits(1.0);
    assert_eq!(play.asked(), [intent(Intent::Hold { line: LINE })]);
    play.waits(1.0);
    assert_eq!(play.asked(), [intent(Intent::Resume { line: LINE })]);
    play.waits(1.0);
    assert_eq!(play.asked(), [intent(Intent::HangUp { line: LINE })]);
    play.figures(100).ended(EndedBy::Us, CallOutcome::Completed, None);
    assert_eq!((play.asked(), play.exit()), (vec![Do::Finish], Exit::Done));
}

#[test]
fn a_call_that_nobody_answers_is_given_up() {
    let mut play = call(CallOptions::default());
    play.asked();
    play.waits(60.0);
    assert_eq!(play.asked(), [intent(Intent::HangUp { line: LINE })]);
    play.ended(EndedBy::Us, CallOutcome::Cancelled, Some(487));
    assert_eq!(play.exit(), Exit::CallRefused);
}

#[test]
fn the_next_target_is_tried_when_the_client_was_kept() {
    let mut play = call(transferring(&["999", "201"]));
    play.answered();
    assert!(play.asked().ends_with(&[transfer_to("999")]));
    play.transfer_fails(404, ClientIs::Kept);
    assert_eq!(play.asked(), []);
    play.hears(E::Returned { line: LINE });
    assert_eq!(play.asked(), [transfer_to("201")]);
    let outcome = phone::TransferOutcome::HandedOver;
    play.hears(E::Transferred { line: LINE, target: "201".into(), outcome });
    play.figures(10).ended(EndedBy::Transfer, CallOutcome::Completed, None);
    assert_eq!(play.exit(), Exit::Done);
}

#[test]
fn a_client_who_was_lost_is_not_passed_on() {
    let mut play = call(transferring(&["201", "202"]));
    play.answered();
    play.asked();
    play.transfer_fails(486, ClientIs::Lost).figures(10).ended(EndedBy::Transfer, CallOutcome::Failed, None);
    assert_eq!(play.asked(), [Do::Finish]);
    assert_eq!(play.exit(), Exit::ClientLost);
}

#[test]
fn a_client_whose_whereabouts_are_unknown_is_not_passed_on() {
    let mut play = call(transferring(&["201", "202"]));
    play.answered();
    play.asked();
    play.transfer_fails(408, ClientIs::Unknown).hears(E::Returned { line: LINE });
    assert_eq!(play.asked(), []);
    play.figures(10).ended(EndedBy::Them, CallOutcome::Completed, None);
    assert_eq!(play.exit(), Exit::ClientLost);
}

#[test]
fn a_chain_at_its_end_leaves_the_client_with_us() {
    let mut play = call(transferring(&["999"]));
    play.answered().transfer_fails(404, ClientIs::Kept).hears(E::Returned { line: LINE });
    play.asked();
    play.figures(10).ended(EndedBy::Them, CallOutcome::Completed, None);
    assert_eq!(play.exit(), Exit::TransferFailed);
}

#[test]
fn a_client_whom_the_pbx_gives_back_is_not_passed_on_again() {
    let mut play = answer(transferring(&["201"]));
    let returned = Return { id: None, target: "201".into(), reason: ReturnReason::Busy };
    let caller = Caller { number: Some("101".into()), returned: Some(returned), ..Caller::default() };
    play.registered().hears(E::RingingIn { line: LINE, call_id: "a".into(), caller, replaces: None });
    play.answered().waits(60.0);
    assert!(!play.asked().contains(&transfer_to("201")));
}

#[test]
fn a_call_without_any_audio_ends_in_7() {
    let mut play = call(CallOptions::default());
    play.answered().figures(0).ended(EndedBy::Them, CallOutcome::Completed, None);
    assert_eq!(play.exit(), Exit::NoAudio);
}

#[test]
fn of_several_calls_the_worst_counts() {
    let options = CallOptions::default();
    let mut play = Play::new(Task::Answer {
        calls: 2,
        after: seconds(0.0),
        timeout: None,
        reject: None,
        swap_at: None,
        options,
    });
    play.registered().rings().ended(EndedBy::Them, CallOutcome::Missed, Some(487));
    play.rings().answered().figures(10).ended(EndedBy::Them, CallOutcome::Completed, None);
    assert!(play.asked().ends_with(&[Do::Finish]));
    assert_eq!(play.exit(), Exit::CallRefused);
}

#[test]
fn a_call_answered_elsewhere_is_nobodys_fault() {
    let mut play = answer(CallOptions::default());
    play.registered().rings().ended(EndedBy::Them, CallOutcome::AnsweredElsewhere, Some(487));
    assert_eq!(play.exit(), Exit::Done);
}

#[test]
fn the_desk_counts_only_where_it_was_asked_for() {
    let card = crate::agent::Card {
        answer: CardAnswer::Unavailable { why: Unavailable::Down },
        took: Duration::ZERO,
        handed_over: None,
    };
    for (required, exit) in [(false, Exit::Done), (true, Exit::Desk)] {
        let mut script = Script::new(Task::Register { stay: seconds(0.0) }, required);
        script.handle(Instant::START, &Notice::Agent(Event::Card { line: LINE, card: card.clone() }));
        script.handle(Instant::START, &Notice::Stopped(Farewell::default()));
        assert_eq!(script.verdict().exit(), exit);
    }
}

fn client() -> crate::desk_api::ClientCard {
    serde_json::from_value(serde_json::json!({
        "id": "01890000-0000-7000-8000-000000000000",
        "name": "ООО «Ромашка»",
        "client_type": {"id": "market", "names": {"en": "market trader"}},
        "standing": {"currency": "RUB"},
    }))
    .unwrap()
}

#[test]
fn a_practised_client_whom_nobody_takes_is_said_goodbye_to() {
    let chain = || TransferChain::of(["201".to_owned(), "302".to_owned()], seconds(20.0));
    for (clients, client_type) in [(vec![client()], None), (vec![], Some(ClientTypeId("new".to_owned())))] {
        let mut play = answer(CallOptions {
            parts: true,
            transfer_at: Some(seconds(3.0)),
            transfer_mode: None,
            ..transferring(&["rules"])
        });
        let id = clients.first().map(|client| client.id);
        let question = TransferQuestion { client: id, client_type, ..TransferQuestion::default() };
        assert_eq!(
            play.registered().rings().card(clients).asked().last(),
            Some(&Do::FetchChain(question.clone()))
        );
        play.script.handle(play.now, &Notice::Chain { question, answer: Ok(chain()) });
        let extensions = vec!["201".to_owned(), "302".to_owned()];
        assert_eq!(play.drain().asked(), [intent(Intent::Watch { extensions })], "lines are known in time");
        play.answered().waits(2.9).asked();
        let passed_on = intent(Intent::PassOn { line: LINE, chain: Box::new(chain()) });
        assert_eq!(play.waits(0.2).asked(), [passed_on]);
        play.transfer_fails(486, ClientIs::Kept).hears(E::Returned { line: LINE });
        assert_eq!(play.asked(), [intent(Intent::HangUp { line: LINE })]);
    }
}

fn by_rules(mode: Option<&str>) -> Play {
    answer(CallOptions {
        transfer_mode: mode.map(str::to_owned),
        purpose: Some("other".into()),
        department: Some("wholesale".into()),
        ..transferring(&["rules"])
    })
}

fn where_to(client: Option<ClientId>) -> TransferQuestion {
    let (purpose, department) = (Some(PurposeId("other".into())), Some("wholesale".into()));
    TransferQuestion { client, purpose, department, client_type: None }
}

impl Play {
    fn card(&mut self, clients: Vec<crate::desk_api::ClientCard>) -> &mut Self {
        self.card_on(LINE, clients)
    }

    fn card_on(&mut self, line: LineId, clients: Vec<crate::desk_api::ClientCard>) -> &mut Self {
        let answer = CardAnswer::Found { clients, source: crate::agent::Source::Desk, age: Duration::ZERO };
        let card = Card { answer, took: Duration::ZERO, handed_over: None };
        self.script.handle(self.now, &Notice::Agent(Event::Card { line, card }));
        self.drain()
    }

    fn desk_answers(&mut self, answer: Result<TransferChain, Unavailable>) -> &mut Self {
        let Some(Do::FetchChain(question)) = self.asked.pop() else { panic!("the desk is asked nothing") };
        self.script.handle(self.now, &Notice::Chain { question, answer });
        self.drain()
    }
}

#[test]
fn a_transfer_by_the_rules_asks_the_desk_once_it_is_known_who_calls() {
    let chain = TransferChain::of(["201".to_owned(), "302".to_owned()], seconds(9.0));
    let passed_on = Intent::PassOn { line: LINE, chain: Box::new(chain.clone()) };
    let watch = Intent::Watch { extensions: vec!["201".to_owned(), "302".to_owned()] };
    let with_return = vec![intent(watch), intent(passed_on)];
    for (mode, then) in [(None, with_return), (Some("blind"), vec![transfer_to("201")])] {
        let mut play = by_rules(mode);
        play.registered().rings().answered().waits(1.0);
        assert!(!play.asked().iter().any(|asked| matches!(asked, Do::FetchChain(_))), "nobody knows yet");
        let client = client();
        let id = client.id;
        play.card(vec![client.clone()]).card(vec![client]);
        assert_eq!(play.asked, [Do::FetchChain(where_to(Some(id)))], "once, whoever says it first");
        assert_eq!(play.desk_answers(Ok(chain.clone())).asked(), then);
    }
}

#[test]
fn a_second_client_leaves_the_lines_of_the_first_ones_targets_watched() {
    let options = transferring(&["rules"]);
    let options = CallOptions { transfer_mode: None, ..options };
    let mut play = answer(options);
    let Task::Answer { calls, .. } = &mut play.script.task else { unreachable!("it answers") };
    *calls = 2;
    let chain = |target: &str| TransferChain::of([target.to_owned()], seconds(9.0));
    play.registered().rings().card(vec![client()]).desk_answers(Ok(chain("302"))).asked();
    play.rings_on(ONWARD).card_on(ONWARD, vec![]).desk_answers(Ok(chain("201")));
    let extensions = vec!["201".to_owned(), "302".to_owned()];
    assert!(play.asked().contains(&intent(Intent::Watch { extensions })));
}

#[test]
fn who_is_not_known_goes_where_the_rules_send_strangers() {
    let mut known_to_nobody = by_rules(None);
    known_to_nobody.registered().rings().card(vec![]).answered();
    let mut withheld = by_rules(None);
    withheld.registered().rings().answered().waits(3.0);
    for mut play in [known_to_nobody, withheld] {
        assert!(play.asked().contains(&Do::FetchChain(where_to(None))));
        assert_eq!(play.waits(9.0).asked(), [], "asked once");
    }
}

#[test]
fn rules_that_name_nobody_and_a_desk_that_is_away_are_no_transfer_done() {
    for mode in [None, Some("blind")] {
        let nobody = || TransferChain::of([], seconds(20.0));
        let mut play = by_rules(mode);
        play.registered().rings().answered().card(vec![]).desk_answers(Ok(nobody()));
        if mode.is_none() {
            let news = ChainNews::NobodyLeft;
            play.script.handle(play.now, &Notice::Agent(Event::Chain { line: LINE, news }));
        }
        play.figures(9).ended(EndedBy::Them, CallOutcome::Completed, None);
        assert_eq!(play.exit(), Exit::TransferFailed);
    }
    let mut play = by_rules(None);
    play.script.desk_required = true;
    play.registered().rings().answered().card(vec![]).desk_answers(Err(Unavailable::Down));
    play.figures(9).ended(EndedBy::Them, CallOutcome::Completed, None);
    assert_eq!(play.exit(), Exit::Desk);
}

#[test]
fn with_return_all_targets_are_one_chain_with_the_time_that_each_may_ring() {
    let options =
        CallOptions { transfer_mode: None, ring_for: Some(seconds(5.0)), ..transferring(&["999", "201"]) };
    let mut play = call(options);
    play.answered();
    let chain = Box::new(TransferChain::of(["999".to_owned(), "201".to_owned()], seconds(5.0)));
    assert!(play.asked().ends_with(&[intent(Intent::PassOn { line: LINE, chain })]));
    play.transfer_fails(404, ClientIs::Kept)
        .transfer_fails(486, ClientIs::Kept)
        .hears(E::Returned { line: LINE });
    assert_eq!(play.asked(), [], "nobody is left");
}

#[test]
fn what_people_do_is_no_failure_of_a_practice_but_what_breaks_is() {
    let exit_after = |event: fn(&mut Play) -> &mut Play| {
        let mut play = answer(CallOptions::default());
        play.script = play.script.practising();
        event(play.registered().rings());
        play.exit()
    };
    assert_eq!(exit_after(|play| play.ended(EndedBy::Them, CallOutcome::Missed, Some(487))), Exit::Done);
    assert_eq!(
        exit_after(|play| play.answered().ended(EndedBy::Network, CallOutcome::Completed, None)),
        Exit::NobodyThere
    );
    let mut outside_practice = answer(CallOptions::default());
    outside_practice.registered().rings().ended(EndedBy::Them, CallOutcome::Missed, Some(487));
    assert_eq!(outside_practice.exit(), Exit::CallRefused);
}

#[test]
fn what_an_earlier_run_left_for_another_token_is_said_and_is_no_failure_of_this_one() {
    for required in [false, true] {
        let mut script = Script::new(Task::Register { stay: seconds(0.0) }, required);
        script.handle(Instant::START, &Notice::Desk(DeskTrouble::OtherToken));
        assert_eq!(script.verdict().troubles(), [Trouble::Register(DeskTrouble::OtherToken)]);
        assert_eq!(script.verdict().exit(), Exit::Done);
    }
}

#[test]
fn digits_that_were_refused_are_not_done_as_asked() {
    let mut play = call(CallOptions { dtmf: Some("12".into()), ..CallOptions::default() });
    play.answered().hears(E::DigitsFailed { line: LINE, status: 415 }).ended(
        EndedBy::Us,
        CallOutcome::Completed,
        None,
    );
    assert_eq!(play.exit(), Exit::CallRefused);
}

#[test]
fn a_target_that_cannot_be_dialled_is_a_usage_fault() {
    let mut play =
        Play::new(Task::Call { target: "?".into(), timeout: seconds(60.0), options: CallOptions::default() });
    play.registered().hears(E::Refused { line: None, why: Refusal::BadTarget });
    assert_eq!((play.asked().pop(), play.exit()), (Some(Do::Finish), Exit::Usage));
}

#[test]
fn a_call_that_rings_when_the_last_one_is_over_is_left_to_others() {
    let mut play = Play::new(calls(1));
    play.registered().rings().answered().figures(100).ended(EndedBy::Us, CallOutcome::Completed, None);
    assert_eq!(play.asked().last(), Some(&Do::Finish));
    play.rings();
    assert_eq!(play.asked(), [], "shutting down refuses it");
    assert_eq!(play.exit(), Exit::Done);
}

#[test]
fn a_call_that_rings_before_the_end_of_the_last_one_is_said_hides_nothing() {
    let mut play = Play::new(calls(2));
    play.registered().rings().answered();
    let (target, reason) = ("201".to_owned(), String::new());
    let (client, why) = (ClientIs::Lost, phone::TransferFault::TargetFailed);
    play.hears(E::TransferFailed { line: LINE, target, status: Some(486), reason, client, why });
    play.rings_on(LineId(2));
    play.ended(EndedBy::Transfer, CallOutcome::Failed, None);
    assert_eq!(play.exit(), Exit::ClientLost);
    assert!(!play.asked().contains(&Do::Finish), "one call is still to come to its end");
    let (by, outcome, talked) = (EndedBy::Them, CallOutcome::Completed, Duration::from_millis(500));
    play.hears(E::Ended {
        line: LineId(2),
        by,
        outcome,
        status: None,
        reason: None,
        retry_after: None,
        talked,
    });
    assert_eq!(play.asked().last(), Some(&Do::Finish));
}

#[test]
fn an_answered_call_that_the_network_breaks_is_not_done_as_asked() {
    let mut play = Play::new(calls(1));
    play.registered().rings().answered().figures(100).ended(
        EndedBy::Network,
        CallOutcome::Completed,
        Some(481),
    );
    assert_eq!(play.exit(), Exit::NobodyThere);
}

#[test]
fn a_goodbye_that_the_pbx_does_not_confirm_is_said() {
    let mut play = Play::new(Task::Register { stay: Duration::ZERO });
    play.registered().waits(0.1);
    let farewell = Farewell { unregistered: false, ..Farewell::default() };
    play.script.handle(play.now, &Notice::Stopped(farewell));
    assert_eq!(play.exit(), Exit::NobodyThere);
}

#[test]
fn the_end_is_known_as_soon_as_it_is_decided() {
    let mut play = Play::new(calls(1));
    assert!(!play.script.is_over());
    play.hears(E::RegistrationFailed { cause: Failure::Unreachable, retry_in: Some(Duration::from_secs(2)) });
    assert!(play.script.is_over(), "no next attempt is to be promised");
}

#[test]
fn a_second_caller_is_answered_too_and_told_busy_when_no_more_are_wanted() {
    let second = LineId(2);
    for (calls_wanted, told) in
        [(2, Intent::Answer { line: second }), (1, Intent::Reject { line: second, status: 486 })]
    {
        let mut play = Play::new(calls(calls_wanted));
        play.registered().rings().answered();
        play.asked();
        play.rings_on(second);
        assert_eq!(play.asked(), [intent(told)]);
    }
}

#[test]
fn whoever_calls_while_we_call_somebody_is_told_busy() {
    let mut play = call(CallOptions::default());
    play.asked();
    play.rings_on(LineId(2));
    assert_eq!(play.asked(), [intent(Intent::Reject { line: LineId(2), status: 486 })]);
}

#[test]
fn the_first_caller_is_gone_back_to_after_the_second_was_answered() {
    let swap_at = Some(seconds(2.0));
    let options = CallOptions::default();
    let mut play = Play::new(Task::Answer {
        calls: 2,
        after: Duration::ZERO,
        timeout: None,
        reject: None,
        swap_at,
        options,
    });
    play.registered().rings().answered().waits(3.0);
    assert_eq!(play.asked(), [intent(Intent::Answer { line: LINE })], "nobody waits");
    play.rings_on(LineId(2)).answered_on(LineId(2)).waits(1.9);
    assert_eq!(play.asked(), [intent(Intent::Answer { line: LineId(2) })]);
    play.waits(0.1);
    assert_eq!(play.asked(), [intent(Intent::Swap)]);
    play.figures(10).ended(EndedBy::Them, CallOutcome::Completed, None);
    assert_eq!(play.asked(), [intent(Intent::Resume { line: LineId(2) })], "who is left is not left on hold");
}

/// A client was answered, the head was called after two seconds, and all are in it until the tenth.
fn conference() -> Play {
    let conference = Some("201".to_owned());
    let options = CallOptions {
        conference,
        conference_at: Some(seconds(2.0)),
        seconds: Some(seconds(10.0)),
        ..CallOptions::default()
    };
    let mut play = answer(options);
    play.registered().rings().answered().waits(2.0);
    assert_eq!(
        play.asked(),
        [intent(Intent::Answer { line: LINE }), intent(Intent::Consult { line: LINE, target: "201".into() })]
    );
    play.hears(E::Dialing { line: ONWARD, call_id: "b".into(), target: "201".into() });
    play
}

#[test]
fn whoever_is_called_for_a_conference_is_in_it_with_the_answer_and_it_ends_for_all() {
    let mut play = conference();
    assert_eq!(play.asked(), []);
    play.waits(1.0).answered_on(ONWARD);
    assert_eq!(play.asked(), [intent(Intent::Conference { on: true })]);
    play.waits(7.0);
    assert_eq!(play.asked(), [ONWARD, LINE].map(|line| intent(Intent::HangUp { line })));
    play.ended_on(ONWARD, EndedBy::Us, CallOutcome::Completed, None);
    play.figures(10).ended(EndedBy::Us, CallOutcome::Completed, None);
    assert_eq!((play.asked().pop(), play.exit()), (Some(Do::Finish), Exit::Done));
}

#[test]
fn whoever_is_left_of_a_conference_goes_on_to_the_end_of_its_time() {
    for client_leaves in [true, false] {
        let mut play = conference();
        play.answered_on(ONWARD).waits(3.0);
        play.asked();
        let (leaves, left) = if client_leaves { (LINE, ONWARD) } else { (ONWARD, LINE) };
        play.ended_on(leaves, EndedBy::Them, CallOutcome::Completed, None);
        assert_eq!(play.asked(), [intent(Intent::Resume { line: left })]);
        play.waits(5.0);
        assert_eq!(play.asked(), [intent(Intent::HangUp { line: left })]);
        play.ended_on(left, EndedBy::Us, CallOutcome::Completed, None);
        assert_eq!((play.asked(), play.exit()), (vec![Do::Finish], Exit::Done));
    }
}

#[test]
fn the_client_is_gone_back_to_where_nobody_comes_to_the_conference() {
    let mut play = conference();
    play.waits(60.0);
    assert!(play.asked().contains(&intent(Intent::HangUp { line: ONWARD })));

    let mut play = conference();
    play.ended_on(ONWARD, EndedBy::Them, CallOutcome::Busy, Some(486));
    assert_eq!(play.asked(), [intent(Intent::Resume { line: LINE })]);
    play.figures(10).ended(EndedBy::Them, CallOutcome::Completed, None);
    assert_eq!((play.asked(), play.exit()), (vec![Do::Finish], Exit::CallRefused));
}

#[test]
fn nobody_is_called_on_for_a_client_who_has_gone() {
    let mut play = conference();
    play.figures(10).ended(EndedBy::Them, CallOutcome::Completed, None);
    assert_eq!(play.asked(), [intent(Intent::HangUp { line: ONWARD })]);
    play.ended_on(ONWARD, EndedBy::Us, CallOutcome::Cancelled, None);
    assert_eq!(play.asked(), [Do::Finish]);
}

/// A call of ours, told to send digits at once and to hang up after ten seconds.
fn sent_on_in_a_call() -> Play {
    let options =
        CallOptions { dtmf: Some("1".into()), seconds: Some(seconds(10.0)), ..CallOptions::default() };
    let mut play = call(options);
    play.answered();
    play.asked();
    play.waits(4.0).sent_on();
    play
}

#[test]
fn a_call_that_the_other_side_moves_goes_on_where_it_was_and_is_one_call() {
    for first_over in [true, false] {
        let mut play = sent_on_in_a_call();
        if first_over {
            play.figures(0).ended(EndedBy::Them, CallOutcome::Completed, None);
        }
        play.answered_on(ONWARD);
        if !first_over {
            play.figures(10).ended(EndedBy::Transfer, CallOutcome::Completed, None);
        }
        assert_eq!(play.asked(), [], "no digits again, and no end yet");
        play.waits(6.0);
        assert_eq!(play.asked(), [intent(Intent::HangUp { line: ONWARD })]);
        play.ended_on(ONWARD, EndedBy::Us, CallOutcome::Completed, None);
        assert_eq!((play.asked(), play.exit()), (vec![Do::Finish], Exit::Done));
    }
}

#[test]
fn a_move_that_comes_to_nothing_is_no_trouble_of_the_call_that_goes_on() {
    let mut play = sent_on_in_a_call();
    play.ended_on(ONWARD, EndedBy::Them, CallOutcome::Busy, Some(486)).waits(6.0);
    assert_eq!(play.asked(), [intent(Intent::HangUp { line: LINE })]);
    play.figures(10).ended(EndedBy::Us, CallOutcome::Completed, None);
    assert_eq!((play.asked(), play.exit()), (vec![Do::Finish], Exit::Done));
}

#[test]
fn whom_the_other_side_sends_us_to_is_given_up_when_nobody_answers_in_time() {
    let mut play = call(CallOptions::default());
    play.answered();
    play.asked();
    play.sent_on().waits(59.9);
    assert_eq!(play.asked(), []);
    play.waits(0.1);
    assert_eq!(play.asked(), [intent(Intent::HangUp { line: ONWARD })]);
    play.ended_on(ONWARD, EndedBy::Us, CallOutcome::Cancelled, Some(487));
    assert_eq!((play.asked(), play.exit()), (vec![], Exit::Done), "the first call goes on");
}

#[test]
fn a_call_whose_time_is_up_while_it_is_moved_ends_on_both_lines() {
    let mut play = sent_on_in_a_call();
    play.waits(6.0);
    let both = [LINE, ONWARD].map(|line| intent(Intent::HangUp { line }));
    assert_eq!(play.asked(), both);
    play.figures(10).ended(EndedBy::Us, CallOutcome::Completed, None);
    play.ended_on(ONWARD, EndedBy::Us, CallOutcome::Cancelled, None);
    assert_eq!(play.asked(), [Do::Finish]);
}

#[test]
fn who_was_moved_to_somebody_that_cannot_be_had_after_the_first_is_gone_reached_nobody() {
    let mut play = sent_on_in_a_call();
    play.figures(10).ended(EndedBy::Them, CallOutcome::Completed, None);
    play.ended_on(ONWARD, EndedBy::Them, CallOutcome::Busy, Some(486));
    assert_eq!((play.asked(), play.exit()), (vec![Do::Finish], Exit::CallRefused));
}

/// The PBX puts another call in the place of the first one, and the telephone answers it.
fn replaced(play: &mut Play) -> &mut Play {
    play.rings_in_place_of(ONWARD, Some(LINE)).answered_on(ONWARD).figures(0);
    play.ended(EndedBy::Them, CallOutcome::Completed, None)
}

#[test]
fn a_call_whose_place_another_takes_goes_on_there_with_its_steps() {
    let options =
        || CallOptions { dtmf: Some("1".into()), seconds: Some(seconds(10.0)), ..transferring(&["201"]) };
    let options = || CallOptions { transfer_at: Some(seconds(6.0)), ..options() };
    let mut receiving = answer(options());
    receiving.registered().rings();
    for mut play in [call(options()), receiving] {
        play.answered();
        play.asked();
        replaced(play.waits(4.0));
        assert_eq!(play.asked(), [], "not refused, no digits again, and no end yet");
        play.waits(2.0);
        let target = "201".to_owned();
        assert_eq!(play.asked(), [intent(Intent::BlindTransfer { line: ONWARD, target })]);
        play.waits(4.0);
        assert_eq!(play.asked(), [intent(Intent::HangUp { line: ONWARD })]);
        play.ended_on(ONWARD, EndedBy::Us, CallOutcome::Completed, None);
        assert_eq!((play.asked(), play.exit()), (vec![Do::Finish], Exit::Done));
    }
}

#[test]
fn a_call_that_was_moved_may_be_replaced_before_the_first_is_gone() {
    let third = LineId(3);
    let mut play = sent_on_in_a_call();
    play.answered_on(ONWARD).rings_in_place_of(third, Some(ONWARD)).answered_on(third);
    play.ended_on(ONWARD, EndedBy::Them, CallOutcome::Completed, None);
    play.figures(10).ended(EndedBy::Them, CallOutcome::Completed, None).waits(6.0);
    assert_eq!(play.asked(), [intent(Intent::HangUp { line: third })]);
    play.ended_on(third, EndedBy::Us, CallOutcome::Completed, None);
    assert_eq!(play.asked(), [Do::Finish]);
}

#[test]
fn a_call_that_was_on_hold_from_its_beginning_lacks_no_audio() {
    let mut play = call(CallOptions::default());
    play.answered();
    replaced(&mut play).hears(E::Held { line: ONWARD, by: Side::Us });
    let stats = StreamStats::default();
    play.hears(E::Media { line: ONWARD, codec: Codec::Pcma, stats });
    play.ended_on(ONWARD, EndedBy::Us, CallOutcome::Completed, None);
    assert_eq!(play.exit(), Exit::Done);
}

#[test]
fn a_call_in_the_place_of_one_that_still_rings_is_answered_and_begins_its_steps() {
    let mut play = call(CallOptions { dtmf: Some("1".into()), ..CallOptions::default() });
    play.asked();
    play.rings_in_place_of(ONWARD, Some(LINE));
    assert_eq!(play.asked(), [intent(Intent::Answer { line: ONWARD })]);
    play.ended(EndedBy::Them, CallOutcome::Failed, None).answered_on(ONWARD);
    assert_eq!(play.asked(), [intent(Intent::Digits { line: ONWARD, digits: "1".into() })]);
    play.ended_on(ONWARD, EndedBy::Them, CallOutcome::Completed, None);
    assert_eq!((play.asked(), play.exit()), (vec![Do::Finish], Exit::Done));
}

#[test]
fn a_call_whose_place_another_takes_is_still_one_of_those_wanted() {
    let third = LineId(3);
    let mut play = Play::new(calls(2));
    play.registered().rings().answered().rings_in_place_of(ONWARD, Some(LINE));
    play.asked();
    play.rings_on(third);
    assert_eq!(play.asked(), [intent(Intent::Answer { line: third })]);
}

#[test]
fn a_second_caller_for_whom_there_is_no_port_hears_busy() {
    let second = LineId(2);
    let mut play = Play::new(calls(2));
    play.registered().rings().answered().rings_on(second);
    play.asked();
    play.hears(E::Refused { line: Some(second), why: Refusal::NoMediaPort });
    assert_eq!(play.asked(), [intent(Intent::Reject { line: second, status: 486 })]);
    assert_eq!(play.exit(), Exit::Usage);
}

#[test]
fn who_is_being_passed_on_is_not_taken_back_because_another_call_ends() {
    let mut play = Play::new(calls(2));
    play.registered().rings().answered();
    play.hears(E::TransferStarted { line: LINE, target: "201".into(), way: phone::TransferWay::Blind });
    play.rings_on(LineId(2)).answered_on(LineId(2));
    play.asked();
    play.ended_on(LineId(2), EndedBy::Them, CallOutcome::Completed, None);
    assert_eq!(play.asked(), []);
}

#[test]
fn who_waits_for_the_next_of_a_chain_is_not_taken_back_because_another_call_ends() {
    for last_news in [None, Some(ChainNews::NobodyLeft), Some(ChainNews::Stopped)] {
        let mut play = Play::new(Task::Answer {
            calls: 2,
            after: seconds(0.0),
            timeout: None,
            reject: None,
            swap_at: None,
            options: CallOptions {
                transfer_mode: None,
                transfer_at: Some(seconds(3.0)),
                ..transferring(&["201", "302"])
            },
        });
        play.registered().rings().answered().waits(3.0);
        play.hears(E::TransferStarted { line: LINE, target: "201".into(), way: phone::TransferWay::Return });
        play.transfer_fails(486, ClientIs::Kept).rings_on(LineId(2)).answered_on(LineId(2));
        let is_over = last_news.is_some();
        if let Some(news) = last_news {
            play.script.handle(play.now, &Notice::Agent(Event::Chain { line: LINE, news }));
        }
        play.asked();
        play.ended_on(LineId(2), EndedBy::Them, CallOutcome::Completed, None);
        let resumed = play.asked() == [intent(Intent::Resume { line: LINE })];
        assert_eq!(resumed, is_over);
    }
}

#[test]
fn a_client_whom_no_rule_sends_anywhere_is_told_so_when_it_is_time() {
    let mut play =
        answer(CallOptions { parts: true, transfer_at: Some(seconds(3.0)), ..transferring(&["rules"]) });
    play.registered().rings().answered().card(vec![client()]).desk_answers(Err(Unavailable::Down)).asked();
    assert_eq!(play.waits(2.9).asked(), []);
    assert_eq!(play.waits(0.2).asked(), [intent(Intent::HangUp { line: LINE })]);
    play.figures(9).ended(EndedBy::Us, CallOutcome::Completed, None);
    assert_eq!(play.exit(), Exit::TransferFailed);
}

#[test]
fn lines_of_all_clients_who_are_to_be_passed_on_are_watched() {
    let mut play = by_rules(None);
    let Task::Answer { calls, .. } = &mut play.script.task else { panic!("the task is to answer") };
    *calls = 2;
    let chain = |extension: &str| Ok(TransferChain::of([extension.to_owned()], seconds(9.0)));
    play.registered().rings().card(vec![client()]).desk_answers(chain("302"));
    play.rings_on(LineId(2));
    let answer =
        CardAnswer::Found { clients: vec![], source: crate::agent::Source::Desk, age: Duration::ZERO };
    let card = Card { answer, took: Duration::ZERO, handed_over: None };
    play.script.handle(play.now, &Notice::Agent(Event::Card { line: LineId(2), card }));
    play.drain().desk_answers(chain("201"));
    let extensions = vec!["201".to_owned(), "302".to_owned()];
    assert!(play.asked().contains(&intent(Intent::Watch { extensions })));
}

#[test]
fn watching_begins_when_registered_and_lasts_as_long_as_it_was_told() {
    for (stay, over) in [(Some(seconds(3.0)), true), (None, false)] {
        let extensions = vec!["201".to_owned()];
        let mut play = Play::new(Task::Watch { extensions: extensions.clone(), stay });
        play.registered();
        assert_eq!(play.asked(), [Do::Intent(Intent::Watch { extensions })]);
        play.registered().waits(2.0);
        assert_eq!(play.asked(), [], "the telephone itself watches on after an outage");
        play.waits(1_000_000.0);
        assert_eq!(play.asked() == [Do::Finish], over);
    }
}
