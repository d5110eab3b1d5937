"""What tells visitors apart."""

import cv2
import numpy as np
import pytest

from installation.faces.looks import looks


def head(seed: int, skin: tuple[int, int, int]) -> np.ndarray:
    coarse = np.random.default_rng(seed).normal(0, 40, (6, 6, 3)) + skin
    return cv2.resize(coarse.clip(0, 255).astype(np.uint8), (192, 192), interpolation=cv2.INTER_CUBIC)


def difference(one: np.ndarray, other: np.ndarray) -> float:
    return 1.0 - float(looks(one) @ looks(other))


def test_the_same_head_a_moment_later_is_closer_than_another_head() -> None:
    ann, ben = head(1, (190, 150, 130)), head(2, (110, 80, 60))
    later = np.roll(ann, 4, axis=1).astype(int) + np.random.default_rng(3).integers(-8, 9, ann.shape) + 6
    assert difference(ann, later.clip(0, 255).astype(np.uint8)) < 0.15
    assert difference(ann, ben) > 0.45


def test_colour_alone_tells_two_flat_heads_apart() -> None:
    flat = [np.full((192, 192, 3), colour, np.uint8) for colour in ((200, 150, 120), (60, 80, 140), (205, 154, 124))]
    assert difference(flat[0], flat[2]) < 0.05 < difference(flat[0], flat[1])


def test_length_is_one_even_for_black() -> None:
    for picture in (np.zeros((192, 192, 3), np.uint8), head(4, (120, 120, 120))):
        assert np.linalg.norm(looks(picture)) == pytest.approx(1.0, abs=1e-5)
