"""What the canvas shows while the networks are being built: the name, what is going on and for how long, and keys that are heard."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol

from installation.canvas.look import Look
from installation.canvas.scene import Renderer, Scene
from installation.canvas.title import ENDING, KEYS, title

QUICK = 2.0  # s, a start that takes no longer does not say what it measures


class Screen(Protocol):
    """What is needed of the canvas."""

    renderer: Renderer

    def present(self) -> float: ...

    def keys(self) -> list[str]: ...


class Waiting:
    """``step`` a few times a second, in the thread that draws. ``keys``: those pressed meanwhile, in their order. whose: whose keys
    count; pressed: those pressed before; now: s, a clock."""

    def __init__(self, canvas: Screen, whose: str = "all", pressed: Sequence[str] = (), now: Callable[[], float] = time.monotonic) -> None:
        self.keys = [*pressed]
        self._canvas, self._whose, self._now = canvas, whose, now
        self._began = now()
        self._said = ""

    def step(self) -> None:
        """Hear the keys, and show how long it has taken once a second."""
        self.keys += self._canvas.keys()
        seconds = self._now() - self._began
        words = self._words(seconds)
        if words == self._said:
            return
        self._said = words
        renderer, look = self._canvas.renderer, Look(blackout=False)
        page = title(renderer.width, renderer.height, words, KEYS[self._whose])
        renderer.draw(Scene(seconds, 0.0, look, room=0.0, overlays=(page,)))
        self._canvas.present()

    def _words(self, seconds: float) -> str:
        if any(key in ENDING[self._whose] for key in self.keys):  # they are obeyed by the show, which is not there yet
            return "ending as soon as the engine at hand is measured …"
        return "starting …" if seconds < QUICK else f"measuring engines …  {int(seconds)} s"
