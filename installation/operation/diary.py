"""What happened, for whoever asks weeks later: a line a minute with the figures, and a line for each fault that comes and goes."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator

from installation.observation import FaultRecord, Measures, Observation
from installation.operation.rounds import Rounds

LOOK = 1.0  # s between two looks at the faults
MINUTE = 60.0  # s between two lines of figures, and between two of one fault that comes again and again
LOGGER = "facets.diary"
MOST_KNOWN = 512  # faults that are remembered; the log of faults itself keeps fewer


class Diary:
    """Writes to the logger ``facets.diary``, in a thread of its own from ``start`` to ``stop``: a disk that is slow delays no picture.

    observe, measure: the show as it is; now: s that never run backwards.
    """

    def __init__(
        self, observe: Callable[[], Observation], measure: Callable[[], Measures], now: Callable[[], float] = time.monotonic
    ) -> None:
        self._observe, self._measure, self._now = observe, measure, now
        self._log = logging.getLogger(LOGGER)
        self._told: dict[str, tuple[int, bool, float]] = {}  # by text: its count when told, whether it lasted, when
        self._next = now() + MINUTE
        self._rounds = Rounds("diary", LOOK, self.look, self._failed, at_once=True)

    def start(self) -> None:
        """Begin."""
        self._rounds.start()

    def stop(self) -> None:
        """A last line, and the end."""
        self._rounds.stop()
        try:
            for line in self._faults(self._observe().fault_log, self._now()):
                self._log.info("%s", line)
            self._log.info("%s", f"end: {figures(self._observe(), self._measure())}")
        except Exception as err:
            self._failed(err)

    def look(self) -> None:
        """One look; whatever is new is written."""
        now = self._now()
        for line in self._faults(self._observe().fault_log, now):
            self._log.info("%s", line)
        if now >= self._next:
            self._next += MINUTE
            if self._next <= now:  # the machine slept: what it missed is not made up for
                self._next = now + MINUTE
            self._log.info("%s", figures(self._observe(), self._measure()))

    def _faults(self, records: tuple[FaultRecord, ...], now: float) -> Iterator[str]:
        for record in records:
            said, lasted, told = self._told.get(record.text, (0, False, float("-inf")))
            lasts = record.open and bool(record.kind)
            if record.count > said and now - told >= MINUTE:
                times = f" ({record.count} times since {record.first})" if record.count > 1 else ""
                yield f"fault: {record.text}{times}"
                said, told = record.count, now
            if lasted and not lasts:
                yield f"over: {record.text} (after {record.lasts(record.last_seconds):.0f} s)"
            self._told[record.text] = (said, lasts, told)
        while len(self._told) > MOST_KNOWN:
            del self._told[next(iter(self._told))]

    def _failed(self, err: Exception) -> None:
        self._log.warning("the diary: %s: %s", type(err).__name__, err)


def brief(seen: Observation) -> str:
    """What fits into a status, and costs nothing to ask."""
    faults, memory = sum(record.open for record in seen.fault_log), f"{seen.memory_mb:.0f} MB"
    return f"{seen.presented_fps:.1f} fps, delay {seen.delay_ms:.0f} ms, faces {seen.faces}, faults {faults}, memory {memory}"


def figures(seen: Observation, m: Measures) -> str:
    """One line. Nobody is named in it: how many visitors there are, and no more."""
    parts = [
        f"{seen.presented_fps:.1f} fps",
        f"gap {1000 * m.gap:.0f} ms",
        f"{seen.portrait_fps:.1f} portraits/s",
        f"delay {seen.delay_ms:.0f} ms",
        f"faces {seen.faces}",
        f"visitors {m.visitors}",
        f"dropped {seen.dropped}",
        f"faults {sum(record.open for record in seen.fault_log)} of {seen.fault_count}",
        f"memory {seen.memory_mb:.0f} MB",
        f"threads {m.threads}",
        f"files {m.files}",
    ]
    if m.celsius is not None:
        parts.append(f"{m.celsius:.0f} °C")
    if seen.frame_age is None:
        parts.append("no frame yet")
    elif seen.frame_age > 2.0:
        parts.append(f"last frame {seen.frame_age:.0f} s ago")
    if seen.schedule is not None:
        parts.append("open" if seen.schedule.open else "closed")
    if m.safe:
        parts.append("safe mode")
    return ", ".join(parts)
