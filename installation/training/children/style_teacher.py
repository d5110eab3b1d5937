"""A painter as a teacher: photographs drawn by the style networks, in place of an image filter. The strokes follow the content, so a
generator can learn them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from installation.engines.style_models import StyleEngineSettings
from installation.errors import ConfigError
from installation.styles.asked import Asked, read_asked
from installation.styles.colour import coloured
from installation.styles.library import STYLES, Library
from installation.styles.painter import NetworkHand


class StyleTeacher:
    """Pictures [N, 3, S, S] in -1…1 to the same, painted."""

    def __init__(self, text: str, size: int, styles: Path = STYLES, colour: float = 1.0) -> None:
        """text: styles as for ``style``; size: S, px; colour: how much of the colours is the painting's, the rest the photograph's.
        Raises ConfigError for a style that is not there, WeightsError without the networks."""
        library = Library(styles)
        if library.notice:
            raise ConfigError(library.notice)
        self.asked: Asked = read_asked(text, library, library.look()[0], colour=colour)
        self._hand = NetworkHand((size, size), StyleEngineSettings(threads=len(os.sched_getaffinity(0)), precision="f32"))

    def __call__(self, images: Tensor) -> Tensor:
        bytes_ = ((images.detach() + 1.0) * 127.5).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).contiguous().cpu().numpy()
        blend = self.asked.blend
        painted = np.stack([coloured(self._hand.draw(one, blend), one, blend.colour).copy() for one in bytes_])
        return torch.from_numpy(painted).permute(0, 3, 1, 2).to(images) / 127.5 - 1.0
