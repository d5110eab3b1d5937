"""Glass: the camera's picture stays where nothing is edited, and what is edited follows its sitter in the newest frame."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from installation.control.parameters import parameter_table
from installation.control.state import ControlState
from installation.faces import landmarks as index
from installation.faces.ffhq import crop_to_original, invert, quad_from_landmarks, transform
from installation.latents.turns import Turns
from installation.messages import Drawing, DrawnFrame, EditedFace, EditedFrame, EncodedFace, EncodedFrame, Expression, Face, Frame
from installation.stages.align import align_image
from installation.stages.glass import SETTLE_SECONDS, VANISH_SECONDS, Glass, GlassSettings

RNG = np.random.default_rng(2)
ROOM = RNG.integers(60, 190, (360, 640, 3)).astype(np.uint8)
WHOLE = np.full((128, 128), 255, np.uint8)
WS = torch.zeros(14, 4)
ABOVE, BELOW = 178, 190  # rows on both sides of where a drawn edit turns from brighter to darker, for a face at 180


def face(id=1, x=320.0, y=180.0, width=80.0, seen=True, drawable=1.0, presence=1.0):
    """A face of that middle and width: its eyes, its mouth and its oval where they should be."""
    landmarks = np.tile(np.array([x, y], np.float32), (index.LANDMARK_COUNT, 1))
    eye, mouth = 0.23 * width, 0.42 * width
    landmarks[list(index.RIGHT_EYE)] = (x - eye, y - 0.1 * width)
    landmarks[list(index.LEFT_EYE)] = (x + eye, y - 0.1 * width)
    landmarks[list(index.MOUTH_CORNERS)] = (x, y + mouth)
    turn = np.linspace(0, 2 * np.pi, 36, endpoint=False)
    landmarks[list(index.FACE_OVAL)] = np.stack([x + width / 2 * np.sin(turn), y - 0.65 * width * np.cos(turn)], axis=1)
    box = (x - width / 2, y - 0.65 * width, x + width / 2, y + 0.65 * width)
    return Face(id, landmarks, box, Expression(), presence, seen, drawable)


def encoded(*faces, image=ROOM, at=0.0):
    return EncodedFrame(Frame(0, at, image), tuple(EncodedFace(one, WS, None, WHOLE) for one in faces))


def drawn(frame, turns, levels=40, glass=1.0, only=None, side=128):
    """Every face whose turn it is, ``levels`` brighter in its upper half and darker in the lower, so that its tone stays."""
    faces, drawings = [], []
    sitters = {one.face.id: one for one in frame.faces}
    for id, cell in turns.keys:
        own = sitters[id]
        plain = np.full((side, side, 3), 120, np.uint8)
        edited = plain.copy()
        edited[: side * 5 // 9] += levels
        edited[side * 5 // 9 :] -= levels
        faces.append(EditedFace(own.face, WS, WS, None, 1.0, None, own, glass, True, cell))
        nothing = only is not None and id not in only
        drawings.append(Drawing(None, None, None, glass) if nothing else Drawing(edited, plain, None, glass))
    return DrawnFrame(EditedFrame(frame.frame, tuple(faces)), tuple(drawings))


def cut(image, M_c2o, side, out):
    return align_image(image, M_c2o, side, out)


@pytest.fixture
def controls():
    state = ControlState(parameter_table(("smile",), ("painted",)), {"look/layout": "mirror"})
    return lambda **values: set_now(state, **values)


def set_now(state, **values):
    for name, value in values.items():
        assert state.set(name.replace("__", "/"), value)
    set_now.moment = getattr(set_now, "moment", 1e6) + 60.0
    state.snapshot(set_now.moment)
    set_now.moment += 60.0
    return state.snapshot(set_now.moment)


def glass(turn_ms=1.0, lockstep=False, largest=512):
    return Glass(GlassSettings(640, 360, lockstep, largest), cut, lambda pixels: turn_ms)


def run(stage, frame, controls, now, **kwargs):
    turns = stage.turns(frame, controls)
    return stage.reflect(frame, drawn(frame, turns, **kwargs), controls, now)


def settled(stage, frame, controls, **kwargs):
    """After every change has come up to its strength."""
    for k in range(4):
        result = run(stage, frame, controls, k * 0.2, **kwargs)
    return result


def test_where_nothing_is_edited_the_picture_is_the_cameras_own(controls):
    stage, frame = glass(), encoded(face())
    result = settled(stage, frame, controls(), only=())
    assert result.picture is ROOM
    assert (stage.drawn, stage.spared) == (0, 4)


def test_an_edit_is_seen_on_the_face_and_nowhere_else(controls):
    result = settled(glass(), encoded(face()), controls())
    change = result.picture.astype(int) - ROOM
    assert change[ABOVE, 320].mean() > 20  # less than was drawn: a slow change is the skin's tone
    assert change[BELOW, 320].mean() < -20
    assert not change[:, :210].any()
    assert not change[:, 430:].any()
    assert result.portraits[0].image.size == 0  # nobody asked for a portrait of its own


def test_what_is_shown_is_the_newest_frame_whoever_was_drawn(controls):
    stage, now = glass(turn_ms=33.0), controls()  # time for one a turn
    before = settled(stage, encoded(face(1, x=150), face(2, x=480)), now).picture.astype(int) - ROOM
    later = RNG.integers(60, 190, ROOM.shape).astype(np.uint8)
    moved = encoded(face(1, x=170), face(2, x=460), image=later)
    assert len(stage.turns(moved, now).keys) == 1
    result = stage.reflect(moved, drawn(moved, Turns(())), now, 1.0)
    change = result.picture.astype(int) - later
    for x, then in ((170, 150), (460, 480)):
        assert before[ABOVE, then].mean() > 20
        assert change[ABOVE, x].mean() == pytest.approx(before[ABOVE, then].mean(), abs=3)


def test_a_change_is_drawn_as_large_as_it_is_seen_and_no_flicker_between_two_sizes(controls):
    stage, now = glass(), controls()
    assert stage.turns(encoded(face(width=60)), now).pixels[0] < stage.turns(encoded(face(width=150)), now).pixels[0]
    first = stage.turns(encoded(face(width=150)), now).pixels
    assert stage.turns(encoded(face(width=155)), now).pixels == first
    cells = controls(look__layout="facets", facets__rows=5, facets__columns=5)
    assert max(stage.turns(encoded(face(width=150)), cells).pixels) <= 360 / 5


def test_who_is_hidden_or_turned_away_simply_is_the_cameras_picture(controls):
    for gone in ({"seen": False}, {"drawable": 0.0}):
        stage = glass()
        whole = (settled(stage, encoded(face()), controls()).picture.astype(int) - ROOM)[ABOVE, 320].mean()
        frame = encoded(replace(face(), **gone))
        partly = run(stage, frame, controls(), 0.6 + VANISH_SECONDS / 2)
        strength = (partly.picture.astype(int) - ROOM)[ABOVE, 320].mean()
        assert 0.25 * whole < strength < 0.75 * whole
        assert 0.25 < partly.portraits[0].in_view < 0.75  # and so does what is painted over them
        after = run(stage, frame, controls(), 0.6 + 2 * VANISH_SECONDS)
        assert after.picture is ROOM and after.portraits[0].in_view == 0.0


def test_a_nearer_face_is_not_touched_by_the_one_behind_it(controls):
    near, far = face(1, x=330, width=120), face(2, x=260, width=80)
    alone = settled(glass(), encoded(far), controls()).picture.astype(int) - ROOM
    assert np.abs(alone[ABOVE, 300]).mean() > 5
    both = settled(glass(), encoded(near, far), controls(), only=(2,)).picture.astype(int) - ROOM
    assert np.abs(both[150:210, 290:370]).max() <= 2
    assert np.abs(both[ABOVE, 240]).mean() > 5


def test_a_portrait_is_as_large_as_the_camera_has_pixels_and_the_canvas_a_place_for(controls):
    wide = controls(look__layout="grid")
    assert settled(glass(), encoded(face(width=60)), wide).portraits[0].image.shape[0] == 128
    near = settled(glass(), encoded(face(width=150)), wide).portraits[0].image
    assert near.shape[0] == 256
    assert settled(glass(largest=128), encoded(face(width=150)), wide).portraits[0].image.shape[0] == 128


def test_a_portrait_is_the_crop_and_its_change(controls):
    frame = encoded(face(width=110))
    portrait = settled(glass(), frame, controls(look__layout="grid"), only=()).portraits[0]
    side = portrait.image.shape[0]
    crop = align_image(ROOM, crop_to_original(quad_from_landmarks(frame.faces[0].face.landmarks), side), side)
    assert np.array_equal(portrait.image, crop)
    edited = settled(glass(), frame, controls(look__layout="grid")).portraits[0].image
    assert (edited.astype(int) - crop)[side // 2, side // 2].mean() > 20


def test_both_pictures_are_there_while_one_layout_goes_over_into_another(controls):
    stage, frame = glass(), encoded(face())
    settled(stage, frame, controls())
    both = run(stage, frame, controls(look__layout="salon"), 1.0)
    assert both.picture is not None
    assert both.portraits[0].image.size
    after = run(stage, frame, controls(), 1.0 + SETTLE_SECONDS + 0.1)
    assert after.picture is None


def test_facets_show_one_visitor_in_every_cell_and_refresh_them_evenly(controls):
    stage, now = glass(turn_ms=11.0), controls(look__layout="facets", facets__rows=2, facets__columns=3)
    frame = encoded(face(1, width=60), face(2, x=460, width=90))
    drawn_cells = []
    for k in range(20):
        turns = stage.turns(frame, now)
        drawn_cells += turns.keys
        result = stage.reflect(frame, drawn(frame, turns), now, k * 0.1)
    assert {p.face.id for p in result.portraits} == {2}  # the nearer one
    assert sorted(p.cell for p in result.portraits) == list(range(6))
    counts = [drawn_cells.count((2, cell)) for cell in range(6)]
    assert max(counts) - min(counts) <= 1
    assert len({p.image.ctypes.data for p in result.portraits}) == 6


def test_two_visitors_share_the_cells_and_take_turns(controls):
    stage, frame = glass(lockstep=True), encoded(face(1, x=150), face(2, x=460))
    two = settled(stage, frame, controls(look__layout="facets", facets__who="two", facets__columns=4, facets__rows=2))
    assert [p.face.id for p in two.portraits].count(1) == [p.face.id for p in two.portraits].count(2) == 4
    turns = controls(facets__who="turns", facets__turn=5.0)
    shown = {
        at: {p.face.id for p in run(stage, encoded(face(1, x=150), face(2, x=460), at=at), turns, at).portraits} for at in (1.0, 6.0, 11.0)
    }
    assert shown[1.0] == shown[11.0] != shown[6.0]


def test_pictures_in_use_are_not_written_into(controls):
    stage, frame = glass(), encoded(face())
    first = settled(stage, frame, controls()).picture
    kept = first.copy()
    run(stage, encoded(face(), image=255 - ROOM), controls(), 1.0)
    run(stage, encoded(face(), image=255 - ROOM), controls(), 1.1)
    assert np.array_equal(first, kept)


@pytest.mark.parametrize("where", [{"x": 0.0}, {"x": 640.0, "y": 360.0}, {"width": 900.0}, {"width": 4.0}, {"y": -60.0}])
@pytest.mark.parametrize("layout", ["mirror", "facets", "salon", "grid"])
def test_a_face_may_be_anywhere(controls, where, layout):
    result = settled(glass(), encoded(face(**where), face(2, x=100)), controls(look__layout=layout))
    assert result.portraits


def test_a_camera_may_change_its_size(controls):
    stage = glass()
    settled(stage, encoded(face()), controls())
    small = np.ascontiguousarray(ROOM[:240, :320])
    assert run(stage, encoded(face(x=160, y=120), image=small), controls(), 1.0).picture.shape == small.shape


@pytest.mark.parametrize("layout", ["mirror", "salon"])
def test_skin_that_a_child_draws_has_the_sitters_hue_where_it_asks_for_that(controls, layout):
    """The room around a pink face, drawn orange."""
    room = np.full((360, 640, 3), (96, 110, 120), np.uint8)
    cv2.ellipse(room, (320, 180), (45, 58), 0, 0, 360, (196, 150, 156), -1)
    sitter = face()
    for cheek, x in zip(index.CHEEKS, (300, 340), strict=True):
        sitter.landmarks[list(cheek)] = [(x - 6, 185), (x + 6, 185), (x - 6, 200), (x + 6, 200)]
    frame = encoded(sitter, image=room)
    seen = {}
    for hue in (0.0, 1.0):
        stage, now = glass(), controls(look__layout=layout)
        for k in range(4):
            turns = stage.turns(frame, now)
            made = [Drawing(np.full((128, 128, 3), (214, 160, 120), np.uint8), None, None, 0.0, hue) for _ in turns.keys]
            faces = tuple(EditedFace(sitter, WS, WS, None, 1.0, None, frame.faces[0], 0.0, True, cell) for _, cell in turns.keys)
            result = stage.reflect(frame, DrawnFrame(EditedFrame(frame.frame, faces), tuple(made)), now, k * 0.2)
        image = result.picture if layout == "mirror" else result.portraits[0].image
        x, y = 300, 192
        if layout != "mirror":
            M_o2c = invert(crop_to_original(quad_from_landmarks(sitter.landmarks), image.shape[0]))
            x, y = transform(M_o2c, np.array([[x, y]], np.float32))[0].astype(int)
        seen[hue] = image[y, x].astype(int)
    red, green, blue = seen[0.0]
    assert green - blue > 25  # as the child draws it
    red, green, blue = seen[1.0]
    assert abs(green - blue) < 15 and red - green > 25  # as the camera sees it


@pytest.mark.parametrize("why", ["hidden", "outside", "gone"])
def test_the_hue_of_who_is_not_seen_well_is_not_looked_for(controls, why):
    """A pink sitter, and then a blue wall where their cheeks should be."""
    sitter, wall = face(), np.full((360, 640, 3), (30, 60, 200), np.uint8)
    room = wall.copy()
    cv2.ellipse(room, (320, 180), (45, 58), 0, 0, 360, (196, 150, 156), -1)
    for cheek, x in zip(index.CHEEKS, (300, 340), strict=True):
        sitter.landmarks[list(cheek)] = [(x - 6, 185), (x + 6, 185), (x - 6, 200), (x + 6, 200)]
    later = replace(sitter, seen=False) if why == "hidden" else sitter
    if why == "outside":
        later = replace(sitter, landmarks=sitter.landmarks - np.float32([305, 0]))
    stage, now = glass(), controls(look__layout="salon")
    pictures = []
    for k, (who, image) in enumerate([(sitter, room)] * 4 + [(later, wall)] * 8):
        frame = encoded(who, image=image, at=k * 0.2) if why != "gone" or k < 4 else encoded(face(2, x=100), image=image, at=k * 0.2)
        keys = stage.turns(frame, now).keys
        made = [Drawing(np.full((128, 128, 3), (214, 160, 120), np.uint8), None, None, 0.0, 1.0) for _ in keys]
        faces = tuple(EditedFace(frame.faces[0].face, WS, WS, None, 1.0, None, frame.faces[0], 0.0, True, cell) for _, cell in keys)
        stage.reflect(frame, DrawnFrame(EditedFrame(frame.frame, faces), tuple(made)), now, k * 0.2)
        known = stage._hues._known
        pictures.append(known.get(1))
    assert pictures[3] is not None
    if why == "gone":
        assert 1 not in known  # and nothing of them is kept
    else:
        assert np.allclose(pictures[-1].colour, pictures[3].colour)
