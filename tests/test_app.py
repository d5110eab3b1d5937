"""The whole way of the picture on a clip of a real person, and what the main program promises its callers."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import fields
from pathlib import Path

import av
import numpy as np
import pytest

from benchmarks.show_aside import show_aside
from installation.app import Installation
from installation.assembly.options import RunOptions
from installation.config import load_config
from installation.operation.health import Report
from installation.operation.priority import STEP
from run_installation import main

ROOT = Path(__file__).resolve().parents[1]
CLIP = ROOT / "tests" / "data" / "yes.mkv"
FRAMES = 24
ALONE = ["--set", "control.osc.enabled=false", "--set", "control.web.enabled=false"]  # so that tests do not meet at a port


def show(tmp_path, *overrides, source=CLIP, frames=FRAMES, preset=None, record=None):
    config = load_config(None, [f"source={source}", "canvas.mode=headless", "canvas.width=480", "canvas.height=320", *overrides])
    options = RunOptions(preset=preset, frames=frames, lockstep=True, outputs=record or {}, report=tmp_path / "report.json")
    installation = Installation(config, options)
    report = installation.run()
    return installation, report


@pytest.fixture(scope="module")
def clip_show(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clip")
    _, report = show(folder, record={"record": folder / "out.mp4"})
    return folder, report


def test_a_lockstep_run_loses_nothing_and_keeps_one_visitor(clip_show):
    folder, report = clip_show
    assert report.frames_captured == report.frames_presented == FRAMES
    assert report.frames_dropped == 0
    assert report.faces_seen == report.faces_max == 1
    assert report.portraits_per_face == {"0": FRAMES}
    assert report.encoder_calls + report.cache_hits == FRAMES
    assert 0 < report.encoder_calls < FRAMES / 2
    assert report.faults == []
    written = json.loads((folder / "report.json").read_text())
    assert set(written) == {field.name for field in fields(Report)}
    assert set(written["stage_ms"]) >= {"capture", "track", "align", "encode", "edit", "generate", "compose", "present"}


def test_the_recording_shows_a_portrait_that_lives(clip_show):
    folder, _ = clip_show
    with av.open(folder / "out.mp4") as file:
        stream = file.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        pictures = [frame.to_ndarray(format="rgb24") for frame in file.decode(stream)]
    assert len(pictures) == FRAMES
    middle = pictures[-1][80:240, 160:320].astype(float)
    assert np.ptp(middle.mean(axis=2)) > 80
    assert np.abs(middle - pictures[FRAMES // 2][80:240, 160:320]).mean() > 1.0


def test_a_portrait_on_the_wall_is_a_lit_face_in_a_dark_room(tmp_path):
    installation, _ = show(tmp_path, "controls={look/layout: grid}")
    picture = installation.canvas_picture.astype(float)
    assert picture[80:240, 160:320].mean() > picture[:40, :40].mean() + 20


def test_the_same_input_gives_the_same_pixels(tmp_path):
    # What is measured on a machine, engine and renderer, is named: a loaded machine may choose another.
    chosen = ("engine.backend=openvino", "engine.precision=float32", "engine.threads=1", "engine.portrait_px=128", "canvas.renderer=plain")
    pictures = []
    for _ in range(2):
        installation, _ = show(tmp_path, *chosen, frames=FRAMES)
        pictures.append(installation.canvas_picture.copy())
    assert np.array_equal(*pictures)


def test_mixing_a_child_changes_the_portrait(tmp_path):
    plain, _ = show(tmp_path, "controls={look/layout: grid}")  # long enough for the visitor to fade in
    child = plain.models.children[0].name
    mixed, _ = show(tmp_path, f"controls={{look/layout: grid, blend/{child}/amount: 1.0}}")
    difference = np.abs(plain.canvas_picture.astype(float) - mixed.canvas_picture)[80:240, 160:320]
    assert difference.mean() > 4.0


def until(holds, what, seconds=180.0):
    """Wait for something that a loaded machine may take long to do."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.05)


def test_the_embedded_visitors_come_alive_in_real_time(tmp_path):
    chosen = ["canvas.mode=headless", "canvas.width=480", "canvas.height=320", *ALONE[1::2]]
    with show_aside(load_config(None, chosen), RunOptions(report=tmp_path / "r.json")) as installation:
        health = installation.health
        until(lambda: len(health.ids) >= 2 and sum(health.portraits_per_face.values()) > 4, "two portraits")
        shown = health.presented.count
        until(lambda: health.presented.count > shown + 20, "pictures after the first portraits")
        if sys.platform == "linux":
            nice = {thread.name: os.getpriority(os.PRIO_PROCESS, thread.native_id) for thread in threading.enumerate()}
            assert nice["show"] == nice["capture"]
            assert nice["perception"] == nice["synthesis"] == min(19, nice["show"] + STEP)
    r = json.loads((tmp_path / "r.json").read_text())
    assert r["faces_seen"] >= 2
    assert r["frames_presented"] > 20
    assert sum(r["portraits_per_face"].values()) > 4
    assert r["glass_to_glass_ms"]["p50"] > 0
    assert r["faults"] == []


