//! `patchcord recordings`: lists, exports and deletes what this user's telephone has recorded. What is done is noted beside the
//! recordings.

use super::args::{Arguments, RecordingsCommand};
use super::verdict::Exit;
use super::{desktop, json, recording_key, words};
use crate::archive::{Archive, Deed, ReadFault};
use crate::config::io_words;
use crate::desk_api::CallRecordId;
use crate::recording::{Fault, Recording, RecordingKey, ogg_opus};
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
    let desk = Desk { cat: &cat, archive: &archive };
    if let RecordingsCommand::Delete { id } = what {
        return desk.delete(*id);
    }
    let key = recording_key(&settings, &environment).as_ref().and_then(RecordingKey::of);
    let Some(key) = key else { return refuse(Exit::Usage, &no_key(&cat)) };
    match what {
        RecordingsCommand::List => desk.list(process, arguments.common.json, &key),
        RecordingsCommand::Export { id, to } => desk.export(process, *id, to, &key),
        RecordingsCommand::Delete { id } => desk.delete(*id),
    }
}

struct Desk<'a> {
    cat: &'a Catalogue,
    archive: &'a Archive,
}

impl Desk<'_> {
    fn list(&self, process: Process, as_json: bool, key: &RecordingKey) -> Exit {
        let ids = match self.archive.list() {
            Ok(ids) => ids,
            Err(error) => return refuse(Exit::Recording, io_words(self.cat, error.kind())),
        };
        let mut exit = Exit::Done;
        let mut stdout = io::stdout().lock();
        for id in ids {
            let read = self.read(id, key);
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
        exit
    }

    /// Also what was sealed with a former key.
    fn read(&self, id: CallRecordId, key: &RecordingKey) -> Result<Recording, ReadFault> {
        let read = self.archive.read(id, key);
        if !matches!(read, Err(ReadFault::Recording(Fault::OtherKey))) {
            return read;
        }
        let former = self.archive.key_name(id).and_then(|name| desktop::recording_key_named(&name));
        match former.as_ref().and_then(RecordingKey::of) {
            Some(former) => self.archive.read(id, &former),
            None => read,
        }
    }

    /// Noted before it is there: an export that nobody knows of is worse than one that failed.
    fn export(&self, process: Process, id: CallRecordId, to: &Path, key: &RecordingKey) -> Exit {
        let recording = match self.read(id, key) {
            Ok(recording) => recording,
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
