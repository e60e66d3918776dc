//! The recording of a conversation, beside the call: encoder and disk work in a thread of its own, and whatever they do the voice
//! waits for nothing.

use crate::agent::TapeNews;
use crate::archive::Deck;
use crate::audio::{Source, WavSource};
use crate::domain::recording::{Blank, RecordingFault};
use crate::media::{Frame, Mixer, Player, RECORDING, Rate};
use std::convert::Infallible;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, TrySendError, channel, sync_channel};
use std::time::Duration;
use tokio::sync::oneshot;

/// Frames that wait for a stalled disk: 10 s, 2 MB. Later ones are lost, and the recording says so.
const ROOM: usize = 500;
/// Libopus works on the stack.
const STACK: usize = 512 * 1024;
const FRAMES_PER_SECOND: u32 = 50;

/// Begins a recording, where waiting for a disk holds nobody up.
pub(super) type BeginTape = Box<dyn FnOnce() -> io::Result<Box<dyn Deck>> + Send>;
/// Deletes whatever there is of a recording that nothing writes.
pub(super) type ForgetTape = Box<dyn FnOnce() -> TapeNews + Send>;

/// 20 ms.
#[expect(
    clippy::large_enum_variant,
    reason = "plain values: putting them into the queue takes no memory from anybody"
)]
enum Moment {
    Both { sent: Frame, received: Frame },
    Blank(Blank),
}

struct Item {
    /// Frames that were lost before this one.
    lost: u32,
    moment: Moment,
}

/// The voice's end of a recording.
struct Tape {
    queue: SyncSender<Item>,
    /// Frames that found no room, since the last that did.
    lost: Arc<AtomicU32>,
    discard: Arc<AtomicBool>,
    /// While it is held the client may still say no, also to what a fault has ended.
    _open: Sender<Infallible>,
    ended: oneshot::Receiver<()>,
}

impl Tape {
    fn start(begin: BeginTape, tell: impl Fn(TapeNews) + Send + 'static) -> io::Result<Self> {
        let (queue, inbox) = sync_channel(ROOM);
        let (say_end, ended) = oneshot::channel();
        let (open, closed) = channel();
        let (lost, discard) = <(Arc<AtomicU32>, Arc<AtomicBool>)>::default();
        let (lost_there, discard_there) = (Arc::clone(&lost), Arc::clone(&discard));
        std::thread::Builder::new().name("recording".into()).stack_size(STACK).spawn(move || {
            record(begin, inbox, &closed, &lost_there, &discard_there, tell);
            let _ = say_end.send(());
        })?;
        Ok(Self { queue, lost, discard, _open: open, ended })
    }

    /// Never waits. Whether it is still taken: one that has ended early has said why.
    fn put(&self, moment: Moment) -> bool {
        let lost = self.lost.load(Ordering::Relaxed);
        match self.queue.try_send(Item { lost, moment }) {
            Ok(()) if lost > 0 => self.lost.store(0, Ordering::Relaxed),
            Err(TrySendError::Full(_)) => self.lost.store(lost.saturating_add(1), Ordering::Relaxed),
            Ok(()) => {}
            Err(TrySendError::Disconnected(_)) => return false,
        }
        true
    }

    /// Nothing of it is kept.
    fn discard(self) -> Ending {
        self.discard.store(true, Ordering::Relaxed);
        self.end()
    }

    fn end(self) -> Ending {
        Ending(self.ended)
    }
}

/// A recording to which nothing comes any more.
pub(super) struct Ending(oneshot::Receiver<()>);

impl Ending {
    /// Until everything is on disk, or deleted there.
    pub async fn wait(self) {
        let _ = self.0.await;
    }
}

/// The thread of a recording, from its beginning to its end.
fn record(
    begin: BeginTape,
    inbox: Receiver<Item>,
    closed: &Receiver<Infallible>,
    lost: &AtomicU32,
    discard: &AtomicBool,
    tell: impl Fn(TapeNews),
) {
    let (mut deck, mut complete) = (None, true);
    let taken = || -> io::Result<()> {
        let deck = deck.insert(begin()?);
        while let Ok(Item { lost, moment }) = inbox.recv() {
            if discard.load(Ordering::Relaxed) {
                return Ok(());
            }
            lose(&mut **deck, lost, &mut complete, &tell)?;
            match &moment {
                Moment::Both { sent, received } => deck.both(sent, received)?,
                Moment::Blank(why) => deck.blank(*why, 1)?,
            }
        }
        // Those behind which there was no room any more.
        lose(&mut **deck, lost.load(Ordering::Relaxed), &mut complete, &tell)
    };
    // Nobody may take for recorded what a thread that broke down does not write.
    let taken = catch_unwind(AssertUnwindSafe(taken));
    let taken = taken.unwrap_or_else(|_| Err(io::Error::other("the recording's thread broke down")));
    if let Err(error) = &taken {
        drop(inbox);
        tell(TapeNews::Fault(fault(error)));
        // What was written so far can be refused until the call is over.
        let _ = closed.recv();
    }
    if discard.load(Ordering::Relaxed) {
        // Of one that never began nothing is there.
        return tell(deck.map_or(Ok(()), |mut deck| deck.discard()).map_or_else(
            |error| {
                tracing::error!(%error, "a recording that was to be deleted is still there");
                TapeNews::Fault(RecordingFault::NotDeleted)
            },
            |()| TapeNews::Discarded,
        ));
    }
    if let Some(mut deck) = deck.filter(|_| taken.is_ok()) {
        match deck.finish() {
            Ok(()) => tell(TapeNews::Ended { complete }),
            Err(error) => tell(TapeNews::Fault(fault(&error))),
        }
    }
}

