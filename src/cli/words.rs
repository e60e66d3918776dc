//! Notices as lines for people, in their language.

use super::faults;
use crate::agent::{Card, CardAnswer, ChainNews, Event, RecordingState, RecordingView, Source};
use crate::audio::{Change, Device, Role};
use crate::desk_api::{
    CallRecordId, ClientCard, HandedOver, Handover, MayOrder, TransferWay as HandoverWay, Unavailable,
};
use crate::domain::chain::{PassedOverWhy, TransferChain};
use crate::domain::line_state::LineState;
use crate::domain::recording::Blank;
use crate::media::{AudioDirection, DeviceFigures, StreamStats};
use crate::phone::{
    self, CallOutcome, Caller, ClientIs, Refusal, ReturnReason, Side, TransferFault, TransferOutcome,
    TransferWay,
};
use crate::recording::{Damage, FRAMES_PER_SECOND, Recording};
use crate::shell::Notice;
use crate::sip::Failure;
use crate::text::{Catalogue, msg, say};
use std::time::Duration;

/// `None` for what is not worth a line.
pub fn line(cat: &Catalogue, notice: &Notice) -> Option<String> {
    let line = match notice {
        Notice::Ready { local } => say!(cat, "Ready at {local}.", local = local),
        Notice::Agent(Event::Phone(event)) => phone_line(cat, event),
        Notice::Agent(Event::Card { line, card }) => card_line(cat, line.0, card),
        Notice::Agent(Event::StillOnHold { line, waited }) => {
            say!(cat, "Line {line}: on hold for {seconds} s.", line = line, seconds = waited.as_secs())
        }
        Notice::Agent(Event::Chain { line, news }) => chain_line(cat, line.0, news),
        Notice::Agent(Event::Recording { line, recording }) => {
            say!(cat, "Line {line}: {state}", line = line, state = recording_words(cat, recording))
        }
        Notice::Sound { line, fault } => {
            say!(cat, "Line {line}: {fault}", line = line, fault = faults::sound(cat, fault))
        }
        Notice::Device(change) => device_in_use(cat, change),
        Notice::Chain { answer: Ok(chain), .. } => way(cat, chain),
        // Windows alone take part in queues and parking.
        Notice::Agent(
            Event::CardTaken { .. }
            | Event::ClientChosen { .. }
            | Event::Recorded { .. }
            | Event::Queue(_)
            | Event::Parked(_),
        )
        | Notice::Desk(_)
        | Notice::Directory(_)
        | Notice::Calls(_)
        | Notice::Chain { .. }
        | Notice::Terms { .. }
        | Notice::Products { .. }
        | Notice::Clients { .. }
        | Notice::Order(_)
        | Notice::Drafts(_)
        | Notice::Orders { .. }
        | Notice::OrderEntry(_)
        | Notice::OrderWatch(_)
        | Notice::Task(_)
        | Notice::Prospect(_)
        | Notice::Devices { .. }
        | Notice::SoundTest(_)
        | Notice::Levels { .. }
        | Notice::Stopped(_) => return None,
    };
    Some(line.replace(steers_the_terminal, " "))
}

/// Where a client goes by the desk's rules, and who is not there.
fn way(cat: &Catalogue, chain: &TransferChain) -> String {
    let targets = chain.steps.iter().flat_map(|step| &step.targets);
    let names: Vec<String> =
        targets.map(|target| format!("{} ({})", target.name, target.extension)).collect();
    let away = chain.steps.iter().flat_map(|step| &step.passed_over).filter_map(|passed| {
        let (PassedOverWhy::Absent { until }, Some(name)) = (passed.why, &passed.name) else { return None };
        Some(say!(cat, "{name} is away until {date}.", name = name, date = until))
    });
    let way = match names.is_empty() {
        true => say!(cat, "By the rule “{rule}” nobody can be called.", rule = chain.rule),
        false => say!(
            cat,
            "By the rule “{rule}” the client goes to {names}.",
            rule = chain.rule,
            names = names.join(", ")
        ),
    };
    std::iter::once(way).chain(away).collect::<Vec<_>>().join(" ")
}

