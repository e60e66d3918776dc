use super::*;
use crate::domain::call_record::CallRecordId;
use crate::media::{Frame, Rate};
use crate::recording::{Encoder, RecordingKey, Writer, read};
use jiff::Timestamp;
use opus::MSDecoder;

/// A page: its kind, position and packets, each with whether it ends there.
struct Page {
    kind: u8,
    granule: u64,
    segments: Vec<(Vec<u8>, bool)>,
}

/// Reads what was written, by the letter of RFC 3533 §6, without the code that wrote it.
fn pages(file: &[u8]) -> Vec<Page> {
    let (mut pages, mut at) = (Vec::new(), 0);
    while at < file.len() {
        assert_eq!(&file[at..at + 5], b"OggS\0");
        let count = usize::from(file[at + 26]);
        let lacing = &file[at + 27..at + 27 + count];
        let body: usize = lacing.iter().map(|length| usize::from(*length)).sum();
        let end = at + 27 + count + body;
        let mut page = file[at..end].to_vec();
        page[22..26].fill(0);
        let told = u32::from_le_bytes(file[at + 22..at + 26].try_into().unwrap());
        assert_eq!(slow_checksum(&page), told, "page {}", pages.len());
        let number = u32::from_le_bytes(file[at + 18..at + 22].try_into().unwrap());
        assert_eq!(usize::try_from(number).unwrap(), pages.len());
        let (mut segments, mut open, mut start) = (Vec::new(), Vec::new(), at + 27 + count);
        for length in lacing {
            open.extend(&file[start..start + usize::from(*length)]);
            start += usize::from(*length);
            if *length < 255 {
                segments.push((std::mem::take(&mut open), true));
            }
        }
        if lacing.last() == Some(&255) {
            segments.push((open, false));
        }
        let granule = u64::from_le_bytes(file[at + 6..at + 14].try_into().unwrap());
        pages.push(Page { kind: file[at + 5], granule, segments });
        at = end;
    }
    pages
}

/// Bit by bit, as the polynomial is written down.
fn slow_checksum(octets: &[u8]) -> u32 {
    let mut sum = 0_u32;
    for bit in octets.iter().flat_map(|octet| (0..8).rev().map(move |at| octet >> at & 1)) {
        let out = (sum >> 31) as u8 ^ bit;
        sum = (sum << 1) ^ if out == 1 { 0x04c1_1db7 } else { 0 };
    }
    sum
}

/// All packets; the pages that carry one on included.
fn packets(pages: &[Page]) -> Vec<Vec<u8>> {
    let (mut packets, mut open) = (Vec::new(), Vec::new());
    for (part, ends) in pages.iter().flat_map(|page| &page.segments) {
        open.extend(part);
        if *ends {
            packets.push(std::mem::take(&mut open));
        }
    }
    packets
}

/// The two channels at 48 kHz, as a player has them.
fn played(file: &[u8]) -> [Vec<i16>; 2] {
    let pages = pages(file);
    let packets = packets(&pages);
    let head = &packets[0];
    let (channels, skip) = (head[9], usize::from(u16::from_le_bytes([head[10], head[11]])));
    assert_eq!((&head[..8], head[8], channels), (b"OpusHead".as_slice(), 1, 2));
    let [family, streams, pairs] = [head[18], head[19], head[20]];
    assert_eq!((family, streams, pairs), (1, 2, 0), "two streams, no pair");
    let mut decoder = MSDecoder::new(48_000, 2, 0, &head[21..23]).unwrap();
    let mut channels = [Vec::new(), Vec::new()];
    for packet in &packets[2..] {
        let mut sound = [0; 2 * 5_760];
        let samples = decoder.decode(packet, &mut sound, false).unwrap();
        assert_eq!(samples, 960);
        for both in sound[..2 * samples].chunks_exact(2) {
            channels[0].push(both[0]);
            channels[1].push(both[1]);
        }
    }
    assert_eq!(pages.last().unwrap().granule, channels[0].len() as u64);
    channels.map(|channel| channel[skip..].to_vec())
}

fn key() -> RecordingKey {
    RecordingKey::of(&RecordingKey::make([1; 32])).unwrap()
}

