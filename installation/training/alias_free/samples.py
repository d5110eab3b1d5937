"""Pictures of how far a generator has come: the same samples each time, without truncation."""

import torch
from PIL import Image
from torch import Tensor

from installation.networks.mixed_generator import as_bytes
from installation.networks.stylegan3 import StyleGAN3Generator

COLUMNS, ROWS = 10, 6
AT_ONCE = 10


@torch.inference_mode()
def samples(generator: StyleGAN3Generator, seed: int = 0, columns: int = COLUMNS, rows: int = ROWS) -> Image.Image:
    """Pictures of ``columns * rows`` codes, side by side."""
    z = torch.randn(columns * rows, generator.z_dim, generator=torch.Generator().manual_seed(seed)).to(generator.mapping.w_avg)
    drawn = torch.cat([generator.synthesis(generator.mapping(part)) for part in torch.split(z, AT_ONCE)])
    return sheet(drawn, columns)


def sheet(pictures: Tensor, columns: int) -> Image.Image:
    """Pictures [N, 3, S, S] in -1…1, so many a row."""
    tiles = list(as_bytes(pictures).cpu())  # [S, S, 3] each
    rows = [torch.cat(tiles[start : start + columns], dim=1) for start in range(0, len(tiles), columns)]
    return Image.fromarray(torch.cat(rows, dim=0).numpy())
