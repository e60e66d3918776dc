//! Whether anything is heard at all.
//!
//! What is missing is named once per spell, after [`PATIENCE`], so that it is said within three seconds. A
//! spell that a hold interrupts goes on after it, and is not named again.

use super::{AudioDirection, NoAudioCause};
use crate::instant::Instant;
use crate::media::rtcp::Heard;
use crate::media::{DeviceTrouble, StreamEvent};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_millis(2_500);

/// How long a call must have stood before figures say that nothing came.
const FIRST_PACKET: Duration = Duration::from_secs(1);

/// After comfort noise (RFC 3389) the other party may say nothing at all for long.
const PATIENCE_IN_COMFORT: Duration = Duration::from_secs(15);

/// Packets sent between two of their reports that make the second worth judging.
pub(super) const ENOUGH_SENT: u64 = 25;

/// A fraction lost, in 256ths, of nearly all.
const NEARLY_ALL: u8 = 250;

/// What we hear.
#[derive(Default)]
pub(in crate::media) struct Inbound {
    expected_since: Option<Instant>,
    /// The last packet that proves that all is well.
    good: Option<Instant>,
    silent: Option<Instant>,
    unknown: Option<Instant>,
    encrypted: Option<Instant>,
    strange: Option<Instant>,
    /// Sound has come in this call: silence is then no fault, it may be a muted microphone.
    sound_heard: bool,
    in_comfort: bool,
    said: bool,
    /// Since when no device lets it be heard.
    unheard_since: Option<Instant>,
    earpiece_said: bool,
}

impl Inbound {
    pub fn expect(&mut self, now: Instant, expected: bool) {
        self.expected_since = if expected { self.expected_since.or(Some(now)) } else { None };
    }

    pub const fn is_expected(&self) -> bool {
        self.expected_since.is_some()
    }

    pub fn heard_sound(&mut self, now: Instant) -> Option<StreamEvent> {
        self.sound_heard = true;
        self.in_comfort = false;
        self.heard(now)
    }

    /// A packet of digital silence.
    pub fn heard_silence(&mut self, now: Instant) -> Option<StreamEvent> {
        self.silent = Some(now);
        if self.sound_heard { self.heard(now) } else { None }
    }

    pub fn heard_comfort_noise(&mut self, now: Instant) -> Option<StreamEvent> {
        self.in_comfort = true;
        self.heard_silence(now)
    }

    /// A packet of a telephone event: proof that packets come.
    pub fn heard_event(&mut self, now: Instant) -> Option<StreamEvent> {
        self.heard(now)
    }

    pub fn heard_unknown(&mut self, now: Instant) {
        self.unknown = Some(now);
    }

    /// A packet of an agreed payload type that is longer than its sound by what SRTP appends.
    pub fn heard_encrypted(&mut self, now: Instant) {
        self.encrypted = Some(now);
    }

    pub fn heard_stranger(&mut self, now: Instant) {
        self.strange = Some(now);
    }

    pub fn check(&mut self, now: Instant) -> Option<StreamEvent> {
        let expected_since = self.expected_since?;
        let patience = if self.in_comfort { PATIENCE_IN_COMFORT } else { PATIENCE };
        let since = self.good.map_or(expected_since, |good| good.max(expected_since));
        if self.said || now.since(since) < patience {
            return None;
        }
        let lately = |heard: Option<Instant>| heard.is_some_and(|heard| now.since(heard) < PATIENCE);
        let cause = if lately(self.encrypted) {
            NoAudioCause::Encrypted
        } else if lately(self.unknown) {
            NoAudioCause::UnknownCodec
        } else if lately(self.silent) {
            NoAudioCause::OnlySilenceArrives
        } else if lately(self.strange) {
            NoAudioCause::WrongSource
        } else if self.good.or(self.silent).is_some() {
            NoAudioCause::ArrivalStopped
        } else {
            NoAudioCause::NothingArrives
        };
        self.said = true;
        Some(StreamEvent::NoAudio { direction: AudioDirection::In, cause })
    }

    /// Whether a device plays what comes, and what keeps it from being heard.
    pub fn earpiece(
        &mut self,
        now: Instant,
        plays: bool,
        trouble: Option<DeviceTrouble>,
    ) -> Option<StreamEvent> {
        let expected_since = self.expected_since?;
        if plays && trouble.is_none() {
            self.unheard_since = None;
            let back = std::mem::take(&mut self.earpiece_said) && !self.said;
            return back.then_some(StreamEvent::AudioBack { direction: AudioDirection::In });
        }
        let since = (*self.unheard_since.get_or_insert(now)).max(expected_since);
        if self.earpiece_said || now.since(since) < PATIENCE {
            return None;
        }
        self.earpiece_said = true;
        let cause = match trouble {
            Some(DeviceTrouble::Muted) => NoAudioCause::EarpieceMuted,
            Some(DeviceTrouble::Forbidden) => NoAudioCause::EarpieceForbidden,
            Some(DeviceTrouble::Busy) => NoAudioCause::EarpieceBusy,
            None => NoAudioCause::NoEarpiece,
        };
        Some(StreamEvent::NoAudio { direction: AudioDirection::In, cause })
    }

