//! The call register (duty 14): one entry per call, opened when it rings or is dialled, closed when it
//! ends, and whole in each revision.

use super::intent::Dialled;
use super::{CardAnswer, voice};
use crate::desk_api::{
    Announce, CallRecord, CallRecordId, CallRecording, CallVoice, ClientId, Direction, HeardHow, Match,
    Outcome, Party, Picked, RecordingResult, TransferResult, TransferStep, TransferWay, VoiceVerdict,
};
use crate::domain::number::{NumberingPlan, PhoneNumber};
use crate::instant::Instant;
use crate::phone::{self, CallOutcome, Caller, ClientIs, LineId, TransferOutcome};
use crate::sip::transfer_id;
use jiff::Timestamp;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::Rng;
use std::collections::{BTreeMap, VecDeque};

/// Ended calls that a result may still be said of.
const CONCLUDABLE: usize = 32;

pub(super) struct Register {
    operator: String,
    own_number: String,
    chance: ChaCha20Rng,
    entries: BTreeMap<LineId, Entry>,
    /// Calls that have ended, the latest last.
    ended: VecDeque<Ended>,
}

/// A call that is over.
struct Ended {
    id: CallRecordId,
    call_id: String,
    /// None where nothing may be known of its client any more: then nothing more is written of it.
    record: Option<CallRecord>,
    recording_due: bool,
    /// Nothing may be, as soon as it is told what became of the recording.
    forgets: bool,
}

/// A call whose client is back.
pub(super) struct Left {
    pub id: CallRecordId,
    pub client: Option<ClientId>,
    /// The next revision of its entry.
    pub record: Option<CallRecord>,
}

/// The entry of a call that stands.
struct Entry {
    record: CallRecord,
    /// When the call began: later times of the entry are counted from there, whatever the clock on the wall is set to
    /// meanwhile.
    begun: Instant,
    transfer_begun: Instant,
    extension: Option<String>,
    /// At the far end now, in place of the one whom the entry names.
    newcomer: Option<Party>,
    /// The operator has said which of several clients it is.
    chosen: bool,
    /// Why the next target is called, in the rule's word.
    why: Option<&'static str>,
    /// The PBX has given the client back, by another call.
    came_back: bool,
    /// How the two hear each other, as last told.
    voice: Option<CallVoice>,
    /// The worst that was said of it.
    verdict: Option<VoiceVerdict>,
    /// It is still to be told what became of the recording.
    recording_due: bool,
}

/// The far end of a call.
pub(super) struct Client {
    /// Of the call's entry.
    pub id: CallRecordId,
    pub operator: String,
    pub party: Party,
    pub client: Option<ClientId>,
    pub matched: Option<Match>,
    pub picked: Picked,
}

/// The two sides of an incoming call.
pub(super) struct Parties {
    caller: Party,
    called: Party,
}

impl Parties {
    /// `number`: the caller's as it may be used here; none for a withheld one.
    pub fn of(caller: &Caller, number: Option<PhoneNumber>, numbering: &NumberingPlan) -> Self {
        let called = caller.called.clone();
        let called_number = called.as_ref().and_then(|written| numbering.look_up_key(written));
        Self {
            caller: party(caller, number),
            called: Party {
                written: called,
                number: called_number,
                name: caller.queue.clone(),
                withheld: false,
            },
        }
    }
}

/// `number`: as it may be used here; none for a withheld one.
pub(super) fn party(caller: &Caller, number: Option<PhoneNumber>) -> Party {
    Party { written: caller.number.clone(), number, name: caller.name.clone(), withheld: caller.withheld }
}

impl Register {
    pub fn new(operator: String, own_number: String, chance: ChaCha20Rng) -> Self {
        Self { operator, own_number, chance, entries: BTreeMap::new(), ended: VecDeque::new() }
    }

    pub fn ringing(
        &mut self,
        now: Instant,
        wall: Timestamp,
        line: LineId,
        call_id: &str,
        parties: Parties,
    ) -> CallRecord {
        let record = self.inbound(wall, call_id, parties);
        self.open(now, line, record, None)
    }

    pub fn dialing(
        &mut self,
        now: Instant,
        wall: Timestamp,
        line: LineId,
        call_id: &str,
        dialled: &Dialled,
    ) -> CallRecord {
        if let Some(client) = &dialled.client {
            let mut record = self.blank(wall, call_id, Direction::Inbound);
            record.caller = party(client, dialled.number);
            record.called.written = Some(dialled.typed.clone());
            return self.open(now, line, record, None);
        }
        let mut record = self.blank(wall, call_id, Direction::Outbound);
        record.caller.written = Some(self.own_number.clone());
        record.called = Party {
            written: Some(dialled.typed.clone()),
            number: dialled.number,
            name: None,
            withheld: false,
        };
        self.open(now, line, record, dialled.extension.clone())
    }

