"""A line plot as SVG, for a page without anything beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 720, 200  # px
LEFT, RIGHT, TOP, BOTTOM = 62, 14, 30, 26  # px, of the frame
COLOURS = ("#2b6cb0", "#c05621", "#718096", "#2f855a")
MOST_POINTS = 600  # of a line: more is not seen


@dataclass(frozen=True, slots=True)
class Line:
    """label: in the legend; points: x in s and y."""

    label: str
    points: Sequence[tuple[float, float]]


def plot(title: str, unit: str, lines: Sequence[Line], marks: Sequence[float] = (), from_zero: bool = True) -> str:
    """One plot over time. unit: of y; marks: s at which something was done, as ticks along the foot."""
    points = [point for line in lines for point in line.points]
    last = max([x for x, _ in points], default=1.0) or 1.0
    low, high, step = _scale([y for _, y in points], from_zero)

    def place(x: float, y: float) -> tuple[float, float]:
        return LEFT + (WIDTH - LEFT - RIGHT) * x / last, HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (y - low) / (high - low)

    parts = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">']
    parts.append(f'<text x="{LEFT}" y="17" class="title">{escape(title)}</text>')
    rows = round((high - low) / step)
    for row in range(rows + 1):
        x, y = place(0, low + row * step)
        parts.append(f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" class="grid"/>')
        parts.append(f'<text x="{LEFT - 7}" y="{y + 4:.1f}" class="y">{_short(low + row * step)} {escape(unit)}</text>')
    for second in _moments(last):
        x, _ = place(second, low)
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - 8}" class="x">{_clock(second)}</text>')
    for mark in marks:
        x, y = place(min(mark, last), low)
        parts.append(f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{x:.1f}" y2="{y - 5:.1f}" class="mark"/>')
    for number, line in enumerate(lines):
        parts += _drawn(line, COLOURS[number % len(COLOURS)], place, number, len(lines))
    return "".join([*parts, "</svg>"])


def _drawn(line: Line, colour: str, place: object, number: int, count: int) -> list[str]:
    assert callable(place)
    thin = line.points[:: max(1, len(line.points) // MOST_POINTS)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in thin))
    legend = WIDTH - RIGHT - 92 * (count - number)
    return [
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.6" stroke-linejoin="round"/>',
        *([f'<rect x="{legend}" y="10" width="14" height="4" fill="{colour}"/>'] if count > 1 else []),
        *([f'<text x="{legend + 19}" y="17">{escape(line.label)}</text>'] if count > 1 else []),
    ]


def _scale(values: Sequence[float], from_zero: bool) -> tuple[float, float, float]:
    """Lowest and highest value of the frame, and the step of its lines: 1, 2 or 5 times a power of ten."""
    low, high = (min(values, default=0.0), max(values, default=1.0))
    low = 0.0 if from_zero else low
    span = max(high - low, abs(high) * 0.02, 1e-6)
    rough = span / 4
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * one for one in (1, 2, 5, 10) if power * one >= rough)
    low = math.floor(low / step) * step
    return low, max(math.ceil(high / step) * step, low + step), step


def _moments(last: float) -> list[float]:
    steps = (10, 30, 60, 300, 600, 1800, 3600, 7200, 21600, 86400)
    step = next((one for one in steps if last / one <= 8), 86400 * math.ceil(last / 8 / 86400))
    return [step * number for number in range(int(last // step) + 1)]


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02} h" if hours else f"{minutes}:{rest:02}"


def _short(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 10 or value == int(value) else f"{value:.2g}"
