//! The practice PBX with sockets, a clock and voices: a task of its own, which shares nothing with the telephone's but the
//! process.

use super::Process;
use super::media_thread::{FromMedia, MediaThread, Sound, ToMedia};
use crate::audio::{Begin, RecordFault, Sink, Source};
use crate::clock::Clock;
use crate::entropy;
use crate::logging;
use crate::media::{Converter, Frame, Rate};
use crate::net::{MAX_DATAGRAM, PortSearch, RtpPair, send_now};
use crate::phone::{LineId, NearEnd};
use crate::practice::{MediaOrder, Note, Output, Practice, PracticeConfig, Programme, Speaker, Voice};
use crate::sip::CallKey;
use crate::text::Language;
use crate::transmit::{Received, Transport};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// How late timers are at most after the computer slept; and how often a port is looked for where none was free.
const LOOK: Duration = Duration::from_secs(1);
/// For the voices to end.
const LAST_SOUND: Duration = Duration::from_millis(500);

/// What a practice PBX begins with.
pub struct PracticeSetup {
    /// UDP address for SIP, port 0 for any.
    pub local: SocketAddr,
    pub programme: Programme,
}

/// The running PBX. Dropping it ends it.
pub struct PracticePbx {
    local: SocketAddr,
    notes: UnboundedReceiver<Note>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    ended: tokio::task::JoinHandle<()>,
}

impl PracticePbx {
    /// Starts it as a local task of the current runtime (of one thread).
    pub fn start(process: Process, setup: PracticeSetup) -> io::Result<Self> {
        let socket = std::net::UdpSocket::bind(setup.local)?;
        socket.set_nonblocking(true)?;
        let local = socket.local_addr()?;
        let seed = entropy::seed().map_err(io::Error::other)?;
        let config = PracticeConfig { local, programme: setup.programme };
        let (note, notes) = unbounded_channel();
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let room = Room {
            clock: process.clock,
            practice: Practice::new(config, seed),
            socket: UdpSocket::from_std(socket)?,
            local,
            ports: PortSearch::new(None),
            port_wanted: false,
            free_pairs: BTreeMap::new(),
            media: None,
            // Nobody asks how well the simulated people hear.
            media_words: unbounded_channel(),
            voices: BTreeSet::new(),
            note,
        };
        let ended = tokio::task::spawn_local(room.run(stopped));
        Ok(Self { local, notes, stop: Some(stop), ended })
    }

    /// Where telephones register.
    pub const fn local(&self) -> SocketAddr {
        self.local
    }

    /// What happened, as one who looks on would say it; `None` when it has ended.
    pub async fn next(&mut self) -> Option<Note> {
        self.notes.recv().await
    }

    /// Hangs up everybody, and waits until that is done.
    pub async fn finish(mut self) {
        drop(self.stop.take());
        let _ = self.ended.await;
    }
}

struct Room {
    clock: Clock,
    practice: Practice,
    socket: UdpSocket,
    local: SocketAddr,
    ports: PortSearch,
    port_wanted: bool,
    free_pairs: BTreeMap<SocketAddr, RtpPair>,
    media: Option<MediaThread>,
    media_words: (UnboundedSender<FromMedia>, UnboundedReceiver<FromMedia>),
    voices: BTreeSet<LineId>,
    note: UnboundedSender<Note>,
}

impl Room {
    async fn run(mut self, mut stopped: tokio::sync::oneshot::Receiver<()>) {
        let mut buffer = vec![0; MAX_DATAGRAM];
        self.drain();
        loop {
            let now = self.clock.now();
            let deadline = self.practice.next_deadline().unwrap_or(now + LOOK).min(now + LOOK);
            tokio::select! {
                _ = &mut stopped => break,
                Ok((length, from)) = self.socket.recv_from(&mut buffer) => {
                    self.hear(from, buffer.get(..length).unwrap_or_default());
                }
                Some(_) = self.media_words.1.recv() => {}
                () = tokio::time::sleep(deadline.since(now)) => {}
            }
            let now = self.clock.now();
            if self.practice.next_deadline().is_some_and(|deadline| deadline <= now) {
                self.practice.handle_timeout(now);
                self.drain();
            }
            if self.port_wanted {
                self.offer_port();
            }
        }
        self.practice.close(self.clock.now());
        self.drain();
        if let Some(media) = self.media {
            media.finish(LAST_SOUND).await;
        }
    }

