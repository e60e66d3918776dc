//! `patchcord recordings`: lists, exports and deletes what this user's telephone has recorded. What is done is noted beside the
//! recordings.

use super::args::{Arguments, RecordingsCommand};
use super::verdict::Exit;
use super::{desktop, json, recording_key, words};
use crate::archive::{Archive, Deed, ReadFault};
use crate::config::io_words;
use crate::desk_api::CallRecordId;
use crate::recording::{Fault, Recording, RecordingKey, ogg_opus};
use crate::secrets::Secret;
use crate::shell::{Process, recordings_folder};
use crate::text::{Catalogue, Language, say};
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

pub fn run(
    process: Process,
    arguments: &Arguments,
    what: &RecordingsCommand,
    environment: impl Fn(&str) -> Option<String>,
) -> Exit {
    let first =
        Catalogue::new(arguments.common.lang.unwrap_or_else(|| Language::from_environment(&environment)));
    let settings = match super::read_settings(arguments, &environment) {
        Ok(file) => arguments.common.settings().over(file),
        Err(error) => return refuse(Exit::Usage, &error.say(&first)),
    };
    let cat = settings.lang.map_or(first, Catalogue::new);
    let archive = Archive::at(recordings_folder(&settings, &super::state_folder(&environment)));
    let key = match what {
        RecordingsCommand::Delete { .. } => None,
        _ => recording_key(&settings, &environment).as_ref().and_then(RecordingKey::of),
    };
    let desk = Desk { cat: &cat, archive: &archive, key, former: desktop::recording_key_named };
    match what {
        RecordingsCommand::List => desk.list(process, arguments.common.json),
        RecordingsCommand::Export { id, to } => desk.export(process, *id, to),
        RecordingsCommand::Delete { id } => desk.delete(*id),
    }
}

struct Desk<'a, F> {
    cat: &'a Catalogue,
    archive: &'a Archive,
    /// The one that recordings are sealed with now, if any.
    key: Option<RecordingKey>,
    /// Those that they were sealed with before, by their names.
    former: F,
}

