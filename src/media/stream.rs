//! One RTP stream in each direction (RFC 3550), from packets and frames to packets and frames.

mod report;
mod sender;
#[cfg(test)]
mod tests;

pub use report::{AudioDirection, DeviceFigures, NoAudioCause, Runs, StreamEvent, StreamOutput, StreamStats};

use super::codec::Decoder;
use super::dtmf::{Listener, Presser};
use super::jitter::{JitterBuffer, Sound};
use super::peer::{Peer, Source};
use super::quality::{Inbound, Outbound, mean_opinion};
use super::rtcp::{Reception, Reporter};
use super::rtp::{self, Packet};
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

/// One RTP stream in each direction, with its RTCP.
pub struct Stream {
    plan: StreamPlan,
    peer: Peer,
    outputs: VecDeque<StreamOutput>,
    sender: Sender,
    presser: Presser,
    reporter: Reporter,
    reception: Reception,
    playout: JitterBuffer,
    decoder: Option<(Codec, Box<dyn Decoder>)>,
    listener: Listener,
    inbound: Inbound,
    outbound: Outbound,
    microphone_watched: bool,
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
            playout: JitterBuffer::new(),
            decoder: None,
            listener: Listener::default(),
            inbound: Inbound::default(),
            outbound: Outbound::default(),
            microphone_watched: false,
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
        let event = self.inbound.earpiece(now, plays);
        self.tell_all(event);
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
        self.reception.count(now, rtp.ssrc, rtp.sequence, rtp.timestamp, codec.map(Codec::clock_hz));
        let event = match codec {
            Some(codec) => self.on_sound(now, &rtp, codec),
            None if self.plan.telephone_event_in.contains(&rtp.payload_type) => {
                let clock = self.plan.codec.clock_hz();
                if let Some(digit) = self.listener.hear(rtp.ssrc, rtp.timestamp, rtp.payload, clock) {
                    self.tell(StreamEvent::Digit(digit));
                }
                self.inbound.heard_event(now)
            }
            None if rtp.payload_type == COMFORT_NOISE => self.inbound.heard_comfort_noise(now),
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
        let reports = self.reporter.read(now, &packet.bytes);
        if !reports.is_empty() {
            let heard = reports.into_iter().flatten().next();
            if let Some(heard) = &heard {
                self.sender.expect_loss(f32::from(heard.fraction_lost) / 256.0);
            }
            let event = self.outbound.report(heard, self.sender.packets());
            self.tell_all(event);
        }
    }

    /// The rate of what is sent: frames that have it are not converted.
    pub const fn sends_at(&self) -> Rate {
        Rate::Narrow
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
        if self.plan.direction.receives() { self.playout.play(now) } else { Frame::silence(Rate::Narrow) }
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
        let (lost, late, rx_packets) = (self.reception.lost(), self.playout.late(), self.reception.packets());
        let (delay_ms, rtt_ms) = (self.playout.delay_ms(), self.reporter.rtt_ms());
        // Packetisation, network, playout; devices apart.
        let mouth_to_ear = self.plan.ptime_ms as f32 + rtt_ms.unwrap_or_default() / 2.0 + delay_ms;
        let loss = (lost + late) as f32 / self.reception.expected().max(1) as f32;
        StreamStats {
            tx_packets: self.sender.packets(),
            rx_packets,
            lost,
            late,
            strangers: self.strangers,
            jitter_ms: self.reception.jitter_ms(),
            delay_ms,
            rtt_ms,
            mos: (rx_packets > 0).then(|| mean_opinion(mouth_to_ear, loss)),
            no_audio: if self.inbound.is_missing(now) {
                Some(AudioDirection::In)
            } else {
                self.outbound.is_missing().then_some(AudioDirection::Out)
            },
            devices: DeviceFigures::default(),
        }
    }

    /// Says goodbye by RTCP BYE; sends nothing afterwards.
    pub fn close(&mut self, now: Instant) {
        if let Some(to) = self.peer.rtcp_destination().filter(|_| !self.closed) {
            let bytes = self.reporter.goodbye(now, &self.sender.told(), &mut self.reception);
            self.outputs.push_back(StreamOutput::Rtcp(datagram(to, bytes)));
        }
        self.closed = true;
    }

    fn on_sound(&mut self, now: Instant, rtp: &Packet<'_>, codec: Codec) -> Option<StreamEvent> {
        let samples = self.decode(codec, rtp.payload);
        if self.plan.direction.receives() {
            let &Packet { ssrc, sequence, marker, .. } = rtp;
            let timestamp = rtp.timestamp / (codec.clock_hz() / Rate::Narrow.hz());
            self.playout.put(now, &Sound { ssrc, sequence, timestamp, marker, samples: &samples });
        }
        let least = codec.silence_amplitude().unsigned_abs();
        if samples.iter().any(|sample| sample.unsigned_abs() > least) {
            self.inbound.heard_sound(now)
        } else {
            self.inbound.heard_silence(now)
        }
    }

    /// At the narrow rate.
    fn decode(&mut self, codec: Codec, payload: &[u8]) -> Vec<i16> {
        if self.decoder.as_ref().is_none_or(|(known, _)| *known != codec) {
            self.decoder = Some((codec, codec.decoder()));
        }
        let mut sound = Vec::new();
        if let Some((_, decoder)) = &mut self.decoder {
            decoder.decode(payload, &mut sound);
        }
        let step = codec.rate().per_ms() / Rate::Narrow.per_ms();
        let middle = |samples: &[i16]| samples.iter().map(|s| i32::from(*s)).sum::<i32>() / step as i32;
        sound.chunks_exact(step).map(|samples| middle(samples) as i16).collect()
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
        let events =
            [self.outbound.microphone(now, has_sound), self.outbound.check(now), self.inbound.check(now)];
        events.into_iter().for_each(|event| self.tell_all(event));
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
        let bytes = self.reporter.report(now, &self.sender.told(), &mut self.reception);
        self.sender.reported();
        if let Some(to) = self.peer.rtcp_destination() {
            self.outputs.push_back(StreamOutput::Rtcp(datagram(to, bytes)));
        }
    }

    fn tell(&mut self, event: StreamEvent) {
        self.outputs.push_back(StreamOutput::Event(event));
    }

    fn tell_all(&mut self, events: impl IntoIterator<Item = StreamEvent>) {
        self.outputs.extend(events.into_iter().map(StreamOutput::Event));
    }
}

/// Whether a telephone has such a key: `0`–`9`, `*`, `#`, `A`–`D`.
pub fn is_digit(digit: char) -> bool {
    matches!(digit, '0'..='9' | '*' | '#' | 'A'..='D' | 'a'..='d')
}

fn datagram(to: SocketAddr, bytes: Vec<u8>) -> Transmit {
    Transmit { transport: Transport::Udp, to, bytes }
}
