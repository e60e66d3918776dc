//! Digits as telephone events (RFC 4733).

use std::collections::VecDeque;

/// A packet each 20 ms; a press lasts five of them, and as long passes until the next.
const PACKETS_PER_SECOND: u32 = 50;
const TONE: u16 = 5;
const GAP: u8 = 5;

/// Power of the tone, in -dBm0.
const VOLUME: u8 = 10;

/// The last packet is sent three times (RFC 4733 §2.5.1.4).
const END_PACKETS: u8 = 3;

/// Digits that may wait.
const QUEUE: usize = 256;

/// Packets of an older press come no later than this.
const REORDERED_SECONDS: u32 = 5;

const KEYS: &[u8; 16] = b"0123456789*#ABCD";

const END: u8 = 0x80;

/// The digits that we press, one after another.
#[derive(Default)]
pub(super) struct Presser {
    queue: VecDeque<u8>,
    state: State,
}

#[derive(Default)]
enum State {
    #[default]
    Idle,
    Pressed {
        event: u8,
        timestamp: u32,
        /// Packets' worth of it so far.
        length: u16,
        ends_left: u8,
    },
    /// Ticks until the next press.
    Gap(u8),
}

/// One packet of an event; in place of sound.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct EventPacket {
    pub payload: [u8; 4],
    pub timestamp: u32,
    pub marker: bool,
}

impl Presser {
    pub fn press(&mut self, digits: &str) {
        let events = digits.bytes().filter_map(event_of);
        self.queue.extend(events.take(QUEUE.saturating_sub(self.queue.len())));
    }

    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// Every 20 ms, with the timestamp of that moment. Durations are told in the clock of the event's payload type (RFC 4733 §2.1).
    pub fn tick(&mut self, timestamp: u32, clock_hz: u32) -> Option<EventPacket> {
        match &mut self.state {
            State::Gap(left) if *left > 0 => {
                *left -= 1;
                None
            }
            State::Pressed { .. } => self.hold(clock_hz),
            State::Idle | State::Gap(_) => self.start(timestamp, clock_hz),
        }
    }

    fn start(&mut self, timestamp: u32, clock_hz: u32) -> Option<EventPacket> {
        let Some(event) = self.queue.pop_front() else {
            self.state = State::Idle;
            return None;
        };
        self.state = State::Pressed { event, timestamp, length: 1, ends_left: END_PACKETS };
        Some(EventPacket { payload: payload(event, VOLUME, duration(1, clock_hz)), timestamp, marker: true })
    }

    fn hold(&mut self, clock_hz: u32) -> Option<EventPacket> {
        let State::Pressed { event, timestamp, length, ends_left } = &mut self.state else { return None };
        let (event, timestamp) = (*event, *timestamp);
        *length = length.saturating_add(1).min(TONE);
        let ended = *length == TONE;
        *ends_left -= u8::from(ended); // three ends at most, then the state is left
        let flags = VOLUME | if ended { END } else { 0 };
        let duration = duration(*length, clock_hz);
        let packet = EventPacket { payload: payload(event, flags, duration), timestamp, marker: false };
        if *ends_left == 0 {
            // The repeated ends were sent within the gap.
            self.state = State::Gap(GAP - (END_PACKETS - 1));
        }
        Some(packet)
    }
}

/// Of so many packets, in samples.
fn duration(packets: u16, clock_hz: u32) -> u16 {
    u16::try_from(u32::from(packets) * (clock_hz / PACKETS_PER_SECOND)).unwrap_or(u16::MAX)
}

/// Recognises the digits that they press, each once: presses differ by their timestamp.
#[derive(Default)]
pub(super) struct Listener {
    last: Option<Press>,
}

#[derive(Clone, Copy)]
struct Press {
    ssrc: u32,
    event: u8,
    timestamp: u32,
    duration: u16,
    ended: bool,
}

impl Listener {
    /// A packet of an event: the digit, if it is the first heard of this press. `clock_hz` is that of the timestamps.
    pub fn hear(&mut self, ssrc: u32, timestamp: u32, payload: &[u8], clock_hz: u32) -> Option<char> {
        // One that is longer is encrypted, and no digit.
        let &[event, flags, high, low] = payload else { return None };
        let digit = char::from(*KEYS.get(usize::from(event))?);
        let duration = u16::from_be_bytes([high, low]);
        let press = Press { ssrc, event, timestamp, duration, ended: flags & END != 0 };
        let known = self.last.replace(press);
        let Some(known) = known.filter(|known| known.ssrc == ssrc) else { return Some(digit) };
        let ahead = timestamp.wrapping_sub(known.timestamp).cast_signed();
        if ahead == 0 {
            let duration = known.duration.max(duration);
            self.last = Some(Press { duration, ended: known.ended || press.ended, ..press });
            return None;
        }
        let oldest = (REORDERED_SECONDS * clock_hz).cast_signed();
        if (-oldest..0).contains(&ahead) {
            self.last = Some(known);
            return None;
        }
        (!known.goes_on_in(&press)).then_some(digit)
    }
}

impl Press {
    /// A press longer than 65,535 samples goes on under a new timestamp (RFC 4733 §2.5.1.3).
    fn goes_on_in(&self, next: &Self) -> bool {
        let ahead = next.timestamp.wrapping_sub(self.timestamp);
        self.event == next.event
            && !self.ended
            && self.duration > 0xf000
            && (0xf000..=0x1_0000).contains(&ahead)
    }
}

