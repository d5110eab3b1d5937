"""The live state outlasts the show: real files, a real state, a real thread."""

import json
import os
import time
from datetime import UTC, datetime

import pytest

from installation.control import kept_state
from installation.control.kept_state import MAX_BYTES, BrokenStateError, KeptSchedule, StateKeeper, read_state, take_up
from installation.control.parameters import parameter_table
from installation.control.state import ControlState

TABLE = parameter_table(["smile"], ["painted"], [4, 32], presets=["calm"])


def until(check, seconds=20.0):
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "state.json"


class Show:
    """A state that is kept."""

    def __init__(self, file, overrides=None):
        self.file, self.faults = file, []
        self.state = ControlState(TABLE, overrides or {})
        taken = take_up(file, self.state)
        self.preset, self.notice = taken.preset, taken.notice
        self.keeper = StateKeeper(file, self.state, lambda: self.preset, self.faults.append)
        self.keeper.start()

    def end(self, well=True):
        self.keeper.ended = well
        self.keeper.stop()
        return self


def moved(state):
    return {name: value for name, value in state.targets().items() if value != state.beginnings()[name]}


def test_the_next_show_begins_as_the_last_one_was(file):
    show = Show(file)
    assert (show.preset, show.notice) == ("", "")
    wanted = {"look/grain": 0.75, "look/layout": "row", "look/mirror": False, "edit/smile/amount": -1.5, "transport/bpm": 90.0}
    for name, value in wanted.items():
        show.state.set(name, value)
    show.preset = "calm"
    show.end()
    again = Show(file)
    assert moved(again.state) == wanted and again.preset == "calm" and "preset calm" in again.notice
    assert again.state.snapshot(0.0).values["look/grain"] == 0.75  # at once, in the first picture
    assert not again.state.fading
    again.end()


def test_a_show_that_nobody_touched_leaves_nothing_to_say_but_its_preset(file):
    Show(file).end()
    again = Show(file)
    assert (again.preset, again.notice) == ("", "")
    again.preset = "calm"
    again.end()
    assert Show(file).end().preset == "calm"
    alone = take_up(file, ControlState(TABLE))
    assert alone.preset == "calm" and "preset calm" in alone.notice


def test_the_notice_says_when_that_was_and_no_preset_where_none_showed(file):
    file.write_text(json.dumps({"version": 1, "saved": 40_000_000, "preset": "", "controls": {"look/grain": [0.5, 0.1]}}))
    notice = take_up(file, ControlState(TABLE)).notice
    assert "as they were at 1971-04-0" in notice and "preset" not in notice


def test_what_was_set_is_there_after_a_crash(file):
    show = Show(file)
    show.state.set("look/grain", 0.75)
    show.state.set("transport/blackout", True)
    show.state.set("transport/hud", True)
    until(lambda: file.exists() and "look/grain" in file.read_text())
    left = file.read_bytes()  # as a power cut would leave it
    show.end()
    file.write_bytes(left)
    again = Show(file)
    assert moved(again.state) == {"look/grain": 0.75, "transport/blackout": True}
    again.end(well=False)
    assert moved(Show(file).end().state) == {"look/grain": 0.75, "transport/blackout": True}


def test_how_the_schedule_stands_is_kept_with_the_controls(file):
    state, stands = ControlState(TABLE), [KeptSchedule(True, datetime(2026, 11, 26, 12, 30, tzinfo=UTC))]
    keeper = StateKeeper(file, state, str, pytest.fail, lambda: stands[0])
    keeper.start()
    state.set("look/grain", 0.75)
    until(file.exists)
    assert take_up(file, ControlState(TABLE)).schedule == stands[0]
    stands[0] = KeptSchedule(False)
    keeper.stop()  # though no control has moved
    assert take_up(file, ControlState(TABLE)).schedule == stands[0]


def test_an_orderly_end_leaves_no_black_canvas_for_the_morning(file):
    show = Show(file)
    for name in ("transport/blackout", "transport/freeze", "transport/hud"):
        show.state.set(name, True)
    show.state.set("look/grain", 0.75)
    show.end()
    assert moved(Show(file).end().state) == {"look/grain": 0.75}


