"""The live state of a show on the disk, so that a power cut, a crash or the next morning finds it as it was.

One JSON file, replaced whole: every control that a hand or a preset has moved, with where the show would have begun, and the
preset that shows. Where the configuration begins a control somewhere else since, the configuration's newer word counts. What
people on stage hold for a moment, a blackout or a freeze, comes back after a crash but not after a show that ended as it should;
the operator's figures never do.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from installation.control.parameters import ParameterTable, Scalar
from installation.control.state import Change, ControlState, TableChange
from installation.errors import ConfigError
from installation.output_file import whole_file

MERGE_SECONDS = 1.0  # moves within this time are one write
RETRY_SECONDS = 30.0  # after a write that failed
MAX_BYTES = 1 << 20
VERSION = 1
NEVER = ("transport/hud",)
MOMENTS = ("transport/blackout", "transport/freeze")
BROKEN = ".broken"  # behind the name of a file that was put aside


class BrokenStateError(Exception):
    """Why a file is no state of a show."""


@dataclass(frozen=True, slots=True)
class KeptSchedule:
    """Of the schedule. open: whether the canvas was lit by it; override_ends: when an override is over, None where there is none."""

    open: bool = True
    override_ends: datetime | None = None


@dataclass(frozen=True, slots=True)
class TakenUp:
    """What a show begins with beside its controls. preset: that showed, "" for none; notice: what to say, "" for nothing."""

    preset: str = ""
    notice: str = ""
    schedule: KeptSchedule = KeptSchedule()


@dataclass(frozen=True)
class KeptState:
    """controls: value by name, only what differs from where the show would begin; beginnings: that place. saved: s since 1970.
    ended: whether that show ended as it should."""

    controls: Mapping[str, Scalar] = field(default_factory=dict)
    beginnings: Mapping[str, Scalar] = field(default_factory=dict)
    preset: str = ""
    saved: float = 0.0
    ended: bool = False
    schedule: KeptSchedule = KeptSchedule()

    def text(self) -> str:
        """The file that ``read_state`` reads back as this."""
        lines = {name: [value, self.beginnings[name]] for name, value in self.controls.items()}
        ends = self.schedule.override_ends
        schedule = {"open": self.schedule.open, "override_ends": None if ends is None else ends.timestamp()}
        head = {"version": VERSION, "saved": self.saved, "ended": self.ended, "preset": self.preset}
        return json.dumps({**head, "schedule": schedule, "controls": lines}, indent=1, allow_nan=False)

    def fitting(self, table: ParameterTable, beginnings: Mapping[str, Scalar]) -> dict[str, Scalar]:
        """What of it this show takes up: controls that it has, with values that they take, and that the configuration has not
        begun elsewhere since."""
        left_out = (*NEVER, *(MOMENTS if self.ended else ()))
        return {
            name: value
            for name, value in self.controls.items()
            if name not in left_out and table.fault(name, value) is None and beginnings.get(name) == self.beginnings[name]
        }


def state_of(state: ControlState, preset: str, ended: bool, schedule: KeptSchedule) -> KeptState:
    """The state now."""
    beginnings = state.beginnings()
    moved = {name: value for name, value in state.targets().items() if name in beginnings and value != beginnings[name]}
    return KeptState(moved, {name: beginnings[name] for name in moved}, preset, time.time(), ended, schedule)


def read_state(path: Path) -> KeptState | None:
    """What the file says; None where there is none. Raises BrokenStateError, OSError."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise BrokenStateError("not a plain file")
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise BrokenStateError(f"larger than {MAX_BYTES} bytes")
    try:
        given = json.loads(data)
    except (ValueError, RecursionError) as err:
        raise BrokenStateError("not whole, or no JSON") from err
    if not isinstance(given, dict) or given.get("version") != VERSION:
        raise BrokenStateError("of another version, or no state of a show")
    lines, preset, saved = given.get("controls"), given.get("preset"), _moment(given.get("saved"))
    if not isinstance(lines, dict) or not isinstance(preset, str) or saved is None:
        raise BrokenStateError("no state of a show")
    for name, line in lines.items():
        if not (isinstance(line, list) and len(line) == 2 and all(isinstance(one, bool | int | float | str) for one in line)):
            raise BrokenStateError(f"{name[:80]!r} has no value")
    controls, beginnings = ({name: line[place] for name, line in lines.items()} for place in (0, 1))
    schedule = _schedule(given.get("schedule"))
    return KeptState(MappingProxyType(controls), MappingProxyType(beginnings), preset, saved, given.get("ended") is True, schedule)


