"""Moves that are kept and made again, and files that are not timelines."""

import json
import resource

import pytest

from installation.control.parameters import parameter_table
from installation.control.presets.player import PresetPlayer
from installation.control.sound.tempo import Tempo
from installation.control.state import ControlState
from installation.control.timeline import player as player_module
from installation.control.timeline.file import TimelineMove, read_timeline
from installation.control.timeline.player import TimelinePlayer, TimelineRecorder
from installation.errors import ConfigError
from tests.control.sound.test_audio import until

FPS = 30


def rows(names):
    return parameter_table(["smile"], ["painted"], [4, 32], presets=names)


class Show:
    """Thirty turns a second of controls, presets and tempo, as a lockstep run makes them."""

    def __init__(self, folder, overrides=None):
        self.frame = 0
        self.state = ControlState(rows([]), overrides or {})
        self.tempo = Tempo(self.state, self.now)
        self.faults = []
        self.presets = PresetPlayer(folder, self.state, rows, self.faults.append, self.faults.append, background=False)
        self.pictures = []

    def now(self):
        return self.frame / FPS

    def run(self, turns, moves=(), recorder=None, player=None):
        """moves: (turn, control, value, source), made where keys are read."""
        for turn in range(turns):
            self.frame = turn + 1  # captured
            now = turn / FPS
            self.pictures.append(dict(self.state.snapshot(now).values) | {"beat": self.tempo.beat(now)})
            for at, name, value, source in moves:
                if at == turn:
                    self.state.set(name, value, source)
            if player is not None:
                player.step(now, self.frame)
            if recorder is not None:
                recorder.step(now)
            self.tempo.step(now)
            self.presets.step(now)


MOVES = (
    (3, "look/grain", 0.9, "osc"),
    (5, "edit/smile/lfo/shape", "saw", "web"),
    (7, "preset/recall", "calm", "osc"),
    (9, "transport/tap", None, "midi"),
    (24, "transport/tap", None, "midi"),
    (40, "edit/smile/amount", -1.0, "osc"),
    (50, "look/mirror", False, "key"),
)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "presets"
    folder.mkdir()
    (folder / "calm.yaml").write_text("fade: 1\ncontrols: {edit/smile/amount: 2, look/trails: 0.5}\n")
    return folder


def test_a_show_played_back_is_the_same_to_the_frame(folder, tmp_path):
    path = tmp_path / "show.jsonl"
    first = Show(folder)
    first.state.set("edit/smile/amount", 0.7, "web")  # before the show
    recorder = TimelineRecorder(path, first.state, first.now, lambda: first.frame, first.faults.append)
    first.run(90, MOVES, recorder)
    recorder.stop()
    second = Show(folder)
    player = TimelinePlayer(path, second.state.table, second.state, by_frame=True)
    player.begin()
    second.run(90, player=player)
    assert player.ended and second.pictures == first.pictures and first.faults == second.faults == []
    assert first.pictures[45]["edit/smile/amount"] != first.pictures[30]["edit/smile/amount"]
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines[0] == {"timeline": 1, "begin": {"edit/smile/amount": 0.7}}
    assert [line["name"] for line in lines[1:]] == [name for _, name, _, _ in MOVES]  # recalls and taps, not what they did
    assert lines[1] == {"frame": 4, "seconds": pytest.approx(4 / FPS, abs=1e-3), "name": "look/grain", "value": 0.9, "source": "osc"}


def test_by_the_clock_moves_come_at_their_time(folder, tmp_path):
    path = tmp_path / "show.jsonl"
    path.write_text(
        '{"timeline": 1}\n{"frame": 900, "seconds": 1.5, "name": "look/grain", "value": 0.4}\n'
        '{"frame": 901, "seconds": 2.0, "name": "edit/hats/amount", "value": 1}\n'  # of other models: let pass
    )
    show = Show(folder)
    player = TimelinePlayer(path, show.state.table, show.state, by_frame=False)
    player.begin()
    for now, grain in ((100.0, 0.1), (101.4, 0.1), (101.5, 0.4)):
        player.step(now, 0)
        assert show.state.target("look/grain") == grain
    assert not player.ended
    player.step(102.0, 0)
    assert player.ended and show.state.counts().ignored == 1


def test_a_rehearsal_saves_nothing(folder, tmp_path):
    path = tmp_path / "show.jsonl"
    path.write_text('{"timeline": 1}\n{"frame": 2, "seconds": 0.1, "name": "preset/save", "value": "calm"}\n')
    show = Show(folder)
    before = (folder / "calm.yaml").read_text()
    player = TimelinePlayer(path, show.state.table, show.state, by_frame=True)
    player.begin()
    show.run(10, player=player)
    assert player.ended and (folder / "calm.yaml").read_text() == before


