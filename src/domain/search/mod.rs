//! Search as fast as typing: what a client or a product is found by, and what a typed text may mean.
//!
//! At write each text becomes a few keys, one per word that it may be typed from; at search the typed text becomes
//! beginnings of keys. So a keystroke costs a handful of index ranges, however many clients there are.
//!
//! - Cyrillic and Latin fold to one spelling (`spelling`), so that no convention of transliteration matters.
//! - Hangul is kept as its keystrokes, so that a syllable that is only begun is a beginning, too; beside them stand its
//!   initial consonants and its romanised sound (`hangul`).
//! - A text typed on the wrong keyboard is read as the other keyboards would have had it (`keyboard`).
//! - Legal forms are no part of a name (`legal_form`).

mod hangul;
mod keyboard;
mod legal_form;
mod spelling;

use std::collections::BTreeSet;

/// Changes whenever the same text has other keys than before: what is kept must be made anew then.
pub const KEYS_VERSION: i64 = 1;

/// Letters of a key that are kept; nobody types as many before the list is short.
const LONGEST_KEY: usize = 32;
/// Words of one text that it can be typed from, and words of a search that are looked at.
const MOST_WORDS: usize = 12;
/// Digits that are enough to mean the end of a number.
const SHORTEST_END: usize = 4;
/// Before what is written as it sounds: no letter, so that no word begins with it.
const SOUND: char = '~';

/// Where a key comes from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Place {
    /// An article, a barcode, a tax number, the number of a contract or a telephone.
    Code,
    /// The name from its beginning.
    Start,
    /// The name from a later word.
    Name,
    /// Whatever else it is called, and people there.
    Other,
    /// A number from its last digit back.
    End,
}

impl Place {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Code, Self::Start, Self::Name, Self::Other, Self::End];
}

/// All that something is found by. Keys consist of letters and digits, a blank between words, and one mark before sounds.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Keys(BTreeSet<(Place, String)>);

impl Keys {
    /// Each key once, with where it comes from.
    pub fn iter(&self) -> impl Iterator<Item = (Place, &str)> {
        self.0.iter().map(|(place, key)| (*place, key.as_str()))
    }

    /// What it is called.
    pub fn add_name(&mut self, text: &str) {
        self.add_words(&legal_form::words_without(text), Place::Start, Place::Name);
    }

    /// What else it is called, or who is there.
    pub fn add_other(&mut self, text: &str) {
        self.add_words(&spelling::words(text), Place::Other, Place::Other);
    }

    /// An article, a tax number, the number of a contract: from each of its parts, and without what stands between them.
    pub fn add_code(&mut self, text: &str) {
        let parts = spelling::words(text);
        self.add_words(&parts, Place::Code, Place::Code);
        let joined = spelling::words(&parts.concat());
        self.add(Place::Code, joined.iter().map(|part| Spelled::of(part).text).collect());
    }

    /// A number that may be asked for by its last digits as well. What is no digit does not count.
    pub fn add_number(&mut self, text: &str) {
        let digits = digits(text);
        self.add(Place::End, reversed(&digits));
        self.add(Place::Code, digits);
    }

    /// A telephone: from the beginning of its national number, and from its end.
    pub fn add_phone(&mut self, national: &str, whole: &str) {
        self.add(Place::Code, digits(national));
        self.add(Place::End, reversed(&digits(whole)));
    }

    fn add(&mut self, place: Place, key: String) {
        if !key.is_empty() {
            self.0.insert((place, cut(&key)));
        }
    }

    fn add_words(&mut self, words: &[String], first: Place, later: Place) {
        let spelled: Vec<Spelled> = words.iter().map(|word| Spelled::of(word)).collect();
        for at in 0..words.len().min(MOST_WORDS) {
            let place = if at == 0 { first } else { later };
            self.add(place, phrase(spelled.get(at..).unwrap_or_default()));
            let hangul: String = words
                .iter()
                .skip(at)
                .take_while(|word| hangul::is_hangul(word))
                .map(String::as_str)
                .collect();
            if !hangul.is_empty() {
                self.add(place, hangul::initials(&hangul));
                self.add(place, format!("{SOUND}{}", hangul::sound(&hangul)));
            }
        }
    }
}

/// A word as keys have it.
struct Spelled {
    text: String,
    is_hangul: bool,
}

impl Spelled {
    fn of(word: &str) -> Self {
        let is_hangul = hangul::is_hangul(word);
        Self { text: if is_hangul { hangul::keystrokes(word) } else { spelling::fold(word) }, is_hangul }
    }
}

/// The beginning of a key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Beginning {
    /// As keys are written.
    pub text: String,
    /// Of [`Place::End`] alone, else of all other places.
    pub is_end: bool,
}

impl Beginning {
    fn new(text: &str) -> Self {
        Self { text: cut(text), is_end: false }
    }

    /// Whether a key of this place may begin so.
    pub fn is_of(&self, place: Place) -> bool {
        (place == Place::End) == self.is_end
    }
}

