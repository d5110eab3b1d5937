"""How fast the mirror runs on this machine, beside the machine's own float32 matrix rate and what was stolen from it.

    scripts/run benchmarks/mirror.py --clip CLIP.mp4 [--group STILL.jpg] [--seconds 15]

Prints one row a case: one face, one face while generators are mixed, several faces of a still.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

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


def run(arguments: list[str]) -> tuple[dict[str, object], Machine]:
    """One run of the mirror, and the machine around it: the rate before and after, the steal during it."""
    before, (stolen, total) = matrix_rate(), cpu_times()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, str(ROOT / "run_installation.py"), "--headless", "--report", str(report), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        result = json.loads(report.read_text())
    stolen, total = (b - a for a, b in zip((stolen, total), cpu_times(), strict=True))
    return result, Machine((before + matrix_rate()) / 2, 100 * stolen / max(1, total))


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure the mirror.")
    parser.add_argument("--clip", default="demo", help="one face")
    parser.add_argument("--group", type=Path, help="a still with several faces")
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--child", default="painted", help="name of the generator that is mixed in")
    a = parser.parse_args()
    length = ["--duration", str(a.seconds)]
    cases = {
        "one face": ["--source", a.clip],
        "one face, mixing": ["--source", a.clip, "--set", f"controls={{blend/{a.child}/amount: 0.5}}"],
    }
    if a.group:
        cases["group"] = ["--source", str(a.group), "--set", "faces.max=4"]
    print("case              portraits/s  presented/s  delay p95 ms  engine                 R GFLOP/s  portraits·s/R  steal %  RSS MB")
    for name, arguments in cases.items():
        r, m = run([*arguments, *length])
        delay = r["glass_to_glass_ms"]["p95"]  # type: ignore[index]
        rate = float(r["portrait_fps"])  # type: ignore[arg-type]
        print(
            f"{name:<17} {rate:11.1f}  {r['presented_fps']:11.1f}  {delay:12.0f}  {r['engine']!s:>9} {r['precision']!s:<8} "
            f"{r['portrait_px']:>4} px  {m.rate:9.0f}  {m.rate / max(rate, 1e-6):13.1f}  {m.steal:7.1f}  {r['rss_mb_end']:6.0f}",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
