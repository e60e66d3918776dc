//! The computer sleeps, and its clock is set. A stopped process stands in for sleep here: every clock runs on meanwhile.
//! That ours is the one that runs on in real sleep, too, is proved beside it (`clock::tests`).

use crate::desk::Desk;
use crate::pbx::Pbx;
use crate::people::Baresip;
use crate::telephone::{Telephone, telephone};
use crate::{seconds, until};
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
    // It has heard the client by then.
    std::thread::sleep(seconds(2));
    phone.signal(Signal::STOP);
    std::thread::sleep(seconds(2));
    client.hang_up();
    std::thread::sleep(seconds(4));
    phone.signal(Signal::CONT);
    phone.wait("ended", seconds(5));
    phone.finish(seconds(10)).exited(0);
}

#[test]
fn a_clock_that_is_set_changes_neither_registration_nor_calls() {
    let pbx = Pbx::start();
    let desk = Desk::start(&pbx, 20);
    let clock = pbx.scratch.path().join("clock");
    let set = |by: &str| std::fs::write(&clock, by).expect("a file");
    set("+0");
    let mut command = brief(&pbx);
    command.args(["--calls", "2", "--desk", &desk.url()]).env("PATCHCORD_DESK_TOKEN", &desk.operator);
    command.env("LD_PRELOAD", faketime()).env("FAKETIME_TIMESTAMP_FILE", &clock);
    command.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    let phone = Telephone::spawn(command, Some(&pbx));
    phone.wait("registered", seconds(5));
    let clients = ["+79161234567", "+79161234568"].map(|number| Baresip::customer(&pbx, number));
    let call = |client: &Baresip, by: &str| {
        client.dial(&format!("sip:101@{}", pbx.trunk()));
        client.wait("CALL_ESTABLISHED", seconds(10));
        set(by);
        std::thread::sleep(seconds(2));
        client.hang_up();
    };
    call(&clients[0], "+400d");
    std::thread::sleep(seconds(EXPIRES + 2));
    assert!(pbx.has_contact("101"), "refreshed in time, whatever the date");
    call(&clients[1], "-400d");
    let ended = phone.finish(seconds(10));
    ended.exited(0);
    assert!(!ended.has("registration_failed"), "{}", ended.story());
    let entries = || desk.calls().into_iter().filter(|call| call["ended_at"].is_string()).collect::<Vec<_>>();
    until("both entries", seconds(5), || entries().len() == 2);
    let time = |entry: &serde_json::Value, name: &str| -> jiff::Timestamp {
        entry[name].as_str().expect("a time").parse().expect("a time")
    };
    let mut starts: Vec<_> = entries().iter().map(|entry| time(entry, "started_at")).collect();
    for entry in entries() {
        let lasted = time(&entry, "ended_at").duration_since(time(&entry, "started_at"));
        assert!((1..30).contains(&lasted.as_secs()), "{entry}");
    }
    starts.sort();
    assert!(
        starts[1].duration_since(starts[0]).as_hours() > 300 * 24,
        "the program did not see the clock change"
    );
}

/// Debian's libfaketime, which tells one program another date.
fn faketime() -> std::path::PathBuf {
    let folders = std::fs::read_dir("/usr/lib").expect("a folder").flatten();
    let mut files = folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"));
    files.find(|file| file.exists()).expect("Debian's package libfaketime; scripts/test installs it")
}

fn brief(pbx: &Pbx) -> std::process::Command {
    let settings = pbx.scratch.path().join("patchcord.toml");
    std::fs::write(&settings, format!("[account]\nexpires = {EXPIRES}\n")).expect("a file");
    telephone(pbx, "101", &["answer", "--config", &settings.to_string_lossy()])
}
