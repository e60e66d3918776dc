//! `--play` and `--record`: checked before anything starts, opened anew for each call.

use super::args::CallOptions;
use super::faults;
use crate::audio::{NullSource, RecordFault, Sink, SoundFault, Source, WavFault, WavRecorder, WavSource};
use crate::shell::Audio;
use crate::text::Catalogue;
use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Beside each other under one `--record`.
const MOST_RECORDINGS: u32 = 9_999;

#[derive(Default)]
pub struct Sound {
    play: Option<PathBuf>,
    record: Option<PathBuf>,
    /// Opened already, for the first call.
    source: Option<Box<dyn Source>>,
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
            try_folder(path).map_err(|fault| faults::record_fault(cat, &fault, Some(path)))?;
            sound.record = Some(path.clone());
        }
        Ok(sound)
    }

    /// What the next call says, and where it is recorded. A file that has gone since then costs its
    /// sound, not the call.
    pub fn next_call(&mut self) -> Audio {
        let mut faults = Vec::new();
        let source = self.source.take().or_else(|| {
            let file = self.play.clone()?;
            let reopened = reopen(&file);
            reopened.map_err(|fault| faults.push(SoundFault::Play { file, fault })).ok()
        });
        let sink = self.record.clone().and_then(|path| {
            let begun = begin_recording(&path);
            begun.map_err(|(file, fault)| faults.push(SoundFault::Record { file: Some(file), fault })).ok()
        });
        Audio { source: source.unwrap_or_else(|| Box::new(NullSource)), sink, faults }
    }
}

fn reopen(file: &Path) -> Result<Box<dyn Source>, WavFault> {
    Ok(Box::new(WavSource::open(file)?))
}

/// In a file of its own; else the one that could not be made.
fn begin_recording(path: &Path) -> Result<Box<dyn Sink>, (PathBuf, RecordFault)> {
    let mut call = 1;
    loop {
        let file = numbered(path, call);
        match WavRecorder::create(&file) {
            Ok(sink) => return Ok(Box::new(sink)),
            Err(RecordFault::CannotCreate(ErrorKind::AlreadyExists)) if call < MOST_RECORDINGS => call += 1,
            Err(fault) => return Err((file, fault)),
        }
    }
}

/// Whether a recording can be made there, leaving nothing behind.
fn try_folder(path: &Path) -> Result<(), RecordFault> {
    let cannot = |error: std::io::Error| RecordFault::CannotCreate(error.kind());
    if path.is_dir() || path.file_name().is_none() {
        return Err(RecordFault::CannotCreate(ErrorKind::IsADirectory));
    }
    let trial = path.with_file_name(format!(".patchcord-{}", std::process::id()));
    OpenOptions::new().write(true).create_new(true).open(&trial).map_err(cannot)?;
    std::fs::remove_file(&trial).map_err(cannot)
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
    fn a_recording_never_goes_over_another_file_and_is_its_owners_alone() {
        let folder = std::env::temp_dir().join(format!("patchcord-record-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("call.wav");
        std::fs::write(&path, "an old recording").unwrap();
        let options = CallOptions { record: Some(path.clone()), ..CallOptions::default() };
        let cat = Catalogue::new(crate::text::Language::English);
        let mut sound = Sound::open(&cat, Some(&options)).ok().unwrap();
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "nothing before a call is there");
        drop(sound.next_call());
        drop(sound.next_call());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "an old recording");
        for name in ["call-2.wav", "call-3.wav"] {
            let file = std::fs::metadata(folder.join(name)).unwrap();
            #[cfg(unix)]
            assert_eq!(std::os::unix::fs::PermissionsExt::mode(&file.permissions()) & 0o777, 0o600, "{name}");
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_file_or_folder_that_has_gone_by_the_second_call_is_said() {
        let folder = std::env::temp_dir().join(format!("patchcord-gone-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (play, record) = (folder.join("hello.wav"), folder.join("call.wav"));
        drop(WavRecorder::create(&play).and_then(|mut file| {
            file.write(&crate::media::SILENCE, &crate::media::SILENCE)?;
            file.finish()
        }));
        let options =
            CallOptions { play: Some(play.clone()), record: Some(record.clone()), ..CallOptions::default() };
        let cat = Catalogue::new(crate::text::Language::English);
        let mut sound = Sound::open(&cat, Some(&options)).ok().unwrap();
        assert_eq!(sound.next_call().faults, []);
        std::fs::remove_dir_all(&folder).unwrap();
        let audio = sound.next_call();
        assert!(audio.sink.is_none());
        let kind = ErrorKind::NotFound;
        let gone = [
            SoundFault::Play { file: play, fault: WavFault::CannotRead(kind) },
            SoundFault::Record { file: Some(record), fault: RecordFault::CannotCreate(kind) },
        ];
        assert_eq!(audio.faults, gone);
    }

    #[test]
    fn further_calls_are_recorded_beside_the_first() {
        assert_eq!(numbered(Path::new("a/call.wav"), 1), Path::new("a/call.wav"));
        assert_eq!(numbered(Path::new("a/call.wav"), 3), Path::new("a/call-3.wav"));
        assert_eq!(numbered(Path::new("call"), 2), Path::new("call-2"));
    }
}
