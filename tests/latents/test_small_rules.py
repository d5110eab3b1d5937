"""Rules of the codes and the waves that nothing else would miss."""

import math

import numpy as np
import pytest
import torch

from installation.latents.cache import CachePolicy, LatentCache
from installation.latents.oscillators import Oscillator
from installation.messages import Expression, Face

REST = Expression(smile=0.5, mouth_open=0.5, eyes_open=0.5)


def face(expression):
    return Face(1, np.zeros((468, 2), np.float32), (0, 0, 1, 1), expression, 1.0, True, 1.0)


@pytest.mark.parametrize("measure", ["smile", "mouth_open", "eyes_open", "yaw", "pitch", "roll"])
@pytest.mark.parametrize("sign", [1, -1])
def test_every_measure_of_an_expression_asks_for_a_new_code(measure, sign):
    policy = CachePolicy(refresh_seconds=60.0, pose_degrees=5.0, expression_change=0.2)
    cache = LatentCache(policy)
    cache.store(face(REST), torch.zeros(4, 8), 0.0)
    most = policy.pose_degrees if measure in ("yaw", "pitch", "roll") else policy.expression_change
    for share, stale in ((0.95, False), (1.05, True)):
        moved = {name: getattr(REST, name) for name in ("smile", "mouth_open", "eyes_open", "yaw", "pitch", "roll")}
        moved[measure] += sign * share * most
        assert cache.needs_code(face(Expression(**moved)), 0.1) is stale


def test_an_offset_of_a_quarter_takes_a_wave_a_quarter_of_a_cycle_ahead():
    oscillator = Oscillator()
    assert oscillator.value("sine", 0.25) == pytest.approx(1.0)  # and not -1: the controls promise the start within the cycle
    oscillator.advance(1.0, 0.1)
    assert oscillator.value("sine", 0.1) == pytest.approx(math.sin(2 * math.pi * 0.2))
    assert oscillator.value("saw", 0.1) == pytest.approx(0.4)
    assert oscillator.swing("saw", 0.1, 0.0) == pytest.approx(0.4)
    later = Oscillator()
    later.advance(1.0, 0.2)
    assert later.value("saw") == pytest.approx(oscillator.value("saw", 0.1))
