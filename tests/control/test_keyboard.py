import pytest

from installation.control.keyboard import KEYS, Action, Keyboard
from installation.control.parameters import parameter_table
from installation.control.state import Change, ControlCounts, ControlState

CHILDREN = ("painted", "toon")


@pytest.fixture
def controls():
    return ControlState(parameter_table(("smile",), CHILDREN))


def test_no_key_does_two_things_and_every_row_is_told():
    names = [name for key in KEYS for name in key.names]
    assert len(names) == len(set(names))
    told = dict(Keyboard(CHILDREN, snapshots=True).rows())
    assert all(told[key.label] == key.description for key in KEYS)
    assert "painted" in told["1"] and "toon" in told["2"] and "3" not in told


def test_the_key_that_takes_a_picture_is_told_where_visitors_may_take_one(controls):
    assert "G" in dict(Keyboard().rows()) and "G" not in dict(Keyboard(takes=False).rows())
    heard = []
    controls.subscribe(heard.append)
    assert Keyboard(takes=False).read(["g"], controls) == [] and heard == []


@pytest.mark.parametrize(("key", "address"), [(key.names[0], key.toggles) for key in KEYS if key.toggles])
def test_switches_switch_there_and_back(controls, key, address):
    before = controls.target(address)
    keyboard = Keyboard(CHILDREN)
    assert keyboard.read([key], controls) == []
    assert controls.target(address) is (not before)
    keyboard.read([key], controls)
    assert controls.target(address) is before


@pytest.mark.parametrize(
    ("key", "address"), [("n", "preset/next"), ("p", "preset/previous"), ("t", "transport/tap"), ("g", "takeaway/take")]
)
def test_keys_set_things_off(controls, key, address):
    heard = []
    controls.subscribe(heard.append)
    assert Keyboard().read([key, key], controls) == []
    assert heard == [Change(address, True, "key")] * 2


@pytest.mark.parametrize(("key", "address"), [("l", "look/layout"), ("k", "look/background")])
def test_choices_come_round(controls, key, address):
    seen, choices = [], controls.table[address].choices
    for _ in choices:
        Keyboard().read([key], controls)
        seen.append(controls.target(address))
    assert set(seen) == set(choices)
    assert seen == [*choices[choices.index(seen[-1]) + 1 :], *choices[: choices.index(seen[-1]) + 1]]  # in the order of the reference


def test_a_key_goes_from_style_to_style_and_at_last_to_none():
    state = ControlState(parameter_table((), (), styles=[("wave", ""), ("ink", ""), ("frost", "")]))
    names = [f"style/{name}/amount" for name in ("wave", "ink", "frost")]
    keyboard, seen = Keyboard(), []
    for _ in range(5):
        keyboard.read(["v"], state)
        seen.append([state.target(name) for name in names])
    assert seen == [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0], [1, 0, 0]]
    state.set(names[1], 0.4)
    state.set(names[0], 0.3)
    heard = []
    state.subscribe(heard.append)
    keyboard.read(["v"], state)  # the one after the strongest of a mixture
    assert [state.target(name) for name in names] == [0, 0, 1] and {change.source for change in heard} == {"key"}
    assert state.target("style/walk/amount") == 0.0 and state.counts() == ControlCounts(0, 0)


def test_where_there_are_no_styles_their_key_does_nothing(controls):
    heard = []
    controls.subscribe(heard.append)
    assert Keyboard().read(["v"], controls) == [] and heard == []


def test_what_a_key_has_set_is_told_as_a_key_s(controls):
    heard = []
    controls.subscribe(heard.append)
    Keyboard(CHILDREN).read(["b", "l", "1", "down"], controls)
    assert [change.name for change in heard] == ["transport/blackout", "look/layout", "blend/painted/amount", "blend/painted/amount"]
    assert {change.source for change in heard} == {"key"}


def test_digits_mix_a_child_and_arrows_change_the_last_one_touched(controls):
    keyboard = Keyboard(CHILDREN)
    keyboard.read(["2", "down", "down"], controls)
    assert controls.target("blend/toon/amount") == pytest.approx(0.8)
    assert controls.target("blend/painted/amount") == 0.0
    keyboard.read(["up"] * 9, controls)
    assert controls.target("blend/toon/amount") == 1.0
    keyboard.read(["[2]"], controls)
    assert controls.target("blend/toon/amount") == 0.0
    keyboard.read(["down", "3", "0", "x", "left shift", ""], controls)
    Keyboard().read(["1", "up"], controls)
    assert [controls.target(f"blend/{name}/amount") for name in CHILDREN] == [0.0, 0.0]
    assert controls.counts() == ControlCounts(0, 0)  # no key goes beyond the range, and none asks for what is not there


