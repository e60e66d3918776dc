//! Links to numbers: what they mean, and Patchcord as the program that opens them.
//!
//! Two desktop entries: the application, and a hidden one that takes links. Which program is asked first for a scheme
//! stands in `mimeapps.list` (MIME Applications Associations 1.0.1), where whoever had it before stays
//! behind us and has it again when we leave.

use super::{entry, files};
use crate::config::Places;
use std::io;
use std::path::{Path, PathBuf};

const SCHEMES: [&str; 3] = ["tel", "sip", "callto"];
const APPLICATION: &str = "patchcord.desktop";
const HANDLER: &str = "patchcord-dial.desktop";
const DEFAULTS: &str = "[Default Applications]";
/// Longer than any number or address of a person.
const LONGEST: usize = 256;

/// What a link asks to call, as it can be dialled: `tel:+7%20495…` is the number, `sip:` stays an address. Numbers without
/// a scheme are taken as well; links of other kinds, and what cannot be a number or address, are not.
pub fn target(link: &str) -> Option<String> {
    let link = link.trim();
    let target = match scheme(link) {
        None => link.to_owned(),
        Some("sip" | "sips") => link.to_owned(),
        Some("tel" | "callto") => {
            let (_, rest) = link.split_once(':')?;
            let rest = rest.trim_start_matches('/');
            let end = rest.find([';', '?']).unwrap_or(rest.len());
            percent_decoded(&rest[..end])?.trim_matches(' ').to_owned()
        }
        Some(_) => return None,
    };
    let fits = !target.is_empty() && target.len() <= LONGEST && !target.chars().any(char::is_control);
    fits.then_some(target)
}

/// In lower case. A colon behind an `@` is a port's.
fn scheme(link: &str) -> Option<&'static str> {
    let (name, _) = link.split_once(':').filter(|(name, _)| !name.contains('@'))?;
    let known = ["tel", "sip", "sips", "callto"].into_iter();
    Some(known.into_iter().find(|known| known.eq_ignore_ascii_case(name)).unwrap_or("other"))
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [octet, after @ ..] = rest {
        match (octet, after) {
            (b'%', [high, low, after @ ..]) => {
                let digits = [*high, *low];
                octets.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
                rest = after;
            }
            (octet, after) => {
                octets.push(*octet);
                rest = after;
            }
        }
    }
    String::from_utf8(octets).ok()
}

/// Whether links come to us.
pub fn is_on(places: &Places) -> bool {
    let defaults = files::read(&mimeapps(places)).unwrap_or_default();
    let is_first = |scheme| handlers(&defaults, scheme).first().is_some_and(|first| first == HANDLER);
    applications(places).join(HANDLER).exists() && SCHEMES.into_iter().all(is_first)
}

/// `program`: the path of this one.
pub fn set(places: &Places, program: &Path, on: bool) -> io::Result<()> {
    let folder = applications(places);
    if on {
        let application = [("Categories", "Network;Telephony;")];
        files::write(&folder.join(APPLICATION), &entry::text(program, entry::WINDOW, &application))?;
        let types: String = SCHEMES.iter().map(|scheme| format!("{};", mime_type(scheme))).collect();
        let handler = [("NoDisplay", "true"), ("MimeType", types.as_str())];
        files::write(&folder.join(HANDLER), &entry::text(program, "dial %u", &handler))?;
    }
    let path = mimeapps(places);
    let before = files::read(&path)?;
    let after = SCHEMES.iter().fold(before.clone(), |text, scheme| with_handler(&text, scheme, on));
    if after != before {
        files::write(&path, &after)?;
    }
    if !on {
        files::remove(&folder.join(HANDLER))?;
        files::remove(&folder.join(APPLICATION))?;
    }
    Ok(())
}

fn applications(places: &Places) -> PathBuf {
    places.data.join("applications")
}

fn mimeapps(places: &Places) -> PathBuf {
    places.config.join("mimeapps.list")
}

fn mime_type(scheme: &str) -> String {
    format!("x-scheme-handler/{scheme}")
}

/// The programs of a scheme in the order in which they are asked.
fn handlers(list: &str, scheme: &str) -> Vec<String> {
    let key = mime_type(scheme);
    let defaults = list.lines().skip_while(|line| line.trim() != DEFAULTS).skip(1);
    let mut lines = defaults.take_while(|line| !line.trim_start().starts_with('['));
    lines.find_map(|line| value_of(line, &key)).map(programs).unwrap_or_default()
}

fn value_of<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    line.split_once('=').filter(|(name, _)| name.trim() == key).map(|(_, value)| value)
}

