"""MIDI learn: which knob was meant. A hand moves it on purpose; a fader that flickers by a step or two is no hand.

An endless knob tells how far it was turned, not where it stands: the same small number again and again, which no fader sends.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from installation.control.midi.inbox import Event, Struck, Turned
from installation.control.midi.mapping import FINE, Mode, Source

WIGGLE = 8  # steps of 127 between the lowest and the highest position
WINDOW = 2.0  # s, in which it has to get there
PAIR = 0.03  # s between the coarse and the fine part of a position
DECIDE = 0.06  # s to wait for a fine part before the knob is taken for a coarse one
PRESSED = frozenset((0, 127))
SAME = 4  # times that an endless knob has to repeat itself
# What endless knobs send, by how they write left. One that writes it as 127 has to be turned right as well: a button may send
# nothing but 127.
RIGHT, TWOS, OFFSET, SIGN = range(1, 9), range(120, 128), (*range(57, 64), *range(65, 72)), range(65, 73)
PATIENCE = 60.0  # s; then nobody learns any more


@dataclass(slots=True)
class Watched:
    """The newest positions of one control. fine: how many of them were followed by a fine part."""

    heard: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=256))
    fine: int = 0
    ready: float | None = None  # s, when it had moved far enough

    def hear(self, value: int, now: float) -> None:
        self.heard.append((now, value))
        while now - self.heard[0][0] > WINDOW:
            self.heard.popleft()
        values = [value for _, value in self.heard]
        if self.ready is None and max(values) - min(values) >= WIGGLE:
            self.ready = now


def turned(values: Sequence[int]) -> Mode | None:
    """How an endless knob that sent these values writes left; None where they can be a fader's."""
    found = set(values)
    if found <= {*RIGHT, *TWOS} and not found.isdisjoint(RIGHT):
        return "twos"
    if found <= set(OFFSET):
        return "offset"
    return "sign" if found <= {*RIGHT, *SIGN} and not found.isdisjoint(RIGHT) else None


def repeats(values: Sequence[int]) -> int:
    """How often a value follows on itself."""
    return sum(one == other for one, other in itertools.pairwise(values))


Address = tuple[str, int, int]  # device, channel, number of the control


class Learner:
    """Listens for the knob that is to move ``name``."""

    def __init__(self, name: str, now: float) -> None:
        self.name = name
        self._until = now + PATIENCE
        self._watched: dict[Address, Watched] = {}

    def over(self, now: float) -> bool:
        """Whether it has waited long enough."""
        return now > self._until

    def hear(self, event: Event, now: float) -> Source | None:
        """The pad that was struck. Knobs are decided on in ``decide``."""
        if isinstance(event, Struck) and event.velocity > 0:
            return Source(event.device, event.channel, "note", event.note)
        if isinstance(event, Turned):
            coarse = self._watched.get((event.device, event.channel, event.number - FINE))
            if coarse is not None and FINE <= event.number < 2 * FINE and now - coarse.heard[-1][0] <= PAIR:
                coarse.fine += 1
            self._watched.setdefault((event.device, event.channel, event.number), Watched()).hear(event.value, now)
        return None

    def decide(self, now: float) -> Source | None:
        """The knob that was turned, once it is clear what kind it is."""
        for (device, channel, number), watched in self._watched.items():
            values = [value for _, value in watched.heard]
            mode, again = turned(values), repeats(values)
            if mode is not None and again >= SAME:
                return Source(device, channel, "encoder", number, mode=mode)
            if mode is not None and again:  # it may yet be one
                continue
            if watched.ready is None or now - watched.ready < DECIDE:
                continue
            coarse = self._watched.get((device, channel, number - FINE)) if FINE <= number < 2 * FINE else None
            if coarse is not None and _paired(coarse):
                return Source(device, channel, "control", number - FINE, 14)
            if number < FINE and _paired(watched):
                return Source(device, channel, "control", number, 14)
            pressed = {value for _, value in watched.heard} == PRESSED
            return Source(device, channel, "button" if pressed else "control", number)
        return None

    def steps(self, knob: Source) -> int:
        """Where a knob that was decided on stands."""
        newest, fine = (self._watched.get((knob.device, knob.channel, number)) for number in (knob.number, knob.number + FINE))
        value = newest.heard[-1][1] if newest else 0
        return value << 7 | (fine.heard[-1][1] if fine else 0) if knob.bits == 14 else value


def _paired(coarse: Watched) -> bool:
    """Whether most positions came with a fine part."""
    return coarse.fine > 0 and 2 * coarse.fine >= len(coarse.heard)