def test_what_is_written_is_there_while_the_show_runs(folder, tmp_path):
    path = tmp_path / "show.jsonl"
    show = Show(folder)
    recorder = TimelineRecorder(path, show.state, show.now, lambda: show.frame, show.faults.append)
    show.state.set("look/grain", 0.9)
    recorder._flush()  # as its thread does twice a second
    assert '"look/grain"' in (tmp_path / "show.jsonl.part").read_text() and not path.exists()
    recorder.stop()
    show.state.set("look/grain", 0.1)  # after the end
    assert path.read_text().count("look/grain") == 1 and not (tmp_path / "show.jsonl.part").exists()


def test_a_full_disk_is_told_and_what_was_written_stays(folder, tmp_path):
    path = tmp_path / "show.jsonl"
    show = Show(folder)
    recorder = TimelineRecorder(path, show.state, show.now, lambda: show.frame, show.faults.append)
    recorder._stop.set()
    recorder._thread.join()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    for turn in range(50):
        show.state.set("look/grain", turn / 50)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200, limits[1]))
    try:
        recorder._flush()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert len(show.faults) == 1 and "show.jsonl: the timeline could not be written further" in show.faults[0]
    recorder.stop()
    assert path.exists() and len(show.faults) == 1


class Moment:
    """A show's clock and its count of captured frames, as a test says."""

    def __init__(self, path):
        self.now, self.frame, self.faults = 100.0, 0, []
        self.state = ControlState(rows([]))
        self.recorder = TimelineRecorder(path, self.state, lambda: self.now, lambda: self.frame, self.faults.append)

    def move(self, grain, now, frame):
        self.now, self.frame = now, frame
        self.state.set("look/grain", grain, "web")


def test_moves_are_kept_by_the_show_s_own_time_and_in_their_order(tmp_path):
    path = tmp_path / "show.jsonl"
    show = Moment(path)
    show.move(0.2, 90.0, 0)  # before the show begins
    show.recorder.step(100.0)
    show.move(0.3, 101.5, 4)
    show.recorder.step(101.6)
    show.state.replace(rows(["calm"]))
    show.move(0.4, 102.0, 9)
    show.move(0.5, 101.9, 8)  # a hand in another thread, that looked at the clock before
    show.recorder.stop()
    moves = read_timeline(path, rows([])).moves
    assert [(move.frame, move.seconds, move.value) for move in moves] == [(0, 0.0, 0.2), (4, 1.5, 0.3), (9, 2.0, 0.4), (9, 2.0, 0.5)]


def test_moves_from_before_the_first_frame_are_made_before_it_where_frames_count(tmp_path):
    path = tmp_path / "show.jsonl"
    early = GOOD.replace("5,", "0,", 1)
    path.write_text(HEAD + early + early.replace("0.5", "0.6") + GOOD.replace("5,", "1,", 1).replace("0.5", "0.7"))
    for by_frame, grain in ((True, 0.6), (False, 0.1)):
        state = ControlState(rows([]))
        player = TimelinePlayer(path, state.table, state, by_frame)
        player.begin()
        assert state.target("look/grain") == grain and not player.ended
        player.step(50.0, 1)
        assert state.target("look/grain") == (0.7 if by_frame else 0.1) and player.ended is by_frame


def test_an_empty_file_that_a_killed_program_left_is_not_kept(tmp_path):
    (tmp_path / "show.jsonl.part").touch()
    Moment(tmp_path / "show.jsonl").recorder.stop()
    assert sorted(one.name for one in tmp_path.iterdir() if one.is_file()) == ["show.jsonl"]


def test_what_fitted_on_a_full_disk_can_be_played(tmp_path):
    path = tmp_path / "show.jsonl"
    show = Moment(path)
    show.recorder._stop.set()
    show.recorder._thread.join()
    show.move(0.2, 100.0, 0)
    show.recorder._flush()
    limits, whole = resource.getrlimit(resource.RLIMIT_FSIZE), path.with_name("show.jsonl.part").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (whole + 40, limits[1]))
    try:
        show.move(0.3, 101.0, 3)
        show.recorder._flush()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.with_name("show.jsonl.part").stat().st_size == whole + 40  # a line that was cut off
    show.move(0.4, 102.0, 6)  # there is room again; what was lost between is not made up for
    show.recorder.stop()
    assert [move.value for move in read_timeline(path, rows([])).moves] == [0.2] and len(show.faults) == 1


def test_moves_are_written_by_themselves_while_the_show_runs(tmp_path, monkeypatch):
    monkeypatch.setattr(player_module, "FLUSH_SECONDS", 0.005)
    show, part = Moment(tmp_path / "show.jsonl"), tmp_path / "show.jsonl.part"
    for grain in ("0.2", "0.3"):
        show.move(float(grain), 100.0, 0)
        until(lambda grain=grain: f'"value": {grain}' in part.read_text())
    show.recorder.stop()


def test_a_timeline_that_cannot_get_its_name_is_told_and_ends_no_show(tmp_path):
    folder = tmp_path / "stick"
    folder.mkdir()
    show = Moment(folder / "show.jsonl")
    folder.rename(tmp_path / "pulled")
    show.recorder.stop()
    assert show.faults == [f"{folder / 'show.jsonl'}: the timeline could not be written further (No such file or directory)"]


