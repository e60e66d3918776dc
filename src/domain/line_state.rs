//! What is known of a colleague's telephone (duties 4, 22).

use serde::{Deserialize, Serialize};

/// As the PBX tells it, by dialog-info (RFC 4235) and presence (RFC 3863) together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineState {
    /// Registered, and in no call.
    Free,
    /// A call rings there.
    Ringing,
    /// In a call.
    Talking,
    /// In calls, all of them on hold.
    Held,
    /// Nobody is registered there.
    Offline,
    /// In no call; whether anybody is registered there is not known: dialog-info alone cannot tell.
    NotInCall,
    /// The PBX says nothing of it, or not any more.
    Unknown,
}

impl LineState {
    /// Whether a call to it can be expected to ring.
    pub fn may_answer(self) -> bool {
        matches!(self, Self::Free | Self::NotInCall | Self::Unknown)
    }
}