def test_a_newer_word_of_the_configuration_counts(file):
    show = Show(file, {"look/vignette": 0.2})
    show.state.set("look/vignette", 0.9)
    show.state.set("look/grain", 0.75)
    show.end()
    assert moved(Show(file, {"look/vignette": 0.2}).end().state) == {"look/vignette": 0.9, "look/grain": 0.75}
    fresh = Show(file, {"look/vignette": 0.6}).end()
    assert fresh.state.target("look/vignette") == 0.6 and fresh.state.target("look/grain") == 0.75


HEAD = b'{"version": 1, "saved": 1, "preset": "", "controls": '


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\x00\xff",
        b"[]",
        b"null",
        b"[" * 100_000,
        b"{}",
        HEAD.replace(b"1,", b"2,", 1) + b"{}}",
        HEAD + b"[]}",
        HEAD.replace(b'""', b"3") + b"{}}",
        HEAD.replace(b"1", b"NaN").replace(b"NaN", b"1", 1) + b"{}}",
        *(HEAD.replace(b'saved": 1', b'saved": ' + moment) + b"{}}" for moment in (b"NaN", b"-1", b"1e11", b"true", b'"1"', b"null")),
        HEAD.replace(b'saved": 1', b'saved": ' + b"9" * 400) + b"{}}",  # longer than a float can be
        HEAD.replace(b'version": 1', b'version": 0') + b"{}}",
        HEAD + b'{"look/grain": 1}}',
        HEAD + b'{"look/grain": [1]}}',
        HEAD + b'{"look/grain": [1, 0.1, 0.1]}}',
        HEAD + b'{"look/grain": "01"}}',
        HEAD + b'{"look/grain": [0.5, {}]}}',
        HEAD + b'{"look/grain": [{}, 1]}}',
        HEAD + b"{}",
        b" " * (1 << 21),
    ],
)
def test_a_broken_file_is_put_aside_and_spoken_of_once(file, data):
    file.write_bytes(data)
    show = Show(file)
    assert moved(show.state) == {} and "put aside as state.json.broken" in show.notice and "\n" not in show.notice
    assert file.with_name("state.json.broken").read_bytes() == data
    show.state.set("look/grain", 0.75)
    show.end()
    again = Show(file).end()
    assert "put aside" not in again.notice and again.state.target("look/grain") == 0.75


def test_the_longest_file_is_read_and_the_oldest_moment_known(file):
    whole = HEAD.replace(b'saved": 1', b'saved": 0') + b'{"look/grain": [0.5, 0.1]}}'
    file.write_bytes(whole.ljust(MAX_BYTES))
    kept = read_state(file)
    assert kept is not None and (kept.controls, kept.beginnings) == ({"look/grain": 0.5}, {"look/grain": 0.1})
    assert (kept.saved, kept.ended) == (0.0, False)
    file.write_bytes(whole.ljust(MAX_BYTES + 1))
    with pytest.raises(BrokenStateError, match="larger than 1048576 bytes"):
        read_state(file)


def test_a_broken_file_that_cannot_be_put_aside_ends_no_start(file):
    file.write_bytes(b"{")
    (file.with_name("state.json.broken") / "a folder in its place").mkdir(parents=True)
    assert "the show begins as configured" in take_up(file, ControlState(TABLE)).notice


def test_what_this_show_does_not_have_or_cannot_take_is_left_out(file):
    lines = {"edit/hats/amount": [1, 0], "look/grain": [float("nan"), 0.1], "look/zoom": [99, 1.0], "look/layout": ["row", "mirror"]}
    file.write_text(json.dumps({"version": 1, "saved": 1, "preset": "gone\x1b[2J", "controls": lines}))
    show = Show(file).end()
    assert moved(show.state) == {"look/layout": "row"} and "\x1b" not in show.notice


def test_a_pipe_or_a_folder_in_its_place_holds_nobody_up(file):
    os.mkfifo(file)
    assert "not a plain file" in Show(file).end().notice
    file.unlink(missing_ok=True)
    file.mkdir()
    assert Show(file).end().notice


