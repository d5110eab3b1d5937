"""Oscillators with free phase: the phase is a state of its own, so a change of rate bends the wave and never breaks it."""

import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

TAU: Final = 2 * math.pi


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


@dataclass
class Oscillator:
    """One phase, in cycles since the start. ``seed`` tells smooth random waves apart."""

    seed: int = 0
    phase: float = 0.0

    def advance(self, rate: float, seconds: float) -> None:
        """Turn by ``seconds`` at ``rate`` Hz."""
        self.phase += rate * seconds

    def value(self, shape: str, offset: float = 0.0) -> float:
        """The wave now, -1…1, shifted by ``offset`` cycles. Raises KeyError for an unknown shape."""
        return SHAPES[shape](self.phase + offset, self.seed)
