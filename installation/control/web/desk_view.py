"""What the panel is told, as JSON: the rows once, afterwards what changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Protocol

from installation.control.midi_mapping import learnable
from installation.control.observation import FaultRecord, Observation
from installation.control.parameters import Parameter
from installation.control.state import ControlState

Json = dict[str, object]
OPEN_FAULTS = 20  # that a browser is told of, the newest


class Presets(Protocol):
    """What the panel wants of the presets."""

    @property
    def current(self) -> str:
        """The preset that shows."""
        ...

    def names(self) -> list[str]:
        """Every preset."""
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
    """All that the panel looks at. phases: cycles of each attribute's oscillator since the start."""

    state: ControlState
    observe: Callable[[], Observation]
    presets: Presets | None = None
    midi: Midi | None = None
    phases: Callable[[], Mapping[str, float]] = dict

    def rows(self) -> Json:
        """The table, and what every control is set to."""
        return {
            "rows": [row_json(row) for row in self.state.table.values()],
            "values": self.state.targets(),
            "presets": self.presets_json(),
        }

    def presets_json(self) -> Json:
        """Names and the one that shows."""
        return {"names": self.presets.names() if self.presets else [], "current": self.presets.current if self.presets else ""}

    def midi_json(self) -> Json | None:
        """Who is learning, and what was learned; None where there is no MIDI."""
        if self.midi is None:
            return None
        return {"learning": self.midi.learning, "learned": {name: str(what) for name, what in self.midi.learned().items()}}

    def pulse(self) -> Json:
        """What is told a few times a second whatever happens."""
        look = self.observe()
        lasting = [record for record in look.fault_log if record.open][-OPEN_FAULTS:]
        seen = asdict(replace(look, fault_log=()))
        health = {**seen, "faults": [text[:300] for text in look.faults[-5:]], "fault_count": max(look.fault_count, len(look.faults))}
        health["fault_log"] = [fault_json(record, look.seconds) for record in look.fault_log[-OPEN_FAULTS:]]
        health["open_faults"] = [fault_json(record, look.seconds) for record in lasting]
        counts = self.state.counts()
        health |= {"ignored": counts.ignored, "clamped": counts.clamped, "last": counts.last, "fading": self.state.fading}
        return {"health": health, "phases": dict(self.phases()), "presets": self.presets_json(), "midi": self.midi_json()}

    def under_way(self) -> Json:
        """Where the picture is for the numbers that are not at their target yet."""
        shown, targets = self.state.shown().values, self.state.targets()
        return {
            name: value for name, value in shown.items() if name in targets and value != targets[name] and isinstance(value, float | int)
        }


def fault_json(record: FaultRecord, now: float) -> Json:
    """One fault: what, since when and for how long, and whether it is over. now: seconds of the show."""
    return {**asdict(record), "text": record.text[:300], "open": record.open, "lasts": round(record.lasts(now), 1)}


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
