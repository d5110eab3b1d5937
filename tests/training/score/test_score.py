"""Scores: what is measured, on what, with which interval, and what is null."""

import json
import shutil

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from installation.__main__ import main
from installation.checkpoints.loading import load_encoder, load_generator
from installation.latents.directions import Direction, save_directions
from installation.training.directions.attributes import KIND, AttributeNetwork
from installation.training.judge.network import Accuracy, Judge, save_judge
from installation.training.score.faces import groups_of, score_faces
from installation.training.score.networks import IdentityJudge, PerceptualJudge
from installation.training.score.sample import draw_sample
from installation.training.score.statistics import bootstrap, bootstrap_groups, frechet, median
from tests.foreign_files import psp, stylegan3_pickle
from tests.training.score.score_inputs import CLIPS, aligned_faces, write_faces, write_model, write_nets


@pytest.fixture(scope="module")
def crops():
    return aligned_faces(12)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, crops):
    """Twelve aligned faces of two people with labels, of which six are held out; sizes are mixed."""
    faces = tmp_path_factory.mktemp("faces")
    write_faces(faces, crops)
    Image.open(faces / "face-01.png").resize((100, 100)).save(faces / "face-01.png")
    rows = [f"face-{k:02}.png,{'val' if k % 2 else 'train'},{'female' if k < 6 else 'male'}" for k in range(12)]
    (faces / "labels.csv").write_text("file,split,gender\n" + "\n".join(rows) + "\n")
    return faces


@pytest.fixture(scope="module")
def nets(tmp_path_factory):
    return write_nets(tmp_path_factory.mktemp("nets"))


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp("model"))


def run(tmp_path, model, faces, *more):
    out = tmp_path / "scores.json"
    arguments = ["score", "--faces", str(faces), "--generator", str(model[0]), "--encoder", str(model[1]), "--report", str(out)]
    code = main([*arguments, "--engine", "eager", "--cache", str(tmp_path / "cache"), "--edits", "0", *map(str, more)])
    return code, json.loads(out.read_text()) if out.exists() else None


def test_the_whole_report(tmp_path, model, folder, nets):
    code, report = run(tmp_path, model, folder, "--nets", nets, "--clips", CLIPS, "--clip-frames", "12")
    assert code == 0 and report["faces"] == 6 and report["split"] == "val"
    for key in ("identity_val_median", "retrieval_top1", "identity_clips_median", "l1", "perceptual", "frechet", "steadiness_ratio"):
        low, high = report["ci95"][key]
        assert low <= report[key] <= high, key
    assert set(report["wplus_only"]) == {"identity_val_median", "retrieval_top1", "l1"}
    assert report["wplus_only"]["l1"] != report["l1"]
    assert report["ms"]["encode"] > 0 and report["ms"]["generate"] > 0
    assert set(report["groups"]["gender"]) == {"female", "male"} and report["worst_group"] is None  # three faces are no group
    assert set(report["clips"]) == {"please.mkv", "yes.mkv"}
    assert report["frechet_of"] == "reconstructions" and "darknet" in report["frechet_features"]


def test_without_networks_and_clips_the_rest_works(tmp_path, model, folder):
    code, report = run(tmp_path, model, folder)
    assert code == 0 and report["l1"] > 0
    for key in ("identity_val_median", "retrieval_top1", "perceptual", "frechet", "identity_clips_median", "steadiness_ratio", "groups"):
        assert report[key] is None
        assert report["ci95"].get(key) is None


@pytest.mark.parametrize("base", ["stylegan2", "stylegan3"])
def test_published_models_are_scored_from_their_code_alone(base, tmp_path, folder, nets):
    encoder = generator = psp(tmp_path / "psp.pt")
    if base == "stylegan3":
        generator = stylegan3_pickle(tmp_path / "sg3.pkl", "T")
        encoder = psp(tmp_path / "encoder.pt", decoder=False, styles=load_generator(generator).styles)
    code, report = run(tmp_path, (generator, encoder), folder, "--nets", nets, "--clips", CLIPS / "yes.mkv", "--clip-frames", "4")
    assert code == 0 and not report["models"]["detail_residual"]
    assert report["wplus_only"] == {key: report[key] for key in report["wplus_only"]}
    assert report["frechet"] > 0 and report["frechet_of"] == "samples" and report["steadiness_ratio"] is not None
    assert report["directions"] is None


def test_what_cannot_be_scored_is_listed_and_left_out(tmp_path, crops):
    write_faces(tmp_path, crops[:2])
    (tmp_path / "torn.png").write_bytes((tmp_path / "face-00.png").read_bytes()[:3000])
    (tmp_path / "words.jpg").write_text("not a picture")
    Image.new("RGB", (256, 256), (90, 120, 60)).save(tmp_path / "meadow.png")
    sample = draw_sample([tmp_path], 10)
    assert sorted(s.name for s in sample.sitters) == ["face-00.png", "face-01.png"]
    assert sample.no_face == ("meadow.png",) and sample.split == "all"
    assert {name.split(":")[0] for name in sample.unreadable} == {"torn.png", "words.jpg"}


