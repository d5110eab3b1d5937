"""Carries changes from whatever thread made them to every connected client, thirty times a second at most.

Nothing queues up: a client that is slow finds the newest values in its outbox when it is ready for them, so what it holds is
never more than the table.
"""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field

from installation.control.parameters import Scalar
from installation.control.state import Change, ControlState, TableChange

PERIOD = 1 / 30  # s


@dataclass(slots=True)
class Batch:
    """What happened since the last one. paths: of the table, whether it came (True) or went."""

    values: dict[str, Scalar] = field(default_factory=dict)
    fired: dict[str, Scalar] = field(default_factory=dict)
    paths: dict[str, bool] = field(default_factory=dict)
    notes: dict[str, object] = field(default_factory=dict)  # what else is told, the newest of its kind: {"health": …}

    def merge(self, other: Batch) -> None:
        """Let ``other`` follow on it."""
        for name, there in other.paths.items():
            if not there:
                self.values.pop(name, None)
        self.values |= other.values
        self.fired |= other.fired
        self.paths |= other.paths
        self.notes |= other.notes


class Outbox:
    """What one client has not been sent yet. Belongs to the web thread."""

    def __init__(self) -> None:
        self.heard = 0  # the number of the client's last message whose effect is in the batch
        self.arrived = 0  # the number of the last one that came
        self._batch = Batch()
        self._filled = asyncio.Event()

    def add(self, batch: Batch) -> None:
        """More to send."""
        self._batch.merge(batch)
        self._filled.set()

    def note(self, kind: str, what: object) -> None:
        """Something else to tell."""
        self._batch.notes[kind] = what
        self._filled.set()

    async def take(self) -> Batch:
        """All there is, as soon as there is any."""
        await self._filled.wait()
        batch, self._batch = self._batch, Batch()
        self._filled.clear()
        return batch


class Hub:
    """Hears every change of ``state`` while it runs. ``outboxes`` belong to the web thread."""

    def __init__(self, state: ControlState) -> None:
        self.outboxes: set[Outbox] = set()
        self._state = state
        self._lock = threading.Lock()
        self._batch = Batch()
        self._due = False
        self._flushed = float("-inf")
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Hear changes from now on and hand them out in ``loop``."""
        self._loop = loop
        self._end = self._state.subscribe(self._on_change)

    def stop(self) -> None:
        """Hear no more."""
        self._end()
        with self._lock:
            self._loop = None

    def touch(self) -> None:
        """See to it that the outboxes are looked after soon, though nothing changed."""
        with self._lock:
            self._call()

    def _on_change(self, change: Change | TableChange) -> None:
        with self._lock:
            if not self.outboxes:  # nobody looks: a change costs next to nothing
                return
            if isinstance(change, TableChange):
                self._batch.merge(Batch(paths=dict.fromkeys(change.removed, False) | dict.fromkeys(change.added, True)))
            elif (row := self._state.table.get(change.name)) is not None:
                (self._batch.fired if row.momentary else self._batch.values)[change.name] = change.value
            self._call()

    def _call(self) -> None:
        """Under the lock: have the batch handed out, once."""
        if self._loop is not None and not self._due:
            self._due = True
            self._loop.call_soon_threadsafe(self._schedule)

    def _schedule(self) -> None:
        if self._loop is not None:
            self._loop.call_at(max(self._loop.time(), self._flushed + PERIOD), self._flush)

    def _flush(self) -> None:
        with self._lock:
            batch, self._batch = self._batch, Batch()
            self._due = False
            if self._loop is not None:
                self._flushed = self._loop.time()
        for outbox in self.outboxes:
            outbox.heard = outbox.arrived
            outbox.add(batch)