    /// A call that never got a line: begun and over in the same moment.
    pub fn declined(&mut self, wall: Timestamp, call_id: &str, parties: Parties, status: u16) -> CallRecord {
        let mut record = self.inbound(wall, call_id, parties);
        record.ended_at = Some(wall);
        record.status = Some(status);
        record.outcome = Some(if status == 486 { Outcome::Busy } else { Outcome::Failed });
        record
    }

    /// Somebody else is at the far end. An entry names one client: a colleague, or a number that is not told, takes
    /// nobody's place; whoever can be looked up takes theirs at once, and another outside number's when the desk
    /// knows exactly who it is. One with a recording goes on naming whose that is.
    pub fn connected(&mut self, line: LineId, party: Party) -> Option<CallRecord> {
        let entry = self.entries.get_mut(&line)?;
        entry.newcomer = None;
        let is_recorded = entry.record.recording.is_some();
        let named = entry.far_side();
        match (named.number, party.number) {
            (_, None) => return None,
            (None, _) if !is_recorded => *named = party,
            (known, number) if known == number && party.name == named.name => return None,
            (known, number) if known == number => named.name = party.name.or(named.name.take()),
            _ => {
                entry.newcomer = Some(party);
                return None;
            }
        }
        self.revise(line, |_| {})
    }

    /// The desk or the cache said who it is; goes out with the next revision.
    pub fn recognised(&mut self, line: LineId, answer: &CardAnswer) {
        let Some(entry) = self.entries.get_mut(&line) else { return };
        if let Some(newcomer) = entry.newcomer.take() {
            if answer.matched() != Match::One || entry.record.recording.is_some() {
                entry.newcomer = Some(newcomer);
                return;
            }
            *entry.far_side() = newcomer;
        }
        match answer {
            // What the cache knew is better than the desk's silence.
            CardAnswer::Unavailable { .. } => {
                entry.record.matched = entry.record.matched.or(Some(Match::Unavailable));
            }
            CardAnswer::Found { clients, .. } => {
                let chosen = entry.record.client.filter(|_| entry.chosen);
                let chosen = chosen.filter(|chosen| clients.iter().any(|client| client.id == *chosen));
                entry.chosen = chosen.is_some();
                entry.record.matched = Some(Match::of(clients.len()));
                entry.record.client = match clients.as_slice() {
                    [client] => Some(client.id),
                    _ => chosen,
                };
            }
        }
    }

    /// The next revision, when this event changes the entry.
    pub fn follow(&mut self, now: Instant, event: &phone::Event) -> Option<CallRecord> {
        match event {
            phone::Event::Answered { line, .. } => {
                self.revise(*line, |entry| entry.record.answered_at = Some(entry.time(now)))
            }
            phone::Event::TransferStarted { line, target, way } => self.revise(*line, |entry| {
                (entry.transfer_begun, entry.came_back) = (now, false);
                entry.record.transfers.push(TransferStep {
                    target: target.clone(),
                    way: match way {
                        phone::TransferWay::Blind => TransferWay::Blind,
                        phone::TransferWay::Return => TransferWay::Return,
                        phone::TransferWay::Consultation => TransferWay::Consultation,
                    },
                    why: entry.why.take().map(str::to_owned),
                    result: None,
                    status: None,
                    seconds: None,
                });
            }),
            phone::Event::Transferred { line, target, outcome } => {
                let result = match outcome {
                    TransferOutcome::Joined => TransferResult::Joined,
                    TransferOutcome::HandedOver => TransferResult::HandedOver,
                };
                self.revise(*line, |entry| entry.end_step(now, Some(target), result, Some(200)))
            }
            phone::Event::TransferFailed { line, target, status, client, .. } => {
                let result = match client {
                    ClientIs::Kept => TransferResult::Kept,
                    ClientIs::Lost => TransferResult::Lost,
                    ClientIs::Left => TransferResult::Left,
                    ClientIs::Unknown => TransferResult::Unknown,
                };
                self.revise(*line, |entry| entry.end_step(now, Some(target), result, *status))
            }
            phone::Event::Returned { line } if self.last_result(*line) == Some(TransferResult::Unknown) => {
                self.revise(*line, |entry| entry.end_step(now, None, TransferResult::Kept, None))
            }
            phone::Event::Media { line, codec, stats } => {
                if let Some(entry) = self.entries.get_mut(line) {
                    entry.voice = Some(voice::figures(*codec, stats));
                }
                None
            }
            phone::Event::NoAudio { line, direction, cause } => {
                self.hear(*line, voice::verdict(*direction, HeardHow::Nothing, cause.code()))
            }
            phone::Event::PoorAudio { line, direction, cause } => {
                self.hear(*line, voice::verdict(*direction, HeardHow::Badly, cause.code()))
            }
            phone::Event::Ended { line, outcome, status, .. } => {
                let record = self.revise(*line, |entry| {
                    entry.take_voice();
                    entry.record.ended_at = Some(entry.time(now));
                    entry.record.outcome = Some(outcome_of(*outcome));
                    entry.record.status = *status;
                    if let (Some(recording), Some(end)) = (&mut entry.record.recording, entry.record.ended_at)
                    {
                        // Until it is known to be whole.
                        recording.end(end, recording.result.unwrap_or(RecordingResult::Incomplete));
                    }
                });
                let recording_due = self.entries.remove(line).is_some_and(|entry| entry.recording_due);
                self.ended.extend(record.clone().map(|record| Ended {
                    id: record.id,
                    call_id: record.call_id.clone(),
                    record: Some(record),
                    recording_due,
                    forgets: false,
                }));
                if self.ended.len() > CONCLUDABLE {
                    self.ended.pop_front();
                }
                record
            }
            _ => None,
        }
    }

