//! One RTP stream in each direction (RFC 3550), from packets and frames to packets and frames.

mod report;
mod sender;
#[cfg(test)]
mod tests;

pub use report::{DeviceFigures, DeviceState, DeviceTrouble, Runs, StreamEvent, StreamOutput, StreamStats};

use super::dtmf::{Listener, Presser};
use super::lengths::Lengths;
use super::opinion::{self, Conditions};
use super::peer::{Peer, Source};
use super::playout::{self, Content, Playout};
use super::rtcp::{Bursts, Heard, Reception, Reporter, VoipMetrics};
use super::rtp::{self, Packet};
use super::verdict::{AudioDirection, Counts, Inbound, Outbound, Poor, Scores};
use super::{Codec, Frame, Rate, StreamPlan};
use crate::instant::Instant;
use crate::transmit::{Received, Transmit, Transport};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use sender::Sender;
use std::collections::VecDeque;
use std::net::SocketAddr;

/// Comfort noise (RFC 3389): sent by some without agreement.
const COMFORT_NOISE: u8 = 13;

/// Frames that are heard as missing when a device's buffer runs dry or over: it is filled again first.
const FRAMES_PER_RUN: u64 = 2;

/// One RTP stream in each direction, with its RTCP.
pub struct Stream {
    plan: StreamPlan,
    peer: Peer,
    outputs: VecDeque<StreamOutput>,
    sender: Sender,
    presser: Presser,
    reporter: Reporter,
    reception: Reception,
    playout: Playout,
    /// What became of every packet that was due.
    bursts: Bursts,
    /// Whether what comes is longer than its sound.
    lengths: Lengths,
    /// What they last reported of what we send.
    heard_there: Option<Heard>,
    listener: Listener,
    inbound: Inbound,
    outbound: Outbound,
    poor: Poor,
    microphone_watched: bool,
    devices: DeviceState,
    strangers: u64,
    closed: bool,
}

impl Stream {
    /// The seed gives SSRC, first sequence number, first timestamp and the CNAME.
    pub fn new(now: Instant, plan: StreamPlan, seed: [u8; 32]) -> Self {
        let mut rng = ChaCha20Rng::from_seed(seed);
        let sender = Sender::new(&mut rng, &plan);
        let mut stream = Self {
            peer: Peer::new(plan.remote, plan.remote_rtcp),
            outputs: VecDeque::new(),
            presser: Presser::default(),
            reporter: Reporter::new(now, sender.ssrc(), rng),
            sender,
            reception: Reception::default(),
            playout: Playout::new(),
            bursts: Bursts::default(),
            lengths: Lengths::default(),
            heard_there: None,
            listener: Listener::default(),
            inbound: Inbound::default(),
            outbound: Outbound::default(),
            poor: Poor::default(),
            microphone_watched: false,
            devices: DeviceState::default(),
            strangers: 0,
            closed: false,
            plan,
        };
        stream.expect(now);
        stream
    }

    /// A new plan for the running stream (hold, resume, new address, answered): sequence and SSRC go on.
    pub fn apply(&mut self, now: Instant, plan: StreamPlan) {
        self.peer.agree(plan.remote, plan.remote_rtcp);
        if (plan.remote, plan.remote_rtcp) != (self.plan.remote, self.plan.remote_rtcp) {
            let event = self.poor.is_elsewhere();
            self.tell_all(event);
        }
        if plan.telephone_event.is_none() {
            self.presser.forget();
        }
        if !plan.direction.receives() {
            self.playout.reset();
        }
        self.sender.apply(&plan);
        self.plan = plan;
        self.expect(now);
    }

    /// Whether missing or all-zero microphone frames are a fault: true for a real device that is not muted,
    /// false (as at the start) for files, null devices and a muted microphone.
    pub fn watch_microphone(&mut self, now: Instant, watched: bool) {
        self.microphone_watched = watched;
        self.expect(now);
    }

    /// After each tick of a line that the operator listens to: whether a device plays its sound.
    pub fn watch_earpiece(&mut self, now: Instant, plays: bool) {
        let event = self.inbound.earpiece(now, plays, self.devices.earpiece);
        self.tell_all(event);
    }

    /// What whoever has the operator's devices knows of them, with counts since the start of the stream.
    pub fn know_devices(&mut self, devices: DeviceState) {
        self.devices = devices;
    }

