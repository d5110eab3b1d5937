"""The loop in which the editor learns: it writes, the mirror's picture of it is read, judged and compared, and it writes better."""

from __future__ import annotations

import copy
import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import nn

from installation.models.editor import KIND, belongs_to
from installation.networks.editor import Editor
from installation.training.editor.batches import Pool, Sitters
from installation.training.editor.judges import Judges
from installation.training.editor.objective import Objective, Weights
from installation.training.editor.reader import save_half

BATCH = 12
RATE = 1.2e-3  # of a new editor; a third of it does for one that is good already
ANNEAL = 0.35  # of the time, at the end: the rate goes down
AVERAGED = 0.998
GROW_IMAGES = 4000  # over which the adversaries gain their weight
WHOLE = 0.3  # of the batches: generated faces, which have hair and a background, in whole pictures
SAVED_EVERY, SAID_EVERY = 240.0, 50  # s; steps


@dataclass(slots=True, eq=False)
class Progress:
    """steps, images: made in all; gone 0…1: of this run's time."""

    steps: int = 0
    images: int = 0
    gone: float = 0.0
    sums: dict[str, float] = field(default_factory=dict)


class EditorTrainer:
    """Trains one editor; its whole state is in ``folder``/editor.pt, its averaged weights in editor.safetensors."""

    def __init__(
        self, sitters: Sitters, pools: Sequence[Pool], objective: Objective, judges: Judges, folder: Path, rate: float = RATE
    ) -> None:
        self.sitters, self.pools, self.objective, self.judges, self.folder = sitters, pools, objective, judges, folder
        self.weights = Weights()
        self.editor, self.rate = Editor(), rate
        self.average = copy.deepcopy(self.editor).eval().requires_grad_(False)
        self.optimizer = torch.optim.Adam(self.editor.parameters(), rate, betas=(0.5, 0.99))
        self.progress = Progress()

    def begin_with(self, editor: Editor) -> None:
        """Go on from an editor's weights: its adversaries begin anew."""
        for own in (self.editor, self.average):
            where = own.where.clone()  # is the code's to say
            own.load_state_dict(editor.state_dict())
            own.where.copy_(where)

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
            group["lr"] = self.rate * min(1.0, (self.progress.steps + 1) / 100) * cooling

    def _step(self, pool: Pool) -> None:
        batch = self.sitters.edited(self.editor, pool)
        terms, maps = self.objective.terms(pool, batch)
        grown = min(1.0, self.progress.images / GROW_IMAGES)
        shares = {name: self.weights.of(name) * (grown if name in ("residual", "picture") else 1) for name in terms}
        loss = sum((shares[name] * value for name, value in terms.items()), torch.zeros(()))
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.editor.parameters(), 2.0)
        self.optimizer.step()
        self._follow()
        answers = self.judges.learn(pool, batch, maps, self.progress.steps)
        self.progress.steps += 1
        self.progress.images += len(batch.amounts)
        for name, value in {**terms, **answers}.items():
            self.progress.sums[name] = self.progress.sums.get(name, 0.0) + float(value.detach())

    def _follow(self) -> None:
        with torch.no_grad():
            stay = min(AVERAGED, (self.progress.steps + 1) / (self.progress.steps + 20))
            torch._foreach_lerp_(list(self.average.parameters()), list(self.editor.parameters()), 1 - stay)

    def _say(self, rate: float) -> None:
        told = {name: round(value / SAID_EVERY, 3) for name, value in self.progress.sums.items()}
        self.progress.sums.clear()
        progress = self.progress
        print(f"{time.strftime('%H:%M:%S')} step {progress.steps}, {progress.images} faces, {rate:.1f}/s {json.dumps(told)}", flush=True)

    def _parts(self) -> dict[str, nn.Module | torch.optim.Optimizer]:
        parts: dict[str, nn.Module | torch.optim.Optimizer] = {"editor": self.editor, "average": self.average}
        for k, pool in enumerate(self.pools):
            parts |= {f"picture{k}": pool.picture, f"residual{k}": pool.residual}
        return parts | {"optimizer": self.optimizer, "judges": self.judges.optimizer}

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
        card = {"kind": KIND, "encoder": belongs_to(self.sitters.studio.encoder), "faces": str(self.progress.images)}
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
