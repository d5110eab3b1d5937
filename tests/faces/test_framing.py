"""A camera that sees half of its visitors' heads is spoken of, one past which they walk is not."""

import numpy as np
import pytest

from installation.faces.framing import CUT_SECONDS, Framing
from installation.messages import Expression, Face, Frame, TrackedFrame


def frame(y: float, quality: float, seen: bool = True) -> TrackedFrame:
    points = np.stack([np.linspace(100, 200, 468), np.linspace(y, y + 120, 468)], axis=1).astype(np.float32)
    face = Face(3, points, (100, y, 200, y + 120), Expression(), 0.0, seen, 1.0, quality)
    return TrackedFrame(Frame(0, 0.0, np.zeros((300, 400, 3), np.uint8)), (face,))


@pytest.mark.parametrize(
    ("shown", "off"),
    [(frame(-40, 0.2), True), (frame(-40, 0.9), False), (frame(60, 0.2), False), (frame(-40, 0.2, seen=False), False)],
)
def test_only_who_is_cut_by_the_edge_counts(shown: TrackedFrame, off: bool) -> None:
    framing = Framing()
    assert not framing.is_off(shown, 0.0)
    assert not framing.is_off(shown, CUT_SECONDS - 1)
    assert framing.is_off(shown, CUT_SECONDS + 1) is off


def test_it_is_over_when_they_are_seen_whole() -> None:
    framing = Framing()
    framing.is_off(frame(-40, 0.2), 0.0)
    assert framing.is_off(frame(-40, 0.2), CUT_SECONDS + 1)
    assert not framing.is_off(frame(60, 1.0), CUT_SECONDS + 2)
    assert not framing.is_off(frame(-40, 0.2), CUT_SECONDS + 3)
