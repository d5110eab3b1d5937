"""What the controls are set to (targets), and what the picture shows of them now (a snapshot that glides after them)."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from installation.control.parameters import PREFIX, Parameter, ParameterTable, Scalar
from installation.errors import ConfigError

# A glide is exponential, so that a fader's stream of values draws one smooth curve: 95 % of the way in the row's seconds,
# and the last thousandth of the range in one step, so that it ends.
TIME_CONSTANTS = 3.0
ARRIVED = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Controls:
    """Every control's value at one moment, by its name: "look/grain". Never changes."""

    values: Mapping[str, Scalar]

    def number(self, name: str) -> float:
        """Raises KeyError for a control that is not in the table, TypeError for text."""
        value = self.values[name]
        if isinstance(value, str):
            raise TypeError(f"{name} is text")
        return value

    def flag(self, name: str) -> bool:
        """Raises KeyError for a control that is not in the table, TypeError for anything but a switch."""
        value = self.values[name]
        if not isinstance(value, bool):
            raise TypeError(f"{name} is not a switch")
        return value

    def text(self, name: str) -> str:
        """Raises KeyError for a control that is not in the table, TypeError for anything but text."""
        value = self.values[name]
        if not isinstance(value, str):
            raise TypeError(f"{name} is not text")
        return value


@dataclass(frozen=True, slots=True)
class ControlCounts:
    """How often a hand went wrong since the start."""

    clamped: int  # out of range, taken at the range's end
    ignored: int  # unknown control, or a value that does not fit


class ControlState:
    """The controls of one installation; any thread may set and read them.

    ``overrides`` replace the table's defaults at the start. Raises ConfigError for an unknown control or a value that does
    not fit; check a file with ``ParameterTable.fault`` first, which lets the error name the line.
    """

    def __init__(self, table: ParameterTable, overrides: Mapping[str, Scalar] = MappingProxyType({})) -> None:
        self.table = table
        faults = {name: reason for name, value in overrides.items() if (reason := table.fault(name, value))}
        if faults:
            raise ConfigError("\n".join(f"controls: {name}: {overrides[name]!r}: {reason}" for name, reason in faults.items()))
        self._lock = threading.Lock()
        self._targets: dict[str, Scalar] = {name: row.default for name, row in table.items()}
        for name, value in overrides.items():
            self._targets[name] = _fitting(table[name], value)[0]  # type: ignore[assignment]  # without fault, so it fits
        self._snapshot = Controls(MappingProxyType(dict(self._targets)))
        self._moving: dict[str, Parameter] = {}  # controls whose snapshot is not at its target yet
        self._now: float | None = None
        self._clamped = 0
        self._ignored = 0

    def set(self, name: str, value: object) -> bool:
        """Set a control by its name or full address. Clamps what is out of range and says True; an unknown control or a
        value that would lose something in its conversion is ignored, and False. Both are counted. Never raises."""
        row = self.table.get(name.removeprefix(PREFIX))
        fitting, clamped = _fitting(row, value) if row else (None, False)
        with self._lock:
            if row is None or fitting is None:
                self._ignored += 1
                return False
            self._clamped += clamped
            if self._targets[row.name] != fitting:
                self._targets[row.name] = fitting
                self._moving[row.name] = row
            return True

    def target(self, name: str) -> Scalar:
        """What a control was set to, not the value it is gliding through. Raises KeyError for an unknown one."""
        with self._lock:
            return self._targets[name.removeprefix(PREFIX)]

    def counts(self) -> ControlCounts:
        with self._lock:
            return ControlCounts(self._clamped, self._ignored)

    def snapshot(self, now: float) -> Controls:
        """The controls at ``now``, seconds of a monotonic clock. While nothing moves it is the same object every time. Loops
        may call it with clocks that differ a little: time never runs backwards."""
        with self._lock:
            seconds = 0.0 if self._now is None else max(0.0, now - self._now)
            first = self._now is None
            self._now = now if self._now is None else max(now, self._now)
            if self._moving:
                values = dict(self._snapshot.values)
                for name, row in tuple(self._moving.items()):
                    value = self._targets[name] if first else _glide(row, values[name], self._targets[name], seconds)
                    values[name] = value
                    if value == self._targets[name]:
                        del self._moving[name]
                self._snapshot = Controls(MappingProxyType(values))
            return self._snapshot


def _fitting(row: Parameter, value: object) -> tuple[Scalar | None, bool]:
    """The value as the row takes it, None where it does not fit, and whether it had to be clamped."""
    coerced = row.coerce(value)
    if coerced is None:
        return None, False
    fitting = row.clamp(coerced)
    return fitting, fitting != coerced


def _glide(row: Parameter, value: Scalar, target: Scalar, seconds: float) -> Scalar:
    """One step from ``value`` toward ``target``. Only fractions glide: a count, a switch or a word jumps."""
    if row.kind != "float" or row.glide <= 0 or isinstance(value, str) or isinstance(target, str):
        return target
    moved = target + (value - target) * math.exp(-seconds * TIME_CONSTANTS / row.glide)
    return target if abs(moved - target) <= ARRIVED * (row.high - row.low) else moved