def test_the_arrows_begin_with_the_first_child_and_a_digit_takes_out_however_little_there_is(controls):
    keyboard = Keyboard(CHILDREN)
    keyboard.read(["up"], controls)
    assert [controls.target(f"blend/{name}/amount") for name in CHILDREN] == [pytest.approx(0.1), 0.0]
    keyboard.read(["1"], controls)
    assert controls.target("blend/painted/amount") == 0.0
    keyboard.read(["down", "2", "1", "down"], controls)
    assert [controls.target(f"blend/{name}/amount") for name in CHILDREN] == [pytest.approx(0.9), 1.0]


def test_of_many_children_nine_have_a_digit():
    children = tuple(f"child-{k}" for k in range(1, 12))
    controls = ControlState(parameter_table((), children))
    keyboard = Keyboard(children)
    for k in range(1, 12):
        keyboard.read([str(k)], controls)
    mixed = [name for name in children if controls.target(f"blend/{name}/amount") == 1.0]
    assert mixed == list(children[:9])
    told = [row for row in keyboard.rows() if row[0].isdecimal()]
    assert told == [(str(k), f"child-{k} on or off") for k in range(1, 10)]
    assert keyboard.rows()[-1] == ("Up, Down", "more or less of it") and "Up, Down" not in dict(Keyboard().rows())


def test_what_only_the_installation_can_do_comes_back_in_order(controls):
    keyboard = Keyboard(CHILDREN)
    assert keyboard.read(["f", "s", "escape"], controls) == [Action.FULLSCREEN, Action.QUIT]
    assert Keyboard(snapshots=True).read(["s", "q"], controls) == [Action.SNAPSHOT, Action.QUIT]
    assert not keyboard.help
    keyboard.read(["h"], controls)
    assert keyboard.help
    keyboard.read(["f1"], controls)
    assert not keyboard.help


def test_the_code_of_the_panel_has_a_key_only_where_there_is_one():
    controls = ControlState(parameter_table(("smile",), ()))
    assert Keyboard(invites=True).read(["i"], controls) == [Action.INVITE]
    keyboard = Keyboard(invites=False)
    assert keyboard.read(["i"], controls) == [] and "I" not in dict(keyboard.rows())


CHORDS = [f"ctrl+shift+{name}" for key in KEYS for name in key.names]


def test_behind_a_lock_a_visitors_keys_do_nothing(controls):
    heard = []
    controls.subscribe(heard.append)
    for lock in ("operator", "none"):
        keyboard = Keyboard(CHILDREN, snapshots=True, lock=lock)
        assert keyboard.read([*(name for key in KEYS for name in key.names), "1", "up", "[2]", "q held", "escape held"], controls) == []
        assert not keyboard.help
    assert heard == []


def test_the_operators_keys_work_with_ctrl_and_shift_and_the_end_takes_a_held_chord(controls):
    keyboard = Keyboard(CHILDREN, lock="operator")
    assert keyboard.read(["ctrl+shift+b", "ctrl+shift+h", "ctrl+shift+1"], controls) == []
    assert controls.target("transport/blackout") is True
    assert controls.target("blend/painted/amount") == 1.0
    assert keyboard.help
    assert keyboard.read(["ctrl+shift+q", "ctrl+shift+escape", "ctrl+shift+escape held", "ctrl+shift+f held"], controls) == []
    assert keyboard.read(["ctrl+shift+f"], controls) == [Action.FULLSCREEN]
    assert keyboard.read(["ctrl+shift+q held"], controls) == [Action.QUIT]
    told = dict(keyboard.rows())
    assert told["Ctrl + Shift + Q, for 3 s"] == "quit"
    assert "Ctrl + Shift + B" in told and "B" not in told and not any("Esc" in label for label in told)
    assert told["Ctrl + Shift + 2"] == "toon on or off" and len(told) == len(Keyboard(CHILDREN).rows())


def test_where_no_key_counts_no_chord_does_either(controls):
    keyboard = Keyboard(CHILDREN, lock="none")
    assert keyboard.read([*CHORDS, "ctrl+shift+q held"], controls) == []
    assert len(keyboard.rows()) == 1


def test_without_a_lock_ctrl_and_shift_change_nothing(controls):
    assert Keyboard().read(["ctrl+shift+q", "ctrl+shift+q held"], controls) == [Action.QUIT]
