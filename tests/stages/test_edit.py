"""Edit: what controls, oscillators, smiles and truncation do to a code."""

import itertools

import numpy as np
import pytest
import torch

from installation.control.parameters import parameter_table
from installation.control.state import ControlState
from installation.latents.directions import Direction, DirectionSet
from installation.latents.maps import Maps
from installation.latents.oscillators import Levels
from installation.messages import EncodedFace, EncodedFrame, Expression, Face, Frame, OwnChanges
from installation.models.guests import Guest
from installation.stages.edit import Edit

STYLES, WIDTH = 14, 8
RESOLUTIONS = (4, 8, 16, 32)
GUESTS = {"mean": Guest(torch.full((STYLES, WIDTH), 5.0))}
MINUTES = itertools.count(1e6, 60.0)
FRAME = Frame(0, 0.0, np.zeros((8, 8, 3), np.uint8))


def unit(row):
    vector = torch.zeros(STYLES, WIDTH)
    vector[row] = 1.0
    return vector


@pytest.fixture
def edit():
    names = ("smile", "age")
    directions = DirectionSet([Direction(name, unit(k), (k, k + 1)) for k, name in enumerate(names)])
    return Edit(directions, torch.full((STYLES, WIDTH), 5.0), ("painted", "toon"), RESOLUTIONS, guests=GUESTS.get)


@pytest.fixture
def controls():
    table = parameter_table(("smile", "age"), ("painted", "toon"), RESOLUTIONS)
    quiet = {f"edit/{name}/lfo/depth": 0.0 for name in ("smile", "age")}
    return ControlState(table, {**quiet, "smile/trigger": 0.0})


def encoded(smile=0.0, id=1):
    face = Face(id, np.zeros((468, 2), np.float32), (0, 0, 1, 1), Expression(smile=smile), 1.0, True, 1.0)
    return EncodedFrame(FRAME, (EncodedFace(face, torch.zeros(STYLES, WIDTH), torch.ones(4, 8, 8)),))


def set_now(controls, **values):
    for name, value in values.items():
        assert controls.set(name.replace("__", "/").replace("_", "-"), value)
    controls.snapshot(next(MINUTES))  # past every glide
    return controls.snapshot(next(MINUTES))


def test_an_amount_moves_its_own_layers_only(edit, controls):
    face = edit.edit(encoded(), set_now(controls, edit__age__amount=1.5), 0.0).faces[0]
    assert torch.equal(face.ws_edited, 1.5 * unit(1))
    assert face.ws.abs().sum() == 0


def test_an_oscillator_swings_by_its_depth_over_a_period(edit, controls):
    now = set_now(controls, edit__smile__lfo__depth=2.0, edit__smile__lfo__rate=0.5)
    values = [float(edit.edit(encoded(), now, k / 50).faces[0].ws_edited[0, 0]) for k in range(101)]
    assert values[25] == pytest.approx(2.0, abs=1e-3)  # a quarter of the two seconds
    assert values[75] == pytest.approx(-2.0, abs=1e-3)
    assert values[100] == pytest.approx(0.0, abs=1e-3)


def test_a_visitors_smile_drives_the_portrait_and_is_held(edit, controls):
    now = set_now(controls, smile__trigger=1.0, smile__threshold=0.5, smile__hold=1.0)
    assert float(edit.edit(encoded(smile=0.4), now, 0.0).faces[0].ws_edited[0, 0]) == 0.0
    for k in range(60):
        level = float(edit.edit(encoded(smile=0.95), now, k / 30).faces[0].ws_edited[0, 0])
    assert level > 0.8
    held = float(edit.edit(encoded(smile=0.0), now, 2.5).faces[0].ws_edited[0, 0])
    assert held == pytest.approx(level, abs=0.05)
    for k in range(120):
        level = float(edit.edit(encoded(smile=0.0), now, 3.0 + k / 30).faces[0].ws_edited[0, 0])
    assert level < 0.02


def test_truncation_ends_at_the_mean_face_without_the_sitters_detail(edit, controls):
    face = edit.edit(encoded(), set_now(controls, truncation=0.0), 0.0).faces[0]
    assert torch.allclose(face.ws_edited, torch.tensor(5.0))
    assert face.detail_gain == 0.0


