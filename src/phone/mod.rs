//! A telephone: one call is one SIP session and one audio session. Lines, hold, digits,
//! transfer. Pure: change one thing, drain [`Phone::poll_output`], sleep until
//! [`Phone::next_deadline`].
//!
//! Knows neither clients nor orders, nor what a number means; `agent` does.

mod answer;
mod caller;
mod code;
mod conference;
mod dial;
mod digits;
mod encoded_word;
mod end;
mod event;
mod hold;
mod line;
mod network;
mod outbox;
mod passing;
mod pbx;
mod referred;
mod returned;
mod target;
#[cfg(test)]
pub(crate) mod test_pbx;
mod tone;
mod transfer;
mod watch;

pub use caller::{Caller, IdentitySource};
pub use event::{
    CallOutcome, ClientIs, CodeResult, Command, EndedBy, Event, Input, MediaCommand, NearEnd, Output, Proof,
    Refusal, Side, TransferFault, TransferOutcome, TransferWay,
};
pub use line::LineId;
pub use pbx::{OnFailedTransfer, PbxBehaviour};
pub use returned::{Return, ReturnReason};
pub use watch::MOST_WATCHED;

use crate::instant::Instant;
use crate::media::{CallTone, Codec, EncoderSettings, StreamEvent, StreamStats};
use crate::sip::{self, CallKey, ProbeKey, UserAgent, UserAgentConfig};
use conference::Conference;
use end::Farewell;
use line::{Line, Means, Serves, Stage};
use outbox::Outbox;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use transfer::Transfer;

/// Clients who may still be given back.
const MOST_PASSED_ON: usize = 16;

/// What a telephone needs to begin.
#[derive(Clone, Debug)]
pub struct PhoneConfig {
    pub sip: UserAgentConfig,
    /// In order of preference; not empty.
    pub codecs: Vec<Codec>,
    /// Put before the others after a call on a bad network.
    pub codecs_poor_network: Vec<Codec>,
    /// What our Opus encoder is told.
    pub opus: EncoderSettings,
    /// Which headers name the caller, in this order.
    pub identity_order: Vec<IdentitySource>,
    /// Prefixes that queues put before the caller's name (`Sales:`); taken off it.
    pub name_prefixes: Vec<String>,
    pub pbx: PbxBehaviour,
    /// Calls are answered without anybody's doing where the PBX asks for it.
    pub auto_answer: bool,
    /// Register at once.
    pub register: bool,
}

pub struct Phone {
    user_agent: UserAgent,
    domain: String,
    max_calls: usize,
    codecs: network::Codecs,
    opus: EncoderSettings,
    identity_order: Vec<IdentitySource>,
    name_prefixes: Vec<String>,
    pbx: PbxBehaviour,
    auto_answer: bool,
    /// The operator is heard on no line.
    muted: bool,
    conference: Conference,
    /// New calls ring; else they hear busy, but for clients whom the PBX gives back.
    takes_calls: bool,
    /// Names of the last transfers from which clients may be given back.
    passed_on: VecDeque<String>,
    /// What the operator was last given to hear of a call that is dialled.
    tone: Option<CallTone>,
    lines: BTreeMap<LineId, Line>,
    lines_by_call: BTreeMap<CallKey, LineId>,
    /// Ended calls whose last figures are still to come.
    farewells: BTreeMap<LineId, Farewell>,
    probes: BTreeMap<ProbeKey, String>,
    /// Our own address, as the system routes towards the PBX.
    local: IpAddr,
    /// Bound, and used by nobody yet.
    free_port: Option<SocketAddr>,
    chance: ChaCha20Rng,
    watch: watch::Watch,
    output: Outbox,
}

impl Phone {
    pub fn new(now: Instant, config: PhoneConfig, seed: [u8; 32]) -> Self {
        let mut chance = ChaCha20Rng::from_seed(seed);
        let mut sip_seed = [0; 32];
        chance.fill_bytes(&mut sip_seed);
        let domain = config.sip.account.domain.clone();
        let (max_calls, local) = (config.sip.max_calls, config.sip.local.ip());
        let mut phone = Self {
            user_agent: UserAgent::new(config.sip, sip_seed),
            domain,
            max_calls,
            codecs: network::Codecs::new(config.codecs, config.codecs_poor_network),
            opus: config.opus,
            identity_order: config.identity_order,
            name_prefixes: config.name_prefixes,
            pbx: config.pbx,
            auto_answer: config.auto_answer,
            muted: false,
            conference: Conference::default(),
            takes_calls: true,
            passed_on: VecDeque::new(),
            tone: None,
            lines: BTreeMap::new(),
            lines_by_call: BTreeMap::new(),
            farewells: BTreeMap::new(),
            probes: BTreeMap::new(),
            local,
            free_port: None,
            chance,
            watch: watch::Watch::default(),
            output: Outbox::default(),
        };
        if config.register {
            phone.user_agent.register(now);
            phone.drain_user_agent(now);
        }
        phone
    }

