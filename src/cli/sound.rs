//! `--audio`, `--play` and `--record`: checked before anything starts. The file to play is read once; each call is
//! recorded in a file of its own.

use super::args::CallOptions;
use super::faults;
use crate::audio::{Begin, RecordFault, Sink, Source, WavRecorder, WavSource, Wish, Wishes};
use crate::config::{AutoSwitch, Settings};
use crate::media::process::{Switch, Wanted};
use crate::shell::Audio;
use crate::text::Catalogue;
use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Beside each other under one `--record`.
const MOST_RECORDINGS: u32 = 9_999;

#[derive(Default)]
pub struct Sound {
    play: Option<WavSource>,
    record: Option<PathBuf>,
}

impl Sound {
    pub fn open(cat: &Catalogue, options: Option<&CallOptions>) -> Result<Self, String> {
        let mut sound = Self::default();
        let Some(options) = options else { return Ok(sound) };
        if let Some(path) = &options.play {
            sound.play = Some(WavSource::open(path).map_err(|fault| faults::wav_fault(cat, path, &fault))?);
        }
        if let Some(path) = &options.record {
            try_folder(path).map_err(|fault| faults::record_fault(cat, &fault))?;
            sound.record = Some(path.clone());
        }
        Ok(sound)
    }

    /// What the next call says, and where it is recorded.
    pub fn next_call(&self) -> Audio {
        let play = self.play.clone().map(|play| -> Box<dyn Source> { Box::new(play) });
        let record = self.record.clone().map(|path| -> Begin { Box::new(move || begin_recording(&path)) });
        Audio { play, record }
    }
}

/// The devices that `--audio` and the settings ask for, and what is done to their sound; `None` for `null`, and without
/// the flag.
pub fn wishes(audio: Option<&str>, settings: &Settings) -> Option<Wishes> {
    let processing = Wanted { echo: switch(settings.cancel_echo), noise: switch(settings.suppress_noise) };
    let gain = settings.gain.clone();
    match audio {
        None | Some("null") => None,
        Some("devices") => Some(Wishes {
            microphone: wish(settings.microphone.as_ref()),
            earpiece: wish(settings.earpiece.as_ref()),
            ringer: wish(settings.ringer.as_ref()),
            processing,
            gain,
        }),
        Some(name) => {
            let wish = Wish::Named(name.to_owned());
            Some(Wishes { microphone: wish.clone(), earpiece: wish.clone(), ringer: wish, processing, gain })
        }
    }
}

const fn switch(setting: Option<AutoSwitch>) -> Switch {
    match setting {
        None | Some(AutoSwitch::Auto) => Switch::Auto,
        Some(AutoSwitch::On) => Switch::On,
        Some(AutoSwitch::Off) => Switch::Off,
    }
}

fn wish(setting: Option<&String>) -> Wish {
    match setting {
        Some(name) if name != "default" => Wish::Named(name.clone()),
        _ => Wish::Default,
    }
}

fn begin_recording(path: &Path) -> Result<Box<dyn Sink>, RecordFault> {
    let mut call = 1;
    loop {
        match WavRecorder::create(&numbered(path, call)) {
            Ok(sink) => return Ok(Box::new(sink)),
            Err(RecordFault::CannotCreate { kind: ErrorKind::AlreadyExists, .. })
                if call < MOST_RECORDINGS =>
            {
                call += 1;
            }
            Err(fault) => return Err(fault),
        }
    }
}

/// Whether a recording can be made there, leaving nothing behind.
fn try_folder(path: &Path) -> Result<(), RecordFault> {
    let cannot = |kind| RecordFault::CannotCreate { file: path.to_owned(), kind };
    if path.is_dir() || path.file_name().is_none() {
        return Err(cannot(ErrorKind::IsADirectory));
    }
    let cannot = |error: std::io::Error| cannot(error.kind());
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
    use crate::media::{Frame, Rate};

    #[test]
    fn a_recording_never_goes_over_another_file_and_is_its_owners_alone() {
        let folder = std::env::temp_dir().join(format!("patchcord-record-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("call.wav");
        std::fs::write(&path, "an old recording").unwrap();
        let options = CallOptions { record: Some(path.clone()), ..CallOptions::default() };
        let cat = Catalogue::new(crate::text::Language::English);
        let sound = Sound::open(&cat, Some(&options)).ok().unwrap();
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "nothing before a call is there");
        for _ in 0..2 {
            drop(sound.next_call().record.unwrap()().ok().unwrap());
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "an old recording");
        for name in ["call-2.wav", "call-3.wav"] {
            let file = std::fs::metadata(folder.join(name)).unwrap();
            #[cfg(unix)]
            assert_eq!(std::os::unix::fs::PermissionsExt::mode(&file.permissions()) & 0o777, 0o600, "{name}");
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn every_call_hears_the_file_from_its_beginning_though_it_is_gone_by_then() {
        let file = std::env::temp_dir().join(format!("patchcord-hello-{}.wav", std::process::id()));
        let mut hello = WavRecorder::create(&file).ok().unwrap();
        let said = Frame::from_fn(Rate::Narrow, |_| 4_000);
        hello.write(&said, &said).unwrap();
        hello.finish().unwrap();
        let options = CallOptions { play: Some(file.clone()), ..CallOptions::default() };
        let sound =
            Sound::open(&Catalogue::new(crate::text::Language::English), Some(&options)).ok().unwrap();
        std::fs::remove_file(&file).unwrap();
        for _ in 0..2 {
            let mut source = sound.next_call().play.unwrap();
            assert_eq!(source.next_frame(Rate::Narrow), Some(said));
            assert_eq!(source.next_frame(Rate::Narrow), Some(Frame::silence(Rate::Narrow)));
        }
    }

    #[test]
    fn devices_are_those_of_the_settings_or_all_those_of_the_flag() {
        let settings = "[audio]\nmicrophone = \"mic\"\nearpiece = \"default\"\n";
        let settings = Settings::parse(settings, Path::new("test.toml")).unwrap();
        let named = |name: &str| Wish::Named(name.into());
        assert_eq!(wishes(None, &settings), None);
        assert_eq!(wishes(Some("null"), &settings), None);
        let set = Wishes { microphone: named("mic"), ..Wishes::default() };
        assert_eq!(wishes(Some("devices"), &settings), Some(set));
        let headset = Wishes {
            microphone: named("USB"),
            earpiece: named("USB"),
            ringer: named("USB"),
            ..Wishes::default()
        };
        assert_eq!(wishes(Some("USB"), &settings), Some(headset));
    }

    #[test]
    fn what_is_done_to_the_sound_is_what_the_settings_say() {
        let settings = "[audio]\ncancel_echo = \"off\"\nsuppress_noise = \"on\"\ngain = { mic = \"+3\" }\n";
        let settings = Settings::parse(settings, Path::new("test.toml")).unwrap();
        for audio in ["devices", "USB"] {
            let wishes = wishes(Some(audio), &settings).unwrap();
            assert_eq!(wishes.processing, Wanted { echo: Switch::Off, noise: Switch::On });
            assert_eq!(wishes.gain, [("mic".to_owned(), 3)].into());
        }
    }

    #[test]
    fn further_calls_are_recorded_beside_the_first() {
        assert_eq!(numbered(Path::new("a/call.wav"), 1), Path::new("a/call.wav"));
        assert_eq!(numbered(Path::new("a/call.wav"), 3), Path::new("a/call-3.wav"));
        assert_eq!(numbered(Path::new("call"), 2), Path::new("call-2"));
    }
}
