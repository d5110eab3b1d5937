"""The encoder that gives a detail residual: whose code is made anew and whose residual is whose."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from installation.engines.select import EngineSettings
from installation.latents.cache import CachePolicy
from installation.messages import AlignedFace, AlignedFrame, Expression, Face, Frame
from installation.models.bundle import load_models
from installation.networks.editor import Editor
from installation.networks.encoder_parts import as_network_input
from installation.stages.encode import Encode

ROOT = Path(__file__).resolve().parents[2]
POLICY = CachePolicy(refresh_seconds=10.0, smoothing_seconds=0.0, trust=1.0)
EAGER = EngineSettings("eager", "float32", 1, "cpu")


@pytest.fixture(scope="module")
def models():
    weights = ROOT / "weights"
    return load_models(weights / "generator.safetensors", weights / "encoder.safetensors", [], [weights / "directions.safetensors"])


@pytest.fixture(scope="module")
def crops(models):
    faces = sorted((ROOT / "installation" / "demo" / "faces").glob("*.webp"))[:3]
    pictures = [cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB) for path in faces]
    return [cv2.resize(picture, (models.input_px,) * 2, interpolation=cv2.INTER_AREA) for picture in pictures]


@pytest.fixture
def encode(models):
    return Encode(models, POLICY, EAGER, (1, 4))


def frame_of(crops, x=None, **special):
    """A wide frame with each crop, pixel on pixel, far from the others; ``x``: of the first one's left edge, px."""
    found = []
    side = crops[0].shape[0]
    for id, crop in enumerate(crops):
        left = (100 if x is None else x) + 20 * side * id
        M_c2o = np.array([[1.0, 0, left], [0, 1.0, 100]])
        points = np.full((468, 2), (left + side / 2, 100 + side / 2), np.float32) + np.random.default_rng(1).normal(0, side / 8, (468, 2))
        face = Face(id, points.astype(np.float32), (0, 0, 1, 1), Expression(), 1.0, True, 1.0)
        found.append(AlignedFace(replace(face, **special), crop, M_c2o, np.array([[1.0, 0, -left], [0, 1.0, -100]])))
    image = np.zeros((2 * side + 200, 100 + 20 * side * len(crops), 3), np.uint8)
    return AlignedFrame(Frame(0, 0.0, image), tuple(found))


def truth(models, crop):
    with torch.inference_mode():
        ws, detail = models.detail.encode_with_detail(as_network_input(torch.from_numpy(crop)[None]))
    return ws[0], detail[0]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_everybody_has_the_code_and_the_residual_of_their_own_crop(models, encode, crops, count):
    faces = encode.encode(frame_of(crops[:count]), 1.0).faces
    assert [face.face.id for face in faces] == list(range(count))
    for face, crop in zip(faces, crops, strict=False):
        ws, detail = truth(models, crop)
        assert torch.allclose(face.ws, ws, atol=1e-4)
        assert torch.allclose(face.detail, detail, atol=1e-4)


def test_the_residual_is_of_this_frame_while_the_code_is_from_the_cache(models, encode, crops):
    encode.encode(frame_of(crops[:1]), 1.0)
    second = np.ascontiguousarray(crops[0][:, ::-1])
    face = encode.encode(frame_of([second]), 1.1).faces[0]
    assert (encode.cache.misses, encode.cache.hits) == (1, 1)
    assert torch.allclose(face.ws, truth(models, crops[0])[0], atol=1e-4)
    assert torch.allclose(face.detail, truth(models, second)[1], atol=1e-4)
    face = encode.encode(frame_of([second]), 12.0).faces[0]  # old by now
    assert torch.allclose(face.ws, truth(models, second)[0], atol=1e-4) and encode.cache.misses == 2


