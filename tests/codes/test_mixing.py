"""Weights by layer, spaces, truncation, and how codes are drawn."""

from pathlib import Path

import numpy as np
import pytest
import torch

from installation.checkpoints.loading import load_encoder, load_generator
from installation.codes.code import Code
from installation.codes.draw import CodePainter
from installation.codes.mixing import LayerWeights, average, mixed
from installation.codes.space import OneW, mean_code, seeded, truncated
from installation.networks.stylegan2 import Generator

ROOT = Path(__file__).resolve().parents[2]
PARITY = ROOT / "tests" / "data" / "parity"


@pytest.fixture(scope="module")
def base():
    return load_generator(ROOT / "weights" / "generator.safetensors")


def test_weights_of_ranges():
    assert LayerWeights.parse("0.25", 3).of == (0.25, 0.25, 0.25)
    weights = LayerWeights.parse("0-3=0, 4-7=0.5,8-13=1", 14)
    assert weights.of == (0,) * 4 + (0.5,) * 4 + (1,) * 6 == LayerWeights.style_mixing(14).of
    assert LayerWeights.parse(weights.text, 14) == weights
    assert LayerWeights.parse("2=1", 4).of == (0, 0, 1, 0)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2", "0 to 1"), ("a", "no weight"), ("0-3", "no weight"), ("0-14=1", "0-13"), ("0=nan", "0 to 1"), ("3-1=1", "layers"),
        ("0=1,x", "LAYERS=WEIGHT"),
    ],
)  # fmt: skip
def test_weights_that_are_none(text, reason):
    with pytest.raises(ValueError, match=reason):
        LayerWeights.parse(text, 14)


def test_a_mix_takes_each_layer_by_its_weight():
    row, column = Code("a", torch.zeros(14, 4)), Code("b", torch.ones(14, 4))
    mix = mixed(row, column, LayerWeights.parse("0-3=0,4-7=0.5,8-13=1", 14))
    assert mix.ws[:, 0].tolist() == [0.0] * 4 + [0.5] * 4 + [1.0] * 6
    assert mix.name == "a × b" and mix.detail is None


def test_a_residual_goes_with_the_layout():
    detail = torch.rand(4, 8, 8)
    row, column = Code("a", torch.zeros(14, 4), detail), Code("b", torch.ones(14, 4))
    coloured = LayerWeights.parse("0-7=0,8-13=1", 14)
    assert torch.equal(mixed(row, column, coloured).detail, detail)
    assert mixed(column, row, coloured).detail is None
    other = Code("c", torch.ones(14, 4), torch.rand(4, 8, 8) * 0.1 + 0.5)
    taken = mixed(row, other, coloured).detail  # the row's features in the column's colours
    assert torch.allclose(taken.mean(dim=(1, 2)), other.detail.mean(dim=(1, 2)), atol=1e-4)
    assert torch.equal(mixed(row, other, LayerWeights.parse("1", 14)).detail, other.detail)


def test_an_average_is_weighted():
    a, b = torch.zeros(2, 3), torch.ones(2, 3)
    assert torch.allclose(average([a, b], [1, 3]), torch.full((2, 3), 0.75))
    with pytest.raises(ValueError, match="more than 0"):
        average([a, b], [0, 0])


def test_a_seed_draws_what_nvlabs_draw_for_it():
    """z of NVlabs' gen_images.py, so that published seeds keep their faces."""
    base = load_generator(PARITY / "nvlabs_64_small.pkl")
    z = torch.from_numpy(np.random.RandomState(85).randn(1, base.z_dim)).float()
    assert torch.allclose(seeded(base, 85, 0.7).ws, base.mapping(z, truncation_psi=0.7)[0], atol=1e-6)
    assert torch.allclose(seeded(base, 85, 0.0).ws, mean_code(base), atol=1e-6)


def test_seeds_of_a_generator_without_a_mapping_network():
    with pytest.raises(ValueError, match="no mapping network"):
        seeded(Generator(16, 8, 0, {4: 8, 8: 8, 16: 8}), 1)


def test_truncation_goes_to_the_mean():
    ws, mean = torch.ones(2, 2), torch.zeros(2, 2)
    assert torch.equal(truncated(ws, mean, 1), ws) and torch.equal(truncated(ws, mean, 0), mean)


@pytest.mark.parametrize("name", ["nvlabs_64_small.pkl", "stylegan3_t_64_small.pkl", None])
def test_w_inside_w_plus(base, name):
    generator = base if name is None else load_generator(PARITY / name)
    space, one = OneW(generator), seeded(generator, 3)
    assert torch.allclose(space.nearest(one.ws), one.ws, atol=2e-3)  # a code of one w is there already
    broken = one.ws + torch.randn_like(one.ws, generator=None) * 0.1
    nearest = space.nearest(broken)
    assert torch.allclose(space.nearest(nearest), nearest, atol=2e-3)
    assert float((nearest - broken).norm()) < float((one.ws - broken).norm()) + 1e-4


def test_codes_with_and_without_a_residual_are_drawn_together(base):
    encoder = load_encoder(ROOT / "weights" / "encoder.safetensors")
    painter = CodePainter(base, encoder)
    plain = Code("a", mean_code(base))
    detailed = Code("b", mean_code(base), torch.rand(32, 32, 32) - 0.5)
    first, second, third = painter.draw([plain, detailed, plain])
    assert first.shape == (256, 256, 3) and np.array_equal(first, third) and not np.array_equal(first, second)
    assert np.array_equal(painter.draw([detailed])[0], second)
    edited = painter.edited(detailed, detailed.ws, detailed.detail)
    assert all(picture.flags.c_contiguous for picture in (first, second, edited))  # styles are painted into such memory alone


@pytest.mark.parametrize("name", ["stylegan3_t_64_small.pkl", "stylegan3_r_64_small.pkl", "nvlabs_64_small.pkl"])
def test_any_generator_draws(name):
    generator = load_generator(PARITY / name)
    a, b = CodePainter(generator).draw([seeded(generator, 1), seeded(generator, 2)])
    assert a.shape == (64, 64, 3) and not np.array_equal(a, b)
