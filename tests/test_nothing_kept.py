"""Nothing of a visitor is written anywhere: a whole show of a live camera is watched, with its state, its report, its log, the record of
starts and the crash file turned on. It is too short for the configuration that ran well last, which comes after half a minute and holds
none but settings; takeaways, which visitors ask for, and recordings, which have to be allowed, are off."""

import io
import json
import os
import re
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
import pytest
from PIL import Image

from installation.places import cache
from tests.written_files import STRACE, run, written_in

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[1]
CLIP = ROOT / "tests" / "data" / "yes.mkv"
PICTURES = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"RIFF", b"BM", b"II*\x00", b"MM\x00*", b"\x93NUMPY", b"PK\x03\x04", b"\x1a\x45\xdf\xa3")
ARRAYS = (".npy", ".npz", ".pt", ".png", ".jpg", ".jpeg", ".webp", ".mp4", ".mkv")
SETTINGS = (
    "canvas.width=240", "canvas.height=160", "canvas.renderer=plain", "engine.backend=openvino", "engine.precision=float32",
    "engine.threads=1", "engine.portrait_px=64", "control.osc.port=0", "control.osc.out_port=0", "control.web.port=0",
    "control.midi.enabled=false", "control.resume=true",
)  # fmt: skip


class Stream(BaseHTTPRequestHandler):
    """A camera in the network, before which somebody nods."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        try:
            while True:
                for jpeg in self.server.jpegs:  # type: ignore[attr-defined]
                    head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                    self.wfile.write(head.encode() + jpeg + b"\r\n")
                    time.sleep(0.05)
        except OSError:  # nobody listens any more
            return

    def log_message(self, format: str, *arguments: object) -> None: ...


@pytest.fixture
def camera() -> Iterator[str]:
    jpegs = []
    with av.open(CLIP) as file:
        for frame in file.decode(video=0):
            data = io.BytesIO()
            Image.fromarray(frame.to_ndarray(format="rgb24")).save(data, "JPEG")
            jpegs.append(data.getvalue())
    server = ThreadingHTTPServer(("127.0.0.1", 0), Stream)
    server.daemon_threads = True
    server.jpegs = jpegs  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def test_a_show_of_a_live_camera_writes_its_state_its_report_its_log_and_its_start_and_nothing_else(camera: str, tmp_path: Path) -> None:
    for name in ("home", "tmp"):
        (tmp_path / name).mkdir()
    state, report, zones = tmp_path / "state.json", tmp_path / "report.json", tmp_path / "zones.json"
    log, starts, crash = tmp_path / "logs" / "facets.log", tmp_path / "starts.json", tmp_path / "crash.txt"
    kept = state, report, log, starts, crash
    operation = "operation.log=true", "operation.safe_start=true", f"operation.log_folder={tmp_path / 'logs'}"
    settings = (*SETTINGS, *operation, f"control.resume_file={state}", f"faces.zones_file={zones}", "controls={style/strength: 0.5}")
    command = [sys.executable, "-B", "run_installation.py", "--headless", "--source", camera, "--duration", "8", "--report", str(report)]
    command += [part for setting in settings for part in ("--set", setting)]
    env = {**os.environ, "HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path / "tmp"), "FACETS_CACHE": str(cache())}
    code, written = run(command, ROOT, env, tmp_path / "trace", timeout=900)
    assert code == 0
    told = json.loads(report.read_text())
    assert told["faces_seen"] == 1 and told["encoder_calls"] > 0  # somebody was there
    assert written.issuperset(kept) and "facets.diary: end: " in log.read_text()
    part = re.compile(r"\.(state|report|starts)\.json\..+\.part")
    others = {path for path in written if path not in kept and not part.fullmatch(path.name)}
    # tempfile looks whether a folder can be written, by a name of eight letters that is gone again; its files proper begin with "tmp".
    looks = [path for path in others if path.parent == tmp_path / "tmp" and re.fullmatch(r"[a-z0-9_]{8}", path.name)]
    others -= {path for path in looks if not path.exists()}
    engines = {path for path in others if path.is_relative_to(cache())}
    assert not {path for path in engines if path.suffix in ARRAYS}, engines
    # Of each painting in the folder of styles one vector is kept, where a show is the first to look at it: of no visitor.
    paintings = {path for path in others if path.parent == ROOT / "styles" / ".vectors"}
    assert len([path for path in paintings if path.suffix == ".npy"]) <= len([*(ROOT / "styles").glob("*.webp")])
    known = engines | paintings
    known |= {tmp_path / ".facets.lock"}  # holds this folder for one show, by the system's own lock
    # The first show of a folder notes by which numbers its presets are called.
    others -= {path for path in others if path.parent == ROOT / "presets" and re.fullmatch(r"\.(numbers|\.numbers\..+\.part)", path.name)}
    assert others - known - {path for path in others if path.is_dir()} == set()
    for path in (one for one in written if one.is_file() and one not in known):
        is_of_nobody(path)


def is_of_nobody(path: Path) -> None:
    """A text, without any long row of numbers: landmarks are 468 points, a code is 14 times 256."""
    data = path.read_bytes()
    assert not data.startswith(PICTURES), path
    text = data.decode()  # a picture or an array is no text
    assert not re.search(r"(-?\d+\.\d+[\s,\]\[]+){24}", text), path
    assert not re.search(r"[A-Za-z0-9+/]{400}", text), path  # nor one that was made text


def test_what_is_looked_for_is_found(tmp_path: Path) -> None:
    """The watch and the look into files see what they are to see, in Python and beneath it."""
    source = (
        "import cv2, numpy as np, os, tempfile\n"
        "open('by-python', 'w').write('x')\n"
        "cv2.imwrite('by-opencv.png', np.zeros((9, 9, 3), np.uint8))\n"
        "open('first', 'w').close(); os.rename('first', 'renamed')\n"
        "open(os.devnull, 'w').close(); open('by-python').read()\n"
    )
    code, written = run([sys.executable, "-c", source], tmp_path, os.environ, tmp_path / "trace", timeout=120)
    assert code == 0
    assert {path.name for path in written} - {"first", "trace"} >= {"by-python", "by-opencv.png", "renamed"}
    assert STRACE is None or Path(os.devnull) not in written
    with pytest.raises(AssertionError):
        is_of_nobody(tmp_path / "by-opencv.png")
    (tmp_path / "rows").write_text(json.dumps([[k / 7, k / 9] for k in range(468)]))
    with pytest.raises(AssertionError):
        is_of_nobody(tmp_path / "rows")
    is_of_nobody(tmp_path / "by-python")


def test_a_trace_is_read() -> None:
    trace = (
        '12 openat(AT_FDCWD, "a", O_RDONLY|O_CLOEXEC) = 3\n'
        '12 openat(AT_FDCWD, "b", O_WRONLY|O_CREAT|O_TRUNC, 0666) = 3\n'
        '13 openat(AT_FDCWD, "c", O_RDWR) = -1 ENOENT (No such file)\n'
        '13 rename("/x/d", "/x/e") = 0\n'
        '13 openat(AT_FDCWD, "/dev/null", O_RDWR) = 4\n'
        '13 openat(AT_FDCWD, "/dev/shm/f", O_RDWR|O_CREAT) = 4\n'
    )
    assert written_in(trace, Path("/w")) == {Path("/w/b"), Path("/x/d"), Path("/x/e"), Path("/dev/shm/f")}
