"""A hand wins over a fade for good, and a hue goes the short way, glided as well as faded."""

import pytest

from installation.control.parameters import parameter_table
from installation.control.state import ControlState

TABLE = parameter_table((), ())


def state_at(**values):
    state = ControlState(TABLE, {name.replace("__", "/").replace("_", "-"): value for name, value in values.items()})
    state.snapshot(0.0)
    return state


def test_a_hand_that_comes_during_a_fade_is_the_last_word():
    state = state_at(look__grain=0.0, look__vignette=0.0)
    state.fade({"look/grain": 1.0, "look/vignette": 1.0}, 10.0, "linear")
    state.snapshot(0.0)
    state.snapshot(2.0)
    state.set("look/grain", 0.3)
    for k in range(60):  # to beyond the fade's end, long after the glide to the hand has ended
        now = state.snapshot(2.0 + k / 4).number("look/grain")
    assert now == pytest.approx(0.3)
    assert state.target("look/grain") == 0.3
    assert state.snapshot(20.0).number("look/vignette") == 1.0
    assert not state.fading


def test_a_hand_at_the_goal_of_a_fade_ends_it_as_well():
    state = state_at(look__grain=0.0)
    state.fade({"look/grain": 1.0}, 100.0, "linear")
    state.snapshot(0.0)
    state.snapshot(10.0)
    assert state.set("look/grain", 1.0)  # a fader pushed to where the fade would have ended, now and not in ninety seconds
    assert state.snapshot(15.0).number("look/grain") == 1.0
    assert not state.fading


def test_a_later_fade_takes_over_from_where_the_picture_is():
    state = state_at(look__grain=0.0)
    state.fade({"look/grain": 1.0}, 10.0, "linear")
    state.snapshot(0.0)
    assert state.snapshot(5.0).number("look/grain") == pytest.approx(0.5)
    state.fade({"look/grain": 0.0}, 10.0, "linear")
    state.snapshot(5.0)
    assert state.snapshot(10.0).number("look/grain") == pytest.approx(0.25)
    assert state.snapshot(15.0).number("look/grain") == 0.0


def test_a_later_fade_to_where_the_picture_is_stops_it_there():
    state = state_at(look__grain=0.0)
    state.fade({"look/grain": 1.0}, 10.0, "linear")
    state.snapshot(0.0)
    where = state.snapshot(5.0).number("look/grain")
    state.fade({"look/grain": where}, 10.0, "linear")
    assert [state.snapshot(5.0 + k).number("look/grain") for k in range(15)] == [where] * 15
    assert not state.fading


@pytest.mark.parametrize(("start", "goal", "never"), [(0.9, 0.1, (0.2, 0.8)), (0.1, 0.9, (0.2, 0.8)), (0.3, 0.6, (0.65, 0.99))])
def test_a_hue_glides_the_short_way(start, goal, never):
    row = TABLE["look/tint-hue"]
    assert row.circular and row.glide > 0
    state = state_at(look__tint_hue=start)
    state.set("look/tint-hue", goal)
    way = [state.snapshot(k * row.glide / 40).number("look/tint-hue") for k in range(1, 120)]
    assert way[-1] == goal
    assert not any(never[0] < hue < never[1] for hue in way)
    assert all(row.low <= hue <= row.high for hue in way)
    assert len(set(way)) > 10  # it did glide


@pytest.mark.parametrize(("start", "goal", "halfway"), [(0.9, 0.1, 0.0), (0.1, 0.9, 0.0), (0.3, 0.6, 0.45), (0.95, 0.25, 0.1)])
def test_a_hue_fades_the_short_way(start, goal, halfway):
    state = state_at(look__tint_hue=start)
    state.fade({"look/tint-hue": goal}, 10.0, "linear")
    state.snapshot(0.0)
    middle = state.snapshot(5.0).number("look/tint-hue")
    assert min(abs(middle - halfway), 1 - abs(middle - halfway)) < 1e-9
    assert state.snapshot(10.0).number("look/tint-hue") == goal
