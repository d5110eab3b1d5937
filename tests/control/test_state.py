import math
import threading

import pytest

from installation.control.parameters import Parameter, ParameterTable, parameter_table
from installation.control.state import Change, ControlCounts, ControlState, TableChange
from installation.errors import ConfigError

TABLE = parameter_table(["smile"], ["painted"])


def test_starts_at_the_defaults_and_the_overrides() -> None:
    controls = ControlState(TABLE, {"look/grain": 0.7, "transport/hud": True, "look/layout": "row"}).snapshot(5.0)
    assert controls.number("look/grain") == 0.7 and controls.flag("transport/hud") and controls.text("look/layout") == "row"
    assert controls.number("truncation") == TABLE["truncation"].default
    assert set(controls.values) == {name for name, row in TABLE.items() if not row.momentary}


def test_overrides_are_taken_as_the_kind_of_their_control() -> None:
    state = ControlState(TABLE, {"look/grain": "0.7", "look/vignette": 1, "look/mirror": 0, "facets/rows": 2.0})
    began = [state.target(name) for name in ("look/grain", "look/vignette", "look/mirror", "facets/rows")]
    assert began == [0.7, 1.0, False, 2] and [type(value) for value in began] == [float, float, bool, int]
    assert state.counts() == ControlCounts(0, 0)


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
    picture, targets = state.snapshot(0.01), state.targets()
    assert picture.number("look/trails") < 0.5  # the target is there before the picture
    state.set("look/trails", 0.9)
    assert state.shown() is picture and targets["look/trails"] == 0.5  # both are of their moment


def test_a_quiet_snapshot_is_the_same_object_and_an_old_one_stays() -> None:
    state = ControlState(TABLE)
    quiet = state.snapshot(0.0)
    assert state.snapshot(0.1) is quiet
    state.set("look/grain", 1.0)
    moved = state.snapshot(10.0)
    assert state.snapshot(10.1) is moved is state.snapshot(99.0)  # it has arrived, and is quiet again
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
    state.set("look/layout", "row")  # what was set is seen all the same, and moves nothing else
    earlier = state.snapshot(9.0)
    assert (earlier.text("look/layout"), earlier.number("look/trails")) == ("row", here)
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


def test_changes_are_told_once_with_the_hand_that_made_them() -> None:
    state, heard = ControlState(TABLE), []
    end = state.subscribe(heard.append)
    state.set("look/grain", 0.9, "osc")
    assert state.set("look/grain", 0.9, "midi")  # no news, and well done
    state.set("look/grain", "x", "osc")  # does not fit
    state.set("transport/tap", None, "osc")
    state.set("transport/tap", 0, "osc")  # the release
    state.set("preset/recall", "calm", "web")
    end()
    state.set("look/grain", 0.1, "osc")
    assert heard == [Change("look/grain", 0.9, "osc"), Change("transport/tap", True, "osc"), Change("preset/recall", "calm", "web")]


def test_a_fade_takes_the_whole_way_in_its_time_and_starts_from_the_picture() -> None:
    state = ControlState(TABLE, {"look/grain": 0.0})
    state.snapshot(0.0)
    state.fade({"look/grain": 1.0, "look/layout": "row", "no/such": 1, "preset/next": True}, 4.0, "linear")
    assert state.target("look/grain") == 1.0
    assert state.snapshot(10.0).number("look/grain") == 0.0  # its clock begins with the first picture that can show it
    assert state.snapshot(12.0).number("look/grain") == pytest.approx(0.5) and state.fading
    state.fade({"look/grain": 0.0}, 1.0, "linear")
    assert state.snapshot(12.0).number("look/grain") == pytest.approx(0.5)
    assert state.snapshot(12.5).number("look/grain") == pytest.approx(0.25)
    assert state.snapshot(14.0).number("look/grain") == 0.0 and not state.fading


def test_a_fade_is_smooth_and_told_where_it_leads_elsewhere() -> None:
    state, heard = ControlState(TABLE, {"look/grain": 0.0, "look/vignette": 0.5}), []
    state.snapshot(0.0)
    state.subscribe(heard.append)
    # What is none of its controls, or does not fit, keeps nothing else from its place.
    state.fade({"no/such": 1, "look/trails": "much", "look/grain": 7, "look/vignette": 0.5}, 4.0, source="preset")
    assert heard == [Change("look/grain", 1.0, "preset")] and state.counts() == ControlCounts(0, 0)
    state.snapshot(1.0)
    assert state.snapshot(2.0).number("look/grain") == pytest.approx(0.15625)
    assert state.target("look/trails") == TABLE["look/trails"].default


