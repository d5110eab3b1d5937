"""Knobs, pads and what is learned of them, without a box: each rule by itself."""

import time
from types import SimpleNamespace

import mido
import pytest

from installation.control.midi.grip import NEAR, Grip, key, keys, position, steps, turns
from installation.control.midi.inbox import CALM, CLOCK_GONE, MOST, TICKS_A_SECOND, Inbox, Program, Struck, Turned
from installation.control.midi.learning import DECIDE, PAIR, PATIENCE, SAME, WIGGLE, WINDOW, Learner, repeats, turned
from installation.control.midi.mapping import Source
from installation.control.parameters import parameter_table
from installation.control.state import ControlState

TABLE = parameter_table(["smile"], [], presets=["calm"])
LAYOUTS = TABLE["look/layout"].choices


class Held:
    """A knob that moves one control."""

    def __init__(self, name, kind="control", bits=7, mode="twos", **begins):
        self.state, self.row = ControlState(TABLE, {one.replace("__", "/"): value for one, value in begins.items()}), TABLE[name]
        self.grip, self.heard = Grip(name, Source("a", 0, kind, 1, bits, mode)), []
        self.state.subscribe(self.heard.append)

    def turn(self, *values, number=1, act=True):
        for value in values:
            if self.grip.take(Turned("a", 0, number, value), self.row, self.state, act):
                self.grip.move(self.row, self.state)
        return None if self.row.momentary else self.state.target(self.row.name)

    def strike(self, *velocities, act=True):
        for velocity in velocities:
            assert self.grip.take(Struck("a", 0, 1, velocity), self.row, self.state, act) is False
        return None if self.row.momentary else self.state.target(self.row.name)

    def shown(self):
        return self.grip.shown(self.row, self.state)


def cc(control, value):
    return mido.Message("control_change", control=control, value=value)


def test_what_a_knob_s_events_are_known_by():
    assert key(Struck("a", 3, 60, 1)) == ("a", 3, True, 60) and key(Turned("a", 3, 60, 1)) == ("a", 3, False, 60)
    assert keys(Source("a", 3, "note", 60)) == (("a", 3, True, 60),)
    assert keys(Source("a", 3, "button", 60)) == (("a", 3, False, 60),)
    assert keys(Source("a", 3, "control", 4, 14)) == (("a", 3, False, 4), ("a", 3, False, 36))


@pytest.mark.parametrize(
    ("mode", "told"),
    [
        ("twos", [(1, 1), (63, 63), (64, -64), (127, -1), (0, 0)]),
        ("offset", [(65, 1), (64, 0), (63, -1), (0, -64)]),
        ("sign", [(1, 1), (63, 63), (64, 0), (65, -1), (70, -6)]),
    ],
)
def test_each_way_that_an_endless_knob_writes_its_turns(mode, told):
    assert [(value, turns(value, mode)) for value, _ in told] == told


def test_a_word_follows_a_knob_from_zone_to_zone_and_a_switch_from_half_to_half():
    layout = Held("look/layout")
    assert layout.turn(10) == LAYOUTS[0] and not layout.heard  # where it stands is known now, and nothing jumps
    assert layout.turn(127) == LAYOUTS[-1] and layout.turn(0) == LAYOUTS[0]
    seen = [layout.turn(value) for value in range(128)]
    assert list(dict.fromkeys(seen)) == list(LAYOUTS)
    assert max(seen.count(one) for one in LAYOUTS) - min(seen.count(one) for one in LAYOUTS) <= 1
    switch = Held("transport/freeze")
    assert [switch.turn(value) for value in (0, 63, 64, 127, 63)] == [False, False, True, True, False]
    assert len(switch.heard) == 2


def test_a_knob_takes_hold_where_it_comes_near_or_passes_and_not_before():
    place = TABLE["look/vignette"].to_norm(0.35)
    near = next(step for step in range(128) if abs(position(step, 7) - place) <= NEAR)
    held = Held("look/vignette")
    assert held.turn(10, near - 1) == 0.35 and not held.heard  # too far away
    assert held.turn(near) == 0.35  # near: held, where the control stands
    low = held.turn(near - 1)
    assert low == pytest.approx(0.35 - 1 / 128)
    held.grip.let_go()
    assert held.turn(near + 40) == pytest.approx(low)  # it has passed: held as well, and no jump
    assert held.turn(near + 41) == pytest.approx(low + position(near + 41, 7) - position(near + 40, 7))
    held.grip.lose()
    before = held.turn(0)
    assert held.turn(3) == before and len(held.heard) == 2


