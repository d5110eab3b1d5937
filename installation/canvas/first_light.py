"""The window before the program: it is there at once, and says what is going on while the slow parts are imported."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from installation.canvas.title import ENDING, KEYS, title
from installation.canvas.window import Window, WindowSettings
from installation.errors import DisplayError

T = TypeVar("T")
STEP = 0.05  # s between two looks at the keyboard


class FirstLight:
    """A plain window with the name. The canvas takes its place: a program has one window. whose: whose keys count; ``keys``: those
    pressed until now, in their order, for whoever can obey them."""

    def __init__(self, settings: WindowSettings, whose: str) -> None:
        """Raises DisplayError."""
        self._window, self._whose = Window(settings), whose
        self.keys: list[str] = []
        self._line = ""

    def say(self, line: str) -> None:
        """Show what the program is at."""
        if line != self._line:
            self._line = line
            self._window.show(title(*self._window.size, line, KEYS[self._whose]).colour)

    def step(self) -> None:
        """Hear the keys. Raises KeyboardInterrupt where somebody closed the window or pressed a key that ends the show."""
        self.keys += self._window.keys()
        if self._window.closed or any(key in ENDING[self._whose] for key in self.keys):
            raise KeyboardInterrupt

    def beside(self, work: Callable[[], T]) -> T:
        """What ``work`` returns; it runs in a thread of its own, so that the window answers meanwhile. Raises what it raises, and what
        ``step`` raises."""
        done: list[T] = []
        failed: list[BaseException] = []

        def run() -> None:
            try:
                done.append(work())
            except BaseException as err:  # handed to the caller
                failed.append(err)

        thread = threading.Thread(target=run, name="first light", daemon=True)
        thread.start()
        while thread.is_alive():
            thread.join(STEP)
            self.step()
        if failed:
            raise failed[0]
        return done[0]


def first_light(settings: WindowSettings, whose: str) -> FirstLight | None:
    """None where no window can be opened: the canvas says why, or does without."""
    try:
        light = FirstLight(settings, whose)
    except DisplayError:
        return None
    light.say("starting …")
    return light
