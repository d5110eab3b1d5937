"""What covers a face is found, kept for whoever is there, and no edit is drawn on it."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from installation.checkpoints.error import CheckpointError
from installation.engines.select import EngineSettings
from installation.faces import head
from installation.messages import AlignedFace, AlignedFrame, Expression, Face, Frame
from installation.models.occlusion import load_occlusion
from installation.stages.occlusion import Occlusion, as_mask, occlusion_engine

ROOT = Path(__file__).resolve().parents[2]
FACES = sorted((ROOT / "installation" / "demo" / "faces").glob("*.webp"))
NETWORK = ROOT / "weights" / "occlusion.safetensors"


def crop(path):
    picture = cv2.imread(str(path))[..., ::-1]
    return np.ascontiguousarray(cv2.resize(picture, (128, 128), interpolation=cv2.INTER_AREA))


def with_microphone(picture):
    result = picture.copy()
    cv2.line(result, (66, 94), (80, 127), (24, 24, 28), 12)
    cv2.circle(result, (66, 92), 13, (30, 30, 34), -1, cv2.LINE_AA)
    return result


def with_sheet(picture):
    result = picture.copy()
    cv2.fillPoly(result, [np.array([[34, 78], [100, 74], [103, 127], [36, 127]])], (235, 233, 228), cv2.LINE_AA)
    return result


def with_hand(picture):
    """Fingers of the sitter's own colour over mouth and chin."""
    result = picture.copy()
    tone = np.median(picture[70:86, 36:60].reshape(-1, 3), axis=0)
    for k, x in enumerate((48, 59, 70, 81)):
        cv2.line(result, (x, 74 + 3 * (k % 3)), (x + 2, 127), (tone * 0.62).tolist(), 12, cv2.LINE_AA)
        cv2.line(result, (x, 74 + 3 * (k % 3)), (x + 2, 127), (tone * 0.95).tolist(), 8, cv2.LINE_AA)
    return result


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    settings = EngineSettings("eager", "float32", 1, "cpu", tmp_path_factory.mktemp("engines"))
    return occlusion_engine(load_occlusion(NETWORK), settings)


PLACES = {  # rows and columns of the cells that are surely covered
    with_microphone: (slice(20, 25), slice(14, 19)),
    with_sheet: (slice(21, 30), slice(11, 24)),
    with_hand: (slice(21, 29), slice(12, 21)),
}


@pytest.mark.parametrize("lay", PLACES, ids=lambda lay: lay.__name__)
def test_what_lies_before_a_face_is_found(found, lay):
    rows, columns = PLACES[lay]
    for path in FACES:
        picture = crop(path)
        assert found(lay(picture))[rows, columns].mean() > 0.6, path.name
        assert found(picture)[rows, columns].mean() < 0.25, path.name


def test_a_face_with_nothing_before_it_is_free(found):
    for path in FACES:
        mask = as_mask(found(crop(path)))
        assert mask[9:27, 9:23].mean() < 0.06 * 255, path.name


def aligned(*crops):
    faces = []
    for id, picture in enumerate(crops):
        face = Face(id, np.zeros((468, 2), np.float32), (0, 0, 1, 1), Expression(), 1.0, True, 1.0)
        faces.append(AlignedFace(face, picture, np.eye(2, 3), np.eye(2, 3)))
    return AlignedFrame(Frame(0, 0.0, np.zeros((8, 8, 3), np.uint8)), tuple(faces), people=np.ones((4, 4), np.uint8))


def test_everybody_has_a_turn_and_nothing_else_of_the_frame_is_lost():
    answers = {1: np.zeros((32, 32), np.float32), 2: np.ones((32, 32), np.float32)}
    stage = Occlusion(lambda picture: answers[int(picture[0, 0, 0])])
    frame = aligned(np.full((128, 128, 3), 1, np.uint8), np.full((256, 256, 3), 2, np.uint8))
    first = stage.find(frame)
    assert [a.covered is not None for a in first.faces].count(True) == 1
    second = stage.find(frame)
    assert [int(a.covered.max()) for a in second.faces] == [0, 255]
    assert second.people is frame.people
    assert stage.find(aligned()).faces == ()


def test_a_hand_that_is_taken_away_leaves_no_trail():
    answer = [np.ones((32, 32), np.float32)]
    stage = Occlusion(lambda picture: answer[0])
    frame = aligned(np.zeros((128, 128, 3), np.uint8))
    stage.find(frame)
    answer[0] = np.zeros((32, 32), np.float32)
    for _ in range(4):
        result = stage.find(frame)
    assert not result.faces[0].covered.any()


def test_an_answer_that_is_not_sure_covers_nothing():
    assert not as_mask(np.full((32, 32), 0.3, np.float32)).any()
    assert as_mask(np.full((32, 32), 0.7, np.float32)).min() == 255


def test_the_mask_of_an_edit_ends_where_something_covers_the_face():
    mask = np.full((head.HEAD_PX, head.HEAD_PX), 200, np.uint8)
    covered = np.zeros((32, 32), np.uint8)
    head.uncovered(mask, covered)
    assert (mask == 200).all()
    covered[20:28, 10:20] = 255
    head.uncovered(mask, covered)
    assert not mask[84:108, 44:76].any()
    assert (mask[:70] == 200).all()


def test_a_file_that_is_not_the_network_is_refused_in_a_sentence(tmp_path):
    path = tmp_path / "occlusion.safetensors"
    for content in (b"", b"nothing of the kind", None):
        if content is not None:
            path.write_bytes(content)
        else:
            save_file({"stem.1.weight": torch.zeros(2)}, path)
        with pytest.raises(CheckpointError, match=r"occlusion\.safetensors: not the network") as refused:
            load_occlusion(path)
        assert "\n" not in str(refused.value)
    with pytest.raises(CheckpointError):
        load_occlusion(tmp_path / "gone.safetensors")