@pytest.mark.gl
def test_a_show_drawn_with_gl_is_made_and_run_in_one_thread(tmp_path):
    hardware = pytest.importorskip("installation.canvas.opengl.renderer")
    try:
        hardware.open_context(standalone=True).release()
    except Exception as err:
        pytest.skip(f"no OpenGL here: {err}")
    chosen = ["canvas.mode=headless", "canvas.renderer=gl", "canvas.width=160", "canvas.height=90", "engine.portrait_px=64"]
    with show_aside(load_config(None, [*chosen, "engine.threads=1", *ALONE[1::2]]), RunOptions()) as installation:
        assert installation.canvas.renderer.name == "gl"
        with pytest.raises(RuntimeError, match="runs in the thread that constructed it"):
            installation.run()
        until(lambda: installation.health.presented.count > 10, "pictures")
    assert installation.canvas_picture.std() > 1.0


def test_a_show_ends_after_its_duration(tmp_path):
    report = tmp_path / "r.json"
    size = ["--set", "canvas.width=320", "--set", "canvas.height=240"]
    assert main(["--headless", *ALONE, "--duration", "1.5", "--report", str(report), *size]) == 0
    r = json.loads(report.read_text())
    assert r["seconds"] >= 1.5
    assert r["frames_presented"] > 0


def test_a_signal_ends_the_show_in_order(tmp_path):
    report = tmp_path / "r.json"
    command = [sys.executable, "run_installation.py", "--headless", "--report", str(report), "--record", str(tmp_path / "o.mp4")]
    process = subprocess.Popen(
        [*command, *ALONE, "--set", "canvas.width=320", "--set", "canvas.height=240"], cwd=ROOT, env=dict(os.environ)
    )
    try:
        until(lambda: process.poll() is not None or any(part.stat().st_size for part in tmp_path.glob("o.part.mp4")), "a first picture")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
    assert json.loads(report.read_text())["frames_presented"] > 0
    with av.open(tmp_path / "o.mp4") as file:
        assert sum(1 for _ in file.decode(video=0)) > 0


def test_a_taken_port_ends_before_anything_opens(capsys):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        ways = ["--set", "control.osc.enabled=auto", "--set", f"control.osc.port={port}"]
        assert main(["--headless", "--frames", "1", *ALONE, *ways, "--source", "nowhere.mp4"]) == 2
    assert f"control.osc.port: {port}: the port is taken" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--source", "nowhere.mp4"], 3, "nowhere.mp4"),
        (["--set", "faces.max=many"], 2, "faces.max"),
        (["--set", "capture.fps=.nan"], 2, "capture.fps"),
        (["--set", "faces.most=3"], 2, "faces.most"),
        (["--preset", "../etc"], 2, "no such preset"),
        (["--generator", "none.safetensors"], 2, "none.safetensors: no such model file"),
        (["--set", "controls={look/glitter: 1}"], 2, "look/glitter"),
        (["--config", "nowhere.yaml"], 2, "nowhere.yaml"),
        (["--set", "engine.precision=int8"], 2, "engine.precision: 'int8': must be 'auto', 'float32', 'bf16' or 'fp16'"),
    ],
)
def test_bad_input_is_one_sentence_and_the_right_code(arguments, code, words, capsys):
    assert main(["--headless", "--frames", "1", *ALONE, *arguments]) == code
    err = capsys.readouterr().err
    assert words in err
    assert "Traceback" not in err


def test_a_weights_file_cut_in_half_is_refused(tmp_path, capsys):
    whole = ROOT / "weights" / "encoder.safetensors"
    half = tmp_path / "half.safetensors"
    half.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    assert main(["--headless", *ALONE, "--encoder", str(half)]) == 2
    assert "half.safetensors: not a readable model file" in capsys.readouterr().err


def test_a_configuration_is_validated_without_a_device(capsys):
    assert main(["--validate-config", "--source", "/dev/video99"]) == 0
    assert "valid" in capsys.readouterr().out


def test_devices_are_listed(capsys):
    assert main(["--list-devices"]) == 0
    out = capsys.readouterr().out
    assert "Cameras:" in out and "Displays:" in out


@pytest.mark.parametrize("live", [False, True])
def test_a_picture_of_the_canvas_is_kept_for_whoever_asks_where_that_is_allowed(tmp_path, monkeypatch, live):
    monkeypatch.setattr("installation.joining.SNAPSHOTS", tmp_path / "out")
    plain = ("engine.backend=eager", "engine.precision=float32", "engine.portrait_px=64", "canvas.renderer=plain", "canvas.mode=headless")
    config = load_config(None, [f"source={CLIP}", "canvas.width=480", "canvas.height=320", *plain])
    installation = Installation(config, RunOptions(frames=4, lockstep=True))
    installation.joined.attendant.keeps_pictures = not live
    installation.controls.set("transport/snapshot", True, "midi")
    installation.run()
    assert len(list((tmp_path / "out").glob("facets-*.png"))) == (0 if live else 1)
    assert ("privacy.allow_recording" in installation.controls.counts().last) is live


def test_a_portrait_larger_than_the_generator_draws_is_told(tmp_path, capsys):
    _, report = show(tmp_path, "engine.portrait_px=512", "engine.backend=openvino", "engine.threads=1", frames=1)
    assert report.portrait_px == 256
    assert "engine.portrait_px 512: the generator draws 256 px and no more" in capsys.readouterr().out
