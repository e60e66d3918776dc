//! The sample settings are complete, and every line of them can be used.

use patchcord::config::{Fault, Settings};
use std::path::Path;

#[test]
fn the_sample_is_read_as_it_stands() {
    let settings = Settings::read(&sample()).unwrap();
    assert_eq!(settings.user.as_deref(), Some("operator1"));
}

#[test]
fn every_setting_is_in_the_sample_and_can_be_switched_on() {
    let source = std::fs::read_to_string(sample()).unwrap();
    let all_on: String = source
        .lines()
        .map(|line| if line.starts_with('#') && !line.starts_with("# ") { &line[1..] } else { line })
        .flat_map(|line| [line, "\n"])
        .collect();
    let settings = format!("{:?}", Settings::parse(&all_on, &sample()).unwrap());
    assert!(!settings.contains("None"), "a setting is missing in the sample: {settings}");
}

/// The plan has no `None` that would show a setting left out.
#[test]
fn every_setting_of_the_numbering_is_in_the_sample() {
    let error = Settings::parse("[numbering]\nnone = 1\n", &sample()).unwrap_err();
    let Fault::UnknownKey { known, .. } = error.fault else { panic!("{error:?}") };
    let source = std::fs::read_to_string(sample()).unwrap();
    for key in known {
        assert!(source.contains(&format!("\n#{key} = ")), "{key}");
    }
}

fn sample() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config/patchcord.toml")
}
