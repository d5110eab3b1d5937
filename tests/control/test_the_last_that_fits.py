"""The bounds of everything that comes from outside: the last that fits is taken, one more is refused."""

import json
from types import SimpleNamespace

import pytest

from installation.config import OscConfig
from installation.control.midi.mapping import MAX_BYTES as MAPPING_BYTES
from installation.control.midi.mapping import MAX_DEVICE, Source, read_mapping
from installation.control.osc import server as osc_server
from installation.control.osc.dispatch import PATTERNS_KEPT, Dispatcher
from installation.control.osc.packets import MAX_ADDRESS, MAX_TEXT, PacketError, Unfit, read_packet
from installation.control.osc.server import LOOK_UP_EVERY, SENDERS_KEPT, OscServer, Throttle
from installation.control.parameters import parameter_table
from installation.control.presets.files import (
    MAX_BYTES,
    MAX_DESCRIPTION,
    MAX_FADE,
    MAX_NAME,
    MAX_SHOWN,
    MAX_TAGS,
    name_fault,
    plain,
    read_preset,
)
from installation.control.presets.folder import MAX_PRESETS, PresetFolder
from installation.control.presets.titles import MAX_TITLE
from installation.control.state import ControlState
from installation.control.timeline.file import MAX_LINE, MAX_PROBLEMS, read_timeline
from installation.errors import ConfigError
from tests.control.osc.osc_bytes import bundle, message, text

TABLE = parameter_table(["smile"], ["painted"], [4, 32])


@pytest.mark.parametrize(
    ("last", "more"),
    [
        (message("/" + "a" * (MAX_ADDRESS - 1), 1), message("/" + "a" * MAX_ADDRESS, 1)),
        (message("/a", "x" * MAX_TEXT), message("/a", "x" * (MAX_TEXT + 1))),
        (bundle(message("/a", 1)), bundle(message("/a", 1)) + b"\0\0\0\0"),
        (message("/a", 1), message("/a", 1)[:-4]),
        (message("/a", "abc"), message("/a", "abc")[:-1] + b"d"),
    ],
)
def test_osc(last, more):
    assert len(read_packet(last)) == 1
    with pytest.raises(PacketError):
        read_packet(more)


def test_what_an_address_or_a_word_is_padded_with_is_not_part_of_it():
    for length in range(1, 9):
        address, word = "/" + "a" * length, "x" * length
        assert read_packet(message(address, word)) == [(address.encode(), word)]
        assert read_packet(message(address)) == read_packet(text(address)) == [(address.encode(), None)]
        assert read_packet(bundle(message(address, word), message(address, 7))) == [(address.encode(), word), (address.encode(), 7)]
    assert isinstance(read_packet(message("/a", 1, 2))[0][1], Unfit)  # two values are one too many, and their bytes are not counted


class Heard:
    """A dispatcher, and what its packets were ignored for."""

    def __init__(self):
        self.state = ControlState(parameter_table(["smile", "age"], ["toon"]))
        self.dispatcher = Dispatcher(self.state)

    def take(self, *packets):
        for packet in packets:
            self.dispatcher.take(packet, "osc 192.0.2.7", "OSC from 192.0.2.7")
        return self.state.counts().last


def test_every_message_of_a_packet_counts_and_one_that_cannot_be_read_counts_as_one():
    heard = Heard()
    heard.take(bundle(message("/facets/look/grain", 0.5), message("/no", 1), message("/facets/truncation", 0.5)), b"noise", bundle())
    assert heard.dispatcher.received == 3 + 1 + 1 and heard.state.counts().ignored == 2
    assert heard.take(b"noise") == "OSC from 192.0.2.7: neither a message nor a bundle"
    assert heard.take(message("/" + "x" * 90, 1)) == "/" + "x" * 79 + ": no such control"
    assert heard.take(message("/facets/look/grain", 1, 2)) == "look/grain: takes a number from 0 to 1, not 2 values"
    assert heard.take(message(b"/facets/\xff*", 1)) == "/facets/\\xff*: no such control"
    assert heard.take(message("/facets/edit/[as/amount", 1)) == "/facets/edit/[as/amount: no such control"


