"""A log that nobody can fill: what is said again and again is one line a minute with a count, an error is one line with no
traceback, and what opens the panel is left out.

A terminal, a journal and a disk are shared with the show; a stranger who can make the program complain a thousand times a
second could fill them all.
"""

from __future__ import annotations

import logging
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

MINUTE = 60.0  # s
MOST_KINDS = 256
LINES_A_MINUTE = 60  # of one logger, whatever they say
LONGEST = 400  # characters
NUMBERS = re.compile(r"\d+")
SECRETS = re.compile(r"(token=|facets_token=|bearer )[^&;,\s'\"]+", re.IGNORECASE)
Kind = tuple[str, str | None]  # a logger and what it says; None: whatever it says


@dataclass(slots=True)
class Count:
    """Lines of one kind in the minute that began then."""

    began: float
    said: int = 0
    folded: int = 0


class FoldedLog(logging.Filter):
    """For a handler, or for the logger that a library is given. free: lines of a kind that pass in a minute; after them the first
    line of a later minute says how many there were between. foreign: whether strangers have a word in the lines, which are made
    short and printable then. tracebacks: whether an error keeps its traceback."""

    def __init__(self, free: int = 1, foreign: bool = True, tracebacks: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._free, self._foreign, self._tracebacks, self._clock = free, foreign, tracebacks, clock
        self._counts: OrderedDict[Kind, Count] = OrderedDict()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line passes; it is made fit for the log on its way."""
        now = self._clock()
        kind = (record.name, NUMBERS.sub("#", str(record.msg))[:LONGEST])
        folded = self._folded(kind, self._free, now)
        if folded is None or self._folded((record.name, None), LINES_A_MINUTE, now) is None:
            return False
        self._tidy(record, folded)
        return True

    def _folded(self, kind: Kind, most: int, now: float) -> int | None:
        """Lines that were held back since the last one that passed; None where this one is to be held back too."""
        count = self._counts.get(kind)
        if count is None:
            count = self._counts[kind] = Count(now)
            if len(self._counts) > MOST_KINDS:
                self._counts.popitem(last=False)
        self._counts.move_to_end(kind)
        folded = 0
        if now - count.began >= MINUTE:
            folded, count.began, count.said, count.folded = count.folded, now, 0, 0
        if count.said >= most:
            count.folded += 1
            return None
        count.said += 1
        return folded

    def _tidy(self, record: logging.LogRecord, folded: int) -> None:
        try:
            text = record.getMessage()
        except Exception:  # arguments that do not fit the words: the words alone
            text = str(record.msg)
        if record.exc_info and not self._tracebacks:
            kind, err = record.exc_info[:2]
            text += f": {kind.__name__}: {err}" if kind is not None else ""
            record.exc_info = record.exc_text = None
        text = SECRETS.sub(r"\1…", text)
        if self._foreign:
            text = "".join(letter if letter.isprintable() else "?" for letter in " ".join(text[: 2 * LONGEST].split()))
            text = text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
        record.msg = f"{text} (and {folded} more like it since)" if folded else text
        record.args = None
