"""What must happen before the slow imports, however the program was started. Needs nothing but the standard library."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
AGAIN = "FACETS_STARTED_AGAIN"  # in the environment of a program that has been sent to the project's own Python
UNPREPARED = 2  # exit code, as for arguments that are wrong
# glibc's own numbers of what scripts/run sets by environment: half of a torch program's time would go into clearing pages
# that were just given back.
MALLOPT = {
    "MALLOC_MMAP_MAX_": (-4, 0),
    "MALLOC_TRIM_THRESHOLD_": (-1, -1),
    "MALLOC_TOP_PAD_": (-2, 256 << 20),
    "MALLOC_ARENA_MAX": (-8, 1),
}


def prepare() -> None:
    """Standard streams that are open, an allocator that keeps the memory it has, and nobody who is told of the start."""
    _open_streams()
    _keep_memory()
    _report_nothing()


def _open_streams() -> None:
    """A program started without one of them would give its number to the next file, and a library that complains would write into
    a recording."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free


def _keep_memory() -> None:
    """What the environment says, as from scripts/run, stands. Nothing where the C library is not glibc."""
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        for name, (parameter, value) in MALLOPT.items():
            if name not in os.environ:
                mallopt(parameter, value)


def _report_nothing() -> None:
    """OpenVINO's package asks for one that reports every conversion to its maker. Where a plain ``pip install`` brought it along it
    counts as not installed, which OpenVINO is ready for."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # Python's own way to bar a module


def packages_missing(err: ModuleNotFoundError) -> int:
    """Go on in the project's own environment, where there is one and this is another; else say what to do, and give the exit
    code. A module of our own that is missing is raised on."""
    if (err.name or "").partition(".")[0] in ("installation", "run_installation"):
        raise err
    python = ROOT / ".venv" / "bin" / "python"
    if python.is_file() and Path(sys.prefix).resolve() != (ROOT / ".venv").resolve() and AGAIN not in os.environ:
        module = Path(sys.argv[0]).name == "__main__.py"
        command = ["-m", "installation", *sys.argv[1:]] if module else sys.argv
        os.execve(python, [str(python), *command], os.environ | {AGAIN: "1"})
    print(f"facets: the Python package {err.name} is not here; run 'make setup' first", file=sys.stderr)
    return UNPREPARED
