"""Numbers behind the scores: medians with bootstrap intervals (Efron 1979), the Fréchet distance (Heusel et al. 2017)."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Statistic = Callable[[Array], float]
Interval = list[float]

RESAMPLES = 1000
FRECHET_WORK = 12_000  # resamples times features: Inception's 2048 take seconds each
SEED = 11
DIGITS = 4


def median(values: Array) -> float:
    return float(np.median(values))


def known_median(values: Array) -> float:
    """Of values of any shape, without those that are not known."""
    return float(np.nanmedian(values)) if np.isfinite(values).any() else float("nan")


def known_mean(values: Array) -> float:
    """Likewise."""
    return float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")


def known_deviations(values: Array) -> Array:
    """Standard deviations [M] of measures [N, M], without values that are not known; NaN where nothing varies."""
    few = np.isfinite(values).sum(0) < 2
    found = np.nanstd(np.where(few, 0.0, values), axis=0)
    return np.asarray(np.where(found > 0, found, np.nan))


def mean(values: Array) -> float:
    return float(np.mean(values))


def bootstrap(values: Sequence[float] | Array, statistic: Statistic) -> Interval:
    """95 % interval [low, high] of a statistic of ``values`` [N], by drawing N of them again and again, seeded."""
    data = np.asarray(values, dtype=np.float64)
    rng = np.random.default_rng(SEED)
    draws = [statistic(data[rng.integers(len(data), size=len(data))]) for _ in range(RESAMPLES)]
    return interval(draws)


def bootstrap_groups(groups: Sequence[Array], statistic: Statistic) -> Interval:
    """As ``bootstrap``, for values that come in groups that are alike within (faces of one clip): whole groups are drawn.
    With fewer than three groups the values themselves are drawn."""
    if len(groups) < 3:
        return bootstrap(np.concatenate(groups), statistic)
    rng = np.random.default_rng(SEED)
    draws = [statistic(np.concatenate([groups[k] for k in rng.integers(len(groups), size=len(groups))])) for _ in range(RESAMPLES)]
    return interval(draws)


def interval(draws: Sequence[float]) -> Interval:
    """The middle 95 % of draws."""
    low, high = np.quantile(draws, (0.025, 0.975))
    return [round(float(low), DIGITS), round(float(high), DIGITS)]


def frechet(a: Array, b: Array) -> float:
    """Distance of the Gaussians around features [N, C] and [M, C]. With fewer pictures than features it is biased upward: compare
    only figures from equally many."""
    difference = a.mean(0) - b.mean(0)
    first, second = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    values, vectors = np.linalg.eigh(first)
    root = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
    cross = np.sqrt(np.linalg.eigvalsh(root @ second @ root).clip(min=0)).sum()
    return float(difference @ difference + np.trace(first) + np.trace(second) - 2 * cross)


def frechet_interval(a: Array, b: Array) -> Interval:
    """95 % interval of ``frechet``. Pictures drawn twice narrow a Gaussian, so the draws are moved to lie around the value."""
    rng = np.random.default_rng(SEED)
    value = frechet(a, b)
    count = min(50, max(8, FRECHET_WORK // a.shape[1]))
    draws = np.array([frechet(a[rng.integers(len(a), size=len(a))], b[rng.integers(len(b), size=len(b))]) for _ in range(count)])
    return interval([max(0.0, float(d)) for d in draws - draws.mean() + value])
