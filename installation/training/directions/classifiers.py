"""Four ways to find a direction between two groups of codes, compared on the same split.

``mean``: the difference of the groups' means. ``logistic`` and ``svm``: the normal of a linear classifier (InterFaceGAN, Shen et
al. 2020), by scikit-learn. ``predictor``: a network of two layers; the direction is the mean of its gradient over the codes, the
first step of an ascent on the latent.
"""

import importlib.util
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from installation.errors import ConfigError

Array = NDArray[np.float64]
COMPONENTS = 64  # of the codes' variance that the classifiers see: 3,584 numbers and 200 examples would fit anything
SIZES = (100, 300, 1_000, 10_000)  # labelled examples at which accuracy is reported
HELD_OUT = 0.2
PREDICTOR_STEPS = 300


@dataclass(frozen=True, eq=False)
class Split:
    """Codes [N, D] in coordinates where the training codes have unit variance, and labels [N] of 0 and 1."""

    train: Array
    train_labels: Array
    test: Array
    test_labels: Array
    back: Array  # [K, D]: a direction among the components, as one of the codes


@dataclass(frozen=True, eq=False)
class Found:
    """One method's unit direction [D], and the share of held-out codes that it tells apart; train_accuracy: of those it learned from."""

    method: str
    direction: Array
    accuracy: float
    train_accuracy: float


