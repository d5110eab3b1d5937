"""What the loops promise besides their pictures: patience, pauses, delays, and a worker that slows down."""

import numpy as np
import pytest
import torch

from installation import pipeline
from installation.capturing import CaptureLoop
from installation.control.parameters import parameter_table
from installation.control.state import ControlState
from installation.latents.directions import Direction, DirectionSet
from installation.messages import DrawnFrame, EncodedFace, EncodedFrame, Expression, Face, Frame, Portraits
from installation.operation.health import Health
from installation.pipeline import DisplayLoop, SynthesisLoop
from installation.slot import Slot
from installation.sources import SourceLost
from installation.sources.comeback import RETRY_UNSURE
from installation.sources.opening import RETRY_MOST
from installation.stages.edit import Edit

PICTURE = np.zeros((8, 8, 3), np.uint8)


class Camera:
    """Is there or not, as ``plugged`` says; notes when somebody tried to open it."""

    is_live = is_sensor = False
    frames_skipped = frames_adapted = 0
    complaint = ""

    def __init__(self):
        self.plugged, self.tries, self.now = False, [], 0.0

    def open(self):
        self.tries.append(self.now)
        if not self.plugged:
            raise SourceLost("gone")
        return self

    def read(self):
        if not self.plugged:
            raise SourceLost("gone")
        return Frame(0, self.now, PICTURE)

    def close(self): ...


@pytest.fixture
def turned(monkeypatch):
    """A camera and its loop, turned four times a second of a clock of their own."""
    monkeypatch.setattr(pipeline.time, "sleep", lambda seconds: None)

    def make(is_there):
        camera = Camera()
        loop = CaptureLoop(camera.open, Slot[Frame](), Health(), is_there=lambda: is_there(camera))

        def turn(seconds):
            for _ in range(round(seconds * 4)):
                loop.step(camera.now)
                camera.now += 0.25

        return camera, loop, turn

    return make


def test_patience_doubles_up_to_half_a_minute_and_begins_anew_with_a_picture(turned):
    camera, loop, turn = turned(lambda camera: camera.plugged)
    turn(200)
    assert np.diff(camera.tries).tolist()[:7] == [1, 2, 4, 8, 16, RETRY_MOST, RETRY_MOST]
    camera.plugged, back = True, camera.now
    turn(40)
    assert loop.health.captured > 0
    assert camera.tries[-1] - back < 1.0  # its device was seen, whatever patience had grown to
    camera.plugged, camera.tries = False, []
    turn(8)
    assert np.diff(camera.tries).tolist() == [2, 4]  # the first try came a second after the loss


def test_a_camera_that_only_opening_finds_is_back_within_ten_seconds_however_long_it_was_away(turned):
    for answer in (None, True):
        camera, loop, turn = turned(lambda camera, answer=answer: answer)
        turn(300)
        assert np.diff(camera.tries).tolist()[:6] == [1, 2, 4, 8, 8, 8]
        camera.plugged, back = True, camera.now
        turn(10)
        assert loop.health.captured > 0 and min(t for t in camera.tries if t >= back) - back < 10


def test_a_camera_that_goes_again_and_again_is_not_tried_every_second(turned):
    camera, loop, turn = turned(lambda camera: None)
    for _ in range(6):
        camera.plugged = True
        turn(10 if not loop.health.captured else 2)
        camera.plugged = False
        turn(2)
    camera.tries = []
    turn(30)
    assert np.diff(camera.tries).tolist()[-1] == RETRY_UNSURE


class NoGenerate:
    portrait_px = 8

    def draw(self, edited):
        return DrawnFrame(edited, ())


class NoGlass:
    def turns(self, encoded, controls):
        return None

    def reflect(self, encoded, drawn, controls, now):
        return Portraits(encoded.frame)


def visitor(value=0.0):
    face = Face(7, np.zeros((468, 2), np.float32), (0, 0, 1, 1), Expression(), 1.0, True, 1.0)
    return EncodedFrame(Frame(0, 0.0, PICTURE), (EncodedFace(face, torch.full((14, 4), value), None),))


def test_waves_stand_still_while_the_picture_is_frozen():
    moment = [0.0]
    edit = Edit(DirectionSet([Direction("age", torch.ones(14, 4), (0, 14))]), torch.zeros(14, 4))
    controls = ControlState(parameter_table(("age",), ()), {"edit/age/lfo/rate": 1.0})
    encoded, out = Slot(), Slot()
    loop = SynthesisLoop(encoded, edit, NoGenerate(), NoGlass(), controls, out, Health(), now=lambda: moment[0])
    encoded.put(visitor())

    def turn(at):
        moment[0] = at
        loop.step(at)
        return edit.phases["age"]

    turn(0.0)
    assert turn(0.25) == pytest.approx(0.25)
    controls.set("transport/freeze", True)
    assert turn(1.0) == pytest.approx(0.25)
    assert turn(9.0) == pytest.approx(0.25)
    controls.set("transport/freeze", False)
    assert turn(9.1) == pytest.approx(0.35)  # goes on from where it stood, as if no time had passed


class Screen:
    """Takes its time to draw and to show, on a clock of its own."""

    def __init__(self, clock):
        self.clock, self.renderer = clock, None

    def compose(self, portraits, controls, now, hud):
        self.clock[0] += 0.020

    def settle(self, even):
        self.clock[0] += 0.007

    def present(self):
        self.clock[0] += 0.013


def test_glass_to_glass_is_what_a_clock_outside_measures():
    """From when the frame was taken to when its portraits have been shown; a portrait that is shown again is not counted again."""
    clock, health, portraits = [100.0], Health(), Slot()
    screen = Screen(clock)
    controls = ControlState(parameter_table((), ()))
    loop = DisplayLoop(portraits, screen.compose, screen, (), controls, health, lambda now: None, now=lambda: clock[0])
    loop.step(clock[0])
    assert not health.glass_to_glass  # nobody is shown
    for taken in (99.9, 100.0):
        portraits.put(Portraits(Frame(0, taken, PICTURE)))
        loop.step(clock[0])
        assert health.glass_to_glass[-1] == pytest.approx(clock[0] - taken)
        loop.step(clock[0])
    assert len(health.glass_to_glass) == 2
    assert health.presented.count == 5
