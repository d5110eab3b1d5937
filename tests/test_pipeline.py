"""The loops, turned by hand: a camera that goes and comes back, redrawing, freezing; and the worker that keeps them alive."""

import threading
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from installation.capturing import CaptureLoop
from installation.clock import FrameClock
from installation.control.parameters import parameter_table
from installation.control.state import ControlState
from installation.errors import FaultError, SourceError
from installation.latents.directions import DirectionSet
from installation.messages import Drawing, DrawnFrame, EncodedFace, EncodedFrame, Expression, Face, Frame, Portrait, Portraits
from installation.operation.health import Health
from installation.operation.observer import Observer
from installation.pipeline import SILENT, DisplayLoop, PerceptionLoop, SynthesisLoop
from installation.slot import Slot
from installation.sources import SourceEnded, SourceLost
from installation.sources.scripted import ScriptedSource
from installation.stages.align import Align
from installation.stages.consent import Consent
from installation.stages.edit import Edit
from installation.stages.occlusion import Occlusion
from installation.stages.silhouette import Silhouette
from installation.stages.track import Track, TrackSettings

pytestmark = pytest.mark.usefixtures("networks_once")

DATA = Path(__file__).parent / "data"
PICTURE = np.zeros((8, 8, 3), np.uint8)


class FlatGenerate:
    """Stands in for the networks: a portrait as bright as its code's first number."""

    portrait_px = 8

    def draw(self, edited):
        return DrawnFrame(
            edited, tuple(Drawing(np.full((8, 8, 3), int(f.ws_edited[0, 0]), np.uint8), None, None, 0.0) for f in edited.faces)
        )


class FlatGlass:
    """Hands every drawing on as a portrait."""

    def turns(self, encoded, controls):
        return None

    def reflect(self, encoded, drawn, controls, now):
        pairs = zip(drawn.edited.faces, drawn.drawings, strict=True)
        return Portraits(encoded.frame, tuple(Portrait(edited.face, drawing.edited, 1.0) for edited, drawing in pairs))


@pytest.fixture
def health():
    return Health()


def test_a_lost_camera_comes_back_with_growing_patience(health):
    clock = FrameClock(30)
    lost = [SourceLost("the camera is gone")] * 3
    source = ScriptedSource([PICTURE, *lost, PICTURE, PICTURE], clock)
    out = Slot[Frame]()
    loop = CaptureLoop(source.open, out, health)
    moments = []
    for now in (0.0, 0.1, 0.2, 0.5, 1.3, 1.4, 2.0, 3.4, 3.5, 3.6, 3.7, 20.0, 20.1):
        loop.step(now)
        if out.take() is not None:
            moments.append(now)
    assert moments[0] == 0.1
    assert health.captured == len(moments) >= 2
    assert health.faults == ["the camera is gone"]
    (record,) = health.fault_log.records()
    assert not record.open  # it came back
    assert record.count == 3
    assert source.opened == 2
    assert moments[1] > 3.0  # one second, then two: not at once


def nowhere():
    raise SourceLost("there is no such camera")


def test_a_source_that_never_comes_ends_the_show_when_patience_does(health):
    loop = CaptureLoop(nowhere, Slot(), health, patience=20.0)
    tried = []
    with pytest.raises(SourceLost, match="no such camera"):
        for now in range(100):
            tried.append(now)
            loop.step(float(now))
    assert 20 <= tried[-1] <= 22
    assert health.faults == ["there is no such camera"]


def test_a_source_that_came_once_is_waited_for_without_end(health, monkeypatch):
    monkeypatch.setattr("installation.capturing.PAUSE", 0.001)
    source = ScriptedSource([SourceLost("not yet"), PICTURE, *[SourceLost("gone")] * 9, PICTURE], FrameClock(30))
    loop = CaptureLoop(source.open, Slot(), health, patience=20.0)
    for now in range(500):
        loop.step(float(now))
        if health.captured == 2:
            break
    assert (health.captured, source.opened) == (2, 2)


def test_a_folder_whose_disk_is_pulled_out_does_not_end_the_show(health, monkeypatch):
    monkeypatch.setattr("installation.capturing.PAUSE", 0.001)
    source = ScriptedSource([PICTURE, SourceError("none of its pictures can be read"), PICTURE], FrameClock(30))
    loop = CaptureLoop(source.open, Slot(), health)
    for now in range(100):
        loop.step(float(now))
        if health.captured == 2:
            break
    assert health.captured == 2 and health.faults == ["none of its pictures can be read"]


