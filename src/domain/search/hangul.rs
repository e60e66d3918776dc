//! Hangul: its keystrokes, its initial consonants, and what it sounds like in Latin letters.
//!
//! Syllables are taken apart by the arithmetic of the Unicode Standard, section 3.12, and clusters into the keys of the
//! two-set keyboard (KS X 5002). So what is typed so far is a beginning of the whole, also in the middle of a syllable.

const FIRST: u32 = 0xac00;
const LAST: u32 = 0xd7a3;

const INITIALS: [char; 19] = [
    'ㄱ', 'ㄲ', 'ㄴ', 'ㄷ', 'ㄸ', 'ㄹ', 'ㅁ', 'ㅂ', 'ㅃ', 'ㅅ', 'ㅆ', 'ㅇ', 'ㅈ', 'ㅉ', 'ㅊ', 'ㅋ', 'ㅌ',
    'ㅍ', 'ㅎ',
];
const MEDIALS: [&str; 21] = [
    "ㅏ", "ㅐ", "ㅑ", "ㅒ", "ㅓ", "ㅔ", "ㅕ", "ㅖ", "ㅗ", "ㅗㅏ", "ㅗㅐ", "ㅗㅣ", "ㅛ", "ㅜ", "ㅜㅓ", "ㅜㅔ",
    "ㅜㅣ", "ㅠ", "ㅡ", "ㅡㅣ", "ㅣ",
];
const FINALS: [&str; 28] = [
    "", "ㄱ", "ㄲ", "ㄱㅅ", "ㄴ", "ㄴㅈ", "ㄴㅎ", "ㄷ", "ㄹ", "ㄹㄱ", "ㄹㅁ", "ㄹㅂ", "ㄹㅅ", "ㄹㅌ", "ㄹㅍ",
    "ㄹㅎ", "ㅁ", "ㅂ", "ㅂㅅ", "ㅅ", "ㅆ", "ㅇ", "ㅈ", "ㅊ", "ㅋ", "ㅌ", "ㅍ", "ㅎ",
];

// Sounds by the Revised Romanization of Korean (Ministry of Culture and Tourism, notice 2000-8), made so coarse that what
// people write beside it (Hankook, Samsung, Hyundai) is the same: no voiced, tense or aspirated consonants, five vowels.
const INITIAL_SOUNDS: [&str; 19] =
    ["k", "k", "n", "t", "t", "r", "m", "p", "p", "s", "s", "", "c", "c", "c", "k", "t", "p", "h"];
const MEDIAL_SOUNDS: [&str; 21] =
    ["a", "e", "a", "e", "o", "e", "o", "e", "o", "a", "e", "e", "o", "o", "o", "e", "i", "o", "o", "i", "i"];
const FINAL_SOUNDS: [&str; 28] = [
    "", "k", "k", "k", "n", "n", "n", "t", "r", "k", "m", "r", "r", "r", "p", "r", "m", "p", "p", "t", "t",
    "nk", "t", "t", "k", "t", "p", "t",
];
/// Before a syllable that begins with a vowel.
const LINKED_SOUNDS: [&str; 28] = [
    "", "k", "k", "ks", "n", "nc", "n", "t", "r", "rk", "rm", "rp", "rs", "rt", "rp", "r", "m", "p", "ps",
    "s", "s", "nk", "c", "c", "k", "t", "p", "",
];
/// ㅇ among the initials: no sound.
const SILENT: usize = 11;

