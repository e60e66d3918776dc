//! Keys as the window system tells them, as the screen knows them.

use crate::screen::{Key, Press};
use slint::language::KeyEvent;
use slint::platform::Key as Code;

const FUNCTION: [Code; 12] = [
    Code::F1,
    Code::F2,
    Code::F3,
    Code::F4,
    Code::F5,
    Code::F6,
    Code::F7,
    Code::F8,
    Code::F9,
    Code::F10,
    Code::F11,
    Code::F12,
];

/// None for keys that mean nothing to the screen now. A key that is held down acts once: it must not hold, resume and hold
/// again, or pass on who was chosen by it. Each press comes by twice at most: first on its way to what has the
/// keyboard, when commands are taken; then, `typed`, because nothing there wanted it: plain characters, Enter and arrows.
pub fn press(event: &KeyEvent, typed: bool) -> Option<Press> {
    let modifiers = &event.modifiers;
    let key = key(event.text.chars().next()?)?;
    let may_repeat = matches!(key, Key::Up | Key::Down | Key::Character('+' | '=' | '-'));
    if event.repeat && !may_repeat {
        return None;
    }
    let ours = match key {
        Key::Function(_) | Key::Escape => !typed,
        Key::Character(_) => typed != (modifiers.control || modifiers.alt),
        // A field takes every Enter.
        Key::Enter => typed != (modifiers.control || modifiers.shift),
        Key::Up | Key::Down => typed,
    };
    // Ctrl+C and its like belong to fields; with AltGr characters are typed.
    let altgr = modifiers.control && modifiers.alt;
    (ours && !(altgr && matches!(key, Key::Character(_)))).then_some(Press {
        key,
        control: modifiers.control,
        alt: modifiers.alt,
        shift: modifiers.shift,
    })
}

fn key(character: char) -> Option<Key> {
    if let Some(index) = FUNCTION.iter().position(|code| char::from(*code) == character) {
        return Some(Key::Function(index as u8 + 1));
    }
    let named = [
        (Code::Return, Key::Enter),
        (Code::Escape, Key::Escape),
        (Code::UpArrow, Key::Up),
        (Code::DownArrow, Key::Down),
    ];
    if let Some((_, key)) = named.into_iter().find(|(code, _)| char::from(*code) == character) {
        return Some(key);
    }
    latin(character).map(Key::Character)
}

/// What stands on the same key of a Latin keyboard: commands must work whichever layout is switched on.
fn latin(character: char) -> Option<char> {
    const CYRILLIC: &str = "йцукенгшщзхъфывапролджэячсмитьбю";
    const HANGUL: &str = "ㅂㅈㄷㄱㅅㅛㅕㅑㅐㅔ[]ㅁㄴㅇㄹㅎㅗㅓㅏㅣ;'ㅋㅌㅊㅍㅠㅜㅡ,.";
    const LATIN: &str = "qwertyuiop[]asdfghjkl;'zxcvbnm,.";
    let lower = character.to_lowercase().next()?;
    if lower.is_ascii_graphic() {
        return Some(lower);
    }
    let place =
        [CYRILLIC, HANGUL].iter().find_map(|layout| layout.chars().position(|known| known == lower))?;
    LATIN.chars().nth(place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use slint::language::KeyboardModifiers;

    fn event(text: &str, control: bool) -> KeyEvent {
        let mut modifiers = KeyboardModifiers::default();
        modifiers.control = control;
        let mut event = KeyEvent::default();
        event.text = text.into();
        event.modifiers = modifiers;
        event
    }

    #[test]
    fn commands_work_with_every_keyboard_layout() {
        for key in ["k", "K", "л", "Л", "ㅏ"] {
            assert_eq!(
                press(&event(key, true), false).map(|press| press.key),
                Some(Key::Character('k')),
                "{key}"
            );
        }
    }

    #[test]
    fn what_is_typed_into_a_field_is_the_fields_own() {
        for key in ["1", "a", "щ", "\n"] {
            assert_eq!(press(&event(key, false), false), None, "{key:?}");
        }
        assert!(press(&event("1", false), true).is_some());
        let f2 = char::from(Code::F2).to_string();
        assert_eq!(press(&event(&f2, false), false).map(|press| press.key), Some(Key::Function(2)));
    }

    #[test]
    fn a_key_that_is_held_down_acts_once() {
        let mut repeated = event(&char::from(Code::F4).to_string(), false);
        assert!(press(&repeated, false).is_some());
        repeated.repeat = true;
        assert_eq!(press(&repeated, false), None);
        let mut down = event(&char::from(Code::DownArrow).to_string(), false);
        down.repeat = true;
        assert!(press(&down, true).is_some(), "arrows go on");
    }

    #[test]
    fn no_press_is_taken_twice() {
        let escape = char::from(Code::Escape).to_string();
        let presses = [event("1", false), event("k", true), event(&escape, false), event("\n", false)];
        for event in presses {
            assert!(press(&event, false).is_none() != press(&event, true).is_none(), "{:?}", event.text);
        }
    }
}
