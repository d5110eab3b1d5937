"""Floods a port with OSC, for control.py: a program of its own, and a light one, so that it takes little from the show.

osc_flood.py valid|malformed PORT COUNT
"""

import random
import socket
import struct
import sys
import time
from collections.abc import Sequence

FLOOD_RATE, MALFORMED_RATE = 2000, 20_000  # packets a second


def message(address: str, value: float) -> bytes:
    """One float, as an OSC packet."""
    name = address.encode()
    return name + b"\0" * (4 - len(name) % 4) + b",f\0\0" + struct.pack(">f", value)


def valid(port: int, count: int) -> None:
    """Valid messages to many controls at FLOOD_RATE, up and down again every four seconds as hands on faders do it."""
    edits = ["edit/smile/lfo/rate", "edit/gender/amount", "identity/detail", "smile/threshold"]
    looks = ["look/grain", "look/gamma", "look/tint-hue", "look/vignette/norm"]
    sweep = [*range(500), *range(500, 0, -1)]
    packets = [message(f"/facets/{name}", 0.5 + 0.4 * step / 500) for step in sweep for name in (*edits, *looks)]
    _send(port, packets, FLOOD_RATE, count)


def malformed(port: int, count: int) -> None:
    """Mutations of valid packets, noise, huge ones, bundles within bundles, bundles from the future."""
    rng = random.Random(11)
    valid = [message("/facets/look/grain", 0.5), message("/facets/edit/*/amount", 1.0), message("/facets/x", float("nan"))]
    bundle = b"#bundle\0" + b"\xff" * 8 + struct.pack(">i", len(valid[0])) + valid[0]
    bomb = bundle
    while len(bomb) < 60_000:
        bomb = b"#bundle\0" + b"\0" * 8 + struct.pack(">i", len(bomb)) + bomb
    packets = []
    for turn in range(4000):
        data = bytearray(rng.choice([*valid, bundle]) if turn % 2 else rng.randbytes(rng.randrange(200)))
        for _ in range(rng.randrange(1, 6)):
            data[rng.randrange(max(1, len(data))) : rng.randrange(len(data) + 1)] = rng.randbytes(rng.randrange(3))
        packets.append(bytes(data))
    # A huge one in a hundred: twenty thousand of them a second would be a network's whole width.
    packets += [rng.choice([bomb, rng.randbytes(60_000), b"/" * 60_000, b"#bundle\0" + b"\0" * 60_000]) for _ in range(40)]
    rng.shuffle(packets)
    _send(port, packets, MALFORMED_RATE, count)


def _send(port: int, packets: Sequence[bytes], rate: int, count: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        began, sent, burst = time.monotonic(), 0, max(1, rate // 200)
        while sent < count:
            for packet in (packets[(sent + i) % len(packets)] for i in range(min(burst, count - sent))):
                sender.sendto(packet, ("127.0.0.1", port))
            sent += burst
            time.sleep(max(0.0, began + sent / rate - time.monotonic()))


if __name__ == "__main__":
    kind, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    if kind == "valid":
        valid(port, count)
    else:
        malformed(port, count)
