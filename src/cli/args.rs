//! What may stand on the command line. `--help` is the reference; docs/design.md the contract.

use crate::command_line::{Unfit, fitting, setting};
use crate::config::{
    self, AutoSwitch, CodecName, Expected, HostPort, LINES, PortRange, Settings, URL, is_desk_url,
};
use crate::desk_api::CallRecordId;
use crate::text::{Language, msg};
use crate::transmit::Transport;
use clap::{Args, Parser, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Parser, Debug)]
#[command(
    name = "patchcord",
    version,
    about = msg!("The desktop telephone of sales operators: its window, and the same telephone from the terminal"),
    disable_help_subcommand = true,
    args_override_self = true,
    after_help = msg!("\
The password is read from --password-file, else from the environment variable PATCHCORD_PASSWORD, else from the \
system's key store; the desk's token from PATCHCORD_DESK_TOKEN, and the key of recordings from PATCHCORD_RECORDING_KEY, else from the key \
store.

Exit codes:
  0    done as asked
  2    usage or settings
  3    registration refused
  4    nobody there
  5    call refused or not answered
  6    transfer failed, client kept
  7    call stood but no audio came
  8    desk refused or unreachable
  9    transfer failed, client lost or unknown
  10   a recording is missing, damaged or not whole
  70   our fault
  130  interrupted")
)]
pub struct Arguments {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    command: Option<Command>,
}

impl Arguments {
    /// Without one it is the window.
    pub fn subcommand(&self) -> &Command {
        static WINDOW: Command = Command::Window { hidden: false };
        self.command.as_ref().unwrap_or(&WINDOW)
    }
}