class Sluggish(ScriptedSource):
    """Takes its time to open."""

    def __init__(self, *script):
        super().__init__(script, FrameClock(30))
        self.may_open = threading.Event()
        self.closings = 0

    def _open(self):
        assert self.may_open.wait(60)
        super()._open()

    def _close(self):
        self.closings += 1


def test_a_device_that_takes_long_to_open_holds_nobody_up(health):
    source = Sluggish(PICTURE)
    loop = CaptureLoop(source.open, Slot(), health)
    loop.step(0.0)  # would never return if it waited
    loop.step(0.1)
    assert loop.source is None
    source.may_open.set()
    assert wait_for(lambda: loop.step(0.2) is None and health.captured == 1)


def test_a_device_that_opens_after_the_show_is_closed_again(health):
    source = Sluggish(PICTURE)
    loop = CaptureLoop(source.open, Slot(), health)
    loop.step(0.0)
    loop.tear_down()
    source.may_open.set()
    assert wait_for(lambda: source.closings == 1)
    assert loop.source is None


class Hanging(ScriptedSource):
    """Keeps whoever reads or closes it waiting until it is let; then reading ends as ``ending`` says."""

    def __init__(self, ending, at):
        super().__init__([PICTURE, ending], FrameClock(30))
        self.at, self.reached, self.let, self.closings = at, threading.Event(), threading.Event(), 0

    def _hang(self):
        self.reached.set()
        assert self.let.wait(60)

    def _read(self, now):
        if self.at == "read" and self.frames_read == 1:
            self._hang()
        return super()._read(now)

    def _close(self):
        self.closings += 1
        if self.at == "close":
            self._hang()


@pytest.mark.parametrize("ending", [SourceLost("no more pictures"), SourceEnded("over"), ValueError("of the driver's"), PICTURE])
def test_a_device_that_hung_is_closed_however_its_waiting_ends(health, ending):
    hung, after = Hanging(ending, "read"), ScriptedSource([PICTURE] * 3, FrameClock(30))
    sources = [hung, after]
    loop = CaptureLoop(lambda: sources.pop(0).open(), Slot(), health)
    assert wait_for(lambda: loop.step(0.0) is None and health.captured == 1)
    left = threading.Thread(target=loop.step, args=(1.0,))
    left.start()
    assert hung.reached.wait(60) and loop.abandon()
    hung.let.set()
    left.join(60)
    assert hung.closings == 1 and not loop.ended
    assert wait_for(lambda: loop.step(20.0) is None and health.captured == 2)
    assert loop.source is after


def test_who_hung_while_it_closed_a_device_leaves_what_was_begun_since_alone(health):
    hung, after = Hanging(SourceLost("gone"), "close"), ScriptedSource([PICTURE] * 3, FrameClock(30))
    sources = [hung, after]
    loop = CaptureLoop(lambda: sources.pop(0).open(), Slot(), health)
    assert wait_for(lambda: loop.step(0.0) is None and health.captured == 1)
    loop.change()
    left = threading.Thread(target=loop.step, args=(1.0,))
    left.start()
    assert hung.reached.wait(60) and loop.abandon()
    assert wait_for(lambda: loop.step(20.0) is None and health.captured == 2)
    hung.let.set()
    left.join(60)
    assert loop.source is after and loop._opening is None


def test_the_end_of_a_source_ends_the_loop_once(health):
    loop = CaptureLoop(ScriptedSource([PICTURE], FrameClock(30)).open, Slot(), health)
    with pytest.raises(FaultError):
        for now in range(5):
            loop.step(float(now))
    assert loop.ended


@pytest.fixture
def synthesis(health):
    controls = ControlState(parameter_table((), ()))
    moment = [0.0]
    loop = SynthesisLoop(
        Slot(), Edit(DirectionSet([]), torch.zeros(14, 4)), FlatGenerate(), FlatGlass(), controls, Slot(), health, now=lambda: moment[0]
    )
    return loop, controls, moment


def frame(value):
    face = Face(7, np.zeros((468, 2), np.float32), (0, 0, 1, 1), Expression(), 1.0, True, 1.0)
    return EncodedFrame(Frame(0, 0.0, PICTURE), (EncodedFace(face, torch.full((14, 4), float(value)), None),))


def test_nothing_is_drawn_while_it_rests(synthesis, health):
    loop, _, moment = synthesis
    rests = [False]
    loop.resting = lambda: rests[0]
    loop.encoded.put(frame(1))
    loop.step(0.0)
    assert loop.out.take() is not None
    rests[0] = True
    for k in range(3):
        moment[0] = k / 10
        loop.encoded.put(frame(1))
        loop.step(moment[0])
    assert loop.out.take() is None
    rests[0] = False
    loop.step(0.5)
    assert loop.out.take() is not None


