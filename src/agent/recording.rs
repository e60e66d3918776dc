//! Recording a conversation (duties 24 and 26): when it begins, waits and ends, by the company's rules and the operator's keys.
//!
//! What is recorded is the conversation with a client: no colleague who calls or is called, no consultation for a client's sake,
//! and nothing while the client is on hold, which the media thread sees for itself.

use super::{Agent, Effect, Event, register};
use crate::desk_api::{CallRecordId, Party, RecordingResult};
use crate::domain::number::PhoneNumber;
use crate::domain::recording::{Announce, Blank, RecordingFault, RecordingRules, When};
use crate::instant::Instant;
use crate::phone::{self, LineId, Refusal};
use std::collections::{BTreeMap, VecDeque};

/// What the company wants recorded, and why it cannot be on this computer, if it cannot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RecordingConfig {
    pub rules: RecordingRules,
    pub fault: Option<RecordingFault>,
}

/// How the recording of a conversation stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RecordingState {
    /// The operator may begin one.
    Off,
    /// The client has to be asked first; nothing is recorded until the operator says that they agree.
    Asking,
    /// The client hears that it is recorded; what they say meanwhile is not.
    Announcing,
    On,
    /// Nothing is recorded until the operator says so.
    Paused,
    /// The client did not agree: what there was is deleted, and no other one begins in this call.
    Refused,
    /// There is none, or it ended; the fault says why.
    Failed,
}

impl RecordingState {
    /// There is a file that grows.
    pub const fn runs(self) -> bool {
        matches!(self, Self::Announcing | Self::On | Self::Paused)
    }
}

/// As whoever watches sees it; a line that is nobody's to record has none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RecordingView {
    pub state: RecordingState,
    /// What it lacks, or why there is none.
    pub fault: Option<RecordingFault>,
    /// Somebody is there who is not recorded, and nothing is meanwhile.
    pub apart: bool,
}

impl RecordingView {
    /// The client may still say no: where they are to be asked, where there is a file, and where one was begun, which a
    /// fault has ended.
    pub const fn can_be_refused(self) -> bool {
        let ended_early = matches!(self.fault, Some(RecordingFault::DiskFull | RecordingFault::NotWritten));
        match self.state {
            RecordingState::Asking => true,
            RecordingState::Failed => ended_early,
            state => state.runs(),
        }
    }
}

/// What the media thread is to do with the recording of a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TapeCommand {
    Begin,
    /// Why nothing is recorded from now on; none: it goes on.
    Blank(Option<Blank>),
    /// Who has to hear that they are recorded is not there: the announcement waits, or goes on.
    Wait(bool),
    /// It ends, and nothing of it is kept.
    Discard,
}

/// What became of it there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TapeNews {
    /// The client has heard that it is recorded.
    Announced,
    /// It ended here, or lacks something.
    Fault(RecordingFault),
    /// Nothing of it is on disk any more.
    Discarded,
    /// Its call is over, and all of it is on disk.
    Ended { complete: bool },
}

#[derive(Default)]
pub(super) struct Recordings {
    config: Option<RecordingConfig>,
    lines: BTreeMap<LineId, Line>,
    /// Calls for a client's sake.
    consultations: BTreeMap<LineId, CallRecordId>,
    /// What holds on a line because of a former call with the same person, until it has a recording's state of its own.
    inherited: BTreeMap<LineId, (CallRecordId, Lasting)>,
    /// Of calls that have ended, the latest last.
    ended: VecDeque<(CallRecordId, Lasting)>,
}

/// Ended calls whose client may come back on another line.
const REMEMBERED: usize = 32;

struct Line {
    id: CallRecordId,
    view: RecordingView,
    /// As the media thread was last told.
    blank: Option<Blank>,
    waits: bool,
    /// Who was told of it, or agreed; none before it begins.
    of: Option<Whose>,
    /// Somebody else is there now.
    absent: bool,
    /// Nothing is to be announced, or not any more.
    told: bool,
}

/// What outlives a call, since the same person goes on by another one: whom the PBX gives back, whom it kept parked, or
/// whose call takes the place of the former one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lasting {
    Refused,
    Paused,
    /// Called for a client's sake, and so nobody's to record.
    Consulted,
}

