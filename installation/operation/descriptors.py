"""File descriptors: the camera, the presets, the recording and every connection share one number of them."""

from __future__ import annotations

import contextlib
import resource

WANTED = 4096


def raise_limit(wanted: int = WANTED) -> int:
    """Let the process open as many files as it is allowed to, up to ``wanted``; how many that is now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        with contextlib.suppress(OSError, ValueError):  # a sandbox may forbid even what the limit allows
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return open_limit()


def open_limit() -> int:
    """How many files the process may have open."""
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return 1 << 20 if soft == resource.RLIM_INFINITY else soft
