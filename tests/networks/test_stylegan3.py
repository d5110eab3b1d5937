"""StyleGAN3's parts: the filters in both of their forms, names, export to plain operations."""

import warnings

import pytest
import torch

from installation.checkpoints.nvlabs_pickle import read_pickle
from installation.networks import stylegan3 as fast
from tests.checkpoints import support_plain_nvlabs as plain
from tests.checkpoints.support_nvlabs import lowpass, stylegan3, write_pickle


@pytest.mark.parametrize("largest", [0, 100], ids=["convolution", "matrix"])
@pytest.mark.parametrize("padding", [(11, 10), (-2, -5), (0, 0), (15, 16), (-3, 8)])
@pytest.mark.parametrize("factor", [2, 4])
def test_up_sampling_is_zero_insertion_and_a_filter(largest, padding, factor, monkeypatch):
    monkeypatch.setattr(fast, "MATRIX_SIDE", largest)
    torch.manual_seed(0)
    side = 13
    taps = torch.randn(6 * factor)
    x = torch.randn(1, 2, side, side)
    expected = plain.resample(x, taps, factor, 1, padding, factor**2)
    assert torch.allclose(fast.upsample(x, taps, fast.Rise(side, len(taps), factor, padding)), expected, atol=1e-4)


@pytest.mark.parametrize("shape", [(12,), (12, 12)])
@pytest.mark.parametrize("factor", [1, 2, 4])
def test_down_sampling_is_a_filter_and_decimation(shape, factor):
    torch.manual_seed(0)
    taps, x = torch.randn(shape), torch.randn(2, 3, 30, 30)
    assert torch.allclose(fast.downsample(x, taps, factor), plain.resample(x, taps, 1, factor), atol=1e-4)


@pytest.mark.parametrize("largest", [0, 100], ids=["convolution", "matrix"])
@pytest.mark.parametrize("factor", [1, 2, 4])
def test_down_sampling_leads_back_as_a_filter_and_decimation(largest, factor, monkeypatch):
    monkeypatch.setattr(fast, "MATRIX_SIDE", largest)
    torch.manual_seed(0)
    taps, x = torch.randn(12), torch.randn(2, 3, 30, 30)
    results = []
    for way in (lambda x: fast.downsample(x, taps, factor), lambda x: plain.resample(x, taps, 1, factor)):
        mine = x.clone().requires_grad_(True)
        y = way(mine)
        (gradient,) = torch.autograd.grad(y.square().sum(), mine)
        results.append((y.detach(), gradient))
    assert torch.allclose(results[0][0], results[1][0], atol=1e-4) and torch.allclose(results[0][1], results[1][1], rtol=1e-4, atol=1e-2)


def test_a_layer_tracks_the_magnitude_of_what_it_is_given_in_training_alone(tmp_path):
    generator = read_pickle(write_pickle(tmp_path / "g.pkl", stylegan3(32, channel_max=6)))
    layer = getattr(generator.synthesis, generator.synthesis.layer_names[1])
    before, x, w = layer.magnitude_ema.clone(), torch.randn(2, layer.plan.in_channels, *[layer.plan.in_side] * 2), torch.randn(2, 16)
    layer(x, w)
    assert torch.equal(layer.magnitude_ema, before)
    layer.magnitude_decay = 0.75
    layer(x, w)
    assert torch.allclose(layer.magnitude_ema, 0.75 * before + 0.25 * x.square().mean())


def test_layers_without_filters_pass_the_picture_on():
    x = torch.randn(1, 2, 8, 8)
    assert fast.upsample(x, None, fast.Rise(8, 1, 1, (0, 0))) is x and fast.downsample(x, None, 1) is x
    assert fast.upsample(x, None, fast.Rise(8, 1, 1, (1, -2))).shape == (1, 2, 7, 7)


def test_a_filter_keeps_the_picture_s_brightness():
    taps = lowpass(12, 8.0, 16.0, 64.0, False)
    inside = fast.upsample(torch.ones(1, 1, 32, 32), taps, fast.Rise(32, 12, 2, (11, 10)))[..., 16:-16, 16:-16]
    assert torch.allclose(inside, torch.ones(()), atol=2e-2)


def test_names_are_the_published_ones_and_load_strictly(tmp_path):
    written = stylegan3(64, "R", channel_max=6)
    generator = read_pickle(write_pickle(tmp_path / "g.pkl", written))
    assert set(generator.state_dict()) == set(written.state_dict())
    fast.StyleGAN3Generator(generator.plan).load_state_dict(written.state_dict(), strict=True)


def test_a_turn_of_the_input_turns_the_picture(tmp_path):
    """The user's transform by a quarter turn: what the alias-free layers are made for."""
    torch.manual_seed(0)
    written = stylegan3(32, "R", channel_max=8)
    written.synthesis.input.transform.copy_(torch.eye(3))
    generator = read_pickle(write_pickle(tmp_path / "g.pkl", written))
    ws = torch.randn(1, 16, 16)
    with torch.inference_mode():
        straight = generator.synthesis(ws)
        generator.synthesis.input.transform.copy_(torch.tensor([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]))
        turned = generator.synthesis(ws)
    assert not torch.allclose(turned, straight, atol=1e-2 * straight.abs().max())
    difference = min((torch.rot90(straight, k, (2, 3)) - turned).norm() / turned.norm() for k in (1, 3))
    assert difference < 0.05


def test_a_trace_draws_any_code(tmp_path):
    generator = read_pickle(write_pickle(tmp_path / "g.pkl", stylegan3(32, channel_max=6)))
    first, other = torch.randn(2, 16, 16), torch.randn(2, 16, 16)
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("error", torch.jit.TracerWarning)  # no size that a trace would freeze
        traced = torch.jit.trace(generator, first)
        assert torch.allclose(traced(other), generator.synthesis(other), atol=1e-5)
