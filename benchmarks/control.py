"""What a flood of OSC does to the picture, and how soon a control shows, beside the machine's matrix rate and what was stolen.

    scripts/run benchmarks/control.py [--source demo] [--seconds 60] [--malformed 1000000]

The show runs without a screen in this process; the flood comes from another one. It goes by turns into the show and beside it, to
a port that nobody reads, so that what the sender and a neighbour take is taken from both. Prints rates, gaps between pictures,
delays from sending a control to the picture that shows it, and what a million malformed packets left behind.
"""

import argparse
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from mirror import cpu_times, matrix_rate  # noqa: E402
from osc_flood import FLOOD_RATE, message  # noqa: E402

from installation.app import Installation  # noqa: E402
from installation.assembly.options import RunOptions  # noqa: E402
from installation.config import load_config  # noqa: E402
from installation.control.osc.server import OscServer  # noqa: E402
from installation.operation.health import rss_mb  # noqa: E402

LOOK, EDIT = "look/brightness", "edit/age/amount"  # the controls whose delay is measured; the flood leaves them alone
PROBE_SECONDS = 1.0  # between two probes: longer than their glide, and than what is allowed for an edit at p99
STRETCH = 10.0  # s of quiet or flood at a time
SETTLE = 8.0  # s before anything is measured
GAP = 0.05  # s between pictures that a visitor might notice


@dataclass
class Watcher:
    """Follows which values the pictures show. Times are seconds of the monotonic clock."""

    show: Installation
    shown: list[float] = field(default_factory=list)  # when each picture was presented
    looks: list[tuple[float, float]] = field(default_factory=list)  # presented, mean of the pixels
    edits: list[tuple[float, float]] = field(default_factory=list)  # presented, the edit's value in the portraits
    drawn: list[float] = field(default_factory=list)  # when portraits were done
    _drawn: dict[int, float] = field(default_factory=dict)
    _value: float = 0.0

    def __post_init__(self) -> None:
        synthesis, display = self.show.loops.synthesis, self.show.loops.display
        edit, put, step = synthesis.edit.edit, synthesis.out.put, display.step

        def edited(encoded, controls, now):  # type: ignore[no-untyped-def]
            self._value = controls.number(EDIT)
            return edit(encoded, controls, now)

        def handed_on(portraits):  # type: ignore[no-untyped-def]
            self._drawn[id(portraits)] = self._value
            self.drawn.append(time.monotonic())
            put(portraits)

        def displayed(now):  # type: ignore[no-untyped-def]
            step(now)
            moment, newest = time.monotonic(), display._newest
            self.shown.append(moment)
            self.looks.append((moment, float(np.mean(self.show.canvas.read()[::16, ::16]))))
            if newest is not None:
                self.edits.append((moment, self._drawn.get(id(newest), 0.0)))

        synthesis.edit.edit, synthesis.out.put, display.step = edited, handed_on, displayed  # type: ignore[method-assign]


@dataclass
class Probe:
    """Moves one control to and fro, and remembers when."""

    address: str
    values: tuple[float, float]
    sent: list[tuple[float, float]] = field(default_factory=list)  # when, and to which value

    def send(self, sender: socket.socket, port: int) -> None:
        value = self.values[len(self.sent) % 2]
        self.sent.append((time.monotonic(), value))
        sender.sendto(message(f"/facets/{self.address}", value), ("127.0.0.1", port))

    def delays(self, seen: Sequence[tuple[float, float]], step: float, spans: Sequence[tuple[float, float]]) -> list[float]:
        """ms from each sending within ``spans`` to the first picture that has gone a part ``step`` of the way."""
        found = []
        for moment, value in self.sent:
            if not any(a <= moment < b for a, b in spans):
                continue
            before = [v for t, v in seen if t <= moment]
            after = [(t, v) for t, v in seen if moment < t < moment + PROBE_SECONDS]
            if not before or not after:
                continue
            start, other = before[-1], self.values[0] if value == self.values[1] else self.values[1]
            rises = value > other
            moved = [t for t, v in after if (v > start * (1 + step) + 1e-6 if rises else v < start * (1 - step) - 1e-6)]
            found.append(1e3 * (moved[0] - moment) if moved else 1e3 * PROBE_SECONDS)
        return found


def rates(watcher: Watcher, spans: Sequence[tuple[float, float]]) -> tuple[float, float, int, float]:
    """Pictures a second (median of the stretches), longest gap in ms, gaps beyond GAP, median gap in ms."""
    parts = [[t for t in watcher.shown if a <= t < b] for a, b in spans]
    gaps = np.concatenate([np.diff(part) for part in parts] + [[0.0]])
    fps = median(len(part) / (b - a) for part, (a, b) in zip(parts, spans, strict=True))
    return fps, 1e3 * float(gaps.max()), int((gaps > GAP).sum()), 1e3 * float(np.median(gaps))


def flood(kind: str, port: int, count: int) -> subprocess.Popen[bytes]:
    """``valid`` or ``malformed`` packets from a process of their own."""
    return subprocess.Popen([sys.executable, str(ROOT / "benchmarks" / "osc_flood.py"), kind, str(port), str(count)])


