"""Oscillators with free phase: the phase is a state of its own, so a change of rate bends the wave and never breaks it."""

import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

TAU: Final = 2 * math.pi
MORPH_SECONDS: Final = 0.4  # from one shape into another
LOCK_RATE: Final = 5.0  # how much of the way to the beat is left after a beat: e to the minus this
ATTACK_SECONDS: Final = 0.03  # time constants of the envelope followers
RELEASE_SECONDS: Final = 0.3


def sine(phase: float, seed: int = 0) -> float:
    """-1…1; 0 and rising at phase 0."""
    return math.sin(TAU * phase)


def triangle(phase: float, seed: int = 0) -> float:
    """-1…1; 0 and rising at phase 0."""
    return 1 - 4 * abs((phase + 0.25) % 1 - 0.5)


def saw(phase: float, seed: int = 0) -> float:
    """Rises from -1 to 1 over each cycle; 0 at phase 0, falls at phase 0.5."""
    return 2 * ((phase + 0.5) % 1) - 1


def square(phase: float, seed: int = 0) -> float:
    """1 in the first half of a cycle, -1 in the second."""
    return 1.0 if phase % 1 < 0.5 else -1.0


def smooth_random(phase: float, seed: int = 0) -> float:
    """Value noise: a random level -1…1 for each cycle, the next one approached along a smoothstep (Perlin 2002)."""
    cycle = math.floor(phase)
    x = phase - cycle
    blend = x * x * x * (x * (6 * x - 15) + 10)
    return _level(cycle, seed) * (1 - blend) + _level(cycle + 1, seed) * blend


def _level(cycle: int, seed: int) -> float:
    return zlib.crc32(f"{seed}:{cycle}".encode()) / 0x7FFFFFFF - 1


SHAPES: Final[dict[str, Callable[[float, int], float]]] = {
    "sine": sine,
    "triangle": triangle,
    "saw": saw,
    "square": square,
    "random": smooth_random,
}
ENVELOPES: Final = {"envelope": "level", "envelope-low": "low", "envelope-mid": "mid", "envelope-high": "high"}
CHOICES: Final = (*SHAPES, *ENVELOPES)


@dataclass(frozen=True, slots=True)
class Levels:
    """How loud it is, 0…1 each: all of the sound, and its low, middle and high band. 0 where nobody listens."""

    level: float = 0.0
    low: float = 0.0
    mid: float = 0.0
    high: float = 0.0


SILENCE: Final = Levels()


class Followers:
    """Envelope followers: up quickly with an attack, down slowly after it."""

    def __init__(self) -> None:
        self.levels = SILENCE

    def step(self, heard: Levels, seconds: float) -> Levels:
        """Follow what is heard for ``seconds``; what is not a number from 0 to 1 is taken into that range."""
        if heard is not SILENCE or self.levels != SILENCE:
            was, up, down = self.levels, 1 - math.exp(-seconds / ATTACK_SECONDS), 1 - math.exp(-seconds / RELEASE_SECONDS)
            self.levels = Levels(
                _followed(was.level, heard.level, up, down),
                _followed(was.low, heard.low, up, down),
                _followed(was.mid, heard.mid, up, down),
                _followed(was.high, heard.high, up, down),
            )
        return self.levels


def _followed(was: float, heard: float, up: float, down: float) -> float:
    goal = min(1.0, heard) if heard > 0 else 0.0  # NaN is silence
    new = was + (goal - was) * (up if goal > was else down)
    return new if new > 1e-6 else 0.0


@dataclass
class Oscillator:
    """One phase, in cycles since the start. ``seed`` tells smooth random waves apart."""

    seed: int = 0
    phase: float = 0.0
    _shape: str = ""
    _last: float = 0.0
    _gap: float = 0.0  # between the wave that was left and the new one, when it was left
    _since: float = MORPH_SECONDS  # s since then
    _locked_rate: float = math.nan

    def advance(self, rate: float, seconds: float) -> None:
        """Turn by ``seconds`` at ``rate`` Hz."""
        self.phase += rate * seconds
        self._locked_rate = math.nan

    def follow(self, rate: float, beat: float, beats: float) -> None:
        """Turn by ``beats``, the way to ``beat``, at ``rate`` cycles a beat, and glide to where such a wave stands that
        began at beat 0: within a beat, without a jump. While the rate itself moves there is no such place to glide to."""
        self.phase += rate * beats
        if rate == self._locked_rate and rate > 0:
            off = (beat * rate - self.phase + 0.5) % 1 - 0.5
            self.phase += off * (1 - math.exp(-LOCK_RATE * beats))
        self._locked_rate = rate

    def value(self, shape: str, offset: float = 0.0, levels: Levels = SILENCE) -> float:
        """The wave now, -1…1, shifted by ``offset`` cycles; an envelope is 0…1. Raises KeyError for an unknown shape."""
        wave = SHAPES.get(shape)
        return wave(self.phase + offset, self.seed) if wave is not None else float(getattr(levels, ENVELOPES[shape]))

    def swing(self, shape: str, offset: float, seconds: float, levels: Levels = SILENCE) -> float:
        """``value``, ``seconds`` after the last call; a change of shape melts into the new wave instead of jumping."""
        value = self.value(shape, offset, levels)
        if shape != self._shape:
            if self._shape:
                self._gap, self._since = self._last - value, 0.0
            self._shape = shape
        else:
            self._since += seconds
        if self._since < MORPH_SECONDS:
            x = self._since / MORPH_SECONDS
            value += self._gap * (1 - x * x * (3 - 2 * x))
        self._last = value
        return value
