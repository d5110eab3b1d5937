"""Every file that a program and its native libraries open for writing, whoever opens it: by strace where there is one, otherwise by a look
at all folders before and after."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

STRACE = shutil.which("strace")
CALLS = "trace=open,openat,openat2,creat,rename,renameat,renameat2,link,linkat,symlink,symlinkat,mknod,mknodat,memfd_create,truncate"
WRITES = ("O_WRONLY", "O_RDWR", "O_CREAT")
QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
OUTSIDE = ("/proc", "/sys", "/dev", "/run")  # no disks
SHARED = Path("/dev/shm")


def run(command: Sequence[str], folder: Path, env: Mapping[str, str], log: Path, timeout: float) -> tuple[int, set[Path]]:
    """The exit code, and the files that the command wrote; it runs in ``folder``."""
    if STRACE is None:
        before = _all_files()
        code = subprocess.run(command, cwd=folder, env=dict(env), timeout=timeout, check=False).returncode
        return code, {path for path, state in _all_files().items() if before.get(path) != state}
    traced = [STRACE, "-f", "-qq", "--seccomp-bpf", "-s", "4096", "-e", CALLS, "-e", "signal=none", "-o", str(log), *command]
    code = subprocess.run(traced, cwd=folder, env=dict(env), timeout=timeout, check=False).returncode
    return code, written_in(log.read_text(errors="replace"), folder)


def written_in(trace: str, folder: Path) -> set[Path]:
    """The files that a log of strace tells of, as far as they are on a disk or in shared memory."""
    found = set()
    for line in trace.splitlines():
        call = re.sub(r"^\d+\s+", "", line)
        name = call.split("(", 1)[0]
        if " = -1 " in call or (name.startswith("open") and not any(flag in call for flag in WRITES)):
            continue
        for text in QUOTED.findall(call):
            path = Path(os.path.normpath(folder / text.encode("latin-1", "replace").decode("unicode_escape", "replace")))
            if path.is_relative_to(SHARED) or not str(path).startswith(OUTSIDE):
                found.add(path)
    return found


def _all_files() -> dict[Path, tuple[int, int, int]]:
    """Every file that can be seen: its number, size and time."""
    found = {}
    for top in (Path("/"), SHARED):
        for place, folders, names in os.walk(top):
            folders[:] = [one for one in folders if not str(Path(place) / one).startswith(OUTSIDE)] if top != SHARED else folders
            for name in names:
                path = Path(place) / name
                try:
                    state = path.lstat()
                except OSError:
                    continue
                found[path] = (state.st_ino, state.st_size, state.st_mtime_ns)
    return found
