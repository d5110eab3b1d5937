"""``train --arch stylegan3-…``: folders, what a run leaves, who takes it, and what is refused in words."""

import json
import resource
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from installation.__main__ import main
from installation.checkpoints.loading import load_generator
from installation.errors import ConfigError
from installation.models.bundle import load_models
from installation.training.alias_free.command import Run
from installation.training.alias_free.pictures import load_sets
from installation.training.data.datasets import BatchStream, DatasetError
from installation.training.publish import load_run
from installation.training.run_state import held
from installation.training.stop import Stop
from installation.training.train import run as run_stylegan2
from installation.training.trainer import Trainer
from tests import foreign_files
from tests.training.alias_free.support import WORDS, drawn, tiny_trainer, write_world
from tests.training.score.score_inputs import write_nets
from tests.training.test_train import options as stylegan2_options

FACE = Path(__file__).resolve().parents[3] / "installation" / "demo" / "faces" / "03992.webp"
ONE_W = "BackboneEncoderUsingLastLayerIntoW"
HALF_A_SECOND = ["--minutes", "0.01"]


@pytest.fixture(scope="module")
def worlds(tmp_path_factory):
    """Two worlds as two folders, and in one."""
    folder = tmp_path_factory.mktemp("worlds")
    write_world(folder / "both" / "faces", (220, 180, 90))
    write_world(folder / "both" / "paintings", (40, 90, 200), count=3)
    return folder / "both"


def train(run, *words, arch="stylegan3-t", faces=()):
    return main(["train", "--arch", arch, "--run", str(run), *HALF_A_SECOND, *WORDS, "--faces", *map(str, faces), *map(str, words)])


@pytest.fixture(scope="module")
def trained(worlds, tmp_path_factory):
    """A run of both worlds, each with its half."""
    run = tmp_path_factory.mktemp("run")
    assert train(run, "--snapshot-every", "0.004", faces=[worlds / "faces", worlds / "paintings"]) == 0
    return run


def test_a_run_leaves_models_samples_and_a_report(trained):
    assert {"state.pt", "generator.safetensors", "grid.png", "report.html"} <= {path.name for path in trained.iterdir()}
    models, sheets = sorted(trained.glob("snapshot-*.safetensors")), sorted(trained.glob("samples-*.png"))
    assert models and models[0].name == "snapshot-00000004.safetensors" and len(models) == len(sheets)
    assert Image.open(sheets[0]).size == (160, 96)
    assert load_generator(models[0]).size == 16


def test_it_goes_on_where_it_was(trained, worlds, tmp_path, capsys):
    run = shutil.copytree(trained, tmp_path / "run")
    before = torch.load(run / "state.pt", weights_only=True)["images"]
    assert train(run, faces=[worlds / "faces", worlds / "paintings"]) == 0
    assert f"resumed at {before} images" in capsys.readouterr().out
    assert torch.load(run / "state.pt", weights_only=True)["images"] >= before


def test_whatever_takes_a_generator_takes_it(trained, tmp_path):
    model = trained / "generator.safetensors"
    words = ["--rows", "1-2", "--columns", "5", "--cell", "32", "--generator", str(model)]
    assert main(["grid", *words, "--out", str(tmp_path / "grid.png")]) == 0
    assert np.asarray(Image.open(tmp_path / "grid.png")).std() > 5
    film = ["--faces", "1-2", "--seconds", "0.4", "--fps", "5", "--generator", str(model), "--out", str(tmp_path / "film.gif")]
    assert main(["film", *film]) == 0 and (tmp_path / "film.gif").stat().st_size > 100
    inverted = ["--out", str(tmp_path / "inverted"), "--code-steps", "2", "--tuning-steps", "1"]
    assert main(["invert", str(FACE), "--generator", str(model), *inverted]) == 0
    assert load_generator(tmp_path / "inverted" / f"{FACE.stem}.safetensors").size == 16
    assert main(["fid", str(trained), str(model), "--nets", str(write_nets(tmp_path / "nets")), "--size", "32", "--count", "3"]) == 0
    read = load_generator(model)
    assert read.mapping_layers == 2
    # An encoder into one w, of its width, goes with it in a show.
    encoder = foreign_files.psp(tmp_path / "encoder.pt", ONE_W, decoder=False)
    models = load_models(model, encoder, [], [], frozenset({"generator", "encoder"}))
    assert models.base.layered is None and torch.equal(drawn(models.base), drawn(read))


