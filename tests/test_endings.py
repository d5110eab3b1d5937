"""How a show ends when the machine around it fails: its recording plays, its report is there, and a person reads one sentence."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import pytest

from installation.engines.store import open_store
from run_installation import main

ROOT = Path(__file__).resolve().parents[1]
ALONE = ["--set", "control.osc.enabled=false", "--set", "control.web.enabled=false", "--set", "control.midi.enabled=false"]
SMALL = ["--set", "canvas.width=320", "--set", "canvas.height=240", "--set", "engine.portrait_px=128"]


def until(holds, what, seconds=900.0):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.05)


class Program:
    """The program as a user starts it, with its recording and report in a folder. bytes: that a file of it may have."""

    def __init__(self, folder, *arguments, most_bytes=None, env=None):
        self.film, self.report = folder / "show.mp4", folder / "report.json"
        self.errors = folder / "stderr.txt"
        command = [sys.executable, "run_installation.py", *ALONE, *SMALL, "--record", self.film, "--report", self.report, *arguments]

        def begin():
            signal.signal(signal.SIGHUP, signal.SIG_DFL)  # which `nohup pytest` would have it ignore, as the program then does
            if most_bytes is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))

        with self.errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [str(word) for word in command],
                cwd=ROOT,
                env=os.environ | (env or {}),
                stdout=subprocess.PIPE,
                stderr=errors,
                preexec_fn=begin,  # noqa: PLW1509 - it calls nothing but the kernel
            )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def running(self):
        assert self.process.poll() is None, self.errors.read_text()
        return True

    def said(self):
        return self.errors.read_text()

    def recorded(self):
        part = self.film.with_name("show.part.mp4")
        return part.exists() and part.stat().st_size > 0

    def pictures(self):
        with av.open(str(self.film)) as file:
            return sum(1 for _ in file.decode(video=0))


def test_a_full_disk_a_closed_pipe_and_a_lost_terminal(tmp_path):
    grain = ["--set", "controls={look/grain: 1.0}", "--set", "record.crf=14"]  # so that it is soon full
    with Program(tmp_path, "--headless", *grain, most_bytes=1_000_000) as show:
        show.process.stdout.close()  # as of: run_installation.py | head -0
        until(lambda: show.running() and "ended early" in show.said(), "the end of the recording")
        assert show.film.exists()  # at once, not when the show ends
        show.process.send_signal(signal.SIGHUP)
        assert show.process.wait(timeout=300) == 0, show.said()
        assert show.pictures() >= 20
        report = json.loads(show.report.read_text())
        assert [fault for fault in report["faults"] if "show.mp4: the recording has ended early (File too large)" in fault]
        assert report["frames_presented"] > 0
        assert "Traceback" not in show.said() and "terminate" not in show.said()
        assert sorted(path.name for path in tmp_path.iterdir()) == ["report.json", "show.mp4", "stderr.txt"]


@pytest.mark.skipif(shutil.which("Xvfb") is None, reason="needs Xvfb")
@pytest.mark.parametrize("renderer", ["plain", "gl"])
def test_a_display_server_that_dies(tmp_path, renderer):
    here, there = os.pipe()
    command = ["Xvfb", "-displayfd", str(there), "-screen", "0", "640x480x24"]
    server = subprocess.Popen(command, pass_fds=[there], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(there)
    with os.fdopen(here) as number:
        display = f":{number.readline().strip()}"
    window = ["--windowed", "--set", f"canvas.renderer={renderer}"]
    try:
        with Program(tmp_path, *window, env={"DISPLAY": display, "SDL_VIDEODRIVER": "x11"}) as show:
            until(lambda: show.running() and show.recorded(), "a recording")
            server.kill()
            assert show.process.wait(timeout=300) == 3, show.said()
            assert show.said().startswith("facets: the display is gone") and show.said().count("\n") == 1
            assert show.pictures() > 0
            report = json.loads(show.report.read_text())
            assert report["frames_presented"] > 0 and "the display is gone" in report["faults"][-1]
    finally:
        server.kill()
        server.wait()


@pytest.mark.parametrize("argument", ["--report", "--record", "--timeline-record"])
def test_a_place_that_refuses_is_told_before_the_show(argument, capsys):
    assert main(["--headless", "--frames", "1", *ALONE, *SMALL, argument, "/proc/self/attr/none"]) in (2, 4)
    out = capsys.readouterr()
    assert out.err.startswith(f"facets: {argument} /proc/self/attr/none: cannot be written (") and out.err.count("\n") == 1
    assert "pictures at" not in out.out


def test_a_cache_that_cannot_be_written_is_told_at_the_start(tmp_path):
    (tmp_path / "file").write_text("")
    for refused in (tmp_path / "file" / "engines", Path("/proc/self/attr")):
        notice = open_store(refused).notice
        assert notice.startswith(f"{refused}: the engines' cache cannot be written (") and "FACETS_CACHE" in notice
    assert open_store(tmp_path / "new" / "engines").notice == ""


def test_a_start_that_fails_leaves_nothing_behind(tmp_path, capsys):
    kept = ["--report", str(tmp_path / "r.json"), "--record", str(tmp_path / "o.mp4"), "--timeline-record", str(tmp_path / "t.jsonl")]
    assert main(["--frames", "1", *ALONE, *SMALL, *kept, "--set", "canvas.mode=windowed", "--set", "engine.precision=int8"]) in (2, 3)
    assert "facets: " in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".jsonl"] == []
