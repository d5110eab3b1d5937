"""The command film: walks, loops, edits, beats, and what cannot be."""

import itertools
import shutil
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

import installation.commands.film as film_command
from installation.__main__ import main
from tests.darkroom.test_beats import clicks, write_wave
from tests.darkroom.test_sound import cut_off, seen_and_heard, write_flac

ROOT = Path(__file__).resolve().parents[2]
STYLEGAN3 = ROOT / "tests" / "data" / "parity" / "stylegan3_t_64_small.pkl"
SMALL = ROOT / "tests" / "data" / "parity" / "nvlabs_64_small.pkl"
FACE = ROOT / "installation" / "demo" / "faces" / "03992.webp"


def film(*words):
    return main(["film", *map(str, words)])


def frames_of(path):
    with Image.open(path) as found:
        shown = []
        for k in range(found.n_frames):
            found.seek(k)
            shown.append(np.asarray(found.convert("RGB")).astype(int))
        return shown


def apart(a, b):
    return float(np.abs(a - b).mean())


@pytest.mark.parametrize("generator", [STYLEGAN3, SMALL], ids=lambda path: path.stem)
def test_a_loop_of_seeds_closes(tmp_path, generator):
    out = tmp_path / "walk.webp"
    words = ["--faces", "1-3", "--psi", 1, "--seconds", 1.2, "--fps", 10, "--loop", "--generator", generator, "--out", out]
    assert film(*words) == 0
    shown = frames_of(out)
    assert len(shown) == 12 and shown[0].shape == (64, 64, 3)
    steps = [apart(a, b) for a, b in itertools.pairwise(shown)]
    assert apart(shown[-1], shown[0]) < 1.5 * max(steps)  # the end leads into the beginning
    assert apart(shown[0], shown[4]) > 2 * apart(shown[-1], shown[0]) or max(steps) > 1
    again = tmp_path / "again.webp"
    assert film(*words[:-1], again) == 0
    assert again.read_bytes() == out.read_bytes()


def test_a_station_falls_on_a_beat_of_the_sound(tmp_path, capsys):
    sound, beats = clicks(120, seconds=5)
    write_wave(tmp_path / "song.wav", sound)
    out = tmp_path / "film.mp4"
    words = ["--faces", "1-4", "--psi", 1, "--beats", 2, "--sound", tmp_path / "song.wav", "--fps", 20, "--hold", 0.5]
    assert film(*words, "--generator", SMALL, "--out", out) == 0
    assert "120" in capsys.readouterr().out
    with av.open(str(out)) as found:
        shown = [frame.to_ndarray(format="rgb24").astype(int) for frame in found.decode(video=0)]
        assert len(found.streams.audio) == 1
    # From a beat on, for half of a leg, it rests: just before it moves.
    beat = round(beats[2] * 20)
    assert apart(shown[beat + 1], shown[beat + 4]) < 0.5 * apart(shown[beat - 4], shown[beat - 1])


def test_edits_of_a_photograph(tmp_path):
    out = tmp_path / "age.gif"
    assert film("--faces", FACE, "--edits", "age=1", "--seconds", 0.5, "--fps", 8, "--size", 64, "--loop", "--out", out) == 0
    shown = frames_of(out)
    assert len(shown) == 4 and apart(shown[0], shown[2]) > 1.0  # there and back: young, on the way, old, on the way
    assert apart(shown[1], shown[3]) < 0.5 * apart(shown[0], shown[2])


def test_a_pulse_in_a_steady_tempo(tmp_path):
    out = tmp_path / "pulse.webp"
    words = ["--faces", FACE, "--pulse", "mouth-open=1.5", "--bpm", 120, "--seconds", 1, "--fps", 8, "--size", 64, "--out", out]
    assert film(*words) == 0
    shown = frames_of(out)
    assert apart(shown[0], shown[3]) > 0.5 and apart(shown[0], shown[4]) < 0.5 * apart(shown[0], shown[3])


