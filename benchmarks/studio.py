"""What the photo page costs a running show, and how long somebody there waits, beside the machine's matrix rate and what was stolen.

    scripts/run -m benchmarks.studio [--source demo] [--photo PICTURE] [--look 0] [--rounds 5] [--stretch 24] [--set KEY=VALUE]

The show runs without a screen in this process; the person at the page is another process, which speaks HTTP as the page does: it
brings a photograph, then drags sliders, a small picture for each place of the slider and a fine one whenever it lets go, and looks at
that for ``--look`` s, or never rests. Stretches with and without that person come by turns, so that what a neighbour takes is taken
from both. Prints portraits and pictures a second in each, the loss, and the waits in ms.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.mirror import cpu_times, matrix_rate
from benchmarks.show_aside import show_aside
from benchmarks.studio_person import READY
from installation.app import Installation
from installation.assembly.options import RunOptions
from installation.config import load_config
from installation.demo.play import SECONDS

SETTLE = 10.0  # s before anything is measured


def count(show: Installation) -> tuple[int, int]:
    """Portraits that were shown and pictures that were presented since the start."""
    return sum(show.health.portraits_per_face.values()), show.health.presented.count


def stretch(show: Installation, port: int | None, a: argparse.Namespace) -> tuple[float, float, dict[str, list[float]]]:
    """Portraits and pictures a second, and the waits, while somebody is at the page (port), or nobody (None)."""
    waits: dict[str, list[float]] = {}
    if port is None:
        before, began = count(show), time.monotonic()
        time.sleep(a.stretch)
    else:
        told = [str(word) for word in (port, a.stretch, a.look, *([a.photo] if a.photo else []))]
        command = [sys.executable, "-m", "benchmarks.studio_person", *told]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as person:
            assert person.stdout is not None
            opened = person.stdout.readline().strip() == READY
            before, began = count(show), time.monotonic()  # how the person came to be there costs the studio nothing
            said = person.stdout.read()
        if not opened or person.returncode:
            raise SystemExit(f"the person at the page ended with {person.returncode}")
        waits = json.loads(said)
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
    parser.add_argument("--look", type=float, default=0.0, help="s that the person looks between two moves of a slider")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--stretch", type=float, default=SECONDS, help="s; of a loop a whole turn, or the stretches show other people")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    a = parser.parse_args()
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
