//! What an operator wants; one enum for keys, buttons and terminal options.

use super::{Agent, Event};
use crate::desk_api::{CallRecord, ClientId, Picked};
use crate::domain::chain::TransferChain;
use crate::domain::number::PhoneNumber;
use crate::instant::Instant;
use crate::phone::{self, Command, LineId, Refusal};
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
    /// Which of several clients with the same number it is; goes into the call's register entry. One of those on the line's
    /// card.
    ChooseClient {
        line: LineId,
        client: ClientId,
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
            Self::Conclude { result, .. } => write!(f, "Conclude({result})"),
            Self::PassOn { line, chain } => write!(f, "PassOn({line}, by rule {})", chain.rule),
            Self::PassTo { line, .. } => write!(f, "PassTo({line})"),
            Self::Pick { line, .. } => write!(f, "Pick({line})"),
            other => match other.clone().into_command() {
                Some(command) => command.fmt(f),
                None => f.write_str("Intent"),
            },
        }
    }
}

impl Intent {
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
            | Self::Conclude { .. }
            | Self::Pick { .. }
            | Self::PassOn { .. }
            | Self::PassTo { .. } => return None,
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
}

impl Dialled {
    pub fn raw(target: &str) -> Self {
        Self { typed: target.to_owned(), target: target.to_owned(), number: None, extension: None }
    }
}

impl Agent {
    pub(super) fn on_intent(&mut self, now: Instant, intent: Intent) {
        let command = match intent {
            Intent::Dial { target } => match self.by_dialling_rules(&target) {
                Ok(dialled) => {
                    let target = dialled.target.clone();
                    self.dialled = Some(dialled);
                    Command::Dial { target }
                }
                Err(why) => return self.refuse(None, why),
            },
            Intent::BlindTransfer { line, target } => match self.by_dialling_rules(&target) {
                Ok(dialled) => Command::BlindTransfer { line, target: dialled.target },
                Err(why) => return self.refuse(Some(line), why),
            },
            Intent::ChooseClient { line, client } => return self.choose_client(line, client),
            Intent::Conclude { call_id, result } => return self.conclude(&call_id, result),
            Intent::Pick { line, picked } => return self.pick(line, picked),
            Intent::PassOn { line, chain } => return self.pass_on(now, line, *chain),
            Intent::PassTo { line, target } => return self.pass_to(now, line, target),
            other => match other.into_command() {
                Some(command) => command,
                None => return,
            },
        };
        self.phone.handle(now, phone::Input::Command(command));
    }

    fn choose_client(&mut self, line: LineId, client: ClientId) {
        let Some(view) = self.view.lines.get(&line) else {
            return self.refuse(Some(line), Refusal::NoSuchLine);
        };
        if !view.candidates().any(|candidate| candidate.id == client) {
            return self.refuse(Some(line), Refusal::WrongState);
        }
        let record = self.register.choose(line, client);
        self.record(record);
        self.say(Event::ClientChosen { line, client });
    }

    fn conclude(&mut self, call_id: &str, result: String) {
        if !CallRecord::is_result(&result) {
            return self.refuse(None, Refusal::WrongState);
        }
        match self.register.conclude(call_id, result) {
            None => self.refuse(None, Refusal::NoSuchLine),
            record => self.record(record),
        }
    }

    fn pick(&mut self, line: LineId, picked: Picked) {
        match self.register.pick(line, picked) {
            None => self.refuse(Some(line), Refusal::NoSuchLine),
            record => self.record(record),
        }
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
