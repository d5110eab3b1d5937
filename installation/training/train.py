"""Train a generator and its encoder on any number of face packs.

    python -m installation train --faces DATA/faces-256 DATA/fairface --nets DATA/nets --run RUN --minutes 60 --size 128

Modes: ``joint`` (the embedded base: encoder and generator learn together to draw what they are shown), ``encoder`` (an encoder
for a generator that stays as it is), ``gan`` (plain StyleGAN2 with a mapping network). ``--adversary`` adds a discriminator.
Several data sets have equal shares of each batch, so portraits and drawings can live in one latent space.
``--arch stylegan3-t`` and ``stylegan3-r`` train StyleGAN3 on any folders (``alias_free``), with options of their own.

Resumes from ``RUN/state.pt``; leaves ``RUN/grid.png``, ``RUN/log.jsonl`` and ``RUN/report.html`` as it goes, and model files in
``RUN`` when it stops. On several GPUs: ``torchrun --nproc_per_node N -m installation.training.train …``.
"""

import argparse
import json
import math
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from installation.errors import ConfigError, FacetsError, FaultError
from installation.training import distributed
from installation.training.alias_free import command as alias_free
from installation.training.alias_free.settings import ARCHS
from installation.training.arguments import finite
from installation.training.data.datasets import BatchStream, DatasetError, Picture, load_pictures, to_tensor
from installation.training.evaluation import grid, validate
from installation.training.model import FINAL_PX, Shape
from installation.training.publish import write_models
from installation.training.report import write_report
from installation.training.run_state import held
from installation.training.stop import Stop
from installation.training.trainer import NotFinite, Options, Trainer, Weights

REPORT_EVERY = 50  # steps
GROW = {64: 0.25, 128: 0.35, 256: 0.4}  # sizes and their shares of a growing run's time
FEW = 200  # pictures below which a warning is due
LEAST_LR, RAMP_IMAGES = 0.1, 3_000


