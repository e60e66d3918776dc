//! What went wrong, as sentences on stderr: whose fault it is and what to do next.

use super::verdict::{Exit, Trouble};
use super::words;
use crate::audio::{NoServer, RecordFault, SoundFault, WavFault};
use crate::config::io_words;
use crate::desk::DeskProblem;
use crate::shell::{DeskTrouble, StartFault};
use crate::text::{Catalogue, say};
use std::io::ErrorKind;
use std::path::Path;

/// `pbx`: where it was looked for, as the settings or flags say.
pub fn trouble(cat: &Catalogue, trouble: &Trouble, pbx: &str) -> String {
    match trouble {
        Trouble::RegistrationRefused { status, reason } => say!(
            cat,
            "The PBX refused the registration: {status} {reason}. Ask its admin whether the account may register.",
            status = status,
            reason = reason
        ),
        Trouble::Credentials { status } => say!(
            cat,
            "The PBX does not accept user or password ({status}). Check --user, --auth-user and the password.",
            status = status
        ),
        Trouble::Silence => say!(
            cat,
            "{pbx} does not answer. Check --server, the network, and firewalls between here and there.",
            pbx = pbx
        ),
        Trouble::Unreachable => say!(
            cat,
            "Nothing listens at {pbx}. Check --server and its port, and whether the PBX runs.",
            pbx = pbx
        ),
        Trouble::StillRegistered => say!(
            cat,
            "The PBX did not confirm that the telephone is gone; until the registration expires it may send calls here."
        ),
        Trouble::NobodyCalled => say!(cat, "Nobody called in the time given by --timeout."),
        Trouble::CallerGaveUp => say!(cat, "The caller gave up before the call was answered."),
        Trouble::NobodyAnswered => say!(cat, "Nobody answered in the time given by --timeout."),
        Trouble::TheyAreBusy => say!(cat, "The number is busy."),
        Trouble::CallRefused(status) => say!(
            cat,
            "The call was refused ({status}). The number may be wrong or not reachable now.",
            status = or_dash(*status)
        ),
        Trouble::CallBroken(status) => say!(
            cat,
            "The network broke the call ({status}). Check the way to the PBX.",
            status = or_dash(*status)
        ),
        Trouble::HoldRefused(status) => say!(
            cat,
            "The other side refused hold or resume ({status}); the call went on as before.",
            status = status
        ),
        Trouble::TooManyDigits => say!(cat, "Too many digits still wait to be sent; these were not."),
        Trouble::TooManyWatched => say!(cat, "The lines of 500 extensions can be watched, not of more."),
        Trouble::NoDigits => {
            say!(cat, "The other side takes digits neither in its audio nor by INFO; none were sent.")
        }
        Trouble::DigitsRefused(status) => say!(
            cat,
            "The other side refused a digit ({status}); it and the rest were not sent.",
            status = status
        ),
        Trouble::BadTarget => say!(
            cat,
            "The target is neither a number nor an address that can be called. Write for example 200, sip:200@host or '+7 495 123-45-67'."
        ),
        Trouble::Busy => say!(cat, "As many calls stand as may; this one was not placed."),
        Trouble::NoMediaPort => {
            say!(
                cat,
                "No UDP port is free for audio. Widen --rtp-ports, or end other programs that use them."
            )
        }
        Trouble::TransferFailed(status) => {
            say!(cat, "The transfer failed ({status}); the client stayed with us.", status = or_dash(*status))
        }
        Trouble::ClientLost(status) => say!(
            cat,
            "The transfer failed ({status}) and the PBX dropped the client. Call the client back.",
            status = or_dash(*status)
        ),
        Trouble::ClientUnknown => say!(
            cat,
            "The transfer failed, and the PBX did not say what became of the client. Call the client back if need be."
        ),
        Trouble::NoAudio(cause) => say!(
            cat,
            "The call stood, but {cause} Check firewalls and the RTP addresses between here and the PBX.",
            cause = cat.get(cause.words())
        ),
        Trouble::Desk(why) => {
            say!(cat, "The order desk was of no help: {why}", why = words::unavailable(cat, why))
        }
        Trouble::Register(trouble) => register(cat, trouble),
        Trouble::RecordsUnsent(count) => {
            say!(cat, "Call register entries that the desk has not taken: {count}.", count = count)
        }
        Trouble::Sound(fault) => sound(cat, fault),
        Trouble::Recording(fault) => fault.say(cat).to_owned(),
        Trouble::MediaFailed => our_fault(cat),
    }
}

fn register(cat: &Catalogue, trouble: &DeskTrouble) -> String {
    match trouble {
        DeskTrouble::Waiting(why) => say!(
            cat,
            "The call register could not be written: {why} The entry is kept and sent again.",
            why = words::unavailable(cat, why)
        ),
        DeskTrouble::Refused { status } => say!(
            cat,
            "The desk refused an entry of the call register ({status}). It is kept; tell the desk's admin.",
            status = status
        ),
        DeskTrouble::NoDisk => say!(
            cat,
            "Entries of the call register cannot be kept on this computer's disk. Check its space and the permissions of ~/.local/state/patchcord."
        ),
        DeskTrouble::OtherToken => say!(
            cat,
            "Entries of the call register from an earlier run wait for the token they were written under."
        ),
    }
}

pub fn our_fault(cat: &Catalogue) -> String {
    say!(cat, "Patchcord itself failed. Please report this with what -vvv prints.")
}

