//! The sound server of the desktop, PulseAudio or PipeWire, by its own protocol.
//!
//! Streams are pinned to their device (`no_move`): the server would otherwise move them silently to another one
//! when theirs goes, and the telephone decides that itself.

mod wire;

use super::bell::Bell;
use super::pace::PERIOD;
use super::ring::{DEVICE_RATE_HZ, copy_in, copy_out, ring_out};
use super::server::List;
use crate::audio::wish::{Device, NoServer, Seen, kind};
use pulseaudio::protocol::stream::{BufferAttr, StreamFlags};
use pulseaudio::protocol::{
    ChannelMap, ChannelVolume, Command, PlaybackStreamParams, Prop, Props, ProtocolError, PulseError,
    RecordStreamParams, SampleFormat, SampleSpec, ServerInfo, SinkInfo, SinkState, SourceInfo, SourceState,
    Volume, port_info::PortInfo,
};
use rtrb::{Consumer, Producer};
use std::ffi::{CStr, CString};
use std::io::ErrorKind;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use wire::{Stream, Trouble, Wire};

/// For each answer. A server that needs longer hangs.
const PATIENCE: Duration = Duration::from_secs(1);

/// What servers without any device offer instead of one.
const NO_DEVICE: &str = "auto_null";

/// Who has no cookie sends zeros: servers close the connection on one of another length, even those that ask for none.
const NO_COOKIE: [u8; 256] = [0; 256];

/// Streams of one connection with the same number are in step, and may only be on the same device.
const EARPIECE: u32 = 1;
const RINGER: u32 = 2;

const BYTES_PER_SAMPLE: usize = size_of::<f32>();

/// A connection, closed when this is dropped.
pub(super) struct Server {
    wire: Wire,
}

