"""Generate: how visible a portrait is, and how the eyes of a child go together with the warp of an edit."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from installation.assembly.networks import models_of
from installation.config import load_config
from installation.engines.select import EngineSettings
from installation.latents.directions import DirectionSet
from installation.latents.warps import Warper, larger_eyes
from installation.messages import EditedFace, EditedFrame, EncodedFace, Expression, Face, Frame
from installation.models.bundle import Child, Models
from installation.networks.stylegan2 import Generator
from installation.portraits.engines import GenerateSettings
from installation.stages.generate import Generate

SIDE, WIDTH = 64, 8
EYES = 0.4


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A base and a child that are the same network, so that nothing but the eyes differs."""
    torch.manual_seed(4)
    base = Generator(SIDE, WIDTH, 2, dict.fromkeys((4, 8, 16, 32, 64), 8)).eval().requires_grad_(False)
    child = Child("toon", base, tuple(1.0 for _ in base.resolutions), eyes=EYES)
    models = Models("random", base, torch.nn.Identity(), (child,), DirectionSet([]), torch.zeros(base.styles, WIDTH))
    return Generate(models, EngineSettings("eager", "float32", 1, "cpu", tmp_path_factory.mktemp("engines")), GenerateSettings(SIDE))


def face(id, presence=1.0, drawable=1.0):
    return Face(id, np.zeros((468, 2), np.float32), (0, 0, 8, 8), Expression(), presence, True, drawable)


def edited(*faces, warp=None, share=0.0):
    ws = torch.randn(10, WIDTH, generator=torch.Generator().manual_seed(5))
    mix = (("toon", (share,) * 5),) if share else ()
    frame = Frame(0, 0.0, np.zeros((8, 8, 3), np.uint8))
    return EditedFrame(frame, tuple(EditedFace(one, ws, ws, None, 1.0, warp) for one in faces), mix)


def test_a_portrait_is_as_visible_as_its_visitor_is_there_and_can_be_drawn(drawn):
    faces = [face(0), face(1, presence=0.5), face(2, drawable=0.25), face(3, presence=0.5, drawable=0.25), face(4, drawable=0.0)]
    assert [one.opacity for one in drawn.portraits(edited(*faces)).portraits] == [1.0, 0.5, 0.25, 0.125, 0.0]


@pytest.mark.parametrize("r", [16, 32])
@pytest.mark.parametrize("share", [0.5, 1.0])
def test_the_eyes_of_a_child_add_to_the_warp_of_an_edit(drawn, share, r):
    flow = np.zeros((2, r, r), np.float32)
    flow[0] = 0.06
    picture = drawn.portraits(edited(face(0))).portraits[0].image
    given = flow.copy()
    got = drawn.portraits(edited(face(0), warp=given, share=share)).portraits[0].image
    expected = Warper()(picture, flow + share * larger_eyes(EYES, r))
    assert np.abs(got.astype(int) - expected).max() <= 1
    for one_of_them in (flow, share * larger_eyes(EYES, r)):  # and not as with one of the two alone
        assert np.abs(got.astype(int) - Warper()(picture, one_of_them)).max() > 5
    assert np.array_equal(given, flow)  # the edit's own flow is not written into


def test_a_child_without_a_share_leaves_the_eyes(drawn):
    picture = drawn.portraits(edited(face(0))).portraits[0].image
    layers = replace(edited(face(0)), mix=(("toon", (0.0,) * 5),))
    assert np.abs(drawn.portraits(layers).portraits[0].image.astype(int) - picture).max() <= 1


def test_a_change_that_is_seen_small_is_drawn_small(tmp_path, monkeypatch):
    """Whatever this machine carries, a face of a few pixels does not take the large engine."""
    monkeypatch.setattr("installation.portraits.fitting.PAIR_MILLISECONDS", math.inf)
    models = models_of(load_config())
    stage = Generate(models, EngineSettings("eager", "float32", 1, "cpu", tmp_path), GenerateSettings(256))
    ws = models.latent_avg
    detail = torch.zeros(32, 32, 32)

    def drawn_px(pixels: int) -> int:
        own = EncodedFace(face(1), ws, detail)
        one = EditedFace(own.face, ws, ws + 0.05, detail, 1.0, None, own, 1.0, True, pixels=pixels)
        return stage.draw(EditedFrame(Frame(0, 0.0, np.zeros((8, 8, 3), np.uint8)), (one,))).drawings[0].edited.shape[0]

    assert [drawn_px(pixels) for pixels in (0, 90, 256, 257, 2000)] == [256, 128, 128, 256, 256]
