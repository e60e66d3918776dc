//! From what is dialled to a request URI.

use crate::sip::message::{Host, Uri};

/// Longer than any number or address of a person.
const LONGEST: usize = 256;

/// Cannot be called: empty, no host, header parts, blanks or control characters within.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct BadTarget;

/// `200`, `+7 495 …`, `operator1`, `tel:+7495…`: at `domain`, which may carry a port. `sip:200@host` and
/// `200@host`: there.
pub(super) fn parse(text: &str, domain: &str) -> Result<Uri, BadTarget> {
    let text = text.trim();
    if text.is_empty() || text.len() > LONGEST || text.chars().any(char::is_control) {
        return Err(BadTarget);
    }
    let scheme = text.split_once(':').map(|(scheme, rest)| (scheme.to_ascii_lowercase(), rest));
    match scheme {
        Some((scheme, _)) if scheme == "sip" || scheme == "sips" => address(text),
        Some((scheme, rest)) if scheme == "tel" => {
            let number = rest.split(';').next().unwrap_or_default();
            at_domain(&number_in(number).ok_or(BadTarget)?, domain)
        }
        _ if text.contains('@') => address(&format!("sip:{text}")),
        _ => at_domain(&number_in(text).or_else(|| name_in(text)).ok_or(BadTarget)?, domain),
    }
}

/// As people would write it: at `domain` a number or name alone.
pub(super) fn written(uri: &Uri, domain: &str) -> String {
    let user = uri.user.as_ref().filter(|user| at_domain(user, domain).as_ref() == Ok(uri));
    user.cloned().unwrap_or_else(|| uri.to_string())
}

/// A URI that names somebody, and nothing else: header parts could smuggle Replaces or a body into
/// our request (RFC 3261 §19.1.5).
fn address(text: &str) -> Result<Uri, BadTarget> {
    let uri: Uri = text.parse().map_err(|_| BadTarget)?;
    if !uri.is_sip() || uri.host == Host::None || !uri.headers.is_empty() || uri.password.is_some() {
        return Err(BadTarget);
    }
    Ok(uri)
}

fn at_domain(user: &str, domain: &str) -> Result<Uri, BadTarget> {
    let mut uri: Uri = format!("sip:{domain}").parse().map_err(|_| BadTarget)?;
    uri.user = Some(user.to_owned());
    Ok(uri)
}

/// The digits of a number written with blanks, dashes, dots, slashes or brackets.
fn number_in(text: &str) -> Option<String> {
    let is_separator = |c: char| c.is_whitespace() || "-.()/\u{2010}\u{2011}\u{2012}\u{2013}".contains(c);
    let digits: String = text.chars().filter(|c| !is_separator(*c)).collect();
    let plain = digits.strip_prefix('+').unwrap_or(&digits);
    let is_number = !plain.is_empty() && plain.bytes().all(|b| b.is_ascii_digit() || b == b'*' || b == b'#');
    is_number.then_some(digits)
}

/// A name of an extension: a SIP user that needs no escapes but `&`, `=`, `$`, `,` (RFC 3261 §25.1).
fn name_in(text: &str) -> Option<String> {
    let allowed = |c: char| c.is_alphanumeric() || "-_.!~*'()&=+$,".contains(c);
    (text.chars().any(char::is_alphanumeric) && text.chars().all(allowed)).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{BadTarget, parse, written};

    #[test]
    fn targets_become_request_uris() {
        let cases = [
            ("200", "sip:200@pbx.example"),
            (" 200 ", "sip:200@pbx.example"),
            ("+7 495 123-45-67", "sip:+74951234567@pbx.example"),
            ("8 (495) 123.45.67", "sip:84951234567@pbx.example"),
            ("tel:+7-495-1234567;phone-context=x", "sip:+74951234567@pbx.example"),
            ("sip:200@10.0.0.1:5070", "sip:200@10.0.0.1:5070"),
            ("SIP:200@host", "sip:200@host"),
            ("sip:pbx.example", "sip:pbx.example"),
            ("200@host", "sip:200@host"),
            ("*71", "sip:*71@pbx.example"),
            ("operator1", "sip:operator1@pbx.example"),
        ];
        for (text, wanted) in cases {
            assert_eq!(parse(text, "pbx.example").unwrap().to_string(), wanted, "{text}");
        }
    }

    #[test]
    fn at_our_own_domain_a_number_is_written_alone() {
        for (target, text) in [
            ("sip:201@pbx.example", "201"),
            ("tel:+7-495-1234567", "+74951234567"),
            ("sip:201@other.example", "sip:201@other.example"),
            ("sip:201@pbx.example:5070", "sip:201@pbx.example:5070"),
            ("sip:pbx.example", "sip:pbx.example"),
        ] {
            assert_eq!(written(&parse(target, "pbx.example").unwrap(), "pbx.example"), text);
        }
    }

    #[test]
    fn the_user_part_is_escaped() {
        let uri = parse("200#", "pbx.example").unwrap();
        assert_eq!(uri.user.as_deref(), Some("200#"));
        assert_eq!(uri.to_string(), "sip:200%23@pbx.example");
        assert!(parse("Анна", "pbx.example").unwrap().to_string().is_ascii());
    }

    #[test]
    fn the_domain_may_carry_a_port() {
        assert_eq!(parse("200", "127.0.0.1:15060").unwrap().to_string(), "sip:200@127.0.0.1:15060");
        assert_eq!(parse("200", "[::1]:5060").unwrap().to_string(), "sip:200@[::1]:5060");
    }

    #[test]
    fn what_cannot_be_called_is_refused() {
        let long = "1".repeat(300);
        let bad = [
            "",
            "  ",
            "+",
            "---",
            "two words",
            "200@",
            "sip:",
            "sip:200@",
            "mailto:a@b",
            "tel:",
            "tel:abc",
            "200\r\nX: y",
            "sip:200@host?Replaces=1",
            "sip:200:secret@host",
            "<sip:200@host>",
            "http://host/",
            long.as_str(),
        ];
        for text in bad {
            assert_eq!(parse(text, "pbx.example").unwrap_err(), BadTarget, "{text}");
        }
    }
}
