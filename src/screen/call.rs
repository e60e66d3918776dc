//! The call on the card, the one that waits, the one that rings beside it, and what became of the last.

use super::call_back::CallBack;
use super::format::{clock, tame};
use super::keys::{Deed, key_of};
use super::voice::Voice;
use super::wrap_up::GRACE;
use super::{Act, Call, Field, Level, Meters, Other, Screen, Sound, State, Tone, Waiting, Word, words};
use crate::agent::{CardAnswer, LineState, LineView};
use crate::desk_api::{ClientCard, ClientId, DirectoryEntry, Picked, TransferQuestion};
use crate::domain::chain::TransferChain;
use crate::domain::line_state::LineState as ColleagueIs;
use crate::domain::number::{Number, PhoneNumber};
use crate::instant::Instant;
use crate::phone::{CallOutcome, ClientIs, LineId, Refusal, Return, TransferFault, TransferWay};
use crate::text::{msg, say};
use jiff::Timestamp;
use std::time::Duration;

/// Of those who were tried, the last ones are shown.
const MOST_TRIED: usize = 3;

/// A call that stands, as far as the view does not tell.
pub(super) struct Standing {
    pub incoming: bool,
    pub began: Instant,
    pub started_at: Timestamp,
    /// What the operator typed, or the telephone was sent to; empty for calls that came in.
    pub dialled: String,
    pub answered: Option<Instant>,
    pub held_since: Option<Instant>,
    /// Somebody rings at the far end, with or without its sound.
    pub rings: bool,
    pub passing: Option<Passing>,
    /// How it was passed on last.
    pub way: Option<TransferWay>,
    /// What the desk was asked about where the client goes, and what it said.
    pub question: Option<TransferQuestion>,
    /// What the call is about, as far as the operator has said.
    pub picked: Picked,
    pub chain: Option<TransferChain>,
    /// Whom nobody reached on the way through a chain, in order.
    pub tried: Vec<Tried>,
    /// Whoever was called for this client, and has not taken them.
    pub refused_by: Vec<String>,
    /// Whose line is taken, and worth waiting for.
    pub waits_for: Option<String>,
    /// The operator called here for a client's sake.
    pub is_question: bool,
    /// That client, while their call stands: the line is soon another one's.
    pub consults: Option<LineId>,
    pub passed_to: Option<String>,
    /// What the operator has written down.
    pub note: String,
    /// Somebody is to call the client back.
    pub call_back: Option<CallBack>,
    /// The next transfer is to the PBX's parking.
    pub parks: bool,
    pub voice: Voice,
    pub hold_refused: bool,
    /// What it goes on without.
    pub lost: Option<Sound>,
    /// The desktop's notification as it stands: title and body.
    pub alert: Option<(String, String)>,
    /// What the cache knew is from then; None: the desk has spoken.
    pub as_of: Option<Timestamp>,
    /// Whom this number meant the last time; first among several.
    pub likely: Option<ClientId>,
}

pub(super) struct Passing {
    pub target: String,
    pub since: Instant,
    pub status: Option<u16>,
}

/// An attempt to pass the client on that came to nothing.
pub(super) struct NotPassed {
    pub target: String,
    pub way: Option<TransferWay>,
    pub status: Option<u16>,
    pub client: ClientIs,
    pub why: TransferFault,
}

impl NotPassed {
    /// The agent has the next word: somebody else is called, or nobody is left.
    pub fn goes_on(&self) -> bool {
        matches!(
            self.why,
            TransferFault::TargetFailed
                | TransferFault::NoAnswer
                | TransferFault::NoPerson
                | TransferFault::NotTaken
        )
    }
}

/// Somebody of a chain who has not got the client.
pub(super) enum Tried {
    Called(NotPassed),
    LineTaken { name: String, state: ColleagueIs },
}

impl Standing {
    pub fn new(now: Instant, started_at: Timestamp, dialled: Option<String>) -> Self {
        Self {
            incoming: dialled.is_none(),
            began: now,
            started_at,
            dialled: dialled.unwrap_or_default(),
            answered: None,
            held_since: None,
            rings: false,
            passing: None,
            way: None,
            question: None,
            picked: Picked::default(),
            chain: None,
            tried: Vec::new(),
            refused_by: Vec::new(),
            waits_for: None,
            is_question: false,
            consults: None,
            passed_to: None,
            note: String::new(),
            call_back: None,
            parks: false,
            voice: Voice::default(),
            hold_refused: false,
            lost: None,
            alert: None,
            as_of: None,
            likely: None,
        }
    }

