//! A recording's file, taken through everything that reads it. Shared by the fuzz target and the replay of its corpus.

use patchcord::domain::recording::Layout;
use patchcord::recording::{Piece, Recording, RecordingKey, forged, ogg_opus, read};

/// Longer ones only take longer.
const MOST_FRAMES: u32 = 5_000;

/// The octets as a file; and as what its chunks hold, each with an octet before it for its length, as only who has the key could make it.
pub fn file(octets: &[u8]) {
    let key = RecordingKey::of(&RecordingKey::make([7; 32])).expect("a key that was made");
    if let Ok(recording) = read(octets, &key) {
        play(&recording);
    }
    let (mut chunks, mut rest) = (Vec::new(), octets);
    while let Some((length, after)) = rest.split_first() {
        let (chunk, after) = after.split_at(after.len().min(usize::from(*length)));
        chunks.push(chunk);
        rest = after;
    }
    for layout in [Layout::Mixed, Layout::Stereo] {
        let forged = forged(&key, layout, &chunks).expect("chunks that are short enough");
        play(&read(&forged, &key).expect("a head that was just written"));
    }
}

fn play(recording: &Recording) {
    let frames = recording.pieces.iter().map(|piece| match piece {
        Piece::Sound(_) => 1,
        Piece::Blank(_, frames) => *frames,
    });
    assert_eq!(frames.sum::<u32>(), recording.frames, "no hole");
    if recording.frames <= MOST_FRAMES {
        let ogg = ogg_opus(recording, 7, |why| format!("{why:?}"));
        assert_eq!(&ogg[..4], b"OggS");
    }
}
