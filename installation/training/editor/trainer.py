"""The loop in which the editor learns: it writes, the mirror's picture of it is read, judged and compared, and it writes better.

Every face is lit anew, looked at by the frozen encoder, edited by one or two knobs, drawn, and laid over its own photograph. What
teaches: a reader of attributes says whether what was asked for has come and nothing else has; the skin's colour must stay; so must
who it is; and two adversaries must believe it.
"""

from __future__ import annotations

import copy
import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from installation.models.editor import KIND, belongs_to
from installation.networks.editor import Editor, added
from installation.training.augment import fill_outside, jitter_crop
from installation.training.editor.adversaries import PictureHeads, ResidualHeads, condition, hinge, usual_size
from installation.training.editor.drawing import CutOut, Sitting, Studio, moved
from installation.training.editor.faces import ATTRIBUTES, STORED_PX, LabelledFaces
from installation.training.editor.reader import LEFT, TOP, WINDOW_PX, Reader, recoloured, save_half, window
from installation.training.losses import Darknet, Identity
from installation.training.precision import half

# What amount 1 of each knob asks for, in the reader's units, and how far it asks at most.
STEP = (28 / 15, 5.0, 1.8, 1.8)
LOWEST, HIGHEST = (3 / 15, -4.0, -2.3, -1.2), (76 / 15, 4.0, 2.6, 3.4)
SCALE = (1.0, 0.4, 0.8, 0.7)  # of each attribute's error
CARE = (1.0, 0.4, 0.5, 0.4)  # for attributes that nobody asked to move
CHANCE = (0.32, 0.28, 0.2, 0.2)  # of each knob
SECOND = 0.25  # chance that two knobs are moved
LIKENESS, SPENT = 0.93, (0.30, 0.38, 0.14, 0.14)  # cosine that is asked for, and what amount 1 may take of it
COLOUR_TOLERANCE, CHROMA_TOLERANCE = 0.012, 0.03  # of the range -1…1
BATCH = 12
RATE = 1.2e-3
ANNEAL = 0.35  # of the time, at the end: the rate goes down
AVERAGED = 0.998
GROW_IMAGES = 4000  # over which the adversaries gain their weight
WHOLE = 0.3  # of the batches: generated faces, which have hair and a background, in whole pictures
R1, R1_EVERY = 0.01, 8
SAVED_EVERY, SAID_EVERY = 240.0, 50  # s; steps


@dataclass(frozen=True, slots=True)
class Weights:
    """Of the loss' terms."""

    attribute: float = 1.0
    colour: float = 8.0
    skin: float = 6.0
    chroma: float = 15.0
    identity: float = 1.5
    residual: float = 0.6
    picture: float = 1.2
    small: float = 0.1
    range: float = 1.0
    flow: float = 2.0

    def of(self, name: str) -> float:
        weight: float = getattr(self, name)
        return weight


@dataclass(frozen=True, slots=True)
class View:
    """How much of a face is drawn and judged. side, top, left: px of the window that the adversary sees."""

    cut: CutOut
    top: int
    left: int
    side: int

    def window(self, pictures: Tensor) -> Tensor:
        return pictures[..., self.top : self.top + self.side, self.left : self.left + self.side]


MIDDLE = View(CutOut(6, 4, 24), TOP, LEFT, WINDOW_PX)  # photographs are tight crops
ALL = View(CutOut(), 8, 8, 112)


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Faces of one kind and how they are looked at."""

    faces: LabelledFaces
    view: View
    picture: PictureHeads
    residual: ResidualHeads


@dataclass(slots=True, eq=False)
class Progress:
    """steps, images: made in all; gone 0…1: of this run's time."""

    steps: int = 0
    images: int = 0
    gone: float = 0.0
    sums: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Edited:
    """A batch, edited. read: what the reader says of the faces as they are; told: what they are labelled; target: what is asked, in
    the reader's units; wanted: the same, gender as a probability; shown [N, 3, 128, 128]: the picture over glass."""

    sitting: Sitting
    masks: Tensor
    amounts: Tensor
    gain: Tensor
    edited: Tensor
    flow: Tensor
    shown: Tensor
    read: Tensor
    told: Tensor
    target: Tensor
    wanted: Tensor


