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
    /// Of all that was ever opened: the server gives channels to the next one.
    number: u32,
    kind: Kind,
}

/// Each counts its own channels.
#[derive(Clone, Copy)]
enum Kind {
    Player,
    Recorder,
}

/// With whoever reads, everything ends, whatever they died of.
struct Reading(Arc<Shared>);

impl Drop for Reading {
    fn drop(&mut self) {
        self.0.end();
    }
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
    players: BTreeMap<u32, (u32, Player)>,
    recorders: BTreeMap<u32, (u32, Recorder)>,
    /// What a stream that has just been answered begins with: no later sound may overtake it.
    first: Vec<u8>,
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
            let reads = Reading(reads);
            // The end of the connection is all that it comes back with.
            let _ = reads.0.read(input);
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
        let number = shared.next_number();
        let begun = move |inside: &mut Inside, answer: CreatePlaybackStreamReply| {
            inside.first = sound(answer.channel, answer.requested_bytes, &mut fill);
            inside.players.insert(answer.channel, (number, Box::new(fill)));
            answer.channel
        };
        let channel = shared.ask(Command::CreatePlaybackStream(params), begun).await?;
        Ok(Stream { shared, channel, number, kind: Kind::Player })
    }

    pub async fn record(
        &self,
        params: RecordStreamParams,
        take: impl FnMut(&[u8]) + Send + 'static,
    ) -> Result<Stream, Trouble> {
        let shared = Arc::clone(&self.shared);
        let number = shared.next_number();
        let begun = move |inside: &mut Inside, answer: CreateRecordStreamReply| {
            inside.recorders.insert(answer.channel, (number, Box::new(take)));
            answer.channel
        };
        let channel = shared.ask(Command::CreateRecordStream(params), begun).await?;
        Ok(Stream { shared, channel, number, kind: Kind::Recorder })
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.shared.end();
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let close = match self.kind {
            Kind::Player => {
                let Some(closed) = taken(&mut self.shared.inside().players, self.channel, self.number) else {
                    return;
                };
                drop(closed);
                Command::DeletePlaybackStream(self.channel)
            }
            Kind::Recorder => {
                let Some(closed) = taken(&mut self.shared.inside().recorders, self.channel, self.number)
                else {
                    return;
                };
                drop(closed);
                Command::DeleteRecordStream(self.channel)
            }
        };
        // Nobody waits for the answer.
        let _ = self.shared.tell(&close, self.shared.next_number());
    }
}

