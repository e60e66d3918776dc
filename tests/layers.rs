//! The walls of the module map: who may name whom, and what the pure core may not touch.
//!
//! The sources are read as text, so a wall cannot be stepped over by a re-export.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Leaves that anybody may name, and that name nobody.
const SHARED: [&str; 4] = ["instant", "transmit", "secrets", "text"];

/// Each module with those it may name besides itself and `SHARED`.
const MAY_NAME: [(&str, &[&str]); 29] = [
    ("instant", &[]),
    ("transmit", &[]),
    ("secrets", &[]),
    ("text", &[]),
    ("clock", &[]),
    ("entropy", &[]),
    ("logging", &[]),
    ("http", &[]),
    ("domain", &[]),
    ("config", &["domain"]),
    ("command_line", &["config"]),
    ("desk_api", &["domain"]),
    ("sip", &[]),
    ("media", &[]),
    ("recording", &["domain", "media"]),
    // The states of a colleague's line are the same words for wire, desk and screen.
    ("phone", &["domain", "sip", "media"]),
    ("agent", &["domain", "desk_api", "phone", "sip", "media"]),
    ("screen", &["domain", "desk_api", "phone", "agent", "media", "sip"]),
    ("headset", &["phone", "agent"]),
    // The PBX's side of the line knows nothing of the telephone's.
    ("practice", &["sip", "media"]),
    // Where a message ends in a stream, only SIP knows.
    ("net", &["sip"]),
    // Whether a device has stalled shows only by the clock.
    ("audio", &["media", "clock"]),
    ("archive", &["domain", "media", "recording", "clock"]),
    ("hid", &["headset", "clock"]),
    ("desk", &["domain", "desk_api", "clock", "http"]),
    ("desktop", &["config", "domain", "logging", "recording"]),
    ("server", &["domain", "desk_api", "config", "command_line", "clock", "entropy", "logging", "http"]),
    ("shell", &EVERYTHING_BELOW_SHELL),
    ("window", &WINDOW_MAY_NAME),
];

const EVERYTHING_BELOW_SHELL: [&str; 19] = [
    "domain",
    "desk_api",
    "sip",
    "media",
    "recording",
    "phone",
    "agent",
    "headset",
    "practice",
    "net",
    "audio",
    "archive",
    "hid",
    "desk",
    "config",
    "clock",
    "entropy",
    "logging",
    "text",
];

/// The terminal may also see what the engines' fronts are made of; it never opens a socket or a store.
const CLI_MAY_NAME: [&str; 17] = [
    "shell",
    "archive",
    "recording",
    "practice",
    "agent",
    "phone",
    "sip",
    "media",
    "desk_api",
    "desk",
    "domain",
    "config",
    "command_line",
    "logging",
    "audio",
    "desktop",
    "window",
];

/// The window draws what the screen says, and puts the telephone behind it.
const WINDOW_MAY_NAME: [&str; 13] = [
    "shell", "screen", "practice", "agent", "phone", "desk_api", "domain", "config", "audio", "desktop",
    "logging", "media", "sip",
];

const PURE: [&str; 9] =
    ["domain", "sip", "media", "recording", "phone", "agent", "headset", "screen", "practice"];

/// Words that mean the world outside, with the reason why a pure module has no use for them.
const WORLD: [(&str, &str); 16] = [
    ("async fn", "nothing in the core waits"),
    (".await", "nothing in the core waits"),
    ("tokio::", "nothing in the core waits"),
    ("std::fs", "files belong to the sides"),
    ("File::open", "files belong to the sides"),
    ("UdpSocket", "sockets belong to net"),
    ("TcpStream", "sockets belong to net"),
    ("std::thread", "threads belong to shell"),
    ("std::env", "settings are arguments"),
    ("std::time::Instant", "time is an argument: crate::instant::Instant"),
    ("SystemTime", "time is an argument"),
    ("Timestamp::now", "time is an argument"),
    ("getrandom", "chance is a seed"),
    ("HashMap", "its order differs from run to run: use BTreeMap"),
    ("HashSet", "its order differs from run to run: use BTreeSet"),
    ("println!", "results are values"),
];

#[test]
fn every_module_names_only_those_below_it() {
    let allowed = allowed();
    let mut steps = Vec::new();
    for source in sources() {
        let Some(may_name) = allowed.get(source.module.as_str()) else {
            panic!("{}: module `{}` has no row in tests/layers.rs", source.path.display(), source.module);
        };
        for (line, named) in source.named_modules() {
            if named != source.module
                && allowed.contains_key(named.as_str())
                && !may_name.contains(named.as_str())
            {
                steps.push(format!("{}:{line}: `{}` names `{named}`", source.path.display(), source.module));
            }
        }
    }
    assert!(steps.is_empty(), "over the wall:\n{}", steps.join("\n"));
}

