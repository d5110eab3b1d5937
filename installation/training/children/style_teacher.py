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
from installation.styles.hands import NetworkHand
from installation.styles.library import STYLES, Library


class StyleTeacher:
    """Pictures [N, 3, S, S] in -1…1 to the same, painted."""

    def __init__(self, text: str, size: int, styles: Path = STYLES) -> None:
        """text: styles as for ``style``; size: S, px. Raises ConfigError for one that is not there, WeightsError without the networks."""
        library = Library(styles)
        if library.notice:
            raise ConfigError(library.notice)
        self.asked: Asked = read_asked(text, library, library.look()[0])
        self._hand = NetworkHand((size, size), StyleEngineSettings(threads=len(os.sched_getaffinity(0)), precision="f32"))

    def __call__(self, images: Tensor) -> Tensor:
        bytes_ = ((images.detach() + 1.0) * 127.5).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()
        painted = np.stack([self._hand.draw(one, self.asked.blend).copy() for one in bytes_])
        return torch.from_numpy(painted).permute(0, 3, 1, 2).to(images.dtype) / 127.5 - 1.0