fn recorded(layout: Layout, pieces: impl FnOnce(&mut Encoder, &mut Writer, &mut Vec<u8>)) -> Recording {
    let id = CallRecordId::new(Timestamp::UNIX_EPOCH, [9; 10]);
    let (mut writer, mut file) =
        Writer::begin(&key(), id, Timestamp::UNIX_EPOCH, layout, ([2; 32], [3; 24])).unwrap();
    pieces(&mut Encoder::new(layout), &mut writer, &mut file);
    file.extend(writer.end().unwrap());
    read(&file, &key()).unwrap()
}

/// A second of a tone, frame by frame.
fn tone(rate: Rate, hz: f32) -> impl Iterator<Item = Frame> {
    let step = std::f32::consts::TAU * hz / rate.hz() as f32;
    let samples = rate.frame_samples();
    (0..50).map(move |frame| {
        Frame::from_fn(rate, |n| (8_000.0 * (step * (frame * samples + n) as f32).sin()) as i16)
    })
}

/// How strong a tone is in a sound at 48 kHz.
fn strength(sound: &[i16], hz: f32) -> f32 {
    let step = std::f32::consts::TAU * hz / 48_000.0;
    let (mut sine, mut cosine) = (0.0, 0.0);
    for (n, sample) in sound.iter().enumerate() {
        let (s, c) = (step * n as f32).sin_cos();
        sine += s * f32::from(*sample);
        cosine += c * f32::from(*sample);
    }
    2.0 * f32::hypot(sine, cosine) / sound.len() as f32
}

fn ogg(recording: &Recording) -> Vec<u8> {
    ogg_opus(recording, 7, |why| format!("{why:?}"))
}

#[test]
fn each_side_is_heard_in_its_own_channel_at_any_rate_and_nowhere_else() {
    for (left, right) in [
        (Rate::Narrow, Rate::Narrow),
        (Rate::Wide, Rate::Wide),
        (Rate::Full, Rate::Full),
        (Rate::Narrow, Rate::Full),
    ] {
        let recording = recorded(Layout::Stereo, |encoder, writer, file| {
            for (sent, received) in tone(left, 600.0).zip(tone(right, 1_500.0)) {
                encoder.encode(&sent, &received, writer);
                file.extend(writer.chunk().unwrap_or_default());
            }
        });
        let [sent, received] = played(&ogg(&recording));
        // The first moments of an encoder are not its best.
        let (sent, received) = (&sent[9_600..], &received[9_600..]);
        let heard = [
            strength(sent, 600.0),
            strength(sent, 1_500.0),
            strength(received, 600.0),
            strength(received, 1_500.0),
        ];
        assert!(heard[0] > 6_000.0 && heard[3] > 6_000.0, "{left:?} {right:?}: {heard:?}");
        assert!(
            heard[1] < 30.0 && heard[2] < 30.0,
            "one leaks into the other: {left:?} {right:?}: {heard:?}"
        );
    }
}

#[test]
fn a_blank_is_silent_as_long_as_it_was_and_stands_in_the_chapters() {
    let recording = recorded(Layout::Stereo, |encoder, writer, file| {
        for (sent, received) in tone(Rate::Narrow, 600.0).zip(tone(Rate::Narrow, 900.0)) {
            encoder.encode(&sent, &received, writer);
        }
        writer.blank(Blank::Paused, 3_100);
        file.extend(writer.chunk().unwrap());
        for (sent, received) in tone(Rate::Narrow, 600.0).zip(tone(Rate::Narrow, 900.0)) {
            encoder.encode(&sent, &received, writer);
        }
    });
    let file = ogg(&recording);
    let [sent, received] = played(&file);
    assert_eq!(sent.len(), (50 + 3_100 + 50) * 960 - usize::from(PRE_SKIP));
    for channel in [&sent, &received] {
        let blank = &channel[48_000 + 4_800..(50 + 3_100) * 960 - 4_800];
        assert!(blank.iter().all(|sample| sample.abs() < 3), "{:?}", blank.iter().max());
    }
    let after = &sent[(50 + 3_100) * 960 + 9_600..];
    assert!(strength(after, 600.0) > 6_000.0, "and what follows is heard again");
    let tags = packets(&pages(&file)).swap_remove(1);
    let tags = String::from_utf8_lossy(&tags).into_owned();
    for comment in
        ["CHAPTER001=00:00:01.000", "CHAPTER001NAME=Paused", "CHAPTER002=00:01:03.000", "CHAPTER002NAME="]
    {
        assert!(tags.contains(comment), "{comment} in {tags}");
    }
}

