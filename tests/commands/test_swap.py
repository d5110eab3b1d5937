"""Layer swap: which layer comes from whom, equality with live mixing, what does not fit, and the file that comes out."""

import hashlib

import pytest
import torch

from installation.__main__ import main
from installation.checkpoints.loading import load_generator, metadata_of, resolution_of, save_generator
from installation.models.layer_swap import misfit, swap_shares, swapped
from installation.networks.mixed_generator import MixedGenerator
from installation.networks.stylegan2 import Generator

CHANNELS = {4: 12, 8: 12, 16: 8, 32: 8}
WIDTH = 10


def make(seed, size=32, channels=CHANNELS, n_mlp=1, noise=0.0):
    torch.manual_seed(seed)
    generator = Generator(size, WIDTH, n_mlp, {r: c for r, c in channels.items() if r <= size}).eval().requires_grad_(False)
    for layer in (generator.conv1, *generator.convs):
        layer.noise.weight.fill_(noise)
    generator.latent_avg = torch.randn(generator.styles, WIDTH)
    return generator


def test_each_layer_comes_from_its_half():
    coarse, fine = make(1, noise=0.5), make(2, noise=0.25)
    result = swapped(coarse, fine, swap_shares(coarse.resolutions, 16, 0.0)).state_dict()
    for name, value in result.items():
        source = fine if resolution_of(name) >= 16 else coarse
        assert torch.equal(value, source.state_dict()[name]), name
    assert torch.equal(swapped(coarse, fine, (0, 0, 1, 1)).latent_avg, coarse.latent_avg)


@pytest.mark.parametrize("noises", [(0.0, 0.0), (0.5, 0.5), (0.0, 0.5), (0.3, 0.0), (0.5, -0.5)], ids=str)
def test_it_draws_what_live_mixing_draws(noises):
    coarse, fine = make(1, noise=noises[0]), make(2, noise=noises[1])
    shares = swap_shares(coarse.resolutions, 16, 2.0)
    assert any(0 < share < 1 for share in shares)
    ws = torch.randn(2, coarse.styles, WIDTH)
    mixed = MixedGenerator(coarse, [fine])(ws, ws, None, torch.ones(2), torch.tensor([shares]))
    drawn = (swapped(coarse, fine, shares).synthesis(ws).clamp(-1, 1) + 1) * 127.5
    assert (drawn.permute(0, 2, 3, 1) - mixed.float()).abs().max() <= 0.51


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (
            make(2, channels=CHANNELS | {16: 6}),
            "layer convs.2.conv.weight of 16 px is 1x8x12x3x3 in the first and 1x6x12x3x3 in the second",
        ),
        (make(2, size=16), r"layer convs.4.* of 32 px is not in the second, which draws 16 px"),
        (Generator(32, WIDTH + 1, 1, CHANNELS), "w has 10 numbers in the first and 11 in the second"),
    ],
)
def test_what_does_not_fit_names_the_layer(other, reason):
    first = make(1)
    with pytest.raises(ValueError, match=reason):
        swapped(first, other, (0, 0, 1, 1))
    assert misfit(other, first)
    assert misfit(first, make(3, n_mlp=4)) is None


@pytest.fixture
def files(tmp_path):
    for name, seed in (("a", 1), ("b", 2)):
        generator = make(seed)
        save_generator(generator, tmp_path / f"{name}.safetensors", generator.latent_avg, {})
    return tmp_path


def run(folder, *arguments):
    return main(["swap", str(folder / "a.safetensors"), str(folder / "b.safetensors"), *arguments])


@pytest.mark.parametrize("coarse", ["A", "B"])
def test_the_command_writes_a_checkpoint(files, coarse, capsys):
    out = files / "swapped.safetensors"
    assert run(files, "--at", "8", "--width", "0", "--coarse-from", coarse, "--out", str(out)) == 0
    assert "100%" in capsys.readouterr().out
    a, b, result = (load_generator(files / f"{name}.safetensors") for name in ("a", "b", "swapped"))
    low, high = (a, b) if coarse == "A" else (b, a)
    assert torch.equal(result.conv1.conv.weight, low.conv1.conv.weight)
    assert torch.equal(result.convs[0].conv.weight, high.convs[0].conv.weight)
    assert torch.equal(result.latent_avg, low.latent_avg)
    card = metadata_of(out)
    digest = hashlib.sha256((files / f"{coarse.lower()}.safetensors").read_bytes()).hexdigest()
    assert card["coarse"] == f"{coarse.lower()}.safetensors sha256:{digest}" and card["at"] == "8"


def test_a_child_that_lacks_layers_is_completed_by_the_other(files):
    child = make(5)
    save_generator(child, files / "b.safetensors", child.latent_avg, {}, frozenset({16, 32}))
    assert run(files, "--at", "16", "--width", "0", "--out", str(files / "1.safetensors")) == 0
    result = load_generator(files / "1.safetensors")
    assert torch.allclose(result.convs[2].conv.weight, child.convs[2].conv.weight, atol=2e-3)
    arguments = ["swap", str(files / "b.safetensors"), str(files / "a.safetensors"), "--coarse-from", "B", "--width", "0", "--at", "16"]
    assert main([*arguments, "--out", str(files / "2.safetensors")]) == 0
    assert torch.equal(load_generator(files / "2.safetensors").convs[2].conv.weight, result.convs[2].conv.weight)


def test_bad_input_is_one_sentence(files, capsys):
    other = make(3, channels=CHANNELS | {16: 6})
    save_generator(other, files / "other.safetensors", other.latent_avg, {})
    (files / "broken.safetensors").write_bytes(b"no")
    out = str(files / "out.safetensors")
    a = str(files / "a.safetensors")
    for arguments, reason in (
        ([a, str(files / "other.safetensors"), "--out", out], "cannot be swapped: layer convs.2.conv.weight of 16 px"),
        ([a, str(files / "none.safetensors"), "--out", out], "no such"),
        ([a, str(files / "broken.safetensors"), "--out", out], "not a readable model file"),
        ([a, a, "--at", "33", "--out", out], "has layers of 4, 8, 16, 32 px"),
        ([a, a, "--width", "-1", "--out", out], "octaves from 0 up"),
        ([a, str(files / "b.safetensors"), "--out", a], "would overwrite"),
        ([a, str(files / "b.safetensors"), "--out", a, "--force"], "would overwrite"),
        ([a, str(files / "b.safetensors"), "--out", str(files)], "this is a folder"),
    ):
        assert main(["swap", *arguments]) == 2, arguments
        said = capsys.readouterr().err
        assert reason in said and said.count("\n") == 1, said
    assert not (files / "out.safetensors").exists()
