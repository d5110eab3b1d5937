"""Files that commands write: never over something that a person made without being asked to, and whole or not at all."""

import errno
import glob
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from installation.errors import ConfigError, FacetsError, FaultError
from installation.plain_file import NotAFileError, check_target

# What makes a name one that no file can have; everything else is a place that refuses: read-only, full, somebody else's.
NAMES = (errno.ENOTDIR, errno.EISDIR, errno.ENOENT, errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL, errno.EEXIST, errno.EBUSY)


def unwritable(what: str, err: OSError) -> FacetsError:
    """What to raise where ``what``, an argument and its path, cannot be written: ConfigError for a name that cannot be, FaultError
    for a place that refuses."""
    reason = err.strerror or err
    if err.errno is None or err.errno in NAMES:  # without a number: what is there is no file
        return ConfigError(f"{what}: cannot be written ({reason}); name another file")
    return FaultError(f"{what}: cannot be written ({reason}); name a place that can be, or change this one")


def free_name(path: Path) -> Path:
    """``path``, or the first of ``NAME-2``, ``NAME-3`` … that nothing has yet."""
    free, number = path, 1
    while os.path.lexists(free):
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free


def check_output(path: Path, force: bool, sources: Iterable[Path] = ()) -> None:
    """Raise ConfigError where ``path`` cannot be written: a folder, a file that is there already (unless ``force``), one of
    the ``sources`` that it is made from, or a place that is not there."""
    try:
        check_target(path)
    except NotAFileError as err:
        raise ConfigError(f"{path}: {err}; name a file") from err
    except OSError as err:
        raise ConfigError(f"{path}: cannot be written ({err.strerror or err})") from err
    for source in sources:
        if path.exists() and source.exists() and os.path.samefile(path, source):
            raise ConfigError(f"{path}: would overwrite the file that it is made from; choose another name")
    if path.exists() and not force:
        raise ConfigError(f"{path}: is there already; choose another name, or add --force")
    if not path.parent.is_dir():
        raise ConfigError(f"{path}: the folder {path.parent} does not exist")


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A name beside ``path`` to write to; it takes the place of ``path`` when the block ends well, and is gone when not.

    Raises ConfigError where the place cannot be written or the disk is full.
    """
    try:
        check_target(path)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        os.close(handle)
    except OSError as err:
        raise ConfigError(f"{path}: cannot be written ({err.strerror or err})") from err
    part = Path(name)
    try:
        yield part
        os.chmod(part, 0o666 & ~_umask())  # mkstemp's files are for their owner only
        os.replace(part, path)
        _settle(path.parent)
    except OSError as err:
        raise ConfigError(f"{path}: cannot be written ({err.strerror or err})") from err
    finally:
        part.unlink(missing_ok=True)


def _settle(folder: Path) -> None:
    """The folder's entry on the disk too, so that a power cut leaves the new file or the old one. Some file systems cannot."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def sweep_parts(path: Path) -> None:
    """Remove what ``whole_file`` was writing for ``path`` when its program was killed. Nobody may be writing ``path`` now."""
    try:
        for part in path.parent.glob(f".{glob.escape(path.name)}.????????.part"):
            part.unlink(missing_ok=True)
    except OSError:  # what cannot be removed does no harm
        return


@contextmanager
def whole_files(folder: Path, names: Sequence[str]) -> Iterator[Path]:
    """A folder inside ``folder`` to write files of these ``names`` into, which belong together; they take their places, one after the
    other, when the block ends well, and are gone when not.

    Raises ConfigError where the place cannot be written or the disk is full.
    """
    try:
        with tempfile.TemporaryDirectory(prefix=".fresh-", dir=folder) as fresh:
            yield Path(fresh)
            for name in names:
                os.replace(Path(fresh) / name, folder / name)
    except OSError as err:
        raise ConfigError(f"{folder}: cannot be written ({err.strerror or err})") from err


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
