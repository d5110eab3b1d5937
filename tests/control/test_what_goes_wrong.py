"""Files that cannot be read or written, devices that are held or torn out, parts that fail: each is told, and the show goes on."""

import json
import logging
import time
from dataclasses import replace
from types import SimpleNamespace

import mido
import pytest

from installation.canvas.qr import qr_rgb
from installation.config import AudioConfig, ControlConfig, MidiConfig, OscConfig, WebConfig
from installation.control.desk import ControlDesk
from installation.control.desk_links import Beginning, DeskLinks
from installation.control.direction_watch import DirectionWatch
from installation.control.installed import Installed
from installation.control.midi.devices import SystemDevice
from installation.control.midi.file import MappingFile
from installation.control.midi.mapping import NOTHING, Source, last_good, read_mapping, write_mapping
from installation.control.midi.ports import Ports, Wanted
from installation.control.parameters import parameter_table
from installation.control.presets.files import Preset, read_preset
from installation.control.presets.folder import PresetFolder
from installation.control.presets.numbers import PresetNumbers
from installation.control.presets.player import PresetPlayer
from installation.control.presets.saving import BACKUPS, backups_of, restore_preset, write_preset
from installation.control.sound.tempo import Tempo
from installation.control.state import ControlState
from installation.control.timeline import file as timeline_file
from installation.control.timeline.file import read_timeline
from installation.control.timeline.player import TimelineRecorder
from installation.control.ways import Parts, open_audio
from installation.control.web.desk_view import fault_json
from installation.control.web.invitation import Invitations
from installation.control.web.listening import listening_socket
from installation.errors import ConfigError, WeightsError
from installation.latents.directions import DirectionSet
from installation.latents.oscillators import SILENCE
from installation.observation import FaultRecord, Observation

TABLE = parameter_table(["smile"], ["painted"], [4, 32], presets=["calm"])
SHOW = Observation(0.0, 0, (), 0.0, 0.0, 0.0, 0, 0.0, "", "", 0, ())
CALM = Preset("calm", {"look/grain": 0.5})


# Presets


def test_a_preset_that_cannot_be_written_is_told_with_its_place(tmp_path):
    (tmp_path / "folder").write_text("a file in its place")
    with pytest.raises(ConfigError, match=r"folder/calm\.yaml: cannot be saved \((File exists|Not a directory)\)"):
        write_preset(tmp_path / "folder", CALM, TABLE)
    with pytest.raises(ConfigError, match="preset 'Calm': a preset's name is made of a-z"):
        write_preset(tmp_path, replace(CALM, name="Calm"), TABLE)
    assert not (tmp_path / "Calm.yaml").exists()


def test_the_same_preset_again_makes_no_backup_and_another_one_each_up_to_ten(tmp_path):
    write_preset(tmp_path, CALM, TABLE)
    write_preset(tmp_path, CALM, TABLE)
    assert backups_of(tmp_path, "calm") == []
    for k in range(BACKUPS + 3):
        write_preset(tmp_path, Preset("calm", {"look/grain": k / 100}), TABLE)
    kept = backups_of(tmp_path, "calm")
    grains = [read_preset(one.path, TABLE).controls["look/grain"] for one in kept]
    assert len(kept) == BACKUPS and grains == pytest.approx([k / 100 for k in range(BACKUPS + 1, 1, -1)])
    assert backups_of(tmp_path, "../calm") == []
    newest = kept[0]
    write_preset(tmp_path, Preset("calm", {"look/grain": read_preset(newest.path, TABLE).controls["look/grain"]}), TABLE)
    here = backups_of(tmp_path, "calm")
    same = next(one for one in here if one.key == newest.key)
    restore_preset(tmp_path, "calm", same.key, TABLE)
    assert backups_of(tmp_path, "calm") == here  # it is what the file says already
    with pytest.raises(ConfigError, match="this backup is there no more"):
        restore_preset(tmp_path, "calm", "1-2", TABLE)


