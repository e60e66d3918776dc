//! What an operator wants; one enum for keys, buttons and terminal options.

use super::{Agent, Event};
use crate::desk_api::{CallRecord, ClientId, Picked};
use crate::domain::chain::TransferChain;
use crate::domain::number::PhoneNumber;
use crate::domain::pause::PauseReason;
use crate::instant::Instant;
use crate::phone::{self, Caller, Command, LineId, Refusal};
use std::fmt;

/// Answered by the phone's events; what cannot be done now by `Refused`.
#[derive(Clone, PartialEq, Eq)]
pub enum Intent {
    Register,
    Unregister,
    /// OPTIONS; the target goes out as typed.
    Probe {
        target: String,
    },
    /// The line states of these extensions, and of no others, are told from now on.
    Watch {
        extensions: Vec<String>,
    },
    /// A number as people write it, a name of an extension, or an address.
    Dial {
        target: String,
    },
    /// As `Dial`, for the sake of the client on this line, who can be joined with whoever answers.
    Consult {
        line: LineId,
        target: String,
    },
    Answer {
        line: LineId,
    },
    Reject {
        line: LineId,
        status: u16,
    },
    HangUp {
        line: LineId,
    },
    Hold {
        line: LineId,
    },
    Resume {
        line: LineId,
    },
    Swap,
    /// Both calls together, or apart again.
    Conference {
        on: bool,
    },
    Mute {
        on: bool,
    },
    TakeCalls {
        on: bool,
    },
    /// Why the operator takes no calls, for the queue; none: they do.
    BeAway {
        reason: Option<PauseReason>,
    },
    /// Log in to the PBX's queue, or out of it.
    JoinQueue {
        on: bool,
    },
    /// Have the call that rings at a colleague's.
    PickUp {
        extension: String,
    },
    /// To the PBX's parking places; see `Event::Parked`.
    Park {
        line: LineId,
    },
    /// The client who waits in this place.
    TakeParked {
        place: String,
    },
    /// Which of several clients with the same number it is; goes into the call's register entry. One of those on the line's
    /// card.
    ChooseClient {
        line: LineId,
        client: ClientId,
    },
    /// Who is on this line is asked anew: the desk has got to know them in this call.
    LookUp {
        line: LineId,
    },
    /// What a call came to, in the company's word (`passed_on`); goes into its register entry, during the call or after it:
    /// the last 32 are known. 1 to 40 of `a`–`z`, `0`–`9`, `_`.
    Conclude {
        call_id: String,
        result: String,
    },
    /// What the call is about; goes into its register entry, in place of what was picked before.
    Pick {
        line: LineId,
        picked: Picked,
    },
    /// What the operator has written down, during the call or after it, as with `Conclude`; goes along when the client is passed on,
    /// and into the call's register entry. Empty: nothing.
    Note {
        call_id: String,
        note: String,
    },
    Digits {
        line: LineId,
        digits: String,
    },
    BlindTransfer {
        line: LineId,
        target: String,
    },
    /// With return, target after target, until somebody has the client or the client is back.
    PassOn {
        line: LineId,
        chain: Box<TransferChain>,
    },
    /// With return, to this one; where a chain is under way, instead of whoever is called now, and it goes on after that.
    PassTo {
        line: LineId,
        target: String,
    },
    /// Records this conversation from now on, or says that its client agrees to it.
    Record {
        line: LineId,
    },
    /// Something confidential is said: nothing is recorded until the pause ends.
    PauseRecording {
        line: LineId,
        on: bool,
    },
    /// The client does not agree: the recording ends and is deleted.
    RefuseRecording {
        line: LineId,
    },
    /// After a consultation: the far ends of both calls speak without us.
    Join {
        line: LineId,
        with: LineId,
    },
}

