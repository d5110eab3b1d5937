"""One StyleGAN3 run's state and its steps (Karras et al. 2021): generator, its running mean, discriminator, R1, adaptive augmentation.

Both sides move by the same drawn pictures in one step, where the published programs draw a second time for the discriminator; R1 is
part of the step it falls on.
"""

import copy
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from installation.checkpoints.stylegan3_file import save_stylegan3
from installation.errors import ConfigError, WeightsError
from installation.networks.stylegan3 import StyleGAN3Generator
from installation.networks.stylegan3_design import new_generator
from installation.output_file import whole_file
from installation.training.ada import AdaptiveAugment
from installation.training.adversary import r1_penalty
from installation.training.alias_free.judges import Judge, ProjectedJudge, StyleGAN2Judge, blurred
from installation.training.alias_free.settings import Options, R, Shape, kept_shape
from installation.training.losses import Darknet
from installation.training.precision import quicker_in_half
from installation.training.run_state import check_arch, damaged, read_state, write_state
from installation.training.trainer import NotFinite

MEAN_DECAY = 0.998  # of the mean code
MAGNITUDE_HALF_LIFE = 20_000  # pictures
EMA_HALF_LIFE, EMA_RAMP = 10_000, 0.05  # pictures at batches of 32; of those seen so far, at first
BLUR = 10.0  # px, of configuration R at the start
LIGHT = (0.299, 0.587, 0.114)  # ITU-R BT.601
DARKNET = "darknet-tiny-imagenet.safetensors"


