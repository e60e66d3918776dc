//! How loud the operator speaks and hears: left here by the media thread, taken ten times a second by the owner. The voice
//! neither waits nor allocates for it.

use crate::media::{Frame, level, peak};
use std::sync::atomic::{AtomicU16, Ordering::Relaxed};

/// The highest amplitudes since they were last taken.
#[derive(Default)]
pub(super) struct Meter {
    microphone: AtomicU16,
    earpiece: AtomicU16,
}

impl Meter {
    pub fn spoken(&self, frame: &Frame) {
        self.microphone.fetch_max(peak(frame), Relaxed);
    }

    pub fn heard(&self, frame: &Frame) {
        self.earpiece.fetch_max(peak(frame), Relaxed);
    }

    /// Of microphone and earpiece, from 0 to 1.
    pub fn take(&self) -> (f32, f32) {
        (level(self.microphone.swap(0, Relaxed)), level(self.earpiece.swap(0, Relaxed)))
    }
}
