//! A sound server of the test's own, with headsets that can be pulled.
//!
//! A headset is three things there: what its earpiece plays (`NAME_ear`), where the test speaks (`NAME_feed`), and
//! its microphone (`NAME_mic`), which hears that. A program that knows no sound server can have it as ALSA's default.

use crate::sound::{self, RATE};
use crate::{now, seconds, until};
use rustix::process::{Pid, Signal, kill_process_group};
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    PulseAudio,
    PipeWire,
}

pub struct SoundServer {
    kind: Kind,
    home: PathBuf,
    names: Vec<String>,
    daemon: Child,
}

impl SoundServer {
    pub fn start(scratch: &Path, names: &[&str]) -> Self {
        Self::start_kind(Kind::PulseAudio, scratch, names)
    }

    pub fn start_kind(kind: Kind, scratch: &Path, names: &[&str]) -> Self {
        let home = scratch.join("sound");
        std::fs::create_dir_all(home.join("pulse")).expect("a directory");
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let daemon = daemon(kind, &home);
        let server = Self { kind, home, names, daemon };
        server.plug_all();
        server
    }

    fn plug_all(&self) {
        until("the sound server", seconds(10), || {
            self.client("pactl", &["info"]).output().is_ok_and(|o| o.status.success())
        });
        for name in &self.names {
            self.plug(&ear(name));
            self.plug(&null_sink(&format!("{name}_feed")));
            self.plug(&microphone(name));
        }
    }

    /// With all of its processes.
    pub fn kill(&mut self) {
        let group = Pid::from_child(&self.daemon);
        kill_process_group(group, Signal::KILL).expect("a daemon");
        self.daemon.wait().expect("a daemon");
    }

    pub fn start_again(&mut self) {
        self.daemon = daemon(self.kind, &self.home);
        self.plug_all();
    }

    pub fn env<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command.env("PULSE_SERVER", format!("unix:{}", socket(&self.home).display()))
    }

    /// This headset is all that the program has, and by ALSA alone: no sound server is told to it.
    pub fn env_alsa<'c>(&self, name: &str, command: &'c mut Command) -> &'c mut Command {
        let server = socket(&self.home);
        let plugged = |device: &str| {
            format!("{{ type pulse server \"unix:{}\" device {name}_{device} }}", server.display())
        };
        let (ear, microphone) = (plugged("ear"), plugged("mic"));
        let default = format!("pcm.!default {{ type asym playback.pcm {ear} capture.pcm {microphone} }}\n");
        std::fs::write(self.home.join(".asoundrc"), default).expect("a file");
        command.env("PULSE_SERVER", "unix:/nowhere").env("HOME", &self.home)
    }

    fn client(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        self.env(command.args(arguments)).env("HOME", &self.home).env("XDG_RUNTIME_DIR", &self.home);
        command
    }

    pub fn control(&self, arguments: &[&str]) -> String {
        let output = self.client("pactl", arguments).output().expect("pactl");
        assert!(output.status.success(), "pactl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// PipeWire's session manager may still be starting, and knows of no default until then.
    pub fn make_default(&self, name: &str) {
        for (what, device) in [("sink", "ear"), ("source", "mic")] {
            let arguments = [&format!("set-default-{what}")[..], &format!("{name}_{device}")];
            until("the default device", seconds(30), || {
                self.client("pactl", &arguments).output().is_ok_and(|output| output.status.success())
            });
        }
    }

    /// When it was pulled.
    pub fn unplug(&self, device: &str) -> Instant {
        let modules = self.control(&["list", "short", "modules"]);
        let is_it = |line: &&str| line.contains(&format!("_name={device} "));
        let module = modules.lines().find(is_it).and_then(|line| line.split('\t').next());
        let at = now();
        self.control(&["unload-module", module.unwrap_or_else(|| panic!("no {device} in {modules}"))]);
        at
    }

    pub fn plug_ear(&self, name: &str) -> Instant {
        self.plug(&ear(name))
    }

    pub fn plug_microphone(&self, name: &str) -> Instant {
        self.plug(&microphone(name))
    }

    fn plug(&self, module: &str) -> Instant {
        let at = now();
        self.control(&[&["load-module"][..], &module.split(' ').collect::<Vec<_>>()].concat());
        at
    }

    /// Says noise for so long into this headset's microphone.
    pub fn speak(&self, name: &str, seconds: usize) -> Voice {
        self.say(name, sound::noise(seconds))
    }

    pub fn say(&self, name: &str, samples: Vec<i16>) -> Voice {
        let path = self.home.join(format!("{name}.wav"));
        sound::write(&path, &samples);
        let feed = format!("{name}_feed");
        let mut player = self.client("paplay", &["--latency-msec=40", "-d", &feed, &path.to_string_lossy()]);
        let player = player.stderr(Stdio::null()).spawn().expect("paplay");
        Voice { samples, player }
    }

    /// What this headset's earpiece plays from now on.
    pub fn listen(&self, name: &str) -> Ear {
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
        if let Ok(None) = self.daemon.try_wait() {
            self.kill();
        }
    }
}

fn socket(home: &Path) -> PathBuf {
    home.join("pulse/native")
}

/// It says what it is, as headsets do: nobody looks for an echo of it.
fn ear(name: &str) -> String {
    format!("{} sink_properties=device.form_factor=headset", null_sink(&format!("{name}_ear")))
}

/// Without rewinding it keeps a real card's short buffer, and not one of two seconds.
fn null_sink(name: &str) -> String {
    format!("module-null-sink sink_name={name} norewinds=1 rate=48000 channels=1")
}

fn microphone(name: &str) -> String {
    format!("module-remap-source source_name={name}_mic master={name}_feed.monitor channels=1")
}

/// Without any headset yet, and apart from servers of the user's own.
fn daemon(kind: Kind, home: &Path) -> Child {
    let mut command = match kind {
        Kind::PulseAudio => {
            let mut command = Command::new("pulseaudio");
            command.args([
                "-n",
                "--daemonize=no",
                "--exit-idle-time=-1",
                "--realtime=no",
                "--high-priority=no",
            ]);
            let socket = socket(home);
            let protocol =
                format!("module-native-protocol-unix socket={} auth-anonymous=1", socket.display());
            command.args(["--use-pid-file=no", "--log-target=null", "-L", &protocol]);
            command
        }
        Kind::PipeWire => {
            let mut command = Command::new("dbus-run-session");
            command.args(["--", "sh", "-c", "pipewire & wireplumber & exec pipewire-pulse"]);
            command
        }
    };
    command.env("HOME", home).env("XDG_RUNTIME_DIR", home).env_remove("PULSE_SERVER");
    command.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    command
        .spawn()
        .expect("Debian: pulseaudio pulseaudio-utils dbus-daemon pipewire pipewire-pulse wireplumber")
}

/// What is said into a microphone, until this is dropped.
pub struct Voice {
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
pub struct Ear {
    heard: Arc<Mutex<Vec<Heard>>>,
    recorder: Child,
    thread: Option<JoinHandle<()>>,
}

/// The echo of a muted call is below, that of the noise far above.
const SOUND: f64 = 500.0;

impl Ear {
    pub fn heard(&self) -> Vec<i16> {
        self.heard.lock().expect("a lock").iter().flat_map(|(_, samples)| samples.clone()).collect()
    }

    /// Waits for sound after this moment; how long after.
    pub fn until_sound(&self, after: Instant, within: Duration) -> Duration {
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
    pub fn longest_silence(&self, since: Instant) -> Duration {
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
