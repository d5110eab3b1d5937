"""The beat of a sound file: when each beat is, found in the whole of it at once.

Onsets (rises of loudness in bands that are spaced as the ear hears), their period (autocorrelation, weighted toward the tempo at which
people tap), and the series of beats that fits both best (dynamic programming): Ellis 2007, "Beat Tracking by Dynamic Programming".
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from installation.darkroom.soundtrack import sound_of
from installation.errors import SourceError

Array = NDArray[np.float64]
RATE = 22_050  # Hz
HOP, WINDOW = 256, 1024  # samples between two looks, and in each
BANDS, LOWEST, HIGHEST = 32, 40.0, 8_000.0  # Hz
EDGES = (250.0, 2_000.0)  # Hz between low, middle and high bands
SHARES = (1.0, 0.3, 0.15)  # of each in an onset: the drum makes the beat, the cymbals divide it
QUIET = 0.15  # of the liveliest part's deviation: what moves less is noise and is not made loud
USUAL_BPM, OCTAVES = 120.0, 1.4  # where people tap, and the deviation around it
SLOWEST, FASTEST = 40.0, 240.0  # beats a minute
TIGHTNESS = 100.0  # how much a beat that comes early or late costs
MOST_SECONDS = 1800.0
SMOOTH = 0.4  # s of the mean that onsets are seen against


@dataclass(frozen=True, slots=True)
class Beats:
    """times: s, of every beat. bpm: beats a minute, at the median. seconds: of the whole sound."""

    times: tuple[float, ...]
    bpm: float
    seconds: float


def beats_of(path: Path) -> Beats:
    """Of a sound file, or of a clip's sound. Raises SourceError where there is none, or no beat in it."""
    sound = read_sound(path)
    seconds = len(sound) / RATE
    times = beat_times(sound)
    if len(times) < 2:
        raise SourceError(f"{path}: no beat is found in it; name a steady tempo with --bpm")
    return Beats(tuple(times), 60.0 / float(np.median(np.diff(times))), seconds)


def read_sound(path: Path) -> Array:
    """Mono samples in -1…1 at ``RATE``, at most half an hour; of a damaged file what comes before the damage, and a line that says so.
    Raises SourceError."""
    import av

    parts: list[NDArray[np.float32]] = []
    count = 0
    try:
        with av.open(str(path)) as file:
            sound = sound_of(file)
            if sound is None:
                raise SourceError(f"{path}: holds no sound")
            resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
            for frame in file.decode(sound):
                parts += [one.to_ndarray()[0] for one in resampler.resample(frame)]
                count += frame.samples
                if count > MOST_SECONDS * (frame.sample_rate or RATE):
                    raise SourceError(f"{path}: is longer than {MOST_SECONDS / 60:.0f} minutes; cut it")
            parts += [one.to_ndarray()[0] for one in resampler.resample(None)]
    except (av.FFmpegError, OSError, ValueError) as err:  # ValueError: it changes its channels or its rate on the way
        if not parts:
            raise SourceError(f"{path}: no sound that can be read ({getattr(err, 'strerror', None) or err})") from err
        print(f"facets: {path}: its sound ends early ({err})", file=sys.stderr)
    samples = np.concatenate(parts).astype(np.float64) if parts else np.zeros(0)
    if not len(samples):
        raise SourceError(f"{path}: holds no sound")
    return np.nan_to_num(samples)


def beat_times(sound: Array) -> list[float]:
    """s, of the beats in mono samples at ``RATE``; empty where there is none."""
    onsets = onset_strength(sound)
    if not onsets.any():
        return []
    period = _period(onsets)
    return [(place * HOP + WINDOW / 2) / RATE for place in _best_series(onsets, period)]


