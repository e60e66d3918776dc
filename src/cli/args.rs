//! What may stand on the command line. `--help` is the reference; docs/design.md the contract.

use crate::config::{CodecName, HostPort, PortRange, Setting, Settings, is_desk_url};
use crate::text::{Language, msg};
use crate::transmit::Transport;
use clap::{Args, Parser, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// The desktop telephone of sales operators, from the terminal
#[derive(Parser, Debug)]
#[command(
    name = "patchcord",
    version,
    disable_help_subcommand = true,
    args_override_self = true,
    after_help = "\
The password is read from --password-file or the environment variable PATCHCORD_PASSWORD, the desk's \
token from PATCHCORD_DESK_TOKEN. Targets: 200, sip:200@host, '+7 495 123-45-67'.

Exit codes: 0 done as asked; 2 usage or configuration; 3 registration refused; 4 nobody there; \
5 call refused or not answered; 6 transfer failed, client kept; 7 call stood but no audio came; \
8 desk refused or unreachable; 9 transfer failed, client lost or unknown; 70 our fault; 130 interrupted."
)]
pub struct Arguments {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Account and PBX")]
pub struct Common {
    /// Settings file [default: patchcord/patchcord.toml in the configuration folder, if there]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The PBX
    #[arg(long, global = true, value_name = "HOST[:PORT]", value_parser = setting::<HostPort>)]
    pub server: Option<HostPort>,
    /// udp; tcp and tls will follow
    #[arg(long, global = true, value_name = "NAME", value_parser = setting::<Transport>)]
    pub transport: Option<Transport>,
    /// The account's user, usually an extension
    #[arg(long, global = true, value_name = "NAME", value_parser = setting::<String>)]
    pub user: Option<String>,
    /// File with the password in its first line, readable by its owner alone
    #[arg(long, global = true, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// Who authenticates, if not --user
    #[arg(long, global = true, value_name = "NAME", value_parser = setting::<String>)]
    pub auth_user: Option<String>,
    /// The account's domain, if not the PBX's host
    #[arg(long, global = true, value_name = "NAME", value_parser = setting::<String>)]
    pub domain: Option<String>,
    /// Send every request through this host
    #[arg(long, global = true, value_name = "HOST[:PORT]", value_parser = setting::<HostPort>)]
    pub proxy: Option<HostPort>,
    /// Own SIP address, port 0 for any [default: as the system routes towards the PBX]
    #[arg(long, global = true, value_name = "ADDR:PORT", value_parser = setting::<SocketAddr>)]
    pub local: Option<SocketAddr>,
    /// UDP ports for audio [default: any]
    #[arg(long, global = true, value_name = "A-B", value_parser = setting::<PortRange>)]
    pub rtp_ports: Option<PortRange>,
    /// In order of preference [default: PCMA,PCMU]
    #[arg(long, global = true, value_name = "LIST", value_delimiter = ',', value_parser = setting::<CodecName>)]
    pub codecs: Option<Vec<CodecName>>,
    /// Sound device: null, the only one so far
    #[arg(long, global = true, value_name = "NAME")]
    pub audio: Option<String>,
    /// The order desk; a look-up or register entry that it does not take then ends in exit code 8
    #[arg(long, global = true, value_name = "URL", value_parser = desk_url)]
    pub desk: Option<String>,
    /// PEM file of the company's own authority, trusted for the desk besides the system's
    #[arg(long, global = true, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// en, ko or ru [default: the environment's]
    #[arg(long, global = true, value_name = "CODE", value_parser = setting::<Language>)]
    pub lang: Option<Language>,
    /// One JSON object per line on stdout, and nothing else (docs/events.schema.json)
    #[arg(long, global = true)]
    pub json: bool,
    /// Figures every 5 s, and diagnostics on stderr; -vv, -vvv for more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

#[derive(Subcommand, Clone, Debug)]
pub enum Command {
    /// Register, say what the PBX granted, unregister
    Register {
        /// Stay registered so long
        #[arg(long, value_name = "S", value_parser = seconds)]
        seconds: Option<Duration>,
    },
    /// Send OPTIONS, print status and round trip
    Options {
        #[arg(value_parser = setting::<String>)]
        target: String,
    },
    /// Place one call
    Call {
        #[arg(value_parser = setting::<String>)]
        target: String,
        /// Give up when nobody has answered after so long
        #[arg(long, value_name = "S", value_parser = seconds, default_value = "60")]
        timeout: Duration,
        #[command(flatten)]
        options: CallOptions,
    },
    /// Register, wait for calls, answer them
    Answer {
        /// End after so many calls
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
        calls: u32,
        /// Let it ring so long first
        #[arg(long, value_name = "S", value_parser = seconds, default_value = "0")]
        after: Duration,
        /// Wait so long for each call, then end with exit code 4 [default: for ever]
        #[arg(long, value_name = "S", value_parser = seconds)]
        timeout: Option<Duration>,
        /// Refuse calls with this status, 400 to 699, instead of answering
        #[arg(long, value_name = "CODE", value_parser = clap::value_parser!(u16).range(400..700))]
        reject: Option<u16>,
        #[command(flatten)]
        options: CallOptions,
    },
}

/// What happens in a call. All S count from the moment it is answered.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "In the call (S: seconds after it was answered)")]
pub struct CallOptions {
    /// Say this WAV file, then silence
    #[arg(long, value_name = "WAV")]
    pub play: Option<PathBuf>,
    /// Record in stereo: left received, right sent; never over another file: -2, -3 … in the name then
    #[arg(long, value_name = "WAV")]
    pub record: Option<PathBuf>,
    /// Hang up
    #[arg(long, value_name = "S", value_parser = seconds)]
    pub seconds: Option<Duration>,
    /// Send these digits (RFC 4733) at once
    #[arg(long, value_parser = digits)]
    pub dtmf: Option<String>,
    /// Put the other side on hold
    #[arg(long, value_name = "S", value_parser = seconds)]
    pub hold_at: Option<Duration>,
    /// Take it off hold
    #[arg(long, value_name = "S", value_parser = seconds, requires = "hold_at")]
    pub resume_at: Option<Duration>,
    /// Transfer to the first of these targets; to the next one when the PBX refuses and the client is kept
    #[arg(long, value_name = "T[,T…]", value_delimiter = ',', value_parser = setting::<String>)]
    pub transfer: Option<Vec<String>>,
    #[arg(long, value_name = "S", value_parser = seconds, requires = "transfer")]
    pub transfer_at: Option<Duration>,
    /// blind: the PBX takes the client; whether the target answers stays unknown. Must be given with --transfer
    #[arg(long, value_name = "MODE", requires = "transfer")]
    pub transfer_mode: Option<String>,
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
            codecs: self.codecs.clone(),
            desk: self.desk.clone(),
            ca: self.ca.clone(),
            ..Settings::default()
        }
    }
}