fn chain_line(cat: &Catalogue, line: u32, news: &ChainNews) -> String {
    match news {
        ChainNews::PassedOver { name, extension, state } => {
            let state = cat.get(line_state(*state));
            say!(
                cat,
                "Line {line}: {name} ({target}) is not called: {state}.",
                line = line,
                name = name,
                target = extension,
                state = state
            )
        }
        ChainNews::WaitingFor { name, extension, time } => say!(
            cat,
            "Line {line}: waiting for {name} ({target}), {seconds} s at most.",
            line = line,
            name = name,
            target = extension,
            seconds = time.as_secs()
        ),
        ChainNews::NobodyLeft => say!(cat, "Line {line}: nobody is left to pass the client to.", line = line),
        ChainNews::Stopped => say!(cat, "Line {line}: nobody else is called for the client.", line = line),
    }
}

/// Names come from strangers, and must not move the cursor, change colours or turn the line around.
fn steers_the_terminal(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn phone_line(cat: &Catalogue, event: &phone::Event) -> String {
    use phone::Event as E;
    match event {
        E::Registered { server, expires, contact } => say!(
            cat,
            "Registered at {server} for {seconds} s as {contact}.",
            server = server,
            seconds = expires.as_secs(),
            contact = contact
        ),
        E::RegistrationFailed { cause, retry_in } => registration_failed(cat, cause, *retry_in),
        E::Unregistered => say!(cat, "Unregistered."),
        E::Probed { target, result: Ok((status, reason, rtt)) } => say!(
            cat,
            "{target} answers {status} {reason} after {ms} ms.",
            target = target,
            status = status,
            reason = reason,
            ms = tenths(rtt.as_secs_f64() * 1000.0)
        ),
        E::Probed { target, result: Err(_) } => say!(cat, "{target} does not answer.", target = target),
        E::Watching { extensions, .. } => {
            say!(cat, "Watching {extensions}.", extensions = extensions.join(", "))
        }
        E::LineStateChanged { extension, refused: Some(status), .. } => say!(
            cat,
            "{extension}: unknown, since the PBX refused to tell ({status}).",
            extension = extension,
            status = status
        ),
        E::LineStateChanged { extension, state, rings, .. } => {
            let state = cat.get(line_state(*state));
            match rings {
                Some(caller) => say!(
                    cat,
                    "{extension}: {state}; {caller} is calling there.",
                    extension = extension,
                    state = state,
                    caller = who(cat, caller)
                ),
                None => format!("{extension}: {state}."),
            }
        }
        E::Messages { waiting: _, new: Some(new), old: Some(old) } => {
            say!(cat, "Voice messages: {new} new, {old} old.", new = new, old = old)
        }
        E::Messages { waiting: true, .. } => say!(cat, "Voice messages wait."),
        E::Messages { waiting: false, .. } => say!(cat, "No voice messages wait."),
        E::RingingIn { line, caller, replaces: Some(replaced), .. } => say!(
            cat,
            "Line {line}: {caller} is calling, in place of the call on line {replaced}.",
            line = line,
            caller = who(cat, caller),
            replaced = replaced
        ),
        E::RingingIn { line, caller, .. } => ringing_in(cat, line.0, caller),
        E::Declined { caller, status, .. } => say!(
            cat,
            "{caller} called and was refused with {status}.",
            caller = who(cat, caller),
            status = status
        ),
        E::Dialing { line, target, .. } => {
            say!(cat, "Line {line}: calling {target}.", line = line, target = target)
        }
        E::RingingOut { line, status, early_media: false } => {
            say!(cat, "Line {line}: it rings ({status}).", line = line, status = status)
        }
        E::RingingOut { line, status, early_media: true } => {
            say!(cat, "Line {line}: it rings, with sound ({status}).", line = line, status = status)
        }
        E::ConnectedTo { line, party } => {
            say!(cat, "Line {line}: the other side is now {party}.", line = line, party = who(cat, party))
        }
        E::Answered { line, codec, automatic: true, .. } => say!(
            cat,
            "Line {line}: answered by itself, as the PBX asked, {codec}.",
            line = line,
            codec = codec.name()
        ),
        E::Answered { line, codec, .. } => {
            say!(cat, "Line {line}: answered, {codec}.", line = line, codec = codec.name())
        }
        E::Held { line, by: Side::Us } => say!(cat, "Line {line}: on hold.", line = line),
        E::Held { line, by: Side::Them } => {
            say!(cat, "Line {line}: the other side put us on hold.", line = line)
        }
        E::Resumed { line, by: Side::Us } => say!(cat, "Line {line}: off hold.", line = line),
        E::Resumed { line, by: Side::Them } => {
            say!(cat, "Line {line}: the other side took us off hold.", line = line)
        }
        E::HoldFailed { line, status } => say!(
            cat,
            "Line {line}: the other side refused hold or resume ({status}); the call goes on as before.",
            line = line,
            status = status
        ),
        E::Conference { lines: Some([one, other]) } => {
            say!(cat, "Lines {one} and {other} are in a conference with us.", one = one, other = other)
        }
        E::Conference { lines: None } => say!(cat, "The conference is over."),
        E::Muted { on: true } => say!(cat, "Microphone off."),
        E::Muted { on: false } => say!(cat, "Microphone on."),
        E::TakingCalls { on: true } => say!(cat, "New calls ring again."),
        E::TakingCalls { on: false } => say!(cat, "New calls hear busy."),
        E::Digit { line, digit } => say!(cat, "Line {line}: digit {digit}.", line = line, digit = digit),
        E::DigitsFailed { line, status } => say!(
            cat,
            "Line {line}: the other side refused a digit ({status}); it and the rest are not sent.",
            line = line,
            status = status
        ),
        E::TransferStarted { line, target, way: TransferWay::Blind } => {
            say!(cat, "Line {line}: on hold, passing the call to {target}.", line = line, target = target)
        }
        E::TransferStarted { line, target, way: TransferWay::Return } => {
            say!(cat, "Line {line}: on hold, calling {target}.", line = line, target = target)
        }
        E::TransferStarted { line, target, way: TransferWay::Consultation } => {
            say!(cat, "Line {line}: on hold, joining with {target}.", line = line, target = target)
        }
        E::TransferProgress { line, target, status } => say!(
            cat,
            "Line {line}: transfer to {target}: {status}.",
            line = line,
            target = target,
            status = status
        ),
        E::Transferred { line, target, outcome: TransferOutcome::Joined } => {
            say!(cat, "Line {line}: joined with {target}.", line = line, target = target)
        }
        E::Transferred { line, target, outcome: TransferOutcome::HandedOver } => say!(
            cat,
            "Line {line}: handed over to {target}; whether they answer is unknown.",
            line = line,
            target = target
        ),
        E::TransferFailed { line, target, status, client, why, .. } => {
            let without = match why {
                TransferFault::NoAnswer => cat.get(msg!("no answer")),
                TransferFault::NoPerson => cat.get(msg!("no person answered")),
                _ => "–",
            };
            let status = status.map_or_else(|| without.to_owned(), |status| status.to_string());
            match client {
                ClientIs::Kept => say!(
                    cat,
                    "Line {line}: transfer to {target} failed ({status}); the client is still here.",
                    line = line,
                    target = target,
                    status = status
                ),
                ClientIs::Lost => say!(
                    cat,
                    "Line {line}: transfer to {target} failed ({status}); the PBX has dropped the client.",
                    line = line,
                    target = target,
                    status = status
                ),
                ClientIs::Left => {
                    say!(
                        cat,
                        "Line {line}: the call ended before {target} had it.",
                        line = line,
                        target = target
                    )
                }
                ClientIs::Unknown => say!(
                    cat,
                    "Line {line}: transfer to {target} failed ({status}); where the client is is unknown.",
                    line = line,
                    target = target,
                    status = status
                ),
            }
        }
        E::Referred { line, to, target } => say!(
            cat,
            "Line {line}: the other side sends us on to {target}; calling there on line {to}.",
            line = line,
            target = target,
            to = to
        ),
        E::Returned { line } => say!(cat, "Line {line}: the client is back.", line = line),
        E::NoAudio { line, cause, .. } => {
            let (cause, advice) = (cat.get(cause.words()), cat.get(cause.advice()));
            format!("{} {advice}", say!(cat, "Line {line}: {cause}", line = line, cause = cause))
        }
        E::AudioBack { line, direction: AudioDirection::In } => {
            say!(cat, "Line {line}: the other side is heard again.", line = line)
        }
        E::AudioBack { line, direction: AudioDirection::Out } => {
            say!(cat, "Line {line}: we are heard again.", line = line)
        }
        E::PoorAudio { line, direction, cause } => {
            let (cause, advice) = (cat.get(cause.words()), cat.get(cause.advice()));
            let what = match direction {
                AudioDirection::In => {
                    say!(
                        cat,
                        "Line {line}: the other side is heard badly: {cause}",
                        line = line,
                        cause = cause
                    )
                }
                AudioDirection::Out => {
                    say!(
                        cat,
                        "Line {line}: the other side hears us badly: {cause}",
                        line = line,
                        cause = cause
                    )
                }
            };
            format!("{what} {advice}")
        }
        E::GoodAudio { line, direction: AudioDirection::In } => {
            say!(cat, "Line {line}: the other side is heard well again.", line = line)
        }
        E::GoodAudio { line, direction: AudioDirection::Out } => {
            say!(cat, "Line {line}: the other side hears us well again.", line = line)
        }
        E::Media { line, codec, stats } => media(cat, line.0, codec.name(), stats),
        E::Ended { line, outcome, status, retry_after, talked, .. } => {
            let ended = ended(cat, line.0, *outcome, *status, *talked);
            match retry_after.map(|after| after.as_secs()) {
                Some(seconds) => {
                    format!(
                        "{ended} {}",
                        say!(cat, "It may be tried again in {seconds} s.", seconds = seconds)
                    )
                }
                None => ended,
            }
        }
        E::Refused { why, .. } => cat.get(refusal(*why)).to_owned(),
    }
}

const fn line_state(state: LineState) -> &'static str {
    match state {
        LineState::Free => msg!("free"),
        LineState::Ringing => msg!("ringing"),
        LineState::Talking => msg!("in a call"),
        LineState::Held => msg!("in a call, on hold"),
        LineState::Offline => msg!("not registered"),
        LineState::NotInCall => msg!("in no call; whether the telephone is there is unknown"),
        LineState::Unknown => msg!("unknown"),
    }
}

