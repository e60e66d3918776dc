"""What is said, and how it is coded for the wire."""
import ctypes
import ctypes.util
import pathlib
import wave

import numpy as np

# Of Debian's asterisk-core-sounds-ru-g722. Of others PESQ makes less from the codec alone: Allison Smith, whom Asterisk speaks with in
# English, gets 4.05 through A-law and no network at all, this voice 4.42.
VOICE = pathlib.Path("/usr/share/asterisk/sounds/ru_RU_f_IvrvoiceRU")
# As P.862.3 asks: recorded sentences with pauses between, 8 to 30 s in all, 40 to 80 % of it speech.
SENTENCES = ("all-circuits-busy-now", "please-try-again", "cannot-complete-as-dialed", "vm-tooshort", "agent-newlocation", "conf-leaderhasleft")
EVERY, FIRST = 4.0, 0.5
"""Seconds from one sentence to the next, and to the first."""
QUIET = 1.0
"""Seconds before the speech and after it."""


def speech(rate):
    """24 s of a woman, band-limited to half of 16 kHz, at this rate."""
    from G722 import G722
    samples = np.zeros(round(len(SENTENCES) * EVERY * 16000))
    for number, sentence in enumerate(SENTENCES):
        said = np.array(G722(16000, 64000).decode((VOICE / f"{sentence}.g722").read_bytes()), dtype=float)
        begin = round((FIRST + number * EVERY) * 16000)
        samples[begin:begin + len(said)] = said
    return to_rate(samples, 16000, rate).clip(-32768, 32767).astype(np.int16)


def to_rate(samples, rate, wanted):
    """Through a low-pass of 64 zero crossings, Blackman's window, to 0.95 of the narrower band."""
    if rate == wanted:
        return samples
    shared = np.gcd(rate, wanted)
    up, down = wanted // shared, rate // shared
    half = 32 * max(up, down)
    cutoff = 0.95 / max(up, down)
    low_pass = np.sinc(cutoff * np.arange(-half, half + 1)) * np.blackman(2 * half + 1) * cutoff * up
    stuffed = np.zeros(len(samples) * up)
    stuffed[::up] = samples
    size = 1 << int(len(stuffed) + 2 * half).bit_length()
    filtered = np.fft.irfft(np.fft.rfft(stuffed, size) * np.fft.rfft(low_pass, size), size)
    return filtered[half:half + len(stuffed):down]


def with_quiet(samples, rate):
    quiet = np.zeros(round(QUIET * rate), np.int16)
    return np.concatenate([quiet, samples, quiet])


def clicks(rate, seconds, every=0.5):
    """A short burst of 1 kHz, again and again: where it begins is plain to see."""
    samples = np.zeros(round(seconds * rate))
    burst = 12000 * np.sin(2 * np.pi * 1000 * np.arange(round(0.008 * rate)) / rate)
    for start in np.arange(0.25, seconds - 0.1, every):
        at = round(start * rate)
        samples[at:at + len(burst)] = burst
    return samples.astype(np.int16)


def read_wav(path):
    """Its rate, and one array a channel."""
    with wave.open(str(path)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return file.getframerate(), samples.reshape(-1, file.getnchannels()).T


def write_wav(path, rate, samples):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.astype("<i2").tobytes())


class Pcma:
    """G.711 A-law."""
    name, rate, clock, payload_type = "PCMA", 8000, 8000, 8
    rtpmap = "a=rtpmap:8 PCMA/8000\r\n"

    def __init__(self, loss=0):
        octets = np.arange(256) ^ 0x55
        exponent, mantissa = (octets >> 4) & 7, octets & 15
        size = np.where(exponent == 0, 2 * mantissa + 1, (2 * mantissa + 33) << np.maximum(exponent - 1, 0)) * 8
        self.table = np.where(octets & 0x80, size, -size).astype(np.int16)
        self.order = np.argsort(self.table)
        levels = self.table[self.order].astype(int)
        self.middles = (levels[1:] + levels[:-1]) / 2

    def encode(self, samples):
        octets = self.order[np.searchsorted(self.middles, samples)].astype(np.uint8).tobytes()
        return [octets[at:at + 160] for at in range(0, len(octets) - 159, 160)]

    def decode(self, payloads):
        return self.table[np.frombuffer(b"".join(payloads), np.uint8)]


class Opus:
    """libopus, for speech: 32 kbit/s, full band, with FEC for the loss that the other side reports."""
    name, rate, clock, payload_type = "opus", 48000, 48000, 111
    rtpmap = "a=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1\r\n"
    VOIP, SET_BITRATE, SET_COMPLEXITY, SET_FEC, SET_LOSS = 2048, 4002, 4010, 4012, 4014

    def __init__(self, loss=0):
        self.opus = ctypes.CDLL(ctypes.util.find_library("opus"))
        self.opus.opus_encoder_create.restype = ctypes.c_void_p
        self.encoder = ctypes.c_void_p(self.opus.opus_encoder_create(48000, 1, self.VOIP, None))
        for request, value in ((self.SET_BITRATE, 32000), (self.SET_COMPLEXITY, 9), (self.SET_FEC, 1), (self.SET_LOSS, loss)):
            self.opus.opus_encoder_ctl(self.encoder, request, ctypes.c_int(value))

    def encode(self, samples):
        payloads, out = [], ctypes.create_string_buffer(1500)
        for at in range(0, len(samples) - 959, 960):
            frame = samples[at:at + 960].tobytes()
            length = self.opus.opus_encode(self.encoder, frame, 960, out, 1500)
            payloads.append(out.raw[:length])
        return payloads


CODECS = {"pcma": Pcma, "opus": Opus}
