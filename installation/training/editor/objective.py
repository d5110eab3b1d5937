"""What the editor is asked for: a reader of attributes must say that what was asked for has come and nothing else has; the skin's colour
must stay; so must who it is; and two adversaries must believe it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from installation.training.augment import fill_outside, jitter_crop
from installation.training.editor.adversaries import condition
from installation.training.editor.batches import Edited, Pool
from installation.training.editor.drawing import Studio
from installation.training.editor.faces import STORED_PX, LabelledFaces
from installation.training.editor.reader import LEFT, TOP, WINDOW_PX, Reader, recoloured, window
from installation.training.losses import Darknet, Identity
from installation.training.precision import half

SCALE = (1.0, 0.4, 0.8, 0.7)  # of each attribute's error
CARE = (1.0, 0.4, 0.5, 0.4)  # for attributes that nobody asked to move
LIKENESS, SPENT = 0.93, (0.30, 0.38, 0.14, 0.14)  # cosine that is asked for, and what amount 1 may take of it
COLOUR_TOLERANCE, CHROMA_TOLERANCE = 0.012, 0.03  # of the range -1…1


@dataclass(frozen=True, slots=True)
class Weights:
    """Of the loss' terms."""

    attribute: float = 1.0
    colour: float = 8.0
    skin: float = 6.0
    chroma: float = 15.0
    identity: float = 1.5
    residual: float = 0.9
    picture: float = 1.8
    small: float = 0.1
    range: float = 1.0
    flow: float = 2.0

    def of(self, name: str) -> float:
        weight: float = getattr(self, name)
        return weight


class Objective:
    """The loss of a batch, term by term."""

    def __init__(self, reader: Reader, darknet: Darknet, identity: Identity, typical: tuple[Tensor, Tensor]) -> None:
        """typical: mean and deviation of residuals [32, 32, 32] of many faces."""
        self._reader, self._darknet, self._identity, self._typical = reader, darknet, identity, typical
        self._skin = skin_weights()

    def terms(self, pool: Pool, batch: Edited) -> tuple[dict[str, Tensor], list[Tensor]]:
        """The terms by the names of ``Weights``, and the maps by which the adversary of pictures judges."""
        shown, before = window(batch.shown), window(batch.sitting.images)
        believed, maps = self._believed(pool, batch)
        terms = {"attribute": self._attribute(batch), "identity": self._likeness(batch), **self._colours(shown, before), **believed}
        mean, spread = self._typical
        wide = batch.sitting.detail + batch.gain
        far = F.relu(((batch.edited - mean) / spread).abs() - 2.5).square().mean()
        terms["range"] = far + 4 * (wide - batch.edited).square().mean()
        terms["small"] = batch.gain.square().mean() + 0.3 * (shown - before).abs().mean()
        terms["flow"] = _roughness(batch.flow)
        return terms, maps

    def _colours(self, shown: Tensor, before: Tensor) -> dict[str, Tensor]:
        low = F.avg_pool2d(shown, 10) - F.avg_pool2d(before, 10)
        tint = F.avg_pool2d(shown - shown.mean(1, keepdim=True), 5, 2) - F.avg_pool2d(before - before.mean(1, keepdim=True), 5, 2)
        return {
            "colour": (F.relu(low.abs() - COLOUR_TOLERANCE) * self._skin).mean(),
            "skin": ((low * self._skin).sum((2, 3)) / self._skin.sum()).abs().mean(),
            "chroma": F.relu(tint.abs() - CHROMA_TOLERANCE).mean(),
        }

    def _believed(self, pool: Pool, batch: Edited) -> tuple[dict[str, Tensor], list[Tensor]]:
        told, cut = condition(batch.wanted), pool.view.cut
        residual = -pool.residual(cut.of(batch.sitting.before), noisy(cut.of(batch.edited)), told).mean()
        with half():
            maps = pool.picture.maps(self._darknet, recoloured(pool.view.window(batch.shown * batch.masks), 0.4))
        return {"residual": residual, "picture": -pool.picture(maps, told).mean()}, maps

    def _attribute(self, batch: Edited) -> Tensor:
        """What was asked for has come and nothing else has, in any light."""
        moved_ = (batch.amounts != 0).float()
        care = moved_ + torch.tensor(CARE) * (1 - moved_)
        scale = torch.tensor(SCALE)
        care[:, 3] = torch.where((moved_[:, 2] > 0) & (moved_[:, 3] == 0), 0.1, care[:, 3])  # a smile may open the mouth
        total = torch.zeros(())
        for _ in range(2):
            seen = recoloured(jitter_crop(window(batch.shown * batch.masks), 0.3))
            with half():
                read = self._reader(seen)
            error = F.huber_loss(read.float() * scale, batch.target * scale, reduction="none", delta=0.7)
            total = total + (error * care).sum(1).mean() / 2
        return total

    def _likeness(self, batch: Edited) -> Tensor:
        """Of a third of the faces: the network is the dearest of all."""
        some = slice(0, len(batch.amounts) // 3)
        asked_for = LIKENESS - batch.amounts[some].abs() @ torch.tensor(SPENT)
        with torch.no_grad(), half():
            own = self._identity(batch.sitting.images[some]).float()
        with half():
            now = self._identity(batch.shown[some])
        return F.relu(asked_for - (now.float() * own).sum(1)).mean()


def typical_residuals(studio: Studio, faces: LabelledFaces) -> tuple[Tensor, Tensor]:
    """Mean and deviation of residuals [32, 32, 32] of many faces."""
    found = []
    for at in torch.split(torch.randperm(len(faces))[:768], 64):
        found.append(studio.see(fill_outside(*faces.batch(at))).detail)
    detail = torch.cat(found)
    return detail.mean(0), detail.std(0) + 0.02


def skin_weights(side: int = 8) -> Tensor:
    """[1, 1, side, side] of a window: cheeks, forehead and nose, where colour is the sitter's; a little everywhere else."""
    axis = (torch.arange(side) + 0.5) / side * WINDOW_PX
    x, y = (axis[None] + LEFT) / STORED_PX, (axis[:, None] + TOP) / STORED_PX
    weight = torch.full((side, side), 0.15)
    for middle_x, middle_y, wide in ((0.37, 0.6, 0.06), (0.63, 0.6, 0.06), (0.5, 0.36, 0.08), (0.5, 0.56, 0.05)):
        weight = weight + torch.exp(-(((x - middle_x) / wide) ** 2 + ((y - middle_y) / wide) ** 2) / 2)
    return weight.clamp(max=1)[None, None]


def noisy(residual: Tensor) -> Tensor:
    """As the adversary of residuals sees them: nothing hangs on what is finer than that."""
    return residual + 0.05 * torch.randn_like(residual)


def _roughness(flow: Tensor) -> Tensor:
    """How unevenly a flow [N, 2, h, w] moves."""
    across, down = flow[..., 1:] - flow[..., :-1], flow[..., 1:, :] - flow[..., :-1, :]
    return 64 * (across.abs().mean() + down.abs().mean()) + 400 * across.square().mean()
