//! Calls from their beginning to their end.

use super::{ended, ended_by, hang_up, millis, reach, talk};
use crate::proxy::{BOTH, MOVED};
use crate::world::{ANNA, BORIS, CLARA, World, secs};
use patchcord::sip::message::StatusCode;
use patchcord::sip::{EndedBy, Event};

pub fn register(world: &mut World) -> bool {
    let mut steady = true;
    world.wait(secs(120), |world| {
        steady &= world.is_registered(ANNA) && world.pbx.knows("anna");
        false
    });
    world.wait(secs(30), |world| world.is_registered(ANNA));
    world.agents[ANNA].ua.unregister(world.now);
    let left = world.wait(secs(10), |world| world.saw(ANNA, |event| matches!(event, Event::Unregistered)));
    steady && left && !world.pbx.knows("anna")
}

pub fn options(world: &mut World) -> bool {
    let target = "sip:boris@pbx.example".parse().unwrap();
    let probe = world.agents[ANNA].ua.probe(world.now, target);
    let probed = move |event: &Event| matches!(event, Event::Probed { probe: p, .. } if *p == probe);
    assert!(world.wait(secs(33), |world| world.saw(ANNA, probed)), "OPTIONS never came to an end");
    world.saw(ANNA, |event| matches!(event, Event::Probed { result: Ok((StatusCode::OK, ..)), .. }))
}

pub fn caller_ends(world: &mut World) -> bool {
    let Some((call, incoming)) = talk(world, ANNA, BORIS, "boris") else { return false };
    world.pass(secs(7));
    hang_up(world, ANNA, call, BORIS, incoming)
}

pub fn called_ends(world: &mut World) -> bool {
    let Some((call, incoming)) = talk(world, ANNA, BORIS, "boris") else { return false };
    world.pass(secs(7));
    hang_up(world, BORIS, incoming, ANNA, call)
}

pub fn both_end(world: &mut World) -> bool {
    let Some((call, incoming)) = talk(world, ANNA, BORIS, "boris") else { return false };
    world.agents[ANNA].ua.hang_up(world.now, call).ok();
    let later = millis(world.below(100));
    world.pass(later);
    world.agents[BORIS].ua.hang_up(world.now, incoming).ok();
    world.wait(secs(33), |world| world.saw(ANNA, ended) && world.saw(BORIS, ended))
}

pub fn cancelled(world: &mut World) -> bool {
    let call = world.call(ANNA, "boris");
    let Some(_) = reach(world, ANNA, BORIS) else { return false };
    world.pass(secs(3));
    world.agents[ANNA].ua.hang_up(world.now, call).ok();
    world.wait(secs(70), |world| world.saw(BORIS, ended));
    world.saw(ANNA, ended_by(EndedBy::Us, None)) && world.saw(BORIS, ended_by(EndedBy::Them, Some(487)))
}

pub fn cancelled_as_answered(world: &mut World) -> bool {
    let call = world.call(ANNA, "boris");
    let Some(incoming) = reach(world, ANNA, BORIS) else { return false };
    world.pass(secs(1));
    let (first, second) = (millis(world.below(150)), millis(world.below(150)));
    world.pass(first);
    world.agents[ANNA].ua.hang_up(world.now, call).ok();
    world.pass(second);
    world.accept(BORIS, incoming).ok();
    world.wait(secs(70), |world| world.saw(BORIS, ended));
    world.saw(ANNA, ended)
        && world.saw(BORIS, |event| matches!(event, Event::Ended { by: EndedBy::Them, .. }))
}

pub fn refused(world: &mut World) -> bool {
    world.call(ANNA, "boris");
    let Some(incoming) = reach(world, ANNA, BORIS) else { return false };
    world.pass(secs(2));
    world.agents[BORIS].ua.reject(world.now, incoming, StatusCode::new(603).unwrap()).ok();
    world.wait(secs(70), |world| world.saw(ANNA, ended));
    world.saw(ANNA, ended_by(EndedBy::Them, Some(603)))
}