def test_what_lies_outside_the_frame_has_no_residual_of_its_own(models, encode, crops):
    side = models.input_px
    face = encode.encode(frame_of(crops[:1], x=-side // 2), 1.0).faces[0]
    _, detail = truth(models, crops[0])
    cells = detail.shape[-1]
    assert face.detail[..., : cells // 2 - 2].abs().max() == 0
    assert torch.allclose(face.detail[..., cells // 2 + 3 :], detail[..., cells // 2 + 3 :], atol=1e-4)


def test_who_cannot_be_seen_well_keeps_code_and_residual(models, encode, crops):
    encode.encode(frame_of(crops[:1]), 1.0)
    face = encode.encode(frame_of(crops[1:2], quality=0.2), 2.0).faces[0]
    ws, detail = truth(models, crops[0])
    assert torch.allclose(face.ws, ws, atol=1e-4) and torch.allclose(face.detail, detail, atol=1e-4)
    newcomer = frame_of(crops[1:2], quality=0.2, id=7)
    assert encode.encode(newcomer, 2.1).faces == ()


@pytest.fixture(scope="module")
def edited_models(models):
    """With an editor whose last layers are random: what it writes can be told apart."""
    torch.manual_seed(4)
    editor = Editor().eval().requires_grad_(False)
    for layer in (editor.last, editor.move):
        torch.nn.init.normal_(layer.weight, std=0.05)
    return replace(models, editor=editor)


def written(models, crop):
    with torch.inference_mode():
        changes, flows = models.editor(*models.detail.pyramid(as_network_input(torch.from_numpy(crop)[None])))
    return changes[0], flows[0]


def test_everybody_has_what_the_editor_would_write_on_their_own_face(models, edited_models, encode, crops):
    with_editor = Encode(edited_models, POLICY, EAGER, (1, 4)).encode(frame_of(crops[:2]), 1.0).faces
    without = encode.encode(frame_of(crops[:2]), 1.0).faces
    for face, plain, crop in zip(with_editor, without, crops, strict=False):
        changes, flows = written(edited_models, crop)
        assert torch.allclose(face.changes.residual, changes, atol=1e-4) and torch.allclose(face.changes.flow, flows, atol=1e-4)
        assert torch.allclose(face.ws, plain.ws, atol=1e-4) and torch.allclose(face.detail, plain.detail, atol=1e-4)
        assert plain.changes is None
    assert not torch.allclose(with_editor[0].changes.residual, with_editor[1].changes.residual, atol=1e-2)


def test_what_the_editor_would_write_is_kept_and_hidden_like_the_residual(edited_models, crops):
    encode = Encode(edited_models, POLICY, EAGER, (1,))
    half = encode.encode(frame_of(crops[:1], x=-edited_models.input_px // 2), 1.0).faces[0].changes.residual
    assert half[..., : half.shape[-1] // 2 - 2].abs().max() == 0 and half.abs().max() > 0
    encode = Encode(edited_models, POLICY, EAGER, (1,))
    seen = encode.encode(frame_of(crops[:1]), 1.0).faces[0].changes
    kept = encode.encode(frame_of(crops[1:2], quality=0.2), 2.0).faces[0].changes  # not seen well: what is known of them stays
    assert kept is seen


def test_the_editor_is_asked_by_turns_and_at_once_for_whoever_is_new(edited_models, crops):
    encode, asked = Encode(edited_models, POLICY, EAGER, (1,)), []
    engine = encode._coder._editing

    def counting(faces):
        asked[-1] += len(faces)
        return engine(faces)

    encode._coder._editing = counting
    before: dict[int, object] = {}
    fresh = []
    for moment, count in enumerate((2, 2, 2, 2, 2, 3)):
        asked.append(0)
        faces = encode.encode(frame_of(crops[:count]), 1.0 + moment / 30).faces
        fresh.append({face.face.id for face in faces if face.changes is not before.get(face.face.id)})
        before = {face.face.id: face.changes for face in faces}
        assert all(face.changes is not None for face in faces)
    assert asked == [2, 0, 1, 1, 1, 2]
    assert fresh[0] == {0, 1} and fresh[1] == set() and fresh[2] != fresh[3] == {0, 1} - fresh[2] and 2 in fresh[5]
