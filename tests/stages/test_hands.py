"""Who holds a hand up, in pictures of a real one."""

from collections.abc import Iterable

import numpy as np
import pytest

from installation.messages import Expression, Face, Frame, Image, TrackedFrame
from installation.stages.hands import HELD_SECONDS, LOOK_SECONDS, Hands
from tests.raised_hand import frames, with_raised_hand

BOX = (270.0, 45.0, 352.0, 138.0)  # of the face in the clip
STEP = 0.25  # s, a number that is exact: each is a look
AWAY = (40.0, 60.0, 110.0, 140.0)  # of somebody at the other side


@pytest.fixture(scope="module")
def plain() -> Image:
    return frames()[0]


@pytest.fixture(scope="module")
def raised(plain: Image) -> Image:
    return with_raised_hand(plain, plain, (395, 110))


def tracked(image: Image, now: float, boxes: Iterable[tuple[float, float, float, float]] = (BOX,), seen: bool = True) -> TrackedFrame:
    landmarks = np.zeros((468, 2), np.float32)
    faces = tuple(Face(id, landmarks, box, Expression(), 1.0, seen, 1.0) for id, box in enumerate(boxes))
    return TrackedFrame(Frame(round(now * 10), now, image), faces)


def told(hands: Hands, image: Image, start: float, seconds: float, **how: object) -> list[tuple[bool, ...]]:
    """What the faces say, look for look."""
    count = round(seconds / STEP)
    looks = [hands.find(tracked(image, start + k * STEP, **how)) for k in range(count)]  # type: ignore[arg-type]
    return [tuple(face.hand_raised for face in one.faces) for one in looks]


def test_a_hand_counts_when_it_is_held_and_until_it_is_down(plain: Image, raised: Image) -> None:
    hands = Hands()
    assert not any(one for (one,) in told(hands, plain, 0.0, 1.0))
    up = [one for (one,) in told(hands, raised, 1.0, 1.0)]
    assert up == [k * STEP >= HELD_SECONDS for k in range(4)]
    assert LOOK_SECONDS < STEP < HELD_SECONDS
    down = [one for (one,) in told(hands, plain, 2.0, 0.75)]
    assert down == [True, False, False]  # one look that misses it is not believed


def test_it_is_the_hand_of_whoever_is_nearest(raised: Image) -> None:
    assert told(Hands(), raised, 0.0, 3.0, boxes=(AWAY, BOX))[-1] == (False, True)


def test_who_is_not_seen_raises_no_hand(raised: Image) -> None:
    hands = Hands()
    assert told(hands, raised, 0.0, 1.0)[-1] == (True,)
    assert told(hands, raised, 1.0, 0.25, seen=False) == [(False,)]


def test_who_comes_after_somebody_has_to_raise_their_own(raised: Image, plain: Image) -> None:
    hands = Hands()
    assert told(hands, raised, 0.0, 1.0)[-1] == (True,)
    hands.find(tracked(plain, 1.0, boxes=()))
    assert told(hands, plain, 1.25, 0.25) == [(False,)]


def test_a_clip_that_begins_anew_is_looked_at(raised: Image) -> None:
    hands = Hands()
    told(hands, raised, 100.0, 0.25)
    assert told(hands, raised, 0.0, 1.0)[-1] == (True,)
