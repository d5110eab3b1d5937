"""A whole show whose moves are kept and made again: the same pixels."""

import json
from pathlib import Path

import numpy as np
import pytest

from installation.app import Installation
from installation.assembly.options import RunOptions
from installation.config import load_config
from run_installation import main

ROOT = Path(__file__).resolve().parents[1]
CLIP = ROOT / "tests" / "data" / "yes.mkv"
FRAMES = 24
# What is measured on a machine, engine and renderer, is named: a loaded machine may choose another.
CHOSEN = ("engine.backend=openvino", "engine.precision=float32", "engine.threads=1", "engine.portrait_px=128", "canvas.renderer=plain")
MOVES = {
    2: (("edit/age/lfo/sync", True), ("edit/age/lfo/rate", 1.0), ("edit/age/lfo/depth", 2.0)),
    5: (("preset/recall", "calm"), ("transport/tap", None)),
    14: (("transport/tap", None), ("edit/smile/amount", 1.5)),
    17: (("look/mirror", False), ("identity/guest", "guest-2"), ("identity/morph", 0.3)),
}


def show(moves=None, record=None, play=None):
    """The pictures of every tenth frame, and the last."""
    config = load_config(None, [f"source={CLIP}", "canvas.mode=headless", "canvas.width=240", "canvas.height=160", *CHOSEN])
    options = RunOptions(frames=FRAMES, lockstep=True, timeline_record=record, timeline_play=play)
    installation = Installation(config, options)
    step, pictures = installation.desk.step, []

    def hands(now):
        for name, value in (moves or {}).get(installation.health.captured, ()):
            assert installation.controls.set(name, value, "test")
        if installation.health.captured in (10, 20):
            pictures.append(installation.canvas.read().copy())
        step(now)

    installation.desk.step = hands
    report = installation.run()
    assert report.faults == []
    return [*pictures, installation.canvas_picture]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    path = tmp_path_factory.mktemp("timeline") / "show.jsonl"
    return path, show(MOVES, record=path)


def test_a_show_played_back_gives_the_same_pixels(recorded):
    path, pictures = recorded
    again = show(play=path)
    assert len(again) == len(pictures) == 3
    assert all(np.array_equal(*pair) for pair in zip(pictures, again, strict=True))
    still = show()
    assert np.abs(still[-1].astype(float) - pictures[-1]).mean() > 1.0  # the moves did show


def test_the_file_holds_the_moves_at_their_frames(recorded):
    lines = [json.loads(line) for line in recorded[0].read_text().splitlines()[1:]]
    wanted = [(frame, name) for frame, moves in MOVES.items() for name, _ in moves]
    assert [(line["frame"], line["name"]) for line in lines] == wanted


def test_a_timeline_that_is_none_ends_the_program_with_its_line(tmp_path, capsys):
    path = tmp_path / "show.jsonl"
    path.write_text('{"timeline": 1}\n{"frame": 3, "seconds": 0.1, "name": "look/grian", "value": 1}\n')
    assert main(["--headless", "--frames", "1", "--as-fast-as-possible", "--timeline-play", str(path)]) == 2
    assert f"{path}:2: look/grian: no such control" in capsys.readouterr().err
