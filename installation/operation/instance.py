"""One show a folder: a lock that the system lets go of when the process ends, however it ends."""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path
from typing import Self

from installation.errors import ConfigError

LOCK = ".facets.lock"  # in the folder of the live state
LONGEST = 64  # bytes that are read of a lock file


class OtherInstanceError(ConfigError):
    """Another show runs in this folder already. pid: its process, 0 where that is not known."""

    def __init__(self, folder: Path, pid: int) -> None:
        self.pid = pid
        who = f"process {pid}" if pid else "another process"
        super().__init__(
            f"{folder}: {who} runs a show here already; end it first"
            f"{f' (kill {pid})' if pid else ''}, or give this one a folder of its own: --set control.resume_file=FOLDER/state.json"
        )


class InstanceLock:
    """Held from ``take`` to ``release``. folder: where the live state of the show lies.

    The lock is the kernel's (flock), on a file that stays and holds the number of the process; where no file can be written, on the folder
    itself. So a crash, kill -9 and a power cut free it, and nothing that is left behind bars the next start.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._handle: int | None = None

    def take(self) -> Self:
        """Raises OtherInstanceError. A folder that cannot even be opened is locked by nobody: the show runs, and its keeper of the
        state says what is wrong."""
        handle = self._open()
        if handle is None:
            return self
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise OtherInstanceError(self._folder, holder(self._folder)) from None
        except OSError:  # a file system that knows no locks
            os.close(handle)
            return self
        self._handle = handle
        with contextlib.suppress(OSError):  # a folder, or a full disk: then nobody reads who it is
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        return self

    @property
    def held(self) -> bool:
        """Whether this is the only show here, by the lock's word."""
        return self._handle is not None

    def release(self) -> None:
        """More than once does no harm."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _open(self) -> int | None:
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
        for path, how in ((self._folder / LOCK, os.O_RDWR | os.O_CREAT), (self._folder / LOCK, os.O_RDONLY), (self._folder, os.O_RDONLY)):
            with contextlib.suppress(OSError):
                return os.open(path, how | os.O_CLOEXEC | os.O_NONBLOCK, 0o644)
        return None


def holder(folder: Path) -> int:
    """The process that runs a show in the folder; 0 where none does, or it did not write down who it is."""
    try:
        handle = os.open(folder / LOCK, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return 0
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return 0  # nobody held it, and it is let go of again with the handle
    except BlockingIOError:
        text = os.read(handle, LONGEST).strip()
        return int(text) if text.isdigit() else 0
    except OSError:
        return 0
    finally:
        os.close(handle)
