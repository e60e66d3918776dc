//! Whole conversations with a user agent: those that were recorded between telephones and Asterisk, and those
//! that fuzzing found or began with (fuzz/corpus).

#[path = "support/exercise_user_agent.rs"]
mod exercise_user_agent;
#[path = "conversations/recorded.rs"]
mod recorded;

use std::fs;
use std::path::Path;

fn files(folder: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut found: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| !path.file_name().unwrap().to_string_lossy().starts_with('.'))
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap()))
        .collect();
    found.sort();
    assert!(!found.is_empty(), "{} is empty", folder.display());
    found
}

#[test]
fn no_conversation_of_the_corpus_breaks_a_user_agent() {
    for (name, octets) in files("fuzz/corpus/user_agent") {
        println!("{name}");
        assert!(exercise_user_agent::conversation(&octets) > 1, "{name} no longer brings anything about");
    }
}