def test_a_place_that_cannot_be_written_is_told_at_the_start(folder, tmp_path):
    show = Show(folder)
    with pytest.raises(ConfigError, match="nowhere"):
        TimelineRecorder(tmp_path / "nowhere" / "a.jsonl", show.state, show.now, int, show.faults.append)


HEAD = '{"timeline": 1}\n'
GOOD = '{"frame": 5, "seconds": 0.2, "name": "look/grain", "value": 0.5}\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the file is empty"),
        (GOOD, ":1: a timeline begins with"),
        ("frame,seconds\n", ":1: not a JSON object"),
        ('{"timeline": 2}\n', ":1: a timeline begins with"),
        ('{"timeline": 1, "begin": {"look/grian": 1}}\n', ":1: look/grian: no such control"),
        (HEAD + "[1]\n", ":2: not a JSON object"),
        (HEAD + GOOD + GOOD[:30], ":3: the line is cut off"),
        (HEAD + GOOD + GOOD.replace("5,", "4,", 1), ":3: before the line above it"),
        (HEAD + GOOD.replace("0.2", "NaN"), ":2: seconds: nan: must be a number from 0"),
        (HEAD + GOOD.replace("0.2", "-1"), ":2: seconds: -1: must be a number from 0"),
        (HEAD + GOOD.replace("5,", "true,", 1), ":2: frame: true: must be a whole number"),
        (HEAD + GOOD.replace("0.5", "NaN"), ":2: look/grain: nan: must be a number from 0 to 1"),
        (HEAD + GOOD.replace("0.5", "[1]"), ":2: look/grain: [1]: must be a number, text, true or false"),
        (HEAD + GOOD.replace("look/grain", "look/grian"), ":2: look/grian: no such control"),
        (HEAD + GOOD.replace("look/grain", "preset/../x/recall"), "no such control"),
        (HEAD + GOOD.replace('"frame": 5, ', ""), ":2: frame: nothing: must be"),
        (HEAD + GOOD.replace("frame", "frmae"), ":2: frmae: no such key"),
        (HEAD + GOOD.replace("frame", "\\ud800\\u001b[2J"), ":2: '\\ud800\\x1b[2J': no such key"),
        (HEAD + "[" * 50000 + "\n", ":2: not a JSON object"),
        (HEAD + "x" * 100000 + "\n", ":2: a line longer than"),
        ("\0\1\2" * 100, "show.jsonl:1: "),
        (HEAD + GOOD.replace("5,", "-1,", 1), ":2: frame: -1: must be a whole number from 0"),
        (HEAD + GOOD.replace("0.2", "Infinity"), ":2: seconds: inf: must be a number from 0"),
        (HEAD + GOOD.replace("0.2", "true"), ":2: seconds: true: must be a number from 0"),
        (HEAD + GOOD.replace("0.5", "null"), ":2: look/grain: nothing: must be a number, text, true or false"),
        (HEAD + GOOD.replace("look/grain", "preset/gone/save"), ":2: preset/gone/save: no such control"),
        (HEAD + GOOD.replace("look/grain", "presets/gone/recall"), ":2: presets/gone/recall: no such control"),
        (HEAD + GOOD.replace("look/grain", "preset/gone/recall/now"), ":2: preset/gone/recall/now: no such control"),
    ],
)
def test_what_is_no_timeline_is_told_with_its_line(tmp_path, text, words):
    path = tmp_path / "show.jsonl"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_timeline(path, rows([]))
    assert words in str(caught.value) and str(caught.value).encode()


def test_a_file_without_its_head_is_told_once_and_not_for_every_line(tmp_path):
    path = tmp_path / "show.jsonl"
    path.write_text(GOOD * 5)
    with pytest.raises(ConfigError) as caught:
        read_timeline(path, rows([]))
    assert str(caught.value).splitlines() == [f'{path}:1: a timeline begins with {{"timeline": 1}}']


def test_the_recall_of_a_preset_that_is_not_here_is_let_pass(tmp_path):
    path = tmp_path / "show.jsonl"
    path.write_text(HEAD + GOOD.replace("look/grain", "preset/gone/recall").replace("0.5", "true"))
    assert read_timeline(path, rows([])).moves == (TimelineMove(5, 0.2, "preset/gone/recall", True),)


def test_values_keep_their_kind(tmp_path):
    path = tmp_path / "show.jsonl"
    path.write_text(HEAD + GOOD + GOOD.replace("look/grain", "preset/recall").replace("0.5", "2"))
    moves = read_timeline(path, rows([])).moves
    assert moves == (TimelineMove(5, 0.2, "look/grain", 0.5), TimelineMove(5, 0.2, "preset/recall", 2)) and isinstance(moves[1].value, int)
    for missing, words in ((tmp_path / "none", "no such file"), (tmp_path, "this is a folder")):
        with pytest.raises(ConfigError, match=words):
            read_timeline(missing, rows([]))