    pub fn handle(&mut self, now: Instant, input: Input) {
        match input {
            Input::Datagram(datagram) => self.user_agent.handle_input(now, datagram),
            Input::MediaPort(local) => self.free_port = Some(local),
            Input::Unreachable(hop) => self.user_agent.handle_unreachable(now, hop),
            Input::Closed(hop) => self.user_agent.handle_closed(now, hop),
            Input::Disconnected { local } => self.user_agent.handle_disconnected(now, local),
            Input::Addresses { local, server } => {
                self.local = local.ip();
                self.user_agent.set_addresses(now, local, server);
            }
            Input::Stream { line, event } => self.on_stream_event(now, line, event),
            Input::StreamStats { line, stats } => self.on_stream_stats(line, stats),
            Input::Command(command) => {
                let line = command.line();
                if let Err(why) = self.carry_out(now, command) {
                    self.say(Event::Refused { line, why });
                }
            }
        }
        self.settle(now);
    }

    /// As by `handle`; but that it is refused is told here alone, not by an event.
    pub fn command(&mut self, now: Instant, command: Command) -> Result<(), Refusal> {
        let done = self.carry_out(now, command);
        self.settle(now);
        done
    }

    fn settle(&mut self, now: Instant) {
        self.drain_user_agent(now);
        self.move_lines(now);
        self.end_errands(now);
        self.update_conference();
        self.update_tone();
    }

    pub fn handle_timeout(&mut self, now: Instant) {
        self.user_agent.handle_timeout(now);
        self.drain_user_agent(now);
        let ids: Vec<LineId> = self.lines.keys().copied().collect();
        for id in ids {
            self.answer_if_due(now, id);
            self.believe_if_vague(now, id);
            if let Some((line, mut means)) = self.line(now, id) {
                line.on_hold_timeout(&mut means);
                line.on_transfer_timeout(&mut means);
                line.on_moved_timeout(&mut means);
            }
        }
        self.end_codes_in_time(now);
        self.end_silent_farewells(now);
        self.drain_user_agent(now);
        self.end_errands(now);
        self.update_conference();
        self.update_tone();
    }

    /// First what the network waits for, then audio, then what is said about it.
    pub fn poll_output(&mut self) -> Output {
        self.output.next()
    }

    /// Whether somebody may not know yet that a call or a subscription has ended.
    pub fn owes_goodbye(&self) -> bool {
        self.user_agent.owes_goodbye()
    }

    pub fn next_deadline(&self) -> Option<Instant> {
        let lines = self.lines.values().filter_map(Line::next_deadline);
        let farewells = self.farewells.values().map(Farewell::until);
        lines.chain(farewells).chain(self.user_agent.next_deadline()).min()
    }

    fn carry_out(&mut self, now: Instant, command: Command) -> Result<(), Refusal> {
        match command {
            Command::Register => self.user_agent.register(now),
            Command::Unregister => self.user_agent.unregister(now),
            Command::Probe { target } => self.probe(now, target)?,
            Command::Watch { extensions } => self.watch(now, extensions)?,
            Command::Code { code } => self.dial_code(now, code),
            Command::EndCodes => self.end_codes(now, |_| true),
            Command::Dial { target } => self.dial(now, target)?,
            Command::Answer { line } => self.answer(now, line)?,
            Command::Reject { line, status } => self.reject(now, line, status)?,
            Command::HangUp { line } => self.hang_up(now, line)?,
            Command::Hold { line } => self.hold(now, line)?,
            Command::Resume { line } => self.resume(now, line)?,
            Command::Swap => self.swap(now)?,
            Command::Conference { on } => self.confer(now, on)?,
            Command::Mute { on } => self.mute(on)?,
            Command::TakeCalls { on } => self.take_calls(on),
            Command::Digits { line, digits } => self.send_digits(now, line, digits)?,
            Command::BlindTransfer { line, target } => self.blind_transfer(now, line, target)?,
            Command::ReturnTransfer { line, target, ring_for, proof, comes_back, shown_as } => {
                let errand = passing::Errand { target, ring_for, proof, comes_back, shown_as };
                self.return_transfer(now, line, errand)?;
            }
            Command::BringBack { line } => self.bring_back(now, line)?,
            Command::Join { line, with } => self.join(now, line, with)?,
        }
        Ok(())
    }

