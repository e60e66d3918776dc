//! Single values of settings, written alike in the file and on the command line.

use crate::domain::number::OutgoingFormat;
use crate::text::{Language, msg};
use crate::transmit::Transport;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

/// What a value should have been: a message for people, and an example that would do, as it is
/// written on the command line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Expected {
    pub what: &'static str,
    pub example: &'static str,
}

/// A value with one way of writing it.
pub trait Setting: Sized {
    const EXPECTED: Expected;
    fn parse(text: &str) -> Option<Self>;
}

/// `pbx.example.com`, `192.0.2.10:5070`, `[2001:db8::10]:5060`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HostPort {
    /// A name, or an address without brackets.
    pub host: String,
    pub port: Option<u16>,
}

impl HostPort {
    pub fn ip(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }
}

impl std::fmt::Display for HostPort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let bracketed = self.host.contains(':');
        match (bracketed, self.port) {
            (false, None) => f.write_str(&self.host),
            (false, Some(port)) => write!(f, "{}:{port}", self.host),
            (true, None) => write!(f, "[{}]", self.host),
            (true, Some(port)) => write!(f, "[{}]:{port}", self.host),
        }
    }
}

impl Setting for HostPort {
    const EXPECTED: Expected = Expected {
        what: msg!("a host name or address, with a port if need be"),
        example: "pbx.example.com:5060",
    };

    fn parse(text: &str) -> Option<Self> {
        if let Ok(ip) = text.parse::<IpAddr>() {
            return Some(Self { host: ip.to_string(), port: None });
        }
        if let Some(inner) = text.strip_prefix('[') {
            let (ip, rest) = inner.split_once(']')?;
            let ip: std::net::Ipv6Addr = ip.parse().ok()?;
            let port = if rest.is_empty() { None } else { Some(port_of(rest.strip_prefix(':')?)?) };
            return Some(Self { host: ip.to_string(), port });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port_of(port)?)),
            None => (text, None),
        };
        is_host_name(host).then(|| Self { host: host.to_owned(), port })
    }
}

fn port_of(text: &str) -> Option<u16> {
    text.parse().ok().filter(|port| *port != 0)
}

fn is_host_name(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    !text.is_empty() && text.len() <= 253 && text.chars().all(allowed) && !text.starts_with(['-', '.'])
}

/// First and last UDP port for audio, both included. RTP takes the even ones, RTCP the next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PortRange {
    pub first: u16,
    pub last: u16,
}

impl Setting for PortRange {
    const EXPECTED: Expected =
        Expected { what: msg!("a range of ports with room for a pair"), example: "40000-40019" };

    fn parse(text: &str) -> Option<Self> {
        let (first, last) = text.split_once('-')?;
        let (first, last) = (port_of(first.trim())?, port_of(last.trim())?);
        let first_even = first.checked_next_multiple_of(2)?;
        (first_even < last).then_some(Self { first, last })
    }
}

/// Extensions where parked clients wait, both ends included; 100 at most.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ParkingRange {
    pub first: u32,
    pub last: u32,
}

impl std::fmt::Display for ParkingRange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

impl Setting for ParkingRange {
    const EXPECTED: Expected =
        Expected { what: msg!("a range of at most 100 extensions"), example: "701-720" };

    fn parse(text: &str) -> Option<Self> {
        let number = |text: &str| {
            let fits = !text.starts_with('0') && text.bytes().all(|digit| digit.is_ascii_digit());
            text.parse::<u32>().ok().filter(|_| fits)
        };
        let (first, last) = text.split_once('-')?;
        let (first, last) = (number(first.trim())?, number(last.trim())?);
        (first <= last && last - first < 100).then_some(Self { first, last })
    }
}

/// The code that has a colleague's ringing call.
pub(super) const PICKUP: Expected = Expected {
    what: msg!("a code with {extension} where the colleague's number stands"),
    example: "*8{extension}",
};