@pytest.mark.parametrize("arch", ["stylegan3-t", "stylegan3-r"])
def test_one_folder_with_both_worlds_in_grey(arch, worlds, tmp_path, capsys):
    assert train(tmp_path, "--grey", arch=arch, faces=[worlds]) == 0
    assert f"{arch}, 16 px" in (said := capsys.readouterr()).out and "pictures [8]" in said.out
    shown = np.asarray(Image.open(tmp_path / "grid.png")).astype(int)
    assert np.abs(shown - shown[..., :1]).max() == 0 and shown.std() > 1
    assert "only 8 pictures" in said.err


def test_pictures_of_all_kinds(worlds, tmp_path):
    folder = tmp_path / "any"
    write_world(folder / "small", (1, 2, 3), count=2, side=8)
    write_world(folder / "deep" / "deeper", (9, 9, 9), count=2)
    write_world(folder / ".hidden", (9, 9, 9), count=2)
    with zipfile.ZipFile(folder / "pack.zip", "w") as pack:
        pack.write(worlds / "faces" / "0.png", "inside/0.png")
    Image.new("RGB", (40, 40)).save(folder / "sheet.jpg")  # as packs have one
    (folder / "deep" / "broken.png").write_bytes(b"no picture")
    wide = np.zeros((20, 60, 3), np.uint8)
    wide[:, 20:40] = 255
    Image.fromarray(wide).save(folder / "deep" / "wide.png")
    sets = load_sets([folder], 16)
    assert sorted(p.name for p in sets.pictures[0]) == ["0.png", "1.png", "inside/0.png", "wide.png"]
    assert any("2 pictures are smaller than 16 px and left out" in line for line in sets.left_out)
    assert any("broken.png" in line for line in sets.left_out)
    assert any("1 pictures beside zips are left out" in line for line in sets.left_out)
    middle = next(p for p in sets.pictures[0] if p.name == "wide.png").rgba(16)
    assert middle[..., :3].min() == 255  # cut, not squeezed


def test_folders_that_cannot_be(tmp_path, worlds):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").write_text("nothing")
    with pytest.raises(DatasetError, match="empty: no pictures here"):
        load_sets([worlds, tmp_path / "empty"], 16)
    with pytest.raises(DatasetError, match=r"all 5 pictures are smaller than 64 px; train smaller \(--size\)"):
        load_sets([worlds / "faces"], 64)
    with pytest.raises(DatasetError, match="no such file or folder"):
        load_sets([tmp_path / "nowhere"], 16)
    (tmp_path / "torn").mkdir()
    Image.new("RGB", (32, 32)).save(tmp_path / "torn" / "a.png")
    (tmp_path / "torn" / "labels.csv").write_bytes("file,split\nGröße.png,val\n".encode("latin-1"))
    with pytest.raises(DatasetError, match=r"labels\.csv: cannot be read"):
        load_sets([tmp_path / "torn"], 16)