def test_mix_follows_amounts_and_layers_and_is_normalised(edit, controls):
    assert edit.edit(encoded(), controls.snapshot(0.0), 0.0).mix == ()
    blend = {f"blend/{name}/layer/{r}": 1.0 for name in ("painted", "toon") for r in RESOLUTIONS}
    for address, value in {**blend, "blend/painted/layer/4": 0.0}.items():
        controls.set(address, value)
    mix = dict(edit.edit(encoded(), set_now(controls, blend__painted__amount=1.0, blend__toon__amount=1.0), 0.0).mix)
    assert mix["painted"] == (0.0, 0.5, 0.5, 0.5)
    assert mix["toon"] == (1.0, 0.5, 0.5, 0.5)


def pair(first=1.0, second=3.0):
    faces = []
    for id, level in ((1, first), (2, second)):
        face = Face(id, np.zeros((468, 2), np.float32), (0, 0, 1, 1), Expression(), 1.0, True, 1.0)
        faces.append(EncodedFace(face, torch.full((STYLES, WIDTH), level), torch.full((4, 8, 8), level)))
    return EncodedFrame(FRAME, tuple(faces))


def test_morph_one_swaps_the_portraits_with_all_that_is_theirs(edit, controls):
    one, two = edit.edit(pair(), set_now(controls, identity__morph=1.0), 0.0).faces
    assert float(one.ws_edited[0, 0]) == float(one.ws[0, 0]) == 3.0 and float(two.ws_edited[0, 0]) == 1.0
    assert float(one.detail[0, 0, 0]) == 3.0 and one.detail_gain == 1.0
    assert (one.face.id, two.face.id) == (1, 2)


def test_no_step_of_a_morph_is_a_jump_and_the_residual_is_that_of_the_face_drawn(edit, controls):
    faces = [edit.edit(pair(), set_now(controls, identity__morph=float(morph)), 0.0).faces[0] for morph in np.linspace(0, 1, 101)]
    levels, details = [float(face.ws_edited[0, 0]) for face in faces], [float(face.detail.mean()) for face in faces]
    assert np.diff(levels).max() < 0.021 and min(np.diff(details)) >= 0
    assert np.diff(details).max() <= 2 * 0.01 * 1.5 / 0.16
    assert all(torch.equal(face.ws, face.ws_edited) for face in faces)  # nothing for the mask of ghosts to see
    assert {face.detail_gain for face in faces} == {1.0}


def test_mix_takes_colour_and_texture_and_leaves_the_face(edit, controls):
    face = edit.edit(pair(), set_now(controls, identity__mix=0.5), 0.0).faces[0]
    assert float(face.ws_edited[0, 0]) == 1.0 and float(face.ws_edited[7, 0]) == 1.0
    assert float(face.ws_edited[8, 0]) == 2.0 and float(face.ws_edited[-1, 0]) == 2.0
    assert face.detail_gain == 1.0 and float(face.detail[0, 0, 0]) == pytest.approx(2.0)  # its mean, in a flat one


def test_alone_morph_does_nothing_and_a_guest_stands_in(edit, controls):
    face = edit.edit(encoded(), set_now(controls, identity__morph=0.7, identity__mix=1.0), 0.0).faces[0]
    assert face.ws_edited.abs().sum() == 0 and face.detail_gain == 1.0
    for k in range(20):
        face = edit.edit(encoded(), set_now(controls, identity__guest="mean", identity__morph=1.0), k / 10).faces[0]
    assert torch.allclose(face.ws_edited, torch.tensor(5.0)) and face.detail is None


def test_other_directions_are_taken_while_the_show_runs_and_phases_stay(edit, controls):
    now = set_now(controls, edit__age__lfo__depth=1.0, edit__age__lfo__rate=1.0, edit__age__lfo__phase=0.0)
    for k in range(11):
        before = float(edit.edit(encoded(), now, k / 100).faces[0].ws_edited[1, 0])
    edit.use(DirectionSet([Direction("hats", unit(2), (2, 3)), Direction("age", unit(1), (1, 2))]))
    face = edit.edit(encoded(), now, 0.11).faces[0]  # the controls have no row for hats yet
    assert float(face.ws_edited[1, 0]) == pytest.approx(np.sin(2 * np.pi * 0.11), abs=1e-5) != before
    assert float(face.ws_edited[2, 0]) == 0.0 and set(edit.amounts) == {"hats", "age"}
    controls.replace(parameter_table(("hats", "age"), ("painted", "toon"), RESOLUTIONS))
    face = edit.edit(encoded(), set_now(controls, edit__hats__amount=2.0), 0.12).faces[0]
    assert float(face.ws_edited[2, 0]) == pytest.approx(2.0)


