"""The end of an X server, which Xlib answers with ``exit(1)`` in the middle of a call: here it is noticed, and the program goes on."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from pathlib import Path

OnError = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)
OnExit = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)


class Connection:
    """Watches the connection of SDL's window to its server. Where there is no X server, or an Xlib older than 1.7, nothing is
    watched.

    window: what ``pygame.display.get_wm_info()`` says.
    """

    def __init__(self, window: Mapping[str, object]) -> None:
        self.lost = False
        # Xlib keeps pointers to both: they live as long as this object, which lives as long as the window.
        self._on_error, self._on_exit = OnError(self._note), OnExit(lambda display, data: None)
        path = loaded("libX11.so")
        display = window.get("display")
        if path is None or display is None:
            return
        xlib = ctypes.CDLL(str(path))
        if not hasattr(xlib, "XSetIOErrorExitHandler"):
            return
        pointer = ctypes.pythonapi.PyCapsule_GetPointer
        pointer.restype, pointer.argtypes = ctypes.c_void_p, (ctypes.py_object, ctypes.c_char_p)
        xlib.XSetIOErrorExitHandler.argtypes = (ctypes.c_void_p, OnExit, ctypes.c_void_p)
        xlib.XSetIOErrorHandler(self._on_error)
        xlib.XSetIOErrorExitHandler(pointer(display, b"display"), self._on_exit, None)

    def _note(self, display: int) -> int:
        self.lost = True
        return 0


def loaded(name: str) -> Path | None:
    """The file of a shared library that this program has loaded, by the beginning of its name."""
    try:
        lines = Path("/proc/self/maps").read_text(errors="surrogateescape").splitlines()
    except OSError:
        return None
    paths = (Path(line.split(maxsplit=5)[-1]) for line in lines if "/" in line)
    return next((path for path in paths if path.name.startswith(name)), None)