class StyleGAN3Trainer:
    """Goes on from ``run/state.pt``. wishes: what was asked for of the networks in so many words.

    Raises ConfigError for networks that cannot be or are not those of the state, FaultError for a damaged state.
    """

    def __init__(self, options: Options, arch: str, wishes: Mapping[str, Any]) -> None:
        self.options, self.device = options, torch.device(options.device)
        state = read_state(self.state_path, self.device)
        if state is not None:
            check_arch(state, self.state_path, arch)
        wishes = {"arch": arch, **wishes}
        self.shape = Shape().changed(wishes) if state is None else kept_shape(state.get("shape", {}), wishes, self.state_path)
        self._gamma = self.shape.gamma if options.gamma is None else options.gamma
        torch.manual_seed(0)
        self.generator = new_generator(self.shape.design).to(self.device)
        if self.shape.grey:
            _tie_channels(self.generator)
        self.ema = copy.deepcopy(self.generator).eval().requires_grad_(False)
        for name in self.generator.synthesis.layer_names:
            getattr(self.generator.synthesis, name).magnitude_decay = 0.5 ** (options.chunk / MAGNITUDE_HALF_LIFE)
        self.judge = self._judge()
        self.judge.network.to(self.device)
        self.augment = AdaptiveAugment()
        self._optimizer = torch.optim.Adam(self.generator.parameters(), options.lr, betas=(0.0, 0.99), eps=1e-8)
        # A lazy penalty is a part of every 16th step: rate and memory are those of one step in 17 more (Karras et al. 2020).
        ratio = options.r1_every / (options.r1_every + 1) if self.judge.penalised else 1.0
        judging = torch.optim.Adam(self.judge.network.parameters(), options.adversary_lr * ratio, betas=(0.0, 0.99**ratio), eps=1e-8)
        self._judge_optimizer = judging
        self.images, self.steps, self.seconds = 0, 0, 0.0
        self._half = options.precision == "bf16" or (options.precision == "auto" and self._quicker_in_half())
        if state is not None:
            self._resume(state)

    @property
    def state_path(self) -> Path:
        return self.options.run / "state.pt"

    @property
    def sigma(self) -> float:
        """px of the blur that the discriminator sees pictures behind."""
        fading = self.shape.arch == R and self.options.blur > 0
        return BLUR * max(0.0, 1 - self.images / (self.options.blur * 1000)) if fading else 0.0

    def _judge(self) -> Judge:
        if self.shape.adversary == "stylegan2":
            if self.options.nets is not None:
                raise ConfigError("--nets is for --adversary projected alone, and this run has stylegan2; leave it out")
            return StyleGAN2Judge(self.shape)
        if self.options.gamma is not None:
            raise ConfigError("--gamma is of --adversary stylegan2 alone: projected has no R1 penalty; leave it out")
        if self.options.nets is None:
            raise ConfigError("--adversary projected reads the perceptual network: name its folder with --nets")
        try:
            features = Darknet(self.options.nets / DARKNET)
        except (OSError, SafetensorError) as err:
            raise WeightsError(f"--nets {self.options.nets}: {DARKNET} cannot be read there ({err})") from err
        return ProjectedJudge(features.to(self.device).requires_grad_(False))

    def _quicker_in_half(self) -> bool:
        """Not for configuration R on a CPU: the way back through its radial filters is three times as slow in halves."""
        return not (self.shape.arch == R and self.device.type == "cpu") and quicker_in_half(self.device.type)

    def _cast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self._half)

    def _parts(self) -> Mapping[str, nn.Module | torch.optim.Optimizer]:
        """What learns or remembers, by the names of the state."""
        return {
            "generator": self.generator, "ema": self.ema, "judge": self.judge.network, "optimizer": self._optimizer,
            "judge_optimizer": self._judge_optimizer,
        }  # fmt: skip

    def _resume(self, state: Mapping[str, Any]) -> None:
        try:
            for name, part in self._parts().items():
                part.load_state_dict(state[name])
            self.images, self.steps, self.seconds = int(state["images"]), int(state["steps"]), float(state["seconds"])
            self.augment.p = float(state["augment"])
        except (KeyError, RuntimeError, ValueError, TypeError) as err:  # it can be read, and does not hold what it should
            raise damaged(self.state_path, err) from err

    def save(self) -> None:
        """Raises OSError; the state that was there is then untouched."""
        state: dict[str, object] = {name: part.state_dict() for name, part in self._parts().items()}
        state |= {"arch": self.shape.arch, "shape": self.shape.as_dict(), "images": self.images, "steps": self.steps}
        write_state(state | {"seconds": self.seconds, "augment": self.augment.p}, self.state_path)

    def export(self, path: Path, card: Mapping[str, str]) -> None:
        """The running mean as a model file. Raises OSError."""
        try:
            with whole_file(path) as part:
                save_stylegan3(self.ema, part, {"name": path.stem, "arch": self.shape.arch, "images": str(self.images), **card})
        except (ConfigError, SafetensorError) as err:  # the writer has a word of its own for a full disk
            raise OSError(f"{path}: cannot be written ({err}); make room, and the next one will be") from err

    def step(self, images: Tensor, mask: Tensor) -> dict[str, float]:
        """One update of both sides by a batch [N, 3, S, S] in -1…1 and its mask [N, 1, S, S]; the losses by name.

        Raises NotFinite before anything that learns is changed.
        """
        torch.manual_seed(self.steps * 1_000_003 + 17)  # the same numbers after a resume
        for optimizer in (self._optimizer, self._judge_optimizer):
            optimizer.zero_grad(set_to_none=True)
        penalised = self.judge.penalised and self.steps % self.options.r1_every == 0
        terms: dict[str, float] = {}
        said: list[Tensor] = []
        for real, inside in self._chunks(images, mask):
            share = len(real) / len(images)
            for name, value in self._learn(real * inside, inside, share, penalised, said).items():
                terms[name] = terms.get(name, 0.0) + value * share
        self._check()
        for optimizer in (self._optimizer, self._judge_optimizer):
            optimizer.step()
        self.augment.observe(torch.cat(said))
        self.images += len(images)
        self.steps += 1
        self._average(len(images))
        return terms | {"augment": self.augment.p} | ({"blur": self.sigma} if self.sigma else {})

    def _chunks(self, images: Tensor, mask: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        if self.shape.grey:
            images = grey(images)
        for start in range(0, len(images), self.options.chunk):
            part = slice(start, start + self.options.chunk)
            yield images[part].to(self.device), mask[part].to(self.device)

    def _learn(self, real: Tensor, inside: Tensor, share: float, penalised: bool, said: list[Tensor]) -> dict[str, float]:
        """Add a chunk's gradients to both sides'."""
        see = self._seen()
        self.judge.network.requires_grad_(False)
        with self._cast():
            drawn = self._draw(len(real))
        fake = drawn.float() * inside
        seen = see(fake)
        with self._cast():
            loss = self.judge.of_samples(seen)
        self._backward(loss * share)
        self.judge.network.requires_grad_(True)
        both = see(real), see(fake.detach())
        with self._cast():
            own, logits = self.judge.of_both(*both)
        said.append(logits.detach())
        self._backward(own * share)
        terms = {"samples": float(loss.detach()), "discriminator": float(own.detach())}
        if penalised:  # in full precision: it is a gradient's gradient
            penalty = r1_penalty(lambda pictures: self.judge.logits(see(pictures)), real)
            self._backward(penalty * (share * self._gamma / 2 * self.options.r1_every))
            terms["r1"] = float(penalty.detach())
        return terms

    def _draw(self, count: int) -> Tensor:
        ws = self.generator.mapping(torch.randn(count, self.generator.z_dim, device=self.device))
        with torch.no_grad():
            mapping = self.generator.mapping
            mapping.w_avg = torch.lerp(ws[:, 0].float().mean(dim=0), mapping.w_avg, MEAN_DECAY)
        pictures: Tensor = self.generator.synthesis(ws)
        # Channels that begin equal and are told the same stay equal.
        return pictures.mean(dim=1, keepdim=True).expand(-1, 3, -1, -1) if self.shape.grey else pictures

    def _seen(self) -> Callable[[Tensor], Tensor]:
        sigma = self.sigma
        return lambda pictures: self.augment(blurred(pictures, sigma))

    def _backward(self, loss: Tensor) -> None:
        if not bool(torch.isfinite(loss)):
            raise NotFinite
        loss.backward()  # type: ignore[no-untyped-call]

    def _check(self) -> None:
        for part in (self.generator, self.judge.network):
            gradients = [p.grad for p in part.parameters() if p.grad is not None]
            if not bool(torch.isfinite(nn.utils.get_total_norm(gradients))):
                raise NotFinite

    @torch.no_grad()
    def _average(self, batch: int) -> None:
        life = min(EMA_HALF_LIFE * batch / 32, self.images * EMA_RAMP)
        decay = 0.5 ** (batch / max(life, 1e-8))
        torch._foreach_lerp_(list(self.ema.parameters()), list(self.generator.parameters()), 1 - decay)
        for mine, theirs in zip(self.ema.buffers(), self.generator.buffers(), strict=True):
            mine.copy_(theirs)


def grey(images: Tensor) -> Tensor:
    """Colour pictures [N, 3, S, S] as their light, in three equal channels."""
    weights = images.new_tensor(LIGHT).view(1, 3, 1, 1)
    return (images * weights).sum(dim=1, keepdim=True).expand(-1, 3, -1, -1)


@torch.no_grad()
def _tie_channels(generator: StyleGAN3Generator) -> None:
    last = getattr(generator.synthesis, generator.synthesis.layer_names[-1])
    last.weight.copy_(last.weight[:1].expand_as(last.weight))