#[derive(Args, Debug)]
#[command(next_help_heading = msg!("Account and PBX"))]
pub struct Common {
    #[arg(help = msg!("Settings file [default: patchcord/patchcord.toml in the configuration folder, if there]"))]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    #[arg(help = msg!("The PBX"))]
    #[arg(long, global = true, value_name = "HOST[:PORT]", value_parser = setting::<HostPort>)]
    pub server: Option<HostPort>,
    #[arg(help = msg!("udp or tcp; tls will follow"))]
    #[arg(long, global = true, value_name = "NAME", value_parser = setting::<Transport>)]
    pub transport: Option<Transport>,
    #[arg(help = msg!("The account's user, usually an extension"))]
    #[arg(long, global = true, value_name = "NAME", value_parser = setting::<String>)]
    pub user: Option<String>,
    #[arg(help = msg!("File with the password in its first line, readable by its owner alone"))]
    #[arg(long, global = true, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    #[arg(help = msg!("Who authenticates, if not --user"))]
    #[arg(long, global = true, value_name = "NAME", value_parser = setting::<String>)]
    pub auth_user: Option<String>,
    #[arg(help = msg!("The account's domain, if not the PBX's host"))]
    #[arg(long, global = true, value_name = "NAME", value_parser = setting::<String>)]
    pub domain: Option<String>,
    #[arg(help = msg!("Send every request through this host"))]
    #[arg(long, global = true, value_name = "HOST[:PORT]", value_parser = setting::<HostPort>)]
    pub proxy: Option<HostPort>,
    #[arg(help = msg!("Own SIP address, port 0 for any [default: as the system routes towards the PBX]"))]
    #[arg(long, global = true, value_name = "ADDR:PORT", value_parser = setting::<SocketAddr>)]
    pub local: Option<SocketAddr>,
    #[arg(help = msg!("UDP ports for audio [default: any]"))]
    #[arg(long, global = true, value_name = "A-B", value_parser = setting::<PortRange>)]
    pub rtp_ports: Option<PortRange>,
    #[arg(help = msg!("Calls that may stand at a time, 1 to 9; further callers hear busy [default: 2]"))]
    #[arg(long, global = true, value_name = "N", value_parser = lines)]
    pub lines: Option<u8>,
    #[arg(help = msg!("In order of preference [default: opus,G722,PCMA,PCMU]"))]
    #[arg(long, global = true, value_name = "LIST", value_delimiter = ',', value_parser = setting::<CodecName>)]
    pub codecs: Option<Vec<CodecName>>,
    #[arg(help = msg!("Sound devices, and with them the buttons of headsets: null for none, devices for those of the settings, or part of a device's name [default: null]"))]
    #[arg(long, global = true, value_name = "NAME", value_parser = setting::<String>)]
    pub audio: Option<String>,
    #[arg(help = msg!("Take out of the microphone what the earpiece plays: auto, on or off [default: auto, where there is an echo]"))]
    #[arg(long, global = true, value_name = "SWITCH", value_parser = setting::<AutoSwitch>)]
    pub cancel_echo: Option<AutoSwitch>,
    #[arg(help = msg!("Take noise out of the microphone: auto, on or off [default: auto, where there is noise]"))]
    #[arg(long, global = true, value_name = "SWITCH", value_parser = setting::<AutoSwitch>)]
    pub suppress_noise: Option<AutoSwitch>,
    #[arg(help = msg!("The order desk; a look-up or register entry that it does not take then ends in exit code 8"))]
    #[arg(long, global = true, value_name = "URL", value_parser = desk_url)]
    pub desk: Option<String>,
    #[arg(help = msg!("PEM file of the company's own authority, trusted for the desk besides the system's"))]
    #[arg(long, global = true, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    #[arg(help = msg!("en, ko or ru [default: the environment's]"))]
    #[arg(long, global = true, value_name = "CODE", value_parser = setting::<Language>)]
    pub lang: Option<Language>,
    #[arg(help = msg!("One JSON object per line on stdout, and nothing else (docs/events.schema.json)"))]
    #[arg(long, global = true)]
    pub json: bool,
    #[arg(help = msg!("Figures every 5 s, and diagnostics on stderr; -vv, -vvv for more"))]
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

#[derive(Subcommand, Clone, Debug)]
pub enum Command {
    #[command(about = msg!("The operator's window; the same as without a command"))]
    Window {
        #[arg(help = msg!("Begin in the tray, out of sight, as at log-in"))]
        #[arg(long)]
        hidden: bool,
    },
    #[command(about = msg!("Register, say what the PBX granted, unregister"))]
    Register {
        #[arg(help = msg!("Stay registered so long"))]
        #[arg(long, value_name = "S", value_parser = seconds)]
        seconds: Option<Duration>,
    },
    #[command(about = msg!("Send OPTIONS, print status and round trip"))]
    Options {
        #[arg(help = msg!("200, sip:200@host or '+7 495 123-45-67'"))]
        #[arg(value_parser = setting::<String>)]
        target: String,
    },
    #[command(about = msg!("List microphones and earpieces"))]
    Devices,
    #[command(about = msg!("Place one call"))]
    Call {
        #[arg(help = msg!("200, sip:200@host or '+7 495 123-45-67'"))]
        #[arg(value_parser = setting::<String>)]
        target: String,
        #[arg(help = msg!("Give up when nobody has answered after so long"))]
        #[arg(long, value_name = "S", value_parser = seconds, default_value = "60")]
        timeout: Duration,
        #[command(flatten)]
        options: CallOptions,
    },
    #[command(about = msg!("Register, wait for calls, answer them"))]
    Answer {
        #[arg(help = msg!("End after so many calls"))]
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = calls)]
        calls: u32,
        #[arg(help = msg!("Let it ring so long first"))]
        #[arg(long, value_name = "S", value_parser = seconds, default_value = "0")]
        after: Duration,
        #[arg(help = msg!("Wait so long for each call, then end with exit code 4 [default: for ever]"))]
        #[arg(long, value_name = "S", value_parser = seconds)]
        timeout: Option<Duration>,
        #[arg(help = msg!("Refuse calls with this status, 400 to 699, instead of answering"))]
        #[arg(long, value_name = "CODE", value_parser = refusal)]
        reject: Option<u16>,
        #[arg(help = msg!("So long after a second caller was answered, go back to the first, who waits"))]
        #[arg(long, value_name = "S", value_parser = seconds)]
        swap_at: Option<Duration>,
        #[command(flatten)]
        options: CallOptions,
    },
    #[command(about = msg!("Say who is free, rings or talks, as it changes, and which voice messages wait"))]
    Watch {
        #[arg(help = msg!("Extensions of colleagues"))]
        #[arg(required = true, value_name = "EXT", value_parser = setting::<String>)]
        extensions: Vec<String>,
        #[arg(help = msg!("End after so long [default: never]"))]
        #[arg(long, value_name = "S", value_parser = seconds)]
        seconds: Option<Duration>,
    },
    #[command(about = msg!("Have the window that runs call this number"))]
    Dial {
        #[arg(help = msg!("A number, or a link: tel:, sip: or callto:"))]
        #[arg(value_parser = setting::<String>)]
        target: String,
    },
    #[command(about = msg!("What this telephone has recorded, where the settings allow it"))]
    Recordings {
        #[command(subcommand)]
        what: RecordingsCommand,
    },
    #[command(about = msg!("Set up this telephone from one file or link; its secrets go to the key store"))]
    Provision {
        #[arg(help = msg!("Settings with a section [secrets]: a file, or a link that begins with https://"))]
        #[arg(value_name = "FILE|URL", value_parser = setting::<String>)]
        from: String,
    },
    #[command(about = msg!("Practise: a PBX of simulated people, an order desk with sample clients, and this telephone"))]
    Demo(DemoOptions),
}

