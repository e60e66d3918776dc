//! The PBX goes away and comes back.

use crate::pbx::Pbx;
use crate::people::Baresip;
use crate::telephone::Telephone;
use crate::{now, seconds};

/// Registered again so soon after the PBX takes registrations again, in the first minute.
const BACK: u64 = 3;

#[test]
fn registered_again_after_a_restart_while_idle() {
    let pbx = Pbx::start();
    forgive_what_nobody_heard(&pbx);
    let phone = Telephone::start(&pbx, "101", &["answer", "--timeout", "60"]);
    phone.wait("registered", seconds(5));
    let stopped = now();
    pbx.stop();
    phone.wait("registration_failed", seconds(21));
    assert!(stopped.elapsed() <= seconds(21), "the outage is noticed within 20 s");
    pbx.start_again();
    pbx.until_contact("101", seconds(BACK));
    phone.interrupt();
    phone.finish(seconds(5)).exited(130);
}

#[test]
fn registered_again_after_a_restart_that_took_a_moment() {
    let pbx = Pbx::start();
    forgive_what_nobody_heard(&pbx);
    let phone = Telephone::start(&pbx, "101", &["answer", "--timeout", "60"]);
    phone.wait("registered", seconds(5));
    pbx.stop();
    pbx.start_again();
    pbx.until_contact("101", seconds(BACK));
    phone.interrupt();
    phone.finish(seconds(5)).exited(130);
}

#[test]
fn registered_again_after_a_restart_in_a_call() {
    let pbx = Pbx::start();
    forgive_what_nobody_heard(&pbx);
    pbx.forgive("bye-missing"); // the PBX has forgotten the call, and whether a BYE comes is no matter
    let client = Baresip::customer(&pbx, "+79161234567");
    let phone = Telephone::start(&pbx, "101", &["answer", "--calls", "2"]);
    phone.wait("registered", seconds(5));
    client.dial(&format!("sip:101@{}", pbx.trunk()));
    phone.wait("answered", seconds(5));
    std::thread::sleep(seconds(1));
    pbx.stop();
    phone.wait("registration_failed", seconds(21));
    pbx.start_again();
    pbx.until_contact("101", seconds(BACK));
    // The new PBX does not know the call, and says so when asked.
    let lost = phone.wait("ended", seconds(10));
    assert_eq!(lost.event["by"], "network", "{}", lost.event);
    phone.interrupt();
    phone.finish(seconds(10)).exited(130);
}

/// While the PBX is away, its log has no attempts: numbers seem to jump.
pub fn forgive_what_nobody_heard(pbx: &Pbx) {
    pbx.forgive("register-cseq");
    pbx.forgive("nonce-count");
}
