//! What another keyboard would have made of the same keys: people forget to switch.
//!
//! Keys are named by the letters of the American keyboard. Russian is ЙЦУКЕН as Windows and X.org have it (`ru`), Korean
//! the two-set keyboard (KS X 5002).

use super::hangul;

const AMERICAN: &str = "`qwertyuiop[]asdfghjkl;'zxcvbnm,.";
const RUSSIAN: &str = "ёйцукенгшщзхъфывапролджэячсмитьбю";
const AMERICAN_FOR_KOREAN: &str = "qwertyuiopasdfghjklzxcvbnmQWERTOP";
const KOREAN: &str = "ㅂㅈㄷㄱㅅㅛㅕㅑㅐㅔㅁㄴㅇㄹㅎㅗㅓㅏㅣㅋㅌㅊㅍㅠㅜㅡㅃㅉㄸㄲㅆㅒㅖ";
/// With Shift they are the same Russian letters.
const SHIFTED: &str = "~{}:\"<>";
const UNSHIFTED: &str = "`[];',.";

/// What was typed, as the other keyboards would have written it.
pub(super) fn others(typed: &str) -> Vec<String> {
    let has = |is: fn(char) -> bool| typed.chars().any(is);
    let is_russian = |c: char| c.to_lowercase().any(|c| RUSSIAN.contains(c));
    if has(hangul::is_letter) {
        let keys = translated(&hangul::keystrokes(typed), KOREAN, AMERICAN_FOR_KOREAN);
        vec![keys.to_lowercase(), russian(&keys)]
    } else if typed.chars().any(is_russian) {
        let keys = translated(&typed.to_lowercase(), RUSSIAN, AMERICAN);
        vec![korean(&keys), keys]
    } else if has(|c| c.is_ascii_alphabetic()) {
        vec![russian(typed), korean(typed)]
    } else {
        // Punctuation alone may be Russian letters.
        vec![russian(typed)]
    }
}

fn russian(keys: &str) -> String {
    translated(&translated(&keys.to_lowercase(), SHIFTED, UNSHIFTED), AMERICAN, RUSSIAN)
}

/// Capital letters are those with Shift, unless it was Caps Lock.
fn korean(keys: &str) -> String {
    let is_locked = !keys.contains(|c: char| c.is_ascii_lowercase());
    let key = |c: char| if is_locked || !"QWERTOP".contains(c) { c.to_ascii_lowercase() } else { c };
    translated(&keys.chars().map(key).collect::<String>(), AMERICAN_FOR_KOREAN, KOREAN)
}

fn translated(text: &str, from: &str, to: &str) -> String {
    let translate =
        |c: char| from.chars().position(|known| known == c).and_then(|at| to.chars().nth(at)).unwrap_or(c);
    text.chars().map(translate).collect()
}
