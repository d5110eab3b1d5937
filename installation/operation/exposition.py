"""Figures in the text format that Prometheus reads (its exposition format, version 0.0.4)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """suffix: behind the family's name, as _sum and _count of a summary."""

    value: float
    labels: Labels = ()
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Family:
    """One figure. name: of letters, digits and underscores, with the unit at its end; a counter's ends with _total or its unit."""

    name: str
    kind: Literal["counter", "gauge", "summary"]
    what: str
    samples: tuple[Sample, ...]

    @staticmethod
    def of(name: str, kind: Literal["counter", "gauge"], what: str, value: float) -> Family:
        """With one sample and no label."""
        return Family(name, kind, what, (Sample(value),))


def exposition(families: Iterable[Family]) -> str:
    """The text, a line feed at the end of each line."""
    return "".join(f"{line}\n" for family in families for line in _lines(family))


def _lines(family: Family) -> Iterator[str]:
    what = family.what.replace("\\", "\\\\").replace("\n", "\\n")
    yield f"# HELP {family.name} {what}"
    yield f"# TYPE {family.name} {family.kind}"
    for sample in family.samples:
        labels = ",".join(f'{name}="{_escaped(value)}"' for name, value in sample.labels)
        yield f"{family.name}{sample.suffix}{f'{{{labels}}}' if labels else ''} {_number(sample.value)}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return f"{value:.15g}" if abs(value) >= 1e9 else f"{value:.10g}"