    /// A packet came to the RTP port.
    pub fn handle_rtp(&mut self, now: Instant, packet: Received) {
        if rtp::is_rtcp(&packet.bytes) {
            return self.handle_rtcp(now, packet);
        }
        let Some(rtp) = Packet::parse(&packet.bytes).filter(|_| !self.closed) else { return };
        if self.peer.judge(now, packet.from) != Source::Believed {
            self.strangers += 1;
            return self.inbound.heard_stranger(now);
        }
        if self.reception.packets() == 0 {
            self.tell(StreamEvent::FirstPacketIn);
        }
        let codec =
            self.plan.accepted.iter().find(|(pt, _)| *pt == rtp.payload_type).map(|(_, codec)| *codec);
        self.count(now, &rtp, codec);
        let event = match codec {
            // Noise at full volume, if it were played.
            Some(codec) if self.lengths.has_tag(codec, &rtp) => {
                self.inbound.heard_encrypted(now);
                None
            }
            Some(codec) => {
                self.put(now, &rtp, Content::Sound { codec, payload: rtp.payload });
                None
            }
            None if self.plan.telephone_event_in.contains(&rtp.payload_type) => {
                let clock = self.plan.codec.clock_hz();
                if let Some(digit) = self.listener.hear(rtp.ssrc, rtp.timestamp, rtp.payload, clock) {
                    self.tell(StreamEvent::Digit(digit));
                }
                self.inbound.heard_event(now)
            }
            None if rtp.payload_type == COMFORT_NOISE => {
                self.put(now, &rtp, Content::ComfortNoise { payload: rtp.payload });
                self.inbound.heard_comfort_noise(now)
            }
            None => {
                self.inbound.heard_unknown(now);
                None
            }
        };
        self.tell_all(event);
    }

    /// A packet came to the RTCP port.
    pub fn handle_rtcp(&mut self, now: Instant, packet: Received) {
        if self.closed || self.peer.judge_rtcp(packet.from) != Source::Believed {
            return;
        }
        let reports = self.reporter.read(now, self.plan.codec.clock_hz(), &packet.bytes);
        if !reports.is_empty() {
            let heard = reports.into_iter().flatten().next();
            if let Some(heard) = &heard {
                self.sender.expect_loss(heard.fraction());
            }
            self.heard_there = heard.or(self.heard_there);
            let sent = self.sender.packets();
            let event = self.outbound.report(heard, sent);
            self.tell_all(event);
            let event = self.poor.report(heard, sent, self.outbound.is_expected(), self.conditions());
            self.tell_all(event);
        }
    }

    /// Every 20 ms: the frame to send in, at any rate, the one that came out, at the rate of what they send. `microphone` is
    /// what the operator's gave, if anything; in a conference others are heard in `sent` as well.
    pub fn tick(&mut self, now: Instant, microphone: Option<&Frame>, sent: &Frame) -> Frame {
        if self.closed {
            return Frame::silence(Rate::Narrow);
        }
        self.watch(now, microphone);
        self.send(sent);
        if self.reporter.is_due(now) {
            self.send_report(now);
        }
        if self.plan.direction.receives() { self.play(now) } else { Frame::silence(Rate::Narrow) }
    }

    /// Once after a source has begun to send: when the first tick should come that plays it (and then every 20 ms).
    pub fn take_begun(&mut self) -> Option<Instant> {
        self.playout.take_begun()
    }

    /// The rate of the sound that it sends; sound of any other is converted.
    pub fn sends_at(&self) -> Rate {
        self.sender.rate()
    }

    /// Queues digits (RFC 4733) behind those under way: each 100 ms long, 100 ms apart.
    /// What is no digit ([`is_digit`]) is left out, and all are without an agreed payload type.
    pub fn send_digits(&mut self, digits: &str) {
        if self.plan.telephone_event.is_some() {
            self.presser.press(digits);
        }
    }

    pub fn poll_output(&mut self) -> StreamOutput {
        self.outputs.pop_front().unwrap_or(StreamOutput::Idle)
    }