def test_a_fade_takes_over_from_a_glide() -> None:
    state = ControlState(TABLE, {"look/grain": 0.0})
    state.snapshot(0.0)
    state.set("look/grain", 1.0)
    middle = state.snapshot(0.05).number("look/grain")
    assert 0 < middle < 1
    state.fade({"look/grain": 0.0}, 10.0, "linear")
    state.snapshot(0.05)
    assert state.snapshot(5.05).number("look/grain") == pytest.approx(middle / 2)


def test_a_snapshot_with_slack_is_the_newest_one_until_something_is_set() -> None:
    state = ControlState(TABLE)
    state.snapshot(0.0)
    state.set("look/trails", 1.0)
    first = state.snapshot(0.1)
    assert state.snapshot(0.115, slack=0.02) is first
    assert state.snapshot(0.14, slack=0.02).number("look/trails") > first.number("look/trails")
    state.set("look/layout", "row")
    assert state.snapshot(0.141, slack=0.02).text("look/layout") == "row"
    moved = state.snapshot(0.2)
    assert state.snapshot(0.2) is moved  # nothing was set, and no time has gone by
    assert state.snapshot(0.15) is moved


def test_a_fade_moves_only_what_is_not_there_yet() -> None:
    state = ControlState(TABLE)
    state.snapshot(0.0)
    state.set("look/grain", 0.4)
    state.fade({"look/grain": state.snapshot(0.01).number("look/grain"), "look/layout": state.target("look/layout")}, 2.0)
    assert not state.fading
    before = state.snapshot(0.02)
    assert state.snapshot(3.0) is before  # the glide has ended where the fade was to go


def test_a_hand_takes_its_control_out_of_a_fade() -> None:
    state = ControlState(TABLE, {"look/grain": 0.0, "look/vignette": 0.0})
    state.snapshot(0.0)
    state.fade({"look/grain": 1.0, "look/vignette": 1.0}, 10.0, "linear")
    state.snapshot(0.0)
    state.snapshot(5.0)
    state.set("look/grain", 0.2)
    assert state.snapshot(7.0).number("look/grain") == pytest.approx(0.2, abs=0.01)
    assert state.snapshot(7.5).number("look/vignette") == pytest.approx(0.75)


def test_a_hue_fades_the_short_way_round() -> None:
    state = ControlState(TABLE, {"look/tint-hue": 0.9})
    state.snapshot(0.0)
    state.fade({"look/tint-hue": 0.1}, 2.0, "linear")
    state.snapshot(0.0)
    assert state.snapshot(1.5).number("look/tint-hue") == pytest.approx(0.05)
    assert state.snapshot(2.0).number("look/tint-hue") == 0.1


def test_a_fader_moves_along_the_curve() -> None:
    state = ControlState(TABLE)
    row = TABLE["look/gamma"]
    assert state.set_norm("/facets/look/gamma", 0.5, "osc")
    assert state.target("look/gamma") == pytest.approx(math.sqrt(row.low * row.high))
    assert row.to_norm(state.target("look/gamma")) == pytest.approx(0.5)
    assert state.set_norm("look/gamma", 7) and state.target("look/gamma") == row.high and state.counts().clamped == 1
    assert not state.set_norm("transport/hud", 0.5) and not state.set_norm("look/gamma", math.nan)


def test_controls_come_and_go_while_the_show_runs() -> None:
    state, heard = ControlState(TABLE, {"look/grain": 0.3}), []
    state.set("edit/smile/amount", 2.0)
    state.subscribe(heard.append)
    state.replace(parameter_table(["smile", "hats"], []))
    assert [type(one) for one in heard] == [TableChange]
    assert "edit/hats/amount" in heard[0].added and "blend/painted/amount" in heard[0].removed
    assert state.target("edit/smile/amount") == 2.0 and state.target("look/grain") == 0.3
    assert state.set("edit/hats/amount", 1.0) and not state.set("blend/painted/amount", 1.0)
    assert state.snapshot(1.0).number("edit/hats/amount") == 1.0