pub(super) fn pickup(text: &str) -> Option<String> {
    String::parse(text).filter(|code| code.contains("{extension}"))
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CodecName {
    Opus,
    G722,
    Pcma,
    Pcmu,
}

impl Setting for CodecName {
    const EXPECTED: Expected =
        Expected { what: msg!("a codec, or several separated by commas"), example: "opus,G722,PCMA,PCMU" };

    fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_uppercase().as_str() {
            "OPUS" => Some(Self::Opus),
            "G722" => Some(Self::G722),
            "PCMA" | "ALAW" => Some(Self::Pcma),
            "PCMU" | "ULAW" => Some(Self::Pcmu),
            _ => None,
        }
    }
}

/// How much of what is heard Opus carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Band {
    /// Up to 4 kHz, as a plain telephone.
    Narrow,
    /// Up to 8 kHz.
    Wide,
    /// Up to 20 kHz.
    Full,
}

impl Setting for Band {
    const EXPECTED: Expected = Expected { what: msg!("narrow, wide or full"), example: "wide" };

    fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "narrow" => Some(Self::Narrow),
            "wide" => Some(Self::Wide),
            "full" => Some(Self::Full),
            _ => None,
        }
    }
}

/// Kilobits a second of Opus.
pub(super) const OPUS_RATE: Expected =
    Expected { what: msg!("kilobits a second, from 8 to 128"), example: "32" };

/// A header that may say who calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Identity {
    Asserted,
    RemoteParty,
    From,
}

impl Setting for Identity {
    const EXPECTED: Expected = Expected {
        what: msg!("headers that name the caller, in order of trust"),
        example: "P-Asserted-Identity,Remote-Party-ID,From",
    };

    fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "p-asserted-identity" => Some(Self::Asserted),
            "remote-party-id" => Some(Self::RemoteParty),
            "from" => Some(Self::From),
            _ => None,
        }
    }
}

impl Setting for OutgoingFormat {
    const EXPECTED: Expected = Expected {
        what: msg!("one of \"+international\", \"international\", \"national\""),
        example: "national",
    };

    fn parse(text: &str) -> Option<Self> {
        match text {
            "+international" => Some(Self::E164Plus),
            "international" => Some(Self::E164),
            "national" => Some(Self::National),
            _ => None,
        }
    }
}

/// What the PBX does with the client after a transfer that failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AfterFailedTransfer {
    /// As Asterisk does: after most failures the client is with nobody.
    Asterisk,
    /// The client stays with us.
    Kept,
}

impl Setting for AfterFailedTransfer {
    const EXPECTED: Expected = Expected { what: msg!("one of \"asterisk\", \"kept\""), example: "asterisk" };

    fn parse(text: &str) -> Option<Self> {
        match text {
            "asterisk" => Some(Self::Asterisk),
            "kept" => Some(Self::Kept),
            _ => None,
        }
    }
}

/// Who plays music to a client on hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HoldMusic {
    /// The PBX, as Asterisk does.
    Pbx,
    /// The telephone.
    Own,
}

impl Setting for HoldMusic {
    const EXPECTED: Expected = Expected { what: msg!("one of \"pbx\", \"own\""), example: "pbx" };

    fn parse(text: &str) -> Option<Self> {
        match text {
            "pbx" => Some(Self::Pbx),
            "own" => Some(Self::Own),
            _ => None,
        }
    }
}

/// How a client is passed on where nobody says otherwise.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TransferMode {
    /// The target is called first; a client whom nobody takes is back.
    Return,
    /// The PBX calls the target.
    Blind,
}

impl Setting for TransferMode {
    const EXPECTED: Expected = Expected { what: msg!("one of \"return\", \"blind\""), example: "return" };

    fn parse(text: &str) -> Option<Self> {
        match text {
            "return" => Some(Self::Return),
            "blind" => Some(Self::Blind),
            _ => None,
        }
    }
}

/// Whose tones say that a call that is dialled rings or is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ToneCountry(&'static str);

