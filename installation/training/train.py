"""Train the embedded base: encoder and StyleGAN2 decoder together, on any number of face packs.

    python -m installation train --faces DATA/faces-256 DATA/fairface --nets DATA/nets --run RUN --minutes 60 --size 128

Reconstruction (L1 and perceptual) and identity, with the detail residual on for half of the samples, a code taken from a
misplaced crop for some (a cached code is always a little old), and a pull of the codes toward their mean. Resumes from
``RUN/state.pt``; leaves ``RUN/ema.safetensors``, ``RUN/grid.png`` and ``RUN/log.csv`` as it goes.
"""

import argparse
import copy
import math
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from installation.networks.facets_encoder import DETAIL_PX, INPUT_PX, FacetsEncoder
from installation.networks.stylegan2 import Generator
from installation.training.augment import camera, fill_outside, jitter_crop
from installation.training.datasets import BatchStream, load_pictures, to_tensor
from installation.training.losses import Darknet, Identity, masked_l1

W_DIM = 256
CHANNELS = {4: 256, 8: 256, 16: 256, 32: 128, 64: 80, 128: 32, 256: 16}
FINAL_PX = 256


@dataclass(frozen=True)
class Weights:
    """Weight of each loss term."""

    l1: float = 2.0
    perceptual: float = 1.0
    identity: float = 1.0
    code: float = 0.002
    offsets: float = 0.004


@dataclass(frozen=True)
class Options:
    """One run. Sizes in pixels, learning rate of Adam, ``stale`` the share of samples whose code is from another crop,
    ``detail_share`` the share that is drawn with the residual: it learns much faster than the code."""

    run: Path
    minutes: float
    size: int
    batch: int
    device: str
    lr: float
    compile: bool
    stale: float = 0.3
    detail_share: float = 0.5
    code_noise: float = 0.05
    save_every_s: float = 300.0
    weights: Weights = Weights()


class Model(nn.Module):
    """Encoder and generator as one module, so that their EMA, optimiser and checkpoint are one too."""

    def __init__(self) -> None:
        super().__init__()
        self.generator = Generator(FINAL_PX, W_DIM, n_mlp=0, channels=CHANNELS)
        self.encoder = FacetsEncoder(self.generator.styles, W_DIM, CHANNELS[DETAIL_PX])
        with torch.no_grad():  # a resolution starts as the up-sampled picture of the one below
            for name, weight in self.generator.named_parameters():
                if name.startswith("to_rgbs.") and name.endswith("conv.weight"):
                    weight.mul_(0.1)

    def forward(self, x: Tensor, stale: Tensor, gate: Tensor, size: int, noise: float) -> tuple[Tensor, Tensor]:
        """Reconstruct ``x`` [N, 3, 128, 128]: (pictures [N, 3, size, size], codes [N, styles, w_dim]).

        stale [M, 3, 128, 128]: other crops of the first M pictures, whose codes stand in for theirs.
        gate [N, 1, 1, 1]: 1 where the detail residual is drawn.
        """
        features, detail = self.encoder.trunk(torch.cat([x, stale]))
        codes = self.encoder.heads(features)
        ws = torch.cat([codes[len(x) :], codes[len(stale) : len(x)]])
        ws = ws + noise * torch.randn_like(ws)
        residual = self.encoder.residual(detail[: len(x)]) * gate
        return self.generator.synthesis(ws, "none", size, residual), codes


