"""What many calls cost at a time: telephones without sound devices, baresip, and an echo that only sends packets back."""
import json
import os
import subprocess
import threading
import time

import parties
import speech
from far_end import LOOPBACK, FarEnd, late_ms, pair, send
from quality import LATE_MS, attempt, disturbed

CPU_BAR, MEMORY_BAR = 50, 150
SECONDS, LOOKS = 24, (6, 20)


def measure(folder, options):
    print(f"\n{options.calls} PCMA calls at a time, no devices: from the {LOOKS[0]}th to the {LOOKS[1]}th second", flush=True)
    missed = []
    for kind, begin in (("patchcord", Telephones), ("baresip", Baresips), ("RTP echo", Echo)):
        (cpu, memory, answered), late = attempt(folder / kind, options.tries, lambda place, begin=begin: one(begin, place, options.calls))
        print(f"{kind:10} {cpu:6.1f} % of a core, {memory:6.1f} MB, {answered} senders{disturbed(late)}", flush=True)
        if late > LATE_MS:
            missed.append(f"{options.calls} calls, {kind}:{disturbed(late)}")
        if kind == "patchcord" and (cpu > CPU_BAR or memory > MEMORY_BAR or answered < options.calls):
            missed.append(f"{options.calls} calls: {cpu:.1f} % (bar {CPU_BAR}), {memory:.1f} MB (bar {MEMORY_BAR}), {answered} send")
    return missed


def one(begin, folder, count):
    far_end, kind = FarEnd(), speech.Pcma()
    payloads = kind.encode(speech.speech(8000)[:SECONDS * 8000])
    party = begin(folder, far_end, count)
    try:
        # One pair of sockets for all: what comes is only looked at to see who sends.
        sockets = pair()
        calls = [far_end.call(*party.address(number), kind, sockets, listens=False) for number in range(count)]
        streams = [(call, payloads, [0.0] * len(payloads), number * 0.02 / count) for number, call in enumerate(calls)]
        looks = [Later(at, lambda: (party.cpu_seconds(), time.monotonic(), party.memory_mb())) for at in LOOKS]
        senders = Later(LOOKS[1] + 0.5, lambda: who_sends(sockets[0]))
        late = late_ms(send(streams))
        for call in calls:
            call.hang_up()
        time.sleep(0.5)
    finally:
        party.stop()
    (before, at, _), (after, later, memory) = (look.value for look in looks)
    return ((after - before) / (later - at) * 100, memory, senders.value), late


class Later:
    def __init__(self, seconds, look):
        self.timer = threading.Timer(seconds, lambda: setattr(self, "value", look()))
        self.timer.daemon = True
        self.timer.start()


def who_sends(rtp):
    """How many there are, from a second that begins when what has waited is gone."""
    rtp.setblocking(False)
    begin, found = time.monotonic(), set()
    while (now := time.monotonic()) < begin + 1.2:
        try:
            source = rtp.recvfrom(2048)[1]
            if now > begin + 0.2:
                found.add(source)
        except BlockingIOError:
            time.sleep(0.001)
    return len(found)


class Processes:
    """Of which all count."""

    def cpu_seconds(self):
        return sum(parties.cpu_seconds(process.pid) for process in self.processes)

    def memory_mb(self):
        return sum(parties.memory_mb(process.pid) for process in self.processes)

    def stop(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(20)


class Telephones(Processes):
    """All in one process."""

    def __init__(self, folder, far_end, count):
        self.far_end = far_end
        build = subprocess.run(["cargo", "build", "--release", "--quiet", "--bench", "voice_calls", "--message-format", "json"],
                               cwd=parties.ROOT, check=True, capture_output=True, text=True).stdout
        program = next(line["executable"] for line in map(json.loads, build.splitlines())
                       if line.get("executable") and line["target"]["name"] == "voice_calls")
        log = open(folder / "log", "w")
        self.processes = [subprocess.Popen([program, str(count), str(far_end.port)], stdout=log, stderr=log,
                                           env={**os.environ, "XDG_STATE_HOME": str(folder), "TMPDIR": str(folder)})]

    def address(self, number):
        return self.far_end.wait_for(f"t{number}")


class Baresips(Processes):
    """One of them takes no more than some calls: a process for each."""

    def __init__(self, folder, far_end, count):
        kind, quiet = speech.Pcma(), folder / "quiet.wav"
        speech.write_wav(quiet, 8000, speech.np.zeros(8000 * 120))
        self.all = [parties.Baresip(folder, f"b{number}", far_end, kind, says=quiet) for number in range(count)]
        self.processes = [party.process for party in self.all]
        time.sleep(3)

    def address(self, number):
        return self.all[number].where()


class Echo(Processes):
    """sipp, which answers and sends each packet back."""

    def __init__(self, folder, far_end, count):
        self.port = parties.free_port()
        self.processes = [subprocess.Popen(
            ["sipp", "-sn", "uas", "-i", LOOPBACK, "-p", str(self.port), "-rtp_echo", "-nostdin"],
            cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)]
        time.sleep(1)

    def address(self, number):
        return f"sip:echo{number}@{LOOPBACK}:{self.port}", (LOOPBACK, self.port)
