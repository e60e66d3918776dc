"""Who is measured, each with a home of its own: Patchcord's terminal telephone and baresip; and the headsets they wear."""
import os
import pathlib
import signal
import socket
import subprocess
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target") / "release/patchcord"
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(process):
    fields = pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_mb(process):
    """All of its own, and its share of what it shares with others."""
    lines = pathlib.Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


class Headsets:
    """A sound server of the bench's own. A headset is an earpiece (`NAME_ear`) and a microphone (`NAME_mic`) that hears what is
    played into `NAME_feed`."""

    def __init__(self, folder, kind="PulseAudio"):
        self.home = folder / "sound"
        (self.home / "pulse").mkdir(parents=True)
        self.server = f"unix:{self.home}/pulse/native"
        self.env = {**os.environ, "HOME": str(self.home), "XDG_RUNTIME_DIR": str(self.home), "PULSE_SERVER": self.server}
        self.daemon = subprocess.Popen(
            ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--realtime=no", "--high-priority=no", "--use-pid-file=no",
             "--log-target=null", "-L", f"module-native-protocol-unix socket={self.home}/pulse/native auth-anonymous=1"]
            if kind == "PulseAudio" else ["dbus-run-session", "--", "sh", "-c", "pipewire & wireplumber & exec pipewire-pulse"],
            env={**self.env, "PULSE_SERVER": ""}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        deadline = time.monotonic() + 20
        while subprocess.run(["pactl", "info"], env=self.env, capture_output=True).returncode:
            if time.monotonic() > deadline:
                raise SystemExit("voice: the sound server does not start")
            time.sleep(0.1)

    def pactl(self, *arguments):
        subprocess.run(["pactl", *arguments], env=self.env, check=True, stdout=subprocess.DEVNULL)

    def plug(self, name, rate=48000):
        # Without rewinding a null sink keeps a real card's short buffer, and not one of two seconds.
        for part in ("ear", "feed"):
            self.pactl("load-module", "module-null-sink", f"sink_name={name}_{part}", "norewinds=1", f"rate={rate}", "channels=1")
        self.pactl("load-module", "module-remap-source", f"source_name={name}_mic", f"master={name}_feed.monitor", "channels=1")

    def speak(self, name, path):
        return subprocess.Popen(["paplay", "--latency-msec=40", "-d", f"{name}_feed", path], env=self.env)

    def listen(self, device, rate):
        return Listener(self.env, device, rate)

    def stop(self):
        # With all that it has started.
        os.killpg(self.daemon.pid, signal.SIGTERM)
        self.daemon.wait()


class Listener:
    """Hears what a sink plays. `begin`: when its first sample was played, later by the few milliseconds that the server takes."""

    def __init__(self, env, device, rate):
        self.rate, self.chunks = rate, []
        self.process = subprocess.Popen(
            ["parec", "-d", f"{device}.monitor", "--raw", "--format=s16le", "--channels=1", f"--rate={rate}", "--latency-msec=10"],
            env=env, stdout=subprocess.PIPE)
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        while data := os.read(self.process.stdout.fileno(), 65536):
            self.chunks.append((time.monotonic(), data))

    def stop(self):
        import numpy as np
        self.process.terminate()
        self.process.wait()
        self.thread.join()
        lags, length = [], 0
        for at, data in self.chunks:
            length += len(data) // 2
            lags.append(at - length / self.rate)
        # The first second is the server's filling; a chunk that this program read late says nothing.
        self.begin = float(np.quantile(lags[len(lags) // 10:], 0.2))
        return np.frombuffer(b"".join(data for _, data in self.chunks), "<i2")


given = set()


def free_port():
    """Of UDP, and another one each time: who asks for many before they are used is given some twice."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        if port not in given:
            given.add(port)
            return port


class Party:
    def ready(self, folder):
        self.home = folder / self.name
        self.home.mkdir()
        self.env = {**os.environ, "HOME": str(self.home), "XDG_CONFIG_HOME": str(self.home), "XDG_STATE_HOME": str(self.home),
                    "XDG_RUNTIME_DIR": str(self.home)}

    def spawn(self, command, **more):
        log = open(self.home / "log", "w")
        self.process = subprocess.Popen(command, env={**self.env, **more}, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Patchcord(Party):
    """With files for ears, or with a headset."""
    kind = "patchcord"

    def __init__(self, folder, name, far_end, codec, says=None, headset=None, server=None, more=()):
        self.name = name
        self.ready(folder)
        self.recording = self.home / "heard.wav"
        sound = ["--audio", "devices"] if headset else ["--record", self.recording]
        if headset:
            (self.home / "patchcord").mkdir()
            (self.home / "patchcord/patchcord.toml").write_text(
                f'[audio]\nmicrophone = "{headset}_mic"\nearpiece = "{headset}_ear"\nringer = "{headset}_ear"\n')
        sound += ["--play", says] if says else []
        self.spawn([PROGRAM, "answer", "--server", f"127.0.0.1:{far_end.port}", "--user", name, "--codecs", codec.name.lower()
                    if codec.name == "opus" else codec.name, "--json", *sound, *more],
                   PATCHCORD_PASSWORD="bench", PULSE_SERVER=server or "unix:/nowhere")
        self.far_end = far_end

    def address(self):
        return self.far_end.wait_for(self.name)


class Baresip(Party):
    """With the jitter buffer and the modules that Debian's configuration gives it; it says a file, or what its headset hears."""
    kind = "baresip"

    def __init__(self, folder, name, far_end, codec, headset=None, server=None, says=None):
        self.name = name
        self.ready(folder)
        self.port = free_port()
        player = "alsa,ear" if headset else "aubridge,ear"
        devices = "".join(f'pcm.{part} {{ type pulse server "{server}" device {headset}_{part} }}\n' for part in ("ear", "mic"))
        (self.home / ".asoundrc").write_text(devices)
        modules = next(pathlib.Path("/usr").glob("l*/**/baresip/modules"))
        source = f"aufile,{says}" if says else "alsa,mic"
        (self.home / "config").write_text(
            f"poll_method epoll\nstatmode_default off\nmodule_path {modules}\nsip_listen 127.0.0.1:{self.port}\nnet_interface 127.0.0.1\n"
            f"audio_player {player}\naudio_source {source}\naudio_alert none\nringback_disabled yes\n"
            f"ausrc_srate {codec.rate}\nauplay_srate {codec.rate}\nausrc_channels 1\nauplay_channels 1\n"
            "jitter_buffer_delay 5-10\nopus_bitrate 32000\nopus_inbandfec yes\nopus_stereo no\nopus_sprop_stereo no\n"
            "module alsa.so\nmodule aubridge.so\nmodule aufile.so\nmodule g711.so\nmodule opus.so\nmodule plc.so\n"
            "module_tmp uuid.so\nmodule_tmp account.so\nmodule_app menu.so\n")
        (self.home / "accounts").write_text(
            f"<sip:{name}@127.0.0.1>;regint=0;answermode=auto;audio_codecs={codec.name.lower()}{'/48000/2' if codec.name == 'opus' else ''};ptime=20\n")
        (self.home / "contacts").write_text("\n")
        self.spawn(["baresip", "-f", self.home])

    def address(self):
        time.sleep(1.5)
        return self.where()

    def where(self):
        return f"sip:{self.name}@127.0.0.1:{self.port}", ("127.0.0.1", self.port)
