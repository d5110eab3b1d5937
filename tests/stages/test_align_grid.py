"""Where a crop's pixels come from, to a fraction of one, however much smaller than its face it is."""

import numpy as np
import pytest

from installation.faces.ffhq import Quad, crop_to_original, transform
from installation.messages import Frame, TrackedFrame
from installation.stages.align import BLUR, CROPS_KEPT, Align, _kernel, align_image
from tests.stages.test_align import picture, tracked

SIZE, SLOPE = 64, 4  # grey levels a pixel


def slanted(width, height, across):
    """A frame whose grey level says where a pixel lies along one axis, over and over."""
    along = np.arange(width if across else height, dtype=float)
    levels = along * SLOPE % 256
    plane = np.broadcast_to(levels[None, :] if across else levels[:, None], (height, width))
    return np.repeat(plane[..., None], 3, axis=2).astype(np.uint8)


def matrix(x, y, half, degrees=0.0, size=SIZE):
    c, s = np.cos(np.radians(degrees)) * half, np.sin(np.radians(degrees)) * half
    return crop_to_original(Quad(np.array([x, y], float), np.array([c, s]), np.array([-s, c])), size)


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize(("x", "y", "half", "degrees"), [
    (40.25, 41.0, 16, 0), (42.0, 40.75, 32, 0), (42.3, 42.0, 38, 10), (250.0, 239.0, 63.9, 0), (255.1, 240.2, 96, 5), (260, 250, 150, -3),
])  # fmt: skip
def test_every_pixel_shows_its_own_place_whatever_is_averaged(x, y, half, degrees, axis):
    M_c2o = matrix(x, y, half, degrees)
    crop = align_image(slanted(520, 500, axis == 0), M_c2o, SIZE)[..., 0].astype(float)
    u, v = np.meshgrid(np.arange(SIZE), np.arange(SIZE))
    place = transform(M_c2o, np.stack([u.ravel(), v.ravel()], axis=1)).reshape(SIZE, SIZE, 2)[..., axis]
    reach = 2 * max(1.0, half / 32) + 1
    turn = 256 / SLOPE  # where the levels begin again, averages say nothing
    sure = (place % turn > reach) & (place % turn < turn - reach)
    wrong = np.abs(crop - place * SLOPE % 256)[sure]
    assert sure.mean() > 0.3 and wrong.max() < 0.35 * SLOPE * max(1.0, half / 32) + 1
    assert abs((crop - place * SLOPE % 256)[sure].mean()) < 0.1 * SLOPE  # and none to one side


@pytest.mark.parametrize("half", [32 * 1.45, 32 * 1.55, 32 * 2.45, 32 * 2.55])
def test_a_face_is_averaged_over_as_many_pixels_as_are_shown_by_one(half):
    """Stripes of one pixel become grey from two on, and stay what they are up to there."""
    stripes = np.zeros((400, 400, 3), np.uint8)
    stripes[:, ::2] = 255
    crop = align_image(stripes, matrix(200, 200, half), SIZE)
    shrink = round(half / 32)
    spread = crop[..., 0].astype(float).std()
    assert spread < 2 if shrink == 2 else spread > 15 if shrink == 1 else 20 < spread < 50


def test_a_crop_that_ends_with_the_frame_is_not_softened():
    image = np.random.default_rng(5).integers(0, 256, (SIZE, SIZE, 3)).astype(np.uint8)
    middle = (SIZE - 1) / 2
    assert np.array_equal(align_image(image, matrix(middle, middle, SIZE / 2), SIZE), image)
    beyond = align_image(image, matrix(middle - 2, middle, SIZE / 2), SIZE)
    assert np.abs(beyond[:, 2:].astype(int) - image[:, :-2])[:, 6:].max() <= 1  # the fade is enlarged from a small crop
    assert not np.array_equal(beyond[:, 1], image[:, 1])


def test_the_blur_is_a_gaussian_of_a_fiftieth_of_the_side():
    for size in (64, 256, 1024):
        kernel = _kernel(size)
        at = np.arange(len(kernel)) - len(kernel) // 2
        sigma = np.sqrt((kernel * at**2).sum())
        assert kernel.sum() == pytest.approx(1.0, abs=1e-6) and len(kernel) % 2 == 1 and np.array_equal(kernel, kernel[::-1])
        assert sigma == pytest.approx(BLUR * size / 4, rel=0.05) if size > 64 else sigma < 0.5
    assert len(_kernel(256)) == 2 * 4 + 1  # out to three standard deviations


@pytest.mark.parametrize(("size", "fits"), [(16, True), (12, False), (64, True), (66, False), (0, False)])
def test_only_sizes_that_can_be_softened_are_taken(size, fits):
    if fits:
        assert Align(size).size == size
    else:
        with pytest.raises(ValueError, match=f"at least 16 px, is needed, got {size}"):
            Align(size)


def test_the_memory_of_crops_is_used_again_after_the_promised_frames_and_not_before():
    align, seen = Align(SIZE), []
    for count in (2, 1, 3, 2, 2, 3):
        seen.append([one.crop for one in align.align(tracked(picture(), count)).faces])
    for one, crops in enumerate(seen):
        for other in seen[one + 1 : one + CROPS_KEPT]:
            assert not any(a is b for a in crops for b in other)
    assert [a is b for a, b in zip(seen[0], seen[CROPS_KEPT], strict=False)] == [True, True]
    assert align.align(TrackedFrame(Frame(0, 0.0, picture()), ())).faces == ()


def test_a_face_that_is_cut_by_the_frame_has_no_second_one_in_its_reflection():
    image = picture()
    inside, cut = tracked(image), tracked(image)
    face = cut.faces[0]
    points = face.landmarks - np.float32([250, 0])  # half of it beyond the left edge
    aligned = Align(SIZE).align(TrackedFrame(cut.frame, (type(face)(0, points, face.box, face.expression, 1.0, True, 1.0),)))
    crop, M_c2o = aligned.faces[0].crop, aligned.faces[0].M_c2o
    plain = align_image(image, M_c2o, SIZE)
    assert not np.array_equal(crop, plain)  # what lies outside runs on in another way
    columns = np.arange(SIZE) * M_c2o[0, 0] + M_c2o[0, 2] > 30  # the softening is enlarged from a small crop
    assert np.array_equal(crop[:, columns], plain[:, columns])
    assert np.array_equal(Align(SIZE).align(inside).faces[0].crop, align_image(image, Align(SIZE).align(inside).faces[0].M_c2o, SIZE))
