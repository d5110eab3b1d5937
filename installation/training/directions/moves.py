"""What sliders from labels do: faces drawn with them, read again as the labels were."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from installation.errors import ConfigError
from installation.latents.directions import Direction, DirectionSet
from installation.messages import Image
from installation.models.bundle import Models
from installation.output_file import whole_file
from installation.sheet_file import write_picture
from installation.training.directions.effects import Editor
from installation.training.labels.found import FoundFace
from installation.training.labels.reading import Reader, Reading

MEASURED = {"hair-colour": "hair's lightness, L", "hair-length": "length, brows to chin", "eye-colour": "eyes' blueness, -b"}
FACES = 12  # that are moved
ON_SHEET = 6
AMOUNT = 1.0
SHEET_BYTES = 600_000


def measures(reading: Reading) -> NDArray[np.float64]:
    """[3], as ``MEASURED`` has them; NaN where nothing was to be seen."""
    hair, eye = reading.hair, reading.eye
    length = reading.length if hair is not None else np.nan
    return np.array([np.nan if hair is None else hair.L, length, np.nan if eye is None else -eye.b])


def prove(
    models: Models, faces: Sequence[FoundFace], kept: Sequence[Direction], free: Sequence[Direction], sheet: Path | None
) -> list[str]:
    """Lines that say what going from -1 to 1 does to every measure, with the others preserved and without; and a sheet. kept, free: the
    directions that leave the others alone, and those that do not."""
    if models.detail is None:
        if sheet is not None:
            raise ConfigError(f"{sheet}: moved faces are drawn with the embedded family alone")
        return ["what the sliders do is measured with the embedded family alone"]
    chosen = [faces[int(k)] for k in np.linspace(0, len(faces) - 1, min(FACES, len(faces)))]
    reader = Reader()
    population = np.nanstd([measures(reader.read(one.crop, one.points)) for one in faces[:60]], axis=0)
    lines = [
        "from -1 to +1, median over the faces, in deviations of the labelled ones:",
        f"{'':36s}" + "".join(f"{name:>14s}" for name in MEASURED),
    ]
    for told, directions in (("the others preserved", kept), ("not preserved", free)):
        spans = _spans(models, chosen, directions, reader)
        for name, row in zip([one.name for one in directions], spans, strict=True):
            lines.append(
                f"  {name:12s}{told if name == directions[0].name else '':<22s}"
                + "".join(f"{value:14.2f}" for value in row / population)
            )
    if sheet is not None:
        _write(models, chosen[:ON_SHEET], kept, sheet)
    return lines


def _drawn(models: Models, face: FoundFace, directions: Sequence[Direction]) -> list[Image]:
    """The portrait, and at -1 and +1 of each direction."""
    editor = Editor(models, DirectionSet(directions))
    images = torch.from_numpy(face.crop.copy()).permute(2, 0, 1)[None].float() / 127.5 - 1
    ws, detail = editor.encode(images)
    rows = [[0.0] * len(directions)]
    rows += [[sign * AMOUNT * (j == k) for j in range(len(directions))] for k in range(len(directions)) for sign in (-1, 1)]
    return editor.draw(ws[0], detail[0], rows)


def _spans(models: Models, faces: Sequence[FoundFace], directions: Sequence[Direction], reader: Reader) -> NDArray[np.float64]:
    """[directions, 3]: the medians of what -1 to +1 does."""
    found = []
    for face in faces:
        seen = [measures(reader.read(picture, face.points)) for picture in _drawn(models, face, directions)[1:]]
        found.append(np.array(seen).reshape(len(directions), 2, -1))
    return np.asarray(np.nanmedian([one[:, 1] - one[:, 0] for one in found], axis=0))


def _write(models: Models, faces: Sequence[FoundFace], directions: Sequence[Direction], path: Path) -> None:
    from installation.training.sheets import table

    rows = [("", [face.crop, *_drawn(models, face, directions)]) for face in faces]
    columns = ["picture", "portrait", *(f"{one.name} {sign}" for one in directions for sign in ("-1", "+1"))]
    with whole_file(path) as part:
        write_picture(table(rows, columns, 192, side_label=4), part, path.suffix.lower(), SHEET_BYTES)
