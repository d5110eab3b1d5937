"""Sliders where scikit-learn is not installed: what cannot be is said before any picture is opened, and the rest works."""

import importlib.util
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from installation.errors import ConfigError
from installation.training.directions import own_attribute
from installation.training.directions.classifiers import SKLEARN, Split, fit, method_here, methods_here
from installation.training.directions.labelled import accuracy_by_labels, accuracy_table
from installation.training.directions.own_attribute import main

ROOT = Path(__file__).resolve().parents[3]
LABELS = ["--labels", "labels.csv", "--pictures", "."]
FOLDERS = ["--name", "hats", "--positives", "with", "--negatives", "without"]


@pytest.fixture
def missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if nobody had installed it."""
    monkeypatch.setitem(sys.modules, "sklearn", None)


def split_of_two(count: int = 60) -> Split:
    rng = np.random.default_rng(0)
    labels = np.arange(count) % 2.0
    codes = rng.standard_normal((count, 4)) + 3 * labels[:, None]
    return Split(codes[: count // 2], labels[: count // 2], codes[count // 2 :], labels[count // 2 :], np.eye(4))


@pytest.mark.parametrize("arguments", [LABELS, FOLDERS], ids=["labels", "folders"])
@pytest.mark.parametrize("method", ["svm", "logistic"])
def test_a_method_that_is_not_there_is_said_at_the_start(arguments, method, missing) -> None:
    with pytest.raises(ConfigError) as told:  # and not that labels.csv, or a folder, is not there
        main([*arguments, "--method", method])
    assert f"--method {method} needs scikit-learn" in str(told.value)
    assert f"{sys.executable} -m pip install {SKLEARN}" in str(told.value) and "--method mean" in str(told.value)


def test_what_is_asked_for_without_a_method_runs_all_the_same(missing, capsys) -> None:
    assert methods_here() == ("mean", "predictor") and method_here(None) == "mean"
    told = capsys.readouterr().err
    assert "scikit-learn is not installed" in told and f"-m pip install {SKLEARN}" in told
    for arguments in (LABELS, FOLDERS):  # on to the first thing that is really missing
        with pytest.raises(ConfigError, match=r"labels\.csv|with"):
            main(arguments)


def test_the_tables_leave_out_what_is_not_there(missing) -> None:
    splits = {"hair-colour": [split_of_two()]}
    table, curve = accuracy_table(splits), accuracy_by_labels(splits)
    assert "two layers" in table[0] and "svm" not in table[0] and len(table[1].split()) == 9
    assert len(curve) == 2 and "predictor" in curve[1]


def test_the_version_is_the_one_that_is_tested() -> None:
    pinned = re.search(r"^scikit-learn==\S+", (ROOT / "requirements-dev.lock").read_text(encoding="utf-8"), re.MULTILINE)
    assert pinned is not None and pinned.group() == SKLEARN
    for page in ("artist.md", "models.md"):
        assert f".venv/bin/python -m pip install {SKLEARN}" in (ROOT / "docs" / page).read_text(encoding="utf-8")


@pytest.mark.skipif(importlib.util.find_spec("sklearn") is None, reason="scikit-learn is not installed")
def test_where_it_is_installed_it_is_taken(capsys) -> None:
    assert method_here(None) == "logistic" and method_here("svm") == "svm" and methods_here() == own_attribute.METHODS
    assert capsys.readouterr().err == "" and fit("logistic", split_of_two()).accuracy > 0.9
