//! The thread that owns the voice of all calls: RTP sockets, sound, 20 ms ticks.
//!
//! It starts with the first call and sleeps between calls. Each line is a task of its own with its
//! own deadlines, so that one call's file or socket never delays another's.

use super::meter::Meter;
use super::playing::Playing;
use super::recorder::Recorder;
use super::tape::{Conversation, Ending, Hears, TapeOrder};
use crate::agent::TapeNews;
use crate::audio::{Begin, Devices, Earpiece, NullSource, RecordFault, SoundFault, Source};
use crate::clock::Clock;
use crate::domain::call_record::CallRecordId;
use crate::domain::recording::RecordingFault;
use crate::entropy;
use crate::instant::Instant;
use crate::media::{
    DeviceFigures, DeviceState, Frame, Mixer, Rate, Relay, StandIn, Stream, StreamEvent, StreamOutput,
    StreamPlan, StreamStats,
};
use crate::net::{MAX_DATAGRAM, RtpPair, send_now};
use crate::phone::{LineId, NearEnd};
use crate::text::Language;
use crate::transmit::{Received, Transport};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

const TICK: Duration = Duration::from_millis(20);

/// A shift of the ticks that the devices' margins bear.
const SLIGHT: Duration = Duration::from_millis(2);

/// How far a tick may be behind before the time lost is given up instead of made good.
const LATEST: Duration = Duration::from_millis(100);

/// What a call plays and where it is kept, besides the operator's devices.
#[derive(Default)]
pub struct Audio {
    /// Said instead of what the operator says.
    pub play: Option<Box<dyn Source>>,
    /// Begun and written by a thread of its own; `None` where nothing is kept.
    pub record: Option<Begin>,
}

/// Where a call's sound comes from and goes to.
pub(super) struct Sound {
    pub source: Box<dyn Source>,
    /// Where the operator hears; `None` where nobody listens.
    pub earpiece: Option<Box<dyn Earpiece>>,
    pub record: Option<Begin>,
    /// In which whoever answers is asked for a key.
    pub language: Language,
}

impl Sound {
    /// The operator's devices where there are any and nothing else is to be played.
    pub(super) fn of(audio: Audio, devices: Option<&Devices>, language: Language) -> Self {
        let Audio { play, record } = audio;
        match devices.map(Devices::connect) {
            Some((microphone, earpiece)) => {
                Self { source: play.unwrap_or(microphone), earpiece: Some(earpiece), record, language }
            }
            None => {
                let source = play.unwrap_or_else(|| Box::new(NullSource));
                Self { source, earpiece: None, record, language }
            }
        }
    }
}

/// What the owner says to the thread.
pub(super) enum ToMedia {
    Start {
        line: LineId,
        pair: RtpPair,
        sound: Sound,
        plan: StreamPlan,
        near_end: NearEnd,
        /// The operator is heard nowhere.
        muted: bool,
    },
    Apply {
        line: LineId,
        plan: StreamPlan,
        near_end: NearEnd,
    },
    /// The stream goes on from other sockets.
    Move {
        line: LineId,
        pair: RtpPair,
    },
    Digits {
        line: LineId,
        digits: String,
    },
    Stop {
        line: LineId,
    },
    /// These lines hear each other; none: no line hears another.
    Conference {
        lines: Option<[LineId; 2]>,
    },
    /// The operator is heard on no line, or on the one that has the operator.
    Mute {
        on: bool,
    },
    /// The company's recording of this line's conversation; `id` names it in what is told of it.
    Tape {
        line: LineId,
        id: CallRecordId,
        order: TapeOrder,
    },
    /// In place of the one that runs.
    Play(Option<Playing>),
}

/// What the thread says to the owner.
pub(super) enum FromMedia {
    Event { line: LineId, event: StreamEvent },
    Stats { line: LineId, stats: StreamStats },
    Fault { line: LineId, fault: SoundFault },
    Tape { id: CallRecordId, news: TapeNews },
}

/// The owner's end of the thread.
pub(super) struct MediaThread {
    orders: UnboundedSender<ToMedia>,
    thread: std::thread::JoinHandle<bool>,
}

