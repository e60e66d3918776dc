//! Register, refresh, unregister; credentials of every kind; IPv6.

use crate::pbx::Pbx;
use crate::people::{Baresip, free_udp_port};
use crate::telephone::{Telephone, telephone};
use crate::{seconds, sound, until};
use std::net::UdpSocket;

#[test]
fn registers_and_is_gone_after_unregistering() {
    let pbx = Pbx::start();
    let phone = Telephone::start(&pbx, "101", &["register", "--seconds", "4"]);
    let registered = phone.wait("registered", seconds(5));
    assert!(registered.event["expires_s"].as_u64() > Some(9), "{registered:?}");
    assert!(pbx.has_contact("101"));
    let ended = phone.finish(seconds(10));
    ended.exited(0).one("unregistered");
    assert!(!pbx.has_contact("101"));
}

#[test]
fn the_strongest_offered_digest_is_answered() {
    let pbx = Pbx::start();
    let phone = Telephone::start(&pbx, "105", &["register"]);
    let local = phone.local();
    phone.finish(seconds(10)).exited(0).one("registered");
    let capture = pbx.capture_of(&local);
    let used = capture.iter().filter_map(|each| each.sip.as_ref().ok()?.first("authorization"));
    let used: Vec<_> = used.collect();
    assert!(!used.is_empty() && used.iter().all(|value| value.contains("SHA-256")), "{used:?}");
}

#[test]
fn another_name_authenticates_with_a_password_in_cyrillic() {
    let pbx = Pbx::start();
    let mut command = telephone(&pbx, "106", &["register", "--auth-user", "desk-106"]);
    command.env("PATCHCORD_PASSWORD", "пароль-106");
    let phone = Telephone::spawn(command, Some(&pbx));
    phone.finish(seconds(10)).exited(0).one("registered");
}

#[test]
fn the_registration_is_refreshed_before_it_runs_out() {
    let pbx = Pbx::start();
    let settings = pbx.scratch.path().join("patchcord.toml");
    std::fs::write(&settings, "[account]\nexpires = 10\n").expect("a file");
    let settings = settings.to_string_lossy().into_owned();
    let phone = Telephone::start(&pbx, "101", &["register", "--seconds", "13", "--config", &settings]);
    let local = phone.local();
    phone.wait("registered", seconds(5));
    std::thread::sleep(seconds(11));
    assert!(pbx.has_contact("101"), "the first binding has run out by now");
    phone.finish(seconds(10)).exited(0);
    let capture = pbx.capture_of(&local);
    let granted = capture.iter().filter(|each| {
        let sip = each.sip.as_ref().ok();
        !each.outgoing
            && sip
                .is_some_and(|sip| sip.status() == Some(200) && sip.cseq().is_some_and(|c| c.1 == "REGISTER"))
    });
    assert!(granted.count() >= 3, "first, refresh, unregister");
}

#[test]
fn a_wrong_password_is_said_at_once_and_not_tried_again_and_again() {
    let pbx = Pbx::start();
    let mut command = telephone(&pbx, "101", &["register"]);
    command.env("PATCHCORD_PASSWORD", "wrong");
    let phone = Telephone::spawn(command, Some(&pbx));
    let local = phone.local();
    let ended = phone.finish(seconds(10));
    let failed = ended.exited(3).one("registration_failed");
    assert_eq!(failed["cause"], "credentials", "{failed}");
    let sent = pbx.capture_of(&local).iter().filter(|each| each.outgoing).count();
    assert!(sent <= 3, "{sent} requests");
}

#[test]
fn registers_and_talks_over_ipv6() {
    let pbx = Pbx::start();
    assert_eq!(pbx.value("PBX_SIP6"), "yes", "this machine has no ::1");
    let recording = pbx.scratch.path().join("echo.wav");
    let voice = sound::noise(10);
    let play = pbx.scratch.path().join("voice.wav");
    sound::write(&play, &voice);
    let (play, record) = (play.to_string_lossy().into_owned(), recording.to_string_lossy().into_owned());
    let server = format!("[::1]:{}", pbx.value("PBX_SIP_PORT"));
    let arguments =
        ["call", "600", "--play", &play, "--record", &record, "--seconds", "4", "--server", &server];
    let phone = Telephone::start(&pbx, "107", &arguments);
    phone.finish(seconds(20)).exited(0).one("answered");
    sound::must_be_heard("the echo", &voice, 0.5, 3.5, &sound::read(&recording, 0));
}

#[test]
fn options_measures_the_round_trip() {
    let pbx = Pbx::start();
    let phone = Telephone::start(&pbx, "101", &["options", "600"]);
    let ended = phone.finish(seconds(10));
    let options = ended.exited(0).one("options");
    assert_eq!(options["status"], 200, "{options}");
    assert!(options["rtt_ms"].as_f64().is_some_and(|ms| ms < 1000.0), "{options}");
}

#[test]
fn a_scanner_gets_no_answer_and_nothing_rings() {
    let pbx = Pbx::start();
    let phone = Telephone::start(&pbx, "101", &["answer", "--timeout", "4"]);
    phone.wait("registered", seconds(5));
    let target = phone.local();
    let scanner = UdpSocket::bind("127.0.0.1:0").expect("a port");
    scanner.set_read_timeout(Some(seconds(1))).expect("a time-out");
    let own = scanner.local_addr().expect("an address");
    for (method, user) in [("INVITE", "100"), ("INVITE", "101"), ("OPTIONS", "100"), ("REGISTER", "101")] {
        let branch = free_udp_port();
        let request = format!(
            "{method} sip:{user}@{target} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bK{branch}scan;rport\r\n\
             From: \"sipvicious\" <sip:100@1.1.1.1>;tag=1\r\nTo: <sip:{user}@{target}>\r\nCall-ID: {branch}scan\r\n\
             CSeq: 1 {method}\r\nContact: <sip:100@{own}>\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        );
        scanner.send_to(request.as_bytes(), &target).expect("a datagram");
    }
    let mut answer = [0; 2048];
    let got = scanner.recv(&mut answer);
    assert!(
        got.is_err(),
        "a stranger was answered: {}",
        String::from_utf8_lossy(&answer[..got.unwrap_or(0)])
    );
    let ended = phone.finish(seconds(20));
    assert!(!ended.exited(4).has("ringing_in"), "{}", ended.story());
}

#[test]
fn interrupted_it_unregisters() {
    let pbx = Pbx::start();
    let phone = Telephone::start(&pbx, "101", &["answer"]);
    phone.wait("registered", seconds(5));
    phone.interrupt();
    phone.finish(seconds(5)).exited(130).one("unregistered");
    until("no contact of 101", seconds(2), || !pbx.has_contact("101"));
}

#[test]
fn interrupted_in_a_call_it_hangs_up_first() {
    let pbx = Pbx::start();
    let customer = Baresip::customer(&pbx, "+79161234567");
    let phone = Telephone::start(&pbx, "101", &["answer"]);
    phone.wait("registered", seconds(5));
    customer.dial(&format!("sip:101@{}", pbx.trunk()));
    phone.wait("answered", seconds(5));
    std::thread::sleep(seconds(1));
    phone.interrupt();
    let ended = phone.finish(seconds(5));
    assert_eq!(ended.exited(130).one("ended")["by"], "us");
    customer.wait("CALL_CLOSED", seconds(2));
}
