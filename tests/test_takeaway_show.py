"""Whole shows whose visitors take pictures home: from the button to the phone, and what a killed one leaves."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow
from pythonosc.udp_client import SimpleUDPClient

from benchmarks.show_aside import show_aside
from installation.app import Installation
from installation.assembly.options import RunOptions
from installation.assembly.takeaways import Takeaways
from installation.config import load_config
from installation.errors import ConfigError
from installation.takeaways.kept import NOTE, STILL

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[1]
CLIP = ROOT / "tests" / "data" / "yes.mkv"
CHOSEN = (
    "engine.backend=openvino", "engine.precision=float32", "engine.threads=1", "engine.portrait_px=64", "canvas.renderer=plain",
    "canvas.mode=headless", "canvas.width=960", "canvas.height=540", "control.osc.enabled=false", "control.midi.enabled=false",
    "control.web.port=0",
)  # fmt: skip


def config(folder, *more):
    mine = (f"takeaways.folder={folder}", "takeaways.enabled=true", "takeaways.countdown_seconds=2", "takeaways.code_seconds=600")
    return load_config(None, [f"source={CLIP}", *CHOSEN, *mine, *more])


def until(holds, what, seconds=240.0):
    """Wait for something that a loaded machine may take long to do, and give it back."""
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.1)
    return found


def test_from_the_button_to_the_phone(tmp_path):
    seen = []
    with show_aside(config(tmp_path / "kept"), RunOptions()) as show:
        until(lambda: show.health.smiles, "a visitor")
        show.controls.set("takeaway/take", True, "osc")
        until(lambda: show.takeaways.booth.shown, "a picture")

        def code():
            canvas = show.canvas.read().copy()
            seen.append(canvas)
            found = cv2.QRCodeDetector().detectAndDecode(cv2.cvtColor(canvas, cv2.COLOR_RGB2BGR))[0]
            return found.rpartition("/take/")[2]

        secret = until(code, "a code that can be read")
        connection = http.client.HTTPConnection("127.0.0.1", show.desk.panel.port, timeout=60)

        def ask(path):
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()

        assert ask(f"/take/{secret}")[0] == 200
        status, picture = ask(f"/take/{secret}/{STILL}")
        (tmp_path / "picture.jpg").write_bytes(picture)
        still = np.asarray(Pillow.open(tmp_path / "picture.jpg"))
        assert status == 200 and still.shape == (540, 960, 3) and still.std() > 20
        until(lambda: ask(f"/take/{secret}/boomerang.gif")[0] == 200, "the last film")
        assert show.health.faults == []
    (kept,) = [place for place in (tmp_path / "kept").iterdir() if place.is_dir()]
    assert len(list(kept.iterdir())) == 9  # what was whole stays for its time


def test_a_show_that_is_killed_leaves_its_takeaways_to_the_next_one_and_no_half_of_any(tmp_path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder, log = tmp_path / "kept", tmp_path / "log"
    sets = [f"takeaways.folder={folder}", "takeaways.enabled=true", "takeaways.countdown_seconds=2", *CHOSEN[:9], "control.web.port=0"]
    more = ["control.osc.enabled=true", f"control.osc.port={port}", "control.osc.out_port=0"]
    command = [sys.executable, "run_installation.py", "--source", str(CLIP), *(word for one in (*sets, *more) for word in ("--set", one))]
    with log.open("w") as out:
        process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out, env=dict(os.environ))
        try:
            client = SimpleUDPClient("127.0.0.1", port)

            def taken():
                assert process.poll() is None, log.read_text()
                if not any(folder.glob("*")) or not any(folder.glob(f"*/{NOTE}")):
                    client.send_message("/facets/takeaway/take", True)
                    time.sleep(8.0)  # longer than a countdown, a film and what stores it: a second press would stop it
                return any(folder.glob(f"*/{NOTE}"))

            until(taken, "a takeaway")
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
    (kept,) = [place.parent for place in folder.glob(f"*/{NOTE}")]
    (folder / ".making-0").mkdir(exist_ok=True)
    next_one = Takeaways(config(folder), pytest.fail)
    assert kept.is_dir() and not list(folder.glob(".making-*"))
    assert next_one.office.shelf.of(kept.name).whole and next_one.notices()[0].startswith("takeaways: 1 of an earlier show")
    next_one.close()


def test_a_run_that_goes_as_fast_as_it_can_takes_nothing(tmp_path):
    show = Installation(config(tmp_path / "kept"), RunOptions(frames=3, lockstep=True))
    show.controls.set("takeaway/take", True, "key")
    show.run()
    assert not (tmp_path / "kept").exists()
    assert "visitors take nothing home" in show.controls.counts().last


def test_takeaways_without_a_web_server_are_a_mistake_that_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"takeaways\.enabled: .*control\.web\.enabled"):
        Installation(config(tmp_path / "kept", "control.web.enabled=false"), RunOptions(frames=1))
