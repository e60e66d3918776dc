//! Settings of the telephone: one TOML file, with command-line flags above it. What reads the file
//! ([`Document`], [`Section`]) reads the desk's as well.
//!
//! Everything here is a value; files are read by [`read_file`] and [`read_password`] only.
//! Passwords and tokens are never part of a settings file: it names a password file instead.

mod file;
mod numbering;
mod places;
mod recording;
mod section;
mod toml_text;
mod value;
mod words;

pub use places::Places;
pub use recording::RecordingSettings;
pub use section::{ConfigError, Document, Fault, Section, read_file};
pub use value::{
    AfterFailedTransfer, AnswerKey, AutoSwitch, Band, CodecName, Expected, HoldMusic, HostPort, Identity,
    LINES, ParkingRange, PortRange, RingStyle, Setting, Theme, ToneCountry, TransferMode, URL, is_desk_url,
    lines,
};
pub use words::io_words;

use crate::domain::number::NumberingPlan;
use crate::secrets::Secret;
use crate::text::Language;
use crate::transmit::Transport;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What a file, or the command line, sets; the rest is `None` and left to the other, or to the
/// default named beside each field.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Settings {
    /// The environment's language.
    pub lang: Option<Language>,

    /// User part of the address of record; needed.
    pub user: Option<String>,
    /// `user`.
    pub auth_user: Option<String>,
    /// The server's host.
    pub domain: Option<String>,
    /// Any realm is answered.
    pub realm: Option<String>,
    pub display: Option<String>,
    /// Environment variable PATCHCORD_PASSWORD.
    pub password_file: Option<PathBuf>,
    /// Asked-for registration time; 300 s.
    pub expires: Option<Duration>,

    /// Needed.
    pub server: Option<HostPort>,
    /// Where requests go instead of to the server, with a loose Route.
    pub proxy: Option<HostPort>,
    /// UDP.
    pub transport: Option<Transport>,
    /// The address that the system routes towards the PBX, any port.
    pub local: Option<SocketAddr>,
    /// Any ports.
    pub rtp_ports: Option<PortRange>,
    pub after_failed_transfer: Option<AfterFailedTransfer>,
    /// The PBX.
    pub hold_music: Option<HoldMusic>,
    /// As the PBX wants it.
    pub session_timer: Option<Duration>,
    /// No.
    pub follow_redirects: Option<bool>,
    /// Who plays back what it hears, for a test call; 600.
    pub echo: Option<String>,
    /// Yes.
    pub watch: Option<bool>,
    /// Code by which a colleague's ringing call is had, with `{extension}` in it; none.
    pub pickup: Option<String>,
    /// Where clients are sent to be parked; none.
    pub park: Option<String>,
    /// Where they wait then; none are watched.
    pub parking_places: Option<ParkingRange>,
    /// Code; none.
    pub queue_log_in: Option<String>,
    /// The same.
    pub queue_log_out: Option<String>,
    /// The same, with `{reason}` where the PBX wants one.
    pub queue_pause: Option<String>,
    /// The same.
    pub queue_resume: Option<String>,
    /// Extension whose line state tells what the queue makes of us, with `{extension}` for our own; none.
    pub queue_state: Option<String>,

    /// 2.
    pub lines: Option<u8>,
    /// No.
    pub click_to_transfer: Option<bool>,
    /// With return.
    pub transfer: Option<TransferMode>,
    /// opus, G722, PCMA, PCMU.
    pub codecs: Option<Vec<CodecName>>,
    /// Put before those after a call on a bad network; none.
    pub codecs_poor_network: Option<Vec<CodecName>>,
    /// Kilobits a second; 32.
    pub opus_rate: Option<u32>,
    /// Full.
    pub opus_band: Option<Band>,
    /// No.
    pub opus_dtx: Option<bool>,
    /// P-Asserted-Identity, Remote-Party-ID, From.
    pub identity: Option<Vec<Identity>>,
    /// None are stripped.
    pub name_prefixes: Option<Vec<String>>,
    /// No.
    pub look_up_withheld: Option<bool>,
    /// No.
    pub auto_answer: Option<bool>,
    /// Yes.
    pub client_in_name: Option<bool>,
    /// A minute; none where it is zero.
    pub hold_reminder: Option<Duration>,

    /// Id of the device, or a part of its name; "default" and `None`: the system's default.
    pub microphone: Option<String>,
    /// The same.
    pub earpiece: Option<String>,
    /// The same.
    pub ringer: Option<String>,
    /// Yes, where devices are used.
    pub headset_buttons: Option<bool>,
    /// That of `numbering`.
    pub tones: Option<ToneCountry>,
    /// A bell.
    pub ring: Option<RingStyle>,
    /// Automatic.
    pub cancel_echo: Option<AutoSwitch>,
    /// Automatic.
    pub suppress_noise: Option<AutoSwitch>,
    /// How much louder or quieter than it comes a device is, in decibels, by its id; 0 for all others.
    pub gain: BTreeMap<String, i8>,

    /// Nothing is recorded. Only the file says it.
    pub recording: Option<RecordingSettings>,

    /// How numbers are written and dialled here; Russia's way. Only the file says it.
    pub numbering: NumberingPlan,

    /// No desk.
    pub desk: Option<String>,
    /// PEM file of an authority to trust for the desk besides the system's; none.
    pub ca: Option<PathBuf>,
    /// Who works here, for the register; `user`.
    pub operator: Option<String>,

    /// As the desktop has it.
    pub theme: Option<Theme>,
    /// Size of everything in the window, percent; 100.
    pub zoom: Option<u16>,
    /// How long the operator has after a call before the next one rings; 15 s, zero for none.
    pub wrap_up: Option<Duration>,
    /// None.
    pub answer_key: Option<AnswerKey>,
    /// As the desktop has it.
    pub reduce_motion: Option<bool>,
}