def test_a_pattern_reaches_values_or_places_on_faders_and_never_both():
    heard = Heard()
    heard.take(message("/facets/edit/*/amount", 1.0))
    assert [heard.state.target(f"edit/{name}/amount") for name in ("smile", "age")] == [1.0, 1.0]
    heard.take(message("/facets/edit/*/amount/norm", 1.0))
    assert [heard.state.target(f"edit/{name}/amount") for name in ("smile", "age")] == [3.0, 3.0]
    ignored = heard.state.counts().ignored
    heard.take(message("/facets/edit/smile/amount/*", 0.0))
    assert heard.state.target("edit/smile/amount") == 3.0 and heard.state.counts().ignored == ignored + 1
    heard.state.replace(parameter_table(["hats"], []))
    heard.take(message("/facets/edit/*/amount", 2.0), message("/facets/edit/hats/amount/norm", 1.0))
    assert heard.state.target("edit/hats/amount") == 3.0


def test_patterns_are_remembered_up_to_a_limit():
    heard = Heard()
    for k in range(PATTERNS_KEPT):
        heard.take(message(f"/facets/look/grai[n{'x' * k}]", k / 100))
    assert len(heard.dispatcher._patterns) == PATTERNS_KEPT
    heard.take(message("/facets/*/grain", 0.9))
    assert len(heard.dispatcher._patterns) == 1 and heard.state.target("look/grain") == pytest.approx(0.9)
    heard.take(message("/nothing/*", 1))
    assert len(heard.dispatcher._patterns) == 1  # what means nothing takes no room


@pytest.mark.parametrize(
    ("sender", "source"),
    [
        ("127.0.0.1", "osc 127.0.0.1"),
        ("::1", "osc ::1"),
        ("::ffff:127.0.0.1", "osc 127.0.0.1"),
        ("192.0.2.255", "osc 192.0.2.255"),
        ("192.0.3.0", None),
        ("fe80::1%eth0", "osc fe80::1"),
        ("fe81::1", None),
        ("::ffff:192.0.2.9", "osc 192.0.2.9"),
        ("198.51.100.7", "osc 198.51.100.7"),
        ("198.51.100.8", None),
        ("203.0.113.255", "osc 203.0.113.255"),
        ("203.0.112.255", None),
    ],
)
def test_whose_packets_are_read(sender, source):
    server = OscServer(ControlState(TABLE), OscConfig(port=0, allow=("192.0.2.0/24", "fe80::/64", "198.51.100.7", "203.0.113.9/24")))
    assert server._met(sender) == source
    server._read(message("/facets/look/grain", 0.5), sender)
    counts = server._state.counts()
    assert server.received == 1 and (counts.ignored, server._state.target("look/grain")) == ((0, 0.5) if source else (1, 0.1))
    assert source or counts.last == f"OSC from {sender}, which control.osc.allow does not name"


def test_senders_are_remembered_up_to_a_limit():
    server = OscServer(ControlState(TABLE), OscConfig(port=0))
    for k in range(SENDERS_KEPT):
        server._met(f"10.0.{k // 256}.{k % 256}")
    assert len(server._senders) == SENDERS_KEPT
    server._met("10.9.9.9")
    assert len(server._senders) == 1


def test_a_thread_that_had_more_than_its_share_rests_for_as_long_as_makes_up_for_it():
    clock, slept = SimpleNamespace(busy=5.0, wall=100.0), []
    throttle = Throttle(0.25, lambda: clock.busy, lambda: clock.wall, slept.append)

    def packets(busy, wall, count=LOOK_UP_EVERY):
        clock.busy, clock.wall = clock.busy + busy, clock.wall + wall
        for _ in range(count):
            throttle.rest()

    packets(1.0, 1.0, LOOK_UP_EVERY - 1)
    assert slept == []  # the clocks are looked at now and then
    packets(0.0, 0.0, 1)
    assert slept == pytest.approx([3.0])
    packets(0.01, 0.04)
    assert len(slept) == 1  # exactly its share
    packets(0.01, 0.04 - 0.5 * osc_server.LEAST_REST)
    assert len(slept) == 1  # too little to lie down for, and kept in mind
    packets(0.01, 0.01)
    assert slept[1:] == pytest.approx([0.12 - 0.09 + 0.5 * osc_server.LEAST_REST])
    packets(0.0, 9.0)
    packets(1.0, 1.0)
    assert slept[2:] == pytest.approx([3.0])  # the nine seconds before earned nothing


