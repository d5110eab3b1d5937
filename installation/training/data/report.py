"""What a data set holds: ``report.json``, a plain page, and a sheet of its faces."""

import html
import io
import json
import statistics
from typing import Any

import numpy as np
from PIL import Image

from installation.output_file import whole_file
from installation.training.data.packs import Packs

SHEET_COLUMNS, SHEET_ROWS, SHEET_PX = 12, 8, 96
SEED = 3
STYLE = """body{font:15px/1.5 system-ui,sans-serif;background:#16171a;color:#ddd;margin:2rem auto;max-width:1160px;padding:0 1rem}
h1,h2{font-weight:500}img{max-width:100%;border-radius:8px}td,th{padding:.15rem .8rem .15rem 0;text-align:left;vertical-align:top}"""


def summary(packs: Packs, settings: dict[str, Any]) -> dict[str, Any]:
    """The numbers of ``report.json``."""
    rows = [f.row for f in packs.faces]
    units: dict[str, int] = {}
    for row in rows:
        unit = str(row["source"]).split("#", maxsplit=1)[0]
        units[unit] = units.get(unit, 0) + 1
    return {
        "faces": len(rows),
        "train": sum(row["split"] == "train" for row in rows),
        "val": sum(row["split"] == "val" for row in rows),
        "packs": sorted({row["pack"] for row in rows if row["pack"]}),
        "pictures_seen": len(packs.done),
        "left_out": dict(packs.left_out.most_common()),
        "unusable": packs.unusable,
        "medians": {
            key: round(statistics.median(known), 3)
            for key in ("width", "yaw", "pitch", "roll", "sharpness")
            if (known := [row[key] for row in rows if row[key] is not None])
        },
        "sources": units if len(units) <= 200 else {"number": len(units)},
        "settings": settings,
    }


def contact_sheet(packs: Packs) -> Image.Image | None:
    """Faces drawn from the whole set with a fixed seed, 96 px each, in the order of the set."""
    count = min(len(packs.faces), SHEET_COLUMNS * SHEET_ROWS)
    if not count:
        return None
    chosen = sorted(np.random.default_rng(SEED).permutation(len(packs.faces))[:count].tolist())
    rows = -(-count // SHEET_COLUMNS)
    sheet = Image.new("RGB", (min(count, SHEET_COLUMNS) * SHEET_PX, rows * SHEET_PX), (30, 32, 36))
    for place, index in enumerate(chosen):
        data = packs.picture(packs.faces[index])
        if data is None:
            continue
        face = Image.open(io.BytesIO(data)).convert("RGBA").resize((SHEET_PX, SHEET_PX), Image.Resampling.BOX)
        sheet.paste(face, (place % SHEET_COLUMNS * SHEET_PX, place // SHEET_COLUMNS * SHEET_PX), face)
    return sheet


def write_report(packs: Packs, settings: dict[str, Any]) -> dict[str, Any]:
    """``report.json``, ``report.html`` and ``contact.jpg``. Raises ConfigError where the disk is full."""
    found = summary(packs, settings)
    with whole_file(packs.folder / "report.json") as path:
        path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    sheet = contact_sheet(packs)
    if sheet is not None:
        with whole_file(packs.folder / "contact.jpg") as path:
            sheet.save(path, "JPEG", quality=88)
    with whole_file(packs.folder / "report.html") as path:
        path.write_text(_page(packs.folder.name, found, sheet is not None), encoding="utf-8")
    return found


def _page(name: str, found: dict[str, Any], has_sheet: bool) -> str:
    title = html.escape(name)
    counts = {**{key: found[key] for key in ("faces", "train", "val", "pictures_seen")}, **found["medians"]}
    picture = '<p><img src="contact.jpg" alt="Faces drawn from the set"></p>' if has_sheet else ""
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style><h1>{title}</h1>'
        f"{picture}<h2>What is here</h2>{_table(counts)}<h2>Left out</h2>{_table(found['left_out'])}"
        f"<h2>Files that cannot be used</h2>{_table(found['unusable'])}<h2>Settings</h2>{_table(found['settings'])}</html>\n"
    )


def _table(values: dict[str, Any]) -> str:
    rows = "".join(f"<tr><th>{html.escape(str(k))}</th><td>{html.escape(str(v))}</td></tr>" for k, v in values.items())
    return f"<table>{rows}</table>" if rows else "<p>nothing</p>"
