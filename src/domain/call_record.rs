//! The call register: one entry per call, from ringing to result (duty 14).

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::call_voice::CallVoice;
use super::chain::PurposeId;
use super::client::{ClientId, ClientTypeId};
use super::number::PhoneNumber;
use super::recording::{CallRecording, RecordingResult};

/// An entry's identity, made by the sender: a UUID of version 7 (RFC 9562 §5.7).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema), schema(value_type = String))]
pub struct CallRecordId(pub Uuid);

impl CallRecordId {
    /// From the time of the first ring and chance.
    pub fn new(at: Timestamp, chance: [u8; 10]) -> Self {
        let millis = u64::try_from(at.as_millisecond()).unwrap_or(0);
        Self(uuid::Builder::from_unix_timestamp_millis(millis, &chance).into_uuid())
    }
}

impl fmt::Display for CallRecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A call's entry, whole; written again with a higher revision whenever it changes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct CallRecord {
    /// Made by the sender at the first ring.
    pub id: CallRecordId,
    /// 1 and up; a lower one never replaces a higher one.
    pub revision: u32,
    /// The Call-ID of the signalling, to find the call in traces and in the PBX's records.
    pub call_id: String,
    /// Who called whom.
    pub direction: Direction,
    /// The operator's line; none for a call that got none because all were taken.
    #[serde(default)]
    pub line: Option<u32>,
    /// Who worked here, as the telephone was told.
    pub operator: String,
    /// Who called; the client, where a colleague's call became a client's.
    #[serde(default)]
    pub caller: Party,
    /// Who was called; the client, where the call came to one otherwise, as one taken back from parking.
    #[serde(default)]
    pub called: Party,
    /// The client chosen or recognised.
    #[serde(default)]
    pub client: Option<ClientId>,
    /// What the look-up gave; none where nothing was looked up.
    #[serde(default)]
    pub matched: Option<Match>,
    /// First ring, or the moment of dialling.
    #[cfg_attr(feature = "desk", schema(value_type = String, format = DateTime))]
    pub started_at: Timestamp,
    /// None: nobody answered, or not yet.
    #[serde(default)]
    #[cfg_attr(feature = "desk", schema(value_type = Option<String>, format = DateTime))]
    pub answered_at: Option<Timestamp>,
    /// None while the call goes on.
    #[serde(default)]
    #[cfg_attr(feature = "desk", schema(value_type = Option<String>, format = DateTime))]
    pub ended_at: Option<Timestamp>,
    /// None while the call goes on.
    #[serde(default)]
    pub outcome: Option<Outcome>,
    /// The final SIP status where there was one.
    #[serde(default)]
    pub status: Option<u16>,
    /// Every step by which the call was passed on, in order.
    #[serde(default)]
    pub transfers: Vec<TransferStep>,
    /// How the two heard each other; none before the end, and of calls that nobody answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voice: Option<CallVoice>,
    /// What the call came to, in the company's own word (`passed_on`): 1 to 40 of `a`–`z`, `0`–`9` and `_`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// What the operator picked, so that the rules could say where the client goes.
    #[serde(default, skip_serializing_if = "Picked::is_empty")]
    pub picked: Picked,
    /// What the operator wrote down; at most [`CallRecord::LONGEST_NOTE`] characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// None: nothing of it was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recording: Option<CallRecording>,
}

/// What a call is about, as the operator picked it (duties 2, 15, 19). Ids of the company's data.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Picked {
    /// What the client calls for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<PurposeId>,
    /// The type of a client whom nobody knew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_type: Option<ClientTypeId>,
    /// The department that serves this client, or this wish.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub department: Option<String>,
}

impl Picked {
    /// Nothing was picked.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl CallRecord {
    /// Characters of a result.
    pub const LONGEST_RESULT: usize = 40;
    /// Characters of a note, as of one that goes along with a client.
    pub const LONGEST_NOTE: usize = super::handover::Handover::LONGEST_NOTE;

    /// Whether this can be a result, or a step's reason.
    pub fn is_result(word: &str) -> bool {
        let is_part = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '_');
        (1..=Self::LONGEST_RESULT).contains(&word.len()) && word.chars().all(is_part)
    }

    /// The next revision of an entry whose telephone was gone before the call was over. `last_seen`: when that telephone
    /// was last known to work.
    pub fn cut_off(&mut self, last_seen: Timestamp) {
        self.revision = self.revision.saturating_add(1);
        self.ended_at = Some(last_seen.max(self.answered_at.unwrap_or(self.started_at)));
        self.outcome = Some(Outcome::Failed);
        if let (Some(recording), Some(end)) = (&mut self.recording, self.ended_at) {
            recording.end(end, recording.result.unwrap_or(RecordingResult::Incomplete));
        }
        for step in &mut self.transfers {
            step.result.get_or_insert(TransferResult::Unknown);
        }
    }
}

impl fmt::Debug for CallRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallRecord")
            .field("id", &self.id)
            .field("revision", &self.revision)
            .field("direction", &self.direction)
            .field("outcome", &self.outcome)
            .field("transfers", &self.transfers.len())
            .finish_non_exhaustive()
    }
}

/// Who called whom.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub enum Direction {
    /// A client called us.
    Inbound,
    /// We called.
    Outbound,
}

