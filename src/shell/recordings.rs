//! What the company's recordings need of this computer: folder, key and announcement; and those whose time is over.

use super::tape::{BeginTape, ForgetTape, TapeOrder, Telling};
use crate::agent::{RecordingConfig, TapeCommand, TapeNews};
use crate::archive::{Archive, Deck, FileDeck, TapeSetup};
use crate::audio::WavSource;
use crate::clock;
use crate::config::{RecordingSettings, Settings};
use crate::desk_api::{Announce, CallRecordId};
use crate::domain::recording::{RecordingFault, RecordingRules};
use crate::entropy;
use crate::instant::Instant;
use crate::recording::RecordingKey;
use crate::secrets::Secret;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

const TONE_EVERY: Duration = Duration::from_secs(15);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const KEEP_DAYS: u16 = 90;
const SWEEP_EVERY: Duration = Duration::from_secs(60 * 60);

pub(super) struct Recordings {
    archive: Archive,
    keep: Duration,
    next_sweep: Instant,
    /// None: nothing can be recorded here.
    tapes: Option<(TapeSetup, Telling)>,
}

impl Recordings {
    /// And what the agent is to go by; none where nothing may be recorded. Former recordings end in their time all the same.
    pub fn prepare(
        settings: &Settings,
        state_folder: &Path,
        key: Option<&Secret>,
    ) -> (Self, Option<RecordingConfig>) {
        let archive = Archive::at(recordings_folder(settings, state_folder));
        let recording = settings.recording.as_ref();
        let days = recording.and_then(|recording| recording.keep_days).unwrap_or(KEEP_DAYS);
        let keep = DAY * u32::from(days);
        let allowed = recording.filter(|recording| recording.allows());
        let rules = allowed.and_then(|recording| Some((recording, recording.announce?)));
        let Some((recording, announce)) = rules else {
            return (Self { archive, keep, next_sweep: Instant::START, tapes: None }, None);
        };
        let tapes = tapes(recording, announce, &archive, key);
        let fault = tapes.as_ref().err().copied();
        let rules = RecordingRules { when: recording.when.unwrap_or_default(), announce };
        let recordings = Self { archive, keep, next_sweep: Instant::START, tapes: tapes.ok() };
        (recordings, Some(RecordingConfig { rules, fault }))
    }

    /// `Err` where it cannot even be tried.
    pub fn order(&self, id: CallRecordId, command: TapeCommand) -> Result<TapeOrder, RecordingFault> {
        match command {
            TapeCommand::Blank(why) => Ok(TapeOrder::Blank(why)),
            TapeCommand::Wait(on) => Ok(TapeOrder::Wait(on)),
            TapeCommand::Discard => {
                self.mark_refused(id);
                let archive = self.archive.clone();
                let forget: ForgetTape = Box::new(move || match archive.refuse(id) {
                    Ok(()) => TapeNews::Discarded,
                    Err(error) => {
                        tracing::error!(%error, "a recording that was to be deleted is still there");
                        TapeNews::Fault(RecordingFault::NotDeleted)
                    }
                });
                Ok(TapeOrder::Discard { forget })
            }
            TapeCommand::Begin => {
                let (setup, telling) = self.tapes.clone().ok_or(RecordingFault::NoKey)?;
                let begun = clock::wall();
                let begin: BeginTape = Box::new(move || {
                    let chance = (entropy::seed().map_err(io::Error::other)?, nonce()?);
                    let deck = FileDeck::begin(&setup, id, begun, chance)?;
                    Ok(Box::new(deck) as Box<dyn Deck>)
                });
                Ok(TapeOrder::Begin { begin, telling })
            }
        }
    }

    /// At once, and beside its own thread, which may wait for its disk longer than this telephone runs.
    fn mark_refused(&self, id: CallRecordId) {
        let archive = self.archive.clone();
        tokio::task::spawn_blocking(move || match archive.mark_refused(id) {
            // It is deleted already, or not yet begun.
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%error, recording = %id, "that it is refused cannot be marked");
            }
            _ => {}
        });
    }

    /// Now and then, in a thread of its own: a disk may be slow.
    pub fn sweep(&mut self, now: Instant) {
        if now < self.next_sweep {
            return;
        }
        self.next_sweep = now + SWEEP_EVERY;
        let (archive, keep) = (self.archive.clone(), self.keep);
        tokio::task::spawn_blocking(move || match archive.sweep(clock::wall(), keep) {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "recordings whose time was over are deleted"),
            Err(error) => tracing::error!(%error, "recordings whose time is over cannot be deleted"),
        });
    }
}

/// Where these settings have recordings kept.
pub fn recordings_folder(settings: &Settings, state_folder: &Path) -> PathBuf {
    let named = settings.recording.as_ref().and_then(|recording| recording.folder.clone());
    named.unwrap_or_else(|| state_folder.join("recordings"))
}

fn tapes(
    recording: &RecordingSettings,
    announce: Announce,
    archive: &Archive,
    key: Option<&Secret>,
) -> Result<(TapeSetup, Telling), RecordingFault> {
    let key = key.and_then(RecordingKey::of).ok_or(RecordingFault::NoKey)?;
    let telling = match (announce, &recording.announcement) {
        (Announce::Tone, _) => Telling::Tone(recording.tone_every.unwrap_or(TONE_EVERY)),
        (Announce::Voice, Some(file)) => Telling::Voice(WavSource::open(file).map_err(|fault| {
            tracing::error!(file = %file.display(), ?fault, "the announcement cannot be played");
            RecordingFault::NoAnnouncement
        })?),
        (Announce::Voice, None) => return Err(RecordingFault::NoAnnouncement),
        (Announce::Consent | Announce::Elsewhere | Announce::Other, _) => Telling::Nothing,
    };
    Ok((
        TapeSetup {
            archive: archive.clone(),
            key: Arc::new(key),
            layout: recording.layout.unwrap_or_default(),
        },
        telling,
    ))
}

fn nonce() -> io::Result<[u8; 24]> {
    let seed = entropy::seed().map_err(io::Error::other)?;
    let mut nonce = [0; 24];
    nonce.iter_mut().zip(seed).for_each(|(to, from)| *to = from);
    Ok(nonce)
}
