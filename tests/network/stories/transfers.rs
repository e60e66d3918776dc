//! Calls that are handed on, and calls that take the place of others.

use super::{answered, ended, ended_by, ended_call, hang_up, millis, reach, talk, told};
use crate::world::{ANNA, BORIS, CLARA, World, secs};
use patchcord::sip::message::StatusCode;
use patchcord::sip::{CallKey, EndedBy, Event, ReferProgress};

pub fn transfer(world: &mut World) -> bool {
    let Some((call, _)) = talk(world, ANNA, CLARA, "clara") else { return false };
    let target = "sip:boris@pbx.example".parse().unwrap();
    if world.agents[ANNA].ua.refer(world.now, call, target).is_err() {
        return false;
    }
    let decided = |event: &Event| match event {
        Event::Refer { progress, .. } => {
            !matches!(progress, ReferProgress::Taken | ReferProgress::Status { last: false, .. })
        }
        _ => false,
    };
    if let Some(incoming) = reach(world, CLARA, BORIS) {
        world.pass(secs(2));
        world.accept(BORIS, incoming).ok();
    }
    world.wait(secs(200), |world| world.saw(ANNA, decided));
    let taken = |event: &Event| {
        matches!(
            event,
            Event::Refer { progress: ReferProgress::Status { status: StatusCode::OK, last: true, .. }, .. }
        )
    };
    assert!(world.count(ANNA, decided) <= 1 || !world.saw(ANNA, taken), "decided twice");
    world.agents[ANNA].ua.hang_up(world.now, call).ok();
    let confirmed = world.saw(BORIS, |event| matches!(event, Event::Confirmed { .. }));
    world.saw(ANNA, taken)
        && (confirmed || world.wait(secs(33), |w| w.saw(BORIS, |e| matches!(e, Event::Confirmed { .. }))))
}

/// Whom Anna wanted to hand on is hers again, and off hold.
pub fn refused_by_target(world: &mut World) -> bool {
    let Some((call, clara)) = talk(world, ANNA, CLARA, "clara") else { return false };
    let turn = |world: &mut World, turn: usize| {
        world.reoffer(ANNA, call, true).is_ok()
            && world.wait(secs(40), |world| world.count(ANNA, answered) == turn)
    };
    let target = "sip:boris@pbx.example".parse().unwrap();
    if !turn(world, 1) || world.agents[ANNA].ua.refer(world.now, call, target).is_err() {
        return false;
    }
    let Some(incoming) = reach(world, CLARA, BORIS) else { return false };
    world.pass(secs(2));
    world.agents[BORIS].ua.reject(world.now, incoming, StatusCode::BUSY_HERE).ok();
    let kept = |event: &Event| {
        matches!(
            event,
            Event::Refer {
                progress: ReferProgress::Status { status: StatusCode::BUSY_HERE, last: true, .. },
                ..
            }
        )
    };
    world.wait(secs(70), |world| world.saw(ANNA, kept))
        && turn(world, 2)
        && hang_up(world, CLARA, clara, ANNA, call)
}

/// Anna has Clara and Boris on two lines, and connects them: Clara takes Anna's place in the call with Boris.
pub fn attended(world: &mut World) -> bool {
    let Some((first, _)) = talk(world, ANNA, CLARA, "clara") else { return false };
    let Some((second, old)) = talk(world, ANNA, BORIS, "boris") else { return false };
    if world.agents[ANNA].ua.refer_replacing(world.now, first, second).is_err() {
        return false;
    }
    let invited = |event: &Event| matches!(event, Event::Invited { .. });
    if !world.wait(secs(70), |world| world.count(BORIS, invited) == 2) {
        return false;
    }
    let replaces = world.agents[BORIS].events.iter().rev().find_map(|event| match event {
        Event::Invited { invite, .. } => Some(invite.replaces),
        _ => None,
    });
    assert_eq!(replaces, Some(Some(old)), "it does not ring as a second call");
    let incoming = world.invited(BORIS).unwrap();
    world.accept(BORIS, incoming).ok();
    let taken = |event: &Event| {
        matches!(
            event,
            Event::Refer { progress: ReferProgress::Status { status: StatusCode::OK, last: true, .. }, .. }
        )
    };
    let over = |event: &Event| ended_call(event) == Some(second);
    let confirmed = |event: &Event| matches!(event, Event::Confirmed { call, .. } if *call == incoming);
    world.wait(secs(70), |world| {
        world.saw(ANNA, taken) && world.saw(ANNA, over) && world.saw(BORIS, confirmed)
    });
    assert!(!world.saw(BORIS, confirmed) || world.saw(BORIS, |event| ended_call(event) == Some(old)));
    world.saw(ANNA, taken) && world.saw(ANNA, over) && world.saw(BORIS, confirmed)
}

