"""Threads that were left behind at the end of a show, for it may not wait for them.

The program leaves them at once and ends with ``os._exit``. Whoever runs a show inside a Python of their own goes on, and when that
Python ends it waits a while: a library whose thread is cut off ends the whole process with an abort.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable
from typing import Final

LONGEST: Final = 30.0  # s


def when_python_ends(wait: Callable[[float], object]) -> None:
    """wait: waits so many s for a thread, at most."""
    atexit.register(wait, LONGEST)
