//! Keys: one table, read by the keyboard, by what is printed on buttons, by the hints and by the palette.

use super::input::{Act, Field, Key, Press};
use crate::desk_api::ClientCard;

/// What a key, or a line of the palette, does.
#[derive(Clone, PartialEq)]
pub(super) enum Deed {
    Act(Act),
    Focus(Field),
    Region {
        back: bool,
    },
    Zoom(char),
    NextTheme,
    /// A number out of a list.
    Call(String),
    /// The same, for the client who waits.
    Pass(String),
    /// Opens the card of who was found.
    Client(Box<ClientCard>),
    /// Writes down who is called so and is not known.
    NewClient(String),
}

const NOTHING: Press = Press { key: Key::Escape, control: false, alt: false, shift: false };

const fn f(number: u8) -> Press {
    Press { key: Key::Function(number), ..NOTHING }
}

const fn alt_f(number: u8) -> Press {
    Press { alt: true, ..f(number) }
}

const fn shift_f(number: u8) -> Press {
    Press { shift: true, ..f(number) }
}

const fn control(letter: char) -> Press {
    Press { key: Key::Character(letter), control: true, ..NOTHING }
}

const fn control_shift(letter: char) -> Press {
    Press { shift: true, ..control(letter) }
}

/// Of several deeds on one key, the first that is possible now is done.
pub(super) const KEYS: &[(Press, Deed)] = &[
    (f(1), Deed::Act(Act::Order)),
    (shift_f(1), Deed::Act(Act::Orders)),
    (control('j'), Deed::Act(Act::OpenNews)),
    (f(2), Deed::Act(Act::Answer)),
    (shift_f(2), Deed::Act(Act::CallClient)),
    (f(3), Deed::Act(Act::Reject)),
    (f(3), Deed::Act(Act::HangUp)),
    (f(4), Deed::Act(Act::Hold)),
    (shift_f(4), Deed::Act(Act::Swap)),
    (f(5), Deed::Act(Act::Mute)),
    (shift_f(5), Deed::Act(Act::Record)),
    (Press { control: true, ..shift_f(5) }, Deed::Act(Act::RefuseRecording)),
    (f(6), Deed::Act(Act::Keypad)),
    (f(7), Deed::Act(Act::Topic)),
    (shift_f(7), Deed::Act(Act::CallBack)),
    (f(12), Deed::Act(Act::PickUp)),
    (shift_f(12), Deed::Act(Act::TakeFirstParked)),
    (shift_f(8), Deed::Act(Act::Park)),
    (f(8), Deed::Act(Act::Join)),
    (f(8), Deed::Act(Act::Transfer)),
    (f(9), Deed::Act(Act::Conference)),
    (f(10), Deed::Act(Act::FinishWrapUp)),
    (alt_f(2), Deed::Act(Act::AnswerWaiting)),
    (alt_f(3), Deed::Act(Act::RejectWaiting)),
    (control('k'), Deed::Act(Act::Palette)),
    (control('d'), Deed::Focus(Field::Dial)),
    (control('l'), Deed::Focus(Field::Card)),
    (control('n'), Deed::Focus(Field::Note)),
    (control('3'), Deed::Focus(Field::Calls)),
    (f(11), Deed::Region { back: false }),
    (shift_f(11), Deed::Region { back: true }),
    (control('+'), Deed::Zoom('+')),
    (control('='), Deed::Zoom('+')),
    (control_shift('+'), Deed::Zoom('+')),
    (control_shift('='), Deed::Zoom('+')),
    (control('-'), Deed::Zoom('-')),
    (control('0'), Deed::Zoom('0')),
    (control_shift('l'), Deed::NextTheme),
    (control('b'), Deed::Act(Act::Ready)),
    (control('b'), Deed::Act(Act::Break(0))),
    (control_shift('d'), Deed::Act(Act::DoNotDisturb)),
    (Press { control: true, key: Key::Enter, ..NOTHING }, Deed::Act(Act::PlaceOrder)),
    (control('o'), Deed::Act(Act::NextOffer)),
    (control_shift('o'), Deed::Act(Act::NoOffers)),
    (control('r'), Deed::Act(Act::RepeatOrder)),
    (control('u'), Deed::Act(Act::UsualOrder)),
];

/// The key of a deed as printed beside it; empty where it has none.
pub(super) fn key_of(deed: &Deed) -> String {
    KEYS.iter().find(|(_, bound)| bound == deed).map(|(press, _)| printed(*press)).unwrap_or_default()
}

/// The key of a row in a list; only the first nine have one.
pub(super) fn key_of_nth(index: usize) -> String {
    if index < 9 { format!("Alt+{}", index + 1) } else { String::new() }
}

/// `Ctrl+Shift+L`.
fn printed(press: Press) -> String {
    let mut text = String::new();
    for (held, name) in [(press.control, "Ctrl+"), (press.alt, "Alt+"), (press.shift, "Shift+")] {
        if held {
            text.push_str(name);
        }
    }
    match press.key {
        Key::Function(number) => text.push_str(&format!("F{number}")),
        Key::Character(c) => text.extend(c.to_uppercase()),
        Key::Enter => text.push_str("Enter"),
        Key::Escape => text.push_str("Esc"),
        Key::Up => text.push('↑'),
        Key::Down => text.push('↓'),
    }
    text
}

impl Press {
    /// The digit from 1 to 9 of this key as an index, whatever is held beside it.
    pub(super) fn nth(self) -> Option<usize> {
        let Key::Character(c @ '1'..='9') = self.key else { return None };
        c.to_digit(10).map(|digit| digit as usize - 1)
    }

    pub(super) const fn is_plain(self) -> bool {
        !(self.control || self.alt || self.shift)
    }
}