def test_where_a_learned_knob_stands_is_known_from_the_start():
    held = Held("look/vignette", look__vignette=0.5)
    held.grip.stand(40)
    assert held.turn(90) == pytest.approx(0.5)  # it has passed the control in one step: held where that stands
    fine = Held("look/vignette", bits=14, look__vignette=0.5)
    fine.grip.stand(8192)
    assert fine.turn(5, number=33) == pytest.approx(position(8197, 14))


@pytest.mark.parametrize("step", [0, 1, 2, 127])
def test_no_step_of_a_knob_is_near_or_held_before_it_comes_to_the_control(step):
    beyond = step + 1 if step < 127 else step - 1
    held = Held("look/vignette", look__vignette=0.5)
    assert held.turn(step, beyond) == 0.5 and not held.heard
    held.shown()
    assert held.turn(10 if step < 64 else 110, step, beyond) == 0.5  # not where its motor was sent, nor anywhere else
    held.grip.lose()
    assert held.turn(step, beyond) == 0.5 and not held.heard


def test_a_knob_that_is_heard_for_the_first_time_near_the_control_holds_it_where_it_stands():
    held = Held("look/vignette", look__vignette=0.5)
    assert held.turn(65) == 0.5  # no step of its own is known yet
    assert held.turn(66) == pytest.approx(0.5 + position(66, 7) - position(65, 7))


def test_a_knob_that_stood_where_the_control_is_takes_hold_however_far_its_next_step_goes():
    held = Held("look/vignette", look__vignette=0.5)
    held.grip.stand(64)
    assert held.turn(90) == 0.5
    assert held.turn(91) == pytest.approx(0.5 + position(91, 7) - position(90, 7))


def test_a_knob_that_comes_back_to_exactly_where_the_control_stands_has_met_it():
    held = Held("look/vignette", look__vignette=0.5)
    assert held.turn(10, 115) == 0.5  # it has passed in one step
    assert held.turn(64) == 0.5
    assert held.turn(70) == pytest.approx(position(70, 7))


def test_while_another_control_is_learned_knobs_only_tell_where_they_stand():
    held = Held("look/vignette", look__vignette=position(64, 7))
    assert held.turn(64, 70, act=False) == position(64, 7)
    assert held.turn(71) == pytest.approx(position(71, 7))
    pad, button, endless = Held("transport/freeze", "note"), Held("transport/freeze", "button"), Held("look/vignette", "encoder")
    assert pad.strike(100, 0, act=False) is False and button.turn(127, act=False) is False and endless.turn(9, act=False) == 0.35
    assert button.turn(127) is False  # it was down already


def test_a_motor_fader_that_arrives_where_it_was_sent_moves_nothing_and_is_held():
    held = Held("look/vignette", look__vignette=0.8)
    goal = steps(0.8, 7)
    assert held.shown() == [cc(1, goal)]
    assert held.turn(goal) == 0.8 and not held.heard
    assert held.turn(goal + 2) == pytest.approx(position(goal + 2, 7))
    other = Held("look/vignette", look__vignette=0.8)
    other.shown()
    assert other.turn(50) == 0.8  # somebody's hand, that is not the motor's
    assert other.turn(goal - 1, goal) == pytest.approx(position(goal, 7)) and other.heard


@pytest.mark.parametrize(
    ("name", "kind", "bits", "value", "told"),
    [
        ("look/vignette", "control", 7, 1.0, [cc(1, 127)]),
        ("look/vignette", "control", 14, 0.5, [cc(1, 64), cc(33, 0)]),
        ("look/vignette", "control", 14, 1.0, [cc(1, 127), cc(33, 127)]),
        ("look/vignette", "note", 7, 1.0, [mido.Message("note_on", note=1, velocity=127)]),
        ("transport/freeze", "note", 7, True, [mido.Message("note_on", note=1, velocity=127)]),
        ("transport/freeze", "button", 7, False, [cc(1, 0)]),
        ("look/layout", "control", 7, LAYOUTS[-1], [cc(1, 127)]),
        ("look/layout", "control", 7, LAYOUTS[0], [cc(1, 0)]),
        ("look/vignette", "encoder", 7, 0.5, []),
        ("preset/calm/recall", "note", 7, None, []),
    ],
)
def test_lights_and_motors_are_told_where_the_control_is(name, kind, bits, value, told):
    held = Held(name, kind, bits, **({} if value is None else {name.replace("/", "__"): value}))
    assert held.shown() == told


