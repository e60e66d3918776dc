//! What an operator's window shows and does, without any window: notices, keys and clicks in; wishes and a picture in
//! words out ([`Shown`]). Pure, so that every state and key of the day is a table test; what draws it has no rules of its own.
//!
//! The states and keys are those of the design sheet: a state is told by colour, icon and word; an incoming call never
//! takes the keyboard and never changes what is being typed; nothing is asked by a dialog while a call stands.

mod input;
mod shown;

pub use input::{Act, Alert, Field, Input, Key, Level, Press, ScreenConfig, Trouble, Wish};
pub use shown::*;
