"""Children with snapshots, and the sheet from which an artist picks."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open

from installation.__main__ import main
from installation.checkpoints.loading import load_stylegan2, resolution_of, save_encoder, save_generator
from installation.checkpoints.stylegan3_file import save_stylegan3
from installation.errors import WeightsError
from installation.training.children.base import base_of_files
from installation.training.children.command import ChildOptions, ChildTrainer, due_at, free_number
from installation.training.children.sweep import CELL, GAP, LABEL, SIDE_LABEL, load_snapshot
from installation.training.model import Model, Shape
from tests.checkpoints.test_stylegan3_file import tiny_stylegan3
from tests.training.score.score_inputs import aligned_faces, frame_of, write_faces, write_model, write_nets


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model, a child of its layers from 32 px on, a child of all layers, a photograph."""
    out = tmp_path_factory.mktemp("sweep")
    generator, _ = write_model(out)
    base = load_stylegan2(generator)
    torch.manual_seed(5)
    for name, begins in (("late", 32), ("early", 4)):
        child = load_stylegan2(generator)
        with torch.no_grad():
            for key, value in child.named_parameters():
                if resolution_of(key) >= begins:
                    value.add_(torch.randn_like(value) * 0.5)
        kept = frozenset(r for r in child.resolutions if r >= begins)
        save_generator(child, out / f"{name}.safetensors", torch.zeros(base.styles, 32), {}, kept)
    Image.fromarray(frame_of("please.mkv", 4)).save(out / "me.png")
    return out


def sweep(folder, out, *more):
    arguments = ["sweep", "--base", folder / "generator.safetensors", "--encoder", folder / "encoder.safetensors"]
    children = ["--child", folder / "late.safetensors", folder / "early.safetensors"]
    return main([str(v) for v in (*arguments, *children, "--picture", folder / "me.png", "--out", out, *more)])


def cell(sheet, row, column):
    """A portrait of the sheet without its caption; row 0 is the sitter's."""
    top = GAP + row * (CELL + GAP) + (LABEL if row else 0)
    left = SIDE_LABEL + column * (CELL + GAP)
    return np.asarray(sheet, dtype=int)[top : top + CELL - 20, left : left + CELL]


def test_columns_swap_where_they_say(folder, tmp_path, capsys):
    assert sweep(folder, tmp_path / "sheet.png") == 0
    sheet = Image.open(tmp_path / "sheet.png")
    late, early = ([cell(sheet, row, column) for column in range(4)] for row in (1, 2))  # from 8, 16, 32, 64 px
    for a, b in ((0, 1), (1, 2)):
        assert (late[a] == late[b]).all()  # it learnt nothing below 32 px
        assert np.abs(early[a] - early[b]).mean() > 1
    assert np.abs(late[2] - late[3]).mean() > 1
    base = cell(sheet, 0, 1)
    assert all(np.abs(portrait - base).mean() > 1 for portrait in (late[2], early[0]))
    assert sweep(folder, tmp_path / "sheet.png") == 2 and "is there already" in capsys.readouterr().err


def test_where_a_child_begins_is_read_from_its_layers(folder):
    base = load_stylegan2(folder / "generator.safetensors")
    assert [load_snapshot(folder / f"{name}.safetensors", base).begins for name in ("late", "early")] == [32, 4]
    assert load_snapshot(folder / "generator.safetensors", base).begins > base.size


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (["--at", "24"], 2, "has layers of"),
        (["--out", "sheet.txt"], 2, ".jpg or .png"),
        (["--picture", "nowhere.jpg"], 3, "nowhere.jpg"),
        (["--child", "nowhere.safetensors"], 2, "nowhere.safetensors"),
    ],
)
def test_what_cannot_be_drawn_is_one_sentence(arguments, code, reason, folder, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert sweep(folder, tmp_path / "sheet.jpg", *arguments) == code
    error = capsys.readouterr().err
    assert reason in error and len(error.strip().splitlines()) == 1


def test_a_picture_without_a_face_is_said(folder, tmp_path, capsys):
    Image.new("RGB", (300, 300), (60, 90, 60)).save(tmp_path / "meadow.png")
    assert sweep(folder, tmp_path / "sheet.jpg", "--picture", tmp_path / "meadow.png") == 2
    assert "no face" in capsys.readouterr().err


def test_snapshots_come_early_and_write_over_nothing(tmp_path):
    due = [due_at(k, 4) for k in range(4)]
    assert due == sorted(due) and 0 < due[0] < 0.1 and due[-1] < 1 and np.diff(due).min() >= due[0]
    assert free_number(tmp_path, "toon") == 0
    for name in ("toon-00", "toon-03", "toon-best", "painted-07"):
        (tmp_path / f"{name}.safetensors").touch()
    assert free_number(tmp_path, "toon") == 4


@pytest.mark.parametrize(("style", "name"), [(["toon"], "toon"), (["great-wave=0.5,ink=0.5", "--name", "wave"], "wave")])
def test_a_child_leaves_snapshots_that_load(style, name, tmp_path):
    faces = tmp_path / "faces"
    faces.mkdir()
    write_faces(faces, aligned_faces(4))
    nets, run, out = write_nets(tmp_path / "nets"), tmp_path / "run", tmp_path / "out"
    run.mkdir()
    model = Model(Shape(256, 32, 0, 512, 16))  # photographs are drawn at their stored size
    torch.save({"ema": model.state_dict(), "images": 7, "shape": model.shape.as_dict()}, run / "state.pt")
    arguments = ["child", "--run", run, "--style", *style, "--faces", faces, "--nets", nets, "--out", out, "--batch", "1", "--swap-at", "8"]
    arguments += ["--minutes", "0.15", "--snapshots", "1"]
    assert main(list(map(str, arguments))) == 0
    for file_name in (f"{name}-00", name):
        load_stylegan2(out / f"{file_name}.safetensors", model.generator)
        with safe_open(out / f"{file_name}.safetensors", "pt") as file:
            assert min(filter(None, map(resolution_of, file.keys()))) == 8
            assert file.metadata().get("own_hue") == ("1" if style == ["toon"] else None)
    assert load_snapshot(Path(out / f"{name}-00.safetensors"), model.generator).begins >= 8


def test_a_child_begins_with_the_model_files_where_there_is_no_run(folder, tmp_path):
    base = base_of_files(folder / "generator.safetensors", folder / "encoder.safetensors")
    trainer = ChildTrainer(base, write_nets(tmp_path / "nets"), ChildOptions("toon", 1.0, swap_at=16))
    mine, theirs = trainer.child.state_dict(), base.generator.state_dict()
    assert all(torch.equal(mine[name], theirs[name]) for name in mine)
    assert {resolution_of(name) for name, p in trainer.child.named_parameters() if p.requires_grad} == {16, 32, 64}


def test_a_base_that_cannot_have_children_is_said(folder, tmp_path):
    generator, encoder = folder / "generator.safetensors", folder / "encoder.safetensors"
    save_stylegan3(tiny_stylegan3(), tmp_path / "three.safetensors", {})
    narrow = Model(Shape(64, 16, 0, 512, 16)).eval()
    save_encoder(narrow.encoder, tmp_path / "narrow.safetensors", {})
    for base, reader, reason in (
        (tmp_path / "three.safetensors", encoder, "name a StyleGAN2"),
        (generator, tmp_path / "narrow.safetensors", "needs 10x32"),
        (tmp_path / "nowhere.safetensors", encoder, "nowhere.safetensors"),
    ):
        with pytest.raises(WeightsError, match=reason):
            base_of_files(base, reader)