def test_the_step_that_a_fader_is_sent_to_for_a_word_stands_for_that_word():
    table = parameter_table(["smile"], [], presets=["calm"], styles=[("ink", "like ink")])
    for row in table.values():
        if row.kind == "str" and not row.momentary:
            state, told = ControlState(table), []
            for word in row.choices:
                state.set(row.name, word)
                (message,) = Grip(row.name, Source("a", 0, "control", 1)).shown(row, state)
                told.append(message.value)
                hand = Grip(row.name, Source("a", 0, "control", 1))
                state.set(row.name, row.choices[0])
                hand.stand(0)
                if hand.take(Turned("a", 0, 1, message.value), row, state, True):
                    hand.move(row, state)
                assert state.target(row.name) == word
            assert (told[0], told[-1]) == (0, 127) and told == sorted(set(told))


def test_an_endless_knob_turns_a_number_by_its_steps_words_one_by_one_and_a_switch_on_and_off():
    held = Held("look/vignette", "encoder", look__vignette=0.5)
    assert held.turn(3) == pytest.approx(0.5 + 3 / 127) and held.turn(126, 127) == pytest.approx(0.5)
    assert held.turn(*[63] * 3) == 1.0 and held.turn(*[64] * 3) == 0.0  # and no further
    assert held.state.counts().clamped == 0
    held.grip.take(Turned("a", 0, 1, 2), held.row, held.state, True)
    assert held.turn(3) == pytest.approx(5 / 127)  # two that came at once
    layout = Held("look/layout", "encoder")
    assert [layout.turn(1), layout.turn(1), layout.turn(127), layout.turn(100), layout.turn(63)] == [
        LAYOUTS[1],
        LAYOUTS[2],
        LAYOUTS[1],
        LAYOUTS[0],
        LAYOUTS[-1],
    ]
    switch = Held("transport/freeze", "encoder")
    assert [switch.turn(1), switch.turn(1), switch.turn(127)] == [True, True, False]
    recall = Held("preset/calm/recall", "encoder")
    recall.turn(1, 127)
    assert [change.value for change in recall.heard] == [True, True]


def test_an_endless_knob_that_was_turned_and_turned_back_at_once_moves_nothing():
    for name, begins in (("transport/freeze", {"transport__freeze": True}), ("preset/calm/recall", {})):
        held = Held(name, "encoder", **begins)
        for value in (127, 1):  # both before anybody looks
            held.grip.take(Turned("a", 0, 1, value), held.row, held.state, True)
        held.grip.move(held.row, held.state)
        assert held.heard == []


def test_a_pad_lifts_a_number_as_high_as_it_is_struck_until_it_is_let_go():
    held = Held("look/vignette", "note")
    assert held.strike(127) == 1.0 and held.strike(64) == pytest.approx(64 / 127)
    assert held.strike(0) == 0.35 and held.strike(0) == 0.35  # where it was before the first
    assert held.strike(1) == pytest.approx(1 / 127) and held.strike(0) == 0.35  # the softest stroke is one
    switch, layout, recall = Held("transport/freeze", "note"), Held("look/layout", "note"), Held("preset/calm/recall", "note")
    assert [switch.strike(1), switch.strike(0), switch.strike(90), switch.strike(0)] == [True, True, False, False]
    assert [layout.strike(9, 0) for _ in LAYOUTS] == [*LAYOUTS[1:], LAYOUTS[0]]
    recall.strike(5, 0)
    assert len(recall.heard) == 1


def test_a_button_acts_when_it_is_pressed_and_not_while_it_is_held():
    button = Held("transport/freeze", "button")
    assert [button.turn(127), button.turn(126), button.turn(0), button.turn(0), button.turn(1)] == [True, True, True, True, False]
    assert button.turn(1) is False and button.turn(0, 1) is True  # held as softly as can be it is held
    button.grip.lose()
    assert button.turn(127) is False  # nobody saw it let go while it was unplugged


def test_of_14_bits_the_coarse_part_begins_at_its_lowest():
    held = Held("look/tint-hue", bits=14, **{"look__tint-hue": 0.0})
    assert held.turn(0) == 0.0 and held.turn(127, number=33) == pytest.approx(position(127, 14))
    assert held.turn(20) == pytest.approx(position(20 << 7, 14)) and held.turn(100, number=33) == pytest.approx(position(20 << 7 | 100, 14))


