//! The user's settings file, written by us: from the first-run form, the settings page, or a provision.

use super::files;
use crate::config::{ConfigError, Fault, Settings, io_words};
use crate::text::{Catalogue, say};
use std::io;
use std::path::Path;

/// Why a change is not in the file.
#[derive(Debug)]
pub enum NotKept {
    /// Somebody has made it unreadable since we began; what stands there is left alone.
    Unreadable(ConfigError),
    Unwritable(io::ErrorKind),
}

impl NotKept {
    pub fn say(&self, cat: &Catalogue) -> String {
        let error = match self {
            Self::Unreadable(error) => error.say(cat),
            Self::Unwritable(kind) => io_words(cat, *kind).to_owned(),
        };
        say!(cat, "This could not be kept: {error}", error = error)
    }
}

/// Changes what the file says now: somebody else may have written it since we read it.
pub fn change(path: &Path, with: impl FnOnce(&mut Settings)) -> Result<(), NotKept> {
    let mut settings = match Settings::read(path) {
        Ok(settings) => settings,
        Err(ConfigError { fault: Fault::Unreadable(io::ErrorKind::NotFound), .. }) => Settings::default(),
        Err(error) => return Err(NotKept::Unreadable(error)),
    };
    with(&mut settings);
    write(path, &settings).map_err(|error| NotKept::Unwritable(error.kind()))
}

/// Whole or not at all, readable by its owner alone. What somebody wrote there by hand is kept as `.bak`, since its comments are
/// not taken over; what we wrote ourselves is not.
pub fn write(path: &Path, settings: &Settings) -> io::Result<()> {
    let (before, after) = (files::read(path)?, settings.to_toml());
    if before == after && path.exists() {
        return Ok(());
    }
    let is_ours = Settings::parse(&before, path).is_ok_and(|settings| settings.to_toml() == before);
    if !is_ours {
        files::write(&files::beside(path, "bak"), &before)?;
    }
    files::write(path, &after)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{HostPort, Setting as _};
    use crate::desktop::testing::Folder;
    use crate::text::Language;
    use crate::transmit::Transport;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn the_first_run_form_is_read_back_as_it_was_filled_in() {
        let home = Folder::new();
        let path = home.path().join("config/patchcord/patchcord.toml");
        let form = Settings {
            lang: Some(Language::Korean),
            user: Some("operator1".into()),
            display: Some("주문 \"서울\"".into()),
            server: HostPort::parse("pbx.example.com:5070"),
            transport: Some(Transport::Tcp),
            desk: Some("https://desk.example.com".into()),
            microphone: Some("USB Headset".into()),
            earpiece: Some("USB Headset".into()),
            ..Settings::default()
        };
        write(&path, &form).unwrap();
        assert_eq!(Settings::read(&path).as_ref(), Ok(&form));
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn what_stood_there_is_kept_beside() {
        let home = Folder::new();
        let path = home.path().join("patchcord.toml");
        let by_hand = "# mine\n[account]\nuser = \"101\"\n";
        std::fs::write(&path, by_hand).unwrap();
        let form = Settings { user: Some("102".into()), ..Settings::default() };
        for _ in 0..2 {
            write(&path, &form).unwrap();
            assert_eq!(std::fs::read_to_string(home.path().join("patchcord.toml.bak")).unwrap(), by_hand);
        }
        assert_eq!(Settings::read(&path), Ok(form));
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 2, "something else is left");
        change(&path, |settings| settings.zoom = Some(150)).unwrap();
        assert_eq!(std::fs::read_to_string(home.path().join("patchcord.toml.bak")).unwrap(), by_hand);
    }

    #[test]
    fn a_change_leaves_alone_what_somebody_else_has_written_since() {
        let home = Folder::new();
        let path = home.path().join("patchcord.toml");
        change(&path, |settings| settings.user = Some("101".into())).unwrap();
        std::fs::write(&path, "[account]\nuser = \"102\"\n[pbx]\nserver = \"new.example.com\"\n").unwrap();
        change(&path, |settings| settings.microphone = Some("USB".into())).unwrap();
        let now = Settings::read(&path).unwrap();
        assert_eq!(now.user.as_deref(), Some("102"));
        assert_eq!(now.server, HostPort::parse("new.example.com"));
        assert_eq!(now.microphone.as_deref(), Some("USB"));
        let broken = "[account\n";
        std::fs::write(&path, broken).unwrap();
        let fault = change(&path, |settings| settings.zoom = Some(150)).unwrap_err();
        let words = fault.say(&Catalogue::new(Language::English));
        assert!(words.contains("patchcord.toml, line 1"), "{words}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), broken);
    }
}
