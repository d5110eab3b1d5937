"""What a hand on a slider may take from a show: at once what was saved up, and over time a small share."""

import threading

import pytest

from installation.studio.right_of_way import BURST, MOST, SHARE, RightOfWay


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def test_what_was_saved_up_is_had_at_once_and_then_a_share_of_the_time():
    clock = Clock()
    way = RightOfWay(0.04, clock)
    had = 0.0
    while way.missing() == 0.0:
        way.spend(0.01)
        had += 0.01
    assert BURST <= had <= BURST + 0.011
    began = clock.now
    for _ in range(100):
        clock.now += way.missing()
        assert way.missing() == pytest.approx(0.0, abs=1e-6)
        way.spend(0.01)
        had += 0.01
    assert 1.0 / (clock.now - began) == pytest.approx(0.04, rel=0.05)


def test_it_saves_up_no_more_than_a_burst_however_long_nobody_comes():
    clock = Clock()
    way = RightOfWay(0.04, clock)
    clock.now += 1e6
    assert way.missing() == 0.0
    way.spend(BURST + 0.04)
    assert way.missing() == pytest.approx(1.0)


def test_without_a_show_nobody_waits():
    way = RightOfWay()
    way.spend(1e6)
    assert way.missing() == 0.0
    way.wait()


def test_the_share_is_one_of_all_cores(monkeypatch):
    for cores, share in ((8, 8 * SHARE), (500, MOST)):
        monkeypatch.setattr("os.sched_getaffinity", lambda _, cores=cores: set(range(cores)))
        way = RightOfWay.beside_a_show()
        way.spend(BURST + share)
        assert way.missing() == pytest.approx(1.0, abs=0.05)


def test_whoever_waits_is_let_go_at_the_end():
    way = RightOfWay(1e-6)
    way.spend(10.0)
    waiting = threading.Thread(target=way.wait, daemon=True)
    waiting.start()
    waiting.join(0.05)
    assert waiting.is_alive()
    way.end()
    waiting.join(10)
    assert not waiting.is_alive()