def test_a_control_that_vanishes_while_it_is_set_leaves_the_pictures_alone():
    """The file of a direction is deleted in the very moment in which somebody moves its fader."""
    state = ControlState(parameter_table(["smile", "hats"], []))
    state.snapshot(0.0)
    whole = state.table

    class Meanwhile:
        """A table out of which a row is taken by another thread as soon as somebody has looked it up."""

        def get(self, name):
            row = whole.get(name)
            taker.start()
            taker.join(0.3)
            return row

        def __iter__(self):
            return iter(whole)

    taker = threading.Thread(target=state.replace, args=(parameter_table(["smile"], []),))
    state.table = Meanwhile()
    state.set("edit/hats/amount", 1.0)
    taker.join(60)
    assert "edit/hats/amount" not in state.snapshot(1.0).values and "edit/hats/amount" not in state.targets()


def test_what_stays_goes_on_moving_while_controls_come_and_go() -> None:
    state = ControlState(TABLE, {"look/grain": 0.0, "look/vignette": 0.0, "blend/painted/amount": 0.5})
    state.snapshot(0.0)
    state.set("look/trails", 1.0)
    state.set("blend/painted/amount", 1.0)
    state.fade({"look/grain": 1.0, "blend/painted/layer/64": 0.0}, 10.0, "linear")
    state.snapshot(0.0)
    gliding = state.snapshot(0.05).number("look/trails")
    state.replace(parameter_table(["smile", "hats"], []))
    assert set(state.targets()) == {name for name, row in state.table.items() if not row.momentary}
    assert state.target("edit/hats/amount") == 0.0 and state.fading
    assert state.snapshot(0.05).number("look/trails") == gliding
    later = state.snapshot(0.1)
    assert set(later.values) == set(state.targets()) and gliding < later.number("look/trails") < 1
    assert state.snapshot(5.0).number("look/grain") == pytest.approx(0.5)
    assert state.snapshot(10.0).number("look/grain") == 1.0 and not state.fading
    state.replace(TABLE)
    assert state.target("blend/painted/amount") == 0.5  # what comes back begins as it is configured
    assert state.snapshot(10.1).number("blend/painted/amount") == 0.5


def test_a_table_with_the_same_controls_is_no_news() -> None:
    state, heard = ControlState(TABLE), []
    state.subscribe(heard.append)
    state.replace(parameter_table(["smile"], ["painted"]))
    assert heard == []
    state.replace(parameter_table([], ["painted"]))
    assert len(heard) == 1 and heard[0].added == () and "edit/smile/amount" in heard[0].removed


def test_what_goes_round_glides_round_wherever_its_range_lies() -> None:
    turn = Parameter("turn", 0.0, "a direction", low=-90, high=270, circular=True, glide=3.0)
    state = ControlState(ParameterTable([turn]), {"turn": 250})
    state.snapshot(0.0)
    state.set("turn", -70)
    assert state.snapshot(0.5).number("turn") == pytest.approx(250 + 40 * (1 - math.exp(-0.5)))
    assert state.snapshot(1.5).number("turn") == pytest.approx(250 + 40 * (1 - math.exp(-1.5)) - 360)
    assert state.snapshot(60.0).number("turn") == -70


def test_a_command_takes_no_word_or_number_that_a_wire_could_not_carry():
    state = ControlState(parameter_table(["age"], []))
    heard = []
    state.subscribe(heard.append)
    words = ["caf\ud800", "a\0b", "two\nlines", "two\u2028lines", "two\u2029lines", "x" * 100_000, ""]
    others = [float("nan"), float("inf"), 10**400, 10**5000, 1e300, b"x", [1]]
    for count, value in enumerate([*words, *others], start=1):
        assert not state.set("preset/recall", value, "web") and not heard
        assert state.counts().ignored == count and state.counts().last.isprintable() and len(state.counts().last) < 300
    for title in ("größe", "Été\u00a0!", "می\u200cخواهم", "👩\u200d🎤"):
        assert state.set("preset/recall", title, "web")
    assert state.set("preset/recall", 127, "web")


def test_why_something_was_ignored_can_be_printed_anywhere():
    state = ControlState(parameter_table(["age"], []))
    for name in ("caf\ud800", "line\nfeed\x1b[2J"):
        state.set(name, 1)
        assert state.counts().last.isprintable()
        state.set_norm(name, 1)
        assert state.counts().last.isprintable()
        state.ignore(name)
        assert state.counts().last.isprintable()
