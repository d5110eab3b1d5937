"""Looks whether the packages of lock files are in this Python's environment as they were installed: every file, every version.

    check_packages.py [--sizes] [--forget] LOCK …

Names what is not, one a line, and ends with 1. --sizes: files that are shorter than they were count as well, for after an
installation that was interrupted. --forget: lets pip take what is named for not installed, so that it installs it again.
"""

import argparse
import csv
import os
import re
import shutil
import sys
from importlib import metadata
from pathlib import Path

LINE = re.compile(r"([\w.-]+)==([^\s;#]+)(?:; python_version < \"3\.(\d+)\")?")


def pinned(lock: Path) -> list[tuple[str, str]]:
    """Names and versions that a lock file asks for on this Python."""
    found = (LINE.match(line) for line in lock.read_text(encoding="utf-8").splitlines())
    return [(match[1], match[2]) for match in found if match and (match[3] is None or sys.version_info[:2] < (3, int(match[3])))]


def fault(name: str, version: str, sizes: bool) -> str:
    """What is wrong with a package, empty where nothing is."""
    try:
        package = metadata.distribution(name)
        found, record = package.version, package.read_text("RECORD")
    except Exception as err:  # no such package, or metadata that were cut off
        return type(err).__name__
    if found != version and found.split("+")[0] != version:  # a build of torch for CPUs is 2.13.0+cpu
        return f"it is version {found}"
    if not record:
        return "its list of files is gone"
    for path, _, size in csv.reader(record.splitlines()):
        if path.endswith(".pyc"):
            continue
        try:
            there = os.stat(package.locate_file(path)).st_size
        except OSError:
            return f"{path} is gone"
        least = int(size or 0) if sizes else min(1, int(size or 0))
        if there < least:
            return f"{path} is cut off"
    return ""


def forget(name: str) -> None:
    """Remove what says that a package is installed."""
    for package in metadata.distributions(name=name):
        place = getattr(package, "_path", None)  # of its metadata; there is no public way to ask
        if place is not None:
            shutil.rmtree(place, ignore_errors=True)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", action="store_true")
    parser.add_argument("--forget", action="store_true")
    parser.add_argument("locks", type=Path, nargs="+")
    a = parser.parse_args()
    broken = [(name, why) for lock in a.locks for name, version in pinned(lock) if (why := fault(name, version, a.sizes))]
    for name, why in broken:
        print(f"{name}: {why}")
        if a.forget:
            forget(name)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
