"""Residuals cross without two outlines, and take on colours without losing features."""

import pytest
import torch

from installation.latents.residuals import crossed, recoloured


@pytest.fixture
def pair():
    generator = torch.Generator().manual_seed(1)
    own = torch.randn(8, 16, 16, generator=generator)
    other = own + 0.1 * torch.randn(8, 16, 16, generator=generator)  # alike
    other[:, :, 8:] = torch.randn(8, 16, 8, generator=generator)  # unlike
    return own, other


def test_the_ends_are_the_two_themselves(pair):
    own, other = pair
    assert crossed(own, other, 0.0) is own and crossed(own, other, 1.0) is other
    assert crossed(None, None, 0.5) is None and crossed(None, other, 0.0) is None


def test_half_way_unlike_parts_have_changed_over_and_like_ones_are_between(pair):
    own, other = pair
    middle = crossed(own, other, 0.5)
    assert (middle - other)[:, :, 10:].norm() < 0.15 * (own - other)[:, :, 10:].norm()
    assert torch.allclose(middle[:, :, :6], (own + other)[:, :, :6] / 2, atol=0.1)
    early = crossed(own, other, 0.33)
    assert (early - own)[:, :, 10:].norm() < 0.15 * (own - other)[:, :, 10:].norm()


def test_a_face_without_a_residual_is_crossed_to_as_well(pair):
    own, _ = pair
    assert crossed(own, None, 1.0) is None
    assert crossed(own, None, 0.99).abs().mean() < 0.2 * own.abs().mean()
    assert crossed(None, own, 0.6).abs().mean() > 0.7 * own.abs().mean()


def test_colours_are_taken_over_and_features_stay(pair):
    own = pair[0]
    other = 3 * torch.randn(8, 16, 16, generator=torch.Generator().manual_seed(2)) + torch.arange(8.0)[:, None, None]
    taken = recoloured(own, other, 1.0)
    assert torch.allclose(taken.mean(dim=(1, 2)), other.mean(dim=(1, 2)), atol=1e-4)
    assert torch.allclose(taken.std(dim=(1, 2)), other.std(dim=(1, 2)), atol=1e-3)
    for channel in range(8):
        both = torch.stack([own[channel].flatten(), taken[channel].flatten()])
        assert torch.corrcoef(both)[0, 1] > 0.999
    assert recoloured(own, None, 0.5) is own and recoloured(None, other, 0.5) is None
