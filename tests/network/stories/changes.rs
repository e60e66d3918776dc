//! What changes while a call stands, or rings.

use super::{answered, ended, hang_up, millis, reach, talk};
use crate::world::{ANNA, BORIS, CLARA, World, secs};
use patchcord::sip::Event;

pub fn two_calls(world: &mut World) -> bool {
    let Some((first, first_in)) = talk(world, ANNA, CLARA, "clara") else { return false };
    let Some((second, second_in)) = talk(world, BORIS, CLARA, "clara") else { return false };
    // Swapped: one is taken off hold while the other is put on it.
    for call in [first_in, second_in] {
        if world.reoffer(CLARA, call, true).is_err() {
            return false;
        }
    }
    let settled = |event: &Event| matches!(event, Event::Answer { .. });
    world.wait(secs(40), |world| world.count(CLARA, settled) == 2);
    world.count(CLARA, answered) == 2
        && hang_up(world, ANNA, first, CLARA, first_in)
        && !world.saw(BORIS, ended)
        && hang_up(world, CLARA, second_in, BORIS, second)
}

pub fn hold(world: &mut World) -> bool {
    let Some((call, incoming)) = talk(world, ANNA, BORIS, "boris") else { return false };
    for turn in 1..=2 {
        world.pass(secs(2));
        if world.reoffer(ANNA, call, true).is_err()
            || !world.wait(secs(40), |world| world.count(ANNA, answered) == turn)
        {
            return false;
        }
    }
    // Another number of offers at the other end would mean that one was taken twice.
    assert_eq!(world.count(BORIS, |event| matches!(event, Event::Offer { .. })), 2);
    hang_up(world, ANNA, call, BORIS, incoming)
}

pub fn glare(world: &mut World) -> bool {
    let Some((call, incoming)) = talk(world, ANNA, BORIS, "boris") else { return false };
    world.reoffer(ANNA, call, false).ok();
    let apart = millis(world.below(60));
    world.pass(apart);
    world.reoffer(BORIS, incoming, false).ok();
    // Both come through, or one gives way to the other's: never neither.
    let settled = |event: &Event| matches!(event, Event::Answer { .. });
    world.wait(secs(120), |world| world.saw(ANNA, settled) && world.saw(BORIS, settled));
    let came_through = world.saw(ANNA, answered) || world.saw(BORIS, answered);
    came_through
        && world.saw(ANNA, settled)
        && world.saw(BORIS, settled)
        && hang_up(world, BORIS, incoming, ANNA, call)
}

/// One digit after the other is answered, and heard in order and once.
pub fn digits(world: &mut World) -> bool {
    let Some((call, incoming)) = talk(world, ANNA, BORIS, "boris") else { return false };
    let mut sent = String::new();
    for digit in "442#7".chars() {
        if world.agents[ANNA].ua.send_digit(world.now, call, digit).is_err() {
            return false;
        }
        sent.push(digit);
        let answered = |event: &Event| matches!(event, Event::DigitAnswered { result: Ok(()), .. });
        if !world.wait(secs(33), |world| world.count(ANNA, answered) == sent.len()) {
            return false;
        }
        let heard = world.agents[BORIS].events.iter().filter_map(|event| match event {
            Event::Digit { digit, .. } => Some(*digit),
            _ => None,
        });
        assert_eq!(heard.collect::<String>(), sent);
    }
    hang_up(world, BORIS, incoming, ANNA, call)
}

pub fn keep(world: &mut World) -> bool {
    let Some((call, incoming)) = talk(world, CLARA, BORIS, "boris") else { return false };
    world.pass(secs(200));
    let stands = !world.saw(CLARA, ended) && !world.saw(BORIS, ended);
    stands && hang_up(world, BORIS, incoming, CLARA, call)
}

pub fn refresh(world: &mut World) -> bool {
    world.pbx.session_expires = Some(90);
    let Some((call, incoming)) = talk(world, ANNA, BORIS, "boris") else { return false };
    world.pass(secs(200));
    let stands = !world.saw(ANNA, ended) && !world.saw(BORIS, ended);
    stands && hang_up(world, BORIS, incoming, ANNA, call)
}

/// The PBX says who is heard: by UPDATE to Boris, with a re-INVITE to Anna.
pub fn connected_line(world: &mut World) -> bool {
    world.pbx.session_expires = Some(90);
    let Some((call, incoming)) = talk(world, ANNA, BORIS, "boris") else { return false };
    let named = |user: &'static str| {
        move |event: &Event| match event {
            Event::Identified { identity, .. } => {
                identity.asserted.first().is_some_and(|who| who.uri.user.as_deref() == Some(user))
            }
            _ => false,
        }
    };
    // Anna refreshes the session halfway.
    world.pbx.asserted = Some("<sip:clara@pbx.example>");
    if !world.wait(secs(80), |world| world.saw(BORIS, named("clara"))) {
        return false;
    }
    world.pbx.asserted = Some("<sip:dmitri@pbx.example>");
    if world.reoffer(BORIS, incoming, true).is_err()
        || !world.wait(secs(40), |world| world.saw(BORIS, answered))
    {
        return false;
    }
    assert!(world.saw(ANNA, named("dmitri")), "Boris was heard again, and Anna not told whom she hears");
    assert_eq!(world.count(BORIS, named("clara")), 1, "said at a refresh that brought nothing new");
    hang_up(world, ANNA, call, BORIS, incoming)
}

/// Clara asks for less than the PBX lets her.
pub fn too_brief(world: &mut World) -> bool {
    world.pbx.least_interval = 180;
    let Some((call, incoming)) = talk(world, CLARA, BORIS, "boris") else { return false };
    assert!(world.pbx.too_brief > 0, "nothing was refused");
    let refused = world.pbx.too_brief;
    world.pass(secs(200));
    assert_eq!(world.pbx.too_brief, refused, "asked for as little again");
    let stands = !world.saw(CLARA, ended) && !world.saw(BORIS, ended);
    stands && hang_up(world, BORIS, incoming, CLARA, call)
}

/// What is said before the answer changes once more: an UPDATE in the early dialog (RFC 3311 §5.1).
pub fn changed_early(world: &mut World) -> bool {
    world.pbx.reliable = true;
    let call = world.call(ANNA, "boris");
    let Some(incoming) = reach(world, ANNA, BORIS) else { return false };
    if !world.wait(secs(33), |world| world.progress(BORIS, incoming).is_ok()) {
        return false;
    }
    let acknowledged = |world: &mut World| world.said(BORIS, "PRACK", 200) == 2;
    if !world.wait(secs(33), acknowledged) {
        return false;
    }
    world.update_early(BORIS, incoming);
    if !world.wait(secs(33), |world| !world.aside_answers(BORIS).is_empty()) {
        return false;
    }
    let answers = world.aside_answers(BORIS);
    let offers = world.count(ANNA, |event| matches!(event, Event::Offer { .. }));
    world.agents[BORIS].ua.accept(world.now, incoming, vec![]).ok();
    let confirmed = |event: &Event| matches!(event, Event::Confirmed { .. });
    world.wait(secs(70), |world| world.saw(BORIS, confirmed) || world.saw(BORIS, ended));
    let up = world.saw(BORIS, confirmed);
    assert!(!up || (answers == [200] && offers == 1), "{answers:?} to the UPDATE, heard {offers} times");
    up && hang_up(world, BORIS, incoming, ANNA, call)
}
