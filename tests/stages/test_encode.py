"""Encode: who is encoded, when, and what is kept of the picture while an encoder works beside the loop."""

import threading
import time
from collections import namedtuple

import numpy as np
import pytest
import torch
from torch import nn

from installation.engines.select import EngineSettings
from installation.latents.cache import CachePolicy
from installation.latents.directions import DirectionSet
from installation.messages import AlignedFace, AlignedFrame, Expression, Face, Frame
from installation.models.bundle import Models
from installation.networks.stylegan2 import Generator
from installation.stages.align import CROPS_KEPT
from installation.stages.encode import REST, Encode

PX, STYLES, WIDTH = 16, 4, 8
POLICY = CachePolicy(refresh_seconds=1.0, pose_degrees=5.0, expression_change=0.2, smoothing_seconds=0.0, trust=1.0)
EAGER = EngineSettings("eager", "float32", 1, "cpu")
Gate = namedtuple("Gate", "begun go seen")


class Brightness(nn.Module):
    """An encoder whose code is the crop's mean grey, -1…1, and that says what it was given. It waits where a gate is closed."""

    input_px, styles, w_dim = PX, STYLES, WIDTH
    latent_avg = torch.zeros(STYLES, WIDTH)
    gate: Gate | None = None

    def forward(self, images):
        if self.gate is not None:
            self.gate.begun.set()
            assert self.gate.go.wait(30)
            self.gate.seen.append(round(float((images.mean() + 1) * 127.5)))
        return images.mean(dim=(1, 2, 3))[:, None, None].expand(-1, STYLES, WIDTH)


@pytest.fixture
def models():
    torch.manual_seed(0)
    base = Generator(8, WIDTH, 1, {4: 4, 8: 4}).eval().requires_grad_(False)
    return Models("grey", base, Brightness().eval(), (), DirectionSet([]), torch.zeros(STYLES, WIDTH))


def aligned(*faces, index=0):
    """A frame of faces, each (id, grey level, and what is special about it)."""
    found = []
    for id, grey, special in faces:
        face = Face(
            id, np.zeros((468, 2), np.float32), (0, 0, 1, 1), Expression(), 1.0, special.get("seen", True), special.get("drawable", 1.0)
        )
        found.append(AlignedFace(face, np.full((PX, PX, 3), grey, np.uint8), np.zeros((2, 3)), np.zeros((2, 3))))
    return AlignedFrame(Frame(index, 0.0, np.zeros((8, 8, 3), np.uint8)), tuple(found))


def grey_of(encoded, id):
    (code,) = [float(face.ws[0, 0]) for face in encoded.faces if face.face.id == id]
    return round((code + 1) * 127.5)


def until(holds):
    for _ in range(3000):
        if holds():
            return
        time.sleep(0.01)
    raise AssertionError("not within thirty seconds")


def test_each_visitor_gets_the_code_of_their_own_crop(models):
    encode = Encode(models, POLICY, EAGER, (1,))
    encoded = encode.encode(aligned((3, 40, {}), (7, 200, {})), 0.0)
    assert [face.face.id for face in encoded.faces] == [3, 7]
    assert (grey_of(encoded, 3), grey_of(encoded, 7)) == (40, 200)
    assert all(face.detail is None for face in encoded.faces)
    encode.close()


@pytest.mark.parametrize("special", [{"drawable": 0.5}, {"drawable": 0.0}, {"seen": False}])
def test_who_cannot_be_drawn_or_seen_is_not_encoded_and_keeps_what_they_had(models, special):
    encode = Encode(models, POLICY, EAGER, (1,))
    assert encode.encode(aligned((1, 90, special)), 0.0).faces == ()  # a stranger in profile has no portrait yet
    assert grey_of(encode.encode(aligned((1, 90, {"drawable": 0.51})), 1.0), 1) == 90
    assert grey_of(encode.encode(aligned((1, 250, special)), 9.0), 1) == 90
    assert encode.cache.misses == 1
    encode.close()


@pytest.fixture
def gate(models):
    gate = Gate(threading.Event(), threading.Event(), [])
    yield gate
    gate.go.set()


