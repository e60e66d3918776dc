//! Recording of conversations (duties 24 and 26): what a company may allow, what its register says of it, and when a recording
//! is over.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::call_record::CallRecordId;
use crate::text::{Catalogue, msg};

/// Which conversations are recorded, where the company allows it at all.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum When {
    /// Those for which the operator asks.
    #[default]
    Asked,
    /// Every conversation with a client.
    Always,
}

/// How a client is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub enum Announce {
    /// Not by the telephone: the PBX has said it, or a contract does.
    Elsewhere,
    /// By a tone that is repeated.
    Tone,
    /// By the company's own words, before anything of theirs is recorded.
    Voice,
    /// By the operator, who says that the client agrees; until then nothing is recorded.
    Consent,
    /// A way that this version does not know.
    #[serde(other)]
    Other,
}

/// What the agent goes by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RecordingRules {
    pub when: When,
    pub announce: Announce,
}

/// How the two sides stand in a recording.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Layout {
    /// Left what the client was given to hear, right what they said.
    #[default]
    Stereo,
    /// Both together.
    Mixed,
}

/// Why nothing of the conversation stands in a passage of a recording; it is silent there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Blank {
    /// The operator paused the recording for something confidential.
    Paused,
    /// The client was on hold, or held us, or somebody was there who is not recorded.
    Apart,
    /// This computer could not take it: the disk was too slow.
    Lost,
    /// What was written there is not what can be read.
    Spoilt,
}

/// Why there is no recording, or not all of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum RecordingFault {
    /// No key to seal it with.
    NoKey,
    /// What the client is to hear first cannot be played.
    NoAnnouncement,
    /// The disk has no room.
    DiskFull,
    /// The disk was too slow: a passage is missing.
    DiskSlow,
    /// Its file cannot be made or written.
    NotWritten,
    /// It was to be deleted, and is still there.
    NotDeleted,
}

impl RecordingFault {
    /// A sentence for whoever is to do something about it.
    pub fn say(self, cat: &Catalogue) -> &str {
        cat.get(match self {
            Self::NoKey => {
                msg!("Nothing is recorded: the key of the recordings is missing. Tell your admin.")
            }
            Self::NoAnnouncement => {
                msg!("Nothing is recorded: the announcement to the client cannot be played. Tell your admin.")
            }
            Self::DiskFull => msg!("The recording has ended: the disk is full. The call goes on."),
            Self::DiskSlow => msg!("The recording lacks a passage: the disk was too slow."),
            Self::NotWritten => {
                msg!(
                    "The recording has ended: its file cannot be written. The call goes on. Tell your admin."
                )
            }
            Self::NotDeleted => msg!("The recording could not be deleted. Tell your admin."),
        })
    }

    /// In one word, for programs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoKey => "no_key",
            Self::NoAnnouncement => "no_announcement",
            Self::DiskFull => "disk_full",
            Self::DiskSlow => "disk_slow",
            Self::NotWritten => "not_written",
            Self::NotDeleted => "not_deleted",
        }
    }
}

/// What the register says of a recording; its name is the entry's id.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct CallRecording {
    /// The first sound of it, or the beginning of the announcement.
    #[cfg_attr(feature = "desk", schema(value_type = String, format = DateTime))]
    pub begun_at: Timestamp,
    /// How the client was told.
    pub told: Announce,
    /// None while it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<RecordingResult>,
    /// When it was paused for something confidential; at most [`CallRecording::MOST_PAUSES`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paused: Vec<Pause>,
}

/// From one moment to another in which nothing was recorded.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Pause {
    /// Its first moment.
    #[cfg_attr(feature = "desk", schema(value_type = String, format = DateTime))]
    pub from: Timestamp,
    /// None while it lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "desk", schema(value_type = Option<String>, format = DateTime))]
    pub to: Option<Timestamp>,
}

/// What became of a recording.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub enum RecordingResult {
    /// The whole conversation from its beginning on, but for what was paused.
    Complete,
    /// Something is missing: the disk was full or too slow, or the telephone was gone before the end.
    Incomplete,
    /// The client did not agree any more: it was ended and deleted.
    Refused,
    /// A result that this version does not know.
    #[serde(other)]
    Other,
}