def test_a_locked_oscillator_turns_with_the_beat(controls):
    directions = DirectionSet([Direction("age", unit(1), (1, 2))])
    edit = Edit(directions, torch.zeros(STYLES, WIDTH), ("painted", "toon"), RESOLUTIONS, beat=lambda now: 3 * now)
    now = set_now(controls, edit__age__lfo__depth=1.0, edit__age__lfo__rate=0.5, edit__age__lfo__phase=0.0, edit__age__lfo__sync=True)
    levels = [float(edit.edit(encoded(), now, k / 100).faces[0].ws_edited[1, 0]) for k in range(200)]
    assert levels[150] == pytest.approx(np.sin(2 * np.pi * 0.5 * 4.5), abs=1e-3)  # beat 4.5, half a cycle a beat
    assert levels[167] == pytest.approx(np.sin(2 * np.pi * 0.5 * 5.01), abs=1e-3)


def test_sound_moves_what_follows_it(controls):
    heard = [Levels()]
    directions = DirectionSet([Direction("age", unit(1), (1, 2))])
    edit = Edit(directions, torch.zeros(STYLES, WIDTH), ("painted", "toon"), RESOLUTIONS, levels=lambda: heard[0])
    now = set_now(controls, edit__age__lfo__depth=2.0, edit__age__lfo__shape="envelope-low")
    assert float(edit.edit(encoded(), now, 0.0).faces[0].ws_edited[1, 0]) == 0.0
    heard[0] = Levels(level=0.3, low=0.8)
    for k in range(1, 30):
        face = edit.edit(encoded(), now, k / 30).faces[0]
    assert float(face.ws_edited[1, 0]) == pytest.approx(1.6, abs=1e-3)


def test_a_pause_stops_the_waves_where_they_are(edit, controls):
    now = set_now(controls, edit__age__lfo__depth=1.0, edit__age__lfo__rate=0.5)
    for k in range(11):
        before = float(edit.edit(encoded(), now, k / 10).faces[0].ws_edited[1, 0])
    for k in range(600):
        edit.pause(1.0 + k / 10)
    after = float(edit.edit(encoded(), now, 1.0 + 600 / 10).faces[0].ws_edited[1, 0])
    assert abs(after - before) < np.pi * 0.11


def test_the_residual_is_carried_as_by_all_directions_at_once():
    generator = torch.Generator().manual_seed(3)
    maps = [Maps(*(torch.randn(depth, 8, 8, generator=generator) * 0.05 for depth in (2, 4, 2))) for _ in range(3)]
    parts = [Direction(f"d{k}", unit(k), (k, k + 1), one) for k, one in enumerate(maps)]
    directions, detail, amounts = DirectionSet(parts), torch.randn(4, 8, 8, generator=generator), [0.5, 0.0, -1.5]
    move = directions.further(directions.move([*amounts[:2], 0.0]), 2, -1.5)
    at_once = directions.move(amounts)
    assert torch.allclose(move.carry(detail), at_once.carry(detail), atol=1e-5)
    assert torch.allclose(move.offset, at_once.offset, atol=1e-6)
    assert torch.allclose(move.maps.warp, 0.5 * maps[0].warp - 1.5 * maps[2].warp, atol=1e-5)
    assert directions.move([0.0, 0.0, 0.0]) is None and directions.further(None, 1, 0.0) is None


def own_changes(level):
    return OwnChanges(torch.full((2, 2, 4, 8, 8), level), torch.full((2, 2, 2, 16, 16), level / 10))


@pytest.fixture
def by_editor():
    parts = [Direction(name, unit(k), (k, k + 1), by_editor=True) for k, name in enumerate(("smile", "age"))]
    return Edit(DirectionSet(parts, knobs=("age", "smile")), torch.full((STYLES, WIDTH), 5.0), guests=GUESTS.get)


def written_on(level, id=1, smile=0.0):
    face = Face(id, np.zeros((468, 2), np.float32), (0, 0, 1, 1), Expression(smile=smile), 1.0, True, 1.0)
    return EncodedFace(face, torch.zeros(STYLES, WIDTH), torch.zeros(4, 8, 8), changes=own_changes(level))


