"""Deletes pictures that visitors took home and whose time is over, while no show runs that would do it.

python -m installation takeaways [--config FILE] [--set KEY=VALUE] [--delete-all]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from installation.assembly.takeaways import shelf_of
from installation.config import load_config
from installation.places import kept
from installation.time_zone import zone_of


def main(argv: Sequence[str] | None = None) -> int:
    """The command ``takeaways``; 1 where something could not be deleted. Raises ConfigError, also while a show runs."""
    parser = argparse.ArgumentParser(
        prog="python -m installation takeaways", description="Deletes pictures of visitors whose time is over, and says what is kept."
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="configuration, over the shipped config.yaml")
    parser.add_argument("--set", dest="overrides", action="append", default=[], metavar="KEY=VALUE", help="override one configuration key")
    parser.add_argument("--delete-all", action="store_true", help="delete those whose time is not over, too")
    a = parser.parse_args(argv)
    config = load_config(a.config, a.overrides)
    if not kept(config.takeaways.folder).is_dir():
        print("no takeaways are kept")
        return 0
    faults: list[str] = []
    shelf = shelf_of(config, faults.append)
    try:
        print(shelf.opened or "no takeaways are kept")
        if a.delete_all:
            print(f"{shelf.clear()} deleted")
        for one in shelf.all():
            print(f"  {one.id[:8]}  until {datetime.fromtimestamp(shelf.ends(one), zone_of(config.schedule.zone)):%Y-%m-%d %H:%M}")
    finally:
        shelf.close()
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0
