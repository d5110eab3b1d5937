"""The editor's training as a whole: it learns, keeps its state, goes on, and gives a file that the mirror reads."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from installation.checkpoints.error import CheckpointError
from installation.errors import ConfigError, FacetsError
from installation.models.bundle import load_models
from installation.models.editor import KIND, belongs_to, load_editor, own_changes
from installation.networks.editor import KNOBS, Editor
from installation.networks.facets_encoder import FacetsEncoder
from installation.training.editor import command
from installation.training.editor.sheet import SITTERS
from tests.training.score.score_inputs import write_nets

ROOT = Path(__file__).resolve().parents[3]
WEIGHTS, FACES = ROOT / "weights", ROOT / "installation" / "demo" / "faces"
AGES = ("20-29", "3-9", "more than 70", "40-49")


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """A pack of labelled faces, and networks that stand in for the published ones."""
    folder = tmp_path_factory.mktemp("editor")
    pack = folder / "pack"
    pack.mkdir()
    rows = [("file", "split", "age", "gender")]
    for k, path in enumerate(sorted(FACES.glob("*.webp"))[:4] * 2):
        picture = Image.open(path).convert("RGBA").resize((256, 256))
        (picture if k < 4 else picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)).save(pack / f"{k}.png")
        rows.append((f"{k}.png", "val" if k == 7 else "train", AGES[k % 4], ("female", "male")[k % 2]))
    with (pack / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return pack, write_nets(folder / "nets")


@pytest.fixture(scope="module")
def trained(inputs, tmp_path_factory):
    """A run of a few steps by the command, and the file it wrote."""
    pack, nets = inputs
    run = tmp_path_factory.mktemp("run")
    out = run / "weights" / "editor.safetensors"
    out.parent.mkdir()
    words = ["--faces", pack, "--nets", nets, "--run", run, "--minutes", "0.05", "--reader-minutes", "0.02", "--out", out]
    assert command.main([str(word) for word in words]) == 0
    return run, out


def test_a_run_leaves_reader_state_sheet_and_a_file_for_the_mirror(trained):
    run, out = trained
    assert {"reader.safetensors", "editor.pt", "editor.safetensors", "sheet.png", "measures.npy"} <= {path.name for path in run.iterdir()}
    sheet = np.asarray(Image.open(run / "sheet.png"))
    assert sheet.shape == (128 * SITTERS, 128 * (1 + 2 * len(KNOBS)), 3)
    models = load_models(WEIGHTS / "generator.safetensors", WEIGHTS / "encoder.safetensors", [], [], editor=out)
    assert models.editor is not None and models.editor.knobs == KNOBS
    with torch.inference_mode():
        own = own_changes(models.editor, *models.detail.pyramid(torch.rand(1, 3, 128, 128) * 2 - 1))
    assert own.residual.shape == (4, 2, 32, 32, 32) and float(own.residual.abs().max()) > 0  # it has begun to learn


def test_the_same_command_goes_on_where_the_last_one_ended(trained, inputs, capsys):
    pack, nets = inputs
    run, _ = trained
    before = torch.load(run / "editor.pt", weights_only=True)
    assert before["steps"] > 0 and before["images"] == 12 * before["steps"]
    (run / "reader.safetensors").touch()
    words = ["--faces", pack, "--nets", nets, "--run", run, "--minutes", "0"]
    assert command.main([str(word) for word in words]) == 0
    said = capsys.readouterr().out
    assert f"going on after {before['images']} faces" in said
    after = torch.load(run / "editor.pt", weights_only=True)
    for part in ("editor", "average", "picture0", "residual0"):
        for name, value in before[part].items():
            assert torch.equal(after[part][name], value), (part, name)


def test_a_step_changes_the_editor_its_average_and_both_adversaries(inputs, trained, tmp_path):
    pack, nets = inputs
    run, _ = trained
    trainer = _trainer(pack, nets, run, tmp_path)

    def copies():
        parts = (trainer.editor, trainer.average, trainer.pools[0].picture, trainer.pools[0].residual)
        return [torch.cat([p.detach().flatten() for p in part.parameters()]) for part in parts]

    before = copies()
    trainer._set_rate()
    trainer._step(trainer.pools[0])
    trainer._step(trainer.pools[0])
    assert all(not torch.equal(a, b) for a, b in zip(before, copies(), strict=True))
    assert trainer.progress.steps == 2 and {"attribute", "colour", "skin", "identity", "picture", "residual"} <= set(trainer.progress.sums)


def test_an_editor_may_begin_with_anothers_weights(inputs, trained, tmp_path):
    pack, nets = inputs
    run, _ = trained
    shipped, out = WEIGHTS / "editor.safetensors", tmp_path / "again.safetensors"
    words = ["--faces", pack, "--nets", nets, "--run", tmp_path, "--minutes", "0", "--start", shipped, "--out", out]
    (tmp_path / "reader.safetensors").write_bytes((run / "reader.safetensors").read_bytes())
    assert command.main([str(word) for word in words]) == 0
    with safe_open(shipped, "pt") as wanted, safe_open(out, "pt") as got:
        assert all(torch.equal(wanted.get_tensor(name), got.get_tensor(name)) for name in wanted.keys())  # noqa: SIM118


def _trainer(pack, nets, run, folder):
    a = command.parser().parse_args(["--faces", str(pack), "--nets", str(nets), "--run", str(run)])
    models, encoder = command.models_of(a)
    faces = command.load_faces([pack], "train", run / "measures.npy")
    networks = command.Darknet(nets / "darknet-tiny-imagenet.safetensors"), command.Identity(nets / "mobilefacenet.onnx").eval()
    studio = command.Studio(encoder, models.base.layered)
    reader = command.load_reader(run / "reader.safetensors")
    sitters = command.Sitters(studio, reader, command.warps_of(models.directions), 12)
    return command.trainer_of(sitters, *networks, faces, None, folder)


@pytest.mark.parametrize("wrong", [("--rate", "0"), ("--rate", "0.1"), ("--batch", "2"), ("--limit", "63"), ("--minutes", "-1")])
def test_amounts_that_cannot_be_are_refused_before_anything_is_read(wrong, tmp_path):
    given = ["--faces", str(tmp_path / "none"), "--nets", str(tmp_path / "none"), "--run", str(tmp_path / "run")]
    with pytest.raises(ConfigError, match="--rate lies between 0 and"):
        command.main([*given, *wrong])
    with pytest.raises(FacetsError, match="none"):  # such amounts may be: it is the faces that are not there
        command.main([*given, "--rate", "0.099", "--batch", "3", "--limit", "64", "--minutes", "0"])


def test_faces_without_labels_are_refused_before_anything_is_trained(inputs, tmp_path):
    pack, nets = inputs
    bare = tmp_path / "bare"
    bare.mkdir()
    for path in pack.glob("*.png"):
        (bare / path.name).write_bytes(path.read_bytes())
    with pytest.raises(ConfigError, match="no pack has ages and genders"):
        command.main(["--faces", str(bare), "--nets", str(nets), "--run", str(tmp_path / "run"), "--minutes", "0.01"])
    assert not (tmp_path / "run" / "reader.safetensors").exists()


@pytest.fixture
def encoder():
    torch.manual_seed(2)
    return FacetsEncoder(styles=14, w_dim=16).eval()


def write_editor(path: Path, encoder: FacetsEncoder, **card: str) -> None:
    state = {name: value.half() for name, value in Editor().state_dict().items()}
    save_file(state, path, {"kind": KIND, "encoder": belongs_to(encoder), **card})


def test_an_editor_comes_back_from_its_file(tmp_path, encoder):
    path = tmp_path / "editor.safetensors"
    write_editor(path, encoder, knobs=json.dumps(["age", "beard", "smile", "hat"]))
    assert load_editor(path, encoder).knobs == ("age", "beard", "smile", "hat")
    write_editor(path, encoder)
    assert load_editor(path, encoder).knobs == KNOBS


@pytest.mark.parametrize("what", ["another encoder", "another kind", "garbage", "missing", "knobs", "too few", "knobs no list"])
def test_an_editor_that_cannot_be_used_is_one_sentence(tmp_path, encoder, what):
    path = tmp_path / "editor.safetensors"
    write_editor(path, encoder)
    match what:
        case "another encoder":
            write_editor(path, FacetsEncoder(styles=14, w_dim=16))
        case "another kind":
            save_file({"a": torch.zeros(1)}, path, {"kind": "facets-directions"})
        case "garbage":
            path.write_bytes(b"\x00" * 100)
        case "missing":
            path.unlink()
        case "knobs":
            write_editor(path, encoder, knobs="[1, 2]")
        case "knobs no list":
            write_editor(path, encoder, knobs="nonsense")
        case "too few":
            state = load_file(path)
            save_file({k: v for k, v in state.items() if k != "last.weight"}, path, {"kind": KIND, "encoder": belongs_to(encoder)})
    with pytest.raises(CheckpointError, match=r"editor\.safetensors: ") as refused:
        load_editor(path, encoder)
    assert "\n" not in str(refused.value)


def test_an_editor_of_another_encoder_is_left_out_or_refused(tmp_path):
    other = tmp_path / "editor.safetensors"
    write_editor(other, FacetsEncoder())
    family = WEIGHTS / "generator.safetensors", WEIGHTS / "encoder.safetensors", [], [WEIGHTS / "directions.safetensors"]
    with pytest.raises(CheckpointError, match="another encoder"):
        load_models(*family, frozenset({"editor"}), editor=other)
    models = load_models(*family, frozenset({"encoder"}), editor=other)
    assert models.editor is None and any("the shipped editor is left out" in notice for notice in models.notices)
    assert models.directions.move([1.0] + [0.0] * 14).offset.any()  # without an editor age is what it was
