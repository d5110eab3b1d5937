"""From an OSC packet to the controls that it sets, however it came."""

from __future__ import annotations

from dataclasses import dataclass

from installation.control.osc.packets import Argument, Message, PacketError, Unfit, read_packet
from installation.control.osc.patterns import is_pattern, matches
from installation.control.parameters import ParameterTable
from installation.control.state import ControlState

NORM = "/norm"
PATTERNS_KEPT = 64  # a controller sends the same few patterns again and again


@dataclass(frozen=True, slots=True)
class Target:
    """What an address sets: a control, by its value or by the place 0…1 on a fader."""

    name: str
    norm: bool


class Dispatcher:
    """Sets the controls of ``state``, whichever table it has at the time. One for each thread that packets come in by.

    received: messages so far, those that were ignored too; a packet that cannot be read counts as one.
    """

    def __init__(self, state: ControlState) -> None:
        self.received = 0
        self._state = state
        self._table: ParameterTable | None = None  # that the targets were made of
        self._targets: dict[bytes, Target] = {}
        self._patterns: dict[bytes, tuple[Target, ...]] = {}

    def take(self, packet: bytes, source: str, way: str) -> None:
        """Set what a packet says; of one that cannot be read nothing is set. What is ignored is counted by the state. source: whose
        hand it is; way: how the packet came, for the reason why it was ignored."""
        messages: list[Message] = []
        try:
            messages = read_packet(packet)
            self._obey(messages, source)
        except PacketError as err:
            self._state.ignore(f"{way}: {err}")
        finally:
            self.received += max(1, len(messages))

    def _obey(self, messages: list[Message], source: str) -> None:
        if self._table is not self._state.table:
            self._index(self._state.table)
        for address, value in messages:
            target = self._targets.get(address)
            if target is not None:
                self._set(target, value, source)
            else:
                self._set_several(address, value, source)

    def _index(self, table: ParameterTable) -> None:
        """Every address that there is, with what it sets."""
        targets = {row.address.encode(): Target(row.name, False) for row in table.values()}
        targets |= {(row.address + NORM).encode(): Target(row.name, True) for row in table.values() if row.bounded}
        self._table, self._targets, self._patterns = table, targets, {}

    def _set(self, target: Target, value: Argument, source: str) -> None:
        if isinstance(value, Unfit):
            row = self._state.table.get(target.name)
            takes = "is no more" if row is None else f"takes {row.allowed()}, not {value}"
            self._state.ignore(f"{target.name}: {takes}")
        elif target.norm:
            self._state.set_norm(target.name, value, source)
        else:
            self._state.set(target.name, value, source)

    def _set_several(self, pattern: bytes, value: Argument, source: str) -> None:
        """For an address that is no control's own: all that it matches as a pattern."""
        targets = self._patterns.get(pattern)
        if targets is None:
            targets = self._matched(pattern)
            if len(self._patterns) >= PATTERNS_KEPT:
                self._patterns = {}
            if targets:
                self._patterns[pattern] = targets
        if not targets:
            self._state.ignore(f"{repr(pattern[:80])[2:-1]}: no such control")
        for target in targets:
            self._set(target, value, source)

    def _matched(self, pattern: bytes) -> tuple[Target, ...]:
        """A pattern's targets. Places on faders only where it ends in ``/norm``: no star should reach two sorts of number."""
        try:
            text = pattern.decode("ascii")
            if not is_pattern(text):
                return ()
            norm = text.endswith(NORM)
            addresses = [address.decode() for address, target in self._targets.items() if target.norm is norm]
            return tuple(self._targets[address.encode()] for address in matches(text, addresses))
        except ValueError:  # not ASCII, or a bracket that does not close
            return ()
