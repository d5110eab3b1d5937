"""Small rules of the stages that nothing else would miss."""

import threading
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from installation.canvas import present
from installation.canvas.present import CanvasSettings, open_canvas
from installation.control.parameters import parameter_table
from installation.control.state import ControlState
from installation.errors import DisplayError
from installation.faces.detection import Detection
from installation.faces.presence import Sighting
from installation.latents.directions import Direction, DirectionSet
from installation.latents.turns import Turns
from installation.messages import AlignedFrame, EncodedFace, EncodedFrame, Expression, Face, Frame
from installation.models.guests import Guest
from installation.outputs.record import Recorder
from installation.stages.edit import OWN_FROM, Edit
from installation.stages.silhouette import HALF, PEOPLE_HEIGHT, PEOPLE_WIDTH, Silhouette
from installation.stages.track import Track, TrackSettings, _belongs, _Found

pytestmark = pytest.mark.usefixtures("networks_once")

STYLES, WIDTH, RESOLUTIONS, CHILDREN = 14, 8, (4, 8, 16, 32), ("painted", "toon")
QUIET = {"edit/age/lfo/depth": 0.0, "smile/trigger": 0.0}


@pytest.fixture
def edit():
    directions = DirectionSet([Direction("age", torch.ones(STYLES, WIDTH), (0, STYLES))])
    guests = {"mean": Guest(torch.full((STYLES, WIDTH), 5.0))}
    return Edit(directions, torch.zeros(STYLES, WIDTH), CHILDREN, RESOLUTIONS, guests=guests.get)


def controls_with(**values):
    table = parameter_table(("age",), CHILDREN, RESOLUTIONS)
    given = {name.replace("__", "/").replace("_", "-"): value for name, value in values.items()}
    return ControlState(table, {**QUIET, **given}).snapshot(0.0)


def one_visitor():
    face = Face(1, np.zeros((468, 2), np.float32), (0, 0, 1, 1), Expression(), 1.0, True, 1.0)
    return EncodedFrame(Frame(0, 0.0, np.zeros((8, 8, 3), np.uint8)), (EncodedFace(face, torch.zeros(STYLES, WIDTH), None),))


@pytest.mark.parametrize(
    ("values", "glass"),
    [
        ({}, 0.8),
        ({"identity__morph": 0.25}, 0.8 * 0.75),
        ({"identity__mix": 0.5}, 0.8 * 0.5),
        ({"truncation": 0.5}, 0.8 * 0.5),
        ({"truncation": 0.5, "identity__morph": 0.25, "identity__mix": 0.5}, 0.8 * 0.5 * 0.75 * 0.5),
        ({"identity__morph": 1.0}, 0.0),
    ],
)
def test_the_camera_gives_way_as_far_as_the_face_is_not_the_sitter_s(edit, values, glass):
    controls = controls_with(identity__glass=0.8, identity__guest="mean", **values)
    face = edit.edit(one_visitor(), controls, 0.0).faces[0]
    assert face.glass == pytest.approx(glass)


def test_cells_with_a_generator_of_their_own_have_the_children_in_turn(edit):
    turns = Turns(tuple((1, cell) for cell in range(9)), cells=9, generators=1.0)
    faces = edit.edit(one_visitor(), controls_with(), 0.0, turns).faces
    assert [face.cell for face in faces] == list(range(9))
    assert faces[0].mix is None
    assert [face.mix[0][0] for face in faces[1:]] == ["toon", "painted"] * 4
    assert all(face.mix[0][1] == tuple(float(r >= OWN_FROM) for r in RESOLUTIONS) for face in faces[1:])
    half = edit.edit(one_visitor(), controls_with(), 0.0, Turns(turns.keys, cells=9, generators=0.5)).faces
    assert [face.mix and face.mix[0][0] for face in half] == [None, "painted", None, "toon", None, "painted", None, "toon", None]


def test_every_picture_that_a_busy_encoder_could_not_take_is_counted(tmp_path):
    go, begun = threading.Event(), threading.Event()
    recorder = Recorder(tmp_path / "live.mp4", (96, 64), 30.0, 20, realtime=True)
    add = recorder._film.add

    def slow(frame, number):
        begun.set()
        assert go.wait(30)
        add(frame, number)

    recorder._film.add = slow
    picture = np.full((64, 96, 3), 90, np.uint8)
    recorder.write(picture, 0.0)
    assert begun.wait(30)
    for k in range(1, 8):  # the first of them waits, and each of the others takes the place of the one that waited
        recorder.write(picture, k / 30)
    assert recorder.dropped == 6
    recorder.write(picture, 7 / 30 + 0.001)  # the same frame of the film: nothing is lost that could have been in it
    assert recorder.dropped == 6
    go.set()
    recorder.close()
    assert recorder.frames == 8


