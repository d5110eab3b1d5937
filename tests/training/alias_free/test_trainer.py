"""StyleGAN3's training: what a step changes, what a resume keeps, what leaves the run."""

import pytest
import torch

from installation.checkpoints.loading import load_generator
from installation.errors import ConfigError, FaultError, WeightsError
from installation.training.alias_free import trainer as module
from installation.training.alias_free.judges import blurred
from installation.training.alias_free.pictures import load_sets
from installation.training.alias_free.settings import Shape
from installation.training.trainer import NotFinite
from tests.training.alias_free.support import drawn, steps, tiny_trainer, write_world
from tests.training.score.score_inputs import write_nets

ARCHS = ["stylegan3-t", "stylegan3-r"]


@pytest.fixture(scope="module")
def worlds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("worlds")
    sets = load_sets([write_world(folder / "faces", (220, 180, 90)), write_world(folder / "paintings", (40, 90, 200))], 16)
    return list(sets.pictures)


def everything(trainer):
    """Every tensor that a run goes on with."""
    parts = {"generator": trainer.generator, "ema": trainer.ema, "judge": trainer.judge.network}
    return {f"{name}.{key}": value.clone() for name, part in parts.items() for key, value in part.state_dict().items()}


@pytest.mark.parametrize("grey", [False, True], ids=["colour", "grey"])
@pytest.mark.parametrize("arch", ARCHS)
def test_a_resumed_run_is_the_uninterrupted_one(arch, grey, worlds, tmp_path):
    whole = tiny_trainer(tmp_path / "whole", arch, grey=grey)
    whole.augment.p = 0.3
    expected = steps(whole, worlds, 4)
    half = tiny_trainer(tmp_path / "half", arch, grey=grey)
    half.augment.p = 0.3
    found = steps(half, worlds, 2)
    half.save()
    again = tiny_trainer(tmp_path / "half", arch, grey=grey)
    assert (again.images, again.steps) == (16, 2)
    found += steps(again, worlds, 2)
    assert found == expected
    mine, theirs = everything(again), everything(whole)
    assert mine.keys() == theirs.keys() and all(torch.equal(value, theirs[name]) for name, value in mine.items())


@pytest.mark.parametrize("grey", [False, True], ids=["colour", "grey"])
@pytest.mark.parametrize("arch", ARCHS)
def test_an_exported_file_draws_what_training_drew(arch, grey, worlds, tmp_path):
    trainer = tiny_trainer(tmp_path, arch, grey=grey)
    steps(trainer, worlds, 3)
    trainer.export(tmp_path / "g.safetensors", {"data": "worlds"})
    mine, read = drawn(trainer.ema), drawn(load_generator(tmp_path / "g.safetensors"))
    assert mine.std() > 0.01 and (mine - read).abs().max() < 5e-3 * mine.abs().max()  # weights are written in halves
    apart = (read - read[:, :1]).abs().max()
    assert apart == 0 if grey else apart > 0.01


@pytest.mark.parametrize("arch", ARCHS)
def test_a_step_moves_all_that_learns(arch, worlds, tmp_path):
    trainer = tiny_trainer(tmp_path, arch)
    before = everything(trainer)
    terms = steps(trainer, worlds, 2)
    still = {name for name, value in everything(trainer).items() if torch.equal(value, before[name])}
    fixed = {name for name in before if name.endswith(("_filter", "kernel", ".freqs", ".phases", ".transform"))}
    # The last layers' magnitudes are theirs too; what no picture of this size passes through stays.
    assert {name for name in still - fixed if not name.startswith("judge.")} == set()
    assert "r1" in terms[0] and "r1" not in terms[1]  # lazily
    assert not torch.equal(trainer.ema.mapping.w_avg, torch.zeros(24))
    assert all(getattr(trainer.ema.synthesis, name).magnitude_decay is None for name in trainer.ema.synthesis.layer_names)


def test_the_discriminator_learns_to_tell_them_apart(worlds, tmp_path):
    trainer = tiny_trainer(tmp_path, lr=1e-6, adversary_lr=5e-3)
    terms = steps(trainer, worlds, 14)
    assert sum(t["discriminator"] for t in terms[-3:]) < 0.9 * sum(t["discriminator"] for t in terms[:3])
    assert terms[-1]["samples"] > terms[0]["samples"]


def test_the_generator_learns_to_please(worlds, tmp_path):
    trainer = tiny_trainer(tmp_path, lr=1e-2, adversary_lr=1e-9)
    terms = steps(trainer, worlds, 14)
    assert sum(t["samples"] for t in terms[-3:]) < 0.95 * sum(t["samples"] for t in terms[:3])


def test_neither_side_learns_from_the_other_s_loss(worlds, tmp_path, monkeypatch):
    for silent, still in (("of_both", "judge"), ("of_samples", "generator")):
        trainer = tiny_trainer(tmp_path / still, gamma=0.0)
        before = everything(trainer)
        nothing = {
            "of_both": lambda real, fake, logits=trainer.judge.logits: (0.0 * logits(fake).sum(), torch.zeros(4)),
            "of_samples": lambda fake: 0.0 * fake.sum(),
        }
        monkeypatch.setattr(trainer.judge, silent, nothing[silent])
        steps(trainer, worlds, 1)
        part = {"judge": trainer.judge.network, "generator": trainer.generator}
        moved = {name: [n for n, p in one.named_parameters() if not torch.equal(p, before[f"{name}.{n}"])] for name, one in part.items()}
        assert moved.pop(still) == [] and all(moved.values())