/// Of two clients on one line only one was told, or agreed.
struct Whose {
    who: Who,
    /// Somebody else was there since.
    left: bool,
}

#[derive(PartialEq, Eq)]
enum Who {
    Number(PhoneNumber),
    /// One that cannot be looked up.
    Written(String),
    Untold,
}

impl Who {
    fn of(party: &Party) -> Self {
        match (party.number, &party.written) {
            (Some(number), _) => Self::Number(number),
            (None, Some(written)) if !party.withheld => Self::Written(written.clone()),
            (None, _) => Self::Untold,
        }
    }
}

impl Whose {
    /// Of those whose numbers are not told nobody knows whether the one who comes is the one who went.
    fn is(&self, who: &Who) -> bool {
        self.who == *who && !(self.left && self.who == Who::Untold)
    }
}

impl Line {
    const fn new(id: CallRecordId, view: RecordingView) -> Self {
        Self { id, view, blank: None, waits: false, of: None, absent: false, told: false }
    }

    fn wanted_blank(&self) -> Option<Blank> {
        match self.view.state {
            RecordingState::Paused => Some(Blank::Paused),
            _ => self.view.apart.then_some(Blank::Apart),
        }
    }
}

impl Recordings {
    pub fn new(config: Option<RecordingConfig>) -> Self {
        Self { config, ..Self::default() }
    }

    /// This line is called for a client's sake.
    pub fn consult(&mut self, line: LineId, id: CallRecordId) {
        self.consultations.insert(line, id);
    }

    /// Whoever was in the call `former` is on this line now.
    pub fn goes_on(&mut self, line: LineId, id: CallRecordId, former: CallRecordId) {
        let standing = |(id, lasting): (CallRecordId, Lasting)| (id == former).then_some(lasting);
        let lines = self.lines.keys().chain(self.consultations.keys()).chain(self.inherited.keys());
        let lasting = lines.filter_map(|line| self.lasting(*line)).find_map(standing);
        let lasting = lasting.or_else(|| self.ended.iter().rev().copied().find_map(standing));
        if let Some(lasting) = lasting {
            self.inherit(line, id, lasting);
        }
    }

    /// The call on this line takes the place of the one on that.
    pub fn takes_place(&mut self, line: LineId, id: CallRecordId, of: LineId) {
        if let Some((_, lasting)) = self.lasting(of) {
            self.inherit(line, id, lasting);
        }
    }

    fn inherit(&mut self, line: LineId, id: CallRecordId, lasting: Lasting) {
        match lasting {
            Lasting::Consulted => self.consult(line, id),
            Lasting::Refused | Lasting::Paused => drop(self.inherited.insert(line, (id, lasting))),
        }
    }

    fn lasting(&self, line: LineId) -> Option<(CallRecordId, Lasting)> {
        if let Some(id) = self.consultations.get(&line) {
            return Some((*id, Lasting::Consulted));
        }
        let Some(line) = self.lines.get(&line) else { return self.inherited.get(&line).copied() };
        match line.view.state {
            RecordingState::Refused => Some((line.id, Lasting::Refused)),
            RecordingState::Paused => Some((line.id, Lasting::Paused)),
            _ => None,
        }
    }

    fn end(&mut self, line: LineId) {
        self.ended.extend(self.lasting(line));
        if self.ended.len() > REMEMBERED {
            self.ended.pop_front();
        }
        self.lines.remove(&line);
        self.consultations.remove(&line);
        self.inherited.remove(&line);
    }

    fn line_of(&self, id: CallRecordId) -> Option<LineId> {
        self.lines.iter().find(|(_, line)| line.id == id).map(|(line, _)| *line)
    }
}

/// In which state a conversation begins that may be recorded.
const fn first_state(config: RecordingConfig) -> RecordingState {
    match (config.rules.when, config.rules.announce) {
        _ if config.fault.is_some() => RecordingState::Failed,
        (When::Asked, _) => RecordingState::Off,
        (When::Always, Announce::Consent) => RecordingState::Asking,
        (When::Always, Announce::Voice) => RecordingState::Announcing,
        (When::Always, _) => RecordingState::On,
    }
}

