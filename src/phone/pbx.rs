//! What a PBX does with the client when a blind transfer fails, and how long it may take.

use super::event::ClientIs;
use std::time::Duration;

/// Differs from PBX to PBX; `Default` is Asterisk 22.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PbxBehaviour {
    pub on_failed_transfer: OnFailedTransfer,
    /// How long the hold before a REFER may take; the REFER goes out without it then.
    pub hold_time: Duration,
    /// From the REFER to the first NOTIFY.
    pub first_word_time: Duration,
    /// From the first NOTIFY to the final one: above the longest ringing time of a target.
    pub final_word_time: Duration,
    /// It plays no music to those on hold, so that we do.
    pub holds_in_silence: bool,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum OnFailedTransfer {
    /// RFC 3515 as most read it: nobody moves the client until the target has answered.
    ClientKept,
    /// The client is still with us after these final statuses, and with nobody after any other.
    ClientKeptOnlyAfter(Vec<u16>),
}

impl PbxBehaviour {
    /// Asterisk hands the client to the dialplan as soon as the target's extension exists.
    ///
    /// 404 (no such extension; 484 with `allow_overlap`) and its answers to a transfer it cannot
    /// begin (400, 403, 500) leave the call as it is. After any other failure, 486 and 503 above
    /// all, the client already hears a busy tone or nothing, and our leg is an empty one.
    pub fn asterisk() -> Self {
        Self {
            on_failed_transfer: OnFailedTransfer::ClientKeptOnlyAfter(vec![400, 403, 404, 484, 500]),
            hold_time: Duration::from_secs(2),
            first_word_time: Duration::from_secs(10),
            final_word_time: Duration::from_secs(120),
            holds_in_silence: false,
        }
    }

    /// Where the client is after this final status (300 and up) in a NOTIFY.
    pub fn client_after(&self, status: u16) -> ClientIs {
        match &self.on_failed_transfer {
            OnFailedTransfer::ClientKept => ClientIs::Kept,
            OnFailedTransfer::ClientKeptOnlyAfter(kept) if kept.contains(&status) => ClientIs::Kept,
            OnFailedTransfer::ClientKeptOnlyAfter(_) => ClientIs::Lost,
        }
    }
}

impl Default for PbxBehaviour {
    fn default() -> Self {
        Self::asterisk()
    }
}
