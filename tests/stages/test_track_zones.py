"""Zones in which faces do not count, and the part of the room in which they do, with real people in a composed room."""

from collections.abc import Sequence

import cv2
import numpy as np
import pytest

from installation.faces.ignoring import PASSING_SECONDS
from installation.messages import Frame, Image, TrackedFrame
from installation.stages.track import Track, TrackSettings
from installation.zones import Zone
from tests.raised_hand import frames

RATE = 15
POSTER = Zone(0.6, 0.0, 1.0, 1.0)


@pytest.fixture(scope="module")
def ann() -> Image:
    """A head and shoulders, 240 px high."""
    return np.ascontiguousarray(cv2.resize(frames(clip="yes.mkv", first=0)[0][0:240, 140:380], (240, 240), interpolation=cv2.INTER_AREA))


@pytest.fixture(scope="module")
def ben() -> Image:
    return np.ascontiguousarray(cv2.resize(frames(first=0)[0][0:240, 190:430], (240, 240), interpolation=cv2.INTER_AREA))


def room(*people: tuple[Image, int]) -> Image:
    """A room 1000 px wide, with somebody at each place."""
    picture = np.full((360, 1000, 3), (150, 140, 130), np.uint8)
    for person, x in people:
        picture[60:300, x : x + 240] = person
    return picture


def tracked(pictures: Sequence[Image], *zones: Zone, after: int = 0) -> list[TrackedFrame]:
    """after: number of the frame from which on the zones hold."""
    holds: list[Zone] = []
    track = Track(TrackSettings(fade_out_seconds=0.5), lambda: holds)
    told = []
    for i, picture in enumerate(pictures):
        holds[:] = zones if i >= after else ()
        told.append(track.track(Frame(i, i / RATE, picture)))
    return told


def test_whoever_is_in_a_zone_is_nobody(ann: Image, ben: Image) -> None:
    both = [room((ann, 100), (ben, 680))] * 12
    assert len(tracked(both)[-1].faces) == 2
    faces = {face.id: face.box for frame in tracked(both, POSTER) for face in frame.faces}
    assert [*faces] == [0] and faces[0][2] < 600


def test_a_zone_over_somebody_lets_them_fade(ann: Image, ben: Image) -> None:
    told = tracked([room((ann, 100), (ben, 680))] * 75, POSTER, after=15)
    there = {face.id for face in told[14].faces}
    assert len(there) == 2
    poster = max(told[14].faces, key=lambda face: face.box[0]).id
    presence = [next((face.presence for face in frame.faces if face.id == poster), 0.0) for frame in told]
    assert presence[14] > 0.9 and presence[-1] == 0.0
    assert max(-np.diff(presence)) <= 1 / RATE / 0.5 + 1e-6  # a fade
    assert {face.id for face in told[-1].faces} == there - {poster}


def test_who_walks_past_a_poster_keeps_their_portrait(ann: Image) -> None:
    zone = Zone(0.4, 0.0, 0.6, 1.0)
    told = tracked([room((ann, 100 + 12 * i)) for i in range(50)], zone)
    middles = [(frame.faces[0].box[0] + frame.faces[0].box[2]) / 2000 for frame in told]
    inside = sum(zone.left < middle < zone.right for middle in middles)
    assert 3 < inside < PASSING_SECONDS * RATE
    assert all([(face.id, face.seen) for face in frame.faces] == [(0, True)] for frame in told)
    assert told[-1].faces[0].presence > 0.99


def cropped(pictures: Sequence[Image], crop: Zone | None, after: int = 0, **settings: float) -> list[TrackedFrame]:
    """after: number of the frame from which on the room is cropped."""
    holds: list[Zone | None] = [None]
    track = Track(TrackSettings(fade_out_seconds=0.5, **settings), room=lambda: holds[0])  # type: ignore[arg-type]
    told = []
    for i, picture in enumerate(pictures):
        holds[0] = crop if i >= after else None
        told.append(track.track(Frame(i, i / RATE, picture)))
    return told


LEFT, RIGHT = Zone(0.0, 0.0, 0.5, 1.0), Zone(0.5, 0.0, 1.0, 1.0)


@pytest.mark.parametrize(("crop", "side"), [(LEFT, 0), (RIGHT, 1)])
def test_visitors_are_looked_for_in_the_crop_alone_and_lie_where_they_lie_in_the_picture(
    ann: Image, ben: Image, crop: Zone, side: int
) -> None:
    both = [room((ann, 100), (ben, 680))] * 12
    everybody = sorted(tracked(both)[-1].faces, key=lambda face: face.box[0])
    (face,) = cropped(both, crop)[-1].faces
    assert face.box == pytest.approx(everybody[side].box, abs=3)


def test_a_crop_that_changes_lets_go_of_who_is_outside_and_keeps_the_others(ann: Image, ben: Image) -> None:
    told = cropped([room((ann, 100), (ben, 680))] * 45, LEFT, after=15)
    there = {face.id: face.box[0] for face in told[14].faces}
    assert len(there) == 2
    inside = min(there, key=lambda id: there[id])
    assert [face.id for face in told[-1].faces] == [inside] and told[-1].faces[0].seen
    outside = [next((face.presence for face in frame.faces if face.id != inside), 0.0) for frame in told]
    assert outside[14] > 0.9 and max(-np.diff(outside)) <= 1 / RATE / 0.5 + 1e-6  # a fade, no pop


def test_in_a_crop_smaller_faces_are_found(ann: Image) -> None:
    """What is too small for the whole picture is large enough for a part of it."""
    small = cv2.resize(ann, (56, 56), interpolation=cv2.INTER_AREA)
    picture = np.full((360, 1000, 3), (150, 140, 130), np.uint8)
    picture[150:206, 100:156] = small
    still = [picture] * 12
    assert not any(frame.faces for frame in cropped(still, None, min_size=0.09)[1:])
    assert cropped(still, Zone(0.0, 0.3, 0.25, 0.7), min_size=0.09)[-1].faces
