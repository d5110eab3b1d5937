"""Glass: how fast edits appear, whose pixels they may cover, what is counted, and which pictures stay as they were."""

from dataclasses import replace

import numpy as np
import pytest

from installation.faces.ffhq import crop_to_original, quad_from_landmarks
from installation.latents.turns import Turns
from installation.messages import DrawnFrame, EditedFrame, Portraits
from installation.stages.glass import APPEAR_SECONDS, KEPT, STAY, TURN_MILLISECONDS, VANISH_SECONDS, Glass, GlassSettings
from tests.stages.test_glass import ROOM, WHOLE, cut, drawn, encoded, face, run, settled
from tests.stages.test_glass_rules import controls_with

MIRROR, GRID = controls_with(look__layout="mirror"), controls_with(look__layout="grid")
NOTHING = Turns(())


def glass(turn_ms=1.0, lockstep=False):
    return Glass(GlassSettings(640, 360, lockstep), cut, lambda pixels: turn_ms)


def strength(stage, id=1):
    return stage._seen[id].strength


def test_an_edit_appears_and_vanishes_in_its_time_and_only_as_far_as_the_face_is_clear():
    stage, frame = glass(), encoded(face())
    run(stage, frame, MIRROR, 5.0)
    assert strength(stage) == 0.0  # however long the show has run
    run(stage, frame, MIRROR, 5.0 + APPEAR_SECONDS / 4)
    assert strength(stage) == pytest.approx(0.25)
    run(stage, frame, MIRROR, 5.0)  # a clock that goes back
    assert strength(stage) == pytest.approx(0.25)
    run(stage, frame, MIRROR, 9.0)
    assert strength(stage) == 1.0
    dim = encoded(face(presence=0.5, drawable=0.8))
    run(stage, dim, MIRROR, 9.0 + VANISH_SECONDS / 4)
    assert strength(stage) == pytest.approx(0.75)
    run(stage, dim, MIRROR, 12.0)
    assert strength(stage) == pytest.approx(0.4)
    run(stage, encoded(), MIRROR, 13.0)
    run(stage, frame, MIRROR, 13.1)
    assert strength(stage) == pytest.approx(0.1 / APPEAR_SECONDS)  # who comes back begins anew


def test_a_lockstep_show_s_first_picture_has_its_edits_whole():
    stage = glass(lockstep=True)
    picture = run(stage, encoded(face(presence=0.5)), MIRROR, 3.0).picture
    assert strength(stage) == 0.5 and picture is not ROOM
    run(stage, encoded(face()), MIRROR, 3.0 + APPEAR_SECONDS / 4)
    assert strength(stage) == pytest.approx(0.75)


def test_drawings_and_those_that_were_not_needed_are_counted():
    stage, frame = glass(), encoded(face(1, x=150), face(2, x=460))
    run(stage, frame, MIRROR, 0.0, only=(2,))
    run(stage, frame, MIRROR, 0.1)
    assert (stage.drawn, stage.spared) == (3, 1)


def masks(stage, *faces, glass=1.0, side=128, covered=None, silhouette=WHOLE):
    """Where edits of the first of these faces may be seen."""
    frame = encoded(*faces)
    one = replace(frame.faces[0], covered=covered, silhouette=silhouette)
    frame = replace(frame, faces=(one, *frame.faces[1:]))
    made = drawn(frame, Turns(((faces[0].id, 0),)), glass=glass, side=side)
    (edited,), (drawing,) = made.edited.faces, made.drawings
    return stage._mask(edited, {face.face.id: face for face in frame.faces}, drawing).astype(int)


def test_an_edit_is_seen_less_on_the_camera_s_hair_and_whole_on_hair_that_is_drawn():
    theirs, half, new = (masks(glass(), face(), glass=share) for share in (1.0, 0.5, 0.0))
    assert theirs[64, 64] == half[64, 64] == new[64, 64] > 250
    hair = (10, 64)
    assert 60 < theirs[hair] < 120 and new[hair] > 230 and half[hair] == pytest.approx((theirs[hair] + new[hair]) / 2, abs=3)


