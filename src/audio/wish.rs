//! Which devices there are, and which are wanted.

use crate::media::Cadence;
#[cfg(any(feature = "desktop", test))]
use crate::media::DeviceTrouble;
use crate::media::process::{Kind, Wanted};
use std::collections::BTreeMap;
#[cfg(any(feature = "desktop", test))]
use std::io::ErrorKind;

/// A microphone, or an earpiece.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Device {
    /// The same after unplugging and plugging in again, and after a restart.
    pub id: String,
    /// For people.
    pub name: String,
    pub kind: Kind,
}

/// What a device is, by the system's words for it: its form, the socket in use, its name. Words are those of PulseAudio
/// (`device.form_factor`, names of ports) and of cards.
#[cfg(any(feature = "desktop", test))]
pub(super) fn kind(form: &str, port: &str, name: &str) -> Kind {
    const AT_THE_EAR: [&str; 5] = ["headset", "headphone", "handset", "earphone", "earpiece"];
    const IN_THE_ROOM: [&str; 8] =
        ["speaker", "hdmi", "displayport", "iec958", "hifi", "hands-free", "tv", "internal"];
    // What is plugged in counts for more than what it is plugged into. A speakerphone has both words.
    for words in [port, form, name].map(str::to_lowercase) {
        let has = |known: &[&str]| known.iter().any(|known| words.contains(known));
        if has(&AT_THE_EAR) && !words.contains("speakerphone") {
            return Kind::Headset;
        }
        if has(&IN_THE_ROOM) {
            return Kind::Loudspeaker;
        }
    }
    Kind::Unknown
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
    pub processing: Wanted,
    /// How much louder or quieter than it comes a device is to be, in decibels, by its id.
    pub gain: BTreeMap<String, i8>,
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
    #[error("this program may not use the sound devices")]
    Forbidden,
    #[error("another program holds the device")]
    Busy,
    #[error("the sound server refuses: {0}")]
    Refuses(String),
}

#[cfg(any(feature = "desktop", test))]
impl NoServer {
    /// What a call is told that goes on without the device.
    pub(super) const fn trouble(&self) -> Option<DeviceTrouble> {
        match self {
            Self::Forbidden => Some(DeviceTrouble::Forbidden),
            Self::Busy => Some(DeviceTrouble::Busy),
            _ => None,
        }
    }

    /// What the system's word for it means.
    pub(super) fn of_system(error: &std::io::Error) -> Self {
        match error.kind() {
            ErrorKind::PermissionDenied => Self::Forbidden,
            ErrorKind::ResourceBusy => Self::Busy,
            _ => Self::Refuses(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_a_device_is_forbidden_or_taken_is_told_from_other_faults() {
        let trouble = |errno| NoServer::of_system(&std::io::Error::from_raw_os_error(errno)).trouble();
        // EPERM, EACCES, EBUSY, ENODEV.
        let table = [1, 13, 16, 19].map(trouble);
        let forbidden = Some(DeviceTrouble::Forbidden);
        assert_eq!(table, [forbidden, forbidden, Some(DeviceTrouble::Busy), None]);
    }

    #[test]
    fn what_sits_at_the_ear_is_told_from_what_stands_in_the_room() {
        let table = [
            ("headset", "", "Jabra EVOLVE 20", Kind::Headset),
            ("", "headset-output", "Plantronics", Kind::Headset),
            ("internal", "analog-output-headphones", "Built-in Audio Analog Stereo", Kind::Headset),
            ("internal", "analog-output-speaker", "Built-in Audio Analog Stereo", Kind::Loudspeaker),
            ("internal", "[Out] Speaker", "Tiger Lake Speaker + Headphones", Kind::Loudspeaker),
            ("speaker", "", "Bar", Kind::Loudspeaker),
            ("hands-free", "", "Car", Kind::Loudspeaker),
            ("", "hdmi-output-0", "Monitor", Kind::Loudspeaker),
            ("", "", "USB Headset", Kind::Headset),
            ("", "", "Jabra Speak Speakerphone headset", Kind::Loudspeaker),
            ("", "", "hs_spk", Kind::Unknown),
            ("", "analog-output", "USB Audio Device", Kind::Unknown),
        ];
        for (form, port, name, wanted) in table {
            assert_eq!(kind(form, port, name), wanted, "{form}, {port}, {name}");
        }
    }
}
