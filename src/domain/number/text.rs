//! From a text to digits: URIs, separators, foreign digits, extensions. Knows nothing about countries.

use super::NumberProblem;

/// Longest text looked at, bytes.
const LONGEST_TEXT: usize = 256;
/// Longest run of digits that is a number or a feature code.
const LONGEST_DIGITS: usize = 32;
const FULL_WIDTH_PLUS: char = '\u{FF0B}';
/// Longest extension.
const LONGEST_EXTENSION: usize = 12;

/// Words and signs between a number and an extension, lower case; longer ones before their beginnings.
const EXTENSION_MARKS: &[&str] = &[
    "добавочный",
    "доб.",
    "доб",
    "внутр.",
    "вн.",
    "extension",
    "ext.",
    "ext",
    "내선번호",
    "내선",
    "x",
    "х",
    ",",
    "#",
];

/// A written number in its parts.
#[derive(Default)]
pub(super) struct Written {
    /// Digits alone; or a feature code with `*` and `#` where `is_code`.
    pub digits: String,
    pub has_plus: bool,
    /// Digits that stood before the plus sign (`9+7495…`).
    pub before_plus: String,
    pub is_code: bool,
    pub extension: Option<String>,
    /// `;phone-context=` (RFC 3966 §5.1.5), undecided whether domain or number.
    pub context: Option<String>,
}

pub(super) fn take_apart(text: &str) -> Result<Written, NumberProblem> {
    if text.len() > LONGEST_TEXT {
        return Err(NumberProblem::TooLong);
    }
    let text = decode_percent(strip_angles(text.trim()));
    let subscriber = user_part(text.trim());
    let (body, params) = subscriber.split_once(';').unwrap_or((subscriber, ""));
    let mut written = digits_and_extension(body)?;
    read_params(params, &mut written);
    Ok(written)
}

/// `"Ivan" <sip:…>` → `sip:…`
fn strip_angles(text: &str) -> &str {
    let inside = text.split_once('<').map_or(text, |(_, rest)| rest);
    inside.split_once('>').map_or(inside, |(inside, _)| inside)
}