@dataclass
class Trial:
    """A show, the hands that reach it, and when they did what."""

    show: Installation
    watcher: Watcher
    look: Probe = field(default_factory=lambda: Probe(LOOK, (0.75, 1.0)))
    edit: Probe = field(default_factory=lambda: Probe(EDIT, (1.5, 0.0)))
    spans: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.server = next(part for part in self.show.desk._parts if isinstance(part, OscServer))
        self._stopped = threading.Event()

    def conduct(self, seconds: float, packets: int) -> None:
        """The flood by turns beside the show and into it, then what is malformed, and the end."""
        time.sleep(SETTLE)
        threading.Thread(target=self._probe, daemon=True).start()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as elsewhere:
            elsewhere.bind(("127.0.0.1", 0))
            beside = elsewhere.getsockname()[1]
            for _ in range(max(1, round(seconds / STRETCH))):
                self._stretch("valid beside", beside, int(STRETCH * FLOOD_RATE))
                received = self.server.received
                self._stretch("valid", self.server.port, int(STRETCH * FLOOD_RATE))
                self.lines.append(f"valid: {(self.server.received - received) / STRETCH:.0f} messages/s read")
            if packets:
                self._stretch("malformed beside", beside, packets // 5)
                self._break(packets)
        self._stopped.set()
        self.show.quit()

    def _stretch(self, name: str, port: int, count: int) -> None:
        began = time.monotonic()
        flood(name.split(maxsplit=1)[0], port, count).wait()
        self.spans.setdefault(name, []).append((began + 1.0, time.monotonic()))

    def _probe(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            while not self._stopped.wait(PROBE_SECONDS / 2):
                self.look.send(sender, self.server.port)
                if self._stopped.wait(PROBE_SECONDS / 2):
                    return
                self.edit.send(sender, self.server.port)

    def _break(self, packets: int) -> None:
        received, ignored, memory = self.server.received, self.show.controls.counts().ignored, rss_mb()
        began = time.monotonic()
        self._stretch("malformed", self.server.port, packets)
        time.sleep(1.0)
        self.lines.append(
            f"malformed: {packets} sent in {time.monotonic() - began - 1:.0f} s, {self.server.received - received} messages read, "
            f"{self.show.controls.counts().ignored - ignored} ignored; memory {memory:.0f} -> {rss_mb():.0f} MB"
        )
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(message("/facets/look/grain", 0.123), ("127.0.0.1", self.server.port))
        time.sleep(0.5)
        self.lines.append(f"listener alive: {self.show.controls.target('look/grain') == 0.123}")

    def table(self) -> list[str]:
        """A row for each kind of stretch."""
        rows = [
            "                  pictures/s  portraits every  gap p50 ms  longest ms  gaps > 50 ms   look p50   p99 ms   edit p50   p99 ms"
        ]
        for name, spans in self.spans.items():
            if not spans:
                continue
            fps, longest, many, usual = rates(self.watcher, spans)
            drawn = [np.diff([t for t in self.watcher.drawn if a <= t < b]) for a, b in spans]
            every = 1e3 * float(np.median(np.concatenate([*drawn, [0.0]])))
            look = np.percentile(self.look.delays(self.watcher.looks, 0.03, spans) or [0.0], (50, 99))
            edit = np.percentile(self.edit.delays(self.watcher.edits, 0.001, spans) or [0.0], (50, 99))
            figures = "   ".join(f"{p50:8.0f} {p99:8.0f}" for p50, p99 in (look, edit))
            rows.append(f"{name:<17} {fps:10.2f}  {every:12.0f} ms  {usual:10.1f}  {longest:10.0f}  {many:12d}   {figures}")
        return rows


def run(source: str, seconds: float, packets: int, more: Sequence[str]) -> None:
    """One show, and the table of what came of it."""
    overrides = [f"source={source}", "canvas.mode=headless", "control.osc.port=0", "control.osc.out_port=0"]
    overrides += ["control.web.enabled=false", "control.midi.enabled=false"]
    # The waves stand still, so that the portraits change by hand alone.
    overrides += [f"controls.edit/{name}/lfo/depth=0.0" for name in ("age", "smile", "gender")]
    show = Installation(load_config(None, [*overrides, *more]), RunOptions())
    trial = Trial(show, Watcher(show))
    rate, (stolen, total) = matrix_rate(), cpu_times()
    conductor = threading.Thread(target=trial.conduct, args=(seconds, packets), daemon=True)
    conductor.start()
    report = show.run()
    conductor.join()
    stolen, total = (after - before for before, after in zip((stolen, total), cpu_times(), strict=True))
    print(
        f"{report.engine} {report.precision} {report.portrait_px} px, {report.portrait_fps:.1f} portraits/s, {report.faces_max} faces, "
        f"R {(rate + matrix_rate()) / 2:.0f} GFLOP/s, steal {100 * stolen / max(1, total):.1f} %"
    )
    print("\n".join([*trial.table(), *trial.lines, f"faults: {report.faults or 'none'}"]))


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure the controls.")
    parser.add_argument("--source", default="demo")
    parser.add_argument("--seconds", type=float, default=60, help="of flood, in stretches of ten")
    parser.add_argument("--malformed", type=int, default=1_000_000, help="packets")
    parser.add_argument("--set", dest="overrides", action="append", default=[], metavar="KEY=VALUE", help="of the configuration")
    a = parser.parse_args()
    run(a.source, a.seconds, a.malformed, a.overrides)
    return 0


if __name__ == "__main__":
    sys.exit(main())
