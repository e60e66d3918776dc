//! Digits by INFO (RFC 2976), theirs and ours: for whom telephone events in the audio are too much.

use super::session::{Session, is_gone};
use crate::sip::core::{Core, Owner, Purpose};
use crate::sip::event::{Event, NotNow};
use crate::sip::message::{ContentType, Method, Request, StatusCode};
use crate::sip::transaction::{Outcome, Reply, ServerId};

const DTMF_RELAY: &str = "application/dtmf-relay";
/// How long the key is said to be pressed, in ms.
const PRESSED: u32 = 160;

impl Session {
    // -- theirs

    pub(super) fn on_info(&self, core: &mut Core, id: ServerId, request: &Request) {
        if request.body.is_empty() {
            return core.refuse(id, request, StatusCode::OK);
        }
        let kind = request.headers.typed::<ContentType>().ok().flatten().map(|kind| kind.kind);
        if !matches!(kind.as_deref(), Some(DTMF_RELAY | "application/dtmf")) {
            return super::refuse_body(core, id, request, "application/dtmf-relay, application/dtmf");
        }
        core.refuse(id, request, StatusCode::OK);
        if let Some(digit) = digit(&request.body) {
            core.wire.say(Event::Digit { call: self.key, digit });
        }
    }

    // -- ours

    /// One digit; `DigitAnswered` follows. NotNow where their Allow has no INFO.
    pub fn send_digit(&mut self, core: &mut Core, digit: char) -> Result<(), NotNow> {
        if !self.informs {
            return Err(NotNow);
        }
        let mut request = self.build(core, Method::Info);
        request.headers.push_typed(&ContentType::new(DTMF_RELAY));
        request.body = format!("Signal={digit}\r\nDuration={PRESSED}\r\n").into_bytes();
        self.send(core, Purpose::Digit, request);
        Ok(())
    }

    pub(super) fn on_digit_reply(&mut self, core: &mut Core, reply: &Reply<Owner>) {
        let result = match &reply.outcome {
            Outcome::Response(response) if response.status.is_provisional() => return,
            Outcome::Response(response) if response.status.is_success() => Ok(()),
            Outcome::Response(response) => Err(response.status),
            Outcome::TimedOut | Outcome::Unreachable => Err(StatusCode::REQUEST_TIMEOUT),
        };
        if self.is_over() {
            return;
        }
        if let Err(
            StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED | StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ) = result
        {
            self.informs = false; // whatever their Allow says
        }
        core.wire.say(Event::DigitAnswered { call: self.key, result });
        if is_gone(&reply.outcome) {
            self.vanish(core);
        }
    }
}

/// `Signal=5` among the lines of dtmf-relay, or the digit alone. `10` to `15` are `*`, `#`, `A`–`D`.
fn digit(body: &[u8]) -> Option<char> {
    let text = std::str::from_utf8(body).ok()?;
    let signal = text.lines().find_map(|line| {
        let (name, value) = line.split_once('=')?;
        name.trim().eq_ignore_ascii_case("signal").then_some(value)
    });
    let signal = signal.unwrap_or(text).trim();
    let mut chars = signal.chars();
    match (chars.next(), chars.next()) {
        (Some(digit), None) => {
            let digit = digit.to_ascii_uppercase();
            matches!(digit, '0'..='9' | '*' | '#' | 'A'..='D').then_some(digit)
        }
        _ => "*#ABCD".chars().nth(signal.parse::<usize>().ok()?.checked_sub(10)?),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn digits_are_read_from_both_kinds_of_info() {
        let cases = [
            ("Signal=5\r\nDuration=160\r\n", Some('5')),
            ("Signal= *\r\nDuration= 250\r\n", Some('*')),
            ("signal=11\nduration=100\n", Some('#')),
            ("Duration=160\r\nSignal=d\r\n", Some('D')),
            ("7", Some('7')),
            ("Signal=16\r\n", None),
            ("Signal=\r\n", None),
            ("", None),
            ("hello", None),
        ];
        for (body, digit) in cases {
            assert_eq!(super::digit(body.as_bytes()), digit, "{body:?}");
        }
    }
}
