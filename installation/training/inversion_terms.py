"""The terms of an inversion that need networks of the user's own: tiny darknet's features, MobileFaceNet's identity."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from installation.errors import ConfigError
from installation.inversion.terms import Term

DARKNET, MOBILEFACENET = "darknet-tiny-imagenet.safetensors", "mobilefacenet.onnx"
DARKNET_SCALE = 0.1  # carries tiny darknet's distance to LPIPS' size


def net_terms(nets: Path | None, identity: float | None = None) -> tuple[Term | None, Term | None]:
    """The perceptual and the identity term of a folder, each only where its file is there. identity: the weight that was asked for in so
    many words, if any. Raises ConfigError where neither file is there, and where the one for that weight is not."""
    if identity and (nets is None or not (nets / MOBILEFACENET).is_file()):
        raise ConfigError(f"--identity {identity:g} needs --nets with a folder that holds {MOBILEFACENET}; leave it out to do without")
    if nets is None:
        return None, None
    if not any((nets / name).is_file() for name in (DARKNET, MOBILEFACENET)):
        raise ConfigError(f"--nets: {nets}: holds neither {DARKNET} nor {MOBILEFACENET}; leave it out to do without")
    perceptual = darknet_term(nets / DARKNET) if (nets / DARKNET).is_file() else None
    return perceptual, identity_term(nets / MOBILEFACENET) if identity != 0 and (nets / MOBILEFACENET).is_file() else None


def darknet_term(path: Path) -> Term:
    """Perceptual distance on tiny darknet's pyramid."""
    from installation.training.losses import Darknet, map_distance

    network = Darknet(path).eval().requires_grad_(False)

    def term(target: Tensor, mask: Tensor) -> Callable[[Tensor], Tensor]:
        with torch.no_grad():
            wanted = list(network.maps(target * mask))
        return lambda drawn: DARKNET_SCALE * map_distance(list(network.maps(drawn * mask)), wanted, mask)

    return term


def identity_term(path: Path) -> Term:
    """1 - cosine of MobileFaceNet's embeddings."""
    from installation.training.losses import Identity

    network = Identity(path).eval().requires_grad_(False)

    def term(target: Tensor, mask: Tensor) -> Callable[[Tensor], Tensor]:
        with torch.no_grad():
            wanted = network(target * mask)
        return lambda drawn: 1.0 - (network(drawn * mask) * wanted).sum()

    return term
