"""Train a judge of edits, apart from the reader that teaches the editor.

    python -m installation train-judge --faces DATA/fairface --run runs/editor --minutes 15

Its state and its file, ``judge.safetensors``, lie in the run's folder; the same command goes on where the last one ended. Then
``score --judge runs/editor/judge.safetensors`` tells every edit's own effect by it.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from installation.errors import ConfigError
from installation.output_file import whole_file
from installation.training.arguments import finite
from installation.training.editor.command import KEPT_MEASURES, MEASURES
from installation.training.editor.faces import load_faces
from installation.training.judge.learning import Lessons, Schooling, accuracy_of, lessons_of
from installation.training.judge.network import save_judge

STATE, FILE = "judge.pt", "judge.safetensors"
LEAST = 64  # photographs with labels


def lessons(sources: Sequence[Path], split: str, run: Path, limit: int, measured: int) -> Lessons:
    """Photographs with labels. Smiles and mouths are measured on ``measured`` of them, or taken from what the editor's training has
    measured in this run. Raises ConfigError where there are too few."""
    store = run / (MEASURES if split == "train" else KEPT_MEASURES)
    own = run / f"judge-{measured}-{store.name}"
    faces = load_faces(sources, split, store if store.exists() else own, limit, measured)
    if int(faces.photographs.sum()) < (LEAST if split == "train" else 1):
        raise ConfigError(f"--faces: too few photographs of the split {split} with ages: labels.csv needs columns file, split, age, gender")
    return lessons_of(faces)


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    p = argparse.ArgumentParser(prog="python -m installation train-judge", description="Train a judge of edits, apart from the reader.")
    p.add_argument(
        "--faces", type=Path, nargs="+", required=True, metavar="PACK", help="aligned photographs; labels.csv tells ages and genders"
    )
    p.add_argument("--run", type=Path, required=True, metavar="FOLDER", help="state and file; a later call goes on from it")
    p.add_argument("--minutes", type=finite, default=15.0, help="of training in this call; 0: only the file and its accuracy")
    p.add_argument("--limit", type=int, default=10**6, metavar="N", help="faces of each pack at most")
    p.add_argument("--measured", type=int, default=12_000, metavar="N", help="faces whose smile and mouth are measured: most of the wait")
    return p


def main(argv: Sequence[str] | None = None) -> int:
    """The command ``train-judge``."""
    a = parser().parse_args(argv)
    if a.minutes < 0 or a.limit < LEAST or a.measured < 0:
        raise ConfigError(f"--minutes and --measured must not be negative, --limit needs at least {LEAST} faces")
    learned, kept = (lessons(a.faces, split, a.run, a.limit, a.measured) for split in ("train", "val"))
    known = int(np.isfinite(learned.labels[:, 2].numpy()).sum())
    print(f"{len(learned)} photographs, smiles and mouths known of {known}; {len(kept)} kept apart", flush=True)
    schooling = Schooling(a.run / STATE)
    if schooling.steps:
        print(f"going on after {schooling.steps} steps", flush=True)
    if a.minutes:
        schooling.learn(learned, a.minutes)
    accuracy = accuracy_of(schooling.judge, kept)
    a.run.mkdir(parents=True, exist_ok=True)
    with whole_file(a.run / FILE) as part:
        save_judge(schooling.judge, part, accuracy, schooling.steps)
    print(f"{a.run / FILE}: {accuracy}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
