//! From settings to a running telephone.

use super::desk_link::{DeskLink, DeskSetup};
use super::headset_desk::HeadsetDesk;
use super::media_thread::Audio;
use super::meter::Meter;
use super::owner::{Network, Owner, VoiceSetup};
use super::recordings::Recordings;
use super::{Command, Handle, Notice, Notices, Process, Remote};
use crate::agent::{Agent, AgentConfig, OfficeCodes, ParkingPlaces, QueueCodes};
use crate::audio::{Devices, Ring, Wishes};
use crate::config::{
    AfterFailedTransfer, Band, CodecName, HoldMusic, HostPort, Identity, RingStyle, Settings,
};
use crate::desk::DeskProblem;
use crate::entropy::{self, NoEntropy};
use crate::media::{CallTones, Codec, EncoderSettings};
use crate::net::{self, NameFault, PortSearch, SipSocket};
use crate::phone::{IdentitySource, LineId, OnFailedTransfer, PbxBehaviour, PhoneConfig};
use crate::secrets::Secret;
use crate::sip::message::Uri;
use crate::sip::{Account, CallPolicy, Password, UserAgentConfig};
use crate::text::Language;
use crate::transmit::Transport;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// Everything a telephone begins with.
pub struct Setup {
    pub settings: Settings,
    pub password: Secret,
    /// Without one there is no desk, whatever the settings say.
    pub desk_token: Option<Secret>,
    /// What recordings are sealed with; without one there are none, whatever the settings say.
    pub recording_key: Option<Secret>,
    /// Where register entries wait for the desk.
    pub state_folder: PathBuf,
    /// Register at once.
    pub register: bool,
    /// What each call plays and where it is kept; asked when its audio starts.
    pub audio: Box<dyn FnMut(LineId) -> Audio>,
    /// The operator's devices, and with them the buttons of headsets; without them, calls have files alone.
    pub devices: Option<Wishes>,
    /// How often figures of the voice are told, besides the end of a call.
    pub figures_every: Option<Duration>,
    /// Take part in the PBX's queue and parking, as who works here; a telephone that only makes a call does not.
    pub office: bool,
    /// Tell how loud the operator speaks and hears.
    pub levels: bool,
}

/// Why the telephone cannot start, and whose fault it is.
#[derive(Debug)]
pub enum StartFault {
    /// Nobody said which PBX.
    NoServer,
    /// Nobody said who we are.
    NoUser,
    /// Not built yet.
    NoTlsYet,
    NameUnknown {
        host: String,
    },
    NoNameServer {
        host: String,
    },
    /// No network leads to the PBX.
    NoRoute {
        server: SocketAddr,
    },
    /// The own address cannot be used.
    Bind {
        local: SocketAddr,
        kind: io::ErrorKind,
    },
    /// The desk's address, token or authority cannot be used.
    BadDesk(DeskProblem),
    NoEntropy,
    /// The devices' thread cannot run.
    NoDevices(io::Error),
}

impl From<NoEntropy> for StartFault {
    fn from(_: NoEntropy) -> Self {
        Self::NoEntropy
    }
}

const SIP_PORT: u16 = 5060;
const EXPIRES: Duration = Duration::from_secs(300);
/// Call waiting, and a colleague to consult while the client waits (duty 11).
const LINES: u8 = 2;
const HOLD_REMINDER: Duration = Duration::from_secs(60);

/// Starts the telephone on the current task's runtime (of one thread), as a local task. The first
/// notice is `Ready`; a REGISTER goes out before anything that can wait.
pub async fn start(process: Process, setup: Setup) -> Result<Handle, StartFault> {
    let (owner, handle, inbox) = assemble(process, setup).await?;
    tokio::task::spawn_local(owner.run(inbox));
    Ok(handle)
}

