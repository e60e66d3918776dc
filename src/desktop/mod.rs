//! What stands around the operator's window: the desktop that it is a guest of.
//!
//! ```text
//! instance       claim(folder) -> First(Listener) | Other(Connection); Listener::listen(on_request); Connection::ask
//! links          target(link); is_on(places), set(places, program, on): tel:, sip:, callto: and the application's entry
//! autostart      is_on(places), set(places, program, on)
//! keys           read(account), write(account, secret), forget(account): the system's key store; they wait
//! provision      provision(file or link, places): sets up a telephone; waits
//! settings_file  write(path, settings)
//! notice         Notices::start(pressed), show(alert), over(line): a ringing call as a notification; never waits
//! hotkey         grab(key, environment, pressed) -> Grabbed: a key that answers from anywhere
//! remembered     Remembered::read(state folder), write: size, place, theme, zoom, language, columns
//! ```
//!
//! Linux first. What another system needs otherwise stands behind `cfg` where it is done: who is at the other end of
//! the window's socket; and in the libraries: which key store and keys it has. Links, autostart and notifications are those
//! of the freedesktop.org specifications alone.

pub mod autostart;
mod entry;
mod files;
pub mod hotkey;
pub mod instance;
pub mod keys;
pub mod links;
pub mod notice;
pub mod provision;
pub mod remembered;
pub mod settings_file;
#[cfg(test)]
mod testing;
