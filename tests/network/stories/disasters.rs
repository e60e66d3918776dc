//! The network is gone, the computer sleeps, somebody loses his memory. Whoever is in a call afterwards is judged by
//! `World::settle`.

use super::{ended, ended_by, ended_call, hang_up, millis, talk};
use crate::world::{ANNA, BORIS, World, secs};
use patchcord::sip::EndedBy;

pub fn partition(world: &mut World) -> bool {
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

pub fn sleep(world: &mut World) -> bool {
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

pub fn telephone_restarts(world: &mut World) -> bool {
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

pub fn pbx_restarts(world: &mut World) -> bool {
    let Some((call, incoming)) = talk(world, ANNA, BORIS, "boris") else { return false };
    world.restart_pbx();
    let back = world.wait(secs(60), |world| world.pbx.knows("anna") && world.pbx.knows("boris"));
    let stands = !world.saw(ANNA, ended) && !world.saw(BORIS, ended);
    back && stands && hang_up(world, ANNA, call, BORIS, incoming)
}
