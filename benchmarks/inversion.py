"""How much nearer a sitter comes when the encoder's code is optimised and the generator tuned around it, and what edits still do.

    python -m benchmarks.inversion --faces DATA/faces-256 DATA/fairface --nets DATA/nets --count 20 --seconds 2 10 --report OUT.json

Of held-out faces: mean square difference and the perceptual distance (tiny darknet) inside the mask, identity (MobileFaceNet, which is no
term of the inversion), and for each edit what +1 of its direction changes of its own measure, in parts of what it changes of the encoder's
own code. A report that is there is gone on with: a sitter is written once all of theirs is measured. On many cores ``--part 1/4 --report
1.json`` and so on, beside one another, then ``--take 1.json 2.json 3.json 4.json --report OUT.json``. ``--clock cpu`` counts the process'
own seconds, on one thread: on a machine that others share they are what one quiet core would take.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from installation.checkpoints.loading import AnyGenerator
from installation.codes.code import Code
from installation.codes.draw import CodePainter
from installation.inversion.engine import Aim, Inversion
from installation.inversion.settings import Effort, Weights
from installation.inversion.terms import FaceFeatures
from installation.latents.directions import load_directions
from installation.messages import Image
from installation.models.bundle import Models, load_models
from installation.models.guests import face_coder
from installation.output_file import whole_file
from installation.training.directions.attributes import load_attributes
from installation.training.directions.effects import MEASURES, Measures
from installation.training.score.networks import IdentityJudge, PerceptualJudge, five_point_matrix
from installation.training.score.sample import Sitter, draw_sample

WEIGHTS = Path(__file__).resolve().parents[1] / "weights"
EDITS = ("smile", "mouth-open", "age", "gender", "yaw")
ALONE = "encoder, code alone"
CLOCKS = {"cpu": time.process_time, "wall": time.perf_counter}
Row = dict[str, float]


@dataclass
class Bench:
    """What judges and what is judged."""

    models: Models
    identity: IdentityJudge
    perceptual: PerceptualJudge
    measures: Measures
    vectors: dict[str, torch.Tensor]

    @staticmethod
    def of(nets: Path) -> Bench:
        models = load_models(WEIGHTS / "generator.safetensors", WEIGHTS / "encoder.safetensors", [], [])
        found = load_directions([WEIGHTS / "directions.safetensors"], models.base.styles, models.base.style_dim)
        vectors = {one.name: one.vector for one in found.directions if one.name in EDITS}
        measures = Measures(load_attributes(WEIGHTS / "attributes.safetensors"))
        return Bench(models, IdentityJudge(nets), PerceptualJudge(nets), measures, vectors)

    def judge(self, sitter: Sitter, picture: Image) -> Row:
        """What a picture of a sitter is like, without edits."""
        shown = np.where(sitter.mask[..., None], picture, sitter.picture)
        x, y = (torch.from_numpy(one).permute(2, 0, 1)[None].float() / 127.5 - 1 for one in (shown, sitter.picture))
        mask = torch.from_numpy(sitter.mask)[None, None].float()
        matrix = five_point_matrix(sitter.landmarks)
        a, b = self.identity.embed([sitter.picture, shown], [matrix, matrix])
        return {
            "mse": float(((x - y).square() * mask).sum() / (mask.sum() * 3)),
            "perceptual": float(self.perceptual.distance(x, y, mask)[0]),
            "identity": float(a @ b),
        }

    def edits(self, generator: AnyGenerator, ws: torch.Tensor) -> NDArray[np.float64]:
        """What +1 of each edit changes of its own measure [edits]."""
        codes = [Code("plain", ws), *(Code(name, ws + vector) for name, vector in self.vectors.items())]
        measured = self.measures(CodePainter(generator).draw(codes))
        return np.array([measured[k][MEASURES.index(name)] - measured[0][MEASURES.index(name)] for k, name in enumerate(self.vectors, 1)])


def invert(bench: Bench, sitter: Sitter, start: torch.Tensor, seconds: float, clock: str) -> tuple[Inversion, int]:
    """The inversion, done, and its steps."""
    assert bench.models.detail is not None
    picture = torch.from_numpy(sitter.picture).permute(2, 0, 1).float() / 127.5 - 1
    aim = Aim(picture, start, torch.from_numpy(sitter.mask)[None].float())
    face = FaceFeatures(bench.models.detail)
    inversion = Inversion(bench.models.base, aim, Weights(), Effort(seconds=seconds), face, clock=CLOCKS[clock])
    steps = sum(1 for _ in inversion.run())
    return inversion, steps


def one_sitter(bench: Bench, sitter: Sitter, seconds: Sequence[float], clock: str) -> dict[str, Row]:
    """All rows of one face, by what was done for it."""
    guest, painter = face_coder(bench.models)(sitter.picture), CodePainter(bench.models.base, bench.models.detail)
    alone, whole = painter.draw([Code("", guest.ws), Code("", guest.ws, guest.detail)])
    rows = {ALONE: bench.judge(sitter, alone), "encoder, with its residual": bench.judge(sitter, whole)}
    usual = bench.edits(bench.models.base, guest.ws)
    for budget in seconds:
        inversion, steps = invert(bench, sitter, guest.ws, budget, clock)
        row = bench.judge(sitter, inversion.portrait())
        done = bench.edits(inversion.generator, inversion.ws)
        row |= {"steps": steps}
        row |= {f"edit {name}": float(done[k] / usual[k]) for k, name in enumerate(bench.vectors) if abs(usual[k]) > 1e-9}
        rows[f"{budget:g} s"] = row
        print(f"{sitter.name} {budget:g} s: {steps} steps, identity {row['identity']:.3f}", file=sys.stderr, flush=True)
    return rows


@dataclass
class Report:
    """What was measured, by sitter, on the disk where a file is named. how: what must be the same for a measurement to go on."""

    how: Mapping[str, object]
    path: Path | None = None
    sitters: dict[str, dict[str, Row]] = field(default_factory=dict)

    @staticmethod
    def of(how: Mapping[str, object], path: Path | None) -> Report:
        """The one that is there, or a new one. Raises SystemExit where what is there was measured otherwise."""
        report = Report(how, path)
        if path is not None and path.exists():
            kept = json.loads(path.read_text())
            if kept.get("how") != how:
                raise SystemExit(f"{path}: was measured otherwise ({kept.get('how')}, now {how}); name another report")
            report.sitters = kept["sitters"]
        return report

    def take(self, path: Path) -> None:
        """What is in another one, measured in the same way. Raises SystemExit."""
        if not path.exists():
            raise SystemExit(f"{path}: there is no such report")
        for name, rows in Report.of(self.how, path).sitters.items():
            self.add(name, rows)

    def add(self, name: str, rows: dict[str, Row]) -> None:
        """One more sitter, whole."""
        self.sitters[name] = rows
        if self.path is not None:
            with whole_file(self.path) as part:
                part.write_text(json.dumps({"how": self.how, "sitters": self.sitters}, indent=1))

    @property
    def rows(self) -> dict[str, list[Row]]:
        """By what was done, of every sitter."""
        names = dict.fromkeys(name for found in self.sitters.values() for name in found)
        return {name: [found[name] for found in self.sitters.values() if name in found] for name in names}

    def gains(self) -> list[str]:
        """By how much identity rises over the code alone, sitter by sitter."""
        lines = []
        for name in self.rows:
            risen = sorted(found[name]["identity"] - found[ALONE]["identity"] for found in self.sitters.values() if name in found)
            if name != ALONE:
                middle = statistics.median(risen)
                lines.append(f"{name}: identity rises by {middle:.2f} at the median, {risen[0]:.2f} to {risen[-1]:.2f}, of {len(risen)}")
        return lines


def table(rows: Mapping[str, Sequence[Row]]) -> str:
    """Means, edits at the median: a part of next to nothing may be anything. In brackets of how many, where it is not all: where no face
    is found any more nothing can be measured."""
    keys = list(dict.fromkeys(key for found in rows.values() for row in found for key in row))
    lines = ["| | faces | " + " | ".join(keys) + " |", "|---" * (len(keys) + 2) + "|"]
    for name, found in rows.items():
        cells = []
        for key in keys:
            values = [row[key] for row in found if key in row and np.isfinite(row[key])]
            middle = np.median if key.startswith("edit") else np.mean
            few = f" ({len(values)})" if len(values) < len(found) else ""
            cells.append(f"{middle(values):.3g}{few}" if values else "–")
        lines.append(f"| {name} | {len(found)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def by_turns(packs: Sequence[Path], count: int) -> Iterator[tuple[str, Sitter]]:
    """So many sitters, the same number of each pack, with a name that no other has; by turns, so that what there is of an unfinished
    measurement is of all packs alike. Raises SystemExit where a pack has too few."""
    each = max(1, count // len(packs))
    samples = [draw_sample([pack], each).sitters for pack in packs]
    for pack, sitters in zip(packs, samples, strict=True):
        if len(sitters) < each:
            raise SystemExit(f"{pack}: has {len(sitters)} faces that can be used, {each} are wanted of it")
    for sitters in zip(*samples, strict=True):
        yield from ((f"{pack.name}/{sitter.name}", sitter) for pack, sitter in zip(packs, sitters, strict=True))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--faces", type=Path, nargs="+", required=True)
    parser.add_argument("--nets", type=Path, required=True)
    parser.add_argument("--count", type=int, default=20, help="faces, the same number of each pack")
    parser.add_argument("--seconds", type=float, nargs="+", default=[2, 10])
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--report", type=Path)
    parser.add_argument("--part", type=_part, default=(1, 1), metavar="K/N", help="every N-th sitter alone, from the K-th on")
    parser.add_argument("--take", type=Path, nargs="+", default=[], metavar="REPORT", help="those of parts, to be put together")
    a = parser.parse_args()
    if a.clock == "cpu" and a.threads > 1:
        parser.error("--clock cpu counts the seconds of all threads: it goes with --threads 1")
    torch.set_num_threads(a.threads)
    report = Report.of({"clock": a.clock, "threads": a.threads, "seconds": a.seconds}, a.report)
    for part in a.take:
        report.take(part)
    bench, (first, step) = Bench.of(a.nets), a.part
    for name, sitter in itertools.islice(by_turns(a.faces, a.count), first - 1, None, step):
        if name not in report.sitters:
            report.add(name, one_sitter(bench, sitter, a.seconds, a.clock))
    print("\n".join([table(report.rows), "", *report.gains()]))
    return 0


def _part(text: str) -> tuple[int, int]:
    first, _, step = text.partition("/")
    if not (first.isdecimal() and step.isdecimal() and 1 <= int(first) <= int(step)):
        raise argparse.ArgumentTypeError(f"{text}: is no K/N, as in 1/4")
    return int(first), int(step)


if __name__ == "__main__":
    raise SystemExit(main())