/// What is open on a device; closed when this is dropped.
pub(super) struct Open(#[expect(dead_code, reason = "held open")] Stream);

impl Server {
    /// Blocks for as long as the server takes to answer, a second at most for each answer.
    pub fn connect() -> Result<Self, NoServer> {
        let path = pulseaudio::socket_path_from_env().ok_or(NoServer::Absent)?;
        let cookie = pulseaudio::cookie_path_from_env().and_then(|path| std::fs::read(path).ok());
        let cookie = cookie.filter(|cookie| cookie.len() == NO_COOKIE.len()).unwrap_or(NO_COOKIE.to_vec());
        let socket = UnixStream::connect(path).map_err(|error| match error.kind() {
            ErrorKind::PermissionDenied => NoServer::Forbidden,
            _ => NoServer::Absent,
        })?;
        let wire = Wire::connect(socket, PATIENCE, c"Patchcord", cookie).map_err(refusal)?;
        Ok(Self { wire })
    }

    pub async fn list(&self) -> Result<List, NoServer> {
        let (server, sources, sinks) = answer(async {
            let server: ServerInfo = self.wire.ask(Command::GetServerInfo).await?;
            let sources: Vec<SourceInfo> = self.wire.ask(Command::GetSourceInfoList).await?;
            let sinks: Vec<SinkInfo> = self.wire.ask(Command::GetSinkInfoList).await?;
            Ok((server, sources, sinks))
        })
        .await?;
        let default = |name: Option<CString>| name.as_deref().map(text);
        let device = |name: &CStr, description: &Option<CString>, props: &Props, port: Option<&PortInfo>| {
            let id = text(name);
            let name = description.as_deref().map_or_else(|| id.clone(), text);
            let form = props.get(Prop::DeviceFormFactor).unwrap_or_default();
            let port = port.map(|port| text(&port.name)).unwrap_or_default();
            Device { kind: kind(&String::from_utf8_lossy(form), &port, &name), id, name }
        };
        // A monitor gives back what an earpiece plays: nobody's microphone.
        let microphones = sources.iter().filter(|source| source.monitor_of_sink_index.is_none());
        let earpieces = sinks.iter().filter(|sink| text(&sink.name) != NO_DEVICE);
        let is_down = |volume: &ChannelVolume| volume.channels().iter().all(|one| *one == Volume::MUTED);
        let states =
            sources
                .iter()
                .map(|it| (&it.name, it.muted || is_down(&it.cvolume), it.state == SourceState::Suspended))
                .chain(sinks.iter().map(|it| {
                    (&it.name, it.muted || is_down(&it.cvolume), it.state == SinkState::Suspended)
                }));
        let ids = |which: fn(&(&CString, bool, bool)) -> bool| {
            states.clone().filter(which).map(|(name, ..)| text(name)).collect()
        };
        Ok(List {
            muted: ids(|(_, muted, _)| *muted),
            suspended: ids(|(_, _, suspended)| *suspended),
            microphones: Seen {
                devices: microphones
                    .map(|source| device(&source.name, &source.description, &source.props, None))
                    .collect(),
                default: default(server.default_source_name),
            },
            earpieces: Seen {
                devices: earpieces
                    .map(|sink| {
                        let port = sink.ports.get(sink.active_port);
                        device(&sink.name, &sink.description, &sink.props, port)
                    })
                    .collect(),
                default: default(server.default_sink_name),
            },
        })
    }

    /// `beats` counts the callbacks from now on.
    pub async fn open_microphone(
        &self,
        id: &str,
        mut ring: Producer<f32>,
        beats: Arc<AtomicU32>,
    ) -> Result<Open, NoServer> {
        let params = RecordStreamParams {
            source_name: name(id),
            sample_spec: SAMPLES,
            channel_map: ChannelMap::mono(),
            buffer_attr: BufferAttr { fragment_size: bytes(PERIOD), ..BufferAttr::default() },
            flags: pinned(),
            props: phone(),
            ..RecordStreamParams::default()
        };
        let callback = move |given: &[u8]| {
            copy_in(&mut ring, given);
            beats.fetch_add(1, Ordering::Relaxed);
        };
        answer(self.wire.record(params, callback)).await.map(Open)
    }

    pub async fn open_earpiece(
        &self,
        id: &str,
        mut ring: Consumer<f32>,
        beats: Arc<AtomicU32>,
    ) -> Result<Open, NoServer> {
        self.open_sink(id, EARPIECE, beats, move |wanted| copy_out(&mut ring, wanted)).await
    }

    pub async fn open_ringer(
        &self,
        id: &str,
        mut bell: Bell,
        beats: Arc<AtomicU32>,
    ) -> Result<Open, NoServer> {
        self.open_sink(id, RINGER, beats, move |wanted| ring_out(&mut bell, wanted)).await
    }

    async fn open_sink(
        &self,
        id: &str,
        sync_id: u32,
        beats: Arc<AtomicU32>,
        mut fill: impl FnMut(&mut [u8]) + Send + 'static,
    ) -> Result<Open, NoServer> {
        let params = PlaybackStreamParams {
            sink_name: name(id),
            sync_id,
            sample_spec: SAMPLES,
            channel_map: ChannelMap::mono(),
            buffer_attr: BufferAttr {
                target_length: bytes(2 * PERIOD),
                minimum_request_length: bytes(PERIOD),
                ..BufferAttr::default()
            },
            flags: pinned(),
            props: phone(),
            ..PlaybackStreamParams::default()
        };
        let callback = move |wanted: &mut [u8]| {
            fill(wanted);
            beats.fetch_add(1, Ordering::Relaxed);
        };
        answer(self.wire.play(params, callback)).await.map(Open)
    }
}

const SAMPLES: SampleSpec =
    SampleSpec { format: SampleFormat::Float32Le, channels: 1, sample_rate: DEVICE_RATE_HZ };

async fn answer<T>(asked: impl Future<Output = Result<T, Trouble>>) -> Result<T, NoServer> {
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(answer) => answer.map_err(refusal),
        Err(_) => Err(NoServer::Hangs),
    }
}

fn refusal(trouble: Trouble) -> NoServer {
    match trouble {
        Trouble::Gone => NoServer::Absent,
        Trouble::Garbled(ProtocolError::Io(error)) => match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => NoServer::Hangs,
            ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe => NoServer::Absent,
            _ => NoServer::of_system(&error),
        },
        Trouble::Refused(PulseError::AccessDenied | PulseError::AuthKey) => NoServer::Forbidden,
        Trouble::Refused(PulseError::Busy) => NoServer::Busy,
        Trouble::Refused(error) => NoServer::Refuses(error.to_string()),
        Trouble::Garbled(error) => NoServer::Refuses(error.to_string()),
    }
}

fn pinned() -> StreamFlags {
    StreamFlags { adjust_latency: true, no_move: true, ..StreamFlags::default() }
}

/// Desktops keep music down while a telephone speaks.
fn phone() -> Props {
    let mut props = Props::new();
    props.set(Prop::MediaRole, c"phone");
    props.set(Prop::MediaName, c"Call");
    props
}

const fn bytes(samples: usize) -> u32 {
    (samples * BYTES_PER_SAMPLE) as u32
}

fn name(id: &str) -> Option<CString> {
    CString::new(id).ok()
}

fn text(name: &CStr) -> String {
    name.to_string_lossy().into_owned()
}
