"""What the photo page costs a running show, and how long somebody there waits, beside the machine's matrix rate and what was stolen.

    scripts/run -m benchmarks.studio [--source demo] [--photo PICTURE] [--rounds 5] [--stretch 15] [--set KEY=VALUE]

The show runs without a screen in this process; the person at the page is another process, which speaks HTTP as the page does: it
brings a photograph, then drags sliders without a rest, a small picture for each place of the slider and a fine one whenever it lets
go. Stretches with and without that person come by turns, so that what a neighbour takes is taken from both. Prints portraits and
pictures a second in each, the loss, and the waits in ms.
"""

from __future__ import annotations

import argparse
import http.client
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.mirror import cpu_times, matrix_rate
from benchmarks.show_aside import show_aside
from installation.app import Installation
from installation.assembly.options import RunOptions
from installation.config import load_config

SETTLE = 10.0  # s before anything is measured
DRAG = 12  # places of a slider in one move
EDITS = ("edit/age/amount", "edit/smile/amount", "edit/gender/amount", "edit/yaw/amount")


class Person:
    """Somebody at the page. port: the server's."""

    def __init__(self, port: int) -> None:
        self._link = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.waits: dict[str, list[float]] = {"first picture": [], "slider": [], "fine": []}

    def ask(self, path: str, body: bytes | None = None) -> bytes:
        """The answer. Raises SystemExit with what the server says where it gives none."""
        self._link.request("GET" if body is None else "POST", f"/studio/{path}", body)
        reply = self._link.getresponse()
        data = reply.read()
        if reply.status not in (200, 204):
            raise SystemExit(f"{path}: {reply.status} {data[:200]!r}")
        return data

    def timed(self, what: str, began: float) -> None:
        """A wait has ended."""
        self.waits[what].append(1e3 * (time.perf_counter() - began))

    def work(self, photo: bytes | None, seconds: float) -> None:
        """Bring a photograph and drag sliders for so long."""
        self.ask("desk")
        began = time.perf_counter()
        told = json.loads(self.ask("pictures?sample=2", b"") if photo is None else self.ask("pictures?name=photo", photo))
        face, one = str(told["chosen"]), f"pictures/{told['id']}"
        self.ask(f"{one}/drawn", _wish(face, EDITS[0], 1.0, True))
        self.timed("first picture", began)
        move, end = 0, time.monotonic() + seconds
        while time.monotonic() < end:
            name = EDITS[move % len(EDITS)]
            for place in range(DRAG):
                began = time.perf_counter()
                self.ask(f"{one}/drawn", _wish(face, name, 2.0 * place / DRAG - 1.0 + 0.001 * move, False))
                self.timed("slider", began)
            began = time.perf_counter()
            self.ask(f"{one}/drawn", _wish(face, name, 1.0 + 0.001 * move, True))
            self.timed("fine", began)
            move += 1
        self.ask(f"{one}/forget", b"")


def _wish(face: str, name: str, value: float, fine: bool) -> bytes:
    return json.dumps({"faces": {face: {name: value}}, "fine": fine}).encode()


def count(show: Installation) -> tuple[int, int]:
    """Portraits that were shown and pictures that were presented since the start."""
    return sum(show.health.portraits_per_face.values()), show.health.presented.count


def stretch(show: Installation, port: int | None, a: argparse.Namespace) -> tuple[float, float, dict[str, list[float]]]:
    """Portraits and pictures a second, and the waits, while somebody is at the page (port), or nobody (None)."""
    waits: dict[str, list[float]] = {}
    before, began = count(show), time.monotonic()
    if port is None:
        time.sleep(a.stretch)
    else:
        command = [sys.executable, "-m", "benchmarks.studio", "--person", str(port), "--stretch", str(a.stretch)]
        done = subprocess.run([*command, *(["--photo", str(a.photo)] if a.photo else [])], check=True, stdout=subprocess.PIPE)
        waits = json.loads(done.stdout)
    seconds = time.monotonic() - began
    portraits, pictures = (y - x for x, y in zip(before, count(show), strict=True))
    return portraits / seconds, pictures / seconds, waits


def measure(show: Installation, port: int, a: argparse.Namespace) -> None:
    """Stretches by turns; the first one with somebody makes what there is to make, and does not count."""
    stretch(show, port, a)
    quiet, busy, waits = [], [], dict[str, list[float]]()
    for _ in range(a.rounds):
        quiet.append(stretch(show, None, a)[:2])
        *rates, more = stretch(show, port, a)
        busy.append(rates)
        for what, these in more.items():
            waits.setdefault(what, []).extend(these)
    for k, what in enumerate(("portraits", "pictures")):
        alone, beside = (statistics.mean(one[k] for one in rows) for rows in (quiet, busy))
        print(f"{what:<10} {alone:6.1f} a second alone, {beside:6.1f} beside the studio: {100 * (beside / alone - 1):+.1f} %")
    for what, these in waits.items():
        ordered = sorted(these)
        p95 = ordered[int(0.95 * (len(ordered) - 1))]
        print(f"{what:<14} {statistics.median(ordered):6.0f} ms at the median, {p95:6.0f} at p95, of {len(ordered)}")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--source", default="demo")
    parser.add_argument("--photo", type=Path, help="a photograph with a face; otherwise one of the drawn visitors")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--stretch", type=float, default=15.0, help="s")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--person", type=int, metavar="PORT", help=argparse.SUPPRESS)
    a = parser.parse_args()
    if a.person:
        person = Person(a.person)
        person.work(a.photo.read_bytes() if a.photo else None, a.stretch)
        print(json.dumps(person.waits))
        return 0
    settings: list[Any] = [f"source={a.source}", "canvas.mode=headless", "canvas.width=1280", "canvas.height=720"]
    config = load_config(None, [*settings, "control.web.port=0", "control.osc.enabled=false", "control.midi.enabled=false", *a.set])
    rate, (stolen, total) = matrix_rate(), cpu_times()
    with show_aside(config, RunOptions()) as show:
        assert show.desk.panel is not None
        time.sleep(SETTLE)
        measure(show, show.desk.panel.port, a)
        print(f"{show.generate.choice}, portraits {show.generate.portrait_px} px, changes {show.generate.change_px} px")
    stolen, total = (y - x for x, y in zip((stolen, total), cpu_times(), strict=True))
    print(f"R {(rate + matrix_rate()) / 2:.0f} GFLOP/s, steal {100 * stolen / max(1, total):.1f} %")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
