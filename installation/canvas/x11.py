"""The end of an X server. Xlib answers it with ``exit(1)`` in the middle of whatever it was asked for, and GL drivers that get no
answer crash: there is no way back into that call, so what is to be done must be done in it."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from pathlib import Path

from installation.errors import DisplayError
from installation.operation.saying import say

GONE = "the display is gone: its server has ended or closed the connection; start again once it is back"
OnError = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)


class Connections:
    """Watches this program's connections to X servers; one object lives as long as the window. Where there is no Xlib, nothing is
    watched.

    ended: called in the thread that draws, where a connection breaks; it ends the program, and never returns.
    """

    def __init__(self, ended: Callable[[], None]) -> None:
        self.ended = ended
        self._on_error = OnError(self._note)  # Xlib keeps a pointer to it
        path = loaded("libX11.so")
        if path is not None:
            ctypes.CDLL(str(path)).XSetIOErrorHandler(self._on_error)

    def _note(self, display: int) -> int:
        try:
            self.ended()
        finally:
            end_at_once()
        return 0


def end_at_once() -> None:
    """Say it and end the process, with nothing torn down: that would ask the server again."""
    say(f"facets: {GONE}", sys.stderr)
    os._exit(DisplayError.exit_code)


def loaded(name: str) -> Path | None:
    """The file of a shared library that this program has loaded, by the beginning of its name."""
    try:
        lines = Path("/proc/self/maps").read_text(errors="surrogateescape").splitlines()
    except OSError:
        return None
    paths = (Path(line.split(maxsplit=5)[-1]) for line in lines if "/" in line)
    return next((path for path in paths if path.name.startswith(name)), None)
