"""What the show tells of itself under ``/facets/out/``: the same values over UDP and to those who listen by WebSocket."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from installation.control.parameters import PREFIX
from installation.observation import Observation

OUT = f"{PREFIX}out"
SMILES = "smile"  # above the visitors' ids
NOBODY = -1  # id of who holds a free slot
SMILE_STEP = 0.01


@dataclass(frozen=True, slots=True)
class Reading:
    """One value. name: its address below ``/facets/out/``; tag: its OSC type; high: where its range from 0 ends, None: open.

    As for UDP, where nobody asks: step: the smallest change that is told, None where none is; each_second: whether it is told once
    a second though it has not changed, for a patch that was opened late.
    """

    name: str
    tag: str
    value: float | int | str
    description: str
    unit: str = ""
    high: float | int | None = None
    step: float | None = 0.0
    each_second: bool = True

    @property
    def path(self) -> str:
        """``/facets/out/faces``."""
        return f"{OUT}/{self.name}"

    def differs(self, told: float | int | str | None) -> bool:
        """Whether it is to be told after ``told``, the value that was told last, None for none yet."""
        if told is None:
            return True
        if self.step is None or self.value == told:
            return False
        if isinstance(self.value, str) or isinstance(told, str) or not self.value:
            return True
        return abs(self.value - told) >= self.step


def readings(seen: Observation, preset: str) -> Iterator[Reading]:
    """What is told of the show as it is now. The echo of the controls is not among them.

    ``smile/<id>`` comes and goes with its visitor, and no id comes twice. ``visitor/<slot>/…`` is always there.
    """
    yield Reading("faces", "i", seen.faces, "visitors that are seen")
    for number, smile in seen.smiles:
        told = "how much this visitor smiles, 0 to 1"
        yield Reading(f"{SMILES}/{number}", "f", _finite(smile), told, high=1.0, step=SMILE_STEP, each_second=False)
    for place, visitor in enumerate(seen.slots, start=1):
        here, smile = visitor is not None, 0.0 if visitor is None else visitor.smile
        yield Reading(f"visitor/{place}/present", "i", int(here), "1 while somebody holds this place, 0 while it is free", high=1)
        yield Reading(f"visitor/{place}/id", "i", NOBODY if visitor is None else visitor.id, f"their number, {NOBODY} for nobody")
        yield Reading(f"visitor/{place}/smile", "f", _finite(smile), "how much they smile, 0 to 1", high=1.0, step=SMILE_STEP)
    yield Reading("preset", "s", preset, "the preset that was recalled last")
    if seen.schedule is not None:
        yield Reading("schedule/open", "i", int(seen.schedule.open), "1 while it is open, 0 while it is closed", high=1)
        yield Reading("schedule/row", "s", seen.schedule.row, "the row of the schedule that shows, empty for none")
        yield Reading("schedule/next", "s", seen.schedule.next_change, "when the schedule changes next, ISO 8601, empty for never")
    yield Reading("fps", "f", _finite(seen.presented_fps), "pictures presented a second", step=None)
    yield Reading("delay", "f", _finite(seen.delay_ms), "from the camera's picture to the canvas that shows it", "ms", step=None)
    yield Reading("heartbeat", "i", int(_finite(seen.seconds)), "counts the seconds of the show", step=None)


def _finite(value: float) -> float:
    """JSON knows no other numbers, and few patches do."""
    return float(value) if math.isfinite(value) else 0.0
