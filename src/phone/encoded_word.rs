//! RFC 2047 encoded words in display names. SIP does not use them, but Asterisk passes on what mail-minded
//! systems put there.

/// Words that can be read are read; everything else stays as it came.
pub(super) fn decode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut after_word = false;
    while let Some(start) = rest.find("=?") {
        let (before, word) = rest.split_at(start);
        let Some((decoded, length)) = encoded_word(word) else {
            out.push_str(before);
            out.push_str("=?");
            rest = word.get(2..).unwrap_or_default();
            after_word = false;
            continue;
        };
        // Blanks between two words belong to neither (§6.2).
        if !(after_word && before.trim().is_empty()) {
            out.push_str(before);
        }
        out.push_str(&decoded);
        rest = word.get(length..).unwrap_or_default();
        after_word = true;
    }
    out.push_str(rest);
    out
}

/// `=?charset?encoding?text?=` at the start: what it says, and how long it is.
fn encoded_word(text: &str) -> Option<(String, usize)> {
    let mut parts = text.strip_prefix("=?")?.splitn(3, '?');
    let (charset, encoding, rest) = (parts.next()?, parts.next()?, parts.next()?);
    let (payload, _) = rest.split_once("?=")?;
    let octets = match encoding {
        "B" | "b" => base64(payload)?,
        "Q" | "q" => quoted(payload)?,
        _ => return None,
    };
    let length = 2 + charset.len() + 1 + encoding.len() + 1 + payload.len() + 2;
    // RFC 2231 §5 adds `*language` to the charset.
    let charset = charset.split('*').next().unwrap_or_default().to_ascii_lowercase();
    let decoded = match charset.as_str() {
        "utf-8" | "us-ascii" => String::from_utf8(octets).ok()?,
        "iso-8859-1" => octets.into_iter().map(char::from).collect(),
        _ => return None,
    };
    Some((decoded, length))
}

fn quoted(payload: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(payload.len());
    let mut bytes = payload.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'_' => b' ',
            b'=' => hex(bytes.next()?)? << 4 | hex(bytes.next()?)?,
            b'!'..=b'~' => byte,
            _ => return None,
        });
    }
    Some(out)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

fn base64(payload: &str) -> Option<Vec<u8>> {
    let digits = payload.trim_end_matches('=');
    let mut out = Vec::with_capacity(digits.len());
    let (mut bits, mut count) = (0_u32, 0_u32);
    for byte in digits.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(value)) & 0xffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn words_are_read_and_everything_else_is_kept() {
        let cases = [
            ("=?UTF-8?B?0JjQstCw0L0=?=", "Иван"),
            ("=?utf-8?q?Ivan_Petrov?=", "Ivan Petrov"),
            ("=?utf-8?Q?=D0=98=D0=B2?=", "Ив"),
            ("=?iso-8859-1*fr?Q?Ren=E9?=", "René"),
            ("Sales: =?UTF-8?B?0JjQstCw0L0=?=", "Sales: Иван"),
            ("=?UTF-8?B?0JjQstCw?= =?UTF-8?B?0L0=?=", "Иван"),
            ("=?UTF-8?B?0JjQstCw0L0=?= Petrov", "Иван Petrov"),
            ("plain", "plain"),
            ("", ""),
            ("=?koi8-r?B?6dfBzg==?=", "=?koi8-r?B?6dfBzg==?="),
            ("=?UTF-8?B?not base64!?=", "=?UTF-8?B?not base64!?="),
            ("=?UTF-8?B?/w==?=", "=?UTF-8?B?/w==?="),
            ("=?UTF-8?Q?=4?=", "=?UTF-8?Q?=4?="),
            ("=?UTF-8?X?a?=", "=?UTF-8?X?a?="),
            ("=?UTF-8?B?0JjQ", "=?UTF-8?B?0JjQ"),
            ("=?", "=?"),
            ("=??=", "=??="),
        ];
        for (given, wanted) in cases {
            assert_eq!(decode(given), wanted, "{given}");
        }
    }
}