    pub fn stats(&self, now: Instant) -> StreamStats {
        let rx_packets = self.reception.packets();
        StreamStats {
            tx_packets: self.sender.packets(),
            rx_packets,
            lost: self.reception.lost(),
            late: self.playout.figures().late,
            strangers: self.strangers,
            jitter_ms: self.reception.jitter_ms(),
            delay_ms: self.playout.delay_ms(),
            rtt_ms: self.reporter.rtt_ms(),
            lost_there: self.heard_there.map(|heard| heard.lost.into()),
            jitter_there_ms: self.heard_there.map(|heard| heard.jitter_ms),
            here: Scores {
                call: (rx_packets > 0).then(|| opinion::score(opinion::rating(&self.conditions()))),
                ..self.poor.here()
            },
            there: self.scores_there(),
            no_audio: if self.inbound.is_missing(now) {
                Some(AudioDirection::In)
            } else {
                self.outbound.is_missing().then_some(AudioDirection::Out)
            },
            devices: self.devices.figures,
        }
    }

    /// Says goodbye by RTCP BYE; sends nothing afterwards.
    pub fn close(&mut self, now: Instant) {
        if let Some(to) = self.peer.rtcp_destination().filter(|_| !self.closed) {
            let metrics = self.metrics();
            let bytes =
                self.reporter.goodbye(now, &self.sender.told(), &mut self.reception, metrics.as_ref());
            self.outputs.push_back(StreamOutput::Rtcp(datagram(to, bytes)));
        }
        self.closed = true;
    }

    /// Also what did not come before it.
    fn count(&mut self, now: Instant, rtp: &Packet<'_>, codec: Option<Codec>) {
        let before = self.reception.expected();
        self.reception.count(now, rtp.ssrc, rtp.sequence, rtp.timestamp, codec.map(Codec::clock_hz));
        let due = self.reception.expected().saturating_sub(before);
        // One that was overtaken has been told as lost.
        (1..due).for_each(|_| self.bursts.lost());
        if due > 0 {
            self.bursts.received();
        }
    }

    fn put(&mut self, now: Instant, rtp: &Packet<'_>, content: Content<'_>) {
        if !self.plan.direction.receives() {
            return;
        }
        let late = self.playout.figures().late;
        let &Packet { ssrc, sequence, timestamp, marker, .. } = rtp;
        self.playout.put(now, &playout::Packet { ssrc, sequence, timestamp, marker, content });
        (late..self.playout.figures().late).for_each(|_| self.bursts.lost());
    }

    fn play(&mut self, now: Instant) -> Frame {
        let frame = self.playout.play(now);
        let event = match self.playout.take_heard() {
            Some(true) => self.inbound.heard_sound(now),
            Some(false) => self.inbound.heard_silence(now),
            None => None,
        };
        self.tell_all(event);
        frame
    }

    /// What their voice goes through on its way to us, over the whole call.
    fn conditions(&self) -> Conditions {
        let missed = self.reception.lost() + self.playout.figures().late;
        // Packetisation, network, playout; devices apart.
        let network = self.reporter.rtt_ms().unwrap_or_default() / 2.0;
        Conditions {
            codec: self.plan.codec,
            delay_ms: self.plan.ptime_ms as f32 + network + self.playout.delay_ms(),
            loss: missed as f32 / self.reception.expected().max(1) as f32,
            burst_ratio: self.bursts.figures().ratio,
        }
    }

    /// What they say of our voice goes before what follows from what they miss.
    fn scores_there(&self) -> Scores {
        let said = self.reporter.theirs().and_then(|theirs| theirs.conversation);
        let scores = self.poor.there();
        Scores { call: said.or(scores.call), ..scores }
    }

    /// For their side's figures (RFC 3611 §4.7); none before the first packet.
    fn metrics(&self) -> Option<VoipMetrics> {
        let expected = Some(self.reception.expected()).filter(|expected| *expected > 0)? as f32;
        let (conditions, figures) = (self.conditions(), self.playout.figures());
        let rating = opinion::rating(&conditions);
        let undelayed = opinion::rating(&Conditions { delay_ms: 0.0, ..conditions });
        Some(VoipMetrics {
            loss: self.reception.lost() as f32 / expected,
            discard: figures.late as f32 / expected,
            bursts: self.bursts.figures(),
            packet_ms: self.plan.ptime_ms as f32,
            round_trip_ms: self.reporter.rtt_ms().unwrap_or_default(),
            end_system_ms: self.plan.ptime_ms as f32 + figures.delay_ms,
            rating: Some(rating),
            listening: Some(opinion::score(undelayed)),
            conversation: Some(opinion::score(rating)),
            buffer_ms: figures.delay_ms,
            most_buffer_ms: figures.most_delay_ms,
        })
    }

