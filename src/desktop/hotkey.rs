//! A key that answers, whatever program has the keyboard. X11 gives such keys away; Wayland does not.

use crate::config::AnswerKey;
use crate::text::{Catalogue, say};
use global_hotkey::hotkey::HotKey;
use global_hotkey::{Error, GlobalHotKeyEvent, GlobalHotKeyManager, HotKeyState};
use std::sync::{Mutex, PoisonError};

/// Why the desktop does not give the key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HotKeyFault {
    /// Another program has it.
    Taken,
    /// This keyboard lacks it.
    NoSuchKey,
    /// This desktop gives keys to the program that has the keyboard alone.
    NotHere,
}

impl HotKeyFault {
    pub fn say(self, cat: &Catalogue, key: &AnswerKey) -> String {
        let key = key.as_str();
        match self {
            Self::Taken => say!(
                cat,
                "Another program has the key {key}. Choose another one as answer_key, or free it there.",
                key = key
            ),
            Self::NoSuchKey => {
                say!(cat, "This keyboard has no key {key}. Choose another one as answer_key.", key = key)
            }
            Self::NotHere => say!(
                cat,
                "This desktop gives no program a key of its own: {key} answers in the window alone.",
                key = key
            ),
        }
    }
}

/// Ours until it is dropped; one at a time.
pub struct Grabbed {
    _manager: GlobalHotKeyManager,
}

/// What is called, since the library takes one handler per process and keeps it.
static PRESSED: Mutex<Option<Box<dyn Fn() + Send>>> = Mutex::new(None);

/// `pressed` is called from another thread, and must not wait.
pub fn grab(
    key: &AnswerKey,
    environment: impl Fn(&str) -> Option<String>,
    pressed: impl Fn() + Send + 'static,
) -> Result<Grabbed, HotKeyFault> {
    // An X server beside Wayland would give the key, and never say that it was pressed elsewhere.
    if environment("WAYLAND_DISPLAY").is_some_and(|display| !display.is_empty()) {
        return Err(HotKeyFault::NotHere);
    }
    let key: HotKey = key.as_str().parse().map_err(|_| HotKeyFault::NoSuchKey)?;
    let manager = GlobalHotKeyManager::new().map_err(|_| HotKeyFault::NotHere)?;
    manager.register(key).map_err(|error| match error {
        Error::AlreadyRegistered(_) => HotKeyFault::Taken,
        _ => HotKeyFault::NoSuchKey,
    })?;
    // Without an X server the library's thread has ended, and takes anything. One that lives knows the key by now.
    if manager.register(key).is_ok() {
        return Err(HotKeyFault::NotHere);
    }
    *PRESSED.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(pressed));
    GlobalHotKeyEvent::set_event_handler(Some(|event: GlobalHotKeyEvent| {
        let pressed = PRESSED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pressed) = pressed.as_ref().filter(|_| event.state == HotKeyState::Pressed) {
            pressed();
        }
    }));
    Ok(Grabbed { _manager: manager })
}

impl Drop for Grabbed {
    fn drop(&mut self) {
        *PRESSED.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Setting as _;

    #[test]
    fn every_key_that_settings_may_name_is_known() {
        let keys = ["Ctrl+Alt+A", "Super+Z", "Alt+0", "Ctrl+9", "F1", "Shift+F12", "Ctrl+Alt+Shift+Super+Q"];
        for name in keys {
            let key = AnswerKey::parse(name).unwrap();
            assert!(key.as_str().parse::<HotKey>().is_ok(), "{name}");
        }
    }

    #[test]
    fn a_desktop_that_gives_no_keys_says_so() {
        let key = AnswerKey::parse("Ctrl+Alt+A").unwrap();
        let wayland = |name: &str| (name == "WAYLAND_DISPLAY").then(|| "wayland-0".to_owned());
        assert_eq!(grab(&key, wayland, || {}).err(), Some(HotKeyFault::NotHere));
    }
}
