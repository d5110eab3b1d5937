"""Beats of sounds whose beats are known."""

import wave

import numpy as np
import pytest

from installation.darkroom.beats import RATE, beat_times, beats_of
from installation.errors import SourceError


def clicks(bpm, seconds=12.0, start=0.3, noise=0.02, accent=4):
    """A drum on every beat, its first one louder, a hat between them, over noise."""
    rng = np.random.default_rng(0)
    sound = rng.normal(size=round(seconds * RATE)) * noise
    beats = np.arange(start, seconds - 0.2, 60 / bpm)
    decay = np.exp(-np.arange(round(0.12 * RATE)) / (0.02 * RATE))
    low = np.sin(2 * np.pi * 70 * np.arange(len(decay)) / RATE) * decay
    for k, beat in enumerate(beats):
        place = round(beat * RATE)
        sound[place : place + len(decay)] += low * (0.9 if k % accent == 0 else 0.6)
        half = round((beat + 30 / bpm) * RATE)
        hat = rng.normal(size=800)[: max(0, len(sound) - half)] * np.exp(-np.arange(800) / 150)[: max(0, len(sound) - half)]
        sound[half : half + len(hat)] += 0.1 * hat
    return sound, beats


@pytest.mark.parametrize("bpm", [75, 96, 120, 128, 150])
def test_a_steady_beat_is_found(bpm):
    sound, beats = clicks(bpm)
    found = np.array(beat_times(sound))
    assert 60 / np.median(np.diff(found)) == pytest.approx(bpm, rel=0.02)
    away = np.abs(found[:, None] - beats[None]).min(axis=1)
    assert np.median(away) < 0.03 and len(found) >= 0.85 * len(beats)


def test_a_tempo_that_drifts_is_followed():
    times = np.cumsum(np.linspace(0.56, 0.48, 24)) + 0.2
    sound = np.random.default_rng(1).normal(size=round((times[-1] + 0.5) * RATE)) * 0.01
    for time in times:
        place = round(time * RATE)
        sound[place : place + 2000] += np.sin(np.arange(2000) / 25) * np.exp(-np.arange(2000) / 400)
    found = np.array(beat_times(sound))
    assert np.median(np.abs(found[:, None] - times[None]).min(axis=1)) < 0.04


def test_silence_and_too_little_have_no_beat():
    assert beat_times(np.zeros(RATE * 3)) == [] and beat_times(np.zeros(10)) == []


def write_wave(path, sound, rate=RATE):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.clip(sound, -1, 1) * 32767).astype(np.int16).tobytes())


def test_a_file_of_another_rate(tmp_path):
    sound, beats = clicks(120, seconds=8)
    write_wave(tmp_path / "a.wav", np.repeat(sound, 2), 2 * RATE)
    found = beats_of(tmp_path / "a.wav")
    assert found.bpm == pytest.approx(120, rel=0.02) and found.seconds == pytest.approx(8, abs=0.05)
    assert np.median(np.abs(np.array(found.times)[:, None] - beats[None]).min(axis=1)) < 0.03


@pytest.mark.parametrize(("write", "reason"), [
    (lambda path: path.write_bytes(b"no sound"), "no sound that can be read"),
    (lambda path: write_wave(path, np.zeros(RATE * 2)), "no beat is found"),
    (lambda path: None, "no sound that can be read"),
])  # fmt: skip
def test_what_has_no_beat_is_told(tmp_path, write, reason):
    write(tmp_path / "a.wav")
    with pytest.raises(SourceError, match=reason):
        beats_of(tmp_path / "a.wav")