def test_the_last_visitors_are_drawn_again_without_a_new_frame(synthesis, health):
    loop, _, moment = synthesis
    loop.step(0.0)
    assert loop.out.take() is None
    loop.encoded.put(frame(9))
    for moment[0] in (0.1, 0.2, 0.3):
        loop.step(moment[0])
        assert loop.out.take().portraits[0].image[0, 0, 0] == 9
    assert health.portraits_per_face == {7: 3}
    assert health.portraits.count == 3


def test_who_is_drawn_does_not_outlive_perception_by_much(synthesis):
    loop, _, moment = synthesis
    loop.encoded.put(frame(9))
    loop.step(0.0)
    assert loop.out.take().portraits
    moment[0] = SILENT + 1
    loop.step(moment[0])
    assert loop.out.take().portraits == ()


def still_display(health, controls):
    loop = DisplayLoop(Slot(), Wall(), Screen(), (), controls, health, lambda now: None, lambda: 0.0)
    loop.portraits.put(Portraits(Frame(0, 0.0, PICTURE), (Portrait(frame(1).faces[0].face, PICTURE, 1.0),)))
    loop.step(0.0)
    assert len(loop.compose.hung) == 1
    return loop


def test_every_output_takes_the_picture_that_was_shown_and_its_time_is_reported(health):
    class Kept(list):
        def __init__(self, name):
            self.name = name

        def write(self, picture, now):
            self.append((int(picture[0, 0, 0]), now))

    class Pictures(Screen):
        drawn = 0

        def present(self):
            self.drawn += 1

        def read(self):
            return np.full((2, 2, 3), self.drawn, np.uint8)

    outputs, times, controls = (Kept("record"), Kept("elsewhere")), [0.5], ControlState(parameter_table((), ()))
    loop = DisplayLoop(Slot(), Wall(), Pictures(), outputs, controls, health, lambda now: None, lambda: times[0])
    loop.step(0.0)
    times[0] = 0.75
    loop.step(0.6)
    assert list(outputs[0]) == list(outputs[1]) == [(1, 0.5), (2, 0.75)]
    assert {"record", "elsewhere"} <= set(health.stage_percentiles())


class Wall:
    """Stands in for the canvas' painter: what hangs."""

    def __call__(self, portraits, controls, now, hud):
        self.hung = portraits.portraits if portraits else ()


class Screen:
    """Stands in for the display."""

    def settle(self, even):
        pass

    def present(self):
        pass


def test_who_hangs_does_not_outlive_the_networks_by_much(health):
    loop = still_display(health, ControlState(parameter_table((), ())))
    loop.step(SILENT - 1)
    assert len(loop.compose.hung) == 1
    loop.step(SILENT + 1)
    assert loop.compose.hung == ()


def test_what_is_frozen_hangs_as_long_as_it_likes(health):
    controls = ControlState(parameter_table((), ()))
    loop = still_display(health, controls)
    controls.set("transport/freeze", True)
    for now in (1.0, 5.0, 100.0, 4000.0):
        loop.step(now)
    assert len(loop.compose.hung) == 1


def test_a_lost_camera_leaves_nobody_on_the_wall(health):
    """A visitor stands before a camera that goes: real tracking, flat codes, the clock turned by hand."""
    moment = [0.0]
    controls = ControlState(parameter_table((), ()))
    encoded = Slot()
    stages = (Track(TrackSettings()), Align(64), Silhouette(), Occlusion(lambda crop: np.zeros((32, 32), np.float32)), FlatEncode())
    loop = PerceptionLoop(Slot(), *stages, controls, encoded, health, now=lambda: moment[0])
    picture = np.ascontiguousarray(cv2.VideoCapture(str(DATA / "yes.mkv")).read()[1][..., ::-1])
    for i in range(30):
        moment[0] = i / 30
        loop.frames.put(Frame(i, moment[0], picture))
        health.took_frame(moment[0])
        loop.step(moment[0])
    assert health.faces == 1
    assert len(encoded.take().faces) == 1
    observer = Observer(health, lambda: moment[0])
    assert observer().faces == 1
    levels = []
    for k in range(1, 40):
        moment[0] = 1.0 + k / 10
        loop.step(moment[0])
        there = encoded.take()
        if there is not None:
            levels.append(max((f.face.presence for f in there.faces), default=0.0))
    assert levels == sorted(levels, reverse=True)
    assert levels[0] > 0.9
    assert levels[-1] == 0
    assert there.faces == ()
    assert health.faces == 0
    assert health.smiles == ()
    assert observer().faces == 0
    assert observer().frame_age == pytest.approx(moment[0] - 29 / 30)


