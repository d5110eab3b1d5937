"""Watches the files of directions while the show runs: an artist's own attribute becomes a control as soon as its file lies
in the folder, and a file that is broken changes nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from installation.errors import FacetsError
from installation.operation.rounds import Rounds

if TYPE_CHECKING:
    from installation.latents.directions import DirectionSet

log = logging.getLogger(__name__)

PERIOD = 0.5  # s between two looks


class DirectionWatch:
    """Looks at the files in a thread of its own and reads them there.

    paths: files and folders, as ``models.directions`` names them. load: reads them all, or raises WeightsError. on_new: told
    of directions that were read, in this thread. on_fault: told why they cannot be.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        load: Callable[[Sequence[Path]], DirectionSet],
        on_new: Callable[[DirectionSet], None],
        on_fault: Callable[[str], None],
    ) -> None:
        from installation.latents.direction_folder import stamps

        self._paths, self._load, self._on_new, self._on_fault = tuple(paths), load, on_new, on_fault
        self._stamps = stamps
        self._known = self._seen = stamps(self._paths)
        self._rounds = Rounds("directions", PERIOD, self.look, self._fail, at_once=False)

    def start(self) -> None:
        """Begin to look."""
        self._rounds.start()

    def stop(self) -> None:
        """End, once a file that is being read has been."""
        self._rounds.stop()

    def look(self) -> None:
        """One look. Files count when two looks in a row find them the same: one may be half-way through being copied."""
        seen, self._seen = self._seen, self._stamps(self._paths)
        if self._seen != seen or seen == self._known:
            return
        self._known = seen
        try:
            directions = self._load(self._paths)
        except FacetsError as err:
            self._on_fault(f"{err}; the directions stay as they were")
            return
        log.info("directions: %s", ", ".join(directions.names))
        self._on_new(directions)

    def _fail(self, err: Exception) -> None:
        """Whatever is in a folder, the show goes on with what it has."""
        log.error("directions could not be read", exc_info=err)
        self._on_fault(f"directions: {type(err).__name__}: {err}")