class Course:
    """Where a run stands in its time: how long it has gone, what size is due, what learning rate."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._start = time.monotonic()
        shares = np.array([GROW.get(size, 0.3) for size in options.sizes])
        self._ends = np.cumsum(shares / shares.sum())

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._start

    @property
    def share(self) -> float:
        """0…1."""
        return min(1.0, self.seconds / max(1e-6, self._options.minutes * 60))

    @property
    def size(self) -> int:
        """px."""
        return self._options.sizes[min(int(np.searchsorted(self._ends, self.share, side="right")), len(self._ends) - 1)]

    def lr(self, images: int) -> float:
        """A short ramp, then half a cosine down to a tenth. images: seen by this run."""
        ramp = min(1.0, (images + 1) / RAMP_IMAGES)
        return self._options.lr * ramp * (LEAST_LR + (1 - LEAST_LR) / 2 * (1 + math.cos(math.pi * self.share)))


def load_sets(faces: Sequence[Path], split: str) -> list[list[Picture]]:
    """The pictures of each source; all of them where none belongs to the split. Raises DatasetError."""
    sets = []
    for source in faces:
        try:
            sets.append(load_pictures(source, split))
        except DatasetError:
            sets.append(load_pictures(source))
    return sets


def run(options: Options, faces: Sequence[Path], nets: Path | None) -> Trainer:
    """Train for ``options.minutes``. Raises DatasetError for unusable packs, FaultError when the loss is not finite or the
    last state cannot be written."""
    options.run.mkdir(parents=True, exist_ok=True)
    sets = load_sets(faces, "train")
    for source, pictures in zip(faces, sets, strict=True):
        if len(pictures) < FEW:
            print(f"{source}: only {len(pictures)} pictures; the model will learn them by heart", file=sys.stderr, flush=True)
    shown = to_tensor([p.rgba() for pictures in load_sets(faces, "val") for p in pictures[:6]])
    trainer, stop, course = Trainer(options, nets), Stop(), Course(options)
    if trainer.model.shape.mapping_layers and options.mode == "joint" and trainer.opponent is None:
        print("the mapping network stays as it is: without --adversary nothing judges samples", file=sys.stderr, flush=True)
    print("pictures", [len(s) for s in sets], "resumed at", trainer.images, "images", flush=True)
    stream = BatchStream(sets, options.batch, seed=trainer.images)
    try:
        _loop(trainer, stream, stop, course, shown)
    except NotFinite as err:
        raise FaultError(
            f"the loss is not a number any more after {trainer.images} images; {trainer.state_path} is the last good state. "
            "Go on from it with a lower --lr"
        ) from err
    finally:
        stream.close()
    if distributed.RANK == 0:
        write_models(trainer.ema, options.run, [p for part in sets for p in part[:300]], _card(trainer, faces))
    return trainer


def _loop(trainer: Trainer, stream: BatchStream, stop: Stop, course: Course, shown: tuple[Tensor, Tensor]) -> None:
    options, before, first, saved = trainer.options, trainer.seconds, trainer.images, 0.0
    history: list[dict[str, float]] = []
    for images, mask in stream:
        trainer.seconds = before + course.seconds
        done = _agree(stop.asked or course.share >= 1, trainer.device)
        if done or course.seconds - saved > options.save_every_s:
            _keep(trainer, shown, course.size, last=done)
            saved = course.seconds
        if done:
            return
        lr = course.lr(trainer.images - first)
        history.append(trainer.step(images.to(trainer.device), mask.to(trainer.device), lr, course.size))
        if len(history) % REPORT_EVERY == 0 and distributed.RANK == 0:
            _log(trainer, history[-REPORT_EVERY:], course.size, (trainer.images - first) / (course.seconds + 1e-6))


def _agree(done: bool, device: torch.device) -> bool:
    """Whether any of the processes is to stop: they must stop after the same step."""
    return bool(distributed.mean(torch.tensor(float(done), device=device)) > 0)


def _keep(trainer: Trainer, shown: tuple[Tensor, Tensor], size: int, last: bool) -> None:
    """Save the state, a grid and the report. A full disk does not end a run before its time."""
    try:
        trainer.save()
        if distributed.RANK == 0:
            images, mask = (t.to(trainer.device) for t in shown)
            reconstructs = trainer.options.mode != "gan"
            grid(trainer.ema, images, mask, size, reconstructs).save(trainer.options.run / "grid.png")
            figures = validate(trainer.ema, trainer.identity, images, mask, size) if reconstructs else {}
            _append(trainer.options.run / "log.jsonl", {"images": trainer.images, "size": size, **figures})
            write_report(trainer.options.run)
    except OSError as err:
        if last:
            raise FaultError(str(err)) from err
        print(err, file=sys.stderr, flush=True)


def _log(trainer: Trainer, steps: Sequence[dict[str, float]], size: int, rate: float) -> None:
    names = {name: None for terms in steps for name in terms}
    means = {name: round(float(np.mean([terms[name] for terms in steps if name in terms])), 5) for name in names}
    entry = {"images": trainer.images, "size": size, "seconds": round(trainer.seconds), "images_per_second": round(rate, 2), **means}
    try:
        _append(trainer.options.run / "log.jsonl", entry)
    except OSError as err:  # a full disk; the state's own writing says what to do
        print(err, file=sys.stderr)
    print(json.dumps(entry), flush=True)


def _append(path: Path, entry: Mapping[str, float]) -> None:
    with path.open("a") as log:
        log.write(json.dumps(entry) + "\n")


def _card(trainer: Trainer, faces: Sequence[Path]) -> dict[str, str]:
    return {"images": str(trainer.images), "data": ", ".join(source.name for source in faces)}


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    p = argparse.ArgumentParser(prog="python -m installation train", description=__doc__.split("\n")[0] if __doc__ else None)
    p.add_argument("--arch", choices=["stylegan2", *ARCHS], default="stylegan2", help="stylegan3-…: see `train --arch stylegan3-t --help`")
    p.add_argument("--faces", type=Path, nargs="+", required=True, help="face packs: zips, folders of zips or of pictures; equal shares")
    p.add_argument("--nets", type=Path, help="folder with the perceptual and the identity network; without it L1 alone is left")
    p.add_argument("--run", type=Path, required=True, help="folder of this run's state")
    p.add_argument("--mode", choices=["joint", "encoder", "gan"], default="joint")
    p.add_argument("--adversary", choices=["none", "projected", "stylegan2"], help="default: none, stylegan2 for --mode gan")
    p.add_argument("--minutes", type=finite, default=60)
    p.add_argument("--size", type=int, help="px of this stage; default: the model's own")
    p.add_argument("--grow", action="store_true", help="grow through 64 and 128 px to --size within this run")
    p.add_argument("--batch", type=int, default=16, help="of all processes together")
    p.add_argument("--precision", choices=["auto", "float32", "bf16"], default="auto")
    p.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    p.add_argument("--lr", type=finite, default=2e-3)
    p.add_argument("--focus", type=finite, default=0.0, help="how much more the losses weigh eyes and mouth than the rest; 0: alike")
    p.add_argument("--detail-share", type=finite, default=0.5, help="share of samples drawn with the detail residual, 0 to 1")
    p.add_argument("--adversarial-weight", type=finite, default=0.05)
    p.add_argument("--final-size", type=int, default=FINAL_PX, help="px of a new model's largest pictures")
    p.add_argument("--w-dim", type=int, default=256, help="of a new model")
    p.add_argument("--channel-base", type=int, default=0, help="of a new model, as in StyleGAN2-ADA; 0: the embedded widths")
    p.add_argument("--channel-max", type=int, default=256, help="of a new model")
    p.add_argument("--mapping-layers", type=int, help="of a new model; default 0, 8 for --mode gan")
    p.add_argument("--no-compile", action="store_true", help="run the networks eagerly")
    return p


def options_of(a: argparse.Namespace) -> Options:
    """The run that the arguments describe. Raises DatasetError for arguments that cannot be."""
    gan = a.mode == "gan"
    adversary: Literal["none", "projected", "stylegan2"] = a.adversary or ("stylegan2" if gan else "none")
    layers = a.mapping_layers if a.mapping_layers is not None else (8 if gan else 0)
    size = a.size or a.final_size
    if size not in (8, 16, 32, 64, 128, 256, 512, 1024) or size > a.final_size:
        raise DatasetError(f"--size {size}: a power of two from 8 to the model's {a.final_size} px is needed")
    if a.focus < 0:
        raise DatasetError(f"--focus {a.focus}: at least 0 is needed")
    if gan and adversary == "none":
        raise DatasetError("--mode gan learns from its adversary alone: choose --adversary stylegan2 or projected")
    if layers < 0:
        raise DatasetError(f"--mapping-layers {layers}: at least 0 is needed")
    if a.mode == "joint" and layers and adversary == "none":
        raise DatasetError(
            f"--mapping-layers {layers}: in joint mode a mapping network learns from samples, which an adversary judges: choose "
            "--adversary stylegan2 or projected, or leave it out (a mapping network is fitted afterwards)"
        )
    if adversary == "projected" and a.nets is None:
        raise DatasetError("--adversary projected reads the perceptual network: name its folder with --nets")
    if a.batch < distributed.WORLD or a.batch % distributed.WORLD:
        raise DatasetError(f"--batch {a.batch}: must be a multiple of the {distributed.WORLD} processes")
    shape = Shape(a.final_size, a.w_dim, layers, a.channel_base, a.channel_max)
    sizes = (*(s for s in (64, 128) if s < size), size) if a.grow else (size,)
    compiled = not a.no_compile and distributed.WORLD == 1
    weights = Weights(adversarial=a.adversarial_weight)
    return Options(
        a.run,
        a.minutes,
        sizes,
        a.batch,
        a.device,
        a.lr,
        compiled,
        a.mode,
        adversary,
        a.precision,
        shape=shape,
        detail_share=a.detail_share,
        focus=a.focus,
        weights=weights,
    )


def main(argv: list[str] | None = None) -> int:
    """The command ``train``."""
    asked = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    asked.add_argument("--arch")
    if asked.parse_known_args(argv)[0].arch in ARCHS:
        return alias_free.main(argv)
    a = parser().parse_args(argv)
    options = options_of(a)
    try:
        options.run.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise ConfigError(f"--run {a.run}: cannot be made ({err.strerror or err})") from err
    with held(options.run) if distributed.RANK == 0 else nullcontext():
        run(options, a.faces, a.nets)
    return 0


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except FacetsError as err:
        print(err, file=sys.stderr)
        raise SystemExit(err.exit_code) from err
