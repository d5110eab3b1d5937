"""A show as the operator's page sees it: real capture of stand-in cameras, real books and pages, without networks. A thread turns it."""

import json
import threading
import time
import urllib.error
import urllib.request

import numpy as np

from installation.app import Installation  # noqa: F401  # the whole is imported once, before the clock of any test runs
from installation.assembly.operating import Operated, Operating
from installation.assembly.options import RunOptions
from installation.assembly.source import SourceOpening
from installation.capturing import CaptureLoop
from installation.clock import MonotonicClock
from installation.config import load_config
from installation.control.state import ControlState
from installation.control.web.preview import Preview
from installation.control.web.server import WebPanel
from installation.control.zone_book import ZoneBook
from installation.errors import SourceError
from installation.messages import Expression, Face, Frame, TrackedFrame
from installation.operation.health import Health
from installation.slot import Slot
from installation.sources.watch import PictureWatch
from installation.zones import Zone
from tests.control.web.conftest import SEEN, control_config, table

BOX = (300.0, 200.0, 420.0, 340.0)  # of the face that the tracker says it sees, px


def face() -> Face:
    spread = np.stack(np.meshgrid(np.linspace(310, 410, 26), np.linspace(210, 330, 18)), -1).reshape(-1, 2).astype(np.float32)
    return Face(0, spread, BOX, Expression(), 1.0, True, 1.0)


class OperatedShow:
    """folder: where it keeps its files. Settings go over those here."""

    def __init__(self, folder, *overrides, options=None, web=None):
        self.folder = folder
        files = [f"capture.camera_file={folder}/camera.json", f"faces.room_file={folder}/room.json"]
        self.config = load_config(None, ["source=stand-in:left", *files, *overrides])
        self.quits, self.forbidden, self.lost = 0, [], ""
        self.operating = Operating(self.config, options or RunOptions(), self._quit)
        self.health, self.clock, self.frames = Health(), MonotonicClock(), Slot()
        self.state = ControlState(table())
        self.state.set("look/mirror", False)
        opening = SourceOpening(self.config, self.clock, self.health, False, None, self.operating.cameras)

        def opened():
            if self.lost:
                raise SourceError(self.lost)
            return opening.open()

        self.capture = CaptureLoop(opened, self.frames, self.health, opened(), watch=PictureWatch(0))
        self.preview = Preview(allowed=True)
        self.operating.tracker.allowed = True
        zones = ZoneBook((Zone(0.0, 0.0, 0.1, 0.2),))
        self.operating.join(Operated(self.capture, self.health, self.state, zones, self.clock.now, self._forbid))
        self.panel = WebPanel(self.state, control_config(**(web or {})), lambda: SEEN, self.preview, zones=zones, operator=self.operating)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._turn)
        self._thread.start()
        self.panel.start()
        self.address = f"http://127.0.0.1:{self.panel.port}"

    def _quit(self):
        self.quits += 1

    def _forbid(self):
        self.forbidden.append(self.capture.source.describe())
        self.operating.tracker.allowed = self.preview.allowed = False

    def _turn(self):
        while not self._stop.is_set():
            now = self.clock.now()
            self.capture.step(now)
            frame = self.frames.take()
            if frame is not None:
                self.operating.tracked(TrackedFrame(Frame(frame.index, frame.time, frame.image), (face(),)), now)
                self.preview.offer(frame.image, now)

    def ask(self, path, wish=None, data=None, headers=None):
        """Status and answer of a request to the page."""
        body = data if data is not None else None if wish is None else json.dumps(wish).encode()
        request = urllib.request.Request(f"{self.address}/operator/{path}", body, headers or {})
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                return reply.status, json.loads(reply.read())
        except urllib.error.HTTPError as err:
            text = err.read()
            return err.code, json.loads(text) if text.startswith(b"{") else text.decode()

    def desk(self):
        return self.ask("desk")[1]

    def until(self, check, seconds=60):
        end = time.monotonic() + seconds
        while not check(told := self.desk()):
            assert time.monotonic() < end, told
            time.sleep(0.05)
        return told

    def end(self):
        self._stop.set()
        self.panel.stop()
        self._thread.join()
        self.operating.close()
        self.capture.tear_down()
