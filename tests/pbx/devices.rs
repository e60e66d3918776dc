//! The operator's devices. A call goes to the PBX's echo: what is said into the microphone comes back at the earpiece.

use crate::now;
use crate::pbx::Pbx;
use crate::people::Baresip;
use crate::seconds;
use crate::sound;
use crate::sound_server::{Kind, SoundServer};
use crate::telephone::{Telephone, program, telephone};
use std::process::Command;
use std::time::Duration;

/// Audio is on the next device after a second; a busy machine gets two.
const NEXT_DEVICE: Duration = Duration::from_secs(2);

#[test]
fn the_operator_is_heard_by_the_microphone_and_hears_by_the_earpiece() {
    let pbx = Pbx::start();
    let server = SoundServer::start(pbx.scratch.path(), &["a"]);
    server.make_default("a");
    let phone = calls_echo(&pbx, &server, "devices", &[]);
    let (voice, ear) = (server.speak("a", 12), server.listen("a"));
    std::thread::sleep(seconds(10));
    phone.interrupt();
    phone.finish(seconds(5)).exited(130);
    // Gaps are the computer's: here nothing runs in real time, the sound server and both ends of the test included.
    let alike = sound::best(&voice, &ear.heard());
    assert!(alike >= sound::ALIKE, "the operator's voice, by the echo: {alike:.3}");
}

#[test]
fn a_call_goes_on_with_the_next_device_and_back_when_the_headset_returns() {
    goes_on_with_the_next_device_and_back(Kind::PulseAudio);
}

#[test]
fn on_pipewire_a_call_goes_on_with_the_next_device_and_back_when_the_headset_returns() {
    goes_on_with_the_next_device_and_back(Kind::PipeWire);
}

fn goes_on_with_the_next_device_and_back(kind: Kind) {
    let pbx = Pbx::start();
    let server = SoundServer::start_kind(kind, pbx.scratch.path(), &["a", "b"]);
    server.make_default("b");
    let phone = calls_echo(&pbx, &server, "devices", &["a_mic", "a_ear"]);
    let _voices = (server.speak("a", 40), server.speak("b", 40));
    let (ear_a, ear_b) = (server.listen("a"), server.listen("b"));
    ear_a.until_sound(now(), seconds(5));

    let pulled = server.unplug("a_ear");
    report("earpiece pulled", ear_b.until_sound(pulled, seconds(5)));
    uses(&phone, "earpiece", "b_ear");

    let plugged = server.plug_ear("a");
    let ear_a = server.listen("a");
    report("earpiece plugged in again", ear_a.until_sound(plugged, seconds(5)));

    let pulled = server.unplug("a_mic");
    std::thread::sleep(seconds(3));
    report("microphone pulled", ear_a.longest_silence(pulled));
    uses(&phone, "microphone", "b_mic");
    let plugged = server.plug_microphone("a");
    std::thread::sleep(seconds(3));
    report("microphone plugged in again", ear_a.longest_silence(plugged));

    phone.interrupt();
    let ended = phone.finish(seconds(5));
    let since_pulled = ended.exited(130).said.iter().skip_while(|said| said.event["id"] != "b_ear");
    assert!(!since_pulled.clone().any(|said| said.is("no_audio")), "{}", ended.story());
    let last = since_pulled.filter(|said| said.event["role"] == "microphone").last().expect("a microphone");
    assert_eq!(last.event["id"], "a_mic", "{}", ended.story());
}

#[test]
fn the_system_default_is_followed() {
    follows_the_default(Kind::PulseAudio);
}

#[test]
fn on_pipewire_the_system_default_is_followed() {
    follows_the_default(Kind::PipeWire);
}

fn follows_the_default(kind: Kind) {
    let pbx = Pbx::start();
    let server = SoundServer::start_kind(kind, pbx.scratch.path(), &["a", "b"]);
    server.make_default("a");
    let phone = calls_echo(&pbx, &server, "devices", &[]);
    let _voices = (server.speak("a", 30), server.speak("b", 30));
    let (ear_a, ear_b) = (server.listen("a"), server.listen("b"));
    ear_a.until_sound(now(), seconds(5));
    let changed = now();
    server.make_default("b");
    report("default changed", ear_b.until_sound(changed, seconds(5)));
    uses(&phone, "microphone", "b_mic");
    uses(&phone, "earpiece", "b_ear");
    phone.interrupt();
    phone.finish(seconds(5)).exited(130);
}

#[test]
fn a_call_outlives_its_sound_server() {
    outlives_its_sound_server(Kind::PulseAudio);
}

#[test]
fn on_pipewire_a_call_outlives_its_sound_server() {
    outlives_its_sound_server(Kind::PipeWire);
}

