//! A recording as an Ogg Opus file (RFC 7845), which any player knows.
//!
//! The two sides are two streams of one channel each, not a stereo pair: Opus would let what one side says leak into the other's
//! channel. Passages in which nothing was kept are silent, and stand in the file's chapters.

use super::container::{Piece, Recording};
use crate::domain::recording::{Blank, Layout};

/// Samples of a frame at 48 kHz, in which Ogg Opus counts.
const FRAME_SAMPLES: u64 = 960;
/// What an encoder of speech is behind, at 48 kHz: a player throws it away (RFC 7845 §4.2).
const PRE_SKIP: u16 = 312;
/// 20 ms of nothing, full band (RFC 6716 §3.1, configuration 31).
const SILENCE: &[u8] = &[0xf8, 0xff, 0xfe];
/// Frames on a page: a second.
const PAGE_FRAMES: usize = 50;
/// A page has 255 segments of 255 octets at most (RFC 3533 §6).
const MOST_SEGMENTS: usize = 255;
/// Chapters have three digits.
const MOST_CHAPTERS: usize = 999;

const FIRST: u8 = 2;
const LAST: u8 = 4;

/// `name` says why a passage is silent. `stream`: any number, to tell it from others.
pub fn ogg_opus(recording: &Recording, stream: u32, name: impl Fn(Blank) -> String) -> Vec<u8> {
    let mut ogg = Ogg { file: Vec::new(), stream, page: 0 };
    ogg.page(FIRST, 0, &[head(recording.layout)]);
    ogg.page(0, 0, &[tags(recording, name)]);
    let (mut packets, mut frames) = (Vec::new(), 0_u64);
    let total = u64::from(recording.frames);
    for piece in &recording.pieces {
        let (tracks, times): (&[Box<[u8]>], u32) = match piece {
            Piece::Sound(packets) => (packets, 1),
            Piece::Blank(_, frames) => (&[], *frames),
        };
        for _ in 0..times {
            packets.push(packet(recording.layout, tracks));
            frames += 1;
            let segments: usize = packets.iter().map(|packet| packet.len() / 255 + 1).sum();
            // The longest packet has eleven segments.
            if packets.len() == PAGE_FRAMES || segments + 11 > MOST_SEGMENTS || frames == total {
                let kind = if frames == total { LAST } else { 0 };
                ogg.page(kind, frames * FRAME_SAMPLES, &packets);
                packets.clear();
            }
        }
    }
    if total == 0 {
        ogg.page(LAST, 0, &[]);
    }
    ogg.file
}

/// RFC 7845 §5.1.
fn head(layout: Layout) -> Vec<u8> {
    let mut head = b"OpusHead\x01".to_vec();
    head.push(if layout == Layout::Stereo { 2 } else { 1 });
    head.extend(PRE_SKIP.to_le_bytes());
    head.extend(48_000_u32.to_le_bytes());
    head.extend(0_i16.to_le_bytes());
    match layout {
        Layout::Mixed => head.push(0),
        // Family 1: two streams, none of them a pair, the first one left (§5.1.1.2).
        Layout::Stereo => head.extend([1, 2, 0, 0, 1]),
    }
    head
}

/// RFC 7845 §5.2: nothing of the client's, but which call it was.
fn tags(recording: &Recording, name: impl Fn(Blank) -> String) -> Vec<u8> {
    let mut comments = vec![format!("RECORDING={}", recording.id), format!("DATE={}", recording.begun)];
    let (mut frames, mut chapter, mut after_blank) = (0_u64, 0, false);
    for piece in &recording.pieces {
        let blank = match piece {
            Piece::Blank(why, _) => Some(*why),
            Piece::Sound(_) => None,
        };
        if (blank.is_some() || after_blank) && chapter < MOST_CHAPTERS {
            chapter += 1;
            let ms = frames * 20;
            let (hours, minutes, seconds) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
            comments
                .push(format!("CHAPTER{chapter:03}={hours:02}:{minutes:02}:{seconds:02}.{:03}", ms % 1_000));
            comments.push(format!("CHAPTER{chapter:03}NAME={}", blank.map_or_else(String::new, &name)));
        }
        after_blank = blank.is_some();
        frames += match piece {
            Piece::Sound(_) => 1,
            Piece::Blank(_, frames) => u64::from(*frames),
        };
    }
    let mut tags = b"OpusTags".to_vec();
    let vendor = concat!("Patchcord ", env!("CARGO_PKG_VERSION"));
    let mut text = |text: &str| {
        tags.extend(u32::try_from(text.len()).unwrap_or_default().to_le_bytes());
        tags.extend(text.as_bytes());
    };
    text(vendor);
    let count = u32::try_from(comments.len()).unwrap_or_default();
    tags.extend(count.to_le_bytes());
    for comment in comments {
        tags.extend(u32::try_from(comment.len()).unwrap_or_default().to_le_bytes());
        tags.extend(comment.as_bytes());
    }
    tags
}

