import random
import struct

import pytest

from installation.control.osc.packets import MAX_DEPTH, MAX_MESSAGES, PacketError, Unfit, read_packet
from tests.control.osc.osc_bytes import FAR, bundle, message, text


@pytest.mark.parametrize(
    ("packet", "value"),
    [
        (message("/a", 0.5), 0.5),
        (message("/a", 0.3), 0.3),  # the decimal that was meant, not float32's neighbour of it
        (message("/a", -3), -3),
        (message("/a", "grün"), "grün"),
        (message("/a", True), True),
        (message("/a", False), False),
        (message("/a"), None),
        (message("/a", None), None),
        (text("/a"), None),  # no type tags at all
        (message("/a", tags="I"), True),
        (message("/a", tags="d") + struct.pack(">d", 0.1), 0.1),
        (message("/a", tags="h") + struct.pack(">q", 1 << 40), 1 << 40),
    ],
)
def test_one_argument_is_read(packet: bytes, value: object) -> None:
    assert read_packet(packet) == [(b"/a", value)]


@pytest.mark.parametrize(
    ("packet", "words"),
    [
        (message("/a", 0.5, 0.5), "2 values"),
        (message("/a", b"12345"), "type 'b'"),
        (message("/a", 0.5, tags="[f]"), "an array"),
        (message("/a", 0.5, tags="?"), "type '?'"),
        (message("/a", 0.5, tags="[" * 50_000), "an array"),
    ],
)
def test_what_no_control_takes_is_said_in_words(packet: bytes, words: str) -> None:
    [(address, value)] = read_packet(packet)
    assert address == b"/a" and isinstance(value, Unfit) and words in value


def test_bundles_are_read_through_whatever_they_are_dated() -> None:
    inner = bundle(message("/b", 1), message("/c"), time=FAR)
    assert read_packet(bundle(message("/a", 0.5), inner, message("/d", "x"))) == [(b"/a", 0.5), (b"/b", 1), (b"/c", None), (b"/d", "x")]
    assert read_packet(bundle()) == []


def nested(depth: int) -> bytes:
    packet = message("/a", 1)
    for _ in range(depth):
        packet = bundle(packet)
    return packet


def test_a_bundle_counts_whole_or_not_at_all() -> None:
    good = message("/a", 1)
    assert len(read_packet(nested(MAX_DEPTH))) == 1
    assert len(read_packet(bundle(*[good] * MAX_MESSAGES))) == MAX_MESSAGES
    broken = [
        nested(MAX_DEPTH + 1), nested(3000), bundle(*[good] * (MAX_MESSAGES + 1)), bundle(good, good[:-1]), bundle(good, good)[:-4],
        bundle(good) + b"\0\0\0\0", bundle(good) + b"\xff\xff\xff\xf0", bundle(good) + b"\x7f\xff\xff\xfc", b"#bundle\0\0\0\0\0",
        b"#bundle\0" + b"\0" * 10_000, bundle(b"/a\0"), bundle(message("/a", 1), b"/a\0\0\0"),
    ]  # fmt: skip
    for packet in broken:
        with pytest.raises(PacketError):
            read_packet(packet)


@pytest.mark.parametrize(
    "packet",
    [b"", b"/", b"/a", b"noise", b"\0" * 64, b"/" * 65_000, b"#bundle", text("/" + "a" * 300) + text(","), text("/a") + b"f\0\0\0",
     text("/a") + b",f", message("/a", 0.5)[:-1], message("/a", 0.5) + b"\0\0\0\0",
     message("/a", "word")[:-4], text("/a") + text(",s") + b"x" * 5000,
     text("/a") + text(",s") + text(b"\xff\xfe"), text("/a") + text(",d") + b"\0" * 4],
)  # fmt: skip
def test_no_packet_but_a_packet(packet: bytes) -> None:
    with pytest.raises(PacketError):
        read_packet(packet)


def test_nothing_but_packet_errors_comes_of_noise() -> None:
    rng = random.Random(7)
    seeds = [
        message("/facets/look/grain", 0.5),
        message("/facets/look/layout", "row"),
        bundle(message("/a", 1), bundle(message("/b", 2.0))),
    ]
    read = 0
    for turn in range(30_000):
        data = bytearray(rng.choice(seeds)) if turn % 4 else bytearray(rng.randbytes(rng.randrange(80)))
        for _ in range(rng.randrange(4)):
            if data:
                data[rng.randrange(len(data))] = rng.randrange(256)
        if rng.random() < 0.3:
            del data[rng.randrange(len(data) + 1) :]
        try:
            read += len(read_packet(bytes(data)))
        except PacketError:
            continue
    assert read > 1000
