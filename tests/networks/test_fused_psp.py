"""Fused encoders give the numbers of the published arithmetic."""

import pytest
import torch
from torch import nn

from installation.networks.fused_psp import FusedPyramid, fused
from installation.networks.ir_se import BackbonePlan, BlockPlan
from installation.networks.psp_encoders import EncoderPlan, PublishedEncoder

BLOCKS = (BlockPlan(8, 8, 2, 2), BlockPlan(8, 16, 2, 2), BlockPlan(16, 16, 1, 2), BlockPlan(16, 24, 2, 0), BlockPlan(24, 32, 2, 4))


def narrow(kind):
    """A narrow encoder whose batch norms and mean code are not the ones of a fresh module."""
    torch.manual_seed(2)
    encoder = PublishedEncoder(EncoderPlan(kind, BackbonePlan(3, 8, BLOCKS), 10, 32)).eval().requires_grad_(False)
    for module in encoder.modules():
        if isinstance(module, nn.BatchNorm2d):
            for value in (module.weight, module.running_var):
                value.uniform_(0.5, 1.5)
            for value in (module.bias, module.running_mean):
                value.normal_(0, 0.3)
        if isinstance(module, nn.PReLU):
            module.weight.uniform_(0.1, 0.4)
    encoder.latent_avg.normal_()
    return encoder


@pytest.mark.parametrize(
    "kind", ["GradualStyleEncoder", "Encoder4Editing", "BackboneEncoderUsingLastLayerIntoW", "BackboneEncoderUsingLastLayerIntoWPlus"]
)
def test_the_fused_encoder_gives_the_same_codes(kind):
    encoder = narrow(kind)
    images = torch.randn(2, 3, 256, 256)
    expected = encoder(images)
    got = fused(encoder)(images)
    assert got.shape == (2, 10, 32)
    assert (got - expected).norm() / expected.norm() < 1e-5


def test_batch_norms_behind_convolutions_and_separate_heads_are_gone():
    fast = fused(narrow("GradualStyleEncoder"))
    assert isinstance(fast, FusedPyramid)
    assert not any(isinstance(block.res_layer[4], nn.BatchNorm2d) for block in fast.backbone.body)
    convs = [module for heads in fast.heads for module in heads.modules() if isinstance(module, nn.Conv2d)]
    assert len(convs) == 4 + 5 + 6  # one a halving, not one a head
    assert (fast.styles, fast.w_dim, fast.input_px) == (10, 32, 256)
