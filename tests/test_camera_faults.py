"""What happens to a camera, and how the show goes on: capture's loop with the source that fails on purpose, on a clock of the test's."""

import gc
import os
import threading
from collections.abc import Callable
from itertools import pairwise, repeat

import numpy as np
import pytest

from installation import capturing
from installation.capturing import CAPTURE, CaptureLoop
from installation.clock import FrameClock
from installation.messages import Frame
from installation.operation.health import Health
from installation.slot import Slot
from installation.sources import CaptureSettings, CaptureSource
from installation.sources.capture import find_source
from installation.sources.chaos import ChaosSource
from installation.sources.incidents import CameraFault, incidents
from installation.sources.rehearsal import Rehearsal
from installation.sources.scripted import ScriptedSource
from tests.sources.network_camera import NetworkCamera

RATE = 20  # turns of the loop a second of the show
PICTURE = np.random.default_rng(0).integers(40, 200, (72, 128, 3), np.uint8)
GONE = ("unplug", "busy", "asleep", "freeze", "black")  # faults during which there is no picture to show
BACK = 10.0  # s in which a picture must be back
SETTLE = 400  # looks for threads that are ending


class Show:
    """Capture's loop and its rehearsal, turned by hand. away: the moments at which the canvas is told that there is no camera."""

    def __init__(self, script: str, make: Callable[[FrameClock], CaptureSource] | None = None, rate: int = RATE) -> None:
        self.clock, self._rate = FrameClock(rate), rate
        self.health = Health()
        self.rehearsal = Rehearsal(incidents(script), self.clock.now)
        self.slot: Slot[Frame] = Slot()
        self.opened: list[float] = []
        self._make = make or (lambda clock: ScriptedSource(repeat(PICTURE), clock))
        self.loop = CaptureLoop(self._open, self.slot, self.health, self._open(), is_there=self._is_there)
        self.away: list[float] = []
        self.frames: list[tuple[float, tuple[int, ...]]] = []  # time and shape of each that was handed on

    def _open(self) -> CaptureSource:
        self.opened.append(self.clock.now())
        return ChaosSource(self._make(self.clock), self.rehearsal).open()

    def _is_there(self) -> bool:
        return self.rehearsal.fault() != CameraFault.UNPLUG

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds * self._rate)):
            self.clock.advance()
            now = self.clock.now()
            self.loop.step(now)
            frame = self.slot.take()
            if frame is not None:
                self.frames.append((frame.time, frame.image.shape))
                self.rehearsal.shown(frame.time)
            if self.loop.away(now):
                self.away.append(now)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("installation.capturing.time.sleep", lambda seconds: None)
    monkeypatch.setattr("installation.sources.chaos.BUSY_SECONDS", 0.0)


def began_of(show: Show) -> float:
    """s of the clock, when the rehearsal began: with the first picture."""
    return show.frames[0][0]


@pytest.mark.parametrize("kind", GONE)
@pytest.mark.parametrize("seconds", [6.0, 90.0])
def test_a_camera_that_shows_nothing_is_noticed_and_back_soon(kind: str, seconds: float) -> None:
    show = Show(f"{kind}@3+{seconds}")
    show.run(3 + seconds + BACK + 5)
    began = began_of(show) + 3
    noticed = 0.2 if kind in ("unplug", "busy") else capturing.FROZEN_SECONDS + 0.2
    assert began <= show.away[0] <= began + noticed
    assert np.diff(show.away).max() <= 2 / RATE  # without a break, also where it was opened anew in vain
    seen = show.rehearsal.seen()
    assert seen.recovered == 1 and seen.longest_s <= BACK
    assert show.away[-1] <= began + seconds + BACK
    (*_, record) = show.health.fault_log.records()
    assert record.kind == CAPTURE and not record.open


def test_retries_become_rarer_and_none_is_made_while_there_is_no_device() -> None:
    for kind, most in (("unplug", 30), ("busy", 8), ("black", 8)):
        show = Show(f"{kind}@1+100")
        show.run(110)
        gaps = np.diff(show.opened[1:])
        assert gaps[:3] == pytest.approx([2, 4, 8], abs=1), kind
        assert gaps[:-1].max() == pytest.approx(most, abs=1), kind


