"""MediaPipe's hand networks in OpenVINO against MediaPipe's own graph."""

import numpy as np
import pytest

from installation.engines.hand_models import HandFinder
from installation.faces.detection import SearchSquare, whole
from installation.messages import Image
from tests.raised_hand import frames


@pytest.fixture(scope="module")
def picture() -> Image:
    return frames()[0]


def test_landmarks_agree_with_mediapipe(picture: Image) -> None:
    mediapipe = pytest.importorskip("mediapipe")
    with mediapipe.solutions.hands.Hands(static_image_mode=True, max_num_hands=1, model_complexity=0) as graph:
        answer = graph.process(picture)
    theirs = np.array([(p.x * 640 - 0.5, p.y * 480 - 0.5) for p in answer.multi_hand_landmarks[0].landmark])
    hand = HandFinder()(picture, whole(640, 480))[0]
    assert hand.score > 0.9
    assert np.abs(hand.landmarks - theirs).mean() < 0.02 * np.ptp(theirs[:, 0])


def test_a_hand_is_the_same_in_every_view(picture: Image) -> None:
    find = HandFinder()
    views = (whole(640, 480), SearchSquare(150, 40, 330), SearchSquare(-60, -100, 600))
    hands = [min(find(picture, view), key=lambda hand: abs(hand.landmarks[0, 1] - 210)) for view in views]
    for hand in hands:
        assert hand.landmarks == pytest.approx(hands[0].landmarks, abs=10)


def test_where_no_hand_is_none_is_found() -> None:
    find = HandFinder()
    noise = np.random.default_rng(0).integers(0, 256, (200, 300, 3)).astype(np.uint8)
    for image in (np.zeros((200, 300, 3), np.uint8), noise):
        assert not find(image, whole(300, 200))
    assert not find(noise, SearchSquare(1000, 1000, 200))
