"""The embedded encoder: a small pSp-style pyramid (Richardson et al. 2021, "Encoding in Style") with a detail residual.

Coarse, middle and fine heads read the three deepest maps of one trunk and add up to a W+ code; a fourth, spatial head gives
the detail residual at 32 x 32 (feature-space inversion: Yao et al. 2022, "FeatureStyleEncoder"; Wang et al. 2022, "HFGI").
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

INPUT_PX = 128
DETAIL_PX = 32
DETAIL_CHANNELS = 32
COARSE_STYLES = 4  # up to 8 x 8 pixels, as in StyleGAN's own coarse, middle and fine
MIDDLE_STYLES = 4  # up to 32 x 32


def conv_block(in_channel: int, out_channel: int, stride: int = 1, kernel: int = 3) -> nn.Sequential:
    """Convolution, batch norm, leaky ReLU; batch norm folds into the convolution at run time."""
    conv = nn.Conv2d(in_channel, out_channel, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(out_channel), nn.LeakyReLU(0.1))


class InvertedResidual(nn.Module):
    """Depthwise 3x3, then a 1x1 bottleneck turned inside out, added to its input [N, C, H, W]."""

    def __init__(self, channel: int, expansion: int = 2) -> None:
        super().__init__()
        wide = channel * expansion
        self.body = nn.Sequential(
            nn.Conv2d(channel, channel, 3, 1, 1, groups=channel, bias=False),
            nn.BatchNorm2d(channel),
            nn.Conv2d(channel, wide, 1, bias=False),
            nn.BatchNorm2d(wide),
            nn.LeakyReLU(0.1),
            nn.Conv2d(wide, channel, 1, bias=False),
            nn.BatchNorm2d(channel),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Features:
    """Maps of the trunk: fine [N, 192, 16, 16], middle [N, 256, 8, 8], coarse [N, 256, 4, 4]."""

    fine: Tensor
    middle: Tensor
    coarse: Tensor


class FacetsEncoder(nn.Module):
    """``encoder(images [N, 3, H, W] in -1…1) -> ws [N, styles, w_dim]``; pictures are brought to 128 x 128 by area averaging.

    ``encode_with_detail`` gives the residual as well; both share ``trunk``. ``expand`` (a 1x1 convolution to
    the generator's own width at 32 x 32) belongs to the generator's side and is applied by ``residual``.
    """

    latent_avg: Tensor
    input_px = INPUT_PX

    def __init__(self, styles: int = 14, w_dim: int = 256, generator_width: int = 128) -> None:
        super().__init__()
        if styles <= COARSE_STYLES + MIDDLE_STYLES:
            raise ValueError(f"styles: more than {COARSE_STYLES + MIDDLE_STYLES} are needed, got {styles}")
        self.styles, self.w_dim, self.generator_width = styles, w_dim, generator_width
        self.stem = nn.Sequential(nn.PixelUnshuffle(2), conv_block(12, 48))
        self.down32 = nn.Sequential(conv_block(48, 96, 2), InvertedResidual(96), InvertedResidual(96))
        self.down16 = nn.Sequential(conv_block(96, 192, 2), *[InvertedResidual(192) for _ in range(3)])
        self.down8 = nn.Sequential(conv_block(192, 256, 2), *[InvertedResidual(256) for _ in range(3)])
        self.down4 = nn.Sequential(conv_block(256, 256, 2), InvertedResidual(256))

        fine_styles = styles - COARSE_STYLES - MIDDLE_STYLES
        self.coarse_head = self._head(256, 96, 512, (1 + COARSE_STYLES) * w_dim)
        self.middle_head = self._head(256, 64, 256, MIDDLE_STYLES * w_dim)
        self.fine_head = self._head(192, 48, 256, fine_styles * w_dim)

        self.lateral8 = nn.Conv2d(256, 96, 1)
        self.lateral16 = nn.Conv2d(192, 96, 1)
        self.smooth = conv_block(96, 64)
        self.squeeze = nn.Conv2d(64, DETAIL_CHANNELS, 1)
        self.expand = nn.Conv2d(DETAIL_CHANNELS, generator_width, 1, bias=False)
        self.register_buffer("latent_avg", torch.zeros(w_dim))

    @staticmethod
    def _head(in_channel: int, narrow: int, hidden: int, out: int) -> nn.Sequential:
        last = nn.Linear(hidden, out)
        with torch.no_grad():
            last.weight.mul_(0.5)
        pooled = nn.AdaptiveAvgPool2d(4)
        return nn.Sequential(
            conv_block(in_channel, narrow, kernel=1), pooled, nn.Flatten(), nn.Linear(narrow * 16, hidden), nn.LeakyReLU(0.1), last
        )

    def trunk(self, images: Tensor) -> tuple[Features, Tensor]:
        """Pyramid maps and the detail residual [N, 32, 32, 32] in -1…1."""
        features, _, detail = self.pyramid(images)
        return features, detail

    def pyramid(self, images: Tensor) -> tuple[Features, Tensor, Tensor]:
        """Pyramid maps, what is seen at 32 px [N, 160, 32, 32], first near each place and then in its surroundings, and the detail
        residual [N, 32, 32, 32] in -1…1."""
        x32 = self.down32(self.stem(images))
        x16 = self.down16(x32)
        x8 = self.down8(x16)
        top = self.lateral16(x16) + F.interpolate(self.lateral8(x8), scale_factor=2.0)
        wide = self.smooth(x32 + F.interpolate(top, scale_factor=2.0))
        detail = torch.tanh(self.squeeze(wide))
        return Features(x16, x8, self.down4(x8)), torch.cat([x32, wide], 1), detail

    def heads(self, features: Features) -> Tensor:
        """W+ codes [N, styles, w_dim]: a common w and an offset for each layer (as in e4e, Tov et al. 2021)."""
        count = features.coarse.shape[0]  # not len(): exporters would take it as fixed
        coarse = self.coarse_head(features.coarse).view(count, 1 + COARSE_STYLES, self.w_dim)
        middle = self.middle_head(features.middle).view(count, MIDDLE_STYLES, self.w_dim)
        fine = self.fine_head(features.fine).view(count, -1, self.w_dim)
        offsets = torch.cat([coarse[:, 1:], middle, fine], dim=1)
        codes: Tensor = self.latent_avg + coarse[:, :1] + offsets
        return codes

    def residual(self, detail: Tensor) -> Tensor:
        """Detail [N, 32, 32, 32] -> the residual in the generator's features [N, generator_width, 32, 32]."""
        expanded: Tensor = self.expand(detail)
        return expanded

    def encode_with_detail(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Pictures [N, 3, 128, 128] -> codes [N, styles, w_dim] and the detail residual [N, 32, 32, 32]."""
        features, detail = self.trunk(images)
        return self.heads(features), detail

    def forward(self, images: Tensor) -> Tensor:
        if images.shape[-2:] != (INPUT_PX, INPUT_PX):
            images = F.interpolate(images, (INPUT_PX, INPUT_PX), mode="area")
        return self.heads(self.trunk(images)[0])
