"""The system's sound as PortAudio gives it, how long a silence lasts, and the small rules of the beat."""

import itertools
import sys
import threading
from types import SimpleNamespace

import numpy as np
import pytest

from installation.control.parameters import parameter_table
from installation.control.sound import audio as module
from installation.control.sound.audio import STALE, AudioInput, PortAudio
from installation.control.sound.levels import BLOCKS_A_SECOND, GAIN_RELEASE, QUIET, RELEASE, Analyser, block_size
from installation.control.sound.tempo import BAR, ENOUGH, FORGET, LOST, NEWS, TICKS, TOLERANCE, Tempo, _line, _one_beat
from installation.control.state import ControlState
from installation.latents.oscillators import SILENCE
from tests.control.sound.test_audio import until

INPUTS = [
    {"name": "Speakers", "index": 0, "max_input_channels": 0, "default_samplerate": 48000.0},
    {"name": "Built-in Microphone", "index": 1, "max_input_channels": 1, "default_samplerate": 44100.0},
    {"name": "USB Interface", "index": 2, "max_input_channels": 8, "default_samplerate": 96000.0},
]


class SoundDevice(SimpleNamespace):
    """In the place of the package sounddevice: what it was asked, and blocks that the test sends."""

    class PortAudioError(Exception):
        """As there."""

    def __init__(self):
        super().__init__(opened=[], begun=0, broken=False)

    def query_devices(self, kind=None):
        return INPUTS[1] if kind == "input" else INPUTS

    def _terminate(self):
        self.begun -= 1

    def _initialize(self):
        self.begun += 2

    def InputStream(self, rate, size, number, channels, kind, callback):
        if self.broken:
            raise self.PortAudioError("the device is busy")
        stream = SimpleNamespace(rate=rate, size=size, number=number, channels=channels, kind=kind, callback=callback, started=False)
        stream.start = lambda: setattr(stream, "started", True)
        self.opened.append(stream)
        return stream


@pytest.fixture
def sounddevice(monkeypatch):
    found = SoundDevice()
    monkeypatch.setitem(sys.modules, "sounddevice", found)
    return found


def test_an_input_is_the_system_s_own_or_the_first_whose_name_has_the_word(sounddevice):
    rates = []
    for device, number, channels, rate in (("", 1, 1, 44100.0), ("usb", 2, 2, 96000.0), ("MICRO", 1, 1, 44100.0)):
        stream = PortAudio().open(device, lambda rate: rates.append(rate) or print)
        assert (stream.number, stream.channels, stream.rate, stream.size) == (number, channels, rate, block_size(rate))
        assert stream.started and stream.kind == "float32" and rates[-1] == rate


def test_what_it_hears_is_handed_on_as_blocks(sounddevice):
    heard = []
    PortAudio().open("usb", lambda rate: heard.append)
    block = np.zeros((4, 2), np.float32)
    sounddevice.opened[0].callback(block, 4, None, None)
    assert heard[0] is block


def test_an_input_that_is_not_there_is_named_with_those_that_are(sounddevice):
    with pytest.raises(OSError, match=r"there is no such input; there is 'Built-in Microphone', 'USB Interface'$"):
        PortAudio().open("speak", lambda rate: print)
    sounddevice.broken = True
    with pytest.raises(OSError, match="the device is busy"):
        PortAudio().open("", lambda rate: print)


def test_what_was_plugged_in_since_is_looked_for_at_the_next_try(sounddevice):
    sound = PortAudio()
    for begun in (0, 1, 2):
        sound.open("", lambda rate: print)
        assert sounddevice.begun == begun


def test_a_sound_without_blocks_is_silence_after_half_a_second_and_its_device_is_opened_anew(monkeypatch):
    now, opened, closed = [100.0], [], threading.Event()

    class Sound:
        def open(self, device, hear):
            opened.append(hear(48000.0))
            return SimpleNamespace(active=True, close=closed.set)

    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(module, "LOOK", 0.01)
    audio = AudioInput("", print, Sound, retry=0.01)
    audio.start()
    try:
        wait = threading.Event()
        while not opened:
            wait.wait(0.005)
        opened[0](np.sin(np.arange(1024) / 20).astype(np.float32))
        assert audio.levels().level > 0.5
        now[0] += STALE - 0.01
        assert audio.levels().level > 0.5
        now[0] += 0.02
        assert audio.levels() is SILENCE and len(opened) == 1
        now[0] += module.LOST
        assert closed.wait(20)
        while len(opened) < 2:
            wait.wait(0.005)
    finally:
        audio.stop()


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf")])
def test_a_rate_that_is_none_is_a_fault_of_the_device(rate):
    faults = []
    audio = AudioInput("usb", faults.append, lambda: SimpleNamespace(open=lambda device, hear: hear(rate)), retry=60.0)
    audio.start()
    wait = threading.Event()
    while not faults:
        wait.wait(0.005)
    audio.stop()
    assert faults == [f"control.audio.device: 'usb': cannot be opened (a rate of {rate} Hz); it is tried again while the show runs"]


