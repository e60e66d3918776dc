//! Where headsets are plugged in: they are found, read and written here, in threads of their own, so that one that is stuck holds
//! up nobody. What their reports mean, `headset` knows.

#[cfg(feature = "desktop")]
mod system;
#[cfg(any(feature = "desktop", test))]
mod watcher;

#[cfg(feature = "desktop")]
use system::System;
#[cfg(test)]
pub use watcher::double;

use crate::clock::Clock;
use crate::headset::{Lights, Press};
use tokio::sync::mpsc::UnboundedReceiver;

/// All headsets of this computer: each is heard, and each shows the same. Dropped, their lights go out.
#[derive(Debug)]
pub struct Headsets {
    orders: std::sync::mpsc::Sender<Word>,
}

/// What the watcher is told, by the telephone and by those who read.
#[derive(Debug)]
#[cfg_attr(not(any(feature = "desktop", test)), expect(dead_code, reason = "nobody reads without devices"))]
enum Word {
    Show(Lights),
    /// A press came to nothing: headsets may think otherwise.
    ShowAgain,
    Report {
        reader: u64,
        report: Vec<u8>,
    },
    Gone {
        reader: u64,
    },
    Stop,
}

impl Headsets {
    /// Looks for headsets from now on, also for those that come later; presses come by the receiver.
    ///
    /// # Errors
    /// No thread can be started.
    #[cfg(feature = "desktop")]
    pub fn start(clock: Clock) -> std::io::Result<(Self, UnboundedReceiver<Press>)> {
        let (presses, pressed) = tokio::sync::mpsc::unbounded_channel();
        let (orders, words) = std::sync::mpsc::channel();
        watcher::Watcher::start(System::default(), clock, orders.clone(), words, presses)?;
        Ok((Self { orders }, pressed))
    }

    /// A program built without devices (feature `desktop`) says so.
    #[cfg(not(feature = "desktop"))]
    pub fn start(_clock: Clock) -> std::io::Result<(Self, UnboundedReceiver<Press>)> {
        Err(std::io::ErrorKind::Unsupported.into())
    }

    /// Never waits.
    pub fn show(&self, lights: Lights) {
        let _ = self.orders.send(Word::Show(lights));
    }

    /// What they show already, once more.
    pub fn show_again(&self) {
        let _ = self.orders.send(Word::ShowAgain);
    }
}

impl Drop for Headsets {
    fn drop(&mut self) {
        let _ = self.orders.send(Word::Stop);
    }
}

/// What an owner's test sees of its headsets.
#[cfg(test)]
pub struct Told(std::sync::mpsc::Receiver<Word>);

#[cfg(test)]
impl Headsets {
    /// Nothing is looked for: presses are the test's, and so is what is to be shown.
    pub fn in_test() -> (Self, Told) {
        let (orders, words) = std::sync::mpsc::channel();
        (Self { orders }, Told(words))
    }
}

#[cfg(test)]
impl Told {
    /// The latest lights, and whether they were asked for again; since this was asked last.
    pub fn since(&self) -> (Option<Lights>, bool) {
        let (mut lights, mut again) = (None, false);
        for word in self.0.try_iter() {
            match word {
                Word::Show(shown) => lights = Some(shown),
                Word::ShowAgain => again = true,
                Word::Report { .. } | Word::Gone { .. } | Word::Stop => {}
            }
        }
        (lights, again)
    }
}
