"""What may be kept of a visitor, and what the report says of losses and of the start."""

import io
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
import pytest
from PIL import Image

from installation.app import Installation
from installation.assembly.options import RunOptions
from installation.config import load_config
from run_installation import main

CLIP = Path(__file__).resolve().parent / "data" / "yes.mkv"
QUIET = ("control.osc.enabled=false", "control.web.enabled=false", "control.midi.enabled=false")
SMALL = (*QUIET, "canvas.width=160", "canvas.height=90", "canvas.renderer=plain", "engine.threads=1", "engine.portrait_px=64")


class Stream(BaseHTTPRequestHandler):
    """A camera in the network: JPEG after JPEG, as long as somebody listens."""

    def do_GET(self) -> None:
        with av.open(CLIP) as file:
            picture = next(file.decode(video=0)).to_ndarray(format="rgb24")
        jpeg = io.BytesIO()
        Image.fromarray(picture).save(jpeg, "JPEG")
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        try:
            while True:
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {jpeg.tell()}\r\n\r\n"
                self.wfile.write(head.encode() + jpeg.getvalue() + b"\r\n")
                time.sleep(0.02)
        except OSError:  # nobody listens any more
            return

    def log_message(self, format: str, *arguments: object) -> None: ...


@pytest.fixture
def camera():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Stream)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


def arguments(source: str, record: Path, *settings: str) -> list[str]:
    chosen = [part for setting in (*SMALL, *settings) for part in ("--set", setting)]
    return ["--headless", "--source", source, "--frames", "3", "--record", str(record), *chosen]


def test_a_live_camera_is_recorded_only_where_that_is_allowed(camera, tmp_path, capsys):
    refused, allowed = tmp_path / "no.mp4", tmp_path / "yes.mp4"
    assert main(arguments(camera, refused)) == 2
    assert "--record: a live camera is recorded only where privacy.allow_recording is true" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    assert main(arguments(camera, allowed, "privacy.allow_recording=true")) == 0
    with av.open(allowed) as file:
        assert sum(1 for _ in file.decode(video=0)) > 0


def test_a_show_of_a_few_frames_shows_a_picture_however_quick_its_camera(camera):
    """A recording of it would be empty, and nobody would be told."""
    show = Installation(load_config(None, [f"source={camera}", "canvas.mode=headless", *SMALL]), RunOptions(frames=3))
    show.health.captured = 3  # before the canvas has shown anything
    assert show.run().frames_presented >= 1


@pytest.mark.parametrize("allowed", [False, True])
def test_pictures_of_a_live_camera_leave_the_canvas_only_where_that_is_allowed(camera, tmp_path, monkeypatch, allowed):
    """Snapshots, the panel's picture, and its small pictures of styles."""
    monkeypatch.setattr("installation.joining.SNAPSHOTS", tmp_path)
    config = load_config(None, [f"source={camera}", "canvas.mode=headless", *SMALL, f"privacy.allow_recording={str(allowed).lower()}"])
    show = Installation(config, RunOptions())
    came = threading.Event()
    show.desk.preview.ask(came.set)
    show.controls.set("transport/snapshot", True, "osc")
    show.desk.sketches.numbers()  # a panel is open
    began = time.monotonic()

    def enough() -> bool:
        there = came.is_set() and [*tmp_path.glob("*.png")]
        return show.health.presented.count > 20 and (not allowed or bool(there) or time.monotonic() - began > 60)

    monkeypatch.setattr(show, "_finished", enough)
    show.run()
    assert len([*tmp_path.glob("*.png")]) == allowed
    assert (show.desk.preview.jpeg() is not None) is allowed
    assert (show.loops.style.sketches is not None) is allowed
    assert show.desk.sketches.numbers() == {} or allowed
    assert ("privacy.allow_recording" in show.controls.counts().last) is not allowed


def test_what_is_shown_of_a_source_yet_to_come_waits_for_leave(tmp_path, monkeypatch):
    """A camera that is not there at the start may be a live one."""
    config = load_config(None, ["source=http://127.0.0.1:9/", "capture.wait=forever", "canvas.mode=headless", *SMALL])
    show = Installation(config, RunOptions(duration=0.2))
    assert show.source is None
    show.run()
    assert not show.desk.preview.allowed and not show.joined.attendant.keeps_pictures and show.loops.style.sketches is None


def test_the_report_tells_what_was_lost_and_how_long_the_start_took():
    config = load_config(None, [f"source={CLIP}", "canvas.mode=headless", *SMALL])
    before = time.monotonic()
    show = Installation(config, RunOptions(frames=2, lockstep=True, started=before - 100.0))
    report = show.run()
    assert report.first_portrait_s is not None
    assert 100.0 < report.first_portrait_s < 100.0 + time.monotonic() - before  # since the program began, not since the show did
    assert report.frames_dropped == 0
    frames, encoded, portraits = show.joined.slots.on_the_way
    frames.dropped, encoded.dropped, portraits.dropped = 3, 4, 50
    assert show.report().frames_dropped == 7  # a portrait that a newer one replaced is no frame of the camera
