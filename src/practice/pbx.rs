//! The practice PBX's front: registrar, calls and programme, driven by messages and time.

use super::calls::Calls;
use super::programme::Programme;
use super::registrar::{Change, Registrar};
use super::voice::Voice;
use super::watchers::Watchers;
use crate::instant::Instant;
use crate::media::StreamPlan;
use crate::sip::message::codec::{self, Parsed};
use crate::sip::message::{Message, Method, Request, Response, To};
use crate::sip::{CallKey, Password, mark_received};
use crate::transmit::{Received, Transmit};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::collections::VecDeque;
use std::net::SocketAddr;

/// The password of an extension: known to everybody, as the table of numbers is.
pub fn password(extension: &str) -> Password {
    Password::new(format!("pw-{extension}"))
}

pub struct PracticeConfig {
    /// Where SIP comes to: the PBX's address for everybody.
    pub local: SocketAddr,
    pub programme: Programme,
}

/// A PBX with simulated people. Drive it so: change one thing, drain `poll_output` until `Idle`, sleep until
/// `next_deadline`.
pub struct Practice {
    registrar: Registrar,
    calls: Calls,
    watchers: Watchers,
    out: VecDeque<Output>,
}

/// One thing that came of the last change.
#[derive(Debug)]
pub enum Output {
    Send(Transmit),
    Media(MediaOrder),
    Note(Note),
    /// Nothing more until the next input or deadline.
    Idle,
}

/// What is to be done about the voice of a call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MediaOrder {
    /// Begin at `plan.local`, or go on as this plan says.
    Apply { call: CallKey, plan: StreamPlan, voice: Voice },
    /// Also of a call whose voice never began, and again at the end of one whose voice has stopped: its port is free.
    Stop { call: CallKey, port: SocketAddr },
    /// `give_port` wanted: the last one given is in use now.
    TakePort,
}

/// What happened, as one who looks on would say it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Note {
    Here {
        extension: String,
    },
    Gone {
        extension: String,
    },
    /// A client calls an operator.
    Calls {
        number: &'static str,
    },
    /// The client hung up before anybody answered.
    GaveUp,
    /// A client was passed on, and they talk.
    Talks {
        with: String,
    },
    /// A client was passed on to somebody who could not be had, nobody took him back, and he is gone.
    Lost {
        on_the_way_to: String,
    },
}

/// How much it has to remember: for tests of whether anything grows or is left behind.
#[doc(hidden)]
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Load {
    pub calls: usize,
    pub timers: usize,
    pub watches: usize,
    pub sip: crate::sip::Load,
}

impl Practice {
    pub fn new(config: PracticeConfig, seed: [u8; 32]) -> Self {
        let mut chance = ChaCha20Rng::from_seed(seed);
        let mut part = [0; 32];
        chance.fill_bytes(&mut part);
        let registrar = Registrar::new(part);
        let watchers = Watchers::new(config.local, ChaCha20Rng::from_rng(&mut chance));
        let calls = Calls::new(config, chance);
        Self { registrar, calls, watchers, out: VecDeque::from([Output::Media(MediaOrder::TakePort)]) }
    }

    // -- what changes it

    pub fn handle_input(&mut self, now: Instant, input: Received) {
        match codec::parse(&input.bytes) {
            Ok(Parsed::Message(Message::Request(request))) if request.method == Method::Register => {
                self.on_register(now, request, &input);
            }
            Ok(Parsed::Message(Message::Request(request))) if request.method == Method::Subscribe => {
                self.on_subscribe(now, request, &input);
            }
            Ok(Parsed::Message(Message::Response(response))) if self.watchers.on_response(&response) => {}
            Ok(Parsed::Message(Message::Request(request)))
                if request.method == Method::Invite && begins_a_dialog(&request) =>
            {
                match self.registrar.admit_dialog(now, &request) {
                    Ok(()) => self.calls.handle_input(now, input),
                    Err(refusal) => self.answer(request, &input, *refusal),
                }
            }
            _ => self.calls.handle_input(now, input),
        }
        self.drain(now);
    }

    pub fn handle_timeout(&mut self, now: Instant) {
        self.calls.handle_timeout(now, &self.registrar);
        self.drain(now);
    }

    /// A bound RTP port, RTCP on the next one, which the next call may use.
    pub fn give_port(&mut self, port: SocketAddr) {
        self.calls.give_port(port);
    }

    /// Ends all calls; the last messages are to be sent before the sockets close.
    pub fn close(&mut self, now: Instant) {
        self.calls.close(now);
        self.drain(now);
    }

    // -- what comes of it

    pub fn poll_output(&mut self) -> Output {
        self.out.pop_front().unwrap_or(Output::Idle)
    }

    pub fn next_deadline(&self) -> Option<Instant> {
        self.calls.next_deadline().into_iter().chain(self.watchers.next_deadline()).min()
    }

    #[cfg(test)]
    pub(super) const fn people(&mut self) -> &mut super::people::People {
        &mut self.calls.people
    }

    #[doc(hidden)]
    pub fn load(&self) -> Load {
        Load { watches: self.watchers.len(), ..self.calls.load() }
    }

    // -- below

    fn on_register(&mut self, now: Instant, request: Request, input: &Received) {
        let (response, change) = self.registrar.register(now, &request);
        self.answer(request, input, response);
        match change {
            Change::Came(extension) => {
                self.out.push_back(Output::Note(Note::Here { extension }));
                self.calls.on_telephone(now);
            }
            Change::Left(extension) => self.out.push_back(Output::Note(Note::Gone { extension })),
            Change::None => {}
        }
    }

    fn on_subscribe(&mut self, now: Instant, request: Request, input: &Received) {
        if begins_a_dialog(&request)
            && let Err(refusal) = self.registrar.admit_dialog(now, &request)
        {
            return self.answer(request, input, *refusal);
        }
        let tag = self.registrar.tag_for(&request);
        let response = self.watchers.subscribe(now, &request, input, &tag, Calls::knows_line);
        self.answer(request, input, response);
    }

    /// Without a transaction: a repeated request gets the same answer anew (RFC 3261 §8.2.7).
    fn answer(&mut self, mut request: Request, input: &Received, mut response: Response) {
        let to = mark_received(&mut request, input.from);
        if let Ok(via) = request.headers.require::<crate::sip::message::Via>() {
            response.headers.replace_first(&via);
        }
        let to = if input.transport.is_reliable() { input.from } else { to };
        let transmit = Transmit { transport: input.transport, to, bytes: response.to_bytes() };
        self.out.push_back(Output::Send(transmit));
    }

    fn drain(&mut self, now: Instant) {
        self.calls.drain(now, &mut self.out);
        self.calls.people.live(now, self.watchers.watch_lines());
        let line =
            |extension: &str| self.calls.line(extension, self.registrar.contact(now, extension).is_some());
        self.out.extend(self.watchers.tell(now, line).into_iter().map(Output::Send));
    }
}

fn begins_a_dialog(request: &Request) -> bool {
    request.headers.require::<To>().is_ok_and(|to| to.tag().is_none())
}