fn registration_failed(cat: &Catalogue, cause: &Failure, retry_in: Option<Duration>) -> String {
    let cause = match cause {
        Failure::Refused { status, reason } => {
            say!(cat, "the PBX answered {status} {reason}", status = status.code(), reason = reason)
        }
        Failure::Credentials { .. } => say!(cat, "the PBX does not accept user or password"),
        Failure::TimedOut => say!(cat, "the PBX does not answer"),
        Failure::Unreachable => say!(cat, "nothing listens at the PBX's address"),
    };
    match retry_in {
        Some(retry_in) => say!(
            cat,
            "Not registered: {cause}. Next attempt in {seconds} s.",
            cause = cause,
            seconds = tenths(retry_in.as_secs_f64())
        ),
        None => say!(cat, "Not registered: {cause}.", cause = cause),
    }
}

fn ringing_in(cat: &Catalogue, line: u32, caller: &Caller) -> String {
    let caller_words = who(cat, caller);
    if let Some(returned) = &caller.returned {
        return say!(
            cat,
            "Line {line}: {caller} is back from {target}: {why}.",
            line = line,
            caller = caller_words,
            target = returned.target,
            why = cat.get(why_back(returned.reason))
        );
    }
    match (&caller.queue, &caller.called) {
        (Some(queue), _) => say!(
            cat,
            "Line {line}: {caller} is calling, from queue {queue}.",
            line = line,
            caller = caller_words,
            queue = queue.trim_end_matches([':', ' '])
        ),
        (None, Some(called)) => say!(
            cat,
            "Line {line}: {caller} is calling {called}.",
            line = line,
            caller = caller_words,
            called = called
        ),
        (None, None) => say!(cat, "Line {line}: {caller} is calling.", line = line, caller = caller_words),
    }
}