def test_a_picture_of_a_camera_that_shows_nothing_is_not_handed_on() -> None:
    show = Show("black@1+20")
    show.run(10)
    handed = len(show.frames)
    show.run(10)
    assert len(show.frames) == handed


def test_a_black_camera_is_left_open_and_its_first_sound_picture_is_taken_at_once() -> None:
    show = Show("black@1+20")
    show.run(25)
    assert show.rehearsal.seen().longest_s <= 0.2


def test_damaged_pictures_are_skipped_and_counted_and_the_rest_goes_on() -> None:
    show = Show("corrupt@1+3")
    show.run(8)
    damaged = show.health.frames_skipped
    assert show.health.frames_adapted > 5 and 10 < damaged < 30
    assert not show.away and not show.health.faults
    assert len(show.frames) == 8 * RATE - damaged
    assert {shape for _, shape in show.frames} == {PICTURE.shape}


def test_another_size_goes_on_and_is_counted() -> None:
    show = Show("resize@1+2, resize@5+2")
    show.run(10)
    assert show.health.size_changes == 4 and not show.away and not show.health.faults
    assert len({shape for _, shape in show.frames}) == 3


def test_a_slow_camera_is_not_a_lost_one() -> None:
    show = Show("slow@1+10")
    show.run(15)
    assert not show.away and not show.health.faults and show.opened == [0.0]
    assert max(other - one for (one, _), (other, _) in pairwise(show.frames)) < 1.0


def test_every_fault_by_lot_for_a_quarter_of_an_hour() -> None:
    show = Show("random, every=20, seed=7")
    show.run(900)
    seen = show.rehearsal.seen()
    assert seen.injected >= 43 and set(seen.by_fault) == set(CameraFault)
    assert seen.injected - seen.recovered <= 1 and seen.longest_s <= BACK
    assert show.loop.source is not None or seen.waiting


def held() -> tuple[int, int]:
    """Threads and descriptors of this process, once what is ending has ended."""
    gc.collect()
    counts = (threading.active_count(), len(os.listdir("/proc/self/fd")))
    for _ in range(SETTLE):
        threading.Event().wait(0.01)
        again = (threading.active_count(), len(os.listdir("/proc/self/fd")))
        counts = min(counts, again)
    return counts


@pytest.mark.parametrize(("kind", "cycles", "period"), [("unplug", 100, 6), ("black", 20, 12)])
def test_a_hundred_cycles_leak_neither_thread_nor_descriptor(kind: str, cycles: int, period: int) -> None:
    """With the demo's clip, which is opened and closed for real."""
    script = ", ".join(f"{kind}@{2 + period * k}+4" for k in range(cycles + 4))
    show = Show(script, lambda clock: find_source("demo", CaptureSettings(), clock, realtime=False), rate=4)
    show.run(period * 3)
    show.loop.tear_down()
    before = held()
    show.run(period * (cycles + 1) + 10)
    show.loop.tear_down()
    after = held()
    assert show.rehearsal.seen().recovered >= cycles + 3
    assert len(show.opened) > cycles
    assert after[0] <= before[0] and after[1] <= before[1]


@pytest.mark.slow
def test_a_network_camera_that_is_lost_again_and_again_leaks_nothing() -> None:
    camera, ended = NetworkCamera(), threading.Event()

    def send() -> None:
        while not ended.wait(0.02):
            camera.send()

    threading.Thread(target=send, daemon=True).start()
    show = Show("unplug@1+1", lambda clock: find_source(camera.address, CaptureSettings(), clock))
    try:
        show.run(5)
        show.loop.tear_down()
        before = held()
        for _ in range(20):
            source = ChaosSource(find_source(camera.address, CaptureSettings(), show.clock), show.rehearsal).open()
            while source.read() is None:
                pass
            source.close()
        after = held()
    finally:
        ended.set()
        camera.close()
    assert after[0] <= before[0] + 1 and after[1] <= before[1] + 1  # the server's own side of the last connection
