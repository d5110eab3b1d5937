"""How a fader's way is spread over a control's range, what lies between two values, and what each kind of control takes."""

import math

import pytest

from installation.control.parameters import LONGEST_WORD, MOST_WHOLE, Parameter, parameter_table
from installation.control.state import Change, ControlState

LINEAR, LOG = Parameter("x", 0.0, "x", low=-2, high=6), Parameter("x", 1.0, "x", low=0.5, high=8, curve="log")
WHOLE, HUE = Parameter("x", 1, "x", kind="int", low=1, high=6), Parameter("x", 0.0, "x", circular=True)
TURN = Parameter("x", 0.0, "x", low=-90, high=270, circular=True)
TABLE = parameter_table(["smile"], ["painted"], presets=["calm"], backgrounds=["beach"], styles=[("ink", "like ink")])


@pytest.mark.parametrize(
    ("row", "share", "value"),
    [
        (LINEAR, 0.0, -2.0),
        (LINEAR, 0.25, 0.0),
        (LINEAR, 1.0, 6.0),
        (LINEAR, -1.0, -2.0),
        (LINEAR, 2.0, 6.0),
        (LOG, 0.0, 0.5),
        (LOG, 0.25, 1.0),
        (LOG, 0.5, 2.0),
        (LOG, 1.0, 8.0),
        (WHOLE, 0.0, 1),
        (WHOLE, 0.29, 2),
        (WHOLE, 0.31, 3),
        (WHOLE, 1.0, 6),
    ],
)
def test_a_place_on_a_fader_is_a_value_along_the_curve_and_back(row, share, value):
    found = row.from_norm(share)
    assert found == pytest.approx(value) and type(found) is type(value)
    if row is not WHOLE:
        assert row.to_norm(value) == pytest.approx(min(1.0, max(0.0, share)))


def test_what_lies_beyond_the_range_stands_at_its_end_and_what_has_none_stands_nowhere():
    assert (LINEAR.to_norm(99), LINEAR.to_norm(-99), LOG.to_norm(0.0), LOG.to_norm(99.0)) == (1.0, 0.0, 0.0, 1.0)
    assert Parameter("x", 1.0, "x", low=1, high=1).to_norm(1) == 0.0
    for row in (TABLE["look/layout"], TABLE["transport/hud"], TABLE["preset/next"]):
        for ask in (lambda row=row: row.from_norm(0.5), lambda row=row: row.to_norm(True)):
            with pytest.raises(TypeError, match="has no range"):
                ask()
    with pytest.raises(TypeError):
        LINEAR.to_norm("1")


@pytest.mark.parametrize(
    ("row", "start", "end", "share", "value"),
    [
        (LINEAR, -2.0, 6.0, 0.25, 0.0),
        (LINEAR, 6.0, -2.0, 0.25, 4.0),
        (LOG, 0.5, 8.0, 0.25, 1.0),
        (LOG, 8.0, 0.5, 0.5, 2.0),
        (LOG, 0.0, 8.0, 0.5, 4.0),
        (LOG, 8.0, 0.0, 0.5, 4.0),
        (HUE, 0.9, 0.1, 0.25, 0.95),
        (HUE, 0.1, 0.9, 0.75, 0.95),
        (HUE, 0.2, 0.6, 0.5, 0.4),
        (HUE, 0.9, 0.1, 0.0, 0.9),
        (HUE, 0.9, 0.1, 1.0, 0.1),
        (HUE, 0.8, 1.0, 1.0, 1.0),  # where a way ends and begins it is what was asked for, not the same place by its other name
        (HUE, 1.0, 0.8, 0.0, 1.0),
        (TURN, 250.0, -70.0, 0.25, 260.0),
        (TURN, 250.0, -70.0, 0.75, -80.0),
        (WHOLE, 1, 6, 0.01, 6),
        (TABLE["look/layout"], "grid", "row", 0.0, "row"),
        (TABLE["transport/hud"], False, True, 0.0, True),
    ],
)
def test_between_two_values(row, start, end, share, value):
    found = row.between(start, end, share)
    assert found == (pytest.approx(value) if isinstance(value, float) else value)


