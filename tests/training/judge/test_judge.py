"""The judge: what it sees, that it learns and goes on, its file, and scores that are told by it."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from installation.__main__ import main
from installation.checkpoints.error import CheckpointError
from installation.faces.geometry import GEOMETRY_NAMES
from installation.training.directions.effects import MEASURES, JudgedMeasures
from installation.training.editor.faces import LabelledFaces, load_faces
from installation.training.judge.learning import Lessons, Schooling, accuracy_of, beside, judging_loss, lessons_of, relit
from installation.training.judge.network import PLACES, Accuracy, Judge, cropped, load_judge, save_judge, told
from tests.training.score.score_inputs import aligned_faces

ACCURACY = Accuracy(8.0, 0.8, 0.7, 0.6, 0.0, 100)


@pytest.fixture(scope="module")
def crops():
    return aligned_faces(4)


def as_input(picture: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(picture.copy()).permute(2, 0, 1)[None].float() / 127.5 - 1


def seen(judge: Judge, picture: torch.Tensor) -> torch.Tensor:
    """What reaches the network."""
    return judge.evened(cropped(picture))


def test_brightness_colour_and_what_is_outside_the_oval_are_nothing_to_it(crops):
    judge, picture = Judge().eval(), crops[0]
    own = seen(judge, as_input(picture))
    assert own.shape == (1, 1, 64, 64) and own.std() > 0.5 and own[..., :4, :4].abs().max() < 0.01
    grey = (as_input(picture) * torch.tensor([0.299, 0.587, 0.114])[None, :, None, None]).sum(1, keepdim=True)
    assert torch.allclose(own, seen(judge, grey.expand(-1, 3, -1, -1)), atol=1e-3)
    darker = 0.6 * (as_input(picture) + 1) - 1
    assert torch.allclose(own, seen(judge, darker), atol=1e-2)
    framed = picture.copy()
    framed[:, :20] = framed[:, -20:] = framed[:24] = 255
    assert (own - seen(judge, as_input(framed))).abs().mean() < 5e-3
    other = picture.copy()
    other[120:170, 90:160] = 30
    assert (own - seen(judge, as_input(other))).abs().mean() > 0.1


def test_a_face_and_its_mirror_image_are_read_alike(crops):
    torch.manual_seed(0)
    judge = Judge().train()  # an untrained network says next to nothing, unless it evens its own layers
    for part in judge.modules():
        if isinstance(part, torch.nn.Dropout):
            part.eval()
    own, mirrored, other = (judge.read(as_input(p)) for p in (crops[0], crops[0][:, ::-1], crops[3]))
    assert (own - mirrored).abs().max() < 0.05 < (own - other).abs().max()


def test_age_is_an_expectation_over_classes():
    answers = torch.zeros(1, len(PLACES) + 3)
    assert told(answers)[0, 0] == pytest.approx(sum(PLACES) / len(PLACES), rel=1e-5)
    answers[0, 3] = 50
    answers[0, len(PLACES)] = -2
    assert told(answers)[0].tolist() == pytest.approx([PLACES[3], -2, 0, 0])


def test_the_loss_asks_nothing_where_a_label_is_unknown():
    answers = torch.randn(3, len(PLACES) + 3, requires_grad=True)
    labels = torch.tensor([[25.0, 1.0, 0.5, float("nan")], [60.0, 0.0, float("nan"), float("nan")], [30.0, 1.0, -1.0, float("nan")]])
    judging_loss(answers, labels).backward()
    assert answers.grad[:, -1].abs().max() == 0 and answers.grad[1, -2] == 0 and (answers.grad[:, 0] != 0).all()


def lit_lessons(count: int) -> Lessons:
    """Blobs: who has a wide mouth smiles, who has a spot on the chin is old; light says nothing."""
    rng = np.random.default_rng(0)
    crops = np.zeros((count, 1, 80, 80), np.uint8)
    labels = np.zeros((count, 4), np.float32)
    for k in range(count):
        old, wide = rng.random() < 0.5, rng.random() < 0.5
        crops[k] = rng.integers(60, 160)
        crops[k, 0, 56:60, 40 - (16 if wide else 6) : 40 + (16 if wide else 6)] //= 3
        crops[k, 0, 30:40, 34:46] //= 3 if old else 1
        labels[k] = (70 if old else 20, float(old), 1.5 if wide else -1.5, np.nan)
    return Lessons(torch.from_numpy(crops), torch.from_numpy(labels))


def test_it_learns_goes_on_and_is_read_from_its_file(tmp_path):
    torch.set_num_threads(1)
    lessons = lit_lessons(256)
    schooling = Schooling(tmp_path / "judge.pt")
    for step in range(40):
        schooling._step(lessons, 1.0 if step < 30 else 0.3)
    schooling.save()
    found = accuracy_of(schooling.judge, lessons)
    assert found.years < 15 and found.gender > 0.85 and found.smile > 0.8 and np.isnan(found.mouth) and abs(found.darker) < 1
    again = Schooling(tmp_path / "judge.pt")
    assert again.steps == 40
    assert all(torch.equal(a, b) for a, b in zip(schooling.judge.state_dict().values(), again.judge.state_dict().values(), strict=True))
    assert again._optimizer.state_dict()["state"].keys() == schooling._optimizer.state_dict()["state"].keys() != set()
    save_judge(schooling.judge, tmp_path / "judge.safetensors", found, 40)
    judge, accuracy = load_judge(tmp_path / "judge.safetensors")
    assert accuracy.years == found.years and not judge.training
    crops = judge.evened(lessons.crops[:8].float() / 127.5 - 1)
    assert torch.allclose(judge(crops), schooling.judge.eval()(crops), atol=0.1)


def test_what_moves_and_relights_a_crop_keeps_it_a_face(crops):
    torch.manual_seed(1)
    seen = cropped(as_input(crops[0])).expand(64, -1, -1, -1)
    moved, lit = beside(seen), relit(seen)
    assert 0.05 < (moved - seen).abs().mean() < 0.5 and lit.min() > -1.3 and lit.max() < 1.3
    assert (lit.mean((1, 2, 3)) - seen.mean((1, 2, 3))).abs().mean() > 0.05
    halves = (moved - seen).abs().mean((1, 2, 3)), (moved - seen.flip(3)).abs().mean((1, 2, 3))
    assert 15 < int((halves[0] > halves[1]).sum()) < 49  # half of them are mirrored


def test_only_photographs_are_lessons(crops):
    pictures = torch.from_numpy(np.stack([np.asarray(Image.fromarray(c).resize((128, 128))) for c in crops])).permute(0, 3, 1, 2)
    rgba = torch.cat([pictures, torch.full_like(pictures[:, :1], 255)], 1)
    labels = torch.tensor([[2.0, 1.0, 0.0, 0.0]]).repeat(4, 1)
    lessons = lessons_of(LabelledFaces(rgba, labels, torch.tensor([True, False, True, False])))
    assert len(lessons) == 2 and lessons.crops.shape == (2, 1, 80, 80) and lessons.labels[0, 0] == 30


@pytest.fixture(scope="module")
def pack(tmp_path_factory, crops):
    folder = tmp_path_factory.mktemp("pack")
    rows = []
    for k in range(72):
        Image.fromarray(crops[k % 4]).resize((128, 128)).save(folder / f"{k}.png")
        rows.append(f"{k}.png,{'val' if k % 9 == 8 else 'train'},{('20-29', '60-69')[k % 2]},{('male', 'female')[k % 2]}")
    (folder / "labels.csv").write_text("file,split,age,gender\n" + "\n".join(rows) + "\n")
    return folder


def test_the_command_trains_goes_on_and_says_how_well_it_reads(tmp_path, pack, capsys):
    words = ["train-judge", "--faces", str(pack), "--run", str(tmp_path), "--measured", "6"]
    assert main([*words, "--minutes", "0.01"]) == 0
    assert main([*words, "--minutes", "0"]) == 0
    said = capsys.readouterr().out
    assert "64 photographs, smiles and mouths known of 6; 8 kept apart" in said and "going on after" in said and "years, gender" in said
    assert load_judge(tmp_path / "judge.safetensors")[1].faces == 8
    rows = np.load(tmp_path / "judge-6-measures.npy")
    assert rows.shape == (64, len(GEOMETRY_NAMES)) and int(np.isfinite(rows[:, 0]).sum()) == 6
    # What the editor's training has measured in this run is taken in place of it.
    load_faces([pack], "train", tmp_path / "measures.npy")
    assert main([*words, "--minutes", "0"]) == 0 and "smiles and mouths known of 64" in capsys.readouterr().out
    (pack / "labels.csv").rename(pack / "away")
    try:
        assert main([*words, "--minutes", "0"]) == 2 and "too few photographs" in capsys.readouterr().err
    finally:
        (pack / "away").rename(pack / "labels.csv")


def test_another_file_is_no_judge(tmp_path):
    save_file({"a": torch.zeros(1)}, tmp_path / "a.safetensors", {"kind": "facets-attributes"})
    for name, why in (("a.safetensors", "not a judge of edits"), ("nowhere.safetensors", "not a readable judge")):
        with pytest.raises(CheckpointError, match=why):
            load_judge(tmp_path / name)


def test_a_judges_word_takes_the_place_of_network_and_landmarks(crops):
    """Geometry stays that of the landmarks."""
    torch.manual_seed(3)
    judge = Judge().eval().requires_grad_(False)
    rows = JudgedMeasures(judge)(crops[:2])
    assert rows.shape == (2, len(MEASURES)) and np.isfinite(rows).all()
    read = judge.read(torch.cat([as_input(crop) for crop in crops[:2]])).numpy()
    assert np.allclose(rows[:, [MEASURES.index(n) for n in ("age", "gender", "smile", "mouth-open")]], read, atol=1e-4)
    assert np.abs(rows[:, MEASURES.index("yaw")]).max() > 0.1


def test_the_accuracy_is_kept_with_the_file(tmp_path):
    save_judge(Judge(), tmp_path / "judge.safetensors", ACCURACY, 5)
    assert load_judge(tmp_path / "judge.safetensors")[1] == ACCURACY
    assert json.loads(json.dumps(str(ACCURACY))).startswith("wrong by 8.0 years, gender 80.0 % right")
