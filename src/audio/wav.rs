//! WAV files: one to play, one to record to.

use super::resample::Resampler;
use super::{Sink, Source};
use crate::media::{Converter, Frame, Rate};
use hound::{SampleFormat, WavReader, WavSpec, WavWriter};
use std::fs::{File, OpenOptions};
use std::io::{BufReader, BufWriter, ErrorKind, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Longest file to play.
const LONGEST_SECONDS: u32 = 3_600;

/// Sample rates to play.
const RATES_HZ: std::ops::RangeInclusive<u32> = 8_000..=192_000;

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

/// A file played once, then silence. Two channels are mixed; all is read and resampled at the start, so that no call
/// ever waits for the disk, and one at 8 kHz pays for no other rate. A clone plays it from its beginning.
pub struct WavSource {
    tape: Arc<Tape>,
    /// Frames that were played.
    position: usize,
    /// For calls whose band is wider than the file's.
    converter: Converter,
}

/// A file's samples at its own rate, or the next higher of ours, and at each lower one: 144 kB a second of a file at
/// 48 kHz, 16 of one at 8.
struct Tape(Vec<(Rate, Vec<i16>)>);

impl Tape {
    /// At this rate, or the highest that the file has.
    fn at(&self, rate: Rate) -> (Rate, &[i16]) {
        let known = self.0.iter().rev().find(|(known, _)| *known <= rate);
        // Each has the lowest.
        known.map_or((Rate::Narrow, &[][..]), |(known, samples)| (*known, samples.as_slice()))
    }
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
        if !RATES_HZ.contains(&spec.sample_rate) {
            return Err(WavFault::UnsupportedRate(spec.sample_rate));
        }
        let tape = match spec.sample_format {
            SampleFormat::Float => convert(spec, reader.into_samples::<f32>())?,
            SampleFormat::Int => {
                let full_scale = 2_f32.powi(i32::from(spec.bits_per_sample.clamp(8, 32)) - 1);
                let samples = reader.into_samples::<i32>().map(|sample| Ok(sample? as f32 / full_scale));
                convert(spec, samples)?
            }
        };
        Ok(Self::of(Arc::new(tape)))
    }

    /// All of it was played, and what follows is silence.
    pub fn is_over(&self) -> bool {
        let (known, samples) = self.tape.at(Rate::Narrow);
        self.position.saturating_mul(known.frame_samples()) >= samples.len()
    }

    const fn of(tape: Arc<Tape>) -> Self {
        Self { tape, position: 0, converter: Converter::new(Rate::Narrow) }
    }
}

impl Clone for WavSource {
    fn clone(&self) -> Self {
        Self::of(Arc::clone(&self.tape))
    }
}

impl Source for WavSource {
    fn next_frame(&mut self, rate: Rate) -> Option<Frame> {
        let (known, samples) = self.tape.at(rate);
        let played = self.position.saturating_mul(known.frame_samples());
        let frame = Frame::new(known, samples.get(played..).unwrap_or_default());
        self.position = self.position.saturating_add(1);
        Some(self.converter.convert_to(rate, &frame))
    }

    fn is_microphone(&self) -> bool {
        false
    }
}

/// A stereo recording, 16 bit: left received, right sent. Its rate is the higher one of the two frames that it begins
/// with; whatever comes at another rate is converted, so that both sides stay in step. A valid file at any time, even if
/// the process is killed: then it lacks the last second at most.
pub struct WavRecorder {
    file: File,
    /// `None` after the end or a fault.
    writer: Option<WavWriter<BufWriter<File>>>,
    /// `None` until it begins.
    rate: Option<Rate>,
    received: Converter,
    sent: Converter,
    frames: u32,
}

impl WavRecorder {
    /// A new file that only its owner may read: a client's voice is in it. One that is there already is a fault.
    pub fn create(path: &Path) -> Result<Self, RecordFault> {
        let create = || {
            let mut options = OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let file = options.open(path)?;
            let writer = begin(&file, Rate::Narrow)?;
            Ok((file, writer))
        };
        let (file, writer) = create().map_err(|error: hound::Error| RecordFault::CannotCreate {
            file: path.to_owned(),
            kind: kind(&error),
        })?;
        let (received, sent) = (Converter::new(Rate::Narrow), Converter::new(Rate::Narrow));
        Ok(Self { file, writer: Some(writer), rate: None, received, sent, frames: 0 })
    }

    fn append(&mut self, received: &Frame, sent: &Frame) -> Result<(), hound::Error> {
        if self.rate.is_none() && self.writer.is_some() {
            let rate = received.rate().max(sent.rate());
            // Its end writes to the file.
            self.writer = None;
            self.writer = Some(begin(&self.file, rate)?);
            self.rate = Some(rate);
        }
        let Some((writer, rate)) = self.writer.as_mut().zip(self.rate) else { return Ok(()) };
        let (received, sent) = (self.received.convert_to(rate, received), self.sent.convert_to(rate, sent));
        for (left, right) in received.iter().zip(sent.iter()) {
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

/// An empty recording, in place of what is in the file.
fn begin(file: &File, rate: Rate) -> Result<WavWriter<BufWriter<File>>, hound::Error> {
    let spec = WavSpec {
        channels: 2,
        sample_rate: rate.hz(),
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    let mut file = file.try_clone()?;
    file.set_len(0)?;
    file.rewind()?;
    let mut writer = WavWriter::new(BufWriter::new(file), spec)?;
    writer.flush()?;
    Ok(writer)
}

/// Samples from -1 to 1 to mono. A file cut off in its samples is played as far as it goes.
fn convert(
    spec: WavSpec,
    samples: impl Iterator<Item = Result<f32, hound::Error>>,
) -> Result<Tape, WavFault> {
    let mut fault = None;
    let mut samples = samples.map_while(|sample| sample.map_err(|error| fault = Some(error)).ok());
    let limit = LONGEST_SECONDS as usize * spec.sample_rate as usize;
    let own = Rate::ALL.into_iter().find(|rate| rate.hz() >= spec.sample_rate).unwrap_or(Rate::Full);
    let rates = Rate::ALL.into_iter().filter(|rate| *rate <= own);
    let mut resamplers: Vec<_> = rates.map(|rate| (rate, Resampler::new(spec.sample_rate, rate))).collect();
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
        resamplers.iter_mut().for_each(|(_, resampler)| resampler.put(sample));
    }
    match fault {
        // The coding shows only when the first sample is read.
        Some(error) if read == 0 => Err(wav_fault(error)),
        _ if read == 0 => Err(WavFault::Empty),
        _ => Ok(Tape(resamplers.into_iter().map(|(rate, resampler)| (rate, resampler.finish())).collect())),
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
