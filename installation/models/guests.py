"""Guests: stored faces that are nobody's, which visitors can go over into. The pictures are those of the demo's visitors,
made by a computer; a picture becomes a code when somebody asks for its guest."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from installation.messages import Image, OwnChanges
from installation.models.bundle import Models
from installation.models.editor import own_changes
from installation.networks.encoder_parts import as_network_input

FACES = Path(__file__).resolve().parents[1] / "demo" / "faces"  # squares, aligned the FFHQ way
MEAN = "mean"
TAKEN = ("taken-1", "taken-2")


@dataclass(frozen=True, slots=True, eq=False)
class Guest:
    """ws: [styles, w_dim]; detail: [C, r, r], where the encoder gives one; changes: where there is an editor."""

    ws: Tensor
    detail: Tensor | None = None
    changes: OwnChanges | None = None


def face_coder(models: Models) -> Callable[[Image], Guest]:
    """Takes an aligned square uint8 [S, S, 3] to its code, on the CPU and without haste."""

    def code(picture: Image) -> Guest:
        side = models.input_px
        smaller = cv2.INTER_AREA if side < picture.shape[0] else cv2.INTER_CUBIC
        crops = torch.from_numpy(np.ascontiguousarray(cv2.resize(picture, (side, side), interpolation=smaller)))[None]
        with torch.inference_mode():
            if models.detail is not None:
                features, seen, detail = models.detail.pyramid(as_network_input(crops))
                changes = own_changes(models.editor, features, seen, detail)
                return Guest(models.detail.heads(features)[0].clone(), detail[0].clone(), changes)
            return Guest(models.whole_encoder()(crops)[0].clone())

    return code


class GuestBook:
    """``mean``, ``guest-1`` to ``guest-4``, and ``taken-1`` and ``taken-2`` once somebody took a face. background: code a face beside
    the show, in which it has no part until it is there; otherwise the show waits, so that the same input gives the same pictures."""

    def __init__(self, latent_avg: Tensor, code: Callable[[Image], Guest], background: bool, folder: Path = FACES) -> None:
        self._ready = {MEAN: Guest(latent_avg)}
        self._waiting = {f"guest-{number}": path for number, path in enumerate(sorted(folder.glob("*.webp")), start=1)}
        self._code, self._background = code, background
        self._taken = 0

    def take(self, guest: Guest) -> str:
        """Invite a face that somebody chose. Gives its name, another than that of the one before, so that one melts into the other.
        Any one thread."""
        name = TAKEN[self._taken % len(TAKEN)]
        self._taken += 1
        self._ready[name] = guest
        return name

    def __call__(self, name: str) -> Guest | None:
        """The guest of this name; None where there is none, or not yet."""
        guest = self._ready.get(name)
        path = self._waiting.pop(name, None) if guest is None else None
        if path is None:
            return guest
        if self._background:
            threading.Thread(target=self._invite, args=(name, path), name="guest", daemon=True).start()
            return None
        self._invite(name, path)
        return self._ready.get(name)

    def _invite(self, name: str, path: Path) -> None:
        picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if picture is not None:
            self._ready[name] = self._code(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB).astype(np.uint8))
