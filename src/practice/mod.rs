//! The practice PBX: a registrar and simulated people, on the same SIP core as the telephone, so that a new operator can
//! practise and `patchcord demo` needs no PBX (duty 24).
//!
//! Pure: messages and time in, messages and wishes out; `shell` gives it sockets and a clock. Every call has one leg that is
//! SIP, towards a registered telephone; at its other end somebody is simulated, who speaks recorded sentences. It does with a
//! transferred client what an Asterisk does, and tells the outcome truly: it says 200 when the target has answered, not before.
//! It is for practice on one's own computer: whoever knows an extension's number knows its password.

mod calls;
mod numbers;
mod pbx;
mod programme;
mod registrar;
#[cfg(test)]
mod tests;
mod voice;

pub use pbx::{Load, MediaOrder, Note, Output, Practice, PracticeConfig, password};
pub use programme::{Plays, Programme};
pub use voice::{Speaker, Voice};
