"""All knobs that move a control: what their events do, and what their lights and motors are told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from installation.control.midi.grip import SOURCE, Grip, Key, key, keys
from installation.control.midi.inbox import Event, Program
from installation.control.midi.mapping import Source as Knob
from installation.control.state import Change, ControlState

MOST = 64  # controls in a round of feedback; others wait for the next


class Grips:
    """Any thread may ask which knobs there are, give one away and tell of changes; ``catch_up``, ``obey`` and ``answer`` belong to the
    thread that hears the devices."""

    def __init__(self, state: ControlState) -> None:
        self._state = state
        self._lock = threading.Lock()
        self._knobs: dict[str, Knob] = {}
        self._grips: dict[str, Grip] = {}
        self._by_key: dict[Key, list[Grip]] = {}
        self._changed: dict[str, bool] = {}  # controls that were set, and whether by another hand
        self._hand: str | None = None  # the control that is being set by a knob

    def knobs(self) -> dict[str, Knob]:
        """What moves each control."""
        with self._lock:
            return dict(self._knobs)

    def use(self, knobs: Mapping[str, Knob]) -> None:
        """Let these move what they name, and no others."""
        with self._lock:
            self._hold(dict(knobs))
            self._changed.update(dict.fromkeys(self._knobs, True))

    def forget(self, name: str) -> bool:
        """No knob moves this control any more; whether one did."""
        with self._lock:
            there = name in self._knobs
            if there:
                self._hold({other: knob for other, knob in self._knobs.items() if other != name})
            return there

    def give(self, name: str, knob: Knob, stands: int | None) -> None:
        """Let a knob move this control, and nothing else that it moved until now. stands: its steps, where they are known."""
        with self._lock:
            self._hold({other: held for other, held in self._knobs.items() if held != knob} | {name: knob})
            if stands is not None:
                self._grips[name].stand(stands)
            self._changed[name] = True

    def _hold(self, knobs: dict[str, Knob]) -> None:
        """Under the lock: a grip for each knob; those that stay keep what they know."""
        old, self._knobs, self._grips, self._by_key = self._grips, knobs, {}, {}
        for name, knob in knobs.items():
            before = old.get(name)
            grip = self._grips[name] = before if before is not None and before.source == knob else Grip(name, knob)
            for one in keys(knob):
                self._by_key.setdefault(one, []).append(grip)

    @property
    def waiting(self) -> bool:
        """Whether a device is to be told of something."""
        return bool(self._changed)

    def heard(self, change: Change, here: bool) -> bool:
        """A control was set. here: in the thread that hears the devices. Whether it was by another hand than its own knob's."""
        if change.name not in self._grips:
            return False
        own = here and self._hand == change.name
        with self._lock:
            self._changed[change.name] = self._changed.get(change.name, False) or not own
        return not own

    def lose(self) -> None:
        """Devices have come or gone: where their knobs stand is not known."""
        with self._lock:
            for name, grip in self._grips.items():
                grip.lose()
                self._changed[name] = True

    def catch_up(self) -> None:
        """Let go of what other hands have moved."""
        with self._lock:
            for name, other in self._changed.items():
                if other and name in self._grips:
                    self._grips[name].let_go()

    def obey(self, events: list[Event], act: bool) -> None:
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

    def answer(self, send: Callable[[str, Any], object]) -> None:
        """Show on the devices what has changed: not on the fader whose own hand it was. send: a message to a device of that name."""
        with self._lock:
            names = [name for name, _ in zip(self._changed, range(MOST), strict=False)]
            changed = [(self._grips.get(name), self._changed.pop(name)) for name in names]
        for grip, other in changed:
            row = None if grip is None else self._state.table.get(grip.name)
            if grip is None or row is None or not (other or grip.source.kind != "control"):
                continue
            for message in grip.shown(row, self._state):
                send(grip.source.device, message)
