"""How late sound is: through the playout alone, and from mouth to ear over virtual sound devices."""
import statistics
import struct
import time

import numpy as np

import judge
import laws
import parties
import speech
from far_end import FarEnd, Watch, late_ms, send
from quality import LATE_MS, attempt, disturbed

# Of what the buffer adds, in milliseconds; of the whole way for `clean`.
BARS = {"clean": 25, "jit40": 50, "jit120": 120}
SETTLED_BAR, EAR_BAR, CPU_BAR = 10, 100, 5


def measure(folder, options):
    """Seen from outside: what a telephone says is in its recording beside what it hears, and on the wire at the same moment."""
    print(f"\nPlayout, PCMA: packet in -> its first sample out, ms; median of pieces of 0.4 s, {options.seeds} calls at a time", flush=True)
    missed = []
    for law in ("clean", "jit40", "jit120", "settle"):
        traces, late = attempt(folder / law, options.tries, lambda folder: calls(folder, law, options.seeds))
        if late > LATE_MS:
            missed.append(f"playout, {law}:{disturbed(late)}")
        if law == "settle":
            seconds = [settled(trace) for trace in traces]
            middle = statistics.median(seconds)
            print(f"back within 10 ms of the end's delay after U(0,120) has ended: {middle:.1f} s (bar {SETTLED_BAR}), "
                  f"each {', '.join(f'{s:.1f}' for s in seconds)}{disturbed(late)}", flush=True)
            if middle > SETTLED_BAR:
                missed.append(f"back to base: {middle:.1f} s, bar {SETTLED_BAR}")
            continue
        inside = statistics.median([lag - network for trace in traces for _, lag, network in trace]) * 1000
        whole = statistics.median([lag for trace in traces for _, lag, _ in trace]) * 1000
        each = [statistics.median([lag - network for _, lag, network in trace]) * 1000 for trace in traces]
        print(f"{law:8} {inside:6.1f} (bar {BARS[law]}), with the network's own {whole:.1f}; calls {min(each):.1f} to {max(each):.1f}{disturbed(late)}", flush=True)
        if inside > BARS[law]:
            missed.append(f"playout, {law}: {inside:.1f} ms, bar {BARS[law]}")
    return missed


def calls(folder, law, count):
    """For each call: (second, from when its packet was to leave to its sample out, the part of the network in that)."""
    far_end, kind = FarEnd(), speech.Pcma()
    said = np.tile(speech.speech(8000), 2)[:8000 * 45]
    payloads = kind.encode(speech.with_quiet(said, 8000))
    speech.write_wav(folder / "says.wav", 8000, speech.speech(8000))
    present, streams = [], []
    try:
        for number in range(count):
            present.append(parties.Patchcord(folder, f"p{number}", far_end, kind, says=folder / "says.wav"))
        for number, party in enumerate(present):
            call = far_end.call(*party.address(), kind)
            # Ticks of a telephone begin with its call: any phase between them and the packets is as likely.
            streams.append((call, payloads, laws.delays(law, number + 1, len(payloads)), number * 0.02 / count))
        sent = send(streams)
        time.sleep(0.5)
        for call, *_ in streams:
            call.hang_up()
        time.sleep(0.5)
    finally:
        for party in present:
            party.stop()
    return [trace(party, call[0], packets, call[2], said) for party, call, packets in zip(present, streams, sent)], late_ms(sent)


def trace(party, call, packets, delays, said):
    _, (heard, spoken) = speech.read_wav(party.recording)
    begin = recording_began(call, spoken)
    first = min(leaves for leaves, _, _ in packets)
    # Where the first sample of the speech would lie if packets were played at the moment when they leave.
    expected = first + speech.QUIET - begin
    pieces = judge.delays(said, heard, 8000, round(expected * 8000))
    found = []
    for at, late in pieces:
        number = round((at + speech.QUIET) / 0.02)
        network = [d for d in delays[number:number + 20] if d is not None]
        found.append((at, late + (round(expected * 8000) / 8000 - expected), statistics.mean(network) if network else 0.0))
    return found


def recording_began(call, spoken):
    """When the first sample of the recording was the present: what it said then left in a packet at once."""
    packets = [(at, data) for at, data in call.heard if data[1] & 0x7F == 8 and len(data) == 172]
    timestamps = [struct.unpack("!I", data[4:8])[0] for _, data in packets]
    said = call.codec.decode([data[12:] for _, data in packets])
    lies = judge.place(said[8000:8000 * 11], spoken) - 8000
    ticks = [at - ((stamp - timestamps[0]) & 0xFFFFFFFF) / 8000 for (at, _), stamp in zip(packets, timestamps)]
    # Most are read in time; a few late ones say nothing.
    return float(np.quantile(ticks, 0.25)) - lies / 8000


