//! Which devices there are, and which are wanted.

use crate::media::Cadence;

/// A microphone, or an earpiece.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Device {
    /// The same after unplugging and plugging in again, and after a restart.
    pub id: String,
    /// For people.
    pub name: String,
}

/// All that there are in one direction.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Seen {
    pub devices: Vec<Device>,
    /// The id of the one that the user has chosen in the system.
    pub default: Option<String>,
}

/// Which device is wanted.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub enum Wish {
    /// The system's default, wherever it goes.
    #[default]
    Default,
    /// The one with this id, or else the first whose id or name has this in it.
    Named(String),
}

impl Wish {
    pub fn find<'a>(&self, seen: &'a Seen) -> Option<&'a Device> {
        let Self::Named(wanted) = self else { return None };
        let exact = seen.devices.iter().find(|device| device.id == *wanted);
        let wanted = wanted.to_lowercase();
        let has = |text: &str| text.to_lowercase().contains(&wanted);
        exact.or_else(|| seen.devices.iter().find(|device| has(&device.id) || has(&device.name)))
    }
}

/// What a device is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    Microphone,
    Earpiece,
    /// Where it rings; one of the earpieces, or a loudspeaker.
    Ringer,
}

/// Another device has this role now, or none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    pub role: Role,
    pub device: Option<Device>,
}

/// Which devices a telephone wants.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Wishes {
    pub microphone: Wish,
    pub earpiece: Wish,
    pub ringer: Wish,
}

/// How it rings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ring {
    Bell,
    /// The operator talks already.
    Knock,
    Cadence(Cadence),
}

/// Why there are no devices to be had.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NoServer {
    #[error("this program was built without sound devices")]
    NotBuilt,
    #[error("no sound server runs, and there is no sound card")]
    Absent,
    #[error("no sound server runs, and ALSA's library is not installed")]
    NoLibrary,
    #[error("the sound server does not answer")]
    Hangs,
    #[error("the sound server refuses: {0}")]
    Refuses(String),
}
