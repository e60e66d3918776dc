//! The shell: it alone puts the pure engines together with sockets, clocks, sound and the desk.
//!
//! One task owns the agent, and with it telephone and SIP (`Owner`); one thread owns the
//! voice (`media_thread`); everybody else sends messages. Who drives the telephone (terminal,
//! window) holds a [`Handle`]: intents go in, notices come out.

mod desk_link;
mod media_thread;
mod owner;
mod practice_pbx;
mod recorder;
mod setup;

pub use desk_link::DeskTrouble;
pub use media_thread::Audio;
pub use practice_pbx::{PracticePbx, PracticeSetup};
pub use setup::{Setup, StartFault, start};

use crate::agent::{Event, Intent};
use crate::audio::{Change, SoundFault};
use crate::clock::Clock;
use crate::instant::Instant;
use crate::phone::LineId;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

/// The process, from its first moment on: what all its times count from.
#[derive(Clone, Copy, Debug)]
pub struct Process {
    clock: Clock,
}

impl Process {
    /// First thing in `main`.
    pub fn begin() -> Self {
        Self { clock: Clock::start() }
    }

    pub fn now(&self) -> Instant {
        self.clock.now()
    }
}

/// What the telephone tells whoever drives it.
#[derive(Clone, Debug)]
pub enum Notice {
    /// SIP can be sent and received at this address; again when it changes.
    Ready {
        local: SocketAddr,
    },
    Agent(Event),
    /// A recording stops here, or nothing is heard at all; the call goes on.
    Sound {
        line: LineId,
        fault: SoundFault,
    },
    /// Another microphone or earpiece is in use, or none; the call goes on.
    Device(Change),
    /// The desk did not take a register entry; said once per spell. The entry is kept and sent again.
    Desk(DeskTrouble),
    /// The last one: everything is closed, and nothing more comes.
    Stopped(Farewell),
}

/// How it ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Farewell {
    /// The PBX confirmed that we are gone, or never had us.
    pub unregistered: bool,
    /// Register entries that the desk has not taken.
    pub unsent_records: usize,
    /// The media thread broke down: our fault.
    pub media_failed: bool,
}

/// What the owner is asked.
#[derive(Clone, Debug)]
enum Order {
    Intent(Intent),
    ShutDown { within: Duration },
}

/// The telephone, as a window or terminal holds it. Dropping it shuts the telephone down.
#[derive(Debug)]
pub struct Handle {
    orders: UnboundedSender<Order>,
    notices: UnboundedReceiver<(Instant, Notice)>,
}

impl Handle {
    pub fn intent(&self, intent: Intent) {
        // Only fails after `Stopped`.
        let _ = self.orders.send(Order::Intent(intent));
    }

    /// The next notice with its time; `None` after `Stopped`.
    pub async fn next(&mut self) -> Option<(Instant, Notice)> {
        self.notices.recv().await
    }

    /// Hang up, unregister, finish recordings and the outbox; `Stopped` follows, `within` this time
    /// at the latest.
    pub fn shut_down(&self, within: Duration) {
        let _ = self.orders.send(Order::ShutDown { within });
    }
}
