"""The real program, killed at random moments, started twice, on a full disk and on one that is read-only."""

import json
import random
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from installation.operation.instance import LOCK
from installation.soak.program import RUN, Program

SMALL = (
    "--headless", "--set", "canvas.width=160", "--set", "canvas.height=90", "--set", "canvas.renderer=plain", "--set", "engine.threads=1",
    "--set", "engine.portrait_px=64", "--set", "faces.max=1",
)  # fmt: skip
LONG = 900.0  # s, on a machine that is busy with other things


def begun(show):
    """Until pictures are shown."""
    show.until(lambda: (show.figure("facets_presented_total") or 0) > 3, "pictures", LONG)


def kept(show, name):
    """What the disk says of a control."""
    lines = json.loads(show.state.read_text())["controls"] if show.state.exists() else {}
    return lines.get(name, [None])[0]


def settled(show, grain):
    show.until(lambda: kept(show, "look/grain") == pytest.approx(grain), "the state", LONG)


def whole(folder):
    """Every file of the show can be read, and nothing half written lies about."""
    for path in folder.glob("*.json"):
        json.loads(path.read_text())
    return not list(folder.glob(".*.part"))


def test_killed_at_any_moment_it_comes_back_as_it_was(tmp_path):
    pick = random.Random(5)
    wanted = 0.0
    with Program(tmp_path / "show", SMALL) as show:
        for turn in range(3):
            show.start()
            begun(show)
            if turn:
                assert show.control("look/grain") == pytest.approx(wanted)
                assert show.figure("facets_safe_mode") == 0
            wanted = 0.1 * (turn + 1)
            show.set("look/grain", wanted)
            settled(show, wanted)
            for _ in range(pick.randrange(20)):  # moves that are under way when it dies
                show.set("look/vignette", pick.random())
            time.sleep(pick.random())
            show.kill()
        show.start()  # a crash loop by now: more carefully, and as it was all the same
        begun(show)
        assert show.control("look/grain") == pytest.approx(wanted) and show.figure("facets_safe_mode") == 1
        assert whole(show.folder) and "safe mode: the show ended within half a minute of its first picture 3 times" in show.said.read_text()
        second = subprocess.run(
            [sys.executable, "-c", RUN, *show.arguments, *SMALL], capture_output=True, text=True, timeout=LONG, check=False,
            env=show._environ,
        )  # fmt: skip
        assert second.returncode == 2 and f"process {show.pid} runs a show here already" in second.stderr
        assert (show.folder / LOCK).read_text() == f"{show.pid}\n"
        assert show.end(LONG) == 0
        assert json.loads((show.folder / "starts.json").read_text())["living"] is False
        assert json.loads(show.state.read_text())["ended"] is True


def mounted(place, *options):
    return subprocess.run(["mount", "-t", "tmpfs", *options, "none", str(place)], capture_output=True, check=False).returncode == 0


@contextmanager
def small_disk(place):
    place.mkdir()
    if not mounted(place, "-o", "size=48k"):
        pytest.skip("no small disk can be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def test_on_a_full_disk_and_on_one_that_is_read_only_it_goes_on(tmp_path):
    disk = tmp_path / "disk"
    with small_disk(disk), Program(disk, SMALL) as show:
        show.said = tmp_path / "said.txt"
        with (disk / "filler").open("wb", buffering=0) as filler, pytest.raises(OSError, match="No space"):
            while True:
                filler.write(bytes(512))
        show.start()
        begun(show)
        show.set("look/grain", 0.5)
        show.until(lambda: (show.figure("facets_faults_total") or 0) >= 2, "what cannot be written is told", LONG)
        before = show.figure("facets_presented_total")
        show.until(lambda: show.figure("facets_presented_total") > before, "more pictures", LONG)
        (disk / "filler").unlink()
        show.until(lambda: show.state.exists() and "look/grain" in show.state.read_text(), "the state, once there is room", LONG)
        assert show.end(LONG) == 0 and "Traceback" not in show.said.read_text()
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        show.start()
        begun(show)
        assert show.control("look/grain") == 0.5
        show.set("look/grain", 0.25)
        show.until(lambda: (show.figure("facets_faults_open") or 0) >= 1, "what cannot be written is told", LONG)
        show.signal(signal.SIGTERM)
        assert show.wait(LONG) == 0 and "Traceback" not in show.said.read_text()
