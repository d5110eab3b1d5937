"""What the installation sees and how it fares, gathered at most ten times a second for whoever asks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from itertools import islice
from statistics import median
from typing import Any

from installation.observation import Observation, ScheduleSeen
from installation.operation.health import Health, rss_mb
from installation.operation.visitor_slots import VisitorSlots
from installation.slot import Slot

PERIOD = 0.1  # s
RECENT = 60  # pictures that the delay looks back on
SILENT = 10.0  # s without a word from perception, after which nobody is counted as seen


class Observer:
    """Any thread may ask. now: the show's clock; places: who holds which, none where visitors have none."""

    def __init__(self, health: Health, now: Callable[[], float], places: VisitorSlots | None = None) -> None:
        self._health, self._now, self._places = health, now, places
        self._engine, self._model = "", ""
        self._slots: Sequence[Slot[Any]] = ()
        self._schedule: Callable[[], ScheduleSeen | None] = lambda: None
        self._began = now()
        self._lock = threading.Lock()
        self._made = float("-inf")
        self._newest: Observation | None = None

    def begin(
        self, engine: str, model: str, slots: Sequence[Slot[Any]], schedule: Callable[[], ScheduleSeen | None] = lambda: None
    ) -> None:
        """The show is put together: what draws it, the slots whose losses count, and how its schedule stands."""
        self._engine, self._model, self._slots, self._schedule = engine, model, slots, schedule
        self._began = self._now()

    def __call__(self) -> Observation:
        now = self._now()
        with self._lock:
            if self._newest is None or not 0 <= now - self._made < PERIOD:
                self._made, self._newest = now, self._look(now)
            return self._newest

    def _look(self, now: float) -> Observation:
        h = self._health
        there = h.looked is None or now - h.looked < SILENT
        log = h.fault_log.records()
        delays = list(islice(reversed(h.glass_to_glass), RECENT))
        return Observation(
            seconds=now - self._began,
            faces=h.faces if there else 0,
            smiles=h.smiles if there else (),
            presented_fps=h.presented.per_second(now),
            portrait_fps=h.portraits.per_second(now),
            delay_ms=1e3 * median(delays) if delays else 0.0,
            dropped=sum(slot.dropped for slot in self._slots),
            memory_mb=rss_mb(),
            engine=self._engine,
            model=self._model,
            portrait_px=h.portrait_px,
            faults=tuple(record.text for record in log),
            fault_log=log,
            fault_count=h.fault_log.total,
            frame_age=h.frame_age(now),
            schedule=self._schedule(),
            slots=self._places.update(h.smiles if there else (), now) if self._places is not None else (),
        )