def test_a_place_that_cannot_be_written_is_told_once(tmp_path):
    (tmp_path / "taken").write_text("")
    show = Show(tmp_path / "taken" / "state.json")
    show.state.set("look/grain", 0.75)
    until(lambda: show.faults)
    show.end()
    assert len(show.faults) == 1 and "cannot be kept" in show.faults[0]


def test_what_could_not_be_written_is_written_as_soon_as_it_can_be(tmp_path, monkeypatch):
    monkeypatch.setattr(kept_state, "MERGE_SECONDS", 0.01)
    monkeypatch.setattr(kept_state, "RETRY_SECONDS", 0.01)
    folder = tmp_path / "taken"
    folder.write_text("")
    show = Show(folder / "state.json")
    show.state.set("look/grain", 0.75)
    until(lambda: show.faults)
    folder.unlink()
    until(lambda: show.keeper._last is not None)  # though nobody has touched anything since; and the writer rests again
    assert read_state(show.file).controls == {"look/grain": 0.75}
    folder.rename(tmp_path / "elsewhere")
    folder.write_text("")
    show.state.set("look/grain", 0.5)
    until(lambda: len(show.faults) == 2)  # another fault, and told again
    show.end()


def test_folders_are_made_and_what_is_written_already_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(kept_state, "MERGE_SECONDS", 0.01)
    show = Show(tmp_path / "of" / "this" / "show" / "state.json")
    show.state.set("look/grain", 0.75)
    until(show.file.exists)
    before = show.file.stat()
    show.end(well=False)
    assert show.file.stat().st_ino == before.st_ino and show.file.stat().st_mtime_ns == before.st_mtime_ns


def test_a_keeper_that_never_began_ends_without_a_file(file):
    keeper = StateKeeper(file, ControlState(TABLE), str, pytest.fail)
    keeper.stop()
    keeper.start()
    keeper.stop()
    left = file.stat().st_ino
    keeper.ended = True
    keeper.stop()
    assert file.stat().st_ino == left  # the second end writes nothing either


def test_many_moves_are_few_writes(file, monkeypatch):
    writes = []
    write = StateKeeper._write
    monkeypatch.setattr(StateKeeper, "_write", lambda self, ended: writes.append(1) or write(self, ended))
    show = Show(file)
    for i in range(5000):
        show.state.set("look/grain", i / 5000)
    show.end()
    assert len(writes) <= 10 and read_state(file).controls["look/grain"] == 4999 / 5000


def test_a_desk_keeps_its_controls_and_its_preset(tmp_path):
    from installation.config import ControlConfig, MidiConfig, OscConfig, WebConfig
    from installation.control.desk import ControlDesk
    from installation.control.desk_links import Beginning, DeskLinks
    from installation.control.installed import Installed
    from installation.control.sound.tempo import Tempo
    from installation.observation import Observation

    (tmp_path / "presets").mkdir()
    (tmp_path / "presets" / "calm.yaml").write_text("fade: 0\ncontrols: {look/grain: 0.5}\n")
    config = ControlConfig(
        osc=OscConfig(enabled=False),
        web=WebConfig(enabled=False),
        midi=MidiConfig(enabled=False),
        resume_file=str(tmp_path / "state.json"),
    )
    installed = Installed(("smile",), (), ())

    def desk(preset=None):
        state = ControlState(installed.table())
        show = Observation(0.0, 0, (), 0.0, 0.0, 0.0, 0, 0.0, "", "", 0, ())
        links = DeskLinks(lambda: show, print, Tempo(state, float), float)
        beginning = Beginning(preset, keep=True, resume=not preset)
        made = ControlDesk(config, state, installed, links, beginning, presets=tmp_path / "presets")
        made.start()
        return made, state, made.notice

    first, state, notice = desk()
    assert notice == ""
    state.set("preset/recall", "calm")
    first.step(0.0)
    state.set("look/vignette", 0.9)
    first.ended()
    first.stop()
    second, state, notice = desk()
    assert second.presets.current == "calm" and "preset calm" in notice
    assert (state.target("look/grain"), state.target("look/vignette")) == (0.5, 0.9)
    second.stop()
    third, state, notice = desk("calm")  # asked for by name, it is as its file says
    assert notice == "" and state.target("look/vignette") == state.beginnings()["look/vignette"]
    third.stop()