/// Why it did not even start; with the code.
pub fn start(cat: &Catalogue, fault: &StartFault) -> (Exit, String) {
    match fault {
        StartFault::NoServer => (
            Exit::Usage,
            say!(cat, "Which PBX? Give --server HOST, or server in section [pbx] of the settings file."),
        ),
        StartFault::NoUser => (
            Exit::Usage,
            say!(cat, "Which account? Give --user NAME, or user in section [account] of the settings file."),
        ),
        StartFault::NoTlsYet => (Exit::Usage, say!(cat, "Transport tls is not there yet. Use udp or tcp.")),
        StartFault::NameUnknown { host } => (
            Exit::NobodyThere,
            say!(
                cat,
                "There is no host named {host}. Check the spelling of --server and --proxy.",
                host = host
            ),
        ),
        StartFault::NoNameServer { host } => (
            Exit::NobodyThere,
            say!(
                cat,
                "No name server answered when asked for {host}. Check the network, or give an address.",
                host = host
            ),
        ),
        StartFault::NoRoute { server } => (
            Exit::NobodyThere,
            say!(cat, "No network leads to {server}. Check the network connection.", server = server),
        ),
        StartFault::Bind { local, kind } => (
            Exit::Usage,
            match kind {
                ErrorKind::AddrInUse => {
                    say!(
                        cat,
                        "Another program uses {local}. Give another port in --local, or 0 for any.",
                        local = local
                    )
                }
                _ => say!(cat, "{local} is no address of this computer. Check --local.", local = local),
            },
        ),
        StartFault::BadDesk(problem) => (Exit::Usage, desk(cat, problem)),
        StartFault::NoEntropy | StartFault::NoDevices(_) => (Exit::OurFault, our_fault(cat)),
    }
}

fn desk(cat: &Catalogue, problem: &DeskProblem) -> String {
    match problem {
        DeskProblem::BadUrl | DeskProblem::BadToken => {
            say!(cat, "The desk's address or token cannot be used. Check --desk and PATCHCORD_DESK_TOKEN.")
        }
        DeskProblem::CaUnreadable(file, error) => say!(
            cat,
            "The authority's file {file} cannot be read: {why}. Check --ca and the file's permissions.",
            file = file.display(),
            why = io_words(cat, error.kind())
        ),
        DeskProblem::CaInvalid(file) => say!(
            cat,
            "{file} holds no certificate of an authority. Give --ca a PEM file: it has a line “BEGIN CERTIFICATE”.",
            file = file.display()
        ),
    }
}

/// Why no devices can be listed.
pub fn no_server(cat: &Catalogue, why: &NoServer) -> (Exit, String) {
    match why {
        NoServer::NotBuilt => {
            (Exit::Usage, say!(cat, "This program was built without sound devices. Use --audio null."))
        }
        NoServer::Absent => (
            Exit::NobodyThere,
            say!(
                cat,
                "No sound server runs, and there is no sound card. Start PulseAudio or PipeWire, or set PULSE_SERVER to its socket."
            ),
        ),
        NoServer::NoLibrary => (
            Exit::NobodyThere,
            say!(
                cat,
                "No sound server runs, and ALSA’s library libasound.so.2 is not installed. Start PulseAudio or PipeWire, or install it (Debian: libasound2)."
            ),
        ),
        NoServer::Hangs => {
            (Exit::NobodyThere, say!(cat, "The sound server does not answer. Start it again."))
        }
        NoServer::Forbidden => (
            Exit::NobodyThere,
            say!(
                cat,
                "The system does not let this program use sound devices. Allow it in the system's settings, or check PULSE_COOKIE."
            ),
        ),
        NoServer::Busy => {
            (Exit::NobodyThere, say!(cat, "Another program holds the sound devices. Close it."))
        }
        NoServer::Refuses(reason) => (
            Exit::NobodyThere,
            say!(
                cat,
                "The sound server refuses: {reason}. Check PULSE_COOKIE, or start it again.",
                reason = reason
            ),
        ),
    }
}

/// What a call went on without.
pub fn sound(cat: &Catalogue, fault: &SoundFault) -> String {
    match fault {
        SoundFault::Record(fault) => record_fault(cat, fault),
        SoundFault::Voice => our_fault(cat),
    }
}

pub fn wav_fault(cat: &Catalogue, path: &Path, fault: &WavFault) -> String {
    let file = path.display();
    match fault {
        WavFault::CannotRead(kind) => say!(
            cat,
            "{file} cannot be played: {why}. Check --play.",
            file = file,
            why = io_words(cat, *kind)
        ),
        WavFault::NotWav => say!(cat, "{file} is no WAV file. Give one to --play.", file = file),
        WavFault::UnsupportedCoding => {
            say!(cat, "{file} is coded otherwise than PCM. Convert it to 16-bit PCM.", file = file)
        }
        WavFault::UnsupportedChannels(count) => {
            say!(cat, "{file} has {count} channels. Convert it to one or two.", file = file, count = count)
        }
        WavFault::UnsupportedRate(rate) => say!(
            cat,
            "{file} has {rate} samples per second. Convert it to 8000, 16000, 44100 or 48000.",
            file = file,
            rate = rate
        ),
        WavFault::Empty => say!(cat, "{file} holds no sound.", file = file),
        WavFault::TooLong => say!(cat, "{file} is longer than an hour. Cut it.", file = file),
    }
}

pub fn record_fault(cat: &Catalogue, fault: &RecordFault) -> String {
    match fault {
        RecordFault::CannotCreate { file, kind } => say!(
            cat,
            "The recording {file} cannot be made: {why}. Check --record and the folder's permissions.",
            file = file.display(),
            why = io_words(cat, *kind)
        ),
        RecordFault::CannotWrite(kind) => {
            say!(cat, "The recording broke off: {why}. The call went on.", why = io_words(cat, *kind))
        }
    }
}

fn or_dash(status: Option<u16>) -> String {
    status.map_or_else(|| "–".to_owned(), |status| status.to_string())
}