def onset_strength(sound: Array) -> Array:
    """[looks]: how much the sound's bands rise, of unit deviation, 0 where nothing does."""
    if len(sound) < 4 * WINDOW:
        return np.zeros(0)
    count = (len(sound) - WINDOW) // HOP + 1
    bank, window = _bands(), np.hanning(WINDOW)
    levels = np.empty((count, BANDS))
    for start in range(0, count, 2048):  # in parts: half an hour would be a gigabyte
        places = np.arange(start, min(count, start + 2048))
        frames = sound[places[:, None] * HOP + np.arange(WINDOW)] * window
        levels[start : start + len(places)] = np.log1p(100.0 * (np.abs(np.fft.rfft(frames, axis=1)) @ bank.T))
    rises = np.maximum(0.0, np.diff(levels, axis=0, prepend=levels[:1]))
    low, middle = (int(np.searchsorted(_edges()[1:-1], edge)) for edge in EDGES)
    parts = [_above_its_mean(part.mean(axis=1)) for part in (rises[:, :low], rises[:, low:middle], rises[:, middle:])]
    most = max(float(part.std()) for part in parts)
    if most < 1e-6:
        return np.zeros(count)
    whole = sum(share * part / max(float(part.std()), QUIET * most) for share, part in zip(SHARES, parts, strict=True))
    return np.asarray(whole / float(np.std(whole)))


def _above_its_mean(rises: Array) -> Array:
    """What stands out of the mean around it."""
    width = max(1, round(SMOOTH * RATE / HOP))
    return np.maximum(0.0, rises - np.convolve(rises, np.ones(width) / width, mode="same"))


def _edges() -> Array:
    """[BANDS + 2] Hz, evenly spaced on the mel scale."""
    mel = np.linspace(_mel(LOWEST), _mel(HIGHEST), BANDS + 2)
    return np.asarray(700.0 * (10.0 ** (mel / 2595.0) - 1.0))


def _bands() -> Array:
    """[BANDS, bins]: triangles between every second edge."""
    edges = _edges()
    bins = np.fft.rfftfreq(WINDOW, 1 / RATE)
    up = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    down = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    bank = np.maximum(0.0, np.minimum(up, down))
    return np.asarray(bank / np.maximum(bank.sum(axis=1, keepdims=True), 1e-9))


def _mel(hertz: float) -> float:
    return 2595.0 * math.log10(1.0 + hertz / 700.0)


def _period(onsets: Array) -> float:
    """Looks from beat to beat."""
    a_minute = 60.0 * RATE / HOP
    lags = np.arange(math.ceil(a_minute / FASTEST), min(len(onsets) - 1, math.floor(a_minute / SLOWEST)) + 1)
    if not len(lags):
        return a_minute / USUAL_BPM
    # A period that is no whole number of looks falls on two of them: blurred, they count as one.
    onsets = np.convolve(onsets, [0.05, 0.25, 0.4, 0.25, 0.05], mode="same")
    padded = 1 << (2 * len(onsets) - 1).bit_length()
    power = np.abs(np.fft.rfft(onsets - onsets.mean(), padded)) ** 2
    alike = np.fft.irfft(power)[: lags[-1] + 2]
    weight = np.exp(-0.5 * (np.log2(a_minute / lags / USUAL_BPM) / OCTAVES) ** 2)
    best = int(lags[np.argmax(alike[lags] * weight)])
    # The top of the parabola through the best lag and its neighbours: a look is a tenth of a beat's precision.
    low, mid, high = alike[best - 1], alike[best], alike[best + 1]
    bend = low - 2 * mid + high
    return best + (0.5 * (low - high) / bend if bend < 0 else 0.0)


def _best_series(onsets: Array, period: float) -> list[int]:
    """Places of the beats: on strong onsets, and about a period from one to the next."""
    reach = np.arange(-round(2 * period), -max(1, round(period / 2)) + 1)
    cost = -TIGHTNESS * np.log(-reach / period) ** 2
    score, before = onsets.copy(), np.full(len(onsets), -1)
    for place in range(-int(reach[0]), len(onsets)):
        found = score[place + reach] + cost
        best = int(np.argmax(found))
        if found[best] > 0:
            score[place] += found[best]
            before[place] = place + reach[best]
    tail = max(0, len(onsets) - round(1.5 * period))
    place = tail + int(np.argmax(score[tail:]))
    series = []
    while place >= 0:
        series.append(place)
        place = int(before[place])
    series.reverse()
    strong = [place for place in series if onsets[max(0, place - 3) : place + 4].max() > 0.25]
    return [place for place in series if strong and strong[0] <= place <= strong[-1]]