def test_a_preset_s_file_that_cannot_be_read_is_told(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.yaml: no such file"):
        read_preset(tmp_path / "none.yaml", TABLE)
    (tmp_path / "one.yaml").write_bytes(b"fade: 1\ndescription: \xe9t\xe9\n")
    with pytest.raises(ConfigError, match=r"one\.yaml:2: not UTF-8 text; save the file as UTF-8"):
        read_preset(tmp_path / "one.yaml", TABLE)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_preset(tmp_path / "a\0b.yaml", TABLE)


def test_a_folder_that_cannot_be_read_is_told_once_and_what_was_known_stays(tmp_path):
    folder = tmp_path / "presets"
    write_preset(folder, CALM, TABLE)
    looker = PresetFolder(folder)
    assert list(looker.look(TABLE).presets) == ["calm"]
    folder.rename(tmp_path / "elsewhere")
    folder.write_text("a file in its place")
    looks = [looker.look(TABLE) for _ in range(2)]
    assert [list(one.presets) for one in looks] == [["calm"]] * 2
    assert [len(one.faults) for one in looks] == [1, 0] and "the presets cannot be read (Not a directory)" in looks[0].faults[0]
    folder.unlink()
    (tmp_path / "elsewhere").rename(folder)
    assert looker.look(TABLE).faults == ()
    folder.rename(tmp_path / "elsewhere")
    folder.write_text("again")
    assert len(looker.look(TABLE).faults) == 1


def test_numbers_that_cannot_be_kept_are_given_all_the_same(tmp_path):
    (tmp_path / "presets").write_text("a file in its place")
    assert PresetNumbers(tmp_path / "presets", keep=True).of(["calm", "snow"]) == {"calm": 0, "snow": 1}


class Player:
    def __init__(self, folder):
        self.faults = []
        self.state = ControlState(TABLE)
        self.player = PresetPlayer(folder, self.state, lambda names: TABLE, self.faults.append, print, background=False)


def test_a_step_from_a_preset_that_is_not_there_begins_where_the_show_is_and_says_so(tmp_path):
    for name in ("calm", "dawn", "snow"):
        write_preset(tmp_path, Preset(name), TABLE)
    show = Player(tmp_path)
    show.player.recall("dawn")
    show.state.set("preset/recall", "no-such")
    show.state.set("preset/next", True)
    show.player.step(0.0)
    assert show.player.current == "snow" and show.state.counts().ignored == 1
    assert show.state.counts().last == "preset/recall: 'no-such': there is no such preset"


def test_without_any_preset_a_step_says_so(tmp_path):
    show = Player(tmp_path / "none")
    show.state.set("preset/previous", True)
    show.player.step(0.0)
    assert show.player.current == "" and show.state.counts().last == "preset/next: there is no preset"


def test_a_job_that_breaks_is_a_fault_and_not_the_end(tmp_path):
    write_preset(tmp_path, CALM, TABLE)
    faults, state = [], ControlState(TABLE)
    player = PresetPlayer(tmp_path, state, lambda names: TABLE, faults.append, print)

    def breaks(table):
        raise RuntimeError("a disk of glass")

    look, player._library.folder.look = player._library.folder.look, breaks
    end = time.monotonic() + 20
    now = 0.0
    while not faults:
        assert time.monotonic() < end
        now += 1.0
        player.step(now)
        time.sleep(0.005)
    player._library.folder.look = look
    player.stop()
    assert faults[0] == "presets: RuntimeError: a disk of glass" and list(player.catalogue.presets) == ["calm"]


# MIDI


def test_a_mapping_that_cannot_be_written_is_told_and_its_backups_are_looked_through(tmp_path):
    faults, grain = [], {"look/grain": Source("A", 0, "note", 3)}
    (tmp_path / "folder").write_text("a file in its place")
    MappingFile(tmp_path / "folder" / "midi.yaml", faults.append).write(grain)
    assert len(faults) == 1 and "midi.yaml: cannot be written (Not a directory)" in faults[0]
    file = tmp_path / "midi.yaml"
    for learned in (grain, {}, {"look/zoom": Source("A", 0, "note", 4)}, {}):
        write_mapping(file, learned)
    (tmp_path / ".backups" / "midi.1.yaml").write_text("learned: [")
    assert last_good(file, TABLE) == grain  # the newest is broken, the one before it holds nothing
    for backup in (tmp_path / ".backups").iterdir():
        backup.unlink()
    assert last_good(file, TABLE) is NOTHING


def test_of_the_backups_that_can_be_read_the_newest_counts_and_the_oldest_is_better_than_none(tmp_path):
    file = tmp_path / "midi.yaml"
    for number in range(BACKUPS + 1):
        write_mapping(file, {"look/grain": Source("A", 0, "note", number)})
    assert last_good(file, TABLE) == {"look/grain": Source("A", 0, "note", BACKUPS - 1)}
    for number in range(1, BACKUPS):
        (tmp_path / ".backups" / f"midi.{number}.yaml").write_text("learned: [")
    assert last_good(file, TABLE) == {"look/grain": Source("A", 0, "note", 0)}


def test_a_mapping_of_another_shape_is_told(tmp_path):
    file = tmp_path / "midi.yaml"
    file.write_text("learned: [a]\nlearnt: 1\n")
    with pytest.raises(ConfigError) as caught:
        read_mapping(file, TABLE)
    told = str(caught.value).splitlines()
    assert (
        told[0].endswith(":2: learnt: no such key; there is learned")
        and ":1: learned: ['a']: must be 'control: {device: …}' lines" in told[1]
    )
    file.write_text("learned:\n")
    assert read_mapping(file, TABLE) == {}


class Held:
    """The system's MIDI, of which another program holds the outputs."""

    names = ("Box:Box 20:0",)

    def get_input_names(self):
        return list(self.names)

    get_output_names = get_input_names

    def open_input(self, name, *, callback):
        return SimpleNamespace(close=lambda: None)

    def open_output(self, name):
        raise OSError("it is held")


def test_a_box_whose_output_is_held_works_without_feedback(caplog):
    with caplog.at_level(logging.INFO):
        device = SystemDevice(Held(), "Box", "Box:Box 20:0", "Box:Box 20:0", print)
    assert "Box takes no feedback: it is held" in caplog.text
    device.send(mido.Message("note_on"))
    device.close()
    device.close()
    assert device.closed


class Torn(Held):
    def open_output(self, name):
        def torn(message):
            raise OSError("gone")

        return SimpleNamespace(send=torn, close=lambda: None)


def test_a_message_that_cannot_be_sent_is_gone_and_no_more():
    ports = Ports(Wanted.of(()), print, lambda: None, Torn)
    ports._look()
    assert ports.names() == ("Box",) and not ports.send("Box", mido.Message("note_on")) and not ports.send("Other", None)
    ports.stop()
    assert ports.names() == ()


class Locked(Held):
    def open_input(self, name, *, callback):
        raise OSError("it is locked")


def test_a_port_that_cannot_be_opened_is_said_once(caplog):
    changes = []
    ports = Ports(Wanted.of(("box",)), print, lambda: changes.append(1), Locked)
    with caplog.at_level(logging.INFO):
        ports._look()
        ports._look()
    assert [one.getMessage() for one in caplog.records] == ["MIDI: Box cannot be opened: it is locked"]
    assert ports.names() == () and changes == []


# Timelines

HEAD = {"timeline": 1}
MOVE = {"frame": 1, "seconds": 0.5, "name": "look/grain", "value": 0.5}


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([HEAD | {"begin": [1]}], ':1: "begin" must hold controls'),
        ([HEAD, MOVE | {"name": 7}], ":2: name: 7: must be a control"),
        ([HEAD, MOVE | {"source": 7}], ":2: source: 7: must be text"),
    ],
)
def test_a_timeline_of_another_shape_is_told(tmp_path, lines, words):
    path = tmp_path / "show.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(ConfigError, match=words):
        read_timeline(path, TABLE)


