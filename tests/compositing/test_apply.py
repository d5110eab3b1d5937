"""Changes over the camera's pixels: what they do not touch stays as it is, to the grey level."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from installation.compositing.apply import Pane
from installation.compositing.change import Change

P = 64
RNG = np.random.default_rng(9)
FRAME = cv2.GaussianBlur(RNG.integers(0, 256, (300, 400, 3)).astype(np.uint8), (0, 0), 1.0)


def bump(levels=40):
    """A change in the middle of the crop, its rim soft."""
    y, x = np.mgrid[0:P, 0:P]
    near = np.exp(-(((x - 31.5) ** 2 + (y - 31.5) ** 2) / (2 * 8.0**2)))
    near[near < 0.05] = 0
    brighter = np.repeat(np.round(levels * near)[..., None], 3, axis=2).astype(np.uint8)
    return Change(brighter, np.zeros_like(brighter))


def warp(amount=0.05):
    y, x = np.mgrid[0:32, 0:32]
    near = np.clip(1 - np.hypot(x - 15.5, y - 15.5) / 10, 0, 1)
    return np.stack([amount * near, 0 * near]).astype(np.float32)


def turned(x, y, side, degrees=0.0):
    """A crop [64, 64] with its middle at x, y of the frame."""
    a = np.deg2rad(degrees)
    linear = side / P * np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
    return np.concatenate([linear, (np.array([x, y]) - linear @ [31.5, 31.5])[:, None]], axis=1)


@pytest.mark.parametrize("degrees", [0, 23, 180])
def test_a_change_lands_where_its_face_is_and_nowhere_else(degrees):
    picture = FRAME // 2
    before = picture.copy()
    Pane().in_place(picture, bump(), turned(200, 150, 120, degrees))
    change = picture.astype(int) - before
    assert change[150, 200].mean() == pytest.approx(40, abs=1)
    y, x = np.mgrid[0:300, 0:400]
    far = np.hypot(x - 200, y - 150) > 60
    assert not change[far].any()
    centre = (change.sum(axis=2) * np.stack([x, y])).sum(axis=(1, 2)) / change.sum()
    assert centre == pytest.approx([200, 150], abs=0.3)


def test_a_change_of_nothing_leaves_every_pixel():
    picture = FRAME.copy()
    nothing = np.zeros((P, P, 3), np.uint8)
    Pane().in_place(picture, Change(nothing, nothing, np.full_like(nothing, 255), 0 * warp()), turned(200, 150, 170, 12))
    assert np.array_equal(picture, FRAME)


def test_a_warp_moves_the_cameras_pixels_inside_and_no_others():
    nothing = np.zeros((P, P, 3), np.uint8)
    picture = FRAME.copy()
    Pane().in_place(picture, Change(nothing, nothing, None, warp()), turned(200, 150, 128))
    y, x = np.mgrid[0:300, 0:400]
    outside = np.hypot(x - 200, y - 150) > 0.36 * 128
    assert np.array_equal(picture[outside], FRAME[outside])
    # The middle takes its pixels from 0.05 sides, 6.4 px, further right.
    middle = picture[148:153, 198:203].astype(int)
    assert np.abs(middle - FRAME[148:153, 204:209]).mean() < np.abs(middle - FRAME[148:153, 198:203]).mean() / 2


def test_a_crop_and_the_frame_are_changed_alike():
    M_c2o = turned(199.5, 149.5, 128)
    crop = np.ascontiguousarray(FRAME[86:214, 136:264])
    change = replace(bump(), origin=warp())
    frame = FRAME.copy()
    pane = Pane()
    pane.in_place(frame, change, M_c2o)
    pane.on_crop(crop, change)
    assert np.abs(crop.astype(int) - frame[86:214, 136:264]).max() <= 1


@pytest.mark.parametrize(
    ("x", "y", "side"),
    [(0, 0, 120), (399, 299, 200), (-80, 150, 100), (-300, -300, 60), (200, 150, 3000), (200, 150, 3), (398, -20, 90)],
    ids=["corner", "other corner", "half outside", "far outside", "larger than the frame", "tiny", "edge"],
)
def test_a_face_may_be_anywhere_and_of_any_size(x, y, side):
    picture = FRAME.copy()
    change = replace(bump(), origin=warp())
    Pane().in_place(picture, change, turned(x, y, side, 10))
    assert picture.shape == FRAME.shape
    assert picture.min() >= 0
    assert np.abs(picture.astype(int) - FRAME).mean() < 60


def test_light_is_held_at_white():
    white = np.full((300, 400, 3), 250, np.uint8)
    Pane().in_place(white, bump(90), turned(200, 150, 120))
    assert white[150, 200].tolist() == [255, 255, 255]
