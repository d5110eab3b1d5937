"""The cache against its policy: when a code is made anew, how it glides, when it is forgotten."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from installation.latents.cache import CachePolicy, LatentCache, can_be_encoded
from installation.messages import Expression, Face

POLICY = CachePolicy(refresh_seconds=1.0, pose_degrees=5.0, expression_change=0.2, smoothing_seconds=0.5, trust=0.5, forget_seconds=3.0)


def face(id=1, seen=True, drawable=1.0, **expression):
    return Face(id, np.zeros((468, 2), np.float32), (0, 0, 1, 1), Expression(**expression), 1.0, seen, drawable)


def code(value):
    return torch.full((14, 8), float(value))


@pytest.fixture
def cache():
    cache = LatentCache(POLICY)
    assert cache.needs_code(face(), 0.0)
    cache.store(face(), code(0), 0.0)
    return cache


def test_a_still_face_is_served_from_the_cache_until_its_code_is_old(cache):
    assert not cache.needs_code(face(), 0.5)
    assert not cache.needs_code(face(), 0.99)
    assert cache.needs_code(face(), 1.0)
    assert cache.age(face(), 0.75) == 0.75
    assert cache.age(face(id=2), 0.75) == float("inf")


def test_codes_that_were_made_and_frames_that_did_without_are_counted(cache):
    cache.code(face(), 0.0)  # made for this very frame
    for k in range(1, 4):
        cache.code(face(), k / 10)
    cache.store(face(), code(1), 0.4)
    cache.code(face(), 0.4)
    assert (cache.hits, cache.misses) == (3, 2)


@pytest.mark.parametrize(
    ("change", "stale"),
    [({"yaw": 4.9}, False), ({"yaw": 5.1}, True), ({"roll": -6}, True), ({"smile": 0.25}, True), ({"smile": 0.1}, False)],
)
def test_movement_makes_a_code_stale(cache, change, stale):
    assert cache.needs_code(face(**change), 0.1) is stale


@pytest.mark.parametrize("hidden", [{"seen": False}, {"drawable": 0.3}])
def test_a_hidden_or_turned_face_keeps_its_code(cache, hidden):
    assert not cache.needs_code(face(yaw=60, **hidden), 9.0)


def test_a_new_code_is_trusted_in_part_and_glided_to(cache):
    cache.store(face(), code(1), 1.0)  # target 0.5 by a trust of a half
    cache.code(face(), 1.0)
    middle, _ = cache.code(face(), 1.5)
    assert 0 < middle[0, 0] < 0.5
    late, _ = cache.code(face(), 60.0)
    assert late[0, 0] == pytest.approx(0.5)


def test_the_glide_does_not_depend_on_the_frame_rate():
    ends = []
    for frames in (5, 100):
        cache = LatentCache(POLICY)
        cache.store(face(), code(0), 0.0)
        cache.store(face(), code(1), 0.0)
        for k in range(1, frames + 1):
            ws, _ = cache.code(face(), k / frames)
        ends.append(float(ws[0, 0]))
    assert ends[0] == pytest.approx(ends[1], abs=1e-5)


def test_hold_stops_the_glide(cache):
    cache.store(face(), code(1), 0.0)
    held, _ = cache.code(face(), 5.0, hold=1.0)
    assert held[0, 0] == 0


def test_a_visitor_who_is_not_seen_is_forgotten_when_the_policy_says_so(cache):
    cache.code(face(), 1.0)
    cache.code(face(seen=False), 3.0)
    cache.forget({1}, 3.9)
    assert len(cache) == 1
    cache.forget({1}, 4.0)
    assert len(cache) == 0


def test_a_visitor_who_has_gone_is_forgotten_at_once(cache):
    cache.code(face(), 1.0)
    cache.forget({1}, 1.0)
    assert len(cache) == 1
    cache.forget(set(), 1.1)
    assert len(cache) == 0


@pytest.mark.parametrize("poor", [{"quality": 0.3}, {"fresh": False}])
def test_a_face_that_is_cut_hidden_or_not_looked_at_keeps_its_code(cache, poor):
    assert not can_be_encoded(replace(face(), **poor))
    assert not cache.needs_code(replace(face(yaw=60), **poor), 9.0)
    assert cache.needs_code(face(yaw=60), 9.0)


def test_a_part_that_is_not_ones_own_keeps_the_detail_it_had(cache):
    cache.code(face(), 0.0)
    own = torch.tensor([[1.0, 0.0]])
    cache.store_detail(face(), torch.ones(3, 1, 2), own)
    assert cache.code(face(), 0.1)[1].tolist() == [[[1.0, 0.0]]] * 3  # nothing where there never was any
    cache.store_detail(face(), torch.full((3, 1, 2), 5.0))
    cache.store_detail(face(), torch.full((3, 1, 2), 9.0), own)
    assert cache.code(face(), 0.2)[1].tolist() == [[[9.0, 5.0]]] * 3


def test_while_a_code_is_far_from_the_newest_its_detail_is_not_drawn():
    cache = LatentCache(CachePolicy(smoothing_seconds=0.5, trust=1.0))
    draw = torch.Generator().manual_seed(1)
    first, other = torch.randn(14, 8, generator=draw), torch.randn(14, 8, generator=draw)
    cache.store(face(), first, 0.0)
    cache.store_detail(face(), torch.ones(3, 2, 2))
    assert float(cache.code(face(), 0.0)[1].mean()) == 1
    cache.store(face(), other, 0.1)
    shares = [float(cache.code(face(), 0.1 + k / 10)[1].mean()) for k in range(40)]
    assert shares[0] == 0
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_time_that_runs_back_moves_nothing(cache):
    cache.store(face(), code(1), 1.0)
    after = cache.code(face(), 2.0)[0].clone()
    assert torch.equal(cache.code(face(), 1.5)[0], after)
