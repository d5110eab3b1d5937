"""The photographs that somebody works on now: in memory alone, for a while, and not too many."""

from __future__ import annotations

import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from torch import Tensor

from installation.control.web.studio_desk import KEPT_SECONDS, MOST_KEPT, MOST_KEPT_BYTES, StudioError
from installation.messages import Drawing, EditedFace, EncodedFace
from installation.studio.code_file import MOST_PAINTINGS
from installation.studio.people import Person
from installation.studio.photograph import Photograph
from installation.styles.library import Style

SETTLED = 60.0  # s without a move, after which one may give way to somebody who comes
FORGOTTEN = "This picture was forgotten, as nobody had touched it for a while. Your edits are still here: bring the same picture again."
TAKEN_BACK = "This picture is not here any more: its visitor took it back, or its time was over."
MOST_FOUND = 40  # codes of one face
CROWDED = "Too many people are at work here; try again in a minute."


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """What was drawn of one face last. key: of what it was drawn by."""

    key: str
    edited: EditedFace
    drawing: Drawing


@dataclass(eq=False)
class Visit:
    """One photograph on one page. people: from the left; met: codes of those who were chosen; own: the visitor's styles; found: the codes
    [styles, w_dim] of each face that longer looks have found. searched: whether it was opened from a file with such a code. lent: of a
    picture that is somebody else's, whether it may still be had; it is not saved. Belongs to the studio's jobs, but for ``found``, which
    ``Visits`` replaces as a whole."""

    photograph: Photograph
    people: tuple[Person, ...]
    id: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    met: dict[int, EncodedFace] = field(default_factory=dict)
    drawn: dict[int, Drawn] = field(default_factory=dict)
    own: dict[str, Style] = field(default_factory=dict)
    found: Mapping[int, tuple[Tensor, ...]] = field(default_factory=dict)
    searched: bool = False
    lent: Callable[[], bool] | None = None
    used: float = 0.0

    @property
    def bytes(self) -> int:
        """Memory that it holds, about."""
        return (
            self.photograph.bytes
            + sum(one.aligned.crop.nbytes for one in self.people)
            + (2 << 20) * (1 + len(self.met))
            + sum(ws.nbytes for codes in self.found.values() for ws in codes)
        )

    def encoded(self, number: int, code: int) -> EncodedFace:
        """Somebody who was met, with the encoder's code (0) or one that was found, from 1 on. Raises StudioError where there is none."""
        if not code:
            return self.met[number]
        codes = self.found.get(number, ())
        if not 0 < code <= len(codes):
            raise StudioError(400, f"Face {number} has no code {code}.")
        return replace(self.met[number], ws=codes[code - 1])

    @property
    def numbers(self) -> list[int]:
        """Of the faces that can be edited."""
        return [one.number for one in self.people if not one.why]

    def free_style(self) -> str | None:
        """A name that another style of the visitor's own may have; None where there are as many as there may be."""
        return next((name for name in (f"own-{k}" for k in range(1, MOST_PAINTINGS + 1)) if name not in self.own), None)

    def adopt_styles(self, other: Visit) -> dict[str, str]:
        """Take over another visit's own styles; their names here by those that they have there. One that is here already is not taken
        twice, and one that there is no room for has none."""
        names: dict[str, str] = {}
        for theirs, style in other.own.items():
            here = next((name for name, one in self.own.items() if _is_same(one, style)), None) or self.free_style()
            if here is not None:
                self.own.setdefault(here, replace(style, name=here))
                names[theirs] = here
        return names

    def person(self, number: int) -> Person:
        """Raises StudioError where there is none who can be edited."""
        found = next((one for one in self.people if one.number == number), None)
        if found is None or found.why:
            raise StudioError(400, f"Face {number} cannot be edited: {'it is ' + found.why if found else 'there is none'}.")
        return found


def _is_same(one: Style, other: Style) -> bool:
    """Whether two own styles are of one painting."""
    return one.vector is not None and other.vector is not None and np.array_equal(one.vector, other.vector)


class Visits:
    """Any thread may ask. clock: s, monotonic."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, most_bytes: int = MOST_KEPT_BYTES) -> None:
        self._clock, self._most_bytes = clock, most_bytes
        self._lock = threading.Lock()
        self._visits: dict[str, Visit] = {}
        self._taken_back: deque[str] = deque(maxlen=MOST_KEPT)  # ids of lent ones that are gone, whoever noticed it first

    def __len__(self) -> int:
        return len(self._visits)

    def add(self, visit: Visit) -> None:
        """Keep one more. Those that nobody touched for the longest time go for it; raises StudioError where all are being worked on."""
        with self._lock:
            self._prune()
            visit.used = self._clock()
            for other in sorted(self._visits.values(), key=lambda one: one.used):
                if self._fits(visit):
                    break
                if self._clock() - other.used >= SETTLED:
                    del self._visits[other.id]
            if not self._fits(visit):
                raise StudioError(503, CROWDED)
            self._visits[visit.id] = visit

    def _fits(self, visit: Visit) -> bool:
        held = sum(one.bytes for one in self._visits.values())
        return len(self._visits) < MOST_KEPT and held + visit.bytes <= self._most_bytes

    def get(self, id: str, touch: bool = True) -> Visit:
        """Raises StudioError where it is not kept any more. touch: whether it is being worked on."""
        with self._lock:
            self._prune()
            visit = self._visits.get(id)
            if visit is None:
                raise StudioError(410, TAKEN_BACK if id in self._taken_back else FORGOTTEN)
            if touch:
                visit.used = self._clock()
            return visit

    def kept(self, id: str) -> bool:
        """Whether it is still kept."""
        with self._lock:
            self._prune()
            return id in self._visits

    def keep_code(self, id: str, number: int, ws: Tensor) -> int:
        """A code [styles, w_dim] that was found for a face, for as long as the visit lasts; its number, from 1 on. Raises StudioError where
        the visit is not kept any more, or has too many."""
        with self._lock:
            visit = self._visits.get(id)
            if visit is None:
                raise StudioError(410, FORGOTTEN)
            codes = visit.found.get(number, ())
            if len(codes) >= MOST_FOUND:
                raise StudioError(422, f"{MOST_FOUND} codes are the most that are kept of one face; bring the picture again.")
            visit.found = {**visit.found, number: (*codes, ws)}
            return len(codes) + 1

    def left(self, id: str) -> float:
        """Seconds that it is still kept. Raises StudioError."""
        return KEPT_SECONDS - (self._clock() - self.get(id, touch=False).used)

    def forget(self, id: str) -> None:
        """Keep it no longer; one that is not kept is no fault."""
        with self._lock:
            self._visits.pop(id, None)

    def prune(self) -> None:
        """Let go what was kept long enough."""
        with self._lock:
            self._prune()

    def clear(self) -> None:
        """Keep nothing."""
        with self._lock:
            self._visits.clear()

    def _prune(self) -> None:
        now = self._clock()
        kept = {id: one for id, one in self._visits.items() if now - one.used < KEPT_SECONDS and (one.lent is None or one.lent())}
        self._taken_back.extend(id for id, one in self._visits.items() if one.lent is not None and id not in kept)
        self._visits = kept
