"""What a visitor does to ask for a picture, and to stop it: each way is a class, and a new one is a class more.

A way says who asks and how far they are (``asking``), and whether what is seen means that no picture is wanted after all
(``stops``). Times are seconds of the show's clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

DIP_SECONDS = 0.3  # for which a smile may fail to be measured and still is one
LET_GO = 0.5  # of the smile that is asked for: below it a smile is over
LET_GO_SECONDS = 1.0  # for which it has to be over, so that a word is no end of it


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of the visitors. smiles: 0…1 of each visitor who is seen, by id; raised: those who hold a hand up; pressed:
    whether somebody pressed the button since the last look."""

    smiles: Mapping[int, float] = field(default_factory=lambda: MappingProxyType({}))
    raised: frozenset[int] = frozenset()
    pressed: bool = False


@dataclass(frozen=True, slots=True)
class Asking:
    """who: the visitor, None for nobody in particular; progress: 0…1, at 1 the countdown begins."""

    who: int | None
    progress: float


class Way(Protocol):
    """One way to ask. name: of its texts; anybody: whether it stops every countdown, whoever began it and in whatever way."""

    name: str
    anybody: bool

    def asking(self, seen: Seen, now: float) -> Asking | None:
        """Who asks at ``now``, the one who is nearest to a countdown; None while nobody does. Called at every picture."""
        ...

    def stops(self, seen: Seen, now: float, who: int | None) -> bool:
        """Whether a countdown for ``who`` is to be stopped. Called at every picture of it, instead of ``asking``."""
        ...

    def begin(self) -> None:
        """A countdown begins, or has ended: what was done for it counts no more, and has to be done anew."""
        ...


class HeldSmile:
    """A broad smile for some seconds. Whoever stops smiling stops the countdown. least: 0…1; seconds: how long."""

    name, anybody = "smile", False

    def __init__(self, least: float, seconds: float) -> None:
        self._least, self._seconds = least, seconds
        self._since: dict[int, float] = {}
        self._last: dict[int, float] = {}
        self._over: float | None = None
        self._spent: set[int] = set()  # who has to stop smiling before it counts again

    def asking(self, seen: Seen, now: float) -> Asking | None:
        """The smile that has lasted longest."""
        for visitor, smile in seen.smiles.items():
            if smile >= self._least:
                self._since.setdefault(visitor, now)
                self._last[visitor] = now
            elif smile < LET_GO * self._least:
                self._spent.discard(visitor)
        for visitor in [one for one, last in self._last.items() if now - last > DIP_SECONDS]:
            del self._since[visitor], self._last[visitor]
        self._spent &= set(seen.smiles)
        held = [(now - since, visitor) for visitor, since in self._since.items() if visitor not in self._spent]
        if not held:
            return None
        lasted, visitor = max(held)
        return Asking(visitor, min(1.0, lasted / self._seconds if self._seconds > 0 else 1.0))

    def stops(self, seen: Seen, now: float, who: int | None) -> bool:
        """Whether the smile has been over for a second."""
        smile = None if who is None else seen.smiles.get(who)
        if smile is None or smile >= LET_GO * self._least:
            self._over = None
            return False
        self._over = now if self._over is None else self._over
        return now - self._over >= LET_GO_SECONDS

    def begin(self) -> None:
        """Everybody has to stop smiling first."""
        self._spent |= set(self._since)
        self._since, self._last, self._over = {}, {}, None


class RaisedHand:
    """A hand that is held up for some seconds. Whoever raises one during a countdown stops it, whosever it is. One that was up when its
    visitor was first seen meant something else, such as agreeing to be seen."""

    name, anybody = "hand", True

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._since: dict[int, float] = {}
        self._last: dict[int, float] = {}
        self._spent: set[int] = set()  # who has to lower the hand before it counts again
        self._stopping: dict[int, float] = {}
        self._known: set[int] = set()

    def asking(self, seen: Seen, now: float) -> Asking | None:
        """The hand that has been up longest."""
        self._meet(seen)
        for visitor in seen.raised:
            self._since.setdefault(visitor, now)
            self._last[visitor] = now
        self._forget(now)
        held = [(now - since, visitor) for visitor, since in self._since.items() if visitor not in self._spent]
        if not held:
            return None
        lasted, visitor = max(held)
        return Asking(visitor, min(1.0, lasted / self._seconds if self._seconds > 0 else 1.0))

    def stops(self, seen: Seen, now: float, who: int | None) -> bool:
        """Whether a hand went up that was down since the countdown began. A quarter of the time is enough: to stop is easier than
        to begin."""
        self._meet(seen)
        for visitor in seen.raised:
            self._last[visitor] = now
            if visitor not in self._spent:
                self._stopping.setdefault(visitor, now)
        self._forget(now)
        return any(now - since >= self._seconds / 4 for since in self._stopping.values())

    def begin(self) -> None:
        """Whoever holds one up has to lower it first."""
        self._spent = set(self._last)
        self._since, self._stopping = {}, {}

    def _meet(self, seen: Seen) -> None:
        there = set(seen.smiles)
        self._spent |= (there - self._known) & seen.raised
        self._known = there

    def _forget(self, now: float) -> None:
        for visitor in [one for one, last in self._last.items() if now - last > DIP_SECONDS]:
            del self._last[visitor]
            self._since.pop(visitor, None)
            self._stopping.pop(visitor, None)
            self._spent.discard(visitor)


class Button:
    """The control ``takeaway/take``, by whichever hand; pressed again it stops the countdown."""

    name, anybody = "button", True

    def asking(self, seen: Seen, now: float) -> Asking | None:
        """At once."""
        return Asking(None, 1.0) if seen.pressed else None

    def stops(self, seen: Seen, now: float, who: int | None) -> bool:
        """Whether it was pressed again."""
        return seen.pressed

    def begin(self) -> None:
        """Nothing lasts of a press."""