/// What people write for consonants, longer ones first.
const TYPED_CONSONANTS: [(&str, &str); 26] = [
    ("ch", "c"),
    ("sh", "s"),
    ("ph", "p"),
    ("th", "t"),
    ("kh", "k"),
    ("b", "p"),
    ("c", "k"),
    ("d", "t"),
    ("f", "p"),
    ("g", "k"),
    ("h", "h"),
    ("j", "c"),
    ("k", "k"),
    ("l", "r"),
    ("m", "m"),
    ("n", "n"),
    ("p", "p"),
    ("q", "k"),
    ("r", "r"),
    ("s", "s"),
    ("t", "t"),
    ("v", "p"),
    ("w", ""),
    ("x", "ks"),
    ("y", ""),
    ("z", "c"),
];
/// And for vowels.
const TYPED_VOWELS: [(&str, &str); 21] = [
    ("eui", "i"),
    ("ae", "e"),
    ("ai", "e"),
    ("ay", "e"),
    ("ee", "i"),
    ("ei", "e"),
    ("ey", "e"),
    ("eo", "o"),
    ("eu", "o"),
    ("oe", "e"),
    ("oi", "e"),
    ("oo", "o"),
    ("ou", "o"),
    ("ue", "e"),
    ("uh", "o"),
    ("ui", "i"),
    ("a", "a"),
    ("e", "e"),
    ("i", "i"),
    ("o", "o"),
    ("u", "o"),
];
/// What may come behind the last letter and make another vowel or consonant of it.
const STILL_TO_COME: [(char, char); 5] = [('a', 'e'), ('e', 'o'), ('o', 'e'), ('u', 'i'), ('c', 'h')];

pub(super) fn is_letter(c: char) -> bool {
    syllable(c).is_some() || single(c).is_some()
}

/// Of a word that is Hangul or holds none.
pub(super) fn is_hangul(word: &str) -> bool {
    word.chars().next().is_some_and(is_letter)
}

/// The keys that write it, as the letters upon them.
pub(super) fn keystrokes(word: &str) -> String {
    let mut keys = String::with_capacity(word.len() * 2);
    for c in word.chars() {
        match (syllable(c), single(c)) {
            (Some((initial, medial, last)), _) => {
                keys.extend(INITIALS.get(initial));
                keys.extend([MEDIALS.get(medial), FINALS.get(last)].into_iter().flatten().copied());
            }
            (None, Some(letters)) => keys += letters,
            (None, None) => keys.push(c),
        }
    }
    keys
}

/// Nothing but consonants, as one types who looks for initials.
pub(super) fn is_consonants(word: &str) -> bool {
    is_hangul(word) && keystrokes(word).chars().all(|c| INITIALS.contains(&c))
}

/// The consonants that its syllables begin with; tense ones as plain ones, whatever was typed.
pub(super) fn initials(word: &str) -> String {
    let letters = word.chars().map(|c| match syllable(c) {
        Some((initial, _, _)) => INITIALS.get(initial).map(char::to_string).unwrap_or_default(),
        None => keystrokes(&c.to_string()),
    });
    letters.collect::<String>().chars().map(plain).collect()
}

/// What it sounds like.
pub(super) fn sound(word: &str) -> String {
    let syllables: Vec<_> = word.chars().filter_map(syllable).collect();
    let mut heard = String::new();
    for (at, (initial, medial, last)) in syllables.iter().enumerate() {
        let is_linked = syllables.get(at + 1).is_some_and(|(next, _, _)| *next == SILENT);
        let finals = if is_linked { &LINKED_SOUNDS } else { &FINAL_SOUNDS };
        for part in [INITIAL_SOUNDS.get(*initial), MEDIAL_SOUNDS.get(*medial), finals.get(*last)] {
            part.copied().unwrap_or("").chars().for_each(|c| push(&mut heard, c));
        }
    }
    heard
}

/// What Korean sounds like that was written in Latin letters so far; the likeliest first.
pub(super) fn typed_sounds(word: &str) -> Vec<String> {
    let more = STILL_TO_COME.iter().filter(|(last, _)| word.ends_with(*last));
    let mut sounds = vec![typed_sound(word)];
    for (_, next) in more {
        let sound = typed_sound(&format!("{word}{next}"));
        if !sounds.contains(&sound) {
            sounds.push(sound);
        }
    }
    sounds.retain(|sound| !sound.is_empty());
    sounds
}