/// Everything but the running: the owner, what drives it, and what it is to listen to.
pub(super) async fn assemble(
    process: Process,
    setup: Setup,
) -> Result<(Owner, Handle, UnboundedReceiver<Command>), StartFault> {
    let settings = &setup.settings;
    let target = settings.server.clone().ok_or(StartFault::NoServer)?;
    let user = settings.user.clone().ok_or(StartFault::NoUser)?;
    let transport = settings.transport.unwrap_or(Transport::Udp);
    if transport == Transport::Tls {
        return Err(StartFault::NoTlsYet);
    }
    let numbering = settings.numbering.clone();
    let next_hop = settings.proxy.clone().unwrap_or_else(|| target.clone());
    let server = resolve(&next_hop, transport).await?;
    let socket = bind(transport, settings.local, server)?;

    let clock = process.clock;
    let operator = settings.operator.clone().unwrap_or_else(|| user.clone());
    let desk_setup = desk_setup(settings, &setup, &user, &operator)?;
    let codes = if setup.office { office(settings, &user) } else { OfficeCodes::default() };
    let (recordings, recording) =
        Recordings::prepare(settings, &setup.state_folder, setup.recording_key.as_ref());
    let agent = Agent::new(
        clock.now(),
        AgentConfig {
            phone: PhoneConfig {
                sip: UserAgentConfig {
                    account: account(settings, &target, user, &setup.password),
                    transport,
                    server,
                    local: socket.local(),
                    user_agent: concat!("Patchcord/", env!("CARGO_PKG_VERSION")).into(),
                    max_calls: settings.lines.unwrap_or(LINES).into(),
                    calls: call_policy(settings),
                },
                codecs: codecs(settings),
                codecs_poor_network: named(settings.codecs_poor_network.as_deref().unwrap_or_default()),
                opus: opus(settings),
                identity_order: identity(settings),
                name_prefixes: settings.name_prefixes.clone().unwrap_or_default(),
                pbx: pbx_behaviour(settings),
                auto_answer: settings.auto_answer.unwrap_or(false),
                register: setup.register,
            },
            numbering,
            look_up_withheld: settings.look_up_withheld.unwrap_or(false),
            has_desk: desk_setup.is_some(),
            client_in_name: settings.client_in_name.unwrap_or(true),
            operator,
            office: codes,
            recording,
            hold_reminder: Some(settings.hold_reminder.unwrap_or(HOLD_REMINDER)),
        },
        entropy::seed()?,
    );

    let (commands, inbox) = unbounded_channel();
    let (outbox, notices) = unbounded_channel();
    let _ = outbox.send((clock.now(), Notice::Ready { local: socket.local() }));
    let ports = PortSearch::new(settings.rtp_ports.map(|range| (range.first, range.last)));
    let route = Box::new(net::local_towards);
    let network = Network { transport, next_hop, fixed: settings.local, server, socket, ports, route };
    let has_headsets = setup.devices.is_some() && settings.headset_buttons.unwrap_or(true);
    let devices = setup.devices.map(|wishes| Devices::start(clock, wishes)).transpose();
    let devices = devices.map_err(StartFault::NoDevices)?;
    let tones = call_tones(settings);
    let voice = VoiceSetup {
        audio: setup.audio,
        figures_every: setup.figures_every,
        meter: setup.levels.then(Arc::<Meter>::default),
        devices,
        ring: None,
        rings: rings(settings.ring, tones),
        tones,
        language: settings
            .lang
            .unwrap_or_else(|| Language::from_environment(|name| std::env::var(name).ok())),
        recordings,
    };
    let desk = DeskLink::new(clock, desk_setup).map_err(StartFault::BadDesk)?;
    let kept = desk.kept();
    let mut owner = Owner::new(clock, agent, network, desk, voice, setup.register, outbox);
    if has_headsets {
        owner.headset = HeadsetDesk::start(clock);
    }
    Ok((owner, Handle { remote: Remote { commands }, notices: Notices { notices }, kept }, inbox))
}

pub(super) async fn resolve(host: &HostPort, transport: Transport) -> Result<SocketAddr, StartFault> {
    net::resolve(&host.host, host.port.unwrap_or(SIP_PORT), transport).await.map_err(|fault| match fault {
        NameFault::Unknown => StartFault::NameUnknown { host: host.host.clone() },
        NameFault::TimedOut => StartFault::NoNameServer { host: host.host.clone() },
    })
}

