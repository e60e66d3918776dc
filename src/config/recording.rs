//! Section `[recording]`: what the company lets be recorded, and how.

use super::section::{ConfigError, Section};
use super::value::{Expected, Setting};
use crate::domain::recording::{Announce, Layout, When};
use crate::text::msg;
use std::path::PathBuf;
use std::time::Duration;

/// As elsewhere, what the file sets.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct RecordingSettings {
    /// No, and no is more than nothing: then the terminal records no test calls either.
    pub allow: Option<bool>,
    /// Where it is asked for.
    pub when: Option<When>,
    /// Never absent where recordings are allowed: whether and how clients are told is the company's decision.
    pub announce: Option<Announce>,
    /// WAV file of `Announce::Voice`, and never absent with it.
    pub announcement: Option<PathBuf>,
    /// 15 s.
    pub tone_every: Option<Duration>,
    /// Stereo.
    pub layout: Option<Layout>,
    /// `recordings` in the folder where the program keeps its state.
    pub folder: Option<PathBuf>,
    /// 90.
    pub keep_days: Option<u16>,
}

impl RecordingSettings {
    /// Whether the company lets anything be recorded.
    pub fn allows(&self) -> bool {
        self.allow == Some(true)
    }

    /// None where the section sets nothing.
    pub(super) fn read(section: &Section<'_>) -> Result<Option<Self>, ConfigError> {
        let settings = Self {
            allow: section.yes_no("allow")?,
            when: section.value("when")?,
            announce: section.value("announce")?,
            announcement: section.value("announcement")?,
            tone_every: section.number("tone_every_s", TONE, |seconds| {
                (5..=60).contains(&seconds).then(|| Duration::from_secs(seconds.into()))
            })?,
            layout: section.value("layout")?,
            folder: section.value("folder")?,
            keep_days: section
                .number("keep_days", KEEP, |days| (1..=3_650).contains(&days).then_some(days))?,
        };
        section.refuse_unknown().map_err(ConfigError::or_secret)?;
        if settings.allows() && settings.announce.is_none() {
            return Err(section.missing("announce", Announce::EXPECTED));
        }
        if settings.announce == Some(Announce::Voice) && settings.announcement.is_none() {
            return Err(section.missing("announcement", ANNOUNCEMENT));
        }
        Ok(Some(settings).filter(|settings| *settings != Self::default()))
    }
}

const TONE: Expected = Expected { what: msg!("seconds from 5 to 60"), example: "15" };
const KEEP: Expected = Expected { what: msg!("days from 1 to 3650"), example: "90" };
const ANNOUNCEMENT: Expected =
    Expected { what: msg!("a WAV file's path"), example: "/etc/patchcord/recorded.wav" };

impl Setting for When {
    const EXPECTED: Expected = Expected { what: msg!("one of \"asked\", \"always\""), example: "asked" };

    fn parse(text: &str) -> Option<Self> {
        [Self::Asked, Self::Always].into_iter().find(|when| when_word(*when) == text)
    }
}

impl Setting for Announce {
    const EXPECTED: Expected =
        Expected { what: msg!("one of \"consent\", \"voice\", \"tone\", \"elsewhere\""), example: "consent" };

    fn parse(text: &str) -> Option<Self> {
        let all = [Self::Consent, Self::Voice, Self::Tone, Self::Elsewhere];
        all.into_iter().find(|announce| announce_word(*announce) == text)
    }
}

impl Setting for Layout {
    const EXPECTED: Expected = Expected { what: msg!("one of \"stereo\", \"mixed\""), example: "stereo" };

    fn parse(text: &str) -> Option<Self> {
        [Self::Stereo, Self::Mixed].into_iter().find(|layout| layout_word(*layout) == text)
    }
}

pub(super) const fn when_word(when: When) -> &'static str {
    match when {
        When::Asked => "asked",
        When::Always => "always",
    }
}

pub(super) const fn announce_word(announce: Announce) -> &'static str {
    match announce {
        Announce::Consent => "consent",
        Announce::Voice => "voice",
        Announce::Tone => "tone",
        Announce::Elsewhere | Announce::Other => "elsewhere",
    }
}

pub(super) const fn layout_word(layout: Layout) -> &'static str {
    match layout {
        Layout::Stereo => "stereo",
        Layout::Mixed => "mixed",
    }
}