#[derive(Subcommand, Clone, Debug)]
pub enum RecordingsCommand {
    #[command(about = msg!("List them, the earliest call first, and whether they are whole"))]
    List,
    #[command(about = msg!("Write one into a file that any player knows (Ogg Opus); it is not sealed any more"))]
    Export {
        #[arg(help = msg!("The id of the call's register entry"))]
        #[arg(value_parser = recording_id)]
        id: CallRecordId,
        #[arg(help = msg!("A new file; nothing is written over another one"))]
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    #[command(about = msg!("Delete one for ever"))]
    Delete {
        #[arg(help = msg!("The id of the call's register entry"))]
        #[arg(value_parser = recording_id)]
        id: CallRecordId,
    },
}

/// What is played, with nothing of one's own PBX or desk.
#[derive(Args, Clone, Debug)]
pub struct DemoOptions {
    #[arg(help = msg!("Without a window: the telephone works by itself"))]
    #[arg(long)]
    pub headless: bool,
    #[arg(help = msg!("One call: a client rings, is answered, and is passed on by the desk's rules, past a manager who is busy and one who does not answer"))]
    #[arg(long, conflicts_with = "calls")]
    pub once: bool,
    #[arg(help = msg!("End after so many calls [default: never]"))]
    #[arg(long, value_name = "N", value_parser = calls)]
    pub calls: Option<u32>,
    #[arg(help = msg!("Which clients call, and in which order; the same for the same number"))]
    #[arg(long, value_name = "N", value_parser = seed, default_value = "1")]
    pub seed: u64,
    #[arg(help = msg!("So many times as fast as people are, 1 to 100"))]
    #[arg(long, value_name = "N", value_parser = speed, default_value = "1")]
    pub speed: u32,
}

/// In the place of targets.
pub const BY_RULES: &str = "rules";

/// What happens in a call. All S count from the moment it is answered.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = msg!("In the call (S: seconds after it was answered)"))]
pub struct CallOptions {
    #[arg(help = msg!("Say this WAV file, then silence"))]
    #[arg(long, value_name = "WAV")]
    pub play: Option<PathBuf>,
    #[arg(help = msg!("Record in stereo: left received, right sent; never over another file: -2, -3 … in the name then"))]
    #[arg(long, value_name = "WAV")]
    pub record: Option<PathBuf>,
    #[arg(help = msg!("Record the conversation as the settings allow it, from then on; or: the client agrees to it"))]
    #[arg(long, value_name = "S", value_parser = seconds)]
    pub record_from: Option<Duration>,
    #[arg(help = msg!("Pause that recording, as for a card number"))]
    #[arg(long, value_name = "S", value_parser = seconds)]
    pub pause_recording_at: Option<Duration>,
    #[arg(help = msg!("And go on with it"))]
    #[arg(long, value_name = "S", value_parser = seconds, requires = "pause_recording_at")]
    pub resume_recording_at: Option<Duration>,
    #[arg(help = msg!("Hang up"))]
    #[arg(long, value_name = "S", value_parser = seconds)]
    pub seconds: Option<Duration>,
    #[arg(help = msg!("Send these digits at once: in the audio (RFC 4733), else by INFO"))]
    #[arg(long, value_name = "DIGITS", value_parser = digits)]
    pub dtmf: Option<String>,
    #[arg(help = msg!("Put the other side on hold"))]
    #[arg(long, value_name = "S", value_parser = seconds)]
    pub hold_at: Option<Duration>,
    #[arg(help = msg!("Take it off hold"))]
    #[arg(long, value_name = "S", value_parser = seconds, requires = "hold_at")]
    pub resume_at: Option<Duration>,
    #[arg(help = msg!("Call this target too, the other side on hold meanwhile; once it answers, all three are in a conference"))]
    #[arg(long, value_name = "TARGET", value_parser = setting::<String>)]
    pub conference: Option<String>,
    #[arg(help = msg!("When to call it [default: 0]"))]
    #[arg(long, value_name = "S", value_parser = seconds, requires = "conference")]
    pub conference_at: Option<Duration>,
    #[arg(help = msg!("Transfer to the first of these targets; to the next one when that comes to nothing and the client is kept. rules: to those whom the order desk names by the company's rules"))]
    #[arg(long, value_name = "T[,T…]", value_delimiter = ',', value_parser = setting::<String>)]
    pub transfer: Option<Vec<String>>,
    #[arg(help = msg!("When to transfer [default: 0]"))]
    #[arg(long, value_name = "S", value_parser = seconds, requires = "transfer")]
    pub transfer_at: Option<Duration>,
    #[arg(help = msg!("return: the target is called, and joined when somebody answers; else the client is back. blind: the PBX takes the client, and whether the target answers stays unknown [default: return]"))]
    #[arg(long, value_name = "MODE", requires = "transfer")]
    pub transfer_mode: Option<String>,
    #[arg(help = msg!("With return: how long each target may ring [default: 20]"))]
    #[arg(long, value_name = "S", value_parser = seconds, requires = "transfer")]
    pub ring_for: Option<Duration>,
    #[arg(help = msg!("For --transfer rules: what the client calls for, as the desk's settings name it"))]
    #[arg(long, value_name = "ID", requires = "transfer", value_parser = setting::<String>)]
    pub purpose: Option<String>,
    #[arg(help = msg!("For --transfer rules: the department of a client whom nobody knows yet"))]
    #[arg(long, value_name = "ID", requires = "transfer", value_parser = setting::<String>)]
    pub department: Option<String>,
    /// Whom nobody takes is said goodbye to. For `demo`.
    #[arg(skip)]
    pub parts: bool,
}

impl CallOptions {
    pub fn transfers_with_return(&self) -> bool {
        self.transfer_mode.as_deref() != Some("blind")
    }

