"""Writes OSC 1.0 messages, for UDP and for the frames of a WebSocket alike."""

from __future__ import annotations

import math
import struct

from installation.control.parameters import Scalar

LARGEST_FLOAT = 3.4028234e38  # that 32 bits hold


def message(address: str, value: Scalar | None) -> bytes:
    """One message with one argument: T or F for a switch, i, f or s, and N for None. Of a text, what OSC can carry: up to the first
    NUL, and valid UTF-8; of a number, what fits 32 bits. Never raises."""
    if value is None:
        return _padded(address) + _padded(",N")
    if isinstance(value, bool):
        return _padded(address) + _padded(",T" if value else ",F")
    if isinstance(value, int):
        return _padded(address) + _padded(",i") + struct.pack(">i", max(-(2**31), min(value, 2**31 - 1)))
    if isinstance(value, float):
        fitting = max(-LARGEST_FLOAT, min(value, LARGEST_FLOAT)) if math.isfinite(value) else value
        return _padded(address) + _padded(",f") + struct.pack(">f", fitting)
    return _padded(address) + _padded(",s") + _padded(value)


def _padded(text: str) -> bytes:
    raw = text.partition("\0")[0].encode("utf-8", "replace") + b"\0"
    return raw + bytes(-len(raw) % 4)
