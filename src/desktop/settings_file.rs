//! The user's settings file, written by us: from the first-run form, or from a provision.

use super::files;
use crate::config::Settings;
use std::io;
use std::path::Path;

/// Whole or not at all, readable by its owner alone. What stood there is kept as `.bak`, since comments that somebody
/// wrote by hand are not taken over.
pub fn write(path: &Path, settings: &Settings) -> io::Result<()> {
    let (before, after) = (files::read(path)?, settings.to_toml());
    if before == after && path.exists() {
        return Ok(());
    }
    if !before.is_empty() {
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
    }
}
