//! How the window looks. Pictures are kept in tests/data/pictures and compared; `PATCHCORD_WRITE_PICTURES=1` renews them, and with the
//! beginning of a scene's name those. `scripts/pictures` draws all.

use crate::day::{Day, STATES, Turn, day_in};
use crate::stage::Role;
use patchcord::agent::RecordingState;
use patchcord::screen::Act;
use patchcord::text::Language;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};

const THEMES: [(&str, i32); 3] = [("light", 1), ("dark", 2), ("contrast", 3)];

/// Scenes beside the states of the sheet.
const SCENES: [(&str, Turn); 15] = [
    ("settings", |day| day.act(Act::Settings)),
    ("set-up", |day| {
        day.open_setup();
        day.settle();
    }),
    ("palette", |day| day.press("Ctrl+K")),
    ("palette-clients", Day::searches),
    ("looked-up", Day::looks_up_client),
    ("line-menu", |day| {
        day.press("F11");
        day.press("Enter");
    }),
    ("small", |day| {
        day.talks();
        day.resize(1024, 640);
    }),
    ("zoom-150", |day| {
        day.talks();
        (0..5).for_each(|_| day.press("Ctrl+plus"));
    }),
    ("zoom-200", |day| {
        day.talks();
        (0..10).for_each(|_| day.press("Ctrl+plus"));
    }),
    ("lines-200", |day| {
        day.talks();
        day.lines();
        day.chain();
        (0..10).for_each(|_| day.press("Ctrl+plus"));
        day.press("F8");
    }),
    ("order-list", Day::looks_up_orders),
    ("order-came-back", Day::gets_order_back),
    ("heard-badly", Day::is_heard_badly),
    ("recording", |day| {
        day.talks();
        day.recording(RecordingState::On);
    }),
    ("recording-paused", |day| {
        day.talks();
        day.recording(RecordingState::Paused);
    }),
];

/// Kept in each language and theme.
const MAIN: [&str; 5] = ["ready", "ringing", "talking", "transfer-list", "settings"];

fn scenes() -> impl Iterator<Item = &'static str> {
    STATES.iter().map(|state| state.name).chain(SCENES.iter().map(|(name, _)| *name))
}

/// Those that are kept: every scene in each language, the main ones in each theme too, the others in one of them by turns.
fn kept() -> Vec<(&'static str, &'static str, Language)> {
    let mut kept = Vec::new();
    for (at, scene) in scenes().enumerate() {
        for (nth, language) in Language::ALL.into_iter().enumerate() {
            for (index, (theme, _)) in THEMES.iter().enumerate() {
                if MAIN.contains(&scene) || index == (at + nth) % THEMES.len() {
                    kept.push((scene, *theme, language));
                }
            }
        }
    }
    kept
}

struct Picture {
    width: u32,
    height: u32,
    /// Red, green, blue.
    pixels: Vec<[u8; 3]>,
}

fn draw(scene: &str, theme: &str, language: Language) -> Picture {
    let day = match SCENES.iter().find(|(name, _)| *name == scene) {
        Some((_, enter)) => {
            let day = Day::new(language);
            enter(&day);
            day
        }
        None => day_in(scene, language),
    };
    let (_, index) = THEMES.iter().find(|(name, _)| *name == theme).unwrap();
    day.choose_theme(*index);
    let drawn = day.picture();
    let pixels = drawn.as_slice().iter().map(|pixel| [pixel.r, pixel.g, pixel.b]).collect();
    Picture { width: drawn.width(), height: drawn.height(), pixels }
}

/// With at most 256 colours: an octet for each pixel.
fn write(path: &Path, picture: &Picture) {
    let colours = colours(picture);
    let nearest: BTreeMap<[u8; 3], u8> = distinct(picture)
        .into_keys()
        .map(|colour| {
            let distance = |other: &[u8; 3]| -> u32 {
                colour.iter().zip(other).map(|(a, b)| u32::from(a.abs_diff(*b))).sum()
            };
            let (index, _) = colours.iter().enumerate().min_by_key(|(_, other)| distance(other)).unwrap();
            (colour, index as u8)
        })
        .collect();
    let pixels: Vec<u8> = picture.pixels.iter().map(|colour| nearest[colour]).collect();
    let file = BufWriter::new(File::create(path).unwrap());
    let mut encoder = png::Encoder::new(file, picture.width, picture.height);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_palette(colours.concat());
    encoder.set_filter(png::Filter::NoFilter);
    encoder.set_compression(png::Compression::High);
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
}

fn distinct(picture: &Picture) -> BTreeMap<[u8; 3], usize> {
    let mut counts = BTreeMap::new();
    for colour in &picture.pixels {
        *counts.entry(*colour).or_default() += 1;
    }
    counts
}