fn lose(deck: &mut dyn Deck, lost: u32, complete: &mut bool, tell: &impl Fn(TapeNews)) -> io::Result<()> {
    if lost == 0 {
        return Ok(());
    }
    if std::mem::replace(complete, false) {
        tell(TapeNews::Fault(RecordingFault::DiskSlow));
    }
    deck.blank(Blank::Lost, lost)
}

fn fault(error: &io::Error) -> RecordingFault {
    tracing::warn!(%error, "a recording cannot be written");
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => RecordingFault::DiskFull,
        _ => RecordingFault::NotWritten,
    }
}

/// What the telephone lets the client hear of it.
#[derive(Clone)]
pub(super) enum Telling {
    Nothing,
    /// Every so often.
    Tone(Duration),
    /// Before anything that they say is recorded.
    Voice(WavSource),
}

/// What the media thread is told of a line's recording.
pub(super) enum TapeOrder {
    Begin {
        begin: BeginTape,
        telling: Telling,
    },
    /// Why nothing is recorded from now on; none: it goes on.
    Blank(Option<Blank>),
    /// Whether the announcement waits for whom it is for.
    Wait(bool),
    Discard {
        /// Where no conversation is recorded, or not any more.
        forget: ForgetTape,
    },
}

/// A conversation that is recorded, as its voice sees it.
pub(super) struct Conversation {
    tape: Tape,
    blank: Option<Blank>,
    waits: bool,
    telling: Running,
    mixers: [Mixer; 2],
    tell: Box<dyn Fn(TapeNews) + Send>,
}

enum Running {
    Nothing,
    /// Frames until the next one, and the one that sounds.
    Tone {
        every: u32,
        wait: u32,
        sounds: Option<(Rate, Player, u32)>,
    },
    Voice(WavSource),
}

/// Frames of the tone.
const TONE_FRAMES: u32 = FRAMES_PER_SECOND / 2;

impl Conversation {
    pub fn begin(
        begin: BeginTape,
        telling: Telling,
        tell: impl Fn(TapeNews) + Send + Clone + 'static,
    ) -> io::Result<Self> {
        let telling = match telling {
            Telling::Nothing => Running::Nothing,
            Telling::Tone(every) => {
                let every = u32::try_from(every.as_millis() / 20).unwrap_or(u32::MAX);
                Running::Tone { every: every.max(TONE_FRAMES), wait: 0, sounds: None }
            }
            Telling::Voice(source) => Running::Voice(source),
        };
        let tape = Tape::start(begin, tell.clone())?;
        let (mixers, tell) = (Default::default(), Box::new(tell));
        Ok(Self { tape, blank: None, waits: false, telling, mixers, tell })
    }

    pub fn set_blank(&mut self, why: Option<Blank>) {
        self.blank = why;
    }

    pub fn set_waiting(&mut self, on: bool) {
        self.waits = on;
    }

    pub fn discard(self) -> Ending {
        self.tape.discard()
    }

    pub async fn finish(self) {
        self.tape.end().wait().await;
    }

    /// What client and operator hear besides each other in these 20 ms, where they can hear each other.
    pub fn telling(&mut self, rate: Rate) -> Option<Frame> {
        match &mut self.telling {
            Running::Voice(_) if self.waits => None,
            Running::Voice(source) => source.next_frame(rate),
            // Nothing is recorded that would have to be told.
            Running::Tone { .. } if self.blank.is_some() => None,
            Running::Tone { every, wait, sounds } => {
                if *wait == 0 {
                    (*wait, *sounds) = (*every, Some((rate, Player::new(RECORDING, rate), TONE_FRAMES)));
                }
                *wait -= 1;
                let (at, player, left) = sounds.as_mut().filter(|(.., left)| *left > 0)?;
                *left -= 1;
                if *at != rate {
                    // Another codec in the middle of it.
                    (*at, *player) = (rate, Player::new(RECORDING, rate));
                }
                Some(player.next_frame())
            }
            Running::Nothing => None,
        }
    }

    /// The company's words stand in place of the operator's, until they have been said.
    pub fn is_announcing(&self) -> bool {
        matches!(self.telling, Running::Voice(_))
    }

    /// What is told, with what is said anyway.
    pub fn with(&mut self, who: Hears, frame: &Frame, telling: &Frame) -> Frame {
        let [client, operator] = &mut self.mixers;
        let mixer = if who == Hears::Client { client } else { operator };
        mixer.mix(frame.rate(), frame, telling)
    }

    /// 20 ms of the conversation. `apart`: client and operator do not hear each other.
    pub fn take(&mut self, apart: bool, sent: &Frame, received: &Frame) {
        let blank = self.blank.or(apart.then_some(Blank::Apart));
        let announcing = self.is_announcing();
        let kept = self.tape.put(match blank {
            Some(why) => Moment::Blank(why),
            // Of who has not been told yet nothing is kept.
            None if announcing => Moment::Both { sent: *sent, received: Frame::silence(received.rate()) },
            None => Moment::Both { sent: *sent, received: *received },
        });
        if !kept {
            // Nothing is recorded any more that would have to be told.
            self.telling = Running::Nothing;
        }
        if let Running::Voice(source) = &self.telling
            && source.is_over()
        {
            self.telling = Running::Nothing;
            (self.tell)(TapeNews::Announced);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Hears {
    Client,
    Operator,
}

#[cfg(test)]
pub(super) mod tests;
