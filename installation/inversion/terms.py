"""What an inversion makes small, picture against picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from installation.inversion.settings import BLUR_SIGMA, BLUR_TAPS
from installation.networks.facets_encoder import INPUT_PX, FacetsEncoder

FACE_SCALE = 0.35  # carries the distance of the embedded encoder's maps to LPIPS' size


class Term(Protocol):
    """A distance from a target, which is looked at once: ``term(target, mask)`` gives ``distance(drawn) -> scalar``.

    target, drawn: [1, 3, S, S] in -1…1; mask: [1, 1, S, S], 1 where the target shows the picture.
    """

    def __call__(self, target: Tensor, mask: Tensor) -> Callable[[Tensor], Tensor]: ...


def gaussian(taps: int = BLUR_TAPS, sigma: float = BLUR_SIGMA) -> Tensor:
    """[taps]: a Gaussian of this standard deviation in px, cut to so many taps, its sum 1."""
    places = torch.arange(taps, dtype=torch.float32) - (taps - 1) / 2
    weights = torch.exp(-0.5 * (places / sigma).square())
    return weights / weights.sum()


def blurred(pictures: Tensor, taps: Tensor) -> Tensor:
    """[N, C, H, W] through the separable filter; the rim is reflected."""
    width, reach = pictures.shape[1], len(taps) // 2
    taps = taps.to(pictures)
    x = F.pad(pictures, (reach, reach, reach, reach), mode="reflect")
    x = F.conv2d(x, taps.view(1, 1, 1, -1).expand(width, 1, 1, -1), groups=width)
    return F.conv2d(x, taps.view(1, 1, -1, 1).expand(width, 1, -1, 1), groups=width)


def blurred_l2(target: Tensor, mask: Tensor) -> Callable[[Tensor], Tensor]:
    """Mean square difference of the blurred pictures inside the mask: what is finer than the generator draws does not count."""
    taps = gaussian()
    wanted, size = blurred(target, taps), mask.sum() * target.shape[1] + 1e-6

    def distance(drawn: Tensor) -> Tensor:
        return ((blurred(drawn, taps) - wanted).square() * mask).sum() / size

    return distance


class FaceFeatures:
    """A perceptual distance on the embedded encoder's maps, which were made for faces and are always at hand."""

    def __init__(self, encoder: FacetsEncoder) -> None:
        self._encoder = encoder

    def maps(self, pictures: Tensor) -> Sequence[Tensor]:
        """Maps of 32, 16 and 8 px, each place of unit mean square over the channels."""
        x = F.interpolate(pictures, size=(INPUT_PX, INPUT_PX), mode="area") if pictures.shape[-1] != INPUT_PX else pictures
        features, seen, _ = self._encoder.pyramid(x)
        return [one / (one.square().mean(dim=1, keepdim=True).sqrt() + 1e-3) for one in (seen, features.fine, features.middle)]

    def __call__(self, target: Tensor, mask: Tensor) -> Callable[[Tensor], Tensor]:
        with torch.no_grad():
            wanted = self.maps(target * mask)
        weights = [F.interpolate(mask, size=one.shape[-2:], mode="area") for one in wanted]

        def distance(drawn: Tensor) -> Tensor:
            total = drawn.new_zeros(())
            for mine, theirs, weight in zip(self.maps(drawn * mask), wanted, weights, strict=True):
                apart = (mine - theirs).square().mean(dim=1, keepdim=True)
                total = total + (apart * weight).sum() / (weight.sum() + 1e-6)
            return FACE_SCALE * total

        return distance