def test_a_slow_source_is_not_a_lost_one(health):
    moment = [0.0]
    controls = ControlState(parameter_table((), ()))
    encoded = Slot()
    stages = (Track(TrackSettings()), Align(64), Silhouette(), Occlusion(lambda crop: np.zeros((32, 32), np.float32)), FlatEncode())
    loop = PerceptionLoop(Slot(), *stages, controls, encoded, health, now=lambda: moment[0])
    picture = np.ascontiguousarray(cv2.VideoCapture(str(DATA / "yes.mkv")).read()[1][..., ::-1])
    for i in range(6):  # a picture a second, looked for five times a second
        loop.frames.put(Frame(i, float(i), picture))
        for k in range(5):
            moment[0] = i + k / 5
            loop.step(moment[0])
            there = encoded.take()
            if i > 2 and there is not None:
                assert [f.face.seen for f in there.faces] == [True]


def test_whoever_was_seen_is_forgotten_while_it_rests_and_found_again_after(health):
    moment, rests = [0.0], [False]
    controls = ControlState(parameter_table((), ()))
    encoded = Slot()
    stages = (Track(TrackSettings()), Align(64), Silhouette(), Occlusion(lambda crop: np.zeros((32, 32), np.float32)), FlatEncode())
    loop = PerceptionLoop(Slot(), *stages, controls, encoded, health, lambda: moment[0], lambda: rests[0])
    picture = np.ascontiguousarray(cv2.VideoCapture(str(DATA / "yes.mkv")).read()[1][..., ::-1])

    def watch(first, last):
        for i in range(first, last):
            moment[0] = i / 10
            loop.frames.put(Frame(i, moment[0], picture))
            loop.step(moment[0])
        return encoded.take().faces

    assert len(watch(0, 10)) == 1
    rests[0] = True
    tracked = len(health.stages["track"])
    assert watch(10, 60) == () and health.faces == 0
    assert len(health.stages["track"]) == tracked  # no frame was looked at
    assert loop.frames.dropped == 0
    rests[0] = False
    assert len(watch(60, 70)) == 1


def test_who_has_not_agreed_goes_no_further_than_tracking(health):
    """Real tracking; every picture that is handed on has a veil, also while no frame comes."""
    moment, shown = [0.0], []
    encoded, controls = Slot(), ControlState(parameter_table((), ()))
    stages = (Track(TrackSettings()), Align(64), Silhouette(), Occlusion(lambda crop: np.zeros((32, 32), np.float32)), FlatEncode())
    asks = {"consent": Consent("hand"), "camera": lambda image, now: shown.append(image)}
    loop = PerceptionLoop(Slot(), *stages, controls, encoded, health, lambda: moment[0], **asks)
    picture = np.ascontiguousarray(cv2.VideoCapture(str(DATA / "yes.mkv")).read()[1][..., ::-1])
    for k in range(9):
        moment[0] = k / 5
        if k < 4:
            loop.frames.put(Frame(k, moment[0], picture))
        loop.step(moment[0])
        there = encoded.take()
        if there is not None:
            shown.append(there.frame.image)
            assert there.faces == () and there.waiting == (k < 4) and there.unclear == 0
    assert len(shown) > 8 and health.faces == 0
    x0, y0, x1, y1 = (round(one) for one in Track(TrackSettings()).track(Frame(0, 0.0, picture)).faces[0].box)
    assert min(float(np.abs(one[y0:y1, x0:x1].astype(int) - picture[y0:y1, x0:x1]).mean()) for one in shown) > 8


class FlatEncode:
    """Stands in for the encoder: everybody has a code of zeros."""

    def encode(self, aligned, now, hold):
        return EncodedFrame(aligned.frame, tuple(EncodedFace(a.face, torch.zeros(14, 4), None) for a in aligned.faces))


def test_freeze_holds_the_portraits(synthesis, health):
    loop, controls, _ = synthesis
    controls.set("transport/freeze", True)
    loop.encoded.put(frame(9))
    loop.step(0.0)
    assert loop.out.take() is None
    controls.set("transport/freeze", False)
    loop.step(0.1)
    assert loop.out.take() is not None


def wait_for(condition):
    for _ in range(500):
        if condition():
            return True
        time.sleep(0.01)
    return False
