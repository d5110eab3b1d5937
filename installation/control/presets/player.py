"""Presets in a show: recall fades the whole state, a saved edit of a file shows within a second, a save never stops a picture."""

from __future__ import annotations

import difflib
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from installation.control.parameters import ParameterTable, Scalar
from installation.control.presets.asks import Allowance, Asked, Asks, RecallAnswer, Tell, nobody
from installation.control.presets.files import DEFAULT_FADE, MAX_NAME, RESERVED, SUFFIX, Preset, belongs, name_fault
from installation.control.presets.folder import MAX_PRESETS, FolderContents, PresetFolder
from installation.control.presets.saving import Backup, backups_of, restore_preset, short, write_preset
from installation.control.presets.titles import file_name, same_title, tidy, title_fault, title_of
from installation.control.state import Change, ControlState, TableChange
from installation.errors import ConfigError

SOURCE = "preset"  # whose hand moves the controls in a recall
LOOK_SECONDS = 0.3  # between two looks at the folder
RELOAD_FADE = 0.4  # s, into an edit of the preset that shows
WRITE_SECONDS = 1.0  # between two states of one preset on the disk; those between are merged
MOST_WAITING = 32  # presets that wait to be written
NEW_AT_ONCE, NEW_SECONDS = 12, 5.0  # files that one may make at once, and how soon one more
OVER_AT_ONCE, OVER_SECONDS = 30, 2.0  # the same for saves over a preset


@dataclass(frozen=True)
class Saving:
    """A preset on its way to the disk. new: no file of its name was there; beside: the preset that showed when it was asked
    for; tell: those who wait for word of it. restores: key of the backup to put back instead."""

    preset: Preset
    new: bool = False
    beside: str = ""
    tell: tuple[Tell, ...] = ()
    restores: str = ""


