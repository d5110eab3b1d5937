"""The head's mask: all of the face, less of hair and neck, nothing beyond."""

import numpy as np
import pytest

from installation.faces.head import HAIR, HEAD_PX, head_mask, without


def oval(x=64.0, y=74.0, width=26.0, height=34.0):
    turn = np.linspace(0, 2 * np.pi, 36, endpoint=False)
    return np.stack([x + width * np.sin(turn), y - height * np.cos(turn)], axis=1).astype(np.float32)


def test_the_face_is_whole_the_hair_is_part_and_the_border_is_nothing():
    mask = head_mask(oval())
    assert mask.shape == (HEAD_PX, HEAD_PX)
    assert mask[74, 64] == 255
    assert mask[27, 64] == pytest.approx(255 * HAIR, abs=12)  # above the forehead
    assert not mask[0].any()
    assert not mask[-1].any()
    assert not mask[:, 0].any()
    assert not mask[:, -1].any()
    assert np.abs(np.diff(mask.astype(int), axis=0)).max() < 40  # no edge anywhere


def test_what_is_not_the_visitor_is_nothing():
    silhouette = np.zeros((HEAD_PX, HEAD_PX), np.uint8)
    silhouette[:, :64] = 255
    mask = head_mask(oval(), silhouette)
    assert mask[74, 50] == 255
    assert not mask[:, 64:].any()


def test_a_nearer_face_is_left_alone():
    mask = head_mask(oval())
    without(mask, oval(x=90.0))
    assert mask[74, 90] == 0
    assert mask[74, 45] > 240


@pytest.mark.parametrize("shift", [-1e4, 1e4, 3e9])
def test_a_face_may_lie_anywhere(shift):
    assert not head_mask(oval(x=shift)).any()


def test_the_mask_ends_alike_before_every_side_of_its_crop():
    everywhere = np.full((HEAD_PX, HEAD_PX), 255, np.uint8)
    wide = oval(63.5, 63.5, 300.0, 300.0)
    mask = head_mask(wide, everywhere)
    assert np.array_equal(mask, mask[::-1]) and np.array_equal(mask, mask[:, ::-1]) and np.array_equal(mask, mask.T)
    ramp = mask[64].astype(int)
    assert ramp[0] == 0 and (np.diff(ramp[:7]) > 0).all() and ramp[7:-7].min() > 240


def test_a_silhouette_in_part_is_an_edit_in_part():
    grey = np.full((HEAD_PX, HEAD_PX), 128, np.uint8)
    assert head_mask(oval(), grey)[74, 64] == 128


@pytest.mark.parametrize("hair", [0.0, 0.2, 0.7, 1.0])
def test_hair_has_its_share_and_the_face_all(hair):
    mask = head_mask(oval(), hair=hair)
    assert mask[74, 64] == 255
    assert mask[27, 64] == pytest.approx(255 * hair, abs=12)
