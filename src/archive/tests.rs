use super::*;
use crate::domain::recording::{Blank, Layout};
use crate::media::{Frame, Rate};
use crate::recording::{Damage, Piece};
use std::sync::Arc;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("patchcord-archive-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        Self(folder)
    }

    fn setup(&self) -> TapeSetup {
        TapeSetup {
            archive: Archive::at(self.0.join("recordings")),
            key: Arc::new(key(1)),
            layout: Layout::Stereo,
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn key(octet: u8) -> RecordingKey {
    RecordingKey::of(&RecordingKey::make([octet; 32])).unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn id(second: i64) -> CallRecordId {
    CallRecordId::new(at(second), [7; 10])
}

fn deck(setup: &TapeSetup, id: CallRecordId) -> FileDeck {
    FileDeck::begin(setup, id, at(1_770_000_000), ([3; 32], [4; 24])).unwrap()
}

/// So many seconds of a voice.
fn speak(deck: &mut FileDeck, seconds: u32) {
    for n in 0..seconds * 50 {
        let said = Frame::from_fn(Rate::Narrow, |at| (at as i16 * 100).wrapping_mul(n as i16));
        deck.both(&said, &said).unwrap();
    }
}

#[test]
fn a_call_is_kept_in_a_file_of_its_owners_alone_and_read_again() {
    let folder = Folder::new("kept");
    let setup = folder.setup();
    let id = id(1_770_000_000);
    let mut deck = deck(&setup, id);
    speak(&mut deck, 2);
    deck.blank(Blank::Paused, 30).unwrap();
    deck.finish().unwrap();
    #[cfg(unix)]
    for (path, mode) in [(setup.archive.path(id), 0o600), (folder.0.join("recordings"), 0o700)] {
        let held = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
        assert_eq!(held & 0o777, mode, "{}", path.display());
    }
    assert_eq!(setup.archive.list().unwrap(), [id]);
    let recording = setup.archive.read(id, &setup.key).unwrap();
    assert_eq!((recording.frames, recording.damage), (130, vec![]));
    assert_eq!(recording.pieces.last(), Some(&Piece::Blank(Blank::Paused, 30)));
    assert_eq!(setup.archive.read(id, &key(2)), Err(ReadFault::Recording(recording::Fault::OtherKey)));
}

#[test]
fn a_telephone_that_goes_without_a_word_loses_less_than_a_second() {
    let folder = Folder::new("killed");
    let setup = folder.setup();
    let id = id(1_770_000_000);
    let mut deck = deck(&setup, id);
    speak(&mut deck, 3);
    let frame = Frame::silence(Rate::Narrow);
    (0..24).for_each(|_| deck.both(&frame, &frame).unwrap());
    // Nothing is written by dropping it.
    drop(deck);
    let recording = setup.archive.read(id, &setup.key).unwrap();
    assert_eq!((recording.frames, recording.damage), (150, vec![Damage::NoEnd]));
}

#[test]
fn nothing_unsealed_is_on_the_disk_while_a_call_goes_on_nor_afterwards() {
    let folder = Folder::new("sealed");
    let setup = folder.setup();
    let mut deck = deck(&setup, id(1_770_000_000));
    // Opus makes packets of silence that begin like this, again and again.
    let silence = Frame::silence(Rate::Full);
    (0..200).for_each(|_| deck.both(&silence, &silence).unwrap());
    for end in [false, true] {
        if end {
            deck.finish().unwrap();
        }
        let files: Vec<_> = std::fs::read_dir(folder.0.join("recordings"))
            .unwrap()
            .map(|file| file.unwrap().path())
            .collect();
        assert_eq!(files.len(), 1, "{files:?}");
        let octets = std::fs::read(&files[0]).unwrap();
        let mut counts = [0_u32; 256];
        octets.iter().for_each(|octet| counts[usize::from(*octet)] += 1);
        let most = *counts.iter().max().unwrap();
        // What is sealed looks like chance; what is not repeats the same few octets.
        assert!(most < 40 + octets.len() as u32 / 100, "{most} of {}", octets.len());
    }
}

#[test]
fn a_recording_whose_client_does_not_agree_is_gone_and_its_end_is_noted() {
    let folder = Folder::new("refused");
    let setup = folder.setup();
    let id = id(1_770_000_000);
    let mut deck = deck(&setup, id);
    speak(&mut deck, 1);
    // As a backup or an undeleting program may hold on to the file.
    let kept = folder.0.join("kept");
    std::fs::hard_link(setup.archive.path(id), &kept).unwrap();
    deck.discard().unwrap();
    assert_eq!(setup.archive.list().unwrap(), []);
    let octets = std::fs::read(kept).unwrap();
    assert_eq!(recording::read(&octets, &setup.key), Err(recording::Fault::NoRecording), "its key is gone");
    let log = std::fs::read_to_string(folder.0.join("recordings").join(LOG)).unwrap();
    assert!(log.contains(&format!(" refused {id} user ")), "{log}");
}

#[test]
fn a_log_that_cannot_be_written_keeps_no_recording() {
    let folder = Folder::new("unnoted");
    let setup = folder.setup();
    let (refused, one, other) = (id(1_770_000_000), id(1_770_000_001), id(1_770_000_002));
    for id in [one, other] {
        deck(&setup, id).finish().unwrap();
    }
    std::fs::create_dir(folder.0.join("recordings").join(LOG)).unwrap();
    deck(&setup, refused).discard().unwrap();
    assert_eq!(setup.archive.list().unwrap(), [one, other], "what is refused is gone, noted or not");
    assert!(setup.archive.sweep(at(1_780_000_000), Duration::from_secs(1)).is_err(), "it is told");
    assert_eq!(setup.archive.list().unwrap(), []);
}

#[test]
fn what_a_client_refused_is_deleted_when_a_telephone_starts_again_though_the_first_one_was_gone_at_once() {
    let folder = Folder::new("marked");
    let setup = folder.setup();
    let (refused, kept) = (id(1_770_000_000), id(1_770_000_001));
    for id in [refused, kept] {
        let mut deck = deck(&setup, id);
        speak(&mut deck, 1);
    }
    setup.archive.mark_refused(refused).unwrap();
    assert_eq!(setup.archive.list().unwrap(), [kept], "nobody exports it any more");
    let missing = ReadFault::Io(io::ErrorKind::NotFound);
    assert_eq!(setup.archive.read(refused, &setup.key), Err(missing));
    let again = Archive::at(folder.0.join("recordings"));
    assert_eq!(again.sweep(at(1_770_000_002), Duration::from_secs(90 * 86_400)).unwrap(), 1);
    let files: Vec<_> = std::fs::read_dir(folder.0.join("recordings"))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with(&refused.to_string()))
        .collect();
    assert_eq!(files, [""; 0]);
    assert_eq!(again.list().unwrap(), [kept]);
    let log = std::fs::read_to_string(folder.0.join("recordings").join(LOG)).unwrap();
    assert!(log.contains(&format!(" refused {refused} user ")), "{log}");
}

#[test]
fn a_call_that_goes_on_is_not_swept_away_whatever_the_clock_says() {
    let folder = Folder::new("running");
    let setup = folder.setup();
    // As a computer has it whose battery is empty.
    let id = id(0);
    let mut deck = deck(&setup, id);
    speak(&mut deck, 1);
    let sweep = || setup.archive.sweep(at(1_770_000_000), Duration::from_secs(86_400)).unwrap();
    assert_eq!((sweep(), setup.archive.list().unwrap()), (0, vec![id]));
    deck.finish().unwrap();
    drop(deck);
    assert_eq!((sweep(), setup.archive.list().unwrap()), (1, vec![]));
}

#[test]
fn what_somebody_deletes_during_its_call_is_not_told_as_whole() {
    let folder = Folder::new("deleted");
    let setup = folder.setup();
    for another in [false, true] {
        let id = id(1_770_000_000);
        let mut deck = deck(&setup, id);
        speak(&mut deck, 1);
        setup.archive.delete(id).unwrap();
        if another {
            std::fs::write(setup.archive.path(id), "another file").unwrap();
        }
        speak(&mut deck, 1);
        assert_eq!(deck.finish().err().map(|error| error.kind()), Some(io::ErrorKind::NotFound));
        let _ = std::fs::remove_file(setup.archive.path(id));
    }
}

#[test]
fn recordings_are_deleted_when_their_time_is_over_and_nothing_else_is() {
    let folder = Folder::new("swept");
    let setup = folder.setup();
    let day = 86_400;
    let (old, new) = (id(1_770_000_000), id(1_770_000_000 + 10 * day));
    for id in [old, new] {
        deck(&setup, id).finish().unwrap();
    }
    let others = ["notes.txt", "holiday.patchrec", "0198.patchrec"];
    for other in others {
        std::fs::write(folder.0.join("recordings").join(other), "not ours").unwrap();
    }
    let keep = Duration::from_secs(5 * 86_400);
    let archive = &setup.archive;
    assert_eq!(archive.sweep(at(1_770_000_000 + 4 * day), keep).unwrap(), 0);
    assert_eq!(archive.list().unwrap(), [old, new]);
    assert_eq!(archive.sweep(at(1_770_000_000 + 11 * day), keep).unwrap(), 1);
    assert_eq!(archive.list().unwrap(), [new]);
    assert_eq!(archive.sweep(at(1_770_000_000 + 11 * day), keep).unwrap(), 0, "nothing is left to do");
    for other in others {
        assert!(folder.0.join("recordings").join(other).exists(), "{other}");
    }
    let log = std::fs::read_to_string(folder.0.join("recordings").join(LOG)).unwrap();
    assert_eq!(log.lines().count(), 1);
    assert!(log.contains(&format!(" expired {old} user ")), "{log}");
}

#[test]
fn a_file_under_another_recordings_name_is_not_taken_for_it() {
    let folder = Folder::new("swapped");
    let setup = folder.setup();
    let (one, other) = (id(1_770_000_000), id(1_770_000_001));
    for id in [one, other] {
        deck(&setup, id).finish().unwrap();
    }
    std::fs::rename(setup.archive.path(one), setup.archive.path(other)).unwrap();
    assert_eq!(setup.archive.read(other, &setup.key), Err(ReadFault::OtherName(one)));
}

#[test]
fn no_recording_goes_over_another_one() {
    let folder = Folder::new("twice");
    let setup = folder.setup();
    let id = id(1_770_000_000);
    deck(&setup, id).finish().unwrap();
    let again = FileDeck::begin(&setup, id, at(1_770_000_000), ([3; 32], [4; 24]));
    assert_eq!(again.err().map(|error| error.kind()), Some(io::ErrorKind::AlreadyExists));
    assert!(setup.archive.read(id, &setup.key).is_ok());
}

#[test]
fn where_nothing_was_ever_recorded_there_is_nothing_to_list_or_to_delete() {
    let folder = Folder::new("empty");
    let archive = folder.setup().archive;
    assert_eq!(archive.list().unwrap(), []);
    assert_eq!(archive.sweep(at(1_770_000_000), Duration::ZERO).unwrap(), 0);
    assert!(!folder.0.exists(), "no folder is made for it");
    assert_eq!(archive.delete(id(1)).err().map(|error| error.kind()), Some(io::ErrorKind::NotFound));
}
