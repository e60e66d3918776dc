//! The conversations. Each says whether it ended as hoped.

mod calls;
mod changes;
mod disasters;
mod transfers;

use crate::world::{World, secs};
use patchcord::sip::message::StatusCode;
use patchcord::sip::{CallKey, EndedBy, Event};
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
    Story {
        name: "registered, kept so, and gone",
        may_starve: &["REGISTER", "OPTIONS"],
        tell: calls::register,
    },
    Story { name: "somebody is asked for by OPTIONS", may_starve: &["OPTIONS"], tell: calls::options },
    Story { name: "a call that the caller ends", may_starve: CALL, tell: calls::caller_ends },
    Story { name: "a call that the called party ends", may_starve: CALL, tell: calls::called_ends },
    Story { name: "both hang up at once", may_starve: CALL, tell: calls::both_end },
    Story { name: "a call given up while it rings", may_starve: CALL, tell: calls::cancelled },
    Story { name: "given up as it is answered", may_starve: CALL, tell: calls::cancelled_as_answered },
    Story {
        name: "given up as it is answered, after PRACK",
        may_starve: RELIABLE,
        tell: |world| {
            world.pbx.reliable = true;
            calls::cancelled_as_answered(world)
        },
    },
    Story { name: "a call that is refused", may_starve: CALL, tell: calls::refused },
    Story { name: "a call to somebody who is busy", may_starve: CALL, tell: calls::busy },
    Story { name: "a call to nobody", may_starve: CALL, tell: calls::nobody },
    Story { name: "the called party makes the offer", may_starve: CALL, tell: calls::late_offer },
    Story { name: "sound before the answer, acknowledged", may_starve: RELIABLE, tell: calls::early_media },
    Story { name: "a call to somebody who has moved", may_starve: CALL, tell: calls::moved },
    Story { name: "two telephones of one number answer", may_starve: CALL, tell: calls::forked },
    Story {
        name: "two telephones answer, after PRACK",
        may_starve: RELIABLE,
        tell: |world| {
            world.pbx.reliable = true;
            calls::forked(world)
        },
    },
    Story { name: "two calls at one telephone", may_starve: CALL, tell: changes::two_calls },
    Story { name: "held and taken back", may_starve: CALL, tell: changes::hold },
    Story { name: "both change the call at once", may_starve: CALL, tell: changes::glare },
    Story {
        name: "handed on to somebody else",
        may_starve: &["INVITE", "ACK", "REFER", "NOTIFY", "BYE"],
        tell: transfers::transfer,
    },
    Story {
        name: "handed on to somebody who refuses",
        may_starve: &["INVITE", "ACK", "REFER", "NOTIFY", "BYE"],
        tell: transfers::refused_by_target,
    },
    Story {
        name: "handed on after a word with the other",
        may_starve: &["INVITE", "ACK", "REFER", "NOTIFY", "BYE"],
        tell: transfers::attended,
    },
    Story { name: "a number by INFO", may_starve: &["INVITE", "ACK", "INFO", "BYE"], tell: changes::digits },
    Story {
        name: "asked to call somebody else",
        may_starve: &["INVITE", "ACK", "REFER", "NOTIFY", "BYE"],
        tell: transfers::asked_to_call,
    },
    Story {
        name: "a session that the caller keeps",
        may_starve: &["INVITE", "ACK", "UPDATE", "BYE"],
        tell: changes::keep,
    },
    Story {
        name: "a session that has to be refreshed",
        may_starve: &["INVITE", "ACK", "UPDATE", "BYE"],
        tell: changes::refresh,
    },
    Story {
        name: "another one speaks at the far end",
        may_starve: &["INVITE", "ACK", "UPDATE", "BYE"],
        tell: changes::connected_line,
    },
    Story {
        name: "a session that was to be too brief",
        may_starve: &["INVITE", "ACK", "UPDATE", "BYE"],
        tell: changes::too_brief,
    },
    Story {
        name: "changed while it rings",
        may_starve: &["INVITE", "ACK", "PRACK", "UPDATE", "BYE", "CANCEL"],
        tell: changes::changed_early,
    },
    Story { name: "another one takes the place", may_starve: CALL, tell: transfers::replaced },
    Story { name: "another one, as it is hung up", may_starve: CALL, tell: transfers::replaced_as_hung_up },
    Story {
        name: "by TCP, registered and gone",
        may_starve: BY_TCP,
        tell: |world| calls::by_tcp(world, calls::register),
    },
    Story {
        name: "by TCP, the caller ends",
        may_starve: BY_TCP,
        tell: |world| calls::by_tcp(world, calls::caller_ends),
    },
    Story {
        name: "by TCP, the called party ends",
        may_starve: BY_TCP,
        tell: |world| calls::by_tcp(world, calls::called_ends),
    },
    Story {
        name: "by TCP, given up while it rings",
        may_starve: BY_TCP,
        tell: |world| calls::by_tcp(world, calls::cancelled),
    },
    Story {
        name: "by TCP, held and taken back",
        may_starve: BY_TCP,
        tell: |world| calls::by_tcp(world, changes::hold),
    },
    Story {
        name: "by TCP, a late offer",
        may_starve: BY_TCP,
        tell: |world| calls::by_tcp(world, calls::late_offer),
    },
    Story { name: "the network is gone for a while", may_starve: CALL, tell: disasters::partition },
    Story {
        name: "hung up while the network is gone",
        may_starve: &["INVITE", "ACK", "BYE", "REGISTER", "OPTIONS"],
        tell: disasters::hung_up_in_the_dark,
    },
    Story {
        name: "the PBX's port is closed",
        may_starve: &["REGISTER", "OPTIONS"],
        tell: disasters::port_closed,
    },
    Story {
        name: "the PBX's port is closed in a call",
        may_starve: &["INVITE", "ACK", "BYE", "REGISTER", "OPTIONS"],
        tell: disasters::port_closed_in_a_call,
    },
    Story {
        name: "another network in a call",
        may_starve: &["INVITE", "ACK", "BYE", "REGISTER", "OPTIONS"],
        tell: disasters::another_network,
    },
    Story { name: "the computer sleeps in a call", may_starve: CALL, tell: disasters::sleep },
    Story { name: "the other telephone restarts", may_starve: CALL, tell: disasters::telephone_restarts },
    Story {
        name: "the PBX restarts",
        may_starve: &["INVITE", "ACK", "BYE", "REGISTER", "OPTIONS"],
        tell: disasters::pbx_restarts,
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