fn why_back(reason: ReturnReason) -> &'static str {
    match reason {
        ReturnReason::Busy => msg!("busy"),
        ReturnReason::NoAnswer => msg!("no answer"),
        ReturnReason::Refused => msg!("refused"),
        ReturnReason::Offline => msg!("not at the telephone"),
        ReturnReason::HungUp => msg!("hung up at once"),
        ReturnReason::NoSuchNumber => msg!("no such number"),
        ReturnReason::Failed => msg!("could not be reached"),
    }
}

fn who(cat: &Catalogue, caller: &Caller) -> String {
    match (&caller.name, &caller.number) {
        (Some(name), Some(number)) => format!("{name} ({number})"),
        (Some(only), None) | (None, Some(only)) => only.clone(),
        (None, None) if caller.withheld => say!(cat, "a withheld number"),
        (None, None) => say!(cat, "an unknown number"),
    }
}

fn card_line(cat: &Catalogue, line: u32, card: &Card) -> String {
    let (clients, source, age) = match &card.answer {
        CardAnswer::Found { clients, source, age } => (clients, source, age),
        CardAnswer::Unavailable { why } => {
            return say!(cat, "Line {line}: no client card: {why}", line = line, why = unavailable(cat, why));
        }
    };
    let text = match clients.as_slice() {
        [] if card.handed_over.as_ref().is_some_and(|handed| handed.handover.party.number.is_none()) => {
            say!(cat, "Line {line}: a client whose number is withheld.", line = line)
        }
        [] => say!(cat, "Line {line}: not among the clients: new client.", line = line),
        [client] => say!(cat, "Line {line}: {client}.", line = line, client = client_words(cat, client)),
        several => {
            let words: Vec<String> = several.iter().map(|client| client_words(cat, client)).collect();
            say!(
                cat,
                "Line {line}: several clients have this number: {clients}.",
                line = line,
                clients = words.join("; ")
            )
        }
    };
    let text = match source {
        Source::Desk => text,
        Source::Cache => {
            let age = say!(cat, "(as of {seconds} s ago)", seconds = age.as_secs());
            format!("{text} {age}")
        }
    };
    match &card.handed_over {
        Some(handed) => format!("{text} {}", handed_over(cat, handed)),
        None => text,
    }
}

