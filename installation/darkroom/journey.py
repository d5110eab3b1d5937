"""A way through faces: stations, when each is reached, and what is between them."""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import torch

from installation.codes.code import Code
from installation.latents.residuals import crossed

NOTHING: Mapping[str, float] = MappingProxyType({})
DECAY = 4.0  # how quickly a pulse fades, in times e a beat


@dataclass(frozen=True, slots=True, eq=False)
class Station:
    """A face, edits by name, styles by name with their weights."""

    code: Code
    edits: Mapping[str, float] = field(default_factory=lambda: NOTHING)
    styles: Mapping[str, float] = field(default_factory=lambda: NOTHING)

    def toward(self, other: Station, share: float) -> Station:
        """``share`` 0…1 of the way to another one."""
        if share <= 0:
            return self
        if share >= 1:
            return other
        a, b = self.code, other.code
        code = a if a is b else Code(a.name, torch.lerp(a.ws, b.ws, share), crossed(a.detail, b.detail, share))
        return Station(code, _between(self.edits, other.edits, share), _between(self.styles, other.styles, share))


def _between(a: Mapping[str, float], b: Mapping[str, float], share: float) -> Mapping[str, float]:
    return {name: (1 - share) * a.get(name, 0.0) + share * b.get(name, 0.0) for name in {**a, **b}}


@dataclass(frozen=True, slots=True)
class Swing:
    """An edit that swings through the whole film: from 0 to ``amount`` and back ``cycles`` times; a whole number of them closes a loop.

    pulses: on every beat instead, from ``amount`` down to nothing."""

    name: str
    amount: float
    cycles: float = 1.0
    pulses: bool = False


@dataclass(frozen=True, eq=False)
class Journey:
    """times: s, one for each station, growing. ease: 0…1 to 0…1. hold: 0…1, the share of each leg that a station is stayed at. beats: s,
    where pulses fall."""

    stations: Sequence[Station]
    times: Sequence[float]
    seconds: float
    ease: Callable[[float], float]
    hold: float = 0.0
    swings: Sequence[Swing] = ()
    beats: Sequence[float] = field(default_factory=tuple)

    def at(self, moment: float) -> Station:
        """Where it is at a moment, s."""
        leg = bisect.bisect_right(self.times, moment) - 1
        if leg < 0:
            found = self.stations[0]
        elif leg >= len(self.stations) - 1:
            found = self.stations[-1]
        else:
            start, end = self.times[leg], self.times[leg + 1]
            share = (moment - start) / max(end - start, 1e-9)
            moving = min(1.0, max(0.0, (share - self.hold) / max(1.0 - self.hold, 1e-9)))
            found = self.stations[leg].toward(self.stations[leg + 1], self.ease(moving))
        if not self.swings:
            return found
        edits = dict(found.edits)
        for swing in self.swings:
            edits[swing.name] = edits.get(swing.name, 0.0) + self._swung(swing, moment)
        return Station(found.code, edits, found.styles)

    def _swung(self, swing: Swing, moment: float) -> float:
        if not swing.pulses:
            return swing.amount * (0.5 - 0.5 * math.cos(math.tau * swing.cycles * moment / max(self.seconds, 1e-9)))
        beat = bisect.bisect_right(self.beats, moment) - 1
        if beat < 0:
            return 0.0
        gap = (self.beats[beat + 1] if beat + 1 < len(self.beats) else moment + 1.0) - self.beats[beat]
        return swing.amount * math.exp(-DECAY * (moment - self.beats[beat]) / max(gap, 1e-3))


def evenly(count: int, seconds: float) -> list[float]:
    """Times of stations without a beat: the first at 0, the last at the end."""
    return [seconds * k / max(count - 1, 1) for k in range(count)]


def on_beats(count: int, beats: Sequence[float], every: int, seconds: float) -> list[float]:
    """Times of stations, the first at 0 and each other one on a beat, ``every`` beats apart; where the sound ends before the stations do,
    those left are beyond its end. Raises ValueError where there is no beat."""
    if not beats:
        raise ValueError("there is no beat")
    gap = (beats[-1] - beats[0]) / max(len(beats) - 1, 1) or 0.5
    first = every if beats[0] < gap else every - 1  # a beat at the very start is where the first station is
    times = [0.0]
    for k in range(count - 1):
        place = first + k * every
        times.append(beats[place] if 0 <= place < len(beats) else beats[-1] + (place - len(beats) + 1) * gap)
    return times