/// Anna, in a call with Boris, wants him to talk to Clara.
pub fn asked_to_call(world: &mut World) -> bool {
    let Some((call, incoming)) = talk(world, ANNA, BORIS, "boris") else { return false };
    let target = "sip:clara@pbx.example".parse().unwrap();
    if world.agents[ANNA].ua.refer(world.now, call, target).is_err() {
        return false;
    }
    let asked = |event: &Event| matches!(event, Event::ReferAsked { .. });
    if !world.wait(secs(33), |world| world.saw(BORIS, asked)) {
        return false;
    }
    assert_eq!(world.count(BORIS, asked), 1, "asked twice");
    let reached = talk(world, BORIS, CLARA, "clara");
    let status = if reached.is_some() { StatusCode::OK } else { StatusCode::TEMPORARILY_UNAVAILABLE };
    world.agents[BORIS].ua.refer_progress(world.now, incoming, status, status.default_reason()).ok();
    let Some((onward, theirs)) = reached else { return false };
    let done = |event: &Event| {
        matches!(
            event,
            Event::Refer { progress: ReferProgress::Status { status: StatusCode::OK, last: true, .. }, .. }
        )
    };
    world.wait(secs(33), |world| world.saw(ANNA, done))
        && hang_up(world, ANNA, call, BORIS, incoming)
        && hang_up(world, BORIS, onward, CLARA, theirs)
}

/// Clara takes Anna's place in the call with Boris, whose telephone takes her at once. None: she was too late, or
/// losses kept her away.
fn take_over(world: &mut World, old: CallKey) -> Option<CallKey> {
    let invited = |event: &Event| matches!(event, Event::Invited { .. });
    world.wait(secs(70), |world| world.count(BORIS, invited) == 2 || world.saw(CLARA, ended));
    let incoming = world.invited(BORIS).filter(|incoming| *incoming != old)?;
    let instead = world.agents[BORIS].events.iter().rev().find_map(|event| match event {
        Event::Invited { invite, .. } => Some(invite.replaces),
        _ => None,
    });
    assert_eq!(instead, Some(Some(old)), "it rings as a second call");
    world.accept(BORIS, incoming).ok();
    let confirmed = |event: &Event| matches!(event, Event::Confirmed { call, .. } if *call == incoming);
    let up = world.wait(secs(70), |world| world.saw(BORIS, confirmed));
    assert!(!up || world.saw(BORIS, |event| ended_call(event) == Some(old)), "Boris has two calls");
    up.then_some(incoming)
}

pub fn replaced(world: &mut World) -> bool {
    let Some((call, old)) = talk(world, ANNA, BORIS, "boris") else { return false };
    let Some(replaces) = world.dialog(BORIS, old) else { return false };
    let taken = world.call_replacing(CLARA, "boris", replaces);
    let Some(incoming) = take_over(world, old) else { return false };
    world.wait(secs(40), |world| world.saw(ANNA, told(call))) && hang_up(world, CLARA, taken, BORIS, incoming)
}

pub fn replaced_as_hung_up(world: &mut World) -> bool {
    let Some((call, old)) = talk(world, ANNA, BORIS, "boris") else { return false };
    let Some(replaces) = world.dialog(BORIS, old) else { return false };
    let taken = world.call_replacing(CLARA, "boris", replaces);
    let later = millis(world.below(30));
    world.pass(later);
    world.agents[ANNA].ua.hang_up(world.now, call).ok();
    if let Some(incoming) = take_over(world, old) {
        return hang_up(world, CLARA, taken, BORIS, incoming);
    }
    // The call is over whose place was to be taken, and then forgotten (RFC 3891 §3).
    let [over, unknown] = [603, 481].map(|status| ended_by(EndedBy::Them, Some(status)));
    let too_late = |event: &Event| over(event) || unknown(event);
    world.wait(secs(33), |world| world.saw(CLARA, too_late) && world.saw(BORIS, ended))
}
