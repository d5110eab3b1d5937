"""``python -m installation labels``: hair and eyes read off drawings of which the truth is known, and the file that they go to."""

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import EpsImagePlugin
from PIL import Image as Pillow

from installation.commands.drawings import main as draw
from installation.errors import ConfigError
from installation.training.data.datasets import Picture
from installation.training.labels.colours import Lab, eye_name, hair_name, lab_of
from installation.training.labels.command import main
from installation.training.labels.found import FaceFinder
from installation.training.labels.reading import Reader
from installation.training.labels.table import ATTRIBUTES, MEASURED, PERSON, Label, agreement, read_labels, write_labels

ROOT = Path(__file__).resolve().parents[3]
VISITORS = ROOT / "installation" / "demo" / "faces"
COUNT = 12


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("drawn")
    draw(["--out", str(folder / "d"), "--count", str(COUNT)])
    return folder / "d"


@pytest.fixture(scope="module")
def read(drawn, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("labels") / "labels.csv"
    assert main([str(drawn), "--out", str(out), "--sheet", str(out.with_suffix(".jpg"))]) == 0
    return out


def test_drawings_are_read_as_they_were_drawn(drawn, read, capsys) -> None:
    found = agreement(read_labels(read), read_labels(drawn / "truth.csv"))
    assert all(count == COUNT and right >= COUNT - 1 for right, count in found.values()), found
    assert read.with_suffix(".jpg").stat().st_size > 20_000
    main([str(drawn), "--out", str(read), "--truth", str(drawn / "truth.csv")])
    assert f"of {COUNT} as truth.csv has it" in capsys.readouterr().out


def test_photographs_are_read(capsys) -> None:
    finder, reader = FaceFinder(512), Reader()
    said = {}
    for path in sorted(VISITORS.glob("*.webp")):
        face = finder.open(Picture(path.name, path, {}))
        one = reader.read(face.crop, face.points)
        said[path.stem] = (one.hair_name, one.length_name, one.eye_name)
    assert said["01620"] == ("black", "short", "brown") and said["09460"] == ("black", "short", "brown")
    assert said["03992"][::2] == ("brown", "brown") and said["05015"] == ("black", "medium", "brown")


def test_a_wall_has_no_face(tmp_path) -> None:
    Pillow.fromarray(np.full((200, 300, 3), 120, np.uint8)).save(tmp_path / "wall.png")
    (tmp_path / "broken.png").write_bytes(b"PNG?")
    with pytest.raises(ConfigError, match="none of 2 pictures shows a face"):
        main([str(tmp_path), "--out", str(tmp_path / "labels.csv")])
    assert not (tmp_path / "labels.csv").exists()


def test_pictures_are_read_as_the_show_reads_them(tmp_path, monkeypatch) -> None:
    """Deep greys scaled, not clipped to white; what is a program is not handed to Ghostscript; a bomb is passed over."""
    grey = np.asarray(Pillow.open(VISITORS / "01620.webp").convert("L"))
    Pillow.fromarray(grey.astype(np.uint16) * 257).save(tmp_path / "deep.png")
    found = FaceFinder(512).open(Picture("deep.png", tmp_path / "deep.png", {}))
    assert not found.skipped and found.crop.std() > 20
    run: list[object] = []
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *given, **more: run.append(given) or Pillow.new("RGB", (90, 90)).im)
    program = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 90 90\n%%EndComments\n0 0 moveto 90 90 lineto stroke\nshowpage\n%%EOF\n"
    Pillow.new("1", (20000, 8000)).save(tmp_path / "bomb.png")
    for picture in (Picture("program.png", program, {}), Picture("bomb.png", (tmp_path / "bomb.png").read_bytes(), {})):
        assert FaceFinder(512).open(picture).skipped == "cannot be read"
    assert not run


def test_what_a_person_said_is_kept_whatever_is_read_again(drawn, read, tmp_path) -> None:
    out = tmp_path / "labels.csv"
    labels = read_labels(read)
    wrong = labels[0].corrected(["pink", "short", ""])
    write_labels(out, [wrong, labels[1].__class__("nothing.png", ("black", "short", "blue"), by=PERSON), *labels[2:]])
    assert main([str(drawn), "--out", str(out), "--again"]) == 0
    again = {one.file: one for one in read_labels(out)}
    assert again[wrong.file].names == ("pink", "short", "") and again[wrong.file].by == PERSON
    assert again["nothing.png"].names == ("black", "short", "blue")  # its picture is gone, what was said of it is not
    assert again[labels[1].file] == labels[1] and again[labels[2].file] == labels[2]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("a.png,purpel,short,brown", r"labels.csv:2: hair-colour: 'purpel' is none of black"),
        ("a.png,black,shortish,brown", "hair-length: 'shortish'"),
    ],
)
def test_a_wrong_word_is_named_with_its_line(tmp_path, row, why) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(f"file,{','.join(ATTRIBUTES)}\n{row}\n")
    with pytest.raises(ConfigError, match=why):
        read_labels(path)


def test_files_of_others_are_read_as_far_as_they_go(tmp_path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("\ufefffile,eye-colour,hair-length,hair-colour,note\nb.png, Blue ,,BLOND,hello\n", encoding="utf-8")
    assert read_labels(path) == [Label("b.png", ("blond", "", "blue"), by=PERSON, figures=("",) * 7)]
    path.write_text("name,age\nx,1\n")
    with pytest.raises(ConfigError, match="has no column 'file'"):
        read_labels(path)
    with pytest.raises(ConfigError, match="there is no such file"):
        read_labels(tmp_path / "none.csv")


def test_a_file_says_what_was_measured(read) -> None:
    with read.open() as file:
        rows = list(csv.DictReader(file))
    assert all(row["by"] == MEASURED and 0 <= float(row["hair-colour-sure"]) <= 1 and row["hair-L"] for row in rows)


@pytest.mark.parametrize(
    ("rgb", "name"),
    [
        ((20, 16, 18), "black"), ((92, 60, 42), "brown"), ((70, 46, 34), "brown"), ((208, 172, 110), "blond"), ((160, 70, 40), "red"),
        ((150, 150, 152), "grey"), ((236, 234, 230), "white"), ((50, 90, 180), "blue"), ((60, 140, 80), "green"), ((225, 120, 165), "pink"),
        ((120, 70, 155), "purple"),
    ],
)  # fmt: skip
def test_colours_of_hair_have_their_names(rgb, name) -> None:
    assert hair_name(Lab(*map(float, lab_of(np.array([[rgb]], np.uint8))[0, 0])))[0] == name


@pytest.mark.parametrize(
    ("rgb", "name"), [((90, 58, 36), "brown"), ((70, 118, 180), "blue"), ((80, 130, 80), "green"), ((120, 126, 130), "grey")]
)
def test_colours_of_eyes_have_their_names(rgb, name) -> None:
    assert eye_name(Lab(*map(float, lab_of(np.array([[rgb]], np.uint8))[0, 0])))[0] == name


def test_what_lies_on_an_edge_is_not_sure() -> None:
    assert hair_name(Lab(60.0, 6.0, 28.0))[1] > hair_name(Lab(56.5, 6.0, 28.0))[1]
    assert eye_name(Lab(40.0, 0.0, -30.0))[1] == 1.0 and eye_name(Lab(40.0, -3.0, -11.2))[1] < 0.3
