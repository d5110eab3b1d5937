"""Make a slider of your own from two folders of pictures.

    python -m installation attribute --name hats --positives WITH --negatives WITHOUT

A hundred pictures each are enough. Faces are found and aligned as the mirror does it, the classifiers of
``training.classifiers`` are compared, and the direction goes to ``directions/NAME.safetensors``, where a running mirror takes it up.
"""

import argparse
import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from installation.errors import ConfigError
from installation.latents.directions import Direction, load_directions, save_directions
from installation.latents.maps import Maps
from installation.messages import Frame, Image
from installation.models.bundle import Models, load_models
from installation.networks.facets_encoder import DETAIL_PX, INPUT_PX, FacetsEncoder
from installation.output_file import whole_file
from installation.places import shipped
from installation.stages.align import Align
from installation.stages.track import Track, TrackSettings
from installation.training.data.datasets import DatasetError, load_pictures
from installation.training.directions.classifiers import METHODS, accuracy_by_size, conditional, fit, split
from installation.training.directions.command import LANDMARKS
from installation.training.directions.flows import smooth_flow

NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
LEAST = 8  # pictures of each group with a face
MOST_PX = 1280  # larger photographs are made smaller before the search
BATCH = 32
STRONG = 1.5  # one unit, in distances between the middles of the two groups


@dataclass(frozen=True, eq=False)
class Group:
    """Of N faces: codes [N, styles * w_dim], residuals [N, C, r, r] or None, landmarks [N, 468, 2] in fractions of the side."""

    codes: NDArray[np.float64]
    details: NDArray[np.float32] | None
    landmarks: NDArray[np.float64]
    skipped: tuple[str, ...]


def aligned_faces(source: Path, size: int) -> tuple[list[Image], list[NDArray[np.float64]], list[str]]:
    """The largest face of every picture: crops [S, S, 3], landmarks [468, 2] in fractions of the crop, and the names of the
    pictures that could not be used."""
    track = Track(TrackSettings(max_faces=4, min_size=0.05, fade_in_seconds=0.0))
    align, crops, points, skipped = Align(size), [], [], []
    for k, picture in enumerate(load_pictures(source)):
        try:
            image = _decoded(picture.data)
        except (OSError, ValueError, SyntaxError):
            skipped.append(f"{picture.name} (cannot be read)")
            continue
        # An hour between pictures: no visitor is carried over to the next one.
        tracked = align.align(track.track(Frame(k, 3600.0 * k, image)))
        seen = [face for face in tracked.faces if face.face.seen]
        if not seen:
            skipped.append(f"{picture.name} (no face)")
            continue
        largest = max(seen, key=lambda a: float(np.ptp(a.face.landmarks[:, 0])))
        crops.append(largest.crop.copy())
        homogeneous = np.concatenate([largest.face.landmarks[:LANDMARKS], np.ones((LANDMARKS, 1))], axis=1)
        points.append((homogeneous @ np.asarray(largest.M_o2c)[:2].T) / size)
    return crops, points, skipped


def _decoded(data: bytes) -> Image:
    import io

    from PIL import Image as Pillow
    from PIL import ImageOps

    with Pillow.open(io.BytesIO(data)) as opened:
        picture = ImageOps.exif_transpose(opened).convert("RGBA")
    backing = Pillow.new("RGBA", picture.size, (128, 128, 128, 255))
    picture = Pillow.alpha_composite(backing, picture).convert("RGB")
    picture.thumbnail((MOST_PX, MOST_PX))
    return np.ascontiguousarray(picture)


@torch.inference_mode()
def encode_group(models: Models, source: Path) -> Group:
    """Raises DatasetError where too few pictures show a face."""
    crops, points, skipped = aligned_faces(source, 256)
    if len(crops) < LEAST:
        why = f"; of the others: {', '.join(skipped[:5])}" if skipped else ""
        raise DatasetError(f"{source}: only {len(crops)} pictures with a face, at least {LEAST} are needed, a hundred are good{why}")
    codes, details = [], []
    for start in range(0, len(crops), BATCH):
        x = torch.from_numpy(np.stack(crops[start : start + BATCH])).permute(0, 3, 1, 2).float() / 127.5 - 1
        if isinstance(models.encoder, FacetsEncoder):
            ws, detail = models.encoder.encode_with_detail(F.interpolate(x, size=(INPUT_PX, INPUT_PX), mode="area"))
            details.append(detail.numpy())
        else:
            ws = models.encoder(F.interpolate(x, size=(models.input_px,) * 2, mode="area"))
        codes.append(ws.flatten(1).double().numpy())
    return Group(np.concatenate(codes), np.concatenate(details) if details else None, np.stack(points), tuple(skipped))


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


def main(argv: list[str] | None = None) -> int:
    """The command ``attribute``."""
    parser = argparse.ArgumentParser(prog="python -m installation attribute", description="Make a slider from two folders of pictures.")
    parser.add_argument("--name", required=True, help="of the slider: small letters, digits and dashes")
    parser.add_argument("--positives", type=Path, required=True, help="folder or zip of pictures that have it")
    parser.add_argument("--negatives", type=Path, required=True, help="folder or zip of pictures that do not")
    parser.add_argument("--method", choices=METHODS, default="logistic")
    parser.add_argument("--without", nargs="*", default=[], metavar="NAME", help="directions that it must leave alone")
    parser.add_argument("--generator", type=Path, default=shipped("weights") / "generator.safetensors")
    parser.add_argument("--encoder", type=Path, default=shipped("weights") / "encoder.safetensors")
    parser.add_argument(
        "--directions", type=Path, nargs="*", default=[shipped("weights") / "directions.safetensors"], help="where --without looks"
    )
    parser.add_argument("--out", type=Path, help="default: directions/NAME.safetensors")
    parser.add_argument("--compare", action="store_true", help="report every method's accuracy with 100, 300, 1,000 and 10,000 examples")
    a = parser.parse_args(argv)
    start = time.monotonic()
    if not NAME.fullmatch(a.name):
        raise ConfigError(f"--name {a.name}: small letters, digits and dashes, beginning with a letter")
    models = load_models(a.generator, a.encoder, [], a.directions if a.without else [])
    missing = sorted(set(a.without) - set(models.directions.names))
    if missing:
        raise ConfigError(f"--without {missing[0]}: no such direction; there is {', '.join(models.directions.names)}")
    groups = (encode_group(models, a.positives), encode_group(models, a.negatives))
    for group in groups:
        for line in group.skipped:
            print(f"skipped {line}")
    if a.compare:
        codes = np.concatenate([g.codes for g in groups])
        labels = np.concatenate([np.ones(len(groups[0].codes)), np.zeros(len(groups[1].codes))])
        for method, row in accuracy_by_size(codes, labels, METHODS).items():
            print(f"{method:10s} " + ", ".join(f"{100 * right:.0f} % with {size}" for size, right in row.items()))
    direction, accuracy = direction_between(models, a.name, a.method, groups, a.without)
    out = a.out or Path("directions") / f"{a.name}.safetensors"
    card = {"method": a.method, "accuracy": f"{accuracy:.3f}", "examples": json.dumps([len(g.codes) for g in groups])}
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise ConfigError(f"{out}: cannot be written ({err.strerror})") from err
    with whole_file(out) as fresh:
        save_directions([direction], fresh, card)
    count = sum(len(g.codes) for g in groups)
    print(f"{out}: tells {100 * accuracy:.0f} % of held-out faces apart; {count} faces, {time.monotonic() - start:.0f} s")
    load_directions([out], *models.latent_avg.shape)
    return 0
