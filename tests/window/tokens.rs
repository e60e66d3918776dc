//! The colours of the sheet can be told apart by people who see less (WCAG 2.1, 1.4.3 and 1.4.11). Read from where they
//! stand, so that no copy can be right while they are wrong.

use std::collections::BTreeMap;

const SOURCE: &str = include_str!("../../src/window/ui/tokens.slint");

/// `ink`, `ringing.ground` to their colour.
type Palette = BTreeMap<String, [f64; 3]>;

fn palette(theme: &str) -> Palette {
    let begin = format!("property <Palette> {theme}: {{");
    let (_, body) = SOURCE.split_once(&begin).unwrap_or_else(|| panic!("no palette {theme}"));
    let (mut palette, mut group, mut name) = (Palette::new(), String::new(), String::new());
    let mut word = String::new();
    for c in body.chars() {
        match c {
            ':' => name = std::mem::take(&mut word).trim().to_owned(),
            '{' => group = format!("{name}."),
            ',' | '}' => {
                let colour = std::mem::take(&mut word).trim().to_owned();
                if let Some(hex) = colour.strip_prefix('#') {
                    palette.insert(format!("{group}{name}"), channels(hex));
                }
                if c == '}' && std::mem::take(&mut group).is_empty() {
                    break;
                }
            }
            _ => word.push(c),
        }
    }
    palette
}

fn channels(hex: &str) -> [f64; 3] {
    assert_eq!(hex.len(), 6, "{hex}");
    let value = u32::from_str_radix(hex, 16).unwrap();
    [16, 8, 0].map(|shift| f64::from(value >> shift & 0xff) / 255.0)
}

fn luminance(colour: [f64; 3]) -> f64 {
    let [red, green, blue] =
        colour.map(|c| if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// Text and what it stands on.
const TEXTS: [(&str, &str); 24] = [
    ("ink", "ground"),
    ("ink", "card"),
    ("ink", "selected"),
    ("dim", "ground"),
    ("dim", "card"),
    ("dim", "selected"),
    ("on-solid", "go"),
    ("on-solid", "stop"),
    ("on-solid", "accent"),
    ("moving.ink", "selected"),
    ("ink", "ringing.ground"),
    ("ink", "talking.ground"),
    ("ink", "hold.ground"),
    ("ink", "moving.ground"),
    ("ringing.ink", "ringing.ground"),
    ("talking.ink", "talking.ground"),
    ("hold.ink", "hold.ground"),
    ("moving.ink", "moving.ground"),
    ("quiet.ink", "quiet.ground"),
    ("fault.ink", "fault.ground"),
    ("ringing.ink", "card"),
    ("talking.ink", "card"),
    ("fault.ink", "card"),
    ("fault.ink", "ground"),
];

#[test]
fn every_text_can_be_read_on_its_ground() {
    let mut faint = Vec::new();
    for theme in ["light", "dark", "contrast"] {
        let palette = palette(theme);
        assert_eq!(palette.len(), 22, "{theme}: {:?}", palette.keys());
        for (text, ground) in TEXTS {
            let ratio = contrast(palette[text], palette[ground]);
            if ratio < 4.5 {
                faint.push(format!("{theme}: {text} on {ground}: {ratio:.2}"));
            }
        }
    }
    assert!(faint.is_empty(), "{faint:#?}");
}

#[test]
fn the_place_of_the_keyboard_can_be_seen() {
    for theme in ["light", "dark", "contrast"] {
        let palette = palette(theme);
        for ground in ["ground", "card"] {
            let ratio = contrast(palette["accent"], palette[ground]);
            assert!(ratio >= 3.0, "{theme}: on {ground}: {ratio:.2}");
        }
    }
}
