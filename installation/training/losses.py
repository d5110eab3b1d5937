"""Losses and the networks behind them: masked L1, perceptual (tiny darknet), identity (MobileFaceNet)."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

from installation.faces.ffhq import EYES, MOUTH, NOSE
from installation.training.distributed import mean
from installation.training.onnx_graph import OnnxNetwork

IDENTITY_PX = 112
# MobileFaceNet's five-point template in its 112 px picture: eyes, nose, corners of the mouth.
IDENTITY_TEMPLATE = ((38.29, 51.70), (73.53, 51.50), (56.03, 71.74), (41.55, 92.37), (70.73, 92.20))
EYE_EXTENT, MOUTH_EXTENT = (0.05, 0.03), (0.08, 0.04)  # standard deviations of what belongs to them, of the side


def masked_l1(a: Tensor, b: Tensor, mask: Tensor) -> Tensor:
    """Mean |a - b| of [N, 3, H, W] pictures inside ``mask`` [N, 1, H, W]."""
    return ((a - b).abs() * mask).sum() / (mean(mask.sum()) * 3 + 1e-6)


def features_weight(size: int, extra: float) -> Tensor:
    """[1, 1, S, S]: how much each pixel of an FFHQ-aligned picture counts: 1, and up to ``extra`` more on eyes and mouth.

    They are a fiftieth of the picture and most of what people look at.
    """
    axis = (torch.arange(size) + 0.5) / size
    weight = torch.ones(size, size)
    if not extra:
        return weight[None, None]
    mouth = ((MOUTH[0][0] + MOUTH[1][0]) / 2, MOUTH[0][1])
    for (x, y), (wide, tall) in ((EYES[0], EYE_EXTENT), (EYES[1], EYE_EXTENT), (mouth, MOUTH_EXTENT)):
        weight += extra * torch.exp(-(((axis[None, :] - x) / wide).square() + ((axis[:, None] - y) / tall).square()) / 2)
    return weight[None, None]


class Darknet(nn.Module):
    """Perceptual distance on tiny darknet's pyramid (pjreddie.com/darknet, ImageNet), channel-normalised, inside a mask."""

    LAYERS = (1, 2, 4, 6, 8, 10)
    POOL_AFTER = (1, 2, 6)

    def __init__(self, path: Path) -> None:
        super().__init__()
        for name, value in load_file(path).items():
            self.register_buffer(name.replace(".", "_"), value)

    def maps(self, x: Tensor) -> Iterator[Tensor]:
        """Normalised feature maps of pictures [N, 3, H, W] in -1…1, fine to coarse."""
        x = (x + 1) / 2
        for layer in range(1, self.LAYERS[-1] + 1):
            weight = getattr(self, f"conv{layer}_weight")
            x = F.leaky_relu(F.conv2d(x, weight, getattr(self, f"conv{layer}_bias"), padding=weight.shape[-1] // 2), 0.1)
            if layer in self.LAYERS:
                yield x / (x.square().mean(dim=1, keepdim=True).sqrt() + 1e-3)
            if layer in self.POOL_AFTER:
                x = F.max_pool2d(x, 2)

    @property
    def widths(self) -> list[int]:
        """Channels of each map."""
        return [getattr(self, f"conv{layer}_weight").shape[0] for layer in self.LAYERS]

    def forward(self, a: Tensor, b: Tensor, mask: Tensor) -> Tensor:
        """Distance of ``a`` from the target ``b``; no gradient runs into ``b``."""
        with torch.no_grad():
            target = list(self.maps(b))
        return map_distance(list(self.maps(a)), target, mask)


def map_distance(maps: Sequence[Tensor], target: Sequence[Tensor], mask: Tensor) -> Tensor:
    """Sum of the mean squared differences of feature maps inside ``mask`` [N, 1, H, W]."""
    loss = maps[0].new_zeros(())
    for u, v in zip(maps, target, strict=True):
        m = F.interpolate(mask, size=u.shape[-2:], mode="area")
        loss = loss + ((u - v).square().mean(dim=1, keepdim=True) * m).sum() / (mean(m.sum()) + 1e-6)
    return loss


def similarity(source: Tensor, target: Tensor) -> Tensor:
    """Least-squares similarity [2, 3] that carries points ``source`` [K, 2] to ``target`` [K, 2] (Umeyama 1991)."""
    s, t = source - source.mean(0), target - target.mean(0)
    norm = s.square().sum()
    a = (s * t).sum() / norm
    b = (s[:, 0] * t[:, 1] - s[:, 1] * t[:, 0]).sum() / norm
    linear = torch.stack([torch.stack([a, -b]), torch.stack([b, a])])
    return torch.cat([linear, (target.mean(0) - linear @ source.mean(0))[:, None]], dim=1)


class Identity(nn.Module):
    """MobileFaceNet embeddings of FFHQ-aligned pictures, cut by the average five points of that alignment."""

    mean: Tensor
    std: Tensor
    theta: Tensor

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.network = OnnxNetwork(path)
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406])[:, None, None])
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225])[:, None, None])
        # affine_grid wants the way from the crop to the picture, both in -1…1.
        crop = torch.tensor(IDENTITY_TEMPLATE) / IDENTITY_PX * 2 - 1
        self.register_buffer("theta", similarity(crop, torch.tensor((*EYES, NOSE, *MOUTH)) * 2 - 1))

    def crop(self, images: Tensor) -> Tensor:
        """[N, 3, S, S] in -1…1 -> [N, 3, 112, 112] in -1…1."""
        if images.shape[-1] > 192:  # grid_sample does not look at all pixels of a much larger picture
            images = F.interpolate(images, size=192, mode="bilinear", antialias=True)
        grid = F.affine_grid(self.theta.expand(len(images), 2, 3), [len(images), 3, IDENTITY_PX, IDENTITY_PX], align_corners=False)
        return F.grid_sample(images, grid, align_corners=False, padding_mode="border")

    def forward(self, images: Tensor) -> Tensor:
        """Unit embeddings [N, 128]."""
        x = ((self.crop(images) + 1) / 2 - self.mean) / self.std
        return F.normalize(self.network(x).flatten(1), dim=1)