def test_no_edit_on_what_covers_a_face_nor_on_the_room_behind_it():
    covered = np.zeros((32, 32), np.uint8)
    covered[:, :16] = 255
    behind = WHOLE.copy()
    behind[:, 64:] = 0
    free = masks(glass(), face())
    hand, room = masks(glass(), face(), covered=covered), masks(glass(), face(), silhouette=behind)
    assert not hand[:, :60].any() and np.array_equal(hand[:, 72:], free[:, 72:])
    assert not room[:, 64:].any() and np.array_equal(room[:, :60], free[:, :60])
    assert np.array_equal(masks(glass(), face(), silhouette=None), free)  # not known yet: all of the crop


def test_a_mask_is_as_large_as_the_drawing():
    small, large = masks(glass(), face()), masks(glass(), face(), side=256)
    assert small.shape == (128, 128) and large.shape == (256, 256)
    assert np.abs(large[::2, ::2] - small).max() < 40 and large.max() == small.max()


@pytest.mark.parametrize(
    ("other", "stays_out"),
    [
        (face(2, x=375, width=120), True),
        (face(2, x=375, width=80), False),  # as far away: who is before whom is not known
        (face(2, x=375, width=60), False),
        (face(2, x=375, width=120, seen=False), False),  # where they were last
        (face(2, x=600, width=120), False),
    ],
)
def test_an_edit_keeps_clear_of_a_face_that_is_nearer(other, stays_out):
    free, mask = masks(glass(), face()), masks(glass(), face(), other)
    assert (mask < free - 50).any() == stays_out


@pytest.mark.parametrize(("each", "count"), [(TURN_MILLISECONDS / 2, 2), (TURN_MILLISECONDS / 3.5, 3), (500.0, 1), (0.0, 4)])
def test_as_many_are_drawn_at_a_turn_as_there_is_time_for(each, count):
    four = encoded(*(face(id, x=100 + 130 * id) for id in range(4)))
    assert len(glass(each).turns(four, MIRROR).keys) == count
    assert len(glass(each, lockstep=True).turns(four, MIRROR).keys) == 4


def test_a_turn_says_how_the_cells_differ():
    told = controls_with(look__layout="facets", facets__rows=2, facets__columns=2, facets__spread=0.7, facets__generators=0.3)
    turns = glass().turns(encoded(face()), told)
    assert (turns.cells, turns.spread, turns.generators) == (4, pytest.approx(0.7), pytest.approx(0.3)) and len(turns.pixels) == 4


def test_a_change_is_as_large_as_the_camera_s_face_in_the_mirror_and_no_larger_than_its_cell_elsewhere():
    side = quad_from_landmarks(face(width=120).landmarks).side
    cells = controls_with(look__layout="facets", facets__rows=4, facets__columns=4, facets__gap=0.0)
    assert glass().turns(encoded(face(width=120)), MIRROR).pixels == (int(np.ceil(side)),)
    assert set(glass().turns(encoded(face(width=120)), cells).pixels) == {glass()._cast.side("facets", cells, 16)} < set(range(80, 91))
    assert set(glass().turns(encoded(face(width=20)), cells).pixels) == {int(np.ceil(quad_from_landmarks(face(width=20).landmarks).side))}


def test_the_size_of_a_change_follows_a_face_that_comes_nearer_step_by_step():
    stage, seen = glass(), []
    for width in np.geomspace(60, 60 * STAY**3, 40):
        seen.append(stage.turns(encoded(face(width=float(width))), MIRROR).pixels[0])
    assert seen == sorted(seen) and 3 <= len(set(seen)) <= 5
    for width in np.geomspace(60 * STAY**3, 60, 40):
        seen.append(stage.turns(encoded(face(width=float(width))), MIRROR).pixels[0])
    assert seen[40:] == sorted(seen[40:], reverse=True) and 3 <= len(set(seen[40:])) <= 5