/// A fixed port that is taken is a fault; so is an address that is not ours.
pub(super) fn bind(
    transport: Transport,
    fixed: Option<SocketAddr>,
    server: SocketAddr,
) -> Result<SipSocket, StartFault> {
    let routed = || net::local_towards(server).map_err(|_| StartFault::NoRoute { server });
    let local = match fixed {
        Some(fixed) if fixed.ip().is_unspecified() => SocketAddr::new(routed()?, fixed.port()),
        Some(fixed) => fixed,
        None => SocketAddr::new(routed()?, 0),
    };
    SipSocket::bind(transport, local, server).map_err(|error| StartFault::Bind { local, kind: error.kind() })
}

fn desk_setup(
    settings: &Settings,
    setup: &Setup,
    user: &str,
    operator: &str,
) -> Result<Option<DeskSetup>, NoEntropy> {
    let (Some(url), Some(token)) = (settings.desk.clone(), setup.desk_token.clone()) else { return Ok(None) };
    Ok(Some(DeskSetup {
        url,
        token,
        ca_file: settings.ca.clone(),
        outbox_folder: setup.state_folder.clone(),
        user: user.to_owned(),
        operator: operator.to_owned(),
        seed: entropy::seed()?,
    }))
}

fn account(settings: &Settings, target: &HostPort, user: String, password: &Secret) -> Account {
    // Without a domain of its own the account lives at the PBX's address, port included.
    let domain = settings.domain.clone().unwrap_or_else(|| target.to_string());
    let proxy = settings.proxy.as_ref().and_then(|proxy| format!("sip:{proxy};lr").parse::<Uri>().ok());
    Account {
        user,
        domain,
        auth_user: settings.auth_user.clone(),
        password: Password::new(password.expose()),
        realm: settings.realm.clone(),
        // The domain itself (RFC 3261 §10.2); `server` is only where its requests are sent.
        registrar: None,
        outbound_proxy: proxy,
        display: settings.display.clone(),
        expires: settings.expires.unwrap_or(EXPIRES),
    }
}

fn call_policy(settings: &Settings) -> CallPolicy {
    CallPolicy {
        session_expires: settings.session_timer,
        follow_redirects: settings.follow_redirects.unwrap_or(false),
        take_refers: settings.click_to_transfer.unwrap_or(false),
    }
}

fn pbx_behaviour(settings: &Settings) -> PbxBehaviour {
    let asterisk = PbxBehaviour::asterisk();
    PbxBehaviour {
        on_failed_transfer: match settings.after_failed_transfer {
            None | Some(AfterFailedTransfer::Asterisk) => asterisk.on_failed_transfer,
            Some(AfterFailedTransfer::Kept) => OnFailedTransfer::ClientKept,
        },
        holds_in_silence: settings.hold_music == Some(HoldMusic::Own),
        ..asterisk
    }
}

/// Lines are watched for it only where the settings let them be.
fn office(settings: &Settings, user: &str) -> OfficeCodes {
    let watches = settings.watch.unwrap_or(true);
    let places = settings.parking_places.filter(|_| watches);
    let places = places.map(|range| (range.first..=range.last).map(|place| place.to_string()).collect());
    let state = settings.queue_state.as_ref().filter(|_| watches);
    OfficeCodes {
        pick_up: settings.pickup.clone(),
        parking: ParkingPlaces { park: settings.park.clone(), places: places.unwrap_or_default() },
        queue: QueueCodes {
            log_in: settings.queue_log_in.clone(),
            log_out: settings.queue_log_out.clone(),
            pause: settings.queue_pause.clone(),
            resume: settings.queue_resume.clone(),
            state: state.map(|state| state.replace("{extension}", user)),
        },
    }
}

/// Those of the country that the settings name, else of the one whose numbers are written here.
fn call_tones(settings: &Settings) -> &'static CallTones {
    match settings.tones {
        Some(country) => CallTones::of_country(country.letters()),
        None => CallTones::of_calling_code(settings.numbering.country()),
    }
}

/// While no call stands, and while one does.
fn rings(style: Option<RingStyle>, tones: &CallTones) -> (Ring, Ring) {
    match style {
        None | Some(RingStyle::Bell) => (Ring::Bell, Ring::Knock),
        Some(RingStyle::Country) => (Ring::Cadence(tones.ringing), Ring::Cadence(tones.waiting)),
    }
}

