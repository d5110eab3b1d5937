"""MIDI over real sockets: the desk connects to mido's own server, whose far end plays the box with the knobs."""

import gc
import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from types import SimpleNamespace

import mido
import pytest
import rtmidi2
from mido.sockets import PortServer
from mido.tokenizer import Tokenizer

from installation.config import MidiConfig
from installation.control.midi.desk import MidiDesk
from installation.control.midi.devices import LOOPS, SEQUENCER, devices, system_backend
from installation.control.midi.file import MappingFile
from installation.control.midi.grip import NEAR, Grip, position, steps
from installation.control.midi.inbox import CALM, Inbox, Program, Struck, Turned
from installation.control.midi.learning import Learner
from installation.control.midi.mapping import BACKUP_FOLDER, Source, read_mapping, write_mapping
from installation.control.midi.ports import Wanted
from installation.control.midi.stream import WithoutExclusive
from installation.control.midi_system import RtMidi
from installation.control.parameters import parameter_table
from installation.control.sound.tempo import Tempo
from installation.control.state import ControlState
from installation.errors import ConfigError

TABLE = parameter_table(["smile", "age"], ["toon"], presets=["calm", "salon"])
SECONDS = 20.0  # before a test gives up; the machine may be busy


def until(true: Callable[[], object], what: str = "") -> None:
    end = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < end, what or "it did not happen"
        time.sleep(0.005)


def cc(control: int, value: int) -> mido.Message:
    return mido.Message("control_change", control=control, value=value)


class Box:
    """A box of knobs at the far end of a socket, and the desk that listens to it."""

    def __init__(self, folder: Path, learned: dict[str, dict[str, object]] | None = None) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.server = PortServer("127.0.0.1", self.port)
        self.name = f"socket:127.0.0.1:{self.port}"
        self.file = folder / "midi.yaml"
        if learned is not None:
            sources = {name: Source(self.name, int(line.pop("channel", 0)), **line) for name, line in learned.items()}
            write_mapping(self.file, sources)
        self.state, self.faults = ControlState(TABLE), []
        self.tempo = Tempo(self.state, time.monotonic)
        settings = MidiConfig(enabled=True, ports=(self.name,))
        self.desk = MidiDesk(self.state, settings, self.file, lambda: self.tempo, time.monotonic, self.faults.append)
        self.changes = []
        self.state.subscribe(self.changes.append)
        self.desk.start()
        self.line = self.server.accept()
        until(self.desk.devices)
        self.quiet()

    def turn(self, control: int, *values: int, channel: int = 0) -> None:
        for value in values:
            self.line.send(mido.Message("control_change", channel=channel, control=control, value=value))

    def strike(self, note: int, velocity: int, channel: int = 0) -> None:
        self.line.send(mido.Message("note_on", channel=channel, note=note, velocity=velocity))

    def quiet(self) -> None:
        """Until all that was sent has been heard and has had its effect."""
        before = self.desk.received
        self.strike(127, 0, channel=15)
        until(lambda: self.desk.received > before)
        for _ in range(4):
            before = self.desk.received
            time.sleep(0.05)
            if self.desk.received != before:
                self.quiet()

    def told(self, *wanted: mido.Message) -> list[mido.Message]:
        """What the box was sent since the last time, until it was sent what is wanted."""
        messages: list[mido.Message] = []

        def there() -> bool:
            messages.extend(self.line.iter_pending())
            return all(one in messages for one in wanted)

        until(there)
        time.sleep(0.1)
        there()
        return messages

    def close(self) -> None:
        self.desk.stop()
        self.line.close()
        self.server.close()


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Callable[..., Box]]:
    boxes = []

    def make(learned: dict[str, dict[str, object]] | None = None) -> Box:
        boxes.append(Box(tmp_path, learned))
        return boxes[-1]

    yield make
    for one in boxes:
        one.close()


def test_a_knob_is_learned_by_turning_it_and_not_by_noise(box):
    b = box()
    b.desk.learn("look/grain")
    assert b.desk.learning == "look/grain"
    b.turn(20, *[63, 64] * 20)  # a fader that flickers
    b.quiet()
    assert b.desk.learning == "look/grain" and not b.desk.learned()
    b.turn(21, *range(0, 40, 4), channel=2)
    until(lambda: b.desk.learning is None)
    assert b.desk.learned() == {"look/grain": Source(b.name, 2, "control", 21)}
    knob = b.desk.learned()["look/grain"]
    assert str(knob) == "CC 21 ch 3" and knob.words() == f"CC 21, channel 3, {b.name}"
    b.turn(21, *range(36, 9, -1), 126, channel=2)  # it has to come to where the control is
    b.quiet()
    assert b.state.target("look/grain") == pytest.approx(position(126, 7))
    b.turn(21, 0, channel=3)  # another channel is another knob
    b.quiet()
    assert b.state.target("look/grain") == pytest.approx(position(126, 7))
    until(b.file.exists)
    assert read_mapping(b.file, TABLE) == b.desk.learned()