@pytest.mark.parametrize(
    ("name", "value", "taken"),
    [
        ("preset/next", None, True),
        ("preset/next", 0, False),
        ("preset/next", 0.0, False),
        ("preset/next", 7, True),
        ("preset/next", -0.5, True),
        ("preset/next", "false", False),
        ("preset/next", "yes", None),
        ("preset/next", [1], None),
        ("preset/recall", 3, 3),
        ("preset/recall", 3.0, 3),
        ("preset/recall", 3.5, None),
        ("preset/recall", MOST_WHOLE, MOST_WHOLE),
        ("preset/recall", MOST_WHOLE + 1, None),
        ("preset/recall", -MOST_WHOLE, -MOST_WHOLE),
        ("preset/recall", -MOST_WHOLE - 1, None),
        ("preset/recall", 2**31, None),  # beyond OSC's whole numbers
        ("preset/recall", "x" * LONGEST_WORD, "x" * LONGEST_WORD),
        ("preset/recall", "x" * (LONGEST_WORD + 1), None),
        ("preset/recall", "", None),
        ("preset/recall", None, None),
        ("transport/hud", "TRUE", True),
        ("transport/hud", "1", True),
        ("transport/hud", "0", False),
        ("transport/hud", "f", False),
        ("transport/hud", "on", None),
        ("transport/hud", None, None),
        ("facets/rows", 2.0, 2),
        ("facets/rows", 2.5, None),
        ("look/background", "picture:beach", "picture:beach"),
    ],
)
def test_what_each_kind_of_control_takes(name, value, taken):
    if name == "look/background":
        value = taken = next(one for one in TABLE[name].choices if one.endswith("beach"))
    found = TABLE[name].coerce(value)
    assert found == taken and type(found) is type(taken)


def test_what_a_control_takes_is_said_in_words():
    words = {name: TABLE[name].allowed() for name in ("preset/next", "preset/recall", "transport/hud", "facets/rows", "edit/smile/amount")}
    assert words == {
        "preset/next": "no value",
        "preset/recall": "a name or a whole number",
        "transport/hud": "true or false",
        "facets/rows": "a whole number from 1 to 6",
        "edit/smile/amount": "a number from -3 to 3",
    }
    assert TABLE["identity/guest"].allowed() == "one of none, mean, guest-1, guest-2, guest-3, guest-4, taken-1, taken-2"
    assert TABLE.fault("preset/next", True) == "does something once; a file cannot hold it"
    assert TABLE.fault("facets/rows", 7) == "must be a whole number from 1 to 6" and TABLE.fault("facets/rows", 6) is None


def test_controls_of_what_is_installed_stand_where_people_should_meet_them():
    names = list(TABLE)
    order = [
        "edit/smile/amount",
        "truncation",
        "blend/painted/amount",
        "smile/trigger",
        "facets/rows",
        "style/ink/amount",
        "style/strength",
        "look/layout",
        "preset/recall",
        "preset/calm/recall",
        "transport/tap",
        "schedule/override",
    ]
    places = [names.index(name) for name in order]
    assert places == sorted(places)
    assert not any(name.startswith("style/") for name in parameter_table([], []))  # without styles there is nothing to set
    assert TABLE["style/ink/amount"].description == "how much the picture is painted like this: like ink"
    assert {TABLE[name].access for name in ("preset/calm/recall", "preset/next", "transport/tap")} == {"w"}


def test_a_control_s_fader_is_spread_over_its_own_range():
    state = ControlState(TABLE)
    row = TABLE["look/zoom"]
    assert state.set_norm("look/zoom", 0.0) and state.target("look/zoom") == row.low
    assert state.set_norm("look/zoom", 1.0) and state.target("look/zoom") == row.high
    assert state.set_norm("look/zoom", 0.5) and state.target("look/zoom") == pytest.approx(math.sqrt(row.low * row.high))
    assert state.counts().clamped == 0
    for wrong in ("0.5", True, None, math.inf):
        assert not state.set_norm("look/zoom", wrong)
    assert state.counts().ignored == 4 and state.counts().last == "look/zoom/norm: takes 0 to 1 for a control with a range"
    assert state.set_norm("look/zoom", 1.1) and state.set_norm("look/zoom", -0.1) and state.counts().clamped == 2
    assert state.set_norm("look/zoom", -(10**400)) and state.target("look/zoom") == row.low and state.counts().clamped == 3
    heard = []
    state.subscribe(heard.append)
    state.set_norm("look/zoom", 1.0, "osc 192.0.2.7")
    assert heard == [Change("look/zoom", row.high, "osc 192.0.2.7")]  # whose hand it was is told as for a value


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("no/such", 1, "no/such: no such control"),
        ("x" * 99, 1, "x" * 80 + ": no such control"),
        ("look/grain", "y" * 99, "look/grain: '" + "y" * 40 + "' is not a number from 0 to 1"),
        ("look/grain", 10**400, "look/grain: a number that long is not a number from 0 to 1"),
        ("look/grain", None, "look/grain: 'None' is not a number from 0 to 1"),
        ("look/gr\nain", 1, r"look/gr\nain: no such control"),
    ],
)
def test_why_a_message_was_ignored(name, value, why):
    state = ControlState(TABLE)
    assert not state.set(name, value) and state.counts().last == why and state.counts().ignored == 1