    /// With the last revision.
    fn hear(&mut self, line: LineId, said: VoiceVerdict) -> Option<CallRecord> {
        if let Some(entry) = self.entries.get_mut(&line) {
            entry.verdict = Some(VoiceVerdict::worse(entry.verdict.take(), said));
        }
        None
    }

    /// Why the next step of a transfer is made.
    pub fn explain(&mut self, line: LineId, why: &'static str) {
        if let Some(entry) = self.entries.get_mut(&line) {
            entry.why = Some(why);
        }
    }

    /// Who is at the far end of this call, as far as the entry knows.
    pub fn client(&self, line: LineId) -> Option<Client> {
        let Entry { record, newcomer, .. } = self.entries.get(&line)?;
        let known = match record.direction {
            Direction::Inbound => &record.caller,
            Direction::Outbound => &record.called,
        };
        let is_known = newcomer.is_none();
        Some(Client {
            id: record.id,
            operator: record.operator.clone(),
            party: newcomer.as_ref().unwrap_or(known).clone(),
            client: record.client.filter(|_| is_known),
            matched: record.matched.filter(|_| is_known),
            picked: record.picked.clone(),
        })
    }

    /// Which of several clients the operator says it is; none where the entry goes on naming another one.
    pub fn choose(&mut self, line: LineId, client: ClientId) -> Option<CallRecord> {
        let entry = self.entries.get(&line)?;
        if entry.newcomer.is_some() && entry.record.recording.is_some() {
            return None;
        }
        self.revise(line, |entry| {
            if entry.turn_to_newcomer() || entry.record.matched.is_none() {
                entry.record.matched = Some(Match::Many);
            }
            entry.record.client = Some(client);
            entry.chosen = true;
        })
    }

    /// The client of the call that was passed on by this transfer is back on this line, as the same client.
    pub fn came_back(&mut self, line: LineId, transfer: &str) -> Option<Left> {
        let is_it = |call_id: &str| transfer_id(call_id) == transfer;
        let left = match self.entries.values_mut().find(|entry| is_it(&entry.record.call_id)) {
            Some(entry) => {
                entry.came_back = true;
                Left::from(&mut entry.record)?
            }
            None => {
                let ended = self.ended.iter_mut().rev().find(|ended| is_it(&ended.call_id))?;
                match &mut ended.record {
                    Some(record) => Left::from(record)?,
                    None => Left { id: ended.id, client: None, record: None },
                }
            }
        };
        if let (Some(entry), Some(client)) = (self.entries.get_mut(&line), left.client) {
            entry.record.client = Some(client);
            entry.chosen = true;
        }
        Some(left)
    }

    /// Nothing may be known of clients any more but what is written, and what became of their recordings: which call it was
    /// stays, since what a client refused holds when they are back.
    pub fn forget_ended(&mut self) {
        for ended in &mut self.ended {
            ended.forgets = true;
            ended.forget();
        }
    }

