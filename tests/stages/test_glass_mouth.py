"""Glass opens the mouths of those whose edits ask for it, in the newest frame, whether anything is drawn or not."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image as Pillow

from installation.messages import Drawing, DrawnFrame, EditedFace, EditedFrame, EncodedFace, EncodedFrame, Frame, LipAmounts
from installation.models.guests import FACES
from installation.stages.glass import Glass
from installation.stages.track import Track, TrackSettings
from tests.stages.test_glass import WS, controls, cut, glass  # noqa: F401

DARK = 70


@pytest.fixture(scope="module")
def room():
    """Two visitors beside one another, and who is where."""
    sitters = [np.array(Pillow.open(FACES / name).convert("RGB")) for name in ("05015.webp", "09460.webp")]
    picture = np.concatenate(sitters, axis=1)
    faces = Track(TrackSettings(max_faces=2, fade_in_seconds=0.0)).track(Frame(0, 0.0, picture)).faces
    assert len(faces) == 2
    return picture, tuple(replace(face, presence=1.0) for face in faces)


def shown(stage: Glass, room, now, openings, covered=None, drawing=False, cells=1):
    """After the edits have come up to their strength. openings: by visitor's place, or by cell of the first one."""
    picture, faces = room
    frame = EncodedFrame(Frame(0, 0.0, picture), tuple(EncodedFace(face, WS, None, None, covered) for face in faces))
    whose = [(0, k) if cells > 1 else (k, 0) for k in range(len(openings))]  # visitor's place, cell
    edited = tuple(
        EditedFace(faces[place], WS, WS, None, 1.0, None, frame.faces[place], 1.0, drawing, cell, lips=LipAmounts(amount))
        for (place, cell), amount in zip(whose, openings, strict=True)
    )
    plain = np.full((128, 128, 3), 120, np.uint8)
    drawings = tuple(Drawing(plain, plain, None, 1.0) if drawing else Drawing(None, None, None, 1.0) for _ in edited)
    for k in range(4):
        result = stage.reflect(frame, DrawnFrame(EditedFrame(frame.frame, edited), drawings), now, k * 0.3)
    return frame, result


def darker(picture, before, face):
    """Share of dark pixels that a face's mouth has gained."""
    x0, y0, x1, y1 = (int(side) for side in face.box)
    part = np.s_[y0 + (y1 - y0) // 2 : y1 + 30, x0:x1]
    return float(((picture[part].mean(axis=2) < DARK) & (before[part].mean(axis=2) >= DARK)).mean())


@pytest.mark.parametrize("drawing", [False, True])
def test_only_whoever_is_asked_to_opens_theirs(controls, room, drawing):  # noqa: F811
    picture, faces = room
    _, result = shown(glass(), room, controls(), (1.0, 0.0), drawing=drawing)
    assert darker(result.picture, picture, faces[0]) > 0.01 and darker(result.picture, picture, faces[1]) < 0.002
    assert result.picture is not picture


def test_nobody_asked_for_anything_is_the_cameras_own_picture(controls, room):  # noqa: F811
    picture, _ = room
    assert shown(glass(), room, controls(), (0.0, 0.0))[1].picture is picture


def test_it_follows_its_sitter_into_the_next_frame(controls, room):  # noqa: F811
    picture, _ = room
    stage, now = glass(), controls()
    frame, _ = shown(stage, room, now, (1.0, 0.0))
    moved = np.roll(picture, 20, axis=0)
    moved_faces = tuple(
        replace(one, face=replace(one.face, landmarks=one.face.landmarks + np.array([0, 20], np.float32),
                                  box=tuple(side + 20 * (k % 2) for k, side in enumerate(one.face.box))))
        for one in frame.faces
    )  # fmt: skip
    later = EncodedFrame(Frame(1, 2.0, moved), moved_faces)
    result = stage.reflect(later, DrawnFrame(EditedFrame(later.frame, ()), ()), now, 1.0)
    assert darker(result.picture, moved, moved_faces[0].face) > 0.01


def test_a_mouth_behind_a_hand_stays_as_it_is(controls, room):  # noqa: F811
    picture, _ = room
    covered = np.zeros((32, 32), np.uint8)
    covered[16:] = 255
    assert shown(glass(), room, controls(), (1.0, 1.0), covered)[1].picture is picture


def test_every_cell_opens_its_own(controls, room):  # noqa: F811
    stage = glass()
    now = controls(look__layout="facets", facets__rows=1, facets__columns=2, facets__who="nearest")
    frame, _ = shown(stage, room, now, (0.0, 1.5), cells=2)
    result = stage.reflect(frame, DrawnFrame(EditedFrame(frame.frame, ()), ()), now, 9.0)
    shut, opened = (portrait.image for portrait in result.portraits)
    dark = [float((image[image.shape[0] // 2 :].mean(axis=2) < DARK).mean()) for image in (shut, opened)]
    assert dark[1] > dark[0] + 0.005