# Learning


def heard(learner, *values, number=1, start=0.0, step=0.01):
    for k, value in enumerate(values):
        learner.hear(Turned("a", 2, number, value), start + k * step)
    return start + (len(values) - 1) * step


def test_a_knob_is_one_once_it_has_moved_far_enough_and_nothing_finer_follows():
    learner = Learner("look/grain", 0.0)
    end = heard(learner, *range(20, 20 + WIGGLE))
    assert learner.decide(end + 1.0) is None  # seven steps
    end = heard(learner, 20 + WIGGLE, start=end + 0.01)
    assert learner.decide(end + DECIDE - 0.01) is None
    assert learner.decide(end + DECIDE) == Source("a", 2, "control", 1)
    assert learner.steps(Source("a", 2, "control", 1)) == 20 + WIGGLE


def test_it_has_to_get_there_in_its_time():
    slow = Learner("look/grain", 0.0)
    end = heard(slow, *range(20, 40), step=1.01 * WINDOW / WIGGLE)
    assert slow.decide(end + 1.0) is None
    quick = Learner("look/grain", 0.0)
    end = heard(quick, *range(20, 40), step=0.99 * WINDOW / WIGGLE)
    assert quick.decide(end + 1.0) is not None


@pytest.mark.parametrize(("apart", "bits"), [(0.9 * PAIR, 14), (1.1 * PAIR, 7)])
def test_a_fine_part_belongs_to_the_coarse_one_that_came_just_before(apart, bits):
    learner = Learner("look/grain", 0.0)
    for k in range(20):
        learner.hear(Turned("a", 2, 3, 2 * k), k / 10)
        learner.hear(Turned("a", 2, 35, 9), k / 10 + apart)
    source = Source("a", 2, "control", 3, bits)
    assert learner.decide(9.0) == source
    assert learner.steps(source) == (38 << 7 | 9 if bits == 14 else 38)


def test_fine_parts_that_come_seldom_are_another_knob_s():
    learner = Learner("look/grain", 0.0)
    for k in range(20):
        learner.hear(Turned("a", 2, 3, 2 * k), k / 100)
        if k % 3 == 0:
            learner.hear(Turned("a", 2, 35, 9), k / 100)
    assert learner.decide(9.0).bits == 7
    fine = Learner("look/grain", 0.0)  # the fine part alone has moved far enough: the knob is that of the coarse one
    for k in range(10):
        fine.hear(Turned("a", 2, 3, 40), k / 100)
        fine.hear(Turned("a", 2, 35, 12 * k), k / 100)
    assert fine.decide(9.0) == Source("a", 2, "control", 3, 14)


@pytest.mark.parametrize("number", [31, 32, 63, 64, 100])
def test_numbers_that_have_no_fine_part_are_plain_knobs(number):
    learner = Learner("look/grain", 0.0)
    end = heard(learner, *range(20, 40), number=number)
    assert learner.decide(end + 1) == Source("a", 2, "control", number)


@pytest.mark.parametrize("number", [0, 31])
def test_the_first_and_the_last_number_that_has_a_fine_part_are_known_by_it(number):
    learner, fine = Learner("look/grain", 0.0), Learner("look/grain", 0.0)
    for k in range(20):
        for one, coarse, part in ((learner, 2 * k, 9), (fine, 40, 6 * k)):  # in the second the fine part alone moves far enough
            one.hear(Turned("a", 2, number, coarse), k / 100)
            one.hear(Turned("a", 2, number + 32, part), k / 100)
    assert learner.decide(9.0) == fine.decide(9.0) == Source("a", 2, "control", number, 14)


def test_a_knob_that_may_yet_be_an_endless_one_keeps_no_other_from_being_learned():
    learner = Learner("look/grain", 0.0)
    end = heard(learner, 1, 1, number=7)
    end = heard(learner, *range(20, 40), number=8, start=end)
    assert learner.decide(end + 1) == Source("a", 2, "control", 8)


def test_a_button_sends_nothing_but_its_ends_and_a_pad_is_known_by_its_stroke():
    learner = Learner("look/grain", 0.0)
    end = heard(learner, 127, 0)
    assert learner.decide(end + 1) == Source("a", 2, "button", 1)
    assert learner.hear(Struck("b", 4, 60, 0), 2.0) is None and learner.hear(Struck("b", 4, 60, 1), 2.0) == Source("b", 4, "note", 60)
    assert learner.hear(Program("b", 4, 60), 2.0) is None
    assert not learner.over(PATIENCE) and learner.over(PATIENCE + 0.1)


