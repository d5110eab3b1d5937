"""What the editor's training is made of: faces and labels, the reader, the adversaries, the picture that is judged."""

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from installation.checkpoints.loading import CheckpointError
from installation.compositing.change import TONE, tone
from installation.compositing.sitters_own import SittersOwn
from installation.latents.warps import Warper
from installation.models.bundle import load_models
from installation.networks.mixed_generator import MixedGenerator
from installation.training.directions import aligned_mesh
from installation.training.editor.adversaries import PictureHeads, ResidualHeads, condition, hinge, usual_size
from installation.training.editor.batches import HIGHEST, LOWEST, STEP, asked, draw_amounts
from installation.training.editor.drawing import CutOut, Studio, moved
from installation.training.editor.faces import LabelledFaces, load_faces, standardised
from installation.training.editor.kept import Kept
from installation.training.editor.objective import skin_weights
from installation.training.editor.reader import Reader, load_reader, reading_loss, recoloured, reliability, save_half, train_reader, worst
from installation.training.losses import Darknet
from tests.training.score.score_inputs import write_nets

ROOT = Path(__file__).resolve().parents[3]
WEIGHTS, FACES = ROOT / "weights", ROOT / "installation" / "demo" / "faces"


@pytest.fixture(scope="module")
def sitters():
    """Two of the demo's visitors [2, 3, 128, 128] in -1…1."""
    opened = [Image.open(path).convert("RGB") for path in sorted(FACES.glob("*.webp"))[:2]]
    pictures = [np.asarray(picture.resize((128, 128), Image.Resampling.BOX)) for picture in opened]
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 127.5 - 1


@pytest.fixture(scope="module")
def models():
    return load_models(WEIGHTS / "generator.safetensors", WEIGHTS / "encoder.safetensors", [], [])


@pytest.fixture(scope="module")
def studio(models):
    return Studio(models.detail, models.base.layered)


def labelled(count: int = 8) -> LabelledFaces:
    draw = torch.Generator().manual_seed(0)
    pictures = torch.randint(0, 256, (count, 4, 128, 128), generator=draw, dtype=torch.uint8)
    pictures[:, 3] = 255
    ages, genders = torch.rand(count, generator=draw) * 4, (torch.arange(count) % 2).float()
    labels = torch.stack([ages, genders, *torch.randn(2, count, generator=draw)], 1)
    return LabelledFaces(pictures, labels, torch.ones(count, dtype=torch.bool))