impl MediaThread {
    /// `figures_every`: how often each line's figures are told besides the last time. `meter`: where loudness is left.
    pub(super) fn start(
        clock: Clock,
        figures_every: Option<Duration>,
        meter: Option<Arc<Meter>>,
        reports: UnboundedSender<FromMedia>,
    ) -> std::io::Result<Self> {
        let (orders, inbox) = unbounded_channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let thread = std::thread::Builder::new()
            .name("media".into())
            // Echo canceller and noise suppressor are made in it.
            .stack_size(4 * 1024 * 1024)
            .spawn(move || runtime.block_on(serve(clock, figures_every, meter, inbox, reports)))?;
        Ok(Self { orders, thread })
    }

    pub(super) fn tell(&self, order: ToMedia) {
        // Only fails when the thread has panicked; `finish` tells.
        let _ = self.orders.send(order);
    }

    /// Ends all streams and recordings, and waits for them, so long at most: a disk may stall for ever. Whether none
    /// of them broke down.
    pub(super) async fn finish(self, within: Duration) -> bool {
        drop(self.orders);
        let ended = tokio::task::spawn_blocking(|| self.thread.join().unwrap_or(false));
        tokio::time::timeout(within, ended).await.is_ok_and(|ended| ended.unwrap_or(false))
    }
}

enum ToLine {
    Apply { plan: StreamPlan, near_end: NearEnd },
    Move(RtpPair),
    Digits(String),
    Confer(Option<Seat>),
    Mute(bool),
    Tape { id: CallRecordId, order: TapeOrder },
}

/// A line's place in a conference. The lines may have different rates: what comes over from the other one is brought to
/// the rate at which it is needed here.
struct Seat {
    /// This line has the devices: it speaks and hears for the operator on both.
    leads: bool,
    to_other: Arc<Mutex<Relay>>,
    from_other: Arc<Mutex<Relay>>,
    /// Of what is sent, heard, and told to the other line.
    sent: Mixer,
    heard: Mixer,
    told: Mixer,
}

impl Seat {
    fn pair() -> [Self; 2] {
        let (one, other) = <(Arc<Mutex<Relay>>, Arc<Mutex<Relay>>)>::default();
        let follower = Self::new(false, Arc::clone(&other), Arc::clone(&one));
        [Self::new(true, one, other), follower]
    }

    fn new(leads: bool, to_other: Arc<Mutex<Relay>>, from_other: Arc<Mutex<Relay>>) -> Self {
        let (sent, heard, told) = Default::default();
        Self { leads, to_other, from_other, sent, heard, told }
    }

    /// What the operator, or what stands in, and the far end say here.
    fn tell(&mut self, operator: &Frame, said: &Frame) {
        let both = self.told.mix_all(operator, said);
        self.to_other.lock().unwrap_or_else(PoisonError::into_inner).put(both);
    }

