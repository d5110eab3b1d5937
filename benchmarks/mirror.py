"""How fast the mirror runs on this machine, beside the machine's own float32 matrix rate and what was stolen from it.

    scripts/run benchmarks/mirror.py --clip CLIP.mp4 [--group STILL.jpg] [--seconds 15]

Prints one row a case, on a canvas of 1280 x 720: one face in the mirror, one while generators are mixed, nine living variants of
one visitor, several faces of a still. Changes are what the generator drew, of all faces and cells; portraits are what was shown.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

ROOT = Path(__file__).resolve().parents[1]
SIDE, ROUNDS = 1024, 30


@dataclass(frozen=True)
class Machine:
    """rate: GFLOP/s of a float32 1024³ matrix product on all threads; steal: percent of the CPU time taken by neighbours."""

    rate: float
    steal: float


def matrix_rate() -> float:
    """GFLOP/s, the median of thirty products."""
    a = torch.randn(SIDE, SIDE)
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        a @ a
        times.append(time.perf_counter() - start)
    return 2 * SIDE**3 / sorted(times)[ROUNDS // 2] / 1e9


def cpu_times() -> tuple[int, int]:
    """(stolen, all) in ticks since boot."""
    values = [int(v) for v in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return values[7], sum(values)


def run(arguments: list[str]) -> tuple[dict[str, Any], Machine]:
    """One run of the mirror, and the machine around it: the rate before and after, the steal during it."""
    before, (stolen, total) = matrix_rate(), cpu_times()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, str(ROOT / "run_installation.py"), "--headless", "--report", str(report), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        result = json.loads(report.read_text())
    stolen, total = (b - a for a, b in zip((stolen, total), cpu_times(), strict=True))
    return result, Machine((before + matrix_rate()) / 2, 100 * stolen / max(1, total))


def controls(**values: object) -> list[str]:
    """Arguments that start a show with these controls; ``__`` stands for a slash."""
    rows = ", ".join(f"{name.replace('__', '/').replace('_', '-')}: {value}" for name, value in values.items())
    return ["--set", f"controls={{{rows}}}"]


def cases(a: argparse.Namespace) -> dict[str, list[str]]:
    """The arguments of each case by its name. In the mirror the three oscillators are on, as a show begins."""
    canvas = ["--set", "canvas.width=1280", "--set", "canvas.height=720"]
    clip = ["--source", a.clip, *canvas]
    group = ["--source", str(a.group), "--set", "faces.max=4", *canvas]
    found = {
        "one face": [*clip, *controls(look__layout="mirror")],
        "one face, mixing": [*clip, "--set", f"controls={{look/layout: mirror, blend/{a.child}/amount: 0.5}}"],
        "facets 3x3": [*clip, *controls(look__layout="facets", facets__rows=3, facets__columns=3)],
    }
    return found | ({"group": [*group, *controls(look__layout="mirror")]} if a.group else {})


def row(name: str, r: dict[str, Any], m: Machine) -> str:
    """One line of the table."""
    changes, delay = r["changes_drawn"] / max(r["seconds"], 1e-6), r["glass_to_glass_ms"]
    return (
        f"{name:<17} {r['portrait_fps']:11.1f}  {r['change_px']:9}  {changes:9.1f}  {r['changes_spared']:6}  {r['presented_fps']:11.1f}  "
        f"{delay['p50']:8.0f} / {delay['p95']:<7.0f}  {r['engine']!s:>9} {r['precision']!s:<8} {m.rate:12.0f}  {m.steal:7.1f}  "
        f"{r['rss_mb_start']:8.0f} / {r['rss_mb_end']:.0f}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure the mirror.")
    parser.add_argument("--clip", default="demo", help="one face")
    parser.add_argument("--group", type=Path, help="a still with several faces")
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--child", default="painted", help="name of the generator that is mixed in")
    a = parser.parse_args()
    length = ["--duration", str(a.seconds)]
    print(
        "case              portraits/s  change px  changes/s  spared  presented/s  delay p50 / p95 ms  engine                 "
        "R GFLOP/s  steal %  RSS MB from / to"
    )
    for name, arguments in cases(a).items():
        result, machine = run([*arguments, *length])
        print(row(name, result, machine), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
