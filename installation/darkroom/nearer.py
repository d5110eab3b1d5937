"""A nearer code of a face in a photograph: the optimisation that ``invert`` does, of the code alone, from the code that it has."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import torch

from installation.darkroom.inverting import face_encoder
from installation.darkroom.sitting import Sitter, square_of
from installation.inversion.best import Best, best_code
from installation.inversion.engine import Aim, Inversion
from installation.inversion.settings import Effort
from installation.inversion.terms import FaceFeatures
from installation.messages import Image
from installation.models.bundle import Models

MOST_STEPS = 450  # Roich et al. 2021


class CodeFinder:
    """For the faces that one pair of generator and encoder draws. threads: of the processor's, 0 leaves torch's own number. Not for two
    threads of the program at a time."""

    def __init__(self, models: Models, threads: int = 0) -> None:
        self._models, self._threads = models, threads

    @property
    def possible(self) -> bool:
        """Whether a code can be looked for: an exported engine alone, without its weights, has no gradient."""
        return any(True for _ in self._models.base.parameters())

    def find(self, image: Image, sitter: Sitter, seconds: float, wanted: Callable[[], bool] = lambda: True) -> Best:
        """The best code of somebody in a picture [H, W, 3] that is found in so many seconds of steps, or until it gains no more: for a face
        that is drawn by its code alone, without the detail residual. wanted: is asked after every step; False ends it."""
        if self._threads and torch.get_num_threads() != self._threads:
            torch.set_num_threads(self._threads)
        base = self._models.base
        square = square_of(image, sitter.face, int(base.size))
        picture = torch.from_numpy(square).permute(2, 0, 1).float() / 127.5 - 1
        effort = Effort(code_steps=MOST_STEPS, tuning_steps=0, seconds=seconds)
        inversion = Inversion(base, Aim(picture, sitter.ws.clone()), effort=effort, perceptual=self._perceptual)
        return best_code(inversion, lambda progress: wanted())

    @cached_property
    def _perceptual(self) -> FaceFeatures:
        return FaceFeatures(face_encoder(self._models))