impl Settings {
    /// Reads and checks a settings file.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        read_file(path, Self::parse)
    }

    /// `path` is only named in errors.
    pub fn parse(source: &str, path: &Path) -> Result<Self, ConfigError> {
        file::parse(source, path)
    }

    /// Whether they name an account at a PBX.
    pub fn is_complete(&self) -> bool {
        self.server.is_some() && self.user.is_some()
    }

    /// As a settings file; what it leaves out is what these settings leave out.
    pub fn to_toml(&self) -> String {
        toml_text::write(self)
    }

    /// These settings, and where they say nothing, `below`'s.
    pub fn over(self, below: Self) -> Self {
        Self {
            lang: self.lang.or(below.lang),
            user: self.user.or(below.user),
            auth_user: self.auth_user.or(below.auth_user),
            domain: self.domain.or(below.domain),
            realm: self.realm.or(below.realm),
            display: self.display.or(below.display),
            password_file: self.password_file.or(below.password_file),
            expires: self.expires.or(below.expires),
            server: self.server.or(below.server),
            proxy: self.proxy.or(below.proxy),
            transport: self.transport.or(below.transport),
            local: self.local.or(below.local),
            rtp_ports: self.rtp_ports.or(below.rtp_ports),
            after_failed_transfer: self.after_failed_transfer.or(below.after_failed_transfer),
            hold_music: self.hold_music.or(below.hold_music),
            session_timer: self.session_timer.or(below.session_timer),
            follow_redirects: self.follow_redirects.or(below.follow_redirects),
            echo: self.echo.or(below.echo),
            watch: self.watch.or(below.watch),
            pickup: self.pickup.or(below.pickup),
            park: self.park.or(below.park),
            parking_places: self.parking_places.or(below.parking_places),
            queue_log_in: self.queue_log_in.or(below.queue_log_in),
            queue_log_out: self.queue_log_out.or(below.queue_log_out),
            queue_pause: self.queue_pause.or(below.queue_pause),
            queue_resume: self.queue_resume.or(below.queue_resume),
            queue_state: self.queue_state.or(below.queue_state),
            lines: self.lines.or(below.lines),
            click_to_transfer: self.click_to_transfer.or(below.click_to_transfer),
            transfer: self.transfer.or(below.transfer),
            codecs: self.codecs.or(below.codecs),
            codecs_poor_network: self.codecs_poor_network.or(below.codecs_poor_network),
            opus_rate: self.opus_rate.or(below.opus_rate),
            opus_band: self.opus_band.or(below.opus_band),
            opus_dtx: self.opus_dtx.or(below.opus_dtx),
            identity: self.identity.or(below.identity),
            name_prefixes: self.name_prefixes.or(below.name_prefixes),
            look_up_withheld: self.look_up_withheld.or(below.look_up_withheld),
            auto_answer: self.auto_answer.or(below.auto_answer),
            client_in_name: self.client_in_name.or(below.client_in_name),
            hold_reminder: self.hold_reminder.or(below.hold_reminder),
            microphone: self.microphone.or(below.microphone),
            earpiece: self.earpiece.or(below.earpiece),
            ringer: self.ringer.or(below.ringer),
            headset_buttons: self.headset_buttons.or(below.headset_buttons),
            tones: self.tones.or(below.tones),
            ring: self.ring.or(below.ring),
            cancel_echo: self.cancel_echo.or(below.cancel_echo),
            suppress_noise: self.suppress_noise.or(below.suppress_noise),
            gain: below.gain.into_iter().chain(self.gain).collect(),
            recording: self.recording.or(below.recording),
            numbering: below.numbering,
            desk: self.desk.or(below.desk),
            ca: self.ca.or(below.ca),
            operator: self.operator.or(below.operator),
            theme: self.theme.or(below.theme),
            zoom: self.zoom.or(below.zoom),
            wrap_up: self.wrap_up.or(below.wrap_up),
            answer_key: self.answer_key.or(below.answer_key),
            reduce_motion: self.reduce_motion.or(below.reduce_motion),
        }
    }
}

