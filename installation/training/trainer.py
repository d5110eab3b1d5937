"""One training run's state and its steps: reconstruction, samples, discriminator.

With an encoder the model learns to draw the pictures it is shown (L1, perceptual, identity); with a mapping network it also
learns to draw samples; an adversary, where there is one, judges both.
"""

import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from installation.networks.discriminator import Discriminator
from installation.networks.facets_encoder import INPUT_PX
from installation.training import distributed
from installation.training.adversary import PathLength
from installation.training.augment import camera, fill_outside, jitter_crop
from installation.training.evaluation import at
from installation.training.losses import Darknet, Identity
from installation.training.model import Model, Shape
from installation.training.opponent import Opponent, ProjectedOpponent, StyleGAN2Opponent
from installation.training.reconstruction import TERMS, Reconstruction
from installation.training.run_state import STYLEGAN2, check_arch, read_state, write_state


@dataclass(frozen=True)
class Weights:
    """Weight of each loss term."""

    l1: float = 2.0
    perceptual: float = 1.0
    identity: float = 1.0
    code: float = 0.002
    offsets: float = 0.004
    adversarial: float = 0.05
    r1: float = 1.0  # gamma of the lazy R1 penalty, StyleGAN2's own discriminator only
    path: float = 2.0


@dataclass(frozen=True)
class Options:
    """One run. Sizes in pixels, learning rate of Adam, ``stale`` the share of samples whose code is from another crop,
    ``detail_share`` the share that is drawn with the residual: it learns much faster than the code."""

    run: Path
    minutes: float
    sizes: tuple[int, ...]
    batch: int
    device: str
    lr: float
    compile: bool
    mode: Literal["joint", "encoder", "gan"] = "joint"
    adversary: Literal["none", "projected", "stylegan2"] = "none"
    precision: Literal["auto", "float32", "bf16"] = "auto"
    shape: Shape = field(default_factory=Shape)
    stale: float = 0.3
    detail_share: float = 0.5
    code_noise: float = 0.05
    focus: float = 0.0  # how much more eyes and mouth count than the rest
    mixing: float = 0.9  # share of samples whose layers come from two codes
    r1_every: int = 16
    path_every: int = 8
    save_every_s: float = 300.0
    weights: Weights = Weights()


class NotFinite(ArithmeticError):
    """The loss or its gradient is NaN or infinite; the step was not taken."""