@pytest.mark.parametrize(("rate", "size"), [(8000, 256), (22050, 512), (192000, 4096), (100.0, 16), (1e9, 1 << 16)])
def test_a_block_is_a_power_of_two_about_forty_a_second(rate, size):
    assert block_size(rate) == size
    assert size in (16, 1 << 16) or 0.7 < rate / size / BLOCKS_A_SECOND < 1.5


def sound(strength, hertz=440.0, rate=48000.0, blocks=40):
    size = block_size(rate)
    return (strength * np.sin(2 * np.pi * hertz * np.arange(blocks * size) / rate)).astype(np.float32).reshape(blocks, size)


def test_a_level_falls_by_its_time_constant_and_the_gain_by_a_much_longer_one():
    analyser = Analyser(48000.0)
    for block in sound(0.5):
        analyser.feed(block)
    seconds, silence = analyser.size / 48000.0, np.zeros(analyser.size, np.float32)
    falling = [analyser.feed(silence).level for _ in range(8)]
    ratio = falling[-1] / falling[-2]
    assert ratio == pytest.approx(np.exp(-seconds / RELEASE) / np.exp(-seconds / GAIN_RELEASE), rel=1e-6)


def test_what_is_never_loud_is_not_made_loud():
    root = np.sqrt(2)
    for loud, level in ((0.5 * QUIET, 0.5), (0.25 * QUIET, 0.25)):
        analyser = Analyser(48000.0)
        last = [analyser.feed(block) for block in sound(loud * root)][-1]
        assert last.level == pytest.approx(level, rel=0.02)  # half of the least that counts as loud is half


@pytest.mark.parametrize(("hertz", "band"), [(35.0, "low"), (240.0, "low"), (2200.0, "high")])
def test_the_bands_begin_and_end_where_they_should(hertz, band):
    analyser = Analyser(48000.0)
    last = [analyser.feed(block) for block in sound(0.3, hertz, blocks=80)][-1]
    levels = {name: getattr(last, name) for name in ("low", "mid", "high")}
    assert max(levels, key=levels.get) == band and levels[band] > 0.8


# The beat


class Show:
    def __init__(self, bpm=120.0):
        self.now = 0.0
        self.state = ControlState(parameter_table((), ()), {"transport/bpm": bpm})
        self.tempo = Tempo(self.state, lambda: self.now)

    def tap(self, *moments):
        for self.now in moments:
            self.tempo.tap(self.now)

    def clock(self, count, seconds):
        for _ in range(count):
            self.tempo.clock_tick(self.now)
            self.now += seconds


@pytest.mark.parametrize(
    ("interval", "one"),
    [
        (0.5, 0.5),
        (1.0, 0.5),
        (1.5, 0.5),
        (0.5 * (1 + TOLERANCE) - 1e-6, 0.575),
        (0.5 * (1 + TOLERANCE) + 1e-6, None),
        (0.42, None),
        (0.1, None),
        (0.74, None),
    ],
)
def test_an_interval_speaks_for_one_beat_though_some_were_left_out(interval, one):
    found = _one_beat(interval, 0.5)
    assert found is None if one is None else found == pytest.approx(one, abs=1e-5)


def test_the_line_through_ticks_is_that_of_least_squares():
    times = [3.0, 3.6, 3.9, 4.6, 5.0, 5.4]
    slope, start = np.polyfit(range(6), times, 1)
    assert _line(times) == pytest.approx((start, slope))


def test_a_first_tap_keeps_the_tempo_and_the_next_sets_it_and_two_seconds_later_it_begins_anew():
    show = Show()
    show.tap(10.0)
    assert show.tempo.bpm == 120.0
    show.tap(10.75)
    assert show.tempo.bpm == pytest.approx(80.0)
    fresh = Show()
    fresh.tap(1.0, 1.0 + FORGET + 0.01, 1.0 + FORGET + 0.51)
    assert fresh.tempo.bpm == pytest.approx(120.0)  # the first is forgotten: one interval of half a second
    fresh.tap(1.0 + FORGET + 0.51)  # the same moment twice is no interval
    assert fresh.tempo.bpm == pytest.approx(120.0)


