"""What the panel is told, as JSON: the rows once, afterwards what changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Protocol

from installation.control.midi.mapping import learnable
from installation.control.parameters import Parameter
from installation.control.presets.asks import RecallAnswer, Tell
from installation.control.presets.catalogue import Catalogue
from installation.control.presets.saving import Backup
from installation.control.state import ControlState
from installation.control.web.grids import GuestDoor
from installation.control.web.preview import Preview
from installation.control.web.sketches import SketchBoard
from installation.control.zone_book import ZoneBook
from installation.observation import FaultRecord, Observation

Json = dict[str, object]
MOST_FAULTS = 20  # the newest


class Presets(Protocol):
    """What the panel wants of the presets."""

    @property
    def current(self) -> str:
        """The preset that shows."""
        ...

    @property
    def catalogue(self) -> Catalogue:
        """Every preset, and what MIDI programs call it."""
        ...

    def ask(self, text: str, source: str) -> RecallAnswer:
        """Recall what a person typed."""
        ...

    def save(self, title: str, over: bool, tell: Tell) -> bool:
        """Keep the controls under a title; ``tell`` hears how that went, in any thread."""
        ...

    def backups(self, name: str) -> list[Backup]:
        """The states before of a preset, the newest first. Reads the disk."""
        ...

    def restore(self, name: str, key: str, tell: Tell) -> bool:
        """Put one of them back."""
        ...


class Midi(Protocol):
    """What the panel wants of the MIDI desk."""

    @property
    def learning(self) -> str | None:
        """The control that waits for a knob."""
        ...

    def learn(self, name: str | None) -> None:
        """Wait for a knob for this control; None: no more."""
        ...

    def unlearn(self, name: str) -> None:
        """No knob moves this control any more."""
        ...

    def learned(self) -> Mapping[str, object]:
        """What moves each control, by the control's name, in words."""
        ...


@dataclass(frozen=True, slots=True)
class Show:
    """All that the panel looks at. phases: cycles of each attribute's oscillator since the start; sketches: of each style;
    takeaways: how they stand, None where there are none; guests: how a face of a grid comes into the mirror; pictures: whether it may
    show the source's pictures; zones: those in which faces do not count; camera: the picture that they are drawn over; studio: whether
    there is a photo page; operator: whether there is a page for the operator."""

    state: ControlState
    observe: Callable[[], Observation]
    presets: Presets | None = None
    midi: Midi | None = None
    phases: Callable[[], Mapping[str, float]] = dict
    sketches: SketchBoard | None = None
    takeaways: Callable[[], Json] | None = None
    guests: GuestDoor | None = None
    pictures: Callable[[], bool] = lambda: True
    zones: ZoneBook | None = None
    camera: Preview | None = None
    studio: bool = False
    operator: bool = False

    def rows(self) -> Json:
        """The table, and what every control is set to."""
        return {
            "rows": [row_json(row) for row in self.state.table.values()],
            "values": self.state.targets(),
            "presets": self.presets_json(),
            "studio": self.studio,
            "operator": self.operator,
        }

    def presets_json(self) -> Json:
        """Names, titles and numbers, and the one that shows."""
        if self.presets is None:
            return {"names": [], "current": "", "titles": {}, "numbers": {}}
        catalogue = self.presets.catalogue
        return {
            "names": list(catalogue.presets),
            "current": self.presets.current,
            "titles": {name: preset.called for name, preset in catalogue.presets.items()},
            "numbers": {name: catalogue.numbers.get(name) for name in catalogue.presets},
        }

    def midi_json(self) -> Json | None:
        """Who is learning, and what was learned; None where there is no MIDI."""
        if self.midi is None:
            return None
        return {"learning": self.midi.learning, "learned": {name: str(what) for name, what in self.midi.learned().items()}}

    def zones_json(self) -> Json | None:
        """The zones in which faces do not count, and the size of the picture that they are in; None where there are none to draw."""
        if self.zones is None:
            return None
        size = None if self.camera is None else self.camera.size
        return {
            "fixed": [zone.numbers() for zone in self.zones.fixed],
            "drawn": [zone.numbers() for zone in self.zones.drawn],
            "size": None if size is None else list(size),
        }

    def pulse(self) -> Json:
        """What is told a few times a second whatever happens."""
        look = self.observe()
        seen = asdict(replace(look, fault_log=(), faults=()))
        records: Sequence[FaultRecord | str] = look.fault_log or look.faults
        faults = [fault_json(record, look.seconds) for record in records]
        health = {**seen, "faults": faults[-MOST_FAULTS:], "fault_count": sum(not fault["ended"] for fault in faults)}
        counts = self.state.counts()
        health |= {"ignored": counts.ignored, "clamped": counts.clamped, "last": counts.last, "fading": self.state.fading}
        return {
            "health": health,
            "phases": dict(self.phases()),
            "presets": self.presets_json(),
            "midi": self.midi_json(),
            "takeaways": None if self.takeaways is None else self.takeaways(),
            "pictures": self.pictures(),
            "zones": self.zones_json(),
            **self._sketched(),
        }

    def _sketched(self) -> Json:
        return {} if self.sketches is None else {"sketches": self.sketches.numbers()}

    def under_way(self) -> Json:
        """Where the picture is for the numbers that are not at their target yet."""
        shown, targets = self.state.shown().values, self.state.targets()
        return {
            name: value for name, value in shown.items() if name in targets and value != targets[name] and isinstance(value, float | int)
        }


def fault_json(fault: FaultRecord | str, now: float) -> Json:
    """A fault for the browser: its text, when it was seen first and last (s since 1970), how often, how long it lasts at ``now``
    seconds of the show, and whether it is over. What only has a text is one that was seen once and goes on."""
    if isinstance(fault, str):
        return {"text": fault[:300], "ended": False}
    first, last = (datetime.fromisoformat(moment).timestamp() for moment in (fault.first, fault.last))
    return {
        "text": fault.text[:300],
        "first": first,
        "last": last,
        "count": fault.count,
        "lasts": round(fault.lasts(now), 1),
        "ended": not fault.open,
    }


def row_json(row: Parameter) -> Json:
    """One control for the browser, what is usual left out."""
    told: Json = {"name": row.name, "kind": row.kind, "what": row.description, "access": row.access}
    if row.bounded:
        told |= {"low": row.low, "high": row.high, "curve": row.curve, "unit": row.unit}
    if row.circular:
        told["circular"] = True
    if row.choices:
        told["choices"] = list(row.choices)
    if not learnable(row):
        told["learn"] = False
    if not row.momentary:
        told["default"] = row.default
    return told
