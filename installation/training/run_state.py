"""The file that a training run goes on from: read as data, written whole, and of one architecture."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from installation.errors import ConfigError, FaultError
from installation.output_file import whole_file

STYLEGAN2 = "stylegan2"  # of states that do not say


@contextmanager
def held(run: Path) -> Iterator[None]:
    """A run's folder for this process alone: two that write one state would undo each other's work. The lock is the kernel's, so a crash
    frees it. Raises ConfigError where another training is at work there."""
    handle = os.open(run, os.O_RDONLY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as err:
            raise ConfigError(f"{run}: another training is at work in this folder; wait until it ends, or name another --run") from err
        except OSError:  # a file system that knows no locks
            pass
        yield
    finally:
        os.close(handle)


def read_state(path: Path, device: torch.device) -> dict[str, Any] | None:
    """What was kept, None where nothing is there. Raises FaultError for a file that is damaged."""
    if not path.exists():
        return None
    try:
        state = torch.load(path, map_location=device, weights_only=True)
        return {str(key): value for key, value in state.items()}
    except Exception as err:  # torch has many words for a damaged file: RuntimeError, UnpicklingError, EOFError, AttributeError and more
        raise damaged(path, err) from err


def damaged(path: Path, err: Exception) -> FaultError:
    """What to raise for a state that cannot be gone on from."""
    return FaultError(f"{path}: damaged, so the run cannot go on from it ({_first_line(err)}); bring back a copy, or name another --run")


def check_arch(state: dict[str, Any], path: Path, arch: str) -> None:
    """Raises ConfigError where a state is that of another architecture."""
    kept = state.get("arch", STYLEGAN2)
    if kept != arch:
        raise ConfigError(f"{path}: a run of {kept}, which cannot go on as {arch}; leave it with --arch {kept}, or name another --run")


def write_state(state: dict[str, object], path: Path) -> None:
    """Beside the old one and then in its place, so that a full disk loses nothing. Raises OSError."""
    try:
        with whole_file(path) as fresh:
            torch.save(state, fresh)
    except ConfigError as err:
        raise OSError(f"{err}; the one written before is untouched") from err
    except RuntimeError as err:  # torch reports a full disk as a RuntimeError
        raise OSError(f"{path}: cannot be written ({err}); the one written before is untouched") from err


def _first_line(err: Exception) -> str:
    return str(err).strip().split("\n", 1)[0][:120] or type(err).__name__
