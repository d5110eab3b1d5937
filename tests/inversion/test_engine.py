"""Inversion: it finds a code that draws the picture, tunes a generator around it, stops in time, and goes on where it was."""

import copy
import itertools
from pathlib import Path

import numpy as np
import pytest
import torch

from installation.checkpoints.loading import load_encoder, load_generator
from installation.codes.space import mean_code, seeded
from installation.inversion.best import Best, best_code
from installation.inversion.engine import Aim, Inversion
from installation.inversion.phase import Phase
from installation.inversion.prior import LatentPrior
from installation.inversion.settings import PATIENCE, Effort, Weights
from installation.inversion.terms import FaceFeatures, blurred, blurred_l2, gaussian

ROOT = Path(__file__).resolve().parents[2]
PARITY = ROOT / "tests" / "data" / "parity"
GENERATORS = ("nvlabs_64_small.pkl", "stylegan3_r_64_small.pkl")
L2 = Weights(perceptual=0.0, identity=0.0)


def ticking(seconds):
    """A clock that goes on by so many seconds between two looks."""
    count = itertools.count()
    return lambda: next(count) * seconds


def aim_of(base, seed=3, **more):
    with torch.no_grad():
        picture = base.synthesis(seeded(base, seed).ws[None])[0]
    return Aim(picture, mean_code(base), **more)


def run(inversion, steps=None):
    return [progress.loss for progress in itertools.islice(inversion.run(), steps)]


@pytest.mark.parametrize("name", GENERATORS)
def test_both_phases_come_nearer(name):
    base = load_generator(PARITY / name)
    before = copy.deepcopy(base.state_dict())
    inversion = Inversion(base, aim_of(base), L2, Effort(code_steps=25, tuning_steps=15, code_rate=0.03, tuning_rate=2e-3))
    losses = run(inversion)
    assert len(losses) == 40 and inversion.over and inversion.tuned
    assert losses[24] < 0.9 * losses[0] and losses[-1] < 0.9 * losses[25]
    assert all(torch.equal(value, before[key]) for key, value in base.state_dict().items())  # the base stays as it was
    names = [key for key, value in inversion.generator.state_dict().items() if not torch.equal(value, before[key])]
    assert names and not any(key.startswith(("style.", "mapping.")) for key in names)


def test_the_best_code_is_given_though_the_last_one_is_worse():
    base = load_generator(PARITY / GENERATORS[0])
    inversion = Inversion(base, aim_of(base), L2, Effort(code_steps=20, tuning_steps=0, code_rate=3.0))  # it leaps about
    losses, heard = [], []

    def hears(progress):
        losses.append(progress.loss)
        heard.append(inversion.ws)
        return True

    best = best_code(inversion, hears)
    codes = [mean_code(base), *heard]  # a loss is that of the code before its step
    losses.append(inversion.loss())
    least = int(np.argmin(losses))
    assert least < len(losses) - 1, "the last one is the best here, which tests nothing"
    assert (best.before, best.after, best.steps) == (losses[0], losses[least], 20) and torch.equal(best.code, codes[least])
    assert best.gain == 1 - best.after / best.before


def test_a_search_for_the_best_code_can_be_ended_at_any_step():
    base = load_generator(PARITY / GENERATORS[0])
    best = best_code(Inversion(base, aim_of(base), L2, Effort(tuning_steps=0)), lambda progress: progress.step < 3)
    assert best.steps == 3 and best.after < best.before
    none = best_code(Inversion(base, aim_of(base), L2, Effort(tuning_steps=0, seconds=0.0)))
    assert none.steps == 0 and none.gain == 0 and torch.equal(none.code, mean_code(base))
    assert Best(mean_code(base), float("nan"), float("inf"), 1).gain == 0


def test_the_code_is_what_the_first_phase_found():
    base = load_generator(PARITY / GENERATORS[0])
    inversion = Inversion(base, aim_of(base), L2, Effort(code_steps=10, tuning_steps=3, code_rate=0.1))
    run(inversion, 10)
    pivot = inversion.ws
    assert not torch.equal(pivot, mean_code(base)) and not inversion.tuned
    run(inversion)
    assert torch.equal(inversion.ws, pivot) and inversion.tuned


def test_one_w_stays_one_w():
    base = load_generator(PARITY / GENERATORS[0])
    inversion = Inversion(base, aim_of(base, one_w=True), L2, Effort(code_steps=5, tuning_steps=0, code_rate=0.1))
    run(inversion)
    assert float((inversion.ws - inversion.ws[:1]).abs().max()) < 1e-5 and not inversion.tuned
    assert not torch.allclose(inversion.ws, mean_code(base))


def test_outside_the_mask_nothing_counts():
    base = load_generator(PARITY / GENERATORS[0])
    mask = torch.zeros(1, 64, 64)
    mask[:, :32] = 1
    aim = aim_of(base)
    torn = aim.picture.clone()
    torn[:, 34:] = -1  # the blur reaches one px beyond the mask
    effort = Effort(code_steps=3, tuning_steps=2)
    losses = [run(Inversion(base, Aim(picture, aim.start, mask), L2, effort)) for picture in (aim.picture, torn)]
    assert losses[0] == losses[1]


