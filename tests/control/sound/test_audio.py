import builtins
import itertools
import math
import sys
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest

from installation.config import AudioConfig, ControlConfig, MidiConfig, OscConfig, WebConfig
from installation.control.desk import ControlDesk
from installation.control.desk_links import DeskLinks
from installation.control.installed import Installed
from installation.control.sound.audio import AudioInput, PortAudio
from installation.control.sound.levels import Analyser, block_size
from installation.control.sound.tempo import Tempo
from installation.control.state import ControlState
from installation.control.ways import open_audio
from installation.errors import ConfigError
from installation.latents.oscillators import SILENCE

RATES = (16000, 44100, 48000, 96000)
BLOCK = 1024  # at 48 kHz


def tone(hertz: float, rate: int, strength: float = 0.3, seconds: float = 1.0) -> np.ndarray:
    """[blocks, samples]"""
    size = block_size(rate)
    count = int(seconds * rate / size) + 1
    return (strength * np.sin(2 * math.pi * hertz * np.arange(count * size) / rate)).astype(np.float32).reshape(count, size)


def heard(analyser: Analyser, blocks: np.ndarray):
    return [analyser.feed(block) for block in blocks]


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("hertz, band", [(100, "low"), (700, "mid"), (1500, "mid"), (5000, "high"), (7000, "high")])
def test_a_tone_is_heard_in_its_band_alone(rate, hertz, band):
    last = heard(Analyser(rate), tone(hertz, rate))[-1]
    assert last.level > 0.95 and getattr(last, band) > 0.95
    assert all(getattr(last, other) < 0.1 for other in {"low", "mid", "high"} - {band})


def test_blocks_are_1024_samples_at_the_usual_rates():
    assert [block_size(rate) for rate in (44100, 48000, 96000, 16000)] == [1024, 1024, 2048, 512]


def test_silence_hum_and_rumble_are_nothing():
    analyser = Analyser(48000)
    assert all(levels is SILENCE for levels in heard(analyser, np.zeros((20, BLOCK), np.float32)))
    offset = heard(Analyser(48000), np.full((40, BLOCK), 0.2, np.float32))
    assert offset[-1].level < 0.05  # the offset of a cheap input is no sound
    noise = np.random.default_rng(1).normal(0, 1e-4, (100, BLOCK)).astype(np.float32)
    assert max(levels.level for levels in heard(Analyser(48000), noise)) < 0.05


def test_quiet_and_loud_music_fill_the_same_range():
    for strength in (0.03, 0.9):
        beats = np.concatenate([np.concatenate([tone(80, 48000, strength, 0.1), np.zeros((18, BLOCK), np.float32)]) for _ in range(12)])
        levels = [one.level for one in heard(Analyser(48000), beats)][len(beats) // 2 :]
        assert 0.9 < max(levels) <= 1 and min(levels) < 0.2


def test_the_gain_gives_way_at_once_and_comes_back_slowly():
    analyser = Analyser(48000)
    heard(analyser, tone(440, 48000, 0.8))
    after = heard(analyser, tone(440, 48000, 0.08, 60.0))
    assert after[40].level < 0.2 and after[-1].level > 0.95


def test_levels_rise_at_once_and_fall_to_nothing_gently():
    analyser = Analyser(44100)
    up = [one.level for one in heard(analyser, tone(300, 44100, 0.5, 0.3))]
    down = [one.level for one in heard(analyser, np.zeros((120, BLOCK), np.float32))]
    assert up[1] > 0.7
    assert down[0] > 0.6 and all(a >= b for a, b in itertools.pairwise(down)) and down[-1] == 0


def test_two_channels_are_one_sound_and_nonsense_is_silence():
    mono = tone(440, 48000)
    stereo = np.stack([mono, mono], axis=2)
    assert heard(Analyser(48000), stereo) == heard(Analyser(48000), mono)
    left = np.stack([mono, np.zeros_like(mono)], axis=2)
    assert heard(Analyser(48000), left) == heard(Analyser(48000), mono / 2) == heard(Analyser(48000), left[..., ::-1])
    analyser = Analyser(48000)
    for bad in (np.nan, np.inf, 3e38):
        levels = analyser.feed(np.full(BLOCK, bad, np.float32))
        assert all(0 <= one <= 1 for one in (levels.level, levels.low, levels.mid, levels.high))
    assert heard(analyser, mono)[-1].level > 0.9  # and it hears again
    with pytest.raises(ValueError, match="got 12, expected 1024"):
        analyser.feed(np.zeros(12, np.float32))


class Microphone:
    """A stand-in for the system's sound: blocks of a tone from a thread, a cable that can be pulled."""

    def __init__(self) -> None:
        self.plugged, self.opened = True, 0
        self.streams = []

    def open(self, device, hear):
        if not self.plugged:
            raise OSError("there is no such input")
        take, self.opened = hear(48000.0), self.opened + 1
        stream = SimpleNamespace(active=True, closed=False)

        def play():
            while stream.active:
                if not self.plugged:
                    stream.active = False
                    return
                take(tone(100, 48000, seconds=0)[0][:, None])
                time.sleep(0.005)

        def close():
            stream.active, stream.closed = False, True

        stream.close = close
        self.streams.append(stream)
        threading.Thread(target=play, daemon=True).start()
        return stream


def until(true):
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_a_device_that_is_lost_is_silence_until_it_is_back():
    microphone, faults = Microphone(), []
    audio = AudioInput("usb", faults.append, lambda: microphone, retry=0.02)
    assert audio.levels() is SILENCE
    audio.start()
    try:
        until(lambda: audio.levels().low > 0.9)
        microphone.plugged = False
        until(lambda: faults)
        assert audio.levels() is SILENCE
        time.sleep(0.1)
        assert len(faults) == 1 and "'usb'" in faults[0]  # said once, tried often
        microphone.plugged = True
        until(lambda: audio.levels().low > 0.9)
        assert microphone.opened == 2
    finally:
        audio.stop()
    assert audio.levels() is SILENCE and all(stream.closed for stream in microphone.streams)


def test_what_is_missing_is_named(monkeypatch):
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    real = builtins.__import__

    def without(error):
        def load(name, *args, **kwargs):
            if name == "sounddevice":
                raise error
            return real(name, *args, **kwargs)

        return load

    for error, word in ((ImportError("no"), "pip install sounddevice"), (OSError("PortAudio library not found"), "libportaudio2")):
        monkeypatch.setattr(builtins, "__import__", without(error))
        with pytest.raises(ConfigError, match=word):
            AudioInput("", print, PortAudio).start()


def test_a_desk_that_is_not_told_to_listen_never_loads_the_sound():
    sys.modules.pop("installation.control.sound.audio", None)
    installed = Installed((), (), ())
    config = ControlConfig(
        osc=OscConfig(enabled=False), web=WebConfig(enabled=False), midi=MidiConfig(enabled=False), audio=AudioConfig(enabled=False)
    )
    state = ControlState(installed.table())
    audio = open_audio(config.audio, print)
    desk = ControlDesk(config, state, installed, DeskLinks(lambda: None, print, Tempo(state, float), float, audio=audio))
    desk.start()
    assert desk.levels() is SILENCE and "installation.control.sound.audio" not in sys.modules
    desk.stop()