fn programs(value: &str) -> Vec<String> {
    value.split(';').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// The list with us before all others of the scheme, or without us; nothing else is changed.
fn with_handler(list: &str, scheme: &str, on: bool) -> String {
    let key = mime_type(scheme);
    let mut asked = handlers(list, scheme);
    asked.retain(|program| program != HANDLER);
    if on {
        asked.insert(0, HANDLER.to_owned());
    }
    let ours = (!asked.is_empty()).then(|| format!("{key}={};", asked.join(";")));
    let mut lines: Vec<&str> = list.lines().collect();
    let begin = match lines.iter().position(|line| line.trim() == DEFAULTS) {
        Some(at) => at + 1,
        None if !on => return list.to_owned(),
        None => {
            lines.extend((!lines.is_empty()).then_some("").into_iter().chain([DEFAULTS]));
            lines.len()
        }
    };
    let section = lines[begin..].iter().position(|line| line.trim_start().starts_with('['));
    let end = section.map_or(lines.len(), |length| begin + length);
    let found = (begin..end).find(|at| value_of(lines[*at], &key).is_some());
    match (found, &ours) {
        (Some(at), Some(ours)) => lines[at] = ours,
        (Some(at), None) => {
            lines.remove(at);
        }
        (None, Some(ours)) => {
            let blanks = lines[begin..end].iter().rev().take_while(|line| line.trim().is_empty()).count();
            lines.insert(end - blanks, ours);
        }
        (None, None) => {}
    }
    lines.iter().flat_map(|line| [line, "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desktop::testing::{self, Folder};
    use std::process::Command;

    #[test]
    fn links_become_what_can_be_dialled() {
        for (link, dialled) in [
            ("tel:+74951234567", "+74951234567"),
            ("TEL:+7%20(495)%20123-45-67", "+7 (495) 123-45-67"),
            ("tel:+7-495-123;ext=12", "+7-495-123"),
            ("tel://112", "112"),
            ("callto:+74951234567?call", "+74951234567"),
            ("callto://operator1", "operator1"),
            ("sip:200@pbx.example:5070", "sip:200@pbx.example:5070"),
            ("200@pbx.example:5070", "200@pbx.example:5070"),
            (" 8 495 123-45-67 ", "8 495 123-45-67"),
            ("*71", "*71"),
        ] {
            assert_eq!(target(link).as_deref(), Some(dialled), "{link}");
        }
    }

    #[test]
    fn other_links_are_not_dialled() {
        let long = format!("tel:{}", "1".repeat(300));
        for link in ["", "tel:", "tel:%0d%0aX", "tel:%zz", "tel:%ff", "mailto:a@b", "http://host", &long] {
            assert_eq!(target(link), None, "{link}");
        }
    }

    #[test]
    fn links_come_to_us_and_go_back_to_whom_they_came_before() {
        let home = Folder::new();
        let places = testing::places(&home);
        let before = "# mine\n[Default Applications]\ntext/plain=ed.desktop;\nx-scheme-handler/tel=other.desktop\n\n\
            [Added Associations]\nx-scheme-handler/sip=other.desktop;\n";
        files::write(&mimeapps(&places), before).unwrap();
        assert!(!is_on(&places));
        for _ in 0..2 {
            set(&places, Path::new("/opt/patchcord"), true).unwrap();
            assert!(is_on(&places));
        }
        let during = files::read(&mimeapps(&places)).unwrap();
        for line in [
            "# mine",
            "text/plain=ed.desktop;",
            "[Added Associations]",
            "x-scheme-handler/sip=other.desktop;",
        ] {
            assert!(during.lines().any(|known| known == line), "{line} is gone: {during}");
        }
        assert_eq!(handlers(&during, "tel"), [HANDLER, "other.desktop"]);
        set(&places, Path::new("/opt/patchcord"), false).unwrap();
        assert!(!is_on(&places));
        let after = before.replace("=other.desktop\n", "=other.desktop;\n");
        assert_eq!(files::read(&mimeapps(&places)).unwrap(), after);
        assert_eq!(std::fs::read_dir(applications(&places)).unwrap().count(), 0, "an entry is left");
    }

    #[test]
    fn a_user_without_a_list_gets_one() {
        let home = Folder::new();
        let places = testing::places(&home);
        set(&places, Path::new("/opt/patchcord"), false).unwrap();
        assert!(!mimeapps(&places).exists());
        set(&places, Path::new("/opt/patchcord"), true).unwrap();
        assert!(is_on(&places));
    }

    #[test]
    fn when_another_program_takes_a_scheme_we_are_off() {
        let home = Folder::new();
        let places = testing::places(&home);
        set(&places, Path::new("/opt/patchcord"), true).unwrap();
        let list = files::read(&mimeapps(&places)).unwrap();
        files::write(&mimeapps(&places), &list.replace("tel=patchcord", "tel=other.desktop;patchcord"))
            .unwrap();
        assert!(!is_on(&places));
    }

    /// Asked of the programs that desktops ask.
    #[test]
    fn a_desktop_understands_what_was_written() {
        let home = Folder::new();
        let places = testing::places(&home);
        set(&places, Path::new("/opt/my programs/patchcord"), true).unwrap();
        for name in [APPLICATION, HANDLER] {
            let checked =
                Command::new("desktop-file-validate").arg(applications(&places).join(name)).output();
            let said = checked.expect("desktop-file-validate is installed");
            assert!(
                said.status.success() && said.stdout.is_empty(),
                "{}",
                String::from_utf8_lossy(&said.stdout)
            );
        }
        for scheme in SCHEMES {
            let mut query = Command::new("xdg-mime");
            query.args(["query", "default", &mime_type(scheme)]).env("HOME", home.path());
            query.env("XDG_CONFIG_HOME", &places.config).env("XDG_DATA_HOME", &places.data);
            let said = query.output().expect("xdg-mime is installed");
            assert_eq!(String::from_utf8_lossy(&said.stdout).trim(), HANDLER, "{scheme}");
        }
    }
}