@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        (["--faces", "1", "--out", "{}/a.mp4"], 2, "nothing to do"),
        (["--faces", "1-2", "--out", "{}/a.avi"], 2, "must end in"),
        (["--faces", "1-2", "--pulse", "smile=1", "--out", "{}/a.mp4"], 2, "there is no beat"),
        (["--faces", "1-2", "--sound", "{}/none.wav", "--out", "{}/a.mp4"], 3, "none.wav"),
        (["--faces", "1-2", "--seconds", "1000", "--fps", "60", "--out", "{}/a.mp4"], 2, "are more than"),
        (["--faces", "1-2", "--out", "{}/there.mp4"], 2, "--force"),
        (["--faces", "1-2", "--styles", "no-such-style", "--out", "{}/a.mp4"], 2, "no-such-style"),
        (["--faces", "1-2", "--styles", "great-wave", "--config", "{}/styles.yaml", "--out", "{}/a.mp4"], 2, "great-wave"),
        (["--faces", "1-2", "--style-size", "128", "--out", "{}/a.mp4"], 2, "--style-size goes with --styles"),
        (["--faces", "1-2", "--silent", "--out", "{}/a.mp4"], 2, "--silent goes with --sound"),
        (["--faces", "1-2", "--beats", "2", "--out", "{}/a.mp4"], 2, "--beats goes with --sound or --bpm"),
    ],
)
def test_what_cannot_be_is_one_sentence(tmp_path, words, code, reason, capsys):
    (tmp_path / "there.mp4").write_bytes(b"")
    own_styles(tmp_path)
    generator = [] if "smile=1" in words else ["--generator", SMALL]
    assert film(*(word.format(tmp_path) for word in words), *generator) == code
    assert reason in capsys.readouterr().err.strip().splitlines()[-1] and not (tmp_path / "a.mp4").exists()


def own_styles(folder):
    """A configuration whose folder of styles holds one, my-wave."""
    (folder / "own-styles").mkdir()
    shutil.copy(ROOT / "styles" / "great-wave.webp", folder / "own-styles" / "my-wave.webp")
    (folder / "styles.yaml").write_text(f"models: {{styles: {folder / 'own-styles'}}}\n")
    return folder / "styles.yaml"


def test_styles_are_those_of_the_configuration(tmp_path):
    words = ["--styles", "my-wave", "--style-size", 64, "--config", own_styles(tmp_path), "--seconds", 0.2, "--fps", 10]
    assert film("--faces", "1-2", *words, "--generator", SMALL, "--out", tmp_path / "a.webp") == 0
    assert len(frames_of(tmp_path / "a.webp")) == 2


def test_a_direction_that_is_none_is_told(tmp_path, capsys):
    assert film("--faces", "1-2", "--edits", "beard=1", "--out", tmp_path / "a.mp4") == 2
    assert "there is no direction 'beard'" in capsys.readouterr().err


def test_a_damaged_sound_costs_no_picture(tmp_path, capsys):
    write_flac(tmp_path / "song.flac", clicks(120, seconds=6)[0])
    cut_off(tmp_path / "song.flac")
    out = tmp_path / "film.mp4"
    assert film("--faces", "1-3", "--sound", tmp_path / "song.flac", "--beats", 1, "--generator", SMALL, "--fps", 5, "--out", out) == 0
    told = capsys.readouterr()
    assert told.err.count("its sound ends early") == 1 and "3 stations" in told.out
    assert seen_and_heard(out)[0] >= 5


def test_a_film_that_no_memory_holds_is_said_before_it_is_drawn(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(film_command, "memory_mb", lambda: (4000.0, 20.0))
    words = ["--faces", "1-2", "--seconds", 180, "--generator", SMALL]
    assert film(*words, "--out", tmp_path / "a.gif") == 2
    assert "4500 pictures of 64 px need" in capsys.readouterr().err and not list(tmp_path.iterdir())
