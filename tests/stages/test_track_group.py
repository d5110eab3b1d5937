"""A group photograph: many people at once, before a camera that is not quite still."""

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from installation import demo
from installation.messages import Frame, Image, TrackedFrame
from installation.stages.track import Track, TrackSettings

RATE, ROWS, COLUMNS, SIDE = 30, 3, 4, 220
FADE_IN, FADE_OUT = 0.6, 0.8


@pytest.fixture(scope="module")
def group() -> Image:
    """Twelve heads in three rows, those in front larger, on 1280 x 720 px."""
    faces = [cv2.imread(str(path))[:, :, ::-1] for path in sorted((Path(demo.__file__).parent / "faces").glob("*.webp"))]
    picture = np.full((720, 1280, 3), (120, 118, 112), np.uint8)
    for k in range(ROWS * COLUMNS):
        row, column = divmod(k, COLUMNS)
        side = SIDE - 30 * (ROWS - 1 - row)
        face = cv2.resize(faces[k % len(faces)][:, :: 1 if row % 2 else -1], (side, side), interpolation=cv2.INTER_AREA)
        x, y = 60 + 300 * column + 40 * row, 20 + 230 * row
        picture[y : y + side, x : x + side] = face
    return picture


def watched(picture: Image, count: int, most: int, gone: int = 10**6) -> list[TrackedFrame]:
    """The frames of a camera in somebody's hands; from frame ``gone`` on there is nobody."""
    track = Track(TrackSettings(most, fade_in_seconds=FADE_IN, fade_out_seconds=FADE_OUT))
    told = []
    for k in range(count):
        shift = np.float32([[1, 0, 3 * np.sin(k / 3)], [0, 1, 2 * np.cos(k / 4)]])
        shown = picture if k < gone else np.full_like(picture, 120)
        told.append(track.track(Frame(k, k / RATE, cv2.warpAffine(shown, shift, (1280, 720), borderMode=cv2.BORDER_REPLICATE))))
    return told


def test_everybody_is_found_and_stays_themselves(group: Image) -> None:
    told = watched(group, 30, 16)
    ids = [[face.id for face in frame.faces] for frame in told]
    assert ids[-1] == [*range(12)] and all(set(one) <= set(ids[-1]) for one in ids)
    first = {face.id: np.mean(np.reshape(face.box, (2, 2)), axis=0) for face in told[5].faces}
    for face in told[-1].faces:
        assert np.abs(np.mean(np.reshape(face.box, (2, 2)), axis=0) - first[face.id]).max() < 20
    assert all(face.presence > 0.9 for face in told[-1].faces)


def test_of_more_than_there_is_room_for_the_nearest_stay_and_nobody_flickers(group: Image) -> None:
    told = watched(group, 40, 4)
    assert all([face.id for face in frame.faces] == [0, 1, 2, 3] for frame in told)
    assert all(face.box[1] > 460 for face in told[-1].faces)  # the row in front
    assert all(face.seen for frame in told for face in frame.faces)


def test_all_of_them_come_and_go_in_fades(group: Image) -> None:
    told = watched(group, 110, 12, gone=30)
    for id in range(12):
        presence = [next((face.presence for face in frame.faces if face.id == id), 0.0) for frame in told]
        assert max(presence) > 0.9 and presence[0] == presence[-1] == 0.0
        rises = [b - a for a, b in pairwise(presence)]
        assert max(rises) <= 1 / RATE / FADE_IN + 1e-6 and -min(rises) <= 1 / RATE / FADE_OUT + 1e-6
