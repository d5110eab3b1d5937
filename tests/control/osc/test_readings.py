"""What the show tells of itself, and when it is worth a message."""

import math

import pytest

from installation.control.osc.readings import SMILE_STEP, Reading, readings
from installation.observation import Observation, ScheduleSeen, Visitor

SEEN = Observation(12.9, 2, ((3, 0.4), (4, 0.9)), 29.5, 14.0, 180.0, 7, 900.0, "openvino", "facets", 128, ())


@pytest.mark.parametrize(
    ("value", "told", "step", "differs"),
    [
        (0.5, None, 0.0, True),
        (0.5, None, None, True),  # the first time, whatever it is
        (0.5, 0.5, 0.0, False),
        (0.5, 0.4, 0.0, True),
        (0.5, 0.4, None, False),
        (0.5, 0.45, 0.1, False),
        (0.5, 0.375, 0.125, True),
        (0.25, 0.375, 0.125, True),
        (0.0, 0.001, 0.1, True),  # nothing is nothing, however near it was
        ("calm", "snow", 0.1, True),
        ("calm", "calm", 0.0, False),
        ("", "calm", 0.0, True),
        (3, "", 0.5, True),
    ],
)
def test_a_value_is_told_where_it_has_changed_by_its_step(value, told, step, differs):
    assert Reading("faces", "i", value, "", step=step).differs(told) is differs


def found(**changed):
    told = {field: getattr(SEEN, field) for field in SEEN.__slots__}
    return {one.name: one for one in readings(Observation(**{**told, **changed}), "calm")}


def test_the_show_s_values_have_addresses_types_and_ranges():
    shown = found()
    assert list(shown) == ["faces", "smile/3", "smile/4", "preset", "fps", "delay", "heartbeat"]
    assert shown["faces"].path == "/facets/out/faces"
    values = {name: (one.tag, one.value) for name, one in shown.items()}
    assert values == {
        "faces": ("i", 2), "smile/3": ("f", 0.4), "smile/4": ("f", 0.9), "preset": ("s", "calm"),
        "fps": ("f", 29.5), "delay": ("f", 180.0), "heartbeat": ("i", 12),
    }  # fmt: skip
    smile = shown["smile/3"]
    assert (smile.high, smile.step, smile.each_second) == (1.0, SMILE_STEP, False)
    assert shown["delay"].unit == "ms" and {name for name, one in shown.items() if one.step is None} == {"fps", "delay", "heartbeat"}


def test_a_visitor_s_place_is_there_whether_it_is_held_or_free():
    shown = found(slots=(None, Visitor(9, 0.25)))
    values = {name: one.value for name, one in shown.items() if name.startswith("visitor/")}
    assert values == {
        "visitor/1/present": 0, "visitor/1/id": -1, "visitor/1/smile": 0.0,
        "visitor/2/present": 1, "visitor/2/id": 9, "visitor/2/smile": 0.25,
    }  # fmt: skip
    assert shown["visitor/2/smile"].each_second and shown["visitor/2/smile"].step == SMILE_STEP
    assert shown["visitor/1/present"].high == 1 and shown["visitor/1/id"].high is None


def test_a_schedule_is_told_where_there_is_one():
    shown = found(schedule=ScheduleSeen(False, "evening", "auto", "2026-11-26T18:00+00:00"))
    assert [shown[f"schedule/{one}"].value for one in ("open", "row", "next")] == [0, "evening", "2026-11-26T18:00+00:00"]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_goes_out_as_nothing(bad):
    shown = found(presented_fps=bad, delay_ms=bad, seconds=bad, smiles=((1, bad),))
    assert [shown[name].value for name in ("fps", "delay", "heartbeat", "smile/1")] == [0.0, 0.0, 0, 0.0]
