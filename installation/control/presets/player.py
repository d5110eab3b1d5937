"""Presets in a show: which of them shows, recall that fades the whole state, and an edit of a file that is faded to as it is saved."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from installation.control.parameters import ParameterTable, Scalar
from installation.control.presets.asks import Asked, Asks, RecallAnswer, Tell, nobody
from installation.control.presets.catalogue import Catalogue
from installation.control.presets.files import SUFFIX, Preset, belongs, name_fault
from installation.control.presets.library import PresetLibrary
from installation.control.presets.saves import Saving
from installation.control.presets.saving import Backup, backups_of
from installation.control.state import Change, ControlState, TableChange
from installation.errors import ConfigError

SOURCE = "preset"  # whose hand moves the controls in a recall
RELOAD_FADE = 0.4  # s, into an edit of the preset that shows


class PresetPlayer:
    """Which preset of a folder shows, and how the picture comes there.

    rebuild: the table of controls with a ``preset/<name>/recall`` for each of these names. fault: told once what is wrong with
    a file, ``file:line: key: value: reason``. notice: told what was left out, such as a generator that is not installed.
    on_recall: told the name whenever a preset begins to fade in. background, beneath: see ``PresetLibrary``. Any thread may ask;
    things happen in ``step``.
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
        self._state, self._rebuild, self._on_recall = state, rebuild, on_recall
        self._current = ""
        self._asks = Asks()
        self._now = 0.0
        self._lock = threading.RLock()
        self._library = PresetLibrary(folder, state, self._changed, fault, notice, background, beneath)
        self._end = state.subscribe(self._hear)

    @property
    def current(self) -> str:
        """The preset that shows or is fading in; "" before the first, or where its file is gone."""
        return self._current

    @property
    def catalogue(self) -> Catalogue:
        """Every preset that can be recalled, and the number by which ``preset/recall`` and a MIDI program call it."""
        return self._library.catalogue

    def check(self, name: str) -> None:
        """Raise ConfigError where a preset cannot be recalled: there is none of this name, or its file is broken."""
        problem = self._library.folder.problem(name)
        if problem is not None:
            raise problem
        if name not in self.catalogue.presets:
            raise no_such_preset(name, self.catalogue.presets)

    def begin(self, name: str) -> None:
        """Start with a preset, without a fade. Raises ConfigError as ``check``."""
        self.check(name)
        self._fade_in(self.catalogue.presets[name], 0.0)

    def resume(self, name: str) -> None:
        """This preset showed when the controls were as they are now; nothing moves."""
        if name in self.catalogue.presets:
            self._current = name

    def recall(self, name: str | int) -> bool:
        """Fade the whole state to a preset, by its name, title or number, from where the picture is. What it does not name goes
        to where the show began; controls under transport/, preset/ and schedule/ stay. False, and counted, where there is none."""
        with self._lock:
            preset = self.catalogue.find(name)
            if preset is None:
                self._state.ignore(f"preset/recall: {self.catalogue.unknown(name)}")
                return False
            own = float(self._state.target("preset/fade"))
            self._fade_in(preset, own if own >= 0 else preset.fade)
            return True

    def ask(self, text: str, source: str) -> RecallAnswer:
        """Recall in the next picture what a person typed: a name, a title or a number."""
        with self._lock:
            preset = self.catalogue.find(text)
            if preset is None:
                why = self.catalogue.unknown(text)
                self._state.ignore(f"preset/recall: {why}")
                return RecallAnswer(False, why)
        self._state.set("preset/recall", preset.name, source)
        return RecallAnswer(True, "", preset.name)

    def save(self, title: str, over: bool = True, tell: Tell = nobody) -> bool:
        """Keep the controls as they are set, under this title: what differs from where the show began. The file is written
        beside the show; ``tell`` hears how that went. False, and counted, for a title that cannot be, one that is taken where
        ``over`` is not wanted, and where too much is saved at once."""
        with self._lock:
            return self._library.saves.save(title, over, tell, self._current, self._now)

    def backups(self, name: str) -> list[Backup]:
        """The states before of a preset, the newest first. Reads the disk."""
        return backups_of(self._library.folder.path, name)

    def restore(self, name: str, key: str, tell: Tell = nobody) -> bool:
        """Put a backup in its preset's place; where that preset shows, the picture follows. ``tell`` hears how it went."""
        with self._lock:
            return self._library.saves.restore(name, key, tell, self._current, self._now)

    def step(self, now: float) -> None:
        """One turn of the display: do what was asked since the last one, look at the folder where it is time."""
        with self._lock:
            self._now = now
            asked = self._asks.take()
            if asked is not None:
                self._obey(asked)
            self._library.step(now)

    def stop(self) -> None:
        """Finish what is being written and what waits for it, and end."""
        self._end()
        with self._lock:
            self._library.settle()
            asked = self._asks.take()
            for title in asked.titles if asked is not None else ():
                self.save(title)
            self._library.write_out()

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
        start = None if asked.wanted is None else self.catalogue.find(asked.wanted)
        if asked.wanted is not None and start is None:
            self._state.ignore(f"preset/recall: {self.catalogue.unknown(asked.wanted)}")
        if not self.catalogue.presets:
            self._state.ignore("preset/next: there is no preset")
            return
        self.recall(self.catalogue.beside(start.name if start is not None else self._current, asked.steps))

    def _fade_in(self, preset: Preset, seconds: float) -> None:
        values = {name: value for name, value in self._state.beginnings().items() if belongs(name)}
        self._current = preset.name
        self._state.fade({**values, **preset.controls}, seconds, preset.easing, SOURCE)
        self._on_recall(preset.name)

    def _changed(self, before: Catalogue, after: Catalogue, saving: Saving | None) -> None:
        """Rows come and go with the presets. What was saved is what shows, unless another was recalled meanwhile; an edit of what shows is
        faded to, and what hands have moved since the recall stays."""
        if list(before.presets) != list(after.presets):
            self._state.replace(self._rebuild(list(after.presets)))
        if saving is not None:
            self._current = saving.preset.name if self._current == saving.beside else self._current
            return
        old, new = before.presets.get(self._current), after.presets.get(self._current)
        if new is None:
            self._current = self._current if not before.presets else ""
        elif old is not None and old is not new and (edited := edited_controls(old, new, self._state.beginnings())):
            self._state.fade(edited, RELOAD_FADE, new.easing, SOURCE)


def edited_controls(old: Preset, new: Preset, beginnings: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """What somebody has changed in a preset's file: each control with its new value, or with where the show began where it is no more
    named."""
    edited: dict[str, Scalar] = {}
    for name in {**old.controls, **new.controls}:
        value = new.controls.get(name, beginnings.get(name))
        if value is not None and value != old.controls.get(name, beginnings.get(name)):
            edited[name] = value
    return edited


def no_such_preset(name: str, names: Sequence[str] | Mapping[str, Preset]) -> ConfigError:
    """The error for a preset that is asked for and is not there. names: those that are."""
    return ConfigError(f"--preset {name}: there is no such preset; there is {', '.join(names) or 'none'}")


def preset_names(*folders: Path | None) -> list[str]:
    """Names of the presets in some folders, sorted, good and broken ones."""
    return sorted({path.stem for folder in folders if folder for path in folder.glob(f"*{SUFFIX}") if name_fault(path.stem) is None})