/// One side of a call as the network named it.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Party {
    /// As it came: `+79161234567`, `8916…`, `101`; none when withheld.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written: Option<String>,
    /// The same, read by the numbering plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<PhoneNumber>,
    /// The name that came with the number, or the queue the call went through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The caller asked for the number not to be shown.
    #[serde(default)]
    pub withheld: bool,
}

impl fmt::Debug for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Party").field("number", &self.number).finish_non_exhaustive()
    }
}

/// What the look-up of the number gave.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub enum Match {
    /// One client has this number.
    One,
    /// Several have it; the operator chooses.
    Many,
    /// Nobody has this number: a new client.
    None,
    /// The desk gave no answer.
    Unavailable,
}

impl Match {
    /// By the number of clients found.
    pub const fn of(found: usize) -> Self {
        match found {
            0 => Self::None,
            1 => Self::One,
            _ => Self::Many,
        }
    }
}

/// How a call came out; the words of the terminal contract.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub enum Outcome {
    /// Answered and ended in order.
    Completed,
    /// Nobody answered before the caller gave up.
    Missed,
    /// A colleague's telephone took the call.
    AnsweredElsewhere,
    /// Declined by the side that was called.
    Refused,
    /// The called side was busy.
    Busy,
    /// The network or a server did not let it through, or the operator's telephone was gone before its end.
    Failed,
    /// We gave up before it was answered.
    Cancelled,
    /// An outcome that this version does not know.
    #[serde(other)]
    Other,
}

/// One attempt to pass the client on.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct TransferStep {
    /// The extension or number the client was passed to.
    pub target: String,
    /// How it was tried.
    pub way: TransferWay,
    /// As what the target was called, in one word ([`StepRole::word`](super::chain::StepRole::word)): `own_manager`; none
    /// where nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// None while it is under way.
    #[serde(default)]
    pub result: Option<TransferResult>,
    /// The status of the last NOTIFY, or of the refused REFER.
    #[serde(default)]
    pub status: Option<u16>,
    /// From REFER to result.
    #[serde(default)]
    pub seconds: Option<u32>,
}

impl fmt::Debug for TransferStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransferStep").field("result", &self.result).finish_non_exhaustive()
    }
}

/// How a client is passed on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub enum TransferWay {
    /// The PBX calls the target; we let go.
    Blind,
    /// The target is called first and joined when a person answers.
    Return,
    /// We speak with the target first.
    Consultation,
    /// A way that this version does not know.
    #[serde(other)]
    Other,
}

/// What became of the client.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub enum TransferResult {
    /// Client and target speak.
    Joined,
    /// The PBX took the client over; whether anybody answered is not known.
    HandedOver,
    /// Failed, and the client is with the operator again.
    Kept,
    /// Failed, and the PBX let the client go.
    Lost,
    /// The call ended by a hand, the client's or the operator's, before anybody else was asked to take the client.
    Left,
    /// Nobody said what became of the client.
    Unknown,
    /// A result that this version does not know.
    #[serde(other)]
    Other,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_version_7_and_sort_by_time() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let first = CallRecordId::new(at(1_770_000_000), [0xff; 10]);
        let second = CallRecordId::new(at(1_770_000_001), [0; 10]);
        assert_eq!(first.0.get_version_num(), 7);
        assert!(first < second);
    }

    #[test]
    fn a_result_is_one_plain_word() {
        let longest = "x".repeat(40);
        assert!(["passed_on", "info2", longest.as_str()].into_iter().all(CallRecord::is_result));
        let longer = "x".repeat(41);
        for bad in ["", "Passed", "passed on", "передан", longer.as_str()] {
            assert!(!CallRecord::is_result(bad), "{bad}");
        }
    }

    #[test]
    fn a_call_whose_telephone_was_killed_ends_when_that_was_last_seen_and_its_open_steps_are_unknown() {
        let json = r#"{"id":"01890a5d-ac96-774b-bcce-b302099a8057","revision":4,"call_id":"a","direction":"inbound",
            "operator":"anna","started_at":"2026-05-01T10:00:00Z","answered_at":"2026-05-01T10:00:05Z","transfers":[
            {"target":"201","way":"return","result":"kept"},{"target":"302","way":"return"}]}"#;
        let open: CallRecord = serde_json::from_str(json).unwrap();
        let (earlier, later): (Timestamp, Timestamp) =
            ("2026-05-01T09:00:00Z".parse().unwrap(), "2026-05-01T10:07:00Z".parse().unwrap());
        let mut closed = open.clone();
        closed.cut_off(later);
        assert_eq!(
            (closed.revision, closed.ended_at, closed.outcome),
            (5, Some(later), Some(Outcome::Failed))
        );
        let results: Vec<_> = closed.transfers.iter().map(|step| step.result).collect();
        assert_eq!(results, [Some(TransferResult::Kept), Some(TransferResult::Unknown)]);
        // No call ends before it was answered, whatever was done to the clock on the wall.
        let mut closed = open;
        closed.cut_off(earlier);
        assert_eq!(closed.ended_at, closed.answered_at);
    }

    #[test]
    fn an_entry_of_a_newer_version_is_still_read() {
        let json = r#"{"id":"01890a5d-ac96-774b-bcce-b302099a8057","revision":1,"call_id":"a","direction":"inbound",
            "operator":"anna","started_at":"2026-05-01T10:00:00Z","outcome":"voicemail","mood":"good"}"#;
        let record: CallRecord = serde_json::from_str(json).unwrap();
        assert_eq!(record.outcome, Some(Outcome::Other));
        assert_eq!(record.transfers, []);
    }
}
