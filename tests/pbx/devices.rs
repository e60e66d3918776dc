//! The operator's devices: a sound server of the test's own, with headsets that can be pulled.
//!
//! A headset is three things there: what its earpiece plays (`NAME_ear`), where the test speaks (`NAME_feed`), and
//! its microphone (`NAME_mic`), which hears that. A call goes to the PBX's echo: what is said into the microphone
//! comes back at the earpiece.

use crate::now;
use crate::pbx::Pbx;
use crate::people::Baresip;
use crate::sound::{self, RATE};
use crate::telephone::{Telephone, program, telephone};
use crate::{seconds, until};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Audio is on the next device after a second; a busy machine gets two.
const NEXT_DEVICE: Duration = Duration::from_secs(2);

#[test]
fn the_operator_is_heard_by_the_microphone_and_hears_by_the_earpiece() {
    let pbx = Pbx::start();
    let server = SoundServer::start(&pbx, &["a"]);
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
    let pbx = Pbx::start();
    let server = SoundServer::start(&pbx, &["a", "b"]);
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
    let pbx = Pbx::start();
    let server = SoundServer::start(&pbx, &["a", "b"]);
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
    let pbx = Pbx::start();
    let mut server = SoundServer::start(&pbx, &["a"]);
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
    let server = SoundServer::start(&pbx, &["a"]);
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
fn it_rings_at_the_ringer_until_the_operator_answers_at_the_headset() {
    let pbx = Pbx::start();
    let server = SoundServer::start(&pbx, &["headset", "desk"]);
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
    let server = SoundServer::start(&pbx, &["a"]);
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
    let mut nowhere = program(&["devices"]);
    nowhere.env("PULSE_SERVER", "unix:/nowhere").env_remove("XDG_RUNTIME_DIR");
    let output = nowhere.output().expect("the program");
    assert_eq!(output.status.code(), Some(4));
    assert!(String::from_utf8_lossy(&output.stderr).contains("No sound server runs"));
}

/// A call to the echo, answered. `named`: microphone and earpiece in the settings.
fn calls_echo<'a>(pbx: &'a Pbx, server: &SoundServer, audio: &str, named: &[&str]) -> Telephone<'a> {
    let settings = pbx.scratch.path().join("patchcord.toml");
    let text = match named {
        [microphone, earpiece] => {
            format!("[audio]\nmicrophone = \"{microphone}\"\nearpiece = \"{earpiece}\"\n")
        }
        _ => String::new(),
    };
    std::fs::write(&settings, text).expect("a file");
    let settings = settings.to_string_lossy();
    let mut command = telephone(pbx, "101", &["call", "600", "--audio", audio, "--config", &settings]);
    server.env(&mut command);
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

struct SoundServer {
    home: PathBuf,
    names: Vec<String>,
    daemon: Child,
}

impl SoundServer {
    fn start(pbx: &Pbx, names: &[&str]) -> Self {
        let home = pbx.scratch.path().join("sound");
        std::fs::create_dir_all(&home).expect("a directory");
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let daemon = daemon(&home, &names);
        let server = Self { home, names, daemon };
        server.until_ready();
        server
    }

    fn until_ready(&self) {
        until("the sound server", seconds(10), || {
            self.client("pactl", &["info"]).output().is_ok_and(|o| o.status.success())
        });
    }

    fn kill(&mut self) {
        self.daemon.kill().expect("a daemon");
        self.daemon.wait().expect("a daemon");
    }

    fn start_again(&mut self) {
        self.daemon = daemon(&self.home, &self.names);
        self.until_ready();
    }