    fn lasts(&self, now: Instant) -> Duration {
        now.since(self.answered.unwrap_or(self.began))
    }
}

/// A call, whole: what the view tells and what stands beside it.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub view: &'a LineView,
    pub call: &'a Standing,
}

impl<'a> Seen<'a> {
    /// The far end's number as the network, or the operator, wrote it.
    pub fn written_number(self) -> Option<&'a str> {
        let dialled = Some(self.call.dialled.as_str()).filter(|text| !text.is_empty());
        match &self.view.caller {
            Some(caller) if caller.withheld => None,
            Some(caller) => caller.number.as_deref().or(dialled),
            None => dialled,
        }
    }

    pub fn is_withheld(self) -> bool {
        self.view.caller.as_ref().is_some_and(|caller| caller.withheld)
    }

    /// Clients of this number, the likeliest first; None until somebody has said.
    pub fn clients(self) -> Option<Vec<&'a ClientCard>> {
        let CardAnswer::Found { .. } = &self.view.card.as_ref()?.answer else { return None };
        let mut clients: Vec<&ClientCard> = self.view.candidates().collect();
        clients.sort_by_key(|client| Some(client.id) != self.call.likely);
        Some(clients)
    }

    /// The one who is known: alone with this number, or chosen.
    pub fn client(self) -> Option<&'a ClientCard> {
        let clients = self.clients()?;
        match clients.as_slice() {
            [client] => Some(client),
            several => several.iter().copied().find(|client| Some(client.id) == self.view.chosen),
        }
    }

    /// Who had not taken this client before, to whom the operator had passed them.
    pub fn came_back_from(self) -> Option<&'a Return> {
        self.view.caller.as_ref()?.returned.as_ref()
    }

    /// Whoever this is was called for the client, now or before, and has not taken them.
    pub fn was_refused_by(self, extension: &str) -> bool {
        self.came_back_from().is_some_and(|from| from.target == extension)
            || self.call.refused_by.iter().any(|refused| refused == extension)
    }

    pub fn is_new_client(self) -> bool {
        // A colleague passes somebody on whose number nobody was told.
        let is_withheld = self.handed_over().is_some_and(|handed| handed.handover.party.number.is_none());
        !is_withheld && self.clients().is_some_and(|clients| clients.is_empty())
    }
}

/// How a call, or an attempt to pass it on, came out. Worded when it is shown: the language may change meanwhile.
pub(super) enum Outcome {
    Passed {
        target: String,
    },
    NotPassed(NotPassed),
    /// The last one of those who were tried; the client is back.
    NobodyLeft(Tried),
    /// Nobody could be tried.
    NobodyThere,
    /// Hung up while a colleague was asked.
    LeftWaiting {
        who: String,
    },
    /// The colleague who was to be asked could not be had; the client is back.
    NotAsked {
        who: String,
        outcome: CallOutcome,
        status: Option<u16>,
    },
    Ended {
        who: String,
        incoming: bool,
        outcome: CallOutcome,
        status: Option<u16>,
        talked: Duration,
    },
    Refused(Refusal),
}

impl Outcome {
    /// Where the client went, of which the end of the call says no more.
    pub fn is_last_word(&self) -> bool {
        match self {
            Self::Passed { .. } => true,
            Self::NotPassed(failed) => failed.client != ClientIs::Kept,
            Self::Ended { .. }
            | Self::Refused(_)
            | Self::NobodyLeft(_)
            | Self::NobodyThere
            | Self::LeftWaiting { .. }
            | Self::NotAsked { .. } => false,
        }
    }
}

impl Screen {
    /// Two that ring: the second. One that rings while another call stands: that one.
    pub(super) fn waiting(&self) -> Option<LineId> {
        self.beside(LineState::Ringing).min_by_key(|(_, call)| call.map(|call| call.began)).map(|(id, _)| id)
    }

    /// Nobody has answered there yet.
    pub(super) fn rings(&self, line: LineId) -> bool {
        self.view.lines.get(&line).is_some_and(|line| line.state == LineState::Ringing)
    }

    /// Another call has come to the card by itself a moment ago: a key or click may still be meant for the one before.
    pub(super) fn card_has_just_turned(&self, now: Instant) -> bool {
        self.turned.is_some_and(|turned| now.since(turned) < GRACE)
    }

