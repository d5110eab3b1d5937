import math
from dataclasses import fields

import numpy as np
import pytest

from installation.canvas.grain import GRAINS_PER_SECOND, REACH, Grain
from installation.canvas.look import LUMA, Grade, Look, portrait_mask, rim, trail_share, vignette
from installation.canvas.room import Wall
from installation.canvas.scene import Light
from installation.control.parameters import parameter_table
from installation.control.state import ControlState


def test_the_curve_is_the_power_law_and_neutral_by_default():
    assert np.array_equal(Grade().curve(), np.arange(256))
    curve = Grade(gamma=2.0).curve()
    assert curve[64] == round(255 * math.sqrt(64 / 255))
    assert np.array_equal(Grade(brightness=0.0).curve(), np.zeros(256))
    assert Grade(brightness=2.0).curve()[200] == 255


def test_the_tint_keeps_luma_and_at_full_strength_leaves_one_hue():
    grade = Grade(tint_hue=0.6, tint_amount=1.0)
    tinted = np.array([[0.2, 0.3, 0.1], [0.5, 0.1, 0.2]]) @ grade.tint().T
    assert tinted @ LUMA == pytest.approx(np.array([[0.2, 0.3, 0.1], [0.5, 0.1, 0.2]]) @ LUMA, abs=1e-6)
    assert tinted[0] / tinted[0].sum() == pytest.approx(tinted[1] / tinted[1].sum(), abs=1e-6)
    assert np.allclose(Grade().tint(), np.eye(3))


@pytest.mark.parametrize("softness", [0.0, 0.5, 1.0])
def test_the_mask_is_full_inside_nothing_at_the_corners_and_symmetric(softness):
    mask = portrait_mask(200, softness)
    assert mask[100, 100] == pytest.approx(1.0, abs=1e-3)
    assert mask[0, 0] == mask[0, 199] == mask[199, 0] == mask[100, 0] == 0.0
    assert np.allclose(mask, mask[:, ::-1], atol=1e-5)
    assert np.allclose(mask, mask[::-1], atol=1e-5)
    assert mask[:, 100].sum() > mask[100].sum()  # upright
    assert np.all(rim(mask) <= mask)


def test_softness_widens_the_rim():
    between = [int(((mask > 0.02) & (mask < 0.98)).sum()) for mask in (portrait_mask(200, s) for s in (0.0, 0.5, 1.0))]
    assert between[0] < between[1] < between[2]
    assert between[0] < 0.05 * 200 * 200


def test_the_vignette_darkens_the_corners_and_spares_the_middle():
    assert np.all(vignette(64, 36, 0.0) == 1.0)
    field = vignette(64, 36, 1.0)
    assert field[18, 32] == 1.0
    assert field[0, 0] < 0.4
    assert field[0, 0] == pytest.approx(field[-1, -1])


def test_trails_decay_alike_at_any_frame_rate():
    assert trail_share(0.7, 0.2) == pytest.approx(trail_share(0.7, 0.02) ** 10)
    assert trail_share(0.0, 0.01) == 0.0
    assert trail_share(1.0, 0.03) > trail_share(0.4, 0.03) > 0.0


def test_grain_follows_from_seed_and_time_alone():
    one, two, other = Grain(64, 36, 7), Grain(64, 36, 7), Grain(64, 36, 8)
    assert np.array_equal(one.table, two.table)
    assert not np.array_equal(one.table, other.table)
    shifts = [one.shift(tick / GRAINS_PER_SECOND) for tick in range(200)]
    assert shifts == [two.shift(tick / GRAINS_PER_SECOND) for tick in range(200)]
    assert len(set(shifts)) > 150
    assert all(0 <= x < REACH and 0 <= y < REACH for x, y in shifts)
    assert one.shift(0.001) == one.shift(0.02)  # one grain a film frame
    lighter, darker = one.layers(0.5)
    levels = lighter.astype(int) - darker
    assert levels.std() == pytest.approx(10.0, rel=0.05)
    assert abs(levels.mean()) < 0.3


def test_a_lamp_lights_the_wall_where_it_points_and_lamps_never_burn_out():
    wall = Wall(320, 180)
    dark = wall.light((), 0.0).astype(int)
    lit = wall.light((Light(80, 60, 30, 0.8),), 0.0).astype(int)
    assert np.unravel_index((lit - dark).argmax(), lit.shape) == pytest.approx((60 // 8, 80 // 8), abs=1)
    many = wall.light((Light(160, 90, 60, 0.9),) * 20, 0.0)
    assert many.max() <= 255
    assert many.mean() > lit.mean()
    shaded = wall.light((Light(80, 60, 30, 0.8, shadow=1.0),), 0.0).astype(int)
    assert np.all(shaded <= lit)
    assert shaded[80 // 8, 80 // 8] < lit[80 // 8, 80 // 8]


def test_every_control_of_the_look_moves_its_own_field_and_no_other():
    """A row that nobody reads would be a knob that does nothing."""
    table = parameter_table((), ())
    rows = [row for row in table.values() if row.name.startswith("look/") or row.name in ("facets/rows", "facets/columns", "facets/gap")]
    before = look_with(table)
    for row in (*rows, table["transport/blackout"]):
        other = another(row)
        moved = differences(before, look_with(table, **{row.name: other}))
        assert moved == {row.name.split("/")[1].replace("-", "_"): other}, row.name


def another(row):
    if row.kind == "bool":
        return not row.default
    return next(one for one in (*row.choices, row.low, row.high) if one != row.default)


def look_with(table, **values):
    return Look.of(ControlState(table, values).snapshot(0.0))


def differences(before, after):
    """Of the look's fields, and of its grade's."""
    pairs = [(before, after), (before.grade, after.grade)]
    names = [(a, b, one.name) for a, b in pairs for one in fields(a) if one.name != "grade"]
    return {name: getattr(b, name) for a, b, name in names if getattr(a, name) != getattr(b, name)}
