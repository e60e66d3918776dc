use super::*;
use crate::secrets::Secret;

fn key(octet: u8) -> RecordingKey {
    RecordingKey::of(&RecordingKey::make([octet; KEY])).unwrap()
}

fn id() -> CallRecordId {
    CallRecordId::new(begun(), [9; 10])
}

fn begun() -> Timestamp {
    Timestamp::from_millisecond(1_770_000_000_123).unwrap()
}

fn begin(layout: Layout) -> (Writer, Vec<u8>) {
    Writer::begin(&key(1), id(), begun(), layout, ([2; KEY], [3; NONCE])).unwrap()
}

/// Both sides of a frame, told by its number.
fn say(writer: &mut Writer, number: u32) {
    writer.sound([format!("left {number}").as_bytes(), format!("right {number}").as_bytes()]);
}

fn said(number: u32) -> Piece {
    let packet = |side: &str| format!("{side} {number}").into_bytes().into_boxed_slice();
    Piece::Sound(vec![packet("left"), packet("right")])
}

/// A file's head and its chunks, the last one being its end: four of 25 frames each, and one of ten.
fn parts() -> Vec<Vec<u8>> {
    let (mut writer, head) = begin(Layout::Stereo);
    let mut parts = vec![head];
    for number in 0..110 {
        say(&mut writer, number);
        parts.extend(writer.chunk());
    }
    parts.extend(writer.end());
    assert_eq!(parts.len(), 6);
    parts
}

fn opened(file: &[u8]) -> Recording {
    read(file, &key(1)).unwrap()
}

#[test]
fn what_was_said_is_read_again_with_its_name_and_time() {
    let recording = opened(&parts().concat());
    assert_eq!((recording.id, recording.begun, recording.layout), (id(), begun(), Layout::Stereo));
    assert_eq!(recording.pieces, (0..110).map(said).collect::<Vec<_>>());
    assert_eq!((recording.frames, recording.damage), (110, vec![]));
}

#[test]
fn nothing_that_was_said_stands_in_the_file_as_it_is() {
    let file = parts().concat();
    assert!(!file.windows(5).any(|octets| octets == b"left "), "packets are sealed");
    // Two recordings of the same words share nothing but what their heads say.
    let (mut other, head) =
        Writer::begin(&key(1), id(), begun(), Layout::Stereo, ([4; KEY], [5; NONCE])).unwrap();
    (0..25).for_each(|number| say(&mut other, number));
    assert_ne!(other.chunk().unwrap(), parts()[1]);
    assert_ne!(head, parts()[0]);
}

#[test]
fn blanks_are_as_long_as_they_were_and_say_why() {
    let (mut writer, mut file) = begin(Layout::Mixed);
    let one = |writer: &mut Writer| writer.sound([b"one".as_slice()]);
    one(&mut writer);
    for why in [Blank::Paused, Blank::Paused, Blank::Apart, Blank::Lost] {
        writer.blank(why, 10);
        file.extend(writer.chunk().unwrap_or_default());
    }
    one(&mut writer);
    file.extend(writer.end().unwrap());
    let recording = opened(&file);
    let sound = || Piece::Sound(vec![b"one".as_slice().into()]);
    let blank = Piece::Blank;
    let pieces =
        [sound(), blank(Blank::Paused, 20), blank(Blank::Apart, 10), blank(Blank::Lost, 10), sound()];
    assert_eq!(recording.pieces, pieces);
    assert_eq!((recording.frames, recording.damage), (42, vec![]));
}

#[test]
fn a_telephone_that_is_killed_at_any_octet_leaves_what_was_said_up_to_the_last_chunk() {
    let parts = parts();
    let whole = parts.concat();
    for cut in HEAD..whole.len() {
        let recording = opened(&whole[..cut]);
        let mut end = HEAD;
        let chunks = parts[1..].iter().take_while(|chunk| {
            end += chunk.len();
            end <= cut
        });
        let frames = 25 * u32::try_from(chunks.count()).unwrap();
        assert_eq!(recording.pieces, (0..frames).map(said).collect::<Vec<_>>(), "cut at {cut}");
        assert_eq!(recording.damage, [Damage::NoEnd], "cut at {cut}");
    }
    for cut in 0..HEAD {
        assert_eq!(read(&whole[..cut], &key(1)), Err(Fault::NoRecording), "cut at {cut}");
    }
}

