"""The pictures of any folders: packs, zips and plain files, in folders within folders; those that are too small are left out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from installation.training.data.datasets import PICTURE_SUFFIXES, DatasetError, LabelsError, Picture, load_pictures

FEW = 200  # pictures below which a warning is due


@dataclass(frozen=True)
class Sets:
    """pictures: of each source, all of them large enough. left_out: what a person is to know of the others, a sentence each."""

    pictures: tuple[tuple[Picture, ...], ...]
    left_out: tuple[str, ...]


def load_sets(sources: Sequence[Path], size: int) -> Sets:
    """Pictures for training at ``size`` px; of packs with labels the training split. Raises DatasetError for a source without any."""
    pictures, said = [], []
    for source in sources:
        broken: list[str] = []
        found = _everything(source, broken)
        kept, small = [], 0
        for picture in found:
            try:
                if picture.side() >= size:
                    kept.append(picture)
                else:
                    small += 1
            except OSError as err:
                broken.append(str(err))
        if not kept:
            what = f"all {small} pictures are smaller than {size} px; train smaller (--size)" if small else "no pictures here"
            raise DatasetError("; ".join([f"{source}: {what}", *broken[:3]]))
        said += [f"{source}: {small} pictures are smaller than {size} px and left out"] if small else []
        said += [f"{source}: {len(broken)} left out: {'; '.join(broken[:3])}{' …' if len(broken) > 3 else ''}"] if broken else []
        said += _beside_packs(source)
        said += [f"{source}: only {len(kept)} pictures; they will be learned by heart"] if len(kept) < FEW else []
        pictures.append(tuple(kept))
    return Sets(tuple(pictures), tuple(said))


def _beside_packs(source: Path) -> list[str]:
    """Pictures beside zips are sheets of theirs, as `data` writes them, and are not read; whoever meant them is told."""
    found = []
    for folder in _places(source):
        packs = folder.is_dir() and any(folder.glob("*.zip"))
        loose = sum(path.suffix.lower() in PICTURE_SUFFIXES for path in folder.iterdir()) if packs else 0
        found += [f"{folder}: {loose} pictures beside zips are left out; a folder of their own would be read"] if loose else []
    return found


def _places(source: Path) -> list[Path]:
    """The source and the folders in it, without hidden ones."""
    inner = (path for path in source.rglob("*") if path.is_dir()) if source.is_dir() else ()
    shown = (path for path in inner if not any(part.startswith(".") for part in path.relative_to(source).parts))
    return [source, *sorted(shown)]


def _everything(source: Path, broken: list[str]) -> list[Picture]:
    """Of a file or a folder, and of the folders in it."""
    if not source.exists():
        raise DatasetError(f"{source}: no such file or folder")
    found: list[Picture] = []
    for place in _places(source):
        for split in ("train", None):
            try:
                found += load_pictures(place, split, broken.append if split is None else lambda _: None)
                break
            except LabelsError:
                raise
            except DatasetError:
                continue
    return found
