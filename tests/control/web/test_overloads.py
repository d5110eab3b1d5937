"""What OSCQuery says a control takes besides its type."""

import pytest

from installation.control.parameters import parameter_table
from installation.control.web.address_space import attributes

TABLE = parameter_table((), (), presets=("calm",))


@pytest.mark.parametrize(("value", "type", "other"), [(True, "T", "F"), (False, "F", "T")])
def test_a_switch_has_the_type_of_its_state_and_takes_the_other(value, type, other):
    node = attributes(TABLE["transport/blackout"], value)
    assert node["TYPE"] == type and node["VALUE"] == [value]
    assert [one["TYPE"] for one in node["OVERLOADS"]] == [other, "i"]
    assert node["OVERLOADS"][1]["RANGE"] == [{"VALS": [0, 1]}]


def test_a_trigger_takes_whatever_a_button_sends_and_a_command_a_number_too():
    trigger = attributes(TABLE["preset/next"], None)
    assert {trigger["TYPE"], *(one["TYPE"] for one in trigger["OVERLOADS"])} >= {"T", "I", "i", "f"}
    command = attributes(TABLE["preset/recall"], None)
    assert command["TYPE"] == "s" and [one["TYPE"] for one in command["OVERLOADS"]] == ["i"]
    assert {trigger["ACCESS"], command["ACCESS"]} == {2}  # to be written only


def test_a_number_and_a_word_have_none():
    for name, type, value in (("look/grain", "f", 0.5), ("look/layout", "s", "grid")):
        node = attributes(TABLE[name], value)
        assert node["TYPE"] == type and "OVERLOADS" not in node and node["ACCESS"] == 3
