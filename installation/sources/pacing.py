"""Where each picture of a clip lies in time, whatever its container says.

Time stamps may be missing, run backwards, jump by an hour or come in the order of decoding. A clip plays on through all of
that: a step that cannot be true is replaced by the length of the picture before it.
"""

from __future__ import annotations

LONGEST_GAP = 5.0  # s from a picture to the next, beyond which a step that nothing speaks for is taken for damage
LONGEST_JOINT = 1.0  # s, the same where time stamps are known to jump: in broadcasts and discs, which are pieced together
LONGEST_HOLD = 60.0  # s that a picture may stand because its container says so
SHORTEST_STEP = 1e-3  # s; less is no step at all


class ClipClock:
    """Gives pictures their places in the order in which they are decoded. ``period``: s, how long a picture stands where
    nothing better is known; ``trusted``: whether the time stamps were recorded, not made up while reading; ``pieced``: whether
    they may jump."""

    def __init__(self, period: float, trusted: bool = True, pieced: bool = False) -> None:
        self._period = period
        self._trusted = trusted
        self._believable = max(LONGEST_JOINT if pieced else LONGEST_GAP, 3 * period)
        self._shown = _Stamps()
        self._decoded = _Stamps()
        self._time = 0.0  # s from the pass's beginning, of the newest picture
        self._lasts = 0.0  # s that it stands
        self._count = 0

    @property
    def lasts(self) -> float:
        """s that the newest picture stands."""
        return self._lasts

    @property
    def end(self) -> float:
        """s from the beginning, when the newest picture is over."""
        return self._time + self._lasts

    def place(self, shown: float | None, decoded: float | None, lasts: float | None) -> float:
        """s from the beginning, at which the next picture is to be shown; never less than for the one before.

        shown, decoded, lasts: s, what the container says of when it is shown and decoded and for how long; None: nothing.
        """
        by_shown, by_decoded = self._shown.step(shown, self._time), self._decoded.step(decoded, self._time)
        if self._count:
            # The order of decoding tells the time where the order of showing has been wrong more often.
            in_order = self._shown.faults <= self._decoded.faults or self._decoded.last is None
            self._time += self._believed(by_shown if in_order and shown is not None else by_decoded)
        self._count += 1
        self._lasts = self._length(lasts)
        for stamps, stamp in ((self._shown, shown), (self._decoded, decoded)):
            stamps.place(stamp, self._time)
        return self._time

    def _believed(self, step: float | None) -> float:
        """The step where it can be true, otherwise the length of the picture before."""
        most = max(self._believable, 1.5 * self._lasts)
        if not self._trusted or step is None or not SHORTEST_STEP <= step <= most:
            return self._lasts
        return step

    def _length(self, lasts: float | None) -> float:
        most = max(LONGEST_HOLD, 3 * self._period)
        return lasts if lasts is not None and SHORTEST_STEP <= lasts <= most else self._period


class _Stamps:
    """One series of time stamps, and how often it failed to rise."""

    def __init__(self) -> None:
        self.faults = 0
        self.last: float | None = None  # s
        self._time = 0.0  # s, the place that was given to it

    def step(self, stamp: float | None, time: float) -> float | None:
        """s from ``time``, the place of the picture before, to where ``stamp`` would be; None where it is not known."""
        if stamp is None or self.last is None:
            return None
        self.faults += stamp <= self.last
        return self._time + stamp - self.last - time

    def place(self, stamp: float | None, time: float) -> None:
        """A picture with this stamp was given its place at ``time``."""
        if stamp is not None:
            self.last, self._time = stamp, time
