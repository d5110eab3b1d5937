"""A view that follows a visitor may leave the frame: it shows black, and nobody is found in it."""

import numpy as np
import pytest

from installation.engines.face_models import FaceDetector
from installation.faces.detection import SearchSquare


@pytest.fixture(scope="module")
def detector():
    return FaceDetector()


@pytest.mark.parametrize(
    "view",
    [
        SearchSquare(700, 10, 100),
        SearchSquare(10, 500, 100),
        SearchSquare(-200, 10, 100),
        SearchSquare(10, -101, 100),
        SearchSquare(639.8, 0, 300),
        SearchSquare(0, 479.9, 64),
        SearchSquare(-99.9, 0, 100),
    ],
)
def test_a_view_beyond_the_frame_finds_nobody(detector, view):
    noise = np.random.default_rng(0).integers(0, 255, (480, 640, 3), dtype=np.uint8)
    assert detector(noise, view) == []
