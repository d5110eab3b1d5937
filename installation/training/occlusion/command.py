"""Teach a small network to see what covers a face: hands, microphones, sheets, scarves.

    python -m installation occlusion --faces DATA/faces-256 DATA/fairface --out weights/occlusion.safetensors --minutes 20

Half of the faces get something laid over them (``covers.py``), the others are as they are, with glasses, beards and
shadows that are the sitter's own. Prints how much of the head it finds covered, on faces kept apart.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor

from installation.models.occlusion import load_occlusion
from installation.networks.occlusion import INPUT_PX, OUTPUT_PX, OcclusionNetwork
from installation.output_file import check_output, whole_file
from installation.training.arguments import positive
from installation.training.augment import camera, jitter_crop
from installation.training.data.datasets import OPAQUE, Picture, load_pictures
from installation.training.occlusion.covers import covered, lit
from installation.training.sealing import seal

BATCH = 48
COVERED = 0.5  # share of the faces that get a cover
LIT = 0.4  # share that stands in uneven light
MOST_FACES = 9000  # of a data set: they are kept in memory
RATE, DECAY = 2e-3, 1e-4
AVERAGED = 0.998  # of the weights' moving average, a step
HEAD = (slice(6, 32), slice(5, 27))  # rows and columns of the 32 x 32 cells in which a head mostly is: an error there counts more
HEAD_WEIGHT = 3.0
SAID_EVERY = 100
KIND = "facets-occlusion"


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """pictures [N, 3, 128, 128] in -1…1; covers [N, 1, 32, 32] 0…1; known [N, 1, 32, 32]: 1 where there is a picture at all."""

    pictures: Tensor
    covers: Tensor
    known: Tensor


class Faces:
    """Aligned faces in memory, uint8 RGBA [128, 128, 4] each."""

    def __init__(self, sources: Sequence[Path], split: str, most: int) -> None:
        self._sets = [_some(load_pictures(source, split, left_out=print), most) for source in sources]

    def batch(self, rng: np.random.Generator, count: int = BATCH) -> Batch:
        """An equal share of each data set, some of the faces covered."""
        drawn = [self._one(self._sets[k % len(self._sets)], rng) for k in range(count)]
        images = torch.from_numpy(np.stack([image for image, _, _ in drawn])).permute(0, 3, 1, 2).float() / 127.5 - 1
        planes = torch.from_numpy(np.stack([np.stack([cover, known]) for _, cover, known in drawn]))
        moved = jitter_crop(torch.cat([images, planes * 2 - 1], dim=1), 1.0)
        cells = F.interpolate((moved[:, 3:] + 1) / 2, size=(OUTPUT_PX, OUTPUT_PX), mode="area")
        return Batch(camera(moved[:, :3].contiguous()), cells[:, :1], cells[:, 1:])

    @staticmethod
    def _one(faces: NDArray[np.uint8], rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.float32]]:
        rgba, other = faces[int(rng.integers(len(faces)))], faces[int(rng.integers(len(faces)))]
        if rng.random() < 0.5:
            rgba = rgba[:, ::-1]
        image, cover = np.ascontiguousarray(rgba[..., :3]), np.zeros(rgba.shape[:2], np.float32)
        if rng.random() < LIT:
            image = lit(image, rng)
        if rng.random() < COVERED:
            image, cover = covered(image, other[..., :3], rng)
        return image, cover, (rgba[..., 3] > OPAQUE).astype(np.float32)


def _some(pictures: Sequence[Picture], most: int) -> NDArray[np.uint8]:
    kept = []
    for picture in pictures[:: max(1, len(pictures) // most)]:
        try:
            kept.append(picture.rgba(INPUT_PX))
        except OSError:  # one broken picture among thousands
            continue
    return np.stack(kept)


def loss_of(odds: Tensor, batch: Batch) -> Tensor:
    """Cross entropy of every cell, those of the head more, and the overlap's own error (Milletari et al. 2016, "V-Net")."""
    weight = torch.ones_like(odds)
    weight[..., HEAD[0], HEAD[1]] = HEAD_WEIGHT
    weight = weight * batch.known
    entropy = F.binary_cross_entropy_with_logits(odds, batch.covers, reduction="none")
    share = torch.sigmoid(odds) * weight
    truth = batch.covers * weight
    dice = 1 - (2 * (share * truth).sum() + 1) / (share.sum() + truth.sum() + 1)
    return (entropy * weight).sum() / weight.sum() + 0.5 * dice


