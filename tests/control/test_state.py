import math
import threading

import pytest

from installation.control.parameters import parameter_table
from installation.control.state import ControlState
from installation.errors import ConfigError

TABLE = parameter_table(["smile"], ["painted"])


def test_starts_at_the_defaults_and_the_overrides() -> None:
    controls = ControlState(TABLE, {"look/grain": 0.7, "transport/hud": True, "look/layout": "row"}).snapshot(5.0)
    assert controls.number("look/grain") == 0.7 and controls.flag("transport/hud") and controls.text("look/layout") == "row"
    assert controls.number("truncation") == TABLE["truncation"].default
    assert set(controls.values) == set(TABLE)


def test_overrides_are_checked() -> None:
    with pytest.raises(ConfigError) as caught:
        ControlState(TABLE, {"look/grian": 0.7, "look/grain": 7})
    assert len(str(caught.value).splitlines()) == 2 and "look/grian" in str(caught.value) and "from 0 to 1" in str(caught.value)


def test_a_glide_is_exponential_and_ends() -> None:
    state = ControlState(TABLE)
    start = state.snapshot(0.0).number("look/trails")
    state.set("look/trails", 1.0)
    glide = TABLE["look/trails"].glide
    half = state.snapshot(glide / 2).number("look/trails")
    assert half == pytest.approx(1 - (1 - start) * math.exp(-1.5), abs=1e-6)
    assert state.snapshot(glide).number("look/trails") == pytest.approx(1 - (1 - start) * math.exp(-3), abs=1e-6)
    assert state.snapshot(glide * 5).number("look/trails") == 1.0


def test_a_glide_does_not_depend_on_the_frame_rate() -> None:
    slow, fast = ControlState(TABLE), ControlState(TABLE)
    for state, steps in ((slow, 2), (fast, 60)):
        state.snapshot(0.0)
        state.set("look/vignette", 1.0)
        for step in range(1, steps + 1):
            controls = state.snapshot(0.1 * step / steps)
        state.last = controls.number("look/vignette")
    assert slow.last == pytest.approx(fast.last, abs=1e-9)


def test_a_set_in_mid_glide_starts_from_where_the_picture_is() -> None:
    state = ControlState(TABLE)
    state.snapshot(0.0)
    state.set("look/trails", 1.0)
    middle = state.snapshot(0.05).number("look/trails")
    state.set("look/trails", 0.0)
    assert state.snapshot(0.05).number("look/trails") == middle
    assert 0 < state.snapshot(0.06).number("look/trails") < middle


def test_switches_and_words_jump() -> None:
    state = ControlState(TABLE)
    state.snapshot(0.0)
    assert state.set("transport/freeze", 1) and state.set("look/layout", "focus")
    controls = state.snapshot(0.0)
    assert controls.flag("transport/freeze") is True and controls.text("look/layout") == "focus"


def test_what_was_set_before_the_first_picture_does_not_glide() -> None:
    state = ControlState(TABLE)
    state.set("truncation", 0.0)
    assert state.snapshot(100.0).number("truncation") == 0.0


def test_out_of_range_is_clamped_and_counted() -> None:
    state = ControlState(TABLE)
    assert state.set("edit/smile/amount", 99) and state.target("edit/smile/amount") == 3.0
    assert state.set("edit/smile/amount", -99) and state.target("edit/smile/amount") == -3.0
    assert state.counts().clamped == 2 and state.counts().ignored == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [("look/grain", float("nan")), ("look/grain", math.inf), ("look/grain", "much"), ("look/gain", 1), ("look/layout", 1)],
)  # fmt: skip
def test_nonsense_is_ignored_and_counted(name: str, value: object) -> None:
    state = ControlState(TABLE)
    before = state.snapshot(0.0)
    assert state.set(name, value) is False
    assert state.counts().ignored == 1 and state.snapshot(1.0) is before


def test_the_full_address_and_the_target() -> None:
    state = ControlState(TABLE)
    state.snapshot(0.0)
    assert state.set("/facets/look/trails", "0.5")
    assert state.target("look/trails") == state.target("/facets/look/trails") == 0.5
    assert state.snapshot(0.01).number("look/trails") < 0.5  # the target is there before the picture


def test_a_quiet_snapshot_is_the_same_object_and_an_old_one_stays() -> None:
    state = ControlState(TABLE)
    quiet = state.snapshot(0.0)
    assert state.snapshot(0.1) is quiet
    state.set("look/grain", 1.0)
    moved = state.snapshot(10.0)
    assert moved is not quiet and quiet.number("look/grain") == TABLE["look/grain"].default
    with pytest.raises(TypeError):
        moved.values["look/grain"] = 0.0


def test_time_never_runs_backwards() -> None:
    state = ControlState(TABLE)
    state.snapshot(10.0)
    state.set("look/trails", 1.0)
    here = state.snapshot(10.1).number("look/trails")
    assert state.snapshot(9.0).number("look/trails") == here
    assert state.snapshot(10.1).number("look/trails") == here


def test_asking_for_the_wrong_kind_says_so() -> None:
    controls = ControlState(TABLE).snapshot(0.0)
    with pytest.raises(TypeError, match="look/layout is text"):
        controls.number("look/layout")
    with pytest.raises(TypeError):
        controls.flag("look/grain")
    with pytest.raises(TypeError):
        controls.text("look/mirror")
    with pytest.raises(KeyError):
        controls.number("look/gain")


def test_many_hands_at_once() -> None:
    state = ControlState(TABLE)
    names = ("look/grain", "look/trails", "look/vignette", "truncation")

    def hand(name: str) -> None:
        for step in range(500):
            state.set(name, step / 499)
            state.set(name, "noise")

    hands = [threading.Thread(target=hand, args=(name,)) for name in names]
    for thread in hands:
        thread.start()
    for step in range(500):
        assert 0 <= state.snapshot(step * 0.001).number("look/grain") <= 1
    for thread in hands:
        thread.join()
    controls = state.snapshot(1000.0)
    assert all(controls.number(name) == 1.0 for name in names) and state.counts().ignored == 4 * 500
