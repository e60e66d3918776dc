//! Devices that are deliberately not there.

use super::{RecordFault, Sink, Source};
use crate::media::{Frame, Rate};

/// Silence, for ever.
#[derive(Clone, Copy, Default, Debug)]
pub struct NullSource;

impl Source for NullSource {
    fn next_frame(&mut self, rate: Rate) -> Option<Frame> {
        Some(Frame::silence(rate))
    }

    fn is_microphone(&self) -> bool {
        false
    }
}

/// Hears nothing.
#[derive(Clone, Copy, Default, Debug)]
pub struct NullSink;

impl Sink for NullSink {
    fn write(&mut self, _received: &Frame, _sent: &Frame) -> Result<(), RecordFault> {
        Ok(())
    }

    fn finish(&mut self) -> Result<(), RecordFault> {
        Ok(())
    }
}
