"""Measures voice: see --help of scripts/voice-bench, which makes ready what this needs."""
import argparse
import contextlib
import os
import pathlib
import shutil
import sys
import tempfile

import cost
import delay
import parties
import quality

WHAT = {"quality": quality.measure, "delay": delay.measure, "ear": delay.measure_mouth_to_ear, "cost": cost.measure}


def main():
    parser = argparse.ArgumentParser(prog="scripts/voice-bench", formatter_class=argparse.RawDescriptionHelpFormatter, description=HELP)
    parser.add_argument("what", nargs="*", metavar="WHAT", help="quality, delay, ear, cost; all of them without a word")
    parser.add_argument("--codec", default="pcma", help="pcma or opus, or both with a comma [default: pcma]")
    parser.add_argument("--seeds", type=int, default=5, help="so many, each heard at the same time [default: 5]")
    parser.add_argument("--laws", help="some of them: 'clean,5 %%,jit60'")
    parser.add_argument("--calls", type=int, default=100, help="at a time, for their cost [default: 100]")
    parser.add_argument("--all-on", action="store_true", help="ear: with echo cancellation and noise suppression on all the time")
    parser.add_argument("--server", default="PulseAudio", choices=["PulseAudio", "PipeWire"], help="of the sound devices [default: PulseAudio]")
    parser.add_argument("--tries", type=int, default=3, help="how often a row is run again where the machine has no time [default: 3]")
    parser.add_argument("--program", type=pathlib.Path, metavar="FILE", help="another build of patchcord than the release of this tree")
    parser.add_argument("--keep", type=pathlib.Path, metavar="FOLDER", help="leave recordings and logs there")
    options = parser.parse_args()
    what = options.what or list(WHAT)
    for name in what:
        if name not in WHAT:
            parser.error(f"{name}: say quality, delay, ear or cost")
    parties.PROGRAM = options.program or parties.PROGRAM
    options.codecs = options.codec.split(",")
    print(f"load average at the start: {os.getloadavg()[0]:.2f} on {os.cpu_count()} processors, niceness {os.nice(0)}", flush=True)
    missed = []
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="voice-bench-"))
        for name in what:
            place = pathlib.Path(folder) / name
            place.mkdir()
            missed += WHAT[name](place, options)
            if options.keep:
                shutil.copytree(place, options.keep / name, dirs_exist_ok=True, ignore=shutil.ignore_patterns("native"))
    print(f"load average at the end: {os.getloadavg()[0]:.2f}")
    for line in missed:
        print(f"missed: {line}")
    sys.exit(1 if missed else 0)


HELP = """\
How Patchcord sounds, how late it is and what it costs, beside baresip in the same run: whole programs, real UDP, real time.

  quality   PESQ of what the operator would hear, 24 s of recorded sentences through a bad network
  delay     packet in -> sample out; what the jitter buffer adds under jitter, and how soon it takes that back
  ear       mouth -> ear over virtual sound devices, and the processor that such a call takes
  cost      many headless PCMA calls: processor and memory, beside baresip and a bare RTP echo

The far end is the bench's own: it registers telephones, calls them, and sends the same packets to all of them at the
times that a law and a seed give: clean; 1 %, 5 %, 10 % lost each for itself; burst (5 % lost, four in a row); jit60
(each packet up to 60 ms late, in whatever order they come then); wifi150 (every two to four seconds nothing for
150 ms, then all at once). Opus comes from libopus at 32 kbit/s, with FEC for the loss of the law.

Patchcord's recording is what its playout gives; baresip, which records nothing that its player has touched, plays into
a null sink. Medians of the seeds, against the bars of the project; 1 if one is missed, or was not measured because the
machine was late itself: give it quiet. Patchcord's delay is read where what it says is in its recording and on the wire.
"""

if __name__ == "__main__":
    main()