    fn probe(&mut self, now: Instant, target: String) -> Result<(), Refusal> {
        let uri = target::parse(&target, &self.domain).map_err(|_| Refusal::BadTarget)?;
        let probe = self.user_agent.probe(now, uri);
        self.probes.insert(probe, target);
        Ok(())
    }

    fn hang_up(&mut self, now: Instant, id: LineId) -> Result<(), Refusal> {
        let (line, mut means) = self.line(now, id).ok_or(Refusal::NoSuchLine)?;
        line.hang_up(&mut means, None).then_some(()).ok_or(Refusal::WrongState)
    }

    fn hold(&mut self, now: Instant, id: LineId) -> Result<(), Refusal> {
        let (line, mut means) = self.line(now, id).ok_or(Refusal::NoSuchLine)?;
        if line.is_in_transfer() {
            return Err(Refusal::WrongState);
        }
        let call = line.call;
        line.set_hold(&mut means, true)?;
        self.keep_on_hold(call);
        Ok(())
    }

    fn resume(&mut self, now: Instant, id: LineId) -> Result<(), Refusal> {
        let (line, mut means) = self.line(now, id).ok_or(Refusal::NoSuchLine)?;
        if line.stage != Stage::Talking {
            return Err(Refusal::WrongState);
        }
        line.take_up(&mut means);
        let done = if line.is_in_transfer() {
            line.take_back(&mut means);
            Ok(())
        } else {
            line.set_hold(&mut means, false)
        };
        self.set_others_aside(now, id);
        done
    }

    fn swap(&mut self, now: Instant) -> Result<(), Refusal> {
        let id = self.swaps_to().ok_or(Refusal::WrongState)?;
        self.resume(now, id)
    }

    /// Of those who wait, whom the operator spoke with last before the one whom they speak with, or spoke with until they held
    /// that one too. So a consultation and its client take turns whoever else waits, and a swap that was a slip is undone by another.
    pub fn swaps_to(&self) -> Option<LineId> {
        let present = self.lines.values().filter(|line| line.may_be_moved());
        let present = present.max_by_key(|line| (line.is_in_conversation(), line.operator_came_at));
        let present = present.map(|line| line.id);
        let waiting = self.lines.values().filter(|line| line.waits());
        waiting.max_by_key(|line| (Some(line.id) != present, line.operator_came_at)).map(|line| line.id)
    }

    fn mute(&mut self, on: bool) -> Result<(), Refusal> {
        if on && self.lines.is_empty() {
            return Err(Refusal::WrongState);
        }
        if std::mem::replace(&mut self.muted, on) != on {
            self.output.command(MediaCommand::Mute { on });
            self.say(Event::Muted { on });
        }
        Ok(())
    }

    fn take_calls(&mut self, on: bool) {
        if std::mem::replace(&mut self.takes_calls, on) != on {
            self.say(Event::TakingCalls { on });
        }
    }

    /// One conversation at a time. Whose place is taken needs no hold: that call ends in this moment.
    fn set_others_aside(&mut self, now: Instant, id: LineId) {
        let replaced = self.replaced_by(id).map(|line| line.id);
        let others: Vec<LineId> = self
            .lines
            .values()
            .filter(|line| line.id != id && Some(line.id) != replaced && line.stage == Stage::Talking)
            .filter(|line| line.serves.is_none())
            .map(|line| line.id)
            .collect();
        for other in others {
            if let Some((line, mut means)) = self.line(now, other) {
                line.set_aside(&mut means);
            }
        }
    }