def test_a_knob_that_is_learned_anew_moves_the_new_control_alone_and_unlearning_ends_it(box):
    b = box({"look/grain": {"kind": "control", "number": 7}, "look/zoom": {"kind": "control", "number": 8}})
    b.desk.learn("look/vignette")
    b.turn(7, *range(30))
    until(lambda: b.desk.learning is None)
    assert set(b.desk.learned()) == {"look/vignette", "look/zoom"}
    assert b.state.target("look/grain") == 0.1  # turning it to be learned moved nothing
    b.desk.unlearn("look/vignette")
    b.turn(7, *range(30, 127))
    b.quiet()
    assert b.state.target("look/vignette") == 0.35
    until(lambda: set(read_mapping(b.file, TABLE)) == {"look/zoom"})
    assert sorted(path.name for path in (b.file.parent / BACKUP_FOLDER).iterdir()) == ["midi.1.yaml", "midi.2.yaml"]


def test_a_control_is_learned_by_touching_it(box):
    b = box()
    b.desk.touch()
    b.state.fade({"look/zoom": 2.0}, 1.0, source="preset")  # no hand
    b.state.set("preset/recall", "calm", "web")  # nothing that a knob could do
    assert b.desk.touching and b.desk.learning is None
    b.state.set("look/trails", 0.3, "web")
    assert b.desk.learning == "look/trails" and not b.desk.touching
    b.state.set("look/grain", 0.3, "web")
    assert b.desk.learning == "look/trails"
    b.strike(50, 99)
    until(lambda: b.desk.learned() == {"look/trails": Source(b.name, 0, "note", 50)})
    b.desk.touch()
    b.desk.touch()
    b.state.set("look/grain", 0.4, "web")
    assert b.desk.learning is None and not b.desk.touching


def test_a_control_that_is_gone_moves_nothing_and_comes_back_with_its_knob(box):
    b = box({"edit/age/amount": {"kind": "control", "number": 3}})
    b.state.replace(parameter_table(["smile"], []))
    b.turn(3, 0, 127)
    b.quiet()
    b.state.replace(TABLE)
    b.turn(3, 0, 64, 127)
    until(lambda: b.state.target("edit/age/amount") == 3.0)
    assert not b.faults


def test_learning_can_be_called_off_and_words_cannot_be_learned(box):
    b = box()
    b.desk.learn("look/grain")
    b.desk.learn(None)
    b.turn(21, *range(40))
    b.quiet()
    b.desk.learn("preset/save")
    assert b.desk.learning is None and not b.desk.learned()
    assert "no knob can move" in b.state.counts().last


def test_a_fader_of_14_bits_is_found_and_read_in_full(box):
    b = box()
    b.desk.learn("look/tint-hue")
    for value in range(0, 16384, 700):
        b.turn(3, value >> 7)
        b.turn(35, value & 127)
    until(lambda: b.desk.learning is None)
    assert b.desk.learned()["look/tint-hue"] == Source(b.name, 0, "control", 3, 14)
    for value in range(0, 5001, 250):
        b.turn(3, value >> 7)
        b.turn(35, value & 127)
    b.quiet()
    assert b.state.target("look/tint-hue") == pytest.approx(5000 / 16384, abs=1e-9)  # no 7 bits come so near


def test_a_fader_makes_no_jump_and_lets_go_when_another_hand_moves_the_control(box):
    b = box({"look/vignette": {"kind": "control", "number": 1}})
    b.turn(1, 127, 100, 60)
    b.quiet()
    assert b.state.target("look/vignette") == 0.35
    b.turn(1, 46, 45, 44, 40)  # 44.5 of 127 is 0.35
    until(lambda: b.state.target("look/vignette") == position(40, 7))
    b.turn(1, 120)
    until(lambda: b.state.target("look/vignette") == position(120, 7))
    b.state.fade({"look/vignette": 0.5}, 0.1, source="preset")
    b.quiet()
    b.turn(1, 119, 90)
    b.quiet()
    assert b.state.target("look/vignette") == 0.5
    b.turn(1, 66)  # within 2 %
    until(lambda: b.state.target("look/vignette") == position(66, 7))


