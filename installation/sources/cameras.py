"""The cameras that are here, by names that stay theirs after a restart."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from installation.errors import SourceError
from installation.sources.camera import IS_LINUX, SYSFS, check_device, list_cameras
from installation.sources.capture import is_there
from installation.sources.lasting import DEVICES, LINKS, links_of
from installation.sources.stand_in import NAMES, PREFIX


@dataclass(frozen=True, slots=True)
class FoundCamera:
    """source: what names it for a show, as long as it is plugged in where it is; name: the kernel's, for people; device: its path now."""

    source: str
    name: str
    device: str


def find_cameras(sysfs: Path = SYSFS, links: tuple[Path, ...] = LINKS, devices: Path = DEVICES) -> tuple[FoundCamera, ...]:
    """Those that are plugged in; none is opened."""
    lasting: dict[Path, Path] = {}
    for folder in reversed(links):  # the first folder's names win
        lasting |= links_of(folder)
    found = []
    for line in list_cameras(sysfs):
        number, _, name = line.split("  ", 2)
        device = devices / f"video{number}"
        found.append(FoundCamera(str(lasting.get(Path(os.path.realpath(device)), device)), name, str(device)))
    return tuple(found)


def stand_ins() -> tuple[FoundCamera, ...]:
    """Offered where the show's own source is one."""
    return tuple(FoundCamera(PREFIX + name, f"Stand-in, {name}", "") for name in NAMES)


def why_not(source: str) -> str:
    """Why a show cannot change over to this camera, in a sentence; "" where it can. It is looked at, and not opened."""
    if source.startswith(PREFIX):
        return ""
    if is_there(source) is False:
        return f"{source}: this camera is not there; is it still plugged in?"
    if IS_LINUX:
        try:
            check_device(Path(f"/dev/video{int(source)}" if source.isascii() and source.isdigit() else source))
        except SourceError as err:
            return str(err)
    return ""
