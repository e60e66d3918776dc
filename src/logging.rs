//! Diagnostics on stderr, with secrets and client data masked.
//!
//! `-v` says what an operator would tell a colleague, `-vv` the decisions taken, `-vvv` every
//! message. Numbers, names and credentials stay masked at every level.

use crate::secrets::Masked;
use std::fmt;
use tracing::level_filters::LevelFilter;

/// Once per process. Only our own words: libraries speak from warnings up.
pub fn start(verbosity: u8) {
    let level = match verbosity {
        0 => LevelFilter::ERROR,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let filter = tracing_subscriber::EnvFilter::builder().parse_lossy(format!("warn,patchcord={level}"));
    // Fails when a test has started it already.
    let _ = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .without_time()
        .with_target(false)
        .with_env_filter(filter)
        .try_init();
}

/// A SIP message for the log: structure stays readable, credentials and keys go, users of URIs and
/// display names are masked.
pub struct Redacted<'a>(pub &'a [u8]);

impl fmt::Display for Redacted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = String::from_utf8_lossy(self.0);
        for line in text.lines() {
            write!(f, "\n  {}", redact_line(line))?;
        }
        Ok(())
    }
}

fn redact_line(line: &str) -> String {
    let name = line.split(':').next().unwrap_or_default().trim().to_ascii_lowercase();
    match name.as_str() {
        "authorization" | "proxy-authorization" | "authentication-info" => {
            format!("{}: …", line.split(':').next().unwrap_or_default())
        }
        _ if line.starts_with("a=crypto:") || line.starts_with("k=") => {
            line.chars().take_while(|c| !c.is_whitespace()).chain(" …".chars()).collect()
        }
        // The target may be a client's number.
        "x-patchcord-return" => "X-Patchcord-Return: …".into(),
        // DTMF by INFO may be a card code.
        "signal" => "Signal: …".into(),
        _ if line.to_ascii_lowercase().starts_with("signal=") => "Signal=…".into(),
        // The same without a name (application/dtmf); no other line is so short.
        _ if line.len() == 1 => "…".into(),
        _ => mask_uris(&mask_plain_names(&mask_quoted(line))),
    }
}

fn mask_quoted(line: &str) -> String {
    let mut masked = String::new();
    for (index, part) in line.split('"').enumerate() {
        if index > 0 {
            masked.push('"');
        }
        // Quoted texts before an address are names, and so are those in dialog-info; others (realm, nonce) stand behind a `=`.
        let before = masked.trim_end_matches('"');
        let is_name = index % 2 == 1 && (!before.ends_with('=') || before.ends_with("display="));
        if is_name { masked.push_str(&Masked(part).to_string()) } else { masked.push_str(part) }
    }
    masked
}

/// Names without quotes stand between a header's colon, or a list's comma, and an angle bracket.
fn mask_plain_names(line: &str) -> String {
    let Some((header, value)) = line.split_once(':').filter(|(header, _)| is_token(header)) else {
        return line.to_owned();
    };
    let mut masked = format!("{header}:");
    let mut parts = value.split('<').peekable();
    while let Some(part) = parts.next() {
        let (kept, name) = part.rsplit_once(',').map_or(("", part), |(kept, name)| (kept, name));
        let is_name = parts.peek().is_some() && !name.trim().is_empty() && !name.contains(['"', '=', '>']);
        if is_name {
            let comma = if part.contains(',') { "," } else { "" };
            masked.push_str(&format!("{kept}{comma} {} ", Masked(name.trim())));
        } else {
            masked.push_str(part);
        }
        if parts.peek().is_some() {
            masked.push('<');
        }
    }
    masked
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn mask_uris(line: &str) -> String {
    let mut masked = String::new();
    let mut rest = line;
    while let Some((at, scheme)) =
        ["sip:", "sips:", "tel:"].iter().filter_map(|scheme| Some((find(rest, scheme)?, *scheme))).min()
    {
        let (before, after) = rest.split_at(at + scheme.len());
        masked.push_str(before);
        let end = after.find(['@', '>', ';', ' ', ',', '?']).unwrap_or(after.len());
        let (user, after) = after.split_at(end);
        if after.starts_with('@') || scheme == "tel:" {
            masked.push_str(&Masked(user).to_string());
        } else {
            masked.push_str(user);
        }
        rest = after;
    }
    masked.push_str(rest);
    masked
}

/// Schemes are written in any letters (RFC 3986 §3.1).
fn find(text: &str, scheme: &str) -> Option<usize> {
    text.as_bytes().windows(scheme.len()).position(|part| part.eq_ignore_ascii_case(scheme.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_in_the_log_holds_no_number_name_or_credential() {
        let message = "INVITE sip:79161234567@pbx SIP/2.0\r\nFrom: \"Anna Ivanova\" <sip:+79031112233@pbx>;tag=1\r\n\
            Contact: Boris <sip:79261234567@h>, Vera Petrova <sip:x@h>\r\n\
            Authorization: Digest username=\"101\", response=\"abcdef\"\r\nP-Asserted-Identity: tel:+79031112233\r\n\
            Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK1\r\n\r\na=crypto:1 AES_CM_128 inline:secretkey\r\nSignal=5\r\n7\r\nRoute: <SIP:+79998887766@pbx>\r\n\
            X-Patchcord-Return: 3fa9;reason=busy;target=+79165554433\r\n\
            <remote><identity display=\"Galina Orlova\">sip:302@pbx</identity></remote>\r\n";
        let logged = Redacted(message.as_bytes()).to_string();
        for secret in [
            "9161234567",
            "oris",
            "etrova",
            "rlova",
            "9165554433",
            "9261234567",
            "9031112233",
            "nna",
            "abcdef",
            "101",
            "secretkey",
            "Signal=5",
            "\n  7",
            "9998887766",
        ] {
            assert!(!logged.contains(secret), "{secret} in {logged}");
        }
        assert!(logged.contains("branch=z9hG4bK1") && logged.contains("INVITE sip:…67@pbx"), "{logged}");
    }
}
