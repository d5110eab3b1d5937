"""What runs on beyond the edge of the frame, whichever edge it is and however the crop is turned."""

import math

import numpy as np
import pytest

from installation.faces.padding import EDGE, SHRINK, run_on

SIZE, WIDTH, HEIGHT = 64, 640, 480
TURNS = [0.0, 90.0, 180.0, 270.0, 30.0]


def crop_matrix(x: float, y: float, degrees: float) -> np.ndarray:
    """[2, 3], crop to frame: a crop whose middle lies at x, y of the frame, one pixel to a pixel, turned."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    turn = np.array([[c, -s], [s, c]])
    middle = (SIZE - 1) / 2
    return np.concatenate([turn, (np.array([x, y]) - turn @ (middle, middle))[:, None]], axis=1)


def places(M_c2o: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """x and y in the frame of every pixel of the crop."""
    along = np.arange(SIZE, dtype=float)
    grid = np.stack(np.meshgrid(along, along), axis=-1) @ M_c2o[:, :2].T + M_c2o[:, 2]
    return grid[..., 0], grid[..., 1]


@pytest.mark.parametrize("degrees", TURNS)
@pytest.mark.parametrize(("x", "y"), [(0, 240), (639, 240), (320, 0), (320, 479), (0, 0), (639, 479)])
def test_what_is_wrong_outside_every_edge_is_replaced_by_the_colours_at_it_and_inside_nothing_is(x: int, y: int, degrees: float) -> None:
    M_c2o = crop_matrix(x, y, degrees)
    at_x, at_y = places(M_c2o)
    depth = np.minimum(np.minimum(at_x + 0.5, WIDTH - 0.5 - at_x), np.minimum(at_y + 0.5, HEIGHT - 0.5 - at_y))
    skin, wrong = (200, 150, 120), (160, 190, 160)
    crop = np.where((depth > 0)[..., None], np.uint8(skin), np.uint8(wrong))
    run_on(crop, M_c2o, WIDTH, HEIGHT)
    assert np.abs(crop.astype(int) - skin).max() <= 20  # a little of what was there at the very edge is in the small crop
    assert np.abs(crop.astype(int) - skin)[depth < -2 * SHRINK].max() <= 10

    fresh = np.random.default_rng(1).integers(0, 256, (SIZE, SIZE, 3)).astype(np.uint8)
    before = fresh.copy()
    run_on(fresh, M_c2o, WIDTH, HEIGHT)
    inside = depth > (EDGE + 1) * SHRINK * math.sqrt(2)
    assert np.array_equal(fresh[inside], before[inside]) and inside.any()
    assert not np.array_equal(fresh[depth < -SHRINK], before[depth < -SHRINK])


def test_a_crop_that_lies_inside_or_wholly_outside_is_left_alone() -> None:
    for x, y in ((320, 240), (SIZE / 2 - 0.5, SIZE / 2 - 0.5), (-1000, 240)):
        crop = np.random.default_rng(2).integers(0, 256, (SIZE, SIZE, 3)).astype(np.uint8)
        before = crop.copy()
        run_on(crop, crop_matrix(x, y, 0.0), WIDTH, HEIGHT)
        assert np.array_equal(crop, before)


@pytest.mark.parametrize("level", [0, 255])
def test_black_stays_black_and_white_white(level: int) -> None:
    crop = np.full((SIZE, SIZE, 3), level, np.uint8)
    run_on(crop, crop_matrix(0, 240, 0.0), WIDTH, HEIGHT)
    assert (crop == level).all()


def test_the_farther_out_the_softer() -> None:
    """Stripes that run into the edge are still seen just beyond it, and not far from it."""
    M_c2o = crop_matrix(16, 240, 0.0)
    stripes = np.where(np.abs(np.arange(SIZE) - SIZE / 2 + 0.5) // 4 % 2, 200, 50).astype(np.uint8)  # as bright at one end as at the other
    crop = np.repeat(np.repeat(stripes[:, None, None], SIZE, axis=1), 3, axis=2)
    run_on(crop, M_c2o, WIDTH, HEIGHT)
    contrast = np.ptp(crop[8:-8, :, 0].astype(int), axis=0)
    edge = SIZE // 2 - 16  # the crop's column that is the frame's first
    assert contrast[-1] == 150
    assert contrast[edge - 1] > 40
    assert contrast[0] < 0.8 * contrast[edge - 1]
    assert (np.diff(contrast[: edge + 8].astype(int)) >= -2).all()


def test_the_edge_itself_is_soft() -> None:
    """No line where the frame ends: what runs on takes over along some pixels."""
    crop = np.full((SIZE, SIZE, 3), 60, np.uint8)
    crop[:, : SIZE // 2] = 220  # outside; what the frame shows is darker
    run_on(crop, crop_matrix(-0.5, 240, 0.0), WIDTH, HEIGHT)
    assert np.abs(np.diff(crop[32, :, 0].astype(int))).max() < 40