impl CallRecording {
    /// Further ones lengthen the last.
    pub const MOST_PAUSES: usize = 100;

    pub const fn new(begun_at: Timestamp, told: Announce) -> Self {
        Self { begun_at, told, result: None, paused: Vec::new() }
    }

    pub fn pause(&mut self, at: Timestamp) {
        if self.paused.len() < Self::MOST_PAUSES {
            self.paused.push(Pause { from: at, to: None });
        } else if let Some(last) = self.paused.last_mut() {
            last.to = None;
        }
    }

    pub fn resume(&mut self, at: Timestamp) {
        if let Some(last) = self.paused.last_mut() {
            last.to.get_or_insert(at);
        }
    }

    /// Its end; a later word replaces an earlier one, but nothing a refusal.
    pub fn end(&mut self, at: Timestamp, result: RecordingResult) {
        self.resume(at);
        if self.result != Some(RecordingResult::Refused) {
            self.result = Some(result);
        }
    }
}

/// Whether a recording has been kept for as long as it may be. Its name holds the moment of the call's first ring.
pub fn is_over(recording: CallRecordId, now: Timestamp, keep: Duration) -> bool {
    let begun = recording.0.as_u64_pair().0 >> 16;
    let age = u64::try_from(now.as_millisecond()).unwrap_or(0).saturating_sub(begun);
    u128::from(age) >= keep.as_millis()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    #[test]
    fn a_recording_is_over_when_its_days_have_passed_since_the_first_ring() {
        let id = CallRecordId::new(at(1_770_000_000), [7; 10]);
        let day = 24 * 60 * 60;
        for (now, days, over) in [
            (1_770_000_000, 1, false),
            (1_770_000_000 + day - 1, 1, false),
            (1_770_000_000 + day, 1, true),
            (1_770_000_000 + day, 2, false),
            (1_770_000_000 + 90 * day, 90, true),
            // A clock that was set back deletes nothing.
            (1_600_000_000, 1, false),
            (0, 1, false),
        ] {
            assert_eq!(is_over(id, at(now), DAY * days), over, "{now} after {days} days");
        }
    }

    #[test]
    fn pauses_stand_one_after_another_and_the_end_of_the_recording_ends_the_last() {
        let mut recording = CallRecording::new(at(10), Announce::Tone);
        recording.resume(at(11));
        recording.pause(at(12));
        recording.resume(at(14));
        recording.resume(at(15));
        recording.pause(at(20));
        recording.end(at(30), RecordingResult::Complete);
        let paused: Vec<_> = recording.paused.iter().map(|pause| (pause.from, pause.to)).collect();
        assert_eq!(paused, [(at(12), Some(at(14))), (at(20), Some(at(30)))]);
        assert_eq!(recording.result, Some(RecordingResult::Complete));
    }

    #[test]
    fn no_pause_is_forgotten_however_many_there_are() {
        let mut recording = CallRecording::new(at(0), Announce::Tone);
        for second in 0..300 {
            recording.pause(at(2 * second));
            recording.resume(at(2 * second + 1));
        }
        assert_eq!(recording.paused.len(), CallRecording::MOST_PAUSES);
        let last = recording.paused.last().unwrap();
        assert_eq!((last.from, last.to), (at(198), Some(at(599))));
    }

    #[test]
    fn what_the_client_refused_stays_refused() {
        let mut recording = CallRecording::new(at(0), Announce::Consent);
        recording.end(at(5), RecordingResult::Refused);
        recording.end(at(6), RecordingResult::Complete);
        assert_eq!(recording.result, Some(RecordingResult::Refused));
    }

    #[test]
    fn what_a_newer_version_says_is_still_read() {
        let json = r#"{"begun_at":"2026-05-01T10:00:00Z","told":"by_letter","result":"archived"}"#;
        let recording: CallRecording = serde_json::from_str(json).unwrap();
        assert_eq!(recording.told, Announce::Other);
        assert_eq!(recording.result, Some(RecordingResult::Other));
    }
}