    /// Said to be missing, or due and never come.
    pub fn is_missing(&self, now: Instant) -> bool {
        let overdue = |since| now.since(since) >= FIRST_PACKET;
        let never_came = self.good.is_none() && self.silent.is_none();
        let missing = |since| self.said || self.earpiece_said || (never_came && overdue(since));
        self.expected_since.is_some_and(missing)
    }

    fn heard(&mut self, now: Instant) -> Option<StreamEvent> {
        self.good = Some(now);
        let back = self.said && self.expected_since.is_some();
        self.said &= !back;
        (back && !self.earpiece_said).then_some(StreamEvent::AudioBack { direction: AudioDirection::In })
    }
}

/// What we say: first whether the microphone gives it, then whether they hear it.
#[derive(Default)]
pub(in crate::media) struct Outbound {
    /// Since when a watched microphone should give sound.
    watched_since: Option<Instant>,
    frame: Option<Instant>,
    sound: Option<Instant>,
    microphone_said: bool,
    expected: bool,
    reports: Reports,
    remote_said: bool,
}

/// What their reports have told so far.
#[derive(Default)]
struct Reports {
    highest: Option<u32>,
    sent: u64,
    /// Reports in a row that say that nothing arrives.
    bad: u32,
}

impl Outbound {
    /// `expected`: whether they should hear us now. `watched`: whether the microphone should give sound.
    pub fn expect(&mut self, now: Instant, expected: bool, watched: bool, sent: u64) {
        if self.expected != expected {
            self.reports = Reports { sent, ..Reports::default() };
        }
        self.expected = expected;
        self.watched_since = if expected && watched { self.watched_since.or(Some(now)) } else { None };
    }

    pub const fn is_expected(&self) -> bool {
        self.expected
    }

    /// What the microphone gave: nothing, or a frame with or without sound.
    pub fn microphone(&mut self, now: Instant, frame: Option<bool>) -> Option<StreamEvent> {
        let has_sound = frame?;
        self.frame = Some(now);
        if !has_sound {
            return None;
        }
        self.sound = Some(now);
        self.recover(|outbound| std::mem::take(&mut outbound.microphone_said))
    }

    /// `trouble`: what keeps the microphone from giving sound.
    pub fn check(&mut self, now: Instant, trouble: Option<DeviceTrouble>) -> Option<StreamEvent> {
        let since = self.watched_since?;
        let missing =
            |last: Option<Instant>| now.since(last.map_or(since, |last| last.max(since))) >= PATIENCE;
        if self.microphone_said || !missing(self.sound) {
            return None;
        }
        let cause = match trouble {
            Some(DeviceTrouble::Muted) => NoAudioCause::MicrophoneMuted,
            Some(DeviceTrouble::Forbidden) => NoAudioCause::MicrophoneForbidden,
            Some(DeviceTrouble::Busy) => NoAudioCause::MicrophoneBusy,
            None if missing(self.frame) => NoAudioCause::NoMicrophone,
            None => NoAudioCause::SilentMicrophone,
        };
        self.microphone_said = true;
        Some(StreamEvent::NoAudio { direction: AudioDirection::Out, cause })
    }

    /// A report of theirs, and how many packets we had sent by then.
    pub fn report(&mut self, heard: Option<Heard>, sent: u64) -> Option<StreamEvent> {
        let sent_since = sent.saturating_sub(self.reports.sent);
        self.reports.sent = sent;
        if !self.expected || sent_since < ENOUGH_SENT {
            self.reports.highest = heard.map(|heard| heard.highest).or(self.reports.highest);
            return None;
        }
        let before = match heard {
            Some(heard) => self.reports.highest.replace(heard.highest),
            None => None,
        };
        self.reports.bad += match heard {
            None => 1,
            // Two reports in one comparison.
            Some(heard) if before == Some(heard.highest) => 2,
            Some(heard) if heard.fraction_lost >= NEARLY_ALL => 1,
            Some(_) => {
                self.reports.bad = 0;
                return self.recover(|outbound| std::mem::take(&mut outbound.remote_said));
            }
        };
        if self.remote_said || self.reports.bad < 2 {
            return None;
        }
        self.remote_said = true;
        let (direction, cause) = (AudioDirection::Out, NoAudioCause::RemoteHearsNothing);
        Some(StreamEvent::NoAudio { direction, cause })
    }

    pub fn is_missing(&self) -> bool {
        (self.microphone_said && self.watched_since.is_some()) || (self.remote_said && self.expected)
    }