@pytest.mark.parametrize(
    ("values", "mode"),
    [
        ([1, 1, 127], "twos"),
        ([127, 127], None),
        ([65, 63, 64], None),
        ([65, 63], "offset"),
        ([1, 65, 66], "sign"),
        ([65, 66], "offset"),
        ([72, 71], None),
        ([1, 72], "sign"),
        ([1, 73], None),
        ([1, 64], None),
        ([0, 120], None),
        ([8, 120], "twos"),
        ([9, 120], None),
        ([8, 119], None),
        ([57, 71], "offset"),
        ([56, 71], None),
        ([], "offset"),
    ],
)
def test_what_an_endless_knob_sends(values, mode):
    assert turned(values) == mode


def test_an_endless_knob_repeats_itself():
    assert repeats([1, 1, 1, 2, 2]) == 3 and repeats([1]) == 0
    learner = Learner("look/grain", 0.0)
    end = heard(learner, *[1] * SAME)
    assert learner.decide(end + 9) is None  # one more and it is sure
    heard(learner, 1, start=end)
    assert learner.decide(end) == Source("a", 2, "encoder", 1)


# What comes in


def put(inbox, *messages, device="a"):
    for message in messages:
        inbox.put(device, message)
    return inbox.take()


def test_what_comes_in_is_kept_in_its_order_and_what_no_knob_sends_is_passed_over():
    inbox = Inbox(lambda: None, time.monotonic)
    events = put(
        inbox,
        mido.Message("control_change", channel=3, control=119, value=5),
        mido.Message("control_change", control=120, value=5),
        mido.Message("note_off", channel=2, note=9, velocity=64),
        mido.Message("note_on", note=9, velocity=3),
        mido.Message("program_change", channel=15, program=127),
        mido.Message("pitchwheel", pitch=9),
        mido.Message("active_sensing"),
    )
    assert events == [Turned("a", 3, 119, 5), Struck("a", 2, 9, 0), Struck("a", 0, 9, 3), Program("a", 15, 127)]
    assert inbox.received == 7 and inbox.dropped == 0 and inbox.take() == []


def test_beyond_a_calm_stream_the_newest_position_of_each_knob_is_enough():
    inbox = Inbox(lambda: None, time.monotonic)
    events = put(inbox, *(mido.Message("control_change", control=k % 2, value=k % 128) for k in range(CALM + 50)))
    assert len(events) == CALM + 2 and [event.value for event in events[-2:]] == [(CALM + 48) % 128, (CALM + 49) % 128]
    strokes = put(inbox, *(mido.Message("note_on", note=1, velocity=1) for _ in range(MOST + 9)))
    assert len(strokes) == MOST and inbox.dropped == 9


class Beats:
    """What a clock moves; it notes what it is told."""

    def __init__(self):
        self.told = []
        self.clock_tick, self.start, self.stop = (
            lambda now, kind=kind: self.told.append((kind, now)) for kind in ("tick", "start", "stop")
        )


@pytest.fixture
def timed(monkeypatch):
    """The real time, as the test says."""
    now = [500.0]
    monkeypatch.setattr("installation.control.midi.inbox.time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


def test_a_clock_is_told_by_the_show_s_time_and_one_device_leads_until_it_is_silent(timed):
    beats = Beats()
    inbox = Inbox(lambda: beats, lambda: 7.5)
    put(inbox, mido.Message("start"), mido.Message("clock"))
    put(inbox, mido.Message("clock"), mido.Message("stop"), device="b")
    timed[0] += 0.99 * CLOCK_GONE
    put(inbox, mido.Message("clock"), device="b")
    put(inbox, mido.Message("stop"))
    assert beats.told == [("start", 7.5), ("tick", 7.5), ("stop", 7.5)]
    timed[0] += CLOCK_GONE
    put(inbox, mido.Message("clock"), device="b")
    assert beats.told[3:] == [("tick", 7.5)]


def test_no_more_ticks_a_second_than_the_quickest_beat_has(timed):
    beats = Beats()
    inbox = Inbox(lambda: beats, float)
    for second in range(2):
        put(inbox, *[mido.Message("clock")] * (TICKS_A_SECOND + 20))
        assert len(beats.told) == (second + 1) * TICKS_A_SECOND and inbox.dropped == 20 * (second + 1)
        timed[0] += 1.0
