"""The longest time between two presented pictures while presets are recalled, beside the machine's rate and what was stolen.

    scripts/run -m benchmarks.recall [--source demo] [--seconds 3] [--rounds 1] [--set KEY=VALUE]

The show runs without a screen in this process; every preset is recalled in turn, as a hand on OSC would. A row for each: the
longest gap, the gaps beyond 50 ms, and of the turn that made the longest gap: how late it began, how long compose took, how much
of that was its own processor time and how much it queued for a core (else it waited for another thread), and the rest of the turn.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.mirror import cpu_times, matrix_rate
from installation.app import Installation
from installation.assembly.options import RunOptions
from installation.config import load_config

SETTLE = 15.0  # s before anything is measured
GAP_MS = 50.0
HEAD = "                  longest ms  gaps > 50 ms   p99 ms   compose p50/p99 ms     of the longest: late  compose (own, queued)  rest ms"


@dataclass(frozen=True, slots=True)
class Turn:
    """One picture. shown: s of the monotonic clock; the others in ms."""

    shown: float
    gap: float  # since the picture before
    late: float  # how far it began after it was due
    compose: float
    own: float  # of compose, on the processor
    queued: float  # of compose, ready to run but without a core
    rest: float  # of the turn after the picture before was shown, until it slept


def queued_s() -> float:
    """Seconds that this thread has waited for a core since it began; 0 where the system does not tell."""
    try:
        return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return 0.0


@dataclass
class Stopwatch:
    """Times every turn of a show's display loop."""

    show: Installation
    turns: list[Turn] = field(default_factory=list)
    _shown: float = 0.0
    _slept: float = 0.0
    _woke: float = 0.0
    _late: float = 0.0
    _drawn: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        canvas, display = self.show.canvas, self.show.loops.display
        sleep, settle, step, pacer = canvas.wait, canvas.settle, display.step, canvas._pacer

        def wait() -> None:
            self._slept = time.monotonic()
            sleep()
            self._woke = time.monotonic()
            due = pacer._due - pacer.period if pacer is not None and pacer._due is not None else self._slept
            self._late = self._woke - max(due, self._slept)

        def even(even: bool) -> None:
            self._drawn = time.monotonic(), time.thread_time(), queued_s()
            settle(even)

        def turn(now: float) -> None:
            began, own, queued = time.monotonic(), time.thread_time(), queued_s()
            step(now)
            shown = time.monotonic()
            drawing = (b - a for a, b in zip((began, own, queued), self._drawn, strict=True))
            values = shown - self._shown, self._late, *drawing, self._slept - self._shown
            self.turns.append(Turn(shown, *(1e3 * value for value in values)))
            self._shown = shown

        canvas.wait, canvas.settle, display.step = wait, even, turn  # type: ignore[method-assign]

    def row(self, name: str, begin: float, end: float) -> str:
        """Figures of the pictures shown in a span of time."""
        turns = [turn for turn in self.turns[1:] if begin <= turn.shown < end]
        if not turns:
            return f"{name:<17} no pictures"
        worst = max(turns, key=lambda turn: turn.gap)
        gaps = [turn.gap for turn in turns]
        middle, most = np.percentile([turn.compose for turn in turns], (50, 99))
        late = f"{worst.late:9.0f}  {worst.compose:5.0f} ({worst.own:3.0f}, {worst.queued:5.0f})     {worst.rest:7.0f}"
        return (
            f"{name:<17} {worst.gap:10.0f}  {sum(gap > GAP_MS for gap in gaps):12d}  {np.percentile(gaps, 99):7.0f}  "
            f"{middle:9.1f} / {most:6.1f}                   {late}"
        )


def recall_all(show: Installation, names: Sequence[str], seconds: float, spans: list[tuple[str, float, float]]) -> None:
    """Recall each preset and let it show; the spans of time in which each was fading and showing go into ``spans``."""
    time.sleep(SETTLE)
    now = time.monotonic()
    spans.append(("before", now - SETTLE / 2, now))
    for name in names:
        begin = time.monotonic()
        show.controls.set("preset/recall", name, "osc 127.0.0.1")
        time.sleep(seconds)
        spans.append((name, begin, time.monotonic()))
    show.quit()


def run(source: str, seconds: float, rounds: int, more: Sequence[str], profile: Callable[[Installation], None] | None = None) -> None:
    """One show, and the table of what came of it."""
    settings = [f"source={source}", "canvas.mode=headless", "control.osc.port=0", "control.osc.out_port=0"]
    settings += ["control.web.enabled=false", "control.midi.enabled=false"]
    show = Installation(load_config(None, [*settings, *more]), RunOptions())
    watch = Stopwatch(show)
    if profile is not None:
        profile(show)
    spans: list[tuple[str, float, float]] = []
    rate, (stolen, total) = matrix_rate(), cpu_times()
    hand = threading.Thread(target=recall_all, args=(show, list(show.desk.presets.catalogue.presets) * rounds, seconds, spans), daemon=True)
    hand.start()
    report = show.run()
    hand.join()
    stolen, total = (after - before for before, after in zip((stolen, total), cpu_times(), strict=True))
    print(
        f"{report.engine} {report.precision} {report.portrait_px} px, {report.portrait_fps:.1f} portraits/s, {report.faces_max} faces, "
        f"{report.presented_fps:.1f} pictures/s, R {(rate + matrix_rate()) / 2:.0f} GFLOP/s, steal {100 * stolen / max(1, total):.1f} %"
    )
    print("\n".join([HEAD, *(watch.row(*span) for span in spans), f"faults: {report.faults or 'none'}"]))


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure the gaps between pictures while presets are recalled.")
    parser.add_argument("--source", default="demo")
    parser.add_argument("--seconds", type=float, default=3.0, help="between two recalls")
    parser.add_argument("--rounds", type=int, default=1, help="through all presets; in the second one nothing is new")
    parser.add_argument("--set", dest="overrides", action="append", default=[], metavar="KEY=VALUE", help="of the configuration")
    a = parser.parse_args()
    run(a.source, a.seconds, a.rounds, a.overrides)
    return 0


if __name__ == "__main__":
    sys.exit(main())