def test_a_fader_that_passes_the_control_in_one_step_takes_hold_where_the_control_stands(box):
    b = box({"transport/bpm": {"kind": "control", "number": 1}})
    b.turn(1, 10, 115)
    b.quiet()
    assert b.state.target("transport/bpm") == 120.0
    b.turn(1, 117)
    row = TABLE["transport/bpm"]
    until(lambda: b.state.target("transport/bpm") == pytest.approx(row.from_norm(100 / 280 + position(117, 7) - position(115, 7))))
    b.turn(1, *range(116, 70, -1))
    b.quiet()
    b.turn(1, *range(70, 40, -1))
    b.quiet()
    b.turn(1, *range(40, 90))
    until(lambda: b.state.target("transport/bpm") == pytest.approx(row.from_norm(position(89, 7))))  # they have met


def test_from_there_it_follows_step_by_step_until_the_two_meet():
    state, row = ControlState(TABLE), TABLE["transport/bpm"]
    grip = Grip("transport/bpm", Source("a", 0, "control", 1))

    def turned(value):
        if grip.take(Turned("a", 0, 1, value), row, state, True):
            grip.move(row, state)
        return row.to_norm(state.target(row.name))

    start = row.to_norm(120.0)
    assert turned(10) == turned(115) == start
    onwards = [turned(value) for value in range(116, 128)]
    assert onwards == pytest.approx([start + position(value, 7) - position(115, 7) for value in range(116, 128)])
    back = [turned(value) for value in range(126, 45, -1)]
    assert back[-1] == pytest.approx(start) and back == sorted(back, reverse=True)
    for value in (45, 44, 30, 31, 100):
        assert turned(value) == pytest.approx(position(value, 7))


@pytest.mark.parametrize(("bits", "start"), [(7, 0.357), (7, 0.9), (14, 0.5), (14, 0.02)])
def test_no_way_of_a_fader_moves_a_control_by_more_than_the_faders_own_step(bits, start):
    state, row = ControlState(TABLE), TABLE["transport/bpm"]
    grip = Grip("transport/bpm", Source("a", 0, "control", 1, bits))
    state.set_norm(row.name, start)
    random, was = Random(4), None
    for turn in range(4000):
        if turn % 400 == 399:  # another hand
            state.set_norm(row.name, random.random())
            grip.let_go()
            was = None
        place = random.random() if turn % 7 == 0 else min(1.0, max(0.0, (was or 0.5) + random.uniform(-0.02, 0.02)))
        before = row.to_norm(state.target(row.name))
        events = [Turned("a", 0, 1, steps(place, 14) >> 7), Turned("a", 0, 33, steps(place, 14) & 127)]
        moved = [grip.take(event, row, state, True) for event in (events if bits == 14 else [Turned("a", 0, 1, steps(place, 7))])]
        if any(moved):
            grip.move(row, state)
        jump = abs(row.to_norm(state.target(row.name)) - before)
        own = 0.0 if was is None else abs(position(steps(place, bits), bits) - position(steps(was, bits), bits))
        assert jump <= max(own + (1 / 128 if bits == 14 else 0), NEAR) + 1e-6  # the coarse part is heard before the fine one
        was = place


def test_a_fader_that_flickers_where_it_took_hold_moves_nothing_away(box):
    b = box({"transport/bpm": {"kind": "control", "number": 1}})
    b.turn(1, 10, *[115, 116] * 30, 115)
    b.quiet()
    assert b.state.target("transport/bpm") == pytest.approx(120.0)


@pytest.mark.parametrize(
    ("right", "left", "mode"), [([1, 1, 2, 1, 1, 1, 1], [127, 126], "twos"), ([65] * 6, [63, 62], "offset"), ([1] * 6, [65, 66], "sign")]
)
def test_an_endless_knob_is_learned_and_moves_from_where_the_control_is(box, right, left, mode):
    b = box()
    b.desk.learn("look/vignette")
    b.turn(9, *right, left[0], left[0])
    until(lambda: b.desk.learning is None)
    expected = "twos" if mode == "sign" else mode  # turned to the right alone, these two are the same
    source = b.desk.learned()["look/vignette"]
    assert (source.kind, source.number) == ("encoder", 9) and source.mode in (mode, expected)
    b.quiet()
    b.desk.unlearn("look/vignette")
    until(lambda: not read_mapping(b.file, TABLE))
    write_mapping(b.file, {"look/vignette": Source(b.name, 0, "encoder", 9, mode=mode), "look/layout": Source(b.name, 1, "encoder", 9)})
    assert read_mapping(b.file, TABLE)["look/vignette"].mode == mode
    until(lambda: "look/layout" in b.desk.learned())
    b.state.set("look/vignette", 0.5, "web")
    b.turn(9, right[0])
    until(lambda: b.state.target("look/vignette") == pytest.approx(0.5 + 1 / 127))
    b.turn(9, *left)
    until(lambda: b.state.target("look/vignette") == pytest.approx(0.5 - 2 / 127))
    b.turn(9, 1, channel=1)
    until(lambda: b.state.target("look/layout") == "facets")
    b.turn(9, 120, channel=1)
    until(lambda: b.state.target("look/layout") == "mirror")


