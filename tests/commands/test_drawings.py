"""``python -m installation drawings``: drawn people of whom everything is known."""

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from installation.commands.drawings import main
from installation.drawings.pen import Sheet, curve
from installation.drawings.person import DYED, EYES, HAIR, LENGTHS, LONG_FROM, MEDIUM_FROM, draw_lots
from installation.drawings.portrait import portrait
from installation.errors import ConfigError
from installation.training.directions.aligned_mesh import AlignedMesh


def test_a_folder_with_the_truth_of_each(tmp_path: Path) -> None:
    assert main(["--out", str(tmp_path / "drawn"), "--count", "3", "--size", "128", "--sheet", str(tmp_path / "sheet.jpg")]) == 0
    with (tmp_path / "drawn" / "truth.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["file"] for row in rows] == ["drawn-0001.png", "drawn-0002.png", "drawn-0003.png"]
    for number, row in enumerate(rows, 1):
        person = draw_lots(number)
        assert (row["hair-colour"], row["hair-length"], row["eye-colour"]) == (person.hair, person.length_name, person.eyes)
        assert np.asarray(Pillow.open(tmp_path / "drawn" / row["file"])).shape == (128, 128, 3)
    assert (tmp_path / "sheet.jpg").stat().st_size > 10_000
    with pytest.raises(ConfigError, match="is there already"):
        main(["--out", str(tmp_path / "drawn"), "--count", "1"])


def test_the_same_person_is_the_same_drawing_and_a_face_where_the_networks_look() -> None:
    person = draw_lots(5)
    one, again, other = portrait(person), portrait(draw_lots(5)), portrait(draw_lots(6))
    assert (one == again).all() and np.abs(one.astype(int) - other).mean() > 10
    mesh = AlignedMesh()
    assert mesh(one) is not None and mesh(other) is not None


def test_lots_are_fair_and_independent() -> None:
    people = [draw_lots(seed) for seed in range(1500)]
    count = {name: sum(one.hair == name for one in people) for name in HAIR}
    assert min(count[name] for name in HAIR if name not in DYED) > 1.3 * max(count[name] for name in DYED)
    assert {one.length_name for one in people} == set(LENGTHS) and {one.eyes for one in people} == set(EYES)
    longs = [one for one in people if one.length_name == "long"]
    for name in EYES:  # as often with long hair as with any
        share = sum(one.eyes == name for one in longs) / len(longs)
        assert abs(share - sum(one.eyes == name for one in people) / len(people)) < 0.06
    assert not [one for one in people if min(abs(one.length - edge) for edge in (MEDIUM_FROM, LONG_FROM)) < 0.045]


def test_a_wide_blur_on_a_small_copy_is_the_same_blur() -> None:
    sheet = Sheet(128)
    shape = curve([(0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6)])
    sharp, soft = sheet.cover(shape), sheet.cover(shape, 0.05)
    assert abs(float(soft.sum() / sharp.sum()) - 1) < 0.03  # nothing is lost
    assert 0.5 < soft[128, 128] < 1 and soft[20, 20] == 0
