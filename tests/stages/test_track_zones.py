"""Zones in which faces do not count, with real people in a composed room."""

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
