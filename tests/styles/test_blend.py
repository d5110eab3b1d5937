"""From the controls to one style."""

import numpy as np
import pytest

from installation.control.state import Controls
from installation.styles.blend import LEAVE_SECONDS, Blender, Walk, blend_of
from installation.styles.library import Palette
from tests.styles.stand_ins import PALETTE, VECTOR, controls


def test_nothing_asked_for_is_nothing_painted() -> None:
    assert Blender(PALETTE).step(controls(), 0.0) is None


def test_a_style_alone_is_itself() -> None:
    blend = Blender(PALETTE).step(controls(style_alpha_amount=1.0), 0.0)
    assert blend is not None and blend.share == 0.0 and blend.amount == 1.0 and np.array_equal(blend.vector, VECTOR[0])


def test_amounts_above_one_in_all_are_normalised() -> None:
    blend = Blender(PALETTE).step(controls(style_alpha_amount=1.0, style_beta_amount=1.0), 0.0)
    assert blend is not None and blend.amount == 1.0 and np.allclose(blend.vector[:2], 0.5)


def test_less_than_one_lets_the_picture_through() -> None:
    blend = Blender(PALETTE).step(controls(style_alpha_amount=0.25, style_beta_amount=0.25), 0.0)
    assert blend is not None and blend.amount == pytest.approx(0.5) and np.allclose(blend.vector[:2], 0.5)


def test_strength_is_of_all_styles_together() -> None:
    blend = Blender(PALETTE).step(controls(style_ink_amount=1.0, style_strength=0.4), 0.0)
    assert blend is not None and blend.amount == pytest.approx(0.4) and blend.bank[2] == 1.0 and blend.share == 1.0


def test_a_painting_and_the_bank_share_the_picture() -> None:
    blend = Blender(PALETTE).step(controls(style_alpha_amount=0.75, style_ink_amount=0.25), 0.0)
    assert blend is not None and blend.share == pytest.approx(0.25)
    assert blend.bank.sum() == pytest.approx(1.0) and np.allclose(blend.vector, VECTOR[0])


def walking(through: str, rate: float = 1.0, stay: float = 0.5, **more: object) -> Controls:
    state = controls(style_walk_amount=1.0, style_walk_rate=rate, style_walk_stay=stay, style_walk_through=through, **more)
    return state


def test_the_oscillator_walks_from_painting_to_painting_and_stays_with_each() -> None:
    blender, told = Blender(PALETTE), walking("paintings")
    seen = []
    for moment in np.arange(0.0, 2.01, 0.125):
        blend = blender.step(told, float(moment))
        assert blend is not None and blend.amount == pytest.approx(1.0) and blend.share == 0.0
        seen.append(blend.vector[:2].copy())
    assert np.array_equal(seen[0], [1, 0]) and np.array_equal(seen[4], [1, 0])  # it stays for half of its second
    assert np.allclose(seen[6], [0.5, 0.5])
    assert np.array_equal(seen[8], [0, 1]) and np.array_equal(seen[16], [1, 0])


@pytest.mark.parametrize(("through", "shares"), [("paintings", {0.0}), ("built-in", {1.0}), ("all", {0.0, 1.0})])
def test_what_it_walks_through(through: str, shares: set[float]) -> None:
    blender, told = Blender(PALETTE), walking(through)
    assert {blender.step(told, float(k)).share for k in range(8)} == shares  # type: ignore[union-attr]


def test_it_walks_through_the_chosen_alone() -> None:
    blender, told = Blender(PALETTE), walking("chosen", style_ink_amount=0.01, style_amber_amount=0.01)
    places = {int(np.argmax(blender.step(told, float(k)).bank)) for k in range(6)}  # type: ignore[union-attr]
    assert places == {0, 2}


def test_a_style_that_is_deleted_on_air_fades() -> None:
    blender, told = Blender(PALETTE), controls(style_alpha_amount=1.0)
    blender.step(told, 0.0)
    blender.use(Palette({name: style for name, style in PALETTE.styles.items() if name != "alpha"}))
    without = controls(blender.palette)
    amounts = [blend.amount if (blend := blender.step(without, moment * LEAVE_SECONDS)) else 0.0 for moment in (0.01, 0.5, 0.9, 1.1)]
    assert amounts[0] > 0.9 and amounts == sorted(amounts, reverse=True) and amounts[-1] == 0.0


def test_how_far_two_blends_are_apart() -> None:
    alpha, beta, ink = (blend_of(PALETTE, {name: 1.0}) for name in ("alpha", "beta", "ink"))
    assert alpha is not None and beta is not None and ink is not None
    assert alpha.away(alpha) == 0.0 and alpha.away(beta) == 1.0 and alpha.away(ink) == 1.0 and ink.away(None) == 1.0
    near = blend_of(PALETTE, {"alpha": 0.99, "beta": 0.01})
    assert near is not None and 0.0 < alpha.away(near) < 0.05


@pytest.mark.parametrize("phase", [0.2, 1.9, 17.0, 17.7])
def test_a_style_that_comes_or_goes_elsewhere_does_not_move_the_walk(phase: float) -> None:
    told, names = walking("paintings"), [f"s{k}" for k in range(6)]
    walk = Walk()
    for _ in range(100):
        walk.step(told, names, phase / 100, 0.0, 0.0)
    before = walk.step(told, names, 0.0, 0.0, 0.0)
    at, following = max(before, key=lambda name: before[name]), min(before, key=lambda name: before[name])
    others = [name for name in names if name not in (at, following)]
    for changed in ([*names, "zz"], ["aa", *names], [name for name in names if name != others[0]]):
        assert walk.step(told, changed, 0.0, 0.0, 0.0) == before
    after = walk.step(told, [name for name in names if name != at], 0.0, 0.0, 0.0)  # which fades, see below
    assert at not in after and sum(after.values()) == pytest.approx(1.0)


def test_the_walk_goes_through_all_of_them_as_they_are_when_a_cycle_ends() -> None:
    told = walking("paintings")
    walk, seen = Walk(), []
    for names in (["a", "b", "c"], ["a", "b", "bb", "c"], ["a", "b", "bb", "c"], ["a", "b", "bb", "c"], ["a", "b", "bb", "c"]):
        weights = walk.step(told, names, 0.2 if not seen else 1.0, 0.0, 0.0)
        seen.append(max(weights, key=lambda name: weights[name]))
    assert seen == ["a", "b", "bb", "c", "a"]
