//! What codes, causes and outcomes are called on the screen.

use crate::desk_api::Unavailable;
use crate::domain::call_result::CallResult;
use crate::domain::client::PriceColumnReason;
use crate::domain::line_state::LineState;
use crate::phone::{Refusal, ReturnReason, TransferWay};
use crate::sip::Failure;
use crate::text::{Catalogue, msg, say};

/// Why the operator is on a break, in the order they are offered.
pub(super) const BREAKS: [&str; 4] = [msg!("lunch"), msg!("rest"), msg!("training"), msg!("other work")];

pub(super) const fn result(result: CallResult) -> &'static str {
    match result {
        CallResult::PassedOn => msg!("passed on"),
        CallResult::Order => msg!("order taken"),
        CallResult::Information => msg!("information given"),
        CallResult::Callback => msg!("call back"),
        CallResult::Complaint => msg!("complaint"),
        CallResult::WrongNumber => msg!("wrong number"),
        CallResult::NotReached => msg!("not reached"),
        CallResult::Other => msg!("other"),
    }
}

pub(super) const fn price_reason(why: PriceColumnReason) -> &'static str {
    match why {
        PriceColumnReason::ClientType => msg!("by client type"),
        PriceColumnReason::Volume => msg!("by volume"),
        PriceColumnReason::Promotion => msg!("by promotion"),
        PriceColumnReason::Contract => msg!("by contract"),
        PriceColumnReason::Other => "",
    }
}

/// Why there is no line, to stand behind "No line: ".
pub fn why_no_line(cat: &Catalogue, cause: &Failure) -> String {
    match cause {
        Failure::Refused { status, reason } => {
            say!(cat, "the PBX answered {status} {reason}", status = status.code(), reason = reason)
        }
        Failure::Credentials { .. } => say!(cat, "the PBX does not accept user or password"),
        Failure::TimedOut => say!(cat, "the PBX does not answer"),
        Failure::Unreachable => say!(cat, "nothing listens at the PBX's address"),
    }
}

pub(super) const fn refusal(why: Refusal) -> &'static str {
    match why {
        Refusal::NoSuchLine => msg!("There is no such call any more."),
        Refusal::WrongState => msg!("The call is not in a state for that."),
        Refusal::BeingJoined => {
            msg!("The PBX may still be joining this client with somebody. Try again in five seconds.")
        }
        Refusal::BadTarget => msg!("This is neither a number nor an address that can be called."),
        Refusal::Busy => msg!("All your lines are taken: one call has to end first."),
        Refusal::NoMediaPort => msg!("No UDP port is free for audio."),
        Refusal::NoDigits => msg!("The other side takes no digits."),
        Refusal::TooManyDigits => msg!("Too many digits still wait to be sent; these were not."),
        Refusal::TooManyWatched => msg!("The lines of 500 extensions can be watched, not of more."),
    }
}

pub(super) const fn unavailable(why: &Unavailable) -> &'static str {
    match why {
        Unavailable::Failed { status: 507 } => msg!("The order desk's disk is full."),
        Unavailable::Down | Unavailable::Slow | Unavailable::Failed { .. } => {
            msg!("The order desk does not answer.")
        }
        Unavailable::CompanySystem => msg!("The company's own system does not answer."),
        Unavailable::NotTrusted => msg!("The order desk's certificate is not trusted."),
        Unavailable::WrongToken | Unavailable::Forbidden => msg!("The order desk refuses this token."),
        Unavailable::BadAnswer(_) | Unavailable::Refused { .. } => {
            msg!("The order desk gives no usable answer.")
        }
    }
}

/// Why somebody could not be had, by the final status; empty where it says no more than that.
pub(super) fn not_had(status: Option<u16>) -> Option<&'static str> {
    Some(match status? {
        486 | 600 => msg!("busy"),
        403 | 603 | 607 | 608 => msg!("call refused"),
        404 | 410 | 484 | 604 => msg!("no such number"),
        408 | 480 | 487 => msg!("no answer"),
        _ => return None,
    })
}

/// Why a client comes back who was passed on blindly.
pub(super) const fn came_back(reason: ReturnReason) -> &'static str {
    match reason {
        ReturnReason::Busy => msg!("busy"),
        ReturnReason::NoAnswer => msg!("no answer"),
        ReturnReason::Refused => msg!("refused"),
        ReturnReason::Offline => msg!("not at the telephone"),
        ReturnReason::HungUp => msg!("hung up at once"),
        ReturnReason::NoSuchNumber => msg!("no such number"),
        ReturnReason::Failed => msg!("could not be reached"),
    }
}

/// What is heard meanwhile of whom a call is passed to.
pub(super) const fn passing(way: TransferWay, status: Option<u16>) -> &'static str {
    match (way, status) {
        (_, Some(180..=189)) => msg!("It rings there"),
        (TransferWay::Blind, Some(_)) => msg!("The PBX calls them"),
        (TransferWay::Return | TransferWay::Consultation, Some(_)) => msg!("The client is being connected"),
        (TransferWay::Return, None) => msg!("They are being called"),
        (TransferWay::Blind | TransferWay::Consultation, None) => msg!("The client is put on hold"),
    }
}

/// What is known of a colleague's telephone.
pub(super) const fn colleague(state: LineState) -> &'static str {
    match state {
        LineState::Free => msg!("free"),
        LineState::Ringing => msg!("ringing"),
        LineState::Talking => msg!("in a call"),
        LineState::Held => msg!("on hold"),
        LineState::Offline => msg!("not registered"),
        LineState::NotInCall => msg!("in no call"),
        LineState::Unknown => msg!("unknown"),
    }
}
