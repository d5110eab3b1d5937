"""Flows: through the landmarks, at rest at the rim, even in the mirror, of features alone."""

import numpy as np
import pytest
import torch

from installation.faces.landmarks import LOWER_LIP_INNER, MOUTH_CORNERS, UPPER_LIP_INNER
from installation.training.directions.flows import even, of_features, pursed, reach, smooth_flow

LANDMARKS = 468


def test_flow_goes_through_the_landmarks_and_rests_at_the_rim():
    points = np.random.default_rng(0).uniform(0.35, 0.65, (LANDMARKS, 2))
    flow = smooth_flow(points, np.tile([0.1, -0.05], (LANDMARKS, 1)))
    assert flow.shape == (2, 64, 64)
    assert torch.allclose(flow[:, 26:38, 26:38], torch.tensor([0.1, -0.05])[:, None, None].expand(2, 12, 12), atol=2e-3)
    assert flow[:, 0].abs().max() < 0.02 and flow[:, 32, 0].abs().max() < 0.02
    assert flow[0].diff(dim=1).abs().max() < 0.02  # no tear between the face and the rim


def test_a_flow_is_made_even_or_odd_in_the_mirror():
    flow = torch.randn(2, 32, 32, generator=torch.Generator().manual_seed(1))
    wider = even(flow, 1.0)
    assert torch.allclose(wider[0], -wider[0].flip(1)) and torch.allclose(wider[1], wider[1].flip(1))
    turned = even(flow, -1.0)
    assert torch.allclose(turned[0], turned[0].flip(1)) and torch.allclose(wider + turned, flow, atol=1e-6)


def test_what_the_whole_face_does_is_no_movement_of_its_features():
    rng = np.random.default_rng(5)
    points = rng.uniform(0.3, 0.7, (LANDMARKS, 2))
    turned = (points - 0.4) @ np.array([[1.02, -0.05], [0.05, 1.02]]) + 0.43
    assert np.abs(of_features(points, turned - points)).max() < 1e-9
    brow = np.zeros((LANDMARKS, 2))
    brow[:10, 1] = -0.02
    left = of_features(points, turned - points + brow)
    assert left[:10, 1].mean() < -0.018 and np.abs(left[10:]).max() < 0.002


def test_reach_is_where_something_moves():
    flow = torch.zeros(2, 32, 32)
    flow[1, 20, 10], flow[0, 5, 5], flow[0, 9, 9] = -0.04, 0.018, 0.012
    near = reach(flow)
    assert near[20, 10] == 1 and near[5, 5] == pytest.approx(0.5, abs=1e-3) and near.sum() == pytest.approx(1.5, abs=1e-3)


def test_a_pursed_mouth_is_narrower_and_its_face_is_not():
    points = np.full((LANDMARKS, 2), 0.5)
    points[list(MOUTH_CORNERS)] = (0.4, 0.72), (0.6, 0.72)
    points[[*UPPER_LIP_INNER, *LOWER_LIP_INNER]] = 0.5, 0.74
    flow = pursed(points, 0.2)
    across, line = flow[0], 47  # of the cells, at 0.74
    assert across[line, 25] == pytest.approx(0.2 * 0.1, rel=0.1)  # the corner at 0.4 comes in by a fifth of the half
    assert across[line, 28] == pytest.approx(0.6 * float(across[line, 25]), rel=0.1)  # and what is within in proportion
    assert torch.allclose(across, -across.flip(1), atol=1e-6) and flow[1].abs().max() == 0
    assert across[:38].abs().max() < 1e-3 and across[:, :6].abs().max() < 1e-3  # eyes and cheeks rest
    assert pursed(points, 0.0).abs().max() == 0
