"""The MIDI desk: knobs, faders and pads that move controls; learned by touching a control and then a knob."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from installation.config import MidiConfig
from installation.control.midi.devices import Backend, system_backend
from installation.control.midi.file import MappingFile
from installation.control.midi.grip import SOURCE
from installation.control.midi.grips import Grips
from installation.control.midi.inbox import Beats, Event, Inbox
from installation.control.midi.learning import Learner
from installation.control.midi.mapping import NOTHING, learnable
from installation.control.midi.mapping import Source as Knob
from installation.control.midi.ports import Ports, Wanted
from installation.control.presets.player import SOURCE as PRESET
from installation.control.sound.tempo import CLOCKED, TAPPED
from installation.control.state import Change, ControlState, TableChange

log = logging.getLogger(__name__)

GATHER = 0.003  # s to wait for what comes with an event: the fine part of a position, the rest of a flood
FEEDBACK = 0.03  # s between two rounds of feedback
LOOK = 1.0  # s between two looks at the file
NO_HANDS = (SOURCE, PRESET, TAPPED, CLOCKED)  # who moves controls without touching them


class MidiDesk:
    """Works in a thread of its own, and touches the state as any hand does.

    file: keeps what was learned; edits of it apply while the program runs. tempo: what a MIDI clock moves, None while there is
    none; clock: now, in seconds of the show. on_fault: told what is wrong with the file.
    """

    def __init__(
        self,
        state: ControlState,
        settings: MidiConfig,
        file: Path,
        tempo: Callable[[], Beats | None],
        clock: Callable[[], float],
        on_fault: Callable[[str], None],
        find_backend: Callable[[], Backend | None] = system_backend,
    ) -> None:
        self._state, self._settings, self._on_fault = state, settings, on_fault
        self._file = MappingFile(file, on_fault)
        self._find_backend = find_backend
        self._inbox = Inbox(tempo, clock)
        self._ports: Ports | None = None
        self._lock = threading.Lock()
        self._grips = Grips(state)
        self._learner: Learner | None = None
        self._touching = False
        self._replugged = False
        self._unsaved = False
        self._looked = self._told = float("-inf")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="midi", daemon=True)
        self._unsubscribe: Callable[[], None] | None = None

    def start(self) -> None:
        """Begin to listen to every port that is there or will be. Raises ConfigError for a port that is none."""
        self._ports = Ports(Wanted.of(self._settings.ports), self._inbox.put, self._replug, self._find_backend)
        self._grips.use(self._file.read(self._state.table, NOTHING))
        self._unsubscribe = self._state.subscribe(self._hear)
        self._thread.start()
        self._ports.start()

    def stop(self) -> None:
        """Close the ports."""
        if self._unsubscribe is not None:
            self._unsubscribe()
        if self._ports is not None:
            self._ports.stop()
        self._stop.set()
        self._inbox.wake()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def learning(self) -> str | None:
        """The control that waits for a knob."""
        learner = self._learner
        return None if learner is None else learner.name

    def learn(self, name: str | None) -> None:
        """Let the next knob that is turned, or pad that is struck, move this control; None: no more. A control that no knob can
        move is ignored, and counted."""
        if name is not None and not learnable(self._state.table.get(name)):
            self._state.ignore(f"{name[:80]}: no knob can move this")
            return
        with self._lock:
            self._touching = False
            self._learner = None if name is None else Learner(name, time.monotonic())
        self._inbox.wake()

    def touch(self) -> None:
        """Let the next control that a hand moves be the one to learn; once more, or while one is learned: no more."""
        with self._lock:
            self._touching = not (self._touching or self._learner is not None)
            self._learner = None

    @property
    def touching(self) -> bool:
        """Whether the next control that a hand moves is the one to learn."""
        return self._touching

    def unlearn(self, name: str) -> None:
        """No knob moves this control any more."""
        with self._lock:
            self._learner = None
            if self._grips.forget(name):
                self._unsaved = True
        self._inbox.wake()

    def learned(self) -> Mapping[str, Knob]:
        """What moves each control."""
        return self._grips.knobs()

    def devices(self) -> tuple[str, ...]:
        """The devices that are open."""
        return () if self._ports is None else self._ports.names()

    @property
    def received(self) -> int:
        """Messages since the start."""
        return self._inbox.received

    def _hear(self, change: Change | TableChange) -> None:
        """In the thread of whoever set it."""
        if not isinstance(change, Change):
            return
        if self._touching and change.source not in NO_HANDS and learnable(self._state.table.get(change.name)):
            self.learn(change.name)
        if self._grips.heard(change, threading.current_thread() is self._thread):
            self._inbox.wake()

    def _replug(self) -> None:
        self._replugged = True
        self._inbox.wake()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._inbox.wait(FEEDBACK if self._grips.waiting or self._learner is not None else LOOK)
            if self._stop.wait(GATHER):
                break
            try:
                self._round(time.monotonic())
            except Exception as err:  # one bad moment must not end MIDI for the night
                log.exception("MIDI failed")
                self._on_fault(f"MIDI: {type(err).__name__}: {err}")
                self._stop.wait(LOOK)
        if self._unsaved:
            self._save()

    def _round(self, now: float) -> None:
        if self._replugged:
            self._replugged = False
            self._grips.lose()
        self._grips.catch_up()
        events, learner = self._inbox.take(), self._learner
        if learner is not None:
            self._teach(learner, events, now)
        self._grips.obey(events, act=learner is None)
        if now - self._told >= FEEDBACK:
            self._told = now
            assert self._ports is not None
            self._grips.answer(self._ports.send)
        if self._unsaved:
            self._save()
        elif now - self._looked >= LOOK:
            self._looked = now
            if self._file.changed():
                self._grips.use(self._file.read(self._state.table, self.learned()))

    def _teach(self, learner: Learner, events: list[Event], now: float) -> None:
        found: Knob | None = None
        for event in events:
            found = found or learner.hear(event, now)
        found = found or learner.decide(now)
        with self._lock:
            if self._learner is not learner:
                return
            if found is not None:
                self._grips.give(learner.name, found, learner.steps(found) if found.kind == "control" else None)
                self._unsaved = True
                log.info("MIDI: %s moves %s", found.words(), learner.name)
            if found is not None or learner.over(now):
                self._learner = None

    def _save(self) -> None:
        self._unsaved = False
        self._file.write(self.learned())