    /// What the plan lets us expect of both directions.
    fn expect(&mut self, now: Instant) {
        let plan = &self.plan;
        let talking = !plan.held_by_them && !plan.early;
        self.inbound.expect(now, talking && plan.direction.receives());
        let heard = talking && plan.direction.sends();
        self.outbound.expect(now, heard, self.microphone_watched, self.sender.packets());
    }

    fn watch(&mut self, now: Instant, microphone: Option<&Frame>) {
        let has_sound = microphone.map(|frame| !frame.is_silent());
        let events = [
            self.outbound.microphone(now, has_sound),
            self.outbound.check(now, self.devices.microphone),
            self.inbound.check(now),
        ];
        events.into_iter().for_each(|event| self.tell_all(event));
        if self.poor.is_due(now) {
            let events = self.poor.look(now, self.came(), self.went());
            events.into_iter().for_each(|event| self.tell_all(event));
        }
    }

    /// What we hear of them, for the judgement; none while they are not to be heard.
    fn came(&self) -> Option<(Counts, Conditions)> {
        let DeviceFigures { earpiece, skipped, .. } = self.devices.figures;
        let counts = Counts {
            due: self.reception.expected(),
            lost: self.reception.lost(),
            late: self.playout.figures().late,
            gaps: earpiece.frames(FRAMES_PER_RUN) + u64::from(skipped),
        };
        self.inbound.is_expected().then(|| (counts, self.conditions()))
    }

    /// What leaves us; none while nobody is to hear the operator. On its way it is judged by their reports.
    fn went(&self) -> Option<(Counts, Conditions)> {
        let DeviceFigures { microphone, skipped, .. } = self.devices.figures;
        let gaps = microphone.frames(FRAMES_PER_RUN) + u64::from(skipped);
        let counts = Counts { due: self.sender.packets(), gaps, ..Counts::default() };
        // A gap is one whatever the codec.
        let conditions = Conditions { codec: Codec::Pcma, delay_ms: 0.0, loss: 0.0, burst_ratio: 1.0 };
        (self.outbound.is_expected() && self.microphone_watched).then_some((counts, conditions))
    }

    fn send(&mut self, frame: &Frame) {
        let timestamp = self.sender.tick();
        let Some(to) = self.peer.destination().filter(|_| self.plan.direction.sends()) else {
            return self.sender.pause();
        };
        let first = self.sender.packets() == 0;
        let clock = self.plan.telephone_event_hz;
        let event = self.plan.telephone_event.and_then(|pt| Some((pt, self.presser.tick(timestamp, clock)?)));
        if let Some((payload_type, event)) = event {
            self.sender.take(None);
            let bytes = self.sender.packet(payload_type, event.marker, event.timestamp, &event.payload);
            self.outputs.push_back(StreamOutput::Rtp(datagram(to, bytes)));
        } else {
            self.sender.take(Some(frame));
            while let Some(bytes) = self.sender.sound_packet(&self.plan) {
                self.outputs.push_back(StreamOutput::Rtp(datagram(to, bytes)));
            }
        }
        if first && self.sender.packets() > 0 {
            self.tell(StreamEvent::FirstPacketOut);
        }
    }

    fn send_report(&mut self, now: Instant) {
        let metrics = self.metrics();
        let bytes = self.reporter.report(now, &self.sender.told(), &mut self.reception, metrics.as_ref());
        self.sender.reported();
        if let Some(to) = self.peer.rtcp_destination() {
            self.outputs.push_back(StreamOutput::Rtcp(datagram(to, bytes)));
        }
    }

    fn tell(&mut self, event: StreamEvent) {
        match event {
            StreamEvent::NoAudio { direction, .. } => self.poor.is_missing(direction, true),
            StreamEvent::AudioBack { direction } => self.poor.is_missing(direction, false),
            _ => {}
        }
        self.outputs.push_back(StreamOutput::Event(event));
    }

    fn tell_all(&mut self, events: impl IntoIterator<Item = StreamEvent>) {
        events.into_iter().for_each(|event| self.tell(event));
    }
}

/// Whether a telephone has such a key: `0`–`9`, `*`, `#`, `A`–`D`.
pub fn is_digit(digit: char) -> bool {
    matches!(digit, '0'..='9' | '*' | '#' | 'A'..='D' | 'a'..='d')
}

fn datagram(to: SocketAddr, bytes: Vec<u8>) -> Transmit {
    Transmit { transport: Transport::Udp, to, bytes }
}