    fn hear(&self) -> Frame {
        self.from_other.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

async fn serve(
    clock: Clock,
    figures_every: Option<Duration>,
    meter: Option<Arc<Meter>>,
    mut inbox: UnboundedReceiver<ToMedia>,
    reports: UnboundedSender<FromMedia>,
) -> bool {
    let mut lines: BTreeMap<LineId, UnboundedSender<ToLine>> = BTreeMap::new();
    let mut tasks = tokio::task::JoinSet::new();
    let mut playing: Option<tokio::task::JoinHandle<()>> = None;
    let mut whole = true;
    while let Some(order) = inbox.recv().await {
        while let Some(ended) = tasks.try_join_next() {
            whole &= ended.is_ok();
        }
        let (line, order) = match order {
            ToMedia::Start { line, pair, sound, plan, near_end, muted } => {
                let (orders, inbox) = unbounded_channel();
                lines.insert(line, orders);
                let reports = Reports { line, reports: reports.clone(), meter: meter.clone() };
                let broken = reports.clone();
                match Voice::new(clock, pair, sound, plan, near_end, muted, reports) {
                    Ok(voice) => drop(tasks.spawn(voice.run(inbox, figures_every))),
                    Err(error) => {
                        tracing::error!(%line, %error, "no audio: the sockets cannot be used");
                        broken.fault(SoundFault::Voice);
                    }
                }
                continue;
            }
            // The task ends when its sender is gone.
            ToMedia::Stop { line } => {
                lines.remove(&line);
                continue;
            }
            ToMedia::Conference { lines: among } => {
                let mut seats = BTreeMap::new();
                if let Some(among) = among {
                    seats.extend(among.into_iter().zip(Seat::pair()));
                }
                for (line, orders) in &lines {
                    let _ = orders.send(ToLine::Confer(seats.remove(line)));
                }
                continue;
            }
            ToMedia::Mute { on } => {
                lines.values().for_each(|orders| drop(orders.send(ToLine::Mute(on))));
                continue;
            }
            ToMedia::Play(next) => {
                playing.take().inspect(tokio::task::JoinHandle::abort);
                playing = next.map(|next| tokio::spawn(next.run(clock, meter.clone())));
                continue;
            }
            ToMedia::Apply { line, plan, near_end } => (line, ToLine::Apply { plan, near_end }),
            ToMedia::Move { line, pair } => (line, ToLine::Move(pair)),
            ToMedia::Digits { line, digits } => (line, ToLine::Digits(digits)),
            ToMedia::Tape { line, id, order } => (line, ToLine::Tape { id, order }),
        };
        let untold = match lines.get(&line) {
            Some(orders) => orders.send(order).err().map(|untold| untold.0),
            None => Some(order),
        };
        // A line without a voice, whose sockets could not be had, or one whose call is just over.
        if let Some(ToLine::Tape { id, order }) = untold {
            not_taken(&reports, id, order);
        }
    }
    playing.inspect(tokio::task::JoinHandle::abort);
    drop(lines);
    while let Some(ended) = tasks.join_next().await {
        whole &= ended.is_ok();
    }
    whole
}

/// Where nothing can be recorded, nobody may take it for recorded, and what there is can be refused.
pub(super) fn not_taken(reports: &UnboundedSender<FromMedia>, id: CallRecordId, order: TapeOrder) {
    let reports = reports.clone();
    let tell = move |news| drop(reports.send(FromMedia::Tape { id, news }));
    match order {
        TapeOrder::Begin { .. } => tell(TapeNews::Fault(RecordingFault::NotWritten)),
        TapeOrder::Blank(_) | TapeOrder::Wait(_) => {}
        TapeOrder::Discard { forget } => drop(tokio::task::spawn_blocking(move || tell(forget()))),
    }
}

#[derive(Clone)]
struct Reports {
    line: LineId,
    reports: UnboundedSender<FromMedia>,
    meter: Option<Arc<Meter>>,
}

impl Reports {
    fn event(&self, event: StreamEvent) {
        let _ = self.reports.send(FromMedia::Event { line: self.line, event });
    }

    fn stats(&self, stats: StreamStats) {
        let _ = self.reports.send(FromMedia::Stats { line: self.line, stats });
    }

    fn fault(&self, fault: SoundFault) {
        let _ = self.reports.send(FromMedia::Fault { line: self.line, fault });
    }

    fn tape(&self, id: CallRecordId, news: TapeNews) {
        let _ = self.reports.send(FromMedia::Tape { id, news });
    }

    fn recording(&self, fault: RecordFault) {
        self.fault(SoundFault::Record(fault));
    }
}

/// One line's stream with its sockets and sound.
struct Voice {
    clock: Clock,
    stream: Stream,
    rtp: UdpSocket,
    rtcp: UdpSocket,
    local: SocketAddr,
    source: Box<dyn Source>,
    earpiece: Option<Box<dyn Earpiece>>,
    recorder: Option<Recorder>,
    /// The company's recording, where it wants one.
    conversation: Option<Conversation>,
    /// The one that the client did not agree to.
    refused: Option<Ending>,
    /// Files begin when the call is answered, not with the ringback tone.
    early: bool,
    /// The operator is on this line; otherwise it is neither heard nor hears.
    operator: bool,
    /// What the far end hears instead; none: silence.
    stand_in: Option<StandIn>,
    language: Language,
    /// The other line of a conference.
    seat: Option<Seat>,
    /// What the operator says goes nowhere.
    muted: bool,
    /// What comes in is music.
    held_by_them: bool,
    next_tick: Instant,
    /// Ticks of this line that were given up.
    skipped: u32,
    reports: Reports,
}

impl Voice {
    fn new(
        clock: Clock,
        pair: RtpPair,
        sound: Sound,
        plan: StreamPlan,
        near_end: NearEnd,
        muted: bool,
        reports: Reports,
    ) -> std::io::Result<Self> {
        let now = clock.now();
        let seed = entropy::seed().map_err(std::io::Error::other)?;
        let (early, held_by_them, local) = (plan.early, plan.held_by_them, pair.local);
        let stream = Stream::new(now, plan, seed);
        let recorder = sound.record.and_then(|begin| {
            let fault = |error: std::io::Error| reports.recording(RecordFault::CannotWrite(error.kind()));
            Recorder::start(begin).map_err(fault).ok()
        });
        let mut voice = Self {
            clock,
            stream,
            rtp: UdpSocket::from_std(pair.rtp)?,
            rtcp: UdpSocket::from_std(pair.rtcp)?,
            local,
            source: sound.source,
            earpiece: sound.earpiece,
            recorder,
            conversation: None,
            refused: None,
            early,
            operator: false,
            stand_in: None,
            language: sound.language,
            seat: None,
            muted,
            held_by_them,
            next_tick: now,
            skipped: 0,
            reports,
        };
        voice.let_speak(near_end);
        voice.watch_microphone(now);
        Ok(voice)
    }

    fn let_speak(&mut self, near_end: NearEnd) {
        self.operator = near_end == NearEnd::Operator;
        self.stand_in = match near_end {
            NearEnd::Operator | NearEnd::Silence => None,
            NearEnd::Music => Some(self.stand_in.take().unwrap_or(StandIn::music())),
            NearEnd::Prompt => Some(StandIn::prompt(self.language)),
        };
    }

    /// One line at a time has them, in a conference too.
    fn has_devices(&self) -> bool {
        self.operator && self.seat.as_ref().is_none_or(|seat| seat.leads)
    }

    /// What the microphone gives is for this line.
    fn speaks(&self) -> bool {
        self.has_devices() && !self.early
    }

    /// One that nobody is to hear is not missed.
    fn watch_microphone(&mut self, now: Instant) {
        let watched = self.source.is_microphone() && self.has_devices() && !self.muted;
        self.stream.watch_microphone(now, watched);
    }

    async fn run(mut self, mut inbox: UnboundedReceiver<ToLine>, figures_every: Option<Duration>) {
        let mut rtp = vec![0; MAX_DATAGRAM / 8];
        let mut rtcp = vec![0; MAX_DATAGRAM / 8];
        let mut next_figures = figures_every.map(|every| self.clock.now() + every);
        loop {
            let wait = self.next_tick.since(self.clock.now());
            // What has arrived already is read before the next tick plays it: after a late wake-up it would count as late.
            tokio::select! {
                biased;
                order = inbox.recv() => match order {
                    Some(order) => self.obey(order),
                    None => break,
                },
                Ok((length, from)) = self.rtp.recv_from(&mut rtp) => {
                    let packet = received(from, self.local, rtp.get(..length));
                    self.stream.handle_rtp(self.clock.now(), packet);
                    self.fall_in();
                }
                Ok((length, from)) = self.rtcp.recv_from(&mut rtcp) => {
                    let packet = received(from, self.local, rtcp.get(..length));
                    self.stream.handle_rtcp(self.clock.now(), packet);
                }
                () = tokio::time::sleep(wait) => self.ticks(self.clock.now()),
            }
            self.drain();
            if let (Some(at), Some(every)) = (next_figures, figures_every) {
                let now = self.clock.now();
                if now >= at {
                    self.reports.stats(self.stream.stats(now));
                    next_figures = Some(now + every);
                }
            }
        }
        self.end().await;
    }

    fn obey(&mut self, order: ToLine) {
        let now = self.clock.now();
        let spoke = self.speaks();
        match order {
            ToLine::Apply { plan, near_end } => {
                (self.early, self.held_by_them) = (plan.early, plan.held_by_them);
                self.let_speak(near_end);
                self.stream.apply(now, plan);
            }
            ToLine::Confer(seat) => self.seat = seat,
            ToLine::Move(pair) => {
                if let Err(error) = self.move_to(pair) {
                    tracing::error!(%error, "no audio: the new sockets cannot be used");
                    self.reports.fault(SoundFault::Voice);
                }
            }
            ToLine::Digits(digits) => self.stream.send_digits(&digits),
            ToLine::Mute(on) => self.muted = on,
            ToLine::Tape { id, order } => self.obey_tape(id, order),
        }
        if self.speaks() && !spoke {
            self.source.forget();
        }
        self.watch_microphone(now);
    }

    fn obey_tape(&mut self, id: CallRecordId, order: TapeOrder) {
        match order {
            TapeOrder::Begin { begin, telling } => {
                let reports = self.reports.clone();
                let begun = Conversation::begin(begin, telling, move |news| reports.tape(id, news));
                match begun {
                    Ok(conversation) => self.conversation = Some(conversation),
                    Err(error) => {
                        tracing::error!(%error, "no recording: its thread cannot be started");
                        self.reports.tape(id, TapeNews::Fault(RecordingFault::NotWritten));
                    }
                }
            }
            TapeOrder::Blank(why) => {
                if let Some(conversation) = &mut self.conversation {
                    conversation.set_blank(why);
                }
            }
            TapeOrder::Wait(on) => {
                if let Some(conversation) = &mut self.conversation {
                    conversation.set_waiting(on);
                }
            }
            TapeOrder::Discard { forget } => match self.conversation.take() {
                Some(conversation) => self.refused = Some(conversation.discard()),
                None => not_taken(&self.reports.reports, id, TapeOrder::Discard { forget }),
            },
        }
    }

    fn move_to(&mut self, pair: RtpPair) -> std::io::Result<()> {
        (self.rtp, self.rtcp) = (UdpSocket::from_std(pair.rtp)?, UdpSocket::from_std(pair.rtcp)?);
        self.local = pair.local;
        Ok(())
    }

    /// Ticks come from now on when what the far end has begun to send may be played.
    fn fall_in(&mut self) {
        let Some(due) = self.stream.take_begun() else { return };
        let before = self.next_tick;
        self.next_tick = in_step(before, due);
        let moved = before.since(self.next_tick).max(self.next_tick.since(before));
        // Less is the work of the devices' own steering; whoever speaks loses nothing by it.
        if moved > SLIGHT && self.has_devices() {
            self.source.shift();
            if let Some(earpiece) = &mut self.earpiece {
                earpiece.shift();
            }
        }
    }

    fn ticks(&mut self, now: Instant) {
        let behind = now.since(self.next_tick);
        if behind > LATEST {
            let lost = u32::try_from(behind.as_millis() / TICK.as_millis()).unwrap_or(u32::MAX);
            self.skipped = self.skipped.saturating_add(lost);
            // In step with the far end as before.
            self.next_tick = self.next_tick + TICK * lost;
        }
        while self.next_tick <= now {
            self.tick(now);
            self.next_tick = self.next_tick + TICK;
        }
    }

    fn tick(&mut self, now: Instant) {
        let rate = self.stream.sends_at();
        let microphone = self.spoken(rate);
        self.stream.know_devices(self.devices());
        let operator = microphone.unwrap_or(Frame::silence(rate));
        let mut seat = self.seat.as_mut().filter(|_| self.operator);
        let others = seat.as_ref().map(|seat| seat.hear());
        let mut sent = match (&mut seat, &others) {
            (Some(seat), Some(others)) => seat.sent.mix(rate, &operator, others),
            _ => operator,
        };
        let apart = self.early || !self.operator || self.held_by_them;
        let mut recorded = self.conversation.as_mut();
        let telling = recorded.as_mut().filter(|_| !apart).and_then(|recorded| recorded.telling(rate));
        if let Some((recorded, telling)) = recorded.as_mut().zip(telling) {
            sent = if recorded.is_announcing() {
                telling
            } else {
                recorded.with(Hears::Client, &sent, &telling)
            };
        }
        let received = self.stream.tick(now, microphone.as_ref(), &sent);
        let mut heard = match (seat, &others) {
            (Some(seat), Some(others)) => {
                // Music is not played into what the others say.
                let said = if self.held_by_them { Frame::silence(received.rate()) } else { received };
                seat.tell(&operator, &said);
                seat.heard.mix_all(&said, others)
            }
            _ => received,
        };
        if let Some((recorded, telling)) = recorded.as_mut().zip(telling) {
            heard = recorded.with(Hears::Operator, &heard, &telling);
        }
        if let Some(recorded) = recorded {
            recorded.take(apart, &sent, &received);
        }
        if self.has_devices() {
            self.let_hear(now, &heard);
        }
        if self.early {
            return;
        }
        let Some(recorder) = &self.recorder else { return };
        if !recorder.write(&received, &sent) {
            self.recording_broke();
        }
    }

    fn let_hear(&mut self, now: Instant, heard: &Frame) {
        if let Some(meter) = &self.reports.meter {
            meter.heard(heard);
        }
        if let Some(earpiece) = &mut self.earpiece {
            let plays = earpiece.play(heard);
            self.stream.watch_earpiece(now, plays);
        }
    }

    fn spoken(&mut self, rate: Rate) -> Option<Frame> {
        let silence = Frame::silence(rate);
        if self.early {
            return Some(silence);
        }
        if self.has_devices() {
            let frame = self.source.next_frame(rate);
            if let Some((meter, frame)) = self.reports.meter.as_ref().zip(frame) {
                meter.spoken(&frame);
            }
            return if self.muted { Some(silence) } else { frame };
        }
        // A file goes on where nobody hears it. The microphone is another line's now.
        if !self.source.is_microphone() {
            self.source.next_frame(rate);
        }
        Some(self.stand_in.as_mut().map_or(silence, |stand_in| stand_in.next_frame(rate)))
    }

    /// Told at once, not only when the call ends.
    fn recording_broke(&mut self) {
        let Some(recorder) = self.recorder.take() else { return };
        let reports = self.reports.clone();
        tokio::spawn(async move {
            let ended = recorder.finish().await;
            reports.recording(ended.err().unwrap_or(RecordFault::CannotWrite(ErrorKind::TimedOut)));
        });
    }

    fn drain(&mut self) {
        loop {
            match self.stream.poll_output() {
                // A packet that cannot go now is lost, as it would be on the network.
                StreamOutput::Rtp(transmit) => drop(send_now(&self.rtp, &transmit)),
                StreamOutput::Rtcp(transmit) => drop(send_now(&self.rtcp, &transmit)),
                StreamOutput::Event(event) => {
                    if matches!(event, StreamEvent::PoorAudio { .. } | StreamEvent::GoodAudio { .. }) {
                        self.reports.stats(self.stream.stats(self.clock.now()));
                    }
                    self.reports.event(event);
                }
                StreamOutput::Idle => return,
            }
        }
    }

    /// Those of this line alone.
    fn devices(&self) -> DeviceState {
        let earpiece = self.earpiece.as_ref();
        let figures = DeviceFigures {
            microphone: self.source.runs(),
            earpiece: earpiece.map(|earpiece| earpiece.runs()).unwrap_or_default(),
            skipped: self.skipped,
        };
        let microphone = self.source.trouble();
        DeviceState { figures, microphone, earpiece: earpiece.and_then(|earpiece| earpiece.trouble()) }
    }

    async fn end(mut self) {
        let now = self.clock.now();
        self.stream.close(now);
        self.drain();
        let stats = self.stream.stats(now);
        // The next call may use the ports as soon as it hears of the end of this one.
        drop((self.rtp, self.rtcp));
        self.reports.stats(stats);
        if let Some(recorder) = self.recorder
            && let Err(fault) = recorder.finish().await
        {
            self.reports.recording(fault);
        }
        if let Some(conversation) = self.conversation {
            conversation.finish().await;
        }
        if let Some(refused) = self.refused {
            refused.wait().await;
        }
    }
}

/// The moment nearest to `tick` that is whole ticks away from `due`.
fn in_step(tick: Instant, due: Instant) -> Instant {
    let micros = |of: Instant| of.since_start().as_micros();
    let whole = TICK.as_micros();
    // Below a tick.
    let after = Duration::from_micros(((micros(tick) + whole - micros(due) % whole) % whole) as u64);
    if after <= TICK / 2 { tick - after } else { tick + (TICK - after) }
}

fn received(from: SocketAddr, local: SocketAddr, bytes: Option<&[u8]>) -> Received {
    Received { transport: Transport::Udp, from, local, bytes: bytes.unwrap_or_default().to_vec() }
}

#[cfg(test)]
mod tests;
