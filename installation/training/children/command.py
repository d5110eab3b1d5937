"""Fine-tune a child of the base: the same codes, drawn in another style.

    python -m installation child --style great-wave --name wave --faces DATA/faces-256 --nets DATA/nets --out weights
    python -m installation child --run RUN --style toon --faces DATA/faces-256 DATA/fairface --nets DATA/nets --out weights --force

Supervised pairs: the child's picture of a photograph's code, with and without its detail residual, against the same photograph
drawn by the style networks in the manner of a painter (any style of ``python -m installation style``, or a picture's file), or by an
image filter; a discriminator on the perceptual network's maps (Projected GAN, Sauer et al. 2021) asks for the strokes and outlines
that an average would blur. The base is the shipped one, another of its kind, or that of a training run. Only the layers from the
swap resolution on are trained and stored.
Snapshots along the way are the artist's dial: early ones are the sitter with a touch of the style, late ones all style;
``sweep`` shows them side by side.
"""

import argparse
import copy
import math
import re
import time
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from installation.checkpoints.loading import load_stylegan2, resolution_of, save_generator
from installation.errors import ConfigError
from installation.networks.facets_encoder import INPUT_PX
from installation.output_file import check_output, unwritable, whole_file
from installation.places import shipped
from installation.styles.names import LONGEST, style_name
from installation.training.adversary import ProjectedHeads, hinge
from installation.training.arguments import finite, positive, weight
from installation.training.children.base import Base, base_of_files, base_of_run
from installation.training.children.style_teacher import StyleTeacher
from installation.training.children.stylize import EYES, OWN_HUE, STYLES
from installation.training.data.datasets import BatchStream, load_pictures, to_tensor
from installation.training.losses import Darknet, features_weight, map_distance, masked_l1
from installation.training.precision import half
from installation.training.sealing import seal
from installation.training.stop import Stop
from installation.training.train import load_sets

DETAIL_SHARE = 0.7  # samples drawn with the residual: the mirror nearly always has it
SWAP_AT = 32
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")  # also of a control's address
WEIGHTS = shipped("weights")
FOCUS = 2.0  # how much more eyes and mouth count than the rest


@dataclass(frozen=True)
class ChildOptions:
    """One child. style: a filter's name, or a painter's style; name: of its files, the style's where it is "". swap_at: first
    resolution in pixels that is trained, stored and, in the mirror, swapped. colour: how much of a painter's colours it learns, the
    rest are the sitter's."""

    style: str
    minutes: float
    batch: int = 8
    lr: float = 1e-3
    swap_at: int = SWAP_AT
    snapshots: int = 0
    adversarial: float = 0.1
    name: str = ""
    colour: float = 1.0

    @property
    def called(self) -> str:
        """What its files are called."""
        return self.name or self.style


