"""Make a slider of your own from two folders of pictures, or several from labels.

    python -m installation attribute --name hats --positives WITH --negatives WITHOUT
    python -m installation attribute --labels labels.csv --pictures PICTURES

A hundred pictures each are enough. Faces are found and aligned as the mirror does it, the classifiers of
``training.classifiers`` are compared, skin colour, light and pose are taken out of both groups (``covariates``: whoever wears a hat
stands in the sun), and the direction goes to ``directions/NAME.safetensors``, where a running mirror takes it up.
"""

import argparse
import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from installation.errors import ConfigError
from installation.latents.directions import Direction, load_directions
from installation.latents.maps import Maps
from installation.messages import Image
from installation.models.bundle import Models
from installation.networks.facets_encoder import DETAIL_PX
from installation.places import shipped
from installation.training.data.datasets import DatasetError
from installation.training.directions.classifiers import METHODS, accuracy_by_size, conditional, fit, method_here, methods_here, split
from installation.training.directions.covariates import BETWEEN_GROUPS, appearance, known_columns, standardised, taken_out
from installation.training.directions.flows import smooth_flow
from installation.training.directions.labelled import learn
from installation.training.directions.skin import steadied
from installation.training.directions.slider import STRONG, check_kept, encoded, keep, models_beside
from installation.training.labels.found import FoundFace, found_faces

NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
LEAST = 8  # pictures of each group with a face
SHOWN = 12  # of each group, on whose portraits the skin is looked at


@dataclass(frozen=True, eq=False)
class Group:
    """Of N faces: codes [N, styles * w_dim], residuals [N, C, r, r] or None, landmarks [N, 468, 2] in fractions of the side; look
    [N, 9] as ``covariates.appearance`` has it; shown: some of their crops."""

    codes: NDArray[np.float64]
    details: NDArray[np.float32] | None
    landmarks: NDArray[np.float64]
    look: NDArray[np.float64]
    skipped: tuple[str, ...]
    shown: Sequence[Image] = ()


def aligned_faces(source: Path, size: int) -> tuple[list[Image], list[NDArray[np.float64]], list[str]]:
    """The largest face of every picture: crops [S, S, 3], landmarks [468, 2] in fractions of the crop, and the names of the
    pictures that could not be used."""
    faces: list[FoundFace] = []
    skipped: list[str] = []
    for one in found_faces(source, size):
        if one.skipped:  # let go at once: it holds its whole picture
            skipped.append(f"{one.name} ({one.skipped})")
        else:
            faces.append(one)
    return [one.crop for one in faces], [one.points for one in faces], skipped


def encode_group(models: Models, source: Path) -> Group:
    """Raises DatasetError where too few pictures show a face."""
    crops, points, skipped = aligned_faces(source, 256)
    if len(crops) < LEAST:
        why = f"; of the others: {', '.join(skipped[:5])}" if skipped else ""
        raise DatasetError(f"{source}: only {len(crops)} pictures with a face, at least {LEAST} are needed, a hundred are good{why}")
    codes, details = encoded(models, crops)
    look = np.stack([appearance(crop, one * crop.shape[0]) for crop, one in zip(crops, points, strict=True)])
    return Group(codes, details, np.stack(points), look, tuple(skipped), crops[:SHOWN])


def alike(groups: tuple[Group, Group], hold: Sequence[str]) -> tuple[Group, Group]:
    """Both groups as if they did not differ in what is held, names of ``covariates.BETWEEN_GROUPS``."""
    sides = np.repeat([0, 1], [len(group.codes) for group in groups])
    look = np.concatenate([group.look for group in groups])
    held = known_columns(look, hold)

    def parted(parts: Sequence[NDArray[np.floating[Any]]]) -> list[NDArray[Any]]:
        freed = taken_out(np.concatenate(parts), held, sides)
        return [freed[sides == side] for side in (0, 1)]

    codes, landmarks = parted([g.codes for g in groups]), parted([g.landmarks for g in groups])
    known = [g.details for g in groups if g.details is not None]
    details = parted(known) if len(known) == len(groups) else [None, None]
    made = [replace(g, codes=codes[k], landmarks=landmarks[k], details=details[k]) for k, g in enumerate(groups)]
    return made[0], made[1]


