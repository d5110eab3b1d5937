"""The sitter's eyes stay their own while the face around them changes."""

import numpy as np
import pytest

from installation.compositing.change import difference
from installation.compositing.own_eyes import KEPT, own_eyes
from installation.faces import landmarks as index

STILL = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
WHOLE = np.full((128, 128), 255, np.uint8)


def face():
    """Landmarks of two eyes alone, ten px wide and six high, in a crop of 128 px."""
    points = np.full((index.LANDMARK_COUNT, 2), -1e6, np.float32)
    turn = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    ring = np.stack([7 * np.cos(turn), 4 * np.sin(turn)], axis=1)
    points[list(index.RIGHT_EYE_REFINED[:16])] = ring + np.array((45, 60))
    points[list(index.LEFT_EYE_REFINED[:16])] = ring + np.array((83, 60))
    return points


@pytest.mark.parametrize("side", [64, 128, 256])
def test_between_the_lids_the_camera_stays_and_nowhere_else(side):
    mask = own_eyes(face(), STILL, side, 1.0)
    scale = side / 128
    assert mask.shape == (side, side)
    for x in (45, 83):
        assert mask[int(60 * scale), int(x * scale)] == pytest.approx(KEPT, abs=0.02)
    for x, y in ((64, 60), (45, 72), (45, 48), (60, 60), (10, 10)):
        assert mask[int(y * scale), int(x * scale)] < 0.02


def test_as_much_as_the_editor_draws_and_nothing_where_it_draws_nothing():
    assert own_eyes(face(), STILL, 128, 0.5)[60, 45] == pytest.approx(KEPT / 2, abs=0.02)
    assert own_eyes(face(), STILL, 128, 0.0) is None


def test_a_change_is_left_out_there_and_seen_around_it():
    plain = np.full((128, 128, 3), 120, np.uint8)
    edited = plain.copy()
    edited[40:80:2] += 60
    edited[41:80:2] -= 60  # stripes, so that none of it is the skin's tone
    kept, seen = difference(edited, plain, WHOLE, 1.0, own_eyes(face(), STILL, 128, 1.0)), difference(edited, plain, WHOLE, 1.0)
    assert seen.brighter[60, 45].min() > 45 and kept.brighter[60, 45].max() < 12
    assert kept.darker[61, 45].max() < 12
    assert np.array_equal(kept.brighter[:50], seen.brighter[:50]) and np.array_equal(kept.brighter[60, 60:68], seen.brighter[60, 60:68])
