"""What comes from MIDI ports, gathered until somebody looks: a flood costs memory and time only up to a limit."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

CALM = 64  # events that may wait one by one; after that, each knob's newest position only
MOST = 1024  # notes and program changes that may wait; more are dropped
TICKS_A_SECOND = 300  # of a clock; 300 beats a minute are 120
CLOCK_GONE = 1.0  # s without a tick, after which another device may give the beat


@dataclass(frozen=True, slots=True)
class Turned:
    """A control change. channel 0…15, number and value 0…127."""

    device: str
    channel: int
    number: int
    value: int


@dataclass(frozen=True, slots=True)
class Struck:
    """A note begins, or ends with velocity 0."""

    device: str
    channel: int
    note: int
    velocity: int


@dataclass(frozen=True, slots=True)
class Program:
    """A program change, from 0."""

    device: str
    channel: int
    program: int


Event = Turned | Struck | Program


class Beats(Protocol):
    """What a MIDI clock moves."""

    def clock_tick(self, now: float) -> None: ...
    def start(self, now: float) -> None: ...
    def stop(self, now: float) -> None: ...


class Inbox:
    """Any thread may put; one takes. Clock messages go to ``beats`` at once, timed by ``clock``, the show's."""

    def __init__(self, beats: Callable[[], Beats | None], clock: Callable[[], float]) -> None:
        self._beats, self._clock = beats, clock
        self._lock = threading.Lock()
        self._filled = threading.Event()
        self._events: deque[Event] = deque()
        self._newest: dict[tuple[str, int, int], Turned] = {}
        self.received = 0
        self.dropped = 0
        self._leader, self._ticked, self._second, self._ticks = "", float("-inf"), float("-inf"), 0

    def put(self, device: str, message: Any) -> None:
        """One mido message. What means nothing here, such as system exclusive ones, is passed over."""
        self.received += 1
        match message.type:
            case "control_change":
                self._turn(Turned(device, message.channel, message.control, message.value))
            case "note_on":
                self._add(Struck(device, message.channel, message.note, message.velocity))
            case "note_off":
                self._add(Struck(device, message.channel, message.note, 0))
            case "program_change":
                self._add(Program(device, message.channel, message.program))
            case "clock" | "start" | "stop":
                self._beat(device, message.type)

    def _turn(self, event: Turned) -> None:
        if event.number >= 120:  # channel mode: all notes off, reset; no knob sends these
            return
        with self._lock:
            if len(self._events) < CALM:
                self._events.append(event)
            else:
                self._newest[event.device, event.channel, event.number] = event
        self._filled.set()

    def _add(self, event: Event) -> None:
        with self._lock:
            if len(self._events) < MOST:
                self._events.append(event)
            else:
                self.dropped += 1
        self._filled.set()

    def _beat(self, device: str, kind: str) -> None:
        """One device alone gives the beat, and never so fast that following it is work."""
        beats, real = self._beats(), time.monotonic()
        with self._lock:
            if device != self._leader and real - self._ticked < CLOCK_GONE:
                return
            self._leader, self._ticked = device, real
            if real - self._second >= 1:
                self._second, self._ticks = real, 0
            self._ticks += 1
            if self._ticks > TICKS_A_SECOND:
                self.dropped += 1
                return
        if beats is None:
            return
        now = self._clock()
        if kind == "clock":
            beats.clock_tick(now)
        elif kind == "start":
            beats.start(now)
        else:
            beats.stop(now)

    def wake(self) -> None:
        """End a ``wait``."""
        self._filled.set()

    def wait(self, seconds: float) -> None:
        """Until something is there, or the time is over."""
        if self._filled.wait(seconds):
            self._filled.clear()

    def take(self) -> list[Event]:
        """All that waits, in its order."""
        with self._lock:
            events = [*self._events, *self._newest.values()]
            self._events.clear()
            self._newest.clear()
        return events