impl ToneCountry {
    /// Of ISO 3166.
    pub const ALL: [&'static str; 40] = [
        "RU", "KR", "AT", "AU", "BE", "BG", "BR", "BY", "CA", "CH", "CL", "CN", "CZ", "DE", "ES", "FI", "FR",
        "GB", "GR", "HU", "ID", "IL", "IN", "IT", "JP", "KZ", "LT", "MX", "NL", "NO", "NZ", "PH", "PL", "PT",
        "SE", "SG", "TW", "UA", "US", "ZA",
    ];

    pub const fn letters(self) -> &'static str {
        self.0
    }
}

impl Setting for ToneCountry {
    const EXPECTED: Expected =
        Expected { what: msg!("the two letters of a country whose tones are known"), example: "RU" };

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|letters| letters.eq_ignore_ascii_case(text)).map(Self)
    }
}

/// How it rings when somebody calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RingStyle {
    Bell,
    /// With the country's tones.
    Country,
}

impl Setting for RingStyle {
    const EXPECTED: Expected = Expected { what: msg!("one of \"bell\", \"country\""), example: "bell" };

    fn parse(text: &str) -> Option<Self> {
        match text {
            "bell" => Some(Self::Bell),
            "country" => Some(Self::Country),
            _ => None,
        }
    }
}

/// What the telephone may decide itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AutoSwitch {
    Auto,
    On,
    Off,
}

impl AutoSwitch {
    pub const ALL: [Self; 3] = [Self::Auto, Self::On, Self::Off];

    pub const fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::On => "on",
            Self::Off => "off",
        }
    }
}

impl Setting for AutoSwitch {
    const EXPECTED: Expected = Expected { what: msg!("one of \"auto\", \"on\", \"off\""), example: "auto" };

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|switch| switch.word() == text)
    }
}

/// Colours of the window.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// As the desktop has it.
    System,
    Light,
    Dark,
    /// High contrast.
    Contrast,
}

impl Setting for Theme {
    const EXPECTED: Expected =
        Expected { what: msg!("one of \"system\", \"light\", \"dark\", \"contrast\""), example: "system" };

    fn parse(text: &str) -> Option<Self> {
        match text {
            "system" => Some(Self::System),
            "light" => Some(Self::Light),
            "dark" => Some(Self::Dark),
            "contrast" => Some(Self::Contrast),
            _ => None,
        }
    }
}

/// A key that answers whatever program has the keyboard: `Ctrl+Alt+A`, `F12`. A letter or digit needs one
/// of Ctrl, Alt and Super with it, or nobody could type it any more.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AnswerKey(String);

impl AnswerKey {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Setting for AnswerKey {
    const EXPECTED: Expected = Expected {
        what: msg!("a key with Ctrl, Alt, Shift or Super before it, or one of F1 to F12"),
        example: "Ctrl+Alt+A",
    };

    fn parse(text: &str) -> Option<Self> {
        let (held, key) = text.rsplit_once('+').map_or((None, text), |(held, key)| (Some(held), key));
        let held: Vec<&str> = held.map(|held| held.split('+').collect()).unwrap_or_default();
        let known = held.iter().all(|name| matches!(*name, "Ctrl" | "Alt" | "Shift" | "Super"));
        let twice = held.iter().enumerate().any(|(at, name)| held[..at].contains(name));
        let is_function = key.strip_prefix('F').is_some_and(|digits| {
            !digits.starts_with('0') && digits.parse().is_ok_and(|number: u8| (1..=12).contains(&number))
        });
        let is_typed = matches!(key.as_bytes(), [b'A'..=b'Z' | b'0'..=b'9']);
        let fits = is_function || is_typed && held.iter().any(|name| *name != "Shift");
        (known && !twice && fits).then(|| Self(text.to_owned()))
    }
}

impl Setting for Transport {
    const EXPECTED: Expected = Expected { what: msg!("one of \"udp\", \"tcp\", \"tls\""), example: "udp" };