fn handed_over(cat: &Catalogue, handed: &HandedOver) -> String {
    let Handover { from, way, picked, note, .. } = &handed.handover;
    let from = match handed.from_name.as_str() {
        name if name == from => from.clone(),
        name => format!("{name} ({from})"),
    };
    let who = match way {
        HandoverWay::Consultation => say!(cat, "{who} asks about this client.", who = from),
        _ => say!(cat, "Passed on by {who}.", who = from),
    };
    let purpose =
        picked.purpose.as_ref().map(|purpose| say!(cat, "Purpose: {purpose}.", purpose = purpose.0));
    let note = note.as_ref().map(|note| say!(cat, "Message: {note}", note = note));
    [Some(who), purpose, note].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn client_words(cat: &Catalogue, client: &ClientCard) -> String {
    let kind = client.client_type.names.in_language(cat.language().code());
    let known = match &client.manager {
        Some(manager) => say!(
            cat,
            "{name}, {kind}, manager {manager}",
            name = client.name,
            kind = kind,
            manager = manager.name
        ),
        None => say!(cat, "{name}, {kind}, no manager", name = client.name, kind = kind),
    };
    let doubt = (client.may_order() == MayOrder::Unknown).then(|| say!(cat, "debt not known"));
    let gaps = client.gaps.iter().map(|gap| {
        let (part, why) = (cat.get(gap.part.words()), cat.get(gap.why.words()));
        say!(cat, "{part} ({why})", part = part, why = why)
    });
    [known].into_iter().chain(doubt).chain(gaps).collect::<Vec<_>>().join(", ")
}

fn media(cat: &Catalogue, line: u32, codec: &str, stats: &StreamStats) -> String {
    let score = |score: Option<f32>| score.map_or_else(|| "–".to_owned(), |score| tenths(score.into()));
    let voice = say!(
        cat,
        "Line {line}: {codec}, packets sent {tx}, received {rx}, lost {lost}, late {late}, jitter {jitter} ms, delay {delay} ms, MOS {mos}, there {mos_there}.",
        line = line,
        codec = codec,
        tx = stats.tx_packets,
        rx = stats.rx_packets,
        lost = stats.lost,
        late = stats.late,
        jitter = tenths(stats.jitter_ms.into()),
        delay = tenths(stats.delay_ms.into()),
        mos = score(stats.here.call),
        mos_there = score(stats.there.call)
    );
    let DeviceFigures { microphone, earpiece, .. } = stats.devices;
    if (microphone, earpiece) == Default::default() {
        return voice;
    }
    let devices = say!(
        cat,
        "Microphone: {microphone_gaps} gaps, {microphone_excess} times too much. Earpiece: {earpiece_gaps} gaps, {earpiece_excess} times too much.",
        microphone_gaps = microphone.under,
        microphone_excess = microphone.over,
        earpiece_gaps = earpiece.under,
        earpiece_excess = earpiece.over
    );
    format!("{voice} {devices}")
}

fn ended(cat: &Catalogue, line: u32, outcome: CallOutcome, status: Option<u16>, talked: Duration) -> String {
    let outcome = cat.get(match outcome {
        CallOutcome::Completed => msg!("completed"),
        CallOutcome::Missed => msg!("missed"),
        CallOutcome::AnsweredElsewhere => msg!("answered elsewhere"),
        CallOutcome::Refused => msg!("refused"),
        CallOutcome::Busy => msg!("busy"),
        CallOutcome::Failed => msg!("failed"),
        CallOutcome::Cancelled => msg!("given up"),
    });
    match status {
        Some(status) => say!(
            cat,
            "Line {line}: ended, {outcome} ({status}), {seconds} s.",
            line = line,
            outcome = outcome,
            status = status,
            seconds = tenths(talked.as_secs_f64())
        ),
        None => say!(
            cat,
            "Line {line}: ended, {outcome}, {seconds} s.",
            line = line,
            outcome = outcome,
            seconds = tenths(talked.as_secs_f64())
        ),
    }
}

const fn refusal(why: Refusal) -> &'static str {
    match why {
        Refusal::NoSuchLine => msg!("There is no such call any more."),
        Refusal::WrongState => msg!("The call is not in a state for that."),
        Refusal::BeingJoined => {
            msg!("The PBX may still be joining this client with somebody. Try again in five seconds.")
        }
        Refusal::BadTarget => msg!("This is neither a number nor an address that can be called."),
        Refusal::Busy => msg!("As many calls stand as may."),
        Refusal::NoMediaPort => msg!("No UDP port is free for audio."),
        Refusal::NoDigits => msg!("The other side takes no digits."),
        Refusal::TooManyDigits => msg!("Too many digits still wait to be sent; these were not."),
        Refusal::TooManyWatched => msg!("The lines of 500 extensions can be watched, not of more."),
    }
}

