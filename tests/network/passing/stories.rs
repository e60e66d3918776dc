//! What becomes of a client who is passed on. Each story says whether it went as hoped.

use super::disasters::{self, BOTH, DOWN, Task, UP};
use super::pbx::{Client, Fate, Manner};
use super::{CLIENT, SESSION, World};
use crate::world::secs;
use patchcord::domain::line_state::LineState;
use patchcord::phone::{ClientIs, Command, Event, Proof, TransferFault};
use patchcord::transmit::Transport;
use std::time::Duration;

pub struct Story {
    pub name: &'static str,
    pub transport: Transport,
    /// The PBX wants to hear of the client's call so often (RFC 4028).
    pub session: Option<Duration>,
    /// Requests, and answers to them, whose loss explains another end.
    pub may_be_late: &'static [&'static str],
    pub tell: fn(&mut World) -> bool,
}

const PASSING: &[&str] = &["INVITE", "ACK", "BYE", "CANCEL", "REFER", "NOTIFY"];
const RINGS: Duration = secs(20);

const fn story(name: &'static str, tell: fn(&mut World) -> bool) -> Story {
    let (transport, session) = (Transport::Udp, None);
    Story { name, transport, session, may_be_late: PASSING, tell }
}

const fn of_a_line(name: &'static str, tell: fn(&mut World) -> bool) -> Story {
    Story { may_be_late: &["REGISTER", "SUBSCRIBE", "NOTIFY"], ..story(name, tell) }
}

const fn in_the_dark(name: &'static str, tell: fn(&mut World) -> bool) -> Story {
    Story { session: Some(SESSION), ..story(name, tell) }
}

const fn by_tcp(name: &'static str, tell: fn(&mut World) -> bool) -> Story {
    Story { transport: Transport::Tcp, ..in_the_dark(name, tell) }
}

pub const STORIES: &[Story] = &[
    story("passed on, and answered", |world| joined_by(world, Manner::Joins(Duration::ZERO))),
    story("passed on, the PBX takes its time", |world| {
        let after = millis(world.below(4_000));
        joined_by(world, Manner::Joins(after))
    }),
    story("passed on, REFER challenged", |world| joined_by(world, Manner::Challenges)),
    story("passed on, the last word twice", |world| joined_by(world, Manner::Twice)),
    story("passed on to somebody busy", |world| refused(world, 486)),
    story("passed on to nobody", |world| refused(world, 404)),
    story("passed on, nobody answers", no_answer),
    story("passed on, who answers hangs up", hangs_up_at_once),
    story("passed on, the third answers", chain),
    story("passed on, the client hangs up", client_hangs_up),
    story("passed on, and taken back", taken_back),
    story("passed on, the operator hangs up", operator_hangs_up),
    story("passed on, REFER refused by 403", |world| not_taken(world, 403)),
    story("passed on, REFER refused by 603", |world| not_taken(world, 603)),
    story("passed on, no subscription", without_subscription),
    story("passed on without a word", without_a_word),
    story("passed on, the last word after our BYE", word_after_bye),
    story("passed on, the PBX restarts", pbx_restarts),
    story("joined after a consultation", consultation),
    of_a_line("a colleague's line", line_states),
    of_a_line("a colleague's line, the PBX restarts", line_states_over_a_restart),
    in_the_dark("passed on, the network is gone", |world| disasters::network_gone(world, Task::Return, BOTH)),
    in_the_dark("passed on, nothing arrives here", |world| {
        disasters::network_gone(world, Task::Return, DOWN)
    }),
    in_the_dark("passed on, nothing leaves here", |world| disasters::network_gone(world, Task::Return, UP)),
    in_the_dark("a chain, the network is gone", |world| disasters::network_gone(world, Task::Chain, BOTH)),
    in_the_dark("a chain, nothing arrives here", |world| disasters::network_gone(world, Task::Chain, DOWN)),
    in_the_dark("a chain, nothing leaves here", |world| disasters::network_gone(world, Task::Chain, UP)),
    in_the_dark("consulted, the network is gone", |world| {
        disasters::network_gone(world, Task::Consult, BOTH)
    }),
    in_the_dark("consulted, nothing arrives here", |world| {
        disasters::network_gone(world, Task::Consult, DOWN)
    }),
    in_the_dark("consulted, nothing leaves here", |world| disasters::network_gone(world, Task::Consult, UP)),
    by_tcp("by TCP, passed on", |world| joined_by(world, Manner::Joins(Duration::ZERO))),
    by_tcp("by TCP, passed on to somebody busy", |world| refused(world, 486)),
    by_tcp("by TCP, passed on, the third answers", chain),
    by_tcp("by TCP, passed on, and taken back", taken_back),
    by_tcp("by TCP, joined after a consultation", consultation),
    by_tcp("by TCP, passed on, it breaks", |world| disasters::connection_breaks(world, Task::Return)),
    by_tcp("by TCP, a chain, it breaks", |world| disasters::connection_breaks(world, Task::Chain)),
    by_tcp("by TCP, consulted, it breaks", |world| disasters::connection_breaks(world, Task::Consult)),
];

