"""The Fréchet distance of two sets of pictures (Heusel et al. 2017), or of a generator's faces and a set:

python -m installation fid photos/ drawn.zip --inception weights/fetched/weights-inception-2015-12-05-6726825d.pth
python -m installation fid DATA/faces-256 generator.safetensors --count 2000 --nets DATA/nets
python -m installation fid DATA/faces-256 RUN/snapshot-*.safetensors --size 64 --count 2000

With the standard Inception file the figure is an FID that can be compared with published ones; ``weights fetch inception-fid`` brings the
file, and the package torch-fidelity reads it. Without it the features are tiny darknet's: figures of them are compared among each other
alone. The table says which. Pictures are made as torch-fidelity makes them (``standard``).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image as Pillow

from installation.checkpoints.loading import AnyGenerator, load_generator
from installation.errors import ConfigError
from installation.messages import Image
from installation.networks.mixed_generator import as_bytes
from installation.registry.manifest import read_manifest
from installation.training.arguments import finite
from installation.training.data.datasets import DatasetError, load_pictures
from installation.training.score.networks import FeatureJudge, InceptionJudge, PerceptualJudge
from installation.training.score.standard import decoded, features_of_all, standard_picture
from installation.training.score.statistics import frechet, frechet_interval

GENERATORS = (".safetensors", ".pt", ".pth", ".pkl", ".npz")
INCEPTION = "inception-fid"  # in the list of known files
COUNT = 1000
LEAST = 2  # pictures: one has no spread to compare
DRAWN_AT_ONCE = 4


def main(argv: list[str] | None = None) -> int:
    a = _arguments(argv)
    judge = feature_judge(a.inception, a.nets)
    left_out: list[str] = []
    print("| pictures | of | against | of | features | Fréchet distance |\n|---|---|---|---|---|---|")
    first = _features(judge, a.first, a, left_out)
    found = [first]
    for path in a.second:
        other = _features(judge, path, a, left_out)
        around = "" if not a.interval else " [{:.4g}, {:.4g}]".format(*frechet_interval(first, other))
        row = f"| {a.first.name} | {len(first)} | {path.name} | {len(other)} | {judge.name} | {frechet(first, other):.4g}{around} |"
        print(row, flush=True)
        found.append(other)
    for line in _said(found, left_out):
        print(line, file=sys.stderr)
    return 0


def fetched_inception() -> Path | None:
    """Where ``weights fetch`` has put the standard file, if it has."""
    manifest = read_manifest()
    path = manifest.place(manifest.named(INCEPTION).files[0])
    return path if path.is_file() else None


def feature_judge(inception: Path | None, nets: Path | None) -> FeatureJudge:
    """The standard features where their file is, tiny darknet's where not. Raises WeightsError, ConfigError where neither is there."""
    file = inception or fetched_inception()
    if file is not None:
        return InceptionJudge(file)
    if nets is None:
        raise ConfigError(
            f"no network to judge with: `python -m installation weights fetch {INCEPTION}` brings the standard one, --inception names it; "
            "--nets names a folder with tiny darknet"
        )
    return PerceptualJudge(nets)


def _features(judge: FeatureJudge, path: Path, a: argparse.Namespace, left_out: list[str]) -> NDArray[np.float64]:
    """[N, C] of a set, or of a generator's faces. Raises FacetsError in one sentence."""
    if path.is_file() and path.suffix.lower() in GENERATORS:
        base = load_generator(path)
        if base.mapping_layers == 0:
            raise ConfigError(f"{path}: has no mapping network, so it draws no faces of its own")
        return features_of_all(judge, _faces(base, a), str(path))
    pictures = load_pictures(path, a.split, left_out.append)
    if a.count and len(pictures) > a.count:
        pictures = [pictures[k] for k in sorted(np.random.default_rng(a.seed).permutation(len(pictures))[: a.count])]
    features = features_of_all(judge, decoded(pictures, a.size, left_out), str(path))
    if len(features) < LEAST:
        gone = f" ({left_out[-1]})" if left_out else ""
        raise DatasetError(f"{path}: only one picture that can be read{gone}; at least {LEAST} are needed, and hundreds are good")
    return features


@torch.inference_mode()
def _faces(base: AnyGenerator, a: argparse.Namespace) -> Iterator[Image]:
    """Of seeds, one after the other, at the size that the set is brought to."""
    random = np.random.RandomState(a.seed)
    left = a.count or COUNT
    while left > 0:
        z = torch.from_numpy(random.randn(min(DRAWN_AT_ONCE, left), base.z_dim)).float()
        ws = base.mapping(z, truncation_psi=a.psi)
        for face in as_bytes(base.synthesis(ws)).numpy():
            yield standard_picture(Pillow.fromarray(face), a.size)
        left -= len(z)


@dataclass(frozen=True)
class _Few:
    """Why a figure of few pictures is not to be trusted."""

    count: int
    width: int

    def __str__(self) -> str:
        return (
            f"facets: {self.count} pictures and {self.width} features: the distance of so few is too large, and only to be compared with "
            "figures from as many"
        )


def _said(found: list[NDArray[np.float64]], left_out: list[str]) -> list[str]:
    fewest, width = min(len(part) for part in found), found[0].shape[1]
    lines = [str(_Few(fewest, width))] if fewest <= width else []
    if left_out:
        lines.append(f"facets: {len(left_out)} left out: {'; '.join(left_out[:3])}{' …' if len(left_out) > 3 else ''}")
    return lines


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    p = argparse.ArgumentParser(prog="python -m installation fid", description="The Fréchet distance of two sets of pictures.")
    p.add_argument("first", type=Path, metavar="PICTURES", help="a folder, a zip, a pack, or a generator's file")
    p.add_argument("second", type=Path, nargs="+", metavar="PICTURES", help="likewise; several, a row each, as a run's snapshots")
    p.add_argument("--inception", type=Path, metavar="FILE", help="the standard network; default: the one that weights fetch brought")
    p.add_argument("--nets", type=Path, metavar="FOLDER", help="with darknet-tiny-imagenet.safetensors, where there is no Inception")
    p.add_argument("--size", type=int, metavar="PX", help="bring the shorter side to this, and cut the middle out")
    p.add_argument("--count", type=int, default=0, help=f"pictures of each at most; of a generator default {COUNT}")
    p.add_argument("--split", help="of a pack, as its labels name it: train, val")
    p.add_argument("--psi", type=finite, default=1.0, help="truncation of a generator's faces, default 1: none, as FIDs are taken")
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--interval", action="store_true", help="a 95 %% interval, by drawing the pictures again and again")
    a = p.parse_args(argv)
    if a.count < 0 or 0 < a.count < LEAST or a.seed < 0:
        raise ConfigError(f"--count: 0 for all, or at least {LEAST}; --seed: from 0 up")
    if a.size is not None and not 8 <= a.size <= 4096:
        raise ConfigError(f"--size: {a.size}: from 8 to 4096 px")
    return a


if __name__ == "__main__":
    sys.exit(main())