def test_a_timeline_that_is_too_large_or_has_no_name_is_told(tmp_path, monkeypatch):
    with pytest.raises(ConfigError, match="cannot be read"):
        read_timeline(tmp_path / "a\0b", TABLE)
    monkeypatch.setattr(timeline_file, "MAX_BYTES", 1 << 20)
    path = tmp_path / "show.jsonl"
    with path.open("wb") as file:
        file.truncate(1 << 20)
    with pytest.raises(ConfigError, match=r"not a JSON object|longer than"):
        read_timeline(path, TABLE)
    with path.open("wb") as file:
        file.truncate((1 << 20) + 1)
    with pytest.raises(ConfigError, match="larger than 1 MiB; this is not a timeline"):
        read_timeline(path, TABLE)


def test_what_a_killed_program_left_of_a_timeline_is_kept_under_a_name_of_its_own(tmp_path):
    part = tmp_path / "show.jsonl.part"
    for left in ("first", "second"):
        part.write_text(left)
        TimelineRecorder(tmp_path / "show.jsonl", ControlState(TABLE), float, int, print).stop()
    kept = sorted(one.read_text() for one in tmp_path.iterdir() if "kept" in one.name)
    assert kept == ["first", "second"] and (tmp_path / "show.jsonl").exists() and not part.exists()
    with pytest.raises(ConfigError, match=r"--timeline-record .*cannot be written"):
        TimelineRecorder(tmp_path / "a\0b", ControlState(TABLE), float, int, print)


# The web


