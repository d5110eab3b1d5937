"""Crops of all faces at once, as a GPU makes them: the same as the CPU's, one by one, within one grey level."""

from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from installation.engines.pictures_twin import TwinCropper
from installation.faces import landmarks as index
from installation.faces.ffhq import Quad, crop_to_original
from installation.messages import Expression, Face, Frame, TrackedFrame
from installation.stages.align import Align, align_batch, align_image

SIZE = 128
CLIP = Path(__file__).resolve().parents[1] / "data" / "yes.mkv"
# Centre and half of the side as shares of the frame, degrees.
INSIDE = [((0.5, 0.5), 0.2, 0), ((0.5, 0.5), 0.27, 25), ((0.47, 0.42), 0.08, -70), ((0.5, 0.5), 0.4, 4), ((0.6, 0.5), 0.3, 180)]
OUTSIDE = [
    ((0.06, 0.12), 0.25, 12),  # over the upper left corner
    ((0.94, 0.88), 0.31, -8),
    ((0.5, 0.5), 0.83, 3),  # larger than the frame
    ((1.0, 0.5), 0.19, 0),  # cut in half by the right edge
    ((0.5, -0.1), 0.3, 90),
    ((1.3, 0.5), 0.2, 0),  # wholly outside
    ((-0.4, -0.3), 0.1, 30),
]


def noise(width: int, height: int) -> np.ndarray:
    return np.random.default_rng(7).integers(0, 256, (height, width, 3), np.uint8)


def cloth(width: int, height: int) -> np.ndarray:
    """The hardest edges there are."""
    return np.repeat(((np.indices((height, width)) // 3).sum(axis=0) % 2 * 255).astype(np.uint8)[..., None], 3, axis=2)


def decoded() -> Iterator[np.ndarray]:
    with av.open(CLIP) as file:
        yield from (frame.to_ndarray(format="rgb24") for frame in file.decode(video=0))


def real() -> np.ndarray:
    return next(decoded())


FRAMES = {
    "real": real,
    "real and large": lambda: cv2.resize(real(), None, fx=3.3, fy=3.3, interpolation=cv2.INTER_CUBIC),
    "noise": lambda: noise(640, 480),
    "odd": lambda: noise(333, 217),
    "cloth": lambda: cloth(640, 480),
    "upright": lambda: noise(181, 320),
    "tiny": lambda: noise(5, 3),
    "one pixel": lambda: noise(1, 1),
}


def matrix(frame: np.ndarray, centre: tuple[float, float], half: float, degrees: float) -> np.ndarray:
    height, width = frame.shape[:2]
    c, s = (f(np.radians(degrees)) * half * height for f in (np.cos, np.sin))
    return crop_to_original(Quad(np.array([centre[0] * width, centre[1] * height]), np.array([c, s]), np.array([-s, c])), SIZE)


@pytest.mark.parametrize("size", [SIZE, 256])
@pytest.mark.parametrize("kind", FRAMES)
def test_all_at_once_is_what_one_by_one_is(kind: str, size: int) -> None:
    frame = np.ascontiguousarray(FRAMES[kind]())
    places = [matrix(frame, *place) * (SIZE / size, SIZE / size, 1.0) for place in INSIDE + OUTSIDE]
    crops = [np.zeros((size, size, 3), np.uint8) for _ in places]
    align_batch(frame, places, crops, TwinCropper())
    for place, M_c2o, crop in zip(INSIDE + OUTSIDE, places, crops, strict=True):
        difference = np.abs(align_image(frame, M_c2o, size).astype(int) - crop)
        assert difference.mean() < 0.05, place
        if place in INSIDE:
            assert difference.max() <= 1, place
        else:  # softening what lies outside rounds twice more
            assert (difference > 1).mean() < 1e-4 and difference.max() <= 2, place


def tracked(image: np.ndarray, faces: int) -> TrackedFrame:
    height, width = image.shape[:2]
    points = np.full((468, 2), (0.5 * width, 0.5 * height), np.float32)
    points[list(index.RIGHT_EYE)], points[list(index.LEFT_EYE)] = (0.42 * width, 0.4 * height), (0.58 * width, 0.4 * height)
    points[list(index.MOUTH_CORNERS)] = (0.5 * width, 0.6 * height)
    steps = np.float32([0.2 * width, 0.05 * height])
    found = [Face(i, points + (i - 1) * steps, (0, 0, 1, 1), Expression(), 1.0, True, 1.0) for i in range(faces)]
    return TrackedFrame(Frame(0, 0.0, image), tuple(found))


@pytest.mark.parametrize("faces", [0, 1, 4])
def test_the_stage_gives_the_same_with_either(faces: int) -> None:
    image = real()
    alone, together = Align(SIZE).align(tracked(image, faces)), Align(SIZE, TwinCropper()).align(tracked(image, faces))
    assert [a.face.id for a in together.faces] == list(range(faces))
    for one, other in zip(alone.faces, together.faces, strict=True):
        assert np.array_equal(one.M_c2o, other.M_c2o) and np.array_equal(one.M_o2c, other.M_o2c)
        assert np.abs(one.crop.astype(int) - other.crop).max() <= 1
    assert faces == 0 or np.ptp(together.faces[0].crop) > 50