def test_pictures_and_portraits_stay_as_they_were_for_the_promised_frames():
    stage, frame = glass(), encoded(face(width=150))
    settled(stage, frame, MIRROR)
    both = run(stage, frame, GRID, 0.7)
    kept = [both.picture.copy(), both.portraits[0].image.copy()]
    for k in range(1, KEPT):
        other = encoded(face(width=150), image=np.full_like(ROOM, 40 * k))
        late = run(stage, other, GRID, 0.7 + k / 30)
        assert np.array_equal(both.picture, kept[0]) and np.array_equal(both.portraits[0].image, kept[1])
        assert late.picture is not both.picture and late.portraits[0].image is not both.portraits[0].image
    again = run(stage, frame, GRID, 0.9)  # and not a byte more is kept
    assert again.picture is both.picture and again.portraits[0].image is both.portraits[0].image


def test_who_left_and_what_is_not_shown_any_more_is_forgotten():
    stage, two = glass(), encoded(face(1, x=150), face(2, x=460))
    settled(stage, two, GRID)
    assert set(stage._changes) == {(1, 0), (2, 0)} == set(stage._tiles)
    result = stage.reflect(encoded(face(2, x=460)), DrawnFrame(EditedFrame(two.frame, ()), ()), GRID, 1.0)
    assert set(stage._changes) == {(2, 0)} == set(stage._tiles) and [one.face.id for one in result.portraits] == [2]


def test_a_portrait_says_where_in_the_frame_it_was_cut_out_and_how_much_of_it_is_there():
    frame = encoded(face(presence=0.5, drawable=0.8))
    (one,) = settled(glass(), frame, MIRROR).portraits
    assert one.square == pytest.approx(crop_to_original(quad_from_landmarks(frame.faces[0].face.landmarks), 1))
    assert one.opacity == pytest.approx(0.4) and one.cell == 0 and one.image.shape == (0, 0, 3)
    people = np.ones((4, 4), np.uint8)
    with_people = replace(frame, people=people)
    result: Portraits = run(glass(), with_people, MIRROR, 0.0)
    assert result.people is people and result.frame is frame.frame


def test_a_face_whose_first_turn_has_not_come_has_no_portrait_and_the_camera_s_pixels():
    stage, two = glass(), encoded(face(1, x=150), face(2, x=460))
    made = drawn(two, Turns(((1, 0),)))
    for k in range(4):
        result = stage.reflect(two, made, MIRROR, 0.2 * k)
    assert [one.face.id for one in result.portraits] == [1]
    change = result.picture.astype(int) - ROOM
    assert np.abs(change[165, 150]).mean() > 5 and not change[:, 330:].any()


def test_a_face_that_is_farther_away_is_laid_under_the_nearer_one():
    order, stage = [], glass()
    stage._pane = type("Pane", (), {"in_place": lambda self, picture, change, M_c2o, mouth: order.append(M_c2o[0, 2])})()
    settled(stage, encoded(face(1, x=450, width=120), face(2, x=150, width=60)), MIRROR)
    assert order[-2] < order[-1]  # the one on the left, which is small, before the large one


def test_a_portrait_without_the_camera_s_pixels_is_as_the_generator_drew_it():
    stage, frame = glass(), encoded(face(width=60))
    made = drawn(frame, Turns(((1, 0),)), glass=0.0, side=256)
    made = replace(made, drawings=tuple(replace(one, plain=None) for one in made.drawings))
    for k in range(4):
        (one,) = stage.reflect(frame, made, GRID, 0.2 * k).portraits
    assert one.image.shape == (256, 256, 3)  # though the camera has far less of it
    assert np.abs(one.image.astype(int) - made.drawings[0].edited).max() <= 2
