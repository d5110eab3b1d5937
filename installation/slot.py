"""A slot of depth one between two loops: the newest value wins, what it replaced is counted."""

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class Slot(Generic[T]):
    """Holds only the newest value. One thread puts, another takes."""

    def __init__(self) -> None:
        self._ready = threading.Condition()
        self._value: T | None = None
        self._fresh = False
        self._closed = False
        self._woken = False
        self.dropped = 0  # values replaced before anybody took them

    def put(self, value: T) -> None:
        """Replace the value; a value nobody took counts as dropped."""
        with self._ready:
            self.dropped += self._fresh
            self._value, self._fresh = value, True
            self._ready.notify()

    def take(self, timeout: float = 0.0) -> T | None:
        """The newest value if it was not taken yet, waiting up to ``timeout`` seconds for one; otherwise None, sooner where somebody
        has called ``wake``."""
        with self._ready:
            if not self._fresh and timeout > 0 and not self._closed:
                self._ready.wait_for(lambda: self._fresh or self._closed or self._woken, timeout)
            self._woken = False
            if not self._fresh:
                return None
            self._fresh = False
            return self._value

    @property
    def fresh(self) -> bool:
        """Whether there is a value that was not taken yet."""
        return self._fresh

    def wake(self) -> None:
        """Let whoever waits, or waits next, go on without a value."""
        with self._ready:
            self._woken = True
            self._ready.notify_all()

    def close(self) -> None:
        """Wake a waiting taker; later takes do not wait."""
        with self._ready:
            self._closed = True
            self._ready.notify_all()
