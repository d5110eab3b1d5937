"""Draws with gradients what the mirror shows of an edit: the camera's pixels, what the generator changes, and the movement."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from installation.latents.warps import STEPS_BACK
from installation.networks.editor import HEAD, SOFT
from installation.networks.facets_encoder import DETAIL_PX, FacetsEncoder, Features
from installation.networks.stylegan2 import Generator
from installation.training.editor.kept import Kept
from installation.training.precision import half

PICTURE_PX = 128
PER_CELL = PICTURE_PX // DETAIL_PX
EDGE_PX = 6  # of a cut-out: what is drawn so near its rim lacks its neighbours
LEVELS_BELOW = 3  # resolutions from 4 px up to the one before the residual's


@dataclass(frozen=True, slots=True)
class CutOut:
    """The cells that are drawn, of 32 each way; the rest of a picture stays as it is."""

    top: int = 0
    left: int = 0
    cells: int = DETAIL_PX

    def of(self, maps: Tensor, side: int = DETAIL_PX) -> Tensor:
        """The part of maps [..., side, side]."""
        scale = side / DETAIL_PX
        top, left, size = (round(v * scale) for v in (self.top, self.left, self.cells))
        return maps[..., top : top + size, left : left + size]


@dataclass(frozen=True, slots=True, eq=False)
class Sitting:
    """Faces as the frozen networks see them. before [N, 128, 32, 32]: the generator's features without the residual; small [N, 3,
    16, 16]: its picture so far; plain [N, 3, 128, 128]: its portraits."""

    images: Tensor
    features: Features
    seen: Tensor
    detail: Tensor
    ws: Tensor
    before: Tensor
    small: Tensor
    plain: Tensor


class Studio:
    """The frozen encoder and generator, in half precision where the machine is quicker for it."""

    def __init__(self, encoder: FacetsEncoder, generator: Generator) -> None:
        self.encoder = encoder.eval().requires_grad_(False)
        self.generator = generator.eval().requires_grad_(False)
        self.expand = encoder.expand.weight.detach()
        self.head = _soft_ellipse(PICTURE_PX)
        self._kept = Kept.at(PICTURE_PX)

    @torch.no_grad()
    def see(self, images: Tensor) -> Sitting:
        """Pictures [N, 3, 128, 128] in -1…1."""
        with half():
            features, seen, detail = self.encoder.pyramid(images.contiguous(memory_format=torch.channels_last))
            ws = self.encoder.heads(features).float()
            before, small = self._coarse(ws)
            plain = self._fine(before + F.conv2d(detail, self.expand), small, ws)
        maps = Features(*(m.float() for m in (features.fine, features.middle, features.coarse)))
        return Sitting(images, maps, seen.float(), detail.float(), ws, before.float(), small.float(), plain.float())

    def change(self, sitting: Sitting, edited: Tensor, cut: CutOut) -> Tensor:
        """What an edited residual [N, 32, 32, 32] changes of the portraits [N, 3, 128, 128], and the mirror shows of it: nothing
        outside the cut-out and the head."""
        with half():
            features = cut.of(sitting.before) + F.conv2d(cut.of(edited), self.expand)
            drawn = self._fine(features, cut.of(sitting.small, DETAIL_PX // 2), sitting.ws)
        change = drawn.float() - cut.of(sitting.plain, PICTURE_PX)
        edge = 0 if cut.cells == DETAIL_PX else EDGE_PX
        inner = change[..., edge : change.shape[-2] - edge, edge : change.shape[-1] - edge]
        top, left = PER_CELL * cut.top + edge, PER_CELL * cut.left + edge
        around = (left, PICTURE_PX - left - inner.shape[-1], top, PICTURE_PX - top - inner.shape[-2])
        drawn_at = F.pad(torch.ones_like(inner[:1, :1]), around)
        return self._kept.of(F.pad(inner, around), sitting.plain) * drawn_at * self.head

    def _coarse(self, ws: Tensor) -> tuple[Tensor, Tensor]:
        g = self.generator
        x = g.conv1(g.input(len(ws)), ws[:, 0], None)
        picture = g.to_rgb1(x, ws[:, 1])
        for k in range(LEVELS_BELOW):
            x = g.convs[2 * k + 1](g.convs[2 * k](x, ws[:, 2 * k + 1], None), ws[:, 2 * k + 2], None)
            if k < LEVELS_BELOW - 1:
                picture = g.to_rgbs[k](x, ws[:, 2 * k + 3], picture)
        return x, picture

    def _fine(self, x: Tensor, picture: Tensor, ws: Tensor) -> Tensor:
        """Works on cut-outs: without noise a convolution does not care where it is."""
        g, k = self.generator, LEVELS_BELOW - 1
        picture = g.to_rgbs[k](x, ws[:, 2 * k + 3], picture)
        side = DETAIL_PX
        while side < PICTURE_PX:
            k, side = k + 1, 2 * side
            x = g.convs[2 * k + 1](g.convs[2 * k](x, ws[:, 2 * k + 1], None), ws[:, 2 * k + 2], None)
            picture = g.to_rgbs[k](x, ws[:, 2 * k + 3], picture)
        return picture


def moved(pictures: Tensor, flow: Tensor) -> Tensor:
    """Pictures [N, C, S, S] as their features move by ``flow`` [N, 2, r, r], x and y in fractions of the side: what
    ``latents.warps.Warper`` does, with gradients."""
    back = -flow
    rest = _places(flow.shape[-1])
    for _ in range(STEPS_BACK):
        back = -F.grid_sample(flow, rest + 2 * back.permute(0, 2, 3, 1), padding_mode="border", align_corners=False)
    side = pictures.shape[-1]
    wide = F.interpolate(back, size=(side, side), mode="bilinear", align_corners=False)
    grid = _places(side) + 2 * wide.permute(0, 2, 3, 1)
    return F.grid_sample(pictures, grid, mode="bilinear", padding_mode="border", align_corners=False)


def _places(side: int) -> Tensor:
    axis = (torch.arange(side) + 0.5) / side * 2 - 1
    return torch.stack(torch.meshgrid(axis, axis, indexing="xy"), dim=-1)[None]


def _soft_ellipse(side: int) -> Tensor:
    """[side, side]: 1 where a head mostly is."""
    (x0, y0), (rx, ry) = HEAD
    axis = (torch.arange(side) + 0.5) / side
    away = (((axis[None, :] - x0) / rx) ** 2 + ((axis[:, None] - y0) / ry) ** 2).sqrt()
    return torch.sigmoid((1 - away) / SOFT)