fn outlives_its_sound_server(kind: Kind) {
    let pbx = Pbx::start();
    let mut server = SoundServer::start_kind(kind, pbx.scratch.path(), &["a"]);
    server.make_default("a");
    let phone = calls_echo(&pbx, &server, "devices", &[]);
    let voice = server.speak("a", 30);
    server.listen("a").until_sound(now(), seconds(5));
    server.kill();
    let missing = phone.wait_where("no_audio", seconds(4), |event| event["cause"] == "no_microphone");
    phone.wait_where("no_audio", seconds(4), |event| event["cause"] == "no_earpiece");
    phone.wait_where("device_in_use", seconds(1), |event| event["id"].is_null());
    server.start_again();
    let back = now();
    server.make_default("a");
    drop(voice);
    let (_voice, ear) = (server.speak("a", 30), server.listen("a"));
    report("sound server back", ear.until_sound(back, seconds(5)));
    for direction in ["in", "out"] {
        let said = phone.wait_where("audio_back", seconds(3), |event| event["direction"] == direction);
        assert!(said.at > missing.at);
    }
    phone.interrupt();
    phone.finish(seconds(5)).exited(130);
}

#[test]
fn a_missing_or_silent_microphone_is_told_within_three_seconds() {
    let pbx = Pbx::start();
    let server = SoundServer::start(pbx.scratch.path(), &["a"]);
    server.make_default("a");
    let phone = calls_echo(&pbx, &server, "a_", &[]);
    let answered = phone.wait("answered", seconds(5)).at;
    let silent = phone.wait_where("no_audio", seconds(5), |event| event["cause"] == "silent_microphone");
    assert!((2.0..3.5).contains(&(silent.at - answered)), "told after {} s", silent.at - answered);
    let _voice = server.speak("a", 20);
    phone.wait_where("audio_back", seconds(2), |event| event["direction"] == "out");
    let pulled = server.unplug("a_mic");
    phone.wait_where("no_audio", seconds(5), |event| event["cause"] == "no_microphone");
    assert!(pulled.elapsed() < Duration::from_millis(3_500), "told after {:?}", pulled.elapsed());
    phone.interrupt();
    phone.finish(seconds(5)).exited(130);
}

#[test]
fn a_device_that_is_muted_in_the_system_or_held_by_another_program_is_named_within_three_seconds() {
    let pbx = Pbx::start();
    let server = SoundServer::start(pbx.scratch.path(), &["a"]);
    server.make_default("a");
    let phone = calls_echo(&pbx, &server, "a_", &[]);
    let (_voice, ear) = (server.speak("a", 60), server.listen("a"));
    ear.until_sound(now(), seconds(5));
    for (arguments, device, cause, direction) in [
        (["set-source-mute", "a_mic"], "a_mic", "microphone_muted", "out"),
        (["set-sink-mute", "a_ear"], "a_ear", "earpiece_muted", "in"),
        (["suspend-source", "a_mic"], "a_mic", "microphone_busy", "out"),
    ] {
        let at = now();
        server.control(&[arguments[0], arguments[1], "1"]);
        let told = phone.wait_where("no_audio", seconds(5), |event| event["cause"] == cause);
        let took = at.elapsed();
        println!("{device}: {cause} is told after {} ms", took.as_millis());
        assert!(took < Duration::from_millis(3_500), "{cause} is told after {took:?}");
        server.control(&[arguments[0], arguments[1], "0"]);
        let since = told.event["ms"].as_u64();
        phone.wait_where("audio_back", seconds(5), |event| {
            event["direction"] == direction && event["ms"].as_u64() > since
        });
    }
    phone.interrupt();
    phone.finish(seconds(5)).exited(130);
}

#[test]
fn without_a_sound_server_the_operator_is_heard_and_hears_by_alsa() {
    let pbx = Pbx::start();
    let card = SoundServer::start(pbx.scratch.path(), &["a"]);
    let phone = calls(&pbx, "devices", &[], |command| {
        card.env_alsa("a", command);
    });
    uses(&phone, "microphone", "default");
    let (voice, ear) = (card.speak("a", 12), card.listen("a"));
    std::thread::sleep(seconds(10));
    phone.interrupt();
    let ended = phone.finish(seconds(5));
    let alike = sound::best(&voice, &ear.heard());
    println!("by ALSA: {alike:.3} alike");
    assert!(alike >= sound::ALIKE, "the operator's voice, by the echo: {alike:.3}");
    assert_eq!(ended.exited(130).stderr, "", "the library is quiet");
}