def direction_between(
    models: Models, name: str, method: str, groups: tuple[Group, Group], without: Sequence[str]
) -> tuple[Direction, float]:
    """The direction from the second group to the first, one unit a strong change, and its held-out accuracy."""
    positives, negatives = groups
    codes = np.concatenate([positives.codes, negatives.codes])
    labels = np.concatenate([np.ones(len(positives.codes)), np.zeros(len(negatives.codes))])
    found = fit(method, split(codes, labels))
    others = [d.vector.flatten().double().numpy() for d in models.directions.directions if d.name in without]
    unit = conditional(found.direction, others)
    gap = positives.codes.mean(axis=0) - negatives.codes.mean(axis=0)
    length = STRONG * abs(float(unit @ gap))
    styles, w_dim = models.latent_avg.shape
    vector = torch.from_numpy(unit * np.sign(unit @ gap) * length).float().view(styles, w_dim)
    flow = shift = None
    if positives.details is not None and negatives.details is not None:
        shift = torch.from_numpy(positives.details.mean(axis=0) - negatives.details.mean(axis=0)) * STRONG
        moves = positives.landmarks.mean(axis=0) - negatives.landmarks.mean(axis=0)
        flow = F.interpolate(smooth_flow(negatives.landmarks.mean(axis=0), moves)[None], size=DETAIL_PX, mode="area")[0] * STRONG
    return Direction(name, vector, (0, styles), Maps(flow, shift)), found.accuracy


def lightness_of(models: Models, groups: tuple[Group, Group]) -> Direction:
    """What lighter cheeks bring among the pictures of either group: codes and residuals, for one deviation of their L."""
    sides = np.repeat([0, 1], [len(group.codes) for group in groups])
    L = np.concatenate([group.look[:, 0] for group in groups])
    own = standardised(np.where(np.isnan(L), np.nanmean(L), L)[:, None])

    def brought(parts: Sequence[NDArray[np.floating[Any]]]) -> torch.Tensor:
        values = np.concatenate(parts)
        return torch.from_numpy(np.asarray((values - taken_out(values, own, sides)).T @ own[:, 0] / len(own)).T.copy()).float()

    styles, w_dim = models.latent_avg.shape
    details = [group.details for group in groups if group.details is not None]
    shift = brought([d.reshape(len(d), -1) for d in details]).view(details[0].shape[1:]) if len(details) == 2 else None
    return Direction("skin", brought([group.codes for group in groups]).view(styles, w_dim), (0, styles), Maps(shift=shift))


def as_light(models: Models, direction: Direction, groups: tuple[Group, Group]) -> Direction:
    """The direction with so much of the skin's own lightness that cheeks keep theirs, seen on portraits of both groups; as it is where
    these models draw none that are measured."""
    crops = [*groups[0].shown, *groups[1].shown]
    if models.detail is None or not crops or direction.maps.shift is None:
        return direction
    images = torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).float() / 127.5 - 1
    return steadied(models, [direction], [direction], lightness_of(models, groups), images)[0]


