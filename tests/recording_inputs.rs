//! What fuzzing began with, or found, in files that call themselves recordings, read again on every run (fuzz/corpus).

#[path = "support/exercise_recording.rs"]
mod exercise_recording;

use std::fs;
use std::path::Path;

fn corpus() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/recording");
    let entries = fs::read_dir(&folder).expect("the corpus is in the repository");
    let files =
        entries.map(|entry| fs::read(entry.expect("a readable entry").path()).expect("a readable input"));
    let files: Vec<_> = files.collect();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    files
}

#[test]
fn no_file_of_the_corpus_harms() {
    corpus().iter().for_each(|file| exercise_recording::file(file));
}

#[test]
fn no_file_that_is_cut_or_spoilt_harms() {
    for whole in corpus() {
        for at in (0..whole.len()).step_by(7) {
            exercise_recording::file(&whole[..at]);
            let mut spoilt = whole.clone();
            spoilt[at] ^= 0x80;
            exercise_recording::file(&spoilt);
        }
    }
}