def test_what_cannot_be_is_refused_in_words(trained, worlds, tmp_path, capsys, monkeypatch):
    def refused(code, *words, **changes):
        faces = changes.pop("faces", [worlds])
        assert train(changes.pop("run", tmp_path / "new"), *words, faces=faces, **changes) == code
        return capsys.readouterr().err

    assert "no pictures here" in refused(2, faces=[tmp_path])
    assert "power of two" in refused(2, "--size", "48")
    run = shutil.copytree(trained, tmp_path / "run")
    assert "a run of stylegan3-t, which cannot go on as stylegan3-r" in refused(2, run=run, arch="stylegan3-r")
    assert "--size 32, not 16" in refused(2, "--size", "32", run=run)
    (run / "state.pt").write_bytes((run / "state.pt").read_bytes()[:999])
    assert "damaged" in refused(4, run=run)
    with pytest.raises(SystemExit):
        train(tmp_path / "new", arch="stylegan4", faces=[worlds])
    assert "stylegan4" in capsys.readouterr().err
    with pytest.raises(SystemExit):  # nothing is ignored in silence
        train(tmp_path / "new", "--focus", "2", faces=[worlds])
    assert "--focus" in capsys.readouterr().err
    for words in (["--blur", "3"], ["--adversary", "stylegan2", "--nets", str(tmp_path)], ["--batch", "6"]):
        with pytest.raises(SystemExit):
            train(tmp_path / "new", *words, faces=[worlds])
        assert words[-2] in capsys.readouterr().err
    nets = ["--nets", str(write_nets(tmp_path / "nets"))]
    assert "--gamma is of --adversary stylegan2 alone" in refused(2, "--adversary", "projected", *nets, "--gamma", "1")
    assert "--nets is for --adversary projected alone" in refused(2, *nets)
    monkeypatch.setattr("installation.training.distributed.WORLD", 2)
    assert "without torchrun" in refused(2)


def test_each_architecture_leaves_the_other_s_run_alone(trained, worlds, tmp_path):
    with pytest.raises(ConfigError, match="a run of stylegan3-t, which cannot go on as stylegan2; leave it with --arch stylegan3-t"):
        run_stylegan2(stylegan2_options(trained), [worlds / "faces"], None)
    with pytest.raises(ConfigError, match="cannot go on as stylegan2"):
        load_run(trained)
    (tmp_path / "two").mkdir()
    Trainer(stylegan2_options(tmp_path / "two"), None).save()
    with pytest.raises(ConfigError, match="a run of stylegan2, which cannot go on as stylegan3-t"):
        tiny_trainer(tmp_path / "two")


@pytest.mark.parametrize("arch", ["stylegan2", "stylegan3-t"])
def test_one_run_a_folder(arch, worlds, tmp_path, capsys):
    words = WORDS if arch != "stylegan2" else ["--device", "cpu"]
    with held(tmp_path):
        assert main(["train", "--arch", arch, "--run", str(tmp_path), "--faces", str(worlds), *words]) == 2
    assert "another training is at work in this folder" in capsys.readouterr().err and not list(tmp_path.iterdir())
    with held(tmp_path):  # freed
        pass


def test_a_full_disk_costs_a_snapshot_and_not_the_run(worlds, tmp_path, capsys):
    trainer = tiny_trainer(tmp_path)
    trainer.save()
    kept, limits = trainer.state_path.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    sets = load_sets([worlds], 16)
    stream = BatchStream(sets.pictures, 8, seed=0, size=16)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        course = Run(trainer, 0.02, 8, {})
        with pytest.raises(Exception, match=r"state\.pt: cannot be written"):  # the last state is what a run is for
            course.train(stream, Stop())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        stream.close()
    said = capsys.readouterr().err
    assert "snapshot-00000008.safetensors: cannot be written" in said and trainer.steps >= 1
    assert trainer.state_path.read_bytes() == kept
    assert not list(tmp_path.glob("snapshot-*")) and not list(tmp_path.glob(".*.part"))


def test_the_log_tells_what_happened(worlds, tmp_path):
    trainer = tiny_trainer(tmp_path, "stylegan3-r")
    course = Run(trainer, 1, 1000, {})
    course._log([{"samples": 1.0, "r1": 0.5}, {"samples": 3.0}], 4.0)
    (entry,) = (json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines())
    assert entry["samples"] == 2.0 and entry["r1"] == 0.5 and entry["size"] == 16
