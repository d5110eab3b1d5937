"""Presets in a show: recall fades the whole state, a saved edit of a file shows within a second, a save never stops a picture."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from installation.control.parameters import ParameterTable, Scalar
from installation.control.presets.asks import Asked, Asks, RecallAnswer, Tell, nobody
from installation.control.presets.catalogue import Catalogue
from installation.control.presets.files import SUFFIX, Preset, belongs, name_fault
from installation.control.presets.folder import FolderContents, PresetFolder
from installation.control.presets.saves import Saved, Saves
from installation.control.presets.saving import Backup, backups_of
from installation.control.state import Change, ControlState, TableChange
from installation.errors import ConfigError

SOURCE = "preset"  # whose hand moves the controls in a recall
LOOK_SECONDS = 0.3  # between two looks at the folder
RELOAD_FADE = 0.4  # s, into an edit of the preset that shows


class PresetPlayer:
    """The presets of one folder, laid over those ``beneath`` it, and which of them shows.

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
        beneath: Path | None = None,
    ) -> None:
        self._folder = PresetFolder(folder, keep=background, beneath=beneath)
        self._state, self._rebuild, self._fault, self._notice, self._on_recall = state, rebuild, fault, notice, on_recall
        self._catalogue = Catalogue()
        self._current = ""
        self._asks = Asks()
        self._saves = Saves(folder, state, lambda: self._catalogue)
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="presets") if background else None
        self._job: Future[FolderContents | Saved] | None = None
        self._now = 0.0
        self._next_look = float("-inf")
        self._lock = threading.RLock()
        self._take(self._folder.look(state.table))
        self._end = state.subscribe(self._hear)

    @property
    def current(self) -> str:
        """The preset that shows or is fading in; "" before the first, or where its file is gone."""
        return self._current

    def names(self) -> list[str]:
        """Every preset that can be recalled, sorted."""
        return list(self._catalogue.presets)

    def number(self, name: str) -> int | None:
        """What ``preset/recall`` and a MIDI program call it, from 0. It stays when other presets come and go."""
        return self._catalogue.numbers.get(name)

    def preset(self, name: str) -> Preset | None:
        """What a preset holds: its title, description, tags, fade and controls."""
        return self._catalogue.presets.get(name)

    def check(self, name: str) -> None:
        """Raise ConfigError where a preset cannot be recalled: there is none of this name, or its file is broken."""
        problem = self._folder.problem(name)
        if problem is not None:
            raise problem
        if name not in self._catalogue.presets:
            raise _no_such(name, self._catalogue.presets)

    def begin(self, name: str) -> None:
        """Start with a preset, without a fade. Raises ConfigError as ``check``."""
        self.check(name)
        self._fade_in(self._catalogue.presets[name], 0.0)

    def resume(self, name: str) -> None:
        """This preset showed when the controls were as they are now; nothing moves."""
        if name in self._catalogue.presets:
            self._current = name

    def recall(self, name: str | int) -> bool:
        """Fade the whole state to a preset, by its name, title or number, from where the picture is. What it does not name goes
        to where the show began; controls under transport/, preset/ and schedule/ stay. False, and counted, where there is none."""
        with self._lock:
            preset = self._catalogue.find(name)
            if preset is None:
                self._state.ignore(f"preset/recall: {self._catalogue.unknown(name)}")
                return False
            own = float(self._state.target("preset/fade"))
            self._fade_in(preset, own if own >= 0 else preset.fade)
            return True

    def ask(self, text: str, source: str) -> RecallAnswer:
        """Recall in the next picture what a person typed: a name, a title or a number."""
        with self._lock:
            preset = self._catalogue.find(text)
            if preset is None:
                why = self._catalogue.unknown(text)
                self._state.ignore(f"preset/recall: {why}")
                return RecallAnswer(False, why)
        self._state.set("preset/recall", preset.name, source)
        return RecallAnswer(True, "", preset.name)

    def save(self, title: str, over: bool = True, tell: Tell = nobody) -> bool:
        """Keep the controls as they are set, under this title: what differs from where the show began. The file is written
        beside the show; ``tell`` hears how that went. False, and counted, for a title that cannot be, one that is taken where
        ``over`` is not wanted, and where too much is saved at once."""
        with self._lock:
            return self._saves.save(title, over, tell, self._current, self._now)

    def backups(self, name: str) -> list[Backup]:
        """The states before of a preset, the newest first. Reads the disk."""
        return backups_of(self._folder.path, name)

    def restore(self, name: str, key: str, tell: Tell = nobody) -> bool:
        """Put a backup in its preset's place; where that preset shows, the picture follows. ``tell`` hears how it went."""
        with self._lock:
            return self._saves.restore(name, key, tell, self._current, self._now)

    def step(self, now: float) -> None:
        """One turn of the display: do what was asked since the last one, look at the folder where it is time."""
        with self._lock:
            self._now = now
            asked = self._asks.take()
            if asked is not None:
                self._obey(asked)
            if self._job is not None and self._job.done():
                job, self._job = self._job, None
                self._collect(job)
            if self._job is None:
                self._start(now)

    def stop(self) -> None:
        """Finish what is being written and what waits for it, and end."""
        self._end()
        with self._lock:
            if self._worker is not None:
                self._worker.shutdown(wait=True)
            if self._job is not None:
                self._collect(self._job)
            asked = self._asks.take()
            for title in asked.titles if asked is not None else ():
                self.save(title)
            while (saving := self._saves.take()) is not None:
                self._finish(self._saves.write(saving))

    def _hear(self, change: Change | TableChange) -> None:
        """In the thread of whoever asks; what is too much is refused there and then."""
        if not isinstance(change, Change) or not change.name.startswith("preset/") or change.name == "preset/fade":
            return
        if not self._asks.hear(change):
            self._state.ignore("preset/save: too many saves at once; try again in a moment")

    def _obey(self, asked: Asked) -> None:
        """Of many recalls in one turn the last one counts, with the steps taken from it."""
        for title in asked.titles:
            self.save(title)
        if not asked.steps:
            if asked.wanted is not None:
                self.recall(asked.wanted)
            return
        start = None if asked.wanted is None else self._catalogue.find(asked.wanted)
        if asked.wanted is not None and start is None:
            self._state.ignore(f"preset/recall: {self._catalogue.unknown(asked.wanted)}")
        if not self.names():
            self._state.ignore("preset/next: there is no preset")
            return
        self.recall(self._catalogue.beside(start.name if start is not None else self._current, asked.steps))

    def _fade_in(self, preset: Preset, seconds: float) -> None:
        values = {name: value for name, value in self._state.beginnings().items() if belongs(name)}
        self._current = preset.name
        self._state.fade({**values, **preset.controls}, seconds, preset.easing, SOURCE)
        self._on_recall(preset.name)

    def _start(self, now: float) -> None:
        """Set off the next thing to do with files."""
        saving = self._saves.due(now)
        if saving is not None:
            self._run(lambda: self._saves.write(saving))
        elif now >= self._next_look:
            table = self._state.table
            self._next_look = now + LOOK_SECONDS
            self._run(lambda: self._folder.look(table))

    def _run(self, job: Callable[[], FolderContents | Saved]) -> None:
        if self._worker is None:
            self._finish(job())
        else:
            self._job = self._worker.submit(job)

    def _collect(self, job: Future[FolderContents | Saved]) -> None:
        error = job.exception()
        if error is None:
            self._finish(job.result())
        else:  # the show goes on whatever a file or a disk came up with
            self._saves.arrived()
            self._fault(f"presets: {type(error).__name__}: {error}")

    def _finish(self, result: FolderContents | Saved) -> None:
        if isinstance(result, FolderContents):
            self._take(result)
            return
        self._saves.arrived()
        saving = result.saving
        name = saving.preset.name
        if result.reason:
            self._fault(result.reason)
            self._state.ignore(f"preset/save: {result.reason}")
            answer = RecallAnswer(False, f"Not saved: {result.reason}", name)
        elif saving.restores:
            answer = RecallAnswer(True, f"“{saving.preset.called}” is as it was.", name)
        else:  # what was saved is what shows, unless another was recalled meanwhile
            self._adopt(self._catalogue.with_preset(saving.preset))
            self._current = name if self._current == saving.beside else self._current
            answer = RecallAnswer(True, f"Saved as “{saving.preset.called}”.", name)
        self._next_look = float("-inf")  # the folder is another
        for tell in saving.tell:
            tell(answer)

    def _take(self, look: FolderContents) -> None:
        """The presets as a look found them: rows come and go, and an edit of the one that shows is shown."""
        before = self._catalogue.presets
        self._adopt(Catalogue(look.presets, look.numbers, look.files))
        for text in look.notices:
            self._notice(text)
        for text in look.faults:
            self._fault(text)
        old, new = before.get(self._current), look.presets.get(self._current)
        if new is None:
            self._current = self._current if not before else ""
        elif old is not None and old is not new:
            self._reload(old, new)

    def _adopt(self, catalogue: Catalogue) -> None:
        before, self._catalogue = self.names(), catalogue
        if before != self.names():
            self._state.replace(self._rebuild(self.names()))

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


def preset_names(*folders: Path | None) -> list[str]:
    """Names of the presets in some folders, sorted, good and broken ones."""
    return sorted({path.stem for folder in folders if folder for path in folder.glob(f"*{SUFFIX}") if name_fault(path.stem) is None})
