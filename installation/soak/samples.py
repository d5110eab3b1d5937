"""What a running show looks like from outside, every few seconds: the system's word on its process, and its own figures."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from installation.soak.program import Program

PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 2**20


@dataclass(frozen=True, slots=True)
class Sample:
    """seconds: since the soak began; pid: of the show; memory_mb: resident; fps: pictures a second; p50, p95, p99: s between two
    pictures, of the last ten minutes or so; gap: s, the longest of the last minute; presented: pictures since the show began."""

    seconds: float
    pid: int
    memory_mb: float
    threads: int
    files: int
    fps: float
    p50: float
    p95: float
    p99: float
    gap: float
    presented: float
    faces: float
    faults_open: float
    brightest: float | None = None  # of the canvas, 0 to 255; None where it is closed, or nobody may see it
    first: bool = False  # whether the show is younger than a minute: what is still settling is not judged


def sample_of(show: Program, seconds: float, settled: float = 60.0) -> Sample | None:
    """One look; None where the show does not run, or does not answer."""
    pid, told = show.pid, show.metrics()
    process = process_of(pid) if pid else None
    if process is None or not told:
        return None
    p50, p95, p99 = (told.get(f'facets_interval_seconds{{quantile="{share}"}}', 0.0) for share in ("0.5", "0.95", "0.99"))
    names = ("facets_presented_fps", "facets_longest_gap_seconds", "facets_presented_total", "facets_faces", "facets_faults_open")
    fps, gap, presented, faces, faults = (told.get(name, 0.0) for name in names)
    young = told.get("facets_interval_seconds_sum", 0.0) < settled
    brightest = show.brightest() if told.get("facets_open", 1.0) else None
    return Sample(seconds, pid, *process, fps, p50, p95, p99, gap, presented, faces, faults, brightest, young)


def process_of(pid: int, proc: Path = Path("/proc")) -> tuple[float, int, int] | None:
    """Resident memory in MiB, threads, open files; None where there is no such process."""
    folder = proc / str(pid)
    try:
        pages = int((folder / "statm").read_text().split()[1])
        return pages * PAGE_MB, len(os.listdir(folder / "task")), len(os.listdir(folder / "fd"))
    except (OSError, ValueError, IndexError):
        return None
