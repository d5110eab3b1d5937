"""The engine: a picture, a start, and steps that whoever waits for them can look at."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from installation.checkpoints.loading import AnyGenerator
from installation.codes.space import OneW
from installation.inversion.phase import Phase
from installation.inversion.prior import LatentPrior
from installation.inversion.settings import LOCALITY_STEP, PUBLISHED, UNLIMITED, Effort, Weights
from installation.inversion.terms import Term, blurred_l2
from installation.messages import Image

PhaseName = Literal["code", "tuning"]
Distances = Mapping[str, tuple[float, Callable[[Tensor], Tensor]]]  # weight and distance of each term, by name
BETAS = (0.9, 0.999)
MAPPING = ("style.", "mapping.")  # parameters that no picture depends on, once there is a code


@dataclass(frozen=True, slots=True, eq=False)
class Progress:
    """After one step. share: 0…1 of the whole work; parts: each term, weighted, by name; drawn: [1, 3, S, S] before the step."""

    phase: PhaseName
    step: int
    share: float
    loss: float
    parts: Mapping[str, float]
    drawn: Tensor

    @property
    def picture(self) -> Image:
        """uint8 RGB [S, S, 3]."""
        shown: Image = ((self.drawn[0].clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0).cpu().numpy()
        return shown


@dataclass(frozen=True, slots=True, eq=False)
class Aim:
    """What is to be drawn. picture: [3, S, S] in -1…1, aligned, of the generator's size; mask: [1, S, S], 1 where it counts.

    start: [styles, w_dim], the encoder's code, or the mean code where there is no encoder. residual: [width, r, r], added to the features
    as the mirror does, where the embedded encoder's own is kept. one_w: look for a code of one w for all layers.
    """

    picture: Tensor
    start: Tensor
    mask: Tensor | None = None
    residual: Tensor | None = None
    one_w: bool = False


class Inversion:
    """One picture's. perceptual, identity: terms, each only where it is given. Not for two threads at once.

    ``for progress in inversion.run(): …`` does it; stopping in between leaves a code and a generator that can be used, and ``state`` of
    it is gone on from by ``restore``.
    """

    def __init__(
        self,
        base: AnyGenerator,
        aim: Aim,
        weights: Weights = PUBLISHED,
        effort: Effort = UNLIMITED,
        perceptual: Term | None = None,
        identity: Term | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        size = int(base.size)
        if tuple(aim.picture.shape) != (3, size, size):
            raise ValueError(f"picture: [3, {size}, {size}] is needed, got {list(aim.picture.shape)}")
        self._aim, self._weights, self._effort, self._clock = aim, weights, effort, clock
        self._base = base.eval().requires_grad_(False)
        self._space = OneW(base) if aim.one_w else None
        self._start = aim.start.detach().float() if self._space is None else self._space.nearest(aim.start.detach().float())
        self._prior = LatentPrior(base, self._start)
        self.offset = torch.zeros_like(self._start).requires_grad_()  # in standard deviations of w
        target = aim.picture[None].float()
        mask = torch.ones_like(target[:, :1]) if aim.mask is None else aim.mask[None].float()
        self._terms = self._prepared(target, mask, perceptual, identity)
        self._generator: AnyGenerator | None = None
        self._moved: torch.optim.Adam | None = None
        self._tuned: torch.optim.Adam | None = None
        self.use(effort)

    def use(self, effort: Effort) -> None:
        """Take other limits; what is done counts."""
        self._effort = effort
        seconds, share = effort.seconds, effort.code_share if effort.tuning_steps else 1.0
        old = getattr(self, "phases", None)
        self.phases: dict[PhaseName, Phase] = {
            "code": Phase(effort.code_steps, None if seconds is None else seconds * share, effort.code_rate, effort.hurry),
            "tuning": Phase(effort.tuning_steps, None if seconds is None else seconds * (1 - share), effort.tuning_rate, effort.hurry),
        }
        for name, phase in self.phases.items():
            if old is not None:
                phase.restore(old[name].state())

    def _prepared(self, target: Tensor, mask: Tensor, perceptual: Term | None, identity: Term | None) -> Distances:
        w = self._weights
        rows: list[tuple[str, float, Term | None]] = [
            ("l2", w.l2, blurred_l2), ("perceptual", w.perceptual, perceptual), ("identity", w.identity, identity),
        ]  # fmt: skip
        return {name: (weight, term(target, mask)) for name, weight, term in rows if weight and term is not None}

    @property
    def ws(self) -> Tensor:
        """The code so far [styles, w_dim]."""
        return self._code().detach().clone()

    @property
    def generator(self) -> AnyGenerator:
        """The generator that draws it: the base, or the one that was tuned around the code."""
        return self._base if self._generator is None else self._generator

    @property
    def tuned(self) -> bool:
        return self._generator is not None

    @property
    def over(self) -> bool:
        """Whether there is nothing left to do."""
        self._hand_over()
        return self.phases["tuning"].over and (self.tuned or self.phases["code"].over)

    def run(self) -> Iterator[Progress]:
        """Step by step to the end; time between the steps does not count."""
        while not (self.tuned or self.phases["code"].over):  # once a generator is tuned around it the code stays where it is
            yield self._step("code", self.phases["code"])
        self._hand_over()
        while not self.phases["tuning"].over:
            yield self._step("tuning", self.phases["tuning"])

    def _hand_over(self) -> None:
        """Seconds that the code did not need are the generator's."""
        code, seconds = self.phases["code"], self._effort.seconds
        if seconds is not None and self._effort.tuning_steps and (self.tuned or code.over):
            self.phases["tuning"].seconds = max(0.0, seconds - code.spent)

    @torch.no_grad()
    def portrait(self) -> Image:
        """uint8 RGB [S, S, 3]: as it is drawn now."""
        return Progress("code", 0, 0.0, 0.0, {}, self._drawn(self.generator, self._code())).picture

    @torch.no_grad()
    def loss(self) -> float:
        """Of the code as it is now, which the last step has moved since its own loss was told."""
        return float(torch.stack(list(self._parts("code", self._drawn(self.generator, self._code())).values())).sum())

    def _step(self, name: PhaseName, phase: Phase) -> Progress:
        began = self._clock()
        optimiser = self._optimiser(name)
        for group in optimiser.param_groups:
            group["lr"] = phase.current_rate
        drawn = self._drawn(self.generator, self._code())
        parts = self._parts(name, drawn)
        loss = torch.stack(list(parts.values())).sum()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        phase.step(float(loss.detach()), self._clock() - began)
        numbers = {key: float(value.detach()) for key, value in parts.items()}
        return Progress(name, phase.done, self._share(), float(loss.detach()), numbers, drawn.detach())

    def _parts(self, name: PhaseName, drawn: Tensor) -> dict[str, Tensor]:
        """What is to be made small, weighted, of a drawing of the code as it is now."""
        parts = {key: weight * distance(drawn) for key, (weight, distance) in self._terms.items()}
        if name == "code" and self._weights.prior:
            parts["prior"] = self._weights.prior * self._prior(self._code())
        if name == "tuning" and self._weights.locality:
            parts["locality"] = self._weights.locality * self._locality()
        return parts

    def _share(self) -> float:
        phases = [phase for phase in self.phases.values() if phase.steps]
        sizes = [float(p.steps) if p.seconds is None else p.seconds for p in phases]
        done = sum(size * (1.0 if p.over else p.share) for size, p in zip(sizes, phases, strict=True))
        return done / max(sum(sizes), 1e-9)

    def _optimiser(self, name: PhaseName) -> torch.optim.Adam:
        if name == "code":
            if self._moved is None:
                self._moved = torch.optim.Adam([self.offset], betas=BETAS)
            return self._moved
        if self._tuned is None:
            self.offset.requires_grad_(False)  # the pivot stays where it is
            self._generator = copy.deepcopy(self._base)
            self._tuned = torch.optim.Adam([value for _, value in trained(self._generator)], betas=BETAS)
        return self._tuned

    def _code(self) -> Tensor:
        ws = self._start + self.offset * self._prior.deviation
        return ws if self._space is None else self._space.nearest(ws)

    def _drawn(self, generator: AnyGenerator, ws: Tensor) -> Tensor:
        layered, residual = generator.layered, self._aim.residual
        if layered is not None:
            return layered.synthesis(ws[None], "const", None, None if residual is None else residual[None])
        drawn: Tensor = generator.synthesis(ws[None])
        return drawn

    def _locality(self) -> Tensor:
        """How much tuning changes a face near the code: a step from it toward a random one."""
        with torch.no_grad():
            ws = self._code()
            other = self._base.mapping(torch.randn(1, self._base.z_dim, device=ws.device)).reshape(-1, ws.shape[1])[: ws.shape[0]]
            way = other - ws
            # The published length is one of w's whole; here never farther than the other face itself.
            near = ws + way * min(1.0, LOCALITY_STEP / float(way.norm(dim=1).mean() + 1e-6))
            wanted = self._drawn(self._base, near)
        return (self._drawn(self.generator, near) - wanted).square().mean()

    def state(self) -> dict[str, object]:
        """Everything that a later run goes on from; tensors and numbers alone."""
        found: dict[str, object] = {"start": self._start, "offset": self.offset.detach().clone()}
        found |= {f"phase.{name}": phase.state() for name, phase in self.phases.items()}
        if self._moved is not None:
            found["moved"] = self._moved.state_dict()
        if self._generator is not None and self._tuned is not None:
            found["generator"] = {name: value.detach().clone() for name, value in trained(self._generator)}
            found["tuned"] = self._tuned.state_dict()
        return found

    def restore(self, state: Mapping[str, object]) -> None:
        """Go on from a state. Raises ValueError, KeyError or RuntimeError where it is another picture's or another generator's."""
        start, offset = state["start"], state["offset"]
        if not isinstance(start, Tensor) or not isinstance(offset, Tensor) or start.shape != self._start.shape:
            raise ValueError("its codes are of another shape")
        with torch.no_grad():
            self._start.copy_(start)
            self.offset.copy_(offset)
        for name, phase in self.phases.items():
            phase.restore([float(one) for one in state[f"phase.{name}"]])  # type: ignore[attr-defined]
        if "moved" in state:
            self._optimiser("code").load_state_dict(state["moved"])  # type: ignore[arg-type]
        if "generator" in state:
            optimiser, values = self._optimiser("tuning"), state["generator"]
            assert isinstance(values, Mapping) and self._generator is not None
            with torch.no_grad():
                for key, value in trained(self._generator):
                    value.copy_(values[key])
            optimiser.load_state_dict(state["tuned"])  # type: ignore[arg-type]


def trained(generator: nn.Module) -> list[tuple[str, nn.Parameter]]:
    """The parameters that draw: all but the mapping network's. They are set to learn."""
    found = [(name, value) for name, value in generator.named_parameters() if not name.startswith(MAPPING)]
    for _, value in found:
        value.requires_grad_(True)
    return found
