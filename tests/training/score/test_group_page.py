"""Scores of edits by group: what is told of every direction, in which unit, and the page of it."""

import numpy as np
import pytest

from installation.training.directions.effects import MEASURES
from installation.training.score.glazing import NUMBERS, GlassScores, joined
from installation.training.score.group_page import HEADINGS, group_page
from installation.training.score.report import Sheet, put_glass
from installation.training.score.sample import Sitter

NAMES = ("age", "smile", "hats")


def sitters() -> list[Sitter]:
    blank = np.zeros((4, 4, 3), np.uint8)
    told = [{"race": "X" if k < 6 else "Y", "gender": "female" if k % 2 else "male", "age": "20-29"} for k in range(8)]
    return [Sitter(str(k), labels, blank, blank[..., 0] > 0, np.zeros((468, 3), np.float32)) for k, labels in enumerate(told)]


def scores() -> GlassScores:
    """Age darkens Y alone; every face grows 10 years older and 5 younger, and smiles by 0.2."""
    numbers = {name: np.zeros((8, 3, 2)) for name in NUMBERS}
    numbers["lightness"][6:, 0, 1] = -4.0
    numbers["colour"][:, 0] = 3.0
    numbers["leak"][:, 0, 1] = 0.25
    effects = np.zeros((8, 3, 2, len(MEASURES)))
    effects[:, 0, :, MEASURES.index("age")] = (-5, 10)
    effects[:, 1, :, MEASURES.index("smile")] = (-0.2, 0.2)
    own = np.zeros((8, len(MEASURES)))
    own[:, MEASURES.index("smile")] = (0.1, -0.1) * 4
    return GlassScores(NAMES, numbers, np.full((8, 3, 2), 0.9), effects, own)


def report_of(judged=()) -> dict:
    sheet = Sheet({}, {})
    put_glass(sheet, scores(), [], sitters(), judged)
    return {**sheet.scores, "glass_of": {"faces": 8}, "judged_by": "a stranger"}


def test_own_effects_are_in_years_and_in_deviations_of_all_the_faces():
    rows = report_of()["glass_directions"]
    assert (rows["age"]["own-1"], rows["age"]["own+1"], rows["age"]["own_unit"]) == (-5, 10, "years")
    assert (rows["smile"]["own-1"], rows["smile"]["own+1"], rows["smile"]["own_unit"]) == (-2, 2, "deviations")
    assert "own_unit" not in rows["hats"]  # nobody measures hats
    judged = report_of(["smile"])["glass_directions"]["smile"]
    assert judged["own+1"] == pytest.approx(0.2)  # a judge's word is in deviations already


def test_every_direction_is_told_of_every_group():
    page = group_page(report_of()).splitlines()
    assert "read by a stranger" in " ".join(page)
    at = page.index("## age, own effect in years")
    rows = {line.split("|")[1].strip(): [cell.strip() for cell in line.split("|")[2:-1]] for line in page[at + 2 : at + 10]}
    assert rows[""] == list(HEADINGS)
    #                     faces  own             L             each   E      leak    identity
    assert rows["everybody"] == ["8", "-5.0", "+10.0", "+0.0", "-1.0", "0.5", "3.0", "0.12", "0.90"]
    assert rows["race X"] == ["6", "-5.0", "+10.0", "+0.0", "+0.0", "0.0", "3.0", "0.12", "0.90"]
    assert rows["race Y*"] == ["2", "-5.0", "+10.0", "+0.0", "-4.0", "2.0", "3.0", "0.12", "0.90"]
    assert {"age 20-29", "gender female*", "gender male*"} <= set(rows)
    assert "## hats" in page and "| everybody | 8 | – | – |" in next(line for line in page[page.index("## hats") :] if "everybody" in line)


def test_ages_come_in_their_order():
    report = report_of()
    row = report["glass_groups"]["age"]["20-29"]
    report["glass_groups"]["age"] = dict.fromkeys(("10-19", "20-29", "3-9", "more than 70"), row)
    page = group_page(report)
    assert page.index("age 3-9") < page.index("age 10-19") < page.index("age 20-29") < page.index("age more than 70")


def test_faces_of_several_parts_keep_their_own_measures():
    whole = scores()
    parts = [whole.of(np.arange(3)), whole.of(np.arange(3, 8))]
    both = joined(parts)
    assert both is not None and np.array_equal(both.own, whole.own) and np.array_equal(both.effects, whole.effects)