class EditorTrainer:
    """Trains one editor; its whole state is in ``folder``/editor.pt, its averaged weights in editor.safetensors.

    photographs: of people, with labels; generated: whole pictures, or None. warps [knobs, 2, r, r]: the movement that each knob's
    direction has already.
    """

    def __init__(
        self,
        studio: Studio,
        reader: Reader,
        darknet: Darknet,
        identity: Identity,
        photographs: LabelledFaces,
        generated: LabelledFaces | None,
        warps: Tensor,
        weights: Weights,
        folder: Path,
        batch: int = BATCH,
    ) -> None:
        self.studio, self.reader, self.darknet, self.identity = studio, reader, darknet, identity
        self.warps, self.weights, self.folder, self.batch = warps, weights, folder, batch
        self.editor = Editor()
        self.average = copy.deepcopy(self.editor).eval().requires_grad_(False)
        self.pools = [self._pool(photographs, MIDDLE)] + ([] if generated is None else [self._pool(generated, ALL)])
        self._typical = self._residuals(photographs)
        self._skin = skin_weights()
        judges: list[nn.Parameter] = []
        for pool in self.pools:
            judges += [*pool.picture.parameters(), *pool.residual.parameters()]
        self.optimizer = torch.optim.Adam(self.editor.parameters(), RATE, betas=(0.5, 0.99))
        self.judges = torch.optim.Adam(judges, 1.5e-3, betas=(0.0, 0.99))
        self.progress = Progress()

    def _pool(self, faces: LabelledFaces, view: View) -> Pool:
        images, masks = faces.batch(torch.randint(len(faces), (64,)))
        sitting = self.studio.see(fill_outside(images, masks))
        usual = usual_size(view.cut.of(sitting.before), view.cut.of(sitting.detail))
        heads = PictureHeads(self.darknet, view.side)
        return Pool(faces, view, heads, ResidualHeads(usual, (view.cut.cells, view.cut.cells)))

    def _residuals(self, faces: LabelledFaces) -> tuple[Tensor, Tensor]:
        """Mean and deviation of residuals [32, 32, 32] of many faces."""
        found = []
        for at in torch.split(torch.randperm(len(faces))[:768], 64):
            found.append(self.studio.see(fill_outside(*faces.batch(at))).detail)
        detail = torch.cat(found)
        return detail.mean(0), detail.std(0) + 0.02

    def train(self, minutes: float, show: Callable[[Editor], None]) -> None:
        """Go on for so many minutes. show: draws what the averaged editor does, now and then and in the end."""
        began = saved = time.monotonic()
        first = self.progress.images
        while minutes and (gone := (time.monotonic() - began) / (60 * minutes)) < 1:
            self.progress.gone = gone
            self._set_rate()
            self._step(self.pools[1 if len(self.pools) > 1 and torch.rand(()) < WHOLE else 0])
            if self.progress.steps % SAID_EVERY == 0:
                self._say((self.progress.images - first) / (time.monotonic() - began))
            if time.monotonic() - saved > SAVED_EVERY:
                saved = time.monotonic()
                self.save()
                show(self.average)
        self.save()
        show(self.average)

    def _set_rate(self) -> None:
        cooling = min(1.0, (1 - self.progress.gone) / ANNEAL + 0.02)
        for group in self.optimizer.param_groups:
            group["lr"] = RATE * min(1.0, (self.progress.steps + 1) / 100) * cooling

    def _step(self, pool: Pool) -> None:
        batch = self._edit(pool)
        terms, maps = self._terms(pool, batch)
        grown = min(1.0, self.progress.images / GROW_IMAGES)
        shares = {name: self.weights.of(name) * (grown if name in ("residual", "picture") else 1) for name in terms}
        loss = sum((shares[name] * value for name, value in terms.items()), torch.zeros(()))
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.editor.parameters(), 2.0)
        self.optimizer.step()
        self._follow()
        answers = self._judge(pool, batch, maps)
        self.progress.steps += 1
        self.progress.images += len(batch.amounts)
        for name, value in {**terms, **answers}.items():
            self.progress.sums[name] = self.progress.sums.get(name, 0.0) + float(value.detach())

    def _follow(self) -> None:
        with torch.no_grad():
            stay = min(AVERAGED, (self.progress.steps + 1) / (self.progress.steps + 20))
            torch._foreach_lerp_(list(self.average.parameters()), list(self.editor.parameters()), 1 - stay)

    def _edit(self, pool: Pool) -> Edited:
        at = torch.randint(len(pool.faces), (self.batch,))
        images, masks = pool.faces.batch(at)
        turned = (torch.rand(self.batch) < 0.5)[:, None, None, None]
        images, masks = torch.where(turned, images.flip(3), images), torch.where(turned, masks.flip(3), masks)
        lit = torch.lerp(images, recoloured(images, 0.5), (torch.rand(self.batch, 1, 1, 1) < 0.5).float()).clamp(-1, 1)
        sitting = self.studio.see(fill_outside(lit, masks))
        with torch.no_grad(), half():
            plain = window(sitting.images * masks)
            read = ((self.reader(plain) + self.reader(plain.flip(3))) / 2).float()
        labels = pool.faces.labels[at]
        told = torch.where(labels.isnan(), torch.cat([read[:, :1], read[:, 1:2].sigmoid(), read[:, 2:]], 1), labels)
        amounts = draw_amounts(self.batch)
        target = asked(read, amounts)
        wanted = torch.where(amounts != 0, torch.cat([target[:, :1], target[:, 1:2].sigmoid(), target[:, 2:]], 1), told)
        with half():
            changes, flows = (part.float() for part in self.editor(sitting.features, sitting.seen, sitting.detail))
        gain = added(changes, amounts)
        edited = (sitting.detail + gain).clamp(-1, 1)
        flow = added(flows, amounts) + torch.einsum("kcyx,nk->ncyx", self.warps, amounts)
        change = self.studio.change(sitting, edited, pool.view.cut)
        shown = moved((sitting.images + change).clamp(-1.05, 1.05), flow)
        return Edited(sitting, masks, amounts, gain, edited, flow, shown, read, told, target, wanted)

    def _terms(self, pool: Pool, batch: Edited) -> tuple[dict[str, Tensor], list[Tensor]]:
        """The loss' terms, and the maps by which the adversary of pictures judges."""
        terms = {"attribute": self._attribute(batch)}
        shown, before = window(batch.shown), window(batch.sitting.images)
        low = F.avg_pool2d(shown, 10) - F.avg_pool2d(before, 10)
        terms["colour"] = (F.relu(low.abs() - COLOUR_TOLERANCE) * self._skin).mean()
        terms["skin"] = ((low * self._skin).sum((2, 3)) / self._skin.sum()).abs().mean()
        tint = F.avg_pool2d(shown - shown.mean(1, keepdim=True), 5, 2) - F.avg_pool2d(before - before.mean(1, keepdim=True), 5, 2)
        terms["chroma"] = F.relu(tint.abs() - CHROMA_TOLERANCE).mean()
        terms["identity"] = self._likeness(batch)
        told = condition(batch.wanted)
        cut = pool.view.cut
        terms["residual"] = -pool.residual(cut.of(batch.sitting.before), _noisy(cut.of(batch.edited)), told).mean()
        with half():
            maps = pool.picture.maps(self.darknet, recoloured(pool.view.window(batch.shown * batch.masks), 0.4))
        terms["picture"] = -pool.picture(maps, told).mean()
        mean, spread = self._typical
        wide = batch.sitting.detail + batch.gain
        far = F.relu(((batch.edited - mean) / spread).abs() - 2.5).square().mean()
        terms["range"] = far + 4 * (wide - batch.edited).square().mean()
        terms["small"] = batch.gain.square().mean() + 0.3 * (shown - before).abs().mean()
        bend = (batch.flow[..., 1:] - batch.flow[..., :-1]).abs().mean() + (batch.flow[..., 1:, :] - batch.flow[..., :-1, :]).abs().mean()
        terms["flow"] = 64 * bend + 400 * (batch.flow[..., 1:] - batch.flow[..., :-1]).square().mean()
        return terms, maps

    def _attribute(self, batch: Edited) -> Tensor:
        """What was asked for has come and nothing else has, in any light."""
        moved_ = (batch.amounts != 0).float()
        care = moved_ + torch.tensor(CARE) * (1 - moved_)
        scale = torch.tensor(SCALE)
        care[:, 3] = torch.where((moved_[:, 2] > 0) & (moved_[:, 3] == 0), 0.1, care[:, 3])  # a smile may open the mouth
        total = torch.zeros(())
        for _ in range(2):
            seen = recoloured(jitter_crop(window(batch.shown * batch.masks), 0.3))
            with half():
                read = self.reader(seen)
            error = F.huber_loss(read.float() * scale, batch.target * scale, reduction="none", delta=0.7)
            total = total + (error * care).sum(1).mean() / 2
        return total

    def _likeness(self, batch: Edited) -> Tensor:
        """Of a third of the faces: the network is the dearest of all."""
        some = slice(0, self.batch // 3)
        asked_for = LIKENESS - batch.amounts[some].abs() @ torch.tensor(SPENT)
        with torch.no_grad(), half():
            own = self.identity(batch.sitting.images[some]).float()
        with half():
            now = self.identity(batch.shown[some])
        return F.relu(asked_for - (now.float() * own).sum(1)).mean()

    def _judge(self, pool: Pool, batch: Edited, maps: Sequence[Tensor]) -> dict[str, Tensor]:
        """The adversaries' own step, on the same faces as they are."""
        right, wrong, asked_for = condition(batch.told), condition(batch.told.roll(1, 0)), condition(batch.wanted)
        cut = pool.view.cut
        before, own = cut.of(batch.sitting.before), _noisy(cut.of(batch.sitting.detail))
        real, false = pool.residual(before, own, right), pool.residual(before, own, wrong)
        loss = hinge(real, false, pool.residual(before, _noisy(cut.of(batch.edited.detach())), asked_for))
        if self.progress.steps % R1_EVERY == 0:
            own = own.requires_grad_(True)
            (slope,) = torch.autograd.grad(pool.residual(before, own, right).mean(1).sum(), own, create_graph=True)
            loss = loss + R1_EVERY * R1 * slope.square().sum((1, 2, 3)).mean()
        with torch.no_grad(), half():
            whole = pool.view.window(batch.sitting.images * batch.masks)
            photographed = pool.picture.maps(self.darknet, recoloured(whole, 0.4))
        seen, mistaken = pool.picture(photographed, right), pool.picture(photographed, wrong)
        drawn = pool.picture([m.detach() for m in maps], asked_for)
        loss = loss + hinge(seen, mistaken, drawn)
        self.judges.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self.judges.step()
        return {"r-real": real.mean(), "r-wrong": false.mean(), "p-real": seen.mean(), "p-wrong": mistaken.mean(), "p-fake": drawn.mean()}

    def _say(self, rate: float) -> None:
        told = {name: round(value / SAID_EVERY, 3) for name, value in self.progress.sums.items()}
        self.progress.sums.clear()
        progress = self.progress
        print(f"{time.strftime('%H:%M:%S')} step {progress.steps}, {progress.images} faces, {rate:.1f}/s {json.dumps(told)}", flush=True)

    def _parts(self) -> dict[str, nn.Module | torch.optim.Optimizer]:
        parts: dict[str, nn.Module | torch.optim.Optimizer] = {"editor": self.editor, "average": self.average}
        for k, pool in enumerate(self.pools):
            parts |= {f"picture{k}": pool.picture, f"residual{k}": pool.residual}
        return parts | {"optimizer": self.optimizer, "judges": self.judges}

    def save(self) -> None:
        """The whole state, and the averaged weights in half precision."""
        self.folder.mkdir(parents=True, exist_ok=True)
        state = {name: part.state_dict() for name, part in self._parts().items()}
        counted = {"steps": self.progress.steps, "images": self.progress.images}
        torch.save(state | counted, self.folder / "editor.tmp")
        os.replace(self.folder / "editor.tmp", self.folder / "editor.pt")
        self.write(self.folder / "editor.safetensors")

    def write(self, path: Path) -> None:
        """The averaged weights in half precision, as the mirror reads them."""
        card = {"kind": KIND, "encoder": belongs_to(self.studio.encoder), "faces": str(self.progress.images)}
        save_half(self.average, path, card | {"knobs": json.dumps(self.average.knobs)})

    def resume(self) -> bool:
        """Go on from the folder's state; whether there was one."""
        path = self.folder / "editor.pt"
        if not path.exists():
            return False
        state = torch.load(path, map_location=torch.get_default_device(), weights_only=True)
        for name in ("editor", "average"):  # where a knob may write is the code's to say, not an older state's
            state[name]["where"] = self.editor.where
        for name, part in self._parts().items():
            part.load_state_dict(state[name])
        self.progress = Progress(state["steps"], state["images"])
        return True


def draw_amounts(count: int) -> Tensor:
    """[N, knobs]: mostly one knob, now and then two, from a little to as far as a fader goes."""
    order = torch.multinomial(torch.tensor(CHANCE).expand(count, -1), 2)
    size = 0.3 + 0.8 * torch.rand(count, 2).sqrt()
    either = torch.where(torch.rand(count, 2) < 0.5, size, -size)
    either[:, 1] *= torch.rand(count) < SECOND
    return torch.zeros(count, len(ATTRIBUTES)).scatter(1, order, either)


def asked(read: Tensor, amounts: Tensor) -> Tensor:
    """What the reader is to say [N, 4] of faces of which it says ``read``; whoever is at an end already stays there."""
    own = torch.cat([read[:, :1], read[:, 1:2].clamp(-4, 4), read[:, 2:]], 1)
    step, lowest, highest = (torch.tensor(values) for values in (STEP, LOWEST, HIGHEST))
    return torch.minimum(torch.maximum(own + amounts * step, torch.minimum(lowest, own)), torch.maximum(highest, own))


def skin_weights(side: int = 8) -> Tensor:
    """[1, 1, side, side] of a window: cheeks, forehead and nose, where colour is the sitter's; a little everywhere else."""
    axis = (torch.arange(side) + 0.5) / side * WINDOW_PX
    x, y = (axis[None] + LEFT) / STORED_PX, (axis[:, None] + TOP) / STORED_PX
    weight = torch.full((side, side), 0.15)
    for middle_x, middle_y, wide in ((0.37, 0.6, 0.06), (0.63, 0.6, 0.06), (0.5, 0.36, 0.08), (0.5, 0.56, 0.05)):
        weight = weight + torch.exp(-(((x - middle_x) / wide) ** 2 + ((y - middle_y) / wide) ** 2) / 2)
    return weight.clamp(max=1)[None, None]


def _noisy(residual: Tensor) -> Tensor:
    return residual + 0.05 * torch.randn_like(residual)
