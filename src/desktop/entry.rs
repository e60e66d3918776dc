//! Desktop entries: the files by which a desktop knows a program (Desktop Entry Specification 1.5).

use crate::text::{Catalogue, Language, msg};
use std::path::Path;

/// What the window is started with.
pub(super) const WINDOW: &str = "window";

/// Keys and values that an entry has besides its names.
pub(super) fn text(program: &Path, arguments: &str, keys: &[(&str, &str)]) -> String {
    let mut entry = String::from("[Desktop Entry]\nType=Application\nName=Patchcord\n");
    for language in Language::ALL {
        let cat = Catalogue::new(language);
        let comment = cat.get(msg!("Telephone of sales operators"));
        match language {
            Language::English => entry.push_str(&format!("Comment={comment}\n")),
            _ => entry.push_str(&format!("Comment[{}]={comment}\n", language.code())),
        }
    }
    entry.push_str(&format!("Exec={} {arguments}\nIcon=call-start\nTerminal=false\n", quoted(program)));
    for (key, value) in keys {
        entry.push_str(&format!("{key}={value}\n"));
    }
    entry
}

/// A path as the key Exec wants it: quoted, and then escaped once more as every string of the file.
fn quoted(program: &Path) -> String {
    let mut quoted = String::from("\"");
    for letter in program.to_string_lossy().chars() {
        match letter {
            '"' | '`' | '$' => quoted.extend(['\\', '\\', letter]),
            '\\' => quoted.push_str(r"\\\\"),
            '%' => quoted.push_str("%%"),
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_any_letters_is_one_word_of_the_command() {
        for (path, written) in [
            ("/opt/patchcord", r#""/opt/patchcord""#),
            ("/home/a b/50%", r#""/home/a b/50%%""#),
            (r#"/x$y"z`\"#, r#""/x\\$y\\"z\\`\\\\""#),
        ] {
            assert_eq!(quoted(Path::new(path)), written);
        }
    }
}