pub fn millis(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Somebody there answers after so long, and stays.
pub fn answers(world: &mut World, number: &str) -> Duration {
    let after = millis(world.below(6_000));
    world.pbx.fates.insert(number.into(), Fate::Answers { after, leaves: None });
    after
}

/// Passed on, and some moment of it has come; some a little late.
fn in_the_middle(world: &mut World) {
    let joins = millis(world.below(1_000));
    world.pbx.manner = Manner::Joins(joins);
    let after = answers(world, "201");
    pass_on(world, "201", true);
    let moment = millis(world.below((after + joins).as_millis() as u64 + 100));
    world.wait(moment, World::is_over);
    world.uneventful = world.is_over();
}

pub fn pass_on(world: &mut World, number: &str, comes_back: bool) {
    let target = number.to_owned();
    world.wish(Command::ReturnTransfer {
        line: CLIENT,
        target,
        ring_for: RINGS,
        proof: Proof::LineState,
        comes_back,
        shown_as: None,
    });
}

fn failed(why: TransferFault) -> impl Fn(&Event) -> bool {
    move |event| matches!(event, Event::TransferFailed { why: w, .. } if *w == why)
}

pub fn transferred(event: &Event) -> bool {
    matches!(event, Event::Transferred { .. })
}

fn returned(event: &Event) -> bool {
    matches!(event, Event::Returned { .. })
}

/// The client has the target, and the operator is told so.
fn joined(world: &mut World) -> bool {
    world.wait(secs(60), |world| world.saw(transferred) || world.is_over());
    world.saw(transferred) && world.pbx.client == Client::WithTarget && world.is_over()
}

/// The client hears the operator again, who was told why.
fn is_back(world: &mut World, why: TransferFault) -> bool {
    world.wait(secs(80), |world| world.saw(returned) || world.is_over());
    world.saw(returned) && world.saw(failed(why)) && world.pbx.hears_operator()
}

fn joined_by(world: &mut World, manner: Manner) -> bool {
    world.pbx.manner = manner;
    answers(world, "201");
    pass_on(world, "201", true);
    joined(world)
}

fn refused(world: &mut World, status: u16) -> bool {
    let after = millis(world.below(6_000));
    world.pbx.fates.insert("201".into(), Fate::Refuses { after, status });
    pass_on(world, "201", true);
    is_back(world, TransferFault::TargetFailed)
}

fn no_answer(world: &mut World) -> bool {
    world.pbx.fates.insert("201".into(), Fate::Rings);
    pass_on(world, "201", true);
    is_back(world, TransferFault::NoAnswer)
}

/// Before the client is there, or after.
fn hangs_up_at_once(world: &mut World) -> bool {
    let (after, leaves) = (millis(world.below(2_000)), Some(millis(world.below(1_500))));
    world.pbx.manner = Manner::Joins(millis(world.below(1_000)));
    world.pbx.fates.insert("201".into(), Fate::Answers { after, leaves });
    pass_on(world, "201", true);
    world.wait(secs(60), |world| world.saw(returned) || world.is_over());
    match world.pbx.client {
        // They spoke, however briefly.
        Client::HungUp | Client::WithTarget => world.saw(transferred),
        _ => world.saw(returned) && world.pbx.hears_operator(),
    }
}

/// Music goes on from one to the next.
fn chain(world: &mut World) -> bool {
    world.pbx.fates.insert("201".into(), Fate::Refuses { after: millis(500), status: 486 });
    world.pbx.fates.insert("202".into(), Fate::Rings);
    answers(world, "203");
    for (before, number) in ["201", "202"].into_iter().enumerate() {
        pass_on(world, number, false);
        let gone = |world: &World| {
            let failures = world.said.iter().filter(|event| matches!(event, Event::TransferFailed { .. }));
            failures.count() > before || world.is_over()
        };
        if !world.wait(secs(60), gone) {
            return false;
        }
        assert!(!world.saw(returned), "taken off hold between two targets");
    }
    pass_on(world, "203", false);
    joined(world)
}

fn client_hangs_up(world: &mut World) -> bool {
    in_the_middle(world);
    world.pbx.client_hangs_up(world.now);
    world.wait(secs(60), World::is_over)
}

/// Races with the answer, the REFER and the last word: the client is with one of the two, and nobody hung up on them meanwhile.
fn taken_back(world: &mut World) -> bool {
    in_the_middle(world);
    world.wish(Command::Resume { line: CLIENT });
    world.wait(secs(60), |world| world.saw(returned) || world.is_over());
    let ended_well = match world.pbx.client {
        Client::WithTarget => world.saw(transferred),
        _ => world.saw(returned) && world.pbx.hears_operator(),
    };
    ended_well && !world.pbx.crossed
}

/// By mistake or not: nothing of it is left.
fn operator_hangs_up(world: &mut World) -> bool {
    in_the_middle(world);
    world.hang_up();
    world.wait(secs(60), |world| world.pbx.client != Client::WithOperator)
}

fn not_taken(world: &mut World, status: u16) -> bool {
    world.pbx.manner = Manner::Refuses(status);
    answers(world, "201");
    pass_on(world, "201", true);
    is_back(world, TransferFault::NotTaken)
}

/// The PBX joins the two, but will not say so.
fn without_subscription(world: &mut World) -> bool {
    world.pbx.manner = Manner::NoSubscription;
    answers(world, "201");
    pass_on(world, "201", true);
    world.wait(secs(60), |world| world.saw(failed(TransferFault::NoWord)) || world.is_over());
    world.saw(failed(TransferFault::NoWord)) && world.pbx.client == Client::WithTarget
}

/// Whether the two were joined or not: who was not is off hold again.
fn without_a_word(world: &mut World) -> bool {
    let joins = world.below(2) == 0;
    world.pbx.manner = Manner::Silent { joins };
    answers(world, "201");
    pass_on(world, "201", true);
    world.wait(secs(60), |world| world.saw(failed(TransferFault::NoWord)) || world.is_over());
    world.wait(secs(40), |world| joins || world.pbx.hears_operator());
    match world.pbx.client {
        Client::WithTarget => joins,
        _ => world.pbx.hears_operator() && !joins,
    }
}

/// The operator finds nobody in the call, and leaves it.
fn word_after_bye(world: &mut World) -> bool {
    world.pbx.manner = Manner::Late(millis(8_000 + world.below(4_000)));
    answers(world, "201");
    pass_on(world, "201", true);
    world.wait(secs(60), |world| world.saw(failed(TransferFault::NoWord)) || world.is_over());
    let later = millis(world.below(4_000));
    world.wait(later, World::is_over);
    world.hang_up();
    world.pass(secs(15));
    let known = |event: &Event| matches!(event, Event::TransferFailed { client: ClientIs::Kept, .. });
    world.is_over() && world.pbx.client == Client::WithTarget && !world.saw(known)
}

/// Whom it forgot it told so; the operator is told, too.
fn pbx_restarts(world: &mut World) -> bool {
    in_the_middle(world);
    world.pbx.restart();
    world.wait(secs(300), World::is_over)
}

fn consultation(world: &mut World) -> bool {
    answers(world, "201");
    let target = "201".to_owned();
    world.wish(Command::Dial { target });
    let second = patchcord::phone::LineId(2);
    let up = move |event: &Event| matches!(event, Event::Answered { line, .. } if *line == second);
    if !world.wait(secs(60), |world| world.saw(up)) {
        return false;
    }
    let words = millis(world.below(3_000));
    world.pass(words);
    world.wish(Command::Join { line: CLIENT, with: second });
    joined(world)
}

/// What is told in the end is what is.
fn line_states(world: &mut World) -> bool {
    world.wish(Command::Watch { extensions: vec!["201".into()] });
    for _ in 0..10 {
        let (state, later) = (line_state(world), millis(world.below(8_000)));
        world.pbx.changes(world.now, "201", state);
        world.pass(later);
    }
    told(world, secs(40))
}

fn line_states_over_a_restart(world: &mut World) -> bool {
    world.wish(Command::Watch { extensions: vec!["201".into()] });
    world.pass(secs(5));
    world.pbx.restart();
    let state = line_state(world);
    world.pbx.changes(world.now, "201", state);
    // It has forgotten who wanted to know, and is asked again within the time that was granted.
    told(world, secs(320))
}

fn line_state(world: &mut World) -> &'static str {
    ["early", "confirmed", "terminated"][world.below(3) as usize]
}

fn told(world: &mut World, limit: Duration) -> bool {
    world.wait(limit, |world| {
        let truth = match world.pbx.lines.state("201") {
            "early" => LineState::Ringing,
            "confirmed" => LineState::Talking,
            _ => LineState::Free,
        };
        world.told_of("201") == Some(truth)
    })
}