/// The most frequent ones; the rest are edges of letters, which have neighbours among them.
fn colours(picture: &Picture) -> Vec<[u8; 3]> {
    let mut colours: Vec<([u8; 3], usize)> = distinct(picture).into_iter().collect();
    colours.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    colours.truncate(256);
    colours.into_iter().map(|(colour, _)| colour).collect()
}

fn read(path: &Path) -> Picture {
    let file = File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut decoder = png::Decoder::new(BufReader::new(file));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    Picture { width: info.width, height: info.height, pixels: pixels.as_chunks().0.to_vec() }
}

/// 32 steps for each colour, which tints greys a little: half of the octets.
fn reduced(picture: &Picture) -> Picture {
    let pixels = picture.pixels.iter().map(|colour| colour.map(|value| value & 0xf8 | value >> 5)).collect();
    Picture { pixels, ..*picture }
}

/// The share of pixels that differ by more than what is lost by keeping them, or that anybody would see.
fn difference(one: &Picture, other: &Picture) -> f64 {
    const STEP: u8 = 24;
    if (one.width, one.height) != (other.width, other.height) {
        return 1.0;
    }
    let differs = |(one, other): &(&[u8; 3], &[u8; 3])| (0..3).any(|at| one[at].abs_diff(other[at]) > STEP);
    let differ = one.pixels.iter().zip(&other.pixels).filter(differs).count();
    differ as f64 / f64::from(one.width * one.height)
}

fn looks_as_it_did(language: Language) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/pictures");
    let differing = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pictures");
    let renewed = std::env::var("PATCHCORD_WRITE_PICTURES").ok();
    let renew = renewed.is_some();
    fs::create_dir_all(if renew { &folder } else { &differing }).unwrap();
    let mut faults = Vec::new();
    for (scene, theme, language) in kept().into_iter().filter(|(.., known)| *known == language) {
        let name = format!("{scene}-{theme}-{}.png", language.code());
        if renewed.as_ref().is_some_and(|asked| asked != "1" && !scene.starts_with(asked.as_str())) {
            continue;
        }
        let drawn = draw(scene, theme, language);
        if renew {
            write(&folder.join(name), &reduced(&drawn));
            continue;
        }
        let share = difference(&read(&folder.join(&name)), &drawn);
        if share > 0.005 {
            let path = differing.join(&name);
            write(&path, &drawn);
            faults.push(format!("{name}: {:.2} % of it differ; now it is {}", share * 100.0, path.display()));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_english_window_looks_as_it_did() {
    looks_as_it_did(Language::English);
}

#[test]
fn the_korean_window_looks_as_it_did() {
    looks_as_it_did(Language::Korean);
}

#[test]
fn the_russian_window_looks_as_it_did() {
    looks_as_it_did(Language::Russian);
}

#[test]
fn every_scene_is_kept_once_and_nothing_beside_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/pictures");
    let mut there: Vec<String> =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    let name =
        |(scene, theme, language): (&str, &str, Language)| format!("{scene}-{theme}-{}.png", language.code());
    let mut kept: Vec<String> = kept().into_iter().map(name).collect();
    there.sort();
    kept.sort();
    assert_eq!(there, kept);
    assert!(scenes().all(|scene| kept.iter().any(|name| name.starts_with(scene))));
}

#[test]
fn a_picture_of_another_state_is_noticed() {
    let [ready, ringing] = ["ready", "ringing"].map(|state| draw(state, "light", Language::English));
    assert!(difference(&ready, &ringing) > 0.005);
    assert!(difference(&ready, &draw("ready", "light", Language::Russian)) > 0.005);
    assert_eq!(difference(&ready, &reduced(&ready)), 0.0);
}

#[test]
#[ignore = "draws for people to look at: scripts/pictures"]
fn all_of_them() {
    let folder = PathBuf::from(std::env::var_os("PATCHCORD_PICTURES").unwrap());
    fs::create_dir_all(&folder).unwrap();
    for scene in scenes() {
        for (theme, _) in THEMES {
            for language in Language::ALL {
                let picture = draw(scene, theme, language);
                let path = folder.join(format!("{scene}-{theme}-{}.png", language.code()));
                // Looked at once: fewer colours would take more time than they save room.
                let mut encoder = png::Encoder::new(
                    BufWriter::new(File::create(path).unwrap()),
                    picture.width,
                    picture.height,
                );
                encoder.set_color(png::ColorType::Rgb);
                encoder.set_compression(png::Compression::Fast);
                encoder.write_header().unwrap().write_image_data(picture.pixels.as_flattened()).unwrap();
            }
        }
    }
}

#[test]
fn the_theme_is_chosen_on_the_settings_page() {
    let day = Day::new(Language::English);
    day.act(Act::Settings);
    let light = day.picture();
    day.click(Role::RadioButton, "Dark");
    assert!(light.as_slice() != day.picture().as_slice());
    assert!(day.sees(Role::RadioButton, "Dark").checked);
}
