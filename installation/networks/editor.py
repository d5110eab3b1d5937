"""The editor: what a face's detail residual gains or loses when its owner grows older, smiles, opens their mouth.

A direction is one vector for everybody, so it brings along whatever goes with an attribute in a population: darker skin with
age, lighter skin with gender. The editor looks at the face and writes for this one what changes and where, and nothing else.

Editing in a feature space beside W+ is Bobkov et al. 2024, "The Devil is in the Details: StyleFeatureEditor", and Pehlivan et
al. 2023, "StyleRes"; that a change of age is best drawn as a difference over the camera's own pixels is Zoss et al. 2022,
"Production-Ready Face Re-Aging for Visual Effects" (FRAN). Ours is that the face alone is read and the amounts come after: one
pass gives, for each knob and either way, what its amount 1 adds. Amounts are multiplied and added like those of any direction,
so amount 0 is nothing, exactly, a grid of variants needs one pass, and the show draws other amounts with every frame.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from installation.networks.facets_encoder import DETAIL_CHANNELS, DETAIL_PX, Features

KNOBS = ("age", "gender", "smile", "mouth-open")
WAYS = 2  # what amount 1 adds, and what amount -1 adds
SEEN = 160  # channels of the encoder's pyramid at 32 px
FACE = (0.5, 0.61), (0.25, 0.30)  # middle and half axes of an ellipse, fractions of the side of an FFHQ-aligned picture
HEAD = (0.5, 0.52), (0.35, 0.40)  # for knobs of other names
SKIN = (0.5, 0.57), (0.23, 0.30)  # without the hair, which is the camera's: what is drawn on it by faces that show none is streaks
WHERE = {"age": SKIN, "gender": SKIN, "smile": FACE, "mouth-open": FACE}
SOFT = 0.05  # width of their rims
# Lips, teeth and brows are finer than a drawing of 128 px: what age and gender draw there pinches mouths, spoils teeth and bleaches brows,
# and their owner knows them better. So they stay the sitter's own, but for what makes a brow a man's or a woman's.
LIPS = (0.5, 0.75), (0.135, 0.075)
BROWS = ((0.365, 0.405), (0.085, 0.03)), ((0.635, 0.405), (0.085, 0.03))
LIPS_SOFT, BROWS_SOFT = 0.15, 0.3  # widths of their rims
SPARED = {"age": (1.0, 0.8), "gender": (0.8, 0.25)}  # of lips and brows
GROUPS = 8  # of channels that are normalised together
WARP_PX = 64  # side of the flows, as the directions' own warps have it
REACH = 0.05  # of the side: what a flow is counted in


class Block(nn.Module):
    """3x3 convolution, group norm, scale and shift by what the whole face is like, SiLU: [N, C, H, W] -> the same shape."""

    def __init__(self, channel: int, condition: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channel, channel, 3, 1, 1)
        self.film = nn.Linear(condition, 2 * channel)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        scale, shift = self.film(condition)[:, :, None, None].chunk(2, 1)
        return F.silu(group_norm(self.conv(x)) * (1 + scale) + shift)


def group_norm(x: Tensor) -> Tensor:
    """Group norm (Wu and He 2018) of [N, C, H, W] without scales of its own, in plain sums: OpenVINO 2026's own operation crashes on
    some CPUs where a scale follows it."""
    groups = x.reshape(x.shape[0], GROUPS, -1)
    centred = groups - groups.mean(2, keepdim=True)
    normed: Tensor = centred * torch.rsqrt(centred.square().mean(2, keepdim=True) + 1e-5)
    return normed.reshape(x.shape)


class Editor(nn.Module):
    """``editor(features, seen [N, 160, 32, 32], detail [N, 32, 32, 32])``, all three as ``FacetsEncoder.pyramid`` gives them.

    Gives changes [N, knobs, 2, 32, 32, 32], for each knob what its amount 1 adds to the detail residual, and what -1 does; and flows
    [N, knobs, 2, 2, 64, 64], how far either moves what is drawn, x and y in fractions of the picture's side.
    A small top-down pyramid on the encoder's own maps; about 0.9 million parameters, 0.35 GFLOP a face.
    """

    where: Tensor

    def __init__(self, knobs: tuple[str, ...] = KNOBS, narrow: int = 64, middle: int = 96, wide: int = 128, condition: int = 96) -> None:
        super().__init__()
        self.knobs = knobs
        self.whole = nn.Sequential(nn.Linear(256, condition), nn.SiLU(), nn.Linear(condition, condition), nn.SiLU())
        self.enter8, self.enter16 = nn.Conv2d(256, wide, 1), nn.Conv2d(192, middle, 1)
        self.enter32 = nn.Conv2d(SEEN + DETAIL_CHANNELS, narrow, 1)
        self.place8 = nn.Parameter(torch.zeros(1, wide, 8, 8))  # faces are aligned: where something is says what it is
        self.place32 = nn.Parameter(torch.zeros(1, narrow, DETAIL_PX, DETAIL_PX))
        self.down16, self.down32 = nn.Conv2d(wide, middle, 1), nn.Conv2d(middle, narrow, 1)
        self.at8 = nn.ModuleList(Block(wide, condition) for _ in range(2))
        self.at16 = nn.ModuleList(Block(middle, condition) for _ in range(2))
        self.at32 = nn.ModuleList(Block(narrow, condition) for _ in range(2))
        self.last = nn.Conv2d(narrow, len(knobs) * WAYS * DETAIL_CHANNELS, 1)
        self.move = nn.Conv2d(narrow, len(knobs) * WAYS * 2, 1)
        for layer in (self.last, self.move):  # it begins with changing nothing
            nn.init.zeros_(layer.weight)
            assert layer.bias is not None
            nn.init.zeros_(layer.bias)
        self.register_buffer("where", torch.stack([where_to_write(name) for name in knobs]))

    def forward(self, features: Features, seen: Tensor, detail: Tensor) -> tuple[Tensor, Tensor]:
        condition = self.whole(features.coarse.mean((2, 3)))
        x = self.enter8(features.middle) + self.place8
        for block in self.at8:
            x = x + block(x, condition)
        x = self.enter16(features.fine) + F.interpolate(self.down16(x), scale_factor=2.0)
        for block in self.at16:
            x = x + block(x, condition)
        x = self.enter32(torch.cat([seen, detail], 1)) + self.place32 + F.interpolate(self.down32(x), scale_factor=2.0)
        for block in self.at32:
            x = x + block(x, condition)
        shape = (-1, len(self.knobs), WAYS, DETAIL_CHANNELS, DETAIL_PX, DETAIL_PX)
        # Multiplied channel by channel: products of more than four dimensions are slow in OpenVINO.
        changes = (self.last(x) * self._each(WAYS * DETAIL_CHANNELS)).view(shape)
        # Skin moves together: what a single cell would do by itself is a streak.
        smooth = F.avg_pool2d(F.avg_pool2d(REACH * self.move(x), 5, 1, 2), 3, 1, 1)
        flows = smooth * self._each(WAYS * 2)
        wide = F.interpolate(flows, size=(WARP_PX, WARP_PX), mode="bilinear", align_corners=False)
        return changes, wide.view(-1, len(self.knobs), WAYS, 2, WARP_PX, WARP_PX)

    def _each(self, channels: int) -> Tensor:
        """[1, knobs * channels, 32, 32]: where each of so many channels a knob may write."""
        return self.where.repeat_interleave(channels, 0)[None]


def where_to_write(knob: str) -> Tensor:
    """[32, 32] 0…1: where a knob may change anything."""
    lips, brows = SPARED.get(knob, (0.0, 0.0))
    either = torch.maximum(*(ellipse(*brow, BROWS_SOFT) for brow in BROWS))
    return ellipse(*WHERE.get(knob, HEAD)) * (1 - lips * ellipse(*LIPS, LIPS_SOFT)) * (1 - brows * either)


def ellipse(middle: tuple[float, float], axes: tuple[float, float], soft: float = SOFT) -> Tensor:
    """[32, 32]: 1 inside an ellipse, 0 outside, with a soft rim; in fractions of the side."""
    axis = (torch.arange(DETAIL_PX) + 0.5) / DETAIL_PX
    away = ((axis[None, :] - middle[0]) / axes[0]).square() + ((axis[:, None] - middle[1]) / axes[1]).square()
    return torch.sigmoid((1 - away.sqrt()) / soft)


def added(either: Tensor, amounts: Tensor) -> Tensor:
    """Changes or flows [N, knobs, 2, …] with these amounts [N, knobs], added up over the knobs: [N, …]."""
    ways = torch.stack([amounts.clamp(min=0), (-amounts).clamp(min=0)], 2)
    return torch.einsum("nkw...,nkw->n...", either, ways)
