"""Moves that are kept and made again, and files that are not timelines."""

import json
import resource

import pytest

from installation.control.parameters import parameter_table
from installation.control.presets.player import PresetPlayer
from installation.control.sound.tempo import Tempo
from installation.control.state import ControlState
from installation.control.timeline.file import TimelineMove, read_timeline
from installation.control.timeline.player import TimelinePlayer, TimelineRecorder
from installation.errors import ConfigError

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
    ],
)
def test_what_is_no_timeline_is_told_with_its_line(tmp_path, text, words):
    path = tmp_path / "show.jsonl"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_timeline(path, rows([]))
    assert words in str(caught.value) and str(caught.value).encode()


def test_values_keep_their_kind(tmp_path):
    path = tmp_path / "show.jsonl"
    path.write_text(HEAD + GOOD + GOOD.replace("look/grain", "preset/recall").replace("0.5", "2"))
    moves = read_timeline(path, rows([])).moves
    assert moves == (TimelineMove(5, 0.2, "look/grain", 0.5), TimelineMove(5, 0.2, "preset/recall", 2)) and isinstance(moves[1].value, int)
    for missing, words in ((tmp_path / "none", "no such file"), (tmp_path, "this is a folder")):
        with pytest.raises(ConfigError, match=words):
            read_timeline(missing, rows([]))
