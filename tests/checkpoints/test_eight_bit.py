"""Weights in eight bits: as good as they were, half as large, and no file of that kind can mislead."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from installation.checkpoints.eight_bit import STEPS, in_eight_bits, with_steps
from installation.checkpoints.error import CheckpointError
from installation.checkpoints.loading import load_generator, save_generator
from installation.checkpoints.safetensors_file import read_safetensors
from installation.networks.stylegan2 import Generator


@pytest.fixture(scope="module")
def generator():
    torch.manual_seed(4)
    return Generator(64, 64, 0, dict.fromkeys((4, 8, 16, 32, 64), 32)).eval().requires_grad_(False)


def saved(generator, path, small):
    save_generator(generator, path, torch.zeros(generator.styles, 64), {"name": "child"}, frozenset({32, 64}), small)
    return path


def test_a_child_is_half_as_large_and_draws_the_same(generator, tmp_path):
    whole, small = saved(generator, tmp_path / "whole.safetensors", False), saved(generator, tmp_path / "small.safetensors", True)
    assert small.stat().st_size < 0.62 * whole.stat().st_size
    ws = torch.randn(2, generator.styles, 64)
    wanted = generator.synthesis(ws, "const")
    drawn = load_generator(small, generator).synthesis(ws, "const")
    assert (drawn - wanted).abs().mean() < 0.01 * wanted.std()
    assert not torch.equal(drawn, wanted)


def test_each_channel_has_steps_of_its_own(tmp_path):
    weight = torch.randn(1, 8, 32, 3, 3) * torch.logspace(-4, 2, 8)[None, :, None, None, None]
    flat = torch.randn(64, 64) * torch.logspace(-3, 3, 64)[:, None]
    save_file(in_eight_bits({"a": weight, "b": flat, "bias": torch.ones(5000), "count": torch.arange(5000)}), tmp_path / "f.safetensors")
    file = load_file(tmp_path / "f.safetensors")
    assert {name for name in file if name.endswith(STEPS)} == {"a.steps", "b.steps"} and file["a"].dtype == torch.int8
    read = {name: stored.read() for name, stored in with_steps(read_safetensors(tmp_path / "f.safetensors").tensors, tmp_path).items()}
    assert set(read) == {"a", "b", "bias", "count"}
    for name, value, axes in (("a", weight, (0, 2, 3, 4)), ("b", flat, (1,))):
        most = value.abs().amax(dim=axes)
        assert ((read[name] - value).abs().amax(dim=axes) <= 0.5001 / 127 * most).all()
    assert torch.equal(read["count"], torch.arange(5000))


def test_a_channel_of_zeros_stays_zero():
    parts = in_eight_bits({"a": torch.zeros(64, 64)})
    assert not parts["a"].any() and torch.isfinite(parts["a.steps"]).all()


@pytest.mark.parametrize(
    ("name", "shape", "reason"),
    [("convs.9.nothing.steps", (1,), "belongs to no weight"), ("convs.5.conv.weight.steps", (1, 7, 1, 1, 1), "does not go with")],
)
def test_steps_that_belong_to_nothing_are_refused(name, shape, reason, generator, tmp_path):
    path = saved(generator, tmp_path / "small.safetensors", True)
    header = read_safetensors(path).metadata
    save_file({**load_file(path), name: torch.ones(shape)}, path, metadata=header)
    assert json.loads(header["channels"])  # the card is what it was
    with pytest.raises(CheckpointError, match=reason):
        load_generator(path, generator)
