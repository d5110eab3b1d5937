"""The machine itself: cores, memory, heat, permissions, clock, packages."""

from __future__ import annotations

import ctypes
import grp
import os
import platform
import resource
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from installation.doctor.finding import Finding, Patient
from installation.operation.temperature import processor_celsius

CORES = 2
MEMORY_MB, FREE_MB = 3600, 1200  # what the README asks for, a little less for what the kernel keeps; what a show takes
WARM, HOT = 80.0, 92.0  # degrees Celsius
YEAR = 2025  # before it no clock that is set can be
UNSYNCHRONISED = 5  # TIME_ERROR of adjtimex
TIMEX_BYTES = 256  # larger than the kernel's struct timex
MODULES = (
    "numpy", "cv2", "torch", "openvino", "av", "pygame", "moderngl", "safetensors", "PIL", "yaml", "pydantic", "aiohttp", "pythonosc",
    "mido", "segno", "zeroconf",
)  # fmt: skip
DEVICES = ("/dev/video*", "/dev/dri/renderD*", "/dev/nvidiactl", "/dev/snd/pcm*c")  # cameras, graphics, sound inputs


def machine(patient: Patient) -> Iterator[Finding]:
    """Cores, memory, heat."""
    cores = len(os.sched_getaffinity(0))
    if cores < CORES:
        yield Finding("cores", "note", f"{cores}; portraits will be slow", "two cores are enough for a few faces; faces.max: 1 helps")
    else:
        yield Finding("cores", "good", f"{cores}, {platform.machine()}, Linux {platform.release()}, Python {platform.python_version()}")
    total, free = memory_mb()
    told = f"{total / 1024:.1f} GB, {free / 1024:.1f} GB free"
    if total and total < MEMORY_MB:
        yield Finding("memory", "hand", f"{told}; a show needs a machine with 4 GB", "more memory, or a smaller canvas and portraits")
    elif total and free < FREE_MB:
        yield Finding("memory", "hand", f"{told}; a show takes about {FREE_MB / 1024:.1f} GB", "close other programs, browsers first")
    else:
        yield Finding("memory", "good", told if total else "the system does not tell")
    degrees = processor_celsius()
    if degrees is not None:
        todo = "dust, the fan, the air around it: a hot processor slows down" if degrees >= WARM else ""
        state = "hand" if degrees >= HOT else "note" if degrees >= WARM else "good"
        yield Finding("temperature", state, f"{degrees:.0f} °C", todo)  # type: ignore[arg-type]  # one of the three


def memory_mb(table: Path = Path("/proc/meminfo"), limit: Path = Path("/sys/fs/cgroup/memory.max")) -> tuple[float, float]:
    """Memory of the machine, or of the container that this runs in, and what is free of it, in MiB; zeros where nothing tells."""
    try:
        rows = dict(line.split(":", 1) for line in table.read_text().splitlines() if ":" in line)
        total, free = (int(rows[key].split()[0]) / 1024 for key in ("MemTotal", "MemAvailable"))
    except (OSError, ValueError, KeyError):
        return 0.0, 0.0
    try:
        most = int(limit.read_text()) / 2**20
    except (OSError, ValueError):
        return total, free
    return min(total, most), min(free, most)


def clock(patient: Patient) -> Iterator[Finding]:
    """Whether the schedule can rely on the time of day."""
    now = time.strftime("%Y-%m-%d %H:%M %Z")
    if time.localtime().tm_year < YEAR:
        yield Finding("clock", "hand", f"{now}: it is not set", "set it (timedatectl set-time); a new battery where it forgets")
    elif not _synchronised():
        todo = "timedatectl set-ntp true, where there is a network; the schedule goes by this clock"
        yield Finding("clock", "note", f"{now}; nobody keeps it right", todo)
    else:
        yield Finding("clock", "good", now)


def _synchronised() -> bool:
    try:
        return int(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(TIMEX_BYTES))) != UNSYNCHRONISED
    except (OSError, AttributeError):
        return True  # a system that does not tell


def packages(patient: Patient) -> Iterator[Finding]:
    """What the program imports, and what the configuration asks for beyond that."""
    missing = [name for name in MODULES if find_spec(name) is None]
    if missing:
        yield Finding("packages", "hand", f"missing: {', '.join(missing)}", "make setup")
    else:
        yield Finding("packages", "good", f"all {len(MODULES)} are here")
    if patient.config.control.audio.enabled and find_spec("sounddevice") is None:
        yield Finding("sound", "hand", "control.audio.enabled needs the package sounddevice", ".venv/bin/pip install sounddevice")


def permissions(patient: Patient, folder: Path = Path("/")) -> Iterator[Finding]:
    """Devices that this user may not use, by the group that may; and whether the show may go before other programs."""
    closed: dict[str, list[str]] = {}
    count = 0
    for pattern in DEVICES:
        for path in sorted(folder.glob(pattern.lstrip("/"))):
            count += 1
            if not os.access(path, os.R_OK | os.W_OK):
                closed.setdefault(_group(path), []).append(str(path))
    for group, paths in closed.items():
        yield Finding("permissions", "hand", f"no permission to use {', '.join(paths)}", _join(group))
    if not closed:
        yield Finding("permissions", "good", f"every device may be used ({count})" if count else "there is no camera or graphics device")
    lowest = 20 - resource.getrlimit(resource.RLIMIT_NICE)[0]
    if os.geteuid() and lowest > -10:
        todo = "LimitNICE=-10 in the service, or “USER - nice -10” in /etc/security/limits.conf"
        yield Finding("priority", "note", "the show may not go before other programs", todo)


def _group(path: Path) -> str:
    try:
        return grp.getgrgid(path.stat().st_gid).gr_name
    except (OSError, KeyError):
        return "video"


def _join(group: str) -> str:
    """What makes this user one of the group's, who may be one already from the next login on."""
    import pwd

    try:
        user = pwd.getpwuid(os.geteuid()).pw_name
        if user in grp.getgrnam(group).gr_mem:
            return f"log out and in again: {user} is in the group {group}, but was not yet at this login"
    except KeyError:
        user = "$USER"
    return f"sudo usermod -aG {group} {user}, then log out and in again"