def test_what_a_fader_a_button_and_noise_send_is_no_endless_knob():
    for values in ([0, 127] * 5, [127] * 9, [63, 64] * 20, [*range(50, 80)], [*range(10), *range(10)], [64] * 9):
        learner = Learner("look/grain", 0.0)
        for at, value in enumerate(values):
            learner.hear(Turned("a", 0, 1, value), at / 100)
            found = learner.decide(at / 100)
            assert found is None or found.kind != "encoder"


def test_notes_toggle_switches_fire_triggers_and_lift_numbers_while_they_are_held(box):
    b = box({
        "transport/blackout": {"kind": "note", "number": 36}, "preset/next": {"kind": "note", "number": 37},
        "look/trails": {"kind": "note", "number": 38}, "look/layout": {"kind": "button", "number": 41},
    })  # fmt: skip
    b.strike(36, 100)
    b.strike(36, 0)
    until(lambda: b.state.target("transport/blackout") is True)
    b.strike(36, 100)
    until(lambda: b.state.target("transport/blackout") is False)
    b.strike(37, 1)
    b.strike(37, 0)
    b.strike(38, 127)
    until(lambda: b.state.target("look/trails") == 1.0)
    b.strike(38, 0)
    until(lambda: b.state.target("look/trails") == 0.0)
    b.turn(41, 127, 0)
    until(lambda: b.state.target("look/layout") == "facets")
    assert [change.name for change in b.changes].count("preset/next") == 1