def test_a_corrupt_zip_among_packs_is_passed_over(tmp_path, crops, capsys):
    (tmp_path / "loose").mkdir()
    write_faces(tmp_path / "loose", crops[:2])
    shutil.make_archive(str(tmp_path / "faces-0"), "zip", tmp_path / "loose")
    (tmp_path / "faces-1.zip").write_bytes(b"PK\x03\x04 torn")
    sample = draw_sample([tmp_path], 10)
    assert len(sample.sitters) == 2 and len(sample.unreadable) == 1 and "faces-1.zip" in sample.unreadable[0]
    assert main(["score", "--faces", str(tmp_path / "faces-1.zip")]) == 2
    assert "faces-1.zip" in capsys.readouterr().err


def test_the_sample_is_the_same_each_time(folder):
    first, again = (draw_sample([folder], 3) for _ in range(2))
    assert [s.name for s in first.sitters] == [s.name for s in again.sitters] and len(first.sitters) == 3


def test_alpha_is_the_mask(tmp_path, crops, nets):
    """What lies outside the mask of a crop counts for nothing."""
    rgba = np.dstack([crops[0], np.zeros((256, 256), np.uint8)])
    rgba[40:230, 40:216, 3] = 255
    Image.fromarray(rgba).save(tmp_path / "masked.png")
    sample = draw_sample([tmp_path], 1)
    wrong_outside = np.full((256, 256, 3), 255, np.uint8)
    wrong_outside[40:230, 40:216] = crops[0][40:230, 40:216]
    scores = score_faces(sample.sitters, [wrong_outside], IdentityJudge(nets), PerceptualJudge(nets))
    assert scores.l1[0] == 0 and scores.identity[0] == pytest.approx(1, abs=1e-5) and scores.perceptual[0] < 1e-9


def test_directions_are_measured_and_what_has_no_measure_is_null(tmp_path, model, crops, nets):
    """A random network draws no faces: geometry has no number, age and gender have."""
    write_faces(tmp_path, crops)
    torch.manual_seed(1)
    network = AttributeNetwork().state_dict()
    network = {name: value * 4 if value.ndim == 4 else value for name, value in network.items()}  # else nothing comes through
    save_file(network, tmp_path / "attributes.safetensors", metadata={"kind": KIND})
    styles = load_encoder(model[1]).styles
    directions = [Direction(name, torch.randn(styles, 32), (0, styles)) for name in ("age", "smile")]
    save_directions(directions, tmp_path / "directions.safetensors", {})
    files = ("--directions", tmp_path / "directions.safetensors", "--attributes", tmp_path / "attributes.safetensors")
    code, report = run(tmp_path, model, tmp_path, "--nets", nets, *files, "--edits", "3", "--groups", tmp_path / "groups.md")
    assert "## age, own effect in years" in (tmp_path / "groups.md").read_text() and "attributes.safetensors" in report["judged_by"]
    assert code == 0 and report["edited_faces"] == 3 and report["directions_left_out"] is None
    age, smile = report["directions"]["age"], report["directions"]["smile"]
    low, high = report["ci95"]["directions"]["age"]["own_effect_sd"]
    assert low <= age["own_effect_sd"] <= high and age["own_effect_sd"] != 0 and age["identity_median"] < 1
    assert smile["own_effect_sd"] is None and smile["worst_other"] in ("age", "gender")
    code, report = run(tmp_path, model, tmp_path, *files[:2], "--edits", "3", "--attributes", tmp_path / "nowhere.safetensors")
    assert code == 0 and report["directions"] is None and "nowhere" in report["directions_left_out"]
    assert report["judged_by"] is None and report["glass_directions"]["age"]["lightness+1"] is not None


def test_a_judge_that_is_named_tells_the_effects(tmp_path, model, crops, nets, capsys):
    write_faces(tmp_path, crops)
    torch.manual_seed(1)
    styles = load_encoder(model[1]).styles
    save_directions([Direction("age", torch.randn(styles, 32), (0, styles))], tmp_path / "directions.safetensors", {})
    judge = Judge()
    with torch.no_grad():
        for part in judge.modules():
            if isinstance(part, torch.nn.Conv2d):
                part.weight.mul_(3)  # else nothing comes through an untrained one
    save_judge(judge, tmp_path / "judge.safetensors", Accuracy(8.0, 0.8, 0.7, 0.6, 0.0, 100), 1)
    files = ("--directions", tmp_path / "directions.safetensors", "--edits", "2", "--attributes", tmp_path / "nowhere.safetensors")
    code, report = run(tmp_path, model, tmp_path, *files, "--judge", tmp_path / "judge.safetensors")
    assert code == 0 and "judge.safetensors: wrong by 8.0 years" in report["judged_by"]
    assert "effects are read by a judge" in capsys.readouterr().out
    assert report["glass_directions"]["age"]["own+1"] != 0 and report["directions"]["age"]["own_effect_sd"] is not None
    code, report = run(tmp_path, model, tmp_path, *files, "--judge", tmp_path / "directions.safetensors")
    assert code == 2 and "not a judge" in capsys.readouterr().err


