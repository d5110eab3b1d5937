"""From the controls to one style: how much of each, how much of it all, and the oscillator that walks from style to style."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from installation.engines.style_models import BANK_STYLES, VECTOR
from installation.latents.oscillators import Oscillator
from installation.styles.library import Palette, Style

LEAST: Final = 1e-3  # of the picture: less of a style cannot be seen
RARE: Final = 0.02  # of the styled picture: for less than that no second network is run
LEAVE_SECONDS: Final = 1.0  # that a style which is deleted while it shows takes to go
Weights = NDArray[np.float32]


class Values(Protocol):
    """What is read of the live controls: their values by name."""

    @property
    def values(self) -> Mapping[str, float | bool | str]: ...

    def number(self, name: str) -> float: ...

    def flag(self, name: str) -> bool: ...

    def text(self, name: str) -> str: ...


@dataclass(frozen=True, slots=True, eq=False)
class Blend:
    """What is to be painted. bank: [26] weights that sum to 1, vector: [100]; share 0…1: how much of the painted picture is the
    bank's. amount 0…1: how much of the picture is painted; colour 0…1: how much of the colours are the painting's."""

    bank: Weights
    vector: Weights
    share: float
    amount: float = 1.0
    colour: float = 1.0

    def away(self, other: Blend | None) -> float:
        """How far from another blend, 0 for the same, about 1 for one that has nothing in common with it."""
        if other is None:
            return 1.0
        bank = 0.5 * float(np.abs(self.share * self.bank - other.share * other.bank).sum())
        mine, others = (1.0 - self.share) * self.vector, (1.0 - other.share) * other.vector
        size = max(float(np.linalg.norm(mine)), float(np.linalg.norm(others)), 1e-6)
        return max(bank, min(1.0, float(np.linalg.norm(mine - others)) / size), abs(self.share - other.share))


def blend_of(palette: Palette, weights: Mapping[str, float], amount: float = 1.0, colour: float = 1.0) -> Blend | None:
    """One style of many. weights: of each by name, above 0; more than 1 in all is normalised, less lets the picture through.
    None where nothing of any can be seen. Raises KeyError for a style that is not there."""
    return _mixed([(palette.styles[name], weight) for name, weight in weights.items()], amount, colour)


def _mixed(parts: list[tuple[Style, float]], amount: float, colour: float) -> Blend | None:
    total = sum(weight for _, weight in parts)
    amount *= min(1.0, total)
    if amount < LEAST or total <= 0:
        return None
    bank, vector, share = np.zeros(BANK_STYLES, np.float32), np.zeros(VECTOR, np.float32), 0.0
    for style, weight in parts:
        if style.place is not None:
            bank[style.place] += weight
            share += weight
        elif style.vector is not None:
            vector += np.float32(weight) * style.vector
    own = total - share
    share /= total
    share = 1.0 if share > 1.0 - RARE else 0.0 if share < RARE else share
    bank, vector = bank / np.float32(max(float(bank.sum()), 1e-9)), vector / np.float32(max(own, 1e-9))
    return Blend(bank, vector, share, amount, colour)


@dataclass
class Walk:
    """The oscillator that walks from style to style, one a cycle: it stays with each for a while and goes over to the next."""

    oscillator: Oscillator = field(default_factory=Oscillator)
    _cycle: int | None = None
    _pair: tuple[str, str] = ("", "")  # the style that it is at in this cycle, and the one it goes over to

    def step(self, controls: Values, names: list[str], seconds: float, beat: float, beats: float) -> dict[str, float]:
        """The weights of the style it is at and the next one, ``seconds`` and ``beats`` after the last call."""
        amount = controls.number("style/walk/amount")
        rate = controls.number("style/walk/rate")
        if controls.flag("style/walk/sync"):
            self.oscillator.follow(rate, beat, beats)
        else:
            self.oscillator.advance(rate, seconds)
        if amount <= 0.0 or not names:
            return {}
        phase = self.oscillator.phase
        here = math.floor(phase)
        self._go_on(here, names)
        stay = controls.number("style/walk/stay")
        x = min(1.0, max(0.0, (phase - here - stay) / max(1.0 - stay, 1e-3)))
        over = x * x * (3.0 - 2.0 * x)
        at, following = self._pair
        weights = {at: amount * (1.0 - over)}
        weights[following] = weights.get(following, 0.0) + amount * over
        return weights

    def _go_on(self, cycle: int, names: list[str]) -> None:
        """Styles come and go while it walks: it stays with those that it is at, and finds the next one when a cycle ends."""
        at, following = self._pair
        if cycle != self._cycle:
            at, following = (following, "") if self._cycle is not None and cycle == self._cycle + 1 else ("", "")
        if at not in names:
            at, following = names[cycle % len(names)], ""
        if following not in names:
            following = names[(names.index(at) + 1) % len(names)]
        self._cycle, self._pair = cycle, (at, following)


@dataclass(eq=False)
class Blender:
    """Follows the controls. beat: beats since the start at a moment, which only grow."""

    palette: Palette
    beat: Callable[[float], float] = lambda now: 2.0 * now
    _walk: Walk = field(default_factory=Walk)
    _weights: dict[str, float] = field(default_factory=dict)  # as they were last
    _leaving: dict[str, tuple[Style, float]] = field(default_factory=dict)
    _now: float | None = None
    _beat: float = 0.0

    def use(self, palette: Palette) -> None:
        """Take other styles. One that shows and is gone fades. Any thread."""
        old = self.palette
        gone = {name: weight for name, weight in self._weights.items() if name not in palette.styles and weight > 0 and name in old.styles}
        self._leaving = {**self._leaving, **{name: (old.styles[name], weight) for name, weight in gone.items()}}
        self.palette = palette

    def step(self, controls: Values, now: float) -> Blend | None:
        """What is to be painted at ``now``, s; None where nothing is."""
        palette, beat = self.palette, self.beat(now)
        seconds, beats = (0.0, 0.0) if self._now is None else (max(0.0, now - self._now), max(0.0, beat - self._beat))
        self._now, self._beat = now, beat
        if "style/strength" not in controls.values:
            return None
        weights = {name: float(controls.values.get(f"style/{name}/amount", 0.0)) for name in palette.styles}
        walked = self._walk.step(controls, _way(palette, controls.text("style/walk/through"), weights), seconds, beat, beats)
        for name, weight in walked.items():
            weights[name] += weight
        self._weights = weights
        self._leaving = {
            name: (style, weight - seconds / LEAVE_SECONDS)
            for name, (style, weight) in self._leaving.items()
            if weight > seconds / LEAVE_SECONDS and name not in palette.styles
        }
        parts = [(palette.styles[name], weight) for name, weight in weights.items() if weight > 0.0]
        strength, colour = controls.number("style/strength"), controls.number("style/colour")
        return _mixed([*parts, *self._leaving.values()], strength, colour)


def _way(palette: Palette, through: str, weights: Mapping[str, float]) -> list[str]:
    """The styles that the oscillator walks through. Chosen are those that a hand has given some weight."""
    styles = palette.styles.values()
    match through:
        case "paintings":
            return [style.name for style in styles if style.vector is not None]
        case "built-in":
            return [style.name for style in styles if style.place is not None]
        case "chosen":
            return [name for name, weight in weights.items() if weight > LEAST]
    return [style.name for style in styles]