/// Carries what was expected, as a message to be said in the user's language, through clap.
#[derive(Debug)]
pub struct Unfit(pub crate::config::Expected);

impl std::fmt::Display for Unfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.what)
    }
}

impl std::error::Error for Unfit {}

fn setting<T: Setting>(text: &str) -> Result<T, Unfit> {
    T::parse(text).ok_or(Unfit(T::EXPECTED))
}

fn seconds(text: &str) -> Result<Duration, Unfit> {
    const EXPECTED: crate::config::Expected =
        crate::config::Expected { what: msg!("seconds, with a fraction if need be"), example: "2.5" };
    let seconds = text.parse::<f64>().ok().filter(|seconds| (0.0..=1_000_000.0).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or(Unfit(EXPECTED))
}

fn digits(text: &str) -> Result<String, Unfit> {
    const EXPECTED: crate::config::Expected =
        crate::config::Expected { what: msg!("digits 0 to 9, *, #, A to D"), example: "1234#" };
    let fits = !text.is_empty() && text.chars().all(crate::media::is_digit);
    fits.then(|| text.to_ascii_uppercase()).ok_or(Unfit(EXPECTED))
}

fn desk_url(text: &str) -> Result<String, Unfit> {
    const EXPECTED: crate::config::Expected = crate::config::Expected {
        what: msg!("an address that starts with http:// or https://"),
        example: "https://desk.example.com",
    };
    is_desk_url(text).then(|| text.to_owned()).ok_or(Unfit(EXPECTED))
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
    fn common_flags_may_stand_on_either_side_of_the_command() {
        for line in ["patchcord --json --user 101 register", "patchcord register --json --user 101"] {
            let arguments = Arguments::try_parse_from(line.split(' ')).unwrap();
            assert!(arguments.common.json);
            assert_eq!(arguments.common.settings().user.as_deref(), Some("101"));
        }
    }
}
