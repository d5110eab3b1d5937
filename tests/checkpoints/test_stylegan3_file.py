"""StyleGAN3 in our format: it draws the same again, and a plan that does not hang together is refused. Its directions."""

import json

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from installation.checkpoints.loading import CheckpointError, load_generator
from installation.checkpoints.stylegan3_file import save_stylegan3
from installation.models.sefa import sefa, style_affines
from installation.networks.stylegan3 import InputPlan, LayerPlan, Plan, StyleGAN3Generator


def tiny_stylegan3(round_filters=False):
    """16 px, three layers and the picture; ``round_filters`` as in configuration R."""
    torch.manual_seed(6)
    down = (12, 12) if round_filters else (12,)
    layers = (
        LayerPlan("L0_12_8", 8, 8, 3, 12, 12, 2, 2, (12,), down, (9, 8), 256.0, False),
        LayerPlan("L1_20_8", 8, 8, 3, 12, 20, 4, 2, (24,), down, (10, 7), 256.0, False),
        LayerPlan("L2_16_6", 8, 6, 3, 20, 16, 2, 2, (12,), (12,), (5, 4), 0.5, False),
        LayerPlan("L3_16_3", 6, 3, 1, 16, 16, 1, 1, (), (), (0, 0), 256.0, True),
    )
    generator = StyleGAN3Generator(Plan(16, (10, 12, 12), InputPlan(8, 12, 8.0, 2.0), layers, 0.25))
    for name, value in generator.state_dict().items():
        if name.endswith("_filter"):
            value.copy_(torch.rand(value.shape) / value.numel())
    generator.mapping.w_avg.normal_()
    return generator.eval().requires_grad_(False)


@pytest.mark.parametrize("round_filters", [False, True])
def test_it_draws_the_same_again(round_filters, tmp_path):
    generator = tiny_stylegan3(round_filters)
    save_stylegan3(generator, tmp_path / "g.safetensors", {"name": "tiny"})
    again = load_generator(tmp_path / "g.safetensors")
    assert isinstance(again, StyleGAN3Generator) and again.plan == generator.plan
    ws = generator.mapping(torch.randn(2, 10), truncation_psi=0.7)
    wanted = generator.synthesis(ws)
    assert wanted.shape == (2, 3, 16, 16)
    assert (again.synthesis(ws) - wanted).norm() / wanted.norm() < 1e-2
    assert torch.equal(again.latent_avg, generator.latent_avg)


def changed(path, change):
    with safe_open(path, "pt") as file:
        metadata, tensors = file.metadata(), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    plan = json.loads(metadata["plan"])
    change(plan)
    save_file(tensors, path, metadata=metadata | {"plan": json.dumps(plan)})


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda plan: plan["layers"][1].update(in_channels=9), "L1_20_8 does not follow"),
        (lambda plan: plan["layers"][0].update(padding=[9, 9, 9]), "does not follow"),
        (lambda plan: plan["layers"][0].update(name="x.y"), "is none of StyleGAN3's"),
        (lambda plan: plan["layers"].pop(), "the layers end at 6 channels"),
        (lambda plan: plan["input"].update(side=10**12), "does not follow"),
        (lambda plan: plan.pop("mapping"), "sizes cannot be read"),
        (lambda plan: plan.update(mapping=[10, 12]), "not known|missing"),
        (lambda plan: plan.update(mapping=[10, 10**9, 12]), "does not fit its own sizes"),
    ],
)
def test_a_plan_that_lies_is_refused(change, reason, tmp_path):
    path = tmp_path / "g.safetensors"
    save_stylegan3(tiny_stylegan3(), path, {})
    changed(path, change)
    with pytest.raises(CheckpointError, match=reason):
        load_generator(path)


def test_its_directions_move_the_asked_layers():
    generator = tiny_stylegan3()
    assert [len(found) for found in style_affines(generator)] == [0, 1, 1, 1, 1]
    directions = sefa(generator, 3, (1, 3))
    assert [d.layers for d in directions] == [(1, 3)] * 3
    assert directions[0].vector.shape == (5, 12) and directions[0].vector[3:].abs().sum() == 0
    with pytest.raises(ValueError, match="hold no affine map"):
        sefa(generator, 1, (0, 1))