/// How the chunks (1 to 5, of which the last is the end) may stand in a file, and what is found out.
#[test]
fn chunks_that_are_taken_out_moved_repeated_or_added_are_found_out() {
    let parts = parts();
    let missing = |from, frames| Damage::Missing { from, frames };
    let foreign =
        |chunks: &[usize]| Damage::Foreign { octets: chunks.iter().map(|at| parts[*at].len() as u64).sum() };
    let rows: [(&[usize], Vec<Damage>, u32); 9] = [
        (&[1, 2, 3, 4, 5], vec![], 110),
        (&[1, 2, 4, 5], vec![missing(50, 25)], 110),
        (&[2, 3, 4, 5], vec![missing(0, 25)], 110),
        (&[1, 5], vec![missing(25, 75)], 110),
        (&[1, 3, 2, 4, 5], vec![missing(25, 25), foreign(&[2])], 110),
        (&[1, 2, 2, 3, 4, 5], vec![foreign(&[2])], 110),
        (&[1, 2, 3, 4], vec![Damage::NoEnd], 100),
        (&[1, 2, 3, 4, 5, 5], vec![foreign(&[5])], 110),
        (&[5, 1, 2], vec![missing(0, 100), foreign(&[1, 2])], 110),
    ];
    for (order, damage, frames) in rows {
        let file = [&parts[0], &order.iter().flat_map(|at| parts[*at].clone()).collect()]
            .map(Vec::as_slice)
            .concat();
        let recording = opened(&file);
        assert_eq!((recording.damage, recording.frames), (damage, frames), "{order:?}");
        let sound: Vec<_> =
            recording.pieces.iter().filter(|piece| matches!(piece, Piece::Sound(_))).collect();
        let all: Vec<_> = (0..110).map(said).collect();
        let places: Vec<_> = sound.iter().map(|piece| all.iter().position(|said| said == *piece)).collect();
        assert!(places.is_sorted() && !places.contains(&None), "{order:?}: what is left stands in its order");
    }
}

#[test]
fn no_octet_can_be_altered_unseen() {
    let whole = parts().concat();
    for at in 0..whole.len() {
        for mask in [0x01, 0x80] {
            let mut spoilt = whole.clone();
            spoilt[at] ^= mask;
            match read(&spoilt, &key(1)) {
                Err(_) => assert!(at < HEAD, "only a spoilt head spoils all: {at}"),
                Ok(recording) => {
                    assert!(!recording.damage.is_empty(), "octet {at}");
                    let sound = recording.pieces.iter().filter(|piece| matches!(piece, Piece::Sound(_)));
                    assert!(
                        sound.clone().all(|piece| (0..110).map(said).any(|said| said == *piece)),
                        "octet {at}"
                    );
                }
            }
        }
    }
}

#[test]
fn what_is_behind_a_spoilt_length_is_still_read() {
    let parts = parts();
    let missing = Damage::Missing { from: 25, frames: 25 };
    let foreign = Damage::Foreign { octets: parts[2].len() as u64 };
    for (octet, bit) in [(3, 0x80), (2, 1), (1, 0x40), (0, 1)] {
        let mut spoilt = parts.clone();
        spoilt[2][octet] ^= bit;
        let recording = opened(&spoilt.concat());
        assert_eq!((recording.frames, recording.damage), (110, vec![missing, foreign]), "{octet} {bit}");
        assert_eq!(recording.pieces.last(), Some(&said(109)));
    }
    let mut zeros = parts;
    zeros[2].fill(0);
    let recording = opened(&zeros.concat());
    assert_eq!((recording.frames, recording.damage), (110, vec![missing, foreign]));
}

#[test]
fn what_is_behind_many_missing_chunks_is_still_read() {
    let (mut writer, head) = begin(Layout::Stereo);
    let mut chunks = Vec::new();
    for number in 0..2_500 {
        say(&mut writer, number);
        chunks.extend(writer.chunk());
    }
    for gap in [9, 20, 60] {
        let file = [head.clone(), chunks[0].clone(), chunks[1 + gap..].concat()].concat();
        let recording = opened(&file);
        assert_eq!(recording.frames, 2_500, "{gap}");
        assert_eq!(recording.pieces.last(), Some(&said(2_499)), "{gap}");
        let kept = recording.pieces.iter().filter(|piece| matches!(piece, Piece::Sound(_))).count();
        assert!(kept >= 2_500 - 25 * (gap + 5), "{gap}: {kept}");
    }
}

