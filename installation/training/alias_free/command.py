"""Train StyleGAN3 (Karras et al. 2021) on any folders of pictures.

    python -m installation train --arch stylegan3-t --faces DATA/faces-256 DATA/paintings --run RUN --minutes 60

Several sources have equal shares of each batch; within one, folders in folders are read, and every picture counts alike. Resumes from
``RUN/state.pt``; every so many thousand pictures it leaves a model file and a sheet of samples in ``RUN``, which `grid`, `film`, `invert`,
`fid` and, with an encoder, `models.generator` take, and ``RUN/log.jsonl`` and ``RUN/report.html``.
"""

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

import numpy as np
import torch

from installation.errors import ConfigError, FaultError
from installation.output_file import whole_file
from installation.training import distributed
from installation.training.alias_free.pictures import Sets, load_sets
from installation.training.alias_free.samples import samples
from installation.training.alias_free.settings import ARCHS, BATCH, GAMMA, SIZE, Options, R, Shape
from installation.training.alias_free.trainer import StyleGAN3Trainer
from installation.training.arguments import count, positive, weight
from installation.training.data.datasets import BatchStream
from installation.training.report import write_report
from installation.training.run_state import held
from installation.training.stop import Stop
from installation.training.trainer import NotFinite

REPORT_EVERY = 20  # steps
SAVE_EVERY = 300.0  # seconds
SHAPE_OPTIONS = tuple(entry.name for entry in fields(Shape) if entry.name != "arch")


@dataclass
class Run:
    """A trainer with what it leaves behind, and when. every: pictures between two model files."""

    trainer: StyleGAN3Trainer
    minutes: float
    every: int
    card: Mapping[str, str]
    start: float = field(default_factory=time.monotonic)
    saved: float = 0.0

    @property
    def folder(self) -> Path:
        return self.trainer.options.run

    @property
    def spent(self) -> float:
        """Seconds."""
        return time.monotonic() - self.start

    def train(self, stream: BatchStream, stop: Stop) -> None:
        """Until the time is over or somebody ends it. Raises FaultError where the last state cannot be written."""
        trainer, before, first, history = self.trainer, self.trainer.seconds, self.trainer.images, list[dict[str, float]]()
        for images, mask in stream:
            trainer.seconds = before + self.spent
            done = stop.asked or self.spent >= self.minutes * 60
            if done or self.spent - self.saved > SAVE_EVERY:
                self._keep(done)
            if done:
                return
            last = trainer.images
            history.append(trainer.step(images, mask))
            if trainer.images // self.every > last // self.every:
                self._leave(f"snapshot-{trainer.images:08d}.safetensors", f"samples-{trainer.images:08d}.png")
            if len(history) == REPORT_EVERY:
                self._log(history, (trainer.images - first) / (self.spent + 1e-6))
                history.clear()

    def _keep(self, last: bool) -> None:
        """State and report. A full disk does not end a run before its time."""
        self.saved = self.spent
        try:
            self.trainer.save()
            self._draw("grid.png")
            write_report(self.folder)
        except (OSError, ConfigError) as err:
            if last:
                raise FaultError(str(err)) from err
            print(err, file=sys.stderr, flush=True)

    def _leave(self, model: str, sheet: str) -> None:
        """A model file and its samples; one that cannot be written is told, and the run goes on."""
        try:
            self.trainer.export(self.folder / model, self.card)
            self._draw(sheet)
            print(f"{self.folder / model}", flush=True)
        except (OSError, ConfigError) as err:
            print(err, file=sys.stderr, flush=True)

    def _draw(self, name: str) -> None:
        with whole_file(self.folder / name) as part:
            samples(self.trainer.ema).save(part, "PNG")

    def _log(self, steps: Sequence[Mapping[str, float]], rate: float) -> None:
        trainer = self.trainer
        names = {name: None for terms in steps for name in terms}
        means = {name: round(float(np.mean([terms[name] for terms in steps if name in terms])), 5) for name in names}
        counts = {"images": trainer.images, "size": trainer.shape.size, "seconds": round(trainer.seconds)}
        entry = json.dumps({**counts, "images_per_second": round(rate, 2), **means})
        try:
            with (self.folder / "log.jsonl").open("a") as log:
                log.write(entry + "\n")
        except OSError as err:  # a full disk; the state's own writing says what to do
            print(err, file=sys.stderr)
        print(entry, flush=True)


def main(argv: Sequence[str] | None = None) -> int:
    """The command ``train --arch stylegan3-…``."""
    a = _arguments(argv)
    if distributed.WORLD > 1:
        raise ConfigError(f"--arch {a.arch} trains in one process; start it without torchrun")
    wishes = {name: value for name in SHAPE_OPTIONS if (value := getattr(a, name)) is not None}
    chosen = {name: getattr(a, name) for name in ("gamma", "lr", "adversary_lr", "device", "precision", "nets")}
    options = Options(a.run, a.batch, min(a.chunk, a.batch), blur=Options.blur if a.blur is None else a.blur, **chosen)
    try:
        a.run.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise ConfigError(f"--run {a.run}: cannot be made ({err.strerror or err})") from err
    with held(a.run):
        trainer = _train(a, options, wishes)
    print(f"{a.run / 'generator.safetensors'} after {trainer.images} images", flush=True)
    return 0


