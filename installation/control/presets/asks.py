"""What hands ask of the presets, kept small: a flood of wishes costs a picture no more than one of each kind."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from installation.control.state import Change

MOST_TITLES = 8  # saves under different names between two pictures


@dataclass(frozen=True, slots=True)
class RecallAnswer:
    """How a wish went, in words for whoever had it. name: of the preset that it is about. asks: whether it would go over that
    preset, and waits for a yes."""

    done: bool
    text: str
    name: str = ""
    asks: bool = False


Tell = Callable[[RecallAnswer], None]  # in any thread


def nobody(answer: RecallAnswer) -> None:
    """For a hand that cannot be told."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Between two pictures. titles: to save under, each once; wanted: the preset recalled last, by name or number; steps: taken
    from there, forward or back."""

    titles: tuple[str, ...] = ()
    wanted: str | int | None = None
    steps: int = 0


class Asks:
    """Gathers wishes from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._titles: dict[str, None] = {}
        self._wanted: str | int | None = None
        self._steps = 0

    def hear(self, change: Change) -> bool:
        """Whether there was room for it."""
        with self._lock:
            if change.name == "preset/save":
                title = str(change.value)
                if title not in self._titles and len(self._titles) >= MOST_TITLES:
                    return False
                self._titles[title] = None
            elif change.name in ("preset/next", "preset/previous"):
                self._steps += 1 if change.name == "preset/next" else -1
            else:
                recall = change.name == "preset/recall"
                value = change.value if recall else change.name.split("/")[1]
                self._wanted, self._steps = value if isinstance(value, str) else int(value), 0
            return True

    def take(self) -> Asked | None:
        """What was asked since the last time; None where nothing was."""
        if not self._titles and self._wanted is None and not self._steps:
            return None
        with self._lock:
            asked = Asked(tuple(self._titles), self._wanted, self._steps)
            self._titles, self._wanted, self._steps = {}, None, 0
        return asked


class Allowance:
    """``most`` at once, and one more every ``seconds``."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most, self._seconds = most, seconds
        self._left, self._then = float(most), 0.0

    def take(self, now: float) -> bool:
        """Whether one more may be had at ``now``, s."""
        self._left = min(self._most, self._left + max(0.0, now - self._then) / self._seconds)
        self._then = max(now, self._then)
        if self._left < 1:
            return False
        self._left -= 1
        return True
