//! Reading their description: which stream we would take, and what they said about it.

use super::SdpFault;
use super::fmtp::OpusWish;
use crate::media::{Codec, Direction};
use sdp_types::{Attribute, Media, ParserError, Session};
use std::net::{IpAddr, SocketAddr};

/// Their description, as far as one audio stream is concerned.
pub(super) struct Theirs {
    /// All `m=` lines, in order, for an answer that must mirror them.
    pub lines: Vec<MediaLine>,
    pub audio: Audio,
}

/// One `m=` line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct MediaLine {
    pub media: String,
    pub proto: String,
    pub formats: String,
}

/// The audio stream taken.
pub(super) struct Audio {
    /// Which of the `m=` lines.
    pub index: usize,
    /// Unspecified address: `c=0.0.0.0`, hold in the manner of RFC 2543.
    pub rtp: SocketAddr,
    pub rtcp: SocketAddr,
    /// Ours among theirs, in their order.
    pub codecs: Vec<(u8, Codec)>,
    /// Payload types of telephone-event with their clock in Hz, in their order.
    pub telephone_event: Vec<(u8, u32)>,
    /// Of the first Opus among `codecs`.
    pub opus: OpusWish,
    /// All payload types they named, known to us or not.
    pub payload_types: Vec<u8>,
    /// Theirs: `SendOnly` means that they send.
    pub direction: Direction,
    /// What they would like to receive, and the most that they take.
    pub ptime_ms: u32,
    pub maxptime_ms: u32,
}

impl Audio {
    pub fn takes_sound(&self) -> bool {
        self.direction.receives() && !self.rtp.ip().is_unspecified()
    }

    /// Length of the packets to send: tens of ms from 10 to 60; of Opus only what is one frame (RFC 7587 §3.2).
    pub fn packet_ms(&self, codec: Codec) -> u32 {
        let least = if codec == Codec::Opus { self.opus.least_ms.next_multiple_of(10) } else { 0 };
        let ms = self.ptime_ms.max(least).min(self.maxptime_ms).clamp(10, 60) / 10 * 10;
        match (codec, ms) {
            (Codec::Opus, 30) => 20,
            (Codec::Opus, 50) => 40,
            _ => ms,
        }
    }

    /// The telephone events of these codecs' clocks, one for each (RFC 4733 §2.1); where there is none, any at all, since an
    /// end that names only one means it for all its codecs.
    pub fn events_for(&self, codecs: &[(u8, Codec)]) -> Vec<(u8, u32)> {
        let mut events: Vec<(u8, u32)> = Vec::new();
        for &(pt, clock) in &self.telephone_event {
            let fits = codecs.iter().any(|(_, codec)| codec.clock_hz() == clock);
            if fits && events.iter().all(|(_, known)| *known != clock) {
                events.push((pt, clock));
            }
        }
        if events.is_empty() {
            events.extend(self.telephone_event.first());
        }
        events
    }
}

/// Reads a description and takes the first plain audio stream with a codec of ours.
pub(super) fn read(sdp: &[u8], ours: &[Codec]) -> Result<Theirs, SdpFault> {
    let session = Session::parse(&without_the_unneeded(sdp)).map_err(malformed)?;
    let audio = take_audio(&session, ours)?;
    let lines = session.medias.into_iter().map(MediaLine::from).collect();
    Ok(Theirs { lines, audio })
}

impl From<Media> for MediaLine {
    fn from(media: Media) -> Self {
        Self { media: media.media, proto: media.proto, formats: media.fmt }
    }
}

/// Blanks the lines that an audio call does not need, keeping their numbers: a bad bandwidth or a session
/// name in another charset is no reason to refuse a client.
fn without_the_unneeded(sdp: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(sdp.len());
    for line in sdp.split(|&byte| byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if !matches!(line, [b'b' | b'e' | b'i' | b'k' | b'p' | b'r' | b's' | b't' | b'u' | b'z', b'=', ..]) {
            kept.extend_from_slice(line.trim_ascii_end());
        }
        kept.push(b'\n');
    }
    kept
}

