"""Sliders from labels: hair colour, hair length, eye colour, each moved while the others are left.

For every attribute a linear support vector machine, logistic regression and the two-layer network are trained on the faces' codes and
compared, with all labels and with few. A slider moves along the normal of the linear boundary without its share in the others'
normals (InterFaceGAN's conditional manipulation, Shen et al. 2020); its part in the residual and in the landmarks is what remains of
the attribute when all are fitted at once. Skin colour, light and pose are taken out before: dark hair is often seen with dark skin, and is
no part of it (``covariates``).
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from installation.errors import ConfigError
from installation.latents.directions import Direction, load_directions
from installation.latents.maps import Maps
from installation.models.bundle import Models
from installation.networks.facets_encoder import DETAIL_PX
from installation.output_file import check_output
from installation.training.data.datasets import load_pictures
from installation.training.directions.classifiers import Found, Split, conditional, fit, methods_here, split
from installation.training.directions.covariates import appearance, known_columns, taken_out
from installation.training.directions.flows import smooth_flow
from installation.training.directions.moves import prove
from installation.training.directions.slider import STRONG, check_kept, encoded, keep, models_beside
from installation.training.labels.found import FaceFinder, FoundFace
from installation.training.labels.table import ATTRIBUTES, VALUES, Label, read_labels

# From the values before the colon to those behind it; what is in neither is left out.
SIDES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = MappingProxyType({
    "hair-colour": (("black", "brown"), ("blond", "grey", "white")),
    "hair-length": (("short",), ("long",)),
    "eye-colour": (("brown",), ("blue", "green", "grey")),
})  # fmt: skip
# Train and test accuracy as published for drawings, by a support vector machine on their codes.
PUBLISHED: Mapping[str, tuple[float, float]] = MappingProxyType({
    "hair-colour": (0.90, 0.67), "hair-length": (1.0, 0.73), "eye-colour": (1.0, 0.67),
})  # fmt: skip
PUBLISHED_LABELS = "published: 80 % with 100 labels"
SIZES = (25, 50, 100, 200, 400, 800, 1_600)  # labels at which accuracy is told
DRAWS = 5  # of the held-out fifth, over which accuracies are averaged
LEAST = 8  # faces on either side
SHOWN: Mapping[str, str] = MappingProxyType({"svm": "svm", "logistic": "logistic", "predictor": "two layers"})  # and its column's name
CROP = 256


@dataclass(frozen=True, eq=False)
class Faces:
    """Of N faces: codes [N, D], residuals [N, C, r, r] or None, landmarks [N, 468, 2] in fractions of the side; signs [N] by attribute:
    1 and -1 for its two sides, 0 where it is neither or not known; look [N, 9] as ``covariates.appearance`` has it."""

    found: Sequence[FoundFace]
    codes: NDArray[np.float64]
    details: NDArray[np.float32] | None
    landmarks: NDArray[np.float64]
    signs: Mapping[str, NDArray[np.int64]]
    look: NDArray[np.float64]


def learn(a: argparse.Namespace) -> int:
    """The command ``attribute --labels``."""
    sides = {**SIDES, **dict(map(read_sides, a.sides))}
    labels = read_labels(a.labels)
    folder = a.out or Path("directions")
    if a.sheet is not None:
        if a.sheet.suffix.lower() not in (".jpg", ".png"):
            raise ConfigError(f"{a.sheet}: the name must end in .jpg or .png")
        check_output(a.sheet, a.force, [a.labels])
    for name in enough(labels, sides):
        check_kept(folder / f"{name}.safetensors", a.force)
    models = models_beside(a.generator, a.encoder, a.directions, a.without)
    faces = faces_of(models, a.pictures, labels, sides)
    faces = alike(faces, a.hold)
    names = [name for name in ATTRIBUTES if min((faces.signs[name] == side).sum() for side in (1, -1)) >= LEAST]
    for name in set(ATTRIBUTES) - set(names):
        print(f"{name}: fewer than {LEAST} faces on a side; left out")
    if not names:
        raise ConfigError(f"{a.labels}: no attribute has {LEAST} faces on either side; label more, or name other --sides")
    splits = {name: [_split(faces, name, seed) for seed in range(DRAWS)] for name in names}
    print(f"{len(faces.codes)} faces; accuracy on those learned from / held out, mean of {DRAWS} draws of the held-out fifth")
    for line in accuracy_table(splits):
        print(line)
    for line in accuracy_by_labels(splits):
        print(line)
    bounds = {name: fit(a.method, splits[name][0]) for name in names}
    others = [d.vector.flatten().double().numpy() for d in models.directions.directions if d.name in a.without]
    kept, free = ([direction_of(models, faces, bounds, name, beside) for name in names] for beside in (others, None))
    _write_sliders(kept, folder, bounds, sides, models)
    for line in prove(models, faces.found, kept, free, a.sheet):
        print(line)
    return 0


def _write_sliders(
    made: Sequence[Direction],
    folder: Path,
    bounds: Mapping[str, Found],
    sides: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]],
    models: Models,
) -> None:
    for one in made:
        found, path = bounds[one.name], folder / f"{one.name}.safetensors"
        preserved = json.dumps([name for name in bounds if name != one.name])
        keep(one, path, {"method": found.method, "accuracy": f"{found.accuracy:.3f}", "preserved": preserved})
        load_directions([path], *models.latent_avg.shape)
        print(f"{path}: from {' or '.join(sides[one.name][0])} to {' or '.join(sides[one.name][1])}")


def enough(labels: Sequence[Label], sides: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]) -> list[str]:
    """The attributes that have labels enough on either side, if all of their pictures show a face."""
    counts = {name: Counter(label.name(name) for label in labels) for name in sides}
    return [name for name, parts in sides.items() if min(sum(counts[name][word] for word in part) for part in parts) >= LEAST]


def read_sides(text: str) -> tuple[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """``hair-colour=black,brown:blond``. Raises ConfigError."""
    name, _, rest = text.partition("=")
    parts = [tuple(filter(None, (word.strip() for word in part.split(",")))) for part in rest.split(":")]
    if name not in VALUES or len(parts) != 2 or not all(parts):
        raise ConfigError(f"--sides {text}: is no NAME=FROM:TO, as in hair-colour=black,brown:blond; NAME is one of {', '.join(VALUES)}")
    wrong = next((word for part in parts for word in part if word not in VALUES[name]), None)
    if wrong is not None:
        raise ConfigError(f"--sides {text}: {wrong!r} is none of {', '.join(VALUES[name])}")
    if set(parts[0]) & set(parts[1]):
        raise ConfigError(f"--sides {text}: {(set(parts[0]) & set(parts[1])).pop()!r} is on both sides")
    return name, (parts[0], parts[1])


def faces_of(
    models: Models, pictures: Path, labels: Sequence[Label], sides: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]
) -> Faces:
    """Those of the pictures that have labels, encoded. Raises ConfigError where there are none."""
    known = {one.file: one for one in labels}
    finder = FaceFinder(CROP)
    kept = []
    for one in (finder.open(picture) for picture in load_pictures(pictures) if picture.name in known):
        if one.skipped:  # let go at once: it holds its whole picture
            print(f"skipped {one.name} ({one.skipped})")
        else:
            kept.append(one)
    if not kept:
        raise ConfigError(f"{pictures}: none of its pictures with a label shows a face; are these the labels' pictures?")
    codes, details = encoded(models, [one.crop for one in kept])
    signs = {}
    for name, (low, high) in sides.items():
        words = [known[one.name].name(name) for one in kept]
        signs[name] = np.array([int(word in high) - int(word in low) for word in words])
    look = np.stack([appearance(one.crop, one.points * CROP) for one in kept])
    return Faces(kept, codes, details, np.stack([one.points for one in kept]), signs, look)


def alike(faces: Faces, hold: Sequence[str]) -> Faces:
    """The faces as if they did not differ in what is held, names of ``covariates.BETWEEN_GROUPS``. What comes with it is told among
    those who are on the same sides of every attribute."""
    held = known_columns(faces.look, hold)
    sides = np.unique(np.stack(list(faces.signs.values()), axis=1), axis=0, return_inverse=True)[1].reshape(-1)
    details = None if faces.details is None else taken_out(faces.details, held, sides)
    return replace(faces, codes=taken_out(faces.codes, held, sides), details=details, landmarks=taken_out(faces.landmarks, held, sides))


def _split(faces: Faces, name: str, seed: int) -> Split:
    there = faces.signs[name] != 0
    return split(faces.codes[there], (faces.signs[name][there] > 0).astype(np.float64), seed)


def accuracy_table(splits: Mapping[str, Sequence[Split]]) -> list[str]:
    """Train and test accuracy of every method that runs here, beside the published ones and what naming the larger side always gives."""
    methods = _shown()
    columns = [*(SHOWN[method] for method in methods), "published", "larger side"]
    lines = [f"{'':14s}{'labels':>7s}  " + "  ".join(f"{column:>12s}" for column in columns)]
    for name, draws in splits.items():
        cells = []
        for method in methods:
            results = [fit(method, one) for one in draws]
            cells.append(f"{_mean([one.train_accuracy for one in results]):.2f} / {_mean([one.accuracy for one in results]):.2f}")
        count = len(draws[0].train_labels) + len(draws[0].test_labels)
        cells.append("{:.2f} / {:.2f}".format(*PUBLISHED[name]) if name in PUBLISHED else "")
        high = float(np.concatenate([draws[0].train_labels, draws[0].test_labels]).mean())
        cells.append(f"{max(high, 1 - high):.2f}")
        lines.append(f"{name:14s}{count:7d}  " + "  ".join(f"{cell:>12s}" for cell in cells))
    return lines


def _shown() -> list[str]:
    """Of the methods that are compared, those that run here."""
    return [method for method in SHOWN if method in methods_here()]


def accuracy_by_labels(splits: Mapping[str, Sequence[Split]]) -> list[str]:
    """Held-out accuracy against the number of labels that are learned from."""
    lines = [f"held-out accuracy against the number of labels ({PUBLISHED_LABELS})"]
    for name, draws in splits.items():
        most = len(draws[0].train_labels)
        for method in _shown():
            row = []
            for size in [*(size for size in SIZES if size < most), most]:
                accuracies = [fit(method, part).accuracy for k, one in enumerate(draws) if (part := _part(one, size, k)) is not None]
                if accuracies:
                    row.append(f"{size}: {100 * _mean(accuracies):.0f} %")
            lines.append(f"  {name:14s}{method:10s} " + ", ".join(row))
    return lines


def _part(data: Split, size: int, seed: int) -> Split | None:
    """So many of the labels; None where they are all of one side."""
    order = np.random.default_rng(seed).permutation(len(data.train))[:size]
    if len(np.unique(data.train_labels[order])) < 2:
        return None
    return Split(data.train[order], data.train_labels[order], data.test, data.test_labels, data.back)


def direction_of(
    models: Models, faces: Faces, bounds: Mapping[str, Found], name: str, others: Sequence[NDArray[np.float64]] | None
) -> Direction:
    """One unit is a strong change from the one side to the other. others: further directions that it leaves alone, besides the other
    attributes' boundaries; None: it leaves none alone."""
    unit = bounds[name].direction
    if others is not None:
        unit = conditional(unit, [*(one.direction for other, one in bounds.items() if other != name), *others])
    signs = faces.signs[name]
    gap = faces.codes[signs > 0].mean(axis=0) - faces.codes[signs < 0].mean(axis=0)
    along = float(unit @ gap)
    styles, w_dim = models.latent_avg.shape
    vector = torch.from_numpy(unit * np.sign(along) * abs(along) * STRONG).float().view(styles, w_dim)
    weights = _joint(faces, name, list(bounds))
    flow = shift = None
    if faces.details is not None:
        shift = torch.from_numpy(np.tensordot(weights, faces.details, axes=1).astype(np.float32)) * STRONG
        moves = np.tensordot(weights, faces.landmarks, axes=1)
        flow = F.interpolate(smooth_flow(faces.landmarks.mean(axis=0), moves)[None], size=DETAIL_PX, mode="area")[0] * STRONG
    return Direction(name, vector, (0, styles), Maps(flow, shift))


def _joint(faces: Faces, name: str, names: Sequence[str]) -> NDArray[np.float64]:
    """[N]: what to weigh the faces with to get the difference between the two sides of one attribute with the others held (least
    squares over all of them at once)."""
    design = np.stack([np.ones(len(faces.codes)), *(faces.signs[other].astype(np.float64) for other in names)], axis=1)
    return np.asarray(2 * np.linalg.pinv(design)[1 + list(names).index(name)])


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))
