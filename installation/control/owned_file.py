"""Files that hold a secret: their owner's alone, or refused."""

import os
import stat
from pathlib import Path

from installation.errors import ConfigError


def read_owned(path: Path, where: str, most: int) -> bytes:
    """At most so many bytes of a plain file that nobody else may read or change; a pipe is not waited for. where: the setting and its file,
    for the message. Raises ConfigError for any other file, OSError as ``open`` does."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise ConfigError(f"{where}: not a plain file")
        if status.st_uid not in (0, os.geteuid()) or status.st_mode & 0o077:
            raise ConfigError(f"{where}: others on this machine may read or change it; 'chmod 600 {path}' keeps it to you")
        return file.read(most)
