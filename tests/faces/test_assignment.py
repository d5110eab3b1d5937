"""The cheapest pairing, against trying them all."""

from itertools import permutations

import numpy as np
import pytest

from installation.faces.assignment import assign


@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (2, 5), (5, 2), (4, 4)])
def test_cheapest_of_all_pairings(shape: tuple[int, int]) -> None:
    generator = np.random.default_rng(1)
    for _ in range(30):
        cost = generator.integers(0, 10, shape).astype(float)
        wide = cost if shape[0] <= shape[1] else cost.T
        best = min(sum(wide[i, j] for i, j in enumerate(order)) for order in permutations(range(wide.shape[1]), wide.shape[0]))
        pairs = assign(cost)
        assert len(pairs) == min(shape)
        assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
        assert sum(cost[i, j] for i, j in pairs) == best


def test_forbidden_pairs_are_never_made() -> None:
    inf = np.inf
    assert assign(np.array([[1.0, inf], [2.0, inf]])) == [(0, 0)]
    assert assign(np.array([[1.0, 9.0], [2.0, inf]])) == [(0, 1), (1, 0)]  # more pairs before cheaper ones
    assert assign(np.array([[0.0, 100.0], [100.0, inf]])) == [(0, 1), (1, 0)]  # however dear they are
    assert assign(np.full((2, 2), inf)) == []
    assert assign(np.zeros((3, 0))) == []
    assert assign(np.zeros((0, 3))) == []
