"""Rules of the codes and the waves that nothing else would miss."""

import math

import numpy as np
import pytest
import torch

from installation.errors import WeightsError
from installation.latents.cache import CachePolicy, LatentCache
from installation.latents.direction_files import MAX_STYLES, MAX_WIDTH, read_directions
from installation.latents.directions import Direction, DirectionSet
from installation.latents.oscillators import Oscillator, smooth_random
from installation.messages import Expression, Face

REST = Expression(smile=0.5, mouth_open=0.5, eyes_open=0.5)


def face(expression):
    return Face(1, np.zeros((468, 2), np.float32), (0, 0, 1, 1), expression, 1.0, True, 1.0)


@pytest.mark.parametrize("measure", ["smile", "mouth_open", "eyes_open", "yaw", "pitch", "roll"])
@pytest.mark.parametrize("sign", [1, -1])
def test_every_measure_of_an_expression_asks_for_a_new_code(measure, sign):
    policy = CachePolicy(refresh_seconds=60.0, pose_degrees=5.0, expression_change=0.2)
    cache = LatentCache(policy)
    cache.store(face(REST), torch.zeros(4, 8), 0.0)
    most = policy.pose_degrees if measure in ("yaw", "pitch", "roll") else policy.expression_change
    for share, stale in ((0.95, False), (1.05, True)):
        moved = {name: getattr(REST, name) for name in ("smile", "mouth_open", "eyes_open", "yaw", "pitch", "roll")}
        moved[measure] += sign * share * most
        assert cache.needs_code(face(Expression(**moved)), 0.1) is stale


def test_an_offset_of_a_quarter_takes_a_wave_a_quarter_of_a_cycle_ahead():
    oscillator = Oscillator()
    assert oscillator.value("sine", 0.25) == pytest.approx(1.0)  # and not -1: the controls promise the start within the cycle
    oscillator.advance(1.0, 0.1)
    assert oscillator.value("sine", 0.1) == pytest.approx(math.sin(2 * math.pi * 0.2))
    assert oscillator.value("saw", 0.1) == pytest.approx(0.4)
    assert oscillator.swing("saw", 0.1, 0.0) == pytest.approx(0.4)
    later = Oscillator()
    later.advance(1.0, 0.2)
    assert later.value("saw") == pytest.approx(oscillator.value("saw", 0.1))


@pytest.mark.parametrize(("way", "share"), [(0.0, 1.0), (0.2, 1.0), (0.275, 0.75), (0.35, 0.5), (0.425, 0.25), (0.5, 0.0), (2.0, 0.0)])
def test_a_detail_is_drawn_as_far_as_its_code_is_reached(way, share):
    """``way``: between the code that is shown and the newest one, in the spread of its numbers."""
    cache = LatentCache(CachePolicy(smoothing_seconds=0.25, trust=1.0))
    newest = torch.tensor([[-1.0, 1.0] * 4] * 4) * math.sqrt(31 / 32)  # a spread of 1
    cache.store(face(REST), newest + way * torch.tensor([1.0, -1.0] * 4), 0.0)
    cache.store(face(REST), newest, 1.0)
    cache.store_detail(face(REST), torch.ones(3, 2, 2))
    assert cache.code(face(REST), 0.0)[1].mean() == pytest.approx(share, abs=1e-4)


def test_a_random_wave_leaves_and_meets_its_levels_without_a_bend_and_is_halfway_in_the_middle():
    for k in range(50):
        start, end = smooth_random(float(k), 3), smooth_random(k + 1.0, 3)
        way = [(smooth_random(k + i / 64, 3) - start) / (end - start) for i in range(65)]
        assert way == sorted(way) or way == pytest.approx(sorted(way))
        assert way[32] == pytest.approx(0.5)
        assert [a + b for a, b in zip(way, way[::-1], strict=True)] == pytest.approx([1.0] * 65)
        assert way[1] < 1e-4 and way[4] < 0.003


def test_a_wave_whose_rate_moves_is_not_pulled_to_the_beat():
    """There is no place that a wave of a changing rate would have on the beat: it turns by its rate alone."""
    moving, phase = Oscillator(phase=0.3), 0.3
    for k in range(1, 200):
        rate = 0.5 + k / 1000
        moving.follow(rate, k / 50, 1 / 50)
        phase += rate / 50
    assert moving.phase == pytest.approx(phase)
    still = Oscillator(phase=0.3)
    for k in range(1, 200):
        still.follow(0.0, k / 50, 1 / 50)
    assert still.phase == 0.3


@pytest.mark.parametrize(("age", "stale"), [(0.0, False), (0.49, False), (0.5, True), (0.7, True), (100.0, True)])
def test_a_code_is_made_anew_once_it_is_as_old_as_the_policy_says(age, stale):
    cache = LatentCache(CachePolicy(refresh_seconds=0.5))
    cache.store(face(REST), torch.zeros(4, 8), 10.0)
    assert cache.needs_code(face(REST), 10.0 + age) is stale
    assert cache.age(face(REST), 10.0 + age) == pytest.approx(age)


@pytest.mark.parametrize("hold", [0.0, 0.25, 0.5, 0.9])
@pytest.mark.parametrize("seconds", [0.1, 0.3, 1.0])
def test_hold_makes_the_glide_slower_by_its_share(hold, seconds):
    cache = LatentCache(CachePolicy(smoothing_seconds=0.25, trust=1.0))
    cache.store(face(REST), torch.zeros(4, 8), 0.0)
    cache.store(face(REST), torch.ones(4, 8), 0.0)
    shown, _ = cache.code(face(REST), seconds, hold)
    assert shown[0, 0] == pytest.approx(1 - math.exp(-seconds * (1 - hold) / 0.25), abs=1e-6)