def test_a_fault_is_told_with_its_times():
    at = "2026-11-26T10:00:0{}+00:00"
    record = FaultRecord("", "x" * 400, at.format(0), at.format(2), 1.0, 3.0, 4)
    told = fault_json(record, 7.26)
    assert told == {"text": "x" * 300, "first": 1795687200.0, "last": 1795687202.0, "count": 4, "lasts": 6.3, "ended": False}
    over = fault_json(replace(record, ended=at.format(3), ended_seconds=4.0), 99.0)
    assert over["ended"] is True and over["lasts"] == 3.0
    assert fault_json("y" * 301, 5.0) == {"text": "y" * 300, "ended": False}


def test_a_host_that_is_none_is_named_for_the_panel():
    with pytest.raises(ConfigError, match=r"control\.web\.host: 'nowhere\.invalid': no such address"):
        listening_socket("nowhere.invalid", 0)
    with listening_socket("127.0.0.1", 0) as one:
        assert one.getsockname()[0] == "127.0.0.1" and not one.getblocking()
        with pytest.raises(ConfigError, match=r"control\.web\.port: \d+: the port is taken"):
            listening_socket("127.0.0.1", one.getsockname()[1])


def test_an_invitation_is_the_panel_s_own_address_a_pixel_a_module():
    panel = SimpleNamespace(public=True, panel_url="http://192.0.2.7:8600/panel?token=abc", unused=lambda url: True)
    invitations = Invitations(panel)
    assert invitations.url == "" and invitations.code() is None
    invitations.invite()
    assert invitations.url == panel.panel_url and (invitations.code() == qr_rgb(panel.panel_url, 1)).all()
    panel.unused = lambda url: False
    assert invitations.code() is None and invitations.url == ""
    Invitations(None).invite()


# The desk


def links(state, faults, **given):
    return DeskLinks(lambda: SHOW, faults.append, Tempo(state, float), float, **given)


CLOSED = ControlConfig(osc=OscConfig(enabled=False), web=WebConfig(enabled=False), midi=MidiConfig(enabled=False))


@pytest.fixture
def desk(tmp_path):
    made = []

    def make(beginning=None, config=CLOSED, lockstep=False, **given):
        installed = Installed(("smile",), (), ())
        state, faults = ControlState(installed.table()), []
        beginning = beginning or Beginning()
        made.append(ControlDesk(config, state, installed, links(state, faults, **given), beginning, lockstep, tmp_path / "presets"))
        return made[-1], state, faults

    yield make
    for one in made:
        one.stop()


def test_a_picture_of_the_canvas_is_asked_for_once(desk):
    one, state, _ = desk()
    state.set("look/grain", 0.5, "osc")
    assert not one.wants_snapshot()
    state.set("transport/snapshot", True, "osc")
    assert one.wants_snapshot() and not one.wants_snapshot()


def test_a_tempo_that_was_tapped_is_the_control_s_after_the_next_picture(desk):
    one, state, _ = desk()
    for now in (1.0, 2.0, 3.0):
        one._show.tempo.tap(now)
    one.step(3.1)
    assert state.target("transport/bpm") == pytest.approx(60.0)


def test_a_timeline_is_played_from_its_beginning_on_by_the_desk(desk, tmp_path):
    path = tmp_path / "show.jsonl"
    moves = [MOVE | {"frame": 0, "seconds": 0.0, "value": 0.3}, MOVE | {"frame": 2, "value": 0.7}]
    path.write_text("".join(json.dumps(line) + "\n" for line in (HEAD | {"begin": {"look/zoom": 2.0}}, *moves)))
    one, state, faults = desk(Beginning(timeline=path))
    assert state.target("look/zoom") == 2.0
    seen = []
    for now in (10.0, 10.4, 10.5):
        one.step(now)
        seen.append(state.target("look/grain"))
    assert seen == [0.3, 0.3, 0.7] and not faults


def test_in_lockstep_a_timeline_goes_by_frames(desk, tmp_path):
    path = tmp_path / "show.jsonl"
    moves = [MOVE | {"frame": 3, "seconds": 0.1, "value": 0.3}, MOVE | {"frame": 4, "seconds": 0.2, "value": 0.7}]
    path.write_text("".join(json.dumps(line) + "\n" for line in (HEAD, *moves)))
    frames = iter((2, 3, 4))
    one, state, _ = desk(Beginning(timeline=path), lockstep=True, frame=lambda: next(frames))
    seen = []
    for now in (10.0, 10.01, 99.0):
        one.step(now)
        seen.append(state.target("look/grain"))
    assert seen == [0.1, 0.3, 0.7]


