"""A heartbeat over MQTT, for a house with many mirrors: whether this one is there, and how it fares. The package ``aiomqtt`` speaks it.

    facets/NAME/online      true, and false when it ends or is not heard of any more (the broker says that itself: the last will)
    facets/NAME/heartbeat   one JSON object with the figures

Both are retained, so that whoever comes later knows at once. Nothing of a visitor is in it: how many there are, and no more.
"""

from __future__ import annotations

import asyncio
import json
import re
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from typing import Any

from installation import __version__
from installation.errors import ConfigError
from installation.observation import Measures, Observation

FIRST, MOST = 1.0, 60.0  # s between attempts to reach the broker
STOP_SECONDS = 1.0  # that the goodbye may take, of the three in which a show has ended
ANSWER_SECONDS = 10.0  # that the broker may take
KEEP_ALIVE = 3  # times the heartbeat, after which the broker calls it dead, and KEEP_LEAST s at least
KEEP_LEAST = 15
KIND = "mqtt"  # the fault of a broker that does not answer
MISSING = "the heartbeat needs the Python package aiomqtt, which is not here: pip install aiomqtt (the extra `mqtt`), or leave host empty"
OTHER = re.compile(r"[^A-Za-z0-9_.-]+")  # what no name of a mirror has in a topic


@dataclass(frozen=True, slots=True)
class Broker:
    """host, port, tls: where it is; user, password: "" for none; topic: above the mirror's name; name: of this mirror; seconds: between
    two heartbeats."""

    host: str
    port: int
    tls: bool
    user: str
    password: str
    topic: str
    name: str
    seconds: float

    @property
    def base(self) -> str:
        """The topic of this mirror."""
        return f"{self.topic.strip('/')}/{OTHER.sub('-', self.name) or 'mirror'}"


def check_package() -> None:
    """Raise ConfigError where ``aiomqtt`` is missing."""
    if find_spec("aiomqtt") is None:
        raise ConfigError(MISSING)


class Heartbeat:
    """Beats in a thread of its own from ``start`` to ``stop``. fault, over: as of ``Health``: told that the broker does not answer, and
    that it does again."""

    def __init__(
        self,
        broker: Broker,
        observe: Callable[[], Observation],
        measure: Callable[[], Measures],
        fault: Callable[[str, str], None],
        over: Callable[[str], None],
    ) -> None:
        self._broker, self._observe, self._measure, self._fault, self._over = broker, observe, measure, fault, over
        self._loop: asyncio.AbstractEventLoop | None = None  # it holds files: none before the start
        self._end = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)

    def start(self) -> None:
        """Begin. Raises ConfigError where the package is missing."""
        check_package()
        self._loop = asyncio.new_event_loop()
        self._thread.start()

    def stop(self) -> None:
        """Say that this mirror is gone, if that can be said soon, and end. More than once, or before the start, does no harm."""
        if self._loop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._end.set)
            self._thread.join(STOP_SECONDS)  # a broker that hangs is left behind: its own last will says that this mirror is gone

    def _run(self) -> None:
        loop = self._loop
        assert loop is not None
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(self._beat())

    async def _beat(self) -> None:
        wait = FIRST
        while not self._end.is_set():
            try:
                async with self._client() as client:
                    self._over(KIND)
                    wait = FIRST
                    await self._while_connected(client)
            except Exception as err:  # the broker, the network, a name that is not known: whatever it is, it may come back
                where = f"{self._broker.host}:{self._broker.port}"
                self._fault(f"operation.mqtt: {where}: the broker does not answer ({err or type(err).__name__})", KIND)
            await self._sleep(wait)
            wait = min(MOST, 2 * wait)

    def _client(self) -> Any:
        import aiomqtt

        b = self._broker
        will = aiomqtt.Will(f"{b.base}/online", "false", qos=1, retain=True)
        return aiomqtt.Client(
            b.host,
            b.port,
            username=b.user or None,
            password=b.password or None,
            identifier=f"facets-{b.base.replace('/', '-')}",
            will=will,
            timeout=ANSWER_SECONDS,
            keepalive=max(KEEP_LEAST, int(KEEP_ALIVE * b.seconds)),
            tls_context=ssl.create_default_context() if b.tls else None,
        )

    async def _while_connected(self, client: Any) -> None:
        base = self._broker.base
        await client.publish(f"{base}/online", "true", qos=1, retain=True)
        while not self._end.is_set():
            body = await asyncio.to_thread(lambda: heartbeat(self._observe(), self._measure()))
            await client.publish(f"{base}/heartbeat", json.dumps(body), qos=1, retain=True)
            await self._sleep(self._broker.seconds)
        await client.publish(f"{base}/online", "false", qos=1, retain=True, timeout=STOP_SECONDS)

    async def _sleep(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._end.wait(), seconds)
        except TimeoutError:
            return


def heartbeat(seen: Observation, m: Measures) -> dict[str, object]:
    """What one heartbeat says."""
    return {
        "time": datetime.now().astimezone().isoformat(timespec="seconds"),
        "version": __version__,
        "up_s": round(seen.seconds),
        "fps": round(seen.presented_fps, 1),
        "gap_ms": round(1000 * m.gap),
        "portraits_fps": round(seen.portrait_fps, 1),
        "delay_ms": round(seen.delay_ms),
        "faces": seen.faces,
        "visitors": m.visitors,
        "dropped": seen.dropped,
        "frame_age_s": None if seen.frame_age is None else round(seen.frame_age, 1),
        "faults": [record.text for record in seen.fault_log if record.open],
        "memory_mb": round(seen.memory_mb),
        "threads": m.threads,
        "files": m.files,
        "celsius": m.celsius,
        "open": None if seen.schedule is None else seen.schedule.open,
        "safe_mode": m.safe,
        "engine": seen.engine,
        "portrait_px": seen.portrait_px,
    }
