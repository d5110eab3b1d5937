"""Waves against their definitions, and a phase that no change of rate can break."""

import itertools
import math

import pytest

from installation.latents.oscillators import SHAPES, Oscillator, saw, sine, smooth_random, square, triangle


@pytest.mark.parametrize("phase", [0.0, 0.1, 0.25, 0.5, 0.77, 3.3])
def test_sine_is_a_sine(phase):
    assert sine(phase) == pytest.approx(math.sin(2 * math.pi * phase))


def test_triangle_saw_and_square_hit_their_corners():
    assert [round(triangle(p), 9) for p in (0, 0.25, 0.5, 0.75, 1)] == [0, 1, 0, -1, 0]
    assert [saw(p) for p in (0, 0.25, 0.75)] == [0, 0.5, -0.5]
    assert saw(0.4999) == pytest.approx(1, abs=1e-3)
    assert saw(0.5001) == pytest.approx(-1, abs=1e-3)
    assert [square(p) for p in (0.1, 0.49, 0.51, 0.9, 1.1)] == [1, 1, -1, -1, 1]


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_stays_in_its_range_and_uses_it(shape):
    values = [SHAPES[shape](k / 997 * 40, 5) for k in range(997)]
    assert max(values) <= 1 and min(values) >= -1
    assert max(values) > 0.8 and min(values) < -0.8


def test_smooth_random_is_smooth_repeatable_and_different_for_each_seed():
    values = [smooth_random(k / 100, 3) for k in range(1000)]
    assert max(abs(b - a) for a, b in itertools.pairwise(values)) < 0.05
    assert values == [smooth_random(k / 100, 3) for k in range(1000)]
    assert values != [smooth_random(k / 100, 4) for k in range(1000)]
    levels = {round(smooth_random(float(k), 3), 6) for k in range(50)}
    assert len(levels) == 50


def test_a_change_of_rate_never_makes_a_jump():
    oscillator = Oscillator()
    values = []
    for k in range(600):
        oscillator.advance(0.2 if k < 300 else 3.0, 1 / 300)
        values.append(oscillator.value("sine"))
    steps = [abs(b - a) for a, b in itertools.pairwise(values)]
    # The steepest step of the faster wave bounds every step, the one at the change too.
    assert max(steps) <= 2 * math.pi * 3.0 / 300 + 1e-9
    assert oscillator.phase == pytest.approx(0.2 + 3.0)
