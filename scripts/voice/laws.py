"""What a network does to packets: how late each one comes, and which never do. The same for the same seed."""
import random

TICK = 0.02


def clean(_chance, count):
    return [0.0] * count


def loss(share):
    return lambda chance, count: [None if chance.random() < share else 0.0 for _ in range(count)]


def bursts(share, length):
    """So many packets in a row, so often that this share is lost in all."""
    def law(chance, count):
        delays = [0.0] * count
        start = share / (length * (1 - share) + share)
        packet = 0
        while packet < count:
            if chance.random() < start:
                delays[packet:packet + length] = [None] * len(delays[packet:packet + length])
                packet += length
            else:
                packet += 1
        return delays
    return law


def jitter(most_ms, seconds=None):
    """Each for itself, so that packets overtake each other; it ends after `seconds`."""
    def law(chance, count):
        over = count if seconds is None else round(seconds / TICK)
        return [chance.uniform(0, most_ms / 1000) if packet < over else 0.0 for packet in range(count)]
    return law


def stalls(length_ms):
    """Every two to four seconds nothing comes for so long, and then all of it at once."""
    def law(chance, count):
        delays, at = [0.0] * count, chance.uniform(1, 3)
        while at < count * TICK:
            until = at + length_ms / 1000
            for packet in range(count):
                if at <= packet * TICK < until:
                    delays[packet] = until - packet * TICK
            at = until + chance.uniform(2, 4)
        return delays
    return law


LAWS = {
    "clean": clean,
    "1 %": loss(0.01),
    "5 %": loss(0.05),
    "10 %": loss(0.10),
    "burst": bursts(0.05, 4),
    "jit60": jitter(60),
    "wifi150": stalls(150),
    "jit40": jitter(40),
    "jit120": jitter(120),
    "settle": jitter(120, 20),
}

# What a sender learns from the other's reports of loss, in per cent.
LOSS = {"1 %": 1, "5 %": 5, "10 %": 10, "burst": 5}


def delays(name, seed, count):
    """In seconds, `None` for a packet that is lost."""
    return LAWS[name](random.Random(f"{name} {seed}"), count)
