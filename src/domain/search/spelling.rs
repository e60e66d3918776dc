//! One spelling for Cyrillic and Latin, so that a name is found in either and in any convention of transliteration.
//!
//! What sounds alike is written alike: й, и and ы are `i`; ё, е, э, ие and ио are `e`; ю and ию are `u`; double letters
//! are single ones; ь and ъ are nothing. Five letters stand for one sound each, however many letters it is written with:
//! `c` for ц, `j` for ж, `q` for ч, `w` for ш and щ, `x` for х. Digits stay as they are.
//!
//! Conventions: GOST 7.79-2000 (ISO 9:1995) systems A and B, BGN/PCGN 1947, ICAO Doc 9303 part 3 section 6, and what
//! people write in e-mail addresses.

use super::hangul;

/// Several Latin letters for one sound, longer ones before their beginnings.
const LATIN: [(&str, &str); 13] = [
    ("shh", "w"),
    ("sh", "w"),
    ("ch", "q"),
    ("cz", "c"),
    ("ck", "k"),
    ("zh", "j"),
    ("kh", "x"),
    ("ph", "f"),
    ("th", "t"),
    ("gh", "g"),
    ("wh", "v"),
    ("tz", "c"),
    ("qu", "kv"),
];

/// What may come behind the last letter and change how it is read, and whether it is itself no part of what was typed.
const STILL_TO_COME: [(&str, &[(&str, bool)]); 14] = [
    ("c", &[("e", true), ("h", false), ("z", false)]),
    ("s", &[("h", false)]),
    ("k", &[("h", false)]),
    ("z", &[("h", false)]),
    ("t", &[("s", false)]),
    ("p", &[("h", false)]),
    ("i", &[("e", false), ("u", false)]),
    ("y", &[("e", false), ("u", false)]),
    ("j", &[("e", false), ("u", false)]),
    ("с", &[("ч", false)]),
    ("т", &[("с", false)]),
    ("и", &[("е", false), ("ю", false)]),
    ("й", &[("е", false), ("ю", false)]),
    ("ы", &[("е", false), ("ю", false)]),
];

/// How Latin is read.
#[derive(Clone, Copy, PartialEq)]
enum Latin {
    /// As in names of every kind.
    Usual,
    /// One letter for each Cyrillic one, as in ISO 9 and in GOST 7.79 B: `c` is ц, `x` is х.
    LetterByLetter,
    /// `j` is ж.
    French,
}

