"""OSC packets in the binary frames of a WebSocket: those that come set controls, those that go tell of them."""

from __future__ import annotations

import struct

from installation.control.osc.packets import Argument, PacketError, Unfit, read_packet
from installation.control.osc.patterns import is_pattern, matches
from installation.control.parameters import PREFIX, Parameter, ParameterTable, Scalar
from installation.control.state import ControlState

NORM = "/norm"


def apply_packet(state: ControlState, packet: bytes, source: str) -> None:
    """Set what an OSC packet says; what it cannot set is counted."""
    try:
        messages = read_packet(packet)
    except PacketError as err:
        state.ignore(f"OSC over WebSocket: {err}")
        return
    for raw, value in messages:
        address = raw.decode("ascii", "replace")
        for one in _addresses(address, state.table) if is_pattern(address) else [address]:
            _set(state, one, value, source)


def _addresses(pattern: str, table: ParameterTable) -> list[str]:
    ending = NORM if pattern.endswith(NORM) else ""
    try:
        return matches(pattern, [row.address + ending for row in table.values()])
    except ValueError:  # a bracket that does not close
        return [pattern]


def _set(state: ControlState, address: str, value: Argument, source: str) -> None:
    name = address.removeprefix(PREFIX)
    row = state.table.get(name)
    if not address.startswith(PREFIX) or isinstance(value, Unfit):
        state.ignore(f"OSC over WebSocket: {address[:80]}: cannot be set so")
    elif row is None and name.endswith(NORM):
        state.set_norm(name.removesuffix(NORM), value, source)
    else:
        state.set(name, value, source)


def heard(row: Parameter, value: Scalar) -> Scalar:
    """A control's value as those who LISTEN are sent it: always f, i or s, which every client that is published can read.

    A switch is 1 or 0 and a trigger is 1, each a type that its node declares beside its own (OVERLOADS). T, F and N carry no
    bytes: a client for Max reads such a message as an empty list, and Chataigne's reader throws. A command is told as the word
    that its node declares, though a number was sent.
    """
    if row.kind == "bool":
        return int(bool(value))
    if row.kind == "trigger":
        return 1
    return str(value) if row.kind == "command" else value


def message(address: str, value: Scalar | None) -> bytes:
    """One OSC 1.0 message. None: an argument N. Of a text, what OSC can carry: up to the first NUL, and valid UTF-8."""
    if value is None:
        return _padded(address) + _padded(",N")
    if isinstance(value, bool):
        return _padded(address) + _padded(",T" if value else ",F")
    if isinstance(value, int):
        return _padded(address) + _padded(",i") + struct.pack(">i", max(-(2**31), min(value, 2**31 - 1)))
    if isinstance(value, float):
        return _padded(address) + _padded(",f") + struct.pack(">f", value)
    return _padded(address) + _padded(",s") + _padded(value)


def _padded(text: str) -> bytes:
    raw = text.partition("\0")[0].encode("utf-8", "replace") + b"\0"
    return raw + bytes(-len(raw) % 4)