    /// What a call came to; none for one that is not known, or not any more.
    pub fn conclude(&mut self, call_id: &str, result: String) -> Option<CallRecord> {
        let record = self.known(call_id)?;
        record.result = Some(result);
        record.revision = record.revision.saturating_add(1);
        Some(record.clone())
    }

    /// What the call is about; none for a line that does not stand.
    pub fn pick(&mut self, line: LineId, picked: Picked) -> Option<CallRecord> {
        self.revise(line, |entry| entry.record.picked = picked)
    }

    /// What the operator has written down: with the next revision, of which there is one at the end of the call, and one when it is
    /// concluded.
    pub fn note(&mut self, call_id: &str, note: Option<String>) {
        if let Some(record) = self.known(call_id) {
            record.note = note;
        }
    }

    /// The conversation of this line is recorded from now on, and the client told of it so. Whoever looks for the recording
    /// of the one whom the entry names must find no one else's.
    pub fn begin_recording(&mut self, now: Instant, line: LineId, told: Announce) -> Option<CallRecord> {
        self.revise(line, |entry| {
            entry.turn_to_newcomer();
            entry.recording_due = true;
            entry.record.recording = Some(CallRecording::new(entry.time(now), told));
        })
    }

    pub fn pause_recording(&mut self, now: Instant, line: LineId, on: bool) -> Option<CallRecord> {
        self.revise(line, |entry| {
            let now = entry.time(now);
            if let Some(recording) = &mut entry.record.recording {
                if on { recording.pause(now) } else { recording.resume(now) }
            }
        })
    }

    /// It is to be deleted, and will be told once it is.
    pub fn wait_for_recording(&mut self, line: LineId) {
        if let Some(entry) = self.entries.get_mut(&line) {
            entry.recording_due = true;
        }
    }

    /// In a call that stands or is over; none where nothing changes by it.
    pub fn end_recording(
        &mut self,
        now: Instant,
        id: CallRecordId,
        result: RecordingResult,
    ) -> Option<CallRecord> {
        if let Some(entry) = self.entries.values_mut().find(|entry| entry.record.id == id) {
            entry.recording_due = false;
            let end = entry.time(now);
            return end_recording(&mut entry.record, end, result);
        }
        let ended = self.ended.iter_mut().rev().find(|ended| ended.id == id)?;
        ended.recording_due = false;
        let end = ended.record.as_ref().and_then(|record| record.ended_at);
        let revised =
            ended.record.as_mut().zip(end).and_then(|(record, end)| end_recording(record, end, result));
        ended.forget();
        revised
    }

    pub fn id_of(&self, call_id: &str) -> Option<CallRecordId> {
        let standing = self.entries.values().map(|entry| (&entry.record.call_id, entry.record.id));
        let ended = self.ended.iter().rev().map(|ended| (&ended.call_id, ended.id));
        let known = standing.chain(ended).find(|(known, _)| *known == call_id);
        known.map(|(_, id)| id)
    }

    fn known(&mut self, call_id: &str) -> Option<&mut CallRecord> {
        let standing = self.entries.values_mut().map(|entry| &mut entry.record);
        let ended = self.ended.iter_mut().rev().filter_map(|ended| ended.record.as_mut());
        standing.chain(ended).find(|record| record.call_id == call_id)
    }

    pub fn take_extension(&mut self, line: LineId) -> Option<String> {
        self.entries.get_mut(&line)?.extension.take()
    }

    fn last_result(&self, line: LineId) -> Option<TransferResult> {
        self.entries.get(&line)?.record.transfers.last()?.result
    }

    fn inbound(&mut self, wall: Timestamp, call_id: &str, parties: Parties) -> CallRecord {
        let mut record = self.blank(wall, call_id, Direction::Inbound);
        record.caller = parties.caller;
        record.called = parties.called;
        record
    }

    fn blank(&mut self, wall: Timestamp, call_id: &str, direction: Direction) -> CallRecord {
        let mut chance = [0; 10];
        self.chance.fill_bytes(&mut chance);
        CallRecord {
            id: CallRecordId::new(wall, chance),
            revision: 1,
            call_id: call_id.to_owned(),
            direction,
            line: None,
            operator: self.operator.clone(),
            caller: Party::default(),
            called: Party::default(),
            client: None,
            matched: None,
            started_at: wall,
            answered_at: None,
            ended_at: None,
            outcome: None,
            status: None,
            transfers: Vec::new(),
            voice: None,
            result: None,
            picked: Picked::default(),
            note: None,
            recording: None,
        }
    }