def test_a_tempo_stays_within_the_control_s_range():
    show = Show()
    show.tap(*(k * 0.05 for k in range(9)))
    assert show.tempo.bpm == 300.0
    slow = Show()
    slow.clock(2 * TICKS, 60 / (10 * TICKS))
    assert slow.tempo.bpm == 20.0


def test_a_change_is_told_to_the_control_once_and_only_where_it_can_be_heard():
    show, heard = Show(), []
    show.tempo.step(0.0)
    show.state.subscribe(heard.append)
    show.tap(1.0, 1.5 + 0.9 * NEWS / 240)
    show.tempo.step(show.now)
    assert heard == []
    show.tap(9.0, 9.6)
    show.tempo.step(show.now)
    show.tempo.step(show.now)
    assert [(change.name, change.value, change.source) for change in heard] == [("transport/bpm", 100.0, "tempo")]


def test_a_clock_has_the_tempo_after_some_ticks_and_taps_do_not_count_beside_it():
    show = Show()
    show.clock(ENOUGH - 1, 60 / (90 * TICKS))
    assert show.tempo.bpm == 120.0
    show.clock(1, 60 / (90 * TICKS))
    assert show.tempo.bpm == pytest.approx(90.0)
    show.tap(show.now, show.now + 0.3)
    assert show.tempo.bpm == pytest.approx(90.0)
    show.tap(show.now + LOST + 0.1, show.now + 2 * LOST + 0.1)
    assert show.tempo.bpm == pytest.approx(60 / LOST)


def test_a_start_s_next_tick_is_the_nearest_bar_s_first_beat():
    show = Show()
    show.now = 3.2  # beat 6.4: the nearest bar began with beat 8
    show.tempo.start(show.now)
    show.clock(3 * TICKS, 60 / (120 * TICKS))
    show.now -= 60 / (120 * TICKS)
    assert show.tempo._true(show.now) == pytest.approx(2 * BAR + (3 * TICKS - 1) / TICKS, abs=0.01)


def test_after_a_stop_the_beat_runs_on_and_a_clock_that_comes_back_falls_in_with_it():
    show = Show()
    show.clock(2 * TICKS, 60 / (100 * TICKS))
    show.tempo.stop(show.now)
    before = show.tempo.beat(show.now)
    show.now += 0.6
    assert show.tempo.beat(show.now) == pytest.approx(before + 1.0, abs=0.02)
    show.now += 5.0
    there = show.tempo.beat(show.now)
    show.clock(TICKS, 60 / (100 * TICKS))
    assert show.tempo.beat(show.now) == pytest.approx(there + 1.0, abs=0.06)


def test_a_tap_beside_the_beat_is_glided_to_within_two_beats():
    show = Show()
    show.tap(10.1)  # a fifth of a beat late: the beat is here
    left = [show.tempo.beat(10.1 + k / 2) - (20.0 + k) for k in range(5)]
    assert left[0] == pytest.approx(0.2, abs=1e-6) and left == sorted(left, reverse=True) and left[2] < 0.01 < left[1]
    show.tempo.close()
    show.state.set("transport/bpm", 60.0, "osc")
    assert show.tempo.bpm == 120.0  # it hears nothing any more


def beside(beat):
    """Beats beside the nearest whole one, -0.5…0.5."""
    return (beat + 0.5) % 1 - 0.5


def test_the_slowest_beat_that_can_be_tapped_has_two_seconds():
    show = Show()
    show.tap(1.0, 1.0 + FORGET, 1.0 + 2 * FORGET)
    assert show.tempo.bpm == pytest.approx(60 / FORGET)


def test_a_tap_that_slips_moves_neither_tempo_nor_beat():
    show = Show()
    show.tap(1.0, 1.6, 2.2, 2.8)  # off the 120 a minute before
    show.now = 5.0
    there = show.tempo.beat(show.now)
    assert beside(show.tempo.beat(5.2)) == pytest.approx(0.0, abs=0.01)
    fresh = Show()
    fresh.tap(1.0, 1.6, 2.2, 2.8, 2.95)
    assert fresh.tempo.beat(5.0) == pytest.approx(there, abs=0.02) and fresh.tempo.bpm == pytest.approx(100.0)


def test_the_last_of_taps_that_agree_on_nothing_is_a_beat():
    show = Show(bpm=100.0)
    show.tap(1.0, 1.6, 2.0)
    assert show.tempo.bpm == pytest.approx(120.0)
    assert beside(show.tempo.beat(2.0 + 4.0)) == pytest.approx(0.0, abs=0.01)