    /// The call that the operator can go back to: of several, the one last spoken with.
    pub(super) fn other(&self) -> Option<LineId> {
        let held_since = |(_, call): &(LineId, Option<&Standing>)| call.and_then(|call| call.held_since);
        self.beside(LineState::Talking).max_by_key(held_since).map(|(id, _)| id)
    }

    fn beside(&self, state: LineState) -> impl Iterator<Item = (LineId, Option<&Standing>)> {
        let lines =
            self.view.lines.iter().filter(move |(id, line)| Some(**id) != self.front && line.state == state);
        lines.map(|(id, _)| (*id, self.calls.get(id)))
    }

    /// Who comes to the card when the call there has ended: conversations first, then whoever has rung the longest.
    pub(super) fn next_front(&self) -> Option<LineId> {
        let order = |id: &LineId, line: &LineView| {
            (line.state == LineState::Ringing, self.calls.get(id).map(|call| call.began))
        };
        self.view.lines.iter().min_by_key(|(id, line)| order(id, line)).map(|(id, _)| *id)
    }

    pub(super) fn seen(&self, line: LineId) -> Option<Seen<'_>> {
        Some(Seen { view: self.view.lines.get(&line)?, call: self.calls.get(&line)? })
    }

    pub(super) fn front_seen(&self) -> Option<Seen<'_>> {
        self.seen(self.front?)
    }

    pub(super) fn number_key(&self, seen: Seen<'_>) -> Option<PhoneNumber> {
        self.config.numbering.look_up_key(seen.written_number()?)
    }

    /// A number as people write it; what is none stays as it is.
    pub(super) fn for_people(&self, written: &str) -> String {
        match self.config.numbering.read(written).map(|reading| reading.number) {
            Ok(Number::Public(number)) => number.for_people(),
            Ok(Number::Short(digits) | Number::Unplaced(digits)) => digits,
            Err(_) => tame(written),
        }
    }

    pub(super) fn colleague(&self, extension: &str) -> Option<&DirectoryEntry> {
        self.directory.people.iter().find(|person| person.extension.as_deref() == Some(extension))
    }

    /// Whom a call was passed to: by name where the directory knows one.
    pub(super) fn target_name(&self, target: &str) -> String {
        match self.colleague(target) {
            Some(person) => person.name.clone(),
            None if self.parking.contains(target) => say!(&self.cat, "parking place {place}", place = target),
            None => self.for_people(target),
        }
    }

    /// From where a client comes back, and why.
    fn came_back_words(&self, from: &Return) -> (String, &str) {
        let why = match self.parking.contains(&from.target) {
            true => msg!("nobody took the client"),
            false => words::came_back(from.reason),
        };
        (self.target_name(&from.target), self.cat.get(why))
    }

    /// The client's, colleague's or network's name.
    pub(super) fn name(&self, seen: Seen<'_>) -> Option<String> {
        if let Some(client) = seen.client() {
            return Some(tame(&client.name));
        }
        let colleague = seen.written_number().and_then(|number| self.colleague(number));
        let caller = seen.view.caller.as_ref();
        colleague.map(|person| person.name.clone()).or_else(|| caller?.name.as_deref().map(tame))
    }

    pub(super) fn number_words(&self, seen: Seen<'_>) -> String {
        match seen.written_number() {
            Some(written) => self.for_people(written),
            None if seen.is_withheld() => say!(&self.cat, "Number withheld"),
            None => say!(&self.cat, "Unknown number"),
        }
    }

    /// In one word: for titles, strips and announcements.
    pub(super) fn who(&self, seen: Seen<'_>) -> String {
        self.name(seen).unwrap_or_else(|| self.number_words(seen))
    }

    pub(super) fn calling_words(&self, seen: Seen<'_>) -> String {
        match self.name(seen) {
            None if seen.is_withheld() && seen.came_back_from().is_none() => {
                say!(&self.cat, "A withheld number is calling")
            }
            name => {
                let who = name.unwrap_or_else(|| self.number_words(seen));
                match seen.came_back_from() {
                    Some(from) => {
                        let (target, reason) = self.came_back_words(from);
                        let cat = &self.cat;
                        say!(
                            cat,
                            "{who} is back from {target}: {reason}",
                            who = who,
                            target = target,
                            reason = reason
                        )
                    }
                    None => say!(&self.cat, "{who} is calling", who = who),
                }
            }
        }
    }

    pub(super) fn title(&self, now: Instant, line_word: &str) -> String {
        let cat = &self.cat;
        let Some(seen) = self.front_seen() else { return format!("Patchcord — {line_word}") };
        match self.state() {
            State::Ringing => say!(cat, "Ringing: {who}", who = self.who(seen)),
            State::Dialing => say!(cat, "Calling: {who}", who = self.who(seen)),
            _ => format!("● {} {}", clock(seen.call.lasts(now)), self.who(seen)),
        }
    }

    pub(super) fn call_shown(&self, now: Instant) -> Call {
        match self.front_seen() {
            Some(seen) => self.call_on_card(now, seen),
            None => self.no_call_shown(now),
        }
    }

    fn no_call_shown(&self, now: Instant) -> Call {
        let cat = &self.cat;
        let (state, time) = match self.state() {
            State::WrapUp => (say!(cat, "Wrap-up"), None),
            State::Ready => (say!(cat, "Waiting for a call"), None),
            _ if self.is_registered() => (self.line_word(now).text, self.away_for(now)),
            _ => (say!(cat, "No line"), None),
        };
        let outcome = self.outcome_words().map(|word| word.text);
        let time = time.map(clock).unwrap_or_default();
        Call { state, time, detail: outcome.unwrap_or_default(), ..Call::default() }
    }

    fn call_on_card(&self, now: Instant, seen: Seen<'_>) -> Call {
        let (cat, call) = (&self.cat, seen.call);
        let (state, since) = match self.state() {
            State::Ringing => (say!(cat, "Ringing"), call.began),
            State::Dialing if call.rings => (say!(cat, "It rings"), call.began),
            State::Dialing => (say!(cat, "Calling"), call.began),
            State::OnHold => (say!(cat, "On hold"), call.held_since.unwrap_or(now)),
            State::Transferring => {
                let (target, since) = call.passing.as_ref().map_or(("", now), |p| (&*p.target, p.since));
                (say!(cat, "Passing to {target}", target = self.target_name(target)), since)
            }
            _ if self.view.conference.is_some() => {
                (say!(cat, "In a conference"), call.answered.unwrap_or(call.began))
            }
            _ => (say!(cat, "On a call"), call.answered.unwrap_or(call.began)),
        };
        let name = self.name(seen).or_else(|| seen.is_new_client().then(|| say!(cat, "New client")));
        Call {
            state,
            time: clock(now.since(since)),
            who: self.number_words(seen),
            name: name.unwrap_or_default(),
            detail: self.call_detail(now, seen),
            notes: self.notes(seen),
        }
    }

    fn call_detail(&self, now: Instant, seen: Seen<'_>) -> String {
        let (cat, call) = (&self.cat, seen.call);
        match self.state() {
            State::Transferring => {
                let status = call.passing.as_ref().and_then(|passing| passing.status);
                let way = seen.view.in_transfer.unwrap_or(TransferWay::Blind);
                return cat.get(words::passing(way, status)).to_owned();
            }
            State::OnHold => return say!(cat, "Whole call {time}", time = clock(call.lasts(now))),
            _ => {}
        }
        if let Some(handed) = seen.handed_over() {
            return self.handed_over_words(handed);
        }
        let Some(caller) = &seen.view.caller else { return String::new() };
        match (&caller.queue, &caller.called) {
            (Some(queue), _) => say!(cat, "Queue {queue}", queue = tame(queue)),
            (None, Some(called)) if call.incoming && *called != self.config.extension => {
                say!(cat, "Dialled: {number}", number = self.for_people(called))
            }
            _ => String::new(),
        }
    }

    fn notes(&self, seen: Seen<'_>) -> Vec<Word> {
        let (cat, call) = (&self.cat, seen.call);
        let word = |tone, text| Word { tone, text };
        let mut notes = Vec::new();
        if let Some(from) = seen.came_back_from().filter(|_| call.way.is_none()) {
            let (target, reason) = self.came_back_words(from);
            notes.push(word(
                Tone::Warning,
                say!(cat, "Back from {target}: {reason}", target = target, reason = reason),
            ));
        }
        let talks = self.state() == State::Talking;
        if self.view.muted && talks {
            notes.push(word(Tone::Bad, say!(cat, "Microphone off")));
        }
        if seen.view.held_by_them {
            notes.push(word(Tone::Hold, say!(cat, "The other side put you on hold")));
        }
        if talks {
            notes.extend(self.voice_notes(seen));
        }
        if call.hold_refused {
            let text = say!(cat, "The other side refused hold or resume; the call goes on as before");
            notes.push(word(Tone::Warning, text));
        }
        let tried = call.tried.iter().rev().take(MOST_TRIED).rev();
        notes.extend(tried.map(|tried| word(Tone::Warning, self.tried_words(tried))));
        if let Some(name) = &call.waits_for {
            notes.push(word(Tone::Hold, say!(cat, "Waiting for {name}", name = name)));
        }
        notes.extend(call.call_back.as_ref().map(|asked| self.call_back_word(asked)));
        notes.extend(self.outcome_words());
        notes.extend(self.reply.map(|reply| word(Tone::Warning, self.reply_words(reply))));
        notes
    }

    /// The last outcome, in words, with the key that helps now.
    pub(super) fn outcome_words(&self) -> Option<Word> {
        let Word { tone, text } = self.what_came_out()?;
        let deed = self.outcome.as_ref().and_then(|outcome| self.what_helps(outcome));
        // On the key of the list is the join first.
        let is_free = |deed: &Deed| *deed != Deed::Act(Act::Transfer) || !self.can_join();
        let Some(deed) = deed.filter(|deed| self.can_do(deed) && is_free(deed)) else {
            return Some(Word { tone, text });
        };
        let (key, label) = (key_of(&deed), self.label(&deed));
        let text = say!(&self.cat, "{what}. {key}: {label}", what = text, key = key, label = label);
        Some(Word { tone, text })
    }

    fn what_helps(&self, outcome: &Outcome) -> Option<Deed> {
        let client_is_here = !self.client_waits();
        let failed = match outcome {
            Outcome::NotPassed(failed) if failed.why == TransferFault::TakenBack => return None,
            Outcome::NotPassed(failed) => failed,
            Outcome::NobodyLeft(_) | Outcome::NobodyThere if !client_is_here => {
                return Some(Deed::Act(Act::Swap));
            }
            Outcome::NobodyLeft(_) | Outcome::NobodyThere | Outcome::NotAsked { .. } => {
                return Some(Deed::Act(Act::Transfer));
            }
            Outcome::LeftWaiting { .. } => return Some(Deed::Focus(Field::Calls)),
            Outcome::Passed { .. } | Outcome::Ended { .. } | Outcome::Refused(_) => return None,
        };
        Some(match failed.client {
            ClientIs::Lost | ClientIs::Left => Deed::Focus(Field::Calls),
            ClientIs::Unknown if client_is_here => Deed::Act(Act::Hold),
            ClientIs::Kept if client_is_here && self.state() == State::OnHold => Deed::Act(Act::Hold),
            ClientIs::Kept if client_is_here => Deed::Act(Act::Transfer),
            ClientIs::Kept | ClientIs::Unknown => Deed::Act(Act::Swap),
        })
    }

    fn what_came_out(&self) -> Option<Word> {
        let cat = &self.cat;
        let (tone, text) = match self.outcome.as_ref()? {
            Outcome::Passed { target } => {
                (Tone::Good, say!(cat, "Passed to {target}", target = self.target_name(target)))
            }
            Outcome::NotPassed(failed) => {
                let tone = if failed.client == ClientIs::Kept { Tone::Warning } else { Tone::Bad };
                (tone, self.not_passed(failed))
            }
            Outcome::NobodyLeft(tried) => {
                let what = self.tried_words(tried);
                let text = match self.client_waits() {
                    true => say!(cat, "{what}; the client waits on hold", what = what),
                    false => say!(cat, "{what}; the client is back with you", what = what),
                };
                (Tone::Warning, text)
            }
            Outcome::NobodyThere => {
                (Tone::Warning, say!(cat, "Nobody can be called now; the client is with you"))
            }
            Outcome::LeftWaiting { who } => {
                (Tone::Bad, say!(cat, "{who} has hung up while waiting", who = who))
            }
            Outcome::NotAsked { who, outcome, status } => {
                let what = self.ended_words(who, false, *outcome, *status, Duration::ZERO).1;
                (Tone::Warning, say!(cat, "{what}; the client is back with you", what = what))
            }
            Outcome::Ended { who, incoming, outcome, status, talked } => {
                self.ended_words(who, *incoming, *outcome, *status, *talked)
            }
            Outcome::Refused(why) => (Tone::Warning, cat.get(words::refusal(*why)).to_owned()),
        };
        Some(Word { tone, text })
    }

    fn not_passed(&self, failed: &NotPassed) -> String {
        let cat = &self.cat;
        if failed.why == TransferFault::TakenBack {
            return say!(cat, "You took the client back");
        }
        let (what, target) = (self.not_had(failed), self.target_name(&failed.target));
        match failed.client {
            ClientIs::Kept if failed.way == Some(TransferWay::Consultation) || self.client_waits() => {
                say!(cat, "{what}; the client waits on hold", what = what)
            }
            ClientIs::Kept => say!(cat, "{what}; the client is back with you", what = what),
            ClientIs::Lost => say!(cat, "{what}; the PBX has dropped the client. Call back", what = what),
            ClientIs::Left => say!(cat, "The call ended before {target} had it", target = target),
            ClientIs::Unknown => {
                say!(cat, "No word about {target}; ask whether the client is still there", target = target)
            }
        }
    }

    fn not_had(&self, failed: &NotPassed) -> String {
        let cat = &self.cat;
        let target = self.target_name(&failed.target);
        let reason = match failed.why {
            TransferFault::NoAnswer => Some(msg!("no answer")),
            TransferFault::NoPerson => Some(msg!("no person answered")),
            _ => words::not_had(failed.status),
        };
        match reason {
            Some(reason) => say!(cat, "{target}: {reason}", target = target, reason = cat.get(reason)),
            None => say!(cat, "{target} did not take the call", target = target),
        }
    }

    pub(super) fn tried_words(&self, tried: &Tried) -> String {
        let cat = &self.cat;
        match tried {
            Tried::Called(failed) => self.not_had(failed),
            Tried::LineTaken { name, state } => {
                let state = cat.get(words::colleague(*state));
                say!(cat, "{target}: {reason}", target = name, reason = state)
            }
        }
    }

    fn ended_words(
        &self,
        who: &str,
        incoming: bool,
        outcome: CallOutcome,
        status: Option<u16>,
        talked: Duration,
    ) -> (Tone, String) {
        let cat = &self.cat;
        match outcome {
            CallOutcome::Completed => {
                (Tone::Neutral, say!(cat, "Call ended: {who}, {time}", who = who, time = clock(talked)))
            }
            CallOutcome::Missed => (Tone::Warning, say!(cat, "Missed: {who}", who = who)),
            CallOutcome::AnsweredElsewhere => {
                (Tone::Neutral, say!(cat, "A colleague took the call: {who}", who = who))
            }
            CallOutcome::Refused if incoming => (Tone::Neutral, say!(cat, "Rejected: {who}", who = who)),
            CallOutcome::Cancelled => (Tone::Neutral, say!(cat, "Given up: {who}", who = who)),
            CallOutcome::Busy | CallOutcome::Refused | CallOutcome::Failed => {
                let usual = match outcome {
                    CallOutcome::Busy => msg!("busy"),
                    CallOutcome::Refused => msg!("call refused"),
                    _ => msg!("the call failed"),
                };
                let reason = cat.get(words::not_had(status).unwrap_or(usual));
                (Tone::Warning, say!(cat, "{who}: {reason}", who = who, reason = reason))
            }
        }
    }

    pub(super) fn waiting_shown(&self, now: Instant) -> Option<Waiting> {
        let seen = self.seen(self.waiting()?)?;
        Some(Waiting {
            text: self.calling_words(seen),
            time: clock(now.since(seen.call.began)),
            answer: self.verb(Act::AnswerWaiting),
            reject: self.verb(Act::RejectWaiting),
        })
    }

    pub(super) fn other_shown(&self, now: Instant) -> Option<Other> {
        let seen = self.seen(self.other()?)?;
        let (who, call) = (self.who(seen), seen.call);
        let (text, since) = match &call.passing {
            Some(passing) => {
                let target = self.target_name(&passing.target);
                (say!(&self.cat, "{who}, passing to {target}", who = who, target = target), passing.since)
            }
            None if self.view.conference.is_some() => {
                (say!(&self.cat, "{who}, in the conference", who = who), call.answered.unwrap_or(call.began))
            }
            None => (say!(&self.cat, "{who}, on hold", who = who), call.held_since.unwrap_or(now)),
        };
        Some(Other { text, time: clock(now.since(since)), swap: self.verb(Act::Swap) })
    }

    pub(super) fn meters(&self) -> Option<Meters> {
        let (microphone, earpiece) = self.levels;
        (self.state() == State::Talking).then(|| Meters {
            microphone: if self.view.muted { 0 } else { steps(microphone) },
            earpiece: steps(earpiece),
            muted: self.view.muted,
        })
    }
}

/// 24 of them.
fn steps(level: Level) -> u8 {
    (level.0.clamp(0.0, 1.0) * 24.0).round() as u8
}