impl<F: Fn(&str) -> Option<Secret>> Desk<'_, F> {
    fn list(&self, process: Process, as_json: bool) -> Exit {
        let ids = match self.archive.list() {
            Ok(ids) => ids,
            Err(error) => return refuse(Exit::Recording, io_words(self.cat, error.kind())),
        };
        let (mut exit, mut lacks_key) = (Exit::Done, false);
        let mut stdout = io::stdout().lock();
        for id in ids {
            let read = self.read(id);
            lacks_key |= read.as_ref().is_err_and(|fault| self.lacks_key(fault));
            if !read.as_ref().is_ok_and(|recording| recording.damage.is_empty()) {
                exit = Exit::Recording;
            }
            let read = read.map_err(|fault| (read_code(&fault), self.why(&fault)));
            let line = match as_json {
                true => json::recording_kept(process.now(), id, &read),
                false => words::recording_kept(self.cat, id, &read),
            };
            // Nobody reads any more.
            if writeln!(stdout, "{line}").is_err() {
                return Exit::Interrupted;
            }
        }
        if lacks_key {
            return refuse(Exit::Usage, &no_key(self.cat));
        }
        exit
    }

    /// Also what was sealed with a former key, whether there is a present one or not.
    fn read(&self, id: CallRecordId) -> Result<Recording, ReadFault> {
        let name = self.archive.key_name(id)?;
        match &self.key {
            Some(key) if key.name() == name => self.archive.read(id, key),
            _ => {
                let former = (self.former)(&name).as_ref().and_then(RecordingKey::of);
                let former = former.ok_or(ReadFault::Recording(Fault::OtherKey))?;
                self.archive.read(id, &former)
            }
        }
    }

    /// With a key it might be read.
    fn lacks_key(&self, fault: &ReadFault) -> bool {
        self.key.is_none() && matches!(fault, ReadFault::Recording(Fault::OtherKey))
    }

    /// Noted before it is there: an export that nobody knows of is worse than one that failed.
    fn export(&self, process: Process, id: CallRecordId, to: &Path) -> Exit {
        let recording = match self.read(id) {
            Ok(recording) => recording,
            Err(fault) if self.lacks_key(&fault) => return refuse(Exit::Usage, &no_key(self.cat)),
            Err(fault) => return refuse(Exit::Recording, &self.why(&fault)),
        };
        let stream = process.seed().map_or(0, |seed| {
            let [one, two, three, four, ..] = seed;
            u32::from_le_bytes([one, two, three, four])
        });
        let ogg = ogg_opus(&recording, stream, |why| words::blank(self.cat, why).to_owned());
        let written = self.archive.note(Deed::Exported, id).map_err(|error| (error, true));
        let written = written.and_then(|()| write_new(to, &ogg).map_err(|error| (error, false)));
        match written {
            Ok(()) => {}
            Err((error, true)) => {
                let why = io_words(self.cat, error.kind());
                let cat = self.cat;
                return refuse(
                    Exit::Recording,
                    &say!(
                        cat,
                        "Nothing was exported, since it cannot be noted beside the recordings: {why}.",
                        why = why
                    ),
                );
            }
            Err((error, false)) => return refuse(Exit::Usage, &self.not_written(to, &error)),
        }
        if recording.damage.is_empty() {
            return Exit::Done;
        }
        for sentence in words::damage(self.cat, &recording) {
            eprintln!("patchcord: {sentence}");
        }
        Exit::Recording
    }

    fn delete(&self, id: CallRecordId) -> Exit {
        match self.archive.delete(id) {
            Ok(()) => self.note_deleted(id),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                refuse(Exit::Recording, &self.why(&ReadFault::Io(ErrorKind::NotFound)))
            }
            Err(error) => {
                let (cat, why) = (self.cat, io_words(self.cat, error.kind()));
                refuse(Exit::Recording, &say!(cat, "The recording cannot be deleted: {why}.", why = why))
            }
        }
    }

    fn note_deleted(&self, id: CallRecordId) -> Exit {
        let Err(error) = self.archive.note(Deed::Deleted, id) else { return Exit::Done };
        let (cat, why) = (self.cat, io_words(self.cat, error.kind()));
        refuse(
            Exit::Recording,
            &say!(
                cat,
                "The recording is deleted, but that cannot be noted beside the recordings: {why}.",
                why = why
            ),
        )
    }

    fn not_written(&self, to: &Path, error: &io::Error) -> String {
        let cat = self.cat;
        match error.kind() {
            ErrorKind::AlreadyExists => say!(
                cat,
                "{file} is there already, and nothing is written over it. Give --to another name.",
                file = to.display()
            ),
            kind => say!(
                cat,
                "{file} cannot be written: {why}. Check --to and the folder's permissions.",
                file = to.display(),
                why = io_words(cat, kind)
            ),
        }
    }

    fn why(&self, fault: &ReadFault) -> String {
        let cat = self.cat;
        match fault {
            ReadFault::Io(ErrorKind::NotFound) => {
                say!(cat, "There is no such recording here. Say patchcord recordings list.")
            }
            ReadFault::Io(kind) => {
                say!(cat, "The recording cannot be read: {why}.", why = io_words(cat, *kind))
            }
            ReadFault::OtherName(id) => say!(
                cat,
                "This file is under another recording's name; in it is {id}. Somebody has moved it.",
                id = id
            ),
            ReadFault::Recording(Fault::OtherKey) => {
                say!(cat, "The recording is sealed with another key than this telephone has.")
            }
            ReadFault::Recording(Fault::Version(version)) => say!(
                cat,
                "The recording was made by a later version of Patchcord ({version}).",
                version = version
            ),
            ReadFault::Recording(Fault::NoRecording | Fault::Head) => {
                say!(cat, "The recording's beginning was altered or cut off; nothing of it can be read.")
            }
        }
    }
}

fn no_key(cat: &Catalogue) -> String {
    say!(
        cat,
        "The key of the recordings is missing, or is not 64 hexadecimal digits. It is in the system's key store, or in the environment variable PATCHCORD_RECORDING_KEY."
    )
}

/// For its owner alone; never over another file.
fn write_new(path: &Path, octets: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    write_whole(&mut file, octets, path)
}

