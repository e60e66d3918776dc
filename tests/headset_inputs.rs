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
const MATCHES: [&str; 6] =
    ["ACTION", "SUBSYSTEM", "SUBSYSTEMS", "KERNEL", "ENV{ID_USB_INTERFACES}", "ATTRS{modalias}"];
const ASSIGNMENTS: [&str; 5] = ["TAG", "IMPORT{builtin}", "GOTO", "ENV{KEYBOARD_KEY_b002f}", "RUN{builtin}"];

#[test]
fn every_line_of_the_rule_for_headsets_is_one_that_udev_reads() {
    let mut tagged = 0;
    for line in rule().lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
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

/// Linux makes a microphone's mute key of it, which the desktop would obey, too. What the kernel says of a device's keys tells which one.
#[test]
fn the_mute_button_of_a_headset_is_no_key_for_the_desktop() {
    let rule = rule();
    let line = rule.lines().find(|line| line.contains("ENV{KEYBOARD_KEY_b002f}=\"reserved\""));
    let line = line.expect("usage 2F of page 0B is mapped to nothing");
    assert!(
        line.starts_with("KERNEL==\"event*\", ") && line.ends_with(", RUN{builtin}+=\"keyboard\""),
        "{line}"
    );
    let keys =
        line.split("ATTRS{modalias}==\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a match");
    let is_meant = |modalias: &str| keys.split('|').any(|pattern| fits(pattern, modalias));
    for (modalias, expected) in [
        ("input:b0003v413Cp8223e0101-e0,1,4,11,kF8,ram4,l7,sfw", true),
        ("input:b0003v0B0Ep0305e0111-e0,1,4,11,k71,72,73,F8,ram4,l7,8,9,sfw", true),
        // When it was taken away, and what is none.
        ("input:b0003v413Cp8223e0101-e0,1,4,11,kram4,l7,sfw", false),
        ("input:b0003v413Cp8223e0101-e0,1,4,k72,73,ram4,lsfw", false),
        ("input:b0003v046DpC31Ce0110-e0,1,4,11,14,k71,72,1F8,ram4,l0,1,2,sfw", false),
        ("hid:b0003g0001v00000B0Ep00000305", false),
    ] {
        assert_eq!(is_meant(modalias), expected, "{modalias}");
    }
    let trigger =
        rule.lines().find(|line| line.contains("udevadm trigger")).expect("it says how to install it");
    assert!(trigger.contains("--subsystem-match=input"), "without that it waits for the next plug");
}

/// A pattern of which no sign but the star is special.
fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => text.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len()).any(|at| rest.get(at..).is_some_and(|rest| fits(after, rest)))
        }),
    }
}

fn rule() -> String {
    fs::read_to_string(root().join("config/70-patchcord-headset.rules")).expect("the rule is shipped")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}
