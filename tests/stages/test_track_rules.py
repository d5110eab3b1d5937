"""Tracking's own rules, on faces and pictures of which everything is known: cuts, regions, two answers for one face, first sight."""

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from installation.engines.face_models import Mesh
from installation.faces.detection import Detection
from installation.faces.presence import GOOD, Sighting, TrackedVisitor
from installation.faces.region import Region
from installation.messages import Frame
from installation.stages import track as module
from installation.stages.track import (
    CUT_DIFFERENCE,
    FIRST_PASSES,
    NEW_FACE_LOGIT,
    SAME_FACE,
    SMALLEST_REGION,
    USUAL_SECONDS,
    Track,
    TrackSettings,
    _add,
    _apart,
    _Found,
)

pytestmark = pytest.mark.usefixtures("networks_once")
LOOKS = np.array([1.0, 0.0], np.float32)
ROOM = np.full((360, 640, 3), 100, np.uint8)


@pytest.fixture
def track():
    return Track(TrackSettings())


def points(x=300.0, y=200.0, size=100.0):
    """Landmarks of a face whose box has that middle and width."""
    found = np.full((468, 3), (x, y, 0.0), np.float32)
    found[0, :2], found[1, :2] = (x - size / 2, y - size / 2), (x + size / 2, y + size / 2)
    return found


def found(x=300.0, y=200.0, size=100.0, logit=20.0, visitor=None):
    return _Found(points(x, y, size), logit, Sighting(x, y, size, LOOKS), visitor)


def visitor(id=0, quality=1.0):
    return TrackedVisitor(id, 300.0, 200.0, 100.0, LOOKS, 0.0, quality=quality)


@pytest.mark.parametrize(("by", "cut"), [(0, False), (CUT_DIFFERENCE - 1, False), (-CUT_DIFFERENCE + 1, False), (CUT_DIFFERENCE + 1, True)])
@pytest.mark.parametrize("shape", [(360, 640), (17, 31), (1, 1), (1080, 1920)])
def test_a_picture_that_differs_by_so_much_on_average_is_another_scene(track, by, cut, shape):
    before = np.full((*shape, 3), 100, np.uint8)
    assert track._is_cut(before)  # the first one always is
    assert not track._is_cut(before.copy())
    assert track._is_cut((before + by).astype(np.uint8)) is cut


def test_half_of_a_picture_that_changes_wholly_counts_by_half_and_another_size_is_another_scene(track):
    half = ROOM.copy()
    half[:, :320] = 100 + round(2.2 * CUT_DIFFERENCE)
    less = ROOM.copy()
    less[:180] = 100 + round(1.8 * CUT_DIFFERENCE)
    for picture, cut in ((half, True), (less, False)):
        track._is_cut(ROOM)
        assert track._is_cut(picture) is cut
    track._is_cut(ROOM)
    assert track._is_cut(ROOM[:17, :31])  # too small for as many samples


def test_of_two_answers_for_one_face_the_surer_stays_in_its_place():
    near, far = SAME_FACE * 100 - 1, SAME_FACE * 100 + 1
    one, other = found(logit=20.0), found(x=500.0)
    for logit, stays in ((19.0, True), (20.0, True), (21.0, False)):
        known, new = [one, other], found(x=300.0 + near, logit=logit)
        _add(known, new)
        assert known == [one if stays else new, other]
    for x, y in ((300 + far, 200), (300 - far, 200), (300, 200 + far), (300 + near, 200 + near)):
        known = [one]
        _add(known, found(x, y))
        assert len(known) == 2
    known = [one]
    _add(known, found(x=300.0 + 2 * near, size=200.0))  # the larger of the two says how near is near
    assert len(known) == 1