    fn open(
        &mut self,
        begun: Instant,
        line: LineId,
        mut record: CallRecord,
        extension: Option<String>,
    ) -> CallRecord {
        record.line = Some(line.0);
        let transfer_begun = Instant::START;
        let entry = Entry {
            record: record.clone(),
            begun,
            transfer_begun,
            extension,
            newcomer: None,
            chosen: false,
            why: None,
            came_back: false,
            voice: None,
            verdict: None,
            recording_due: false,
        };
        self.entries.insert(line, entry);
        record
    }

    fn revise(&mut self, line: LineId, change: impl FnOnce(&mut Entry)) -> Option<CallRecord> {
        let entry = self.entries.get_mut(&line)?;
        change(entry);
        entry.record.revision = entry.record.revision.saturating_add(1);
        Some(entry.record.clone())
    }
}

impl Ended {
    /// Of whom nothing may be known any more, and nothing more is to be written.
    fn forget(&mut self) {
        if self.forgets && !self.recording_due {
            self.record = None;
        }
    }
}

impl Left {
    /// By the next revision of the entry, which says that they were kept.
    fn from(record: &mut CallRecord) -> Option<Self> {
        record.transfers.last_mut()?.result = Some(TransferResult::Kept);
        record.revision = record.revision.saturating_add(1);
        Some(Self { id: record.id, client: record.client, record: Some(record.clone()) })
    }
}

impl Entry {
    /// Before the answer nobody hears anybody.
    fn take_voice(&mut self) {
        let verdict = self.verdict.take();
        if self.record.answered_at.is_some() && (self.voice.is_some() || verdict.is_some()) {
            self.record.voice = Some(CallVoice { verdict, ..self.voice.take().unwrap_or_default() });
        }
    }

    fn time(&self, now: Instant) -> Timestamp {
        let passed = jiff::SignedDuration::try_from(now.since(self.begun)).unwrap_or_default();
        self.record.started_at.saturating_add(passed).unwrap_or(self.record.started_at)
    }

    /// The entry names whoever is there now, of whom the desk has said nothing exact. Whether that is another one.
    fn turn_to_newcomer(&mut self) -> bool {
        let Some(newcomer) = self.newcomer.take() else { return false };
        *self.far_side() = newcomer;
        (self.record.client, self.record.matched, self.chosen) = (None, None, false);
        true
    }

    fn far_side(&mut self) -> &mut Party {
        match self.record.direction {
            Direction::Inbound => &mut self.record.caller,
            Direction::Outbound => &mut self.record.called,
        }
    }

    /// `target`: whose step, where that is known; it may be one before the last.
    fn end_step(
        &mut self,
        now: Instant,
        target: Option<&String>,
        result: TransferResult,
        status: Option<u16>,
    ) {
        let seconds = now.since(self.transfer_begun).as_secs();
        // The client may be back before the PBX's word that it had taken him.
        let result = if self.came_back { TransferResult::Kept } else { result };
        let steps = &mut self.record.transfers;
        let last = steps.len().saturating_sub(1);
        let at = steps.iter().rposition(|step| target.is_none_or(|target| step.target == *target));
        if let Some((at, step)) = at.and_then(|at| Some((at, steps.get_mut(at)?))) {
            step.result = Some(result);
            step.status = status.or(step.status);
            if at == last {
                step.seconds = Some(u32::try_from(seconds).unwrap_or(u32::MAX));
            }
        }
    }
}

/// The next revision, where it says more than the last.
fn end_recording(record: &mut CallRecord, end: Timestamp, result: RecordingResult) -> Option<CallRecord> {
    let recording = record.recording.as_mut()?;
    let before = recording.clone();
    recording.end(end, result);
    if *recording == before {
        return None;
    }
    record.revision = record.revision.saturating_add(1);
    Some(record.clone())
}

fn outcome_of(outcome: CallOutcome) -> Outcome {
    match outcome {
        CallOutcome::Completed => Outcome::Completed,
        CallOutcome::Missed => Outcome::Missed,
        CallOutcome::AnsweredElsewhere => Outcome::AnsweredElsewhere,
        CallOutcome::Refused => Outcome::Refused,
        CallOutcome::Busy => Outcome::Busy,
        CallOutcome::Failed => Outcome::Failed,
        CallOutcome::Cancelled => Outcome::Cancelled,
    }
}