class Trainer:
    """The loop's state: model, EMA, optimiser, counters."""

    def __init__(self, options: Options, nets: Path) -> None:
        self.options = options
        self.device = torch.device(options.device)
        self.model = Model().to(self.device)
        self.model.encoder.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.ema = copy.deepcopy(self.model).eval().requires_grad_(False)
        self.perceptual = Darknet(nets / "darknet-tiny-imagenet.safetensors").to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.identity = Identity(nets / "mobilefacenet.onnx").eval().to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimizer = torch.optim.Adam(self.model.parameters(), options.lr, betas=(0.0, 0.99), fused=True)
        self.images = 0
        self.seconds = 0.0
        self._forward = torch.compile(self.model, dynamic=False) if options.compile else self.model
        self._losses = torch.compile(self._terms, dynamic=False) if options.compile else self._terms
        self.resume()

    @property
    def state_path(self) -> Path:
        return self.options.run / "state.pt"

    def resume(self) -> None:
        """Continue the run's own state, if it has one."""
        if not self.state_path.exists():
            return
        state = torch.load(self.state_path, map_location=self.device, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.ema.load_state_dict(state["ema"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.images, self.seconds = state["images"], state["seconds"]

    def save(self) -> None:
        """Write the state beside the old one and put it in its place, so that a full disk loses nothing."""
        state = {"model": self.model.state_dict(), "ema": self.ema.state_dict(), "optimizer": self.optimizer.state_dict()}
        fresh = self.state_path.with_suffix(".tmp")
        torch.save(state | {"images": self.images, "seconds": self.seconds}, fresh)
        os.replace(fresh, self.state_path)

    def _terms(self, y: Tensor, x: Tensor, mask: Tensor, codes: Tensor) -> Tensor:
        """The loss terms [5] in the order of ``Weights``."""
        shown, target = y * mask, x * mask
        cosine = (self.identity(shown) * self.identity(target)).sum(dim=1)
        mean = codes.mean(dim=1, keepdim=True)
        offsets = (codes - mean).square().mean()
        return torch.stack([masked_l1(y, x, mask), self.perceptual(shown, target, mask), 1 - cosine.mean(), codes.square().mean(), offsets])

    def step(self, images: Tensor, mask: Tensor, lr: float) -> Tensor:
        """One update on a batch of [N, 3, 256, 256]; returns the loss terms."""
        size, count = self.options.size, len(images)
        target = F.interpolate(images, size=(size, size), mode="area") if size < FINAL_PX else images
        small_mask = (F.interpolate(mask, size=(size, size), mode="area") > 0.99).float() if size < FINAL_PX else mask
        seen = F.interpolate(fill_outside(images, mask), size=(INPUT_PX, INPUT_PX), mode="area")
        crops = jitter_crop(seen[: round(count * self.options.stale)], 1.0)
        seen, crops = camera(jitter_crop(seen, 0.15)), camera(crops)
        gate = (torch.rand(count, 1, 1, 1, device=self.device) < self.options.detail_share).float()

        y, codes = self._forward(seen, crops, gate, size, self.options.code_noise)
        terms = self._losses(y, target, small_mask, codes)
        w = self.options.weights
        loss = (terms * terms.new_tensor([w.l1, w.perceptual, w.identity, w.code, w.offsets])).sum()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
        self.optimizer.step()
        self.images += count
        self._average()
        return terms.detach()

    @torch.no_grad()
    def _average(self) -> None:
        decay = min(0.999, self.images / (self.images + 5_000))
        torch._foreach_lerp_(list(self.ema.parameters()), list(self.model.parameters()), 1 - decay)
        for mine, theirs in zip(self.ema.buffers(), self.model.buffers(), strict=True):
            mine.copy_(theirs)

    @torch.no_grad()
    def grid(self, images: Tensor, mask: Tensor) -> Image.Image:
        """Originals, reconstructions from the code alone, and with the detail residual, one row each."""
        size = self.options.size
        seen = F.interpolate(images * mask, size=(INPUT_PX, INPUT_PX), mode="area")
        ws, detail = self.ema.encoder.encode_with_detail(seen)
        rows = [F.interpolate(images, size=(size, size), mode="area")]
        rows += [self.ema.generator.synthesis(ws, "none", size, d) for d in (None, self.ema.encoder.residual(detail))]
        picture = torch.cat([torch.cat(list(row.float().clamp(-1, 1)), 2) for row in rows], 1)
        return Image.fromarray(((picture + 1) * 127.5).byte().permute(1, 2, 0).cpu().numpy())


class Stop:
    """Ctrl-C and SIGTERM end the loop after the step in hand; the state is saved."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)

    def _ask(self, *_: object) -> None:
        self.asked = True


def run(options: Options, faces: list[Path], nets: Path) -> None:
    """Train for ``options.minutes``. Raises DatasetError for unusable packs, FloatingPointError when the loss is not finite."""
    options.run.mkdir(parents=True, exist_ok=True)
    sets = [load_pictures(source, "train") for source in faces]
    shown = to_tensor([p.rgba() for source in faces for p in load_pictures(source, "val")[:6]])
    trainer, stop = Trainer(options, nets), Stop()
    print("pictures", [len(s) for s in sets], "resumed at", trainer.images, flush=True)
    stream = BatchStream(sets, options.batch, seed=trainer.images)
    start = saved = time.monotonic()
    before, history, first = trainer.seconds, [], trainer.images
    for images, mask in stream:
        spent = time.monotonic() - start
        trainer.seconds = before + spent
        done = stop.asked or spent > options.minutes * 60
        if done or time.monotonic() - saved > options.save_every_s:
            trainer.save()
            trainer.grid(*(t.to(trainer.device) for t in shown)).save(options.run / "grid.png")
            saved = time.monotonic()
        if done:
            break
        ramp = min(1.0, (trainer.images - first) / 3_000)
        lr = options.lr * ramp * (0.1 + 0.45 * (1 + math.cos(math.pi * min(1.0, spent / (options.minutes * 60)))))
        terms = trainer.step(images.to(trainer.device), mask.to(trainer.device), lr)
        history.append(terms.cpu().numpy())
        if not np.isfinite(history[-1]).all():
            stream.close()
            raise FloatingPointError(f"the loss is not finite after {trainer.images} images; the last good state is {trainer.state_path}")
        if len(history) % 50 == 0:
            _report(options, trainer, np.mean(history[-50:], axis=0), (trainer.images - first) / (spent + 1e-6))
    stream.close()


def _report(options: Options, trainer: Trainer, terms: np.ndarray, rate: float) -> None:
    line = ",".join([str(trainer.images), str(options.size), f"{trainer.seconds:.0f}", *(f"{t:.4f}" for t in terms), f"{rate:.2f}"])
    with (options.run / "log.csv").open("a") as log:
        log.write(line + "\n")
    print(line, flush=True)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--faces", type=Path, nargs="+", required=True, help="folders of face packs; each has an equal share of a batch")
    parser.add_argument("--nets", type=Path, required=True, help="folder with the perceptual and the identity network")
    parser.add_argument("--run", type=Path, required=True, help="folder of this run's state")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--size", type=int, default=FINAL_PX, choices=[32, 64, 128, 256], help="resolution of this stage, px")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--detail-share", type=float, default=0.5, help="share of samples drawn with the detail residual, 0 to 1")
    parser.add_argument("--no-compile", action="store_true", help="run the networks eagerly")
    a = parser.parse_args(argv)
    torch.manual_seed(int(time.time()))
    run(Options(a.run, a.minutes, a.size, a.batch, a.device, a.lr, not a.no_compile, detail_share=a.detail_share), a.faces, a.nets)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
