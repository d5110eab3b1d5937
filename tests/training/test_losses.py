"""Losses: what they weigh."""

import pytest
import torch

from installation.training.losses import features_weight, masked_l1


@pytest.mark.parametrize("size", [64, 256])
def test_eyes_and_mouth_count_more_and_the_rest_the_same(size):
    weight = features_weight(size, 4.0)[0, 0]
    for x, y in ((0.381, 0.481), (0.619, 0.481), (0.5, 0.7155)):
        assert weight[round(y * size), round(x * size)] > 4.5
    for x, y in ((0.5, 0.2), (0.1, 0.5), (0.5, 0.55), (0.9, 0.9)):
        assert weight[round(y * size), round(x * size)] < 1.35
    assert torch.allclose(weight, weight.flip(1), atol=1e-3)
    assert torch.equal(features_weight(size, 0.0), torch.ones(1, 1, size, size))


def test_a_fault_in_an_eye_costs_more_than_one_in_the_hair():
    picture, mask = torch.zeros(1, 3, 64, 64), torch.ones(1, 1, 64, 64)
    weight = mask * features_weight(64, 4.0)
    eye, hair = picture.clone(), picture.clone()
    eye[..., 30:32, 23:26], hair[..., 4:6, 23:26] = 1.0, 1.0
    assert masked_l1(eye, picture, weight) > 3 * masked_l1(hair, picture, weight)
    assert masked_l1(eye, picture, mask) == masked_l1(hair, picture, mask)
