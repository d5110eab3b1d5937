"""The configuration's file while the show runs: somebody may edit it, and break it. The show goes on with what it began with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from installation.config import Config, load_config
from installation.errors import FacetsError
from installation.operation.rounds import Rounds

LOOK = 2.0  # s between two looks
KIND = "configuration"  # the fault of a file that is broken now


class ConfigWatch:
    """Looks from ``start`` to ``stop``. check: raises FacetsError for a configuration that no show could
    begin with; fault, over: as of ``Health``; say: told once that the next start will be another."""

    def __init__(
        self,
        path: Path,
        overrides: tuple[str, ...],
        running: Config,
        check: Callable[[Config], None],
        fault: Callable[[str, str], None],
        over: Callable[[str], None],
        say: Callable[[str], None],
    ) -> None:
        self._path, self._overrides, self._running, self._check = path, overrides, running, check
        self._fault, self._over, self._say = fault, over, say
        self._stamp = _stamp(path)
        self._rounds = Rounds("configuration", LOOK, self.look, lambda err: fault(f"{path}: {err}", ""), at_once=False)

    def start(self) -> None:
        """Begin."""
        self._rounds.start()

    def stop(self) -> None:
        """End."""
        self._rounds.stop()

    def look(self) -> None:
        """One look."""
        stamp = _stamp(self._path)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        self._over(KIND)
        try:
            new = load_config(self._path, self._overrides)
            self._check(new)
        except FacetsError as err:
            first, *more = str(err).split("\n")
            others = f" (and {len(more)} more)" if more else ""
            self._fault(f"{first}{others}; the show goes on as it began, and would not start again like this", KIND)
            return
        if new.model_dump() != self._running.model_dump():
            self._say(f"{self._path} has changed; that counts from the next start on")


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """Tells one state of a file from the next; None where there is none."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
