"""Waves against their definitions, and a phase that no change of rate can break."""

import itertools
import math

import pytest

from installation.latents.oscillators import (
    ENVELOPES,
    SHAPES,
    SILENCE,
    Followers,
    Levels,
    Oscillator,
    saw,
    sine,
    smooth_random,
    square,
    triangle,
)


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


def steepest(values):
    return max(abs(b - a) for a, b in itertools.pairwise(values))


@pytest.mark.parametrize("rate", [0.25, 1.0, 2.0])
def test_locking_to_the_beat_takes_a_beat_and_makes_no_jump(rate):
    oscillator, values, step = Oscillator(phase=17.31), [], 0.01
    for k in range(1000):
        beat = 100.0 + k * step
        if k < 200:
            oscillator.advance(0.1, step)
        else:
            oscillator.follow(rate, beat, step)
        values.append(oscillator.value("sine"))
    # Glide to lock: half a cycle off at most, e-fold five times a beat.
    assert steepest(values) <= math.tau * (rate + 2.6) * step
    off = (oscillator.phase - beat * rate + 0.5) % 1 - 0.5
    assert abs(off) < 1e-9
    once = Oscillator(phase=0.5)
    for k in range(101):
        once.follow(rate, k * step, step * (k > 0))
    assert abs((once.phase - rate + 0.5) % 1 - 0.5) < 0.01  # within a beat


def test_a_rate_that_glides_late_in_a_show_bends_the_locked_wave():
    oscillator, values, beat = Oscillator(), [], 10000.0
    for k in range(900):
        rate = 1.0 + 0.5 * min(1.0, max(0.0, (k - 300) / 60))
        oscillator.follow(rate, beat, 0.02)
        values.append(oscillator.value("sine"))
        beat += 0.02
    assert steepest(values) <= math.tau * (1.5 + 2.6) * 0.02
    assert abs((oscillator.phase - (beat - 0.02) * 1.5 + 0.5) % 1 - 0.5) < 1e-6


def test_a_change_of_shape_melts_also_in_mid_change():
    oscillator, values = Oscillator(), []
    for k in range(400):
        oscillator.advance(0.05, 0.01)
        shape = "sine" if k < 100 else "square" if k < 115 else "saw" if k < 130 else "random"
        values.append(oscillator.swing(shape, 0.2, 0.01))
    assert steepest(values) < 0.1
    assert values[-1] == oscillator.value("random", 0.2)


def test_envelopes_follow_the_sound_up_quickly_and_down_slowly():
    followers = Followers()
    assert followers.step(SILENCE, 1.0) is SILENCE
    for _ in range(10):
        up = followers.step(Levels(level=1.0, low=0.5, high=float("nan")), 0.01)
    assert up.level > 0.9 and 0.4 < up.low < 0.5 and up.mid == up.high == 0.0
    for _ in range(10):
        down = followers.step(SILENCE, 0.01)
    assert 0.6 < down.level < 0.8
    for _ in range(1000):
        down = followers.step(SILENCE, 0.01)
    assert down == SILENCE
    loud = Levels(level=0.9, low=0.1, mid=0.2, high=0.3)
    assert [Oscillator().value(shape, 0.0, loud) for shape in ENVELOPES] == [0.9, 0.1, 0.2, 0.3]
    assert followers.step(Levels(level=math.inf), 10.0).level <= 1.0
