"""Who is shown in which cells, how large, and how surely: small rules of glass."""

from dataclasses import replace

import numpy as np
import pytest

from installation.control.parameters import parameter_table
from installation.control.state import ControlState
from installation.stages.glass import CLEAR_FROM, CLEAR_TO, SETTLE_SECONDS, SIDES, STAY, Glass, GlassSettings, _clear, _touch
from tests.stages.test_glass import cut, encoded, face


def glass(largest=512):
    return Glass(GlassSettings(640, 360, False, largest), cut)


def controls_with(**values):
    table = parameter_table(("smile",), ("painted",))
    return ControlState(table, {name.replace("__", "/"): value for name, value in values.items()}).snapshot(0.0)


def shown(stage, controls, at=0.0):
    crowd = encoded(face(3, 100, width=60), face(5, 320, width=90), face(9, 500, width=75), at=at)
    parts = stage._cast.parts(crowd, controls)
    return [one.face.id for one in parts.faces], parts.cells


def test_the_facets_are_of_the_nearest_or_of_two_or_of_each_in_turn():
    grid = {"look__layout": "facets", "facets__rows": 3, "facets__columns": 4}
    assert shown(glass(), controls_with(**grid, facets__who="nearest")) == ([5], 12)
    assert shown(glass(), controls_with(**grid, facets__who="two")) == ([5, 9], 6)
    assert shown(glass(), controls_with(**{**grid, "facets__columns": 1}, facets__who="two")) == ([5], 3)
    assert shown(glass(), controls_with(look__layout="grid")) == ([3, 5, 9], 1)
    turns = controls_with(**grid, facets__who="turns", facets__turn=10.0)
    assert [shown(glass(), turns, at)[0] for at in (0.0, 9.9, 10.0, 19.9, 20.0, 29.9, 30.0, 1234.0)] == [
        [3], [3], [5], [5], [9], [9], [3], [3],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("quality", "clear"), [(0.0, 0.0), (CLEAR_FROM, 0.0), ((CLEAR_FROM + CLEAR_TO) / 2, 0.5), (CLEAR_TO, 1.0), (1.0, 1.0)]
)
def test_who_is_half_hidden_is_changed_by_half(quality, clear):
    assert _clear(replace(face(), quality=quality)) == pytest.approx(clear)


def test_a_layout_that_is_left_is_drawn_until_it_is_gone():
    stage = glass()
    assert stage._layouts("mirror", 100.0) == {"mirror"}
    assert stage._layouts("mirror", 200.0) == {"mirror"}
    assert stage._layouts("grid", 300.0) == {"mirror", "grid"}
    assert stage._layouts("grid", 300.0 + 0.99 * SETTLE_SECONDS) == {"mirror", "grid"}
    assert stage._layouts("grid", 300.0 + 1.01 * SETTLE_SECONDS) == {"grid"}
    assert stage._layouts("row", 400.0) == {"grid", "row"}


def test_a_portrait_s_place_grows_with_the_zoom():
    one, two = (glass()._cast.side("grid", controls_with(look__layout="grid", look__zoom=zoom), 4) for zoom in (1.0, 2.0))
    assert two == pytest.approx(2 * one, abs=2)
    assert glass()._cast.side("grid", controls_with(look__layout="grid"), 1) > one


@pytest.mark.parametrize(
    ("source", "wanted", "side"),
    [
        (1000, 1000, 512),
        (1000, 400, 512),
        (1000, 384, 384),
        (1000, 256, 256),
        (300, 1000, 256),
        (256, 1000, 256),
        (255, 1000, 128),
        (1, 9, 128),
    ],
)
def test_a_portrait_is_no_larger_than_its_place_and_than_the_camera_s_face(source, wanted, side):
    assert SIDES[:4] == (128, 256, 384, 512)
    assert glass()._side(0, source, wanted) == side
    assert glass(largest=256)._side(0, source, wanted) == min(side, 256)


def test_a_face_that_sways_about_a_size_does_not_change_it():
    stage = glass()
    for source in (256.0, 256 / STAY * 1.01, 250.0, 256 * STAY * 0.99):
        assert stage._side(256, source, 1000) == 256
        assert stage._side(128, source, 1000) == (128 if source < 256 * STAY else 256)
    assert stage._side(256, 256 / STAY * 0.99, 1000) == 128
    assert stage._side(128, 256 * STAY * 1.01, 1000) == 256
    assert stage._side(512, 1000.0, 200) == 256  # its place has become smaller: at once


def test_faces_touch_where_a_head_could_reach_into_the_other():
    one = face(1, 300, width=80)
    for x, y, near in (
        (390, 180, True),
        (415, 180, True),
        (425, 180, False),
        (175, 180, False),
        (185, 180, True),
        (300, 320, True),
        (300, 340, False),
    ):
        other = face(2, x, y, width=80)
        assert _touch(one, other) is near and _touch(other, one) is near, (x, y)
    assert _touch(one, face(3, 480, width=300))  # the larger one reaches farther


def test_the_newest_frame_of_nobody_is_the_camera_s_own():
    stage, empty = glass(), encoded()
    parts = stage._cast.parts(empty, controls_with(look__layout="facets"))
    assert (parts.faces, parts.cells, parts.keys) == ((), 1, [])
    assert stage._picture(empty) is empty.frame.image
    assert np.array_equal(stage._picture(empty), empty.frame.image)