class ChildTrainer:
    """Base, its encoder and the child that learns."""

    def __init__(self, base: Base, nets: Path, options: ChildOptions, start: Path | None = None) -> None:
        self.options, self.base = options, base
        self.child = copy.deepcopy(self.base.generator) if start is None else load_stylegan2(start, self.base.generator)
        self.trained = [p.requires_grad_() for name, p in self.child.named_parameters() if resolution_of(name) >= options.swap_at]
        self.ema = copy.deepcopy(self.child).requires_grad_(False)
        self.ema_trained = [p for name, p in self.ema.named_parameters() if resolution_of(name) >= options.swap_at]
        self.perceptual = Darknet(nets / "darknet-tiny-imagenet.safetensors")
        self.optimizer = torch.optim.Adam(self.trained, options.lr, betas=(0.0, 0.99), fused=True)
        self.critic = ProjectedHeads(self.perceptual.widths)
        self.judge = torch.optim.Adam(self.critic.parameters(), 2e-3, betas=(0.0, 0.99), fused=True)
        size = self.base.generator.size
        self.draw = STYLES[options.style] if options.style in STYLES else StyleTeacher(options.style, size, colour=options.colour)
        self.weight = features_weight(size, FOCUS)
        self.steps = 0

    @torch.no_grad()
    def codes(self, images: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Codes and residuals of pictures [N, 3, 256, 256]."""
        seen = F.interpolate(images * mask, size=(INPUT_PX, INPUT_PX), mode="area")
        return self.base.codes(seen)

    def step(self, images: Tensor, mask: Tensor, lr: float) -> tuple[float, float]:
        """One update; returns the L1 and the perceptual term."""
        with half():
            ws, residual = self.codes(images, mask)
            gate = (torch.rand(len(images), 1, 1, 1, device=images.device) < DETAIL_SHARE).float()
            target = self.draw(images)
            y = self.child.synthesis(ws, "const", None, residual * gate)
            weight = mask * self.weight
            l1 = masked_l1(y, target, weight)
            with torch.no_grad():
                wanted = list(self.perceptual.maps(target * mask))
            drawn = list(self.perceptual.maps(y * mask))
            perceptual = map_distance(drawn, wanted, weight)
            self._judge(wanted, [one.detach() for one in drawn])
            self.critic.requires_grad_(False)
            loss = 3 * l1 + perceptual - self.options.adversarial * self.critic(drawn).mean()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.critic.requires_grad_(True)
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        nn.utils.clip_grad_norm_(self.trained, 5.0)
        self.optimizer.step()
        self.steps += 1
        with torch.no_grad():
            torch._foreach_lerp_(list[Tensor](self.ema_trained), list[Tensor](self.trained), 1 - min(0.995, self.steps / (self.steps + 10)))
        return float(l1.detach()), float(perceptual.detach())

    def _judge(self, wanted: list[Tensor], drawn: list[Tensor]) -> None:
        """One update of the discriminator."""
        loss = hinge(self.critic(wanted), self.critic(drawn))
        self.judge.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self.judge.step()

    @torch.no_grad()
    def grid(self, images: Tensor, mask: Tensor) -> Image.Image:
        """Photographs, the filter's drawings, the base's and the child's portraits, one row each."""
        ws, residual = self.codes(images, mask)
        rows = [images, self.draw(images)]
        rows += [g.synthesis(ws, "const", None, residual) for g in (self.base.generator, self.ema)]
        picture = torch.cat([torch.cat(list(row.clamp(-1, 1)), 2) for row in rows], 1)
        return Image.fromarray(((picture + 1) * 127.5).byte().permute(1, 2, 0).numpy())

    def save(self, path: Path) -> None:
        """Write the averaged child, whole or not at all. Raises ConfigError for a full disk."""
        child, options = self.child, self.options
        kept = frozenset(r for r in child.resolutions if r >= options.swap_at)
        looks = {"eyes": f"{EYES[options.style]}"} if options.style in EYES else {}
        if options.style in OWN_HUE:
            looks["own_hue"] = "1"
        card = {
            "name": path.stem,
            "swap_at": str(options.swap_at),
            "swap_width": "0",
            "base_images": self.base.images,
            "licence": "MIT",
            **looks,
        }
        with whole_file(path) as part:
            save_generator(self.ema, part, torch.zeros(child.styles, child.style_dim), card, kept, small=True)


def due_at(number: int, snapshots: int) -> float:
    """Share of the run 0…1 at which a snapshot is due: close together at first, when the style comes fastest."""
    return ((number + 1) / (snapshots + 1)) ** 2


def free_number(out: Path, style: str) -> int:
    """The first number past the snapshots that are there already: a run that goes on writes over none."""
    taken = [path.stem.removeprefix(f"{style}-") for path in out.glob(f"{style}-*.safetensors")]
    return max((int(number) + 1 for number in taken if number.isdigit()), default=0)


def run(trainer: ChildTrainer, stream: BatchStream, stop: Stop, out: Path) -> None:
    """Train for the options' minutes, writing snapshots into ``out``."""
    options, start, written = trainer.options, time.monotonic(), 0
    first = free_number(out, options.called)
    for images, mask in stream:
        spent = (time.monotonic() - start) / (60 * options.minutes)
        if written < options.snapshots and trainer.steps and spent >= due_at(written, options.snapshots):
            path = out / f"{options.called}-{first + written:02}.safetensors"
            trainer.save(path)
            written += 1
            print(f"{path} after {trainer.steps} steps", flush=True)
        if spent >= 1 or stop.asked:
            return
        lr = options.lr * min(1, trainer.steps / 50) * (0.05 + 0.475 * (1 + math.cos(math.pi * spent)))
        l1, perceptual = trainer.step(images, mask, lr)
        if trainer.steps % 50 == 0:
            rate = trainer.steps * options.batch / (time.monotonic() - start)
            print(trainer.steps, f"{l1:.4f} {perceptual:.4f} {rate:.1f} images/s", flush=True)


def main(argv: list[str] | None = None) -> int:
    """The command ``child``."""
    parser = _parser()
    a = parser.parse_args(argv)
    if a.snapshots < 0 or a.batch < 1:
        parser.error("--snapshots must be at least 0, --batch at least 1")
    if not 0 <= a.colour <= 1:
        parser.error("--colour goes from 0 to 1")
    if a.style in STYLES and a.colour != 1:
        parser.error(f"--colour is of painters' styles and pictures; {a.style} has colours of its own")
    name = _name(a)
    file, sheet = a.out / f"{name}.safetensors", (a.run or a.out) / f"{name}.png"
    _check_places(a, file, sheet)
    options = ChildOptions(
        a.style, a.minutes, a.batch, swap_at=a.swap_at, snapshots=a.snapshots, adversarial=a.adversarial_weight, name=name, colour=a.colour
    )
    base = base_of_files(a.generator, a.encoder) if a.run is None else base_of_run(a.run)
    trainer, stop = ChildTrainer(base, a.nets, options, a.start), Stop()
    if a.swap_at not in trainer.child.resolutions:
        parser.error(f"--swap-at: the base has layers of {', '.join(map(str, trainer.child.resolutions))} px")
    stream = BatchStream([load_pictures(source, "train") for source in a.faces], options.batch, seed=1)
    shown = to_tensor([p.rgba() for pictures in load_sets(a.faces, "val") for p in pictures[:4]])
    try:
        run(trainer, stream, stop, a.out)
    finally:
        stream.close()
    trainer.save(file)
    trainer.grid(*shown).save(sheet)
    seal(a.out)
    return 0


def _name(a: argparse.Namespace) -> str:
    """Of the files, and of the control ``blend/NAME/…``. Raises ConfigError for one that neither can have."""
    name = str(a.name) or (a.style if a.style in STYLES else style_name(Path(a.style).stem))
    if len(name) > LONGEST or not NAME.fullmatch(name):
        said = f"small letters, digits and single hyphens between them, {LONGEST} at most"
        raise ConfigError(f"--name {name}: {said}; {style_name(name)} would do: it becomes a control, blend/NAME/amount")
    return name


def _check_places(a: argparse.Namespace, file: Path, sheet: Path) -> None:
    """Make the folder; raise ConfigError, before hours are spent, where a file would be lost or cannot be written."""
    try:
        a.out.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise unwritable(f"--out {a.out}", err) from err
    check_output(file, a.force, [a.generator, a.encoder])
    check_output(sheet, a.force)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m installation child", description="Fine-tune a child of the base in a style.")
    parser.add_argument("--run", type=Path, metavar="FOLDER", help="a training run whose base it is, in place of model files")
    parser.add_argument("--generator", type=Path, default=WEIGHTS / "generator.safetensors", metavar="FILE", help="the base")
    parser.add_argument("--encoder", type=Path, default=WEIGHTS / "encoder.safetensors", metavar="FILE", help="of the base")
    filters = ", ".join(sorted(STYLES))
    parser.add_argument("--style", required=True, metavar="STYLE", help=f"a filter ({filters}), a painter's style or a picture's FILE")
    parser.add_argument("--name", default="", help="of the child's files; the style's where there is none")
    parser.add_argument("--faces", type=Path, nargs="+", required=True)
    parser.add_argument("--nets", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("weights"), metavar="FOLDER", help="for NAME.safetensors and its sheet NAME.png")
    parser.add_argument("--force", action="store_true", help="write over a child and a sheet that are there")
    parser.add_argument("--colour", type=finite, default=1.0, metavar="SHARE", help="of a painter's colours; the rest are the sitter's")
    parser.add_argument("--minutes", type=positive, default=15)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--adversarial-weight", type=weight, default=0.1, help="of the discriminator's term; more: bolder strokes")
    parser.add_argument("--snapshots", type=int, default=0, metavar="N", help="files STYLE-00.safetensors and on, along the way")
    parser.add_argument("--swap-at", type=int, default=SWAP_AT, metavar="PX", help="first resolution that learns the style and is stored")
    parser.add_argument("--start", type=Path, metavar="FILE", help="a child to go on with instead of the base")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
