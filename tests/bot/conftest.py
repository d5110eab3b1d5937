"""A bot that really runs: on a thread of its own, against a Bot API server on the loopback."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import pytest

os.environ.setdefault("PTB_TIMEDELTA", "1")  # as the command does
pytest.importorskip("telegram")

from installation.bot.counter import Rules
from installation.bot.lab import Lab, Print
from installation.bot.order import Order
from installation.bot.service import Account, serve
from installation.config import load_config
from tests.bot.api_server import PATIENCE, TOKEN, ApiServer

ROOT = Path(__file__).resolve().parents[2]
STEADY = ("engine.backend=eager", "engine.precision=float32", "engine.device=cpu", "engine.threads=1", "models.children=[]")


class Gate:
    """The lab behind a gate that a test opens: whoever is served waits there. change: of the orders that come."""

    def __init__(self, lab: Lab) -> None:
        self.lab, self.open = lab, threading.Event()
        self.open.set()
        self.attributes, self.styles = lab.attributes, lab.styles
        self.orders: list[Order] = []
        self.change: Callable[[Order], Order] = lambda order: order

    def develop(self, order: Order, data: bytes | None, wanted: Callable[[], bool]) -> Print:
        self.orders.append(order)
        assert self.open.wait(PATIENCE)
        return self.lab.develop(self.change(order), data, wanted)


class Running:
    """A bot at work. fault: what it ended with."""

    def __init__(self, server: ApiServer, lab: Gate, rules: Rules, rival_seconds: float) -> None:
        self.server, self.gate, self.fault = server, lab, None
        self._account = Account(TOKEN, server.url, wait=0.05, rival_seconds=rival_seconds)
        self._rules, self._ready = rules, threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        assert self._ready.wait(PATIENCE)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as err:
            self.fault = err

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._ready.set()
        await serve(self._account, self._rules, self.gate, self._stop)  # type: ignore[arg-type]

    def end(self) -> None:
        if self.thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    cv2.setNumThreads(1)
    made = Lab(load_config(None, list(STEADY)))
    yield made
    made.close()


@pytest.fixture
def server() -> Iterator[ApiServer]:
    with ApiServer() as made:
        yield made


@pytest.fixture
def start(server: ApiServer, lab: Lab) -> Iterator[Callable[..., Running]]:
    """Start a bot; it ends with the test."""
    made: list[Running] = []

    def one(rival_seconds: float = 60.0, **rules: object) -> Running:
        made.append(Running(server, Gate(lab), Rules(**rules), rival_seconds))
        return made[-1]

    yield one
    for running in made:
        running.gate.open.set()
        running.end()


@contextmanager
def closed(running: Running) -> Iterator[None]:
    """While the block lasts nobody gets past the gate."""
    running.gate.open.clear()
    yield
    running.gate.open.set()