    fn env<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command.env("PULSE_SERVER", format!("unix:{}", self.home.join("socket").display()))
    }

    fn client(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        self.env(command.args(arguments)).env("HOME", &self.home).env("XDG_RUNTIME_DIR", &self.home);
        command
    }

    fn control(&self, arguments: &[&str]) -> String {
        let output = self.client("pactl", arguments).output().expect("pactl");
        assert!(output.status.success(), "pactl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn make_default(&self, name: &str) {
        self.control(&["set-default-sink", &format!("{name}_ear")]);
        self.control(&["set-default-source", &format!("{name}_mic")]);
    }

    /// When it was pulled.
    fn unplug(&self, device: &str) -> Instant {
        let modules = self.control(&["list", "short", "modules"]);
        let is_it = |line: &&str| line.contains(&format!("_name={device} "));
        let module = modules.lines().find(is_it).and_then(|line| line.split('\t').next());
        let at = now();
        self.control(&["unload-module", module.unwrap_or_else(|| panic!("no {device} in {modules}"))]);
        at
    }

    fn plug_ear(&self, name: &str) -> Instant {
        self.plug(&ear(name))
    }

    fn plug_microphone(&self, name: &str) -> Instant {
        self.plug(&microphone(name))
    }

    fn plug(&self, module: &str) -> Instant {
        let at = now();
        self.control(&[&["load-module"][..], &module.split(' ').collect::<Vec<_>>()].concat());
        at
    }

    /// Says noise for so long into this headset's microphone.
    fn speak(&self, name: &str, seconds: usize) -> Voice {
        let (path, samples) = (self.home.join(format!("{name}.wav")), sound::noise(seconds));
        sound::write(&path, &samples);
        let feed = format!("{name}_feed");
        let mut player = self.client("paplay", &["--latency-msec=40", "-d", &feed, &path.to_string_lossy()]);
        let player = player.stderr(Stdio::null()).spawn().expect("paplay");
        Voice { samples, player }
    }

    /// What this headset's earpiece plays from now on.
    fn listen(&self, name: &str) -> Ear {
        let monitor = format!("{name}_ear.monitor");
        let format = ["--raw", "--format=s16le", "--channels=1", "--rate=8000", "--latency-msec=20"];
        let mut recorder = self.client("parec", &[&["-d", &monitor][..], &format].concat());
        let mut recorder = recorder.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("parec");
        let mut out = recorder.stdout.take().expect("a pipe");
        let heard = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&heard);
        let thread = std::thread::spawn(move || {
            // 20 ms at a time.
            let mut bytes = [0; 2 * RATE / 50];
            while out.read_exact(&mut bytes).is_ok() {
                let samples: Vec<i16> =
                    bytes.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect();
                into.lock().expect("a lock").push((now(), samples));
            }
        });
        Ear { heard, recorder, thread: Some(thread) }
    }
}

impl Drop for SoundServer {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

fn ear(name: &str) -> String {
    null_sink(&format!("{name}_ear"))
}

/// Without rewinding it keeps a real card's short buffer, and not one of two seconds.
fn null_sink(name: &str) -> String {
    format!("module-null-sink sink_name={name} norewinds=1 rate=48000 channels=1")
}

fn microphone(name: &str) -> String {
    format!("module-remap-source source_name={name}_mic master={name}_feed.monitor channels=1")
}

fn daemon(home: &Path, names: &[String]) -> Child {
    let socket = home.join("socket");
    let mut command = Command::new("pulseaudio");
    command.args(["-n", "--daemonize=no", "--exit-idle-time=-1", "--realtime=no", "--high-priority=no"]);
    command.args(["--use-pid-file=no", "--log-target=null"]);
    let protocol = format!("module-native-protocol-unix socket={} auth-anonymous=1", socket.display());
    let mut modules = vec![protocol];
    for name in names {
        modules.push(ear(name));
        modules.push(null_sink(&format!("{name}_feed")));
        modules.push(microphone(name));
    }
    for module in &modules {
        command.args(["-L", module]);
    }
    command.env("HOME", home).env("XDG_RUNTIME_DIR", home).env_remove("PULSE_SERVER");
    command.stderr(Stdio::null()).spawn().expect("pulseaudio (Debian: pulseaudio pulseaudio-utils)")
}

struct Voice {
    samples: Vec<i16>,
    player: Child,
}

impl std::ops::Deref for Voice {
    type Target = [i16];

    fn deref(&self) -> &[i16] {
        &self.samples
    }
}

impl Drop for Voice {
    fn drop(&mut self) {
        let _ = self.player.kill();
        let _ = self.player.wait();
    }
}

/// 20 ms, and when they came.
type Heard = (Instant, Vec<i16>);

/// A recording that grows.
struct Ear {
    heard: Arc<Mutex<Vec<Heard>>>,
    recorder: Child,
    thread: Option<JoinHandle<()>>,
}

/// The echo of a muted call is below, that of the noise far above.
const SOUND: f64 = 500.0;

impl Ear {
    fn heard(&self) -> Vec<i16> {
        self.heard.lock().expect("a lock").iter().flat_map(|(_, samples)| samples.clone()).collect()
    }

    /// Waits for sound after this moment; how long after.
    fn until_sound(&self, after: Instant, within: Duration) -> Duration {
        let mut first = None;
        until("sound at the earpiece", within, || {
            let heard = self.heard.lock().expect("a lock");
            let is_sound = |(at, samples): &&Heard| *at > after && sound::loudness(samples) > SOUND;
            first = heard.iter().find(is_sound).map(|(at, _)| *at - after);
            first.is_some()
        });
        first.unwrap_or_default()
    }

    /// The longest time without sound since this moment.
    fn longest_silence(&self, since: Instant) -> Duration {
        let (mut last, mut longest) = (since, Duration::ZERO);
        for (at, samples) in self.heard.lock().expect("a lock").iter().filter(|(at, _)| *at > since) {
            if sound::loudness(samples) > SOUND {
                longest = longest.max(*at - last);
                last = *at;
            }
        }
        longest.max(now() - last)
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        let _ = self.recorder.kill();
        let _ = self.recorder.wait();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
