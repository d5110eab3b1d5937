"""Adaptive augmentation: its sampling has a gradient's gradient wherever it runs."""

import pytest
import torch
import torch.nn.functional as F

from installation.training.ada import AdaptiveAugment, sampled
from installation.training.adversary import r1_penalty

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


def pictures_and_places(device: str) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(3)
    x = torch.randn(2, 3, 6, 6, dtype=torch.float64, device=device)
    return x, 1.6 * torch.rand(2, 6, 6, 2, dtype=torch.float64, device=device) - 0.8 + torch.tensor([0.5, -0.3], device=device)


@pytest.mark.parametrize("device", DEVICES)
def test_sampling_is_pytorchs_own_with_its_gradient_and_that_gradients_gradient(device):
    x, places = pictures_and_places(device)
    own, other = (x.clone().requires_grad_(True) for _ in range(2))
    mine, theirs = sampled(own, places), F.grid_sample(other, places, padding_mode="reflection", align_corners=False)
    assert torch.equal(mine, theirs)
    mine.square().sum().backward()
    theirs.square().sum().backward()
    assert torch.allclose(own.grad, other.grad)
    assert torch.autograd.gradcheck(lambda pictures: sampled(pictures, places), (own,))
    assert torch.autograd.gradgradcheck(lambda pictures: sampled(pictures, places), (own,))


@pytest.mark.parametrize("device", DEVICES)
def test_a_penalty_on_gradients_reaches_a_discriminator_behind_augmentation(device):
    torch.manual_seed(4)
    judge = torch.nn.Conv2d(3, 4, 3).to(device)
    real, augment = torch.randn(4, 3, 16, 16, device=device), AdaptiveAugment(0.8)
    for asked in (augment, lambda pictures: pictures):
        judge.zero_grad()
        r1_penalty(lambda pictures, see=asked: judge(see(pictures)).square().mean((1, 2, 3)), real).backward()
        assert judge.weight.grad.abs().sum() > 0


def test_no_operation_without_a_second_derivative_is_in_the_way():
    """What only the CPU can do twice is not in the graph: on a GPU PyTorch's own sampling cannot."""
    x, places = pictures_and_places("cpu")
    names, waiting = set(), [sampled(x.requires_grad_(True), places).grad_fn]
    while waiting:
        node = waiting.pop()
        if node is not None:
            names.add(node.name())
            waiting += [step for step, _ in node.next_functions]
    assert "GridSampler2DBackward0" not in names
