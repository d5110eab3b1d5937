"""Keeps the table of controls and what is installed together, while presets, directions and styles come and go."""

from __future__ import annotations

from collections.abc import Sequence
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, TypeVar

from installation.control.desk_links import DirectionFiles, StylePictures
from installation.control.installed import Installed
from installation.control.parameters import ParameterTable
from installation.control.state import ControlState

if TYPE_CHECKING:
    from installation.latents.directions import DirectionSet
    from installation.styles.library import Palette

Found = TypeVar("Found")

class TableKeeper:
    """What a watch has found waits here until ``step``, whose thread alone changes the table. directions, styles: where what is found
    is taken to; None where nothing is followed."""

    def __init__(self, installed: Installed, state: ControlState, directions: DirectionFiles | None, styles: StylePictures | None) -> None:
        self._installed, self._state = installed, state
        self._directions, self._styles = directions, styles
        self._new_directions: SimpleQueue[DirectionSet] = SimpleQueue()
        self._new_styles: SimpleQueue[Palette] = SimpleQueue()

    def with_presets(self, names: Sequence[str]) -> ParameterTable:
        """The table once there are these presets."""
        self._installed = self._installed.with_presets(names)
        return self._installed.table()

    def found_directions(self, directions: DirectionSet) -> None:
        """The files hold these now. Any thread."""
        self._new_directions.put(directions)

    def found_styles(self, palette: Palette) -> None:
        """The folder holds these now. Any thread."""
        self._new_styles.put(palette)

    def step(self) -> None:
        """Take what was found since the last time."""
        directions, palette = _newest(self._new_directions), _newest(self._new_styles)
        if directions is not None and self._directions is not None:
            self._installed = self._installed.with_directions(directions.names)
            self._directions.use(directions)
            self._state.replace(self._installed.table())
        if palette is not None and self._styles is not None:
            self._installed = self._installed.with_styles(palette)
            self._styles.use(palette)
            self._state.replace(self._installed.table())


def _newest(queue: SimpleQueue[Found]) -> Found | None:
    """What was put in last; None where nothing was. Nothing is lost that another thread puts in meanwhile."""
    newest = None
    while True:
        try:
            newest = queue.get_nowait()
        except Empty:
            return newest
