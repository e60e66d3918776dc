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
    let settings = format!("{:?}", Settings::parse(&all_on(), &sample()).unwrap());
    assert!(!settings.contains("None"), "a setting is missing in the sample: {settings}");
}

/// Any setting that could be read and not written would be missing after the round trip.
#[test]
fn what_is_written_is_read_back_equal() {
    let odd = "[account]\ndisplay = 'Say \"Orders\" \\ Заказы'\n[calls]\ncodecs = [\"PCMU\", \"opus\", \"PCMA\"]\nopus_kbit_s = 20\nopus_band = \"wide\"\nopus_dtx = true\n";
    let few = "[account]\nuser = \"101\"\n[pbx]\nserver = \"[2001:db8::1]:5070\"\n";
    for source in [all_on().as_str(), odd, few, ""] {
        let settings = Settings::parse(source, &sample()).unwrap();
        let written = settings.to_toml();
        assert_eq!(Settings::parse(&written, &sample()).as_ref(), Ok(&settings), "{written}");
    }
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

/// The sample with every setting that it shows.
fn all_on() -> String {
    let source = std::fs::read_to_string(sample()).unwrap();
    source
        .lines()
        .map(|line| if line.starts_with('#') && !line.starts_with("# ") { &line[1..] } else { line })
        .flat_map(|line| [line, "\n"])
        .collect()
}

fn sample() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config/patchcord.toml")
}
