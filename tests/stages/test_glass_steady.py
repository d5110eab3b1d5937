"""The rim stays where it is: a still face before a camera that is never quite sure of its pixels, through the real tracker."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from installation.faces.ffhq import quad_from_landmarks
from installation.messages import Frame
from installation.stages.track import Track, TrackSettings

pytestmark = pytest.mark.usefixtures("networks_once")

FACES = Path(__file__).resolve().parents[2] / "installation" / "demo" / "faces"
NOISE, FRAMES, STEADY = 2.0, 20, 0.3  # grey levels; px from frame to frame


def test_the_rim_of_a_still_face_does_not_swim() -> None:
    face = cv2.imread(str(FACES / "05015.webp"))[..., ::-1]
    still = np.full((720, 1280, 3), 130, np.uint8)
    still[200:520, 480:800] = cv2.resize(face, (320, 320), interpolation=cv2.INTER_CUBIC)
    rng = np.random.default_rng(8)
    track = Track(TrackSettings(max_faces=1))
    corners = []
    for k in range(10 + FRAMES):
        noisy = np.clip(still + rng.normal(0, NOISE, still.shape), 0, 255).astype(np.uint8)
        found = track.track(Frame(k, k / 30, noisy)).faces
        assert len(found) == 1
        if k >= 10:  # once the tracker has settled
            corners.append(quad_from_landmarks(found[0].landmarks).corners)
    steps = np.linalg.norm(np.diff(np.stack(corners), axis=0), axis=2)
    assert steps.max() < STEADY
