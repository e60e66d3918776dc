//! The computer sleeps, and its clock is set.

use crate::pbx::Pbx;
use crate::people::Baresip;
use crate::seconds;
use crate::telephone::{Telephone, telephone};
use rustix::process::Signal;

/// Registered again so soon after the computer woke.
const BACK: u64 = 3;
const EXPIRES: u64 = 10;

#[test]
fn registered_again_when_the_computer_wakes() {
    let pbx = Pbx::start();
    let phone = Telephone::spawn(brief(&pbx), Some(&pbx));
    phone.wait("registered", seconds(5));
    phone.signal(Signal::STOP);
    crate::until("the binding to run out", seconds(EXPIRES + 5), || !pbx.has_contact("101"));
    phone.signal(Signal::CONT);
    pbx.until_contact("101", seconds(BACK));
    phone.interrupt();
    phone.finish(seconds(5)).exited(130);
}

#[test]
fn a_client_who_hung_up_while_the_computer_slept_is_gone_when_it_wakes() {
    let pbx = Pbx::start();
    pbx.forgive("answered-at-once"); // asleep, it answers nothing
    let client = Baresip::customer(&pbx, "+79161234567");
    let phone = Telephone::spawn(brief(&pbx), Some(&pbx));
    phone.wait("registered", seconds(5));
    client.dial(&format!("sip:101@{}", pbx.trunk()));
    phone.wait("answered", seconds(5));
    phone.signal(Signal::STOP);
    std::thread::sleep(seconds(2));
    client.hang_up();
    std::thread::sleep(seconds(4));
    phone.signal(Signal::CONT);
    phone.wait("ended", seconds(5));
    phone.finish(seconds(10)).exited(0);
}

fn brief(pbx: &Pbx) -> std::process::Command {
    let settings = pbx.scratch.path().join("patchcord.toml");
    std::fs::write(&settings, format!("[account]\nexpires = {EXPIRES}\n")).expect("a file");
    telephone(pbx, "101", &["answer", "--config", &settings.to_string_lossy()])
}
