//! That the stage itself stands: two real softphones hear each other, records are written.

use crate::pbx::{Pbx, script, tempdir::TempDir};
use crate::people::{Answers, Baresip, Sipp, Then};
use crate::{seconds, sound};

#[test]
fn two_softphones_hear_each_other() {
    let pbx = Pbx::start();
    let manager = Baresip::colleague(&pbx, "201", &Answers::AtOnce);
    let customer = Baresip::customer(&pbx, "+79161234567");
    customer.dial(&format!("sip:201@{}", pbx.trunk()));
    customer.wait("CALL_ESTABLISHED", seconds(5));
    std::thread::sleep(seconds(3));
    customer.hang_up();
    customer.wait("CALL_CLOSED", seconds(5));
    manager.wait("CALL_CLOSED", seconds(5));
    for (speaker, listener) in [(&manager, &customer), (&customer, &manager)] {
        sound::must_be_heard("one softphone hears the other", &speaker.voice, 0.5, 2.5, &listener.heard());
    }
    let records = pbx.call_records(1);
    assert_eq!((records[0].from.as_str(), records[0].disposition.as_str()), ("+79161234567", "ANSWERED"));
}

#[test]
fn scripted_customers_talk_give_up_and_are_refused() {
    let pbx = Pbx::start();
    let from = "\"Ivan Petrov\" <sip:+79161234567@pstn>";
    let talks =
        Sipp::calls(&pbx, "600", from, &["P-Asserted-Identity: <sip:+7495@pstn>"], &Then::Talks(seconds(1)));
    let refused = Sipp::calls(&pbx, "603", from, &[], &Then::IsRefused(486));
    let gives_up = Sipp::calls(&pbx, "605", from, &[], &Then::GivesUp(seconds(1)));
    talks.finish(seconds(10));
    refused.finish(seconds(10));
    gives_up.finish(seconds(10));
}

#[test]
fn an_asterisk_of_another_release_is_refused() {
    let home = TempDir::new("home");
    std::fs::create_dir_all(home.path().join("root")).expect("a directory");
    std::fs::write(home.path().join("root/installed"), "1\nsid\nAsterisk 23.0.0\nld.so\n").expect("a file");
    let mut install = script();
    install.arg("install").env("PATCHCORD_PBX_HOME", home.path()).env("PATCHCORD_PBX_SUITE", "sid");
    let refused = install.output().expect("scripts/pbx");
    let said = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("sid gave Asterisk 23.0.0") && said.contains("is Asterisk 22"), "{said}");
}
