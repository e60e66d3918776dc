//! The thread that holds all headsets: it looks for new ones every second, since no system tells reliably, passes presses on and
//! writes lights. Each headset has a thread more, which reads.

use super::Word;
use crate::clock::Clock;
use crate::headset::{Headset, Lights, Press, Report};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::CString;
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;

/// How long a headset that was plugged in may be missing.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long a reader waits before it looks whether anybody still listens.
const READ_FOR: Duration = Duration::from_secs(1);

/// Longer than any report of a button.
const LONGEST_REPORT: usize = 1024;

/// A computer's sockets for such devices, or their double in tests.
pub trait Bus: Send + 'static {
    /// Where there is a device with a telephony page now.
    fn look(&mut self) -> Vec<CString>;

    /// # Errors
    /// As the system says: `PermissionDenied` where its rules keep users out.
    fn open(&mut self, path: &CString) -> io::Result<Device>;
}

pub struct Device {
    pub name: String,
    /// As USB has it.
    pub vendor: u16,
    pub descriptor: Vec<u8>,
    pub input: Box<dyn Input>,
    pub output: Box<dyn Output>,
}

pub trait Input: Send {
    /// The octets of one report; 0 when none came for so long.
    ///
    /// # Errors
    /// It was pulled out.
    fn read(&mut self, buffer: &mut [u8], wait: Duration) -> io::Result<usize>;
}

pub trait Output: Send {
    /// # Errors
    /// It was pulled out, or takes no such report.
    fn write(&mut self, report: &[u8]) -> io::Result<()>;
}

pub struct Watcher<B> {
    bus: B,
    clock: Clock,
    words: Receiver<Word>,
    /// For those who read.
    mailbox: Sender<Word>,
    presses: UnboundedSender<Press>,
    lights: Lights,
    worn: BTreeMap<u64, Worn>,
    next_reader: u64,
    /// Devices that are none of ours, until they are pulled out.
    passed_over: BTreeSet<CString>,
    /// Devices that were refused: how often. The system may let us in a moment after they were plugged in.
    refused: BTreeMap<CString, u32>,
}

struct Worn {
    path: CString,
    name: String,
    headset: Headset,
    output: Box<dyn Output>,
}

impl<B: Bus> Watcher<B> {
    pub fn start(
        bus: B,
        clock: Clock,
        mailbox: Sender<Word>,
        words: Receiver<Word>,
        presses: UnboundedSender<Press>,
    ) -> io::Result<()> {
        let watcher = Self {
            bus,
            clock,
            words,
            mailbox,
            presses,
            lights: Lights::default(),
            worn: BTreeMap::new(),
            next_reader: 0,
            passed_over: BTreeSet::new(),
            refused: BTreeMap::new(),
        };
        std::thread::Builder::new().name("headsets".into()).spawn(move || watcher.run())?;
        Ok(())
    }

    fn run(mut self) {
        let mut next_look = self.clock.now();
        loop {
            let now = self.clock.now();
            if now >= next_look {
                next_look = now + LOOK_EVERY;
                self.look();
            }
            self.write(Headset::call_back);
            match self.words.recv_timeout(next_look.since(now)) {
                Ok(Word::Show(lights)) => {
                    self.lights = lights;
                    self.write(|headset, now| headset.show(now, lights));
                }
                Ok(Word::ShowAgain) => self.write(Headset::show_again),
                Ok(Word::Report { reader, report }) => self.hear(reader, &report),
                Ok(Word::Gone { reader }) => self.forget(reader),
                Err(RecvTimeoutError::Timeout) => {}
                Ok(Word::Stop) | Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        // Whoever else uses them finds them dark.
        self.write(|headset, now| headset.show(now, Lights::default()));
    }

    fn look(&mut self) {
        let there = self.bus.look();
        self.passed_over.retain(|path| there.contains(path));
        self.refused.retain(|path, _| there.contains(path));
        for path in there {
            let known = self.worn.values().any(|worn| worn.path == path) || self.passed_over.contains(&path);
            if !known {
                self.put_on(path);
            }
        }
    }

    fn put_on(&mut self, path: CString) {
        let device = match self.bus.open(&path) {
            Ok(device) => device,
            Err(error) => return self.complain(path, &error),
        };
        let Device { name, vendor, descriptor, input, output } = device;
        let headset = match Headset::new(vendor, &descriptor) {
            Ok(Some(headset)) => headset,
            Ok(None) => {
                self.passed_over.insert(path);
                return;
            }
            Err(fault) => {
                tracing::warn!(name, ?fault, "what a headset says of its buttons cannot be understood");
                self.passed_over.insert(path);
                return;
            }
        };
        let reader = self.next_reader;
        self.next_reader += 1;
        if let Err(error) = self.read(reader, input) {
            tracing::error!(%error, "the buttons of a headset cannot be read");
            return;
        }
        tracing::info!(name, "the buttons of a headset");
        self.refused.remove(&path);
        self.worn.insert(reader, Worn { path, name, headset, output });
        // The others show it already, and are written nothing.
        let lights = self.lights;
        self.write(|headset, now| headset.show(now, lights));
    }

    /// Once, at the second refusal.
    fn complain(&mut self, path: CString, error: &io::Error) {
        let times = self.refused.entry(path.clone()).or_default();
        *times = times.saturating_add(1);
        if *times != 2 {
            return;
        }
        match error.kind() {
            io::ErrorKind::PermissionDenied => {
                tracing::warn!(
                    ?path,
                    "the buttons of a headset are for the administrator alone: config/70-patchcord-headset.rules"
                );
            }
            _ => tracing::warn!(?path, %error, "a headset could not be opened"),
        }
    }

    /// Until it is pulled out, or nobody listens.
    fn read(&self, reader: u64, mut input: Box<dyn Input>) -> io::Result<()> {
        let mailbox = self.mailbox.clone();
        std::thread::Builder::new().name("headset".into()).spawn(move || {
            let mut buffer = [0; LONGEST_REPORT];
            loop {
                let word = match input.read(&mut buffer, READ_FOR) {
                    // Also without one: whether anybody listens shows by that alone.
                    Ok(length) => {
                        let report = buffer.get(..length).unwrap_or_default().to_vec();
                        Word::Report { reader, report }
                    }
                    Err(_) => Word::Gone { reader },
                };
                let is_gone = matches!(word, Word::Gone { .. });
                if mailbox.send(word).is_err() || is_gone {
                    return;
                }
            }
        })?;
        Ok(())
    }

    fn hear(&mut self, reader: u64, report: &[u8]) {
        let now = self.clock.now();
        let Some(worn) = self.worn.get_mut(&reader).filter(|_| !report.is_empty()) else { return };
        for press in worn.headset.hear(now, report) {
            tracing::debug!(name = worn.name, ?press, "pressed");
            // Nobody listens any more: `Stop` is on its way.
            let _ = self.presses.send(press);
        }
    }

    /// The call goes on: what is heard and said is not our concern here.
    fn forget(&mut self, reader: u64) {
        if let Some(worn) = self.worn.remove(&reader) {
            tracing::info!(name = worn.name, "the headset is gone");
        }
    }

    fn write(&mut self, reports: impl Fn(&mut Headset, crate::instant::Instant) -> Vec<Report>) {
        let now = self.clock.now();
        for worn in self.worn.values_mut() {
            for report in reports(&mut worn.headset, now) {
                if let Err(error) = worn.output.write(&report) {
                    tracing::debug!(name = worn.name, %error, "a light could not be switched");
                }
            }
        }
    }
}

#[cfg(test)]
pub mod double;
#[cfg(test)]
mod tests;
