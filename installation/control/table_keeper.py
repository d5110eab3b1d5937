"""Keeps the table of controls and what is installed together, while presets, directions and styles come and go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from installation.control.desk_links import DirectionFiles, StylePictures
from installation.control.installed import Installed
from installation.control.parameters import ParameterTable
from installation.control.state import ControlState

if TYPE_CHECKING:
    from installation.latents.directions import DirectionSet
    from installation.styles.library import Palette


class TableKeeper:
    """What a watch has found waits here until ``step``, whose thread alone changes the table. directions, styles: where what is found
    is taken to; None where nothing is followed."""

    def __init__(self, installed: Installed, state: ControlState, directions: DirectionFiles | None, styles: StylePictures | None) -> None:
        self._installed, self._state = installed, state
        self._directions, self._styles = directions, styles
        self._new_directions: DirectionSet | None = None
        self._new_styles: Palette | None = None

    def with_presets(self, names: Sequence[str]) -> ParameterTable:
        """The table once there are these presets."""
        self._installed = self._installed.with_presets(names)
        return self._installed.table()

    def found_directions(self, directions: DirectionSet) -> None:
        """The files hold these now. Any thread."""
        self._new_directions = directions

    def found_styles(self, palette: Palette) -> None:
        """The folder holds these now. Any thread."""
        self._new_styles = palette

    def step(self) -> None:
        """Take what was found since the last time."""
        directions, self._new_directions = self._new_directions, None
        if directions is not None and self._directions is not None:
            self._installed = self._installed.with_directions(directions.names)
            self._directions.use(directions)
            self._state.replace(self._installed.table())
        palette, self._new_styles = self._new_styles, None
        if palette is not None and self._styles is not None:
            self._installed = self._installed.with_styles(palette)
            self._styles.use(palette)
            self._state.replace(self._installed.table())
