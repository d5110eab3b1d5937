"""What the canvas shows while the networks are being built: a black window that answers, and, where it takes long, why."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from installation.canvas.hud import HudPainter, HudState
from installation.canvas.look import Look
from installation.canvas.scene import Renderer, Scene

QUICK = 4.0  # s, a start that takes no longer is not spoken of


class Screen(Protocol):
    """What is needed of the canvas."""

    renderer: Renderer

    def present(self) -> float: ...

    def keys(self) -> list[str]: ...


class Waiting:
    """``step`` a few times a second, in the thread that draws. ``keys``: those pressed meanwhile, in their order. now: s, a clock."""

    def __init__(self, canvas: Screen, now: Callable[[], float] = time.monotonic) -> None:
        self.keys: list[str] = []
        self._canvas, self._now = canvas, now
        self._painter = HudPainter(canvas.renderer.width, canvas.renderer.height)
        self._began = now()
        self._said = ""

    def step(self) -> None:
        """Hear the keys, and show how long it has taken once a second."""
        self.keys += self._canvas.keys()
        seconds = self._now() - self._began
        words = f"Starting: fitted to this machine for {int(seconds)} s" if seconds >= QUICK else "…"
        if words == self._said:
            return
        self._said = words
        state = HudState(notices=(words,)) if seconds >= QUICK else None
        look = Look(blackout=False)
        self._canvas.renderer.draw(Scene(seconds, 0.0, look, room=0.0, overlays=self._painter.overlays(state, seconds)))
        self._canvas.present()