def test_everything_but_a_word_is_set_off_by_a_note_or_a_button(box):
    names = [name for name, row in TABLE.items() if row.kind != "command"]
    assert {"transport/snapshot", "transport/tap", "preset/next", "preset/previous", "preset/calm/recall", "look/layout"} <= set(names)
    learned = {name: {"kind": ("note", "button")[at % 2], "number": at // 2 % 100, "channel": at // 200} for at, name in enumerate(names)}
    b = box(learned)
    for name in names:
        knob = b.desk.learned()[name]
        if knob.kind == "note":
            b.strike(knob.number, 90, channel=knob.channel)
        else:
            b.turn(knob.number, 90, channel=knob.channel)
    until(lambda: {change.name for change in b.changes} == set(names))


def test_a_button_is_learned_by_a_press(box):
    b = box()
    b.desk.learn("look/mirror")
    b.turn(60, 127, 0)
    until(lambda: b.desk.learning is None)
    assert b.desk.learned()["look/mirror"].kind == "button"
    b.turn(60, 127, 0)
    until(lambda: b.state.target("look/mirror") is False)
    b.turn(60, 127, 0)
    until(lambda: b.state.target("look/mirror") is True)


def test_a_program_change_recalls_the_preset_of_its_place(box):
    b = box()
    b.line.send(mido.Message("program_change", program=1, channel=9))
    until(lambda: any(change.name == "preset/recall" and change.value == 1 and change.source == "midi" for change in b.changes))


def test_the_clock_gives_the_tempo(box):
    b = box()
    b.line.send(mido.Message("start"))
    for _ in range(60):
        b.line.send(mido.Message("clock"))
        time.sleep(60 / (24 * 90))
    until(lambda: 20 < b.tempo.bpm < 95)  # from 120; a busy machine sleeps too long, and never too short


def test_two_clocks_do_not_add_up_and_a_torrent_of_ticks_is_cut():
    ticks = []
    beats = SimpleNamespace(clock_tick=ticks.append, start=ticks.append, stop=ticks.append)
    inbox = Inbox(lambda: beats, time.monotonic)
    for _ in range(20):
        inbox.put("a", mido.Message("clock"))
        inbox.put("b", mido.Message("clock"))
    assert len(ticks) == 20
    for _ in range(5000):
        inbox.put("a", mido.Message("clock"))
    assert len(ticks) < 1300 and inbox.dropped > 3000


def test_other_hands_are_shown_on_the_box_and_its_own_are_not(box):
    b = box({
        "look/grain": {"kind": "control", "number": 1}, "transport/freeze": {"kind": "note", "number": 40},
        "look/tint-hue": {"kind": "control", "number": 5, "bits": 14},
    })  # fmt: skip
    b.told(cc(1, steps(0.1, 7)))  # plugged in: it is told where all stands
    b.state.set("look/grain", 0.5, "web")
    b.state.set("look/tint-hue", 0.25, "osc")
    assert b.told(cc(1, 64), cc(5, 32), cc(37, 0))[-2:] == [cc(5, 32), cc(37, 0)]
    b.turn(1, 64, 65, 66, 90)
    until(lambda: b.state.target("look/grain") == position(90, 7))
    b.quiet()
    assert not b.told()
    b.strike(40, 99)  # a light of a switch follows, whoever threw it
    until(lambda: b.state.target("transport/freeze") is True)
    light = mido.Message("note_on", note=40, velocity=127)
    assert b.told(light) == [light]


def test_feedback_of_a_flood_is_a_trickle(box):
    b = box({"look/grain": {"kind": "control", "number": 1}})
    b.told(cc(1, steps(0.1, 7)))
    for value in range(3000):
        b.state.set("look/grain", value / 3000, "osc")
    last = cc(1, steps(2999 / 3000, 7))
    told = b.told(last)
    assert len(told) < 300 and told[-1] == last


def test_a_flood_is_bounded_and_its_end_is_what_counts(box):
    b = box({"look/grain": {"kind": "control", "number": 1}})
    before = b.desk.received
    data = b"".join(bytes(mido.Message("control_change", control=1, value=k % 128).bytes()) for k in range(20000)) + bytes((0xB0, 1, 77))
    b.line._socket.sendall(data)
    until(lambda: b.desk.received >= before + 20001)
    until(lambda: b.state.target("look/grain") == position(77, 7))
    assert len(b.changes) < 10000 and not b.faults


def test_an_inbox_in_a_flood_keeps_the_newest_positions_and_its_size():
    inbox = Inbox(lambda: None, time.monotonic)
    for k in range(5000):
        inbox.put("a", mido.Message("control_change", control=k % 10, value=k % 128))
        inbox.put("a", mido.Message("note_on", note=3, velocity=k % 128))
    inbox.put("a", mido.Message("sysex", data=[1, 2, 3]))
    inbox.put("a", mido.Message("control_change", control=123, value=0))  # all notes off
    events = inbox.take()
    assert len(events) <= 1024 + 10 and inbox.dropped > 3000
    assert {e.number: e.value for e in events if isinstance(e, Turned)} == {k % 10: k % 128 for k in range(4990, 5000)}
    assert not inbox.take()
    for k in range(CALM):
        inbox.put("a", mido.Message("program_change", program=k))
    assert [event.program for event in inbox.take() if isinstance(event, Program)] == list(range(CALM))


def test_noise_on_the_line_is_survived(box):
    b = box({"look/grain": {"kind": "control", "number": 1}})
    b.line._socket.sendall(bytes(range(256)) * 40 + b"\xf0" + bytes(5000) + b"\xf7" + bytes((0xB0, 1, 13, 0xB0, 1, 12)))
    until(lambda: b.state.target("look/grain") == position(12, 7))
    assert not b.faults


def test_an_exclusive_message_without_end_takes_no_room(box):
    b = box({"look/grain": {"kind": "control", "number": 1}})
    before = b.desk.received
    b.line._socket.sendall(b"\xf0" + bytes(1 << 17) + b"\xf8")  # a tick may stand within one, and ends nothing
    until(lambda: b.desk.received > before)
    gathered = [len(one._bytes) for one in gc.get_objects() if type(one) is Tokenizer]  # isinstance would follow dead proxies
    assert gathered and max(gathered) <= 3
    b.turn(1, 12, 13, 30)
    until(lambda: b.state.target("look/grain") == position(30, 7))


def test_a_stream_is_read_around_its_exclusive_messages_wherever_it_is_cut():
    stream = bytes((0xB0, 1, 2, 0xF0, 1, 2, 0xF8, 3, 0xF7, 5, 0x90, 60, 99, 0xF0, 9, 9, 0xB0, 7, 8, 0xF7))
    for size in range(1, len(stream)):
        clean = WithoutExclusive()
        pieces = [clean(stream[at : at + size]) for at in range(0, len(stream), size)]
        assert b"".join(pieces) == bytes((0xB0, 1, 2, 0xF8, 5, 0x90, 60, 99, 0xB0, 7, 8))


def test_a_box_that_is_pulled_out_is_found_again_and_has_to_take_over_anew(box):
    b = box({"look/grain": {"kind": "control", "number": 1}})
    b.turn(1, 0, 12, 13, 100)
    until(lambda: b.state.target("look/grain") == position(100, 7))
    b.line._socket.shutdown(socket.SHUT_RDWR)
    until(lambda: not b.desk.devices())
    b.line = b.server.accept()  # it looks again by itself
    until(b.desk.devices)
    b.quiet()
    b.turn(1, 10)
    b.quiet()
    assert b.state.target("look/grain") == position(100, 7)
    b.turn(1, 98, 100, 110)
    until(lambda: b.state.target("look/grain") == position(110, 7))


def test_a_midi_file_that_is_played_moves_the_controls(box, tmp_path):
    b = box({"look/zoom": {"kind": "control", "number": 16}, "transport/blackout": {"kind": "note", "number": 60}})
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=100_000)])
    values = [*range(0, 128, 3), 96]
    track += [mido.Message("control_change", control=16, value=value, time=20) for value in values]
    track += [mido.Message("note_on", note=60, velocity=80, time=20), mido.Message("note_off", note=60, time=240)]
    file = mido.MidiFile(ticks_per_beat=480)
    file.tracks.append(track)
    file.save(tmp_path / "show.mid")
    for message in mido.MidiFile(tmp_path / "show.mid").play():
        b.line.send(message)
    until(lambda: b.state.target("transport/blackout") is True)
    row = TABLE["look/zoom"]
    assert b.state.target("look/zoom") == row.from_norm(position(96, 7))
    zooms = [change.value for change in b.changes if change.name == "look/zoom"]
    assert zooms[:-1] == sorted(zooms[:-1])  # it took hold at 1.0, and rose