@pytest.mark.parametrize(("mode", "falls_back"), [("auto", True), ("windowed", False), ("fullscreen", False), ("headless", False)])
def test_only_where_nothing_was_asked_for_is_a_display_that_fails_no_end(monkeypatch, mode, falls_back):
    real, tried = present._open, []

    def fails(settings, chosen):
        tried.append(chosen)
        if len(tried) == 1:
            raise DisplayError("no display after all")
        return real(settings, chosen)

    monkeypatch.setattr(present, "_open", fails)
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.delenv("SDL_VIDEODRIVER", raising=False)
    settings = CanvasSettings(160, 90, mode=mode, renderer="plain")
    if falls_back:
        canvas = open_canvas(settings)
        assert canvas.notice == "no display after all: running headless" and tried[1] == "headless"
        canvas.close()
    else:
        with pytest.raises(DisplayError, match="no display after all"):
            open_canvas(settings)


def test_the_two_halves_of_a_far_crowd_meet_without_a_seam():
    silhouette = Silhouette()
    seen = []

    def levels(half):
        seen.append(half.shape[1])
        return np.full((36, 64), int(half[0, 0, 0]), np.uint8)  # what each half's first pixel says

    silhouette._model = levels
    frame = np.zeros((90, 160, 3), np.uint8)
    for left, right in ((255, 255), (255, 0), (0, 255)):
        frame[:, :80], frame[:, 80:] = left, right
        start = frame.shape[1] - round(HALF * frame.shape[1])
        frame[:, start] = right
        answer = silhouette._halves(frame)
        assert answer.shape == (PEOPLE_HEIGHT, PEOPLE_WIDTH)
        assert np.ptp(answer, axis=0).max() == 0
        line = answer[0]
        assert line[0] == pytest.approx(left / 255, abs=1e-6) and line[-1] == pytest.approx(right / 255, abs=1e-6)
        steps = np.diff(line)
        if left == right:
            assert line == pytest.approx(1.0, abs=1e-6)
        else:
            overlap = 2 * round(HALF * PEOPLE_WIDTH) - PEOPLE_WIDTH
            assert np.abs(steps).max() == pytest.approx(1 / overlap, rel=0.02)
            assert np.count_nonzero(np.abs(steps) > 1e-6) == overlap
    assert set(seen) == {round(HALF * 160)}


def test_nobody_is_a_frame_without_people():
    frame = AlignedFrame(Frame(0, 0.0, np.zeros((90, 160, 3), np.uint8)), ())
    silhouette = Silhouette()
    assert silhouette.outline(frame).faces == ()
    assert silhouette.people(frame, wanted=False) is frame


def test_the_camera_gives_way_as_far_as_a_child_draws(edit):
    controls = controls_with(identity__glass=0.8, blend__toon__amount=0.5)
    edited = edit.edit(one_visitor(), controls, 0.0)
    drawn = max(share for _, shares in edited.mix for share in shares)
    assert 0 < drawn < 1
    assert edited.faces[0].glass == pytest.approx(0.8 * (1 - drawn))
    own = edit.edit(one_visitor(), controls_with(identity__glass=0.8), 0.0, Turns(((1, 1),), cells=2, generators=1.0)).faces[0]
    assert own.mix is not None and own.glass == 0.0


@pytest.mark.parametrize("spread", [0.0, 0.25, 1.0])
def test_each_cell_s_wave_is_ahead_by_its_place_in_the_spread(spread):
    directions = DirectionSet([Direction("age", torch.ones(STYLES, WIDTH), (0, STYLES))])
    edit = Edit(directions, torch.zeros(STYLES, WIDTH))
    table = parameter_table(("age",), ())
    given = {"edit/age/lfo/depth": 0.7, "edit/age/lfo/rate": 0.5, "edit/age/lfo/phase": 0.1, "edit/age/amount": 0.2, "smile/trigger": 0.0}
    controls = ControlState(table, given).snapshot(0.0)
    turns = Turns(tuple((1, cell) for cell in range(6)), cells=6, spread=spread)
    for now in (0.0, 0.3, 1.1):
        faces = edit.edit(one_visitor(), controls, now, turns).faces
    for cell, face in enumerate(faces):
        wave = np.sin(2 * np.pi * (0.5 * 1.1 + 0.1 + turns.ahead(cell, 0)))
        assert float((face.ws_edited - face.ws)[0, 0]) == pytest.approx(0.2 + 0.7 * wave, abs=1e-5)


