"""A live stream is decoded in a thread of its own, as fast as it comes: whoever shows it never waits for a network.

Nothing here looks at time stamps. A stream's clock may be wrong, drift or be made up; what counts is when a picture came in.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator

from av import VideoFrame

from installation.clock import Clock
from installation.sources.base import SourceLost

WAIT = 0.1  # s that whoever takes a picture waits for one at most
OLDEST = 0.15  # s since a picture came in, after which it gives way to a newer one
MOST_WAITING = 8  # pictures that are kept
SILENT = 10.0  # s without a picture, after which the stream counts as gone, whatever else it sends


class LiveReader:
    """Turns ``pictures`` in a thread until they end or ``close`` is called; then calls ``let_go``, in that thread.

    in_turn: every picture is kept and the thread waits for whoever takes them, as for streams that come in large pieces;
    otherwise what is older than ``OLDEST`` is left out as soon as something newer is there, and never before.
    """

    def __init__(
        self, name: str, pictures: Iterator[VideoFrame | None], let_go: Callable[[], None], clock: Clock, in_turn: bool = False
    ) -> None:
        self.in_turn = in_turn
        self.late = 0  # pictures left out because newer ones were there
        self._name, self._pictures, self._let_go, self._clock = name, pictures, let_go, clock
        self._waiting: deque[tuple[VideoFrame, float]] = deque()
        self._turn = threading.Condition()
        self._fault: Exception | None = None
        self._closing = False
        self._heard = clock.now()  # s of the clock, when the newest picture came in
        self._thread = threading.Thread(target=self._run, name="stream", daemon=True)
        self._thread.start()

    def wait(self, longest: float) -> bool:
        """Whether there is a picture to take, or one comes within ``longest`` s. Raises SourceLost where none will come."""
        with self._turn:
            self._turn.wait_for(lambda: self._waiting or self._fault is not None, longest)
            if not self._waiting and self._fault is not None:
                raise self._fault
            return bool(self._waiting)

    def take(self, wait: float = WAIT) -> tuple[VideoFrame, float] | None:
        """The next picture and s of the clock when it came in; None where none comes within ``wait`` s.

        Raises SourceLost once the stream has ended, broken off or fallen silent, after everything that was still there.
        """
        with self._turn:
            self._turn.wait_for(lambda: self._waiting or self._fault is not None, wait)
            now = self._clock.now()
            while not self.in_turn and len(self._waiting) > 1 and now - self._waiting[0][1] > OLDEST:
                self._leave_out()
            if self._waiting:
                self._turn.notify_all()
                return self._waiting.popleft()
            if self._fault is not None:
                raise self._fault
            if now - self._heard > SILENT:
                raise SourceLost(f"{self._name}: the stream has sent no picture for {SILENT:g} s")
            return None

    def close(self) -> None:
        """End the thread after the picture in hand, without waiting for it: it may sit in a read from the network."""
        with self._turn:
            self._closing = True
            self._waiting.clear()
            self._turn.notify_all()

    def _run(self) -> None:
        try:
            for picture in self._pictures:
                if not self._put(picture):
                    return
            raise SourceLost(f"{self._name}: the stream ended")
        except Exception as error:  # handed to whoever takes the next picture
            with self._turn:
                self._fault = error
                self._turn.notify_all()
        finally:
            self._let_go()

    def _put(self, picture: VideoFrame | None) -> bool:
        """Whether to go on."""
        with self._turn:
            if picture is None or self._closing:
                return not self._closing
            if self.in_turn:
                self._turn.wait_for(lambda: len(self._waiting) < MOST_WAITING or self._closing)
            elif len(self._waiting) == MOST_WAITING:
                self._leave_out()
            self._heard = self._clock.now()
            self._waiting.append((picture, self._heard))
            self._turn.notify_all()
            return not self._closing

    def _leave_out(self) -> None:
        self._waiting.popleft()
        self.late += 1
