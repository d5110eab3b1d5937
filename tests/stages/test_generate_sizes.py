"""How large portraits are drawn: as large as the machine is quick enough for, and no size is built that cannot be it."""

from types import SimpleNamespace

import pytest
import torch

from installation.engines.select import EngineSettings
from installation.latents.directions import DirectionSet
from installation.models.bundle import Models
from installation.networks.stylegan2 import Generator
from installation.portraits import engines as module
from installation.portraits.engines import HEAVY, GenerateSettings, PortraitEngines, work
from installation.portraits.fitting import ENGINE_SHARE, SMALL_PX
from installation.stages.generate import Generate

EAGER = EngineSettings("eager", "float32", 1, "cpu")
MOST = ENGINE_SHARE * 1000 / 12  # ms of a portrait, where twelve a second are asked for


def base(size, width=4):
    with torch.device("meta"):  # its numbers do not matter, only how many there are
        return Generator(size, 8, 1, {2**k: width for k in range(2, size.bit_length())})


@pytest.fixture
def machine(monkeypatch):
    """A machine of which it is known how long a portrait takes, by its size; ``built`` is what was built there, in order."""
    found = SimpleNamespace(built=[], milliseconds=lambda size: 0.0)

    def build(_, size, mixing, again=True):
        found.built.append(size)
        return SimpleNamespace(size=size, choice=SimpleNamespace(backend="eager", precision="float32"))

    monkeypatch.setattr(module, "digest", lambda *modules: "0")
    monkeypatch.setattr(PortraitEngines, "portraits", build)
    monkeypatch.setattr(PortraitEngines, "milliseconds", lambda _, engine: found.milliseconds(engine.size))
    return found


def drawn_at(generator, portrait_px=0, min_portrait_fps=12.0):
    models = Models("thin", generator, torch.nn.Identity(), (), DirectionSet([]), torch.zeros(generator.styles, 8))
    return Generate(models, EAGER, GenerateSettings(portrait_px, min_portrait_fps)).portrait_px


def test_the_work_of_a_generator_is_that_of_its_convolutions():
    thin = SimpleNamespace(channels={4: 8, 8: 6, 16: 4}, resolutions=[4, 8, 16])
    first = 9 * 8 * 8 * 16  # sixteen pixels, from eight channels to eight
    second = 9 * 8 * 6 * 16 + 9 * 6 * 6 * 64  # one that reads sixteen pixels, one that reads sixty-four
    third = 9 * 6 * 4 * 64 + 9 * 4 * 4 * 256
    assert [work(thin, size) for size in (4, 8, 16)] == [first, first + second, first + second + third]


@pytest.mark.parametrize(("milliseconds", "size"), [(0.99 * MOST, 256), (1.01 * MOST, 128)])
def test_a_portrait_is_as_large_as_the_generator_s_where_that_is_quick_enough(machine, milliseconds, size):
    machine.milliseconds = lambda size: milliseconds * (size / 256) ** 2
    assert drawn_at(base(256)) == size
    assert machine.built == ([256] if size == 256 else [256, 128])


def test_it_is_never_smaller_than_it_is_worth(machine):
    machine.milliseconds = lambda size: 1e6
    assert drawn_at(base(1024)) == SMALL_PX
    assert drawn_at(base(64)) == 64  # there is nothing smaller to draw


@pytest.mark.parametrize(("asked", "size"), [(64, 64), (128, 128), (256, 256), (512, 256)])
def test_a_size_that_is_asked_for_is_taken_unmeasured_and_never_enlarged(machine, asked, size):
    machine.milliseconds = None
    assert drawn_at(base(256), portrait_px=asked) == size
    assert machine.built == [size]


@pytest.mark.parametrize("fps", [0.0, -1.0])
def test_where_nothing_may_depend_on_a_measurement_it_is_the_generator_s_own_size(machine, fps):
    machine.milliseconds = None
    assert drawn_at(base(256), min_portrait_fps=fps) == 256


@pytest.mark.parametrize(
    ("at_128", "size", "built"),
    [
        (0.01, 1024, [128, 1024]),  # so quick that the whole size can be it, and is
        (MOST / 9, 512, [128, 512]),  # 1024 px are sixteen times the work at twice the gain: too slow without a doubt; 512 not
        (MOST / 3, 256, [128, 256]),
        (MOST * 1.2, 128, [128]),
    ],
)
def test_of_a_heavy_generator_the_smallest_size_tells_which_are_worth_building(machine, at_128, size, built):
    heavy = base(1024, width=256)
    assert work(heavy, 1024) > HEAVY > work(base(256), 256)
    gain = {1024: 2.0, 512: 2.0, 256: 1.5, 128: 1.0}  # larger portraits keep a machine busier
    machine.milliseconds = lambda size: at_128 * work(heavy, size) / work(heavy, 128) / gain[size]
    assert drawn_at(heavy) == size
    assert machine.built == built