@dataclass(frozen=True)
class Saved:
    """How it went. reason: why it failed, "" where it did not."""

    saving: Saving
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
        self._folder = PresetFolder(folder, keep=background)
        self._state, self._rebuild, self._fault, self._notice, self._on_recall = state, rebuild, fault, notice, on_recall
        self._presets: Mapping[str, Preset] = MappingProxyType({})
        self._numbers: Mapping[str, int] = MappingProxyType({})
        self._files: frozenset[str] = frozenset()
        self._current = ""
        self._asks = Asks()
        self._saves: dict[str, Saving] = {}  # by name, the newest state of each
        self._under_way: Saving | None = None
        self._written: dict[str, float] = {}  # when each was written last
        self._new, self._over = Allowance(NEW_AT_ONCE, NEW_SECONDS), Allowance(OVER_AT_ONCE, OVER_SECONDS)
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
        return list(self._presets)

    def number(self, name: str) -> int | None:
        """What ``preset/recall`` and a MIDI program call it, from 0. It stays when other presets come and go."""
        return self._numbers.get(name)

    def preset(self, name: str) -> Preset | None:
        """What a preset holds: its title, description, tags, fade and controls."""
        return self._presets.get(name)

    def begin(self, name: str) -> None:
        """Start with a preset, without a fade. Raises ConfigError: there is none of this name, or its file is broken."""
        problem = self._folder.problem(name)
        if problem is not None:
            raise problem
        if name not in self._presets:
            raise _no_such(name, self._presets)
        self._fade_in(self._presets[name], 0.0)

    def resume(self, name: str) -> None:
        """This preset showed when the controls were as they are now; nothing moves."""
        if name in self._presets:
            self._current = name

    def recall(self, name: str | int) -> bool:
        """Fade the whole state to a preset, by its name, title or number, from where the picture is. What it does not name goes
        to where the show began; controls under transport/ and preset/ stay. False, and counted, where there is none."""
        with self._lock:
            preset = self._find(name)
            if preset is None:
                self._state.ignore(f"preset/recall: {self._unknown(name)}")
                return False
            own = float(self._state.target("preset/fade"))
            self._fade_in(preset, own if own >= 0 else preset.fade)
            return True

    def ask(self, text: str, source: str) -> RecallAnswer:
        """Recall in the next picture what a person typed: a name, a title or a number."""
        with self._lock:
            preset = self._find(text)
            if preset is None:
                why = self._unknown(text)
                self._state.ignore(f"preset/recall: {why}")
                return RecallAnswer(False, why)
        self._state.set("preset/recall", preset.name, source)
        return RecallAnswer(True, "", preset.name)

    def save(self, title: str, over: bool = True, tell: Tell = nobody) -> bool:
        """Keep the controls as they are set, under this title: what differs from where the show began. The file is written
        beside the show; ``tell`` hears how that went. False, and counted, for a title that cannot be, one that is taken where
        ``over`` is not wanted, and where too much is saved at once."""
        with self._lock:
            reason = title_fault(title) or (name_fault(title) if title.isdecimal() or title in RESERVED else None)
            if reason:
                return self._refuse(title, reason, tell)
            title = tidy(title)
            known = self._meant(title)
            if known is not None and not over:
                tell(RecallAnswer(False, f"“{self._called(known)}” is there already. Save over it?", known, asks=True))
                return False
            reason = self._no_room(known)
            if reason:
                return self._refuse(title, reason, tell)
            name = known or file_name(title, MAX_NAME, self._free)
            before = self._saves.get(name)
            told = () if before is None else before.tell
            new = known is None or (before is not None and before.new)
            self._saves[name] = Saving(self._as_set(name, title), new, self._current, (*told, tell))
        return True

    def backups(self, name: str) -> list[Backup]:
        """The states before of a preset, the newest first. Reads the disk."""
        return backups_of(self._folder.path, name)

    def restore(self, name: str, key: str, tell: Tell = nobody) -> bool:
        """Put a backup in its preset's place; where that preset shows, the picture follows. ``tell`` hears how it went."""
        with self._lock:
            preset = self._presets.get(name)
            busy = "it is being saved just now; try again in a moment" if name in self._saves else ""
            reason = "there is no such preset" if preset is None else busy or self._no_room(name)
            if preset is None or reason:
                return self._refuse(name, reason or "", tell)
            self._saves[name] = Saving(preset, False, self._current, (tell,), key)
        return True

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
            while self._saves:
                self._finish(self._write(self._saves.pop(next(iter(self._saves)))))

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
        start = None if asked.wanted is None else self._find(asked.wanted)
        if asked.wanted is not None and start is None:
            self._state.ignore(f"preset/recall: {self._unknown(asked.wanted)}")
        names = self.names()
        if not names:
            self._state.ignore("preset/next: there is no preset")
            return
        here = (start.name if start is not None else self._current) or ""
        place = names.index(here) if here in names else (-1 if asked.steps > 0 else 0)
        self.recall(names[(place + asked.steps) % len(names)])

    def _find(self, name: str | int) -> Preset | None:
        if isinstance(name, int) or (name.isdecimal() and len(name) < 9):
            return next((preset for preset in self._presets.values() if self._numbers.get(preset.name) == int(name)), None)
        if name in self._presets or title_fault(name):
            return self._presets.get(name)
        return next((preset for preset in self._presets.values() if same_title(name, preset.called)), None)

    def _unknown(self, name: str | int) -> str:
        """That there is no such preset, and which one may have been meant."""
        if isinstance(name, int) or name.isdecimal():
            return f"no preset has the number {str(name)[:9]}"
        titles = {preset.called.casefold(): preset.called for preset in self._presets.values()}
        near = difflib.get_close_matches(name[:MAX_NAME].casefold(), [*titles, *self._presets], n=1)
        meant = f"; did you mean “{titles.get(near[0]) or self._called(near[0])}”?" if near else ""
        return f"{name[:80]!r}: there is no such preset{meant}"

    def _called(self, name: str) -> str:
        preset = self._presets.get(name)
        return preset.called if preset is not None else title_of(name)

    def _meant(self, title: str) -> str | None:
        """The preset, or the file of a broken one, that is saved over under this title."""
        if title in self._presets or title in self._files:
            return title
        waiting = [saving.preset for saving in (*self._saves.values(), *([self._under_way] if self._under_way else []))]
        return next((preset.name for preset in (*self._presets.values(), *waiting) if same_title(title, preset.called)), None)

    def _free(self, name: str) -> bool:
        taken = name in self._presets or name in self._files or name in self._saves
        return not (taken or name_fault(name) or (self._under_way is not None and self._under_way.preset.name == name))

    def _no_room(self, known: str | None) -> str:
        """Why nothing can be saved just now, over this preset or as a new one; "" where it can."""
        if known not in self._saves and len(self._saves) >= MOST_WAITING:
            return "too many presets wait to be written; try again in a moment"
        if known is not None:
            return "" if self._over.take(self._now) else "saved too often in a short time; try again in a moment"
        if len(self._files | self._saves.keys()) >= MAX_PRESETS:
            return f"there are {MAX_PRESETS} presets, as many as there can be; move some elsewhere"
        return "" if self._new.take(self._now) else "too many new presets in a short time; try again in a moment"

    def _refuse(self, title: str, reason: str, tell: Tell) -> bool:
        self._state.ignore(f"preset/save: {title[:80]!r}: {reason}")
        tell(RecallAnswer(False, f"Not saved: {reason}."))
        return False

    def _as_set(self, name: str, title: str) -> Preset:
        """The controls as they are set, in what is known of the preset."""
        beginnings, targets = self._state.beginnings(), self._state.targets()
        values = {one: short(value) for one, value in targets.items() if belongs(one) and value != beginnings[one]}
        waiting = self._saves.get(name)
        preset = self._presets.get(name) or (waiting.preset if waiting is not None else None)
        if preset is None:
            fade = float(targets["preset/fade"])
            preset = Preset(name, fade=fade if fade >= 0 else DEFAULT_FADE, title="" if title in (name, title_of(name)) else title)
        return replace(preset, controls=MappingProxyType(values))

    def _fade_in(self, preset: Preset, seconds: float) -> None:
        values = {name: value for name, value in self._state.beginnings().items() if belongs(name)}
        self._current = preset.name
        self._state.fade({**values, **preset.controls}, seconds, preset.easing, SOURCE)
        self._on_recall(preset.name)

    def _start(self, now: float) -> None:
        """Set off the next thing to do with files."""
        due = next((name for name in self._saves if not 0 <= now - self._written.get(name, float("-inf")) < WRITE_SECONDS), None)
        if due is not None:
            saving = self._under_way = self._saves.pop(due)
            self._written[due] = now
            self._run(lambda: self._write(saving))
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
            self._under_way = None
            self._fault(f"presets: {type(error).__name__}: {error}")

    def _write(self, saving: Saving) -> Saved:
        """Beside the show. A new preset takes no file's place, whoever put it there meanwhile."""
        folder, preset = self._folder.path, saving.preset
        try:
            if saving.restores:
                restore_preset(folder, preset.name, saving.restores, self._state.table)
                return Saved(saving)
            if saving.new and (folder / f"{preset.name}{SUFFIX}").exists():
                name = file_name(preset.called, MAX_NAME, lambda one: self._free(one) and not (folder / f"{one}{SUFFIX}").exists())
                saving = replace(saving, preset=replace(preset, name=name, title=preset.called))
            write_preset(folder, saving.preset, self._state.table)
        except ConfigError as err:
            return Saved(saving, str(err))
        return Saved(saving)

    def _finish(self, result: FolderContents | Saved) -> None:
        if isinstance(result, FolderContents):
            self._take(result)
            return
        self._under_way, saving = None, result.saving
        name = saving.preset.name
        if result.reason:
            self._fault(result.reason)
            self._state.ignore(f"preset/save: {result.reason}")
            answer = RecallAnswer(False, f"Not saved: {result.reason}", name)
        elif saving.restores:
            answer = RecallAnswer(True, f"“{saving.preset.called}” is as it was.", name)
        else:  # what was saved is what shows, unless another was recalled meanwhile
            self._adopt(dict(sorted({**self._presets, name: saving.preset}.items())))
            self._files |= {name}
            self._current = name if self._current == saving.beside else self._current
            answer = RecallAnswer(True, f"Saved as “{saving.preset.called}”.", name)
        self._next_look = float("-inf")  # the folder is another
        for tell in saving.tell:
            tell(answer)

    def _take(self, look: FolderContents) -> None:
        """The presets as a look found them: rows come and go, and an edit of the one that shows is shown."""
        before = self._presets
        self._numbers, self._files = look.numbers, look.files
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
