"""The One Euro filter against its formula and its purpose."""

import math

import numpy as np
import pytest

from installation.faces.one_euro import OneEuro

RATE = 30


def run(smooth: OneEuro, values: np.ndarray, scale: float = 1.0) -> np.ndarray:
    return np.array([smooth(value, i / RATE, scale) for i, value in enumerate(values)])


def test_first_value_passes_and_rest_stays() -> None:
    point = np.array([[3.0, -4.0]], np.float32)
    assert run(OneEuro(1.0, 0.5), np.repeat(point[None], 5, axis=0)) == pytest.approx(np.repeat(point[None], 5, axis=0))


def test_without_beta_it_is_the_low_pass_of_the_paper() -> None:
    step = np.array([[[0.0]]] + [[[1.0]]] * 6, np.float32)
    alpha = 1 / (1 + RATE / (2 * math.pi * 1.5))
    expected = [0.0] + [1 - (1 - alpha) ** n for n in range(1, 7)]
    assert run(OneEuro(1.5, 0.0), step)[:, 0, 0] == pytest.approx(expected, abs=1e-5)


def paper(values: np.ndarray, rate: float, min_cutoff: float, beta: float) -> list[float]:
    """The filter of one number, step by step as the authors write it down (algorithm 1; the derivative's cutoff is 1 Hz)."""

    def alpha(cutoff: float) -> float:
        tau = 1 / (2 * math.pi * cutoff)
        return 1 / (1 + tau * rate)

    smooth, derivative, out = float(values[0]), 0.0, [float(values[0])]
    for value in values[1:]:
        derivative = alpha(1.0) * (value - smooth) * rate + (1 - alpha(1.0)) * derivative
        share = alpha(min_cutoff + beta * abs(derivative))
        smooth = share * value + (1 - share) * smooth
        out.append(smooth)
    return out


@pytest.mark.parametrize(("min_cutoff", "beta"), [(0.5, 0.0), (1.0, 2.0), (2.0, 8.0)])
def test_a_walk_comes_out_as_the_paper_has_it(min_cutoff: float, beta: float) -> None:
    walk = np.cumsum(np.random.default_rng(5).normal(0, 0.02, 60))
    found = run(OneEuro(min_cutoff, beta), walk[:, None, None].astype(np.float32))[:, 0, 0]
    assert found == pytest.approx(paper(walk, RATE, min_cutoff, beta), abs=1e-4)


def test_beta_keeps_up_with_motion_without_letting_tremble_through() -> None:
    moving = (np.arange(30) / RATE)[:, None, None].astype(np.float32)
    late = moving[-1] - run(OneEuro(1.0, 0.0), moving)[-1]
    prompt = moving[-1] - run(OneEuro(1.0, 10.0), moving)[-1]
    assert 0 < prompt < 0.25 * late
    tremble = np.random.default_rng(0).normal(0, 0.001, (90, 1, 1)).astype(np.float32)
    assert run(OneEuro(1.0, 10.0), tremble)[30:].std() < 0.6 * tremble[30:].std()


def test_speed_counts_in_face_sizes_and_each_row_has_its_own() -> None:
    moving = (np.arange(20) / RATE)[:, None, None].astype(np.float32)
    assert run(OneEuro(1.0, 5.0), moving * 300, 300.0) / 300 == pytest.approx(run(OneEuro(1.0, 5.0), moving, 1.0), abs=1e-5)
    pair = np.concatenate([moving, np.zeros_like(moving)], axis=1)
    assert run(OneEuro(1.0, 5.0), pair)[:, 0] == pytest.approx(run(OneEuro(1.0, 5.0), moving)[:, 0])


def test_a_gap_forgets_and_time_does_not_run_back() -> None:
    smooth = OneEuro(1.0, 0.0)
    smooth(np.zeros((1, 1), np.float32), 0.0, 1.0)
    assert smooth(np.ones((1, 1), np.float32), 2.0, 1.0)[0, 0] == 1.0
    assert smooth(np.zeros((1, 1), np.float32), 2.0, 1.0)[0, 0] == 1.0


def test_bad_knobs_are_refused() -> None:
    with pytest.raises(ValueError, match="min_cutoff"):
        OneEuro(0.0, 1.0)
