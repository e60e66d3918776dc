"""How what was heard compares with what was said: where it lies, how late each piece is, how good it sounds."""
import numpy as np


def correlate(long, short):
    """For each place of `short` within `long`."""
    size = 1 << int(len(long) + len(short)).bit_length()
    product = np.fft.rfft(long, size) * np.conj(np.fft.rfft(short, size))
    return np.fft.irfft(product, size)[:len(long) - len(short) + 1]


def place(said, heard):
    """At which sample of `heard` the first one of `said` lies."""
    return int(np.argmax(correlate(heard.astype(float), said.astype(float))))


def pesq(rate, said, heard):
    """P.862 with its mapping for narrow band, P.862.2 for wide band."""
    import pesq as library
    heard = np.concatenate([heard, np.zeros(rate)])
    begin = place(said, heard)
    return library.pesq(rate, said, heard[begin:begin + len(said)], "nb" if rate == 8000 else "wb")


def delays(said, heard, rate, expected, most=0.5, window=0.4, step=0.1):
    """(second of `said`, seconds later in `heard` than at the sample `expected`) for each piece that has a voice in it and is found."""
    found, length, reach = [], round(window * rate), round(most * rate)
    said, heard = said.astype(float), heard.astype(float)
    loud = np.sqrt(np.mean(said ** 2)) / 2
    for at in range(0, len(said) - length, round(step * rate)):
        piece, begin = said[at:at + length], expected + at
        place_to_look = heard[max(begin - reach // 5, 0):begin + length + reach]
        if np.sqrt(np.mean(piece ** 2)) < loud or len(place_to_look) < length + 2:
            continue
        likeness = correlate(place_to_look, piece)
        energy = np.cumsum(np.concatenate([[0.0], place_to_look ** 2]))
        likeness /= np.sqrt(np.maximum(energy[length:] - energy[:-length], 1.0) * np.sum(piece ** 2))
        best = int(np.argmax(likeness))
        if likeness[best] > 0.7:
            found.append((at / rate, (best + max(begin - reach // 5, 0) - begin) / rate))
    return found


def onsets(samples, rate, apart=0.3):
    """Where clicks begin, in seconds: the first sample above a third of the loudest."""
    loud = np.abs(samples.astype(float))
    above = np.flatnonzero(loud > max(loud.max() / 3, 1000))
    found = []
    for at in above / rate:
        if not found or at - found[-1][1] > apart / 2:
            found.append([at, at])
        found[-1][1] = at
    return np.array([first for first, _ in found])
