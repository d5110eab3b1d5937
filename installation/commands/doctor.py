"""Looks the machine over, in one page: what is good, what is worth knowing, what needs a hand, and what to do.

python -m installation doctor [--config FILE] [--set KEY=VALUE] [--quick] [--json] [--only camera …]

Exit code 0 where nothing needs a hand, 1 where something does.
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from installation import __version__
from installation.assembly.soundness import check_words
from installation.config import load_config
from installation.doctor.checks import CHECKS, as_json, taken
from installation.doctor.finding import CONFIGURATION, Finding, Patient, broken
from installation.errors import ConfigError

NEEDS_A_HAND = 1
MARKS = {"good": "good", "note": "note", "hand": "HAND"}
NARROWEST, WIDEST = 72, 140  # columns of the page


def main(argv: Sequence[str] | None = None) -> int:
    """The command ``doctor``."""
    about = "Looks the machine over for a show."
    parser = argparse.ArgumentParser(prog="python -m installation doctor", description=about, allow_abbrev=False)
    parser.add_argument("--config", type=Path, metavar="FILE", help="configuration, over the shipped config.yaml")
    parser.add_argument("--set", dest="overrides", action="append", default=[], metavar="KEY=VALUE", help="override one configuration key")
    parser.add_argument("--quick", action="store_true", help="leave out sums of files and the speed of the engines")
    parser.add_argument("--json", action="store_true", help="print JSON")
    names = [check.name for check in CHECKS]
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="CHECK", help=f"some of: {', '.join(names)}")
    parser.add_argument("--into", type=Path, help=argparse.SUPPRESS)  # of a look in a process of its own: where its findings go
    a = parser.parse_args(argv)
    if a.into is not None:
        patient = Patient(load_config(a.config, a.overrides), a.quick)
        found = [finding for check in CHECKS if check.name in a.only for finding in taken(check, patient, None)]
        a.into.write_text(as_json(found), encoding="utf-8")
        return 0
    findings = examine(a.config, a.overrides, a.quick, a.only)
    hands = sum(finding.state == "hand" for finding in findings)
    if a.json:
        body = {"version": __version__, "host": platform.node(), "needs_a_hand": hands, "findings": [asdict(one) for one in findings]}
        print(json.dumps(body, indent=1, ensure_ascii=False))
    else:
        width = shutil.get_terminal_size((110, 40)).columns if sys.stdout.isatty() else 110
        print("\n".join(page(findings, min(max(width, NARROWEST), WIDEST))))
    return NEEDS_A_HAND if hands else 0


def examine(path: Path | None, overrides: Sequence[str], quick: bool, only: Sequence[str]) -> list[Finding]:
    """Every finding, the configuration's first. Where that is broken the others look at a show as it ships."""
    findings, config, words = [], None, [*(["--config", str(path.absolute())] if path else [])]
    words += [word for text in overrides for word in ("--set", text)]
    try:
        config = load_config(path, overrides)
        check_words(config)
        good = f"{path} over the shipped one" if path else "as it ships"
        unread = "" if "weights" in only else "; models and starting controls were not looked at"
        findings.append(Finding(CONFIGURATION, "good", good + unread))
    except ConfigError as err:
        findings.append(broken(err))
    if config is None:
        config, words = load_config(), []
    patient = Patient(config, quick)
    for check in CHECKS:
        if check.name in only:
            findings += taken(check, patient, words)
    told = [one for one in findings if one.subject == CONFIGURATION]
    amiss = [one for one in told if one.state == "hand"]  # perhaps by a look that has read the models
    return [*(amiss or told), *(one for one in findings if one.subject != CONFIGURATION)]


def page(findings: Sequence[Finding], width: int) -> Iterator[str]:
    """The lines for a person."""
    yield f"Facets {__version__} on {platform.node()}"
    yield ""
    column = max(len(finding.subject) for finding in findings)
    for finding in findings:
        head = f"{MARKS[finding.state]}  {finding.subject:<{column}}  "
        yield from textwrap.wrap(finding.text, width, initial_indent=head, subsequent_indent=" " * len(head), break_on_hyphens=False)
        if finding.todo and finding.state != "good":
            yield from textwrap.wrap(
                f"→ {finding.todo}", width, initial_indent=" " * len(head), subsequent_indent=" " * (len(head) + 2), break_on_hyphens=False
            )
    hands = sum(finding.state == "hand" for finding in findings)
    notes = sum(finding.state == "note" for finding in findings)
    yield ""
    worth = f"; {notes} worth knowing" if notes else ""
    yield (f"{hands} need{'s' * (hands == 1)} a hand{worth}." if hands else f"Nothing needs a hand{worth}.")

