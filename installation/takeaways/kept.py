"""One takeaway as it lies on the disk: a folder with its pictures and ``takeaway.json``, which says how long it may stay."""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal, get_args

from installation.takeaways.ageing import Moment, age

NOTE = "takeaway.json"
SECRET_BYTES = 24  # 192 bits of a link
SECRET = re.compile(r"[A-Za-z0-9_-]{32}")
ID = re.compile(r"[0-9a-f]{40}")
STILL, SMALL = "picture.jpg", "small.jpg"
LOOP, BOOMERANG = "loop", "boomerang"
FILMS = tuple(f"{name}.{kind}" for kind in ("mp4", "webp", "gif") for name in (LOOP, BOOMERANG))  # in the order in which they are made
FILES = (STILL, SMALL, *FILMS)
LARGEST_NOTE = 1 << 14  # bytes
Gallery = Literal["", "offered", "shown", "refused"]


@dataclass(frozen=True, slots=True)
class Kept:
    """id: what the folder is called, made of the link's secret, which nobody can make of it; made: when; lasts: s from then on that
    it may stay; files: the names of what lies there; whole: whether nothing more is to come; gallery: whether its visitor offered
    it for the gallery, and what the operator said; prints: how often it was printed."""

    id: str
    made: Moment
    lasts: float
    files: tuple[str, ...]
    whole: bool = False
    gallery: Gallery = ""
    prints: int = 0

    def left(self, now: Moment) -> float:
        """Seconds until it is to be deleted, 0 where it should be gone, or where its age is not known."""
        old = age(self.made, now)
        return 0.0 if old is None else max(0.0, self.lasts - old)

    def with_file(self, name: str) -> Kept:
        """With one more file."""
        return replace(self, files=(*self.files, name))


def new_secret() -> str:
    """What makes a link that nobody guesses."""
    return secrets.token_urlsafe(SECRET_BYTES)


def id_of(secret: str) -> str:
    """The name of a takeaway's folder. Who sees it, in a listing or a log, cannot open the page."""
    return hashlib.sha256(secret.encode()).hexdigest()[:40]


def write_note(folder: Path, kept: Kept) -> None:
    """Write ``takeaway.json``, whole or not at all. Raises OSError."""
    part = folder / f".{NOTE}"
    with open(part, "w", encoding="utf-8", opener=_private) as file:
        json.dump(asdict(kept), file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, folder / NOTE)


def read_note(folder: Path) -> Kept:
    """What ``takeaway.json`` says. Raises OSError, or ValueError for one that is none."""
    with open(folder / NOTE, "rb") as file:
        raw = file.read(LARGEST_NOTE + 1)
    if len(raw) > LARGEST_NOTE:
        raise ValueError("too long")
    try:
        given = json.loads(raw)
    except RecursionError as err:  # brackets without end
        raise ValueError("no takeaway: too deep") from err
    try:
        made, files, gallery = given["made"], tuple(map(str, given["files"])), given["gallery"]
        kept = Kept(
            str(given["id"]), Moment(float(made["wall"]), str(made["boot"]), float(made["uptime"])), float(given["lasts"]), files,
            bool(given["whole"]), gallery, int(given["prints"]),
        )  # fmt: skip
    except (KeyError, TypeError, OverflowError) as err:
        raise ValueError(f"no takeaway: {err}") from err
    if kept.id != folder.name or not set(files) <= set(FILES) or gallery not in get_args(Gallery):
        raise ValueError("not of this takeaway")
    return kept


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