    /// Sound is back only when nothing else is wrong.
    fn recover(&mut self, end: impl FnOnce(&mut Self) -> bool) -> Option<StreamEvent> {
        let ended = end(self);
        (ended && !self.microphone_said && !self.remote_said)
            .then_some(StreamEvent::AudioBack { direction: AudioDirection::Out })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Instant {
        Instant::from_start(Duration::from_millis(ms))
    }

    fn no_audio(direction: AudioDirection, cause: NoAudioCause) -> Option<StreamEvent> {
        Some(StreamEvent::NoAudio { direction, cause })
    }

    const BACK_OUT: StreamEvent = StreamEvent::AudioBack { direction: AudioDirection::Out };

    fn heard(highest: u32, fraction_lost: u8) -> Option<Heard> {
        Some(Heard { fraction_lost, highest, ..Heard::default() })
    }

    fn speaking() -> Outbound {
        let mut outbound = Outbound::default();
        outbound.expect(at(0), true, false, 0);
        outbound
    }

    #[test]
    fn their_second_report_without_progress_says_that_they_hear_nothing() {
        let mut outbound = speaking();
        assert_eq!(outbound.report(heard(100, 0), 125), None);
        assert_eq!(
            outbound.report(heard(100, 0), 375),
            no_audio(AudioDirection::Out, NoAudioCause::RemoteHearsNothing)
        );
        assert_eq!(outbound.report(heard(100, 0), 625), None, "once per spell");
        assert!(outbound.is_missing());
        assert_eq!(outbound.report(heard(900, 10), 875), Some(BACK_OUT));
    }

    #[test]
    fn so_does_the_second_that_never_mentions_us_or_loses_all() {
        for bad in [None, heard(5, 255)] {
            let mut outbound = speaking();
            assert_eq!(outbound.report(bad, 125), None);
            let again = bad.map(|heard| Heard { highest: heard.highest + 250, ..heard });
            assert!(outbound.report(again, 375).is_some(), "{bad:?}");
        }
    }

    #[test]
    fn reports_while_we_send_nothing_mean_nothing() {
        let mut outbound = speaking();
        for _ in 0..5 {
            assert_eq!(outbound.report(heard(100, 0), 10), None);
        }
        outbound.expect(at(0), false, false, 10);
        for sent in [200, 400, 600] {
            assert_eq!(outbound.report(None, sent), None);
        }
    }

    #[test]
    fn two_faults_are_over_when_both_are() {
        let mut outbound = Outbound::default();
        outbound.expect(at(0), true, true, 0);
        assert_eq!(
            outbound.check(at(2_500), None),
            no_audio(AudioDirection::Out, NoAudioCause::NoMicrophone)
        );
        outbound.report(None, 100);
        assert!(outbound.report(None, 200).is_some());
        assert_eq!(outbound.microphone(at(2_600), Some(true)), None);
        assert_eq!(outbound.report(heard(1, 0), 300), Some(BACK_OUT));
    }

    #[test]
    fn comfort_noise_asks_for_patience() {
        let mut inbound = Inbound::default();
        inbound.expect(at(0), true);
        inbound.heard_sound(at(1_000));
        inbound.heard_comfort_noise(at(1_020));
        assert_eq!(inbound.check(at(10_000)), None);
        assert_eq!(inbound.check(at(16_100)), no_audio(AudioDirection::In, NoAudioCause::ArrivalStopped));
    }

    #[test]
    fn an_earpiece_that_is_missing_is_named_once_and_its_return_told() {
        let mut inbound = Inbound::default();
        inbound.expect(at(0), true);
        inbound.heard_sound(at(100));
        assert_eq!(inbound.earpiece(at(1_000), false, None), None);
        assert_eq!(inbound.earpiece(at(2_000), true, None), None, "back before anybody missed it");
        assert_eq!(inbound.earpiece(at(3_000), false, None), None);
        inbound.heard_sound(at(5_400));
        let said = inbound.earpiece(at(5_500), false, None);
        assert_eq!(said, no_audio(AudioDirection::In, NoAudioCause::NoEarpiece));
        assert_eq!(inbound.earpiece(at(8_000), false, None), None, "once per spell");
        assert!(inbound.is_missing(at(8_000)));
        let back = Some(StreamEvent::AudioBack { direction: AudioDirection::In });
        assert_eq!(inbound.earpiece(at(8_020), true, None), back);
    }

    #[test]
    fn sound_is_back_when_it_both_comes_and_is_played() {
        let mut inbound = Inbound::default();
        inbound.expect(at(0), true);
        assert!(inbound.check(at(2_500)).is_some());
        inbound.earpiece(at(2_500), false, None);
        assert!(inbound.earpiece(at(5_000), false, None).is_some());
        assert_eq!(inbound.heard_sound(at(5_020)), None, "it comes, and nobody plays it");
        assert!(inbound.earpiece(at(5_040), true, None).is_some());
    }
}
