"""Sliders from labels: what is learned of one attribute is not another's, and the whole way on drawings of which the truth is known."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from installation.commands.drawings import main as draw
from installation.errors import ConfigError
from installation.latents.directions import load_directions
from installation.training.directions import labelled
from installation.training.directions.classifiers import fit
from installation.training.directions.covariates import BETWEEN_GROUPS
from installation.training.directions.labelled import Faces, accuracy_by_labels, accuracy_table, alike, direction_of, read_sides
from installation.training.directions.own_attribute import main

pytest.importorskip("sklearn")
STYLES, WIDE = 4, 32
NAMES = ("hair-colour", "hair-length", "eye-colour")
FOLDERS = ["--name", "hats", "--positives", "with", "--negatives", "without"]


class Shape:
    """As much of the models as a direction's size needs."""

    latent_avg = torch.zeros(STYLES, WIDE)


@pytest.fixture(scope="module")
def faces() -> Faces:
    """Codes along three axes, of which the first two often come together: most light hair is long."""
    rng = np.random.default_rng(0)
    axes = np.linalg.qr(rng.standard_normal((STYLES * WIDE, 3)))[0].T
    count = 400
    signs = {name: rng.choice([-1, 1], count) for name in NAMES}
    together = rng.random(count) < 0.6
    signs["hair-length"] = np.where(together, signs["hair-colour"], signs["hair-length"])
    values = np.stack([signs[name] for name in NAMES], axis=1)
    codes = values @ axes + 0.25 * rng.standard_normal((count, STYLES * WIDE)) / 4
    details = (values @ np.eye(3, 5)).reshape(count, 5, 1, 1).repeat(2, 2).repeat(2, 3).astype(np.float32)
    made = Faces((), codes, details, np.full((count, 468, 2), 0.5), signs, np.zeros((count, 9)))
    return made, axes  # type: ignore[return-value]


def bounds_of(faces: Faces) -> dict:
    return {name: fit("svm", labelled._split(faces, name, 0)) for name in NAMES}


def test_a_slider_leaves_the_others_boundaries_alone(faces) -> None:
    faces, axes = faces
    bounds = bounds_of(faces)
    kept = direction_of(Shape, faces, bounds, "hair-colour", [])  # type: ignore[arg-type]
    free = direction_of(Shape, faces, bounds, "hair-colour", None)  # type: ignore[arg-type]
    vector = kept.vector.flatten().double().numpy()
    unit = vector / np.linalg.norm(vector)
    for other in ("hair-length", "eye-colour"):
        assert abs(unit @ bounds[other].direction) < 1e-6
    assert unit @ axes[0] > 0.8  # from the side before the colon to the one behind it
    mixed = free.vector.flatten().double().numpy()
    assert abs(mixed @ bounds["hair-length"].direction) > 1e-3
    # In the residual the first attribute's own difference is found, and nothing of the one that it mostly comes with.
    shift = kept.maps.shift[:, 0, 0].numpy() / labelled.STRONG
    assert shift[0] == pytest.approx(2, abs=1e-4) and abs(shift[1:]).max() < 1e-4


def test_dark_hair_that_is_seen_with_dark_skin_moves_no_skin(faces) -> None:
    faces, axes = faces
    rng = np.random.default_rng(1)
    skin = np.linalg.qr(np.concatenate([axes, rng.standard_normal((1, STYLES * WIDE))]).T)[0].T[3]
    look = np.zeros((len(faces.codes), 9))
    look[:, 0] = 50 + 10 * (faces.signs["hair-colour"] + rng.standard_normal(len(look)))
    seen = replace(faces, codes=faces.codes + (look[:, :1] - 50) / 10 * skin, look=look)

    def share(of: Faces) -> float:
        vector = direction_of(Shape, of, bounds_of(of), "hair-colour", []).vector.flatten().double().numpy()  # type: ignore[arg-type]
        return abs(float(vector @ skin / np.linalg.norm(vector)))

    held, free = share(alike(seen, BETWEEN_GROUPS)), share(alike(seen, ()))
    assert held < 0.1 and free > 0.3


def test_accuracies_stand_beside_the_published_ones(faces) -> None:
    faces, _ = faces
    splits = {name: [labelled._split(faces, name, seed) for seed in range(2)] for name in NAMES}
    table = accuracy_table(splits)
    assert "published" in table[0] and "0.90 / 0.67" in table[1] and "1.00 / 0.73" in table[2] and "1.00 / 0.67" in table[3]
    assert table[1].split()[1] == "400" and table[1].split()[2] == "1.00"
    for name, line in zip(splits, table[1:], strict=True):
        most = max((faces.signs[name] > 0).sum(), (faces.signs[name] < 0).sum()) / (faces.signs[name] != 0).sum()
        assert line.split()[-1] == f"{most:.2f}"
    curve = accuracy_by_labels(splits)
    assert "80 % with 100 labels" in curve[0] and len(curve) == 1 + 3 * 3
    assert all(line.count("%") == 5 and "25: " in line and "320: " in line for line in curve[1:])  # 25, 50, 100, 200, all


