//! What fuzzing began with, or found, in devices that call themselves headsets, read again on every run (fuzz/corpus); and the rule
//! that lets people use theirs.

#[path = "support/exercise_hid.rs"]
mod exercise_hid;

use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn no_device_of_the_corpus_harms() {
    let mut count = 0;
    for entry in
        fs::read_dir(root().join("fuzz/corpus/hid_descriptor")).expect("the corpus is in the repository")
    {
        exercise_hid::device(&fs::read(entry.expect("a readable entry").path()).expect("a readable input"));
        count += 1;
    }
    assert!(count > 0, "the corpus is empty");
}

/// Each device of the corpus, cut anywhere, and with every octet turned over.
#[test]
fn no_device_that_is_cut_or_spoilt_harms() {
    for entry in
        fs::read_dir(root().join("fuzz/corpus/hid_descriptor")).expect("the corpus is in the repository")
    {
        let whole = fs::read(entry.expect("a readable entry").path()).expect("a readable input");
        for at in 0..whole.len() {
            exercise_hid::device(&whole[..at]);
            for mask in [0x01, 0x80, 0xFF] {
                let mut spoilt = whole.clone();
                spoilt[at] ^= mask;
                exercise_hid::device(&spoilt);
            }
        }
    }
}

/// What udev knows of `udev(7)` and this rule needs.
const MATCHES: [&str; 4] = ["ACTION", "SUBSYSTEM", "SUBSYSTEMS", "ENV{ID_USB_INTERFACES}"];
const ASSIGNMENTS: [&str; 3] = ["TAG", "IMPORT{builtin}", "GOTO"];

#[test]
fn every_line_of_the_rule_for_headsets_is_one_that_udev_reads() {
    let rules =
        fs::read_to_string(root().join("config/70-patchcord-headset.rules")).expect("the rule is shipped");
    let mut tagged = 0;
    for line in rules.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        for part in line.split(", ") {
            let (key, value) = part.split_once('=').unwrap_or_else(|| panic!("no operator in {part:?}"));
            let (key, is_match) = match (key.strip_suffix(['!', '+']), value.strip_prefix('=')) {
                (Some(key), None) => (key, part.contains("!=")),
                (None, Some(_)) => (key, true),
                (None, None) => (key, false),
                (Some(_), Some(_)) => panic!("two operators in {part:?}"),
            };
            let value = value.trim_start_matches('=');
            let known = if is_match { &MATCHES[..] } else { &ASSIGNMENTS[..] };
            let is_label = key == "LABEL" && !is_match;
            assert!(known.contains(&key) || is_label, "{key} in {line:?}");
            let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
            assert!(
                quoted.is_some_and(|text| !text.is_empty() && !text.contains('"')),
                "{value} in {line:?}"
            );
            tagged += usize::from(part == "TAG+=\"uaccess\"");
        }
    }
    assert_eq!(tagged, 1, "one rule that lets the person at the computer use the device");
}

/// The tag has its effect in systemd's 73-seat-late.rules.
#[test]
fn the_rule_for_headsets_comes_before_the_one_that_lets_people_in() {
    let name = "70-patchcord-headset.rules";
    assert!(root().join("config").join(name).exists() && name < "73-seat-late.rules");
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}
