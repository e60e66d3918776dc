//! What fuzzing found or began with, read again on every run (fuzz/corpus).

#[path = "support/exercise_media.rs"]
mod exercise_media;

use std::fs;
use std::path::Path;

#[test]
fn no_session_description_of_the_corpus_harms() {
    replay("sdp", exercise_media::description);
}

#[test]
fn no_packets_of_the_corpus_harm() {
    replay("rtp", exercise_media::packets);
}

fn replay(target: &str, exercise: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut count = 0;
    for entry in fs::read_dir(&folder).expect("the corpus is in the repository") {
        exercise(&fs::read(entry.expect("a readable entry").path()).expect("a readable input"));
        count += 1;
    }
    assert!(count > 0, "{} is empty", folder.display());
}
