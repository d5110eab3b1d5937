"""Warps: what moves, how far, and that a picture at rest stays as it is."""

import numpy as np
import pytest

from installation.latents.warps import EYES, HARDEST, Warper, larger_eyes, squeeze, without_folds


def dot(side, x, y):
    """A soft white dot on black."""
    axis = np.arange(side)
    light = np.exp(-((axis[None, :] - x) ** 2 + (axis[:, None] - y) ** 2) / (2 * (side / 40) ** 2))
    return np.repeat((255 * light).astype(np.uint8)[..., None], 3, axis=2)


def centre(picture):
    light = picture[..., 1].astype(float)
    return tuple(light.sum(axis) @ np.arange(light.shape[1 - axis]) / light.sum() for axis in (0, 1))


@pytest.mark.parametrize("side", [64, 256])
def test_features_move_by_fractions_of_the_side(side):
    flow = np.zeros((2, 32, 32), np.float32)
    flow[0], flow[1] = 0.125, -0.0625
    moved = Warper()(dot(side, 0.4 * side, 0.6 * side), flow)
    assert centre(moved) == pytest.approx((0.525 * side, 0.5375 * side), abs=0.02 * side)


def test_only_what_the_flow_names_moves():
    flow = np.zeros((2, 32, 32), np.float32)
    flow[0] = 0.05 * np.clip((20 - np.arange(32)) / 8, 0, 1)
    picture = np.maximum(dot(128, 24, 64), dot(128, 100, 64))
    moved = Warper()(picture, flow)
    assert np.array_equal(moved[:, 88:], picture[:, 88:])
    assert centre(moved[:, :64])[0] == pytest.approx(24 + 0.05 * 128, abs=1)


def test_at_rest_the_picture_is_the_same_and_sizes_may_change():
    warp, flow = Warper(), np.full((2, 32, 32), 0.1, np.float32)
    for side in (64, 128, 64):
        picture = dot(side, side / 2, side / 2)
        assert warp(picture, np.zeros((2, 32, 32), np.float32)) is picture
        assert warp(picture, flow).shape == picture.shape
        assert centre(warp(picture, flow))[0] == pytest.approx(0.6 * side, abs=0.03 * side)
    assert np.array_equal(picture, dot(64, 32, 32))  # the picture given is not drawn into


def test_edits_beyond_all_measure_fold_nothing():
    """Dots in a row stay in their order, however hard they are pushed together."""
    axis = (np.arange(64, dtype=np.float32) + 0.5) / 64 - 0.5
    flow = np.zeros((2, 64, 64), np.float32)
    flow[0] = -8 * axis[None, :] * np.exp(-(axis[None, :] ** 2 + axis[:, None] ** 2) / 0.05)
    row = np.clip(np.arange(128)[None, :] * 2, 0, 255).astype(np.uint8)
    picture = np.repeat(np.repeat(row, 128, axis=0)[..., None], 3, axis=2)
    moved = Warper()(picture, flow)
    assert np.abs(moved.astype(int) - picture).max() > 10
    assert (np.diff(moved[64, :, 0].astype(int)) >= -2).all()


def test_a_large_movement_ends_where_the_flow_says():
    """A flow that differs from place to place: the feature at the dot goes as far as the flow says there, not where it arrives."""
    axis = (np.arange(64, dtype=np.float32) + 0.5) / 64
    flow = np.zeros((2, 64, 64), np.float32)
    flow[0] = 0.15 * np.exp(-((axis[None, :] - 0.4) ** 2) / (2 * 0.15**2))
    assert centre(Warper()(dot(256, 0.4 * 256, 128), flow))[0] == pytest.approx(0.55 * 256, abs=3)


def test_larger_eyes_push_outward_around_the_eyes_alone():
    side, (x, y) = 256, EYES[0]
    beside = dot(side, x * side + 14, y * side)  # fourteen pixels right of the middle of an eye
    assert 1 < centre(Warper()(beside, larger_eyes(0.3)))[0] - centre(beside)[0] < 4
    chin = dot(side, 0.5 * side, 0.85 * side)
    assert np.abs(Warper()(chin, larger_eyes(0.3)).astype(int) - chin).max() <= 2


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("share", [0.3, 0.84, 0.9, 2.0])
def test_a_squeeze_along_either_axis_is_measured_and_kept_below_a_fold(axis, share):
    """A flow that takes ``share`` of the way to the middle from everywhere: at 1 all of it lies in one place."""
    along = (np.arange(32, dtype=np.float32) + 0.5) / 32 - 0.5
    flow = np.zeros((2, 32, 32), np.float32)
    flow[axis] = -share * (along[None, :] if axis == 0 else along[:, None])
    assert squeeze(flow) == pytest.approx(share, rel=1e-4)
    kept = without_folds(flow)
    assert squeeze(kept) == pytest.approx(min(share, HARDEST), rel=1e-3)
    assert (kept is flow) == (share <= HARDEST)
    assert squeeze(-flow) == 0.0  # to draw apart folds nothing


@pytest.mark.parametrize("seed", range(12))
def test_the_squeeze_of_a_linear_flow_is_that_of_its_matrix(seed):
    """Each part along its own axis, or the two across each other, whichever pushes together the most."""
    a, b, c, d = np.random.default_rng(seed).uniform(-1, 1, 4)
    y, x = np.meshgrid(*[(np.arange(24) + 0.5) / 24 - 0.5] * 2, indexing="ij")
    flow = np.stack([a * x + b * y, c * x + d * y]).astype(np.float32)
    assert squeeze(flow) == pytest.approx(max(-a, -d, np.sqrt(max(b * c, 0.0)), 0.0), abs=1e-4)


@pytest.mark.parametrize(("row", "column"), [(0, 0), (0, 22), (22, 0), (22, 22), (11, 5)])
def test_one_hard_place_is_enough(row, column):
    for axis in (0, 1):
        flow = np.zeros((2, 24, 24), np.float32)
        flow[axis, row, column] = 0.5 / 24
        assert squeeze(flow) == pytest.approx(0.5, rel=1e-4)
    flow = np.zeros((2, 24, 24), np.float32)
    flow[0, row + 1 :, : column + 1] = 0.25 / 24  # each is moved along the other's axis, across the same edge
    flow[1, : row + 1, column + 1 :] = 0.25 / 24
    assert squeeze(flow) > 0.2