#[test]
fn without_a_sound_server_it_rings_by_alsa() {
    let pbx = Pbx::start();
    let card = SoundServer::start(pbx.scratch.path(), &["a"]);
    let arguments = ["answer", "--audio", "devices", "--after", "3", "--seconds", "1"];
    let mut command = telephone(&pbx, "101", &arguments);
    card.env_alsa("a", &mut command);
    let phone = Telephone::spawn(command, Some(&pbx));
    phone.wait("registered", seconds(5));
    let ear = card.listen("a");
    let client = Baresip::customer(&pbx, "+79161234567");
    client.dial(&format!("sip:101@{}", pbx.trunk()));
    phone.wait("ringing_in", seconds(5));
    let rang = ear.until_sound(now(), seconds(2));
    assert!(rang < seconds(1), "after {rang:?}");
    uses(&phone, "ringer", "default");
    phone.finish(seconds(10)).exited(0);
}

#[test]
fn a_call_outlives_its_sound_card() {
    let pbx = Pbx::start();
    let mut card = SoundServer::start(pbx.scratch.path(), &["a"]);
    let phone = calls(&pbx, "devices", &[], |command| {
        card.env_alsa("a", command);
    });
    let voice = card.speak("a", 30);
    card.listen("a").until_sound(now(), seconds(5));
    card.kill();
    phone.wait_where("no_audio", seconds(4), |event| event["cause"] == "no_microphone");
    phone.wait_where("no_audio", seconds(4), |event| event["cause"] == "no_earpiece");
    let missing = phone.wait_where("device_in_use", seconds(1), |event| event["id"].is_null());
    drop(voice);
    card.start_again();
    let back = now();
    let (_voice, ear) = (card.speak("a", 30), card.listen("a"));
    report("sound card back", ear.until_sound(back, seconds(5)));
    for direction in ["in", "out"] {
        let said = phone.wait_where("audio_back", seconds(3), |event| event["direction"] == direction);
        assert!(said.at > missing.at);
    }
    phone.interrupt();
    assert_eq!(phone.finish(seconds(5)).exited(130).stderr, "", "the library is quiet");
}

#[test]
fn a_sound_server_that_comes_is_taken_and_the_sound_card_when_it_goes() {
    let pbx = Pbx::start();
    let card = SoundServer::start(pbx.scratch.path(), &["a"]);
    let mut server = SoundServer::start(&pbx.scratch.path().join("server"), &["b"]);
    server.make_default("b");
    server.kill();
    let phone = calls(&pbx, "devices", &[], |command| {
        server.env(card.env_alsa("a", command));
    });
    let _voice = card.speak("a", 40);
    let ear_a = card.listen("a");
    ear_a.until_sound(now(), seconds(5));

    server.start_again();
    let come = now();
    let _voice = server.speak("b", 40);
    report("sound server come", server.listen("b").until_sound(come, seconds(5)));
    uses(&phone, "microphone", "b_mic");
    uses(&phone, "earpiece", "b_ear");

    let gone = now();
    server.kill();
    report("sound server gone", ear_a.until_sound(gone, seconds(5)));
    phone.interrupt();
    let ended = phone.finish(seconds(5));
    let of_earpiece =
        ended.said.iter().filter(|said| said.is("device_in_use") && said.event["role"] == "earpiece");
    let used: Vec<_> = of_earpiece.filter_map(|said| said.event["id"].as_str()).collect();
    assert_eq!(used, ["default", "b_ear", "default"], "{}", ended.exited(130).story());
}

#[test]
fn it_rings_at_the_ringer_until_the_operator_answers_at_the_headset() {
    let pbx = Pbx::start();
    let server = SoundServer::start(pbx.scratch.path(), &["headset", "desk"]);
    server.make_default("headset");
    let settings = pbx.scratch.path().join("patchcord.toml");
    std::fs::write(&settings, "[audio]\nringer = \"desk_ear\"\n").expect("a file");
    let settings = settings.to_string_lossy();
    let arguments = ["answer", "--audio", "devices", "--config", &settings, "--after", "3", "--seconds", "3"];
    let mut command = telephone(&pbx, "101", &arguments);
    server.env(&mut command);
    let phone = Telephone::spawn(command, Some(&pbx));
    phone.wait("registered", seconds(5));
    let (desk, headset) = (server.listen("desk"), server.listen("headset"));
    let client = Baresip::customer(&pbx, "+79161234567");
    client.dial(&format!("sip:101@{}", pbx.trunk()));
    phone.wait("ringing_in", seconds(5));
    let rang = desk.until_sound(now(), seconds(2));
    assert!(rang < seconds(1), "after {rang:?}");
    phone.wait("answered", seconds(5));
    let answered = now();
    // What the server still had, and nothing of the next bell.
    std::thread::sleep(Duration::from_millis(2_500));
    let later = answered + Duration::from_millis(500);
    assert!(desk.longest_silence(later) >= Duration::from_millis(1_400), "it rings on");
    let ended = phone.finish(seconds(10));
    let used = |role: &str| -> Vec<String> {
        let of_role = ended.said.iter().filter(|said| said.is("device_in_use") && said.event["role"] == role);
        of_role.filter_map(|said| said.event["id"].as_str().map(str::to_owned)).collect()
    };
    assert_eq!(used("ringer"), ["desk_ear"], "{}", ended.exited(0).story());
    assert_eq!(used("earpiece"), ["headset_ear"], "{}", ended.story());
    assert!(headset.until_sound(answered, seconds(2)) < seconds(2), "{}", ended.story());
}

