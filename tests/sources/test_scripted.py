"""The virtual camera: it plays its script, goes away and comes back."""

import numpy as np
import pytest

from installation.clock import FrameClock
from installation.sources import SourceEnded, SourceLost
from installation.sources.scripted import ScriptedSource

A, B = np.zeros((2, 2, 3), np.uint8), np.ones((2, 2, 3), np.uint8)


def test_goes_away_refuses_once_and_comes_back() -> None:
    clock = FrameClock(10)
    camera = ScriptedSource([A, None, SourceLost("gone"), SourceLost("still gone"), B], clock).open()
    first = camera.read()
    assert first is not None and first.image is A and first.index == 0 and first.time == 0.0
    assert camera.read() is None
    with pytest.raises(SourceLost, match="gone"):
        camera.read()
    camera.close()
    with pytest.raises(SourceLost, match="still gone"):
        camera.open()
    clock.advance()
    second = camera.open().read()
    assert second is not None and second.image is B and second.index == 1 and second.time == 0.1
    assert camera.opened == 2
    with pytest.raises(SourceEnded):
        camera.read()


def test_a_closed_source_says_so_and_closing_twice_is_harmless() -> None:
    with ScriptedSource([A, B], FrameClock(10)) as camera:
        camera.read()
    camera.close()
    with pytest.raises(SourceLost, match="closed"):
        camera.read()


def test_in_real_time_it_keeps_its_rate() -> None:
    clock = FrameClock(100)
    camera = ScriptedSource([A] * 50, clock, rate=25, realtime=True).open()
    naps: list[float] = []
    camera.nap = naps.append
    got = 0
    for _ in range(100):
        got += camera.read() is not None
        clock.advance()
    assert got == 25
    assert naps and max(naps) <= 0.02
