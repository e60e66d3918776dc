//! A cited clause must exist: one SIP library carries a wrong RFC number ninety-four times.

use std::fs;
use std::path::{Path, PathBuf};

/// RFCs that the project follows, with the number of their last main section.
const KNOWN: [(u32, u32); 58] = [
    (2046, 9),
    (2047, 10),
    (2069, 6),
    (2104, 7),
    (2543, 18),
    (2617, 7),
    (2833, 9),
    (2976, 8),
    (3261, 28),
    (3262, 13),
    (3263, 9),
    (3264, 14),
    (3265, 11),
    (3311, 12),
    (3323, 11),
    (3325, 18),
    (3326, 8),
    (3327, 11),
    (3339, 10),
    (3389, 10),
    (3420, 8),
    (3515, 11),
    (3533, 8),
    (3550, 16),
    (3551, 13),
    (3581, 14),
    (3605, 9),
    (3606, 11),
    (3608, 13),
    (3611, 7),
    (3629, 13),
    (3711, 13),
    (3842, 9),
    (3856, 14),
    (3863, 6),
    (3891, 12),
    (3892, 13),
    (3960, 9),
    (3966, 15),
    (4028, 17),
    (4235, 12),
    (4475, 8),
    (4480, 9),
    (4488, 12),
    (4566, 12),
    (4733, 10),
    (4916, 9),
    (5057, 10),
    (5626, 15),
    (5589, 13),
    (5761, 11),
    (5806, 14),
    (6026, 12),
    (6188, 8),
    (6228, 10),
    (6337, 11),
    (6665, 11),
    (7044, 18),
];
const KNOWN_LATER: [(u32, u32); 20] = [
    (2231, 9),
    (3986, 10),
    (4961, 8),
    (5869, 7),
    (6716, 11),
    (6750, 7),
    (6901, 10),
    (7022, 9),
    (7587, 10),
    (7616, 9),
    (7617, 6),
    (7714, 16),
    (7845, 11),
    (8760, 8),
    (8843, 21),
    (8866, 13),
    (9106, 8),
    (9110, 20),
    (9457, 9),
    (9562, 9),
];

#[test]
fn every_cited_clause_exists() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for path in cited_files() {
        let text = fs::read_to_string(&path).expect("sources are readable UTF-8");
        for (index, line) in text.lines().enumerate() {
            for citation in citations(line) {
                seen += 1;
                if let Some(fault) = fault_of(citation) {
                    wrong.push(format!("{}:{}: {fault}", path.display(), index + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "cited, but not there:\n{}", wrong.join("\n"));
    assert!(seen > 20, "only {seen} citations found: is the search broken?");
}

#[test]
fn a_transposed_number_would_be_seen() {
    let planted = ["RFC", "3621 \u{a7}17.1"].join(" ");
    assert!(citations(&planted).iter().all(|citation| fault_of(*citation).is_some()));
    let beyond = ["RFC", "3261 \u{a7}99.1"].join(" ");
    assert!(citations(&beyond).iter().all(|citation| fault_of(*citation).is_some()));
    let right = "RFC 3261 \u{a7}17.1.1.2 and RFC 3264";
    assert_eq!(citations(right), [(3261, Some(17)), (3264, None)]);
}

fn fault_of((number, section): (u32, Option<u32>)) -> Option<String> {
    let known = KNOWN.iter().chain(&KNOWN_LATER).find(|(rfc, _)| *rfc == number);
    match (known, section) {
        (None, _) => {
            Some(format!("RFC {number} is not one this project follows (add it to the list if it is)"))
        }
        (Some((_, last)), Some(section)) if section == 0 || section > *last => {
            Some(format!("RFC {number} has no section {section}"))
        }
        _ => None,
    }
}

/// `RFC 3261` with the main section after `§`, if one follows at once.
fn citations(line: &str) -> Vec<(u32, Option<u32>)> {
    line.match_indices("RFC ")
        .filter_map(|(at, found)| {
            let rest = &line[at + found.len()..];
            let number = leading_number(rest)?;
            let after = rest.trim_start_matches(|letter: char| letter.is_ascii_digit()).trim_start();
            Some((number, after.strip_prefix('\u{a7}').and_then(leading_number)))
        })
        .collect()
}

fn leading_number(text: &str) -> Option<u32> {
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

fn cited_files() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = vec![root.join("README.md")];
    files.retain(|file| file.exists());
    for folder in ["src", "docs", "tests"] {
        collect(&root.join(folder), &mut files);
    }
    files
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.expect("a readable entry").path();
        if path.is_dir() && path.file_name().is_none_or(|name| name != "data") {
            collect(&path, into);
        } else if path.extension().is_some_and(|ending| ending == "rs" || ending == "md") {
            into.push(path);
        }
    }
}
