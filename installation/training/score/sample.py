"""The faces that a model is scored on: drawn with a fixed seed, decoded, their landmarks found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from installation.messages import Image
from installation.training.data.datasets import OPAQUE, STORED_PX, DatasetError, Picture, load_pictures
from installation.training.directions.aligned_mesh import AlignedMesh

SEED = 7
GREY = 128


@dataclass(frozen=True, eq=False)
class Sitter:
    """One aligned face. picture: [256, 256, 3], grey outside the mask. mask: bool [256, 256]. landmarks: [468, 3] px of it."""

    name: str
    labels: Mapping[str, str]
    picture: Image
    mask: NDArray[np.bool_]
    landmarks: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Sample:
    """available: pictures that were drawn from. split: ``val`` where all sources have one, ``all`` where none has."""

    sitters: tuple[Sitter, ...]
    available: int
    split: str
    unreadable: tuple[str, ...]
    no_face: tuple[str, ...]


def draw_sample(sources: Sequence[Path], limit: int) -> Sample:
    """At most ``limit`` faces, the same ones each time. Raises DatasetError where there is not a single face."""
    broken: list[str] = []
    pictures: list[Picture] = []
    splits = set()
    for source in sources:
        part, split = _held_out(source, broken)
        pictures += part
        splits.add(split)
    mesh = AlignedMesh()
    sitters: list[Sitter] = []
    no_face: list[str] = []
    for i in np.random.default_rng(SEED).permutation(len(pictures)):
        if len(sitters) >= limit:
            break
        try:
            rgba = pictures[i].rgba(STORED_PX)
        except OSError as err:
            broken.append(str(err))
            continue
        mask = rgba[..., 3] > OPAQUE
        picture = np.where(mask[..., None], rgba[..., :3], np.uint8(GREY))
        landmarks = mesh(picture)
        if landmarks is None:
            no_face.append(pictures[i].name)
        else:
            sitters.append(Sitter(pictures[i].name, pictures[i].labels, picture, mask, landmarks))
    if not sitters:
        where = ", ".join(map(str, sources))
        raise DatasetError(f"{where}: not one face in {len(pictures)} pictures; FFHQ-aligned faces are needed, `data` makes them")
    return Sample(tuple(sitters), len(pictures), "+".join(sorted(splits)), tuple(broken), tuple(no_face))


def _held_out(source: Path, broken: list[str]) -> tuple[list[Picture], str]:
    """The pictures of ``val`` and that name, or all of them where there is no such split."""
    try:
        return load_pictures(source, "val", broken.append), "val"
    except DatasetError:
        broken.clear()  # the second reading tells them again
        try:
            return load_pictures(source, None, broken.append), "all"
        except DatasetError as err:
            raise DatasetError("; ".join([str(err), *broken])) from err