#[test]
fn the_core_touches_neither_clock_nor_chance_nor_world() {
    let mut touches = Vec::new();
    for source in sources().into_iter().filter(|source| PURE.contains(&source.module.as_str())) {
        for (number, line) in source.code_lines() {
            for (word, reason) in WORLD.iter().filter(|(word, _)| line.contains(word)) {
                touches.push(format!("{}:{number}: `{word}`: {reason}", source.path.display()));
            }
        }
    }
    assert!(touches.is_empty(), "the core is pure:\n{}", touches.join("\n"));
}

#[test]
fn sip_knows_no_sdp_and_media_knows_no_sip() {
    for source in sources() {
        let forbidden = match source.module.as_str() {
            "sip" => "sdp_types",
            "media" => "rsip",
            _ => continue,
        };
        for (number, line) in source.code_lines() {
            assert!(!line.contains(forbidden), "{}:{number}: names `{forbidden}`", source.path.display());
        }
    }
}

#[test]
fn a_step_over_a_wall_would_be_seen() {
    let source = Source {
        path: PathBuf::from("src/sip/planted.rs"),
        module: "sip".into(),
        text: "use crate::{instant::Instant, media::Frame};\nfn f() { crate::phone::dial() }\n".into(),
    };
    let named: Vec<_> = source.named_modules().into_iter().map(|(_, module)| module).collect();
    assert_eq!(named, ["instant", "media", "phone"]);
}

struct Source {
    path: PathBuf,
    /// First path segment below `src`.
    module: String,
    text: String,
}

impl Source {
    /// Lines without comments, up to the file's test module: tests may reach further.
    fn code_lines(&self) -> Vec<(usize, &str)> {
        let is_test_file = self.path.file_name().is_some_and(|name| name.to_string_lossy().contains("test"))
            || self.path.components().any(|part| part.as_os_str() == "tests");
        if is_test_file {
            return Vec::new();
        }
        self.text
            .lines()
            .enumerate()
            .take_while(|(_, line)| !line.starts_with("#[cfg(test)]"))
            .map(|(index, line)| (index + 1, line.split("//").next().unwrap_or("")))
            .collect()
    }

    /// Top modules named by `crate::x` or `use crate::{x, y}`, by line.
    fn named_modules(&self) -> Vec<(usize, String)> {
        let lines = self.code_lines();
        let mut found = Vec::new();
        for (position, &(number, line)) in lines.iter().enumerate() {
            for (at, _) in line.match_indices("crate::") {
                let rest = &line[at + "crate::".len()..];
                if let Some(group) = rest.strip_prefix('{') {
                    let following: String = lines[position + 1..].iter().map(|(_, line)| *line).collect();
                    found.extend(group_heads(&format!("{group}{following}")).map(|head| (number, head)));
                } else {
                    found.push((number, identifier(rest)));
                }
            }
        }
        found
    }
}

/// The first identifiers of each element of `{a::b, c::{d, e}}`, the opening brace already gone.
fn group_heads(group: &str) -> impl Iterator<Item = String> {
    let mut depth = 0usize;
    let mut elements = vec![String::new()];
    for letter in group.chars() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => elements.push(String::new()),
            letter => elements.last_mut().expect("starts with one").push(letter),
        }
    }
    elements.into_iter().map(|element| identifier(element.trim())).filter(|head| !head.is_empty())
}

fn identifier(text: &str) -> String {
    text.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()
}

fn allowed() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let cli = std::iter::once(("cli", &CLI_MAY_NAME[..]));
    let top = [("lib", &[][..]), ("bin", &["cli", "server", "shell", "logging", "config"][..])];
    MAY_NAME
        .iter()
        .copied()
        .chain(cli)
        .chain(top)
        .map(|(module, named)| {
            let shared = if SHARED.contains(&module) { &[][..] } else { &SHARED[..] };
            (module, named.iter().chain(shared).copied().collect())
        })
        .collect()
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    rust_files(&root, &mut paths);
    assert!(paths.len() > 10, "no sources found below {}", root.display());
    paths
        .into_iter()
        .map(|path| {
            let inside = path.strip_prefix(&root).expect("found below root");
            let first = inside.components().next().expect("a file has a name").as_os_str().to_string_lossy();
            let module = first.trim_end_matches(".rs").to_owned();
            let text = fs::read_to_string(&path).expect("sources are readable UTF-8");
            Source { path: Path::new("src").join(inside), module, text }
        })
        .collect()
}

fn rust_files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable entry").path();
        if path.is_dir() {
            rust_files(&path, into);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            into.push(path);
        }
    }
}