fn typed_sound(word: &str) -> String {
    let mut heard = String::new();
    let mut rest = word;
    while let Some(c) = rest.chars().next() {
        let known = TYPED_VOWELS.iter().chain(&TYPED_CONSONANTS);
        let known =
            known.into_iter().find_map(|(letters, sound)| Some((*sound, rest.strip_prefix(letters)?)));
        let (alone, behind) = rest.split_at(c.len_utf8());
        let (sound, after) = known.unwrap_or((alone, behind));
        // Park is 박: no syllable ends in this letter.
        let is_mute = c == 'r'
            && after.starts_with(|next: char| !matches!(next, 'a' | 'e' | 'i' | 'o' | 'u' | 'r' | 'y' | 'w'));
        if !is_mute {
            sound.chars().for_each(|c| push(&mut heard, c));
        }
        rest = after;
    }
    heard
}

fn push(heard: &mut String, c: char) {
    if !heard.ends_with(c) {
        heard.push(c);
    }
}

/// Places of its letters in the tables.
fn syllable(c: char) -> Option<(usize, usize, usize)> {
    let number = u32::from(c).checked_sub(FIRST).filter(|_| u32::from(c) <= LAST)? as usize;
    let (medials, finals) = (MEDIALS.len(), FINALS.len());
    Some((number / (medials * finals), number / finals % medials, number % finals))
}

/// A letter that stands alone, as keyboards give it or taken apart (Unicode blocks 3130 and 1100).
fn single(c: char) -> Option<&'static str> {
    const JAMO: [&str; 51] = [
        "ㄱ", "ㄲ", "ㄱㅅ", "ㄴ", "ㄴㅈ", "ㄴㅎ", "ㄷ", "ㄸ", "ㄹ", "ㄹㄱ", "ㄹㅁ", "ㄹㅂ", "ㄹㅅ", "ㄹㅌ",
        "ㄹㅍ", "ㄹㅎ", "ㅁ", "ㅂ", "ㅃ", "ㅂㅅ", "ㅅ", "ㅆ", "ㅇ", "ㅈ", "ㅉ", "ㅊ", "ㅋ", "ㅌ", "ㅍ", "ㅎ",
        "ㅏ", "ㅐ", "ㅑ", "ㅒ", "ㅓ", "ㅔ", "ㅕ", "ㅖ", "ㅗ", "ㅗㅏ", "ㅗㅐ", "ㅗㅣ", "ㅛ", "ㅜ", "ㅜㅓ",
        "ㅜㅔ", "ㅜㅣ", "ㅠ", "ㅡ", "ㅡㅣ", "ㅣ",
    ];
    const LEADING: [&str; 19] = [
        "ㄱ", "ㄲ", "ㄴ", "ㄷ", "ㄸ", "ㄹ", "ㅁ", "ㅂ", "ㅃ", "ㅅ", "ㅆ", "ㅇ", "ㅈ", "ㅉ", "ㅊ", "ㅋ", "ㅌ",
        "ㅍ", "ㅎ",
    ];
    let at = |first: char| (u32::from(c) - u32::from(first)) as usize;
    match c {
        'ㄱ'..='ㅣ' => JAMO.get(at('ㄱ')).copied(),
        '\u{1100}'..='\u{1112}' => LEADING.get(at('\u{1100}')).copied(),
        '\u{1161}'..='\u{1175}' => MEDIALS.get(at('\u{1161}')).copied(),
        '\u{11a8}'..='\u{11c2}' => FINALS.get(at('\u{11a8}') + 1).copied(),
        _ => None,
    }
}

fn plain(c: char) -> char {
    match c {
        'ㄲ' => 'ㄱ',
        'ㄸ' => 'ㄷ',
        'ㅃ' => 'ㅂ',
        'ㅆ' => 'ㅅ',
        'ㅉ' => 'ㅈ',
        c => c,
    }
}
