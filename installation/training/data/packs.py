"""What the data set tool writes: zip packs, ``labels.csv``, and a journal by which a later run goes on.

Each face is first a file of its own under ``.pending``; a full pack takes them in. Whatever ends a run, no finished face is lost.
"""

import csv
import io
import json
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from installation.errors import ConfigError
from installation.output_file import whole_file

JOURNAL = "journal.jsonl"
PENDING = ".pending"
SEED = 5


@dataclass(frozen=True)
class Row:
    """One face in ``labels.csv``. width: side of its square in the source, px. yaw, pitch, roll: degrees, empty where unknown."""

    file: str
    pack: str
    split: str
    source: str
    width: int
    yaw: float | None
    pitch: float | None
    roll: float | None
    sharpness: float


@dataclass
class PackedFace:
    """A kept face: its row so far, and what tells duplicates."""

    row: dict[str, Any]
    print: str  # hexadecimal
    identity: list[float] | None


class Packs:
    """The output folder. ``done``: keys of pictures that were looked at. ``left_out``: how many faces and pictures, by reason."""

    def __init__(self, folder: Path, settings: Mapping[str, Any], pack_size: int) -> None:
        """Raises ConfigError for a folder with somebody's files in it, or made with other settings."""
        self.folder, self.pack_size = folder, pack_size
        self.faces: list[PackedFace] = []
        self.done: set[str] = set()
        self.unusable: dict[str, str] = {}
        self.left_out: Counter[str] = Counter()
        self._waiting = 0  # faces in no pack yet
        self._journal = folder / JOURNAL
        if self._journal.exists():
            self._resume(settings)
            return
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise ConfigError(f"--out: {folder}: is there and was not made by this command; name a new folder")
        try:
            (folder / PENDING).mkdir(parents=True)
            self._append({"facets_data": 1, "settings": dict(settings)})
        except OSError as err:
            raise ConfigError(f"--out: {folder}: cannot be written ({err.strerror or err})") from err

    def _resume(self, settings: Mapping[str, Any]) -> None:
        entries = list(_entries(self._journal))
        if not entries or "facets_data" not in entries[0]:
            raise ConfigError(f"--out: {self._journal}: is not a journal of this command; name a new folder")
        theirs = entries[0]["settings"]
        changed = [f"{name} was {theirs.get(name)!r}, now {value!r}" for name, value in settings.items() if theirs.get(name) != value]
        if changed:
            raise ConfigError(f"--out: {self.folder}: begun with other settings ({'; '.join(changed)}); use those, or a new folder")
        packed: dict[str, str] = {}
        for entry in entries[1:]:
            if "packed" in entry:
                packed |= dict.fromkeys(entry["packed"], entry["pack"])
            elif "unusable" in entry:
                self.unusable[entry["unusable"]] = entry["reason"]
            else:
                self.done.add(entry["key"])
                self.left_out.update(entry["left_out"])
                self.faces += [PackedFace(f["row"], f["print"], f.get("identity")) for f in entry["faces"]]
        for face in self.faces:
            face.row["pack"] = packed.get(face.row["file"], "")
        (self.folder / PENDING).mkdir(exist_ok=True)
        # A face whose file is gone was deleted by somebody: their wish.
        self.faces = [f for f in self.faces if f.row["pack"] or self._pending(f).exists()]
        self._waiting = len(self._unpacked())

    def add(self, key: str, faces: list[tuple[PackedFace, bytes]], left_out: Mapping[str, int]) -> None:
        """What came of one picture. Raises OSError."""
        for face, data in faces:
            self._pending(face).write_bytes(data)
        kept = [{"row": f.row, "print": f.print, **({} if f.identity is None else {"identity": f.identity})} for f, _ in faces]
        self._append({"key": key, "left_out": dict(left_out), "faces": kept})
        self.done.add(key)
        self.left_out.update(left_out)
        self.faces += [face for face, _ in faces]
        self._waiting += len(faces)
        if self._waiting >= self.pack_size:
            self.pack()

    def cannot_use(self, name: str, reason: str) -> None:
        """A file that is skipped. Raises OSError."""
        if self.unusable.get(name) != reason:
            self.unusable[name] = reason
            self._append({"unusable": name, "reason": reason})

    def next_name(self, ahead: int) -> str:
        """File name of a new face, ``ahead`` of those that are not added yet."""
        last = int(self.faces[-1].row["file"].split(".")[0]) if self.faces else -1
        return f"{last + 1 + ahead:06}.webp"

    def pack(self) -> None:
        """Put the pending faces into a zip, a smaller one at the end of a run, and write ``labels.csv``. Raises OSError, ConfigError."""
        waiting = self._unpacked()
        for start in range(0, len(waiting), self.pack_size):
            part = waiting[start : start + self.pack_size]
            name = self._free_name()
            with whole_file(self.folder / name) as path, zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
                for face in part:
                    archive.write(self._pending(face), face.row["file"])
            self._append({"pack": name, "packed": [f.row["file"] for f in part]})
            for face in part:
                face.row["pack"] = name
                self._pending(face).unlink()
        self._waiting = 0
        names = [field.name for field in fields(Row)]
        with whole_file(self.folder / "labels.csv") as path, path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            writer.writerows(face.row for face in self.faces)

    def picture(self, face: PackedFace) -> bytes | None:
        """The encoded picture of a packed face; None where somebody took the pack away."""
        try:
            with zipfile.ZipFile(self.folder / face.row["pack"]) as archive:
                return archive.read(face.row["file"])
        except (OSError, KeyError, zipfile.BadZipFile):
            return None

    def _unpacked(self) -> list[PackedFace]:
        return [f for f in self.faces if not f.row["pack"]]

    def _pending(self, face: PackedFace) -> Path:
        return self.folder / PENDING / str(face.row["file"])

    def _free_name(self) -> str:
        number = 0
        taken = {f.row["pack"] for f in self.faces}
        while f"faces-{number}.zip" in taken or ((self.folder / f"faces-{number}.zip").exists() and not self._ours(f"faces-{number}.zip")):
            number += 1
        return f"faces-{number}.zip"

    def _ours(self, name: str) -> bool:
        """A pack that a crash left between its writing and its entry in the journal: its faces are still pending."""
        try:
            with zipfile.ZipFile(self.folder / name) as archive:
                return set(archive.namelist()) <= {f.row["file"] for f in self._unpacked()}
        except (OSError, zipfile.BadZipFile):
            return False

    def _append(self, entry: Mapping[str, Any]) -> None:
        with self._journal.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry, ensure_ascii=False) + "\n")


def _entries(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a journal; one that was cut off by a crash is left out."""
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict):
            yield entry


def split_of(unit: str, share: float) -> str:
    """``val`` for a fixed share of the units, the same ones each time, whatever else is in the set."""
    return "val" if zlib.crc32(f"{SEED} {unit}".encode()) / 2**32 < share else "train"


def encode(picture: Any, quality: int) -> bytes:
    """A Pillow picture as WebP."""
    data = io.BytesIO()
    picture.save(data, "WEBP", quality=quality, method=4)
    return data.getvalue()


def row_dict(row: Row) -> dict[str, Any]:
    """For the journal."""
    return asdict(row)
