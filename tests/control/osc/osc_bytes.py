"""An OSC 1.0 encoder written from the specification alone, so that the tests do not check the program with its own words."""

import struct

NOW = b"\0\0\0\0\0\0\0\1"
FAR = b"\xff\xff\xff\xff\0\0\0\0"  # the year 2036


def text(word: str | bytes) -> bytes:
    raw = word.encode() if isinstance(word, str) else word
    return raw + b"\0" * (4 - len(raw) % 4)


def message(address: str | bytes, *arguments: object, tags: str | None = None) -> bytes:
    """Tags follow the types (f, i, s, T, F, N, b) unless they are given."""
    kinds = {float: "f", int: "i", str: "s", type(None): "N", bytes: "b"}
    own = "".join(("T" if a else "F") if isinstance(a, bool) else kinds[type(a)] for a in arguments)
    data = b""
    for argument in arguments:
        if isinstance(argument, float):
            data += struct.pack(">f", argument)
        elif isinstance(argument, str):
            data += text(argument)
        elif isinstance(argument, bytes):
            data += struct.pack(">i", len(argument)) + argument + b"\0" * (-len(argument) % 4)
        elif isinstance(argument, int) and not isinstance(argument, bool):
            data += struct.pack(">i", argument)
    return text(address) + text("," + (own if tags is None else tags)) + data


def bundle(*elements: bytes, time: bytes = NOW) -> bytes:
    return text("#bundle") + time + b"".join(struct.pack(">i", len(element)) + element for element in elements)


def read(packet: bytes) -> tuple[str, list[object]]:
    """Address and arguments of one message."""
    end = packet.index(b"\0")
    address, at = packet[:end].decode(), (end + 4) // 4 * 4
    end = packet.index(b"\0", at)
    tags, at = packet[at + 1 : end].decode(), (end + 4) // 4 * 4
    values: list[object] = []
    for tag in tags:
        if tag in "fi":
            values.append(struct.unpack_from(">" + tag, packet, at)[0])
            at += 4
        elif tag == "s":
            end = packet.index(b"\0", at)
            values.append(packet[at:end].decode())
            at = (end + 4) // 4 * 4
        else:
            values.append({"T": True, "F": False}[tag])
    assert at == len(packet)
    return address, values