def test_likeness_tells_the_own_sitter_from_others(folder, nets):
    sample = draw_sample([folder], 6)
    own = [s.picture for s in sample.sitters]
    networks = IdentityJudge(nets), PerceptualJudge(nets)
    same, turned = score_faces(sample.sitters, own, *networks), score_faces(sample.sitters, own[1:] + own[:1], *networks)
    assert same.hit.tolist() == [1] * 6 and turned.hit.sum() == 0
    assert same.identity.min() > turned.identity.max()
    assert same.l1.max() == 0 and turned.l1.min() > 0.01 and turned.perceptual.min() > same.perceptual.max()
    groups = groups_of(sample.sitters)
    assert sorted(len(v) for v in groups["gender"].values()) == [3, 3]


def test_intervals_hold_the_truth_and_narrow_with_numbers():
    rng = np.random.default_rng(0)
    few, many = rng.normal(5, 1, 20), rng.normal(5, 1, 2000)
    (low, high), (narrow_low, narrow_high) = bootstrap(few, median), bootstrap(many, median)
    assert low < 5 < high and narrow_low < 5 < narrow_high and narrow_high - narrow_low < (high - low) / 3
    alike = [np.full(50, value) for value in (0.0, 1.0, 2.0, 3.0)]
    grouped, single = bootstrap_groups(alike, np.mean), bootstrap(np.concatenate(alike), np.mean)
    assert grouped[1] - grouped[0] > 3 * (single[1] - single[0])  # two hundred faces of four clips are four clips


def test_frechet_is_the_distance_of_gaussians():
    rng = np.random.default_rng(1)
    a = rng.normal(0, 1, (20000, 3))
    assert frechet(a, a) == pytest.approx(0, abs=1e-9)
    assert frechet(a, a + np.array([3, 0, 4])) == pytest.approx(25, rel=1e-6)
    assert frechet(a, a * 2) == pytest.approx(3, rel=0.05)  # (2 - 1)^2 in each of three dimensions


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--nets", "nowhere"], "no such folder"),
        (["--limit", "0"], "at least 1 face"),
        (["--glass", "1.5"], "must be 0 to 1"),
        (["--clips", "nowhere"], "no such folder or file"),
        (["--report", "nowhere/out.json"], "does not exist"),
        (["--inception", "nowhere.pth"], "no such file"),
    ],
)
def test_what_cannot_be_is_one_sentence(arguments, reason, folder, capsys):
    assert main(["score", "--faces", str(folder), *arguments]) == 2
    error = capsys.readouterr().err
    assert reason in error and len(error.strip().splitlines()) == 1


def test_inception_needs_its_package(folder, tmp_path, capsys):
    (tmp_path / "inception.pth").write_bytes(b"")
    assert main(["score", "--faces", str(folder), "--inception", str(tmp_path / "inception.pth")]) == 2
    assert "torch-fidelity" in capsys.readouterr().err


def test_edits_over_the_cameras_pixels_are_measured_on_faces_and_clips(tmp_path, model, crops, nets):
    """With all of the camera under it a random network's edit leaves the sitter; drawn alone it does not."""
    write_faces(tmp_path, crops[:3])
    torch.manual_seed(1)
    styles = load_encoder(model[1]).styles
    save_directions([Direction("age", torch.randn(styles, 32), (0, styles))], tmp_path / "directions.safetensors", {})
    more = ("--directions", tmp_path / "directions.safetensors", "--nets", nets, "--clips", CLIPS / "yes.mkv", "--clip-frames", "3")
    code, whole = run(tmp_path, model, tmp_path, *more, "--edits", "2")
    assert code == 0 and whole["glass_of"] == {"amount": 1.0, "faces": 2, "left_out": None}
    glass = whole["glass"]
    for key in ("sharpness", "sharpness_head", "leak", "seam", "identity", "lightness", "clips_sharpness", "clips_leak", "clips_seam"):
        low, high = whole["ci95"]["glass"][key]
        assert low <= glass[key] <= high, key
    assert glass["leak"] < 0.3 and set(whole["glass_directions"]) == {"age"}
    assert set(whole["glass_directions"]["age"]) >= {"sharpness", "leak", "seam", "identity", "lightness-1", "lightness+1"}
    assert whole["clips"]["yes.mkv"]["sharpness"] == glass["clips_sharpness"]
    code, drawn = run(tmp_path, model, tmp_path, *more, "--edits", "2", "--glass", "0")
    assert code == 0 and drawn["glass"]["leak"] > 5 and drawn["glass"]["identity"] < glass["identity"]
    assert drawn["glass"]["sharpness"] != glass["sharpness"]
    code, none = run(tmp_path, model, tmp_path)
    assert code == 0 and none["glass"]["leak"] is None and none["glass_of"]["left_out"] == "--edits 0"