def test_an_edit_of_the_file_applies_and_a_broken_one_says_where(box):
    b = box({"look/grain": {"kind": "control", "number": 1}})
    text = b.file.read_text()
    b.file.write_text(text.replace("control: 1", "control: 300"))
    until(lambda: b.faults)
    assert f"{b.file}:3: look/grain: control: 300: must be a whole number from 0 to 127" in b.faults[0]
    assert b.desk.learned()["look/grain"].number == 1
    b.file.write_text(text.replace("control: 1", "control: 30"))
    until(lambda: b.desk.learned()["look/grain"].number == 30)


def test_a_file_that_is_broken_at_the_start_gives_the_last_good_one(tmp_path, box):
    good = {"look/grain": Source("Box", 0, "control", 9)}
    write_mapping(tmp_path / "midi.yaml", good)
    write_mapping(tmp_path / "midi.yaml", {})
    (tmp_path / "midi.yaml").write_text("learned: [")
    b = box()
    assert b.desk.learned() == good and "not valid YAML" in b.faults[0]


@pytest.mark.parametrize("line, reason", [
    ("look/nothing: {device: A, channel: 1, note: 3}", "no such control"),
    ("preset/save: {device: A, channel: 1, note: 3}", "no such control, or one that no knob can move"),
    ("look/grain: 3", "must hold device"),
    ("look/grain: {device: A, channel: 1, note: 3, button: 4}", "exactly one"),
    ("look/grain: {device: A, channel: 0, note: 3}", "channel: 0: must be a whole number from 1 to 16"),
    ("look/grain: {device: A, channel: true, note: 3}", "channel: true"),
    ("look/grain: {device: '', channel: 1, note: 3}", "must be the name of a port"),
    ("look/grain: {device: A, channel: 1, control: 40, bits: 14}", "bits: 14"),
    ("look/grain: {device: A, channel: 1, control: 4, bits: 8}", "bits: 8: must be 7, or 14 for a control from 0 to 31"),
    ("look/grain: {device: A, channel: 1, control: 4, speed: 1}", "must hold device"),
    ("look/grain: {device: A, channel: 1}", "exactly one"),
    ("look/grain: {device: A, channel: 1, control: 4, mode: sign}", "mode: 'sign'"),
    ("look/grain: {device: A, channel: 1, encoder: 4, mode: up}", "must be one of twos, offset, sign"),
])  # fmt: skip
def test_a_wrong_line_is_named(tmp_path, line, reason):
    file = tmp_path / "midi.yaml"
    file.write_text(f"learned:\n  look/zoom: {{device: A, channel: 1, note: 2}}\n  {line}\n")
    with pytest.raises(ConfigError) as caught:
        read_mapping(file, TABLE)
    assert str(caught.value).startswith(f"{file}:3: ") and reason in str(caught.value)