def test_where_a_face_and_one_that_waits_are_the_same_the_hidden_one_has_lost_theirs():
    clear, hidden = visitor(0, 1.0), visitor(1, GOOD - 0.1)
    there, aside = found(visitor=clear), found(x=500.0, visitor=visitor(2))
    waiting = found(x=310.0, visitor=hidden)
    assert _apart([there, aside], [waiting]) == ([there, aside], [])
    looked, waits = found(visitor=hidden), found(x=310.0, visitor=clear)
    assert _apart([looked, aside], [waits]) == ([aside], [waits])
    both = found(visitor=clear), found(x=310.0, visitor=visitor(3, GOOD))  # who can be seen well is nobody's to take away
    assert _apart([both[0]], [both[1]]) == ([both[0]], [both[1]])
    assert _apart([found(visitor=None), aside], [waits])[1] == [waits]
    far = found(x=420.0, visitor=hidden)
    assert _apart([there], [far]) == ([there], [far])


class Landmarks:
    """In the place of the landmark model: answers with the same face wherever it looks, as sure as it is told to be."""

    def __init__(self, *logits):
        self.logits, self.regions = list(logits), []

    def __call__(self, image, where):
        self.regions.append(where)
        logit = self.logits.pop(0) if len(self.logits) > 1 else self.logits[0]
        return Mesh(logit, points(), np.zeros((192, 192, 3), np.uint8))


@pytest.mark.parametrize(
    ("x", "y", "side", "looked"),
    [
        (0.0, 0.0, 50.0, True),
        (639.9, 359.9, 50.0, True),
        (-0.1, 100.0, 50.0, False),
        (100.0, -0.1, 50.0, False),
        (640.0, 100.0, 50.0, False),
        (100.0, 360.0, 50.0, False),
        (100.0, 500.0, 50.0, False),
        (800.0, 100.0, 50.0, False),
        (100.0, 100.0, SMALLEST_REGION, True),
        (100.0, 100.0, SMALLEST_REGION - 0.1, False),
        (100.0, 100.0, 4 * 640 - 1.0, True),
        (100.0, 100.0, 4 * 640.0, False),
    ],
)
def test_only_a_region_that_can_hold_a_face_is_looked_at(track, x, y, side, looked):
    track._landmarker = model = Landmarks(20.0)
    assert (track._look(ROOM, Region(x, y, side, 0.0)) is not None) is looked
    assert len(model.regions) == looked


def test_a_known_face_is_there_from_even_odds_on_and_its_place_is_the_middle_of_its_landmarks(track):
    where = Region(300.0, 200.0, 150.0, 0.0)
    track._landmarker = Landmarks(-0.01)
    assert track._look(ROOM, where) is None
    track._landmarker = Landmarks(0.0)
    face = track._look(ROOM, where)
    assert (face.seen.x, face.seen.y, face.seen.size) == (300.0, 200.0, 100.0) and face.logit == 0.0
    assert face.box == (250.0, 150.0, 350.0, 250.0)


def detection(x=300.0, y=200.0, size=100.0):
    h = size / 2
    return Detection(0.9, (x - h, y - h, x + h, y + h), (x - size / 5, y - size / 6), (x + size / 5, y - size / 6))


@pytest.fixture
def sure(monkeypatch):
    """Of a new face it is never doubted where it is; ``asked``: of what it was."""
    asked = []
    monkeypatch.setattr(module, "doubt", lambda *given: asked.append(given) or 0.0)
    return asked


@pytest.mark.parametrize(
    ("logits", "passes", "met"),
    [
        ((NEW_FACE_LOGIT,), FIRST_PASSES, True),
        ((NEW_FACE_LOGIT - 0.1,), 1, False),
        ((20.0, 20.0, 7.0), 3, False),
        ((9.0, 7.9, 20.0), 2, False),
    ],
)
def test_a_new_face_must_be_one_at_every_look(track, sure, logits, passes, met):
    track._landmarker = model = Landmarks(*logits)
    assert (track._meet(ROOM, detection()) is not None) is met
    assert len(model.regions) == passes and len(sure) == met


def test_a_new_face_that_is_doubted_is_none(track, monkeypatch):
    track._landmarker = Landmarks(20.0)
    for given, met in ((module.MOST_DOUBT, True), (module.MOST_DOUBT + 0.01, False)):
        monkeypatch.setattr(module, "doubt", lambda *_, given=given: given)
        assert (track._meet(ROOM, detection()) is not None) is met


