"""The plain networks give what the networks give."""

import pytest
import torch
from torch import nn

from installation.export.graphs import MatrixPool, PlainGenerator, exportable
from installation.export.stylegan3_graph import PlainStyleGAN3
from installation.networks.stylegan2 import Generator
from tests.checkpoints.test_stylegan3_file import tiny_stylegan3


@pytest.mark.parametrize("clamp", [None, 0.5])
def test_plain_generator(clamp):
    torch.manual_seed(1)
    generator = Generator(32, 10, 1, {4: 12, 8: 12, 16: 8, 32: 8}, clamp=clamp).eval().requires_grad_(False)
    for layer in (generator.conv1, *generator.convs):
        layer.noise.weight.fill_(0.3)
        layer.activate.bias.normal_()
    ws = torch.randn(3, generator.styles, 10)
    wanted = generator.synthesis(ws)
    assert (PlainGenerator(generator)(ws) - wanted).norm() / wanted.norm() < 1e-5


@pytest.mark.parametrize("round_filters", [False, True])
def test_plain_stylegan3(round_filters):
    generator = tiny_stylegan3(round_filters)
    ws = generator.mapping(torch.randn(3, 10))
    wanted = generator.synthesis(ws)
    assert (PlainStyleGAN3(generator)(ws) - wanted).norm() / wanted.norm() < 1e-5


@pytest.mark.parametrize(("side", "px"), [(16, 7), (8, 4), (5, 7)])
def test_pooling_by_products(side, px):
    x = torch.randn(2, 3, side, side)
    assert torch.allclose(MatrixPool(side, px)(x), nn.AdaptiveAvgPool2d(px)(x), atol=1e-6)


def test_poolings_of_a_copy_are_replaced():
    network = nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), nn.AdaptiveAvgPool2d(3), nn.AdaptiveAvgPool2d(1))
    images = torch.randn(1, 3, 20, 20)
    copy = exportable(network, images)
    assert isinstance(copy[1], MatrixPool) and isinstance(copy[2], nn.AdaptiveAvgPool2d) and isinstance(network[1], nn.AdaptiveAvgPool2d)
    assert torch.allclose(copy(images), network(images), atol=1e-6) and not copy.training