def in_background(models, gate):
    """An encoder that works beside the loop, and whose next face waits at the gate."""
    encode = Encode(models, POLICY, EAGER, (1,), background=True)
    models.encoder.gate = gate
    return encode


def test_an_encoder_in_the_background_never_holds_up_the_loop(models, gate):
    encode = in_background(models, gate)
    for turn in range(5):  # the encoder is not done with the first of these
        assert encode.encode(aligned((1, 60, {})), turn / 30).faces == ()
    assert gate.begun.wait(30)
    gate.go.set()
    until(encode._coder._job.code.done)
    frame = aligned((1, 60, {}))
    assert grey_of(encode.encode(frame, 1.0), 1) == 60
    assert encode.cache.age(frame.faces[0].face, 1.0) == 1.0  # a code is as old as the picture it was made from
    assert gate.seen == [60]
    encode.close()


def test_a_lockstep_show_waits_for_its_codes(models):
    encode = Encode(models, POLICY, EAGER, (1,), background=False)
    assert grey_of(encode.encode(aligned((1, 60, {})), 0.0), 1) == 60
    encode.close()


def test_the_crop_that_waits_is_a_copy(models, gate):
    """The crop's memory is filled anew a few frames on, while the encoder still has the face."""
    encode = in_background(models, gate)
    frame = aligned((1, 60, {}))
    encode.encode(frame, 0.0)
    assert gate.begun.wait(30)
    other = aligned((2, 10, {}))
    encode.encode(other, 0.1)  # waits for the first
    for _ in range(CROPS_KEPT):
        frame.faces[0].crop[:] = 222
        other.faces[0].crop[:] = 222
    gate.go.set()
    until(encode._coder._job.code.done)
    assert grey_of(encode.encode(frame, 0.2), 1) == 60
    encode.close()


def test_the_crop_is_copied_before_the_encoder_takes_it(models, gate):
    encode = in_background(models, gate)
    first, second = aligned((1, 60, {})), aligned((2, 90, {}))
    blocker = encode._coder._worker.submit(gate.go.wait, 30)  # the encoder is busy: the face has to wait for its turn
    encode.encode(first, 0.0)
    first.faces[0].crop[:] = second.faces[0].crop
    gate.go.set()
    assert blocker.result(30)
    until(encode._coder._job.code.done)
    assert grey_of(encode.encode(first, 0.1), 1) == 60
    encode.close()


def settled(encode, frame, now):
    """The frame at ``now``, and again once the background has done what that started."""
    encode.encode(frame, now)
    if encode._coder._job is not None:
        until(encode._coder._job.code.done)


def test_the_stalest_face_is_encoded_next(models, gate):
    encode = in_background(models, gate)
    gate.go.set()
    frame = aligned((1, 10, {}), (2, 20, {}), (3, 30, {}))
    for turn in range(4):
        settled(encode, frame, 0.1 * turn)
    assert sorted(gate.seen) == [10, 20, 30]  # newcomers come at once, one after the other
    order = list(gate.seen)
    for turn in range(3):  # all of them are stale now, in the order in which they were encoded
        settled(encode, frame, 20.0 + 5 * turn)
        settled(encode, frame, 20.1 + 5 * turn)
    assert gate.seen[3:6] == order
    encode.close()


def test_known_faces_wait_as_long_as_the_encoder_worked_and_newcomers_do_not(models, gate):
    encode = in_background(models, gate)
    gate.go.set()
    settled(encode, aligned((1, 10, {})), 0.0)
    settled(encode, aligned((1, 10, {})), 4.0)  # its code arrives four seconds after it was asked for
    assert gate.seen == [10]
    settled(encode, aligned((1, 10, {})), 4.0 + 0.9 * REST * 4.0)
    assert gate.seen == [10]
    settled(encode, aligned((1, 10, {}), (2, 20, {})), 4.1 + 0.9 * REST * 4.0)
    assert gate.seen == [10, 20]
    settled(encode, aligned((1, 10, {}), (2, 20, {})), 30.0)
    settled(encode, aligned((1, 10, {}), (2, 20, {})), 60.0)
    assert 10 in gate.seen[2:]
    encode.close()
