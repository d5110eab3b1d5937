"""All styles there are: those of the bank, and an artist's own pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from installation.errors import WeightsError
from installation.messages import Image
from installation.places import shipped
from installation.styles.bank import BANK
from installation.styles.folder import StyleFolder

if TYPE_CHECKING:
    from installation.engines.style_models import Predictor

STYLES = shipped("styles")
Weights = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Style:
    """One style. place: its number in the bank, or vector: [100] of a picture; the other is None. file: that picture, where it is
    known."""

    name: str
    description: str
    place: int | None = None
    vector: Weights | None = None
    file: Path | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Palette:
    """The styles by name, in the order in which people should meet them: paintings, then the bank."""

    styles: Mapping[str, Style] = field(default_factory=dict)

    @property
    def told(self) -> tuple[tuple[str, str], ...]:
        """Name and description of each, for the table of controls."""
        return tuple((style.name, style.description) for style in self.styles.values())


class Library:
    """notice: why there are no styles, "" where there are."""

    def __init__(self, folder: Path = STYLES) -> None:
        self.notice = ""
        self._predictor: Predictor | None = None
        self._folder = StyleFolder(folder, self.vector)
        self._bank = {style.name: Style(style.name, style.description, place=style.place) for style in BANK}
        from installation.engines.style_models import check_style_files  # OpenVINO loads late

        try:
            check_style_files()
        except WeightsError as err:
            self.notice = str(err)

    def look(self) -> tuple[Palette, str]:
        """The styles as they are now, and what there is to say of the folder since the last look."""
        if self.notice:
            return Palette(), ""
        found = self._folder.look()
        folder = self._folder.path
        own = {one.name: Style(one.name, one.description, vector=one.vector, file=folder / one.file) for one in found.paintings}
        return Palette({**own, **self._bank}), found.notice

    def vector(self, picture: Image) -> Weights:
        """[256, 256, 3] -> [100], the style of a picture. Raises WeightsError."""
        from installation.engines.style_models import Predictor

        if self._predictor is None:  # compiled where a picture is new; most starts find every vector kept
            self._predictor = Predictor()
        return self._predictor(picture)
