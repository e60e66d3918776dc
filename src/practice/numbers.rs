//! Who can be called here, and what they do. The people's extensions are those of the order desk's sample.

use super::voice::{Speech, Voice};
use std::time::Duration;

/// Extensions that telephones may register. 105 is asked for SHA-256 first.
pub(super) const OPERATORS: [&str; 5] = ["101", "102", "103", "104", "105"];

/// What becomes of a call to a number, or of a client who is passed on to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Part {
    /// Rings so long, then answers.
    Answers { after: Duration, voice: Voice },
    /// 486.
    Busy,
    /// Rings, then 480.
    NobodyAnswers,
    /// 404, as for a number that does not exist.
    Absent,
}

/// How long the telephone of somebody rings who does not answer.
pub(super) const RINGS_IN_VAIN: Duration = Duration::from_secs(12);

pub(super) fn part(number: &str) -> Part {
    let answers = |seconds, voice| Part::Answers { after: Duration::from_secs(seconds), voice };
    match number {
        "201" | "301" => answers(3, Voice::Speech(Speech::Manager)),
        "302" => answers(7, Voice::Speech(Speech::Manager)),
        "202" => Part::NobodyAnswers,
        "203" => Part::Busy,
        "600" => answers(0, Voice::Echo),
        "602" => answers(0, Voice::Music),
        "700" => answers(5, Voice::Speech(Speech::Manager)),
        // The public network: a client who is called back.
        outside if is_outside(outside) => answers(4, Voice::Speech(Speech::Russian)),
        _ => Part::Absent,
    }
}

fn is_outside(number: &str) -> bool {
    let digits = number.strip_prefix('+').unwrap_or(number);
    (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}
