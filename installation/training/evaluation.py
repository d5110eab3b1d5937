"""How far a model in training has come: figures, and a picture of rows to look at."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from installation.networks.facets_encoder import INPUT_PX
from installation.training.losses import Identity, masked_l1
from installation.training.model import Model


def at(x: Tensor, size: int) -> Tensor:
    """Pictures [N, C, S, S] at ``size`` px, averaged."""
    return x if x.shape[-1] == size else F.interpolate(x, size=(size, size), mode="area")


@torch.no_grad()
def validate(model: Model, identity: Identity | None, images: Tensor, mask: Tensor, size: int) -> dict[str, float]:
    """L1 and identity of a model's reconstructions of pictures [N, 3, 256, 256] inside their mask, at ``size`` px, with the detail
    residual and from the code alone."""
    target, inside = at(images, size), (at(mask, size) > 0.99).float()
    ws, detail = model.encoder.encode_with_detail(at(images * mask, INPUT_PX))
    found = {}
    for suffix, residual in (("", model.encoder.residual(detail)), ("_code", None)):
        y = model.generator.synthesis(ws, "none", size, residual).clamp(-1, 1)
        found[f"val_l1{suffix}"] = float(masked_l1(y, target, inside))
        if identity is not None:
            cosine = (identity(y * inside) * identity(target * inside)).sum(dim=1)
            found[f"val_identity{suffix}"] = float(cosine.median())
    return {name: round(value, 4) for name, value in found.items()}


@torch.no_grad()
def grid(model: Model, images: Tensor, mask: Tensor, size: int, reconstructs: bool = True) -> Image.Image:
    """Originals, reconstructions from the code alone, with the detail residual, and samples where the model has them."""
    generator = model.generator
    rows = [at(images, size)]
    if reconstructs:
        ws, detail = model.encoder.encode_with_detail(at(images * mask, INPUT_PX))
        rows += [generator.synthesis(ws, "none", size, d) for d in (None, model.encoder.residual(detail))]
    if model.shape.mapping_layers:
        z = torch.randn(len(images), generator.style_dim, generator=torch.Generator().manual_seed(0)).to(images.device)
        rows.append(generator.synthesis(generator.mapping(z), "const", size))
    picture = torch.cat([torch.cat(list(row.float().clamp(-1, 1)), 2) for row in rows], 1)
    return Image.fromarray(((picture + 1) * 127.5).byte().permute(1, 2, 0).cpu().numpy())
