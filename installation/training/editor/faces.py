"""Aligned faces in memory with what is known of them: what the reader and the editor learn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from installation.faces.geometry import GEOMETRY_NAMES
from installation.training.data.datasets import OPAQUE, Picture, load_pictures
from installation.training.directions.attributes import AGES, GENDERS

STORED_PX = 128
ATTRIBUTES = ("age", "gender", "smile", "mouth-open")
MEASURED = ("smile", "mouth-open")  # by landmarks, in deviations of the population; the others are labels
YEARS = 15.0  # of one unit of age
LEAST, MOST = -3.0, 4.0  # deviations: beyond them a landmark is more likely wrong than a mouth
SAID_EVERY = 2000


@dataclass(frozen=True, slots=True, eq=False)
class LabelledFaces:
    """pictures uint8 [N, 4, 128, 128] RGBA, alpha is 255 where there is a picture; labels [N, 4] in the order of ATTRIBUTES: age
    in units of 15 years, female 0 or 1, smile and mouth-open in deviations, NaN where unknown; photographs [N] bool: of people."""

    pictures: Tensor
    labels: Tensor
    photographs: Tensor

    def __len__(self) -> int:
        return len(self.pictures)

    def only(self, chosen: Tensor) -> LabelledFaces:
        """Those of which ``chosen`` [N] is true."""
        return LabelledFaces(self.pictures[chosen], self.labels[chosen], self.photographs[chosen])

    def to(self, device: torch.device) -> LabelledFaces:
        """All of it there."""
        return LabelledFaces(self.pictures.to(device), self.labels.to(device), self.photographs.to(device))

    def batch(self, at: Tensor) -> tuple[Tensor, Tensor]:
        """(images [n, 3, 128, 128] in -1…1, masks [n, 1, 128, 128] of 0 and 1) of those places."""
        rgba = self.pictures[at]
        return rgba[:, :3].float() / 127.5 - 1, (rgba[:, 3:] > OPAQUE).float()


def load_faces(sources: Sequence[Path], split: str, store: Path | None = None, most: int = 10**6, measured: int = 10**6) -> LabelledFaces:
    """Faces of several data sets. A set counts as photographs where its ``labels.csv`` knows ages. store: a file to keep the
    landmarks' measures in: taking them is most of the work. most: of each set; measured: how many of them all are measured where there is
    no store yet, spread over all; smile and mouth-open of the others are not known."""
    kept: list[Picture] = []
    for source in sources:
        found = load_pictures(source, split, left_out=print)
        kept += found[:: max(1, -(-len(found) // most))]
    rows, pictures = _measured(kept, store, measured), []
    whole = []
    for k, picture in enumerate(kept):
        try:
            pictures.append(picture.rgba(STORED_PX).transpose(2, 0, 1).copy())
            whole.append(k)
        except OSError:  # one broken picture among thousands
            continue
    labels = torch.tensor([_told(kept[k]) for k in whole])
    geometry = torch.from_numpy(rows[whole]).float()
    columns = [standardised(geometry[:, GEOMETRY_NAMES.index(name)]) for name in MEASURED]
    photographs = torch.tensor([kept[k].labels.get("age", "") in AGES for k in whole])
    return LabelledFaces(torch.from_numpy(np.stack(pictures)), torch.cat([labels, torch.stack(columns, 1)], 1), photographs)


def standardised(measure: Tensor) -> Tensor:
    """A measure in deviations from its median, NaN where it is unknown."""
    known = measure[~measure.isnan()]
    if not len(known):
        return measure
    spread = known.std()
    return ((measure - measure.nanmedian()) / spread).clamp(LEAST, MOST)


def _told(picture: Picture) -> tuple[float, float]:
    age = AGES.get(picture.labels.get("age", ""), float("nan")) / YEARS
    return age, GENDERS.get(picture.labels.get("gender", ""), float("nan"))


def _measured(pictures: Sequence[Picture], store: Path | None, most: int) -> np.ndarray:
    """[N, 13] of ``faces.geometry``, NaN where there is no face, and of all but ``most``."""
    if store is not None and store.exists():
        rows: np.ndarray = np.load(store)
        if len(rows) == len(pictures):
            return rows
    from installation.training.directions.aligned_mesh import AlignedMesh  # a machine that only trains need not have its networks

    mesh, rows = AlignedMesh(2), np.full((len(pictures), len(GEOMETRY_NAMES)), np.nan, np.float32)
    chosen = np.unique(np.linspace(0, len(pictures) - 1, min(most, len(pictures))).round().astype(int))
    for count, k in enumerate(chosen, 1):
        try:
            rows[k] = mesh.geometry([pictures[k].rgba()[..., :3]])[0]
        except OSError:
            continue
        if count % SAID_EVERY == 0:
            print(f"{count} of {len(chosen)} faces measured", flush=True)
    if store is not None:
        store.parent.mkdir(parents=True, exist_ok=True)
        np.save(store, rows)
    return rows