def test_a_mapping_comes_back_from_its_file_with_lines_for_what_is_not_here(tmp_path):
    learned = {
        "look/grain": Source("Böx: 2 #1", 15, "control", 31, 14), "edit/elsewhere/amount": Source("A", 0, "note", 0),
        "preset/gone/recall": Source("*&!", 3, "button", 127),
    }  # fmt: skip
    write_mapping(tmp_path / "m.yaml", learned)
    assert read_mapping(tmp_path / "m.yaml", TABLE) == learned
    for name in ("preset/gone/recall/now", "preset/gone", "gone/preset/recall", "preset/gone/keep"):  # no way to recall one
        write_mapping(tmp_path / "m.yaml", {name: Source("A", 0, "button", 1)})
        try:
            assert name not in read_mapping(tmp_path / "m.yaml", TABLE), name
        except ConfigError:
            continue
    assert read_mapping(tmp_path / "none.yaml", TABLE) == {}


def test_a_mapping_is_written_as_people_write_it_in_the_order_in_which_it_was_learned(tmp_path):
    learned = {
        "look/zoom": Source("Böx", 1, "encoder", 3, mode="offset"), "look/grain": Source("Böx", 0, "control", 21),
        "edit/age/amount": Source("Faderfox", 15, "control", 4, 14), "look/trails": Source("Böx", 0, "encoder", 9),
    }  # fmt: skip
    write_mapping(tmp_path / "m.yaml", learned)
    assert (tmp_path / "m.yaml").read_text(encoding="utf-8").splitlines()[1:] == [
        "learned:",
        "  look/zoom: {device: Böx, channel: 2, encoder: 3, mode: offset}",
        "  look/grain: {device: Böx, channel: 1, control: 21}",
        "  edit/age/amount: {device: Faderfox, channel: 16, control: 4, bits: 14}",
        "  look/trails: {device: Böx, channel: 1, encoder: 9}",
    ]
    words = [source.words() for source in learned.values()]
    assert words[:3] == ["endless CC 3, channel 2, Böx", "CC 21, channel 1, Böx", "CC 4 (14 bit), channel 16, Faderfox"]
    assert [str(source) for source in learned.values()] == ["CC 3 ch 2", "CC 21", "CC 4 ch 16", "CC 9"]


def test_a_place_comes_back_from_its_step_and_the_middle_is_the_middle():
    for bits in (7, 14):
        top = (1 << bits) - 1
        assert position(0, bits) == 0 and position(top, bits) == 1 and position(1 << (bits - 1), bits) == 0.5
        assert all(steps(position(k, bits), bits) == k for k in range(0, top + 1, 1 if bits == 7 else 97))


def test_what_was_turned_long_ago_is_forgotten():
    learner = Learner("look/grain", 0.0)
    for k in range(20):
        learner.hear(Turned("a", 0, 1, 60 + k), float(k))  # a step a second: drift
        assert learner.decide(k + 0.5) is None
    assert learner.hear(Struck("a", 0, 5, 0), 20.0) is None
    assert learner.over(61.0) and not learner.over(59.0)


def test_names_of_ports_stay_when_they_are_plugged_in_anew():
    assert devices(["nanoKONTROL2:nanoKONTROL2 MIDI 1 20:0"]) == devices(["nanoKONTROL2:nanoKONTROL2 MIDI 1 24:0"]) | {
        "nanoKONTROL2 MIDI 1": "nanoKONTROL2:nanoKONTROL2 MIDI 1 20:0"
    }
    alike = devices(["Mini:Mini 20:0", "Mini:Mini 24:0", "Midi Through:Midi Through Port-0 14:0", "RtMidi Client:RtMidi output 129:0"])
    assert alike == {"Mini": "Mini:Mini 20:0", "Mini #2": "Mini:Mini 24:0"}
    assert not LOOPS.search("Desk:Throughput 20:0")


def test_ports_are_asked_for_by_parts_of_their_names_or_as_sockets():
    assert Wanted.of(()).takes("Anything")
    assert Wanted.of(("nano",)).takes("nanoKONTROL2 MIDI 1") and not Wanted.of(("nano",)).takes("Launchpad")
    alone = Wanted.of(("socket:box.local:5004", "socket:[::1]:5"))
    assert alone.sockets == (("box.local", 5004), ("::1", 5)) and not alone.takes("nano")
    for wrong in ("socket:", "socket:host", "socket:host:0", "socket:host:x", "socket::1"):
        with pytest.raises(ConfigError, match=r"control\.midi\.ports"):
            Wanted.of((wrong,))