#[test]
fn both_sides_may_be_one_channel() {
    let recording = recorded(Layout::Mixed, |encoder, writer, _| {
        for (sent, received) in tone(Rate::Narrow, 600.0).zip(tone(Rate::Narrow, 1_500.0)) {
            encoder.encode(&sent, &received, writer);
        }
    });
    let packets = packets(&pages(&ogg(&recording)));
    assert_eq!((packets[0][9], packets[0][18], packets[0].len()), (1, 0, 19), "one channel, no mapping");
    let mut decoder = opus::Decoder::new(48_000, opus::Channels::Mono).unwrap();
    let mut sound = Vec::new();
    for packet in &packets[2..] {
        let mut frame = [0; 5_760];
        let samples = decoder.decode(packet, &mut frame, false).unwrap();
        sound.extend(&frame[..samples]);
    }
    let sound = &sound[9_600..];
    assert!(strength(sound, 600.0) > 6_000.0 && strength(sound, 1_500.0) > 6_000.0);
}

#[test]
fn pages_say_where_they_are_and_which_is_the_last() {
    let recording = recorded(Layout::Stereo, |_, writer, _| writer.blank(Blank::Apart, 120));
    let pages = pages(&ogg(&recording));
    let told: Vec<_> = pages.iter().map(|page| (page.kind, page.granule, page.segments.len())).collect();
    assert_eq!(told, [(2, 0, 1), (0, 0, 1), (0, 48_000, 50), (0, 96_000, 50), (4, 115_200, 20)]);
}

#[test]
fn a_recording_in_which_nothing_was_said_is_a_file_all_the_same() {
    let pages = pages(&ogg(&recorded(Layout::Stereo, |_, _, _| {})));
    assert_eq!(pages.iter().map(|page| page.kind).collect::<Vec<_>>(), [2, 0, 4]);
}

#[test]
fn tags_that_are_longer_than_a_page_go_over_several() {
    let recording = recorded(Layout::Stereo, |encoder, writer, file| {
        let silence = Frame::silence(Rate::Narrow);
        for _ in 0..2_000 {
            encoder.encode(&silence, &silence, writer);
            writer.blank(Blank::Paused, 1);
            file.extend(writer.chunk().unwrap_or_default());
        }
    });
    let file = ogg_opus(&recording, 7, |_| "something confidential that is told at great length ".repeat(3));
    let packets = packets(&pages(&file));
    assert!(packets[1].len() > 65_025, "{}", packets[1].len());
    assert_eq!(packets.len(), 2 + 4_000);
}

/// RFC 6716 §3.2.1 and appendix B: what stands first must say where it ends, however long it is.
#[test]
fn a_packet_of_any_length_is_told_from_the_one_behind_it() {
    for length in [1, 2, 252, 253, 254, 255, 256, 600, 1_275] {
        let first: Box<[u8]> = std::iter::once(0x78).chain((1..length).map(|n| n as u8)).collect();
        let both = packet(Layout::Stereo, &[first.clone(), SILENCE.into()]);
        let frame = length - 1;
        let (told, at) = match usize::from(both[1]) {
            short @ 0..252 => (short, 2),
            low => (low + 4 * usize::from(both[2]), 3),
        };
        assert_eq!((both[0], told), (0x78, frame), "{length}");
        assert_eq!(&both[at..at + frame], &first[1..]);
        assert_eq!(&both[at + frame..], SILENCE);
    }
}

#[test]
fn what_is_no_packet_of_ours_is_silence() {
    for odd in [&[][..], &[0x79, 1], &[0x7c, 1], &[0x70, 1], &[0x7b, 2, 1]] {
        assert_eq!(packet(Layout::Mixed, &[odd.into()]), SILENCE, "{odd:?}");
    }
}
