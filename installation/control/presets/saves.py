"""Presets on their way to the disk: only so many at once, each written once a second at most, the newest state of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from installation.control.presets.asks import Allowance, RecallAnswer, Tell
from installation.control.presets.catalogue import Catalogue
from installation.control.presets.files import DEFAULT_FADE, MAX_NAME, RESERVED, SUFFIX, Preset, belongs, name_fault
from installation.control.presets.folder import MAX_PRESETS
from installation.control.presets.saving import restore_preset, short, write_preset
from installation.control.presets.titles import file_name, same_title, tidy, title_fault, title_of
from installation.control.state import ControlState
from installation.errors import ConfigError

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


class Saves:
    """folder: where the files lie; catalogue: the presets that there are now. Not for two threads at once, but for ``write``, which
    may run beside the others."""

    def __init__(self, folder: Path, state: ControlState, catalogue: Callable[[], Catalogue]) -> None:
        self._folder, self._state, self._catalogue = folder, state, catalogue
        self._waiting: dict[str, Saving] = {}  # by name, the newest state of each
        self._under_way: Saving | None = None
        self._written: dict[str, float] = {}  # when each was written last
        self._new, self._over = Allowance(NEW_AT_ONCE, NEW_SECONDS), Allowance(OVER_AT_ONCE, OVER_SECONDS)

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def due(self, now: float) -> Saving | None:
        """The next one to write, which is under way from now on; None where none is to be written yet."""
        name = next((one for one in self._waiting if not 0 <= now - self._written.get(one, float("-inf")) < WRITE_SECONDS), None)
        if name is None:
            return None
        self._written[name] = now
        self._under_way = self._waiting.pop(name)
        return self._under_way

    def take(self) -> Saving | None:
        """One that waits, whenever it is due; None where none does."""
        return self._waiting.pop(next(iter(self._waiting))) if self._waiting else None

    def arrived(self) -> None:
        """What was under way is written, or could not be."""
        self._under_way = None

    def save(self, title: str, over: bool, tell: Tell, shown: str, now: float) -> bool:
        """Keep the controls as they are set, under this title: what differs from where the show began. ``tell`` hears how that went;
        shown: the preset that shows; now: s of the show's clock. False, and counted, for a title that cannot be, one that is taken where
        ``over`` is not wanted, and where too much is saved at once."""
        reason = title_fault(title) or (name_fault(title) if title.isdecimal() or title in RESERVED else None)
        if reason:
            return self._refuse(title, reason, tell)
        title = tidy(title)
        known = self._meant(title)
        if known is not None and not over:
            tell(RecallAnswer(False, f"“{self._catalogue().called(known)}” is there already. Save over it?", known, asks=True))
            return False
        reason = self._no_room(known, now)
        if reason:
            return self._refuse(title, reason, tell)
        name = known or file_name(title, MAX_NAME, self._free)
        before = self._waiting.get(name)
        told = () if before is None else before.tell
        new = known is None or (before is not None and before.new)
        self._waiting[name] = Saving(self._as_set(name, title), new, shown, (*told, tell))
        return True

    def restore(self, name: str, key: str, tell: Tell, shown: str, now: float) -> bool:
        """Put a backup in its preset's place; where that preset shows, the picture follows. ``tell`` hears how it went."""
        preset = self._catalogue().presets.get(name)
        busy = "it is being saved just now; try again in a moment" if name in self._waiting else ""
        reason = "there is no such preset" if preset is None else busy or self._no_room(name, now)
        if preset is None or reason:
            return self._refuse(name, reason or "", tell)
        self._waiting[name] = Saving(preset, False, shown, (tell,), key)
        return True

    def write(self, saving: Saving) -> Saved:
        """Beside the show. A new preset takes no file's place, whoever put it there meanwhile."""
        folder, preset = self._folder, saving.preset
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

    def _meant(self, title: str) -> str | None:
        """The preset, or the file of a broken one, that is saved over under this title."""
        if title in self._catalogue().presets or title in self._catalogue().files:
            return title
        waiting = [saving.preset for saving in (*self._waiting.values(), *([self._under_way] if self._under_way else []))]
        return next((preset.name for preset in (*self._catalogue().presets.values(), *waiting) if same_title(title, preset.called)), None)

    def _free(self, name: str) -> bool:
        taken = name in self._catalogue().presets or name in self._catalogue().files or name in self._waiting
        return not (taken or name_fault(name) or (self._under_way is not None and self._under_way.preset.name == name))

    def _no_room(self, known: str | None, now: float) -> str:
        """Why nothing can be saved just now, over this preset or as a new one; "" where it can."""
        if known not in self._waiting and len(self._waiting) >= MOST_WAITING:
            return "too many presets wait to be written; try again in a moment"
        if known is not None:
            return "" if self._over.take(now) else "saved too often in a short time; try again in a moment"
        if len(self._catalogue().files | self._waiting.keys()) >= MAX_PRESETS:
            return f"there are {MAX_PRESETS} presets, as many as there can be; move some elsewhere"
        return "" if self._new.take(now) else "too many new presets in a short time; try again in a moment"

    def _refuse(self, title: str, reason: str, tell: Tell) -> bool:
        self._state.ignore(f"preset/save: {title[:80]!r}: {reason}")
        tell(RecallAnswer(False, f"Not saved: {reason}."))
        return False

    def _as_set(self, name: str, title: str) -> Preset:
        """The controls as they are set, in what is known of the preset."""
        beginnings, targets = self._state.beginnings(), self._state.targets()
        values = {one: short(value) for one, value in targets.items() if belongs(one) and value != beginnings[one]}
        waiting = self._waiting.get(name)
        preset = self._catalogue().presets.get(name) or (waiting.preset if waiting is not None else None)
        if preset is None:
            fade = float(targets["preset/fade"])
            preset = Preset(name, fade=fade if fade >= 0 else DEFAULT_FADE, title="" if title in (name, title_of(name)) else title)
        return replace(preset, controls=MappingProxyType(values))
