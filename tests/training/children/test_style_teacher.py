"""A painter as a teacher of a child generator."""

import numpy as np
import pytest
import torch

from installation.engines.style_models import BANK, StyleEngineSettings, StyleNetwork
from installation.errors import ConfigError
from installation.training.children.style_teacher import StyleTeacher


def test_the_teacher_paints_what_the_network_paints() -> None:
    pictures = torch.from_numpy(np.random.default_rng(0).uniform(-1, 1, (2, 3, 64, 64)).astype(np.float32))
    painted = StyleTeacher("ink", 64)(pictures)
    assert painted.shape == pictures.shape and float(painted.abs().max()) <= 1.0
    weights = np.eye(26, dtype=np.float32)[2]
    seen = ((pictures[1] + 1) * 127.5).round().to(torch.uint8).permute(1, 2, 0).numpy()
    expected = StyleNetwork(BANK, (64, 64), StyleEngineSettings(precision="f32"))(seen, weights).astype(np.float32)
    assert np.abs((painted[1].permute(1, 2, 0).numpy() + 1) * 127.5 - expected).max() <= 1.0


def test_a_teacher_leaves_the_colours_that_it_is_told_to_leave() -> None:
    blue = torch.tensor((-0.4, -0.1, 0.6))[None, :, None, None].expand(1, 3, 64, 64)
    own, theirs = (StyleTeacher("crimson", 64, colour=share)(blue).mean(dim=(0, 2, 3)) for share in (0.0, 1.0))
    assert own[2] > own[0] + 0.3
    assert theirs[2] < own[2] - 0.2


def test_a_style_that_is_not_there_is_said() -> None:
    with pytest.raises(ConfigError, match="did you mean 'ink'"):
        StyleTeacher("inkk", 64)
