"""Generate: what the network drew reaches the portrait, moved as the edit says."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from installation.engines.select import EngineSettings
from installation.latents.directions import DirectionSet
from installation.messages import EditedFace, EditedFrame, Expression, Face, Frame
from installation.models.bundle import Child, Models
from installation.networks.stylegan2 import Generator
from installation.portraits.engines import GenerateSettings
from installation.stages.generate import Generate

SIDE = 64


@pytest.fixture(scope="module")
def models():
    torch.manual_seed(4)
    base = Generator(SIDE, 16, 2, dict.fromkeys((4, 8, 16, 32, 64), 16)).eval().requires_grad_(False)
    return Models("random", base, torch.nn.Identity(), (), DirectionSet([]), torch.zeros(base.styles, 16))


@pytest.fixture(scope="module")
def generate(models, tmp_path_factory):
    engine = EngineSettings("eager", "float32", 1, "cpu", tmp_path_factory.mktemp("engines"))
    return Generate(models, engine, GenerateSettings(portrait_px=SIDE, buckets=(1,)))


def edited(models, warp):
    face = Face(7, np.zeros((468, 2), np.float32), (0, 0, 8, 8), Expression(), 1.0, True, 1.0)
    ws = torch.randn(models.base.styles, 16, generator=torch.Generator().manual_seed(5))
    return EditedFrame(Frame(0, 0.0, np.zeros((8, 8, 3), np.uint8)), (EditedFace(face, ws, ws, None, 1.0, warp),), ())


def test_a_portrait_moves_along_the_warp_of_its_edit(models, generate):
    at_rest = generate.portraits(edited(models, None)).portraits[0].image
    assert at_rest.shape == (SIDE, SIDE, 3) and at_rest.std() > 5
    flow = np.zeros((2, 32, 32), np.float32)
    flow[0] = 8 / SIDE
    moved = generate.portraits(edited(models, flow)).portraits[0].image
    assert np.abs(moved[:, 8:].astype(int) - at_rest[:, :-8]).mean() < 1.0
    assert np.abs(moved.astype(int) - at_rest).mean() > 5.0


def test_a_child_with_larger_eyes_widens_those_it_draws(models, tmp_path):
    child = Child("toon", models.base, tuple(1.0 for _ in models.base.resolutions), eyes=0.4)
    drawn = Generate(replace(models, children=(child,)), EngineSettings("eager", "float32", 1, "cpu", tmp_path), GenerateSettings(SIDE))
    assert drawn._mixing is not None  # never measured here: it stands before the show begins
    assert drawn.fault is None
    plain = edited(models, None)
    frames = [replace(plain, mix=(("toon", (share,) * len(models.base.resolutions)),)) for share in (0.0, 1.0)]
    none, full = (drawn.portraits(frame).portraits[0].image.astype(int) for frame in frames)
    eye = (slice(26, 36), slice(18, 31))
    assert np.abs(full - none)[eye].mean() > 4 * np.abs(full - none)[48:].mean()
    assert np.abs(full - none)[eye].mean() > 2


def test_an_edit_s_warp_may_have_another_grid_than_the_eyes(models, tmp_path):
    child = Child("toon", models.base, tuple(1.0 for _ in models.base.resolutions), eyes=0.4)
    drawn = Generate(replace(models, children=(child,)), EngineSettings("eager", "float32", 1, "cpu", tmp_path), GenerateSettings(SIDE))
    drawn.wait()
    mix = (("toon", (1.0,) * len(models.base.resolutions)),)
    frames = [replace(edited(models, warp), mix=mix) for warp in (None, np.zeros((2, 32, 32), np.float32))]
    alone, both = (drawn.portraits(frame).portraits[0].image.astype(int) for frame in frames)
    assert np.abs(alone - both).mean() < 2