class Drivers:
    """The system's ports as mido names them, plugged in and out by a test."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.callbacks: dict[str, Callable[[mido.Message], None]] = {}
        self.sent: list[mido.Message] = []

    def get_input_names(self) -> list[str]:
        return list(self.names)

    get_output_names = get_input_names

    def open_input(self, name, *, callback):
        self.callbacks[name] = callback
        return SimpleNamespace(close=lambda: self.callbacks.pop(name))

    def open_output(self, name):
        return SimpleNamespace(send=self.sent.append, close=lambda: None)


def test_devices_of_the_system_come_and_go_under_new_numbers(tmp_path):
    drivers, state = Drivers(), ControlState(TABLE)
    write_mapping(tmp_path / "m.yaml", {"look/grain": Source("Box", 0, "control", 1)})
    desk = MidiDesk(state, MidiConfig(enabled=True), tmp_path / "m.yaml", lambda: None, time.monotonic, print, lambda: drivers)
    desk.start()
    try:
        for name in ("Box:Box 20:0", "Box:Box 24:0"):
            state.set("look/grain", 0.0)
            drivers.names = [name]
            until(lambda: desk.devices() == ("Box",))
            until(lambda: drivers.sent)
            drivers.callbacks[name](mido.Message("control_change", control=1, value=0))
            drivers.callbacks[name](mido.Message("control_change", control=1, value=64))
            until(lambda: state.target("look/grain") == 0.5)
            drivers.names = []
            until(lambda: not desk.devices())
            assert not drivers.callbacks
    finally:
        desk.stop()


def test_a_machine_without_midi_starts_without_a_word(tmp_path, caplog, capfd):
    state, faults = ControlState(TABLE), []
    desk = MidiDesk(state, MidiConfig(enabled=True), tmp_path / "midi.yaml", lambda: None, time.monotonic, faults.append, lambda: None)
    with caplog.at_level("INFO"):
        desk.start()
        time.sleep(0.1)
        desk.stop()
    assert not faults and not caplog.records and not desk.devices()
    if not SEQUENCER.exists():
        assert system_backend() is None
    assert capfd.readouterr() == ("", "")
    assert not (tmp_path / "midi.yaml").exists()


@pytest.mark.skipif(not SEQUENCER.exists(), reason="this machine has no MIDI sequencer")
def test_a_virtual_port_moves_a_control(tmp_path):
    state = ControlState(TABLE)
    desk = MidiDesk(state, MidiConfig(enabled=True, ports=("facets test",)), tmp_path / "m.yaml", lambda: None, time.monotonic, print)
    port = rtmidi2.MidiOut("facets test")
    port.open_virtual_port("knobs")
    desk.start()
    try:
        until(desk.devices)
        desk.learn("look/grain")
        for value in range(40):
            port.send_raw(0xB0, 3, value)
        until(lambda: desk.learning is None)
        port.send_raw(0xB0, 3, 0)
        port.send_raw(0xB0, 3, 64)
        until(lambda: state.target("look/grain") == 0.5)
    finally:
        desk.stop()


def test_what_the_library_cannot_do_is_an_error_of_the_system():
    if not SEQUENCER.exists():
        with pytest.raises(OSError):
            RtMidi()
        return
    ports = RtMidi()
    with pytest.raises(OSError, match="no such MIDI port"):
        ports.open_input("gone", callback=print)
    with pytest.raises(OSError, match="no such MIDI port"):
        ports.open_output("gone")


def test_the_ports_that_this_program_opens_are_no_devices():
    assert devices(["Facets:RtMidi 129:0", "Midi Through:Midi Through Port-0 14:0", "nanoKONTROL2:nanoKONTROL2 MIDI 1 20:0"]) == {
        "nanoKONTROL2 MIDI 1": "nanoKONTROL2:nanoKONTROL2 MIDI 1 20:0"
    }


def test_what_somebody_writes_right_after_the_desk_is_a_change(tmp_path, monkeypatch):
    path, theirs = tmp_path / "midi.yaml", {"look/grain": Source("Box", 0, "control", 7)}
    file = MappingFile(path, print)
    file.write({"look/zoom": Source("Box", 0, "control", 1)})
    assert not file.changed()
    replace = os.replace

    def and_then_they(source, target):
        replace(source, target)
        if Path(target) == path and not (tmp_path / "written").exists():
            (tmp_path / "written").touch()
            write_mapping(path, theirs)

    monkeypatch.setattr("installation.output_file.os.replace", and_then_they)
    file.write({})
    assert file.changed() and file.read(TABLE, {}) == theirs and not file.changed()


def test_a_change_that_could_not_be_kept_hides_nobody_elses(tmp_path):
    path, faults = tmp_path / "midi.yaml", []
    file = MappingFile(path, faults.append)
    file.write({})
    write_mapping(path, {"look/grain": Source("Box", 0, "control", 7)})
    tmp_path.joinpath("midi.yaml").unlink()
    path.mkdir()
    file.write({})  # a folder stands in its way
    assert len(faults) == 1 and file.changed()
