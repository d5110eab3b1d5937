"""The beat: tapped, set, or taken from a MIDI clock; what oscillators lock to. It only ever runs forwards, and never jumps."""

from __future__ import annotations

import itertools
import math
import statistics
import threading
from collections import deque
from collections.abc import Callable, Sequence

from installation.control.state import Change, ControlState, TableChange

TAP, BPM = "transport/tap", "transport/bpm"
TAPPED, CLOCKED = "tempo", "clock"  # whose hand sets transport/bpm: taps, or a MIDI clock
FORGET = 2.0  # s without a tap, after which the next one begins anew
TAPS = 9  # the newest that count
TOLERANCE = 0.15  # of an interval: a tap that is further off is a slip
TICKS = 24  # of a MIDI clock in a beat
WINDOW = 2 * TICKS + 1  # ticks that its tempo is read from
ENOUGH = 12  # ticks, before it is
LOST = 0.5  # s without a tick, after which the clock has gone
BAR = 4  # beats, that a MIDI start counts from
PACE = 1.8  # how much of a step of the phase is left after a beat: e to the minus this
NEWS = 0.05  # beats a minute: a smaller change is not told
BACKWARDS = 0.9  # of the tempo: a step back may slow the beat so far down


class Tempo:
    """Beats since the start. A step of the phase, as by a tap beside the beat, is glided to.

    clock: now, in seconds of the show's clock; taps are heard in the thread that sends them, and timed there. Any thread may
    tap, tick and ask; ``step`` brings ``transport/bpm`` up to date.
    """

    def __init__(self, state: ControlState, clock: Callable[[], float]) -> None:
        self._state, self._clock = state, clock
        self._lock = threading.Lock()
        self._low, self._high = state.table[BPM].low, state.table[BPM].high
        self._bpm = float(state.target(BPM))
        self._at, self._from = clock(), 0.0  # s, and the beat that it was
        self._off = 0.0  # beats that the shown beat is beside it, at ``_at``; fades
        self._pace = PACE
        self._taps: deque[float] = deque(maxlen=TAPS)
        self._ticks: deque[float] = deque(maxlen=WINDOW)
        self._count = 0  # of the newest tick, since the clock came or started
        self._started = False  # a MIDI start came, and no tick since
        self._told = self._bpm
        self._news: tuple[float, str] | None = None
        self._end = state.subscribe(self._hear)

    @property
    def bpm(self) -> float:
        """Beats a minute."""
        return self._bpm

    def beat(self, now: float) -> float:
        """Beats since the start; whole numbers are the beat itself."""
        with self._lock:
            return self._shown(now)

    def tap(self, now: float) -> None:
        """The beat is now. From the second tap on, the tempo is the mean of the intervals that agree with most of them."""
        with self._lock:
            if self._ticks and now - self._ticks[-1] <= LOST:
                return  # the clock knows better
            if self._taps and not 0 < now - self._taps[-1] <= FORGET:
                self._taps.clear()
            self._taps.append(now)
            if len(self._taps) == 1:
                self._step_to(now, round(self._shown(now)))
                return
            intervals = [b - a for a, b in itertools.pairwise(self._taps)]
            usual = statistics.median(intervals)
            good = [interval for one in intervals if (interval := _one_beat(one, usual)) is not None]
            # A hand that has not found its beat yet: the middle will do.
            self._set_bpm(now, 60 * len(good) / sum(good) if good else 60 / usual, TAPPED)
            if not good or _one_beat(intervals[-1], usual) is not None:
                self._step_to(now, round(self._shown(now)))

    def clock_tick(self, now: float) -> None:
        """One of the 24 ticks of a beat. Tempo and phase are those of the line through the newest two beats of ticks, so
        that the jitter of single ones does not show."""
        with self._lock:
            if self._ticks and not 0 <= now - self._ticks[-1] <= LOST:
                self._ticks.clear()
            if not self._ticks and not self._started:  # the clock came: its first tick falls where the beat is
                self._count = round(self._shown(now) * TICKS) - 1
            self._started = False
            self._ticks.append(now)
            self._count += 1
            if len(self._ticks) >= ENOUGH:
                start, seconds = _line(self._ticks)
                if seconds > 0:
                    self._set_bpm(now, 60 / (TICKS * seconds), CLOCKED)
                    last = start + seconds * (len(self._ticks) - 1)  # when the newest tick was meant to be
                    self._step_to(now, self._count / TICKS + (now - last) * self._bpm / 60)

    def start(self, now: float) -> None:
        """A MIDI start: the next tick is the first of a bar."""
        with self._lock:
            self._ticks.clear()
            self._count, self._started = BAR * round(self._shown(now) / BAR) * TICKS - 1, True

    def stop(self, now: float) -> None:
        """A MIDI stop: the beat runs on at the tempo it had."""
        with self._lock:
            self._ticks.clear()

    def step(self, now: float) -> None:
        """One turn of the display: tell the control what taps and clock have found."""
        with self._lock:
            news, self._news = self._news, None
        if news is not None:
            self._state.set(BPM, *news)

    def close(self) -> None:
        """Hear nothing more."""
        self._end()

    def _hear(self, change: Change | TableChange) -> None:
        if not isinstance(change, Change):
            return
        if change.name == TAP:
            self.tap(self._clock())
        elif change.name == BPM and change.source not in (TAPPED, CLOCKED):
            with self._lock:
                self._set_bpm(self._clock(), float(change.value), "")

    def _true(self, now: float) -> float:
        return self._from + (now - self._at) * self._bpm / 60

    def _left(self, now: float) -> float:
        """What is left at ``now`` of the last step of the phase."""
        return self._off * math.exp(-self._pace * max(0.0, now - self._at) * self._bpm / 60)

    def _shown(self, now: float) -> float:
        return self._true(now) + self._left(now)

    def _set_bpm(self, now: float, bpm: float, source: str) -> None:
        """Under the lock: another tempo from ``now`` on. source: who is to have set the control, "" where it is set already."""
        self._from, self._off, self._at = self._true(now), self._left(now), now
        self._bpm = min(max(bpm, self._low), self._high)
        if source and abs(self._bpm - self._told) > NEWS:
            self._told = self._bpm
            self._news = (round(self._bpm, 2), source)
        elif not source:
            self._told = self._bpm

    def _step_to(self, now: float, beat: float) -> None:
        """Under the lock: the beat is really this one; glide to it."""
        self._off = self._shown(now) - beat
        self._from, self._at = beat, now
        self._pace = min(PACE, BACKWARDS / max(abs(self._off), 1e-9))


def _one_beat(interval: float, usual: float) -> float | None:
    """The beat that an interval between taps speaks for, though some were left out; None for a slip."""
    beats = round(interval / usual)
    one = interval / beats if beats else math.inf
    return one if abs(one - usual) <= TOLERANCE * usual else None


def _line(times: Sequence[float]) -> tuple[float, float]:
    """Where the straight line through times (by their place from 0) begins, and its step: least squares."""
    count = len(times)
    middle, mean = (count - 1) / 2, sum(times) / count
    slope = sum((place - middle) * (time - mean) for place, time in enumerate(times)) / sum((p - middle) ** 2 for p in range(count))
    return mean - slope * middle, slope