#[test]
fn devices_are_listed_without_monitors() {
    let pbx = Pbx::start();
    let server = SoundServer::start(pbx.scratch.path(), &["a"]);
    server.make_default("a");
    let list = |arguments: &[&str]| {
        let output = server.env(&mut program(arguments)).output().expect("the program");
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let events = crate::schema::events(&list(&["devices", "--json"]));
    let told: Vec<_> = events.iter().map(|event| (event["role"].as_str(), event["id"].as_str())).collect();
    assert_eq!(told[0], (Some("microphone"), Some("a_mic")), "{told:?}");
    assert!(told.contains(&(Some("earpiece"), Some("a_ear"))), "{told:?}");
    assert_eq!(told.iter().filter(|(role, _)| *role == Some("microphone")).count(), 1, "{told:?}");
    assert!(list(&["devices"]).contains("microphone  a_mic  "));
}

#[test]
fn where_no_sound_server_runs_alsa_is_asked_for_devices() {
    let pbx = Pbx::start();
    let card = SoundServer::start(pbx.scratch.path(), &["a"]);
    let output = card.env_alsa("a", &mut program(&["devices", "--json"])).output().expect("the program");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let events = crate::schema::events(&String::from_utf8(output.stdout).expect("UTF-8"));
    let told: Vec<_> = events.iter().map(|event| (event["role"].as_str(), event["id"].as_str())).collect();
    assert_eq!(told, [(Some("microphone"), Some("default")), (Some("earpiece"), Some("default"))]);

    let nowhere = |command: &mut Command| {
        command.env("PULSE_SERVER", "unix:/nowhere").env("HOME", pbx.scratch.path());
        let output = command.output().expect("the program");
        assert_eq!(output.status.code(), Some(4));
        String::from_utf8(output.stderr).expect("UTF-8")
    };
    let said = nowhere(&mut program(&["devices"]));
    assert!(said.contains("No sound server runs, and there is no sound card."), "{said}");
    assert_eq!(said.lines().count(), 1, "the library is quiet: {said}");

    // Found first, and no library.
    std::fs::write(pbx.scratch.path().join("libasound.so.2"), "").expect("a file");
    let said = nowhere(program(&["devices"]).env("LD_LIBRARY_PATH", pbx.scratch.path()));
    assert!(said.contains("libasound.so.2 is not installed"), "{said}");
}

/// A call to the echo, answered. `named`: microphone and earpiece in the settings.
fn calls_echo<'a>(pbx: &'a Pbx, server: &SoundServer, audio: &str, named: &[&str]) -> Telephone<'a> {
    calls(pbx, audio, named, |command| {
        server.env(command);
    })
}

fn calls<'a>(pbx: &'a Pbx, audio: &str, named: &[&str], sound: impl Fn(&mut Command)) -> Telephone<'a> {
    let settings = pbx.scratch.path().join("patchcord.toml");
    let text = match named {
        [microphone, earpiece] => {
            format!("[audio]\nmicrophone = \"{microphone}\"\nearpiece = \"{earpiece}\"\n")
        }
        _ => String::new(),
    };
    std::fs::write(&settings, text).expect("a file");
    let settings = settings.to_string_lossy();
    // A device that does not say what it is has its echo and its noise taken out, and the tests speak noise.
    let as_it_is = ["--cancel-echo", "off", "--suppress-noise", "off"];
    let call = ["call", "600", "--audio", audio, "--config", &settings];
    let mut command = telephone(pbx, "101", &[&call[..], &as_it_is].concat());
    sound(&mut command);
    let phone = Telephone::spawn(command, Some(pbx));
    phone.wait("answered", seconds(5));
    phone
}

fn uses(phone: &Telephone<'_>, role: &str, id: &str) {
    phone.wait_where("device_in_use", seconds(2), |event| event["role"] == role && event["id"] == id);
}

/// Shown by `--no-capture`, for those who want the figure.
fn report(what: &str, gap: Duration) {
    println!("{what}: {} ms without sound", gap.as_millis());
    assert!(gap <= NEXT_DEVICE, "{what}: {gap:?} without sound");
}
