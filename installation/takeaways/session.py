"""One visitor's way to a picture: asking, the countdown, the picture, the film, the code on the canvas. Nothing but time and what is
seen decides; who draws it, takes it and keeps it is elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from installation.takeaways.gestures import Asking, Seen, Way

LEFT_SECONDS = 1.0  # without the visitor who asked, after which there is no picture
TOLD_SECONDS = 3.5  # that a sentence stays
SHOWN_FROM = 0.25  # of the time that a gesture has to be held, from which on it is answered on the canvas
PATIENCE = 3.0  # s beyond its time for a picture or a film that can be taken, as while flashes are held back
MAKING_SECONDS = 20.0  # that a picture may take to be stored, before it is given up


class Phase(Enum):
    """Where it stands."""

    IDLE = "idle"
    ASKING = "asking"  # a gesture is held
    COUNTING = "counting"
    POSING = "posing"  # the picture is to be taken now
    FILMING = "filming"
    MAKING = "making"  # it is being stored
    SHOWING = "showing"  # the code is on the canvas
    TOLD = "told"  # a sentence is


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds. counting: the countdown; filming: how long the film is; showing: how long the code stays."""

    counting: float
    filming: float
    showing: float


@dataclass(frozen=True, slots=True)
class Standing:
    """What there is to see. progress: 0…1 of the phase; left: whole s of the countdown; way: of the gesture; word: which sentence."""

    phase: Phase = Phase.IDLE
    progress: float = 0.0
    left: int = 0
    way: str = ""
    word: str = ""


class Session:
    """``step`` once a picture. ways: how it can be asked for, the earlier before the later."""

    def __init__(self, ways: Sequence[Way], times: Times) -> None:
        self._ways, self._times = tuple(ways), times
        self.phase = Phase.IDLE
        self.who: int | None = None
        self._way = ""
        self._word = ""
        self._since = 0.0
        self._seen_last = 0.0
        self._progress = 0.0

    def step(self, seen: Seen, now: float, refusal: str = "") -> Standing:
        """What is seen at ``now``. refusal: the sentence for whoever asks where no picture can be taken, empty where one can."""
        match self.phase:
            case Phase.IDLE | Phase.ASKING:
                self._ask(seen, now, refusal)
            case Phase.COUNTING:
                self._count(seen, now)
            case Phase.SHOWING:
                self._show(seen, now, refusal)
            case Phase.TOLD:
                self._listen(seen, now)
                if now - self._since >= TOLD_SECONDS:
                    self.drop(now)
            case Phase.POSING:
                if now - self._since >= PATIENCE:
                    self.tell("failed", now)
            case Phase.MAKING:
                if now - self._since >= MAKING_SECONDS:
                    self.tell("failed", now)
            case Phase.FILMING:
                if now - self._since >= self._times.filming + PATIENCE:
                    self.tell("failed", now)
        return self._standing(now)

    def posed(self, now: float) -> None:
        """The picture was taken."""
        self._enter(Phase.FILMING, now)

    def filmed(self, now: float) -> None:
        """The film was taken."""
        self._enter(Phase.MAKING, now)

    def ready(self, now: float) -> None:
        """The picture lies on its page."""
        self._enter(Phase.SHOWING, now)

    def tell(self, word: str, now: float) -> None:
        """No picture; a sentence says so."""
        self._word = word
        self._anew()
        self._enter(Phase.TOLD, now)

    def drop(self, now: float) -> None:
        """Nothing of it is to be seen any more, as in a dark room."""
        if self.phase is not Phase.IDLE:
            self._anew()
            self._enter(Phase.IDLE, now)

    def _anew(self) -> None:
        for way in self._ways:
            way.begin()

    def _ask(self, seen: Seen, now: float, refusal: str) -> None:
        found = self._listen(seen, now)
        if found is None:
            if self.phase is not Phase.IDLE:
                self._enter(Phase.IDLE, now)
            return
        way, asking = found
        self._way, self._progress = way.name, asking.progress
        if asking.progress < 1.0:
            if asking.progress >= SHOWN_FROM and not refusal:
                self._enter(Phase.ASKING, now)
            return
        if refusal:
            self.tell(refusal, now)
        elif not seen.smiles:
            self.tell("nobody", now)
        else:
            self._begin(asking, now)

    def _begin(self, asking: Asking, now: float) -> None:
        self._anew()
        self.who, self._seen_last = asking.who, now
        self._enter(Phase.COUNTING, now)

    def _listen(self, seen: Seen, now: float) -> tuple[Way, Asking] | None:
        """Every way hears what is seen; the one that is nearest."""
        asked = [(way, asking) for way in self._ways if (asking := way.asking(seen, now)) is not None]
        return max(asked, key=lambda pair: pair[1].progress, default=None)

    def _count(self, seen: Seen, now: float) -> None:
        stopped = [way.stops(seen, now, self.who) for way in self._ways if way.anybody or way.name == self._way]
        if seen.smiles if self.who is None else self.who in seen.smiles:
            self._seen_last = now
        if any(stopped) or now - self._seen_last >= LEFT_SECONDS:
            self.tell("stopped", now)
        elif now - self._since >= self._times.counting:
            self._enter(Phase.POSING, now)

    def _show(self, seen: Seen, now: float, refusal: str) -> None:
        """A gesture has to wait for the end of the code; the button need not."""
        found = self._listen(seen, now)
        if found is not None and seen.pressed and found[0].name == "button":
            self._ask(seen, now, refusal)
        elif now - self._since >= self._times.showing:
            self.drop(now)

    def _enter(self, phase: Phase, now: float) -> None:
        if phase is not self.phase:
            self.phase, self._since = phase, now

    def _standing(self, now: float) -> Standing:
        t = self._times
        seconds = {Phase.COUNTING: t.counting, Phase.FILMING: t.filming, Phase.SHOWING: t.showing}.get(self.phase, 0.0)
        spent = now - self._since
        progress = self._progress if self.phase is Phase.ASKING else min(1.0, spent / seconds) if seconds > 0 else 0.0
        left = max(1, -int(-(seconds - spent) // 1)) if self.phase is Phase.COUNTING else 0
        return Standing(self.phase, progress, left, self._way, self._word if self.phase is Phase.TOLD else "")
