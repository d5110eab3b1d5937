"""Closed-form factorisation: the directions are those that change the styles most, in units of the codes' spread."""

import pytest
import torch

from installation.__main__ import main
from installation.checkpoints.loading import save_generator
from installation.latents.directions import load_directions
from installation.models.sefa import sefa, style_affines
from installation.networks.stylegan2 import Generator

CHANNELS = {4: 12, 8: 12, 16: 8}
WIDTH = 10


@pytest.fixture
def generator():
    torch.manual_seed(3)
    return Generator(16, WIDTH, 2, CHANNELS).eval().requires_grad_(False)


def style_change(generator, vector, layers):
    """Sum of squared changes of the convolutions' styles by a step of ``vector``."""
    convs = [generator.conv1, *generator.convs][layers[0] : layers[1]]
    zero = torch.zeros(1, WIDTH)
    return sum((layer.conv.modulation(vector[None]) - layer.conv.modulation(zero)).square().sum() for layer in convs)


def test_the_first_direction_changes_the_styles_most(generator):
    layers = (1, 4)
    found = [d.vector[1] / d.vector[1].norm() for d in sefa(generator, WIDTH, layers)]
    changes = torch.stack([style_change(generator, v, layers) for v in found])
    assert torch.all(changes[:-1] >= changes[1:] - 1e-5)
    anywhere = torch.randn(200, WIDTH)
    others = [style_change(generator, v / v.norm(), layers) for v in anywhere]
    assert changes[0] > max(others) and changes[-1] < min(others)
    stacked = torch.stack(found)
    assert torch.allclose(stacked @ stacked.T, torch.eye(WIDTH), atol=1e-5)


def test_only_the_asked_layers_move(generator):
    for direction in sefa(generator, 3, (2, 5)):
        assert direction.layers == (2, 5)
        moving = direction.vector.abs().sum(1) > 0
        assert moving.tolist() == [False, False, True, True, True, False]


def test_a_unit_is_one_deviation_of_w(generator):
    direction = sefa(generator, 1)[0]
    unit = direction.vector[0]
    w = generator.mapping(torch.randn(20_000, WIDTH))[:, 0]
    assert (w @ (unit / unit.norm())).std() == pytest.approx(float(unit.norm()), rel=0.05)


def test_without_a_mapping_network_a_unit_is_a_share_of_the_styles():
    torch.manual_seed(3)
    generator = Generator(16, WIDTH, 0, CHANNELS).eval().requires_grad_(False)
    unit = sefa(generator, 1)[0].vector[0]
    convs = [generator.conv1, *generator.convs, generator.to_rgbs[-1]]
    change = torch.cat([layer.conv.modulation(unit[None]) - layer.conv.modulation(torch.zeros(1, WIDTH)) for layer in convs], 1)
    assert change.square().mean().sqrt() == pytest.approx(0.3, rel=1e-3)  # the styles at the zero code are all one


def test_every_style_has_a_map(generator):
    affines = style_affines(generator)
    assert len(affines) == generator.styles
    assert [weights[0][0].shape[0] for weights in affines] == [12, 12, 12, 12, 8, 8]


@pytest.mark.parametrize(("count", "layers"), [(0, None), (11, None), (1, (0, 7)), (1, (3, 3))])
def test_what_is_not_there_is_refused(generator, count, layers):
    with pytest.raises(ValueError, match="from"):
        sefa(generator, count, layers)


def test_the_command(generator, tmp_path, capsys):
    save_generator(generator, tmp_path / "g.safetensors", torch.zeros(6, WIDTH), {})
    command = ["sefa", "--generator", str(tmp_path / "g.safetensors"), "--count", "4", "--layers", "0-2", "--out"]
    out = tmp_path / "d.safetensors"
    assert main([*command, str(out)]) == 0
    assert "sefa-1 to sefa-4, layers 0-2" in capsys.readouterr().out
    found = load_directions([out], 6, WIDTH)
    assert found.names == ("sefa-1", "sefa-2", "sefa-3", "sefa-4")
    assert torch.allclose(found.directions[0].vector, sefa(generator, 1, (0, 3))[0].vector, rtol=2e-2, atol=2e-3)
    assert main([*command, str(out)]) == 2
    assert "is there already" in capsys.readouterr().err
    assert main([*command, str(out), "--force"]) == 0
    for wrong, reason in ((["--layers", "0-9"], "from 0 to 5"), (["--layers", "x"], "first and last"), (["--count", "0"], "from 1 to")):
        assert main([*command, str(tmp_path / "new.safetensors"), *wrong]) == 2
        assert reason in capsys.readouterr().err
    assert not (tmp_path / "new.safetensors").exists()