def preset_of(tmp_path, body):
    (tmp_path / "one.yaml").write_text(body)
    return read_preset(tmp_path / "one.yaml", TABLE)


def tags(count, length=1):
    return "tags: [" + ", ".join(["x" * length] * count) + "]\n"


@pytest.mark.parametrize(
    ("last", "more", "why"),
    [
        (f"fade: {MAX_FADE}\n", f"fade: {MAX_FADE + 0.1}\n", "must be seconds from 0 to 60"),
        ("fade: 0\n", "fade: -0.01\n", "must be seconds from 0 to 60"),
        (f"description: {'x' * MAX_DESCRIPTION}\n", f"description: {'x' * (MAX_DESCRIPTION + 1)}\n", "must be text of at most 500"),
        (tags(MAX_TAGS), tags(MAX_TAGS + 1), "must be a list of at most 32 words"),
        (tags(1, MAX_NAME), tags(1, MAX_NAME + 1), "must be a list of at most 32 words"),
        (f"title: {'x' * MAX_TITLE}\n", f"title: {'x' * (MAX_TITLE + 1)}\n", "longer than 80 characters"),
        ("title: A b\n", "title: 7\n", "must be text of at most 80"),
        ("#" * (MAX_BYTES - 9) + "\nfade: 1\n", "#" * (MAX_BYTES - 8) + "\nfade: 1\n", "larger than 65536 bytes"),
    ],
    ids=["fade", "no fade", "description", "tags", "tag", "title", "text", "file"],
)
def test_a_preset_s_file(tmp_path, last, more, why):
    assert preset_of(tmp_path, last).name == "one"
    with pytest.raises(ConfigError, match=why):
        preset_of(tmp_path, more)


def test_a_preset_s_file_without_a_word_of_it_has_the_usual_fade(tmp_path):
    bare = preset_of(tmp_path, "controls: {}\n")
    assert (bare.fade, bare.easing, bare.tags, bare.description, bare.title, bare.called) == (3.0, "smooth", (), "", "", "One")
    assert preset_of(tmp_path, "#" * (MAX_BYTES - 9) + "\nfade: 1\n").fade == 1.0  # the last line of the longest file


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("x" * MAX_NAME, None),
        ("x" * (MAX_NAME + 1), "longer than 64"),
        ("a-1", None),
        ("a--b", "single hyphens"),
        ("-a", "hyphens"),
        ("A", "a-z"),
        ("12", "a number alone"),
        ("next", "a control of its own"),
        ("nexts", None),
    ],
)
def test_a_preset_s_name(name, fault):
    said = name_fault(name)
    assert said is None if fault is None else fault in said


def test_a_word_of_a_file_is_shown_in_short_and_as_it_is_where_a_terminal_can_bear_it():
    assert plain("x" * MAX_SHOWN) == "x" * MAX_SHOWN and len(plain("x" * (MAX_SHOWN + 1))) < MAX_SHOWN
    assert "\x1b" not in plain("\x1b[2J")


def test_a_folder_of_presets(tmp_path):
    for k in range(MAX_PRESETS + 2):
        (tmp_path / f"p{k:04}.yaml").write_text("fade: 1\n")
    folder = PresetFolder(tmp_path)
    found = folder.look(TABLE)
    assert len(found.presets) == MAX_PRESETS and "p0499" in found.presets and "p0500" not in found.presets
    assert found.faults == (f"{tmp_path}: holds more than {MAX_PRESETS} presets; p0500.yaml and 1 other are left out; move some elsewhere",)
    (tmp_path / "a-new-one.yaml").write_text("fade: 1\n")
    assert "a-new-one" not in folder.look(TABLE).presets and folder.look(TABLE).faults == ()  # those that were there stay; said once
    (tmp_path / "p0000.yaml").unlink()
    (tmp_path / "p0500.yaml").unlink()
    (tmp_path / "p0501.yaml").unlink()
    assert "a-new-one" in folder.look(TABLE).presets


