"""Presets in a show: recall fades the whole state, a saved edit of a file shows within a second, a save never stops a picture."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from installation.control.parameters import ParameterTable, Scalar
from installation.control.preset_files import SUFFIX, Preset, belongs, name_fault
from installation.control.preset_folder import Look, PresetFolder
from installation.control.preset_saving import short, write_preset
from installation.control.state import Change, ControlState, TableChange
from installation.errors import ConfigError

SOURCE = "preset"  # whose hand moves the controls in a recall
LOOK_SECONDS = 0.3  # between two looks at the folder
RELOAD_FADE = 0.4  # s, into an edit of the preset that shows


@dataclass(frozen=True)
class Save:
    """How a save went. reason: why it failed, "" where it did not."""

    preset: Preset
    reason: str = ""


class PresetPlayer:
    """The presets of one folder, and which of them shows.

    rebuild: the table of controls with a ``preset/<name>/recall`` for each of these names. fault: told once what is wrong with
    a file, ``file:line: key: value: reason``. notice: told what was left out, such as a generator that is not installed.
    on_recall: told the name whenever a preset begins to fade in. background: read and write files beside the show; without
    it, in ``step``, so that a lockstep run depends on its input alone. Any thread may ask; things happen in ``step``.
    """

    def __init__(
        self,
        folder: Path,
        state: ControlState,
        rebuild: Callable[[Sequence[str]], ParameterTable],
        fault: Callable[[str], None],
        notice: Callable[[str], None],
        on_recall: Callable[[str], None] = lambda name: None,
        background: bool = True,
    ) -> None:
        self._folder = PresetFolder(folder)
        self._state, self._rebuild, self._fault, self._notice, self._on_recall = state, rebuild, fault, notice, on_recall
        self._presets: Mapping[str, Preset] = MappingProxyType({})
        self._current = ""
        self._asked: deque[Change] = deque()
        self._saves: deque[Preset] = deque()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="presets") if background else None
        self._job: Future[Look | Save] | None = None
        self._next_look = float("-inf")
        self._lock = threading.RLock()
        self._take(self._folder.look(state.table))
        self._end = state.subscribe(self._hear)

    @property
    def current(self) -> str:
        """The preset that shows or is fading in; "" before the first, or where its file is gone."""
        return self._current

    def names(self) -> list[str]:
        """Every preset that can be recalled, sorted: ``preset/recall 2`` is the third."""
        return list(self._presets)

    def preset(self, name: str) -> Preset | None:
        """What a preset holds: its description, tags, fade and controls."""
        return self._presets.get(name)

    def begin(self, name: str) -> None:
        """Start with a preset, without a fade. Raises ConfigError: there is none of this name, or its file is broken."""
        problem = self._folder.problem(name)
        if problem is not None:
            raise problem
        if name not in self._presets:
            raise _no_such(name, self._presets)
        self._fade_in(self._presets[name], 0.0)

    def recall(self, name: str | int) -> bool:
        """Fade the whole state to a preset, by its name or its place in the list, from where the picture is. What it does not
        name goes to where the show began; controls under transport/ and preset/ stay. False, and counted, where there is none."""
        with self._lock:
            preset = self._find(name)
            if preset is None:
                self._state.ignore(f"preset/recall: {str(name)[:80]!r}: there is no such preset")
                return False
            own = float(self._state.target("preset/fade"))
            self._fade_in(preset, own if own > 0 else preset.fade)
            return True

    def save(self, name: str) -> bool:
        """Keep the controls as they are set, under this name: what differs from where the show began. The file is written
        beside the show. False, and counted, for a name that cannot be."""
        reason = name_fault(name)
        if reason:
            self._state.ignore(f"preset/save: {name[:80]!r}: {reason}")
            return False
        with self._lock:
            beginnings = self._state.beginnings()
            targets = self._state.targets()
            values = {one: short(value) for one, value in targets.items() if belongs(one) and value != beginnings[one]}
            self._saves.append(replace(self._presets.get(name) or Preset(name), controls=MappingProxyType(values)))
        return True

    def step(self, now: float) -> None:
        """One turn of the display: do what was asked since the last one, look at the folder where it is time."""
        with self._lock:
            if self._asked:
                self._obey()
            if self._job is not None and self._job.done():
                job, self._job = self._job, None
                self._collect(job)
            if self._job is None and (self._saves or now >= self._next_look):
                self._start(now)

    def stop(self) -> None:
        """Finish what is being written, and end."""
        self._end()
        with self._lock:
            if self._worker is not None:
                self._worker.shutdown(wait=True)
            if self._job is not None:
                self._collect(self._job)
            while self._saves:
                self._finish(self._write(self._saves.popleft()))

    def _hear(self, change: Change | TableChange) -> None:
        if isinstance(change, Change) and change.name.startswith("preset/") and change.name != "preset/fade":
            self._asked.append(change)

    def _obey(self) -> None:
        """Of many recalls in one turn the last one counts, with the steps taken up to it."""
        wanted: str | int | None = None
        while self._asked:
            change = self._asked.popleft()
            if change.name == "preset/save":
                self.save(str(change.value))
            elif change.name == "preset/recall":
                wanted = change.value if isinstance(change.value, str) else int(change.value)
            elif change.name in ("preset/next", "preset/previous"):
                wanted = self._beside(wanted, 1 if change.name == "preset/next" else -1)
            else:
                wanted = change.name.split("/")[1]
        if wanted is not None:
            self.recall(wanted)

    def _beside(self, wanted: str | int | None, step: int) -> int:
        """The place of the next or the previous preset, round the list."""
        names = self.names()
        preset = self._find(wanted) if wanted is not None else self._presets.get(self._current)
        if preset is None:
            return 0 if step > 0 else len(names) - 1
        return (names.index(preset.name) + step) % len(names)

    def _find(self, name: str | int) -> Preset | None:
        if isinstance(name, str) and not name.isdecimal():
            return self._presets.get(name)
        names, place = self.names(), int(name) if len(str(name)) < 9 else -1
        return self._presets[names[place]] if 0 <= place < len(names) else None

    def _fade_in(self, preset: Preset, seconds: float) -> None:
        values = {name: value for name, value in self._state.beginnings().items() if belongs(name)}
        self._current = preset.name
        self._state.fade({**values, **preset.controls}, seconds, preset.easing, SOURCE)
        self._on_recall(preset.name)

    def _start(self, now: float) -> None:
        """Set off the next thing to do with files."""
        if self._saves:
            preset = self._saves.popleft()
            self._run(lambda: self._write(preset))
        else:
            table = self._state.table
            self._next_look = now + LOOK_SECONDS
            self._run(lambda: self._folder.look(table))

    def _run(self, job: Callable[[], Look | Save]) -> None:
        if self._worker is None:
            self._finish(job())
        else:
            self._job = self._worker.submit(job)

    def _collect(self, job: Future[Look | Save]) -> None:
        error = job.exception()
        if error is None:
            self._finish(job.result())
        else:  # the show goes on whatever a file or a disk came up with
            self._fault(f"presets: {type(error).__name__}: {error}")

    def _write(self, preset: Preset) -> Save:
        try:
            write_preset(self._folder.path, preset, self._state.table)
        except ConfigError as err:
            return Save(preset, str(err))
        return Save(preset)

    def _finish(self, result: Look | Save) -> None:
        if isinstance(result, Look):
            self._take(result)
        elif result.reason:
            self._fault(result.reason)
        else:  # what was saved is what shows
            name = result.preset.name
            self._adopt(dict(sorted({**self._presets, name: result.preset}.items())))
            self._current = name

    def _take(self, look: Look) -> None:
        """The presets as a look found them: rows come and go, and an edit of the one that shows is shown."""
        before = self._presets
        self._adopt(look.presets)
        for text in look.notices:
            self._notice(text)
        for text in look.faults:
            self._fault(text)
        old, new = before.get(self._current), look.presets.get(self._current)
        if new is None:
            self._current = self._current if not before else ""
        elif old is not None and old is not new:
            self._reload(old, new)

    def _adopt(self, presets: Mapping[str, Preset]) -> None:
        before, self._presets = self._presets, presets
        if list(before) != list(presets):
            self._state.replace(self._rebuild(list(presets)))

    def _reload(self, old: Preset, new: Preset) -> None:
        """Fade to the lines that were edited; what hands have moved since the recall stays."""
        beginnings = self._state.beginnings()
        changed: dict[str, Scalar] = {}
        for name in {**old.controls, **new.controls}:
            value = new.controls.get(name, beginnings.get(name))
            if value is not None and value != old.controls.get(name, beginnings.get(name)):
                changed[name] = value
        if changed:
            self._state.fade(changed, RELOAD_FADE, new.easing, SOURCE)


def _no_such(name: str, names: Sequence[str] | Mapping[str, Preset]) -> ConfigError:
    return ConfigError(f"--preset {name}: there is no such preset; there is {', '.join(names) or 'none'}")


def preset_names(folder: Path) -> list[str]:
    """Names of the presets in a folder, sorted, good and broken ones."""
    return sorted(path.stem for path in folder.glob(f"*{SUFFIX}") if name_fault(path.stem) is None)