fn device_in_use(cat: &Catalogue, change: &Change) -> String {
    match (change.role, &change.device) {
        (Role::Microphone, Some(device)) => say!(cat, "Microphone: {name}.", name = device.name),
        (Role::Microphone, None) => say!(cat, "There is no microphone. Plug one in; the call goes on."),
        (Role::Earpiece, Some(device)) => say!(cat, "Earpiece: {name}.", name = device.name),
        (Role::Earpiece, None) => say!(cat, "There is no earpiece. Plug one in; the call goes on."),
        (Role::Ringer, Some(device)) => say!(cat, "Ringer: {name}.", name = device.name),
        (Role::Ringer, None) => {
            say!(cat, "There is no device to ring with. Plug one in, and watch the screen meanwhile.")
        }
    }
}

/// One that there is, with what to write into the settings.
pub fn device_found(cat: &Catalogue, role: Role, device: &Device, is_default: bool) -> String {
    let role = cat.get(match role {
        Role::Microphone => msg!("microphone"),
        Role::Earpiece | Role::Ringer => msg!("earpiece"),
    });
    let line = format!("{role}  {}  {}", device.id, device.name);
    let line = if is_default { format!("{line}  {}", say!(cat, "(the system's default)")) } else { line };
    line.replace(steers_the_terminal, " ")
}

