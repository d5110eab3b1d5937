"""What the controls are set to (targets), and what the picture shows of them now (a snapshot that glides after them)."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from installation.control.easing import EASINGS
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
    """How often a hand went wrong since the start, and how the last one did."""

    clamped: int  # out of range, taken at the range's end
    ignored: int  # unknown control, or a value that does not fit
    last: str = ""  # why the last one was ignored


@dataclass(frozen=True, slots=True)
class Change:
    """A control was set, or something was set off. source: whose hand it was, such as "osc", "midi" or "preset"."""

    name: str
    value: Scalar
    source: str


@dataclass(frozen=True, slots=True)
class TableChange:
    """Controls came or went while the show runs."""

    added: tuple[str, ...]
    removed: tuple[str, ...]


Listener = Callable[[Change | TableChange], None]


@dataclass(slots=True)
class Fade:
    """One control's way from where the picture was to its target. began: s, None until the next snapshot."""

    row: Parameter
    start: Scalar
    end: Scalar
    seconds: float
    easing: Callable[[float], float]
    began: float | None = None

    def value(self, now: float) -> tuple[Scalar, bool]:
        """The value at ``now``, and whether it has arrived."""
        if self.began is None:
            self.began = now
        share = 1.0 if self.seconds <= 0 else (now - self.began) / self.seconds
        if share >= 1:
            return self.end, True
        return self.row.between(self.start, self.end, self.easing(max(0.0, share))), False


