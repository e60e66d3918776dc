//! Reads an Ogg Opus file as a player does (RFC 3533, RFC 7845), for files of two streams or one.

use std::path::Path;

/// What is heard: each channel at 8 kHz, and what the file says of itself.
pub struct Heard {
    pub channels: Vec<Vec<i16>>,
    pub tags: Vec<String>,
}

pub fn heard(path: &Path) -> Heard {
    let file = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let packets = packets(&file);
    let (head, tags) = (&packets[0], &packets[1]);
    assert_eq!((&head[..8], &tags[..8]), (b"OpusHead".as_slice(), b"OpusTags".as_slice()));
    let channels = usize::from(head[9]);
    let skip = usize::from(u16::from_le_bytes([head[10], head[11]]));
    let mapping: Vec<u8> = if head[18] == 0 { vec![0] } else { head[21..].to_vec() };
    let mut decoder =
        opus::MSDecoder::new(48_000, channels as u8, 0, &mapping).expect("a decoder of as many channels");
    let mut heard = vec![Vec::new(); channels];
    for packet in &packets[2..] {
        let mut sound = vec![0; channels * 5_760];
        let samples = decoder.decode(packet, &mut sound, false).expect("a packet of Opus");
        for frame in sound[..channels * samples].chunks_exact(channels) {
            heard.iter_mut().zip(frame).for_each(|(channel, sample)| channel.push(*sample));
        }
    }
    let channels = heard.iter().map(|channel| narrow(&channel[skip.min(channel.len())..])).collect();
    Heard { channels, tags: comments(tags) }
}

/// To 8 kHz; there is nothing above 4 to be kept out.
fn narrow(samples: &[i16]) -> Vec<i16> {
    let mean = |six: &[i16]| (six.iter().map(|sample| i32::from(*sample)).sum::<i32>() / 6) as i16;
    samples.chunks_exact(6).map(mean).collect()
}

fn packets(file: &[u8]) -> Vec<Vec<u8>> {
    let (mut packets, mut open, mut at) = (Vec::new(), Vec::new(), 0);
    while at < file.len() {
        assert_eq!(&file[at..at + 5], b"OggS\0", "a page at {at}");
        let segments = usize::from(file[at + 26]);
        let mut body = at + 27 + segments;
        for length in &file[at + 27..at + 27 + segments] {
            open.extend_from_slice(&file[body..body + usize::from(*length)]);
            body += usize::from(*length);
            if *length < 255 {
                packets.push(std::mem::take(&mut open));
            }
        }
        at = body;
    }
    packets
}

fn comments(tags: &[u8]) -> Vec<String> {
    let number = |at: usize| u32::from_le_bytes(tags[at..at + 4].try_into().expect("four octets")) as usize;
    // Behind the name of who wrote the file.
    let mut at = 8 + 4 + number(8);
    let count = number(at);
    at += 4;
    let mut comments = Vec::new();
    for _ in 0..count {
        let end = at + 4 + number(at);
        comments.push(String::from_utf8(tags[at + 4..end].to_vec()).expect("text"));
        at = end;
    }
    comments
}
