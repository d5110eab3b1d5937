"""What is installed decides which controls there are: the directions, the generators to mix in, the presets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from installation.canvas.backdrops import FoundPictures, find_pictures
from installation.control.parameters import ParameterTable, parameter_table
from installation.models.bundle import DEFAULT_SWAP_AT, Models
from installation.places import beneath, kept
from installation.styles.library import Library, Palette

PRESETS, SHIPPED_PRESETS = kept("presets"), beneath("presets")
BACKGROUNDS, SHIPPED_BACKGROUNDS = kept("backgrounds"), beneath("backgrounds")


def backgrounds() -> FoundPictures:
    """The pictures to stand before: the show's own, and those that come with the program under names that it does not use."""
    own, more = find_pictures(BACKGROUNDS), find_pictures(SHIPPED_BACKGROUNDS) if SHIPPED_BACKGROUNDS else FoundPictures()
    return FoundPictures(dict(sorted({**more.paths, **own.paths}.items())), "; ".join(filter(None, (own.notice, more.notice))))


@dataclass(frozen=True, slots=True)
class Installed:
    """Names, in the order in which people should meet them. resolutions: px, of the generators' layers."""

    directions: tuple[str, ...]
    children: tuple[str, ...]
    resolutions: tuple[int, ...]
    presets: tuple[str, ...] = ()
    backgrounds: tuple[str, ...] = ()  # pictures to stand before
    styles: tuple[tuple[str, str], ...] = ()  # name and description

    @staticmethod
    def of(models: Models, palette: Palette | None = None) -> Installed:
        """What these models, the folder of backgrounds and the styles give, without presets. palette: None takes the styles that
        ship."""
        children, pictures = tuple(child.name for child in models.children), tuple(backgrounds().paths)
        styles = (palette or Library().look()[0]).told
        return Installed(models.directions.names, children, tuple(models.resolutions), backgrounds=pictures, styles=styles)

    def table(self) -> ParameterTable:
        """Its controls."""
        there = self.directions, self.children, self.resolutions, DEFAULT_SWAP_AT, self.presets, self.backgrounds, self.styles
        return parameter_table(*there)

    def with_presets(self, names: Sequence[str]) -> Installed:
        """The same with other presets."""
        return replace(self, presets=tuple(names))

    def with_directions(self, names: Sequence[str]) -> Installed:
        """The same with other directions."""
        return replace(self, directions=tuple(names))

    def with_styles(self, palette: Palette) -> Installed:
        """The same with other styles."""
        return replace(self, styles=palette.told)