    fn hear(&mut self, from: SocketAddr, bytes: &[u8]) {
        tracing::trace!(%from, message = %logging::Redacted(bytes), "the practice PBX received");
        let received = Received { transport: Transport::Udp, from, local: self.local, bytes: bytes.to_vec() };
        self.practice.handle_input(self.clock.now(), received);
        self.drain();
    }

    fn drain(&mut self) {
        loop {
            match self.practice.poll_output() {
                // What is lost, SIP repeats; by TCP nobody is reached from here.
                Output::Send(transmit) => drop(send_now(&self.socket, &transmit)),
                Output::Media(order) => self.on_media(order),
                Output::Note(note) => {
                    tracing::info!(?note, "practice");
                    // Nobody need look on.
                    let _ = self.note.send(note);
                }
                Output::Idle => return,
            }
        }
    }

    fn offer_port(&mut self) {
        let bound = self.ports.bind(self.local.ip());
        self.port_wanted = bound.is_err();
        if let Ok(pair) = bound {
            self.practice.give_port(pair.local);
            self.free_pairs.insert(pair.local, pair);
        }
    }

    fn on_media(&mut self, order: MediaOrder) {
        match order {
            MediaOrder::TakePort => self.offer_port(),
            MediaOrder::Apply { call, plan, voice } => {
                let line = line(call);
                if self.voices.contains(&line) {
                    return self.tell_media(ToMedia::Apply { line, plan, near_end: NearEnd::Operator });
                }
                let Some(pair) = self.free_pairs.remove(&plan.local) else { return };
                self.voices.insert(line);
                self.tell_media(ToMedia::Start {
                    line,
                    pair,
                    sound: sound(voice),
                    plan,
                    near_end: NearEnd::Operator,
                    muted: false,
                });
            }
            MediaOrder::Stop { call, port } => {
                self.free_pairs.remove(&port);
                let line = line(call);
                if self.voices.remove(&line) {
                    self.tell_media(ToMedia::Stop { line });
                }
            }
        }
    }

    fn tell_media(&mut self, order: ToMedia) {
        if self.media.is_none() {
            let started = MediaThread::start(self.clock, None, None, self.media_words.0.clone());
            self.media = started.inspect_err(|error| tracing::error!(%error, "no voices")).ok();
        }
        if let Some(media) = &self.media {
            media.tell(order);
        }
    }
}

/// Calls are counted up from one, so none meets another in four thousand million.
const fn line(call: CallKey) -> LineId {
    LineId(call.0 as u32)
}

fn sound(voice: Voice) -> Sound {
    // Nobody is asked for a key here.
    let language = Language::English;
    match voice {
        Voice::Echo => {
            let (heard, said) = channel();
            let ear: Begin = Box::new(|| Ok(Box::new(Ear(heard))));
            Sound {
                source: Box::new(Mouth(said, Converter::new(Rate::Narrow))),
                earpiece: None,
                record: Some(ear),
                language,
            }
        }
        voice => Sound { source: Box::new(Speaker::new(voice)), earpiece: None, record: None, language },
    }
}

impl Source for Speaker {
    fn next_frame(&mut self, rate: Rate) -> Option<Frame> {
        Some(Self::next_frame(self, rate))
    }

    fn is_microphone(&self) -> bool {
        false
    }
}

/// What it hears, `Mouth` says.
struct Ear(Sender<Frame>);

struct Mouth(Receiver<Frame>, Converter);

impl Sink for Ear {
    fn write(&mut self, received: &Frame, _sent: &Frame) -> Result<(), RecordFault> {
        // The call is over.
        let _ = self.0.send(*received);
        Ok(())
    }

    fn finish(&mut self) -> Result<(), RecordFault> {
        Ok(())
    }
}

impl Source for Mouth {
    fn next_frame(&mut self, rate: Rate) -> Option<Frame> {
        let heard = self.0.try_recv().unwrap_or(Frame::silence(rate));
        Some(self.1.convert_to(rate, &heard))
    }

    fn is_microphone(&self) -> bool {
        false
    }
}