/// Without targets and digits.
impl fmt::Debug for Intent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ChooseClient { line, .. } => write!(f, "ChooseClient({line})"),
            Self::LookUp { line } => write!(f, "LookUp({line})"),
            Self::Conclude { result, .. } => write!(f, "Conclude({result})"),
            Self::PassOn { line, chain } => write!(f, "PassOn({line}, by rule {})", chain.rule),
            Self::PassTo { line, .. } => write!(f, "PassTo({line})"),
            Self::Consult { line, .. } => write!(f, "Consult({line})"),
            Self::Pick { line, .. } => write!(f, "Pick({line})"),
            Self::Note { .. } => f.write_str("Note"),
            Self::Record { line } => write!(f, "Record({line})"),
            Self::PauseRecording { line, on } => write!(f, "PauseRecording({line}, {on})"),
            Self::RefuseRecording { line } => write!(f, "RefuseRecording({line})"),
            Self::BeAway { reason } => write!(f, "BeAway({reason:?})"),
            Self::JoinQueue { on } => write!(f, "JoinQueue({on})"),
            Self::PickUp { .. } => f.write_str("PickUp"),
            Self::Park { line } => write!(f, "Park({line})"),
            Self::TakeParked { .. } => f.write_str("TakeParked"),
            other => match other.clone().into_command() {
                Some(command) => command.fmt(f),
                None => f.write_str("Intent"),
            },
        }
    }
}

impl Intent {
    /// Whom a refusal is about. A colleague who cannot be called is not the client's matter.
    const fn line(&self) -> Option<LineId> {
        match *self {
            Self::Answer { line }
            | Self::Reject { line, .. }
            | Self::HangUp { line }
            | Self::Hold { line }
            | Self::Resume { line }
            | Self::Park { line }
            | Self::ChooseClient { line, .. }
            | Self::Digits { line, .. }
            | Self::BlindTransfer { line, .. }
            | Self::PassOn { line, .. }
            | Self::PassTo { line, .. }
            | Self::Record { line }
            | Self::PauseRecording { line, .. }
            | Self::RefuseRecording { line }
            | Self::Join { line, .. } => Some(line),
            _ => None,
        }
    }

    /// None for what concerns the desk alone.
    fn into_command(self) -> Option<Command> {
        let command = match self {
            Self::Register => Command::Register,
            Self::Unregister => Command::Unregister,
            Self::Probe { target } => Command::Probe { target },
            Self::Watch { extensions } => Command::Watch { extensions },
            Self::Dial { target } => Command::Dial { target },
            Self::Answer { line } => Command::Answer { line },
            Self::Reject { line, status } => Command::Reject { line, status },
            Self::HangUp { line } => Command::HangUp { line },
            Self::Hold { line } => Command::Hold { line },
            Self::Resume { line } => Command::Resume { line },
            Self::Swap => Command::Swap,
            Self::Conference { on } => Command::Conference { on },
            Self::Mute { on } => Command::Mute { on },
            Self::TakeCalls { on } => Command::TakeCalls { on },
            Self::Digits { line, digits } => Command::Digits { line, digits },
            Self::BlindTransfer { line, target } => Command::BlindTransfer { line, target },
            Self::Join { line, with } => Command::Join { line, with },
            Self::ChooseClient { .. }
            | Self::LookUp { .. }
            | Self::Conclude { .. }
            | Self::Pick { .. }
            | Self::Note { .. }
            | Self::Record { .. }
            | Self::PauseRecording { .. }
            | Self::RefuseRecording { .. }
            | Self::Consult { .. }
            | Self::PassOn { .. }
            | Self::PassTo { .. }
            | Self::BeAway { .. }
            | Self::JoinQueue { .. }
            | Self::PickUp { .. }
            | Self::Park { .. }
            | Self::TakeParked { .. } => return None,
        };
        Some(command)
    }
}

/// A typed target after the dialling rules.
#[derive(Clone)]
pub(super) struct Dialled {
    pub typed: String,
    /// What the PBX is sent.
    pub target: String,
    pub number: Option<PhoneNumber>,
    /// Digits for when the other side has answered.
    pub extension: Option<String>,
    /// The client for whose sake.
    pub about: Option<LineId>,
    /// A client whose call stands at the PBX, and is fetched by this: as far as is known who it is.
    pub client: Option<Box<Caller>>,
    /// The Call-ID of the operator's former call with that client.
    pub former: Option<String>,
}

impl Dialled {
    pub fn raw(target: &str) -> Self {
        Self {
            typed: target.to_owned(),
            target: target.to_owned(),
            number: None,
            extension: None,
            about: None,
            client: None,
            former: None,
        }
    }
}

impl Agent {
    pub(super) fn on_intent(&mut self, now: Instant, intent: Intent) {
        let (line, taken) = (intent.line(), self.taken_in_hand(&intent));
        match self.carry_out(now, intent) {
            Ok(()) => self.stop_chains(&taken),
            Err(why) => self.refuse(line, why),
        }
    }

