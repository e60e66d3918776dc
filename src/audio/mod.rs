//! Where sound comes from and goes to: devices, files and null devices. All of it 20 ms frames of mono.

#[cfg(feature = "desktop")]
mod device;
#[cfg(not(feature = "desktop"))]
#[path = "no_device.rs"]
mod device;
mod null;
mod resample;
mod wav;
mod wish;

pub use device::Devices;
pub use null::{NullSink, NullSource};
pub use wav::{RecordFault, WavFault, WavRecorder, WavSource};
pub use wish::{Change, Device, NoServer, Ring, Role, Seen, Wish, Wishes};

use crate::media::{DeviceTrouble, Frame, Rate, Runs};

/// Gives the frames to send.
pub trait Source: Send {
    /// The next 20 ms, at this rate; `None` when the source has failed, which a file never does once open. The rate may be
    /// another one each time.
    fn next_frame(&mut self, rate: Rate) -> Option<Frame>;

    /// Whether missing or all-zero frames are a fault (see `media::Stream::watch_microphone`): true for a
    /// microphone, false for files and the null source.
    fn is_microphone(&self) -> bool;

    /// What a device's buffer lacked, or had too much of, while it was asked; a file's never does.
    fn runs(&self) -> Runs {
        Runs::default()
    }

    /// What keeps a microphone from giving sound, as far as the system tells.
    fn trouble(&self) -> Option<DeviceTrouble> {
        None
    }

    /// The operator was not on this line until now: what a microphone has picked up meanwhile was for somebody else.
    fn forget(&mut self) {}

    /// From now on it is asked earlier or later, by at most half a frame: what a microphone's buffer then has too much or too little is
    /// given up at once, not over a minute.
    fn shift(&mut self) {}
}

/// Where the operator hears.
pub trait Earpiece: Send {
    /// The next 20 ms, at any rate. Whether there is a device that plays it.
    fn play(&mut self, frame: &Frame) -> bool;

    /// As a source's.
    fn shift(&mut self) {}

    /// As a source's.
    fn runs(&self) -> Runs {
        Runs::default()
    }

    /// As a source's.
    fn trouble(&self) -> Option<DeviceTrouble> {
        None
    }
}

/// What a call goes on without.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SoundFault {
    Record(RecordFault),
    /// All sound, in both directions.
    Voice,
}

/// Begins a recording, where waiting for a disk holds nobody up.
pub type Begin = Box<dyn FnOnce() -> Result<Box<dyn Sink>, RecordFault> + Send>;

/// Takes what was heard, and what was said at the same time; each at its own rate.
pub trait Sink: Send {
    /// After a fault the sink takes nothing more, and the call goes on.
    fn write(&mut self, received: &Frame, sent: &Frame) -> Result<(), RecordFault>;

    /// The end: what is still in memory goes out.
    fn finish(&mut self) -> Result<(), RecordFault>;
}
