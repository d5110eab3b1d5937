import numpy as np
import pytest

from installation.errors import ConfigError
from installation.training.directions.classifiers import METHODS, accuracy_by_size, conditional, fit, split

pytest.importorskip("sklearn")
DIMENSIONS = 300


@pytest.fixture(scope="module")
def groups() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Codes that differ along one direction, in much noise along few others; labels; the direction."""
    rng = np.random.default_rng(0)
    true = rng.standard_normal(DIMENSIONS)
    true /= np.linalg.norm(true)
    labels = np.repeat([1.0, 0.0], 400)
    basis = rng.standard_normal((12, DIMENSIONS)) / DIMENSIONS**0.5
    codes = labels[:, None] * true * 2.5 + rng.standard_normal((800, 12)) @ basis + 0.05 * rng.standard_normal((800, DIMENSIONS))
    return codes, labels, true


@pytest.mark.parametrize("method", METHODS)
def test_every_method_finds_what_tells_the_groups_apart(method: str, groups: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    codes, labels, true = groups
    found = fit(method, split(codes, labels))
    assert found.accuracy > 0.9 and found.direction @ true > 0.7
    assert np.linalg.norm(found.direction) == pytest.approx(1)


def test_labels_at_random_are_not_told_apart(groups: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    codes, labels, _ = groups
    shuffled = np.random.default_rng(3).permutation(labels)
    assert all(0.3 < fit(method, split(codes, shuffled)).accuracy < 0.7 for method in METHODS)


def test_accuracy_grows_with_the_examples(groups: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    codes, labels, _ = groups
    table = accuracy_by_size(codes, labels, ["mean", "logistic"])
    assert list(table["logistic"]) == [100, 300, 640]
    assert table["logistic"][640] >= table["logistic"][100] - 0.02


def test_a_conditional_direction_leaves_the_others_alone() -> None:
    rng = np.random.default_rng(1)
    direction, others = rng.standard_normal(40), [rng.standard_normal(40) for _ in range(3)]
    left = conditional(direction, others)
    assert max(abs(left @ other) for other in others) < 1e-9 and np.linalg.norm(left) == pytest.approx(1)
    with pytest.raises(ConfigError, match="nothing"):
        conditional(others[0] + others[1], others)
