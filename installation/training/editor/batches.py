"""Batches of the editor's training: faces lit anew, looked at by the frozen encoder, edited by one or two knobs, drawn, and laid over
their own photographs."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from installation.networks.editor import Editor, added
from installation.training.augment import fill_outside
from installation.training.editor.adversaries import PictureHeads, ResidualHeads, usual_size
from installation.training.editor.drawing import CutOut, Sitting, Studio, moved
from installation.training.editor.faces import ATTRIBUTES, LabelledFaces
from installation.training.editor.reader import LEFT, TOP, WINDOW_PX, Reader, recoloured, window
from installation.training.losses import Darknet
from installation.training.precision import half

# What amount 1 of each knob asks for, in the reader's units, and how far it asks at most. Lips are moved by the compositing: of a smile
# only folds and shadows are drawn.
STEP = (28 / 15, 5.0, 0.6, 0.6)
LOWEST, HIGHEST = (3 / 15, -4.0, -1.2, -1.2), (76 / 15, 4.0, 2.6, 3.4)  # a mouth less glad than -1.2 is drawn awry
CHANCE = (0.4, 0.3, 0.2, 0.1)  # of each knob
SECOND = 0.25  # chance that two knobs are moved


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


def pool_of(faces: LabelledFaces, view: View, studio: Studio, darknet: Darknet) -> Pool:
    """With new adversaries."""
    images, masks = faces.batch(torch.randint(len(faces), (64,)))
    sitting = studio.see(fill_outside(images, masks))
    usual = usual_size(view.cut.of(sitting.before), view.cut.of(sitting.detail))
    return Pool(faces, view, PictureHeads(darknet, view.side), ResidualHeads(usual, (view.cut.cells, view.cut.cells)))


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


@dataclass(frozen=True, slots=True, eq=False)
class Sitters:
    """Draws batches of faces and what an editor makes of them. warps [knobs, 2, r, r]: the movement that each knob's direction has
    already."""

    studio: Studio
    reader: Reader
    warps: Tensor
    batch: int

    def edited(self, editor: Editor, pool: Pool) -> Edited:
        """Other faces, light and amounts at every call."""
        at = torch.randint(len(pool.faces), (self.batch,))
        sitting, masks = self._lit(pool, at)
        with torch.no_grad(), half():
            plain = window(sitting.images * masks)
            read = ((self.reader(plain) + self.reader(plain.flip(3))) / 2).float()
        labels = pool.faces.labels[at]
        told = torch.where(labels.isnan(), as_probability(read), labels)
        amounts = draw_amounts(self.batch)
        target = asked(read, amounts)
        wanted = torch.where(amounts != 0, as_probability(target), told)
        with half():
            changes, flows = (part.float() for part in editor(sitting.features, sitting.seen, sitting.detail))
        gain = added(changes, amounts)
        edited = (sitting.detail + gain).clamp(-1, 1)
        flow = added(flows, amounts) + torch.einsum("kcyx,nk->ncyx", self.warps, amounts)
        change = self.studio.change(sitting, edited, pool.view.cut)
        shown = moved((sitting.images + change).clamp(-1.05, 1.05), flow)
        return Edited(sitting, masks, amounts, gain, edited, flow, shown, read, told, target, wanted)

    def _lit(self, pool: Pool, at: Tensor) -> tuple[Sitting, Tensor]:
        """These faces, half of them turned and half of them in other light, and their masks."""
        images, masks = pool.faces.batch(at)
        turned = (torch.rand(self.batch) < 0.5)[:, None, None, None]
        images, masks = torch.where(turned, images.flip(3), images), torch.where(turned, masks.flip(3), masks)
        lit = torch.lerp(images, recoloured(images, 0.5), (torch.rand(self.batch, 1, 1, 1) < 0.5).float()).clamp(-1, 1)
        return self.studio.see(fill_outside(lit, masks)), masks


def as_probability(read: Tensor) -> Tensor:
    """Attributes [N, 4] as a reader says them -> as they are labelled: gender as a probability."""
    return torch.cat([read[:, :1], read[:, 1:2].sigmoid(), read[:, 2:]], 1)


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