    fn carry_out(&mut self, now: Instant, intent: Intent) -> Result<(), Refusal> {
        match intent {
            Intent::Dial { target } => return self.dial(now, &target, None),
            Intent::Consult { line, target } => return self.dial(now, &target, Some(line)),
            Intent::BlindTransfer { line, target } => {
                let target = self.by_dialling_rules(&target)?.target;
                return self.phone.command(now, Command::BlindTransfer { line, target });
            }
            Intent::ChooseClient { line, client } => return self.choose_client(line, client),
            Intent::Conclude { call_id, result } => return self.conclude(&call_id, result),
            Intent::PassOn { line, chain } => return self.pass_on(now, line, *chain),
            Intent::PassTo { line, target } => return self.pass_to(now, line, target),
            Intent::Park { line } => return self.park(now, line),
            Intent::LookUp { line } => self.look_up_again(now, line),
            Intent::Record { line } => return self.begin_recording(now, line),
            Intent::PauseRecording { line, on } => return self.pause_recording(now, line, on),
            Intent::RefuseRecording { line } => return self.refuse_recording(line),
            Intent::Pick { line, picked } => self.pick(line, picked),
            Intent::Note { call_id, note } => self.note(&call_id, note),
            Intent::BeAway { reason } => self.office.queue().be_away(reason),
            Intent::JoinQueue { on } => self.office.queue().be_member(on),
            Intent::PickUp { extension } => self.pick_up(now, &extension),
            Intent::TakeParked { place } => self.take_parked(now, place),
            Intent::Watch { extensions } => {
                let extensions = self.office.with_own_lines(extensions);
                return self.phone.command(now, Command::Watch { extensions });
            }
            other => {
                if let Some(command) = other.into_command() {
                    return self.phone.command(now, command);
                }
            }
        }
        Ok(())
    }

    fn dial(&mut self, now: Instant, typed: &str, about: Option<LineId>) -> Result<(), Refusal> {
        let dialled = self.by_dialling_rules(typed)?;
        let target = dialled.target.clone();
        self.dialled = Some(Dialled { about, ..dialled });
        self.phone.command(now, Command::Dial { target })
    }

    fn choose_client(&mut self, line: LineId, client: ClientId) -> Result<(), Refusal> {
        let view = self.view.lines.get(&line).ok_or(Refusal::NoSuchLine)?;
        if !view.candidates().any(|candidate| candidate.id == client) {
            return Err(Refusal::WrongState);
        }
        let record = self.register.choose(line, client);
        self.record(record);
        self.say(Event::ClientChosen { line, client });
        Ok(())
    }

    fn conclude(&mut self, call_id: &str, result: String) -> Result<(), Refusal> {
        if !CallRecord::is_result(&result) {
            return Err(Refusal::WrongState);
        }
        let record = self.register.conclude(call_id, result).ok_or(Refusal::NoSuchLine)?;
        self.record(Some(record));
        Ok(())
    }

    /// A typed extension (`… доб. 123`) is sent as digits once the other side has answered.
    pub(super) fn send_extension(&mut self, now: Instant, line: LineId) {
        if let Some(digits) = self.register.take_extension(line) {
            self.phone.handle(now, phone::Input::Command(Command::Digits { line, digits }));
        }
    }

    /// Addresses go out as typed; the numbering plan has no word about other hosts.
    pub(super) fn by_dialling_rules(&self, typed: &str) -> Result<Dialled, Refusal> {
        if typed.contains('@') {
            return Ok(Dialled::raw(typed));
        }
        let dialable = self.numbering.dial(typed).map_err(|_| Refusal::BadTarget)?;
        Ok(Dialled {
            typed: typed.to_owned(),
            target: dialable.target().to_owned(),
            number: dialable.number(),
            extension: dialable.after_answer().map(str::to_owned),
            about: None,
            client: None,
            former: None,
        })
    }

    /// Nobody typed it: the far end sent us there, and writes numbers as it does in calls that come in.
    pub(super) fn sent_to(&self, target: &str) -> Dialled {
        let number = Some(target).filter(|target| !target.contains('@'));
        Dialled {
            number: number.and_then(|number| self.numbering.look_up_key(number)),
            ..Dialled::raw(target)
        }
    }

    pub(super) fn refuse(&mut self, line: Option<LineId>, why: Refusal) {
        self.say(Event::Phone(phone::Event::Refused { line, why }));
    }
}