/// What is open on the channel, if it is still the one of this number. To be dropped outside the lock: what it holds may be
/// more than a ring.
fn taken<T>(streams: &mut BTreeMap<u32, (u32, T)>, channel: u32, number: u32) -> Option<T> {
    let is_it = streams.get(&channel).is_some_and(|(known, _)| *known == number);
    is_it.then(|| streams.remove(&channel)).flatten().map(|(_, stream)| stream)
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
            // Whoever gave up takes no stream.
            if !told.is_closed() {
                let _ = told.send(read.map(|answer| then(inside, answer)));
            }
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
            } else if let Some((_, take)) = self.inside().recorders.get_mut(&header.channel) {
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
                let first = std::mem::take(&mut inside.first);
                drop(inside);
                self.send(&first)
            }
            Command::Request(wanted) => {
                let message = {
                    let mut inside = self.inside();
                    let Some((_, fill)) = inside.players.get_mut(&wanted.channel) else { return Ok(()) };
                    sound(wanted.channel, wanted.length, fill)
                };
                self.send(&message)
            }
            // By the server, which says so before it gives the channel to another one.
            Command::PlaybackStreamKilled(channel) => {
                let killed = self.inside().players.remove(&channel);
                drop(killed);
                Ok(())
            }
            Command::RecordStreamKilled(channel) => {
                let killed = self.inside().recorders.remove(&channel);
                drop(killed);
                Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;
    use pulseaudio::protocol::{
        Request, ServerInfo, read_command_message, write_descriptor, write_error, write_reply_message,
    };
    use std::sync::mpsc::channel;

    const PATIENCE: Duration = Duration::from_millis(200);

    /// A connection, and the server at its other end.
    fn connected() -> (Wire, BufReader<UnixStream>) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        theirs.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let server = std::thread::spawn(move || {
            let mut server = BufReader::new(theirs);
            let (number, asked) = read_command_message(&mut server, MAX_VERSION).unwrap();
            assert!(matches!(asked, Command::Auth(_)), "{asked:?}");
            let auth = AuthReply { version: MAX_VERSION, use_memfd: false, use_shm: false };
            write_reply_message(server.get_mut(), number, &auth, MAX_VERSION).unwrap();
            let (number, asked) = read_command_message(&mut server, MAX_VERSION).unwrap();
            assert!(matches!(asked, Command::SetClientName(_)), "{asked:?}");
            let named = SetClientNameReply { client_id: 1 };
            write_reply_message(server.get_mut(), number, &named, MAX_VERSION).unwrap();
            server
        });
        let wire = Wire::connect(ours, PATIENCE, c"test", vec![0; 256]).unwrap();
        (wire, server.join().unwrap())
    }

    /// The server opens the stream that it is asked for.
    fn opens(server: &mut BufReader<UnixStream>, begun: &impl CommandReply) -> Command {
        let (number, asked) = read_command_message(server, MAX_VERSION).unwrap();
        write_reply_message(server.get_mut(), number, begun, MAX_VERSION).unwrap();
        asked
    }

    fn player(channel: u32, requested_bytes: u32) -> CreatePlaybackStreamReply {
        CreatePlaybackStreamReply { channel, requested_bytes, ..Default::default() }
    }

    fn recorder(channel: u32) -> CreateRecordStreamReply {
        CreateRecordStreamReply { channel, ..Default::default() }
    }

    fn tells(server: &mut BufReader<UnixStream>, command: &Command) {
        write_command_message(server.get_mut(), COMMANDS, command, MAX_VERSION).unwrap();
    }

    fn gives(server: &mut BufReader<UnixStream>, channel: u32, sound: &[u8]) {
        let flags = DescriptorFlags::empty();
        let header = Descriptor { length: sound.len() as u32, channel, offset: 0, flags };
        write_descriptor(server.get_mut(), &header).unwrap();
        server.get_mut().write_all(sound).unwrap();
    }

    fn sound_from(server: &mut BufReader<UnixStream>) -> (u32, Vec<u8>) {
        let header = read_descriptor(server).unwrap();
        let mut body = vec![0; header.length as usize];
        server.read_exact(&mut body).unwrap();
        (header.channel, body)
    }

    /// Fills with 1, then with 2, and so on.
    fn counting() -> impl FnMut(&mut [u8]) + Send + 'static {
        let mut count = 0;
        move |wanted: &mut [u8]| {
            count += 1;
            wanted.fill(count);
        }
    }

    #[tokio::test]
    async fn an_answer_comes_to_who_asked_and_a_refusal_says_why() {
        let (wire, mut server) = connected();
        let server = std::thread::spawn(move || {
            let (first, _) = read_command_message(&mut server, MAX_VERSION).unwrap();
            write_error(server.get_mut(), first, &PulseError::AccessDenied).unwrap();
            let (second, _) = read_command_message(&mut server, MAX_VERSION).unwrap();
            // Of one that nobody waits for, and of an extension that nobody knows.
            write_error(server.get_mut(), 4_000, &PulseError::Busy).unwrap();
            let unknown =
                Descriptor { length: 3, channel: COMMANDS, offset: 0, flags: DescriptorFlags::empty() };
            write_descriptor(server.get_mut(), &unknown).unwrap();
            server.get_mut().write_all(b"???").unwrap();
            let info = ServerInfo { host_name: Some(c"office".into()), ..ServerInfo::default() };
            write_reply_message(server.get_mut(), second, &info, MAX_VERSION).unwrap();
            server
        });
        let refused = wire.ask::<ServerInfo>(Command::GetServerInfo).await;
        assert!(matches!(refused, Err(Trouble::Refused(PulseError::AccessDenied))), "{refused:?}");
        let info = wire.ask::<ServerInfo>(Command::GetServerInfo).await.unwrap();
        assert_eq!(info.host_name.as_deref(), Some(c"office"));
        drop(server.join());
        let gone = wire.ask::<ServerInfo>(Command::GetServerInfo).await;
        assert!(matches!(gone, Err(Trouble::Gone | Trouble::Garbled(ProtocolError::Io(_)))), "{gone:?}");
    }

    #[tokio::test]
    async fn sound_goes_out_as_it_is_asked_for_until_the_stream_is_closed() {
        let (wire, mut server) = connected();
        let (heard_all, was_heard) = channel();
        let server = std::thread::spawn(move || {
            let asked = opens(&mut server, &player(7, 8));
            assert!(matches!(asked, Command::CreatePlaybackStream(_)), "{asked:?}");
            for length in [4, 12] {
                tells(&mut server, &Command::Request(Request { channel: 7, length }));
            }
            let heard = [(); 3].map(|()| sound_from(&mut server));
            assert_eq!(heard, [(7, vec![1; 8]), (7, vec![2; 4]), (7, vec![3; 12])]);
            heard_all.send(()).unwrap();
            let (_, asked) = read_command_message(&mut server, MAX_VERSION).unwrap();
            assert_eq!(asked, Command::DeletePlaybackStream(7));
            // Too late: nobody is there to fill it.
            tells(&mut server, &Command::Request(Request { channel: 7, length: 4 }));
            server.get_mut().set_read_timeout(Some(PATIENCE)).unwrap();
            assert!(read_descriptor(&mut server).is_err());
        });
        let stream = wire.play(PlaybackStreamParams::default(), counting()).await.unwrap();
        was_heard.recv_timeout(Duration::from_secs(5)).unwrap();
        drop(stream);
        server.join().unwrap();
    }

    #[tokio::test]
    async fn what_a_microphone_gives_at_once_is_not_missed_and_a_message_too_long_is_the_end() {
        let (wire, mut server) = connected();
        let (given, taken) = channel();
        let server = std::thread::spawn(move || {
            opens(&mut server, &recorder(3));
            for (channel, sound) in [(3, b"one."), (9, b"lost"), (3, b"two.")] {
                gives(&mut server, channel, sound);
            }
            let flags = DescriptorFlags::empty();
            let too_long = Descriptor { length: u32::MAX, channel: 3, offset: 0, flags };
            write_descriptor(server.get_mut(), &too_long).unwrap();
            server
        });
        let stream =
            wire.record(RecordStreamParams::default(), move |sound| drop(given.send(sound.to_vec())));
        let stream = stream.await.unwrap();
        // The sender goes with the connection.
        let heard: Vec<Vec<u8>> = taken.iter().collect();
        assert_eq!(heard, [b"one.", b"two."]);
        let gone = wire.ask::<ServerInfo>(Command::GetServerInfo).await;
        assert!(matches!(gone, Err(Trouble::Gone)), "{gone:?}");
        drop((stream, server.join()));
    }

    #[tokio::test]
    async fn a_ringer_that_is_closed_leaves_the_microphone_that_has_the_same_number() {
        let (wire, mut server) = connected();
        let (given, taken) = channel();
        let server = std::thread::spawn(move || {
            opens(&mut server, &player(0, 0));
            opens(&mut server, &recorder(0));
            let (_, asked) = read_command_message(&mut server, MAX_VERSION).unwrap();
            assert_eq!(asked, Command::DeletePlaybackStream(0));
            gives(&mut server, 0, b"said");
            let (_, asked) = read_command_message(&mut server, MAX_VERSION).unwrap();
            assert_eq!(asked, Command::DeleteRecordStream(0));
        });
        let ringer = wire.play(PlaybackStreamParams::default(), counting()).await.unwrap();
        let take = move |sound: &[u8]| drop(given.send(sound.to_vec()));
        let microphone = wire.record(RecordStreamParams::default(), take).await.unwrap();
        drop(ringer);
        let heard = taken.recv_timeout(Duration::from_secs(5));
        assert_eq!(heard.as_deref(), Ok(b"said".as_slice()));
        drop(microphone);
        server.join().unwrap();
    }

    #[tokio::test]
    async fn whoever_gets_the_number_of_a_stream_that_was_killed_goes_on_when_that_is_closed() {
        let (wire, mut server) = connected();
        let (closed, was_closed) = channel();
        let server = std::thread::spawn(move || {
            opens(&mut server, &player(5, 0));
            tells(&mut server, &Command::PlaybackStreamKilled(5));
            opens(&mut server, &player(5, 0));
            was_closed.recv_timeout(Duration::from_secs(5)).unwrap();
            tells(&mut server, &Command::Request(Request { channel: 5, length: 4 }));
            // The first thing that is said: nobody has closed anything.
            assert_eq!(sound_from(&mut server), (5, vec![1; 4]));
        });
        let earpiece = wire.play(PlaybackStreamParams::default(), |wanted| wanted.fill(99)).await.unwrap();
        let ringer = wire.play(PlaybackStreamParams::default(), counting()).await.unwrap();
        drop(earpiece);
        closed.send(()).unwrap();
        server.join().unwrap();
        drop(ringer);
    }

    #[tokio::test]
    async fn a_server_that_says_nothing_is_waited_for_no_longer_than_was_wanted() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let hangs = tokio::task::spawn_blocking(|| Wire::connect(ours, PATIENCE, c"test", vec![0; 256]));
        let hangs = hangs.await.unwrap().map(drop);
        let Err(Trouble::Garbled(ProtocolError::Io(error))) = hangs else { panic!("{hangs:?}") };
        assert!(
            matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut),
            "{error}"
        );
        drop(theirs);
    }
}
