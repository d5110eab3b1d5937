"""What each direction does to a portrait, measured: its own attribute, every other, and the likeness.

The portraits are drawn as the mirror draws them: with the detail residual carried along and masked where the edit changed the
features.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from installation.faces.geometry import GEOMETRY_NAMES, KIN
from installation.latents.directions import DirectionSet
from installation.latents.warps import Warper
from installation.messages import Image, OwnChanges
from installation.models.bundle import Models
from installation.models.editor import own_changes
from installation.networks.facets_encoder import INPUT_PX, FacetsEncoder
from installation.networks.mixed_generator import MixedGenerator
from installation.training.directions.aligned_mesh import AlignedMesh
from installation.training.directions.attributes import ATTRIBUTE_NAMES, AttributeNetwork
from installation.training.judge.network import READ, Judge
from installation.training.losses import Identity

MEASURES = (*ATTRIBUTE_NAMES, *GEOMETRY_NAMES)
RENDER_BATCH = 6

Measure = Callable[[Sequence[Image]], NDArray[np.float64]]


@dataclass(frozen=True)
class Effect:
    """From -1 to +1, at the median over the faces. own_effect_sd: the attribute's own measure, in standard deviations of the
    population. share_in_direction: of the faces whose own measure moved the right way. worst_other_sd: the largest movement of
    a measure that is not kin, worst_other its name. identity_median: of the portraits at -1 and +1 to the unedited ones, None
    without an identity network."""

    own_effect_sd: float
    share_in_direction: float
    worst_other_sd: float
    worst_other: str
    identity_median: float | None


class Measures:
    """All measures of portraits: geometry on FaceMesh, age and gender by the attribute network."""

    def __init__(self, attributes: AttributeNetwork) -> None:
        self._mesh, self._attributes = AlignedMesh(), attributes

    @torch.inference_mode()
    def __call__(self, pictures: Sequence[Image]) -> NDArray[np.float64]:
        """[N, 15] in the order of ``MEASURES``; NaN where there is no face."""
        geometry = self._mesh.geometry(pictures)
        x = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1
        seen = np.concatenate([self._attributes(part).numpy() for part in torch.split(x, 64)])
        return np.concatenate([seen.astype(np.float64), geometry], axis=1)


class JudgedMeasures:
    """The same, but what a judge reads, age, gender, smile and open mouth, is the judge's word."""

    def __init__(self, judge: Judge) -> None:
        self._mesh, self._judge = AlignedMesh(), judge
        self._places = [MEASURES.index(name) for name in READ]

    @torch.inference_mode()
    def __call__(self, pictures: Sequence[Image]) -> NDArray[np.float64]:
        """[N, 15] in the order of ``MEASURES``; smile and mouth-open in deviations, as the judge learned them."""
        rows = np.full((len(pictures), len(MEASURES)), np.nan)
        rows[:, len(ATTRIBUTE_NAMES) :] = self._mesh.geometry(pictures)
        x = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1
        rows[:, self._places] = torch.cat([self._judge.read(part) for part in torch.split(x, 64)]).numpy()
        return rows