def split(codes: Array, labels: Array, seed: int = 0) -> Split:
    """Draw a fifth of each group for the test, and take the main components of the rest (PCA, whitened)."""
    rng = np.random.default_rng(seed)
    test = np.zeros(len(codes), bool)
    for value in (0, 1):
        group = np.flatnonzero(labels == value)
        test[rng.permutation(group)[: max(1, round(HELD_OUT * len(group)))]] = True
    middle = codes[~test].mean(axis=0)
    centred = codes[~test] - middle
    _, scales, axes = np.linalg.svd(centred, full_matrices=False)
    count = max(1, min(COMPONENTS, int((scales > 1e-6 * scales[0]).sum()), (~test).sum() // 2))
    deviations = scales[:count] / np.sqrt(max(1, (~test).sum() - 1))
    forward = axes[:count].T / deviations
    back = axes[:count] * deviations[:, None]
    return Split(centred @ forward, labels[~test], (codes[test] - middle) @ forward, labels[test], back)


def mean_difference(x: Array, y: Array) -> tuple[Array, float]:
    """Normal and offset."""
    high, low = x[y == 1].mean(axis=0), x[y == 0].mean(axis=0)
    return high - low, float(-(high - low) @ (high + low) / 2)


def logistic(x: Array, y: Array) -> tuple[Array, float]:
    """Logistic regression with an L2 penalty that grows as examples get few."""
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

    model = LogisticRegression(C=len(x) / 2_000, max_iter=500).fit(x, y)
    return np.asarray(model.coef_[0], dtype=np.float64), float(model.intercept_[0])


def linear_svm(x: Array, y: Array) -> tuple[Array, float]:
    """A linear support vector machine."""
    from sklearn.exceptions import ConvergenceWarning  # type: ignore[import-untyped]
    from sklearn.svm import LinearSVC  # type: ignore[import-untyped]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # close enough is enough: the held-out score tells
        model = LinearSVC(C=0.01, max_iter=3_000).fit(x, y)
    return np.asarray(model.coef_[0], dtype=np.float64), float(model.intercept_[0])


LINEAR: Mapping[str, Callable[[Array, Array], tuple[Array, float]]] = MappingProxyType({
    "mean": mean_difference, "logistic": logistic, "svm": linear_svm,
})  # fmt: skip
METHODS = (*LINEAR, "predictor")
BY_SKLEARN = ("logistic", "svm")
SKLEARN = "scikit-learn==1.9.1"  # the version that these are tested with


def methods_here() -> tuple[str, ...]:
    """Those of ``METHODS`` that run on this machine: scikit-learn is no part of what a show needs, and may be missing."""
    there = importlib.util.find_spec("sklearn") is not None
    return tuple(method for method in METHODS if there or method not in BY_SKLEARN)


def method_here(asked: str | None) -> str:
    """The method that is asked for; where none is, the best that runs here, with a line where that is not the usual one. Raises
    ConfigError where the one that is asked for cannot run."""
    if (asked or "logistic") in methods_here():
        return asked or "logistic"
    bring = f"{sys.executable} -m pip install {SKLEARN}"
    if asked is not None:
        raise ConfigError(f"--method {asked} needs scikit-learn, which is not installed: {bring}; or take --method mean")
    print(f"facets: scikit-learn is not installed: --method mean is taken, without {' and '.join(BY_SKLEARN)}; {bring}", file=sys.stderr)
    return "mean"


def fit(method: str, data: Split) -> Found:
    """Fit one method, of ``methods_here``."""
    if method == "predictor":
        return _predictor(data)
    normal, offset = LINEAR[method](data.train, data.train_labels)
    right, learned = (_right(x @ normal + offset, y) for x, y in ((data.test, data.test_labels), (data.train, data.train_labels)))
    return Found(method, _unit(normal @ data.back), right, learned)


def _right(scores: Array, labels: Array) -> float:
    return float(((scores > 0) == (labels == 1)).mean())


def _predictor(data: Split) -> Found:
    torch.manual_seed(0)
    x, y = torch.from_numpy(data.train).float(), torch.from_numpy(data.train_labels).float()
    width = min(64, max(8, len(x) // 8))
    network = torch.nn.Sequential(torch.nn.Linear(x.shape[1], width), torch.nn.GELU(), torch.nn.Dropout(0.3), torch.nn.Linear(width, 1))
    optimizer = torch.optim.AdamW(network.parameters(), 3e-3, weight_decay=0.05)
    for _ in range(PREDICTOR_STEPS):
        index = torch.randint(len(x), (min(128, len(x)),))
        loss = F.binary_cross_entropy_with_logits(network(x[index])[:, 0], y[index])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    network.eval()
    with torch.no_grad():
        scores = [network(torch.from_numpy(part).float())[:, 0].double().numpy() for part in (data.test, data.train)]
    right, learned = _right(scores[0], data.test_labels), _right(scores[1], data.train_labels)
    leaf = x.clone().requires_grad_(True)
    (gradient,) = torch.autograd.grad(network(leaf).sum(), leaf)
    return Found("predictor", _unit(gradient.mean(dim=0).double().numpy() @ data.back), right, learned)


def accuracy_by_size(codes: Array, labels: Array, methods: Sequence[str], seed: int = 0) -> dict[str, dict[int, float]]:
    """Held-out accuracy of each method with 100, 300, … labelled examples, as far as there are so many."""
    data = split(codes, labels, seed)
    order = np.random.default_rng(seed).permutation(len(data.train))
    table: dict[str, dict[int, float]] = {method: {} for method in methods}
    for size in [s for s in SIZES if s < len(order)] + [len(order)]:
        part = order[:size]
        if len(np.unique(data.train_labels[part])) < 2:
            continue
        smaller = Split(data.train[part], data.train_labels[part], data.test, data.test_labels, data.back)
        for method in methods:
            table[method][size] = round(fit(method, smaller).accuracy, 3)
    return table


def conditional(direction: Array, others: Sequence[Array]) -> Array:
    """The direction [D] without its share in the span of others, unit length (InterFaceGAN's conditional manipulation).

    Raises ConfigError where nothing is left.
    """
    if len(others):
        basis, _ = np.linalg.qr(np.stack(others).T)
        direction = direction - basis @ (basis.T @ direction)
    if np.linalg.norm(direction) < 1e-3:
        raise ConfigError("nothing of the direction is left beside the ones it must not touch: name fewer of them with --without")
    return _unit(direction)


def _unit(x: Array) -> Array:
    return np.asarray(x / max(float(np.linalg.norm(x)), 1e-12))
