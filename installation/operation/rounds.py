"""Something that is looked after now and then, beside the show, in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Rounds:
    """Calls ``look`` every ``period`` s from ``start`` to ``stop``. on_error: told what a look raised; the next one comes all the
    same. at_once: whether the first look comes with the start, otherwise a period after it."""

    def __init__(self, name: str, period: float, look: Callable[[], None], on_error: Callable[[Exception], None], at_once: bool) -> None:
        self._period, self._look, self._on_error, self._at_once = period, look, on_error, at_once
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, once a look that is under way is over. More than once, or before the start, does no harm."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        if not self._at_once and self._stop.wait(self._period):
            return
        while not self._stop.is_set():
            try:
                self._look()
            except Exception as err:
                self._on_error(err)
            self._stop.wait(self._period)