/// What was written so far is not sealed: it does not stay where the rest finds no room.
fn write_whole(file: &mut File, octets: &[u8], path: &Path) -> io::Result<()> {
    let written = file.write_all(octets).and_then(|()| file.sync_all());
    if written.is_err() {
        let _ = std::fs::remove_file(path);
    }
    written
}

const fn read_code(fault: &ReadFault) -> &'static str {
    match fault {
        ReadFault::Io(_) => "unreadable",
        ReadFault::OtherName(_) => "other_name",
        ReadFault::Recording(Fault::OtherKey) => "other_key",
        ReadFault::Recording(Fault::Version(_)) => "later_version",
        ReadFault::Recording(Fault::NoRecording | Fault::Head) => "spoilt",
    }
}

fn refuse(exit: Exit, words: &str) -> Exit {
    eprintln!("patchcord: {words}");
    exit
}

/// What can be said of one without hearing it: seconds in all, and of those in which it was paused.
pub fn seconds(recording: &Recording) -> (f64, f64) {
    use crate::domain::recording::Blank;
    use crate::recording::{FRAMES_PER_SECOND, Piece};
    let paused = recording.pieces.iter().map(|piece| match piece {
        Piece::Blank(Blank::Paused, frames) => *frames,
        _ => 0,
    });
    let seconds = |frames: u32| f64::from(frames) / f64::from(FRAMES_PER_SECOND);
    (seconds(recording.frames), seconds(paused.sum()))
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;
    use crate::archive::{Deck as _, FileDeck, TapeSetup};
    use crate::domain::recording::Layout;
    use std::sync::Arc;

    #[test]
    fn what_was_sealed_with_a_former_key_is_read_by_who_has_another_one_or_none() {
        let folder = std::env::temp_dir().join(format!("patchcord-former-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        let (archive, cat) = (Archive::at(folder.clone()), Catalogue::new(Language::English));
        let secret = |octet: u8| RecordingKey::make([octet; 32]);
        let key = |octet: u8| RecordingKey::of(&secret(octet)).unwrap();
        let id = CallRecordId::new(jiff::Timestamp::from_second(1_770_000_000).unwrap(), [7; 10]);
        let setup = TapeSetup { archive: archive.clone(), key: Arc::new(key(1)), layout: Layout::Mixed };
        let mut deck = FileDeck::begin(&setup, id, jiff::Timestamp::UNIX_EPOCH, ([3; 32], [4; 24])).unwrap();
        deck.finish().unwrap();
        let stored = |name: &str| (name == key(1).name()).then(|| secret(1));
        let nothing = |_: &str| None;
        let reads = |key: Option<RecordingKey>, former: &dyn Fn(&str) -> Option<Secret>| {
            Desk { cat: &cat, archive: &archive, key, former }.read(id).map(|recording| recording.id)
        };
        for present in [Some(1), Some(2), None] {
            assert_eq!(reads(present.map(key), &stored), Ok(id), "{present:?}");
        }
        assert_eq!(reads(Some(key(1)), &nothing), Ok(id));
        let other = Err(ReadFault::Recording(Fault::OtherKey));
        assert_eq!(reads(Some(key(2)), &nothing), other);
        // Who has none at all is told where a key would be, and of what is not there that it is not.
        let desk = |key| Desk { cat: &cat, archive: &archive, key, former: nothing };
        let fault = desk(None).read(id).unwrap_err();
        assert!(desk(None).lacks_key(&fault) && !desk(Some(key(2))).lacks_key(&fault));
        archive.delete(id).unwrap();
        let gone = desk(None).read(id).unwrap_err();
        assert_eq!(gone, ReadFault::Io(ErrorKind::NotFound));
        assert!(!desk(None).lacks_key(&gone));
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn what_was_exported_before_a_disk_was_full_does_not_stay() {
        let path = std::env::temp_dir().join(format!("patchcord-export-{}", std::process::id()));
        std::fs::write(&path, "what the client said").unwrap();
        let mut full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let error = write_whole(&mut full, b"and the rest of it", &path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StorageFull);
        assert!(!path.exists(), "the next attempt finds its name free, and nobody what was said");
    }
}