/// Whether this is nobody of the company's own, as far as numbers tell: whoever has an outside number, hides it, or has none.
/// `short_digits`: the longest number that is internal.
fn is_client(party: &Party, short_digits: usize) -> bool {
    let internal = |written: &String| {
        let digits = written.chars().filter(char::is_ascii_digit).count();
        digits <= short_digits || written.chars().any(char::is_alphabetic)
    };
    party.number.is_some() || party.withheld || !party.written.as_ref().is_some_and(internal)
}

impl Agent {
    /// After each event of a call, when the view shows it.
    pub(super) fn follow_recordings(&mut self, now: Instant, event: &phone::Event) {
        let Some(config) = self.recordings.config else { return };
        if let phone::Event::Ended { line, .. } = event {
            self.recordings.end(*line);
        }
        let talking = self.view.lines.iter().filter(|(_, view)| view.state == super::LineState::Talking);
        let talking: Vec<LineId> = talking.map(|(line, _)| *line).collect();
        for line in talking.iter().copied() {
            if !self.recordings.lines.contains_key(&line) && self.may_be_recorded(line) {
                self.open_recording(now, line, first_state(config));
            }
        }
        talking.into_iter().for_each(|line| self.look_who_is_there(line));
    }

    /// Whoever is at the far end now is a client; the entry names the client though a colleague has come in between.
    fn may_be_recorded(&self, line: LineId) -> bool {
        if self.recordings.consultations.contains_key(&line) {
            return false;
        }
        self.party_there(line).is_some_and(|party| is_client(&party, self.numbering.short_digits()))
    }

    fn party_there(&self, line: LineId) -> Option<Party> {
        let there = self.view.lines.get(&line).and_then(|view| view.caller.as_ref());
        let there = there.map(|caller| register::party(caller, self.key_of(caller)));
        there.or_else(|| Some(self.register.client(line)?.party))
    }

    /// The client whose recording it is, where it has begun; else any.
    fn is_the_one_recorded(&self, line: LineId) -> bool {
        let of = self.recordings.lines.get(&line).and_then(|line| line.of.as_ref());
        let is_it = |of: &Whose| self.party_there(line).is_some_and(|party| of.is(&Who::of(&party)));
        self.may_be_recorded(line) && of.is_none_or(is_it)
    }

    fn open_recording(&mut self, now: Instant, line: LineId, state: RecordingState) {
        let Some(client) = self.register.client(line) else { return };
        let inherited = self.recordings.inherited.remove(&line).map(|(_, lasting)| lasting);
        let (state, paused) = match inherited {
            Some(Lasting::Refused) => (RecordingState::Refused, false),
            Some(Lasting::Paused) if state.runs() => (RecordingState::Paused, true),
            _ => (state, false),
        };
        let fault = self.recordings.config.and_then(|config| config.fault);
        let fault = fault.filter(|_| state == RecordingState::Failed);
        let view = RecordingView { state, fault, apart: false };
        self.recordings.lines.insert(line, Line::new(client.id, view));
        if state.runs() {
            self.begin_tape(now, line);
        }
        if paused {
            let record = self.register.pause_recording(now, line, true);
            self.record(record);
        }
        self.say(Event::Recording { line, recording: view });
    }

    fn begin_tape(&mut self, now: Instant, line: LineId) {
        let Some(config) = self.recordings.config else { return };
        let there = self.party_there(line).filter(|_| self.may_be_recorded(line));
        let there = there.or_else(|| Some(self.register.client(line)?.party));
        let Some(recording) = self.recordings.lines.get_mut(&line) else { return };
        recording.of = there.map(|party| Whose { who: Who::of(&party), left: false });
        recording.told = config.rules.announce != Announce::Voice;
        let id = recording.id;
        let record = self.register.begin_recording(now, line, config.rules.announce);
        self.effects.push_back(Effect::Tape { line, id, command: TapeCommand::Begin });
        self.record(record);
    }