fn malformed(error: ParserError) -> SdpFault {
    #[allow(deprecated)] // two of the variants
    let line = match error {
        ParserError::UnexpectedLine(line, _)
        | ParserError::InvalidLineFormat(line, _)
        | ParserError::InvalidFieldEncoding(line, _)
        | ParserError::InvalidFieldFormat(line, _)
        | ParserError::MissingField(line, _)
        | ParserError::FieldTrailingData(line, _)
        | ParserError::InvalidVersion(line, _)
        | ParserError::MultipleVersions(line)
        | ParserError::MultipleOrigins(line)
        | ParserError::MultipleSessionNames(line)
        | ParserError::MultipleSessionDescription(line)
        | ParserError::MultipleUris(line)
        | ParserError::MultipleConnections(line)
        | ParserError::MultipleTimeZones(line)
        | ParserError::MultipleMediaTitles(line)
        | ParserError::MultipleKeys(line)
        | ParserError::RepeatWithoutTime(line) => Some(line),
        ParserError::NoVersion | ParserError::NoOrigin | ParserError::NoSessionName => None,
    };
    SdpFault::Malformed { line }
}

fn take_audio(session: &Session, ours: &[Codec]) -> Result<Audio, SdpFault> {
    let mut fault = SdpFault::NoAudio;
    for (index, media) in session.medias.iter().enumerate() {
        if !media.media.eq_ignore_ascii_case("audio") {
            continue;
        }
        match read_audio(session, index, media, ours) {
            Ok(audio) => return Ok(audio),
            // The first stream that is more than absent names the reason.
            Err(why) if matches!(fault, SdpFault::NoAudio | SdpFault::Rejected) => fault = why,
            Err(_) => (),
        }
    }
    Err(fault)
}