def test_the_editors_part_is_written_on_the_residual_of_each_face(by_editor, controls):
    frame = EncodedFrame(FRAME, (written_on(0.2), written_on(0.4, id=2)))
    now = set_now(controls, edit__age__amount=0.5)
    one, two = by_editor.edit(frame, now, 0.0).faces
    assert torch.equal(one.ws, one.ws_edited) and one.edited
    assert torch.allclose(one.detail, torch.full((4, 8, 8), 0.1)) and torch.allclose(two.detail, torch.full((4, 8, 8), 0.2))
    assert one.warp == pytest.approx(np.full((2, 16, 16), 0.01)) and not frame.faces[0].detail.any()
    still = by_editor.edit(frame, set_now(controls, edit__age__amount=0.0), 0.0).faces[0]
    assert not still.edited and not still.detail.any() and still.warp is None


def test_a_visitors_own_smile_adds_to_the_editors_knob(by_editor, controls):
    now = set_now(controls, smile__trigger=1.0, edit__age__amount=1.0)
    for k in range(60):
        face = by_editor.edit(EncodedFrame(FRAME, (written_on(0.2, smile=1.0),)), now, k / 10).faces[0]
    assert float(face.detail.mean()) == pytest.approx(0.4, abs=0.01)  # all of age and all of the smile


@pytest.mark.parametrize("detail", [1.0, 0.5])
def test_what_the_editor_writes_is_as_strong_on_a_face_with_less_of_its_own_detail(by_editor, controls, detail):
    now = set_now(controls, edit__age__amount=1.0, identity__detail=detail)
    face = by_editor.edit(EncodedFrame(FRAME, (written_on(0.2),)), now, 0.0).faces[0]
    assert float(face.detail.mean()) * face.detail_gain == pytest.approx(0.2)


def test_over_another_face_the_editor_writes_what_belongs_there(by_editor, controls):
    frame = EncodedFrame(FRAME, (written_on(0.2), written_on(0.6, id=2)))
    face = by_editor.edit(frame, set_now(controls, edit__age__amount=1.0, identity__morph=0.5), 0.0).faces[0]
    assert float(face.detail.mean()) == pytest.approx(0.4)
    alone = by_editor.edit(
        EncodedFrame(FRAME, (written_on(0.2),)), set_now(controls, edit__age__amount=1.0, identity__morph=1.0, identity__guest="mean"), 9.0
    ).faces[0]
    assert float(alone.detail.mean()) == pytest.approx(0.2)  # nothing is known of the guest


def test_an_opened_mouth_needs_no_drawing_and_goes_with_one(controls):
    parts = [Direction(name, unit(k), (k, k + 1), by_editor=True) for k, name in enumerate(("age", "mouth-open"))]
    stage = Edit(DirectionSet(parts, knobs=("age", "mouth-open")), torch.full((STYLES, WIDTH), 5.0))
    state = ControlState(parameter_table(("age", "mouth-open"), ()), {"edit/age/lfo/depth": 0.0})
    frame = EncodedFrame(FRAME, (written_on(0.2),))
    alone = stage.edit(frame, set_now(state, **{"edit__mouth-open__amount": 0.6}), 0.0).faces[0]
    assert alone.lips.opening == pytest.approx(0.6) and not alone.edited and torch.equal(alone.ws, alone.ws_edited)
    assert alone.own_share == 0.0 and alone.warp is None
    both = stage.edit(frame, set_now(state, edit__age__amount=1.0), 0.0).faces[0]
    assert both.lips.opening == pytest.approx(0.6) and both.edited and both.own_share == 1.0
    half = stage.edit(frame, set_now(state, identity__glass=0.5), 0.0).faces[0]
    assert half.own_share == pytest.approx(0.5)
    closing = {"edit__mouth-open__amount": -0.6, "edit__age__amount": 0.0, "identity__glass": 1.0}
    shut = stage.edit(frame, set_now(state, **closing), 0.0).faces[0]
    assert shut.lips.opening == pytest.approx(-0.6) and not shut.edited
    # Another's mouth is not the visitor's to close.
    guest = stage.edit(frame, set_now(state, identity__morph=0.75, identity__guest="mean"), 0.0).faces[0]
    assert guest.lips.opening == pytest.approx(-0.15)
