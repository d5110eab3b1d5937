import math

import numpy as np
import pytest

from installation.faces.detection import SearchSquare
from installation.faces.hands import JOINTS, TIPS, Hand, Palm, decode_palms, hand_region, is_open, is_raised, palm_anchors

BOX = (100.0, 100.0, 180.0, 200.0)  # of a face, 100 px large


def hand(x: float = 220.0, wrist: float = 190.0, length: float = 90.0, degrees: float = 0.0, folded: int = 0) -> Hand:
    """An upright hand, its wrist at a place; turned clockwise by degrees, so many fingers folded."""
    points = np.zeros((21, 2), np.float32)
    for finger, (tip, joint) in enumerate(zip(TIPS, JOINTS, strict=True)):
        aside = (finger - 1.5) * 0.12 * length
        points[tip] = (aside, -length * (0.4 if finger < folded else 1.0))
        points[joint] = (aside, -length * 0.7)
        points[joint - 1] = (aside, -length * 0.5)
    angle = math.radians(degrees)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]], np.float32)
    return Hand(1.0, points @ turn.T + np.array([x, wrist], np.float32))


def test_an_open_hand_beside_the_head_is_raised() -> None:
    assert is_raised(hand(), BOX)
    assert is_raised(hand(x=20, degrees=-30), BOX)
    assert is_raised(hand(folded=1), BOX)


@pytest.mark.parametrize(
    "other",
    [
        hand(wrist=330),  # before the chest
        hand(degrees=90),  # across
        hand(degrees=180, wrist=100),  # hangs down
        hand(folded=2),  # a sign, a glass that is held
        hand(folded=4),  # a fist
        hand(length=15),  # of somebody far behind
        hand(length=240, wrist=260),  # of somebody before them
        hand(x=600),  # far from the face
    ],
)
def test_no_other_hand_is(other: Hand) -> None:
    assert not is_raised(other, BOX)


def test_a_fist_is_not_open() -> None:
    assert is_open(hand(degrees=120))
    assert not is_open(hand(folded=4))


def test_palms_are_decoded_and_merged() -> None:
    centres = palm_anchors()
    assert centres.shape == (2016, 2)
    regressors, logits = np.zeros((2016, 18), np.float32), np.full(2016, -9.0, np.float32)
    for number, logit in ((0, 2.0), (1, 4.0), (1500, 3.0)):
        logits[number] = logit
        regressors[number, 2:4] = 48, 40  # px of the detector's picture
        regressors[number, 4:6] = 0, 24  # the wrist below ...
        regressors[number, 8:10] = 0, -24  # ... and the knuckle above
    palms = decode_palms(regressors, logits, centres, 0.5, SearchSquare(10, 20, 384))
    assert [round(palm.score, 3) for palm in palms] == [0.982, 0.953]  # the second anchor says the first one's palm better
    best = palms[0]
    assert (best.x, best.y, best.side) == pytest.approx((10 + 384 * 0.5 / 24, 20 + 384 * 0.5 / 24, 96))
    assert best.wrist == pytest.approx((best.x, best.y + 48))
    assert best.knuckle == pytest.approx((best.x, best.y - 48))
    assert not decode_palms(regressors, logits, centres, 0.99, SearchSquare(0, 0, 384))


def test_the_square_stands_on_the_wrist() -> None:
    upright = hand_region(Palm(1.0, 100, 100, 40, (100, 120), (100, 80)))
    assert (upright.x, upright.y, upright.side, upright.angle) == pytest.approx((99.5, 79.5, 104, 0))
    lying = hand_region(Palm(1.0, 100, 100, 40, (80, 100), (120, 100)))  # fingers to the right
    assert (lying.x, lying.y, lying.angle) == pytest.approx((119.5, 99.5, math.pi / 2))