def _train(a: argparse.Namespace, options: Options, wishes: Mapping[str, object]) -> StyleGAN3Trainer:
    """Until the time is over. Raises FacetsError in one sentence."""
    trainer = StyleGAN3Trainer(options, a.arch, wishes)
    sets = load_sets(a.faces, trainer.shape.size)
    for line in sets.left_out:
        print(line, file=sys.stderr, flush=True)
    if a.batch < len(sets.pictures):
        raise ConfigError(f"--batch {a.batch}: fewer pictures than the {len(sets.pictures)} sources that are to share them")
    _announce(trainer, sets)
    stream = BatchStream(sets.pictures, a.batch, seed=0, size=trainer.shape.size, first=trainer.steps)
    card = {"data": ", ".join(source.name for source in a.faces)}
    try:
        Run(trainer, a.minutes, max(1, round(a.snapshot_every * 1000)), card).train(stream, Stop())
    except NotFinite as err:
        raise FaultError(
            f"the loss is not a number any more after {trainer.images} images; {trainer.state_path} is the last good state. "
            "Go on from it with a lower --lr and --adversary-lr, or a larger --gamma"
        ) from err
    finally:
        stream.close()
    try:
        trainer.export(a.run / "generator.safetensors", card)
    except OSError as err:
        raise FaultError(str(err)) from err
    return trainer


def _announce(trainer: StyleGAN3Trainer, sets: Sets) -> None:
    millions = [sum(p.numel() for p in part.parameters()) / 1e6 for part in (trainer.generator, trainer.judge.network)]
    print(f"{trainer.shape.arch}, {trainer.shape.size} px, parameters: generator {millions[0]:.2f}, adversary {millions[1]:.2f} million")
    print("pictures", [len(part) for part in sets.pictures], "resumed at", trainer.images, "images", flush=True)


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    p = argparse.ArgumentParser(prog="python -m installation train", description=__doc__.split("\n")[0] if __doc__ else None)
    new = Shape()
    p.add_argument("--arch", choices=ARCHS, required=True, help="t: pictures follow shifts of the layers' maps; r: turns too")
    p.add_argument("--faces", type=Path, nargs="+", required=True, help="folders, zips, packs; each has an equal share of a batch")
    p.add_argument("--run", type=Path, required=True, help="folder of this run's state, models and samples")
    p.add_argument("--minutes", type=positive, default=60)
    p.add_argument("--snapshot-every", type=positive, default=10, metavar="K", help="thousand pictures between two model files (10)")
    p.add_argument("--batch", type=count, default=BATCH, help=f"pictures of a step ({BATCH})")
    p.add_argument("--chunk", type=count, default=8, help="of them at once, for less memory (8); a multiple of 4")
    p.add_argument("--gamma", type=weight, help=f"of the R1 penalty; default {GAMMA} at {SIZE} px, four times as much at twice the size")
    p.add_argument("--lr", type=positive, default=Options.lr, help="of the generator (0.0025)")
    p.add_argument("--adversary-lr", type=positive, default=Options.adversary_lr, help="of the adversary (0.002)")
    p.add_argument("--blur", type=weight, metavar="K", help="r: thousand pictures until they are seen sharp (200)")
    p.add_argument("--nets", type=Path, help="folder with the perceptual network, for --adversary projected")
    p.add_argument("--precision", choices=["auto", "float32", "bf16"], default="auto")
    p.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    g = p.add_argument_group("networks", "of a new run; one that goes on has its own, and refuses others")
    g.add_argument("--size", type=count, help=f"px ({new.size})")
    g.add_argument("--grey", action="store_true", default=None, help="light alone, no colours")
    g.add_argument("--channel-base", type=count, help=f"widths are half of it over the cut-off ({new.channel_base}); r: twice as much")
    g.add_argument("--channel-max", type=count, help=f"widest layer ({new.channel_max}); r: twice as much")
    g.add_argument("--w-dim", type=count, help=f"width of codes ({new.w_dim})")
    g.add_argument("--mapping-layers", type=count, help=f"from z to w ({new.mapping_layers})")
    g.add_argument("--layers", type=count, help=f"before the one to RGB ({new.layers})")
    g.add_argument("--margin", type=count, help=f"px beyond the picture inside ({new.margin})")
    g.add_argument("--adversary", choices=["stylegan2", "projected"], help="stylegan2 unless said otherwise, as published")
    g.add_argument("--adversary-base", type=count, help=f"its widths are this over the side ({new.adversary_base})")
    g.add_argument("--adversary-max", type=count, help=f"its widest layer ({new.adversary_max})")
    a = p.parse_args(argv)
    if a.blur is not None and a.arch != R:
        p.error(f"--blur is of {R} alone")
    if a.nets is not None and a.adversary == "stylegan2":
        p.error("--nets is for --adversary projected alone")
    if a.chunk % 4 or a.batch % 4:
        p.error("--batch and --chunk: multiples of 4 are needed, for groups of 4 are compared")
    return a