    fn blind_transfer(&mut self, now: Instant, id: LineId, target: String) -> Result<(), Refusal> {
        let uri = target::parse(&target, &self.domain).map_err(|_| Refusal::BadTarget)?;
        let (line, mut means) = self.line(now, id).ok_or(Refusal::NoSuchLine)?;
        let until = now + means.pbx.hold_time;
        line.seek_no_more(&mut means);
        let call = line.call;
        line.begin_transfer(&mut means, Transfer::blind(target, uri, until))?;
        self.passed_on.extend(self.user_agent.call_id(call).map(sip::transfer_id));
        if self.passed_on.len() > MOST_PASSED_ON {
            self.passed_on.pop_front();
        }
        Ok(())
    }

    /// What the core did goes out in its order; what it says may lead to more.
    fn drain_user_agent(&mut self, now: Instant) {
        loop {
            match self.user_agent.poll_output() {
                sip::Output::Send(transmit) => self.output.send(transmit),
                sip::Output::Event(event) => self.on_sip_event(now, event),
                sip::Output::Idle => return,
            }
        }
    }

    fn on_sip_event(&mut self, now: Instant, event: sip::Event) {
        match event {
            sip::Event::Registered { server, expires, contact } => {
                self.say(Event::Registered { server, expires, contact: contact.to_string() });
                self.catch_up(now);
            }
            sip::Event::RegistrationFailed { cause, retry_in } => {
                self.say(Event::RegistrationFailed { cause, retry_in });
            }
            sip::Event::Unregistered => self.say(Event::Unregistered),
            sip::Event::Probed { probe, result } => {
                let target = self.probes.remove(&probe).unwrap_or_default();
                let result = result.map(|(status, reason, took)| (status.code(), reason, took));
                self.say(Event::Probed { target, result });
            }
            sip::Event::News { subscription, news } => self.on_news(now, subscription, news),
            sip::Event::SubscriptionLost { subscription, loss } => {
                self.on_subscription_lost(now, subscription, loss);
            }
            sip::Event::Invited { call, invite } => self.on_invited(now, call, *invite),
            sip::Event::Identified { call, identity } => self.on_identified(call, &identity),
            sip::Event::Declined { invite, status } => {
                let caller = self.identify(&invite);
                self.say(Event::Declined { call_id: invite.call_id, caller, status: status.code() });
            }
            sip::Event::ReferAsked { call, refer } => self.on_refer_asked(now, call, &refer),
            sip::Event::Ended { call, by, status, reason, answered_elsewhere, retry_after } => {
                let end = end::SipEnd { by, status, reason, answered_elsewhere, retry_after };
                self.on_call_ended(now, call, end);
            }
            event => self.on_call_event(now, event),
        }
    }

    fn on_call_event(&mut self, now: Instant, event: sip::Event) {
        let Some(id) = call_of(&event).and_then(|call| self.lines_by_call.get(&call)).copied() else {
            return;
        };
        let Some((line, mut means)) = self.line(now, id) else { return };
        let means = &mut means;
        let talked = line.answered_at.is_some();
        let mut joined = None;
        let rings = if let sip::Event::Ringing { status, .. } = event { Some(status) } else { None };
        let pressed = matches!(event, sip::Event::Digit { .. });
        match event {
            sip::Event::Ringing { status, body, .. } => line.on_ringing(means, status, body),
            sip::Event::Accepted { body, .. } => line.on_accepted(means, body),
            sip::Event::Confirmed { answer, .. } => line.on_confirmed(means, answer),
            sip::Event::Offer { offer, .. } => line.on_their_offer(means, offer),
            sip::Event::Refreshed { answer, .. } => line.on_refreshed(means, &answer),
            sip::Event::Answer { result, .. } => line.on_reoffer_answer(means, result),
            sip::Event::Refer { refer, progress, .. } => {
                joined = line.on_refer_progress(means, refer, progress);
            }
            sip::Event::DigitAnswered { result, .. } => line.on_digit_answered(means, result),
            sip::Event::Digit { digit, .. } => means.say(Event::Digit { line: id, digit }),
            _ => {}
        }
        let (answered, has_operator) = (line.answered_at.is_some(), line.is_in_conversation());
        if let Some(with) = joined {
            self.on_joined(now, with);
        } else if let Some(serves) = &line.serves {
            if let Serves::Client(client) = *serves {
                self.on_target(now, id, client, rings, !talked && answered);
                if pressed {
                    self.on_target_key(now, id, client);
                }
            }
        } else if !talked && answered {
            if has_operator {
                // Somebody may have been resumed since it was dialled.
                self.set_others_aside(now, id);
            }
            self.on_moved(now, id);
        }
    }