def test_a_show_that_does_not_get_its_port_leaves_the_last_show_s_state_as_it_was(desk, tmp_path):
    kept = tmp_path / "state.json"
    last = json.dumps({"version": 1, "saved": 1, "preset": "", "controls": {"look/grain": [0.5, 0.1]}})
    kept.write_text(last)
    with listening_socket("127.0.0.1", 0) as other:
        web = WebConfig(port=other.getsockname()[1])
        config = ControlConfig(osc=CLOSED.osc, web=web, midi=CLOSED.midi, resume_file=str(kept))
        one, state, _ = desk(Beginning(keep=True), config)
        assert state.target("look/grain") == 0.1  # nobody asked for what was
        state.set("look/grain", 0.9)
        with pytest.raises(ConfigError, match="taken"):
            one.start()
    assert kept.read_text() == last


def test_parts_open_in_their_order_and_what_is_not_wanted_is_none_of_them():
    opened = []
    parts = Parts([SimpleNamespace(start=lambda k=k: opened.append(k), stop=lambda: None) if k % 2 else None for k in range(6)], print)
    parts.start()
    assert opened == [1, 3, 5] and len(parts) == 3
    parts.stop()
    assert len(parts) == 0


def test_the_operator_sees_how_loud_it_is_where_somebody_listens(desk):
    sound = SimpleNamespace(levels=lambda: replace(SILENCE, level=0.25), start=lambda: None, stop=lambda: None)
    one, _, _ = desk(audio=sound)
    assert dict(one.figures())["sound"] == " 0.25" and one.levels().level == 0.25
    quiet, _, _ = desk()
    assert "sound" not in dict(quiet.figures()) and quiet.levels() is SILENCE
    assert open_audio(AudioConfig(enabled=False), print) is None and open_audio(AudioConfig(enabled=True, device="usb"), print) is not None


def test_the_operator_sees_the_midi_devices_and_what_waits_for_a_knob(desk):
    one, _, _ = desk()
    one.midi = SimpleNamespace(devices=lambda: ("Box", "Mini"), learning=None, touching=False)
    assert [value for label, value in one.figures() if label == "midi"] == ["Box", "Mini"] and "learning" not in dict(one.figures())
    one.midi.touching = True
    assert dict(one.figures())["learning"] == "touch a control"
    one.midi.learning = "look/grain"
    assert dict(one.figures())["learning"] == "look/grain"
    one.midi = None


def test_a_part_that_cannot_be_closed_keeps_no_other_open(desk):
    one, _, faults = desk()
    closed = []

    def breaks():
        raise RuntimeError("it is stuck")

    parts = (lambda: closed.append(1), breaks, lambda: closed.append(3))
    one._parts = Parts([SimpleNamespace(stop=stop) for stop in parts], faults.append)
    one.stop()
    assert closed == [3, 1] and faults == ["control: RuntimeError: it is stuck"]
    one.stop()
    assert closed == [3, 1]


class Followed:
    """A folder of directions, looked at by hand."""

    def __init__(self, folder):
        self.folder, self.reads, self.found, self.faults, self.breaks = folder, 0, [], [], False
        self.watch = DirectionWatch([folder], self.load, self.found.append, self.faults.append)

    def load(self, paths):
        self.reads += 1
        if self.breaks:
            raise WeightsError("beard.safetensors is broken")
        return DirectionSet([])

    def put(self, name, size):
        (self.folder / name).write_bytes(b"x" * size)

    def look(self, times=1):
        for _ in range(times):
            self.watch.look()
        return self.reads


def test_a_file_of_directions_counts_once_it_has_been_copied_and_is_read_once(tmp_path):
    (tmp_path / "a.safetensors").write_bytes(b"here before")
    followed = Followed(tmp_path)
    assert followed.look(3) == 0  # what was there at the start was read then
    for size in (10, 20, 30):
        followed.put("beard.safetensors", size)
        assert followed.look() == 0  # it is still growing
    assert followed.look() == 1 and followed.look(3) == 1
    followed.breaks = True
    followed.put("beard.safetensors", 40)
    assert followed.look(5) == 2 and followed.faults == ["beard.safetensors is broken; the directions stay as they were"]
    followed.breaks = False
    (tmp_path / "beard.safetensors").unlink()
    assert followed.look(2) == 3 and len(followed.found) == 2 and len(followed.faults) == 1


def test_directions_whose_reading_breaks_are_a_fault_and_not_the_end():
    faults = []
    watch = DirectionWatch((), lambda paths: None, print, faults.append)
    watch._fail(RuntimeError("a disk of glass"))
    assert faults == ["directions: RuntimeError: a disk of glass"]
