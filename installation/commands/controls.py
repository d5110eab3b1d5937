"""Prints the table of live controls, or keeps a document's copy of it current.

python -m installation controls [--write docs/controls.md]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from installation.control.parameters import SWINGS, Parameter, ParameterTable, parameter_table
from installation.errors import ConfigError

STYLES = (("<style>", "its card, or what is seen of it"),)
BEGIN, END = "<!-- controls:begin -->", "<!-- controls:end -->"


def markdown(table: ParameterTable) -> str:
    """The rows as a Markdown table."""
    lines = ["| address | takes | default | unit | glide | what |", "|---|---|---|---|---|---|"]
    return "\n".join(lines + [_line(row) for row in table.values()])


def reference() -> str:
    """The reference in docs/controls.md: one row for every attribute and every generator, whatever models are installed."""
    swings = "; ".join(f"{name}: depth {s.depth:g}, rate {s.rate:g} Hz, phase {s.phase:g}" for name, s in SWINGS.items())
    table = parameter_table(["<attribute>"], ["<generator>"], presets=["<name>"], backgrounds=["<name>"], styles=STYLES)
    return f"{markdown(table)}\n\nOscillators that swing from the start: {swings}."


def replaced(document: str) -> str:
    """The document with the text between its markers made current. Raises ConfigError where it has no markers."""
    head, begin, rest = document.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ConfigError(f"the document needs the lines {BEGIN} and {END}")
    return f"{head}{BEGIN}\n{reference()}\n{END}{tail}"


def main(argv: Sequence[str] | None = None) -> int:
    """The command ``controls``."""
    parser = argparse.ArgumentParser(prog="python -m installation controls", description="Lists the live controls.")
    parser.add_argument("--write", type=Path, metavar="FILE", help="a Markdown file whose copy between the markers is renewed")
    path = parser.parse_args(argv).write
    if path is None:
        print(reference())
        return 0
    try:
        path.write_text(replaced(path.read_text(encoding="utf-8")), encoding="utf-8")
    except (OSError, UnicodeDecodeError) as err:
        raise ConfigError(f"{path}: cannot be renewed: {err}") from err
    return 0


def _line(row: Parameter) -> str:
    takes = (
        f"{row.low:g} … {row.high:g}" if row.bounded else " ".join(row.choices) or ("true false" if row.kind == "bool" else row.allowed())
    )
    default = "" if row.momentary else str(row.default).lower() if isinstance(row.default, bool | str) else f"{row.default:g}"
    glide = f"{row.glide:g} s" if row.glide else ""
    return f"| `{row.address}` | {takes} | {default} | {row.unit} | {glide} | {row.description} |"
