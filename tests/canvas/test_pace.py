"""What is made anew with a picture, and what waits for a later one."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np

from installation.canvas.compose import Compose
from installation.canvas.look import Grade
from installation.canvas.pace import LEAP, PATIENCE, CostlyLook, DelayedGrade, StaggeredLook
from installation.canvas.plain.renderer import PlainRenderer

_spec = importlib.util.spec_from_file_location("stand_ins", Path(__file__).parent / "stand_ins.py")
assert _spec and _spec.loader
stand_ins = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(stand_ins)

START = CostlyLook(0.5, 0.2, 0.1, Grade())


def moved(i: int) -> CostlyLook:
    """A little further with every picture, in everything."""
    return CostlyLook(0.5 + 0.01 * i, 0.2 + 0.01 * i, 0.1 + 0.01 * i, Grade(brightness=1.0 - 0.01 * i))


def changed(one: CostlyLook, other: CostlyLook) -> int:
    return sum(a != b for a, b in zip(one.parts(), other.parts(), strict=True))


def test_when_all_moves_one_part_follows_with_each_picture_and_each_has_its_turn() -> None:
    pace, before = StaggeredLook(), START
    assert pace.step(START) == START
    for i in range(1, 41):
        now = pace.step(moved(i))
        assert changed(before, now) == 1
        behind = [abs(a - b) for a, b in zip(now.parts()[:3], moved(i).parts()[:3], strict=True)]
        assert max(behind) < 0.035
        before = now
    for _ in range(3):
        before = pace.step(moved(40))
    assert before == moved(40)


def test_what_moves_alone_follows_with_every_picture_and_a_leap_is_made_at_once() -> None:
    pace = StaggeredLook()
    pace.step(START)
    for i in range(1, 20):
        alone = replace(START, vignette=0.2 + 0.01 * i)
        assert pace.step(alone) == alone
    far = CostlyLook(0.9, 0.7, 0.6, Grade(gamma=1.5))
    assert pace.step(far) == far


def test_a_slow_grade_is_close_behind_and_exact_at_rest() -> None:
    slow, kept = DelayedGrade(), []
    for i in range(30):
        kept.append(slow.step(Grade(brightness=1.0 - 0.004 * i)))
    assert len(set(kept)) <= 30 // PATIENCE
    for _ in range(PATIENCE):
        slow.step(Grade(brightness=0.8))
    assert slow.step(Grade(brightness=0.8)) == Grade(brightness=0.8)
    assert slow.step(Grade(brightness=0.8 - 1.1 * LEAP)) == Grade(brightness=0.8 - 1.1 * LEAP)


def test_after_a_fade_the_canvas_is_what_it_is_without_one() -> None:
    """Every picture of the fade is close to the exact one, the last is equal to it."""
    ends = ({"brightness": 1.0, "softness": 0.3}, {"brightness": 0.7, "softness": 0.8, "vignette": 0.6, "grain": 0.2, "tint_amount": 0.5})
    who = stand_ins.portraits(stand_ins.gradient_picture(64), stand_ins.gradient_picture(64))
    knobs = stand_ins.Knobs(**ends[0])
    fading, worst = Compose(PlainRenderer(320, 180)), 0.0
    fading(who, knobs, 0.0)
    for i in range(1, 200):
        share = min(1.0, max(0.0, (i - 60) / 90))
        start = {"vignette": 0.0, "grain": 0.0, "tint_amount": 0.0, **ends[0]}
        knobs.turn(**{name: start[name] + (value - start[name]) * share for name, value in ends[1].items()})
        fading(who, knobs, i / 30)
        if i % 20 == 0:
            exact = Compose(PlainRenderer(320, 180))
            for j in range(90):
                exact(who, knobs, i / 30 - 3.0 + (j + 1) / 30)
            worst = max(worst, float(np.abs(fading.read().astype(int) - exact.read()).mean()))
    assert worst < 1.5
    assert np.abs(fading.read().astype(int) - exact.read()).max() <= 30  # grain moves on between the two
    knobs.turn(grain=0.0)
    for i in range(200, 204):
        fading(who, knobs, i / 30)
    exact = Compose(PlainRenderer(320, 180))
    for j in range(100):
        exact(who, knobs, 1.0 + j / 30)
    assert np.array_equal(fading.read(), exact.read())