class Motion:
    """What the picture shows of the targets: glides and fades after them. Whoever calls holds the state's lock.

    shown: the newest snapshot. fresh: whether something was set since.
    """

    def __init__(self, targets: Mapping[str, Scalar]) -> None:
        self.shown = Controls(MappingProxyType(dict(targets)))
        self.fresh = False
        self.fades: dict[str, Fade] = {}
        self._moving: dict[str, Parameter] = {}  # controls whose snapshot is not at its target yet
        self._now: float | None = None

    def aim(self, row: Parameter) -> None:
        """The row has a new target, to glide to."""
        self._moving[row.name] = row
        self.fresh = True

    def fade(self, row: Parameter, end: Scalar, seconds: float, curve: Callable[[float], float]) -> None:
        """Let a control fade to ``end`` from where the picture is, whatever moved it until now."""
        self._moving.pop(row.name, None)
        self.fades.pop(row.name, None)
        start = self.shown.values[row.name]
        if start != end:  # most of a whole state stays where it is
            self.fades[row.name] = Fade(row, start, end, seconds, curve)
            self.fresh = True

    def replace(self, table: ParameterTable, targets: Mapping[str, Scalar]) -> None:
        """Controls that stay go on moving as they do."""
        values = self.shown.values
        self.shown = Controls(MappingProxyType({name: values.get(name, value) for name, value in targets.items()}))
        self._moving = {name: table[name] for name in self._moving if name in targets}
        self.fades = {name: fade for name, fade in self.fades.items() if name in targets}

    def step(self, now: float, slack: float, targets: Mapping[str, Scalar]) -> Controls:
        """The snapshot at ``now``; see ``ControlState.snapshot``."""
        if self._now is not None and now - self._now <= slack and not self.fresh:
            return self.shown
        self.fresh = False
        first, seconds = self._now is None, 0.0 if self._now is None else max(0.0, now - self._now)
        self._now = moment = now if self._now is None else max(now, self._now)
        if self._moving or self.fades:
            values = dict(self.shown.values)
            for name, fade in tuple(self.fades.items()):
                values[name], arrived = fade.value(moment)
                if arrived:
                    del self.fades[name]
            for name, row in tuple(self._moving.items()):
                value = targets[name] if first else _glide(row, values[name], targets[name], seconds)
                values[name] = value
                if value == targets[name]:
                    del self._moving[name]
            self.shown = Controls(MappingProxyType(values))
        return self.shown


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
        self._overrides = {name: _fitting(table[name], value)[0] for name, value in overrides.items()}
        self._targets = self._beginnings(table)
        self._motion = Motion(self._targets)
        self._listeners: tuple[Listener, ...] = ()
        self._clamped = 0
        self._ignored = 0
        self._last = ""

    def _beginnings(self, table: ParameterTable) -> dict[str, Scalar]:
        values: dict[str, Scalar] = {name: row.default for name, row in table.items() if not row.momentary}
        return values | {name: value for name, value in self._overrides.items() if name in values and value is not None}

    def set(self, name: str, value: object, source: str = "") -> bool:
        """Set a control, or set something off, by its name or full address. Clamps what is out of range and says True; an
        unknown control or a value that would lose something in its conversion is ignored, and False. Both are counted.
        Takes the control out of a fade: the hand wins. Never raises."""
        with self._lock:  # the row as well: it may be taken out of the table meanwhile
            row = self.table.get(name.removeprefix(PREFIX))
            fitting, clamped = _fitting(row, value) if row else (None, False)
            if row is None or fitting is None:
                self._ignored += 1
                wrong = f"{name[:80]}: no such control" if row is None else f"{name}: {_shown(value)} is not {row.allowed()}"
                self._last = _readable(wrong)
                return False
            self._clamped += clamped
            # The release of a button is no news, and neither is a target that it already has.
            told = fitting is not False if row.kind == "trigger" else row.momentary or self._aim(row, fitting)
        if told:
            self._tell(Change(row.name, fitting, source))
        return True

    def set_norm(self, name: str, share: object, source: str = "") -> bool:
        """``set`` with the place 0…1 on a fader; for numbers with a range."""
        row = self.table.get(name.removeprefix(PREFIX))
        number = share if isinstance(share, int | float) and not isinstance(share, bool) and abs(share) < math.inf else None
        if row is None or not row.bounded or number is None:
            with self._lock:
                self._ignored += 1
                self._last = _readable(f"{name[:80]}/norm: takes 0 to 1 for a control with a range")
            return False
        if not 0 <= number <= 1:
            with self._lock:
                self._clamped += 1
        return self.set(row.name, row.from_norm(number), source)

    def _aim(self, row: Parameter, value: Scalar) -> bool:
        """Under the lock: a new target; whether it is new."""
        faded = self._motion.fades.pop(row.name, None)
        if self._targets.get(row.name) == value and faded is None:
            return False
        self._targets[row.name] = value
        self._motion.aim(row)
        return True

    def fade(self, values: Mapping[str, Scalar], seconds: float, easing: str = "smooth", source: str = "") -> None:
        """Take many controls to new targets at once, in ``seconds``, from where the picture is now. Values that do not fit
        are left out. Raises KeyError for an unknown easing."""
        curve, changes = EASINGS[easing], []
        with self._lock:
            for name, value in values.items():
                row = self.table.get(name)
                fitting = None if row is None or row.momentary else _fitting(row, value)[0]
                if row is None or fitting is None:
                    continue
                self._motion.fade(row, fitting, seconds, curve)
                if self._targets[row.name] != fitting:
                    self._targets[row.name] = fitting
                    changes.append(Change(row.name, fitting, source))
        for change in changes:
            self._tell(change)

    @property
    def fading(self) -> bool:
        """Whether a fade is under way."""
        return bool(self._motion.fades)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` at every change from now on, in the thread that made it: it must be quick and must not set
        controls itself. The result ends it."""
        with self._lock:
            self._listeners = (*self._listeners, listener)

        def end() -> None:
            with self._lock:
                self._listeners = tuple(other for other in self._listeners if other is not listener)

        return end

    def _tell(self, change: Change | TableChange) -> None:
        for listener in self._listeners:
            listener(change)

    def replace(self, table: ParameterTable) -> None:
        """Take a table with other rows while the show runs. Controls that stay keep their values."""
        with self._lock:
            old, self.table = self.table, table
            beginnings = self._beginnings(table)
            self._targets = {name: self._targets.get(name, value) for name, value in beginnings.items()}
            self._motion.replace(table, self._targets)
        added, removed = tuple(name for name in table if name not in old), tuple(name for name in old if name not in table)
        if added or removed:
            self._tell(TableChange(added, removed))

    def target(self, name: str) -> Scalar:
        """What a control was set to, not the value it is gliding through. Raises KeyError for an unknown one."""
        with self._lock:
            return self._targets[name.removeprefix(PREFIX)]

    def targets(self) -> dict[str, Scalar]:
        """What every control was set to."""
        with self._lock:
            return dict(self._targets)

    def beginnings(self) -> dict[str, Scalar]:
        """What every control was at the start: the table's defaults and the configuration's overrides."""
        with self._lock:
            return self._beginnings(self.table)

    def counts(self) -> ControlCounts:
        with self._lock:
            return ControlCounts(self._clamped, self._ignored, self._last)

    def ignore(self, why: str) -> None:
        """Count a message that could not even be read as a control."""
        with self._lock:
            self._ignored += 1
            self._last = _readable(why)

    def shown(self) -> Controls:
        """The newest snapshot, without moving it on: what the picture shows."""
        return self._motion.shown

    def snapshot(self, now: float, slack: float = 0.0) -> Controls:
        """The controls at ``now``, seconds of a monotonic clock. While nothing moves it is the same object every time. Loops
        may call it with clocks that differ a little: time never runs backwards. ``slack``: s that it may be older than ``now``
        where nothing was set since; a loop that works beside the display need not move all controls on once more."""
        with self._lock:
            return self._motion.step(now, slack, self._targets)


def _shown(value: object) -> str:
    """A value in short. Python does not write whole numbers of thousands of digits."""
    return "a number that long" if isinstance(value, int) and value.bit_length() > 1000 else repr(str(value)[:40])


def _readable(text: str) -> str:
    """What somebody sent, as a log and a canvas can show it: on one line, no control codes, no half characters."""
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


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
    span = row.high - row.low
    way = target - value
    if row.circular:
        way = (way + span / 2) % span - span / 2
    left = way * math.exp(-seconds * TIME_CONSTANTS / row.glide)
    if abs(left) <= ARRIVED * span:
        return target
    return row.low + (target - left - row.low) % span if row.circular else target - left