def test_a_state_is_gone_on_from(tmp_path):
    base = load_generator(PARITY / GENERATORS[0])
    effort = Effort(code_steps=6, tuning_steps=6, code_rate=0.05)
    whole = Inversion(base, aim_of(base), L2, effort)
    expected = run(whole)
    for broken_off in (3, 9):
        first = Inversion(base, aim_of(base), L2, effort)
        run(first, broken_off)
        torch.save(first.state(), tmp_path / "state.pt")
        second = Inversion(base, aim_of(base), L2, effort)
        second.restore(torch.load(tmp_path / "state.pt", weights_only=True))
        assert run(second) == pytest.approx(expected[broken_off:], rel=1e-4)
        assert np.array_equal(second.portrait(), whole.portrait())


def test_a_state_of_another_generator_is_refused():
    small, other = (load_generator(PARITY / name) for name in GENERATORS)
    state = Inversion(small, aim_of(small), L2).state()
    with pytest.raises(ValueError, match="another shape"):
        Inversion(other, aim_of(other), L2).restore(state)


def test_it_ends_in_its_time_and_the_generator_gets_what_the_code_left():
    base = load_generator(PARITY / GENERATORS[0])
    effort = Effort(code_steps=4, tuning_steps=1000, seconds=10.0, code_share=0.5)
    inversion = Inversion(base, aim_of(base), L2, effort, clock=ticking(0.5))  # half a second a step
    assert len(run(inversion)) == 20
    assert inversion.phases["code"].done == 4 and inversion.phases["tuning"].done == 16 and inversion.over
    inversion.use(Effort(code_steps=4, tuning_steps=1000, seconds=12.0))  # more time: it goes on, and the code stays
    pivot = inversion.ws
    assert not inversion.over and len(run(inversion)) == 4 and torch.equal(inversion.ws, pivot)


def test_a_picture_of_another_size_is_refused():
    base = load_generator(PARITY / GENERATORS[0])
    with pytest.raises(ValueError, match=r"\[3, 64, 64\]"):
        Inversion(base, Aim(torch.zeros(3, 32, 32), mean_code(base)))


def test_locality_holds_other_faces():
    base = load_generator(PARITY / GENERATORS[0])
    moved = []
    for weight in (0.0, 10.0):
        torch.manual_seed(0)
        effort = Effort(code_steps=1, tuning_steps=20, tuning_rate=2e-3)
        inversion = Inversion(base, aim_of(base), Weights(perceptual=0, locality=weight), effort)
        run(inversion)
        with torch.no_grad():
            ws = torch.stack([seeded(base, seed).ws for seed in range(20, 26)])
            moved.append(float((inversion.generator.synthesis(ws) - base.synthesis(ws)).abs().mean()))
    assert moved[1] < 0.8 * moved[0]


def test_a_phase_without_gain_ends():
    phase = Phase(1000, None, 0.01, 10.0)
    while not phase.over:
        phase.step(1.0 if phase.done > 5 else 2.0 - 0.1 * phase.done, 0.1)
    assert PATIENCE < phase.done < PATIENCE + 100
    falling = Phase(300, None, 0.01, 10.0)
    while not falling.over:
        falling.step(0.98**falling.done, 0.1)
    assert falling.done == 300


def test_the_rate_rises_where_time_is_short_and_falls_at_the_end():
    long, short = Phase(100, None, 0.01, 10.0), Phase(100, 2.0, 0.01, 10.0)
    for _ in range(5):
        long.step(1.0, 0.1)
        short.step(1.0, 0.1)  # twenty steps in all
    assert long.current_rate == pytest.approx(0.01) and short.current_rate == pytest.approx(0.05)
    hasty = Phase(100, 0.5, 0.01, 10.0)
    for _ in range(3):
        hasty.step(1.0, 0.1)
    assert 0.01 < hasty.current_rate <= 0.1
    for _ in range(94):
        long.step(1.0, 0.1)
    assert long.current_rate < 0.001


def test_the_prior_knows_faces_of_the_generator():
    for path in (PARITY / GENERATORS[0], PARITY / GENERATORS[1], ROOT / "weights" / "generator.safetensors"):
        base = load_generator(path)
        prior = LatentPrior(base, mean_code(base))
        own = [float(prior(seeded(base, seed).ws)) for seed in range(8)]
        far = float(prior(mean_code(base) + 3 * (seeded(base, 1).ws - mean_code(base))))
        assert 0.1 < np.mean(own) < 1.3, path.name  # of a generator that learned with its encoder w fills few of its directions
        assert far > 3 * max(own), path.name


def test_the_blur_is_a_gaussian():
    taps = gaussian(3, 11.0)
    assert float(taps.sum()) == pytest.approx(1) and float(taps[0] / taps[1]) == pytest.approx(np.exp(-0.5 / 121))
    flat = torch.full((1, 3, 8, 8), 0.3)
    assert torch.allclose(blurred(flat, taps), flat)
    stripes = torch.ones(1, 3, 9, 9)
    stripes[..., ::2] = -1
    assert float(blurred(stripes, taps).abs().max()) < 0.34  # what is finer than the blur hardly counts
    assert float(blurred_l2(flat, torch.ones(1, 1, 8, 8))(flat)) == 0.0


def test_features_of_faces_are_a_distance():
    encoder = load_encoder(ROOT / "weights" / "encoder.safetensors").requires_grad_(False)
    picture = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(1)) * 2 - 1
    distance = FaceFeatures(encoder)(picture, torch.ones(1, 1, 64, 64))
    assert float(distance(picture)) == pytest.approx(0, abs=1e-6)
    near, far = (float(distance(torch.lerp(picture, -picture, share))) for share in (0.1, 0.5))
    assert 0 < near < far
