"""All knobs together, without a box: which of them moves what, and what the boxes are told."""

import mido
import pytest

from installation.control.midi.grip import SOURCE, position, steps
from installation.control.midi.grips import MOST, Grips
from installation.control.midi.inbox import Program, Struck, Turned
from installation.control.midi.mapping import Source
from installation.control.parameters import parameter_table
from installation.control.state import Change, ControlState

TABLE = parameter_table(["smile"], [], presets=["calm"])


def knob(number, kind="control"):
    return Source("box", 0, kind, number)


def turned(number, value):
    return Turned("box", 0, number, value)


def cc(number, value):
    return mido.Message("control_change", control=number, value=value)


class Knobs:
    """Knobs, the controls that they move, and what the box was told."""

    def __init__(self, **knobs):
        self.state, self.told, self.heard = ControlState(TABLE), [], []
        self.grips = Grips(self.state)
        self.grips.use({name.replace("__", "/"): one for name, one in knobs.items()})
        self.state.subscribe(self._hear)
        self.answered()

    def _hear(self, change):
        if isinstance(change, Change):
            self.heard.append((change.name, change.value, change.source))
            self.grips.heard(change, change.source == SOURCE)

    def obey(self, *events, act=True):
        self.grips.catch_up()
        self.grips.obey(list(events), act)

    def answered(self):
        """What the box is told now."""
        told = []
        self.grips.answer(lambda device, message: told.append(message))
        return told


def test_what_comes_after_a_program_change_counts_as_well():
    knobs = Knobs(transport__freeze=knob(5, "note"))
    knobs.obey(Program("box", 0, 1), Struck("box", 0, 5, 9))
    assert knobs.heard == [("preset/recall", 1, SOURCE), ("transport/freeze", True, SOURCE)]


def test_while_a_knob_is_learned_no_program_change_recalls_a_preset():
    knobs = Knobs()
    knobs.obey(Program("box", 0, 1), act=False)
    assert knobs.heard == []


def test_a_knob_that_the_file_gives_to_several_controls_moves_those_that_are_here():
    knobs = Knobs(edit__gone__amount=knob(1), look__grain=knob(1), look__vignette=knob(1))
    knobs.obey(*(turned(1, value) for value in range(65)))
    assert [knobs.state.target(name) for name in ("look/grain", "look/vignette")] == [0.5, 0.5]


def test_of_many_positions_that_came_at_once_the_control_takes_the_last():
    knobs = Knobs(look__grain=knob(1))
    knobs.obey(*(turned(1, value) for value in range(64)), turned(1, 64))
    assert knobs.heard == [("look/grain", 0.5, SOURCE)]


def test_a_box_is_told_where_its_knobs_stand_when_its_file_was_edited_and_when_one_was_learned():
    knobs = Knobs(look__grain=knob(1))
    knobs.grips.use({"look/grain": knob(1), "look/vignette": knob(2)})
    assert knobs.answered() == [cc(1, steps(0.1, 7)), cc(2, steps(0.35, 7))] and knobs.answered() == []
    knobs.grips.give("look/zoom", knob(3), None)
    assert knobs.answered() == [cc(3, 64)]


def test_a_control_that_is_learned_on_a_knob_of_another_kind_obeys_the_new_one_alone():
    knobs = Knobs(look__vignette=knob(1))
    knobs.grips.give("look/vignette", knob(1, "note"), None)
    assert knobs.answered() == [mido.Message("note_on", note=1, velocity=steps(0.35, 7))]
    knobs.obey(Struck("box", 0, 1, 127))
    assert knobs.state.target("look/vignette") == 1.0
    knobs.obey(turned(1, 127), turned(1, 0))
    assert knobs.state.target("look/vignette") == 1.0


def test_a_knob_that_stays_in_an_edited_file_keeps_its_hold():
    knobs = Knobs(look__grain=knob(1))
    knobs.obey(turned(1, 0), turned(1, 13), turned(1, 64))
    knobs.grips.use({"look/grain": knob(1), "look/vignette": knob(2)})
    knobs.answered()
    knobs.obey(turned(1, 100))
    assert knobs.state.target("look/grain") == pytest.approx(position(100, 7))


def test_a_fader_is_told_of_another_hand_once_and_never_of_its_own():
    knobs = Knobs(look__grain=knob(1))
    knobs.obey(turned(1, 0), turned(1, 13), turned(1, 64))
    assert knobs.grips.waiting and knobs.answered() == []
    knobs.state.set("look/grain", 0.2, "web")
    knobs.state.set("look/grain", 0.25, "web")
    assert knobs.answered() == [cc(1, 32)] and knobs.answered() == [] and not knobs.grips.waiting


def test_a_control_that_is_gone_is_told_to_no_box_and_the_others_are():
    knobs = Knobs(edit__smile__amount=knob(1), look__grain=knob(2), look__vignette=knob(3))
    knobs.state.set("edit/smile/amount", 1.0, "web")
    knobs.state.set("look/grain", 0.5, "web")
    knobs.state.set("look/vignette", 0.5, "web")
    assert knobs.grips.forget("look/grain") and not knobs.grips.forget("look/grain")
    knobs.state.replace(parameter_table([], []))
    assert knobs.answered() == [cc(3, 64)]


def test_more_changes_than_fit_a_round_are_told_in_the_next():
    names = [f"one-{k}" for k in range(MOST + 1)]
    state = ControlState(parameter_table(names, []))
    grips, told = Grips(state), []
    grips.use({f"edit/{name}/amount": Source("box", k // 100, "control", k % 100) for k, name in enumerate(names)})
    for count in (MOST, MOST + 1, MOST + 1):
        grips.answer(lambda device, message: told.append((device, message.control)))
        assert told == [("box", k % 100) for k in range(count)]
