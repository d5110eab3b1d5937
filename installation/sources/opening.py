"""Sources that are not there yet: opened aside, and tried again with growing patience."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from installation.sources.base import CaptureSource, SourceLost

RETRY_FIRST, RETRY_MOST = 1.0, 30.0  # s between attempts to get a source


class Opening:
    """A source that is being opened in a thread of its own: a device or a network may take ten seconds to say no."""

    def __init__(self, open_source: Callable[[], CaptureSource]) -> None:
        self._open_source = open_source
        self._source: CaptureSource | None = None
        self._fault: Exception | None = None
        self._given_up = False
        self._lock = threading.Lock()
        self._done = threading.Event()
        threading.Thread(target=self._run, name="opening", daemon=True).start()

    def wait(self, longest: float) -> CaptureSource | None:
        """The open source; None where it takes more than ``longest`` s from now. Raises whatever opening it raised."""
        if not self._done.wait(longest):
            return None
        if self._fault is not None:
            raise self._fault
        return self._source

    def give_up(self) -> None:
        """Nobody wants the source any more: it is closed as soon as it is open."""
        with self._lock:
            self._given_up = True
            source = self._source
        if source is not None:
            source.close()

    def _run(self) -> None:
        try:
            source = self._open_source()
        except Exception as error:  # handed to whoever waits
            self._fault = error
        else:
            with self._lock:
                self._source = source
                unwanted = self._given_up
            if unwanted:
                source.close()
        self._done.set()


def open_in_time(open_source: Callable[[], CaptureSource], wait: float) -> CaptureSource:
    """Try until the source opens, for ``wait`` s. Raises SourceLost after that, other SourceErrors at once."""
    began, retry = time.monotonic(), RETRY_FIRST
    while True:
        try:
            return open_source()
        except SourceLost:
            left = began + wait - time.monotonic()
            if left <= 0:
                raise
        time.sleep(min(retry, left))
        retry = min(RETRY_MOST, retry * 2)
