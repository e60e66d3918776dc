//! The window with the session, in the background (Desktop Application Autostart Specification 0.5).

use super::{entry, files};
use crate::config::Places;
use std::io;
use std::path::{Path, PathBuf};

pub fn is_on(places: &Places) -> bool {
    let entry = files::read(&path(places)).unwrap_or_default();
    // How desktops switch an entry off without removing it.
    let off = ["Hidden=true", "X-GNOME-Autostart-enabled=false"];
    !entry.is_empty() && !entry.lines().any(|line| off.contains(&line.trim()))
}

/// `program`: the path of this one.
pub fn set(places: &Places, program: &Path, on: bool) -> io::Result<()> {
    let path = path(places);
    if on {
        files::write(&path, &entry::text(program, &format!("{} --hidden", entry::WINDOW), &[]))
    } else {
        files::remove(&path)
    }
}

fn path(places: &Places) -> PathBuf {
    places.config.join("autostart/patchcord.desktop")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desktop::testing::{self, Folder};
    use std::process::Command;

    #[test]
    fn the_window_starts_with_the_session_or_does_not() {
        let home = Folder::new();
        let places = testing::places(&home);
        assert!(!is_on(&places));
        set(&places, Path::new("/opt/patchcord"), true).unwrap();
        assert!(is_on(&places));
        assert!(files::read(&path(&places)).unwrap().contains("--hidden"));
        let checked = Command::new("desktop-file-validate").arg(path(&places)).output().unwrap();
        assert!(checked.status.success() && checked.stdout.is_empty(), "{checked:?}");
        for _ in 0..2 {
            set(&places, Path::new("/opt/patchcord"), false).unwrap();
            assert!(!is_on(&places));
        }
    }

    #[test]
    fn an_entry_that_the_desktop_switched_off_is_off() {
        let home = Folder::new();
        let places = testing::places(&home);
        set(&places, Path::new("/opt/patchcord"), true).unwrap();
        let entry = files::read(&path(&places)).unwrap();
        files::write(&path(&places), &format!("{entry}X-GNOME-Autostart-enabled=false\n")).unwrap();
        assert!(!is_on(&places));
    }
}