fn event_of(digit: u8) -> Option<u8> {
    let digit = digit.to_ascii_uppercase();
    // Sixteen keys.
    KEYS.iter().position(|key| *key == digit).map(|event| event as u8)
}

fn payload(event: u8, flags: u8, duration: u16) -> [u8; 4] {
    let [high, low] = duration.to_be_bytes();
    [event, flags, high, low]
}

#[cfg(test)]
mod tests {
    use super::*;

    const HZ: u32 = 8_000;

    /// Samples between two packets.
    const STEP: u16 = 160;

    /// All packets of these digits, with the tick of each.
    fn packets(digits: &str, first_timestamp: u32) -> Vec<(u32, EventPacket)> {
        let mut presser = Presser::default();
        presser.press(digits);
        (0..200)
            .filter_map(|tick| {
                let timestamp = first_timestamp.wrapping_add(tick * u32::from(STEP));
                presser.tick(timestamp, HZ).map(|packet| (tick, packet))
            })
            .collect()
    }

    fn heard<'a>(packets: impl IntoIterator<Item = &'a (u32, EventPacket)>) -> String {
        let mut listener = Listener::default();
        packets.into_iter().filter_map(|(_, p)| listener.hear(1, p.timestamp, &p.payload, HZ)).collect()
    }

    #[test]
    fn one_press_is_seven_packets_under_one_timestamp() {
        let sent = packets("5", 1_000);
        let durations: Vec<u16> =
            sent.iter().map(|(_, p)| u16::from_be_bytes([p.payload[2], p.payload[3]])).collect();
        assert_eq!(durations, [160, 320, 480, 640, 800, 800, 800]);
        assert!(sent.iter().all(|(_, p)| p.timestamp == 1_000 && p.payload[0] == 5));
        let markers: Vec<bool> = sent.iter().map(|(_, p)| p.marker).collect();
        assert_eq!(markers, [true, false, false, false, false, false, false]);
        let ends: Vec<bool> = sent.iter().map(|(_, p)| p.payload[1] == END | VOLUME).collect();
        assert_eq!(ends, [false, false, false, false, true, true, true]);
    }

    #[test]
    fn durations_are_told_in_the_clock_of_the_event() {
        let mut presser = Presser::default();
        presser.press("5");
        let durations: Vec<u16> = (0..10)
            .filter_map(|tick| presser.tick(tick * 960, 48_000))
            .map(|packet| u16::from_be_bytes([packet.payload[2], packet.payload[3]]))
            .collect();
        assert_eq!(durations, [960, 1_920, 2_880, 3_840, 4_800, 4_800, 4_800]);
    }

    #[test]
    fn presses_are_two_hundred_ms_apart() {
        let starts: Vec<u32> =
            packets("1*#d", 0).iter().filter(|(_, p)| p.marker).map(|(tick, _)| *tick).collect();
        assert_eq!(starts, [0, 10, 20, 30]);
        assert_eq!(heard(&packets("12233*#aD", u32::MAX - 900)), "12233*#AD");
    }

    #[test]
    fn any_one_packet_is_enough() {
        let sent = packets("7", 0);
        for kept in &sent {
            assert_eq!(heard([kept]), "7");
        }
    }

    #[test]
    fn lost_ends_do_not_hide_the_same_digit_pressed_again() {
        let sent = packets("99", 0);
        assert_eq!(heard(sent.iter().filter(|(_, p)| p.payload[1] & END == 0)), "99");
    }

    #[test]
    fn packets_in_any_order_give_each_press_once() {
        let mut sent = packets("12", 0);
        sent.swap(5, 8);
        assert_eq!(heard(&sent), "12");
    }

    #[test]
    fn very_long_press_is_one_digit() {
        let mut listener = Listener::default();
        let mut digits = 0;
        for (timestamp, updates) in [(0_u32, 409_u16), (65_535, 300)] {
            for n in 1..=updates {
                digits +=
                    usize::from(listener.hear(1, timestamp, &payload(3, VOLUME, n * STEP), HZ).is_some());
            }
            digits +=
                usize::from(timestamp == 0 && listener.hear(1, 0, &payload(3, VOLUME, 0xffff), HZ).is_some());
        }
        assert_eq!(digits, 1);
    }

    #[test]
    fn other_events_and_cut_packets_are_no_digits() {
        let mut listener = Listener::default();
        assert_eq!(listener.hear(1, 0, &payload(16, 0, 160), HZ), None, "hook flash");
        assert_eq!(listener.hear(1, 0, &[5, 0, 0], HZ), None);
        assert_eq!(listener.hear(1, 0, &[], HZ), None);
        for tag in [4, 10, 16] {
            let encrypted = [payload(5, VOLUME, 160).as_slice(), &[0x5a; 16][..tag]].concat();
            assert_eq!(listener.hear(1, 0, &encrypted, HZ), None, "with a tag of {tag}");
        }
    }

    #[test]
    fn new_ssrc_starts_anew() {
        let mut listener = Listener::default();
        assert_eq!(listener.hear(1, 500, &payload(1, 0, 160), HZ), Some('1'));
        assert_eq!(listener.hear(2, 500, &payload(1, 0, 160), HZ), Some('1'));
    }
}
