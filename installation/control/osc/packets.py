"""Reads OSC 1.0 packets that anybody may have sent: whole or not at all, in bounded time and memory.

The structure is read here and not by python-osc, whose reader lets other errors than its own through, descends as deep as a
packet asks, and holds back every message after a bundle that is dated in the future. Time tags are not obeyed: what arrives
applies now, for the clocks of phones are not ours.
"""

from __future__ import annotations

import struct

MAX_MESSAGES = 1024  # in one packet; the whole table has a few hundred controls
MAX_DEPTH = 8  # of bundles within bundles
MAX_ADDRESS = 200  # bytes
MAX_TEXT = 1000  # bytes of a word
BUNDLE = b"#bundle\0"
HEAD = 16  # bytes before a bundle's first element: its name and its time tag
COMMA = ord(",")
_INT, _FLOAT = struct.Struct(">i"), struct.Struct(">f")
_NUMBERS = {b"f": _FLOAT, b"i": _INT, b"d": struct.Struct(">d"), b"h": struct.Struct(">q")}


class PacketError(Exception):
    """Why a packet is none."""


class Unfit(str):
    """An argument that no control takes, in words."""

    __slots__ = ()


Argument = float | int | bool | str | Unfit | None
Message = tuple[bytes, Argument]  # address or pattern, and its only argument


def read_packet(packet: bytes) -> list[Message]:
    """The messages of a datagram in their order. None: a message without an argument. Raises PacketError and nothing else."""
    try:
        if not packet.startswith(BUNDLE):
            return [_message(packet)]
        messages: list[Message] = []
        _bundle(packet, HEAD, len(packet), 1, messages)
        return messages
    except struct.error:
        raise PacketError("an argument is cut off") from None


def _bundle(packet: bytes, at: int, end: int, depth: int, messages: list[Message]) -> None:
    """Append the messages of the bundle whose elements lie in packet[at:end]."""
    if at > end:
        raise PacketError("a bundle is cut off")
    if depth > MAX_DEPTH:
        raise PacketError("bundles within bundles, too deep")
    while at < end:
        size = _INT.unpack_from(packet, at)[0]
        start, at = at + 4, at + 4 + size
        if size <= 0 or size % 4 or at > end:
            raise PacketError("an element of a bundle has a wrong size")
        if packet.startswith(BUNDLE, start):
            _bundle(packet, start + HEAD, at, depth + 1, messages)
        else:
            messages.append(_message(packet[start:at]))
        if len(messages) > MAX_MESSAGES:
            raise PacketError("too many messages in one packet")


def _message(data: bytes) -> Message:
    end = data.find(b"\0", 0, MAX_ADDRESS + 1)
    if end < 0 or not data.startswith(b"/"):
        raise PacketError("neither a message nor a bundle")
    address, at = data[:end], (end + 4) & ~3
    if at >= len(data):
        return address, None  # some senders leave the type tags out where there is no argument
    if data[at] != COMMA:
        raise PacketError("a message without type tags")
    end = data.find(b"\0", at)
    if end < 0:
        raise PacketError("type tags are cut off")
    tags, at = data[at + 1 : end], (end + 4) & ~3
    value, at = _argument(tags, data, at)
    if at != len(data) and not isinstance(value, Unfit):
        raise PacketError("a message has more or less than its type tags say")
    return address, value


def _argument(tags: bytes, data: bytes, at: int) -> tuple[Argument, int]:
    """The only argument and where it ends."""
    number = _NUMBERS.get(tags)
    if number is not None:
        value = number.unpack_from(data, at)[0]
        return _short(value) if number is _FLOAT else value, at + number.size
    if tags in (b"s", b"S"):
        return _text(data, at)
    if tags in _BARE:
        return _BARE[tags], at
    if len(tags) > 1:
        return Unfit("an array" if tags.startswith(b"[") else f"{len(tags)} values"), at
    return Unfit(f"a value of type {tags.decode('ascii', 'replace')!a}"), at


# Tags whose argument takes no bytes. I, the impulse, is a press.
_BARE: dict[bytes, Argument] = {b"": None, b"N": None, b"T": True, b"F": False, b"I": True}


def _text(data: bytes, at: int) -> tuple[str, int]:
    end = data.find(b"\0", at, at + MAX_TEXT + 1)
    if end < 0:
        raise PacketError("a word is cut off or too long")
    try:
        return data[at:end].decode("utf-8"), (end + 4) & ~3
    except UnicodeDecodeError:
        raise PacketError("a word is not UTF-8") from None


def _short(value: float) -> float:
    """The decimal that was meant: 0.3 came as 0.30000001192…, which would be beyond a range that ends at 0.3."""
    return float(f"{value:.7g}")