/// Words in lower case, without what stands between them and without signs within them. A word is Hangul or holds none.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut is_hangul = false;
    for c in text.chars().map(half_width).flat_map(char::to_lowercase).filter(|&c| !is_within(c)) {
        if !c.is_alphanumeric() || hangul::is_letter(c) != is_hangul {
            words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
            is_hangul = hangul::is_letter(c);
        }
        if c.is_alphanumeric() {
            word.push(c);
        }
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

pub(super) fn is_latin(word: &str) -> bool {
    word.contains(|c: char| c.is_ascii_alphabetic())
}

pub(super) fn fold(word: &str) -> String {
    read(word, Latin::Usual)
}

/// What a word may begin with in a key when it is typed so far; the likeliest first, none of them empty.
pub(super) fn beginnings(word: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut add = |spelled: String| {
        if !spelled.is_empty() && !found.contains(&spelled) {
            found.push(spelled);
        }
    };
    for latin in [Latin::Usual, Latin::LetterByLetter, Latin::French] {
        add(read(word, latin));
        let more = STILL_TO_COME.iter().filter(|(last, _)| word.ends_with(last)).flat_map(|(_, more)| *more);
        for (next, is_beyond) in more {
            let mut spelled = read(&format!("{word}{next}"), latin);
            if *is_beyond {
                spelled.pop();
            }
            add(spelled);
        }
    }
    found
}

fn read(word: &str, latin: Latin) -> String {
    let mut spelled = String::with_capacity(word.len());
    let mut rest = word;
    while let Some(c) = rest.chars().next() {
        let mut several = LATIN.iter().filter(|_| c.is_ascii());
        let several = several.find_map(|(letters, sound)| Some((*sound, rest.strip_prefix(letters)?)));
        if let Some((sound, after)) = several {
            sound.chars().for_each(|c| push(&mut spelled, c));
            rest = after;
            continue;
        }
        rest = rest.get(c.len_utf8()..).unwrap_or("");
        match c {
            'c' | 'x' if latin == Latin::LetterByLetter => push(&mut spelled, c),
            'j' if latin == Latin::French => push(&mut spelled, c),
            'c' if rest.starts_with(['e', 'i', 'y']) => push(&mut spelled, 's'),
            _ => match sound(c) {
                Some(sound) => sound.chars().for_each(|c| push(&mut spelled, c)),
                None => push(&mut spelled, c),
            },
        }
    }
    spelled
}

/// Adds a letter; with the one before it, it may be another sound.
fn push(spelled: &mut String, c: char) {
    let heard = match (spelled.chars().next_back(), c) {
        (Some(last), c) if last == c && c.is_alphabetic() => return,
        (Some('w'), 'q') => return,
        (Some('t'), 's') => 'c',
        (Some('s'), 'q') => 'w',
        (Some('i'), 'e' | 'o') => 'e',
        (Some('i'), 'u') => 'u',
        _ => return spelled.push(c),
    };
    spelled.pop();
    push(spelled, heard);
}

/// How a single letter is spelled; none: as it stands.
fn sound(c: char) -> Option<&'static str> {
    Some(match c {
        'а' | 'ә' | 'á' | 'à' | 'ä' | 'å' | 'ã' | 'ā' | 'ą' | 'ǎ' => "a",
        'б' => "b",
        'в' | 'w' => "v",
        'г' | 'ґ' | 'ғ' | 'ğ' => "g",
        'д' | 'ď' | 'đ' => "d",
        'е' | 'ё' | 'э' | 'є' | 'æ' | 'ë' | 'è' | 'é' | 'ê' | 'ē' | 'ę' | 'ě' | 'ė' => "e",
        'ж' | 'ž' | 'ż' => "j",
        'з' | 'ź' => "z",
        'и' | 'й' | 'ы' | 'і' | 'ї' | 'y' | 'j' | 'í' | 'ì' | 'î' | 'ï' | 'ī' | 'į' | 'ý' | 'ÿ' | 'ı' => {
            "i"
        }
        'к' | 'қ' | 'c' | 'q' => "k",
        'л' | 'ł' => "l",
        'м' => "m",
        'н' | 'ң' | 'ñ' | 'ń' | 'ň' => "n",
        'о' | 'ө' | 'ó' | 'ò' | 'ô' | 'ö' | 'õ' | 'ø' | 'ō' | 'ő' => "o",
        'п' => "p",
        'р' | 'ř' => "r",
        'с' | 'ç' => "s",
        'т' | 'ť' => "t",
        'у' | 'ю' | 'ў' | 'ұ' | 'ү' | 'û' | 'ú' | 'ù' | 'ü' | 'ū' | 'ů' | 'ű' | 'ų' => "u",
        'ф' => "f",
        'х' | 'һ' | 'h' => "x",
        'ц' => "c",
        'ч' | 'č' | 'ć' => "q",
        'ш' | 'щ' | 'š' | 'ŝ' | 'ś' | 'ş' => "w",
        'ъ' | 'ь' => "",
        'я' | 'â' => "ia",
        'x' => "ks",
        'ß' => "s",
        _ => return None,
    })
}

/// Letters and digits of the width that Korean and Japanese keyboards also know (Unicode block FF00).
fn half_width(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        c => c,
    }
}

/// Signs within a word: soft and hard signs of transliterated names, apostrophes, accents that stand apart, and what is not seen.
fn is_within(c: char) -> bool {
    matches!(c, '\'' | '’' | '‘' | 'ʹ' | 'ʺ' | 'ʼ' | '′' | '`' | '\u{ad}' | '\u{feff}')
        || matches!(c, '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}')
}
