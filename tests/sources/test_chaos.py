"""The source that fails on purpose: each fault as a camera has it, and that a rehearsal knows when the picture is back."""

import contextlib
from collections.abc import Iterator
from itertools import pairwise, repeat

import numpy as np
import pytest

from installation.clock import FrameClock
from installation.messages import Frame, Image
from installation.sources import CaptureSource, SourceLost
from installation.sources.chaos import ChaosSource
from installation.sources.incidents import incidents
from installation.sources.rehearsal import Rehearsal
from installation.sources.scripted import ScriptedSource


class Still(ScriptedSource):
    """One and the same picture for ever, ten times a second of its clock; knows whether it is open."""

    picture: Image = np.random.default_rng(0).integers(40, 200, (48, 64, 3), np.uint8)

    def __init__(self, clock: FrameClock) -> None:
        super().__init__(repeat(self.picture), clock)
        self.is_held = False

    def _open(self) -> None:
        super()._open()
        self.is_held = True

    def _close(self) -> None:
        self.is_held = False


class Rig:
    """A rehearsal by a script, begun, and its source; time goes on a tenth of a second a reading."""

    def __init__(self, script: str) -> None:
        self.clock = FrameClock(10)
        self.rehearsal = Rehearsal(incidents(script), self.clock.now)
        self.rehearsal.shown(0.0)
        self.still = Still(self.clock)
        self.source: CaptureSource = ChaosSource(self.still, self.rehearsal).open()

    def read(self, times: int) -> Iterator[Frame | None]:
        for _ in range(times):
            self.clock.advance()
            yield self.source.read()

    def pictures(self, times: int) -> list[Image]:
        return [frame.image for frame in self.read(times) if frame is not None]


def test_between_the_faults_the_pictures_are_the_sources_own_and_no_two_are_alike() -> None:
    rig = Rig("unplug@100+1")
    pictures = rig.pictures(20)
    assert len(pictures) == 20
    assert all(np.abs(one.astype(int) - Still.picture).max() <= 1 for one in pictures)
    assert all(not np.array_equal(one, other) for one, other in pairwise(pictures))
    assert rig.source.is_live is rig.still.is_live and rig.source.is_sensor


@pytest.mark.parametrize("kind", ["unplug", "busy", "asleep"])
def test_what_is_gone_cannot_be_opened_until_it_is_back(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("installation.sources.chaos.BUSY_SECONDS", 0.0)
    rig = Rig(f"{kind}@1+2")
    assert len(rig.pictures(9)) == 9
    if kind == "asleep":
        assert rig.pictures(3) == []  # it is open all the same
    else:
        with pytest.raises(SourceLost, match="rehearsal"):
            rig.pictures(3)
    rig.source.close()
    assert not rig.still.is_held
    with pytest.raises(SourceLost, match="rehearsal"):
        rig.source.open()
    for _ in range(30):
        rig.clock.advance()
    rig.source.open()
    assert len(rig.pictures(3)) == 3


def test_a_frozen_camera_gives_one_picture_also_where_it_is_opened_anew() -> None:
    rig = Rig("freeze@1+4")
    rig.pictures(10)
    frozen = rig.pictures(10)
    rig.source = ChaosSource(rig.still, rig.rehearsal).open()
    frozen += rig.pictures(10)
    assert len(frozen) == 20 and all(one is frozen[0] for one in frozen)
    rig.pictures(25)
    assert not np.array_equal(*rig.pictures(2))


def test_a_black_camera_is_black() -> None:
    rig = Rig("black@1+2")
    rig.pictures(10)
    assert all(not one.any() and one.shape == Still.picture.shape for one in rig.pictures(10))


def test_damaged_pictures_are_left_out_and_others_brought_into_form_and_both_are_counted() -> None:
    rig = Rig("corrupt@1+2")
    rig.pictures(9)
    frames = list(rig.read(10))
    assert [frame is None for frame in frames] == [False, True, False, False, False, True, False, False, False, True]
    assert all(frame.image.shape == (48, 64, 3) and frame.image.dtype == np.uint8 for frame in frames if frame is not None)
    assert (rig.source.frames_skipped, rig.source.frames_adapted) == (3, 2)


def test_another_size_is_given_as_it_is() -> None:
    rig = Rig("resize@1+1, resize@3+1")
    shapes = [one.shape[:2] for one in rig.pictures(19)]
    assert shapes == [(48, 64)] * 9 + [(24, 18)] * 10
    rig.rehearsal.shown(rig.clock.now() + 0.1)
    rig.clock.advance()
    rig.rehearsal.shown(rig.clock.now())
    rig.pictures(9)
    assert rig.pictures(5)[-1].shape[:2] == (24, 32)


def test_a_slow_camera_gives_a_picture_now_and_then() -> None:
    rig = Rig("slow@1+4")
    rig.pictures(10)
    assert 4 <= len(rig.pictures(40)) <= 6


def test_a_rehearsal_counts_what_came_back_and_how_soon() -> None:
    clock = FrameClock(10)
    rehearsal = Rehearsal(incidents("unplug@1+2, freeze@4+1"), clock.now)

    def at(seconds: float) -> None:
        clock.frame = round(10 * seconds)

    assert rehearsal.fault() is None
    at(5)
    assert rehearsal.fault() is None  # nothing was shown yet, so it has not begun
    rehearsal.shown(5.0)
    at(6)
    assert rehearsal.fault() == "unplug"
    rehearsal.shown(6.0)  # a picture from before its end says nothing
    at(8)
    assert rehearsal.fault() is None
    rehearsal.shown(7.9)
    assert rehearsal.seen().recovered == 0 and rehearsal.seen().waiting == "unplug"
    at(11)
    assert rehearsal.fault() is None  # the next one waits
    rehearsal.shown(10.9)
    assert rehearsal.seen().longest_by_fault == {"unplug": 3.0}
    assert rehearsal.fault() == "freeze"
    at(12.5)
    assert rehearsal.fault() is None
    rehearsal.shown(12.4)
    seen = rehearsal.seen()
    assert (seen.injected, seen.recovered, seen.longest_s, seen.waiting) == (2, 2, 3.0, "")
    assert seen.by_fault == {"unplug": 1, "freeze": 1}
    at(1000)
    assert rehearsal.fault() is None


def test_whatever_is_wrong_with_a_source_itself_is_counted_through() -> None:
    class Worn(Still):
        def _read(self, now: float) -> Image | None:
            self.frames_skipped += 1
            self.frames_late += 2
            self.complaint = "two pictures cannot be read"
            return super()._read(now)

    clock = FrameClock(10)
    source = ChaosSource(Worn(clock), Rehearsal(iter(()), clock.now)).open()
    with contextlib.closing(source):
        for _ in range(3):
            source.read()
    assert (source.frames_skipped, source.frames_late, source.complaint) == (3, 6, "two pictures cannot be read")
