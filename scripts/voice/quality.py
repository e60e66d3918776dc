"""PESQ of what the operator would hear, Patchcord and baresip beside each other."""
import statistics
import time

import numpy as np

import judge
import laws
import parties
import speech
from far_end import FarEnd, late_ms, send

BARS = {
    "pcma": {"clean": 4.35, "1 %": 4.2, "5 %": 3.6, "10 %": 3.1, "burst": 3.2, "jit60": 4.1, "wifi150": 3.9},
    "opus": {"clean": 4.2, "5 %": 4.0, "10 %": 3.6, "jit60": 4.0, "wifi150": 3.6},
}


def measure(folder, options):
    missed = []
    for codec in options.codecs:
        rows = BARS[codec]
        wanted = options.laws.split(",") if options.laws else rows
        band = "PCMA, PESQ narrow band" if codec == "pcma" else "Opus, PESQ wide band"
        print(f"\n{band}: median (worst to best) of {options.seeds} seeds", flush=True)
        print(f"{'':10}{'bar':>6}  {'patchcord':24}{'baresip':24}")
        for law in wanted:
            place = folder / f"{codec}-{law}".replace(" %", "")  # a sound server takes no blank in its socket's path
            heard, late = attempt(place, options.tries, lambda folder: calls(folder, codec, law, options.seeds))
            scores = judged(codec, heard)
            bar = rows.get(law, 0)
            ours, theirs = (statistics.median(scores[kind]) for kind in ("patchcord", "baresip"))
            shown = "".join(f"{statistics.median(s):4.2f} ({min(s):4.2f} to {max(s):4.2f})".ljust(24) for s in scores.values())
            verdict = "MISSED" if ours < bar else "" if ours >= theirs else "below baresip"
            print(f"{law:10}{bar:6.2f}  {shown}{verdict}{disturbed(late)}", flush=True)
            if verdict or late > LATE_MS:
                missed.append(f"{band}, {law}: {ours:.2f}, bar {bar:.2f}, baresip {theirs:.2f}{disturbed(late)}")
    return missed


# What is sent later than that is not what the law says.
LATE_MS = 5


def attempt(folder, tries, run):
    """Runs again while the machine has no time for it; the least disturbed one counts. `run`: from a folder to (result, ms late)."""
    done = []
    for number in range(tries):
        place = folder / str(number)
        place.mkdir(parents=True)
        done.append(run(place))
        if done[-1][1] <= LATE_MS:
            break
    return min(done, key=lambda result: result[1])


def disturbed(late):
    return f"  NOT MEASURED: the machine was {late:.0f} ms late" if late > LATE_MS else ""


def calls(folder, codec, law, seeds):
    """What each program heard of each seed, as (program, rate, samples); all are in calls at the same time."""
    far_end, headsets = FarEnd(), parties.Headsets(folder)
    kind = speech.CODECS[codec](laws.LOSS.get(law, 0))
    payloads = kind.encode(speech.with_quiet(speech.speech(kind.rate), kind.rate))
    quiet = folder / "quiet.wav"
    speech.write_wav(quiet, kind.rate, np.zeros(kind.rate * 90))
    present, streams = [], []
    try:
        for seed in range(1, seeds + 1):
            headsets.plug(f"b{seed}", kind.rate)
            present.append((seed, parties.Patchcord(folder, f"p{seed}", far_end, kind)))
            present.append((seed, parties.Baresip(folder, f"b{seed}", far_end, kind, f"b{seed}", headsets.server, quiet)))
        for seed, party in present:
            streams.append((far_end.call(*party.address(), kind), payloads, laws.delays(law, seed, len(payloads)), 0))
        ears = [headsets.listen(f"b{seed}_ear", kind.rate) for seed in range(1, seeds + 1)]
        time.sleep(0.5)
        late = late_ms(send(streams))
        time.sleep(1)
        heard = [("baresip", kind.rate, ear.stop()) for ear in ears]
        for call, *_ in streams:
            call.hang_up()
        time.sleep(0.5)
    finally:
        for _, party in present:
            party.stop()
        headsets.stop()
    for _, party in present:
        if party.kind == "patchcord":
            rate, channels = speech.read_wav(party.recording)
            heard.append(("patchcord", rate, channels[0]))
    return heard, late


def judged(codec, heard):
    """PESQ of each, by program."""
    rate = 8000 if codec == "pcma" else 16000
    said = speech.speech(rate)
    scores = {"patchcord": [], "baresip": []}
    for who, theirs, samples in heard:
        scores[who].append(judge.pesq(rate, said, speech.to_rate(samples, theirs, rate)))
    return scores
