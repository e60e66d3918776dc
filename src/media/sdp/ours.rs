//! Writing our description.

use super::fmtp;
use super::theirs::MediaLine;
use crate::media::{Codec, Direction, EncoderSettings};
use sdp_types::{Attribute, Connection, Media, MediaType, Origin, Session, TransportProto};
use std::net::SocketAddr;

/// Everything in a description of ours but the version in `o=`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Ours {
    pub local: SocketAddr,
    pub session_id: u64,
    pub direction: Direction,
    pub codecs: Vec<(u8, Codec)>,
    /// Payload types of telephone-event with their clock in Hz.
    pub telephone_event: Vec<(u8, u32)>,
    /// What is said of Opus.
    pub opus: EncoderSettings,
    pub layout: Layout,
}

/// The `m=` lines of the session: a description may add to them, never take away (RFC 3264 §8).
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Layout {
    /// Profile of our audio line, mirrored from theirs.
    pub profile: String,
    /// Lines refused before and after the audio line.
    pub before: Vec<MediaLine>,
    pub after: Vec<MediaLine>,
}

impl Default for Layout {
    fn default() -> Self {
        Self { profile: "RTP/AVP".to_owned(), before: Vec::new(), after: Vec::new() }
    }
}

impl Layout {
    /// Mirrors their lines, with the one at `audio` as ours.
    pub fn mirror(lines: &[MediaLine], audio: usize) -> Self {
        let (before, rest) = lines.split_at(audio.min(lines.len()));
        let (audio, after) = match rest.split_first() {
            Some((audio, after)) => (audio.proto.clone(), after.to_vec()),
            None => ("RTP/AVP".to_owned(), Vec::new()),
        };
        Self { profile: audio, before: before.to_vec(), after }
    }
}

impl Ours {
    pub fn write(&self, version: u64) -> Vec<u8> {
        let ip = self.local.ip();
        let mut session = Session::new(Origin::with_ip_addr(self.session_id, version, ip), "-");
        session.connection = Some(Connection::from_ip_addr(ip));
        session.medias.extend(self.layout.before.iter().map(refused));
        session.medias.push(self.audio());
        session.medias.extend(self.layout.after.iter().map(refused));
        session.to_string().into_bytes()
    }

    fn audio(&self) -> Media {
        let events = self.telephone_event.iter().map(|(pt, _)| *pt);
        let types = self.codecs.iter().map(|(pt, _)| *pt).chain(events);
        let formats: Vec<String> = types.map(|pt| pt.to_string()).collect();
        let mut media =
            Media::new(MediaType::Audio, self.local.port(), TransportProto::RtpAvp, formats.join(" "));
        media.proto.clone_from(&self.layout.profile);
        for (pt, codec) in &self.codecs {
            // Opus names two channels always (RFC 7587 §7).
            let channels = if *codec == Codec::Opus { "/2" } else { "" };
            let encoding = format!("{}/{}{channels}", codec.name(), codec.clock_hz());
            media.attributes.push(valued("rtpmap", format!("{pt} {encoding}")));
            if *codec == Codec::Opus {
                media.attributes.push(valued("fmtp", format!("{pt} {}", fmtp::write(&self.opus))));
            }
        }
        for (pt, clock) in &self.telephone_event {
            media.attributes.push(valued("rtpmap", format!("{pt} telephone-event/{clock}")));
            media.attributes.push(valued("fmtp", format!("{pt} 0-15")));
        }
        media.attributes.push(valued("ptime", "20".to_owned()));
        media.attributes.push(valued("maxptime", "60".to_owned()));
        let direction = match self.direction {
            Direction::SendRecv => "sendrecv",
            Direction::SendOnly => "sendonly",
            Direction::RecvOnly => "recvonly",
            Direction::Inactive => "inactive",
        };
        media.attributes.push(Attribute { attribute: direction.to_owned(), value: None });
        media
    }
}

/// Their line with port 0: the stream is refused (RFC 3264 §6).
fn refused(line: &MediaLine) -> Media {
    let mut media = Media::new(MediaType::Audio, 0, TransportProto::RtpAvp, &line.formats);
    media.media.clone_from(&line.media);
    media.proto.clone_from(&line.proto);
    media
}

fn valued(name: &str, value: String) -> Attribute {
    Attribute { attribute: name.to_owned(), value: Some(value) }
}
