"""A page of what every edit does over the sitters' own pixels, by group of people, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

HEADINGS = ("faces", "own effect at -1", "at +1", "cheeks' L at -1", "at +1", "each", "Delta E", "leak", "identity")
KEYS = ("own-1", "own+1", "lightness-1", "lightness+1", "lightness_each", "colour", "leak", "identity")
DIGITS = {"identity": 2, "leak": 2, "own": 2, "years": 1}  # behind the point, where it is not one
FEW = 5  # faces, below which a group says little


def group_page(report: Mapping[str, Any]) -> str:
    """The page of a whole report; of its groups there may be none."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Mapping[str, Any]) -> Iterator[str]:
    whole, groups = report["glass_directions"] or {}, report["glass_groups"] or {}
    count = report["glass_of"]["faces"]
    yield "# Edits by group of people"
    yield ""
    yield f"{count} faces, each edit at -1 and +1 over the sitter's own pixels, as `score --groups` writes it. Own effect: what the"
    yield f"direction's own measure moves by, read by {report['judged_by'] or 'nobody'}."
    yield "L: change of the cheeks' lightness, of 100, its mean at either end and the mean of each one's size; Delta E: of the cheeks'"
    yield "colour; leak: grey levels by which the picture changes outside the head; identity: cosine to the sitter."
    yield f"Groups of fewer than {FEW} faces, marked with a star, say little."
    for name, row in whole.items():
        unit = row.get("own_unit")
        yield ""
        yield f"## {name}" + (f", own effect in {unit}" if unit else "")
        yield ""
        yield f"| | {' | '.join(HEADINGS)} |"
        yield "|---" * (1 + len(HEADINGS)) + "|"
        yield _row("everybody", {"faces": count, name: row}, name)
        for column, values in groups.items():
            for value, found in sorted(values.items(), key=lambda group: _place(group[0])):
                yield _row(f"{column} {value}", found, name)


def _place(group: str) -> tuple[int, str]:
    """Ages by their numbers: 3-9 before 10-19; "more than 70" behind all."""
    number = group.split("-", maxsplit=1)[0]
    return (int(number), "") if number.isdecimal() else (1000, group)


def _row(label: str, found: Mapping[str, Any], name: str) -> str:
    row, faces = found[name], found["faces"]
    cells = [_shown(key, row.get(key), row.get("own_unit")) for key in KEYS]
    return f"| {label}{'*' if faces < FEW else ''} | {faces} | {' | '.join(cells)} |"


def _shown(key: str, value: float | None, unit: str | None) -> str:
    if value is None:
        return "–"
    own = key.startswith("own")
    digits = DIGITS.get("years" if own and unit == "years" else "own" if own else key, 1)
    sign = "+" if own or key in ("lightness-1", "lightness+1") else ""
    return f"{value:{sign}.{digits}f}"
