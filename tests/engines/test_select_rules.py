"""How engines are timed and how faces are put into batches."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import nn

from installation.engines import select
from installation.engines.base import Choice, Network
from installation.engines.batched import BatchedEngine
from installation.engines.select import HOPELESS, TRIALS, EngineSettings, Measurement, final


def network(batch=1):
    return Network(f"same-{batch}", nn.Identity(), (torch.zeros(batch, 2),), "0")


class Timed:
    """An engine whose runs take as long as they are told, s."""

    def __init__(self, clock, seconds):
        self.clock, self.seconds, self.runs = clock, list(seconds), 0

    def __call__(self, *inputs):
        self.clock[0] += self.seconds[self.runs % len(self.seconds)]
        self.runs += 1
        return []


def timed(monkeypatch, seconds, fastest=float("inf")):
    clock = [0.0]
    monkeypatch.setattr(select.time, "perf_counter", lambda: clock[0])
    engine = Timed(clock, seconds)
    return select._time(engine, [], fastest), engine.runs


def test_one_slow_run_among_several_does_not_count(monkeypatch):
    assert timed(monkeypatch, [0.002, 0.002, 0.5, 0.002, 0.001, 0.002, 0.003]) == (pytest.approx(2.0), TRIALS)


def test_what_is_hopeless_or_takes_long_is_run_twice_only(monkeypatch):
    assert timed(monkeypatch, [0.05], fastest=0.9 * 50 / HOPELESS)[1] == 2
    assert timed(monkeypatch, [0.05], fastest=1.1 * 50 / HOPELESS)[1] == TRIALS
    assert timed(monkeypatch, [2.0])[1] == 2


@dataclass
class Chosen:
    choice: Choice

    def __call__(self, *inputs):
        return []


def test_the_best_of_several_timings_of_a_rival_counts(monkeypatch):
    """A neighbour may come back while the rivals are timed again: what was quick once is quick."""
    one, two = Choice("eager", "float32", 1), Choice("eager", "float32", 2)
    times = {one: iter([4.0, 30.0]), two: iter([9.0, 9.0])}
    monkeypatch.setattr(select, "build", lambda network, choice, cache: Chosen(choice))
    monkeypatch.setattr(select, "_time", lambda engine, inputs, fastest: next(times[engine.choice]))
    ranked = [Measurement(two, 8.0, 0.0), Measurement(one, 12.0, 0.0)]
    assert final(network(), ranked, None) == Measurement(one, 4.0, 0.0)


@pytest.mark.parametrize(("faces", "batches"), [
    (0, []), (1, [1]), (2, [1, 1]), (3, [4]), (4, [4]), (5, [4, 1]), (6, [4, 1, 1]), (7, [4, 4]), (8, [4, 4]), (11, [4, 4, 4]),
])  # fmt: skip
def test_a_batch_is_used_where_it_is_filled_to_three_quarters(faces, batches, tmp_path):
    engine = BatchedEngine(network, 1, EngineSettings("eager", "float32", 1, "cpu", tmp_path), (1, 4))
    ran = []

    def counting(size, run):
        return lambda *inputs: (ran.append(size), run(*inputs))[1]

    engine._engines = {size: counting(size, run) for size, run in engine._engines.items()}
    given = [[np.full(2, k, np.float32)] for k in range(faces)]
    results = engine(given)
    assert ran == batches
    assert [float(result[0][0]) for result in results] == list(range(faces))