/// All streams but the last say how long they are (RFC 6716 appendix B).
fn packet(layout: Layout, tracks: &[Box<[u8]>]) -> Vec<u8> {
    let track =
        |at: usize| tracks.get(at).map(AsRef::as_ref).filter(|packet| is_plain(packet)).unwrap_or(SILENCE);
    if layout == Layout::Mixed {
        return track(0).to_vec();
    }
    let mut packet = Vec::new();
    if let Some((toc, frame)) = track(0).split_first() {
        packet.push(*toc);
        push_length(&mut packet, frame.len());
        packet.extend(frame);
    }
    packet.extend(track(1));
    packet
}

/// One frame of 20 ms and one channel (RFC 6716 §3.1), as our encoder makes them.
fn is_plain(packet: &[u8]) -> bool {
    const STEREO_AND_CODE: u8 = 0b111;
    let Some(toc) = packet.first() else { return false };
    let is_20_ms = match toc >> 3 {
        silk @ 0..12 => silk % 4 == 1,
        hybrid @ 12..16 => hybrid % 2 == 1,
        celt => celt % 4 == 3,
    };
    is_20_ms && toc & STEREO_AND_CODE == 0 && packet.len() <= 1_276
}

/// RFC 6716 §3.2.1.
fn push_length(packet: &mut Vec<u8>, length: usize) {
    // A frame has at most 1275 octets.
    if length < 252 {
        packet.push(length as u8);
    } else {
        let low = 252 + (length & 3);
        packet.extend([low as u8, ((length - low) / 4) as u8]);
    }
}

struct Ogg {
    file: Vec<u8>,
    stream: u32,
    page: u32,
}

impl Ogg {
    /// A page with these packets, all whole (RFC 3533 §6); long ones, as tags may be, go over several.
    fn page(&mut self, kind: u8, granule: u64, packets: &[Vec<u8>]) {
        let mut lacing = Vec::new();
        for packet in packets {
            lacing.extend(std::iter::repeat_n(255_u8, packet.len() / 255));
            lacing.push((packet.len() % 255) as u8);
        }
        let body = packets.concat();
        let mut at = 0;
        let pages = lacing.len().div_ceil(MOST_SEGMENTS).max(1);
        for (number, segments) in (1..=pages).zip(lacing.chunks(MOST_SEGMENTS).chain([&[][..]])) {
            let length: usize = segments.iter().map(|segment| usize::from(*segment)).sum();
            let continued = u8::from(number > 1);
            // One on which no packet ends has no position.
            let ends = segments.iter().any(|segment| *segment < 255) || lacing.is_empty();
            let granule = if ends { granule } else { u64::MAX };
            let last = if number == pages { kind } else { kind & !LAST };
            let kind = if number == 1 { last } else { last & !FIRST };
            let payload = body.get(at..at + length).unwrap_or_default();
            self.put(kind | continued, granule, segments, payload);
            at += length;
        }
    }

    fn put(&mut self, kind: u8, granule: u64, segments: &[u8], payload: &[u8]) {
        let start = self.file.len();
        self.file.extend(b"OggS\0");
        self.file.push(kind);
        self.file.extend(granule.to_le_bytes());
        self.file.extend(self.stream.to_le_bytes());
        self.file.extend(self.page.to_le_bytes());
        self.file.extend([0; 4]);
        self.file.push(segments.len() as u8);
        self.file.extend(segments);
        self.file.extend(payload);
        self.page += 1;
        let page = self.file.get(start..).unwrap_or_default();
        let checksum = checksum(page).to_le_bytes();
        if let Some(place) = self.file.get_mut(start + 22..start + 26) {
            place.copy_from_slice(&checksum);
        }
    }
}

/// RFC 3533 §6: polynomial 0x04c11db7, highest bit first, nothing inverted.
fn checksum(octets: &[u8]) -> u32 {
    octets.iter().fold(0, |sum, octet| {
        // An index of eight bits.
        (sum << 8) ^ CHECKSUMS[((sum >> 24) as u8 ^ octet) as usize]
    })
}

static CHECKSUMS: [u32; 256] = checksums();

const fn checksums() -> [u32; 256] {
    let mut table = [0; 256];
    let mut octet = 0;
    while octet < 256 {
        let mut sum = (octet as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            sum = if sum >> 31 == 1 { (sum << 1) ^ 0x04c1_1db7 } else { sum << 1 };
            bit += 1;
        }
        table[octet] = sum;
        octet += 1;
    }
    table
}

#[cfg(test)]
mod tests;
