//! The wish that a call be answered without asking anybody: intercom, paging, click-to-dial.
//!
//! No RFC says how. What PBXs and telephones agree on keeps to no grammar either: `Call-Info: <uri>;answer-after=5` (snom,
//! Asterisk's intercoms), `Alert-Info: <uri>;info=alert-autoanswer;delay=5`, and bare words such as `Ring Answer` (FreePBX).

use super::Headers;
use super::scan::{digits, split_top};
use std::time::Duration;

/// Letters of the words that ask for it, however they are spelled, quoted and joined.
const WORDS: [&str; 4] = ["alertautoanswer", "autoanswer", "ringanswer", "intercom"];

/// How long it shall ring first; None: people decide. A time that is named stands above mere words.
pub fn answer_after(headers: &Headers) -> Option<Duration> {
    let fields = headers.all("Call-Info").chain(headers.all("Alert-Info"));
    let elements: Vec<&str> = fields.filter_map(|value| split_top(value, b',').ok()).flatten().collect();
    let pieces: Vec<Vec<&str>> = elements.into_iter().filter_map(|each| split_top(each, b';').ok()).collect();
    let named = pieces.iter().find_map(|pieces| seconds(pieces, "answer-after"));
    let worded = || {
        let wish = pieces.iter().find(|pieces| pieces.iter().any(|piece| is_wish(piece)))?;
        Some(seconds(wish, "delay").unwrap_or(0))
    };
    named.or_else(worded).map(|seconds| Duration::from_secs(seconds.into()))
}

fn seconds(pieces: &[&str], name: &str) -> Option<u16> {
    pieces.iter().find_map(|piece| parameter(piece, name)).and_then(digits)
}

fn is_wish(piece: &str) -> bool {
    let text = parameter(piece, "info").unwrap_or(piece);
    let letters: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
    WORDS.iter().any(|word| word.eq_ignore_ascii_case(&letters))
}

fn parameter<'a>(piece: &'a str, name: &str) -> Option<&'a str> {
    let (known, value) = piece.split_once('=')?;
    known.trim().eq_ignore_ascii_case(name).then(|| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(fields: &[(&'static str, &str)]) -> Option<u64> {
        let mut headers = Headers::default();
        for (name, value) in fields {
            headers.push(name, *value);
        }
        answer_after(&headers).map(|after| after.as_secs())
    }

    #[test]
    fn every_widely_used_way_to_ask_is_understood() {
        let ways = [
            ("Call-Info", "<sip:127.0.0.1>;answer-after=0", 0),
            ("Call-Info", "<sip:broadworks.net>; Answer-After = 5", 5),
            ("Call-Info", ";answer-after=0", 0),
            ("Call-Info", "<http://pbx/a,b;c.png>;purpose=icon, <sip:pbx>;answer-after=2", 2),
            ("Call-Info", "<sip:pbx>;info=alert-autoanswer;delay=0", 0),
            ("Alert-Info", "<http://www.notused.com>;info=alert-autoanswer;delay=3", 3),
            ("Alert-Info", "<http://www.notused.com>;info=alert-autoanswer", 0),
            ("Alert-Info", "info = alert-autoanswer", 0),
            ("Alert-Info", "answer-after=0", 0),
            ("Alert-Info", "Auto Answer", 0),
            ("Alert-Info", "info=Auto Answer", 0),
            ("Alert-Info", "<http://pbx>;info=\"Auto Answer\"", 0),
            ("Alert-Info", "Ring Answer", 0),
            ("Alert-Info", "ring-answer", 0),
            ("Alert-Info", "<Ring-Answer>", 0),
            ("Alert-Info", "Intercom", 0),
        ];
        for (name, value, seconds) in ways {
            assert_eq!(asked(&[(name, value)]), Some(seconds), "{name}: {value}");
        }
    }

    #[test]
    fn other_rings_ask_for_nothing() {
        let others = [
            ("Alert-Info", "<http://127.0.0.1/Bellcore-dr2>"),
            ("Alert-Info", "<http://pbx/auto answer.wav>"),
            ("Alert-Info", "<http://pbx>;info=family;x-line-id=0"),
            ("Alert-Info", "info=no-auto-answer-please"),
            ("Alert-Info", "delay=3"),
            ("Alert-Info", "<http://pbx;info=alert-autoanswer"),
            ("Call-Info", "<http://pbx/photo.jpg>;purpose=icon"),
            ("Call-Info", "<sip:pbx>;answer-after=soon"),
            ("Call-Info", "<sip:pbx>;answer-after=-1"),
            ("Call-Info", "<sip:pbx>;answer-after=99999999999999999999"),
            ("Call-Info", ""),
            ("Subject", "Auto Answer"),
        ];
        for (name, value) in others {
            assert_eq!(asked(&[(name, value)]), None, "{name}: {value}");
        }
    }

    #[test]
    fn a_time_stands_above_a_word() {
        assert_eq!(
            asked(&[("Alert-Info", "Ring Answer"), ("Call-Info", "<sip:pbx>;answer-after=7")]),
            Some(7)
        );
    }
}
