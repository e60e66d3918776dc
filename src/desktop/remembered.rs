//! What the window was when it was last used. Nothing of clients.

use super::files;
use crate::config::Theme;
use crate::text::Language;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::Path;

const FILE: &str = "window.json";

/// What was never said is `None`, and up to settings and desktop.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Remembered {
    /// Width and height, logical pixels.
    pub size: Option<(u32, u32)>,
    /// Left and top edge, physical pixels; a screen left of the first one is below zero.
    pub position: Option<(i32, i32)>,
    pub theme: Option<Theme>,
    /// Percent.
    pub zoom: Option<u16>,
    pub reduce_motion: Option<bool>,
    pub language: Option<Language>,
    /// Widths of the window's columns from the left, logical pixels.
    pub columns: Vec<u32>,
}

impl Remembered {
    /// A file that is missing, broken or of another version remembers nothing.
    pub fn read(state_folder: &Path) -> Self {
        let text = files::read(&state_folder.join(FILE)).unwrap_or_default();
        let mut remembered: Self = serde_json::from_str(&text).unwrap_or_default();
        // Whoever writes by hand shall not end with a window that cannot be seen.
        let seen = 100..=20_000;
        remembered.size =
            remembered.size.filter(|(width, height)| seen.contains(width) && seen.contains(height));
        remembered.zoom = remembered.zoom.filter(|zoom| (100..=200).contains(zoom));
        remembered
    }

    pub fn write(&self, state_folder: &Path) -> io::Result<()> {
        files::write(&state_folder.join(FILE), &serde_json::to_string_pretty(self)?)
    }
}

/// Left and top edge.
type Place = (i32, i32);
/// Width and height.
type Size = (u32, u32);

/// So much of a window's upper edge has to be on a screen that it can be taken and moved.
const TO_TAKE: i32 = 100;

/// Where a window goes whose upper edge is on none of the screens; none where it stays. Physical pixels.
pub fn back_in_sight((left, top): Place, width: u32, screens: &[(Place, Size)]) -> Option<Place> {
    let length = |pixels: u32| i32::try_from(pixels).unwrap_or(i32::MAX);
    let is_on = |&((x, y), (wide, high)): &(Place, Size)| {
        let begins = left.max(x);
        let ends = left.saturating_add(length(width)).min(x.saturating_add(length(wide)));
        let deepest = y.saturating_add(length(high)).saturating_sub(TO_TAKE);
        ends.saturating_sub(begins) >= TO_TAKE && (y..=deepest).contains(&top)
    };
    match screens {
        [first, ..] if !screens.iter().any(is_on) => Some(first.0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desktop::testing::Folder;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn the_window_comes_back_as_it_was() {
        let folder = Folder::new();
        assert_eq!(Remembered::read(folder.path()), Remembered::default());
        let window = Remembered {
            size: Some((1280, 800)),
            position: Some((-1920, 0)),
            theme: Some(Theme::Contrast),
            zoom: Some(125),
            reduce_motion: Some(true),
            language: Some(Language::Korean),
            columns: vec![280, 420],
        };
        window.write(folder.path()).unwrap();
        assert_eq!(Remembered::read(folder.path()), window);
        let mode = std::fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_window_whose_screen_is_gone_comes_back_to_one_that_is_there() {
        let first = ((0, 0), (1920, 1080));
        let left = ((-1280, 0), (1280, 1024));
        for (at, screens, moved) in [
            ((100, 100), &[first][..], None),
            ((-900, 40), &[first, left], None),
            ((-900, 40), &[first], None),
            ((-1000, 40), &[first], Some((0, 0))),
            ((1821, 40), &[first], Some((0, 0))),
            ((1820, 40), &[first], None),
            ((10, 1000), &[first], Some((0, 0))),
            ((10, -30), &[first], Some((0, 0))),
            ((i32::MIN, i32::MAX), &[left, first], Some((-1280, 0))),
            ((5000, 5000), &[], None),
        ] {
            assert_eq!(back_in_sight(at, 1000, screens), moved, "{at:?} on {screens:?}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_not_remembered() {
        let folder = Folder::new();
        for text in
            ["", "{", "[]", "{\"size\": [0, 0]}", "{\"zoom\": 1000}", "{\"theme\": \"pink\"}", "\u{0}"]
        {
            std::fs::write(folder.path().join(FILE), text).unwrap();
            assert_eq!(Remembered::read(folder.path()), Remembered::default(), "{text}");
        }
        std::fs::write(folder.path().join(FILE), "{\"zoom\": 150, \"later\": 1}").unwrap();
        assert_eq!(Remembered::read(folder.path()).zoom, Some(150));
    }
}
