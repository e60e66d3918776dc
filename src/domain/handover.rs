//! What an operator has learned of a client, on its way to whoever gets the client next (duties 4, 6, 14, 15, 19).

use serde::{Deserialize, Serialize};

use super::call_record::{CallRecordId, Match, Party, Picked, TransferWay};
use super::client::{ClientCard, ClientId};
use crate::domain::mask_debug;

/// What goes along with a client; one per call, whole, and written again with a higher revision for each target, when
/// something is added, and when the client goes to nobody after all.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Handover {
    /// That of the call's register entry.
    pub id: CallRecordId,
    /// 1 and up; a lower one never replaces a higher one.
    pub revision: u32,
    /// The extension or number that is called; none: the client is with the operator again.
    #[serde(default)]
    pub to: Option<String>,
    /// Who answers talks with the client at once, or first with the operator.
    pub way: TransferWay,
    /// The operator's extension: what the target's telephone may show while it rings.
    pub from: String,
    /// Who works there, as the telephone was told.
    pub operator: String,
    /// The client, as the network named them to the operator.
    #[serde(default)]
    pub party: Party,
    /// The client recognised or chosen; none: nobody knows, or several have the number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientId>,
    /// What the operator's look-up gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matched: Option<Match>,
    /// What the operator picked.
    #[serde(default, skip_serializing_if = "Picked::is_empty")]
    pub picked: Picked,
    /// What the operator wrote down; at most [`Handover::LONGEST_NOTE`] characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Handover {
    /// Characters of a note.
    pub const LONGEST_NOTE: usize = 2000;
}

/// A handover as its receiver reads it.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct HandedOver {
    /// As it was written.
    pub handover: Handover,
    /// Who passes the client on: by the directory, else as the operator's telephone was told.
    pub from_name: String,
    /// The client; where it is not known which one, those with the number.
    pub clients: Vec<ClientCard>,
    /// Since it was written, by the desk's clock.
    pub age_seconds: u32,
}

mask_debug!(Handover, HandedOver);

impl HandedOver {
    /// A call from the operator is for the client's sake only as long as the handover is as young, seconds: it is
    /// written when the target's telephone is called.
    const FRESH: u32 = 15;

    /// Whether a call that rings here is this client, or for this client's sake. `party`: the caller as the PBX shows it;
    /// `here`: this telephone's extension.
    pub fn is_about(&self, party: &Party, here: &str) -> bool {
        let Handover { to, from, party: client, .. } = &self.handover;
        let is_client = client.number.is_some() && client.number == party.number;
        let is_operator = to.as_deref() == Some(here)
            && party.written.as_deref() == Some(from)
            && self.age_seconds <= Self::FRESH;
        to.is_some() && from != here && (is_client || is_operator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::number::PhoneNumber;

    fn handed(age_seconds: u32) -> HandedOver {
        let handover = Handover {
            id: CallRecordId(uuid::Uuid::nil()),
            revision: 1,
            to: Some("302".into()),
            way: TransferWay::Return,
            from: "201".into(),
            operator: "anna".into(),
            party: shown("+79161234567"),
            client: None,
            matched: None,
            picked: Picked::default(),
            note: Some("calls about the invoice".into()),
        };
        HandedOver { handover, from_name: "Petrova".into(), clients: Vec::new(), age_seconds }
    }

    fn shown(written: &str) -> Party {
        let number = PhoneNumber::parse_e164(written).ok();
        Party { written: Some(written.into()), number, ..Party::default() }
    }

    #[test]
    fn a_call_is_about_the_client_by_the_operators_extension_or_the_clients_number() {
        assert!(handed(3).is_about(&shown("201"), "302"));
        assert!(handed(200).is_about(&shown("+79161234567"), "302"));
        // Passed to a queue, and rings at one who serves it.
        assert!(handed(200).is_about(&shown("+79161234567"), "305"));
    }

    #[test]
    fn another_call_of_the_same_colleague_is_not_about_the_client() {
        assert!(!handed(16).is_about(&shown("201"), "302"), "long after the client was passed on");
        assert!(!handed(3).is_about(&shown("201"), "305"), "to somebody else");
        assert!(!handed(3).is_about(&shown("202"), "302"), "from somebody else");
    }

    #[test]
    fn the_operator_who_gets_the_client_back_is_told_nothing_new() {
        assert!(!handed(3).is_about(&shown("+79161234567"), "201"));
        let mut kept = handed(3);
        kept.handover.to = None;
        assert!(!kept.is_about(&shown("+79161234567"), "302"));
    }

    #[test]
    fn debug_shows_nothing_of_the_client() {
        let text = format!("{:?} {:?}", handed(3), handed(3).handover);
        assert!(!text.contains("invoice") && !text.contains("7916"), "{text}");
    }
}
