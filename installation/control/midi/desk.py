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
from installation.control.midi.grip import SOURCE, Grip, Key, key, keys
from installation.control.midi.inbox import Beats, Event, Inbox, Program
from installation.control.midi.learning import Learner
from installation.control.midi.mapping import NOTHING, Learned, learnable
from installation.control.midi.mapping import Source as Knob
from installation.control.midi.ports import Ports, Wanted
from installation.control.presets.player import SOURCE as PRESET
from installation.control.sound.tempo import CLOCKED, TAPPED
from installation.control.state import Change, ControlState, TableChange

log = logging.getLogger(__name__)

GATHER = 0.003  # s to wait for what comes with an event: the fine part of a position, the rest of a flood
FEEDBACK = 0.03  # s between two rounds of feedback
MOST = 64  # controls in such a round; others wait for the next
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
        self._knobs: dict[str, Knob] = {}
        self._grips: dict[str, Grip] = {}
        self._by_key: dict[Key, list[Grip]] = {}
        self._learner: Learner | None = None
        self._touching = False
        self._changed: dict[str, bool] = {}  # controls that were set, and whether by another hand
        self._hand: str | None = None  # the control that this thread is setting
        self._replugged = False
        self._unsaved = False
        self._looked = self._told = float("-inf")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="midi", daemon=True)
        self._unsubscribe: Callable[[], None] | None = None

    def start(self) -> None:
        """Begin to listen to every port that is there or will be. Raises ConfigError for a port that is none."""
        self._ports = Ports(Wanted.of(self._settings.ports), self._inbox.put, self._replug, self._find_backend)
        self._use(self._file.read(self._state.table, NOTHING))
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
            if self._knobs.pop(name, None) is not None:
                self._grip()
                self._unsaved = True
        self._inbox.wake()

    def learned(self) -> Mapping[str, Knob]:
        """What moves each control."""
        with self._lock:
            return dict(self._knobs)

    def devices(self) -> tuple[str, ...]:
        """The devices that are open."""
        return () if self._ports is None else self._ports.names()

    @property
    def received(self) -> int:
        """Messages since the start."""
        return self._inbox.received

    def _grip(self) -> None:
        """Under the lock: a grip for each knob; those that stay keep what they know."""
        old, self._grips, self._by_key = self._grips, {}, {}
        for name, knob in self._knobs.items():
            before = old.get(name)
            grip = self._grips[name] = before if before is not None and before.source == knob else Grip(name, knob)
            for one in keys(knob):
                self._by_key.setdefault(one, []).append(grip)

    def _hear(self, change: Change | TableChange) -> None:
        """In the thread of whoever set it."""
        if not isinstance(change, Change):
            return
        if self._touching and change.source not in NO_HANDS and learnable(self._state.table.get(change.name)):
            self.learn(change.name)
        if change.name not in self._grips:
            return
        own = self._hand == change.name and threading.current_thread() is self._thread
        with self._lock:
            self._changed[change.name] = self._changed.get(change.name, False) or not own
        if not own:
            self._inbox.wake()

    def _replug(self) -> None:
        self._replugged = True
        self._inbox.wake()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._inbox.wait(FEEDBACK if self._changed or self._learner is not None else LOOK)
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
            with self._lock:
                for name, grip in self._grips.items():
                    grip.lose()
                    self._changed[name] = True
        with self._lock:
            for name, other in self._changed.items():
                if other and name in self._grips:
                    self._grips[name].let_go()
        events, learner = self._inbox.take(), self._learner
        if learner is not None:
            self._teach(learner, events, now)
        self._obey(events, act=learner is None)
        if now - self._told >= FEEDBACK:
            self._told = now
            self._answer()
        if self._unsaved:
            self._save()
        elif now - self._looked >= LOOK:
            self._looked = now
            if self._file.changed():
                self._use(self._file.read(self._state.table, self.learned()))

    def _teach(self, learner: Learner, events: list[Event], now: float) -> None:
        found: Knob | None = None
        for event in events:
            found = found or learner.hear(event, now)
        found = found or learner.decide(now)
        with self._lock:
            if self._learner is not learner:
                return
            if found is not None:  # a knob that moved something else until now moves this alone
                self._knobs = {name: knob for name, knob in self._knobs.items() if knob != found} | {learner.name: found}
                self._grip()
                if found.kind == "control":
                    self._grips[learner.name].stand(learner.steps(found))
                self._changed[learner.name] = True
                self._unsaved = True
                log.info("MIDI: %s moves %s", found.words(), learner.name)
            if found is not None or learner.over(now):
                self._learner = None

    def _obey(self, events: list[Event], act: bool) -> None:
        """Move what the events' knobs hold: a fader's control once, however many positions of it have come."""
        moved: dict[str, Grip] = {}
        for event in events:
            if isinstance(event, Program):
                if act:
                    self._state.set("preset/recall", event.program, SOURCE)
                continue
            for grip in self._by_key.get(key(event), ()):
                row = self._state.table.get(grip.name)
                if row is None:
                    continue
                self._hand = grip.name
                if grip.take(event, row, self._state, act):
                    moved[grip.name] = grip
        for name, grip in moved.items():
            row = self._state.table.get(name)
            if row is not None:
                self._hand = name
                grip.move(row, self._state)
        self._hand = None

    def _answer(self) -> None:
        """Show on the devices what has changed: not on the fader whose own hand it was."""
        assert self._ports is not None
        with self._lock:
            names = [name for name, _ in zip(self._changed, range(MOST), strict=False)]
            changed = [(self._grips.get(name), self._changed.pop(name)) for name in names]
        for grip, other in changed:
            row = None if grip is None else self._state.table.get(grip.name)
            if grip is None or row is None or not (other or grip.source.kind != "control"):
                continue
            for message in grip.shown(row, self._state):
                self._ports.send(grip.source.device, message)

    def _use(self, learned: Learned) -> None:
        """Take what the file says."""
        with self._lock:
            self._knobs = dict(learned)
            self._grip()
            self._changed.update(dict.fromkeys(self._knobs, True))

    def _save(self) -> None:
        self._unsaved = False
        self._file.write(self.learned())