/// A file that sets up a whole telephone: its settings, and in section `[secrets]` what they leave out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Provision {
    pub settings: Settings,
    pub password: Option<Secret>,
    pub desk_token: Option<Secret>,
    pub recording_key: Option<Secret>,
}

impl Provision {
    /// `path` is only named in errors.
    pub fn parse(source: &str, path: &Path) -> Result<Self, ConfigError> {
        file::parse_provision(source, path)
    }
}

/// Why a password file gives no password.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PasswordFault {
    Unreadable(std::io::ErrorKind),
    /// Others than its owner may read it; its mode is given.
    Exposed(u32),
    Empty,
}

/// The first line of a file that only its owner may read.
pub fn read_password(path: &Path) -> Result<Secret, PasswordFault> {
    let unreadable = |error: std::io::Error| PasswordFault::Unreadable(error.kind());
    if let Some(mode) = exposed_mode(path).map_err(unreadable)? {
        return Err(PasswordFault::Exposed(mode));
    }
    let text = zeroize::Zeroizing::new(std::fs::read_to_string(path).map_err(unreadable)?);
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(Secret::new(line)),
        _ => Err(PasswordFault::Empty),
    }
}

/// The mode of a regular file that others may read. Pipes (`<(pass show pbx)`) are let through.
#[cfg(unix)]
fn exposed_mode(path: &Path) -> std::io::Result<Option<u32>> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = std::fs::metadata(path)?;
    let mode = metadata.permissions().mode() & 0o777;
    Ok((metadata.is_file() && mode & 0o077 != 0).then_some(mode))
}

#[cfg(not(unix))]
fn exposed_mode(_path: &Path) -> std::io::Result<Option<u32>> {
    Ok(None)
}

#[cfg(test)]
mod tests;
