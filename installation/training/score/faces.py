"""Scores of reconstructions of held-out faces, drawn as the mirror draws a sitter, and from the code alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from installation.messages import Image
from installation.models.bundle import Models
from installation.networks.encoder_parts import as_network_input
from installation.networks.mixed_generator import MixedCodes, MixedGenerator, WholePicture
from installation.training.data.datasets import STORED_PX
from installation.training.score.networks import FeatureJudge, IdentityJudge, PerceptualJudge, five_point_matrix
from installation.training.score.sample import Sitter

Array = NDArray[np.float64]

GROUP_COLUMNS = ("age", "gender", "race", "ethnicity")
FEWEST = 5  # faces of a group, below which it is not called the worst
BATCH, LARGE_PX = 16, 256


class Sketcher:
    """A model's portraits of aligned pictures, by the same modules as the mirror's engines run, in float32."""

    def __init__(self, models: Models) -> None:
        self.models = models
        base, layered, detail = models.base, models.base.layered, models.detail
        self._whole = models.whole_encoder()
        if detail is not None and layered is not None:
            self._with_detail: MixedGenerator | None = MixedGenerator(layered, (), detail.expand.weight).eval()
        else:
            self._with_detail = None
        self._codes = (WholePicture(base, base.size) if layered is None else MixedCodes(MixedGenerator(layered))).eval()
        self.batch = BATCH if base.size <= LARGE_PX and models.input_px <= LARGE_PX else 1

    @torch.inference_mode()
    def __call__(self, pictures: Sequence[Image], detail: bool = True) -> list[Image]:
        """Aligned pictures [256, 256, 3] -> portraits of that size. detail: with the residual, where the model has one."""
        drawn: list[Image] = []
        for start in range(0, len(pictures), self.batch):
            side = self.models.input_px
            crops = torch.from_numpy(np.stack([fitted(p, side) for p in pictures[start : start + self.batch]]))
            encoder = self.models.detail
            if detail and encoder is not None and self._with_detail is not None:
                ws, residual = encoder.encode_with_detail(as_network_input(crops))
                portraits = self._with_detail(ws, ws, residual, torch.ones(len(ws)))
            else:
                portraits = self._codes(self._whole(crops))
            drawn += [fitted(p, STORED_PX) for p in portraits.numpy()]
        return drawn

    @torch.inference_mode()
    def samples(self, count: int, seed: int) -> list[Image] | None:
        """Portraits of nobody, from the generator's own prior; None where it has no mapping network."""
        base = self.models.base
        if base.mapping_layers == 0:
            return None
        noise = torch.Generator().manual_seed(seed)
        drawn: list[Image] = []
        while len(drawn) < count:
            w = base.mapping(torch.randn(min(self.batch, count - len(drawn)), base.z_dim, generator=noise))
            ws = w if w.ndim == 3 else w[:, None].expand(-1, base.styles, -1)
            drawn += [fitted(p, STORED_PX) for p in self._codes(ws).numpy()]
        return drawn


def fitted(picture: Image, side: int) -> Image:
    """A square picture at ``side`` px: averaged where it gets smaller."""
    if picture.shape[0] == side:
        return np.ascontiguousarray(picture)
    way = cv2.INTER_AREA if picture.shape[0] > side else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(np.ascontiguousarray(picture), (side, side), interpolation=way), dtype=np.uint8)


@dataclass(frozen=True, eq=False)
class FaceScores:
    """One number a face [N]; None where the network was not given. identity: cosine of sitter and portrait. hit: whether the
    nearest of all originals is the own one. l1: mean absolute difference, of a range of 2, inside the mask."""

    identity: Array | None
    hit: Array | None
    l1: Array
    perceptual: Array | None


def score_faces(
    sitters: Sequence[Sitter], portraits: Sequence[Image], identity: IdentityJudge | None, perceptual: PerceptualJudge | None
) -> FaceScores:
    """Portraits [256, 256, 3], one of each sitter, against them."""
    # Outside a tight crop both show the same grey, so that only the face is judged.
    shown = [np.where(s.mask[..., None], p, s.picture) for s, p in zip(sitters, portraits, strict=True)]
    l1 = [np.abs(p.astype(np.float64) - s.picture)[s.mask].mean() / 127.5 for s, p in zip(sitters, shown, strict=True)]
    cosine = None
    if identity is not None:
        matrices = [five_point_matrix(s.landmarks) for s in sitters]
        originals = identity.embed([s.picture for s in sitters], matrices)
        cosine = (identity.embed(shown, matrices) @ originals.T).astype(np.float64)
    far: list[Array] = []
    if perceptual is not None:
        for start in range(0, len(sitters), BATCH):
            part = slice(start, start + BATCH)
            x, mask = as_tensors(shown[part], sitters[part])
            y, _ = as_tensors([s.picture for s in sitters[part]], sitters[part])
            far.append(perceptual.distance(x, y, mask))
    return FaceScores(
        None if cosine is None else np.diag(cosine).copy(),
        None if cosine is None else (cosine.argmax(1) == np.arange(len(cosine))).astype(np.float64),
        np.array(l1),
        np.concatenate(far) if far else None,
    )


def as_tensors(pictures: Sequence[Image], sitters: Sequence[Sitter]) -> tuple[Tensor, Tensor]:
    """(pictures [N, 3, 256, 256] in -1…1, the sitters' masks [N, 1, 256, 256])."""
    mask = torch.from_numpy(np.stack([s.mask for s in sitters]))[:, None].float()
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1, mask


def strangers(sitters: Sequence[Sitter], identity: IdentityJudge) -> float:
    """Identity of people who have nothing to do with each other, at the median: what chance looks like."""
    originals = identity.embed([s.picture for s in sitters], [five_point_matrix(s.landmarks) for s in sitters])
    cosine = originals @ originals.T
    others = cosine[~np.eye(len(cosine), dtype=bool)]
    return float(np.median(others)) if others.size else float("nan")


def features_of(judge: FeatureJudge, pictures: Sequence[Image], sitters: Sequence[Sitter]) -> Array:
    """[N, C] of pictures, cut by the sitters' masks in turn: what is compared must be cut alike."""
    parts = []
    for start in range(0, len(pictures), BATCH):
        part = slice(start, start + BATCH)
        parts.append(judge.features(*as_tensors(pictures[part], sitters[part])))
    return np.concatenate(parts)


def groups_of(sitters: Sequence[Sitter]) -> Mapping[str, Mapping[str, NDArray[np.int64]]]:
    """Which faces belong to each value of the columns of the labels that name groups of people."""
    found: dict[str, dict[str, NDArray[np.int64]]] = {}
    for column in GROUP_COLUMNS:
        values = [s.labels.get(column) or "" for s in sitters]
        members = {value: np.flatnonzero(np.array(values) == value) for value in sorted(set(values)) if value}
        if members:
            found[column] = members
    return found
