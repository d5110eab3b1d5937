"""Runs the real program for hours, with visitors and trouble, and writes a page on how it went.

python -m installation soak --hours 1 [--every 20] [--kills 20] [--config FILE] [--out out/soak] [-- ARGUMENTS OF THE SHOW]

Exit code 0 where everything holds, 1 where something does not.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import yaml

from installation import __version__, show
from installation.assembly.networks import device_name
from installation.assembly.options import RunOptions
from installation.assembly.soundness import check_words
from installation.config import Config, load_config
from installation.config_file import Value
from installation.errors import ConfigError
from installation.output_file import free_name, whole_file
from installation.places import kept
from installation.soak.page import as_csv, page
from installation.soak.program import Program
from installation.soak.soak import Plan, Soak
from installation.soak.verdict import Row, verdict

DOES_NOT_HOLD = 1
SECRETS = {("control", "web", "token"): "token", ("operator", "pin"): "pin"}  # keys, and the file of each while the soak runs
CONFIG = "# A soak's own copy: it is broken and mended while the show runs.\n"


def main(argv: Sequence[str] | None = None) -> int:
    """The command ``soak``."""
    words = list(sys.argv[1:] if argv is None else argv)
    own, shows = (words[: words.index("--")], words[words.index("--") + 1 :]) if "--" in words else (words, [])
    a = _parser().parse_args(own)
    config = _checked(a.config, ["--source", a.source, *shows])
    folder = free_name(a.out)
    try:
        folder.mkdir(parents=True)
    except OSError as err:
        raise ConfigError(f"--out {folder}: cannot be made ({err.strerror or err})") from err
    copy = copied(config, folder)
    arguments = ["--config", str(copy), "--source", a.source, *_chaos(a.every, a.seed), *shows]
    plan = Plan(3600 * a.hours, a.every, a.look, a.kills, a.patience, a.seed)
    print(f"soak: {a.hours:g} h, trouble every {a.every:g} s, then {a.kills} kills; into {folder}")
    try:
        with Program(folder / "show", arguments) as program:
            seen = Soak(program, copy, plan, lambda line: print(f"soak: {line}", flush=True)).run()
    finally:
        for name in SECRETS.values():
            (folder / name).unlink(missing_ok=True)
    rows = verdict(seen)
    about = (
        f"Facets {__version__}, {device_name()}, {len(os.sched_getaffinity(0))} cores, {platform.system()} {platform.release()}; "
        f"{time.strftime('%Y-%m-%d %H:%M')}; {a.hours:g} h, trouble every {a.every:g} s, seed {a.seed}; {' '.join(arguments[2:])}"
    )
    with whole_file(folder / "report.html") as part:
        part.write_text(page("A soak of the mirror", about, rows, seen), encoding="utf-8")
    with whole_file(folder / "samples.csv") as part:
        part.write_text(as_csv(seen.samples), encoding="utf-8")
    print("\n".join(_lines(rows)))
    print(f"{folder / 'report.html'}: written")
    return DOES_NOT_HOLD if any(row.holds is False for row in rows) else 0


def _parser() -> argparse.ArgumentParser:
    about = "Runs the program for hours with visitors and trouble, and writes a page on how it went."
    parser = argparse.ArgumentParser(prog="python -m installation soak", description=about, allow_abbrev=False)
    parser.add_argument("--hours", type=_above_zero, required=True, metavar="N", help="how long, as in 0.5")
    parser.add_argument("--every", type=_seconds, default=20.0, metavar="S", help="s between two troubles (default 20), 0: none")
    parser.add_argument("--kills", type=int, default=0, metavar="N", help="kill -9 so often, after the run (default 0)")
    parser.add_argument("--source", default="demo", metavar="S", help="visitors: demo (default), a clip of people, a camera")
    parser.add_argument("--config", type=Path, metavar="FILE", help="configuration of the show")
    parser.add_argument("--look", type=_above_zero, default=5.0, metavar="S", help="s between two samples (default 5)")
    parser.add_argument("--patience", type=_above_zero, default=600.0, metavar="S", help="s that a start may take (default 600)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of everything that is chosen (default 1)")
    out = kept("out") / "soak"
    parser.add_argument("--out", type=Path, default=out, metavar="FOLDER", help="a new folder (default out/soak, soak-2 …)")
    parser.epilog = "What stands behind -- goes to the show: soak --hours 1 -- --headless --set faces.max=2"
    return parser


def _checked(path: Path | None, words: Sequence[str]) -> Config:
    """The configuration of a file. words: what the show is given beside it. Raises ConfigError where either is broken before anybody
    breaks it."""
    asked = show.parse([*(["--config", str(path)] if path else []), *words], "python -m installation soak --hours N --")
    check_words(show.configuration(asked), show.options_of(asked))
    return load_config(path)


def copied(config: Config, folder: Path) -> Path:
    """A file in ``folder`` that says the same in any folder. What is secret is not said in it: it names a file beside it, which only its
    owner can read."""
    values = config.chosen()
    for (*above, name), file in SECRETS.items():
        section: Any = config
        for key in above:
            section = getattr(section, key)
        if secret := getattr(section, name):
            path = (folder / file).absolute()
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as owned:
                owned.write(f"{secret}\n")
            _put(values, (*above, f"{name}_file"), str(path))
    path = folder / "soak.yaml"
    path.write_text(CONFIG + (yaml.safe_dump(values, sort_keys=False, allow_unicode=True) if values else "faces: {}\n"), encoding="utf-8")
    return path


def _put(values: dict[str, Value], key: Sequence[str], value: Value) -> None:
    for name in key[:-1]:
        section = values.setdefault(name, {})
        assert isinstance(section, dict)
        values = section
    values[key[-1]] = value


def _chaos(every: float, seed: int) -> list[str]:
    """The camera's own faults, where there is trouble at all."""
    there = any(field.name == "chaos" for field in fields(RunOptions))
    return [f"--chaos=random, every={max(1.0, every):g}, seed={seed}"] if every and there else []


def _lines(rows: Sequence[Row]) -> list[str]:
    width = max(len(row.what) for row in rows)
    words = {True: "holds", False: "DOES NOT HOLD", None: "not told"}
    return [f"{row.what:<{width}}  {words[row.holds]:<13}  {row.measured} (wanted: {row.wanted})" for row in rows]


def _above_zero(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text}: must be above 0")
    return value


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text}: must be seconds from 0 on")
    return value
