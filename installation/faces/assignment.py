"""The cheapest one-to-one pairing of rows with columns (Kuhn 1955, Munkres 1957), for the few faces of a frame."""

import math

import numpy as np
from numpy.typing import NDArray


def assign(cost: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Pairs (row, column) of least total cost, no row or column twice. ``cost`` [R, C]; inf forbids a pair.

    As many pairs are made as the allowed ones permit before their cost is compared.
    """
    rows, columns = cost.shape
    allowed = np.isfinite(cost)
    if not rows or not columns or not allowed.any():
        return []
    best = np.where(allowed.any(axis=1), cost.argmin(axis=1), -1)
    taken = best[best >= 0]
    if len(set(taken.tolist())) == len(taken):
        return [(i, int(j)) for i, j in enumerate(best) if j >= 0]

    # Forbidden pairs cost more than any set of allowed ones could together.
    forbidden = (float(np.abs(cost[allowed]).max()) + 1.0) * (rows + columns)
    filled = np.where(allowed, cost, forbidden)
    pairs = _hungarian(filled) if rows <= columns else [(i, j) for j, i in _hungarian(filled.T)]
    return sorted((i, j) for i, j in pairs if allowed[i, j])


def _hungarian(cost: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Shortest augmenting paths with potentials; ``cost`` [R, C] with R <= C, finite."""
    rows, columns = cost.shape
    row_potential = np.zeros(rows + 1)
    column_potential = np.zeros(columns + 1)
    owner = np.zeros(columns + 1, int)  # the row that holds a column, counted from 1; column 0 starts each search
    for row in range(1, rows + 1):
        owner[0] = row
        column = 0
        distance = np.full(columns + 1, math.inf)
        came_from = np.zeros(columns + 1, int)
        done = np.zeros(columns + 1, bool)
        while owner[column]:
            done[column] = True
            reduced = cost[owner[column] - 1] - row_potential[owner[column]] - column_potential[1:]
            closer = ~done[1:] & (reduced < distance[1:])
            distance[1:][closer] = reduced[closer]
            came_from[1:][closer] = column
            following = 1 + int(np.where(done[1:], math.inf, distance[1:]).argmin())
            delta = distance[following]
            row_potential[owner[done]] += delta
            column_potential[done] -= delta
            distance[~done] -= delta
            column = following
        while column:
            owner[column] = owner[came_from[column]]
            column = came_from[column]
    return [(int(owner[j]) - 1, j - 1) for j in range(1, columns + 1) if owner[j]]
