"""Pictures for a Fréchet distance, made as the standard tool makes them, so that its figures can be compared.

The tool is torch-fidelity (Obukhov et al. 2020, 0.4.0), whose Inception is the network of the TTUR repository (Heusel et al. 2017). A
picture is converted to RGB by Pillow; where a size is asked for, its shorter side is brought to it by Pillow's bilinear filter (which
averages where it shrinks) and its middle is cut out, as torchvision's ``Resize`` and ``CenterCrop`` do (``samples_resize_and_crop``). The
way to Inception's 299 px is the network's own: TensorFlow 1's bilinear sampling, which does not average.

Apart from the tool's way, photographs that lie on their side are turned upright and deep greys are scaled to 8 bits, not clipped: that is
what training and a person see of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageOps

from installation.messages import Image
from installation.picture_file import eight_bits
from installation.training.data.datasets import DatasetError, Picture
from installation.training.score.networks import FeatureJudge

BATCH = 16


def standard_picture(picture: Pillow.Image, size: int | None = None) -> Image:
    """uint8 RGB [H, W, 3]; [size, size, 3] where a size is given."""
    picture = picture.convert("RGB")
    if size is None:
        return np.asarray(picture)
    width, height = picture.size
    shorter, longer = min(width, height), max(width, height)
    if shorter != size:
        longer = int(size * longer / shorter)
        picture = picture.resize((size, longer) if width <= height else (longer, size), Pillow.Resampling.BILINEAR)
    width, height = picture.size
    left, top = round((width - size) / 2.0), round((height - size) / 2.0)
    return np.asarray(picture.crop((left, top, left + size, top + size)))


def decoded(pictures: Sequence[Picture], size: int | None, left_out: list[str]) -> Iterator[Image]:
    """Each that can be read; names of the others go into ``left_out``."""
    for one in pictures:
        try:
            with one.opened() as image:
                picture = standard_picture(ImageOps.exif_transpose(eight_bits(image)), size)
        except OSError as err:
            left_out.append(str(err))
            continue
        yield picture


def features_of_all(judge: FeatureJudge, pictures: Iterator[Image], name: str) -> NDArray[np.float64]:
    """[N, C]. Raises DatasetError where the pictures are of several sizes, or none is left."""
    parts: list[NDArray[np.float64]] = []
    batch: list[Image] = []
    shape: tuple[int, ...] | None = None

    def flush() -> None:
        if batch:
            x = torch.from_numpy(np.stack(batch)).permute(0, 3, 1, 2).float() / 127.5 - 1
            parts.append(judge.features(x, torch.ones_like(x[:, :1])))
            batch.clear()

    for picture in pictures:
        shape = shape or picture.shape
        if picture.shape != shape:
            sizes = " and ".join(f"{one[1]}×{one[0]}" for one in (shape, picture.shape))
            raise DatasetError(f"{name}: its pictures are of several sizes ({sizes}); --size brings them to one")
        batch.append(picture)
        if len(batch) == BATCH:
            flush()
    flush()
    if not parts:
        raise DatasetError(f"{name}: not one picture that can be read")
    return np.concatenate(parts)
