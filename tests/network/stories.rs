//! The conversations. Each says whether it ended as hoped.

use crate::proxy::{BOTH, MOVED};
use crate::world::{ANNA, BORIS, CLARA, World, secs};
use patchcord::sip::message::StatusCode;
use patchcord::sip::{CallKey, EndedBy, Event, ReferProgress};
use std::time::Duration;

pub struct Story {
    pub name: &'static str,
    /// Requests whose loss explains another end.
    pub may_starve: &'static [&'static str],
    pub tell: fn(&mut World) -> bool,
}

const CALL: &[&str] = &["INVITE", "ACK", "BYE", "CANCEL"];

const RELIABLE: &[&str] = &["INVITE", "ACK", "PRACK", "BYE", "CANCEL"];

/// Nothing is lost but with a connection.
const BY_TCP: &[&str] = &[];

pub const STORIES: &[Story] = &[
    Story { name: "registered, kept so, and gone", may_starve: &["REGISTER", "OPTIONS"], tell: register },
    Story { name: "somebody is asked for by OPTIONS", may_starve: &["OPTIONS"], tell: options },
    Story { name: "a call that the caller ends", may_starve: CALL, tell: caller_ends },
    Story { name: "a call that the called party ends", may_starve: CALL, tell: called_ends },
    Story { name: "both hang up at once", may_starve: CALL, tell: both_end },
    Story { name: "a call given up while it rings", may_starve: CALL, tell: cancelled },
    Story { name: "given up as it is answered", may_starve: CALL, tell: cancelled_as_answered },
    Story {
        name: "given up as it is answered, after PRACK",
        may_starve: RELIABLE,
        tell: |world| {
            world.pbx.reliable = true;
            cancelled_as_answered(world)
        },
    },
    Story { name: "a call that is refused", may_starve: CALL, tell: refused },
    Story { name: "a call to somebody who is busy", may_starve: CALL, tell: busy },
    Story { name: "a call to nobody", may_starve: CALL, tell: nobody },
    Story { name: "the called party makes the offer", may_starve: CALL, tell: late_offer },
    Story { name: "sound before the answer, acknowledged", may_starve: RELIABLE, tell: early_media },
    Story { name: "a call to somebody who has moved", may_starve: CALL, tell: moved },
    Story { name: "two telephones of one number answer", may_starve: CALL, tell: forked },
    Story {
        name: "two telephones answer, after PRACK",
        may_starve: RELIABLE,
        tell: |world| {
            world.pbx.reliable = true;
            forked(world)
        },
    },
    Story { name: "two calls at one telephone", may_starve: CALL, tell: two_calls },
    Story { name: "held and taken back", may_starve: CALL, tell: hold },
    Story { name: "both change the call at once", may_starve: CALL, tell: glare },
    Story {
        name: "handed on to somebody else",
        may_starve: &["INVITE", "ACK", "REFER", "NOTIFY", "BYE"],
        tell: transfer,
    },
    Story {
        name: "handed on after a word with the other",
        may_starve: &["INVITE", "ACK", "REFER", "NOTIFY", "BYE"],
        tell: attended,
    },
    Story { name: "a number by INFO", may_starve: &["INVITE", "ACK", "INFO", "BYE"], tell: digits },
    Story {
        name: "asked to call somebody else",
        may_starve: &["INVITE", "ACK", "REFER", "NOTIFY", "BYE"],
        tell: asked_to_call,
    },
    Story {
        name: "a session that the caller keeps",
        may_starve: &["INVITE", "ACK", "UPDATE", "BYE"],
        tell: keep,
    },
    Story {
        name: "a session that has to be refreshed",
        may_starve: &["INVITE", "ACK", "UPDATE", "BYE"],
        tell: refresh,
    },
    Story {
        name: "another one speaks at the far end",
        may_starve: &["INVITE", "ACK", "UPDATE", "BYE"],
        tell: connected_line,
    },
    Story {
        name: "a session that was to be too brief",
        may_starve: &["INVITE", "ACK", "UPDATE", "BYE"],
        tell: too_brief,
    },
    Story {
        name: "changed while it rings",
        may_starve: &["INVITE", "ACK", "PRACK", "UPDATE", "BYE", "CANCEL"],
        tell: changed_early,
    },
    Story { name: "another one takes the place", may_starve: CALL, tell: replaced },
    Story { name: "another one, as it is hung up", may_starve: CALL, tell: replaced_as_hung_up },
    Story { name: "by TCP, registered and gone", may_starve: BY_TCP, tell: |world| by_tcp(world, register) },
    Story { name: "by TCP, the caller ends", may_starve: BY_TCP, tell: |world| by_tcp(world, caller_ends) },
    Story {
        name: "by TCP, the called party ends",
        may_starve: BY_TCP,
        tell: |world| by_tcp(world, called_ends),
    },
    Story {
        name: "by TCP, given up while it rings",
        may_starve: BY_TCP,
        tell: |world| by_tcp(world, cancelled),
    },
    Story { name: "by TCP, held and taken back", may_starve: BY_TCP, tell: |world| by_tcp(world, hold) },
    Story { name: "by TCP, a late offer", may_starve: BY_TCP, tell: |world| by_tcp(world, late_offer) },
    Story { name: "the network is gone for a while", may_starve: CALL, tell: partition },
    Story { name: "the computer sleeps in a call", may_starve: CALL, tell: sleep },
    Story { name: "the other telephone restarts", may_starve: CALL, tell: telephone_restarts },
    Story {
        name: "the PBX restarts",
        may_starve: &["INVITE", "ACK", "BYE", "REGISTER", "OPTIONS"],
        tell: pbx_restarts,
    },
];

