"""The beat under taps, faders and clocks: right in the end, and never a jump on the way."""

import itertools
import random

import pytest

from installation.control.parameters import parameter_table
from installation.control.sound.tempo import Tempo
from installation.control.state import Change, ControlState


class Show:
    def __init__(self):
        self.now = 0.0
        self.state = ControlState(parameter_table((), ()))
        self.tempo = Tempo(self.state, lambda: self.now)
        self.heard = []
        self.state.subscribe(self.heard.append)
        self.beats = [0.0]

    def until(self, moment, step=0.01):
        while self.now < moment - 1e-9:
            self.now = min(moment, self.now + step)
            self.beats.append(self.tempo.beat(self.now))
            self.tempo.step(self.now)

    def tap_at(self, *moments):
        for moment in moments:
            self.until(moment)
            self.state.set("transport/tap", None, "osc")

    def clock(self, bpm, seconds, jitter=0.0, seed=1):
        noise, start = random.Random(seed), self.now
        for k in range(int(seconds * bpm * 24 / 60)):
            self.until(start + k * 60 / bpm / 24 + noise.uniform(0, jitter))
            self.tempo.clock_tick(self.now)

    def steepest(self):
        """Beats between two looks 10 ms apart, at the most; and whether time ran backwards."""
        steps = [b - a for a, b in itertools.pairwise(self.beats)]
        assert min(steps) >= 0
        return max(steps)


@pytest.fixture
def show():
    return Show()


def phase(beat):
    """Beats beside the beat, -0.5…0.5."""
    return (beat + 0.5) % 1 - 0.5


def test_the_beat_runs_at_the_tempo_and_a_fader_bends_it(show):
    show.until(10.0)
    assert show.beats[-1] == pytest.approx(20.0)
    show.state.set("transport/bpm", 60.0, "osc")
    assert show.tempo.beat(show.now) == pytest.approx(20.0) and show.tempo.bpm == 60.0
    show.until(12.0)
    assert show.beats[-1] == pytest.approx(22.0)
    assert show.steepest() == pytest.approx(0.02)


def test_taps_set_tempo_and_downbeat(show):
    show.tap_at(1.13, 1.73, 2.33, 2.93)
    show.until(6.0)
    assert show.tempo.bpm == pytest.approx(100.0, abs=0.1)
    assert Change("transport/bpm", 100.0, "tempo") in show.heard
    assert phase(show.tempo.beat(2.93 + 0.6 * 7)) == pytest.approx(0.0, abs=0.01)  # a tap is a beat
    assert show.steepest() < 0.02 * 2  # 120 a minute, at most twice as fast on the way to the downbeat


def test_a_slip_and_a_missed_tap_do_not_count(show):
    show.tap_at(1.0, 1.5, 2.0, 2.5, 3.5, 4.0, 4.1, 4.5, 5.0)
    show.until(6.0)
    assert show.tempo.bpm == pytest.approx(120.0, abs=0.5)
    assert phase(show.tempo.beat(8.0)) == pytest.approx(0.0, abs=0.01)


def test_taps_that_agree_on_nothing_give_their_middle(show):
    show.tap_at(1.0, 1.6, 2.0)
    show.until(4.0)
    assert show.tempo.bpm == pytest.approx(120.0, abs=0.1)
    show.tap_at(10.0, 10.02, 10.9, 11.9, 12.1, 13.8, 13.81)
    show.until(16.0)
    assert 20 <= show.tempo.bpm <= 300
    show.steepest()


def test_taps_begin_anew_after_two_seconds(show):
    show.tap_at(1.0, 1.5, 2.0, 2.5)
    show.tap_at(10.0, 11.0, 12.0)
    show.until(13.0)
    assert show.tempo.bpm == pytest.approx(60.0, abs=0.1)


def test_one_tap_moves_the_downbeat_alone(show):
    show.tap_at(5.2)
    show.until(9.0)
    assert show.tempo.bpm == 120.0
    assert phase(show.tempo.beat(9.2)) == pytest.approx(0.0, abs=0.01)


def test_a_clock_with_jitter_gives_a_steady_tempo(show):
    show.until(1.0)
    show.clock(137.0, 20.0, jitter=0.006)
    assert show.tempo.bpm == pytest.approx(137.0, abs=1.0)
    told = [change.value for change in show.heard if change.source == "clock"]
    assert told and all(abs(value - 137.0) < 3.0 for value in told[len(told) // 2 :])
    assert show.steepest() < 0.01 * 137 / 60 * 2
    # Its first tick fell on beat 2; the jitter makes it 3 ms late in the mean.
    assert show.tempo.beat(show.now) == pytest.approx(2.0 + (show.now - 1.003) * 137 / 60, abs=0.02)


def test_a_start_is_the_first_beat_of_a_bar(show):
    show.until(3.3)
    show.tempo.start(3.3)
    show.clock(120.0, 8.0)
    beat = show.tempo.beat(3.3 + 0.5 * 16)
    assert beat % 4 == pytest.approx(0.0, abs=0.02) or beat % 4 == pytest.approx(4.0, abs=0.02)
    show.steepest()


def test_a_clock_that_stops_leaves_the_tempo_and_taps_work_again(show):
    show.clock(90.0, 6.0)
    show.state.set("transport/tap", None)  # while the clock runs it knows better
    assert show.tempo.bpm == pytest.approx(90.0, abs=0.2)
    before = show.tempo.beat(show.now)
    show.until(show.now + 4.0)
    assert show.tempo.beat(show.now) - before == pytest.approx(6.0, abs=0.05)
    start = show.now
    show.tap_at(start + 0.5, start + 1.0, start + 1.5)
    show.until(start + 2.0)
    assert show.tempo.bpm == pytest.approx(120.0, abs=0.5)


def test_nonsense_does_not_break_it(show):
    for moment in (1.0, 1.0, 0.5, 1.0, 1.0001):
        show.tempo.tap(moment)
    for _ in range(60):
        show.tempo.clock_tick(2.0)
    show.tempo.stop(2.0)
    show.tempo.start(2.0)
    assert 20 <= show.tempo.bpm <= 300
    assert show.tempo.beat(3.0) < show.tempo.beat(4.0)