def test_a_tempo_that_a_hand_has_set_since_is_told_again_by_taps():
    show, heard = Show(), []
    show.state.set("transport/bpm", 90.0, "osc")
    show.state.subscribe(heard.append)
    show.tap(1.0, 1.5, 2.0)  # as fast as the show began
    show.tempo.step(show.now)
    assert [change.value for change in heard] == [120.0]
    show.tap(9.0, 9.0 + 60 / 120.2)
    show.tempo.step(show.now)
    assert [change.value for change in heard[1:]] == [120.2]  # more than a hair is told


def test_ticks_that_come_in_pairs_give_their_tempo():
    show = Show()
    for _ in range(2 * TICKS):
        show.tempo.clock_tick(show.now)
        show.tempo.clock_tick(show.now)
        show.now += 2 * 60 / (90 * TICKS)
    assert show.tempo.bpm == pytest.approx(90.0, abs=0.5)


@pytest.mark.parametrize("silence", [LOST + 0.3, -2.0])
def test_a_clock_that_was_silent_or_whose_time_went_back_is_read_anew(silence):
    show, step = Show(), 60 / (90 * TICKS)
    show.now = 50.0
    show.clock(3 * TICKS, step)
    show.now += silence
    show.clock(ENOUGH - 1, step)
    assert show.tempo.bpm == pytest.approx(90.0)
    show.clock(2 * TICKS, 60 / (150 * TICKS))
    assert show.tempo.bpm > 100.0
    show.clock(2 * TICKS, 60 / (150 * TICKS))
    assert show.tempo.bpm == pytest.approx(150.0)


def test_a_start_that_sets_the_beat_back_slows_it_and_never_turns_it_round():
    for begin in (2.4, 2.9):  # beats 4.8 and 5.8: back to the bar that began with 4
        show = Show()
        show.now = begin
        show.tempo.start(show.now)
        beats = []
        for _ in range(20 * TICKS):
            show.tempo.clock_tick(show.now)
            beats.append(show.tempo.beat(show.now))
            show.now += 60 / (120 * TICKS)
        assert all(b > a for a, b in itertools.pairwise(beats))
        assert beats[-1] == pytest.approx(BAR + (20 * TICKS - 1) / TICKS, abs=0.05)


def test_after_a_clock_s_stop_a_tap_counts_at_once():
    show = Show()
    show.clock(2 * TICKS, 60 / (100 * TICKS))
    show.tempo.stop(show.now)
    show.tap(show.now + 0.1, show.now + 0.5)
    assert show.tempo.bpm == pytest.approx(150.0)


def test_a_first_tick_without_a_start_falls_where_the_beat_is():
    show = Show()
    show.now = 3.1
    there = show.tempo.beat(show.now)
    show.clock(6 * TICKS, 60 / (120 * TICKS))
    assert show.tempo.beat(show.now) == pytest.approx(there + 6, abs=0.6 / TICKS)  # to the tick


# A device that gives trouble


class Shaky:
    """A device whose cable a test pulls, and that cannot even be closed."""

    def __init__(self):
        self.plugged, self.opened = True, 0

    def open(self, device, hear):
        if not self.plugged:
            raise RuntimeError("the driver has crashed")
        self.opened += 1
        return self

    @property
    def active(self):
        return self.plugged

    def close(self):
        raise RuntimeError("it is gone already")


def test_a_device_that_is_lost_twice_is_told_twice_and_one_that_cannot_be_closed_is_opened_anew(monkeypatch):
    monkeypatch.setattr(module, "LOOK", 0.005)
    shaky, faults = Shaky(), []
    audio = AudioInput("usb", faults.append, lambda: shaky, retry=0.005)
    audio.start()
    for times in (1, 2):
        until(lambda times=times: shaky.opened == times)
        shaky.plugged = False
        until(lambda times=times: len(faults) == times)
        shaky.plugged = True
    until(lambda: shaky.opened == 3)
    audio.stop()
    assert set(faults) == {"control.audio.device: 'usb': cannot be opened (the driver has crashed); it is tried again while the show runs"}
    assert len(faults) == 2


def test_a_device_that_takes_its_time_to_begin_is_left_alone_until_it_counts_as_lost(monkeypatch):
    now, looks, opened = [100.0], [], []

    class Slow:
        def open(self, device, hear):
            opened.append(now[0])
            return self

        @property
        def active(self):
            looks.append(now[0])
            return True

        def close(self):
            pass

    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(module, "LOOK", 0.001)
    audio = AudioInput("", print, Slow)
    audio.start()
    until(lambda: len(looks) > 3)
    now[0] += module.LOST
    until(lambda: looks.count(now[0]) > 3)
    assert opened == [100.0]
    now[0] += 0.01
    until(lambda: len(opened) == 2)
    audio.stop()