    fn on_stream_event(&mut self, now: Instant, id: LineId, event: StreamEvent) {
        let Some(line) = self.lines.get(&id) else { return };
        match (&event, &line.serves) {
            (StreamEvent::Digit(_), Some(Serves::Client(client))) => {
                let client = *client;
                return self.on_target_key(now, id, client);
            }
            (_, Some(_)) => return,
            (_, None) => {}
        }
        let audible = line.stage == Stage::Talking && !line.hold.is_muted() && !line.held_by_them;
        match event {
            StreamEvent::Digit(digit) => self.say(Event::Digit { line: id, digit }),
            // It crossed a hold on its way here.
            StreamEvent::NoAudio { .. } | StreamEvent::PoorAudio { .. } if !audible => {}
            // It crossed a mute.
            StreamEvent::NoAudio { cause, .. } if self.muted && cause.is_of_microphone() => {}
            StreamEvent::NoAudio { direction, cause } => {
                self.say(Event::NoAudio { line: id, direction, cause })
            }
            StreamEvent::AudioBack { direction } => self.say(Event::AudioBack { line: id, direction }),
            StreamEvent::PoorAudio { direction, cause } => {
                self.say(Event::PoorAudio { line: id, direction, cause });
            }
            StreamEvent::GoodAudio { direction } => self.say(Event::GoodAudio { line: id, direction }),
            _ => {}
        }
    }

    fn on_stream_stats(&mut self, id: LineId, stats: StreamStats) {
        if let Some(farewell) = self.farewells.remove(&id) {
            let codec = farewell.codec;
            self.codecs.learn(&stats);
            self.say(Event::Media { line: id, codec, stats });
            self.say(farewell.ended);
        } else if let Some(codec) = self.lines.get(&id).and_then(Line::codec) {
            self.say(Event::Media { line: id, codec, stats });
        }
    }

    fn catch_up(&mut self, now: Instant) {
        let ids: Vec<LineId> = self.lines.keys().copied().collect();
        for id in ids {
            if let Some((line, mut means)) = self.line(now, id) {
                line.catch_up(&mut means);
            }
        }
    }

    /// Calls whose audio still comes to an address that is not ours any more get a new one.
    fn move_lines(&mut self, now: Instant) {
        let local = self.local;
        let stale = |line: &&Line| {
            let session = line.session.as_ref().filter(|_| line.stage == Stage::Talking);
            session.is_some_and(|session| session.local().ip() != local)
        };
        let Some(id) = self.lines.values().find(stale).map(|line| line.id) else { return };
        // Else with the next `Input::MediaPort`.
        let Some(port) = self.free_port.take_if(|port| port.ip() == local) else { return };
        self.output.command(MediaCommand::TakePort);
        if let Some((line, mut means)) = self.line(now, id) {
            line.move_audio(&mut means, port);
        }
        self.drain_user_agent(now);
    }

    /// The lowest number that no call has.
    fn free_line(&self) -> LineId {
        let taken = |id: &LineId| self.lines.contains_key(id) || self.farewells.contains_key(id);
        (1..).map(LineId).find(|id| !taken(id)).unwrap_or(LineId(u32::MAX))
    }

    fn add_line(&mut self, line: Line) {
        self.lines_by_call.insert(line.call, line.id);
        self.lines.insert(line.id, line);
    }

    fn line(&mut self, now: Instant, id: LineId) -> Option<(&mut Line, Means<'_>)> {
        let line = self.lines.get_mut(&id)?;
        let means = Means { now, user_agent: &mut self.user_agent, pbx: &self.pbx, output: &mut self.output };
        Some((line, means))
    }

    fn say(&mut self, event: Event) {
        self.output.say(event);
    }
}

fn call_of(event: &sip::Event) -> Option<CallKey> {
    match event {
        sip::Event::Ringing { call, .. }
        | sip::Event::Accepted { call, .. }
        | sip::Event::Confirmed { call, .. }
        | sip::Event::Offer { call, .. }
        | sip::Event::Answer { call, .. }
        | sip::Event::Refreshed { call, .. }
        | sip::Event::Refer { call, .. }
        | sip::Event::Digit { call, .. }
        | sip::Event::DigitAnswered { call, .. } => Some(*call),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