@pytest.fixture
def track():
    return Track(TrackSettings(max_faces=12))


def seen_at(x, y, size=100.0):
    return Sighting(x, y, size, np.array([1.0, 0.0], np.float32))


@pytest.mark.parametrize(
    ("start", "step", "left"),
    [((600, 350), (0, 0), False), ((1200, 350), (20, 0), True), ((80, 350), (-20, 0), True), ((600, 60), (0, -20), True),
     ((600, 660), (0, 20), True), ((600, 660), (0, -20), False), ((900, 350), (20, 0), False)],
)  # fmt: skip
def test_who_is_lost_on_the_way_out_of_the_frame_has_left_it(track, start, step, left):
    (x, y), (dx, dy) = start, step
    for i in range(3):
        track._presence.update([seen_at(x + i * dx, y + i * dy)], i / 30)
    track._presence.update([], 0.1)
    track._let_go(np.zeros((720, 1280, 3), np.uint8))
    assert track._presence.visitors[0].edge is left


@pytest.mark.parametrize(("count", "first"), [(1, 1), (2, 2), (3, 2), (6, 2), (7, 3), (9, 3), (10, 4), (12, 4)])
def test_of_many_visitors_each_is_looked_at_in_every_third_frame_and_two_in_each(track, count, first):
    track._presence.update([seen_at(100.0 * i, 300) for i in range(count)], 0.0)
    due, later = track._turns(1 / 30)
    assert (len(due), len(due) + len(later)) == (first, count)
    due, later = track._turns(0.2)  # frames come seldom: everybody now
    assert len(due) == count and later == []


def test_the_stalest_are_looked_at_first(track):
    track._presence.update([seen_at(100.0 * i, 300) for i in range(6)], 0.0)
    for visitor, time in zip(track._presence.visitors, (0.05, 0.01, 0.04, 0.02, 0.03, 0.06), strict=True):
        visitor.time = time
    due, later = track._turns(0.07)
    assert [visitor.id for visitor in due] == [1, 3] and [visitor.id for visitor in later] == [4, 2, 0, 5]


@pytest.mark.parametrize(
    ("box", "belongs"),
    [
        ((300, 300, 400, 400), True),  # the face itself
        ((320, 310, 420, 410), True),
        ((300, 240, 335, 275), True),  # a lock of hair above it
        ((300, 240, 345, 285), False),  # as large as a child's face
        ((300, 190, 335, 225), False),  # too far away for hair
        ((500, 300, 535, 335), False),
        ((455, 300, 485, 330), False),
        ((430, 330, 460, 360), True),
    ],
)
def test_a_detection_on_somebody_s_hair_is_not_another_visitor(box, belongs):
    landmarks = np.zeros((468, 3), np.float32)
    landmarks[:, :2] = np.random.default_rng(1).uniform(300, 400, (468, 2))
    landmarks[0, :2], landmarks[1, :2] = (300, 300), (400, 400)
    known = _Found(landmarks, 20.0, seen_at(350, 350))
    assert _belongs(Detection(0.9, box, (0, 0), (0, 0)), known) is belongs


def test_a_visitor_whose_turn_comes_later_is_where_they_should_be(track):
    for i in range(10):
        track._presence.update([seen_at(300 + 6 * i, 400 - 3 * i)], i / 30)
    visitor = track._presence.visitors[0]
    landmarks = np.random.default_rng(3).uniform(200, 400, (468, 3)).astype(np.float32)
    track._memories[0] = SimpleNamespace(landmarks=landmarks)
    now = 10 / 30
    expected = track._expected(visitor, now)
    x, y = visitor.predicted(now)
    assert (expected.seen.x, expected.seen.y) == (x, y) and x > visitor.x and y < visitor.y
    assert expected.landmarks == pytest.approx(landmarks + np.array([x - visitor.x, y - visitor.y, 0]), abs=1e-3)