def main(argv: list[str] | None = None) -> int:
    """The command ``attribute``."""
    a = _arguments(argv)
    if a.labels is not None:
        if a.name or a.positives or a.negatives:
            raise ConfigError("--labels goes without --name, --positives and --negatives: the file says what there is")
        if a.compare:
            raise ConfigError("--compare goes without --labels, which always compares the methods; leave it out")
        if a.pictures is None:
            raise ConfigError("--labels: name the folder or zip that they were read off with --pictures")
        a.method = method_here(a.method)
        return learn(a)
    if not (a.name and a.positives and a.negatives):
        raise ConfigError("name the slider and two folders with --name, --positives and --negatives, or a file with --labels")
    unread = next((word for word, value in (("sheet", a.sheet), ("sides", a.sides), ("pictures", a.pictures)) if value), None)
    if unread is not None:
        raise ConfigError(f"--{unread} goes with --labels alone; leave it out")
    a.method = method_here(a.method)
    return _from_folders(a)


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m installation attribute", description="Make a slider from two folders of pictures, or from labels."
    )
    parser.add_argument("--name", help="of the slider: small letters, digits and dashes")
    parser.add_argument("--positives", type=Path, help="folder or zip of pictures that have it")
    parser.add_argument("--negatives", type=Path, help="folder or zip of pictures that do not")
    parser.add_argument("--labels", type=Path, metavar="FILE", help="in place of those three: labels, as `labels` writes them")
    parser.add_argument("--pictures", type=Path, help="of --labels: the folder or zip that they were read off")
    parser.add_argument(
        "--sides", action="append", default=[], metavar="NAME=A,B:C", help="of --labels: from which values to which it moves"
    )
    parser.add_argument("--sheet", type=Path, metavar="FILE", help="of --labels: one picture, a .jpg or .png, of faces moved by each")
    parser.add_argument("--method", choices=METHODS, help="default: logistic, or mean where scikit-learn is not installed")
    parser.add_argument("--without", nargs="*", default=[], metavar="NAME", help="directions that it must leave alone")
    parser.add_argument(
        "--hold", nargs="*", choices=BETWEEN_GROUPS, default=BETWEEN_GROUPS, metavar="WHAT",
        help=f"what must not come along, of {', '.join(BETWEEN_GROUPS)}; default: all; nothing behind it: none",
    )  # fmt: skip
    parser.add_argument("--generator", type=Path, default=shipped("weights") / "generator.safetensors")
    parser.add_argument("--encoder", type=Path, default=shipped("weights") / "encoder.safetensors")
    parser.add_argument(
        "--directions", type=Path, nargs="*", default=[shipped("weights") / "directions.safetensors"], help="where --without looks"
    )
    parser.add_argument("--out", type=Path, help="default: directions/NAME.safetensors; with --labels a folder, default: directions")
    parser.add_argument("--compare", action="store_true", help="report every method's accuracy with 100, 300, 1,000 and 10,000 examples")
    parser.add_argument("--force", action="store_true", help="write over files that are there")
    return parser.parse_args(argv)


def _from_folders(a: argparse.Namespace) -> int:
    start = time.monotonic()
    if not NAME.fullmatch(a.name):
        raise ConfigError(f"--name {a.name}: small letters, digits and dashes, beginning with a letter")
    out = a.out or Path("directions") / f"{a.name}.safetensors"
    check_kept(out, a.force)
    models = models_beside(a.generator, a.encoder, a.directions, a.without)
    groups = (encode_group(models, a.positives), encode_group(models, a.negatives))
    for group in groups:
        for line in group.skipped:
            print(f"skipped {line}")
    seen, groups = groups, alike(groups, a.hold)
    if a.compare:
        codes = np.concatenate([g.codes for g in groups])
        labels = np.concatenate([np.ones(len(groups[0].codes)), np.zeros(len(groups[1].codes))])
        for method, row in accuracy_by_size(codes, labels, methods_here()).items():
            print(f"{method:10s} " + ", ".join(f"{100 * right:.0f} % with {size}" for size, right in row.items()))
    direction, accuracy = direction_between(models, a.name, a.method, groups, a.without)
    if "skin" in a.hold:
        direction = as_light(models, direction, seen)
    card = {"method": a.method, "accuracy": f"{accuracy:.3f}", "examples": json.dumps([len(g.codes) for g in groups])}
    card["held"] = ", ".join(a.hold)
    keep(direction, out, card)
    count = sum(len(g.codes) for g in groups)
    print(f"{out}: tells {100 * accuracy:.0f} % of held-out faces apart; {count} faces, {time.monotonic() - start:.0f} s")
    load_directions([out], *models.latent_avg.shape)
    return 0