    /// For a recording that the settings have to allow.
    pub const fn asks_to_record(&self) -> bool {
        self.record_from.is_some() || self.pause_recording_at.is_some()
    }

    pub fn transfers_by_rules(&self) -> bool {
        self.transfer.iter().flatten().any(|target| target == BY_RULES)
    }
}

impl Common {
    /// The flags as settings, to be laid over the file's.
    pub fn settings(&self) -> Settings {
        Settings {
            lang: self.lang,
            user: self.user.clone(),
            auth_user: self.auth_user.clone(),
            domain: self.domain.clone(),
            password_file: self.password_file.clone(),
            server: self.server.clone(),
            proxy: self.proxy.clone(),
            transport: self.transport,
            local: self.local,
            rtp_ports: self.rtp_ports,
            lines: self.lines,
            codecs: self.codecs.clone(),
            cancel_echo: self.cancel_echo,
            suppress_noise: self.suppress_noise,
            desk: self.desk.clone(),
            ca: self.ca.clone(),
            ..Settings::default()
        }
    }
}

fn seconds(text: &str) -> Result<Duration, Unfit> {
    const EXPECTED: Expected = Expected { what: msg!("seconds, with a fraction if need be"), example: "2.5" };
    let seconds = text.parse::<f64>().ok().filter(|seconds| (0.0..=1_000_000.0).contains(seconds));
    fitting(seconds.map(Duration::from_secs_f64), EXPECTED)
}

fn calls(text: &str) -> Result<u32, Unfit> {
    const EXPECTED: Expected = Expected { what: msg!("a number from 1 up"), example: "3" };
    fitting(text.parse().ok().filter(|calls| *calls >= 1), EXPECTED)
}

fn seed(text: &str) -> Result<u64, Unfit> {
    const EXPECTED: Expected = Expected { what: msg!("a whole number"), example: "7" };
    fitting(text.parse().ok(), EXPECTED)
}

fn speed(text: &str) -> Result<u32, Unfit> {
    const EXPECTED: Expected = Expected { what: msg!("a number from 1 to 100"), example: "10" };
    fitting(text.parse().ok().filter(|speed| (1..=100).contains(speed)), EXPECTED)
}

fn lines(text: &str) -> Result<u8, Unfit> {
    fitting(text.parse().ok().and_then(config::lines), LINES)
}

fn refusal(text: &str) -> Result<u16, Unfit> {
    const EXPECTED: Expected = Expected { what: msg!("a status from 400 to 699"), example: "486" };
    fitting(text.parse().ok().filter(|status| (400..700).contains(status)), EXPECTED)
}

fn recording_id(text: &str) -> Result<CallRecordId, Unfit> {
    const EXPECTED: Expected = Expected {
        what: msg!("an id as recordings list tells it"),
        example: "01890a5d-ac96-774b-bcce-b302099a8057",
    };
    let id = uuid::Uuid::parse_str(text).ok().filter(|id| id.get_version_num() == 7);
    fitting(id.map(CallRecordId), EXPECTED)
}

fn digits(text: &str) -> Result<String, Unfit> {
    const EXPECTED: Expected = Expected { what: msg!("digits 0 to 9, *, #, A to D"), example: "1234#" };
    let fits = !text.is_empty() && text.chars().all(crate::media::is_digit);
    fitting(fits.then(|| text.to_ascii_uppercase()), EXPECTED)
}

fn desk_url(text: &str) -> Result<String, Unfit> {
    fitting(is_desk_url(text).then(|| text.to_owned()), URL)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn help_speaks_every_language() {
        crate::command_line::testing::help_is_complete::<Arguments>();
    }

    #[test]
    fn common_flags_may_stand_on_either_side_of_the_command() {
        for line in ["patchcord --json --user 101 register", "patchcord register --json --user 101"] {
            let arguments = Arguments::try_parse_from(line.split(' ')).unwrap();
            assert!(arguments.common.json);
            assert_eq!(arguments.common.settings().user.as_deref(), Some("101"));
        }
    }
}