class Trainer:
    """The loop's state: model, EMA, adversary, optimisers, counters. Resumes from ``run/state.pt``."""

    def __init__(self, options: Options, nets: Path | None) -> None:
        self.options = options
        self.device = distributed.device_of(options.device)
        distributed.start(self.device)
        state = self._read_state()
        shape = options.shape if state is None else Shape(**state.get("shape", {}))
        self.model = Model(shape).to(self.device)
        distributed.with_shared_batch_norm(self.model)
        self.model.encoder.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.ema = copy.deepcopy(self.model).eval().requires_grad_(False)
        perceptual: Darknet | None = None
        self.identity: Identity | None = None
        if nets is not None:
            perceptual = Darknet(nets / "darknet-tiny-imagenet.safetensors").to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
            self.identity = Identity(nets / "mobilefacenet.onnx").eval().to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.opponent = self._opponent(perceptual)
        self.path = PathLength()
        if options.mode == "encoder":
            self.model.generator.requires_grad_(False)
        fused = self.device.type in ("cpu", "cuda")
        self.optimizer = torch.optim.Adam(self.model.parameters(), options.lr, betas=(0.0, 0.99), fused=fused)
        self.images, self.steps, self.seconds = 0, 0, 0.0
        bf16 = options.precision == "bf16" or (options.precision == "auto" and faster_precision(self.device) == "bf16")
        self._cast = torch.autocast(self.device.type, torch.bfloat16, enabled=bf16)
        if state is not None:
            self._resume(state)
        distributed.share([*self.model.parameters(), *self.ema.parameters()])
        compared = Reconstruction(perceptual, self.identity, self.opponent, options.focus)
        self._forward = torch.compile(self.model, dynamic=False) if options.compile else self.model
        self._terms = torch.compile(compared.__call__, dynamic=False) if options.compile else compared

    def _opponent(self, perceptual: Darknet | None) -> Opponent | None:
        o = self.options
        match o.adversary:
            case "projected":
                if perceptual is None:
                    raise ValueError("the projected adversary reads the perceptual network: --nets is needed")
                return ProjectedOpponent(perceptual, o.lr, self.device)
            case "stylegan2":
                network = Discriminator(self.model.shape.size, self.model.shape.channels).to(self.device)
                return StyleGAN2Opponent(network, o.lr, o.weights.r1, o.r1_every)
        return None

    @property
    def state_path(self) -> Path:
        return self.options.run / "state.pt"

    def _read_state(self) -> dict[str, Any] | None:
        state = read_state(self.state_path, distributed.device_of(self.options.device))
        if state is not None:
            check_arch(state, self.state_path, STYLEGAN2)
        return state

    def _resume(self, state: dict[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        self.ema.load_state_dict(state["ema"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.images, self.seconds = int(state["images"]), float(state["seconds"])
        self.steps = int(state.get("steps", 0))
        self.path.mean = torch.tensor(float(state.get("path_length", 0.0)))
        if self.opponent is not None:
            self.opponent.resume(state)

    def save(self) -> None:
        """Write the state beside the old one and put it in its place, so that a full disk loses nothing. Raises OSError."""
        if distributed.RANK:
            return
        state: dict[str, object] = {
            "arch": STYLEGAN2,
            "model": self.model.state_dict(),
            "ema": self.ema.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }
        state |= {"images": self.images, "seconds": self.seconds, "steps": self.steps, "shape": self.model.shape.as_dict()}
        state["path_length"] = float(self.path.mean)
        if self.opponent is not None:
            state |= self.opponent.state()
        write_state(state, self.state_path)

    def step(self, images: Tensor, mask: Tensor, lr: float, size: int) -> dict[str, float]:
        """One update on this process' part of a batch, [N, 3, 256, 256] and its mask; the loss terms by name.

        Raises NotFinite before any parameter or optimiser is changed: generator, encoder and adversary move together, after all
        of their gradients are known to be finite.
        """
        torch.manual_seed(self.steps * 1_000_003 + self.images)  # the same numbers in every process, and after a resume
        terms: dict[str, Tensor] = {}
        self.optimizer.zero_grad(set_to_none=True)
        target, small = at(images, size), at(mask, size)
        small = (small > 0.99).float()
        drawn: Tensor | None = None
        if self.options.mode != "gan":
            drawn = self._reconstruct(images, mask, target, small, size, terms)
        if self.opponent is not None and self.model.shape.mapping_layers and self.options.mode != "encoder":
            drawn = self._sample(self.opponent, len(images), small, size, terms)
        self._checked(self.model.encoder if self.options.mode == "encoder" else self.model)
        due: list[torch.optim.Optimizer] = [self.optimizer]
        if self.opponent is not None and drawn is not None:
            self._teach(self.opponent, target * small, drawn, terms)
            self._checked(self.opponent.network)
            due.append(self.opponent.optimizer)
        for optimizer in due:
            self._apply(optimizer, lr)
        self.images += len(images) * distributed.WORLD
        self.steps += 1
        self._average()
        return {name: float(distributed.mean(value.detach())) for name, value in terms.items()}

    def _reconstruct(self, images: Tensor, mask: Tensor, target: Tensor, small: Tensor, size: int, terms: dict[str, Tensor]) -> Tensor:
        """Back-propagate the reconstruction's loss; the pictures [N, 3, size, size] inside the mask, without a gradient."""
        o, count = self.options, len(images)
        seen = at(fill_outside(images, mask), INPUT_PX)
        crops = jitter_crop(seen[: round(count * o.stale)], 1.0)
        seen, crops = camera(jitter_crop(seen, 0.15)), camera(crops)
        gate = (distributed.rand(count, 1, 1, 1, device=self.device) < o.detail_share).float()
        noise = distributed.randn(count, self.model.generator.styles, self.model.shape.w_dim, device=self.device) * o.code_noise
        with self._cast:
            y, codes = self._forward(seen, crops, gate, noise, size)
            values = self._terms(y.float(), target, small, codes.float()).float()
        w = o.weights
        loss = (values * values.new_tensor([w.l1, w.perceptual, w.identity, w.code, w.offsets, w.adversarial])).sum()
        self._backward(loss)
        terms |= dict(zip(TERMS, values, strict=True))
        drawn: Tensor = (y * small).detach()
        return drawn

    def _codes(self, count: int) -> Tensor:
        """Samples' codes [N, styles, w_dim], for some with the layers from a random one on of a second sample."""
        generator, device = self.model.generator, self.device
        z = distributed.randn(count, 2, generator.style_dim, device=device)
        first, second = generator.style(z[:, 0]), generator.style(z[:, 1])
        cut = distributed.rand(count, device=device) * generator.styles
        mixed = distributed.rand(count, device=device) < self.options.mixing
        late = (torch.arange(generator.styles, device=device) >= cut[:, None]) & mixed[:, None]
        codes: Tensor = torch.where(late[..., None], second[:, None], first[:, None])
        return codes

    def _sample(self, opponent: Opponent, count: int, mask: Tensor, size: int, terms: dict[str, Tensor]) -> Tensor:
        """Back-propagate what the adversary says of samples; the samples inside the mask, without a gradient."""
        ws = self._codes(count)
        with self._cast:
            shown = self.model.generator.synthesis(ws, "random", size).float() * mask
        loss = opponent.of_samples(shown)
        terms["samples"] = loss.detach()
        if self.steps % self.options.path_every == 0:
            length = self.path(self.model.generator.synthesis(ws, "random", size), ws)
            terms["path"] = length.detach()
            loss = loss + self.options.weights.path * self.options.path_every * length
        self._backward(loss)
        return shown.detach()

    def _teach(self, opponent: Opponent, real: Tensor, fake: Tensor, terms: dict[str, Tensor]) -> None:
        """Back-propagate the adversary's own loss, into it alone."""
        opponent.forget_gradients()
        answers = opponent.of_both(real, fake, self.steps)
        self._backward(answers["discriminator"])
        terms |= {name: value.detach() for name, value in answers.items()}

    @staticmethod
    def _backward(loss: Tensor) -> None:
        if not bool(torch.isfinite(loss)):
            raise NotFinite
        loss.backward()  # type: ignore[no-untyped-call]

    @staticmethod
    def _checked(module: nn.Module) -> None:
        """Average a module's gradients over the processes and clip them. Raises NotFinite."""
        parameters = list(module.parameters())
        distributed.average_gradients(parameters)
        if not bool(torch.isfinite(nn.utils.clip_grad_norm_(parameters, 5.0))):
            raise NotFinite

    @staticmethod
    def _apply(optimizer: torch.optim.Optimizer, lr: float) -> None:
        for group in optimizer.param_groups:
            group["lr"] = lr
        optimizer.step()

    @torch.no_grad()
    def _average(self) -> None:
        decay = min(0.999, self.images / (self.images + 5_000))
        torch._foreach_lerp_(list(self.ema.parameters()), list(self.model.parameters()), 1 - decay)
        for mine, theirs in zip(self.ema.buffers(), self.model.buffers(), strict=True):
            mine.copy_(theirs)


def faster_precision(device: torch.device) -> str:
    """float32, or bf16 on a CUDA machine that has it: on the CPUs that were tried bf16 was slower or no faster to train."""
    return "bf16" if device.type == "cuda" and torch.cuda.is_bf16_supported() else "float32"
