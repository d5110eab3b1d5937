"""A disk that is about to die, whoever runs the tests: the superuser, whom no permission stops, too."""

import errno
import os
from pathlib import Path

import pytest

DELETES = ("rename", "unlink", "rmdir")  # of the module os, what it takes to delete


class DyingDisk:
    """refuses: what of the module ``os`` fails now, of ``DELETES``, ``replace`` and ``truncate``; blind: a folder beneath which nobody
    can look."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.refuses: tuple[str, ...] = ()
        self.blind: Path | None = None
        for name in (*DELETES, "replace", "truncate"):
            monkeypatch.setattr(os, name, self._watched(getattr(os, name), lambda path, name=name: name in self.refuses))
        for name in ("stat", "lstat", "listdir"):
            monkeypatch.setattr(os, name, self._watched(getattr(os, name), self._hidden))

    def _hidden(self, path):
        return self.blind is not None and not isinstance(path, int) and Path(os.fsdecode(path)).is_relative_to(self.blind)

    def _watched(self, does, refuses):
        def asked(path, *arguments, **named):
            if refuses(path):
                raise OSError(errno.EIO, os.strerror(errno.EIO), path)
            return does(path, *arguments, **named)

        return asked
