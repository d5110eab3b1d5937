"""The generator against the weight-modulating form of the paper, and its published parameter names."""

import pytest
import torch
import torch.nn.functional as F

from installation.models.layer_swap import normalised, swap_shares
from installation.networks.stylegan2 import Generator, ModulatedConv2d, Upsample

CHANNELS = {4: 16, 8: 16, 16: 12, 32: 8}


@pytest.fixture(scope="module")
def generator():
    torch.manual_seed(0)
    return Generator(32, 24, 2, CHANNELS).eval().requires_grad_(False)


def test_modulated_convolution_is_the_one_of_the_paper():
    torch.manual_seed(1)
    conv = ModulatedConv2d(5, 7, 3, 11)
    x, w = torch.randn(3, 5, 9, 9), torch.randn(3, 11)
    weight = conv.scale * conv.weight * conv.modulation(w)[:, None, :, None, None]
    weight = weight * torch.rsqrt(weight.square().sum((2, 3, 4), keepdim=True) + 1e-8)
    expected = torch.cat([F.conv2d(x[i : i + 1], weight[i], padding=1) for i in range(3)])
    assert torch.allclose(conv(x, w), expected, atol=1e-5)


def test_upsampling_keeps_a_flat_picture_flat():
    flat = Upsample()(torch.full((1, 3, 8, 8), 0.7))
    assert flat.shape == (1, 3, 16, 16)
    assert torch.allclose(flat[..., 2:-2, 2:-2], torch.tensor(0.7), atol=1e-6)


def test_parameter_names_are_the_published_ones(generator):
    names = set(generator.state_dict())
    for name in (
        "style.1.weight",
        "input.input",
        "conv1.conv.weight",
        "conv1.conv.modulation.bias",
        "conv1.noise.weight",
        "conv1.activate.bias",
        "to_rgb1.bias",
        "convs.0.conv.blur.kernel",
        "convs.5.activate.bias",
        "to_rgbs.2.upsample.kernel",
        "noises.noise_6",
    ):
        assert name in names
    assert "convs.1.conv.blur.kernel" not in names
    assert generator.state_dict()["conv1.conv.weight"].shape == (1, 16, 16, 3, 3)


def test_a_smaller_size_is_the_picture_on_the_way_to_the_full_one(generator):
    ws = torch.randn(2, generator.styles, 24)
    assert generator.synthesis(ws).shape == (2, 3, 32, 32)
    small = generator.synthesis(ws, size=16)
    changed = ws.clone()
    changed[:, -1] += 5  # styles of 32 px only
    assert torch.equal(small, generator.synthesis(changed, size=16))
    assert not torch.allclose(generator.synthesis(ws), generator.synthesis(changed), atol=1e-3)


def test_noise_modes(generator):
    noisy = Generator(32, 24, 0, CHANNELS).requires_grad_(False)
    for conv in noisy.convs:
        conv.noise.weight.fill_(0.5)
    ws = torch.randn(1, noisy.styles, 24)
    assert torch.equal(noisy.synthesis(ws, "const"), noisy.synthesis(ws, "const"))
    assert not torch.equal(noisy.synthesis(ws, "random"), noisy.synthesis(ws, "random"))
    assert not torch.equal(noisy.synthesis(ws, "const"), noisy.synthesis(ws, "none"))


def test_truncation_pulls_toward_the_mean(generator):
    z = torch.randn(1, 24)
    generator.latent_avg = torch.full((24,), 3.0)
    assert torch.allclose(generator.mapping(z, 0.0), torch.tensor(3.0))
    half = generator.mapping(z, 0.5)
    assert torch.allclose(half, (generator.mapping(z, 1.0) + 3.0) / 2, atol=1e-5)


def test_swap_shares_and_their_sum():
    resolutions = (4, 8, 16, 32, 64)
    assert swap_shares(resolutions, 16) == (0, 0, 1, 1, 1)
    soft = swap_shares(resolutions, 16, 4.0)
    assert list(soft) == sorted(soft)
    assert 0 < soft[1] < 0.5 < soft[2] < 1
    assert normalised([[0.8, 0.2], [0.8, 0.3]]) == [[0.5, 0.2], [0.5, 0.3]]
    with pytest.raises(ValueError, match="width"):
        swap_shares(resolutions, 16, -1)
