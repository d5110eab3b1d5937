"""The measure of inversion: what was measured is not measured again, and what could not be is not passed over in silence."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import benchmarks.inversion as measure
from benchmarks.inversion import ALONE, Report, by_turns, table

HOW = {"clock": "wall", "threads": 2, "seconds": [2.0, 10.0]}


def rows(alone, inverted, smile=0.5):
    return {ALONE: {"identity": alone}, "10 s": {"identity": inverted, "edit smile": smile}}


def test_a_measurement_goes_on_and_another_does_not_mix_with_it(tmp_path):
    report = Report.of(HOW, tmp_path / "all.json")
    report.add("a/1", rows(0.3, 0.6))
    again = Report.of(json.loads(json.dumps(HOW)), tmp_path / "all.json")
    assert again.sitters == report.sitters
    again.add("b/1", rows(0.2, 0.3))
    assert list(Report.of(HOW, tmp_path / "all.json").sitters) == ["a/1", "b/1"]
    with pytest.raises(SystemExit, match="measured otherwise"):
        Report.of({**HOW, "clock": "cpu"}, tmp_path / "all.json")


def test_parts_are_put_together(tmp_path):
    for name in ("a", "b"):
        Report.of(HOW, tmp_path / f"{name}.json").add(name, rows(0.3, 0.6))
    whole = Report.of(HOW, tmp_path / "all.json")
    for name in ("a", "b"):
        whole.take(tmp_path / f"{name}.json")
    assert list(Report.of(HOW, tmp_path / "all.json").sitters) == ["a", "b"]
    with pytest.raises(SystemExit, match="none"):
        whole.take(tmp_path / "none.json")


def test_gains_are_of_each_sitter():
    report = Report(HOW, None, {"a": rows(0.1, 0.2), "b": rows(0.5, 0.9), "c": rows(0.2, 0.4)})
    assert report.gains() == ["10 s: identity rises by 0.20 at the median, 0.10 to 0.40, of 3"]


def test_where_nothing_could_be_measured_the_table_says_of_how_many_it_speaks():
    found = table(Report(HOW, None, {"a": rows(0.1, 0.2, np.nan), "b": rows(0.5, 0.9, 0.25)}).rows).splitlines()
    assert found[-1] == "| 10 s | 2 | 0.55 | 0.25 (1) |" and found[-2] == f"| {ALONE} | 2 | 0.3 | – |"


def test_packs_come_by_turns_and_one_that_is_too_small_is_named(monkeypatch):
    sizes = {"x": 3, "y": 1}

    def drawn(sources, limit):
        count = min(limit, sizes[sources[0].name])
        return SimpleNamespace(sitters=[SimpleNamespace(name=str(k)) for k in range(count)])

    monkeypatch.setattr(measure, "draw_sample", drawn)
    assert [name for name, _ in by_turns([Path("x"), Path("y")], 2)] == ["x/0", "y/0"]
    with pytest.raises(SystemExit, match="y: has 1 faces"):
        list(by_turns([Path("x"), Path("y")], 4))


def test_seconds_of_several_threads_are_no_seconds(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["inversion", "--faces", "x", "--nets", "y", "--clock", "cpu", "--threads", "2"])
    with pytest.raises(SystemExit):
        measure.main()
    assert "--threads 1" in capsys.readouterr().err