    fn parse(text: &str) -> Option<Self> {
        match text {
            "udp" => Some(Self::Udp),
            "tcp" => Some(Self::Tcp),
            "tls" => Some(Self::Tls),
            _ => None,
        }
    }
}

impl Setting for Language {
    const EXPECTED: Expected = Expected { what: msg!("one of \"en\", \"ko\", \"ru\""), example: "en" };

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.code() == text)
    }
}

impl Setting for SocketAddr {
    const EXPECTED: Expected =
        Expected { what: msg!("an address and a port, 0 for any"), example: "192.0.2.20:0" };

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// Text that goes into SIP headers and URIs: one line, not empty.
impl Setting for String {
    const EXPECTED: Expected = Expected { what: msg!("a text of one line"), example: "operator1" };

    fn parse(text: &str) -> Option<Self> {
        let fits = !text.is_empty() && text.len() <= 256 && !text.chars().any(char::is_control);
        fits.then(|| text.to_owned())
    }
}

impl Setting for PathBuf {
    const EXPECTED: Expected = Expected { what: msg!("a file's path"), example: "/etc/patchcord/password" };

    fn parse(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self::from(text))
    }
}

/// A desk's address.
pub const URL: Expected = Expected {
    what: msg!("an address that starts with http:// or https://"),
    example: "https://desk.example.com",
};

pub fn is_desk_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/') && !text.contains(char::is_whitespace))
}

/// Louder or quieter.
pub(super) const GAIN: Expected = Expected { what: msg!("decibels from -12 to +12"), example: "+6" };

pub(super) fn gain(text: &str) -> Option<i8> {
    text.parse().ok().filter(|decibels| (-12..=12).contains(decibels))
}

/// Calls that may stand at a time.
pub const LINES: Expected = Expected { what: msg!("a number from 1 to 9"), example: "2" };

pub fn lines(number: u16) -> Option<u8> {
    u8::try_from(number).ok().filter(|lines| (1..=9).contains(lines))
}

pub(super) const HOLD_REMINDER: Expected =
    Expected { what: msg!("seconds from 10 to 3600, or 0 for none"), example: "60" };

pub(super) const COUNTRY: Expected =
    Expected { what: msg!("a country's calling code, without quotes"), example: "7" };
pub(super) const COUNTRY_LETTERS: Expected =
    Expected { what: msg!("the two letters of a country whose numbers are known"), example: "RU" };
pub(super) const AREA_CODE: Expected = Expected { what: msg!("at most 6 digits, in quotes"), example: "495" };
pub(super) const OUTSIDE_PREFIX: Expected =
    Expected { what: msg!("at most 4 digits, in quotes"), example: "9" };
pub(super) const INTERNATIONAL_PREFIX: Expected =
    Expected { what: msg!("at most 8 digits, in quotes"), example: "810" };
pub(super) const SHORT_DIGITS: Expected = Expected { what: msg!("a number from 3 to 9"), example: "5" };
pub(super) const EXPIRES: Expected = Expected { what: msg!("seconds from 10 to 43200"), example: "300" };
/// RFC 4028 §4: no less than 90 s.
pub(super) const SESSION_TIMER: Expected =
    Expected { what: msg!("seconds from 90 to 43200"), example: "1800" };
pub(super) const ZOOM: Expected = Expected { what: msg!("percent from 100 to 200"), example: "125" };
pub(super) const WRAP_UP: Expected =
    Expected { what: msg!("seconds from 0 to 600, 0 for none"), example: "15" };
pub(super) const SECRET: Expected = Expected { what: msg!("a text of one line, in quotes"), example: "…" };
pub(super) const YES_NO: Expected = Expected { what: msg!("true or false"), example: "false" };
pub(super) const TEXTS: Expected = Expected { what: msg!("a list of texts"), example: "Sales: " };
pub(super) const SECTION: &str = msg!("a section with settings of its own");
