//! The network is gone, the computer sleeps, somebody loses his memory. Whoever is in a call afterwards is judged by
//! `World::settle`.

use super::{answered, ended, ended_by, ended_call, hang_up, millis, talk, told};
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

/// Anna hangs up while nothing reaches anybody.
pub fn hung_up_in_the_dark(world: &mut World) -> bool {
    let Some((call, incoming)) = talk(world, ANNA, BORIS, "boris") else { return false };
    world.cut_off(ANNA, true);
    let dark = secs(5 + world.below(50));
    world.pass(dark / 2);
    world.agents[ANNA].ua.hang_up(world.now, call).ok();
    world.pass(dark / 2);
    world.cut_off(ANNA, false);
    let over = world.wait(secs(60), |world| world.saw(BORIS, told(incoming)));
    let back = world.wait(secs(60), |world| world.is_registered(ANNA));
    over && back
}

/// The system says that nothing listens at the PBX's address: it is down, and knows everybody when it is up again.
pub fn port_closed(world: &mut World) -> bool {
    let moment = millis(world.below(15_000));
    world.pass(moment);
    world.close_port(true);
    // The next OPTIONS finds it closed.
    let noticed = world.wait(secs(16), |world| !world.is_registered(ANNA));
    assert!(noticed, "called registered though the port is closed");
    let down = secs(world.below(90));
    world.pass(down);
    assert!(!world.is_registered(ANNA));
    world.close_port(false);
    world.wait(secs(60), |world| world.is_registered(ANNA) && world.is_registered(BORIS))
}

pub fn port_closed_in_a_call(world: &mut World) -> bool {
    let Some((call, incoming)) = talk(world, ANNA, BORIS, "boris") else { return false };
    world.close_port(true);
    let (what, down) = (world.below(3), secs(1 + world.below(50)));
    let done = match what {
        0 => world.agents[ANNA].ua.hang_up(world.now, call),
        1 => world.reoffer(ANNA, call, true),
        _ => Ok(()),
    };
    done.expect("a call that stands can be ended and changed");
    world.pass(down);
    world.close_port(false);
    let back = world.wait(secs(60), |world| world.is_registered(ANNA) && world.is_registered(BORIS));
    // After more than 32 s by the question for the call alone.
    if what == 0 {
        return back && world.wait(secs(60), |world| world.saw(BORIS, told(incoming)));
    }
    let stands = !world.saw(ANNA, ended) && !world.saw(BORIS, ended);
    back && stands && hang_up(world, ANNA, call, BORIS, incoming)
}

/// Anna's computer comes into another network, and she tells Boris of it.
pub fn another_network(world: &mut World) -> bool {
    let Some((call, incoming)) = talk(world, ANNA, BORIS, "boris") else { return false };
    world.change_address(ANNA);
    world.reoffer(ANNA, call, false).expect("nothing else is under way");
    let told_of_it = world.wait(secs(40), |world| world.saw(ANNA, answered));
    let back = world.wait(secs(60), |world| world.is_registered(ANNA));
    told_of_it && back && hang_up(world, BORIS, incoming, ANNA, call)
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
