//! `--play` and `--record`: checked before anything starts, opened anew for each call.

use super::args::CallOptions;
use super::faults;
use crate::audio::{NullSource, Sink, Source, WavRecorder, WavSource};
use crate::shell::Audio;
use crate::text::Catalogue;
use std::path::{Path, PathBuf};

#[derive(Default)]
pub struct Sound {
    play: Option<PathBuf>,
    record: Option<PathBuf>,
    /// Opened already, for the first call.
    source: Option<Box<dyn Source>>,
    sink: Option<Box<dyn Sink>>,
    calls: u32,
}

impl Sound {
    pub fn open(cat: &Catalogue, options: Option<&CallOptions>) -> Result<Self, String> {
        let mut sound = Self::default();
        let Some(options) = options else { return Ok(sound) };
        if let Some(path) = &options.play {
            let source = WavSource::open(path).map_err(|fault| faults::wav_fault(cat, path, &fault))?;
            sound.source = Some(Box::new(source));
            sound.play = Some(path.clone());
        }
        if let Some(path) = &options.record {
            let sink =
                WavRecorder::create(path).map_err(|fault| faults::record_fault(cat, &fault, Some(path)))?;
            sound.sink = Some(Box::new(sink));
            sound.record = Some(path.clone());
        }
        Ok(sound)
    }

    /// What the next call says, and where it is recorded. A file that has gone since then costs its
    /// sound, not the call.
    pub fn next_call(&mut self) -> Audio {
        self.calls += 1;
        let source = self.source.take().or_else(|| self.reopen_source());
        let sink = self.sink.take().or_else(|| self.open_sink());
        Audio { source: source.unwrap_or_else(|| Box::new(NullSource)), sink }
    }

    fn reopen_source(&self) -> Option<Box<dyn Source>> {
        match WavSource::open(self.play.as_deref()?) {
            Ok(source) => Some(Box::new(source)),
            Err(fault) => {
                tracing::error!(?fault, "the file to play has gone");
                None
            }
        }
    }

    fn open_sink(&self) -> Option<Box<dyn Sink>> {
        match WavRecorder::create(&numbered(self.record.as_deref()?, self.calls)) {
            Ok(sink) => Some(Box::new(sink)),
            Err(fault) => {
                tracing::error!(?fault, "the recording cannot be made");
                None
            }
        }
    }
}

/// `call.wav`, `call-2.wav`, `call-3.wav` …
fn numbered(path: &Path, call: u32) -> PathBuf {
    if call <= 1 {
        return path.to_owned();
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let name = match path.extension() {
        Some(extension) => format!("{stem}-{call}.{}", extension.to_string_lossy()),
        None => format!("{stem}-{call}"),
    };
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn further_calls_are_recorded_beside_the_first() {
        assert_eq!(numbered(Path::new("a/call.wav"), 1), Path::new("a/call.wav"));
        assert_eq!(numbered(Path::new("a/call.wav"), 3), Path::new("a/call-3.wav"));
        assert_eq!(numbered(Path::new("call"), 2), Path::new("call-2"));
    }
}
