//! application/simple-message-summary (RFC 3842 §5.2): voice messages that wait.

/// More lines than any mailbox has.
const MOST_LINES: usize = 200;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MessageSummary {
    pub waiting: bool,
    /// Voice messages, new and old; None where the mailbox counts none.
    pub voice: Option<(u32, u32)>,
}

/// None: not such a body.
pub fn parse(body: &[u8]) -> Option<MessageSummary> {
    let text = std::str::from_utf8(body).ok()?;
    let (mut waiting, mut voice) = (None, None);
    for (name, value) in text.lines().take(MOST_LINES).filter_map(|line| line.split_once(':')) {
        let (name, value) = (name.trim(), value.trim());
        if name.eq_ignore_ascii_case("Messages-Waiting") {
            waiting = match value.to_ascii_lowercase().as_str() {
                "yes" => Some(true),
                "no" => Some(false),
                _ => return None,
            };
        } else if name.eq_ignore_ascii_case("Voice-Message") {
            voice = Some(counts(value)?);
        }
    }
    Some(MessageSummary { waiting: waiting?, voice })
}

/// `1/0 (0/0)`: new, old, and of these the urgent ones.
fn counts(value: &str) -> Option<(u32, u32)> {
    let (new, old) = value.split('(').next()?.trim().split_once('/')?;
    Some((new.trim().parse().ok()?, old.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_voice_messages_are_read() {
        let table = [
            (
                "Messages-Waiting: yes\r\nMessage-Account: sip:611@pbx\r\nVoice-Message: 1/0 (0/0)\r\n",
                true,
                Some((1, 0)),
            ),
            ("Messages-Waiting: no\nVoice-Message: 0/12\n", false, Some((0, 12))),
            ("messages-waiting:YES\r\n\r\nSubject: x", true, None),
            ("Messages-Waiting: yes\r\nFax-Message: 3/4 (0/0)\r\n", true, None),
        ];
        for (text, waiting, voice) in table {
            assert_eq!(parse(text.as_bytes()), Some(MessageSummary { waiting, voice }), "{text}");
        }
    }

    #[test]
    fn what_is_no_summary_is_refused() {
        for text in [
            "",
            "Voice-Message: 1/0",
            "Messages-Waiting: perhaps",
            "Messages-Waiting: yes\r\nVoice-Message: many",
            "Messages-Waiting: yes\r\nVoice-Message: 99999999999/0",
        ] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }
}