def _schedule(given: object) -> KeptSchedule:
    """Of a file, which has none where the show that wrote it knew no schedule. Raises BrokenStateError."""
    if given is None:
        return KeptSchedule()
    opened, ends = (given.get("open"), given.get("override_ends")) if isinstance(given, dict) else (None, None)
    moment = None if ends is None else _moment(ends)
    if not isinstance(opened, bool) or (ends is not None and moment is None):
        raise BrokenStateError("its schedule cannot be read")
    return KeptSchedule(opened, None if moment is None else datetime.fromtimestamp(moment, UTC))


def _moment(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value < 1e11 else None  # which NaN is not; and a whole number may be longer than a float can be


def take_up(path: Path, state: ControlState) -> TakenUp:
    """Put the controls where they were, at once. A file that cannot be read as a state is put aside."""
    try:
        kept = read_state(path)
    except BrokenStateError as err:
        aside = path.with_name(path.name + BROKEN)
        with contextlib.suppress(OSError):
            path.replace(aside)
        return TakenUp(notice=f"{path}: {err}; it was put aside as {aside.name}, and the show begins as configured")
    except OSError as err:
        return TakenUp(notice=f"{path}: the last state cannot be read ({err.strerror or err}); the show begins as configured")
    if kept is None:
        return TakenUp()
    values = kept.fitting(state.table, state.beginnings())
    state.fade(values, 0.0, source="resume")
    # An orderly end leaves no blackout for the morning, a schedule's neither: whoever closes then darkens anew.
    schedule = KeptSchedule(kept.ended or kept.schedule.open, kept.schedule.override_ends)
    if not values and not kept.preset:
        return TakenUp(schedule=schedule)
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(kept.saved))
    preset = f", preset {kept.preset[:80]}" if kept.preset.isprintable() and kept.preset else ""
    notice = f"the controls are as they were at {when}{preset}; --set control.resume=false begins as configured"
    return TakenUp(kept.preset, notice, schedule)


class StateKeeper:
    """Writes the state when it has changed, in a thread of its own. preset: the one that shows; schedule: how that stands. on_fault:
    told once that the file cannot be written; the show goes on, and it is tried again."""

    def __init__(
        self,
        path: Path,
        state: ControlState,
        preset: Callable[[], str],
        on_fault: Callable[[str], None],
        schedule: Callable[[], KeptSchedule] = KeptSchedule,
    ) -> None:
        self.ended = False  # whether the show came to an end as it should, when it stops
        self._path, self._state, self._preset, self._on_fault, self._schedule = path, state, preset, on_fault, schedule
        self._changed = threading.Event()
        self._stop = threading.Event()
        self._last: tuple[Mapping[str, Scalar], str, bool, KeptSchedule] | None = None
        self._failed = False
        self._thread = threading.Thread(target=self._run, name="state", daemon=True)
        self._unsubscribe: Callable[[], None] | None = None

    def start(self) -> None:
        """Begin to follow the controls."""
        self._unsubscribe = self._state.subscribe(self._hear)
        self._thread.start()

    def stop(self) -> None:
        """Write what has not been written, and end."""
        if self._unsubscribe is None:
            return
        self._unsubscribe()
        self._unsubscribe = None
        self._stop.set()
        self._changed.set()
        self._thread.join()
        self._write(self.ended)

    def _hear(self, change: Change | TableChange) -> None:
        self._changed.set()

    def _run(self) -> None:
        while True:
            self._changed.wait()
            if self._stop.wait(MERGE_SECONDS):
                return
            self._changed.clear()
            if not self._write(False):
                self._changed.set()
                if self._stop.wait(RETRY_SECONDS):
                    return

    def _write(self, ended: bool) -> bool:
        kept = state_of(self._state, self._preset(), ended, self._schedule())
        if self._last == (kept.controls, kept.preset, ended, kept.schedule):
            return True
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(self._path) as part, part.open("w", encoding="utf-8") as file:
                file.write(kept.text())
                file.flush()
                os.fsync(file.fileno())
        except (OSError, ValueError, ConfigError) as err:
            if not self._failed:
                self._on_fault(f"the state of the show cannot be kept: {err}")
            self._failed = True
            return False
        self._failed = False
        self._last = (kept.controls, kept.preset, ended, kept.schedule)
        return True
