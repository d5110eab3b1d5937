"""A sheet of what an editor does to faces it has not learned from: rows of sitters, each knob at -1 and +1 over their photograph."""

from __future__ import annotations

from pathlib import Path

import torch
from PIL import Image as PillowImage
from torch import Tensor

from installation.networks.editor import KNOBS, Editor, added
from installation.output_file import whole_file
from installation.training.editor.drawing import CutOut, Studio, moved
from installation.training.editor.faces import LabelledFaces

SITTERS = 10


class Sheet:
    """Draws to ``path``, anew each time."""

    def __init__(self, studio: Studio, faces: LabelledFaces, warps: Tensor, path: Path, amount: float = 1.0) -> None:
        at = torch.linspace(0, len(faces) - 1, SITTERS).round().long()
        images, masks = faces.batch(at)
        self._sitting = studio.see(images * masks)
        self._studio, self._warps, self._path = studio, warps, path
        self._amounts = [[sign * amount * (k == j) for j in range(len(KNOBS))] for k in range(len(KNOBS)) for sign in (-1, 1)]

    @torch.no_grad()
    def draw(self, editor: Editor) -> None:
        """What this editor does."""
        sitting = self._sitting
        changes, flows = editor(sitting.features, sitting.seen, sitting.detail)
        columns = [sitting.images]
        for row in self._amounts:
            amounts = torch.tensor(row).expand(len(sitting.images), -1)
            edited = (sitting.detail + added(changes, amounts)).clamp(-1, 1)
            flow = added(flows, amounts) + torch.einsum("kcyx,nk->ncyx", self._warps, amounts)
            columns.append(moved(sitting.images + self._studio.change(sitting, edited, CutOut()), flow))
        table = torch.stack(columns, 1).clamp(-1, 1)  # [sitters, columns, 3, S, S]
        sheet = table.permute(0, 3, 1, 4, 2).reshape(len(table) * table.shape[-2], -1, 3)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(self._path) as part:
            PillowImage.fromarray(((sheet + 1) * 127.5).round().byte().cpu().numpy()).save(part, format="PNG")