@torch.inference_mode()
def judge(network: OcclusionNetwork, faces: Faces, rounds: int = 8) -> str:
    """How much of what is covered is found, and how much of what is not is thought so, of the cells where a head mostly is."""
    rng = np.random.default_rng(77)
    found, wrong = [], []
    for _ in range(rounds):
        batch = faces.batch(rng)
        share = torch.sigmoid(network(batch.pictures))[..., HEAD[0], HEAD[1]]
        truth, known = (part[..., HEAD[0], HEAD[1]] for part in (batch.covers, batch.known))
        found.append(share[(truth > 0.9) & (known > 0.9)])
        wrong.append(share[(truth < 0.01) & (known > 0.9)])
    hit, miss = torch.cat(found), torch.cat(wrong)
    return f"covered: {100 * hit.mean():.1f} % found; free: {100 * miss.mean():.2f} % thought covered"


def train(faces: Faces, kept: Faces, minutes: float, first: Path | None = None, seed: int = 1) -> OcclusionNetwork:
    """The moving average of the weights after that many minutes. first: a file to begin with."""
    torch.manual_seed(seed)
    network, average = OcclusionNetwork() if first is None else load_occlusion(first), OcclusionNetwork().eval()
    network.train()
    average.load_state_dict(network.state_dict())
    optimizer = torch.optim.AdamW(network.parameters(), RATE, weight_decay=DECAY)
    rng = np.random.default_rng(seed)
    began, step = time.monotonic(), 0
    while (gone := (time.monotonic() - began) / (60 * minutes)) < 1:
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1.0, (step + 1) / 50) * 0.5 * (1 + np.cos(np.pi * gone))
        batch = faces.batch(rng)
        loss = loss_of(network(batch.pictures), batch)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        step += 1
        _follow(average, network, min(AVERAGED, 1 - 10 / (step + 10)))
        if step % SAID_EVERY == 0:
            print(f"{step} steps, {gone:4.0%}: loss {loss.item():.3f}; {judge(average, kept, 1)}", flush=True)
    return average


def _follow(average: OcclusionNetwork, network: OcclusionNetwork, stay: float) -> None:
    with torch.no_grad():
        for kept, new in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
            if kept.is_floating_point():
                kept.lerp_(new, 1 - stay)
            else:
                kept.copy_(new)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m installation occlusion", description="Teach a network to see what covers a face.")
    parser.add_argument("--faces", type=Path, nargs="+", required=True, metavar="PACK", help="folders of aligned faces, with labels.csv")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="a .safetensors file")
    parser.add_argument("--minutes", type=positive, default=20.0)
    parser.add_argument("--go-on", type=Path, metavar="FILE", help="begin with the weights of an earlier training")
    parser.add_argument("--force", action="store_true", help="write over a file that is there")
    a = parser.parse_args(argv)
    check_output(a.out, a.force)
    kept = Faces(a.faces, "val", MOST_FACES)
    network = train(Faces(a.faces, "train", MOST_FACES), kept, a.minutes, a.go_on)
    result = judge(network, kept)
    print(result)
    state = {name: value.half() if value.is_floating_point() else value for name, value in network.state_dict().items()}
    with whole_file(a.out) as part:
        save_file(state, part, {"kind": KIND, "score": result})
    seal(a.out.parent)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