def test_the_mean_follows_the_generator(worlds, tmp_path, monkeypatch):
    trainer = tiny_trainer(tmp_path)
    trainer.images = 10_000_000  # past the ramp
    before = trainer.ema.synthesis.input.weight.clone()
    steps(trainer, worlds, 1)
    now, theirs = trainer.ema.synthesis.input.weight, trainer.generator.synthesis.input.weight
    decay = 0.5 ** (8 / (module.EMA_HALF_LIFE * 8 / 32))
    assert torch.allclose(now, decay * before + (1 - decay) * theirs, atol=1e-6) and not torch.equal(now, before)


def test_a_projected_adversary(worlds, tmp_path):
    trainer = tiny_trainer(tmp_path / "run", adversary="projected", nets=write_nets(tmp_path / "nets"))
    before = everything(trainer)
    terms = steps(trainer, worlds, 2)
    assert "r1" not in terms[0] and not torch.equal(before["generator.synthesis.input.weight"], trainer.generator.synthesis.input.weight)
    with pytest.raises(ConfigError, match="name its folder with --nets"):
        tiny_trainer(tmp_path / "other", adversary="projected")
    with pytest.raises(WeightsError, match=r"darknet-tiny-imagenet\.safetensors cannot be read there"):
        tiny_trainer(tmp_path / "other", adversary="projected", nets=tmp_path)


def test_a_loss_that_is_no_number_changes_nothing(worlds, tmp_path):
    trainer = tiny_trainer(tmp_path)
    steps(trainer, worlds, 1)
    learned = [p.detach().clone() for part in (trainer.generator, trainer.judge.network) for p in part.parameters()]
    with pytest.raises(NotFinite):
        trainer.step(torch.full((8, 3, 16, 16), float("nan")), torch.ones(8, 1, 16, 16))
    now = [p for part in (trainer.generator, trainer.judge.network) for p in part.parameters()]
    assert all(torch.equal(a, b) for a, b in zip(learned, now, strict=True)) and trainer.steps == 1


def test_what_is_transparent_is_not_learned_from(worlds, tmp_path):
    """Neither side sees anything there: the gradient of a hidden picture is that of any other."""
    results = []
    for value in (-1.0, 1.0):
        trainer = tiny_trainer(tmp_path / str(value))
        results.append(trainer.step(torch.full((8, 3, 16, 16), value), torch.zeros(8, 1, 16, 16)))
    assert results[0] == results[1]


def test_configuration_r_begins_behind_a_blur(tmp_path):
    trainer = tiny_trainer(tmp_path / "r", "stylegan3-r", blur=0.2)
    assert trainer.sigma == 10.0
    trainer.images = 100
    assert trainer.sigma == pytest.approx(5.0)
    trainer.images = 250
    assert trainer.sigma == 0.0
    assert tiny_trainer(tmp_path / "t").sigma == 0.0


def test_a_blur_is_a_gaussian_of_half_weight_at_sigma():
    point = torch.zeros(1, 1, 33, 33)
    point[0, 0, 16, 16] = 1
    seen = blurred(point, 4.0)
    assert float(seen.sum()) == pytest.approx(1, abs=1e-5)
    assert float(seen[0, 0, 16, 20] / seen[0, 0, 16, 16]) == pytest.approx(0.5, abs=1e-4)
    assert blurred(point, 0.2) is point


def test_published_settings():
    shape = Shape()
    assert (shape.size, shape.layers, shape.margin, shape.mapping_layers) == (64, 14, 10, 2) and shape.gamma == 0.025
    assert Shape(size=128).gamma == pytest.approx(0.1)
    radial = Shape(arch="stylegan3-r").design
    assert radial.radial and (radial.channel_base, radial.channel_max) == (32_768, 1024) and not shape.design.radial
    assert shape.adversary_widths == {4: 512, 8: 512, 16: 512, 32: 512, 64: 256}


def test_a_run_goes_on_with_its_own_networks(worlds, tmp_path):
    trainer = tiny_trainer(tmp_path, grey=True)
    steps(trainer, worlds, 1)
    trainer.save()
    options = trainer.options
    again = module.StyleGAN3Trainer(options, "stylegan3-t", {})  # without being told again
    assert again.shape == trainer.shape and again.images == 8
    with pytest.raises(
        ConfigError, match=r"state\.pt: a run of stylegan3-t, which cannot go on as stylegan3-r; leave it with --arch stylegan3-t"
    ):
        module.StyleGAN3Trainer(options, "stylegan3-r", {})
    with pytest.raises(ConfigError, match=r"other networks \(--size 32, not 16\)"):
        module.StyleGAN3Trainer(options, "stylegan3-t", {"size": 32})


@pytest.mark.parametrize("damage", ["cut", "noise", "empty"])
def test_a_damaged_state_is_refused_in_words(damage, worlds, tmp_path):
    trainer = tiny_trainer(tmp_path)
    trainer.save()
    whole = trainer.state_path.read_bytes()
    trainer.state_path.write_bytes({"cut": whole[: len(whole) // 2], "noise": b"nothing of the kind" * 40, "empty": b""}[damage])
    with pytest.raises(FaultError, match=r"state\.pt: damaged, so the run cannot go on from it .*another --run"):
        tiny_trainer(tmp_path)
    assert trainer.state_path.stat().st_size in (len(whole) // 2, 760, 0)  # and left as it is


def test_a_state_that_lacks_a_part_is_damaged_too(tmp_path):
    trainer = tiny_trainer(tmp_path)
    trainer.save()
    state = torch.load(trainer.state_path, weights_only=True)
    torch.save({name: value for name, value in state.items() if name != "ema"}, trainer.state_path)
    with pytest.raises(FaultError, match=r"state\.pt: damaged, .*ema"):
        tiny_trainer(tmp_path)
