"""The measure of what the photo page costs a show: the one who measures costs nothing that is counted."""

import argparse
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks.studio import stretch
from benchmarks.studio_person import DRAG

ROOT = Path(__file__).resolve().parents[1]
ARRIVING = 1000  # pictures that the show presents while somebody comes to the page


@pytest.fixture
def show():
    """A show that presents a picture for each that is drawn, and many while the page is opened; served at ``port``."""
    health = SimpleNamespace(portraits_per_face={1: 0}, presented=SimpleNamespace(count=0))

    class Studio(BaseHTTPRequestHandler):
        def do_GET(self):
            health.presented.count += ARRIVING
            self.answer(b"{}")

        def do_POST(self):
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.path.endswith("/drawn"):
                health.presented.count += 1
                health.portraits_per_face[1] += 2
            refused = self.path == "/studio/pictures?name=photo"
            self.answer(b'{"id": "one", "chosen": 1}', 422 if refused else 200)

        def answer(self, data, status=200):
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Studio)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield SimpleNamespace(health=health, port=server.server_port)
    server.shutdown()
    server.server_close()


def test_what_happens_before_the_person_is_there_is_not_counted(show):
    portraits, pictures, waits = stretch(show, show.port, argparse.Namespace(stretch=0.0, photo=None, look=0.0))
    assert show.health.presented.count == ARRIVING + 1  # the first picture, and no time for more
    assert portraits == pytest.approx(2 * pictures)
    assert [len(waits[kind]) for kind in ("first picture", "slider", "fine")] == [1, 0, 0]
    *_, waits = stretch(show, show.port, argparse.Namespace(stretch=0.05, photo=None, look=0.0))
    assert len(waits["slider"]) == DRAG * len(waits["fine"]) > 0


def test_a_person_who_cannot_work_ends_the_measurement(show, tmp_path):
    (tmp_path / "photo.jpg").write_bytes(b"none")
    with pytest.raises(SystemExit, match="ended with 1"):
        stretch(show, show.port, argparse.Namespace(stretch=0.0, photo=tmp_path / "photo.jpg", look=0.0))


def test_the_person_brings_no_packages_along():
    heavy = "import benchmarks.studio_person, sys; print([name for name in ('numpy', 'torch', 'cv2', 'av') if name in sys.modules])"
    told = subprocess.run([sys.executable, "-c", heavy], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
