"""A show that begins before its camera, as a person sees it: it says so once, waits, and goes on when the camera comes."""

import json
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.sources.network_camera import NetworkCamera

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[1]
PLAIN = (
    "canvas.width=320",
    "canvas.height=180",
    "canvas.renderer=plain",
    "engine.backend=eager",
    "engine.precision=float32",
    "engine.portrait_px=64",
    "control.osc.enabled=false",
    "control.web.enabled=false",
    "control.midi.enabled=false",
)


def program(*arguments: str, **settings: object) -> list[str]:
    overrides = (*PLAIN, *(f"capture.{name}={value}" for name, value in settings.items()))
    return [sys.executable, "run_installation.py", "--headless", *arguments, *(part for item in overrides for part in ("--set", item))]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_show_waits_for_a_camera_that_comes_later(tmp_path: Path) -> None:
    port, report = free_port(), tmp_path / "report.json"
    command = program("--source", f"http://127.0.0.1:{port}/", "--frames", "5", "--report", str(report), wait="forever")
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as show:
        assert show.stdout is not None
        said = next((line for line in show.stdout if "waits" in line), "")  # a slow machine says first what it is at
        assert "cannot be opened (Connection refused); the show waits for it" in said
        camera = NetworkCamera(port)
        ended = threading.Event()

        def send() -> None:
            while not ended.wait(0.05):
                camera.send()

        threading.Thread(target=send, daemon=True).start()
        try:
            rest, _ = show.communicate(timeout=300)
        finally:
            ended.set()
            show.kill()
            camera.close()
    assert show.returncode == 0 and "waits" not in rest
    assert json.loads(report.read_text())["frames_captured"] >= 5


def test_a_show_does_not_wait_longer_than_it_is_told() -> None:
    command = program("--source", f"http://127.0.0.1:{free_port()}/", wait=1)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 3
    assert "the show waits for it for 1 s" in done.stdout
    assert len(done.stderr.splitlines()) == 1 and "cannot be opened" in done.stderr
