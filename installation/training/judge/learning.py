"""How the judge learns: labelled photographs in any light, a little beside their place; its whole state is kept, so that it can go on."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from installation.training.editor.faces import YEARS, LabelledFaces
from installation.training.judge.network import PLACES, Accuracy, Judge, cropped, told

BATCH = 64
RATE, DECAY = 1.5e-3, 3e-2
CLASS_WIDTH = 0.35  # softness of a label among the age classes, in distances between them
TURN, SHIFT, ZOOM = 0.10, 0.05, 0.08  # how far a face may lie beside its place: radians, fractions of the crop
SAVED_EVERY, SAID_EVERY = 60.0, 100  # s; steps
AGE, GENDER, MEASURED = slice(0, len(PLACES)), len(PLACES), slice(len(PLACES) + 1, None)
SEED = 20


@dataclass(frozen=True, slots=True, eq=False)
class Lessons:
    """crops uint8 [N, 1, 80, 80] in grey; labels [N, 4]: years, female 0 or 1, smile and open mouth in deviations, NaN where unknown."""

    crops: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.crops)


def lessons_of(faces: LabelledFaces) -> Lessons:
    """The photographs among some faces, as the judge sees them."""
    crops, which = [], torch.nonzero(faces.photographs)[:, 0]
    for at in torch.split(which, 256):
        images, masks = faces.batch(at)
        crops.append(((cropped(images * masks) + 1) * 127.5).round().clamp(0, 255).byte())
    labels = faces.labels[which].clone()
    labels[:, 0] *= YEARS
    return Lessons(torch.cat(crops), labels)


def beside(crops: Tensor) -> Tensor:
    """Crops [N, 1, S, S] turned, moved and scaled a little, half of them mirrored."""
    count = len(crops)
    turn = TURN * torch.randn(count).clamp(-2, 2)
    zoom = torch.exp(ZOOM * torch.randn(count).clamp(-2, 2))
    side = torch.where(torch.rand(count) < 0.5, 1.0, -1.0)
    move = SHIFT * torch.randn(count, 2).clamp(-2, 2)
    rows = [torch.stack([zoom * turn.cos() * side, -zoom * turn.sin(), move[:, 0]], 1)]
    rows.append(torch.stack([zoom * turn.sin() * side, zoom * turn.cos(), move[:, 1]], 1))
    grid = F.affine_grid(torch.stack(rows, 1), list(crops.shape), align_corners=False)
    return F.grid_sample(crops, grid, padding_mode="border", align_corners=False)


def relit(crops: Tensor) -> Tensor:
    """Crops [N, 1, S, S] in -1…1 in another light: brightness, gamma, a slope of light, grain."""
    count, side = len(crops), crops.shape[-1]

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape).clamp(-2, 2)

    axis = torch.linspace(-1, 1, side)
    slope = axis * normal(count, 1, 1, 1) + axis[:, None] * normal(count, 1, 1, 1)
    light = ((crops + 1) / 2).clamp(1e-3, 1).pow(torch.exp(0.3 * normal(count, 1, 1, 1)))
    light = light * torch.exp(0.25 * normal(count, 1, 1, 1) + 0.2 * slope)
    return light.clamp(0, 1) * 2 - 1 + 0.03 * torch.rand(count, 1, 1, 1) * torch.randn_like(crops)


def judging_loss(answers: Tensor, labels: Tensor) -> Tensor:
    """Cross entropy on the age classes, with soft places, and on gender; Huber on years, smile and open mouth; nothing where a label is
    unknown."""
    known, wanted = (~labels.isnan()).float(), labels.nan_to_num()
    share = known / known.sum(0).clamp(min=1)
    number = _class_number(wanted[:, :1])
    soft = torch.softmax(-((number - torch.arange(len(PLACES))) / CLASS_WIDTH).square(), 1)
    age = -(soft * answers[:, AGE].log_softmax(1)).sum(1)
    years = F.huber_loss(told(answers)[:, 0] / YEARS, wanted[:, 0] / YEARS, reduction="none")
    gender = F.binary_cross_entropy_with_logits(answers[:, GENDER], wanted[:, 1], reduction="none")
    rest = F.huber_loss(answers[:, MEASURED], wanted[:, 2:], reduction="none")
    return ((age + 2 * years) * share[:, 0]).sum() + 1.5 * (gender * share[:, 1]).sum() + (rest * share[:, 2:]).sum()


def _class_number(years: Tensor) -> Tensor:
    """Where years [N, 1] lie among the classes, between two of them as well."""
    places = torch.tensor(PLACES)
    above = torch.searchsorted(places, years.contiguous()).clamp(1, len(PLACES) - 1)
    low, high = places[above - 1], places[above]
    return above - 1 + ((years - low) / (high - low)).clamp(0, 1)


@dataclass(eq=False)
class Schooling:
    """One judge and its optimiser; the state lies in ``path``, and is there again after a crash. steps: made so far, in all calls."""

    path: Path
    judge: Judge = field(init=False)
    steps: int = 0

    def __post_init__(self) -> None:
        torch.manual_seed(SEED)  # another beginning than the reader's
        self.judge = Judge()
        self._optimizer = torch.optim.AdamW(self.judge.parameters(), RATE, weight_decay=DECAY)
        if self.path.exists():
            state = torch.load(self.path, map_location="cpu", weights_only=True)
            self.judge.load_state_dict(state["judge"])
            self._optimizer.load_state_dict(state["optimizer"])
            self.steps = int(state["steps"])
        torch.manual_seed(SEED + self.steps)  # who goes on sees other faces than before

    def learn(self, lessons: Lessons, minutes: float) -> None:
        """Go on for so many minutes. The rate falls to nothing at their end."""
        self.judge.train()
        began = saved = time.monotonic()
        first = self.steps
        while (gone := (time.monotonic() - began) / (60 * max(minutes, 1e-6))) < 1:
            loss = self._step(lessons, min(1.0, (self.steps - first + 1) / 200) * (1 - gone))
            if self.steps % SAID_EVERY == 0:
                rate = (self.steps - first) * BATCH / (time.monotonic() - began)
                print(f"judge {gone:4.0%}: step {self.steps}, {rate:.0f} faces/s, loss {loss:.3f}", flush=True)
            if time.monotonic() - saved > SAVED_EVERY:
                saved = time.monotonic()
                self.save()
        self.save()
        self.judge.eval()

    def _step(self, lessons: Lessons, share: float) -> float:
        at = torch.randint(len(lessons), (BATCH,))
        crops = relit(beside(lessons.crops[at].float() / 127.5 - 1))
        loss = judging_loss(self.judge(self.judge.evened(crops)), lessons.labels[at])
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        for group in self._optimizer.param_groups:
            group["lr"] = RATE * share
        self._optimizer.step()
        self.steps += 1
        return float(loss.detach())

    def save(self) -> None:
        """The whole state."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        state = {"judge": self.judge.state_dict(), "optimizer": self._optimizer.state_dict(), "steps": self.steps}
        torch.save(state, self.path.with_suffix(".tmp"))
        os.replace(self.path.with_suffix(".tmp"), self.path)


@torch.inference_mode()
def accuracy_of(judge: Judge, lessons: Lessons) -> Accuracy:
    """How well it reads faces that it has not learned from."""
    judge.eval()

    def read(gain: float) -> Tensor:
        found = []
        for part in torch.split(lessons.crops, 128):
            crops = judge.evened(gain * (part.float() / 127.5) - 1)
            found.append((told(judge(crops)) + told(judge(crops.flip(3)))) / 2)
        return torch.cat(found)

    own, labels = read(1.0), lessons.labels
    known = ~labels[:, :2].isnan().any(1)
    years = float((own - labels)[known, 0].abs().mean())
    right = float(((own[known, 1] > 0) == (labels[known, 1] > 0.5)).float().mean())
    darker = float((read(0.7) - own)[:, 0].mean())
    return Accuracy(years, right, _correlation(own[:, 2], labels[:, 2]), _correlation(own[:, 3], labels[:, 3]), darker, len(lessons))


def _correlation(read: Tensor, label: Tensor) -> float:
    known = ~label.isnan()
    return float(torch.corrcoef(torch.stack([read[known], label[known]]))[0, 1]) if known.sum() > 2 else float("nan")
