//! Who can be called here, and what they do unless they have something better to do (`people`). Extensions are those of the
//! order desk's sample.

use super::voice::{Speech, Voice};
use std::time::Duration;

/// Extensions that telephones may register. 105 is asked for SHA-256 first.
pub(super) const OPERATORS: [&str; 5] = ["101", "102", "103", "104", "105"];
/// Managers and heads: their lines can be watched.
pub(super) const COLLEAGUES: [&str; 7] = ["201", "202", "203", "204", "301", "302", "303"];

/// What becomes of a call to a number, or of a client who is passed on to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Part {
    /// Rings so long, then answers.
    Answers { after: Duration, voice: Voice },
    /// 486: talks with somebody.
    Busy,
    /// Rings until the caller has had enough.
    NobodyAnswers,
    /// Rings, then 603.
    Refuses,
    /// 480 at once: no telephone is there.
    Offline,
    /// 404.
    NoSuchNumber,
}

/// How long the telephone of somebody rings who never answers; 480 then.
pub(super) const RINGS_IN_VAIN: Duration = Duration::from_secs(120);
/// Until somebody refuses a call.
pub(super) const THINKS: Duration = Duration::from_secs(2);

pub(super) fn usual_part(number: &str) -> Part {
    match number {
        // Away by the desk's calendar, and the telephone is switched off: called or watched, it is as one that is not registered.
        "202" => Part::Offline,
        "203" => Part::Busy,
        _ => answer_of(number),
    }
}

/// How this one answers, if at all.
pub(super) fn answer_of(number: &str) -> Part {
    let answers = |seconds, voice| Part::Answers { after: Duration::from_secs(seconds), voice };
    match number {
        "201" | "203" | "204" | "301" => answers(3, Voice::Speech(Speech::Manager)),
        "202" | "302" | "303" => answers(4, Voice::Speech(Speech::Manager)),
        "600" => answers(0, Voice::Echo),
        "602" => answers(0, Voice::Music),
        "700" => answers(5, Voice::Speech(Speech::Manager)),
        // The public network: a client who is called back.
        outside if is_outside(outside) => answers(4, Voice::Speech(Speech::Russian)),
        _ => Part::NoSuchNumber,
    }
}

fn is_outside(number: &str) -> bool {
    let digits = number.strip_prefix('+').unwrap_or(number);
    (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}
