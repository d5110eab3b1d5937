"""A training run's page: curves of its log and its newest grid, plain HTML with nothing from elsewhere."""

import html
import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

WIDTH, HEIGHT, MARGIN = 420, 150, 8
NOT_LOSSES = ("images", "size", "seconds", "images_per_second")
STYLE = """body{font:15px/1.5 system-ui,sans-serif;background:#16171a;color:#ddd;margin:2rem auto;max-width:1400px;padding:0 1rem}
h1{font-weight:500}main{display:flex;flex-wrap:wrap;gap:1rem}figure{margin:0;background:#1e2024;border-radius:8px;padding:.8rem}
figcaption{display:flex;justify-content:space-between}svg{display:block}path{fill:none;stroke:#e0b050;stroke-width:1.6}
line{stroke:#555;stroke-dasharray:3 3}img{max-width:100%;image-rendering:auto;border-radius:8px}"""


def read_log(run: Path) -> list[dict[str, float]]:
    """The entries of ``run/log.jsonl``; a line that was cut off by a crash is left out."""
    entries = []
    path = run / "log.jsonl"
    for line in path.read_text().splitlines() if path.exists() else []:
        try:
            entries.append({str(k): float(v) for k, v in json.loads(line).items()})
        except (ValueError, AttributeError):
            continue
    return entries


def curve(name: str, entries: Sequence[dict[str, float]]) -> str:
    """One term over the images seen, as an SVG figure; dashed lines where the resolution changed."""
    points = [(e["images"], e[name], e["size"]) for e in entries if name in e]
    if len(points) < 2:
        return ""
    left, right = points[0][0], points[-1][0]
    values = sorted(v for _, v, _ in points)
    low, high = values[0], values[min(len(values) - 1, int(len(values) * 0.99))]

    def x(images: float) -> float:
        return MARGIN + (images - left) / max(1.0, right - left) * (WIDTH - 2 * MARGIN)

    def y(value: float) -> float:
        return HEIGHT - MARGIN - (min(value, high) - low) / max(1e-9, high - low) * (HEIGHT - 2 * MARGIN)

    way = " ".join(f"{'L' if k else 'M'}{x(i):.1f},{y(v):.1f}" for k, (i, v, _) in enumerate(points))
    grown = [x(b[0]) for a, b in pairwise(points) if a[2] != b[2]]
    lines = "".join(f'<line x1="{at:.1f}" x2="{at:.1f}" y1="0" y2="{HEIGHT}"/>' for at in grown)
    caption = f"<figcaption><span>{html.escape(name)}</span><span>{points[-1][1]:.4g}</span></figcaption>"
    picture = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="{html.escape(name)}">'
    return f'<figure>{caption}{picture}{lines}<path d="{way}"/></svg></figure>'


def write_report(run: Path) -> None:
    """Write ``run/report.html``. Raises OSError."""
    entries = read_log(run)
    names = {name: None for entry in entries for name in entry if name not in NOT_LOSSES}
    figures = "".join(curve(name, entries) for name in names)
    last = next((entry for entry in reversed(entries) if "seconds" in entry), {})
    summary = f"{last.get('images', 0):,.0f} images in {last.get('seconds', 0) / 3600:.1f} hours, now at {last.get('size', 0):.0f} px"
    page = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(run.name)}</title><style>{STYLE}</style>'
        f'<h1>{html.escape(run.name)}</h1><p>{summary}</p><main>{figures}</main><p><img src="grid.png" alt="What the run '
        f'draws now"></p></html>\n'
    )
    fresh = run / ".report.tmp"
    fresh.write_text(page)
    fresh.replace(run / "report.html")
