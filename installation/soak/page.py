"""The page of a soak: one HTML file with its plots in it."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, fields
from html import escape

from installation.soak.plot import Line, plot
from installation.soak.samples import Sample
from installation.soak.verdict import Row, Seen

STYLE = """
:root { color-scheme: light; } body { font: 15px/1.5 system-ui, sans-serif; color: #1a202c; background: #fff; margin: 2rem auto; max-width: 1120px; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0 0 .2rem; } p { margin: .3rem 0 1rem; color: #4a5568; } table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
th, td { text-align: left; padding: .35rem .6rem .35rem 0; border-bottom: 1px solid #e2e8f0; vertical-align: top; } th { font-weight: 600; color: #4a5568; }
td:last-child { white-space: nowrap; font-weight: 600; } .yes { color: #276749; } .no { color: #c53030; } .open { color: #975a16; }
svg { width: 100%; height: auto; margin: .6rem 0; font: 12px system-ui, sans-serif; } svg text { fill: #4a5568; } svg .title { fill: #1a202c; font-weight: 600; font-size: 13px; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 430px), 1fr)); gap: .2rem 1.6rem; }
.grid { stroke: #e2e8f0; } .mark { stroke: #a0aec0; } .y { text-anchor: end; } .x { text-anchor: middle; }
"""  # noqa: E501
WORDS = {True: ("yes", "holds"), False: ("no", "DOES NOT HOLD"), None: ("open", "not told")}


def page(title: str, about: str, rows: Sequence[Row], seen: Seen) -> str:
    """The whole file."""
    lines = "".join(
        f"<tr><td>{escape(row.what)}</td><td>{escape(row.measured)}</td><td>{escape(row.wanted)}</td>"
        f'<td class="{WORDS[row.holds][0]}">{WORDS[row.holds][1]}</td></tr>'
        for row in rows
    )
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style><h1>{escape(title)}</h1><p>{escape(about)}</p>"
        f"<table><tr><th>what</th><th>measured</th><th>wanted</th><th></th></tr>{lines}</table>"
        f'<div class="plots">{"".join(plots(seen))}</div>{troubles(seen)}</html>\n'
    )


def plots(seen: Seen) -> list[str]:
    """Memory, frame times, the longest gap, threads and files, rates."""
    samples, marks = seen.samples, [one.at for one in seen.troubles]

    def line(label: str, name: str, times: float = 1.0) -> Line:
        return Line(label, [(one.seconds, times * getattr(one, name)) for one in samples])

    settled = [one for one in samples if not one.first]
    gaps = Line("longest", [(one.seconds, 1000 * one.gap) for one in settled])
    return [
        plot("Memory", "MB", [line("memory", "memory_mb")], marks, from_zero=False),
        plot("Time between two pictures", "ms", [line("median", "p50", 1000), line("p95", "p95", 1000), line("p99", "p99", 1000)], marks),
        plot("Longest time between two pictures in a minute", "ms", [gaps], marks),
        plot("Pictures a second", "", [line("pictures", "fps")], marks),
        plot("Threads and open files", "", [line("threads", "threads"), line("files", "files")], marks),
        plot("Visitors seen, and faults that last", "", [line("visitors", "faces"), line("faults", "faults_open")], marks),
    ]


def troubles(seen: Seen) -> str:
    """What was done to it, and how long it took to go on."""
    rows = []
    camera = seen.report.get("rehearsal")
    by_kind, longest_by = (camera.get("by_fault", {}), camera.get("longest_by_fault", {})) if isinstance(camera, dict) else ({}, {})
    for kind, count in sorted(Counter(one.kind for one in seen.troubles).items()):
        back = [one.recovered for one in seen.troubles if one.kind == kind and one.recovered is not None]
        longest = f"{max(back):.1f} s" if back else ""
        rows.append(f"<tr><td>{escape(kind)}</td><td>{count}</td><td>{len(back)}</td><td>{longest}</td></tr>")
    for kind, count in sorted(by_kind.items()):
        longest = f"{longest_by[kind]:.1f} s" if kind in longest_by else ""
        rows.append(f"<tr><td>camera: {escape(str(kind))}</td><td>{count}</td><td></td><td>{longest}</td></tr>")
    failed = "".join(f"<p>{escape(one.kind)} at {one.at:.0f} s: {escape(one.told)}</p>" for one in seen.troubles if one.recovered is None)
    if not rows:
        return ""
    return f"<table><tr><th>trouble</th><th>times</th><th>went on</th><th>longest</th></tr>{''.join(rows)}</table>{failed}"


def as_csv(samples: Sequence[Sample]) -> str:
    """Every sample, for whoever wants to draw it otherwise."""
    out = io.StringIO()
    writer = csv.DictWriter(out, [field.name for field in fields(Sample)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(one) for one in samples)
    return out.getvalue()
