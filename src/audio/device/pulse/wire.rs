//! A connection to a sound server by PulseAudio's native protocol. The crate `pulseaudio` knows the shapes of its messages.
//!
//! The crate's own client clears a megabyte before each look at its socket, which took more of a processor than the voice
//! itself: a call looks three hundred times a second. Here a thread sleeps until there is something, and reads what there is.

use pulseaudio::protocol::{
    AuthParams, AuthReply, Command, CommandReply, CreatePlaybackStreamReply, CreateRecordStreamReply,
    DESCRIPTOR_SIZE, Descriptor, DescriptorFlags, MAX_MEMBLOCKQ_LENGTH, MAX_VERSION, PlaybackStreamParams,
    Prop, Props, ProtocolError, PulseError, RecordStreamParams, SetClientNameReply, TagStructReader,
    encode_descriptor, read_descriptor, read_reply_message, write_command_message,
};
use std::collections::BTreeMap;
use std::ffi::{CStr, CString};
use std::io::{BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

/// Of messages that are no sound.
const COMMANDS: u32 = u32::MAX;

/// What one look at the socket may bring: many times what a call's devices send at once.
const BUFFER: usize = 64 * 1024;

/// Why there is no answer.
#[derive(Debug)]
pub enum Trouble {
    /// The connection has ended.
    Gone,
    Refused(PulseError),
    Garbled(ProtocolError),
}

impl From<ProtocolError> for Trouble {
    fn from(error: ProtocolError) -> Self {
        match error {
            ProtocolError::ServerError(error) => Self::Refused(error),
            error => Self::Garbled(error),
        }
    }
}

impl From<std::io::Error> for Trouble {
    fn from(error: std::io::Error) -> Self {
        Self::Garbled(ProtocolError::Io(error))
    }
}

/// Closed when this is dropped.
pub struct Wire {
    shared: Arc<Shared>,
}

/// Closed when this is dropped, or with its wire.
pub struct Stream {
    shared: Arc<Shared>,
    channel: u32,
    close: fn(u32) -> Command,
}

/// What both ends use: whoever asks, and the thread that reads.
struct Shared {
    socket: Mutex<UnixStream>,
    /// Of both sides.
    version: u16,
    next: AtomicU32,
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    ended: bool,
    waiting: BTreeMap<u32, Answered>,
    players: BTreeMap<u32, Player>,
    recorders: BTreeMap<u32, Recorder>,
}

/// What an answer leads to, before anything that comes after it is read: a stream's first sound follows at once.
type Answered = Box<dyn FnOnce(&mut Inside, Result<&mut TagStructReader<'_>, PulseError>) + Send>;
/// Fills what the server has asked for.
type Player = Box<dyn FnMut(&mut [u8]) + Send>;
type Recorder = Box<dyn FnMut(&[u8]) + Send>;

impl Wire {
    /// Says who is there. Blocks for as long as the server takes, `patience` at most for each answer; later a server that takes
    /// nothing for so long has gone.
    pub fn connect(
        socket: UnixStream,
        patience: Duration,
        name: &CStr,
        cookie: Vec<u8>,
    ) -> Result<Self, Trouble> {
        socket.set_read_timeout(Some(patience))?;
        socket.set_write_timeout(Some(patience))?;
        let mut input = BufReader::with_capacity(BUFFER, socket.try_clone()?);
        let mut output = &socket;
        let auth = AuthParams { version: MAX_VERSION, supports_shm: false, supports_memfd: false, cookie };
        write_command_message(&mut output, 0, &Command::Auth(auth), MAX_VERSION)?;
        let (_, theirs): (_, AuthReply) = read_reply_message(&mut input, MAX_VERSION)?;
        let version = theirs.version.min(MAX_VERSION);
        write_command_message(&mut output, 1, &Command::SetClientName(client(name)), version)?;
        let _: (_, SetClientNameReply) = read_reply_message(&mut input, version)?;
        socket.set_read_timeout(None)?;
        let shared = Arc::new(Shared {
            socket: Mutex::new(socket),
            version,
            next: AtomicU32::new(2),
            inside: Mutex::default(),
        });
        let reads = Arc::clone(&shared);
        std::thread::Builder::new().name("sound server".into()).spawn(move || {
            // The end of the connection is all that it comes back with.
            let _ = reads.read(input);
            reads.end();
        })?;
        Ok(Self { shared })
    }

    pub async fn ask<R: CommandReply + Send + 'static>(&self, command: Command) -> Result<R, Trouble> {
        self.shared.ask(command, |_, answer: R| answer).await
    }

    pub async fn play(
        &self,
        params: PlaybackStreamParams,
        mut fill: impl FnMut(&mut [u8]) + Send + 'static,
    ) -> Result<Stream, Trouble> {
        let shared = Arc::clone(&self.shared);
        let begun = move |inside: &mut Inside, answer: CreatePlaybackStreamReply| {
            let first = sound(answer.channel, answer.requested_bytes, &mut fill);
            inside.players.insert(answer.channel, Box::new(fill));
            (answer.channel, first)
        };
        let (channel, first) = shared.ask(Command::CreatePlaybackStream(params), begun).await?;
        let stream = Stream { shared, channel, close: Command::DeletePlaybackStream };
        stream.shared.send(&first)?;
        Ok(stream)
    }

    pub async fn record(
        &self,
        params: RecordStreamParams,
        take: impl FnMut(&[u8]) + Send + 'static,
    ) -> Result<Stream, Trouble> {
        let shared = Arc::clone(&self.shared);
        let begun = move |inside: &mut Inside, answer: CreateRecordStreamReply| {
            inside.recorders.insert(answer.channel, Box::new(take));
            answer.channel
        };
        let channel = shared.ask(Command::CreateRecordStream(params), begun).await?;
        Ok(Stream { shared, channel, close: Command::DeleteRecordStream })
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.shared.end();
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let mut inside = self.shared.inside();
        let closed = (inside.players.remove(&self.channel), inside.recorders.remove(&self.channel));
        drop(inside);
        drop(closed);
        // Where the connection has ended, the stream has too; and nobody waits for the answer.
        let _ = self.shared.tell(&(self.close)(self.channel), self.shared.next_number());
    }
}

impl Shared {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next_number(&self) -> u32 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    async fn ask<R: CommandReply, T: Send + 'static>(
        &self,
        command: Command,
        then: impl FnOnce(&mut Inside, R) -> T + Send + 'static,
    ) -> Result<T, Trouble> {
        let (told, answer) = oneshot::channel();
        let answered: Answered = Box::new(move |inside, read| {
            let read = read.map_err(Trouble::Refused).and_then(|read| Ok(read.read::<R>()?));
            let _ = told.send(read.map(|answer| then(inside, answer)));
        });
        let number = self.next_number();
        {
            let mut inside = self.inside();
            if inside.ended {
                return Err(Trouble::Gone);
            }
            inside.waiting.insert(number, answered);
        }
        self.tell(&command, number)?;
        answer.await.map_err(|_| Trouble::Gone)?
    }

    fn tell(&self, command: &Command, number: u32) -> Result<(), Trouble> {
        let mut message = Vec::new();
        write_command_message(&mut message, number, command, self.version)?;
        self.send(&message)
    }

    /// Whole messages alone. One that the server does not take is the end.
    fn send(&self, message: &[u8]) -> Result<(), Trouble> {
        let mut socket = self.socket.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = socket.write_all(message);
        if sent.is_err() {
            let _ = socket.shutdown(Shutdown::Both);
        }
        Ok(sent?)
    }

    /// Nobody waits any longer, and no stream holds what it plays or records.
    fn end(&self) {
        let _ = self.socket.lock().unwrap_or_else(PoisonError::into_inner).shutdown(Shutdown::Both);
        let ended = std::mem::replace(&mut *self.inside(), Inside { ended: true, ..Inside::default() });
        drop(ended);
    }

    /// Until the connection ends, or brings what is no message.
    fn read(&self, mut input: impl Read) -> Result<(), Trouble> {
        let mut message = Vec::new();
        loop {
            let header = read_descriptor(&mut input)?;
            let length = header.length as usize;
            if length > MAX_MEMBLOCKQ_LENGTH {
                return Err(Trouble::Garbled(ProtocolError::Invalid("message too long".into())));
            }
            if message.len() < length {
                message.resize(length, 0);
            }
            let Some(message) = message.get_mut(..length) else { continue };
            input.read_exact(message)?;
            if header.channel == COMMANDS {
                self.obey(message)?;
            } else if let Some(take) = self.inside().recorders.get_mut(&header.channel) {
                take(message);
            }
        }
    }

    fn obey(&self, message: &[u8]) -> Result<(), Trouble> {
        let mut rest = message;
        let (number, command) = match Command::read_tag_prefixed(&mut rest, self.version) {
            Ok(read) => read,
            // Of another version, or of an extension: all that we wait for is known.
            Err(error) => {
                tracing::debug!(%error, "the sound server says what is not understood");
                return Ok(());
            }
        };
        match command {
            Command::Reply | Command::Error(_) => {
                let mut inside = self.inside();
                // That a stream was closed is waited for by nobody.
                let Some(answered) = inside.waiting.remove(&number) else { return Ok(()) };
                match command {
                    Command::Error(error) => answered(&mut inside, Err(error)),
                    _ => answered(&mut inside, Ok(&mut TagStructReader::new(&mut rest, self.version))),
                }
                Ok(())
            }
            Command::Request(wanted) => {
                let message = {
                    let mut inside = self.inside();
                    let Some(fill) = inside.players.get_mut(&wanted.channel) else { return Ok(()) };
                    sound(wanted.channel, wanted.length, fill)
                };
                self.send(&message)
            }
            _ => Ok(()),
        }
    }
}

/// A message with so many octets of sound; empty where none are wanted.
fn sound(channel: u32, octets: u32, fill: &mut dyn FnMut(&mut [u8])) -> Vec<u8> {
    let octets = (octets as usize).min(MAX_MEMBLOCKQ_LENGTH);
    if octets == 0 {
        return Vec::new();
    }
    let mut message = vec![0; DESCRIPTOR_SIZE + octets];
    if let Some((head, body)) = message.split_first_chunk_mut::<DESCRIPTOR_SIZE>() {
        let flags = DescriptorFlags::empty();
        encode_descriptor(head, &Descriptor { length: octets as u32, channel, offset: 0, flags });
        fill(body);
    }
    message
}

fn client(name: &CStr) -> Props {
    let mut props = Props::new();
    props.set(Prop::ApplicationName, name);
    if let Ok(id) = CString::new(std::process::id().to_string()) {
        props.set(Prop::ApplicationProcessId, id);
    }
    props
}
