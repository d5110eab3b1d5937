"""Whole shows that an operator sees to: the crop changes who is tracked, a choice and the end reach the program."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from installation.app import Installation
from installation.assembly.options import RunOptions
from installation.config import load_config
from tests.raised_hand import frames

pytestmark = pytest.mark.slow
RATE, FRAMES, CROPPED = 10, 45, 15  # frames a second, in all, and from which on the room is cropped
SETTINGS = (
    "canvas.mode=headless", "canvas.width=320", "canvas.height=120", "canvas.renderer=plain", "engine.backend=openvino",
    "engine.precision=float32", "engine.threads=1", "engine.portrait_px=64", "capture.loop=false", "operator.pin=2718",
)  # fmt: skip


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people in a room."""
    picture = np.full((360, 1000, 3), (150, 140, 130), np.uint8)
    for name, columns, x in (("yes.mkv", slice(140, 380), 100), ("please.mkv", slice(190, 430), 680)):
        picture[60:300, x : x + 240] = cv2.resize(frames(clip=name, first=0)[0][0:240, columns], (240, 240))
    path = tmp_path_factory.mktemp("clip") / "two.mp4"
    with av.open(path, "w") as out:
        stream = out.add_stream("libx264", rate=RATE)
        stream.height, stream.width = picture.shape[:2]
        for _ in range(FRAMES):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode())
    return path


def test_a_crop_changes_who_is_tracked_while_the_show_runs(clip: Path) -> None:
    show = Installation(load_config(None, [f"source={clip}", *SETTINGS]), RunOptions(lockstep=True))
    seen: list[list[float]] = []

    def watch(tracked: Any, now: float) -> None:
        seen.append([face.box[0] for face in tracked.faces if face.seen])
        if len(seen) == CROPPED:
            assert show.operating.crop([0.0, 0.0, 0.5, 1.0]) == ""

    show.loops.perception.watched = watch
    report = show.run()
    assert report.faults == [] and report.faces_seen == 2
    assert [len(boxes) for boxes in seen[2:CROPPED]] == [2] * (CROPPED - 2)
    assert all(len(boxes) == 1 and boxes[0] < 500 for boxes in seen[CROPPED:]) and len(seen) == FRAMES


def ask(port: int, path: str, wish: dict[str, Any] | None = None) -> Any:
    body = None if wish is None else json.dumps(wish).encode()
    with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}/operator/{path}", body), timeout=30) as reply:
        return json.loads(reply.read())


def until(port: int, check: Any, process: subprocess.Popen[str], seconds: float = 240.0) -> Any:
    end = time.monotonic() + seconds
    while True:
        assert process.poll() is None and time.monotonic() < end
        try:
            told = ask(port, "desk")
            if check(told):
                return told
        except OSError:  # it is beginning
            pass
        time.sleep(0.2)


def ended(port: int, wish: str) -> None:
    ask(port, "end", {"wish": wish, "sure": ask(port, "end", {"wish": wish})["sure"]})


@pytest.fixture
def port() -> int:
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def begun(folder: Path, port: int, **environment: str) -> subprocess.Popen[str]:
    words = [*SETTINGS, "source=stand-in:left", f"control.web.port={port}", "control.osc.enabled=false", "control.midi.enabled=false",
             "control.web.studio=false", "operation.log=false", *(f"{key}={folder}/{key.split('.')[1]}.json" for key in
             ("capture.camera_file", "faces.room_file", "faces.zones_file", "control.resume_file"))]  # fmt: skip
    command = [sys.executable, "run_installation.py", *(word for text in words for word in ("--set", text))]
    environ = {name: value for name, value in os.environ.items() if name != "NOTIFY_SOCKET"} | environment
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environ)


def test_a_restart_brings_the_show_back_in_the_same_process_with_the_camera_and_the_crop(tmp_path: Path, port: int) -> None:
    process = begun(tmp_path, port)
    try:
        until(port, lambda told: told["camera"].startswith("In use") and told["faces"] > 0, process)
        ask(port, "camera", {"source": "stand-in:right"})
        ask(port, "crop", {"crop": [0.3, 0.0, 1.0, 1.0]})
        until(port, lambda told: "right" in told["camera"], process)
        ended(port, "restart")
        until(port, lambda told: told["ending"] == "", process)
        told = until(port, lambda told: told["camera"].startswith("In use"), process)
        assert "right" in told["camera"] and told["crop"] == [0.3, 0.0, 1.0, 1.0]
        ended(port, "shut-down")
        assert process.wait(60) == 0
        assert process.stdout is not None and process.stdout.read().count("the panel is at") == 2
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def test_under_a_service_manager_it_ends_with_the_code_that_has_it_begun_again(tmp_path: Path, port: int) -> None:
    process = begun(tmp_path, port, NOTIFY_SOCKET=str(tmp_path / "nobody.sock"))
    try:
        until(port, lambda told: told["camera"].startswith("In use"), process)
        ended(port, "restart")
        assert process.wait(60) == 75
        assert json.loads((tmp_path / "starts.json").read_text())["living"] is False  # no crash
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