pub const fn ended_call(event: &Event) -> Option<CallKey> {
    match event {
        Event::Ended { call, .. } => Some(*call),
        _ => None,
    }
}

fn ended(event: &Event) -> bool {
    matches!(event, Event::Ended { .. })
}

fn ended_by(by: EndedBy, status: Option<u16>) -> impl Fn(&Event) -> bool {
    let status = status.and_then(StatusCode::new);
    move |event| matches!(event, Event::Ended { by: b, status: s, .. } if *b == by && *s == status)
}

fn answered(event: &Event) -> bool {
    matches!(event, Event::Answer { result: Ok(_), .. })
}

fn millis(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Boris's telephone rings, or the caller has been told why not.
fn reach(world: &mut World, caller: usize, called: usize) -> Option<CallKey> {
    let before = world.count(called, |event| matches!(event, Event::Invited { .. }));
    let rang =
        move |world: &World| world.count(called, |event| matches!(event, Event::Invited { .. })) > before;
    let over = world.count(caller, ended);
    world.wait(secs(70), |world| rang(world) || world.count(caller, ended) > over);
    let call = world.invited(called).filter(|_| rang(world))?;
    world.agents[called].ua.ring(world.now, call).ok()?;
    Some(call)
}

/// A call between two of them that both know to stand.
fn talk(world: &mut World, caller: usize, called: usize, name: &str) -> Option<(CallKey, CallKey)> {
    let call = world.call(caller, name);
    let incoming = reach(world, caller, called)?;
    let patience = millis(500 + world.below(3_000));
    world.pass(patience);
    world.accept(called, incoming).ok()?;
    let accepted = move |event: &Event| matches!(event, Event::Accepted { call: c, .. } if *c == call);
    let confirmed = move |event: &Event| matches!(event, Event::Confirmed { call: c, .. } if *c == incoming);
    let gone = |own: usize, key: CallKey| {
        move |world: &World| world.saw(own, |event| ended_call(event) == Some(key))
    };
    let (caller_gone, called_gone) = (gone(caller, call), gone(called, incoming));
    world.wait(secs(70), |world| {
        let up = world.saw(caller, accepted) && world.saw(called, confirmed);
        up || caller_gone(world) || called_gone(world)
    });
    (world.saw(caller, accepted) && world.saw(called, confirmed)).then_some((call, incoming))
}

/// Told that the call is over: by BYE, or because a registration came back and asked for the call.
fn told(call: CallKey) -> impl Fn(&Event) -> bool {
    let (by_bye, by_481) = (ended_by(EndedBy::Them, None), ended_by(EndedBy::Network, Some(481)));
    move |event| ended_call(event) == Some(call) && (by_bye(event) || by_481(event))
}

/// One hangs up; the other must be told so.
fn hang_up(world: &mut World, who: usize, call: CallKey, other: usize, theirs: CallKey) -> bool {
    world.agents[who].ua.hang_up(world.now, call).is_ok()
        && world.wait(secs(40), |world| world.saw(other, told(theirs)))
}

fn register(world: &mut World) -> bool {
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

fn options(world: &mut World) -> bool {
    let target = "sip:boris@pbx.example".parse().unwrap();
    let probe = world.agents[ANNA].ua.probe(world.now, target);
    let probed = move |event: &Event| matches!(event, Event::Probed { probe: p, .. } if *p == probe);
    assert!(world.wait(secs(33), |world| world.saw(ANNA, probed)), "OPTIONS never came to an end");
    world.saw(ANNA, |event| matches!(event, Event::Probed { result: Ok((StatusCode::OK, ..)), .. }))
}

fn caller_ends(world: &mut World) -> bool {
    let Some((call, incoming)) = talk(world, ANNA, BORIS, "boris") else { return false };
    world.pass(secs(7));
    hang_up(world, ANNA, call, BORIS, incoming)
}

fn called_ends(world: &mut World) -> bool {
    let Some((call, incoming)) = talk(world, ANNA, BORIS, "boris") else { return false };
    world.pass(secs(7));
    hang_up(world, BORIS, incoming, ANNA, call)
}

fn both_end(world: &mut World) -> bool {
    let Some((call, incoming)) = talk(world, ANNA, BORIS, "boris") else { return false };
    world.agents[ANNA].ua.hang_up(world.now, call).ok();
    let later = millis(world.below(100));
    world.pass(later);
    world.agents[BORIS].ua.hang_up(world.now, incoming).ok();
    world.wait(secs(33), |world| world.saw(ANNA, ended) && world.saw(BORIS, ended))
}

fn cancelled(world: &mut World) -> bool {
    let call = world.call(ANNA, "boris");
    let Some(_) = reach(world, ANNA, BORIS) else { return false };
    world.pass(secs(3));
    world.agents[ANNA].ua.hang_up(world.now, call).ok();
    world.wait(secs(70), |world| world.saw(BORIS, ended));
    world.saw(ANNA, ended_by(EndedBy::Us, None)) && world.saw(BORIS, ended_by(EndedBy::Them, Some(487)))
}

fn cancelled_as_answered(world: &mut World) -> bool {
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

fn refused(world: &mut World) -> bool {
    world.call(ANNA, "boris");
    let Some(incoming) = reach(world, ANNA, BORIS) else { return false };
    world.pass(secs(2));
    world.agents[BORIS].ua.reject(world.now, incoming, StatusCode::new(603).unwrap()).ok();
    world.wait(secs(70), |world| world.saw(ANNA, ended));
    world.saw(ANNA, ended_by(EndedBy::Them, Some(603)))
}

fn busy(world: &mut World) -> bool {
    if talk(world, CLARA, BORIS, "boris").is_none() {
        return false;
    }
    world.call(ANNA, "boris");
    world.wait(secs(70), |world| world.saw(ANNA, ended));
    assert_eq!(world.count(BORIS, |event| matches!(event, Event::Invited { .. })), 1, "a second call rang");
    world.saw(ANNA, ended_by(EndedBy::Them, Some(486))) && !world.saw(BORIS, ended)
}

fn nobody(world: &mut World) -> bool {
    world.call(ANNA, "dmitri");
    world.wait(secs(70), |world| world.saw(ANNA, ended));
    world.saw(ANNA, ended_by(EndedBy::Them, Some(404)))
}

fn late_offer(world: &mut World) -> bool {
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

fn early_media(world: &mut World) -> bool {
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

fn moved(world: &mut World) -> bool {
    let Some((call, incoming)) = talk(world, ANNA, BORIS, MOVED) else { return false };
    hang_up(world, ANNA, call, BORIS, incoming)
}

fn forked(world: &mut World) -> bool {
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

fn two_calls(world: &mut World) -> bool {
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

fn hold(world: &mut World) -> bool {
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

fn glare(world: &mut World) -> bool {
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

fn transfer(world: &mut World) -> bool {
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

/// Anna has Clara and Boris on two lines, and connects them: Clara takes Anna's place in the call with Boris.
fn attended(world: &mut World) -> bool {
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

/// One digit after the other is answered, and heard in order and once.
fn digits(world: &mut World) -> bool {
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

/// Anna, in a call with Boris, wants him to talk to Clara.
fn asked_to_call(world: &mut World) -> bool {
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

fn keep(world: &mut World) -> bool {
    let Some((call, incoming)) = talk(world, CLARA, BORIS, "boris") else { return false };
    world.pass(secs(200));
    let stands = !world.saw(CLARA, ended) && !world.saw(BORIS, ended);
    stands && hang_up(world, BORIS, incoming, CLARA, call)
}

fn refresh(world: &mut World) -> bool {
    world.pbx.session_expires = Some(90);
    let Some((call, incoming)) = talk(world, ANNA, BORIS, "boris") else { return false };
    world.pass(secs(200));
    let stands = !world.saw(ANNA, ended) && !world.saw(BORIS, ended);
    stands && hang_up(world, BORIS, incoming, ANNA, call)
}

/// The PBX says who is heard: by UPDATE to Boris, with a re-INVITE to Anna.
fn connected_line(world: &mut World) -> bool {
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
fn too_brief(world: &mut World) -> bool {
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
fn changed_early(world: &mut World) -> bool {
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

fn replaced(world: &mut World) -> bool {
    let Some((call, old)) = talk(world, ANNA, BORIS, "boris") else { return false };
    let Some(replaces) = world.dialog(BORIS, old) else { return false };
    let taken = world.call_replacing(CLARA, "boris", replaces);
    let Some(incoming) = take_over(world, old) else { return false };
    world.wait(secs(40), |world| world.saw(ANNA, told(call))) && hang_up(world, CLARA, taken, BORIS, incoming)
}

fn replaced_as_hung_up(world: &mut World) -> bool {
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

fn by_tcp(world: &mut World, tell: fn(&mut World) -> bool) -> bool {
    world.by_tcp();
    tell(world)
}

fn partition(world: &mut World) -> bool {
    let Some((call, incoming)) = talk(world, ANNA, BORIS, "boris") else { return false };
    world.cut_off(ANNA, true);
    let dark = secs(5 + world.below(60));
    world.pass(dark / 2);
    world.agents[BORIS].ua.hang_up(world.now, incoming).ok();
    world.pass(dark / 2);
    world.cut_off(ANNA, false);
    // By a BYE that still comes, or because the registration that comes back asks for the call.
    let over = world.wait(secs(120), |world| world.saw(ANNA, ended));
    let back = world.wait(secs(60), |world| world.is_registered(ANNA));
    over && back && !world.saw(ANNA, |e| ended_call(e) != Some(call) && ended(e))
}

fn sleep(world: &mut World) -> bool {
    let Some((call, incoming)) = talk(world, ANNA, BORIS, "boris") else { return false };
    world.sleep(ANNA, true);
    // Longer than retransmissions, than the registration is granted, or neither.
    let night = secs([5, 50, 700][world.below(3) as usize]);
    world.pass(night / 2);
    world.agents[BORIS].ua.hang_up(world.now, incoming).ok();
    world.pass(night / 2);
    world.sleep(ANNA, false);
    let woke = world.now;
    world.pass(millis(400));
    assert!(world.sent_since(ANNA, woke) <= 6, "all at once: {}", world.sent_since(ANNA, woke));
    let over = world.wait(secs(120), |world| world.saw(ANNA, ended));
    let back = world.wait(secs(60), |world| world.is_registered(ANNA) && world.pbx.knows("anna"));
    over && back && !world.saw(ANNA, |e| ended_call(e) != Some(call) && ended(e))
}

fn telephone_restarts(world: &mut World) -> bool {
    let Some((call, _)) = talk(world, ANNA, BORIS, "boris") else { return false };
    world.restart(BORIS);
    world.pass(secs(5));
    world.reoffer(ANNA, call, true).ok();
    world.wait(secs(40), |world| world.saw(ANNA, ended));
    let noticed = world.saw(ANNA, ended_by(EndedBy::Network, Some(481)));
    if !world.wait(secs(60), |world| world.is_registered(BORIS)) {
        return false;
    }
    world.agents[BORIS].events.clear();
    let again = talk(world, ANNA, BORIS, "boris");
    noticed && again.is_some_and(|(call, incoming)| hang_up(world, ANNA, call, BORIS, incoming))
}

fn pbx_restarts(world: &mut World) -> bool {
    let Some((call, incoming)) = talk(world, ANNA, BORIS, "boris") else { return false };
    world.restart_pbx();
    let back = world.wait(secs(60), |world| world.pbx.knows("anna") && world.pbx.knows("boris"));
    let stands = !world.saw(ANNA, ended) && !world.saw(BORIS, ended);
    back && stands && hang_up(world, ANNA, call, BORIS, incoming)
}
