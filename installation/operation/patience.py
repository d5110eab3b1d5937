"""Says what the program is at where a start takes long, so that nobody takes it for hung."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

FIRST, EVERY = 4.0, 10.0  # s until the first line, and between two


@contextmanager
def told(what: str, say: Callable[[str], None], first: float = FIRST, every: float = EVERY) -> Iterator[None]:
    """Say ``what`` once it has taken ``first`` s, and again every ``every`` s with the time it has taken; nothing where it is
    quick."""
    start, over = time.monotonic(), threading.Event()

    def run() -> None:
        wait = first
        while not over.wait(wait):
            say(f"{what}; {time.monotonic() - start:.0f} s so far")
            wait = every

    teller = threading.Thread(target=run, name="patience", daemon=True)
    teller.start()
    try:
        yield
    finally:
        over.set()
        teller.join()