fn codecs(settings: &Settings) -> Vec<Codec> {
    let chosen = settings.codecs.clone().filter(|codecs| !codecs.is_empty());
    chosen.map_or_else(|| Codec::ALL.to_vec(), |chosen| named(&chosen))
}

fn named(codecs: &[CodecName]) -> Vec<Codec> {
    let codec = |name: &CodecName| match name {
        CodecName::Opus => Codec::Opus,
        CodecName::G722 => Codec::G722,
        CodecName::Pcma => Codec::Pcma,
        CodecName::Pcmu => Codec::Pcmu,
    };
    codecs.iter().map(codec).collect()
}

fn opus(settings: &Settings) -> EncoderSettings {
    let usual = EncoderSettings::default();
    EncoderSettings {
        bit_rate: settings.opus_rate.map_or(usual.bit_rate, |rate| rate * 1_000),
        pauses: settings.opus_dtx.unwrap_or(usual.pauses),
        most_hz: match settings.opus_band {
            Some(Band::Narrow) => 8_000,
            Some(Band::Wide) => 16_000,
            Some(Band::Full) | None => usual.most_hz,
        },
        ..usual
    }
}

fn identity(settings: &Settings) -> Vec<IdentitySource> {
    let order = settings.identity.clone();
    let order = order.unwrap_or_else(|| vec![Identity::Asserted, Identity::RemoteParty, Identity::From]);
    let source = |header: &Identity| match header {
        Identity::Asserted => IdentitySource::Asserted,
        Identity::RemoteParty => IdentitySource::RemoteParty,
        Identity::From => IdentitySource::From,
    };
    order.iter().map(source).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ToneCountry;
    use crate::phone::ClientIs;

    fn settings(text: &str) -> Settings {
        Settings::parse(text, std::path::Path::new("test.toml")).unwrap()
    }

    /// Where the client is after a NOTIFY with this status, by these settings.
    fn client_after(text: &str, status: u16) -> ClientIs {
        pbx_behaviour(&settings(text)).client_after(status)
    }

    #[test]
    fn a_pbx_is_asked_for_nothing_unless_the_settings_say_so() {
        assert_eq!(call_policy(&settings("")), CallPolicy::default());
        let all = "[pbx]\nsession_timer = 1800\nfollow_redirects = true\n[calls]\nclick_to_transfer = true\n";
        let session_expires = Some(Duration::from_secs(1800));
        let policy = CallPolicy { session_expires, follow_redirects: true, take_refers: true };
        assert_eq!(call_policy(&settings(all)), policy);
    }

    #[test]
    fn tones_are_those_of_the_settings_or_of_the_country_whose_numbers_are_written_here() {
        let tones = |text: &str| call_tones(&settings(text));
        assert_eq!(tones(""), CallTones::of_country("RU"));
        assert_eq!(tones("[numbering]\ncountry_code = 82\n"), CallTones::of_country("KR"));
        assert_eq!(tones("[audio]\ntones = \"JP\"\n"), CallTones::of_country("JP"));
        let mut known: Vec<&str> = CallTones::countries().collect();
        let mut taken = ToneCountry::ALL.to_vec();
        known.sort_unstable();
        taken.sort_unstable();
        assert_eq!(known, taken);
    }

    #[test]
    fn it_rings_by_a_bell_unless_the_settings_want_the_countrys_own_way() {
        let british = CallTones::of_country("GB");
        let own = rings(Some(RingStyle::Country), british);
        assert_eq!(own, (Ring::Cadence(british.ringing), Ring::Cadence(british.waiting)));
        assert_eq!(rings(None, british), (Ring::Bell, Ring::Knock));
    }

    #[test]
    fn the_settings_say_where_the_client_is_after_a_failed_transfer() {
        for asterisk in ["", "[pbx]\nafter_failed_transfer = \"asterisk\"\n"] {
            assert_eq!(client_after(asterisk, 404), ClientIs::Kept);
            assert_eq!(client_after(asterisk, 486), ClientIs::Lost);
        }
        let kept = "[pbx]\nafter_failed_transfer = \"kept\"\n";
        assert_eq!(client_after(kept, 486), ClientIs::Kept);
    }
}
