"""The command grid: what is on the sheet and on the page, with several kinds of generators and of faces."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import installation.commands.grid as grid_command
from installation.__main__ import main
from installation.codes.code import Code
from installation.codes.draw import CodePainter
from installation.codes.files import read_codes
from installation.darkroom.grid import Face, Grid, drawn, sheet_size

ROOT = Path(__file__).resolve().parents[2]
STYLEGAN3 = ROOT / "tests" / "data" / "parity" / "stylegan3_r_64_small.pkl"
SMALL = ROOT / "tests" / "data" / "parity" / "nvlabs_64_small.pkl"
FACE = ROOT / "installation" / "demo" / "faces" / "03992.webp"


def grid(*words):
    return main(["grid", *map(str, words)])


def cell(sheet, row, column, side=32):
    """Of a sheet with cells of ``side`` px, counted from 1; row 0 are the columns' faces."""
    x = 3 if column == 0 else side + 14 + 3 + (column - 1) * (side + 3)
    y = 3 if row == 0 else side + 14 + 26 + 3 + (row - 1) * (side + 3)
    return np.asarray(sheet.crop((x, y, x + side, y + side // 2))).astype(int)  # names stand in the lower half


def alike(a, b):
    return np.abs(a - b).max() <= 2


@pytest.mark.parametrize("generator", [STYLEGAN3, SMALL], ids=lambda path: path.stem)
def test_a_sheet_of_seeds(tmp_path, generator):
    out = tmp_path / "grid.png"
    words = ["--rows", "1-2", "--columns", "5,7", "9", "--psi", 1, "--cell", 32, "--out", out, "--generator", generator]
    assert grid(*words, "--weights", "1") == 0
    sheet = Image.open(out)
    for column in (1, 2, 3):  # with all weight on the column every row shows its face
        for row in (1, 2):
            assert alike(cell(sheet, row, column), cell(sheet, 0, column))
    assert not alike(cell(sheet, 0, 1), cell(sheet, 0, 2))
    assert grid(*words, "--weights", "0", "--force") == 0
    sheet = Image.open(out)
    assert alike(cell(sheet, 2, 1), cell(sheet, 2, 0)) and alike(cell(sheet, 2, 3), cell(sheet, 2, 0))


def test_photographs_files_and_the_mean_on_a_page(tmp_path):
    page = tmp_path / "page"
    assert grid("--rows", FACE, "mean", "--columns", "3", "--page", page) == 0
    told = json.loads((page / "grid.json").read_text())
    assert told["rows"] == ["03992", "mean"] and told["columns"] == ["seed 3"]
    assert sorted(path.name for path in page.glob("*.npz")) == ["column-1.npz", "r1-c1.npz", "r2-c1.npz", "row-1.npz", "row-2.npz"]
    text = (page / "index.html").read_text()
    assert all(f'data-file="{name}"' in text for name in ("r1-c1", "r2-c1", "row-1", "column-1")) and "%" not in text.replace("0%", "")
    (code,) = read_codes(page / "row-1.npz")
    assert code.detail is not None and "sha256:" in code.card["generator"]
    # What it wrote it reads: the same face comes back.
    again = tmp_path / "again"
    assert grid("--rows", page / "row-1.npz", "--columns", page / "column-1.npz", "--page", again) == 0
    old, new = (np.asarray(Image.open(folder / "r1-c1.jpg")).astype(int) for folder in (page, again))
    assert np.abs(old - new).mean() < 1.5


def test_one_w_for_all_layers(tmp_path):
    page = tmp_path / "page"
    grid("--rows", "1", "--columns", "2", "--space", "w", "--weights", "0.5", "--generator", SMALL, "--page", page)
    (code,) = read_codes(page / "r1-c1.npz")
    assert float((code.ws - code.ws[:1]).abs().max()) == 0.0


@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        (["--rows", "1", "--columns", "2"], 2, "name a sheet"),
        (["--rows", "1", "--columns", "nobody", "--out", "{}/a.png"], 2, "is no seed"),
        (["--rows", "1", "--columns", "9-1", "--out", "{}/a.png"], 2, "count upward"),
        (["--rows", "1", "--columns", "2", "--out", "{}/a.txt"], 2, "must end in .jpg or .png"),
        (["--rows", "1-60", "--columns", "1-60", "--out", "{}/a.png"], 2, "more than 2500"),
        (["--rows", "1", "--columns", "1-40", "--cell", "2048", "--out", "{}/a.jpg"], 2, "more than the 65500 px of a JPEG"),
        (["--rows", "1", "--columns", "2", "--weights", "3", "--out", "{}/a.png"], 2, "--weights: '3' is no weight"),
        (["--rows", "1", "--columns", "2", "--psi", "9", "--out", "{}/a.png"], 2, "--psi"),
        (["--rows", "1", "--columns", "2", "--page", "{}"], 2, "is not empty"),
        (["--rows", "1", "--columns", "{}/face.webp", "--out", "{}/a.png"], 3, "face.webp"),
    ],
)
def test_what_cannot_be_is_one_sentence(tmp_path, words, code, reason, capsys):
    (tmp_path / "face.webp").write_bytes(b"none")
    generator = [] if "face.webp" in "".join(words) else ["--generator", SMALL]
    assert grid(*(word.format(tmp_path) for word in words), *generator) == code
    said = capsys.readouterr().err.strip().splitlines()
    assert reason in said[-1]
    assert not (tmp_path / "a.png").exists()


def test_a_code_of_another_generator_is_refused(tmp_path, capsys):
    np.save(tmp_path / "other.npy", np.zeros((18, 512)))
    assert grid("--rows", tmp_path / "other.npy", "--columns", "1", "--generator", SMALL, "--out", tmp_path / "a.png") == 2
    assert "is 18x512, the generator's are 10x64" in capsys.readouterr().err


@pytest.mark.parametrize("where", ["--out", "--page"])
def test_what_no_memory_holds_is_said_before_it_is_drawn(where, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(grid_command, "memory_mb", lambda: (4000.0, 20.0))
    monkeypatch.setattr(CodePainter, "draw", lambda *_: pytest.fail("a face was drawn"))
    big = tmp_path / ("page" if where == "--page" else "a.png")
    assert grid("--rows", "1-50", "--columns", "1-50", "--cell", "2048", "--generator", SMALL, where, big) == 2
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert "50 × 50 faces need" in said and "20 MB are free" in said and ("lower --cell" in said) == (where == "--out")
    assert not big.exists()


def test_the_sheet_is_as_large_as_it_was_said_to_be():
    face = Face(Code("me", torch.zeros(1, 4)), np.zeros((64, 64, 3), np.uint8))
    made = drawn(Grid((face,) * 2, (face,) * 3, ((face,) * 3,) * 2, "0.5", "W", "small"), 40)
    assert made.size == sheet_size(2, 3, 40)