def test_sides_are_read() -> None:
    assert read_sides("eye-colour=brown:blue, green") == ("eye-colour", (("brown",), ("blue", "green")))
    for text, why in (
        ("eyes=brown:blue", "NAME is one of"),
        ("eye-colour=brown", "is no NAME=FROM:TO"),
        ("eye-colour=brown:", "is no NAME=FROM:TO"),
        ("eye-colour=brown:hazel", "'hazel' is none of"),
        ("eye-colour=brown,blue:blue", "'blue' is on both sides"),
    ):
        with pytest.raises(ConfigError, match=why):
            read_sides(text)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ([], "name the slider and two folders"),
        (["--labels", "x.csv"], "name the folder or zip that they were read off"),
        (["--labels", "x.csv", "--name", "hats"], "goes without --name"),
        (["--labels", "x.csv", "--pictures", "."], "there is no such file of labels"),
        (["--labels", "x.csv", "--pictures", ".", "--compare"], "--compare goes without --labels"),
        ([*FOLDERS, "--sheet", "all.jpg"], "--sheet goes with --labels alone"),
        ([*FOLDERS, "--sides", "eye-colour=brown:blue"], "--sides goes with --labels alone"),
        ([*FOLDERS, "--pictures", "."], "--pictures goes with --labels alone"),
    ],
)
def test_what_does_not_go_together_is_said(arguments, why) -> None:
    with pytest.raises(ConfigError, match=why):
        main(arguments)


def test_nothing_is_written_over_unless_that_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "sheet.jpg").write_bytes(b"mine")
    (tmp_path / "hair-colour.safetensors").write_bytes(b"mine")
    labels = tmp_path / "labels.csv"
    rows = [f"{k:02d}.png,{'black' if k % 2 else 'blond'},long,brown,\n" for k in range(20)]
    labels.write_text("file,hair-colour,hair-length,eye-colour,by\n" + "".join(rows))
    from_labels = ["--labels", str(labels), "--pictures", str(tmp_path), "--out"]
    for arguments, name in (
        ([*from_labels, str(tmp_path)], "hair-colour"),
        ([*from_labels, str(tmp_path / "new"), "--sheet", str(tmp_path / "sheet.jpg")], "sheet"),
        ([*FOLDERS, "--out", str(tmp_path / "hair-colour.safetensors")], "hair-colour"),
    ):
        with pytest.raises(ConfigError, match=rf"{name}\..*: is there already"):
            main(arguments)
        with pytest.raises(ConfigError) as told:  # and so it goes on to the first thing that is missing
            main([*arguments, "--force"])
        assert "is there already" not in str(told.value)
    with pytest.raises(ConfigError, match=r"must end in \.jpg or \.png"):
        main([*from_labels, str(tmp_path / "new"), "--sheet", str(tmp_path / "sheet.gif")])
    assert (tmp_path / "sheet.jpg").read_bytes() == (tmp_path / "hair-colour.safetensors").read_bytes() == b"mine"


@pytest.mark.slow
@pytest.mark.skipif("FACETS_SLOW" not in os.environ, reason="two minutes of both cores; FACETS_SLOW=1 runs it")
def test_the_whole_way_on_drawings(tmp_path: Path, capsys) -> None:
    drawn, out = tmp_path / "drawn", tmp_path / "directions"
    draw(["--out", str(drawn), "--count", "40"])
    rows = (drawn / "truth.csv").read_text().splitlines()
    labels = tmp_path / "labels.csv"  # of the hair alone, its colour and its length: each takes its time to learn
    labels.write_text("".join(f"{','.join(row.split(',')[:3])},{'' if k else 'eye-colour'}\n" for k, row in enumerate(rows)))
    arguments = ["--labels", str(labels), "--pictures", str(drawn), "--out", str(out), "--sheet", str(tmp_path / "sheet.jpg")]
    assert main([*arguments, "--sides", "hair-colour=black,brown,blue,purple:blond,grey,white,pink"]) == 0
    said = capsys.readouterr().out
    assert "published" in said and "the others preserved" in said
    found = load_directions(sorted(out.glob("*.safetensors")), 14, 256)
    assert sorted(found.names) == sorted(NAMES[:2]) and all(one.maps.shift is not None for one in found.directions)
    assert (tmp_path / "sheet.jpg").stat().st_size > 20_000
    row = next(line for line in said.splitlines() if line.startswith("  hair-colour ") and "the others preserved" in line)
    assert float(row.split()[-3]) > 0.5  # it lightens hair