    /// A colleague may take the client's place at the far end, and somebody who is not recorded may join.
    fn look_who_is_there(&mut self, line: LineId) {
        let with = self.view.conference.filter(|lines| lines.contains(&line));
        let with = with.and_then(|lines| lines.into_iter().find(|other| *other != line));
        // A colleague has no recording, and is in nobody else's.
        let is_recorded = |with: LineId| {
            self.recording_state(with) == Some(RecordingState::On) && self.is_the_one_recorded(with)
        };
        let is_it = self.is_the_one_recorded(line);
        let apart = !is_it || with.is_some_and(|with| !is_recorded(with));
        if let Some(recording) = self.recordings.lines.get_mut(&line) {
            recording.absent = !is_it;
            recording.of.iter_mut().for_each(|of| of.left |= !is_it);
        }
        self.change_recording(line, |view| view.apart = apart);
    }

    /// The media thread hears of what is another blank, and everybody of what is another view.
    fn change_recording(&mut self, line: LineId, change: impl FnOnce(&mut RecordingView)) {
        let Some(recording) = self.recordings.lines.get_mut(&line) else { return };
        let before = recording.view;
        change(&mut recording.view);
        let (id, view, blank) = (recording.id, recording.view, recording.wanted_blank());
        let waits = recording.absent && !recording.told;
        if view.state.runs() && recording.blank != blank {
            recording.blank = blank;
            self.effects.push_back(Effect::Tape { line, id, command: TapeCommand::Blank(blank) });
        }
        if view.state.runs() && recording.waits != waits {
            recording.waits = waits;
            self.effects.push_back(Effect::Tape { line, id, command: TapeCommand::Wait(waits) });
        }
        if view != before {
            self.say(Event::Recording { line, recording: view });
        }
    }

    fn recording_state(&self, line: LineId) -> Option<RecordingState> {
        self.recordings.lines.get(&line).map(|line| line.view.state)
    }

    /// The operator asks for a recording, or says that the client agrees to one.
    pub(super) fn begin_recording(&mut self, now: Instant, line: LineId) -> Result<(), Refusal> {
        let begins = matches!(self.recording_state(line), Some(RecordingState::Off | RecordingState::Asking));
        let announce = self.recordings.config.filter(|_| begins).map(|config| config.rules.announce);
        let state = match announce.ok_or(Refusal::WrongState)? {
            Announce::Voice => RecordingState::Announcing,
            _ => RecordingState::On,
        };
        self.begin_tape(now, line);
        self.change_recording(line, |view| view.state = state);
        self.look_at_conference();
        Ok(())
    }

    /// Something confidential is said, or no longer: by everybody whom the operator talks with.
    pub(super) fn pause_recording(&mut self, now: Instant, line: LineId, on: bool) -> Result<(), Refusal> {
        let (from, to) = match on {
            true => (RecordingState::On, RecordingState::Paused),
            false => (RecordingState::Paused, RecordingState::On),
        };
        if self.recording_state(line) != Some(from) {
            return Err(Refusal::WrongState);
        }
        let conference = self.view.conference.filter(|lines| lines.contains(&line));
        let others = conference.into_iter().flatten().filter(|other| *other != line);
        let lines: Vec<LineId> = others.chain([line]).collect();
        for line in lines {
            if self.recording_state(line) == Some(from) {
                self.change_recording(line, |view| view.state = to);
                let record = self.register.pause_recording(now, line, on);
                self.record(record);
            }
        }
        self.look_at_conference();
        Ok(())
    }

    /// The client does not agree, or not any more.
    pub(super) fn refuse_recording(&mut self, line: LineId) -> Result<(), Refusal> {
        let recording = self.recordings.lines.get(&line).ok_or(Refusal::WrongState)?;
        let (id, view) = (recording.id, recording.view);
        if !view.can_be_refused() {
            return Err(Refusal::WrongState);
        }
        if view.state != RecordingState::Asking {
            // The register says so once it is true.
            self.register.wait_for_recording(line);
            self.effects.push_back(Effect::Tape { line, id, command: TapeCommand::Discard });
        }
        self.change_recording(line, |view| (view.state, view.fault) = (RecordingState::Refused, None));
        self.look_at_conference();
        Ok(())
    }