pub fn busy(world: &mut World) -> bool {
    if talk(world, CLARA, BORIS, "boris").is_none() {
        return false;
    }
    world.call(ANNA, "boris");
    world.wait(secs(70), |world| world.saw(ANNA, ended));
    assert_eq!(world.count(BORIS, |event| matches!(event, Event::Invited { .. })), 1, "a second call rang");
    world.saw(ANNA, ended_by(EndedBy::Them, Some(486))) && !world.saw(BORIS, ended)
}

pub fn nobody(world: &mut World) -> bool {
    world.call(ANNA, "dmitri");
    world.wait(secs(70), |world| world.saw(ANNA, ended));
    world.saw(ANNA, ended_by(EndedBy::Them, Some(404)))
}

pub fn late_offer(world: &mut World) -> bool {
    let call = world.call_without_offer(ANNA, "boris");
    let Some(incoming) = reach(world, ANNA, BORIS) else { return false };
    world.pass(secs(1));
    world.accept(BORIS, incoming).ok();
    let accepted = |event: &Event| matches!(event, Event::Accepted { offer_pending: true, .. });
    if !world.wait(secs(33), |world| world.saw(ANNA, accepted)) {
        return false;
    }
    world.acknowledge(ANNA, call).unwrap();
    let confirmed = |event: &Event| matches!(event, Event::Confirmed { answer: Some(_), .. });
    world.wait(secs(33), |world| world.saw(BORIS, confirmed)) && hang_up(world, ANNA, call, BORIS, incoming)
}

pub fn early_media(world: &mut World) -> bool {
    world.pbx.reliable = true;
    let call = world.call(ANNA, "boris");
    let Some(incoming) = reach(world, ANNA, BORIS) else { return false };
    world.pass(secs(1));
    // Not while the ringing waits for its own PRACK.
    let said = |world: &mut World| world.progress(BORIS, incoming).is_ok();
    if !world.wait(secs(33), said) {
        return false;
    }
    let heard = |event: &Event| matches!(event, Event::Ringing { body: Some(_), .. });
    let patience = millis(world.below(4_000));
    world.pass(patience);
    // The 200 waits for the PRACK, however impatient Boris is.
    world.agents[BORIS].ua.accept(world.now, incoming, vec![]).ok();
    let confirmed = |event: &Event| matches!(event, Event::Confirmed { .. });
    let up = |world: &World| world.saw(BORIS, confirmed);
    world.wait(secs(70), |world| up(world) || world.saw(BORIS, ended));
    assert!(!up(world) || world.saw(ANNA, heard), "answered, and the early sound was never heard of");
    up(world) && hang_up(world, BORIS, incoming, ANNA, call)
}

pub fn moved(world: &mut World) -> bool {
    let Some((call, incoming)) = talk(world, ANNA, BORIS, MOVED) else { return false };
    hang_up(world, ANNA, call, BORIS, incoming)
}

pub fn forked(world: &mut World) -> bool {
    let call = world.call(ANNA, BOTH);
    let rings = |event: &Event| matches!(event, Event::Invited { .. });
    // A fork that was lost is not sent again once the other one was heard.
    let both = world.wait(secs(33), |world| world.saw(BORIS, rings) && world.saw(CLARA, rings));
    world.uneventful = !both;
    let mut answers = vec![];
    for own in [BORIS, CLARA] {
        let apart = millis(world.below(300));
        let Some(incoming) = world.invited(own) else { continue };
        world.agents[own].ua.ring(world.now, incoming).ok();
        world.pass(apart);
        if world.accept(own, incoming).is_ok() {
            answers.push((own, incoming));
        }
    }
    // One has the call, the others are told that it is over: by BYE, for all have been acknowledged.
    let accepted = |event: &Event| matches!(event, Event::Accepted { .. });
    let turned_away = ended_by(EndedBy::Them, None);
    world.wait(secs(70), |world| {
        let away = answers.iter().filter(|(own, _)| world.saw(*own, &turned_away)).count();
        world.saw(ANNA, accepted) && away + 1 == answers.len()
    });
    answers.retain(|(own, _)| !world.saw(*own, ended));
    let [(winner, incoming)] = answers[..] else { return false };
    world.count(ANNA, accepted) == 1 && hang_up(world, ANNA, call, winner, incoming)
}

pub fn by_tcp(world: &mut World, tell: fn(&mut World) -> bool) -> bool {
    world.by_tcp();
    tell(world)
}