fn read_audio(session: &Session, index: usize, media: &Media, ours: &[Codec]) -> Result<Audio, SdpFault> {
    if media.port == 0 {
        return Err(SdpFault::Rejected);
    }
    match media.proto.to_ascii_uppercase().as_str() {
        "RTP/AVP" | "RTP/AVPF" => (),
        proto if proto.contains("SAVP") => return Err(SdpFault::Encrypted),
        _ => return Err(SdpFault::NoAudio),
    }
    let formats: Vec<(u8, Format)> = payload_types(media).map(|pt| (pt, format_of(media, pt))).collect();
    let codecs: Vec<(u8, Codec)> = formats
        .iter()
        .filter_map(|&(pt, format)| match format {
            Format::Audio(codec) if ours.contains(&codec) => Some((pt, codec)),
            _ => None,
        })
        .collect();
    if codecs.is_empty() {
        return Err(SdpFault::NoCommonCodec);
    }
    let ip = address(session, media)?;
    let opus =
        codecs.iter().find(|(_, codec)| *codec == Codec::Opus).and_then(|(pt, _)| parameters(media, *pt));
    let (ptime_ms, maxptime_ms) = packet_times(media);
    Ok(Audio {
        index,
        rtp: SocketAddr::new(ip, media.port),
        rtcp: rtcp_address(media, ip),
        codecs,
        telephone_event: formats
            .iter()
            .filter_map(|&(pt, format)| match format {
                Format::TelephoneEvent(clock) => Some((pt, clock)),
                _ => None,
            })
            .collect(),
        opus: opus.map_or_else(OpusWish::default, OpusWish::read),
        payload_types: formats.iter().map(|(pt, _)| *pt).collect(),
        direction: direction(session, media),
        ptime_ms,
        maxptime_ms,
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Audio(Codec),
    /// With its clock in Hz.
    TelephoneEvent(u32),
    Other,
}

fn payload_types(media: &Media) -> impl Iterator<Item = u8> {
    media.fmt.split_ascii_whitespace().filter_map(|pt| pt.parse().ok()).filter(|pt| *pt < 128)
}

/// By its `a=rtpmap`; without one, by the static table (RFC 3551 §6).
fn format_of(media: &Media, payload_type: u8) -> Format {
    let mapped = values(&media.attributes, "rtpmap").find_map(|value| {
        let (pt, encoding) = value.trim().split_once(' ')?;
        (pt.parse() == Ok(payload_type)).then(|| encoding.trim())
    });
    let Some(encoding) = mapped else {
        let codec = Codec::ALL.into_iter().find(|codec| codec.static_payload_type() == Some(payload_type));
        return codec.map_or(Format::Other, Format::Audio);
    };
    let mut parts = encoding.split('/').map(str::trim);
    let name = parts.next().unwrap_or_default();
    let Some(clock) = parts.next().and_then(|clock| clock.parse().ok()) else { return Format::Other };
    let channels = parts.next().unwrap_or("1");
    if name.eq_ignore_ascii_case("telephone-event") {
        return if channels == "1" && clock > 0 { Format::TelephoneEvent(clock) } else { Format::Other };
    }
    match Codec::from_name(name) {
        // Two channels by its document, whatever is sent (RFC 7587 §7); some leave them out.
        Some(Codec::Opus) if clock == 48_000 => Format::Audio(Codec::Opus),
        // Its samples come at twice its clock, and some name those.
        Some(Codec::G722) if matches!(clock, 8_000 | 16_000) && channels == "1" => Format::Audio(Codec::G722),
        Some(codec) if clock == codec.clock_hz() && channels == "1" => Format::Audio(codec),
        _ => Format::Other,
    }
}

/// Of that payload type, from its `a=fmtp`.
fn parameters(media: &Media, payload_type: u8) -> Option<&str> {
    values(&media.attributes, "fmtp").find_map(|value| {
        let (pt, parameters) = value.trim().split_once(' ')?;
        (pt.parse() == Ok(payload_type)).then_some(parameters)
    })
}

/// The stream's own `c=`, or the session's (RFC 8866 §5.7).
fn address(session: &Session, media: &Media) -> Result<IpAddr, SdpFault> {
    let connection = media.connections.first().or(session.connection.as_ref());
    let connection = connection.ok_or(SdpFault::Malformed { line: None })?;
    let ip = connection.try_address().map_err(|_| SdpFault::UnusableAddress)?.ip.to_canonical();
    if ip.is_multicast() { Err(SdpFault::UnusableAddress) } else { Ok(ip) }
}

/// `a=rtcp:` (RFC 3605), else the next port.
fn rtcp_address(media: &Media, ip: IpAddr) -> SocketAddr {
    let next = SocketAddr::new(ip, media.port.checked_add(1).unwrap_or(media.port));
    let Some(value) = values(&media.attributes, "rtcp").next() else { return next };
    let mut parts = value.split_ascii_whitespace();
    let Some(port) = parts.next().and_then(|port| port.parse().ok()).filter(|port| *port != 0) else {
        return next;
    };
    let named = parts.nth(2).and_then(|ip| ip.parse::<IpAddr>().ok()).map(|ip| ip.to_canonical());
    SocketAddr::new(named.filter(|named| named.is_ipv4() == ip.is_ipv4()).unwrap_or(ip), port)
}

fn direction(session: &Session, media: &Media) -> Direction {
    let named = |attributes: &[Attribute]| {
        attributes.iter().find_map(|attribute| match attribute.attribute.as_str() {
            "sendrecv" => Some(Direction::SendRecv),
            "sendonly" => Some(Direction::SendOnly),
            "recvonly" => Some(Direction::RecvOnly),
            "inactive" => Some(Direction::Inactive),
            _ => None,
        })
    };
    named(&media.attributes).or_else(|| named(&session.attributes)).unwrap_or(Direction::SendRecv)
}

/// `a=ptime` and `a=maxptime`; 20 and 60 if they do not say, or say nonsense.
fn packet_times(media: &Media) -> (u32, u32) {
    let number = |name| values(&media.attributes, name).find_map(|value| value.trim().parse::<u32>().ok());
    let wanted = number("ptime").filter(|ms| (10..=200).contains(ms)).unwrap_or(20);
    let most = number("maxptime").filter(|ms| *ms >= 10).unwrap_or(60);
    (wanted, most)
}

fn values<'a>(attributes: &'a [Attribute], name: &'a str) -> impl Iterator<Item = &'a str> {
    attributes.iter().filter(move |attribute| attribute.attribute == name).filter_map(|a| a.value.as_deref())
}
