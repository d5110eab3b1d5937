"""How long a move takes from one hand to the others: panel to panel, and OSC to panel, with the show running beside it.

    scripts/run -m benchmarks.panel_step [--moves 300] [--panels 10]

Every panel is a WebSocket that reads all it is sent. Prints the median, p99 and the worst in ms over all moves and panels, and
what the memory and the presented pictures did meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import socket
import statistics
import time
from concurrent.futures import ProcessPoolExecutor

import aiohttp

from installation.control.osc.encoding import message

PAUSE = 0.045  # s between two moves, no multiple of the server's thirtieth


class Watcher:
    """One panel: when it saw which value of look/grain."""

    def __init__(self) -> None:
        self.seen: dict[float, float] = {}
        self.bytes = 0

    async def watch(self, link: aiohttp.ClientWebSocketResponse) -> None:
        async for got in link:
            self.bytes += len(got.data)
            value = json.loads(got.data).get("values", {}).get("look/grain")
            if value is not None:
                self.seen.setdefault(round(value, 5), time.monotonic())


def measured(port: int, osc: int, moves: int, panels: int) -> dict[str, list[float]]:
    """``measure`` in a process of its own: hands and panels are not part of the show."""
    return asyncio.run(measure(port, osc, moves, panels))


async def measure(port: int, osc: int, moves: int, panels: int) -> dict[str, list[float]]:
    """Delays in ms, by the hand that moved."""
    delays: dict[str, list[float]] = {"panel": [], "OSC": []}
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    async with aiohttp.ClientSession() as session:
        links = [await session.ws_connect(f"ws://127.0.0.1:{port}/panel/socket", max_msg_size=1 << 22) for _ in range(panels)]
        watchers = [Watcher() for _ in links]
        tasks = [asyncio.ensure_future(watcher.watch(link)) for watcher, link in zip(watchers, links, strict=True)]
        await asyncio.sleep(1.0)
        for hand in ("panel", "OSC"):
            sent: dict[float, float] = {}
            for watcher in watchers:
                watcher.seen.clear()
            for i in range(moves):
                value = round((i + 1) / (moves + 2), 5)
                sent[value] = time.monotonic()
                if hand == "panel":
                    await links[0].send_str(json.dumps({"set": {"look/grain": value}, "n": i + 1}))
                else:
                    udp.sendto(message("/facets/look/grain", value), ("127.0.0.1", osc))
                await asyncio.sleep(PAUSE)
            await asyncio.sleep(1.0)
            others = watchers[1:] or watchers
            delays[hand] = [1e3 * (watcher.seen[v] - t) for watcher in others for v, t in sent.items() if v in watcher.seen]
            print(f"{hand}: {len(delays[hand])} of {len(sent) * len(others)} values seen by the {len(others)} others")
        for task in tasks:
            task.cancel()
        print(f"sent to a panel: {watchers[-1].bytes / 1000:.0f} kB")
    return delays


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--moves", type=int, default=300)
    parser.add_argument("--panels", type=int, default=10)
    given = parser.parse_args()
    from benchmarks.show_aside import show_aside
    from installation.assembly.options import RunOptions  # late: the process outside needs none of it
    from installation.config import load_config
    from installation.operation.health import rss_mb

    settings = ["canvas.mode=headless", "control.web.port=0", "control.osc.port=19000", "control.osc.out_port=0"]
    with show_aside(load_config(None, settings), RunOptions()) as show:
        time.sleep(20)
        assert show.desk.panel is not None
        before, count, start = rss_mb(), show.health.presented.count, time.monotonic()
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as outside:
            delays = outside.submit(measured, show.desk.panel.port, 19000, given.moves, given.panels).result()
        fps = (show.health.presented.count - count) / (time.monotonic() - start)
        for hand, values in delays.items():
            ordered = sorted(values)
            p99 = ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]
            print(f"{hand} -> panels: median {statistics.median(ordered):.0f} ms, p99 {p99:.0f} ms, worst {ordered[-1]:.0f} ms")
        print(f"presented {fps:.1f} fps; memory {before:.0f} -> {rss_mb():.0f} MB")


if __name__ == "__main__":
    main()
