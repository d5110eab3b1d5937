"""The written history of a show that nobody attends: its log on the disk, and the diary in it."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable

from installation import __version__
from installation.assembly.options import RunOptions
from installation.config import Config
from installation.observation import Measures, Observation
from installation.operation.diary import LOGGER, Diary
from installation.operation.kept_log import KeptLog
from installation.places import kept


def keeps_log(config: Config, options: RunOptions) -> bool:
    """Whether the show writes a log. A run that depends on its input alone never does."""
    wanted = config.operation.log
    return not options.lockstep and (wanted is True or (wanted == "auto" and options.unattended))


class Chronicle:
    """Open from ``start`` to ``stop``; nothing where no log is kept. on_fault: told that nothing can be written; the show goes on."""

    def __init__(
        self,
        config: Config,
        options: RunOptions,
        observe: Callable[[], Observation],
        measure: Callable[[], Measures],
        on_fault: Callable[[str], None],
    ) -> None:
        o = config.operation
        self._handler: KeptLog | None = None
        if keeps_log(config, options):
            self._handler = KeptLog(kept(o.log_folder), o.log_megabytes, o.log_files, on_fault)
            self._diary = Diary(observe, measure)

    def start(self) -> None:
        """Begin to write."""
        if self._handler is None:
            return
        logging.getLogger().addHandler(self._handler)  # what is said on the terminal is said there too
        own = logging.getLogger(LOGGER)
        own.setLevel(logging.INFO)
        own.propagate = False  # a line a minute is for the log, not for the terminal
        own.addHandler(self._handler)
        own.info("begin: Facets %s, process %d", __version__, os.getpid())
        self._diary.start()

    def stop(self) -> None:
        """The last lines. More than once does no harm."""
        handler, self._handler = self._handler, None
        if handler is None:
            return
        self._diary.stop()
        for name in ("", LOGGER):
            logging.getLogger(name).removeHandler(handler)
        handler.close()
