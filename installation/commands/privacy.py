"""Prints what a configuration keeps of visitors, where, and for how long.

python -m installation privacy [--config FILE] [--set KEY=VALUE] [--source S]
"""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

from installation.assembly.invitation import invitation_of, something_is_kept
from installation.assembly.retention import is_live, retention_of
from installation.config import Config, load_config

WIDE = 116  # letters of a line
LIVE = "a live camera, or a source that may be one"


def main(argv: Sequence[str] | None = None) -> int:
    """The command ``privacy``. Raises ConfigError."""
    parser = argparse.ArgumentParser(
        prog="python -m installation privacy", description="Prints what this configuration keeps of visitors, where, and for how long."
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="configuration, over the shipped config.yaml")
    parser.add_argument("--source", metavar="S", help="the source of the show, where a command line names it")
    parser.add_argument("--set", dest="overrides", action="append", default=[], metavar="KEY=VALUE", help="override one configuration key")
    a = parser.parse_args(argv)
    named = [] if a.source is None else [f"source={a.source}"]
    print("\n".join(page(load_config(a.config, [*a.overrides, *named]))))
    return 0


def page(config: Config) -> Iterator[str]:
    """The lines."""
    source = LIVE if is_live(config.source) else "no live camera"
    yield f"What a show of this configuration keeps of visitors. Its source: {config.source}, {source}."
    yield ""
    rows = retention_of(config)
    column = max(len(row.what) for row in rows) + 2
    for row in rows:
        lines = textwrap.wrap(row.how, WIDE - column, break_long_words=False, break_on_hyphens=False)
        yield f"{row.what:<{column}}{lines[0]}"
        yield from (" " * column + line for line in lines[1:])
    yield ""
    invitation = invitation_of(config, something_is_kept(config))
    said = [words.note for words in invitation.texts.texts["come"] if words.note]
    yield f"The canvas says so beneath its invitation: {' · '.join(said) or 'it does not'}"
