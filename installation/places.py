"""Where files lie: what ships with the program, and what a show reads and writes of its own.

In a checkout both are the checkout. Installed as a package, what ships lies inside the package, which is never written into;
what a show keeps lies in the folder that it was started in, and the engines' cache in the user's own.
"""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path

PACKAGE = Path(str(files("installation")))
INSIDE = PACKAGE / "shipped"  # only a wheel has it
INSTALLED = INSIDE.is_dir()


def shipped(name: str) -> Path:
    """A file or folder that comes with the program. It may be read-only."""
    return (INSIDE if INSTALLED else PACKAGE.parent) / name


def kept(name: str) -> Path:
    """A file or folder of the show: saved presets, what MIDI learned, its state, its snapshots. It may not be there yet."""
    return (Path.cwd() if INSTALLED else PACKAGE.parent) / name


def beneath(name: str) -> Path | None:
    """The shipped folder that the show's own one of this name is laid over; None where the two are one."""
    return shipped(name) if INSTALLED else None


def cache() -> Path:
    """What can be made again: ``FACETS_CACHE``, else ``.cache`` of the checkout, else the user's, as the XDG base directory
    specification names it."""
    named = os.environ.get("FACETS_CACHE")
    if named:
        return Path(named)
    if not INSTALLED:
        return PACKAGE.parent / ".cache"
    users = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(users) if Path(users).is_absolute() else Path.home() / ".cache") / "facets"
