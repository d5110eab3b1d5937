"""The camera's picture on the canvas: whole or filling it, pixel by pixel where the sizes agree, left and right as in a mirror."""

import numpy as np
import pytest

from installation.canvas.look import Grade
from installation.canvas.mirror import PlainMirror, View, brought
from installation.canvas.pace import CostlyLook
from tests.canvas.stand_ins import gradient_picture

RNG = np.random.default_rng(5)
NEUTRAL = CostlyLook(0.3, 0.0, 0.0, Grade())


def noise(height, width):
    return RNG.integers(0, 256, (height, width, 3)).astype(np.uint8)


@pytest.mark.parametrize("mirror", [False, True])
def test_a_picture_of_the_canvas_own_size_reaches_it_pixel_by_pixel(mirror):
    picture = noise(72, 128)
    out, place = PlainMirror(128, 72).draw(picture, "cover", mirror, 0.0, NEUTRAL)
    assert place == (0, 0, 128, 72)
    assert np.array_equal(out, picture[:, ::-1] if mirror else picture)


@pytest.mark.parametrize(
    ("size", "fit", "place"),
    [
        ((100, 100), "cover", (0, 0, 128, 72)),
        ((100, 100), "contain", (28, 0, 100, 72)),
        ((100, 100), "auto", (28, 0, 100, 72)),  # nearly half would be cut away
        ((160, 120), "auto", (0, 0, 128, 72)),
        ((1080, 1920), "auto", (44, 0, 84, 72)),
        ((3840, 2160), "contain", (0, 0, 128, 72)),
    ],
)
def test_it_covers_or_is_seen_whole(size, fit, place):
    out, where = PlainMirror(128, 72).draw(noise(size[1], size[0]), fit, True, 0.0, NEUTRAL)
    assert where == pytest.approx(place, abs=1)
    assert out.shape == (where[3] - where[1], where[2] - where[0], 3)


def test_nothing_is_stretched_and_a_face_lies_where_its_box_says():
    picture = np.zeros((120, 160, 3), np.uint8)
    picture[30:42, 40:52] = 255  # a square around (45.5, 35.5)
    square = np.array([[12.0, 0.0, 45.5], [0.0, 12.0, 35.5]])
    for mirror in (False, True):
        out, _ = PlainMirror(320, 180).draw(picture, "cover", mirror, 0.0, NEUTRAL)
        box = View.of((160, 120), (320, 180), "cover", mirror).box(square)
        y, x = np.nonzero(out[:, :, 0] > 128)
        assert (x.mean() + 0.5, y.mean() + 0.5) == pytest.approx((box.x, box.y), abs=0.5)
        assert (np.ptp(x) + 1, np.ptp(y) + 1) == pytest.approx((box.size, box.size), abs=1)


def test_what_does_not_change_is_not_made_again_and_what_does_is():
    mirror, picture = PlainMirror(128, 72), noise(72, 128)
    first, _ = mirror.draw(picture, "cover", False, 0.0, NEUTRAL)
    kept = first.copy()
    picture[:] = 0
    assert np.array_equal(mirror.draw(picture, "cover", False, 0.0, NEUTRAL)[0], kept)  # the same array holds the same picture
    assert not np.array_equal(mirror.draw(noise(72, 128), "cover", False, 0.0, NEUTRAL)[0], kept)


def test_grade_vignette_and_sharpening_reach_it():
    picture = np.ascontiguousarray(np.resize(gradient_picture(72), (72, 128, 3)))
    plain = PlainMirror(128, 72).draw(picture, "cover", False, 0.0, NEUTRAL)[0].astype(int)
    darker = PlainMirror(128, 72).draw(picture, "cover", False, 0.0, CostlyLook(0.3, 0.0, 0.0, Grade(brightness=0.5)))[0]
    assert np.abs(darker - plain / 2).max() <= 1.5
    grey = PlainMirror(128, 72).draw(picture, "cover", False, 0.0, CostlyLook(0.3, 0.0, 0.0, Grade(saturation=0.0)))[0]
    assert np.ptp(grey.astype(int), axis=2).max() <= 1
    corners = PlainMirror(128, 72).draw(picture, "cover", False, 0.0, CostlyLook(0.3, 1.0, 0.0, Grade()))[0]
    assert corners[0, 0].sum() < 0.5 * plain[0, 0].sum()
    assert np.array_equal(corners[36, 64], plain[36, 64])
    soft = np.repeat(np.linspace(60, 190, 128)[None, :, None], 72, axis=0).repeat(3, axis=2)
    soft[:, 64:] += 30
    edge = soft.astype(np.uint8)
    sharp = PlainMirror(128, 72).draw(edge, "cover", False, 1.0, NEUTRAL)[0].astype(int)
    assert sharp[36, 64, 0] - sharp[36, 63, 0] > int(edge[36, 64, 0]) - int(edge[36, 63, 0]) + 8


def test_a_smaller_picture_grows_by_a_cubic_and_a_larger_one_shrinks_by_averages():
    checks = (np.indices((144, 256)).sum(axis=0) % 2 * 255).astype(np.uint8)[..., None].repeat(3, axis=2)
    out = np.empty((72, 128, 3), np.uint8)
    brought(checks, False, out)
    assert np.abs(out.astype(int) - 127).max() <= 1  # no moiré
    step = np.zeros((36, 64, 3), np.uint8)
    step[:, 32:] = 200
    brought(step, False, out)
    assert out.max() > 200  # a cubic overshoots, a line does not
