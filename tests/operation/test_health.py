"""Counts and percentiles of the report."""

from collections import deque

import pytest

from installation.operation.health import MOST_KNOWN, Health, Rate, percentiles


def test_percentiles_are_milliseconds_of_the_series():
    p = percentiles(deque(k / 1000 for k in range(101)))
    assert (p.p50, p.p95, p.p99) == (50.0, 95.0, 99.0)
    assert percentiles(deque()).p99 == 0.0


def test_rate_looks_back_two_seconds_and_counts_all():
    rate = Rate()
    for k in range(100):
        rate.add(k / 10)
    assert rate.count == 100
    assert rate.per_second(9.9) == pytest.approx(10, abs=0.6)
    assert rate.per_second(60.0) == 0.0


def test_portraits_faces_and_faults_are_counted():
    health = Health()
    health.drew([1, 2], 256, 5.0)
    health.drew([2], 128, 6.0)
    health.drew([], 64, 7.0)
    assert health.portraits_per_face == {1: 1, 2: 2}
    assert (health.portrait_px, health.first_portrait, health.portraits.count) == (128, 5.0, 3)
    health.saw_faces([4, 5])
    health.saw_faces([5])
    assert (health.faces, health.faces_max, [*health.ids], health.visitors) == (1, 2, [4, 5], 2)
    for id in range(6, 5000):
        health.saw_faces([5, id])  # somebody stays through it all
        health.drew([id], 64, 8.0)
    assert health.visitors == 4996 and len(health.ids) == len(health.portraits_per_face) == MOST_KNOWN  # weeks of them take no more room
    for _ in range(3):
        health.fault("the camera is gone")
    assert health.faults == ["the camera is gone"]
