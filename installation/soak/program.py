"""The real program as a child process, with a folder and ports of its own; asked from outside, as the world would."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

import aiohttp
import cv2
import numpy as np
from pythonosc.udp_client import SimpleUDPClient

from installation.errors import FaultError
from installation.messages import Image

RUN = "from installation import show, start; start.prepare(); show.leave(show.main())"
BRIGHT = 99.5  # % of a picture that are darker than its brightest parts: a lamp's point is no picture
ANSWER_SECONDS = 10.0  # that the panel's server may take
PICTURE_SECONDS = 3.0  # that a picture of the canvas may take
LOOK = 0.1  # s between two looks at what is waited for


def free_port(kind: socket.SocketKind) -> int:
    """A port that nothing has just now."""
    with socket.socket(socket.AF_INET, kind) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Program:
    """One show, started as often as it is asked to. folder: of its state, log and output; arguments: beside those; environ: over the
    environment of this process."""

    def __init__(self, folder: Path, arguments: Sequence[str] = (), environ: Mapping[str, str] | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.state, self.said = folder, folder / "state.json", folder / "said.txt"
        self.web, self.osc = free_port(socket.SOCK_STREAM), free_port(socket.SOCK_DGRAM)
        own = {
            "control.resume_file": self.state, "control.web.port": self.web, "control.osc.port": self.osc, "control.osc.out_port": 0,
            "control.midi.file": folder / "midi.yaml", "control.midi.enabled": "false", "operation.log_folder": folder / "logs",
        }  # fmt: skip
        self.arguments = [*(word for key, value in own.items() for word in ("--set", f"{key}={value}")), *arguments]
        self._environ = os.environ | {"PYTHONUTF8": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))} | dict(environ or {})
        self._process: subprocess.Popen[bytes] | None = None
        self._hand = SimpleUDPClient("127.0.0.1", self.osc)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        """Its process; 0 where none runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else 0

    def start(self, *more: str) -> None:
        """Begin. more: arguments of this start alone."""
        with self.said.open("ab") as said:
            self._process = subprocess.Popen(
                [sys.executable, "-c", RUN, *self.arguments, *more], stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=self._environ
            )

    def wait(self, seconds: float) -> int:
        """Its exit code, minus the signal that killed it. Raises FaultError where it does not end."""
        assert self._process is not None
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise FaultError(f"process {self._process.pid} has not ended within {seconds:g} s") from None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal; nothing where it does not run."""
        if self.pid:
            os.kill(self.pid, number)

    def end(self, seconds: float = 60.0) -> int:
        """Ask it to end, as a service manager does; its exit code. Raises FaultError where it does not."""
        self.signal(signal.SIGTERM)
        return self.wait(seconds)

    def kill(self) -> None:
        """As a power cut would, at once; more than once does no harm."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def until(self, holds: Callable[[], object], what: str, seconds: float) -> float:
        """Wait for something; how long that took, in s. Raises FaultError where it does not come, or the program has ended."""
        began = time.monotonic()
        while not holds():
            passed = time.monotonic() - began
            if not self.pid:
                raise FaultError(f"{what}: the program has ended; its last words: {self.last_words()}")
            if passed > seconds:
                raise FaultError(f"{what}: not within {seconds:g} s")
            time.sleep(LOOK)
        return time.monotonic() - began

    def last_words(self, count: int = 400) -> str:
        """The end of what it printed."""
        with contextlib.suppress(OSError):
            return self.said.read_text(encoding="utf-8", errors="replace")[-count:].strip()
        return ""

    def metrics(self) -> dict[str, float]:
        """Its figures by name, with their labels as they are written; empty where it does not answer."""
        rows = (line.rpartition(" ") for line in self._get("/metrics").splitlines() if line and not line.startswith("#"))
        return {name: float(value) for name, _, value in rows}

    def figure(self, name: str) -> float | None:
        """One of them; None where it is not told."""
        return self.metrics().get(name)

    def set(self, address: str, value: float | bool | str) -> None:
        """Move a control, over OSC: ``look/grain``."""
        self._hand.send_message(f"/facets/{address}", value)

    def control(self, address: str) -> object:
        """What a control is set to, over OSCQuery; None where nothing answers."""
        answer = self._get(f"/facets/{address}?VALUE")
        return json.loads(answer)["VALUE"][0] if answer else None

    def brightest(self) -> float | None:
        """How bright the brightest parts of the canvas are, 0 to 255, by the panel's picture; None where that is not shown, as of a live
        camera."""
        try:
            picture = asyncio.run(asyncio.wait_for(self._picture(), PICTURE_SECONDS))
        except (OSError, aiohttp.ClientError, TimeoutError, cv2.error):
            return None
        return None if picture is None else float(np.percentile(picture, BRIGHT))

    async def _picture(self) -> Image | None:
        async with aiohttp.ClientSession() as session, session.ws_connect(f"http://127.0.0.1:{self.web}/panel/preview") as panel:
            await panel.send_str("next")
            message = await panel.receive()
        if message.type is not aiohttp.WSMsgType.BINARY:
            return None
        return np.asarray(cv2.imdecode(np.frombuffer(message.data, np.uint8), cv2.IMREAD_COLOR), np.uint8)

    def _get(self, path: str) -> str:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.web}{path}", timeout=ANSWER_SECONDS) as answer:
                return str(answer.read().decode())
        except (OSError, urllib.error.URLError, ValueError):
            return ""
