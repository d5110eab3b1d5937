"""How much nearer a sitter comes when the encoder's code is optimised and the generator tuned around it, and what edits still do.

    python -m benchmarks.inversion --faces DATA/faces-256 DATA/fairface --nets DATA/nets --count 20 --seconds 2 10 --report OUT.json

Of held-out faces: mean square difference and the perceptual distance (tiny darknet) inside the mask, identity (MobileFaceNet, which is no
term of the inversion), and for each edit what +1 of its direction changes of its own measure, in parts of what it changes of the encoder's
own code. ``--clock cpu`` counts the process' own seconds, on one thread: on a machine that others share they are what one quiet core would
take.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
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
from installation.training.directions.attributes import load_attributes
from installation.training.directions.effects import MEASURES, Measures
from installation.training.score.networks import IdentityJudge, PerceptualJudge, five_point_matrix
from installation.training.score.sample import Sitter, draw_sample

WEIGHTS = Path(__file__).resolve().parents[1] / "weights"
EDITS = ("smile", "mouth-open", "age", "gender", "yaw")
COLUMNS = ("mse", "perceptual", "identity")
CLOCKS = {"cpu": time.process_time, "wall": time.perf_counter}


@dataclass
class Bench:
    """What judges and what is judged."""

    models: Models
    identity: IdentityJudge
    perceptual: PerceptualJudge
    measures: Measures
    vectors: dict[str, torch.Tensor]
    rows: dict[str, list[dict[str, float]]] = field(default_factory=dict)

    @staticmethod
    def of(nets: Path) -> Bench:
        models = load_models(WEIGHTS / "generator.safetensors", WEIGHTS / "encoder.safetensors", [], [])
        found = load_directions([WEIGHTS / "directions.safetensors"], models.base.styles, models.base.style_dim)
        vectors = {one.name: one.vector for one in found.directions if one.name in EDITS}
        measures = Measures(load_attributes(WEIGHTS / "attributes.safetensors"))
        return Bench(models, IdentityJudge(nets), PerceptualJudge(nets), measures, vectors)

    def judge(self, name: str, sitter: Sitter, picture: Image) -> dict[str, float]:
        """One row of the table, without edits."""
        shown = np.where(sitter.mask[..., None], picture, sitter.picture)
        x, y = (torch.from_numpy(one).permute(2, 0, 1)[None].float() / 127.5 - 1 for one in (shown, sitter.picture))
        mask = torch.from_numpy(sitter.mask)[None, None].float()
        matrix = five_point_matrix(sitter.landmarks)
        a, b = self.identity.embed([sitter.picture, shown], [matrix, matrix])
        row = {
            "mse": float(((x - y).square() * mask).sum() / (mask.sum() * 3)),
            "perceptual": float(self.perceptual.distance(x, y, mask)[0]),
            "identity": float(a @ b),
        }
        self.rows.setdefault(name, []).append(row)
        return row

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


def one_sitter(bench: Bench, sitter: Sitter, seconds: Sequence[float], clock: str) -> None:
    """All rows of one face."""
    guest, painter = face_coder(bench.models)(sitter.picture), CodePainter(bench.models.base, bench.models.detail)
    alone, whole = painter.draw([Code("", guest.ws), Code("", guest.ws, guest.detail)])
    bench.judge("encoder, code alone", sitter, alone)
    bench.judge("encoder, with its residual", sitter, whole)
    usual = bench.edits(bench.models.base, guest.ws)
    for budget in seconds:
        inversion, steps = invert(bench, sitter, guest.ws, budget, clock)
        row = bench.judge(f"{budget:g} s", sitter, inversion.portrait())
        done = bench.edits(inversion.generator, inversion.ws)
        row |= {"steps": steps}
        row |= {f"edit {name}": float(done[k] / usual[k]) for k, name in enumerate(bench.vectors) if abs(usual[k]) > 1e-9}
        print(f"{sitter.name} {budget:g} s: {steps} steps, identity {row['identity']:.3f}", file=sys.stderr, flush=True)


def table(rows: dict[str, list[dict[str, float]]]) -> str:
    """Means, edits at the median: a part of next to nothing may be anything."""
    keys = list(dict.fromkeys(key for found in rows.values() for row in found for key in row))
    lines = ["| | faces | " + " | ".join(keys) + " |", "|---" * (len(keys) + 2) + "|"]
    for name, found in rows.items():
        cells = []
        for key in keys:
            values = [row[key] for row in found if key in row and np.isfinite(row[key])]
            middle = np.median if key.startswith("edit") else np.mean
            cells.append(f"{middle(values):.3g}" if values else "–")
        lines.append(f"| {name} | {len(found)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--faces", type=Path, nargs="+", required=True)
    parser.add_argument("--nets", type=Path, required=True)
    parser.add_argument("--count", type=int, default=20, help="faces, the same number of each pack")
    parser.add_argument("--seconds", type=float, nargs="+", default=[2, 10])
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--report", type=Path)
    a = parser.parse_args()
    torch.set_num_threads(a.threads)
    bench = Bench.of(a.nets)
    samples = [draw_sample([pack], a.count // len(a.faces)).sitters for pack in a.faces]
    for sitters in zip(*samples, strict=False):  # by turns, so that what there is of an unfinished run is of all packs alike
        for sitter in sitters:
            one_sitter(bench, sitter, a.seconds, a.clock)
        if a.report is not None:
            a.report.write_text(json.dumps({"clock": a.clock, "threads": a.threads, "rows": bench.rows}, indent=1))
    print(table(bench.rows))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
