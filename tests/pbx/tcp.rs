//! SIP over TCP: an account that lives on one connection, and large requests of an account by UDP.

use crate::inbound::{recording, voice};
use crate::pbx::Pbx;
use crate::people::Baresip;
use crate::telephone::Telephone;
use crate::{now, seconds, sound};

const TCP: [&str; 2] = ["--transport", "tcp"];

/// Registered again so soon after the PBX takes registrations again.
const BACK: u64 = 3;

#[test]
fn client_and_operator_hear_each_other_over_tcp() {
    let pbx = Pbx::start();
    let client = Baresip::customer(&pbx, "+79161234567");
    let ((voice, play), (recorded, record)) = (voice(&pbx), recording(&pbx));
    let arguments = ["answer", "--play", &play, "--record", &record, "--seconds", "5"];
    let phone = Telephone::start(&pbx, "101", &[&arguments[..], &TCP].concat());
    phone.wait("registered", seconds(5));
    let local = phone.local();
    client.dial(&format!("sip:101@{}", pbx.trunk()));
    let ended = phone.finish(seconds(20));
    client.wait("CALL_CLOSED", seconds(5));
    assert_eq!(ended.exited(0).one("ended")["outcome"], "completed");
    assert!(ended.has("unregistered"), "{}", ended.story());
    for (what, voice, heard) in [
        ("the client hears the operator", &voice, client.heard()),
        ("the operator hears the client", &client.voice, sound::read(&recorded, 0)),
    ] {
        sound::must_be_heard(what, voice, 0.5, 4.0, &heard);
    }
    let capture = pbx.capture_of(&local);
    assert!(capture.len() > 8 && capture.iter().all(|each| each.by_tcp()), "one connection serves all");
}

#[test]
fn the_echo_gives_back_what_was_said_over_tcp() {
    let pbx = Pbx::start();
    let ((voice, play), (recorded, record)) = (voice(&pbx), recording(&pbx));
    let arguments = ["call", "600", "--play", &play, "--record", &record, "--seconds", "4"];
    let phone = Telephone::start(&pbx, "101", &[&arguments[..], &TCP].concat());
    phone.finish(seconds(30)).exited(0).one("answered");
    sound::must_be_heard("the echo", &voice, 0.5, 3.5, &sound::read(&recorded, 0));
}

#[test]
fn nothing_listens_is_said_at_once() {
    let pbx = Pbx::start();
    let closed =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|each| each.local_addr()).expect("a port");
    let arguments = ["register", "--server", &closed.to_string()];
    let began = now();
    let ended =
        Telephone::spawn(crate::telephone::telephone(&pbx, "101", &[&arguments[..], &TCP].concat()), None)
            .finish(seconds(10));
    assert_eq!(ended.exited(4).one("registration_failed")["cause"], "unreachable");
    assert!(began.elapsed() < seconds(3), "{:?}", began.elapsed());
}

#[test]
fn over_tcp_an_outage_is_noticed_at_once_and_the_pbx_registered_with_again_when_it_is_back() {
    let pbx = Pbx::start();
    pbx.forgive("register-cseq"); // while the PBX is away, its log has no attempts
    pbx.forgive("nonce-count");
    let phone = Telephone::start(&pbx, "101", &[&["answer", "--timeout", "60"][..], &TCP].concat());
    phone.wait("registered", seconds(5));
    pbx.stop();
    let stopped = now();
    phone.wait("registration_failed", seconds(21));
    let noticed = stopped.elapsed();
    assert!(noticed <= seconds(2), "noticed after {noticed:?}");
    pbx.start_again();
    pbx.until_contact("101", seconds(BACK));
    phone.interrupt();
    phone.finish(seconds(5)).exited(130);
}

/// Name and target make the INVITE too large once it has credentials; everything else fits.
#[test]
fn a_large_invite_of_an_account_by_udp_takes_tcp_and_the_call_stands() {
    let pbx = Pbx::start();
    let settings = pbx.scratch.path().join("patchcord.toml");
    let name = "Anna ".repeat(51);
    let target = format!("sip:600@{};note={}", pbx.server(), "x".repeat(40));
    std::fs::write(&settings, format!("[account]\ndisplay = \"{}\"\n", name.trim())).expect("a file");
    let settings = settings.to_string_lossy().into_owned();
    let ((voice, play), (recorded, record)) = (voice(&pbx), recording(&pbx));
    let arguments =
        ["call", &target, "--play", &play, "--record", &record, "--seconds", "4", "--config", &settings];
    let phone = Telephone::start(&pbx, "101", &arguments);
    let local = phone.local();
    phone.finish(seconds(30)).exited(0).one("answered");
    sound::must_be_heard("the echo", &voice, 0.5, 3.5, &sound::read(&recorded, 0));
    let capture = pbx.capture_of(&local);
    let large = |each: &&crate::wire::Captured| each.outgoing && each.raw.len() > 1300;
    assert!(capture.iter().any(|each| large(&each)));
    assert!(capture.iter().filter(large).all(|each| each.by_tcp()), "each large request goes by TCP");
    assert!(capture.iter().any(|each| each.outgoing && !each.by_tcp()), "what is small goes by UDP");
}
