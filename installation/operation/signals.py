"""What the system and the terminal say to end a show."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator

ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)  # asked to, Ctrl-C, the terminal is gone


@contextlib.contextmanager
def on_ending(call: Callable[[], None]) -> Iterator[None]:
    """While the block runs, signals that end a program call ``call``, in the main thread. One that is ignored stays so: under
    nohup a show outlives its terminal. Nothing outside the main thread."""
    before = {}
    if threading.current_thread() is threading.main_thread():
        for number in ENDING:
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, lambda *_: call())
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
