//! The network is gone in the middle of a transfer, or the connection breaks: whoever has the client then has him
//! still, and when the telephone is heard again, it takes back a client whom nobody has taken.

use super::pbx::{Client, Fate, Manner};
use super::stories::{answers, millis, pass_on, transferred};
use super::{CLIENT, Dark, World};
use crate::world::secs;
use patchcord::phone::{ClientIs, Command, Event, LineId};
use std::time::Duration;

pub const BOTH: Dark = Dark { up: true, down: true };
pub const UP: Dark = Dark { up: true, down: false };
pub const DOWN: Dark = Dark { up: false, down: true };

/// The consulted colleague's.
const SECOND: LineId = LineId(2);

/// What the operator does with the client.
#[derive(Clone, Copy, PartialEq)]
pub enum Task {
    Return,
    /// The first is busy, the second does not answer.
    Chain,
    Consult,
}

/// For shorter than a request is repeated, for longer, and for longer than a session lasts.
pub fn network_gone(world: &mut World, task: Task, dark: Dark) -> bool {
    let [at, time] = moments(world, task);
    let time = [time, time * 4, secs(30) + time * 12][world.below(3) as usize];
    let mut steps = Steps::begin(world, task);
    steps.go_on(world, at);
    let before = world.lost.values().sum::<u32>();
    (world.dark, world.dark_for) = (dark, time);
    steps.go_on(world, time);
    world.dark = Dark::default();
    world.uneventful = world.lost.values().sum::<u32>() == before;
    is_somewhere(world, &mut steps)
}

/// Nothing goes through for some time before the system says that the connection is gone.
pub fn connection_breaks(world: &mut World, task: Task) -> bool {
    let [at, time] = moments(world, task);
    let mut steps = Steps::begin(world, task);
    steps.go_on(world, at);
    let before = world.ladder.len();
    world.dark = BOTH;
    let silent = world.below(2) == 0;
    steps.go_on(world, if silent { time } else { Duration::ZERO });
    world.dark = Dark::default();
    world.uneventful = silent && world.ladder.len() == before;
    world.disconnect();
    is_somewhere(world, &mut steps)
}

/// Up to the last word, and for up to 10 s.
fn moments(world: &mut World, task: Task) -> [Duration; 2] {
    let all = if task == Task::Chain { 30_000 } else { 7_000 };
    [millis(world.below(all)), millis(world.below(10_000))]
}

/// In the end, without anybody's doing, the client has somebody to talk to, or the call is over and the operator knows.
fn is_somewhere(world: &mut World, steps: &mut Steps) -> bool {
    steps.go_on(world, secs(150));
    match world.pbx.client {
        Client::WithTarget => world.saw(transferred),
        Client::WithOperator => world.pbx.hears_operator() && !world.is_over(),
        Client::CutOff => world.is_over(),
        Client::Left | Client::HungUp => false,
    }
}

/// What the operator, or his chain, does next.
struct Steps {
    task: Task,
    /// Still to be called.
    left: Vec<&'static str>,
    /// Of what was said.
    read: usize,
    joining: bool,
}

impl Steps {
    fn begin(world: &mut World, task: Task) -> Self {
        let joins = millis(world.below(1_000));
        world.pbx.manner = Manner::Joins(joins);
        world.pbx.fates.insert("201".into(), Fate::Refuses { after: millis(500), status: 486 });
        world.pbx.fates.insert("202".into(), Fate::Rings);
        answers(world, "203");
        let mut left = vec!["203", "202", "201"];
        match task {
            Task::Return => {
                left.clear();
                pass_on(world, "203", true);
            }
            Task::Chain => pass_on(world, left.pop().unwrap_or_default(), false),
            Task::Consult => world.wish(Command::Dial { target: "203".into() }),
        }
        Self { task, left, read: 0, joining: false }
    }

    fn go_on(&mut self, world: &mut World, time: Duration) {
        let until = world.now + time;
        while world.now < until {
            world.wait(until.since(world.now), |world| world.said.len() > self.read);
            while let Some(event) = world.said.get(self.read).cloned() {
                self.read += 1;
                self.on_event(world, &event);
            }
        }
    }

    fn on_event(&mut self, world: &mut World, event: &Event) {
        match event {
            Event::TransferFailed { line: CLIENT, client: ClientIs::Kept, .. }
                if self.task == Task::Chain =>
            {
                match self.left.pop() {
                    Some(next) => pass_on(world, next, false),
                    None => world.wish(Command::BringBack { line: CLIENT }),
                }
            }
            Event::Answered { line: SECOND, .. } => world.wish(Command::Join { line: CLIENT, with: SECOND }),
            Event::TransferStarted { .. } => self.joining = true,
            Event::TransferFailed { .. } | Event::Ended { line: SECOND, .. } => {
                self.joining &= !matches!(event, Event::TransferFailed { .. });
                if self.task == Task::Consult && !self.joining {
                    world.wish(Command::Resume { line: CLIENT });
                }
            }
            _ => {}
        }
    }
}