@pytest.mark.parametrize(
    ("last", "source", "more", "why"),
    [
        ("{device: A, channel: 16, note: 127}", Source("A", 15, "note", 127), "{device: A, channel: 17, note: 1}", "from 1 to 16"),
        ("{device: A, channel: 1, note: 0}", Source("A", 0, "note", 0), "{device: A, channel: 1, note: -1}", "from 0 to 127"),
        ("{device: A, channel: 1, note: 127}", Source("A", 0, "note", 127), "{device: A, channel: 1, note: 128}", "from 0 to 127"),
        (
            "{device: A, channel: 1, control: 31, bits: 14}",
            Source("A", 0, "control", 31, 14),
            "{device: A, channel: 1, control: 32, bits: 14}",
            "or 14",
        ),
        (
            "{device: A, channel: 1, button: 3, bits: 7}",
            Source("A", 0, "button", 3),
            "{device: A, channel: 1, button: 3, bits: 14}",
            "or 14",
        ),
        (
            f"{{device: {'x' * MAX_DEVICE}, channel: 1, note: 1}}",
            Source("x" * MAX_DEVICE, 0, "note", 1),
            f"{{device: {'x' * (MAX_DEVICE + 1)}, channel: 1, note: 1}}",
            "name of a port",
        ),
        (
            "{device: A, channel: 1, encoder: 3, mode: sign}",
            Source("A", 0, "encoder", 3, 7, "sign"),
            "{device: A, channel: 1, note: 3, mode: twos}",
            "mode",
        ),
    ],
)
def test_a_mapping_s_line(tmp_path, last, source, more, why):
    file = tmp_path / "midi.yaml"
    file.write_text(f"learned:\n  look/grain: {last}\n")
    assert read_mapping(file, TABLE) == {"look/grain": source}
    file.write_text(f"learned:\n  look/grain: {more}\n")
    with pytest.raises(ConfigError, match=why):
        read_mapping(file, TABLE)


def test_a_mapping_s_file(tmp_path):
    file, line = tmp_path / "midi.yaml", "learned: {look/grain: {device: A, channel: 1, note: 3}}\n"
    file.write_text("#" * (MAPPING_BYTES - len(line) - 1) + "\n" + line)
    assert read_mapping(file, TABLE) == {"look/grain": Source("A", 0, "note", 3)}
    file.write_text("#" * (MAPPING_BYTES - len(line)) + "\n" + line)
    with pytest.raises(ConfigError, match="larger than 262144 bytes; this is not a MIDI mapping"):
        read_mapping(file, TABLE)
    file.write_bytes(b"learned: {}\n# \n# \xff\n")
    with pytest.raises(ConfigError, match=r"midi\.yaml:3: not UTF-8 text"):
        read_mapping(file, TABLE)


def test_a_timeline(tmp_path):
    path = tmp_path / "show.jsonl"
    head = json.dumps({"timeline": 1}) + "\n"
    move = {"frame": 0, "seconds": 0, "name": "look/grain", "value": 0.5, "source": ""}
    long = move | {"source": "x" * (MAX_LINE - len(json.dumps(move)) - 1)}
    path.write_text(head + json.dumps(long) + "\n")
    (first,) = read_timeline(path, TABLE).moves
    assert (first.frame, first.seconds, first.source) == (0, 0.0, "x" * 40)
    path.write_text(head + json.dumps(long | {"source": long["source"] + "x"}) + "\n")
    with pytest.raises(ConfigError, match=f":2: a line longer than {MAX_LINE} bytes"):
        read_timeline(path, TABLE)
    path.write_text(head + "[]\n" * (MAX_PROBLEMS + 30))
    with pytest.raises(ConfigError) as caught:
        read_timeline(path, TABLE)
    assert len(str(caught.value).splitlines()) == MAX_PROBLEMS
    same = json.dumps(move) + "\n"
    path.write_text(head + same + same)  # two moves of one moment stand in their order
    assert len(read_timeline(path, TABLE).moves) == 2
    path.write_text(head + json.dumps(move | {"seconds": 1.5}) + "\n" + json.dumps(move | {"frame": 1, "seconds": 1.4}) + "\n")
    with pytest.raises(ConfigError, match=":3: before the line above it"):
        read_timeline(path, TABLE)
