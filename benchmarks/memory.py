"""Where the memory of a show goes while it runs: what it holds, and what the C library keeps free for it.

    scripts/run -m benchmarks.memory [--every 60] -- --headless --source demo --duration 480

What stands behind -- goes to the show, which runs in this process. A line every so often: resident memory; of the C library's (glibc's),
what is in use and what was given back to it and lies there for the next who asks; objects of Python, what its collector has had to take
away, for it was in a ring and nothing else could, and threads. Where "in use" grows without end something is kept; where "free" does, the
memory is in pieces that nothing fits into.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import os
import sys
import threading
import time
from typing import NoReturn

from installation.operation.health import rss_mb

HEAD = "   min  resident MB  in use MB  free MB  Python's objects  out of rings  threads"


class Mallinfo2(ctypes.Structure):
    """``struct mallinfo2`` of glibc 2.33 and later; see its manual page. Bytes, where it is not a number of pieces."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")
    ]


def c_library_mb() -> tuple[float, float]:
    """In use and free, MiB; zeros where the C library does not tell."""
    try:
        ask = ctypes.CDLL(None).mallinfo2
    except (OSError, AttributeError):
        return 0.0, 0.0
    ask.restype = Mallinfo2
    told = ask()
    return (told.uordblks + told.hblkhd) / 2**20, told.fordblks / 2**20


def row(minutes: float) -> str:
    """How it is now."""
    used, free = c_library_mb()
    rings = sum(one["collected"] for one in gc.get_stats())
    resident, objects, threads = rss_mb(), sys.getallocatedblocks(), threading.active_count()
    if sys.platform == "linux":
        threads = len(os.listdir("/proc/self/task"))  # those of libraries, too
    return f"{minutes:6.1f}  {resident:11.0f}  {used:9.0f}  {free:7.0f}  {objects:16d}  {rings:12d}  {threads:7d}"


def tell(every: float) -> None:
    """A row every so many s, for as long as the program runs."""
    began = time.monotonic()
    print(HEAD, flush=True)
    while True:
        time.sleep(every)
        print(row((time.monotonic() - began) / 60), flush=True)


def main() -> NoReturn:
    """Read the command line, run the show, and leave as it does."""
    own, show = sys.argv[1:], ["--headless", "--source", "demo", "--duration", "480"]
    if "--" in own:
        own, show = own[: own.index("--")], own[own.index("--") + 1 :]
    parser = argparse.ArgumentParser(description="Tell where the memory of a show goes. What stands behind -- goes to the show.")
    parser.add_argument("--every", type=float, default=60.0, metavar="S", help="between two lines (default 60)")
    every = parser.parse_args(own).every
    from installation.show import leave  # slow, and of no use to who asks for help
    from installation.show import main as run_show

    threading.Thread(target=tell, args=(every,), name="tell", daemon=True).start()
    leave(run_show(show))


if __name__ == "__main__":
    main()