fn recording_words(cat: &Catalogue, recording: &RecordingView) -> String {
    let state = match (recording.state, recording.fault) {
        (RecordingState::Failed, Some(fault)) => return fault.say(cat).to_owned(),
        (RecordingState::Off | RecordingState::Failed, _) => msg!("not recorded."),
        (RecordingState::Asking, _) => msg!("the client is to be asked whether the call may be recorded."),
        (RecordingState::Announcing, _) => msg!("the client hears that the call is recorded."),
        (RecordingState::On, _) if recording.apart => {
            msg!("recording waits, since somebody is there who is not recorded.")
        }
        (RecordingState::On, _) => msg!("recording."),
        (RecordingState::Paused, _) => msg!("recording paused."),
        (RecordingState::Refused, _) => msg!("not recorded: the client does not agree."),
    };
    let fault = recording.fault.map(|fault| fault.say(cat));
    std::iter::once(cat.get(state)).chain(fault).collect::<Vec<_>>().join(" ")
}

/// One that `recordings list` tells of.
pub fn recording_kept(
    cat: &Catalogue,
    id: CallRecordId,
    read: &Result<Recording, (&'static str, String)>,
) -> String {
    let recording = match read {
        Ok(recording) => recording,
        Err((_, why)) => return format!("{id}  {why}"),
    };
    let (seconds, paused) = super::recordings::seconds(recording);
    let begun = recording.begun.strftime("%Y-%m-%d %H:%M:%SZ");
    let mut line = format!("{id}  {begun}  {}", say!(cat, "{seconds} s", seconds = tenths(seconds)));
    if paused > 0.0 {
        line = format!("{line}  {}", say!(cat, "paused for {seconds} s", seconds = tenths(paused)));
    }
    std::iter::once(line).chain(damage(cat, recording)).collect::<Vec<_>>().join("  ")
}

/// In what a recording is not what was written, a sentence each.
pub fn damage(cat: &Catalogue, recording: &Recording) -> Vec<String> {
    let at = |frames: u32| {
        let seconds = frames / FRAMES_PER_SECOND;
        format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
    };
    let sentence = |damage: &Damage| match damage {
        Damage::NoEnd => {
            say!(cat, "It has no end: the telephone was killed, or the file was cut off.")
        }
        Damage::Missing { from, frames } => say!(
            cat,
            "At {time} {seconds} s are missing: they were altered, taken out or put elsewhere.",
            time = at(*from),
            seconds = tenths(f64::from(*frames) / f64::from(FRAMES_PER_SECOND))
        ),
        Damage::Foreign { octets } => say!(
            cat,
            "{octets} octets belong nowhere: they were altered, repeated, put elsewhere or added.",
            octets = octets
        ),
    };
    recording.damage.iter().map(sentence).collect()
}

/// Why nothing was recorded for a while.
pub fn blank(cat: &Catalogue, why: Blank) -> &str {
    cat.get(match why {
        Blank::Paused => msg!("paused"),
        Blank::Apart => msg!("not with the client"),
        Blank::Lost => msg!("lost: the disk was too slow"),
        Blank::Spoilt => msg!("missing: the file was altered"),
    })
}

/// Why the desk gave nothing, and what to do.
pub fn unavailable(cat: &Catalogue, why: &Unavailable) -> String {
    match why {
        Unavailable::Down => say!(cat, "the desk cannot be reached. Check its address and whether it runs."),
        Unavailable::NotTrusted => {
            say!(
                cat,
                "the desk's certificate is not trusted. Check the address, or name the company's authority by --ca."
            )
        }
        Unavailable::Slow => say!(cat, "the desk did not answer in time."),
        Unavailable::BadAnswer(_) => {
            say!(cat, "what answers at the desk's address is no order desk. Check the address.")
        }
        Unavailable::WrongToken => {
            say!(cat, "the desk does not know this token. Check PATCHCORD_DESK_TOKEN.")
        }
        Unavailable::Forbidden => {
            say!(cat, "this token may not do that. Ask the desk's admin for the right role.")
        }
        Unavailable::Refused { status, .. } => say!(cat, "the desk refused with {status}.", status = status),
        Unavailable::CompanySystem => {
            say!(cat, "the company's own system does not answer the desk. Tell its admin.")
        }
        Unavailable::Failed { status } => {
            say!(cat, "the desk has a fault of its own ({status}). Tell its admin.", status = status)
        }
    }
}

fn tenths(value: f64) -> String {
    format!("{value:.1}")
}
