"""Numbers that move towards their goals at a steady pace, so that nothing on the canvas is cut."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Fader:
    """A number that moves towards its goal at a steady pace."""

    value: float
    seconds: float  # from 0 to 1

    def towards(self, goal: float, dt: float) -> float:
        """The value ``dt`` seconds later."""
        step = dt / self.seconds
        self.value += min(max(goal - self.value, -step), step)
        return self.value


class Switch:
    """One of several things is shown: the others fade out while it fades in."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._faders: dict[str, Fader] | None = None

    def towards(self, name: str, dt: float) -> dict[str, float]:
        """How much 0…1 of each is shown ``dt`` seconds later, of those that are shown at all."""
        if self._faders is None:  # the show begins with the one it was asked for
            self._faders = {name: Fader(1.0, self._seconds)}
        self._faders.setdefault(name, Fader(0.0, self._seconds))
        levels = {other: fader.towards(float(other == name), dt) for other, fader in self._faders.items()}
        self._faders = {other: fader for other, fader in self._faders.items() if other == name or levels[other] > 0.0}
        return {other: level for other, level in levels.items() if level > 0.0}