class Editor:
    """Draws a model's portraits of sitters, edited."""

    def __init__(self, models: Models, directions: DirectionSet) -> None:
        encoder, self._network = models.encoder, models.editor
        if not isinstance(encoder, FacetsEncoder):
            raise TypeError("effects are measured with an encoder that gives a detail residual")
        self.encoder, self.directions, self._warper = encoder, directions, Warper()
        self._generator = MixedGenerator(models.base, (), encoder.expand.weight).eval()  # type: ignore[arg-type]

    @torch.inference_mode()
    def encode(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Pictures [N, 3, S, S] -> codes and residuals."""
        return self.encoder.encode_with_detail(F.interpolate(images, size=(INPUT_PX, INPUT_PX), mode="area"))

    @torch.inference_mode()
    def changes(self, images: Tensor) -> list[OwnChanges | None]:
        """What the models' editor would write on each of pictures [N, 3, S, S]; None without one."""
        maps = (self.encoder.pyramid(F.interpolate(image[None], size=(INPUT_PX, INPUT_PX), mode="area")) for image in images)
        return [own_changes(self._network, *one) for one in maps]

    @torch.inference_mode()
    def draw(self, ws: Tensor, detail: Tensor, amounts: Sequence[Sequence[float]], own: OwnChanges | None = None) -> list[Image]:
        """One sitter's code [styles, w_dim] and residual [C, r, r], once for each row of amounts (one a direction)."""
        pictures: list[Image] = []
        for start in range(0, len(amounts), RENDER_BATCH):
            rows = amounts[start : start + RENDER_BATCH]
            moves = [self.directions.move(row) for row in rows]
            edited = torch.stack([ws if move is None else ws + move.offset for move in moves])
            carried = torch.stack([detail if move is None else move.carry(detail, own) for move in moves])
            drawn = self._generator(ws.expand(len(rows), -1, -1), edited, carried, torch.ones(len(rows))).numpy()
            for move, picture in zip(moves, drawn, strict=True):
                warp = None if move is None else move.warp(own)
                pictures.append(picture if warp is None else self._warper(picture, warp.numpy()))
        return pictures


def amounts_of_each(count: int, amount: float = 1.0) -> list[list[float]]:
    """Rows for ``Editor.draw``: nothing, then -amount and +amount of each direction in turn."""
    rows = [[0.0] * count]
    for k in range(count):
        for sign in (-amount, amount):
            rows.append([sign if j == k else 0.0 for j in range(count)])
    return rows


@dataclass(frozen=True, eq=False)
class Swings:
    """Of N sitters and D directions: measures without edits [N, 15], at -1 and +1 [N, D, 2, 15], likeness [N, D, 2] or None."""

    plain: NDArray[np.float64]
    edited: NDArray[np.float64]
    likeness: NDArray[np.float64] | None

    @property
    def spans(self) -> NDArray[np.float64]:
        """What going from -1 to +1 does [N, D, 15]."""
        return np.asarray(self.edited[:, :, 1] - self.edited[:, :, 0])


def swing(editor: Editor, images: Tensor, measure: Measure, identity: Identity | None = None) -> Swings:
    """Draw every sitter [N, 3, S, S] at -1 and +1 of every direction and measure the portraits."""
    count = len(editor.directions.names)
    rows = amounts_of_each(count)
    (ws, detail), own = editor.encode(images), editor.changes(images)
    measured, likeness = [], []
    for k in range(len(images)):
        pictures = editor.draw(ws[k], detail[k], rows, own[k])
        measured.append(measure(pictures))
        if identity is not None:
            likeness.append(_cosines(identity, pictures))
    values = np.stack(measured)
    found = np.stack(likeness).reshape(len(images), count, 2) if likeness else None
    return Swings(values[:, 0], values[:, 1:].reshape(len(images), count, 2, -1), found)


@torch.inference_mode()
def _cosines(identity: Identity, pictures: Sequence[Image]) -> NDArray[np.float64]:
    x = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1
    embedded = torch.cat([identity(part) for part in torch.split(x, RENDER_BATCH)])
    return np.asarray((embedded[1:] @ embedded[0]).numpy(), dtype=np.float64)


def kin(a: str, b: str) -> bool:
    """Whether two measures share landmarks or muscles."""
    return a == b or frozenset({a, b}) in KIN


def effects(names: Sequence[str], swings: Swings, deviations: NDArray[np.float64]) -> Mapping[str, Effect]:
    """One line for each direction that has a measure of its own. deviations [15]: of the population."""
    found = {}
    for d, name in enumerate(names):
        if name not in MEASURES:
            continue
        own = MEASURES.index(name)
        spans = swings.spans[:, d] / deviations
        middle = np.nanmedian(spans, axis=0)
        others = {other: abs(float(middle[j])) for j, other in enumerate(MEASURES) if not kin(name, other)}
        worst = max(others, key=lambda other: others[other])
        likeness = None if swings.likeness is None else round(float(np.median(swings.likeness[:, d])), 4)
        moved = spans[:, own][~np.isnan(spans[:, own])]
        share = float((moved > 0).mean()) if len(moved) else 0.0
        found[name] = Effect(round(float(middle[own]), 3), round(share, 3), round(others[worst], 3), worst, likeness)
    return MappingProxyType(found)
