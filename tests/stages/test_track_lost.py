"""A face that was lost is looked for where it should be, soon, and for a few seconds only."""

import numpy as np
import pytest

from installation.faces.detection import SearchSquare
from installation.faces.presence import Sighting
from installation.messages import Frame
from installation.stages.track import LOST_SECONDS, LOST_VIEW, Track, TrackSettings

pytestmark = pytest.mark.usefixtures("networks_once")

ANN, BEN = (np.eye(4, dtype=np.float32)[i] for i in range(2))


@pytest.fixture
def track():
    """Two visitors who were seen at second 0, one of them a still one, and who are lost since."""
    track = Track(TrackSettings(max_faces=2, occlusion_seconds=60.0))
    track._presence.update([Sighting(400, 300, 80, ANN), Sighting(900, 300, 60, BEN)], 0.0)
    track._presence.update([], 0.01)
    return track


def frame(index, time):
    return Frame(index, time, np.zeros((720, 1280, 3), np.uint8))


def test_each_lost_face_has_its_turn_in_a_view_of_its_own(track):
    track._views(frame(0, 0.1), cut=False)  # the turn of the whole frame
    views = [track._views(frame(i, 0.1 + i / 100), cut=False) for i in range(1, 5)]
    assert all(len(found) == 1 for found in views)
    sides = [found[0].side for found in views]
    assert sorted(set(sides)) == [60 * LOST_VIEW, 80 * LOST_VIEW] and sides[0] != sides[1]
    assert LOST_VIEW >= 4  # who stepped aside by a face and more is still in it
    large = next(found[0] for found in views if found[0].side == 80 * LOST_VIEW)
    assert large == SearchSquare(400 - 40 * LOST_VIEW, 300 - 40 * LOST_VIEW, 80 * LOST_VIEW)


def test_after_some_seconds_nobody_is_looked_for_any_more(track):
    track._views(frame(0, LOST_SECONDS - 0.2), cut=False)
    assert len(track._views(frame(1, LOST_SECONDS - 0.1), cut=False)) == 1
    track._views(frame(2, LOST_SECONDS + 5), cut=False)
    assert track._views(frame(3, LOST_SECONDS + 5.1), cut=False) == []


def test_who_is_seen_or_makes_room_is_not_looked_for(track):
    seen, leaving = track._presence.visitors
    seen.seen, leaving.leaving = True, True
    track._views(frame(0, 0.1), cut=False)
    assert track._views(frame(1, 0.11), cut=False) == []
