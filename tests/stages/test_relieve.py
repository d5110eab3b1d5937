"""With less memory: what the stages give up, one thing after the other, and that they go on drawing."""

import numpy as np
import pytest
import torch

from installation.engines.base import Network
from installation.engines.batched import BatchedEngine
from installation.engines.select import EngineSettings
from installation.engines.style_models import StyleEngineSettings
from installation.latents.directions import DirectionSet
from installation.messages import EditedFace, EditedFrame, Expression, Face, Frame
from installation.models.bundle import Child, Models
from installation.networks.stylegan2 import Generator
from installation.operation.trouble import Trouble, trouble_of
from installation.portraits.engines import GenerateSettings
from installation.stages.generate import Generate
from installation.styles.painter import STEPS, Painter, PainterSettings

EAGER = EngineSettings("eager", "float32", 1, "cpu")
SIDE = 256


@pytest.fixture(scope="module")
def models() -> Models:
    torch.manual_seed(4)
    base = Generator(SIDE, 8, 1, {2**k: 4 for k in range(2, 9)}).eval().requires_grad_(False)
    child = Child("toon", base, tuple(1.0 for _ in base.resolutions))
    return Models("random", base, torch.nn.Identity(), (child,), DirectionSet([]), torch.zeros(base.styles, 8))


def two_visitors(models: Models) -> EditedFrame:
    ws = torch.randn(models.base.styles, 8, generator=torch.Generator().manual_seed(5))
    faces = [Face(k, np.zeros((468, 2), np.float32), (0, 0, 8, 8), Expression(), 1.0, True, 1.0) for k in (1, 2)]
    mix = (("toon", (0.5,) * len(models.base.resolutions)),)
    edited = tuple(EditedFace(face, ws, ws, None, 1.0, None) for face in faces)
    return EditedFrame(Frame(0, 0.0, np.zeros((8, 8, 3), np.uint8)), edited, mix)


def test_drawing_gives_up_one_thing_after_the_other_and_goes_on(models: Models) -> None:
    generate = Generate(models, EAGER, GenerateSettings(portrait_px=SIDE, buckets=(1, 4)))
    generate.wait()
    given_up = []
    while words := generate.relieve():
        given_up.append(words)
        portraits = generate.portraits(two_visitors(models)).portraits
        assert [one.face.id for one in portraits] == [1, 2]
        assert {one.image.shape[:2] for one in portraits} == {(generate.portrait_px, generate.portrait_px)}
    assert given_up == ["faces are drawn one by one", "generators are not mixed any more", "portraits are drawn at 128 px"]


def test_an_engine_shrinks_once_and_draws_the_same() -> None:
    module = torch.nn.Flatten().eval()

    def make(batch: int) -> Network:
        return Network("flat", module, (torch.zeros(batch, 2, 2),), "0")

    engine = BatchedEngine(make, 1, EAGER, (1, 4))
    faces = [[np.full((2, 2), k, np.float32)] for k in range(7)]
    before = engine(faces)
    assert engine.shrink() and not engine.shrink()
    assert all(np.array_equal(one[0], other[0]) for one, other in zip(before, engine(faces), strict=True))


def test_painting_gets_smaller_and_then_ends(tmp_path) -> None:  # type: ignore[no-untyped-def]
    painter = Painter(PainterSettings(640, 360, StyleEngineSettings(tmp_path, 1, "f32"), background=False), lambda why: None)
    assert painter.relieve() == ""  # nothing is painted
    painter.prepare()
    sizes = []
    while words := painter.relieve():
        sizes.append(words)
        if painter.square() is not None:
            assert painter.long_side <= STEPS[painter.step][0]
    assert sizes == ["pictures are painted at 384 px", "pictures are painted at 256 px", "nothing is painted in styles any more"]
    painter.prepare()
    assert painter.square() is None  # and is not begun again


def test_what_torch_says_without_memory_is_understood() -> None:
    """The words of the library itself, not ours."""
    with pytest.raises(RuntimeError) as caught:
        torch.empty(1 << 50, dtype=torch.uint8)
    assert trouble_of(caught.value) is Trouble.MEMORY
    with pytest.raises(MemoryError) as ours:
        np.empty(1 << 50, np.uint8)
    assert trouble_of(ours.value) is Trouble.MEMORY


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_what_a_gpu_says_without_memory_is_understood() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(1 << 50, dtype=torch.uint8, device="cuda")
    assert trouble_of(caught.value) is Trouble.MEMORY