def test_without_smoothing_a_code_is_shown_at_once_unless_it_is_held():
    cache = LatentCache(CachePolicy(smoothing_seconds=0.0, trust=1.0))
    cache.store(face(REST), torch.zeros(4, 8), 0.0)
    cache.store(face(REST), torch.ones(4, 8), 0.0)
    assert cache.code(face(REST), 0.1, 1.0)[0].max() == 0
    assert cache.code(face(REST), 0.2, 0.5)[0].min() == 1


@pytest.mark.parametrize(
    ("shape", "rows"),
    [
        ((8,), (1, 8)),
        ((1, 8), (1, 8)),
        ((6, 8), (6, 8)),
        ((1, 6, 8), (6, 8)),
        ((MAX_STYLES, 8), (MAX_STYLES, 8)),
        ((1, MAX_WIDTH), (1, MAX_WIDTH)),
    ],
)
def test_a_direction_may_be_as_large_as_any_generator_s(tmp_path, shape, rows):
    np.save(tmp_path / "one.npy", np.ones(shape, np.float32))
    (found,) = read_directions(tmp_path / "one.npy")
    assert tuple(found.vector.shape) == rows


@pytest.mark.parametrize("shape", [(), (2, 6, 8), (1, 1, 6, 8), (MAX_STYLES + 1, 8), (1, MAX_WIDTH + 1), (0, 8), (6, 0)])
def test_and_no_larger_and_of_no_other_kind(tmp_path, shape):
    np.save(tmp_path / "one.npy", np.ones(shape, np.float32))
    told = "x".join(map(str, shape)) or "a single number"
    with pytest.raises(WeightsError, match=rf"is {told}; a direction is styles x w_dim"):
        read_directions(tmp_path / "one.npy")


def test_one_more_direction_is_the_same_as_all_of_them_at_once():
    directions = [Direction(name, torch.full((4, 8), value), (0, 4)) for name, value in (("a", 1.0), ("b", 10.0))]
    found = DirectionSet(directions)
    first = found.move([0.5, 0.0])
    assert found.further(first, 1, 0.0) is first and found.further(None, 1, 0.0) is None
    assert torch.equal(found.further(first, 1, 2.0).offset, found.move([0.5, 2.0]).offset)
    assert torch.equal(found.further(None, 1, 2.0).offset, found.move([0.0, 2.0]).offset)


@pytest.mark.parametrize(
    ("shape", "fits"), [((8, 8), True), ((8, 3), True), ((8, 9), False), ((8, 0), False), ((8,), False), ((1, 8, 8), False)]
)
def test_factors_are_columns_no_more_of_them_than_they_have_numbers(tmp_path, shape, fits):
    torch.save({"eigvec": torch.ones(shape)}, tmp_path / "factors.pt")
    if fits:
        assert len(read_directions(tmp_path / "factors.pt")) == shape[1]
    else:
        with pytest.raises(WeightsError, match=r"'eigvec' is .*; w_dim x directions is expected"):
            read_directions(tmp_path / "factors.pt")


@pytest.mark.parametrize(
    ("shape", "fits"), [((3, 1, 8), True), ((3, 8), True), ((1, 8), True), ((0, 8), False), ((8,), False), ((1, 1, 1, 8), False)]
)
def test_components_are_rows(tmp_path, shape, fits):
    torch.save({"comp": torch.ones(shape)}, tmp_path / "components.pt")
    if fits:
        found = read_directions(tmp_path / "components.pt")
        assert [one.component for one in found] == list(range(shape[0]))
    else:
        with pytest.raises(WeightsError, match=r"its components are .*; N x 1 x w_dim is expected"):
            read_directions(tmp_path / "components.pt")


def test_of_an_archive_with_many_arrays_only_those_that_are_called_directions_are_taken(tmp_path):
    few, many = ({f"array{i}": np.ones((1, 8)) for i in range(count)} for count in (4, 5))
    np.savez(tmp_path / "one.npz", **few)
    assert len(read_directions(tmp_path / "one.npz")) == 4
    np.savez(tmp_path / "one.npz", **many)
    with pytest.raises(WeightsError, match="holds no directions"):
        read_directions(tmp_path / "one.npz")
    np.savez(tmp_path / "one.npz", a_direction=np.ones((1, 8)), **many)
    assert [one.name for one in read_directions(tmp_path / "one.npz")] == ["a-direction"]


def test_what_was_never_one_s_own_has_no_residual_at_first():
    cache = LatentCache(CachePolicy())
    cache.store(face(REST), torch.zeros(4, 8), 0.0)
    cache.store_detail(face(REST), torch.full((3, 1, 3), 8.0), torch.tensor([[1.0, 0.25, 0.0]]))
    assert cache.code(face(REST), 0.0)[1][0, 0].tolist() == [8.0, 2.0, 0.0]


def test_a_code_is_forgotten_ten_seconds_after_its_face_was_seen_where_nothing_else_is_said():
    cache = LatentCache(CachePolicy())
    cache.store(face(REST), torch.zeros(4, 8), 0.0)
    cache.forget({1}, 9.9)
    assert 1 in cache
    cache.forget({1}, 10.0)  # still held for, out of sight
    assert 1 not in cache
    cache.store(face(REST), torch.zeros(4, 8), 10.0)
    cache.forget(set(), 10.1)  # gone
    assert 1 not in cache
