"""Watches the folder of styles while the show runs: a picture becomes a style, with its controls, as soon as it lies there."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from installation.operation.rounds import Rounds
from installation.styles.folder import Stamp, stamps_of
from installation.styles.library import Library, Palette

log = logging.getLogger(__name__)

PERIOD = 0.4  # s between two looks


class StyleWatch:
    """Looks at the folder in a thread of its own and reads it there. on_new: told of the styles there are now; on_fault: of what is
    no style. Both in this thread."""

    def __init__(self, folder: Path, library: Library, on_new: Callable[[Palette], None], on_fault: Callable[[str], None]) -> None:
        self._folder, self._library, self._on_new, self._on_fault = folder, library, on_new, on_fault
        self._known: dict[str, Stamp] | None = None  # the first look reads all: a picture may have come since the show was built
        self._seen = dict(stamps_of(folder))
        self._rounds = Rounds("styles", PERIOD, self.look, self._fail, at_once=False)

    def start(self) -> None:
        """Begin to look."""
        self._rounds.start()

    def stop(self) -> None:
        """End, once a picture that is being read has been."""
        self._rounds.stop()

    def look(self) -> None:
        """One look. Pictures count when two looks in a row find them the same: one may be half-way through being copied."""
        seen, self._seen = self._seen, dict(stamps_of(self._folder))
        if self._seen != seen or seen == self._known:
            return
        self._known = seen
        palette, notice = self._library.look()
        if notice:
            self._on_fault(notice)
        log.info("styles: %s", ", ".join(palette.styles))
        self._on_new(palette)

    def _fail(self, err: Exception) -> None:
        """Whatever is in a folder, the show goes on with what it has."""
        log.error("styles could not be read", exc_info=err)
        self._on_fault(f"styles: {type(err).__name__}: {err}")
