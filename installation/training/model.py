"""The embedded base as one module: generator and encoder, drawn together."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType

import torch
from torch import Tensor, nn

from installation.networks.facets_encoder import DETAIL_PX, FacetsEncoder
from installation.networks.stylegan2 import Generator

W_DIM = 256
FINAL_PX = 256
CHANNELS = MappingProxyType({4: 256, 8: 256, 16: 256, 32: 128, 64: 80, 128: 32, 256: 16})


@dataclass(frozen=True)
class Shape:
    """Sizes of a model; a run keeps them in its state, so that it resumes without flags."""

    size: int = FINAL_PX  # px of the largest pictures
    w_dim: int = W_DIM
    mapping_layers: int = 0  # 0: no mapping network, codes come from the encoder alone
    channel_base: int = 0  # 0: the widths of the embedded model
    channel_max: int = 256

    @property
    def channels(self) -> Mapping[int, int]:
        """Width at each resolution: ``channel_base`` over the resolution, at most ``channel_max`` (as StyleGAN2-ADA has it)."""
        sides = [2**k for k in range(2, self.size.bit_length())]
        if self.channel_base:
            return {side: min(self.channel_base // side, self.channel_max) for side in sides}
        return {side: CHANNELS.get(side, 16) for side in sides}

    def as_dict(self) -> dict[str, int]:
        """For a checkpoint."""
        return asdict(self)


class Model(nn.Module):
    """Encoder and generator as one module, so that their EMA, optimiser and checkpoint are one too."""

    def __init__(self, shape: Shape = Shape()) -> None:
        super().__init__()
        self.shape = shape
        channels = shape.channels
        self.generator = Generator(shape.size, shape.w_dim, n_mlp=shape.mapping_layers, channels=channels)
        self.encoder = FacetsEncoder(self.generator.styles, shape.w_dim, channels[min(DETAIL_PX, shape.size)])
        with torch.no_grad():  # a resolution starts as the up-sampled picture of the one below
            for name, weight in self.generator.named_parameters():
                if name.startswith("to_rgbs.") and name.endswith("conv.weight"):
                    weight.mul_(0.1)

    def forward(self, x: Tensor, stale: Tensor, gate: Tensor, jitter: Tensor, size: int) -> tuple[Tensor, Tensor]:
        """Reconstruct ``x`` [N, 3, 128, 128]: (pictures [N, 3, size, size], codes [N + M, styles, w_dim]).

        stale [M, 3, 128, 128]: other crops of the first M pictures, whose codes stand in for theirs.
        gate [N, 1, 1, 1]: 1 where the detail residual is drawn. jitter [N, styles, w_dim]: noise added to the codes.
        """
        features, detail = self.encoder.trunk(torch.cat([x, stale]))
        codes = self.encoder.heads(features)
        ws = torch.cat([codes[len(x) :], codes[len(stale) : len(x)]]) + jitter
        residual = self.encoder.residual(detail[: len(x)]) * gate
        return self.generator.synthesis(ws, "none", size, residual), codes
