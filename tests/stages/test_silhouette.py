"""Silhouettes: one visitor a frame, steady, and where the person is."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

from installation.engines.silhouette_model import SILHOUETTE_PX, SilhouetteModel
from installation.faces.head import HEAD_PX
from installation.messages import AlignedFace, AlignedFrame, Expression, Face, Frame
from installation.stages.silhouette import REST_FRAMES, Silhouette

pytestmark = pytest.mark.usefixtures("networks_once")

FACES = sorted((Path(__file__).resolve().parents[2] / "installation" / "demo" / "faces").glob("*.webp"))
SQUARE = np.eye(2, 3)


def aligned(*crops, seen=True):
    faces = []
    for id, crop in enumerate(crops):
        face = Face(id, np.zeros((468, 2), np.float32), (0, 0, 1, 1), Expression(), 1.0, seen, 1.0)
        faces.append(AlignedFace(face, crop, SQUARE, SQUARE))
    return AlignedFrame(Frame(0, 0.0, np.zeros((8, 8, 3), np.uint8)), tuple(faces))


@pytest.fixture(scope="module")
def crop():
    picture = np.asarray(Pillow.open(FACES[0]).convert("RGB"))
    return cv2.resize(picture, (128, 128), interpolation=cv2.INTER_AREA)


def test_the_network_finds_the_person_and_not_the_wall(crop):
    mask = SilhouetteModel()(crop)
    assert mask.shape == (SILHOUETTE_PX, SILHOUETTE_PX)
    assert mask[100:200, 100:156].mean() > 240  # the face
    assert mask[:12, :12].mean() < 60  # a corner
    nobody = SilhouetteModel()(np.full((128, 128, 3), 120, np.uint8))
    assert nobody.mean() < 60


def test_everybody_has_a_turn_and_then_rests(crop):
    stage, calls = Silhouette(), []
    model = stage._model
    stage._model = lambda picture: calls.append(picture) or model(picture)
    first = stage.outline(aligned(crop, crop))
    assert [a.silhouette is not None for a in first.faces].count(True) == 1
    second = stage.outline(aligned(crop, crop))
    assert all(a.silhouette is not None for a in second.faces)
    assert second.faces[0].silhouette.shape == (HEAD_PX, HEAD_PX)
    for _ in range(REST_FRAMES - 1):
        stage.outline(aligned(crop, crop))
    assert len(calls) == 2
    for _ in range(2):
        stage.outline(aligned(crop, crop))
    assert len(calls) == 4


def test_an_outline_does_not_jump(crop):
    stage = Silhouette()
    before = stage.outline(aligned(crop)).faces[0].silhouette.copy()
    for _ in range(REST_FRAMES + 1):
        after = stage.outline(aligned(crop[:, ::-1].copy())).faces[0].silhouette
    goal = Silhouette().outline(aligned(crop[:, ::-1].copy())).faces[0].silhouette
    apart = np.abs(goal.astype(int) - before) > 100
    assert apart.any()
    step = (after.astype(int) - before)[apart] / (goal.astype(int) - before)[apart]
    assert np.median(step) == pytest.approx(0.5, abs=0.1)


def test_who_is_hidden_keeps_theirs_and_who_left_is_forgotten(crop):
    stage = Silhouette()
    known = stage.outline(aligned(crop)).faces[0].silhouette
    for _ in range(2 * REST_FRAMES):
        hidden = stage.outline(aligned(np.zeros_like(crop), seen=False)).faces[0].silhouette
    assert hidden is known
    stage.outline(aligned())
    assert stage.outline(aligned(crop, seen=False)).faces[0].silhouette is None