/// One way to understand what was typed. What is asked for has a key with one of the beginnings of the whole; or, where
/// several words were typed, of each word a key with one of its beginnings. The likelier beginnings come first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reading {
    /// Everything that was typed, in its order.
    pub whole: Vec<Beginning>,
    /// Word by word, in any order; empty where there is one word.
    pub words: Vec<Vec<Beginning>>,
}

/// What a typed text may mean, the likeliest first: as it stands there, then as another keyboard would have had it, and as
/// Korean written in Latin letters. `nationals`: what a national number begins with if it is a telephone.
pub fn readings(typed: &str, nationals: &[String]) -> Vec<Reading> {
    let mut readings = Vec::new();
    let mut add = |reading: Option<Reading>| {
        if let Some(reading) = reading.filter(|reading| !readings.contains(reading)) {
            readings.push(reading);
        }
    };
    let is_number = typed.chars().any(|c| c.is_numeric()) && !typed.chars().any(char::is_alphabetic);
    if is_number {
        add(Some(number(typed, nationals)));
        return readings;
    }
    let words = legal_form::words_without(typed);
    add(reading(&words, beginnings));
    for guess in keyboard::others(typed) {
        add(reading(&legal_form::words_without(&guess), beginnings));
    }
    if words.iter().any(|word| spelling::is_latin(word)) {
        add(reading(&words, sounds));
    }
    // The name may be whole, and its legal form just begun.
    if let Some((_, before)) = words.split_last().filter(|(last, _)| legal_form::may_begin(last)) {
        add(reading(before, beginnings));
    }
    readings
}

fn reading(words: &[String], beginnings: fn(&[String]) -> Vec<Beginning>) -> Option<Reading> {
    let words = words.get(..words.len().min(MOST_WORDS))?;
    if words.is_empty() {
        return None;
    }
    let each = words.iter().map(|word| beginnings(std::slice::from_ref(word)));
    Some(Reading {
        whole: beginnings(words),
        words: if words.len() > 1 { each.collect() } else { Vec::new() },
    })
}

/// As people write numbers: what stands between the digits says nothing.
fn number(typed: &str, nationals: &[String]) -> Reading {
    let joined = digits(typed);
    let words = spelling::words(typed);
    let mut whole = beginnings(std::slice::from_ref(&joined));
    let more = nationals.iter().map(|national| Beginning::new(national)).chain(beginnings(&words));
    for beginning in more {
        if !whole.contains(&beginning) {
            whole.push(beginning);
        }
    }
    let each = words.iter().take(MOST_WORDS).map(|word| beginnings(std::slice::from_ref(word)));
    Reading { whole, words: if words.len() > 1 { each.collect() } else { Vec::new() } }
}

/// Of words that were typed one behind the other: the last one may be unfinished. None for more than a key holds, which has to
/// be looked for word by word.
fn beginnings(words: &[String]) -> Vec<Beginning> {
    let Some((last, before)) = words.split_last() else { return Vec::new() };
    let before: Vec<Spelled> = before.iter().map(|word| Spelled::of(word)).collect();
    let is_hangul = hangul::is_hangul(last);
    let mut texts = if is_hangul { vec![hangul::keystrokes(last)] } else { spelling::beginnings(last) };
    let gap = if is_hangul || before.last().is_none_or(|word| word.is_hangul) { "" } else { " " };
    texts.iter_mut().for_each(|text| *text = format!("{}{gap}{text}", phrase(&before)));
    // Nobody presses Shift for an initial.
    if words.iter().all(|word| hangul::is_consonants(word)) {
        texts.push(hangul::initials(&words.concat()));
    }
    texts.retain(|text| before.is_empty() || text.chars().count() <= LONGEST_KEY);
    texts.dedup();
    let mut found: Vec<Beginning> = texts.iter().map(|text| Beginning::new(text)).collect();
    let is_end = before.is_empty() && last.len() >= SHORTEST_END && last.bytes().all(|b| b.is_ascii_digit());
    if is_end {
        found.push(Beginning { text: cut(&reversed(last)), is_end });
    }
    found
}

/// As Korean would sound that somebody wrote in Latin letters.
fn sounds(words: &[String]) -> Vec<Beginning> {
    let sounds = hangul::typed_sounds(&words.concat());
    sounds.iter().map(|sound| Beginning::new(&format!("{SOUND}{sound}"))).collect()
}

/// Words as a key has them. Between Hangul and its neighbours no blank counts: people set it as they like.
fn phrase(words: &[Spelled]) -> String {
    let mut key = String::new();
    let mut after_hangul = true;
    for word in words.iter().take(LONGEST_KEY) {
        if !after_hangul && !word.is_hangul {
            key.push(' ');
        }
        key += &word.text;
        after_hangul = word.is_hangul;
    }
    key
}

fn cut(key: &str) -> String {
    key.chars().take(LONGEST_KEY).collect()
}

fn digits(text: &str) -> String {
    spelling::words(text).concat().chars().filter(char::is_ascii_digit).collect()
}

fn reversed(text: &str) -> String {
    text.chars().rev().collect()
}

#[cfg(test)]
mod tests;
