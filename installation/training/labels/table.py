"""The file of labels: one row a picture, what was measured and what a person said."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from installation.errors import ConfigError
from installation.output_file import whole_file
from installation.training.labels.colours import EYE_NAMES, HAIR_NAMES
from installation.training.labels.reading import LENGTH_NAMES, Reading

VALUES: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "hair-colour": HAIR_NAMES, "hair-length": LENGTH_NAMES, "eye-colour": EYE_NAMES,
})  # fmt: skip
ATTRIBUTES = tuple(VALUES)
MEASURED, PERSON = "measured", "person"
FIGURES = ("hair-L", "hair-a", "hair-b", "length", "eye-L", "eye-a", "eye-b")
SURE = tuple(f"{name}-sure" for name in ATTRIBUTES)
COLUMNS = ("file", *ATTRIBUTES, *SURE, "by", *FIGURES)


@dataclass(frozen=True, slots=True)
class Label:
    """names: a value of each of ``ATTRIBUTES``, "" where it is not known; sure: 0…1, of what was measured. by: who says so. figures: as
    measured, "" where nothing was."""

    file: str
    names: tuple[str, ...]
    sure: tuple[float, ...] = (1.0,) * len(ATTRIBUTES)
    by: str = MEASURED
    figures: tuple[str, ...] = ("",) * len(FIGURES)

    def name(self, attribute: str) -> str:
        """The value of one attribute."""
        return self.names[ATTRIBUTES.index(attribute)]

    def corrected(self, names: Sequence[str]) -> Label:
        """As a person says."""
        return replace(self, names=tuple(names), by=PERSON)

    @staticmethod
    def of(file: str, reading: Reading) -> Label:
        """What was measured."""
        names = (reading.hair_name, reading.length_name, reading.eye_name)
        hair, eye = (
            [""] * 3 if one is None else [f"{value:.2f}" for value in (one.L, one.a, one.b)] for one in (reading.hair, reading.eye)
        )
        length = "" if reading.hair is None else f"{reading.length:.2f}"
        return Label(file, names, (reading.hair_sure, reading.length_sure, reading.eye_sure), MEASURED, (*hair, length, *eye))


def read_labels(path: Path) -> list[Label]:
    """The rows of a file. Raises ConfigError with the line that is wrong."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            missing = [name for name in ("file", *ATTRIBUTES) if name not in (rows.fieldnames or ())]
            if missing:
                raise ConfigError(f"{path}: has no column {missing[0]!r}; labels have {', '.join(('file', *ATTRIBUTES))}")
            return [_label(path, rows.line_num, row) for row in rows]
    except FileNotFoundError as err:
        raise ConfigError(f"{path}: there is no such file of labels") from err
    except (OSError, UnicodeDecodeError, csv.Error) as err:
        raise ConfigError(f"{path}: cannot be read as a file of labels ({err})") from err


def _label(path: Path, line: int, row: Mapping[str, str | None]) -> Label:
    names = []
    for attribute, values in VALUES.items():
        name = (row.get(attribute) or "").strip().lower()
        if name and name not in values:
            raise ConfigError(f"{path}:{line}: {attribute}: {name!r} is none of {', '.join(values)}")
        names.append(name)
    sure = [_number(row.get(column)) for column in SURE]
    return Label(row["file"] or "", tuple(names), tuple(sure), row.get("by") or PERSON, tuple(row.get(name) or "" for name in FIGURES))


def _number(text: str | None) -> float:
    try:
        return float(text or 1.0)
    except ValueError:
        return 1.0


def write_labels(path: Path, labels: Iterable[Label]) -> None:
    """Whole or not at all. Raises ConfigError."""
    with whole_file(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        for one in labels:
            rows.writerow([one.file, *one.names, *(f"{sure:.2f}" for sure in one.sure), one.by, *one.figures])


def agreement(labels: Sequence[Label], truth: Sequence[Label]) -> dict[str, tuple[int, int]]:
    """By attribute: how many are named as the truth has them, of how many that it knows."""
    true = {one.file: one for one in truth}
    counts = {}
    for attribute in ATTRIBUTES:
        both = [
            (one.name(attribute), true[one.file].name(attribute)) for one in labels if one.file in true and true[one.file].name(attribute)
        ]
        counts[attribute] = (sum(a == b for a, b in both), len(both))
    return counts