def settled(trace):
    """Seconds after the jitter's end (20 s after the first packet) until the delay stays within 10 ms of what it is at the end."""
    base = statistics.median([lag for at, lag, _ in trace if at > 35])
    over = [at for at, lag, _ in trace if at + speech.QUIET > 20 and lag > base + 0.010]
    return max(over) + speech.QUIET - 20 if over else 0.0


def measure_mouth_to_ear(folder, options):
    """What is said into a telephone comes back to its own earpiece. The far end sends by a clock of its own, as telephones do; what a
    packet waits for that is known, and no part of the delay."""
    print(f"\nMouth -> ear over {options.server}'s null sinks, PCMA, no impairment{', echo cancellation and noise suppression on' if options.all_on else ''}; {options.seeds} calls, one of each program at a time", flush=True)
    late, load = {"patchcord": [], "baresip": []}, {"patchcord": [], "baresip": []}
    spread, worst = {"patchcord": [], "baresip": []}, 0
    for number in range(options.seeds):
        place = folder / str(number)
        # Between the clock of whoever is measured and the far end's any phase is as likely.
        phase = (number + 0.5) * 0.02 / options.seeds
        round_, behind = attempt(place, options.tries, lambda folder: one_round(folder, phase, options))
        worst = max(worst, behind)
        for kind, (delays, percent) in round_.items():
            late[kind].append(statistics.median(delays) * 1000)
            spread[kind] += [d * 1000 for d in delays]
            load[kind].append(percent)
    missed = []
    for kind in late:
        print(f"{kind:10} {statistics.median(late[kind]):6.1f} ms (calls {min(late[kind]):.1f} to {max(late[kind]):.1f}, "
              f"clicks {min(spread[kind]):.1f} to {max(spread[kind]):.1f}); {statistics.median(load[kind]):.1f} % of a core{disturbed(worst)}", flush=True)
    ours, cpu = statistics.median(late["patchcord"]), statistics.median(load["patchcord"])
    if worst > LATE_MS:
        missed.append(f"mouth to ear:{disturbed(worst)}")
    # What echo and noise take of the time is known (9 and 10 ms): the bar is of a call that needs neither.
    if ours > EAR_BAR and not options.all_on:
        missed.append(f"mouth to ear: {ours:.1f} ms, bar {EAR_BAR}")
    if cpu > CPU_BAR:
        missed.append(f"a call with devices: {cpu:.1f} % of a core, bar {CPU_BAR}")
    return missed


def one_round(folder, phase, options, seconds=14):
    far_end, kind, headsets = FarEnd(), speech.Pcma(), parties.Headsets(folder, options.server)
    processing = ("--cancel-echo", "on", "--suppress-noise", "on") if options.all_on else ()
    speech.write_wav(folder / "clicks.wav", 48000, speech.clicks(48000, seconds))
    present, result = [], {}
    try:
        for name in ("patchcord", "baresip"):
            headsets.plug(name)
        present = [parties.Patchcord(folder, "patchcord", far_end, kind, headset="patchcord", server=headsets.server, more=processing),
                   parties.Baresip(folder, "baresip", far_end, kind, "baresip", headsets.server)]
        calls = [far_end.call(*party.address(), kind) for party in present]
        for call in calls:
            call.give_back(phase)
        time.sleep(3)
        ears = [(headsets.listen(f"{party.name}_feed", 48000), headsets.listen(f"{party.name}_ear", 48000)) for party in present]
        time.sleep(1)
        voices = [headsets.speak(party.name, folder / "clicks.wav") for party in present]
        before, at = [parties.cpu_seconds(party.process.pid) for party in present], time.monotonic()
        watch = Watch()
        # It would wait for ever for a null sink that does not rewind to have played all.
        time.sleep(seconds)
        behind = watch.stop()
        for voice in voices:
            voice.terminate()
            voice.wait()
        used = [(parties.cpu_seconds(party.process.pid) - start) / (time.monotonic() - at) * 100 for party, start in zip(present, before)]
        time.sleep(0.5)
        for party, call, (mouth, ear), percent in zip(present, calls, ears, used):
            said, heard = mouth.stop(), ear.stop()
            spoken, arrived = judge.onsets(said, 48000) + mouth.begin, judge.onsets(heard, 48000) + ear.begin
            delays = [min(arrived[arrived > at], default=np.inf) - at - call.waited(at) for at in spoken]
            result[party.kind] = ([d for d in delays if d < 0.45], percent)
            if not result[party.kind][0]:
                raise SystemExit(f"voice: {party.kind} let nothing be heard; {len(spoken)} clicks spoken, {len(arrived)} heard")
        for call in calls:
            call.hang_up()
        time.sleep(0.3)
    finally:
        for party in present:
            party.stop()
        headsets.stop()
    return result, behind
