"""The presets that can be recalled, and how a person names one."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field

from installation.control.presets.files import MAX_NAME, Preset
from installation.control.presets.titles import same_title, title_fault, title_of


@dataclass(frozen=True)
class Catalogue:
    """presets: by name, sorted. numbers: each preset's own, from 0. files: names of all that lie in the folder, the broken ones too."""

    presets: Mapping[str, Preset] = field(default_factory=dict)
    numbers: Mapping[str, int] = field(default_factory=dict)
    files: frozenset[str] = frozenset()

    def find(self, name: str | int) -> Preset | None:
        """A preset by its name, title or number."""
        if isinstance(name, int) or (name.isdecimal() and len(name) < 9):
            return next((preset for preset in self.presets.values() if self.numbers.get(preset.name) == int(name)), None)
        if name in self.presets or title_fault(name):
            return self.presets.get(name)
        return next((preset for preset in self.presets.values() if same_title(name, preset.called)), None)

    def unknown(self, name: str | int) -> str:
        """That there is no such preset, and which one may have been meant."""
        if isinstance(name, int) or name.isdecimal():
            return f"no preset has the number {str(name)[:9]}"
        titles = {preset.called.casefold(): preset.called for preset in self.presets.values()}
        near = difflib.get_close_matches(name[:MAX_NAME].casefold(), [*titles, *self.presets], n=1)
        meant = f"; did you mean “{titles.get(near[0]) or self.called(near[0])}”?" if near else ""
        return f"{name[:80]!r}: there is no such preset{meant}"

    def called(self, name: str) -> str:
        """What a person calls the preset of this name, whether it is there or not."""
        preset = self.presets.get(name)
        return preset.called if preset is not None else title_of(name)

    def beside(self, name: str, steps: int) -> str:
        """The name that many steps further, around the end. ``name`` may be none of these: then from before the first, or from it
        backwards."""
        names = list(self.presets)
        place = names.index(name) if name in names else (-1 if steps > 0 else 0)
        return names[(place + steps) % len(names)]

    def with_preset(self, preset: Preset) -> Catalogue:
        """The same, and this one, in its place."""
        presets = dict(sorted({**self.presets, preset.name: preset}.items()))
        return Catalogue(presets, self.numbers, self.files | {preset.name})
