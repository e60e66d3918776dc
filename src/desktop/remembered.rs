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