def test_detections_of_known_faces_say_nothing_new_and_the_largest_others_are_met_first(track, sure):
    track._landmarker = model = Landmarks(20.0)
    met = []
    track._discover(ROOM, [detection(305.0)], [found()], met)
    track._discover(ROOM, [detection(305.0)], [], [found()])
    assert not model.regions and not met
    track._discover(ROOM, [detection(100.0, 100.0, 40.0), detection(500.0, 200.0, 120.0)], [], met)
    sides = [region.side for region in model.regions[::FIRST_PASSES]]
    assert sides == sorted(sides, reverse=True) and len(sides) == 2
    assert len(met) == 1  # this landmark model sees one face, wherever it looks


def test_how_sure_the_model_usually_is_of_a_face_is_learned_over_the_better_part_of_a_second(track):
    track._remember(5, found(logit=20.0), 10.0)
    assert track._memories[5].logit == 20.0
    track._remember(5, found(logit=10.0), 10.0 + USUAL_SECONDS)
    assert track._memories[5].logit == pytest.approx(20.0 - 10.0 * (1 - 1 / math.e))
    before = track._memories[5].logit
    track._remember(5, found(logit=0.0), 10.0)  # a clock that goes back teaches nothing
    assert track._memories[5].logit == before
    assert track._usual(found(logit=3.0, visitor=replace(visitor(), id=5))) == before and track._usual(found(logit=3.0)) == 3.0


def test_a_face_whose_turn_it_was_not_is_shown_where_it_should_be_by_now(track):
    track._remember(0, found(), 1.0)
    one = replace(visitor(), velocity=(100.0, -50.0), time=1.0, presence=0.7, quality=0.6)
    still, moved = track._face(one, None), track._face(one, 1.1)
    x, y = one.predicted(1.1)
    assert still.fresh and not moved.fresh and (moved.presence, moved.quality, moved.id, moved.seen) == (0.7, 0.6, 0, True)
    assert moved.landmarks == pytest.approx(still.landmarks + np.array([x - 300, y - 200], np.float32), abs=1e-3)
    assert moved.box == pytest.approx((x - 50, y - 50, x + 50, y + 50), abs=1e-3) and x > 305 and y < 200
    assert track._face(one, None).box == pytest.approx((250, 150, 350, 250))  # what is kept was not moved along


@pytest.mark.parametrize(
    ("yaw", "fade", "drawable"),
    [(44.9, 15.0, 1.0), (-45.0, 15.0, 1.0), (48.0, 15.0, 0.8), (-57.0, 15.0, 0.2), (61.0, 15.0, 0.0), (45.1, 0.0, 0.0)],
)
def test_a_head_that_turns_away_fades_beyond_the_limit(yaw, fade, drawable):
    track = Track(TrackSettings(yaw_limit_degrees=45.0, yaw_fade_degrees=fade))
    track._remember(0, found(), 0.0)
    memory = track._memories[0]
    memory.expression = replace(memory.expression, yaw=yaw)
    assert track._face(visitor(), None).drawable == pytest.approx(drawable)


def test_where_there_is_room_for_nobody_else_nobody_is_looked_for_but_those_who_are_lost(track):
    asked = []
    search = SimpleNamespace(next=lambda *given: asked.append(given), thorough=track._search.thorough)
    full = Track(TrackSettings(max_faces=1))
    for one, room in ((track, True), (full, False)):
        one._search = search
        one._presence.update([Sighting(300, 200, 100, LOOKS)], 0.0)
        assert one._views(Frame(0, 0.1, ROOM), cut=False) == [] and asked[-1] == (640, 360, 0.1, 1, room)
    full._presence.update([], 0.2)
    assert [view.side for view in full._views(Frame(0, 0.3, ROOM), cut=False)] == [100 * module.LOST_VIEW]
    everywhere = full._views(Frame(0, 0.3, ROOM), cut=True)  # another scene: everywhere, whoever was lost
    assert len(everywhere) > 1 and everywhere == search.thorough(640, 360)