/// `%2B7…` → `+7…` (RFC 3986 §2.1). A percent sign that encodes nothing stays and is refused later.
fn decode_percent(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while let Some(&byte) = bytes.get(i) {
        let decoded = (byte == b'%').then(|| hex_pair(bytes.get(i + 1), bytes.get(i + 2))).flatten();
        out.push(decoded.unwrap_or(byte));
        i += if decoded.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn hex_pair(high: Option<&u8>, low: Option<&u8>) -> Option<u8> {
    let digit = |b: Option<&u8>| b.and_then(|&b| char::from(b).to_digit(16));
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

/// The user of a `sip:` URI (RFC 3261 §19.1.1), the subscriber of a `tel:` URI; any other text as it is.
fn user_part(text: &str) -> &str {
    if let Some(rest) = strip_scheme(text, "tel:") {
        return rest;
    }
    let Some(rest) = strip_scheme(text, "sip:").or_else(|| strip_scheme(text, "sips:")) else {
        return text.split_once('@').map_or(text, |(user, _)| user);
    };
    let user = rest.split_once('@').map_or(rest, |(user, _)| user);
    user.split_once(':').map_or(user, |(user, _)| user)
}

fn strip_scheme<'a>(text: &'a str, scheme: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(scheme.len())?;
    head.eq_ignore_ascii_case(scheme).then_some(rest)
}

fn digits_and_extension(body: &str) -> Result<Written, NumberProblem> {
    let body = body.trim();
    let plain: String = body.chars().filter(|&c| !is_separator(c)).map(ascii_digit).collect();
    if plain.is_empty() {
        return Err(NumberProblem::Empty);
    }
    if is_feature_code(&plain) {
        let too_long = plain.len() > LONGEST_DIGITS;
        return if too_long {
            Err(NumberProblem::TooLong)
        } else {
            Ok(Written { digits: plain, is_code: true, ..Written::default() })
        };
    }
    let (number, extension) = split_extension(body);
    let mut written = number_alone(number)?;
    written.extension = extension.map(extension_digits).transpose()?;
    Ok(written)
}

/// `*8`, `*72#`, `#31#8916…`: for the PBX, in its own language.
fn is_feature_code(plain: &str) -> bool {
    plain.bytes().all(|b| b.is_ascii_digit() || b == b'*' || b == b'#')
        && (plain.contains('*') || plain.starts_with('#'))
}

fn split_extension(body: &str) -> (&str, Option<&str>) {
    // Marks are looked for after the first digit only, so that no mark can eat the number itself.
    let Some(first) = body.find(|c| ascii_digit(c).is_ascii_digit()) else { return (body, None) };
    let hit = body.char_indices().filter(|&(i, _)| i > first).find_map(|(i, _)| {
        let rest = body.get(i..)?;
        EXTENSION_MARKS.iter().find_map(|mark| after_ignoring_case(rest, mark)).map(|after| (i, after))
    });
    match hit {
        Some((at, after)) => (body.get(..at).unwrap_or(body), Some(after)),
        None => (body, None),
    }
}

fn after_ignoring_case<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    let mut rest = text.chars();
    mark.chars().all(|m| rest.next().is_some_and(|c| c.to_lowercase().eq([m]))).then_some(rest.as_str())
}

fn number_alone(text: &str) -> Result<Written, NumberProblem> {
    let mut written = Written::default();
    let text = if text.contains(['+', FULL_WIDTH_PLUS]) { text.replace("(0)", "") } else { text.to_owned() };
    for c in text.chars().filter(|&c| !is_separator(c)).map(ascii_digit) {
        match c {
            '0'..='9' => written.digits.push(c),
            '+' if !written.has_plus => {
                written.has_plus = true;
                written.before_plus = std::mem::take(&mut written.digits);
            }
            _ => return Err(NumberProblem::NotANumber),
        }
    }
    match written.digits.len() {
        0 => Err(NumberProblem::NotANumber),
        1..=LONGEST_DIGITS => Ok(written),
        _ => Err(NumberProblem::TooLong),
    }
}

fn extension_digits(text: &str) -> Result<String, NumberProblem> {
    // Marks come in company: ", доб. 7", "(내선번호: 305)".
    let text = text.trim_start_matches(is_separator);
    if let Some(rest) = EXTENSION_MARKS.iter().find_map(|mark| after_ignoring_case(text, mark)) {
        return extension_digits(rest);
    }
    let is_noise = |c: char| is_separator(c) || matches!(c, ':' | ',' | '#' | '№');
    let digits: String = text.chars().filter(|&c| !is_noise(c)).map(ascii_digit).collect();
    let fits = (1..=LONGEST_EXTENSION).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    if fits { Ok(digits) } else { Err(NumberProblem::NotANumber) }
}

/// `;ext=` and `;phone-context=` (RFC 3966 §3); other parameters say nothing about the number.
fn read_params(params: &str, written: &mut Written) {
    for param in params.split(';') {
        let (name, value) = param.split_once('=').unwrap_or((param, ""));
        if name.trim().eq_ignore_ascii_case("ext") {
            written.extension = extension_digits(value).ok().or_else(|| written.extension.take());
        } else if name.trim().eq_ignore_ascii_case("phone-context") {
            written.context = Some(value.trim().to_owned());
        }
    }
}

/// Full-width digits and plus sign as Korean and Japanese keyboards write them.
fn ascii_digit(c: char) -> char {
    match c {
        '\u{FF10}'..='\u{FF19}' => char::from_digit(u32::from(c) - 0xFF10, 10).unwrap_or(c),
        FULL_WIDTH_PLUS => '+',
        '\u{FF0A}' => '*',
        '\u{FF03}' => '#',
        _ => c,
    }
}

/// Visual separators (RFC 3966 §5.1.1) and what word processors and bidirectional text put in their place.
fn is_separator(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '-' | '.' | '(' | ')' | '[' | ']' | '/' | '~' | '\u{B7}' | '\u{30FB}')
        || matches!(c, '\u{FF08}' | '\u{FF09}' | '\u{FF0D}' | '\u{FF0E}')
        || matches!(c, '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{00AD}')
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}