    fn look_at_conference(&mut self) {
        for line in self.view.conference.into_iter().flatten() {
            self.look_who_is_there(line);
        }
    }

    pub(super) fn on_tape(&mut self, now: Instant, id: CallRecordId, news: TapeNews) {
        // Its call may be over, and the line somebody else's.
        let line = self.recordings.line_of(id);
        if let Some(line) = line {
            if let Some(recording) = self.recordings.lines.get_mut(&line) {
                recording.told |= news == TapeNews::Announced;
            }
            self.change_recording(line, |view| match news {
                TapeNews::Announced if view.state == RecordingState::Announcing => {
                    view.state = RecordingState::On
                }
                // Of what is to be deleted nothing else matters.
                TapeNews::Fault(fault)
                    if view.state == RecordingState::Refused && fault != RecordingFault::NotDeleted => {}
                TapeNews::Fault(fault) => {
                    view.fault = Some(fault);
                    if !goes_on(fault) {
                        view.state = RecordingState::Failed;
                    }
                }
                TapeNews::Announced | TapeNews::Discarded | TapeNews::Ended { .. } => {}
            });
            self.look_at_conference();
        }
        let result = match news {
            TapeNews::Announced => return,
            TapeNews::Fault(RecordingFault::DiskSlow) => return,
            TapeNews::Discarded => RecordingResult::Refused,
            TapeNews::Fault(_) | TapeNews::Ended { complete: false } => RecordingResult::Incomplete,
            TapeNews::Ended { complete: true } => RecordingResult::Complete,
        };
        let record = self.register.end_recording(now, id, result);
        self.record(record);
    }
}

/// Of a recording that ends here nothing more comes.
const fn goes_on(fault: RecordingFault) -> bool {
    matches!(fault, RecordingFault::DiskSlow | RecordingFault::NotDeleted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_begins_as_the_company_wants_it() {
        use RecordingState::{Announcing, Asking, Failed, Off, On};
        for (when, announce, state) in [
            (When::Asked, Announce::Elsewhere, Off),
            (When::Asked, Announce::Tone, Off),
            (When::Asked, Announce::Voice, Off),
            (When::Asked, Announce::Consent, Off),
            (When::Always, Announce::Elsewhere, On),
            (When::Always, Announce::Tone, On),
            (When::Always, Announce::Voice, Announcing),
            (When::Always, Announce::Consent, Asking),
        ] {
            let rules = RecordingRules { when, announce };
            assert_eq!(first_state(RecordingConfig { rules, fault: None }), state, "{rules:?}");
            let without_key = RecordingConfig { rules, fault: Some(RecordingFault::NoKey) };
            assert_eq!(first_state(without_key), Failed, "{rules:?}");
        }
    }

    #[test]
    fn what_holds_for_a_call_that_nobody_answered_holds_for_the_one_after_it() {
        let id = |n: u128| CallRecordId(uuid::Uuid::from_u128(n));
        let mut recordings = Recordings::new(None);
        recordings.inherit(LineId(1), id(1), Lasting::Refused);
        recordings.end(LineId(1));
        recordings.goes_on(LineId(2), id(2), id(1));
        assert!(recordings.lasting(LineId(2)) == Some((id(2), Lasting::Refused)));
    }

    #[test]
    fn whoever_has_an_outside_number_or_hides_it_is_a_client_and_a_colleague_is_not() {
        let party = |written: Option<&str>, withheld| Party {
            written: written.map(str::to_owned),
            withheld,
            ..Party::default()
        };
        for (written, withheld, client) in [
            (Some("89161234567"), false, true),
            (Some("+7 916 123-45-67"), false, true),
            // No number that can be looked up, and yet none of ours.
            (Some("00441632960000"), false, true),
            (None, true, true),
            (Some("anonymous"), true, true),
            (None, false, true),
            (Some("201"), false, false),
            (Some("*4812"), false, false),
            (Some("12345"), false, false),
            (Some("123456"), false, true),
            (Some("anna"), false, false),
            (Some("sip:head@pbx.example.com"), false, false),
        ] {
            assert_eq!(is_client(&party(written, withheld), 5), client, "{written:?}");
        }
    }
}
