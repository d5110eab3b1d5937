"""Edit: what controls, oscillators, smiles and truncation do to a code."""

import numpy as np
import pytest
import torch

from installation.control.parameters import parameter_table
from installation.control.state import ControlState
from installation.latents.directions import Direction, DirectionSet
from installation.messages import EncodedFace, EncodedFrame, Expression, Face, Frame
from installation.stages.edit import Edit

STYLES, WIDTH = 14, 8
RESOLUTIONS = (4, 8, 16, 32)
FRAME = Frame(0, 0.0, np.zeros((8, 8, 3), np.uint8))


def unit(row):
    vector = torch.zeros(STYLES, WIDTH)
    vector[row] = 1.0
    return vector


@pytest.fixture
def edit():
    names = ("smile", "age")
    directions = DirectionSet([Direction(name, unit(k), (k, k + 1)) for k, name in enumerate(names)])
    return Edit(directions, torch.full((STYLES, WIDTH), 5.0), ("painted", "toon"), RESOLUTIONS)


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
    controls.snapshot(1e6)  # past every glide
    return controls.snapshot(1e6 + 60)


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
