"""Who still counts as the same person after an edit: judged by how alike strangers are."""

import numpy as np
import pytest

from installation.training.score.glazing import NUMBERS, GlassScores, _same_from
from installation.training.score.report import Sheet, put_glass


def embeddings(count, width=64, seed=3):
    found = np.random.default_rng(seed).normal(size=(count, width))
    return list(found / np.linalg.norm(found, axis=1, keepdims=True))


def test_hardly_any_pair_of_strangers_passes_for_one_person():
    faces = embeddings(100)
    same = _same_from(faces)
    alike = [a @ b for k, a in enumerate(faces) for b in faces[:k]]
    assert sum(one > same for one in alike) == pytest.approx(len(alike) / 1000, abs=1)


def test_too_few_sitters_tell_nothing():
    assert _same_from(embeddings(45)) is None and _same_from(embeddings(46)) is not None and _same_from([]) is None


def scores(identity, same):
    numbers = {name: np.ones((4, 1, 2)) for name in NUMBERS}
    return GlassScores(("age",), numbers, np.array(identity).reshape(4, 1, 2), same=same)


def row(found):
    sheet = Sheet({}, {})
    put_glass(sheet, found, ())
    return sheet.scores["glass_directions"]["age"]


def test_the_share_of_portraits_that_are_still_the_sitter_is_told():
    found = scores([0.9, 0.3, 0.8, 0.7, 0.2, 0.6, 0.9, 0.9], 0.5)
    assert row(found)["same_person"] == 0.75
    assert row(found.of(np.array([0])))["same_person"] == 0.5
    assert "same_person" not in row(scores([0.9] * 8, None))
