"""Cameras that are named by a number, which udev gives to whichever camera comes next: how the same one is found again under another."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

DEVICES = Path("/dev")
LINKS = (Path("/dev/v4l/by-id"), Path("/dev/v4l/by-path"))  # udev's names, which stay when numbers change: of the thing, and of the port
USB = "usb"  # in the names of what can be plugged in
NUMBERED = re.compile(r"video\d+")


def links_of(folder: Path) -> Mapping[Path, Path]:
    """udev's links by the device that each leads to."""
    return {Path(os.path.realpath(link)): link for link in sorted(folder.glob("*"))} if folder.is_dir() else {}


class LastingNames:
    """Remembers which camera a number was, from the first time that it was opened. links: folders of names that last, the better first;
    devices: the folder of the numbers."""

    def __init__(self, links: tuple[Path, ...] = LINKS, devices: Path = DEVICES) -> None:
        self._links, self._devices = links, devices
        self._known: dict[str, tuple[Path, ...]] = {}

    def opened(self, spec: str) -> None:
        """What this source names is open."""
        device = self._device(spec)
        if device is not None and spec not in self._known:
            self._known[spec] = self._names(device)

    def now(self, spec: str) -> str:
        """What to open for this source: itself, or where its camera has another number by now, the name that leads to that."""
        device = self._device(spec)
        found = next((link for link in self._known.get(spec, ()) if link.exists()), None)
        same = device is None or found is None or os.path.realpath(found) == os.path.realpath(device)
        return spec if same else str(found)

    def _device(self, spec: str) -> Path | None:
        """The node that a number stands for; None for any other source."""
        if spec.isascii() and spec.isdecimal():
            return self._devices / f"video{int(spec)}"
        path = Path(spec)
        return path if path.parent == self._devices and NUMBERED.fullmatch(path.name) else None

    def _names(self, device: Path) -> tuple[Path, ...]:
        """Of two cameras that are alike to the serial number one has the name of both, and the other only that of its port: then the first
        says nothing."""
        target = Path(os.path.realpath(device))
        every = [links_of(folder) for folder in self._links]
        plugged = {one for links in every for one, link in links.items() if USB in link.name}
        sure = [links for links in every if plugged <= links.keys() or links is every[-1]]
        return tuple(links[target] for links in sure if target in links)
