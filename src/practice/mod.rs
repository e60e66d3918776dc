//! The practice PBX: a registrar and simulated people, on the same SIP core as the telephone, so that a new operator can
//! practise and `patchcord demo` needs no PBX (duty 24).
//!
//! Pure: messages and time in, messages and wishes out; `shell` gives it sockets and a clock. Every call has one leg that is
//! SIP, towards a registered telephone; at its other end somebody is simulated, who speaks recorded sentences. It does with a
//! client who is passed on what an Asterisk with `config/asterisk` does: whom nobody takes rings at the operator again.
//! It is for practice on one's own computer: whoever knows an extension's number knows its password.

mod calls;
mod line;
mod numbers;
mod passing;
mod pbx;
mod people;
mod programme;
mod registrar;
#[cfg(test)]
mod tests;
mod voice;
mod watchers;

pub use pbx::{Load, MediaOrder, Note, Output, Practice, PracticeConfig, password};
pub use programme::{Plays, Programme};
pub use voice::{Speaker, Voice};
