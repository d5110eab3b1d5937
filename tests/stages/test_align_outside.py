"""What a crop shows where it leaves the frame: less of a picture the farther out, and in the end one colour."""

import cv2
import numpy as np
import pytest

from installation.faces.ffhq import Quad, crop_to_original
from installation.stages.align import align_image

SIZE = 128


def cloth(width=640, height=480):
    noise = np.random.default_rng(3).integers(0, 256, (height // 6, width // 6, 3)).astype(np.uint8)
    return cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)


def crop_at(image, x, y, half, size=SIZE):
    return align_image(image, crop_to_original(Quad(np.array([x, y], float), np.array([half, 0.0]), np.array([0.0, half])), size), size)


def roughness(part):
    return float(np.abs(cv2.Laplacian(part.astype(np.float32), cv2.CV_32F)).mean())


SIDES = {"left": (0, 240, 1), "right": (640, 240, 1), "top": (320, 0, 0), "bottom": (320, 480, 0)}


@pytest.mark.parametrize("side", SIDES)
def test_fine_structure_fades_with_the_distance_from_each_edge_of_the_frame(side):
    x, y, axis = SIDES[side]
    crop = crop_at(cloth(), x, y, 100)
    outside = np.moveaxis(crop, axis, 0)
    if side in ("right", "bottom"):
        outside = outside[::-1]  # the first line is the farthest from the frame
    inside, far, middle = outside[SIZE // 2 + 2 :], outside[: SIZE // 8], outside[SIZE // 4 : SIZE // 2 - SIZE // 16]
    assert roughness(far) < 0.15 * roughness(inside)
    assert roughness(middle) < 0.6 * roughness(inside)
    assert far.std(axis=(0, 1)).max() < 0.35 * inside.std(axis=(0, 1)).max()


def test_what_lies_in_the_frame_is_left_as_it_is():
    image = cloth()
    part = crop_at(image, -0.5, 239.5, 64)[:, SIZE // 2 :]  # pixel on pixel
    assert np.abs(part.astype(int) - image[176:304, 0:64])[:, 4:].max() <= 1


def test_far_outside_there_is_one_colour_that_of_the_crop():
    crop = crop_at(cloth(), -150, 240, 100)
    assert crop[:, : SIZE // 4].std(axis=(0, 1)).max() < 6
    assert np.abs(crop[:, : SIZE // 4].reshape(-1, 3).mean(axis=0) - 127.5).max() < 40


def test_one_pixel_outside_is_no_reason_to_blur_a_face():
    """A crop that touches the edge keeps its structure: the padding begins at the frame's edge and grows from there."""
    image = cloth()
    inside, touching = crop_at(image, 101, 240, 100), crop_at(image, 98, 240, 100)
    assert roughness(touching[:, 8:]) > 0.95 * roughness(inside[:, 8:])


@pytest.mark.parametrize(("beyond", "fades_over"), [(0.1, 0.3), (0.4, 0.5), (0.6, 0.7)])
@pytest.mark.parametrize("side", SIDES)
def test_the_fade_is_over_a_little_beyond_the_farthest_corner_and_never_sooner_than_after_a_third_of_a_face(side, beyond, fades_over):
    """Over max(excess + 0.1, 0.3) of the crop's side, as FFHQ does it, each side of the frame for itself."""
    axis, half = SIDES[side][2], 100.0
    # What runs along the edge is the same inside and outside of it: a difference to it can only be the fade to the median.
    along = np.linspace(20, 230, (480, 640)[1 - axis])
    image = np.broadcast_to(along[:, None, None] if axis else along[None, :, None], (480, 640, 3)).astype(np.uint8)
    x, y = SIDES[side][:2]
    inwards = half - 2 * half * beyond
    x, y = x + {"left": inwards, "right": -inwards}.get(side, 0), y + {"top": inwards, "bottom": -inwards}.get(side, 0)
    crop = np.moveaxis(crop_at(image, x, y, half).astype(float), axis, 0)[..., 0]
    if side in ("right", "bottom"):
        crop = crop[::-1]
    contrast = np.ptp(crop[:, SIZE // 8 : -SIZE // 8], axis=1)
    fade = 1 - contrast / contrast[-1]
    depth = beyond - (np.arange(SIZE) + 0.5) / SIZE  # shares of the side that lie between the frame and each line
    expected = np.clip(depth / fades_over, 0, 1)
    outside = np.abs(depth) > 4 / SIZE  # at the edge itself the fade is enlarged from a small crop
    assert np.abs(fade - expected)[outside].max() < 0.06
