"""Edit: how a smile is taken up, what waves do while time stands or goes back, and what each portrait is told."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from installation.latents.directions import Direction, DirectionSet
from installation.latents.turns import Turns
from installation.messages import EncodedFrame
from installation.stages.edit import ATTACK_SECONDS, FINE_SHARE, LEAST_GAIN, RELEASE_SECONDS, Edit, SmileTrigger, children_share
from tests.stages.test_edit import FRAME, STYLES, WIDTH, by_editor, controls, edit, encoded, pair, set_now, unit, written_on  # noqa: F401


@pytest.mark.parametrize(("smile", "goal"), [(0.5, 0.0), (0.51, 0.51), (0.75, 0.75), (1.0, 1.0)])
def test_a_smile_above_the_threshold_takes_half_of_the_way_at_once_and_all_of_it_at_its_widest(smile, goal):
    trigger = SmileTrigger()
    for k in range(100):
        level = trigger.step(smile, 0.5, 1.0, 0.1 * k, 0.1)
    assert level == pytest.approx(goal)
    assert SmileTrigger().step(1.0, 1.0 - 1e-9, 1.0, 0.0, 9.0) == pytest.approx(0.5, abs=0.01)  # a threshold that nobody can pass by far


def test_a_smile_is_taken_up_quickly_held_and_let_go_slowly():
    trigger = SmileTrigger()
    assert trigger.step(1.0, 0.2, 2.0, 10.0, ATTACK_SECONDS / 2) == pytest.approx(0.5)
    assert trigger.step(1.0, 0.2, 2.0, 10.1, ATTACK_SECONDS / 2) == pytest.approx(0.75)
    assert trigger.step(1.0, 0.2, 2.0, 11.0, 99.0) == 1.0  # never beyond
    assert trigger.step(0.0, 0.2, 2.0, 12.9, 1.9) == 1.0
    assert trigger.step(0.0, 0.2, 2.0, 13.0, RELEASE_SECONDS / 4) == pytest.approx(0.75)
    weaker = SmileTrigger(level=0.9)
    assert weaker.step(0.6, 0.5, 2.0, 0.0, RELEASE_SECONDS / 2) == pytest.approx(0.9 - 0.3 / 2)  # down to a smaller smile, slowly
    assert SmileTrigger(level=0.4).step(0.1, 0.5, 2.0, 0.0, RELEASE_SECONDS / 2) == pytest.approx(0.2)  # nobody has smiled: nothing is held


def test_a_visitor_s_smile_counts_by_its_own_control_and_is_forgotten_with_them(edit, controls):  # noqa: F811
    now = set_now(controls, smile__trigger=0.5, smile__threshold=0.2)
    for k in range(40):
        face = edit.edit(encoded(smile=1.0), now, k / 10).faces[0]
    assert float(face.ws_edited[0, 0]) == pytest.approx(0.5, abs=1e-3)
    edit.edit(EncodedFrame(FRAME, ()), now, 4.1)
    back = edit.edit(encoded(smile=0.0), now, 4.2).faces[0]
    assert float(back.ws_edited[0, 0]) == 0.0


def test_a_clock_that_goes_back_turns_no_wave_back(edit, controls):  # noqa: F811
    now = set_now(controls, edit__age__lfo__depth=1.0, edit__age__lfo__rate=0.5)
    edit.edit(encoded(), now, 3.0)
    edit.edit(encoded(), now, 3.5)
    assert edit.phases == {"smile": pytest.approx(edit.phases["smile"]), "age": pytest.approx(0.25)}
    edit.edit(encoded(), now, 1.0)
    assert edit.phases["age"] == pytest.approx(0.25)
    edit.edit(encoded(), now, 2.0)
    assert edit.phases["age"] == pytest.approx(0.75)


def test_waves_that_are_locked_keep_to_the_beat_that_is_told_and_to_two_a_second_where_none_is(controls):  # noqa: F811
    directions = DirectionSet([Direction("age", unit(1), (1, 2))])
    locked = Edit(directions, torch.zeros(STYLES, WIDTH), ("painted", "toon"), (4, 8, 16, 32))
    now = set_now(controls, edit__age__lfo__depth=1.0, edit__age__lfo__rate=0.25, edit__age__lfo__phase=0.0, edit__age__lfo__sync=True)
    levels = [float(locked.edit(encoded(), now, k / 100).faces[0].ws_edited[1, 0]) for k in range(151)]
    assert levels[50] == pytest.approx(1.0, abs=1e-3) and levels[150] == pytest.approx(-1.0, abs=1e-3)


def test_truncation_goes_towards_the_mean_face_by_its_share(edit, controls):  # noqa: F811
    for psi in (1.0, 0.75, 0.2):
        now = set_now(controls, truncation=psi, identity__detail=0.8, edit__age__amount=0.5)
        face = edit.edit(encoded(), now, 0.0).faces[0]
        assert torch.allclose(face.ws, torch.full((STYLES, WIDTH), 5.0 * (1 - psi)), atol=1e-5)
        assert torch.allclose(face.ws_edited - face.ws, 0.5 * unit(1), atol=1e-5) and face.detail_gain == pytest.approx(0.8 * psi)


def test_a_face_is_edited_where_a_direction_moves_it_or_the_camera_gives_way(edit, controls):  # noqa: F811
    def edited(**values):
        quiet = {"edit__age__amount": 0.0, "edit__smile__amount": 0.0, "identity__glass": 1.0, "truncation": 1.0}
        return edit.edit(encoded(), set_now(controls, **{**quiet, **values}), 0.0).faces[0].edited

    assert not edited()
    assert edited(edit__age__amount=0.1) and edited(identity__glass=0.99) and edited(truncation=0.99)


def test_each_portrait_is_told_how_large_it_is_seen_and_whose_it_is(edit, controls):  # noqa: F811
    now, frame = set_now(controls), pair()
    faces = edit.edit(frame, now, 0.0, Turns(((2, 0), (1, 1), (2, 3)), pixels=(90, 300, 40), cells=4)).faces
    assert [(one.face.id, one.cell, one.pixels) for one in faces] == [(2, 0, 90), (1, 1, 300), (2, 3, 40)]
    assert [one.own for one in faces] == [frame.faces[1], frame.faces[0], frame.faces[1]]
    assert [one.pixels for one in edit.edit(frame, now, 0.0, Turns(((2, 0), (1, 1)), cells=4)).faces] == [0, 0]
    assert [(one.face.id, one.cell) for one in edit.edit(frame, now, 0.0).faces] == [(1, 0), (2, 0)]


def test_colour_and_texture_are_the_last_three_of_seven_styles(edit, controls):  # noqa: F811
    face = edit.edit(pair(), set_now(controls, identity__mix=1.0), 0.0).faces[0]
    first = round(FINE_SHARE * STYLES)
    assert first == 8 and (face.ws[:first] == 1.0).all() and (face.ws[first:] == 3.0).all()
    both = edit.edit(pair(), set_now(controls, identity__mix=0.5, identity__morph=0.5), 0.0).faces[0]
    assert torch.allclose(both.ws[:first], torch.tensor(2.0)) and torch.allclose(both.ws[first:], torch.tensor(2.5))


def test_children_share_is_that_of_the_layer_where_they_draw_most():
    assert children_share(()) == 0.0
    assert children_share((("a", (0.1, 0.5, 0.0)),)) == 0.5
    assert children_share((("a", (0.1, 0.5, 0.3)), ("b", (0.2, 0.1, 0.6)))) == pytest.approx(0.9)


@pytest.mark.parametrize("detail", [0.3, LEAST_GAIN, 0.1, 0.0])
def test_what_the_editor_writes_fades_with_the_sitter_s_detail_where_little_of_that_is_left(by_editor, controls, detail):  # noqa: F811
    face = by_editor.edit(
        EncodedFrame(FRAME, (written_on(0.2),)), set_now(controls, edit__age__amount=1.0, identity__detail=detail), 0.0
    ).faces[0]
    assert float(face.detail.mean()) * face.detail_gain == pytest.approx(0.2 * min(1.0, detail / LEAST_GAIN))


def test_on_a_face_without_a_residual_the_editor_writes_on_an_empty_one(by_editor, controls):  # noqa: F811
    bare = replace(written_on(0.2), detail=None)
    face = by_editor.edit(EncodedFrame(FRAME, (bare,)), set_now(controls, edit__age__amount=1.0), 0.0).faces[0]
    assert face.detail.shape == (4, 8, 8) and torch.allclose(face.detail, torch.tensor(0.2))
    still = by_editor.edit(EncodedFrame(FRAME, (bare,)), set_now(controls, edit__age__amount=0.0), 0.0).faces[0]
    assert still.detail is None


def test_the_amounts_of_the_newest_picture_are_there_for_others_to_see(edit, controls):  # noqa: F811
    edit.edit(encoded(), set_now(controls, edit__age__amount=1.25, edit__smile__amount=-0.5), 0.0)
    assert edit.amounts == {"smile": pytest.approx(-0.5), "age": pytest.approx(1.25)}


def test_an_oscillator_that_is_new_has_a_seed_of_its_own_name():
    first, again = (Edit(DirectionSet([Direction("age", unit(1), (1, 2))]), torch.zeros(STYLES, WIDTH)) for _ in range(2))
    one, same = (by._bank.waves[0].oscillator.value("random", 7.3, by.levels()) for by in (first, again))
    other = Edit(DirectionSet([Direction("hats", unit(1), (1, 2))]), torch.zeros(STYLES, WIDTH))._bank.waves[0].oscillator
    assert one == same != other.value("random", 7.3, first.levels()) and np.isfinite(one)
