//! WAV files: one to play, one to record to.

use super::resample::Resampler;
use super::{Sink, Source};
use crate::media::{Frame, SAMPLE_RATE_HZ, SILENCE};
use hound::{SampleFormat, WavReader, WavSpec, WavWriter};
use std::fs::{File, OpenOptions};
use std::io::{BufReader, BufWriter, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Longest file to play.
const LONGEST_SECONDS: u32 = 3_600;

/// Highest sample rate to play.
const HIGHEST_RATE_HZ: u32 = 192_000;

/// Frames between two updates of a recording's header: a second.
const FRAMES_PER_FLUSH: u32 = 50;

/// Why a WAV file cannot be played. The file's fault, except `CannotRead`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum WavFault {
    /// No such file, no permission, or a disk error: check the path.
    CannotRead(ErrorKind),
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
    CannotCreate { file: PathBuf, kind: ErrorKind },
    CannotWrite(ErrorKind),
}

/// A file played once, then silence. Two channels are mixed; all is read at the start, so that no call
/// ever waits for the disk. A clone plays it from its beginning.
pub struct WavSource {
    samples: Arc<[i16]>,
    position: usize,
}

impl WavSource {
    pub fn open(path: &Path) -> Result<Self, WavFault> {
        let file = File::open(path).map_err(|error| WavFault::CannotRead(error.kind()))?;
        Self::read(BufReader::new(file))
    }

    fn read(file: impl Read) -> Result<Self, WavFault> {
        let reader = WavReader::new(file).map_err(wav_fault)?;
        let spec = reader.spec();
        if !matches!(spec.channels, 1 | 2) {
            return Err(WavFault::UnsupportedChannels(spec.channels));
        }
        if !(SAMPLE_RATE_HZ..=HIGHEST_RATE_HZ).contains(&spec.sample_rate) {
            return Err(WavFault::UnsupportedRate(spec.sample_rate));
        }
        let samples = match spec.sample_format {
            SampleFormat::Float => convert(spec, reader.into_samples::<f32>())?,
            SampleFormat::Int => {
                let full_scale = 2_f32.powi(i32::from(spec.bits_per_sample.clamp(8, 32)) - 1);
                let samples = reader.into_samples::<i32>().map(|sample| Ok(sample? as f32 / full_scale));
                convert(spec, samples)?
            }
        };
        Ok(Self { samples: samples.into(), position: 0 })
    }
}

impl Clone for WavSource {
    fn clone(&self) -> Self {
        Self { samples: Arc::clone(&self.samples), position: 0 }
    }
}

impl Source for WavSource {
    fn next_frame(&mut self) -> Option<Frame> {
        let mut frame = SILENCE;
        let left = self.samples.get(self.position..).unwrap_or_default();
        for (out, sample) in frame.iter_mut().zip(left) {
            *out = *sample;
        }
        self.position = self.position.saturating_add(frame.len()).min(self.samples.len());
        Some(frame)
    }

    fn is_microphone(&self) -> bool {
        false
    }
}

/// A stereo recording at 8 kHz, 16 bit: left received, right sent. A valid file at any time, even if the
/// process is killed: then it lacks the last second at most.
pub struct WavRecorder {
    /// `None` after the end or a fault.
    writer: Option<WavWriter<BufWriter<File>>>,
    frames: u32,
}

impl WavRecorder {
    /// A new file that only its owner may read: a client's voice is in it. One that is there already is a fault.
    pub fn create(path: &Path) -> Result<Self, RecordFault> {
        let spec = WavSpec {
            channels: 2,
            sample_rate: SAMPLE_RATE_HZ,
            bits_per_sample: 16,
            sample_format: SampleFormat::Int,
        };
        let create = || {
            let mut options = OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let file = options.open(path).map_err(hound::Error::IoError)?;
            let mut writer = WavWriter::new(BufWriter::new(file), spec)?;
            writer.flush()?;
            Ok(writer)
        };
        let writer = create()
            .map_err(|error| RecordFault::CannotCreate { file: path.to_owned(), kind: kind(&error) })?;
        Ok(Self { writer: Some(writer), frames: 0 })
    }

    fn append(&mut self, received: &Frame, sent: &Frame) -> Result<(), hound::Error> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        for (left, right) in received.iter().zip(sent) {
            writer.write_sample(*left)?;
            writer.write_sample(*right)?;
        }
        self.frames = (self.frames + 1) % FRAMES_PER_FLUSH;
        if self.frames == 0 { writer.flush() } else { Ok(()) }
    }
}

impl Sink for WavRecorder {
    fn write(&mut self, received: &Frame, sent: &Frame) -> Result<(), RecordFault> {
        self.append(received, sent).map_err(|error| {
            self.writer = None;
            RecordFault::CannotWrite(kind(&error))
        })
    }

    fn finish(&mut self) -> Result<(), RecordFault> {
        let Some(writer) = self.writer.take() else { return Ok(()) };
        writer.finalize().map_err(|error| RecordFault::CannotWrite(kind(&error)))
    }
}

/// Samples from -1 to 1 to mono at 8 kHz. A file cut off in its samples is played as far as it goes.
fn convert(
    spec: WavSpec,
    samples: impl Iterator<Item = Result<f32, hound::Error>>,
) -> Result<Vec<i16>, WavFault> {
    let mut fault = None;
    let mut samples = samples.map_while(|sample| sample.map_err(|error| fault = Some(error)).ok());
    let limit = LONGEST_SECONDS as usize * spec.sample_rate as usize;
    let mut resampler = Resampler::new(spec.sample_rate);
    let mut read = 0_usize;
    while let Some(first) = samples.next() {
        let sample = match spec.channels {
            2 => (first + samples.next().unwrap_or(first)) / 2.0,
            _ => first,
        };
        read += 1;
        if read > limit {
            return Err(WavFault::TooLong);
        }
        resampler.put(sample);
    }
    match fault {
        // The coding shows only when the first sample is read.
        Some(error) if read == 0 => Err(wav_fault(error)),
        _ if read == 0 => Err(WavFault::Empty),
        _ => Ok(resampler.finish()),
    }
}

fn wav_fault(error: hound::Error) -> WavFault {
    match error {
        hound::Error::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => WavFault::NotWav,
        // The reader reports a short read so.
        hound::Error::IoError(error) if error.kind() == ErrorKind::Other => WavFault::NotWav,
        hound::Error::IoError(error) => WavFault::CannotRead(error.kind()),
        hound::Error::FormatError(_) => WavFault::NotWav,
        _ => WavFault::UnsupportedCoding,
    }
}

fn kind(error: &hound::Error) -> ErrorKind {
    match error {
        hound::Error::IoError(error) => error.kind(),
        _ => ErrorKind::Other,
    }
}

#[cfg(test)]
mod tests;