def test_faces_are_read_with_what_their_table_says(tmp_path, monkeypatch):
    names = []
    for k, path in enumerate(sorted(FACES.glob("*.webp"))[:4]):
        names.append(f"{k}.png")
        Image.open(path).convert("RGBA").resize((256, 256)).save(tmp_path / names[-1])
    (tmp_path / "3.png").write_bytes(b"broken")
    with (tmp_path / "labels.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("file", "split", "age", "gender"))
        rows.writerows([(names[0], "train", "20-29", "female"), (names[1], "train", "more than 70", "male")])
        rows.writerow((names[2], "val", "3-9", "male"))
    found = load_faces([tmp_path], "train", tmp_path / "run" / "measures.npy")
    assert len(found) == 2 and found.pictures.shape == (2, 4, 128, 128)  # the broken one has no row, and is a picture of train
    assert torch.allclose(found.labels[:, :2], torch.tensor([[25 / 15, 1.0], [5.0, 0.0]])) and not found.labels.isnan().any()
    assert found.photographs.tolist() == [True, True] and len(found.only(torch.tensor([False, True]))) == 1
    monkeypatch.setattr(aligned_mesh, "AlignedMesh", None)  # the measures are there already
    assert torch.equal(load_faces([tmp_path], "train", tmp_path / "run" / "measures.npy").labels, found.labels)


def test_measures_are_counted_in_deviations_from_the_middle():
    values = torch.tensor([1.0, 2.0, 3.0, float("nan"), 100.0])
    told = standardised(values)
    assert told[3].isnan() and told[1] == 0 and float(told.nan_to_num().max()) <= 4


def test_a_missing_label_asks_for_nothing():
    read = torch.tensor([[1.0, 2.0, 0.5, 0.5], [3.0, -1.0, 0.0, 1.0]], requires_grad=True)
    nan = float("nan")
    reading_loss(read, torch.tensor([[2.0, nan, nan, 0.0], [nan, nan, nan, nan]])).backward()
    assert (read.grad[1] == 0).all() and read.grad[0, 1] == 0 and read.grad[0, 2] == 0
    assert read.grad[0, 0] < 0 < read.grad[0, 3]


def test_recolouring_changes_light_and_not_places():
    torch.manual_seed(0)
    x = torch.rand(16, 3, 20, 20) * 1.6 - 0.8
    y = recoloured(x)
    assert y.min() >= -1 and y.max() <= 1.21 and (y - x).abs().mean() > 0.1
    same = torch.stack([torch.corrcoef(torch.stack([a.mean(0).flatten(), b.mean(0).flatten()]))[0, 1] for a, b in zip(x, y, strict=True)])
    assert same.median() > 0.8
    assert torch.allclose(recoloured(x, 0.0), x, atol=1e-5)


def test_a_deception_is_small_and_makes_the_reader_err_more():
    torch.manual_seed(0)
    reader, faces = Reader(), labelled()
    x, _ = faces.batch(torch.arange(8))
    x = x[..., :80, :80]

    def loss_of(read):
        return reading_loss(read, faces.labels)

    deceived = worst(reader, x, loss_of, 3.0)
    assert (deceived - x).flatten(1).norm(dim=1).max() <= 3.0 + 1e-3
    with torch.no_grad():
        reader.eval()
        assert loss_of(reader(deceived)) > loss_of(reader(x))
    assert not reader.training


def test_a_reader_learns_is_judged_and_comes_back_from_its_file(tmp_path):
    torch.manual_seed(0)
    faces = labelled(32)
    faces.pictures[:, :3] = (faces.labels[:, 1] * 200 + 20).byte()[:, None, None, None]  # gender is how bright a picture is
    reader = train_reader(faces, Reader(), 0.05, radius=0.0)
    found = reliability(reader, faces)
    assert 0 <= found.gender <= 1 and "years" in str(found)
    save_half(reader, tmp_path / "reader.safetensors")
    again = load_reader(tmp_path / "reader.safetensors")
    x = torch.rand(2, 3, 80, 80)
    assert torch.allclose(again(x), reader(x), atol=0.05)
    (tmp_path / "other.safetensors").write_bytes(b"nothing")
    with pytest.raises(CheckpointError, match="not a reader"):
        load_reader(tmp_path / "other.safetensors")


def test_the_condition_tells_ages_apart():
    told = condition(torch.tensor([[25 / 15, 1.0, 0.0, 0.0], [65 / 15, 0.0, 2.0, 2.5]]))
    assert told.shape == (2, 20) and told[0, :9].argmax() == 3 and told[1, :9].argmax() == 7
    assert told[:, 9:11].tolist() == [[1.0, 0.0], [0.0, 1.0]] and told[0, 11:16].argmax() == 2 and told[1, 16:].argmax() == 3


def test_adversaries_answer_by_patch_and_heed_the_condition(tmp_path):
    torch.manual_seed(0)
    darknet = Darknet(write_nets(tmp_path / "nets") / "darknet-tiny-imagenet.safetensors")
    heads, pictures = PictureHeads(darknet, 80), torch.rand(2, 3, 80, 80) * 2 - 1
    told = condition(torch.tensor([[1.0, 1.0, 0.0, 0.0], [5.0, 0.0, 1.0, 0.0]]))
    first, other = heads(heads.maps(darknet, pictures), told), heads(heads.maps(darknet, pictures), told.flip(0))
    assert first.shape[0] == 2 and not torch.allclose(first, other)
    features, residual = torch.randn(2, 128, 24, 24), torch.rand(2, 32, 24, 24)
    judge = ResidualHeads(usual_size(features, residual), (24, 24))
    answers = judge(features, residual, told)
    assert answers.shape == (2, 40) and not torch.allclose(answers, judge(features, residual, told.flip(0)))
    one = torch.ones(3)
    assert hinge(one, -one, -one) == 0 and hinge(-one, -one, -one) == 2 and hinge(one, one, -one) > 0 and hinge(one, -one, one) > 0


def test_the_studio_draws_what_the_mirror_draws(studio, models, sitters):
    with torch.no_grad():
        sitting = studio.see(sitters)
        generator = MixedGenerator(models.base.layered, (), models.detail.expand.weight, 128).eval()
        ws, detail = models.detail.encode_with_detail(sitters)
        edited = (detail + 0.2 * torch.randn(detail.shape, generator=torch.Generator().manual_seed(1))).clamp(-1, 1)
        drawn, plain = generator.pair(ws, ws, detail, edited, torch.ones(2))
        change = studio.change(sitting, edited, CutOut())
    wanted = (drawn.float() - plain.float()).permute(0, 3, 1, 2) / 127.5
    seen = Kept.at(128).of(wanted, plain.permute(0, 3, 1, 2) / 127.5 - 1)
    assert (change - seen * studio.head).abs().mean() < 0.004 and seen.abs().mean() > 0.01
    assert change[..., 0, 0].abs().max() < 0.01


def test_the_editor_learns_on_what_the_mirror_keeps_of_an_edit(sitters):
    """The same numbers as the compositing's, where its masks are these."""
    kept, draw = Kept.at(128), np.random.default_rng(0)
    plain = ((sitters[0] + 1) * 127.5).round().permute(1, 2, 0).numpy().astype(np.uint8)
    moves = cv2.GaussianBlur(draw.normal(0, 60, plain.shape).astype(np.float32), (0, 0), 3) + np.float32(-12)
    edited = np.clip(plain + moves, 0, 255).astype(np.uint8)
    eyes, hue, skin = (np.ascontiguousarray(mask[0, 0].numpy()) for mask in (kept.eyes, kept.hue, kept.skin))
    change = edited.astype(np.float32) - plain
    wanted = change - np.float32(TONE) * tone(edited, plain, skin) * skin[..., None]
    SittersOwn(eyes, hue).keep(wanted, plain)
    found = kept.of(torch.from_numpy(change / 127.5).permute(2, 0, 1)[None], sitters[:1])[0].permute(1, 2, 0).numpy() * 127.5
    inner = (slice(8, 120), slice(8, 120))
    assert np.abs(found - wanted)[inner].max() < 1.0 < np.abs(found - change)[inner].mean()
    assert eyes[60, 48] > 0.8 and hue[95, 64] < 0.1 and skin[70, 64] > 0.9  # an eye, the mouth, the nose
    assert eyes[75, 48] < 0.1 and hue[75, 48] > 0.9 and skin[20, 10] < 0.1  # a cheek, and what is no face


def test_a_cut_out_draws_the_same_change_as_the_whole(studio, sitters):
    with torch.no_grad():
        sitting = studio.see(sitters)
        edited = (sitting.detail + 0.2).clamp(-1, 1)
        whole, part = studio.change(sitting, edited, CutOut()), studio.change(sitting, edited, CutOut(6, 4, 24))
    inner = (slice(None), slice(None), slice(30, 114), slice(22, 106))
    assert (whole[inner] - part[inner]).abs().max() < 0.06
    assert not part[..., :30, :].any() and not part[..., :22].any() and part[inner].any()


def test_movement_is_that_of_the_mirror(sitters):
    axis = torch.linspace(-1, 1, 64)
    flow = 0.03 * torch.exp(-4 * (axis[None, :, None].square() + axis[None, None, :].square())).repeat(2, 1, 1)
    by_torch = moved(sitters, flow.expand(2, -1, -1, -1))
    for picture, now in zip(sitters, by_torch, strict=True):
        image = ((picture + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()
        wanted = torch.from_numpy(Warper()(image, flow.numpy())).permute(2, 0, 1).float() / 127.5 - 1
        assert (wanted - now).abs()[..., 4:-4, 4:-4].mean() < 0.02
        assert (wanted - picture).abs()[..., 40:90, 40:90].mean() > 0.04


def test_what_is_asked_for_stays_within_what_people_are():
    read = torch.tensor([[2.0, 0.0, 0.0, 0.0], [5.5, 9.0, 0.0, 3.9]])
    nothing = asked(read, torch.zeros(2, 4))
    assert torch.equal(nothing[0], read[0]) and nothing[1].tolist() == pytest.approx([5.5, 4.0, 0.0, 3.9])
    up, down = asked(read, torch.ones(2, 4)), asked(read, -torch.ones(2, 4))
    step, lowest, highest = torch.tensor(STEP), torch.tensor(LOWEST), torch.tensor(HIGHEST)
    assert torch.allclose(up[0], torch.minimum(read[0] + step, highest)) and torch.allclose(down[0], torch.maximum(read[0] - step, lowest))
    assert up[1, 0] == 5.5 and up[1, 3] == 3.9  # older than anybody, and as far open: no further


def test_amounts_move_one_knob_or_two_either_way():
    torch.manual_seed(0)
    amounts = draw_amounts(400)
    moved_ = (amounts != 0).sum(1)
    assert set(moved_.tolist()) == {1, 2} and 0.1 < float((moved_ == 2).float().mean()) < 0.4
    assert ((amounts > 0).sum(0) > 25).all() and ((amounts < 0).sum(0) > 25).all() and float(amounts.abs().max()) <= 1.1
    assert float(amounts[amounts != 0].abs().min()) >= 0.3


def test_skin_counts_where_skin_is():
    weight = skin_weights()[0, 0]
    assert weight.shape == (8, 8) and torch.allclose(weight, weight.flip(1), atol=1e-4)
    cheeks, mouth, corner = weight[4, 2], weight[6, 3], weight[7, 0]
    assert cheeks > 2 * mouth and cheeks > 3 * corner
