//! The operator's microphone, earpiece and ringer, while they come and go.
//!
//! A thread of its own keeps the devices (`watcher`); which ones is decided by `choice`, how their clocks and ours go
//! together by `pace`; `processing` stands between them and the streams; `pulse` speaks with the sound server, `alsa` with the sound
//! cards where none runs. While nobody is connected and nothing rings, nothing is open, and nothing ticks.

mod alsa;
mod bell;
mod choice;
mod pace;
mod processing;
mod pulse;
mod ring;
mod server;
mod watcher;

use super::wish::{Change, NoServer, Ring, Role, Seen, Wishes};
use super::{Earpiece, Source};
use crate::clock::Clock;
use crate::media::{DeviceTrouble, Frame, Rate, Runs};
use processing::Processing;
use ring::{Incoming, Outgoing};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use watcher::ToWatcher;

/// The devices of one telephone. Ends when it and all that is connected are dropped.
pub struct Devices {
    inner: Arc<Inner>,
}

struct Inner {
    ends: Arc<Ends>,
    watcher: UnboundedSender<ToWatcher>,
}

/// Where the media thread meets the devices that are open. Locked by it and by the watcher for moments, never by a
/// device's callback.
#[derive(Default)]
struct Ends {
    microphone: Mutex<Option<Incoming>>,
    earpiece: Mutex<Option<Outgoing>>,
    processing: Mutex<Processing>,
    troubles: Mutex<Troubles>,
}

/// What keeps devices from being of use, as far as the system tells.
#[derive(Clone, Copy, Default)]
struct Troubles {
    microphone: Option<DeviceTrouble>,
    earpiece: Option<DeviceTrouble>,
}

impl Devices {
    /// With what it will tell.
    pub fn start(clock: Clock, wishes: Wishes) -> std::io::Result<(Self, UnboundedReceiver<Change>)> {
        let ends = Arc::new(Ends::default());
        let (watcher, inbox) = unbounded_channel();
        let (changes, told) = unbounded_channel();
        watcher::start(clock, wishes, Arc::clone(&ends), inbox, changes)?;
        Ok((Self { inner: Arc::new(Inner { ends, watcher }) }, told))
    }

    /// Microphone and earpiece for a call; open until both are dropped. Several may be connected, one may be in use.
    pub fn connect(&self) -> (Box<dyn Source>, Box<dyn Earpiece>) {
        let connection = Arc::new(Connection::new(&self.inner));
        let microphone = Microphone { connection: Arc::clone(&connection), runs: Runs::default() };
        (Box::new(microphone), Box::new(Handset { connection, runs: Runs::default() }))
    }

    /// Rings until it is told `None`.
    pub fn ring(&self, ring: Option<Ring>) {
        let _ = self.inner.watcher.send(ToWatcher::Ring(ring));
    }

    /// Others from now on, in a call too.
    pub fn wish(&self, wishes: Wishes) {
        let _ = self.inner.watcher.send(ToWatcher::Wish(wishes));
    }

    /// What there is now: microphones, earpieces. Blocks for as long as the server takes to answer, seconds at most.
    pub fn list() -> Result<(Seen, Seen), NoServer> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let list = runtime.map_err(|error| NoServer::Refuses(error.to_string()))?.block_on(async {
            let server = server::Server::connect()?;
            server.list_tried().await
        })?;
        Ok((list.microphones, list.earpieces))
    }
}

struct Connection(Arc<Inner>);

impl Connection {
    fn new(inner: &Arc<Inner>) -> Self {
        // The watcher is only gone when it has panicked; then the devices are missing, and the call says so.
        let _ = inner.watcher.send(ToWatcher::Connect);
        Self(Arc::clone(inner))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let _ = self.0.watcher.send(ToWatcher::Disconnect);
    }
}

struct Microphone {
    connection: Arc<Connection>,
    runs: Runs,
}

impl Source for Microphone {
    fn next_frame(&mut self, rate: Rate) -> Option<Frame> {
        let ends = &self.connection.0.ends;
        let frame = {
            let mut microphone = locked(&ends.microphone);
            let incoming = microphone.as_mut()?;
            let frame = incoming.next_frame();
            self.runs += incoming.take_runs();
            frame?
        };
        Some(locked(&ends.processing).pick_up(frame, rate))
    }

    fn runs(&self) -> Runs {
        self.runs
    }

    fn trouble(&self) -> Option<DeviceTrouble> {
        locked(&self.connection.0.ends.troubles).microphone
    }

    fn is_microphone(&self) -> bool {
        true
    }

    fn shift(&mut self) {
        if let Some(incoming) = locked(&self.connection.0.ends.microphone).as_mut() {
            incoming.shift();
        }
    }

    fn forget(&mut self) {
        if let Some(incoming) = locked(&self.connection.0.ends.microphone).as_mut() {
            incoming.forget();
        }
    }
}

/// The earpiece of one call.
struct Handset {
    connection: Arc<Connection>,
    runs: Runs,
}

impl Earpiece for Handset {
    fn play(&mut self, frame: &Frame) -> bool {
        let ends = &self.connection.0.ends;
        let played = locked(&ends.processing).play(frame);
        let mut earpiece = locked(&ends.earpiece);
        let Some(outgoing) = earpiece.as_mut() else { return false };
        outgoing.play(&played);
        self.runs += outgoing.take_runs();
        true
    }

    fn shift(&mut self) {
        if let Some(outgoing) = locked(&self.connection.0.ends.earpiece).as_mut() {
            outgoing.shift();
        }
    }

    fn runs(&self) -> Runs {
        self.runs
    }

    fn trouble(&self) -> Option<DeviceTrouble> {
        locked(&self.connection.0.ends.troubles).earpiece
    }
}

/// Nothing that holds a lock here can leave it half done.
fn locked<T>(end: &Mutex<T>) -> MutexGuard<'_, T> {
    end.lock().unwrap_or_else(PoisonError::into_inner)
}