/// As where a disk has put another file's blocks into this one: much that looks like chunks, each of which is tried.
#[test]
fn what_is_behind_much_of_another_recording_is_still_read() {
    let chunks_of = |mut writer: Writer, chunks: u32| {
        let mut sealed = Vec::new();
        for number in 0..chunks * 25 {
            say(&mut writer, number);
            sealed.extend(writer.chunk());
        }
        sealed
    };
    let other = Writer::begin(&key(1), id(), begun(), Layout::Stereo, ([4; KEY], [5; NONCE])).unwrap().0;
    let foreign = chunks_of(other, 300);
    let (writer, head) = begin(Layout::Stereo);
    let own = chunks_of(writer, 400);
    // So many of another one stand in place of so many of its own.
    for (others, gone) in [(100, 95), (300, 307)] {
        let behind = &own[50 + gone..];
        let file = [head.clone(), own[..50].concat(), foreign[..others].concat(), behind.concat()].concat();
        let recording = opened(&file);
        let missing = 25 * u32::try_from(gone).unwrap();
        let octets = foreign[..others].concat().len() as u64;
        let damage = vec![
            Damage::Missing { from: 50 * 25, frames: missing },
            Damage::Foreign { octets },
            Damage::NoEnd,
        ];
        assert_eq!((recording.frames, recording.damage), (10_000, damage), "{others} {gone}");
        assert_eq!(recording.pieces.last(), Some(&said(9_999)), "{others} {gone}");
    }
}

#[test]
fn a_file_names_the_key_that_it_is_sealed_with() {
    assert_eq!(sealed_with(&parts().concat()), Ok(key(1).name()));
    assert_ne!(key(2).name(), key(1).name());
    assert_eq!(sealed_with(&[0; 4_096]), Err(Fault::NoRecording));
}

#[test]
fn chunks_of_another_recording_do_not_open_in_this_one() {
    let (mut other, _) =
        Writer::begin(&key(1), id(), begun(), Layout::Stereo, ([4; KEY], [5; NONCE])).unwrap();
    (0..25).for_each(|number| say(&mut other, number));
    let mut parts = parts();
    let length = parts[1].len() as u64;
    parts[1] = other.chunk().unwrap();
    let recording = opened(&parts.concat());
    assert_eq!(
        recording.damage,
        [Damage::Missing { from: 0, frames: 25 }, Damage::Foreign { octets: length }]
    );
}

#[test]
fn a_head_says_what_is_wrong_with_it() {
    let whole = parts().concat();
    assert_eq!(read(&whole, &key(7)), Err(Fault::OtherKey));
    let with = |at: usize, octet: u8| {
        let mut file = whole.clone();
        file[at] = octet;
        read(&file, &key(1))
    };
    assert_eq!(with(0, b'X'), Err(Fault::NoRecording));
    assert_eq!(with(8, 2), Err(Fault::Version(2)));
    // The layout, the id and the time cannot be changed by whoever has not the key.
    for at in [9, 10, 26] {
        assert_eq!(with(at, whole[at] ^ 1), Err(Fault::Head), "octet {at}");
    }
    assert_eq!(read(b"RIFF", &key(1)), Err(Fault::NoRecording));
}

#[test]
fn a_recording_whose_head_was_overwritten_is_nobodys_any_more() {
    let mut file = parts().concat();
    file[..HEAD].fill(0);
    assert_eq!(read(&file, &key(1)), Err(Fault::NoRecording));
}

#[test]
fn no_file_makes_more_of_itself_than_a_day() {
    let endless: Vec<u8> = [0_u32.to_le_bytes().as_slice(), &[NOTHING, 1], &u32::MAX.to_le_bytes()].concat();
    let far = u32::MAX.to_le_bytes();
    let file = forged(&key(1), Layout::Mixed, &[&endless, &endless, &far, &endless]).unwrap();
    assert_eq!(opened(&file).frames, MOST_FRAMES);
}

#[test]
fn debug_tells_nothing_of_what_was_said() {
    let text = format!("{:?}", opened(&parts().concat()));
    assert!(text.contains("110 frames") && !text.contains("left"), "{text}");
    let _: Secret = RecordingKey::make([0; KEY]);
}
