"""What is drawn for which change, by which engine, and how long that is thought to take."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from installation.engines.select import EngineSettings
from installation.errors import FacetsError
from installation.latents.directions import DirectionSet
from installation.latents.warps import larger_eyes
from installation.messages import EditedFace, EditedFrame, EncodedFace, Expression, Face, Frame
from installation.models.bundle import Child, Models
from installation.networks.stylegan2 import Generator
from installation.portraits import engines as module
from installation.portraits.engines import PROBE_RUNS, GenerateSettings, PortraitEngines, network_name
from installation.portraits.fitting import LARGE_GAIN, PAIR_MILLISECONDS
from installation.stages.generate import ENOUGH, Generate

SIDE, WIDTH, LEVELS = 64, 8, 5
EAGER = EngineSettings("eager", "float32", 1, "cpu")


def network(seed, side=SIDE):
    torch.manual_seed(seed)
    return Generator(side, WIDTH, 2, {2**k: 8 for k in range(2, side.bit_length())}).eval().requires_grad_(False)


def models_with(*children, base=None):
    base = base or network(4)
    made = tuple(Child(name, network(seed), (1.0,) * LEVELS, eyes, own_hue=2 * eyes) for name, seed, eyes in children)
    return Models("random", base, torch.nn.Identity(), made, DirectionSet([]), torch.zeros(base.styles, WIDTH))


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """Draws with a base and two children that are wholly other networks."""
    settings = replace(EAGER, cache=tmp_path_factory.mktemp("engines"))
    drawn = Generate(models_with(("painted", 5, 0.0), ("toon", 6, 0.3)), settings, GenerateSettings(SIDE))
    drawn.wait()
    assert drawn.fault is None
    return drawn


FACE = Face(1, np.zeros((468, 2), np.float32), (0, 0, 8, 8), Expression(), 1.0, True, 1.0)
WS, MOVED = (torch.randn(10, WIDTH, generator=torch.Generator().manual_seed(seed)) for seed in (5, 6))
PAINTED = (("painted", (1.0,) * LEVELS),)
TOON = (("toon", (1.0,) * LEVELS),)


def frame_of(*faces, mix=()):
    return EditedFrame(Frame(0, 0.0, np.zeros((8, 8, 3), np.uint8)), faces, mix)


def change(glass, **special):
    return replace(EditedFace(FACE, WS, MOVED, None, 1.0, None, EncodedFace(FACE, WS, None), glass, True), **special)


def portrait(stage, ws, mix=()):
    """Of a code, without any warp."""
    eyes, stage._eyes = stage._eyes, {}
    try:
        return stage.portraits(frame_of(EditedFace(FACE, ws, ws, None, 1.0), mix=mix)).portraits[0].image
    finally:
        stage._eyes = eyes


def drawing(stage, face, mix=()):
    (made,) = stage.draw(frame_of(face, mix=mix)).drawings
    return made


def test_where_nothing_is_edited_nothing_is_drawn(stage):
    for still in (change(0.7, edited=False), change(0.7, own=None)):
        made = drawing(stage, still)
        assert (made.edited, made.plain, made.warp, made.glass) == (None, None, None, 0.7)


@pytest.mark.parametrize("glass", [0.0, 0.01, 0.5, 1.0])
def test_the_sitter_s_own_portrait_is_drawn_where_the_camera_s_pixels_count(stage, glass):
    made = drawing(stage, change(glass))
    assert np.array_equal(made.edited, portrait(stage, MOVED)) and made.glass == glass
    if glass:
        assert np.array_equal(made.plain, portrait(stage, WS))
    else:
        assert made.plain is None


def test_a_child_draws_the_edited_face_alone_and_its_eyes_are_in_the_warp(stage):
    made = drawing(stage, change(0.5), mix=TOON)
    assert np.array_equal(made.edited, portrait(stage, MOVED, TOON)) and np.array_equal(made.plain, portrait(stage, WS))
    assert not np.array_equal(made.edited, portrait(stage, MOVED))
    assert made.warp == pytest.approx(larger_eyes(0.3))
    flow = np.full((2, 16, 16), 0.05, np.float32)
    assert drawing(stage, change(0.5, warp=flow), mix=TOON).warp == pytest.approx(flow + larger_eyes(0.3, 16))
    assert drawing(stage, change(0.5), mix=PAINTED).warp is None  # whose eyes are the sitter's
    half = (("toon", (0.5, 0.25, 0.0, 0.0, 0.0)),)
    assert drawing(stage, change(0.5), mix=half).warp == pytest.approx(0.5 * larger_eyes(0.3))


def test_a_child_says_how_far_skin_is_to_have_the_sitters_hue(stage):
    assert drawing(stage, change(0.5), mix=TOON).hue == pytest.approx(0.6)
    assert drawing(stage, change(0.5), mix=PAINTED).hue == 0.0
    half = (("toon", (0.0, 0.25, 0.75, 1.0, 0.5)), ("painted", (0.5,) * LEVELS))
    assert drawing(stage, change(0.5), mix=half).hue == pytest.approx(0.3)  # colours are those of the finest layers
    assert drawing(stage, change(0.5), mix=(("toon", (1.0, 1.0, 1.0, 1.0, 0.0)),)).hue == 0.0
    assert drawing(stage, change(0.5, likeness=0.25), mix=TOON).hue == pytest.approx(0.15)  # somebody else's skin is not the sitter's
    assert drawing(stage, change(1.0)).hue == 0.0


def test_a_variant_s_own_mix_goes_before_the_frame_s(stage):
    assert np.array_equal(drawing(stage, change(0.5, mix=PAINTED), mix=TOON).edited, portrait(stage, MOVED, PAINTED))
    assert np.array_equal(drawing(stage, change(0.5, mix=()), mix=TOON).edited, portrait(stage, MOVED))


def test_until_the_mixing_network_stands_the_base_draws_alone(stage):
    mixing, stage._mixing = stage._mixing, None
    try:
        made = drawing(stage, change(0.5), mix=TOON)
        assert np.array_equal(made.edited, portrait(stage, MOVED)) and made.warp is None
        (one,) = stage.portraits(frame_of(EditedFace(FACE, MOVED, MOVED, None, 1.0), mix=TOON)).portraits
        assert np.array_equal(one.image, portrait(stage, MOVED))
    finally:
        stage._mixing = mixing


def test_each_child_s_shares_stand_in_its_own_row_up_to_the_portrait_s_size(stage):
    shares = stage._layers((("toon", (0.1, 0.2, 0.3, 0.4, 0.5)),))
    assert shares == pytest.approx(np.array([[0.0] * 5, [0.1, 0.2, 0.3, 0.4, 0.5]]))
    stage.portrait_px = 16
    try:
        assert stage._layers((("painted", (0.1, 0.2, 0.3, 0.4, 0.5)),)) == pytest.approx(np.array([[0.1, 0.2, 0.3], [0.0] * 3]))
    finally:
        stage.portrait_px = SIDE


def test_a_mix_that_cannot_be_built_is_told_and_the_base_goes_on(monkeypatch):
    real = PortraitEngines.portraits

    def fails(self, size, mixing, again=True):
        if mixing:
            raise FacetsError("no memory for that")
        return real(self, size, mixing, again)

    monkeypatch.setattr(PortraitEngines, "portraits", fails)
    drawn = Generate(models_with(("painted", 5, 0.0)), EAGER, GenerateSettings(SIDE))
    drawn.wait()
    assert drawn.fault == "generators cannot be mixed on this machine: no memory for that"
    assert np.array_equal(drawing(drawn, change(0.5), mix=PAINTED).edited, portrait(drawn, MOVED))


@pytest.mark.parametrize(("seconds", "runs"), [(0.001, PROBE_RUNS), (0.3, 4), (0.6, 2), (50.0, 2)])
def test_a_measurement_takes_nine_runs_or_a_second_and_two_at_least(monkeypatch, seconds, runs):
    now, done = [100.0], []

    def run():
        done.append(1)
        now[0] += seconds

    monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    assert module._timed(run) == pytest.approx(1000 * seconds)
    assert len(done) == runs


def test_of_several_runs_the_lower_quartile_counts(monkeypatch):
    now, times = [0.0], iter([0.090, 0.001, 0.002, 0.003, 0.004, 0.005, 0.006, 0.007, 0.008])

    def run():
        now[0] += next(times)

    monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    assert module._timed(run) == pytest.approx(3.0)  # ms


def test_networks_are_known_by_kind_size_and_batch():
    assert network_name(256, 4, mixing=False) == "generator-base-256-4" and network_name(64, 1, mixing=True) == "generator-mix-64-1"


class Detailed(Models):
    """Models whose encoder gives a detail residual."""

    detail = SimpleNamespace(expand=torch.nn.Identity())  # type: ignore[assignment]


@pytest.fixture
def machine(monkeypatch):
    """A machine of which it is known how long both drawings of a change take, by their side; ``built``: those that were built."""
    found = SimpleNamespace(built=[], pair=lambda size: 1.0)

    def engine(_, size, mixing, again=True):
        return SimpleNamespace(size=size, choice=SimpleNamespace(backend="eager", precision="float32"))

    def pairs(_, size):
        found.built.append(size)
        return SimpleNamespace(size=size, engine=None, milliseconds=found.pair(size))

    monkeypatch.setattr(module, "digest", lambda *modules: "0")
    monkeypatch.setattr(PortraitEngines, "portraits", engine)
    monkeypatch.setattr(PortraitEngines, "pairs", pairs)
    monkeypatch.setattr(PortraitEngines, "milliseconds", lambda _, engine: 4.0)
    return found


def pairs_of(kind=Detailed, portrait_px=256, fps=12.0, **settings):
    base = network(1, 256)
    models = kind("thin", base, torch.nn.Identity(), (), DirectionSet([]), torch.zeros(base.styles, WIDTH))
    return Generate(models, EAGER, GenerateSettings(portrait_px, fps, **settings))


def sizes(stage):
    return [pairs.size for pairs in stage._pairs]


def test_a_change_s_drawings_have_engines_for_faces_that_are_seen_small_and_large(machine):
    stage = pairs_of()
    assert sizes(stage) == machine.built == [128, 256] and stage.change_px == 256
    limit = int(128 * ENOUGH)
    assert [stage._pairs_for(pixels).size for pixels in (1, limit, limit + 1, 9000, 0)] == [128, 128, 256, 256, 256]


def test_without_a_residual_or_where_no_changes_are_drawn_there_are_none(machine):
    for stage in (pairs_of(Models), pairs_of(changes=False)):
        assert sizes(stage) == machine.built == [] and stage.change_px == 256 and stage._pairs_for(50) is None


def test_the_finest_are_as_large_as_portraits_whatever_that_takes(machine):
    machine.pair = lambda size: 1e9
    assert sizes(pairs_of(finest=True)) == machine.built == [256]


@pytest.mark.parametrize(("portrait_px", "fps"), [(256, 0.0), (256, -1.0), (128, 12.0), (64, 12.0)])
def test_small_ones_are_all_there_is_where_nothing_may_be_measured_or_portraits_are_no_larger(machine, portrait_px, fps):
    assert sizes(pairs_of(portrait_px=portrait_px, fps=fps)) == machine.built == [128]


def test_large_ones_are_used_where_they_are_quick_and_not_even_built_where_they_cannot_be(machine):
    machine.pair = lambda size: {128: 2.0, 256: PAIR_MILLISECONDS}[size]
    assert sizes(pairs_of()) == [128, 256]
    machine.pair = lambda size: {128: 2.0, 256: 1.01 * PAIR_MILLISECONDS}[size]
    assert sizes(pairs_of()) == [128] and machine.built == [128, 256] * 2
    machine.built.clear()
    base = network(1, 256)
    grown = module.work(base, 256) / module.work(base, 128)
    machine.pair = lambda size: 1.01 * LARGE_GAIN * PAIR_MILLISECONDS / grown if size == 128 else 1.0
    assert sizes(pairs_of()) == machine.built == [128]
    machine.built.clear()
    machine.pair = lambda size: 0.99 * LARGE_GAIN * PAIR_MILLISECONDS / grown if size == 128 else 1.0
    assert sizes(pairs_of()) == machine.built == [128, 256]


def test_a_turn_takes_as_long_as_the_engine_that_would_draw_it(machine):
    machine.pair = lambda size: {128: 3.0, 256: 9.0}[size]
    stage = pairs_of()
    assert [stage.turn_milliseconds(pixels) for pixels in (20, 256, 257, 0)] == [3.0, 3.0, 9.0, 9.0]
    assert stage.turn_milliseconds() == 9.0
    twice = pairs_of(Models)
    assert twice.turn_milliseconds(20) == 8.0  # the edited and the plain portrait, one after the other
    twice._plain = None
    assert twice.turn_milliseconds(20) == 8.0  # measured once
