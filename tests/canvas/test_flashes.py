"""The count of flashes and what is let through of each picture, number by number."""

import math

import numpy as np
import pytest

from installation.canvas.flashes import (
    CALM_SECONDS,
    CELLS,
    MOST_CHANGES,
    RELEASE_SECONDS,
    SAMPLES,
    WINDOW_SECONDS,
    FlashCount,
    FlashLimiter,
    sample_size,
    signal,
)

NO_RED = np.zeros((1, 8), np.float32)


def grey(level, width=320, height=180):
    """Samples of a canvas of one grey."""
    columns, rows = sample_size(width, height)
    return np.full((rows, columns, 3), level, np.uint8)


def light(luminance):
    """Both signals of eight cells of the same luminance 0…1, with no red."""
    return np.concatenate([np.full((1, 8), luminance, np.float32), NO_RED])


def count_of(luminances, seconds=0.02):
    """A count that was shown these, one after the other; and the moment of the next."""
    count = FlashCount(light(luminances[0]))
    for i, one in enumerate(luminances):
        count.add(light(one), i * seconds)
    return count, len(luminances) * seconds


@pytest.mark.parametrize(
    ("level", "luminance"),
    [(0, 0.0), (5, 0.0015176), (10, 0.0030353), (11, 0.0033465), (64, 0.0512695), (128, 0.2158605), (200, 0.5775804), (255, 1.0)],
)
def test_luminance_is_that_of_srgb(level, luminance):
    """The pairs are those of IEC 61966-2-1, worked out elsewhere."""
    assert signal(grey(level))[0] == pytest.approx(luminance, rel=2e-3, abs=1e-6)


def test_green_is_the_brightest_and_blue_the_darkest():
    for channel, share in enumerate((0.2126, 0.7152, 0.0722)):
        samples = grey(0)
        samples[..., channel] = 255
        assert signal(samples)[0] == pytest.approx(share, abs=1e-3)


@pytest.mark.parametrize(
    ("colour", "red"),
    [
        ((148, 0, 0), 0.2961),
        ((148, 8, 4), 0.2961 - 0.0024 - 0.0012),
        ((255, 0, 0), 1.0),
        ((255, 137, 0), 1.0 - 0.2502),  # four fifths of its light are red
        ((255, 0, 137), 1.0 - 0.2502),
        ((255, 158, 0), 0.0),  # 73 parts in a hundred are
        ((255, 0, 158), 0.0),
        ((255, 117, 117), 0.0),
        ((255, 105, 105), 1.0 - 2 * 0.1413),
        ((20, 20, 230), 0.0),
        ((20, 230, 20), 0.0),
        ((255, 255, 255), 0.0),
        ((0, 0, 0), 0.0),
    ],
)
def test_only_a_saturated_red_is_a_red_signal(colour, red):
    """Three quarters of the light at least, as WCAG has it (relative, of the linear R, G and B)."""
    assert signal(np.broadcast_to(np.uint8(colour), grey(0).shape).copy())[1] == pytest.approx(red, abs=2e-3)


@pytest.mark.parametrize(
    ("canvas", "samples"), [((320, 180), (160, 90)), ((180, 320), (90, 160)), ((1920, 1080), (160, 90)), ((400, 400), (160, 160))]
)
def test_the_longer_side_has_its_cells_and_the_other_as_many_as_are_square(canvas, samples):
    assert sample_size(*canvas) == samples == tuple(SAMPLES * round(CELLS * side / max(canvas)) for side in canvas)
    assert sample_size(10_000, 10) == (160, 2 * SAMPLES)  # at least two cells
    assert signal(np.zeros((samples[1], samples[0], 3), np.uint8)).shape == (2, samples[0] * samples[1] // SAMPLES**2)


def test_each_cell_is_the_mean_of_its_own_samples():
    samples = grey(0)
    samples[SAMPLES : 2 * SAMPLES, 2 * SAMPLES : 3 * SAMPLES] = 255  # the third cell of the second row
    samples[0, 0] = 255  # one sample in twenty-five of the first
    cells = signal(samples)[0].reshape(-1, samples.shape[1] // SAMPLES)
    assert cells[1, 2] == pytest.approx(1.0) and cells[0, 0] == pytest.approx(1 / SAMPLES**2)
    assert np.count_nonzero(cells) == 2


@pytest.mark.parametrize("way", [1, -1])
def test_a_long_way_in_one_direction_is_one_change_however_many_steps_it_takes(way):
    steps = [0.05, 0.13, 0.21, 0.29, 0.37, 0.45, 0.53, 0.61, 0.69, 0.77][::way]
    count, now = count_of(steps)
    back, forth = light(steps[0]), light(steps[-1])
    for i in range(MOST_CHANGES - 1):  # one change is made: five more are allowed
        assert count.excess(back if i % 2 == 0 else forth, now) == 0.0
        count.add(back if i % 2 == 0 else forth, now)
        now += 0.02
    assert count.excess(forth if MOST_CHANGES % 2 == 0 else back, now) == 1.0


@pytest.mark.parametrize("first", [1, -1])
def test_the_first_change_may_go_either_way(first):
    low, high = 0.2, 0.6
    start, other = (low, high) if first == 1 else (high, low)
    count, now = count_of([start, other, start, other, start, other, start])  # six changes
    assert count.excess(light(other), now) == 1.0
    count, now = count_of([start, other, start, other, start, other])  # five
    assert count.excess(light(start), now) == 0.0


@pytest.mark.parametrize(("step", "counts"), [(0.075, True), (0.065, False)])
def test_a_change_begins_at_seven_hundredths_of_the_largest_luminance(step, counts):
    count, now = count_of([0.3, 0.3 + step] * 4)
    assert (count.excess(light(0.3), now) == 1.0) == counts


@pytest.mark.parametrize(("step", "counts"), [(0.05, True), (0.04, False)])
def test_a_change_of_red_begins_earlier(step, counts):
    dim, red = light(0.1), light(0.1)
    dim[1], red[1] = 0.2, 0.2 + step
    count = FlashCount(dim)
    for i in range(MOST_CHANGES):
        count.add(dim if i % 2 else red, i * 0.02)
    assert (count.excess(red, 1.0) == 1.0) == counts


@pytest.mark.parametrize(("darker", "counts"), [(0.84, True), (0.86, False)])
def test_among_bright_states_nothing_flashes(darker, counts):
    for start, other in ((darker, darker + 0.1), (darker + 0.1, darker)):
        count, now = count_of([start, other] * 4)
        assert (count.excess(light(start), now) == 1.0) == counts


def test_many_small_steps_up_and_down_add_up_to_a_change():
    up = list(np.arange(0.20, 0.44, 0.03))
    count, now = count_of((up + up[::-1]) * 3, 0.01)
    assert count.excess(light(0.44), now) == 1.0


def test_a_change_is_measured_from_the_farthest_point_since_the_last_one():
    """From the top that was reached, not from where the last change was complete."""
    up, further = [0.2, 0.3], [0.2, 0.3, 0.5]
    for shown, back, counted in ((up, 0.24, 1), (up, 0.22, 2), (further, 0.44, 1), (further, 0.42, 2)):
        count, _ = count_of([*shown, back])
        assert int(np.isfinite(count._times[:, 0, 0]).sum()) == counted


def test_the_area_counts_cell_by_cell():
    count = FlashCount(light(0.1))
    for i in range(MOST_CHANGES):
        values = light(0.1)
        values[0, :3] = 0.1 if i % 2 else 0.6
        count.add(values, i * 0.02)
    values = light(0.1)
    values[0, :3] = 0.6
    assert count.excess(values, 0.2) == pytest.approx(3 / 8)
    values[0, 3:] = 0.6  # the first change of the others
    assert count.excess(values, 0.2) == pytest.approx(3 / 8)


def test_changes_are_forgotten_after_the_window():
    count, _ = count_of([0.2, 0.6, 0.2, 0.6, 0.2, 0.6, 0.2], 0.02)
    oldest = 0.02
    assert count.excess(light(0.6), oldest + WINDOW_SECONDS - 0.01) == 1.0
    assert count.excess(light(0.6), oldest + WINDOW_SECONDS + 0.01) == 0.0


def flash(limiter, seconds, now=0.0, fps=60, rate=10):
    """A canvas that goes black and white, shown as far as it may; the shares, and the moment after."""
    shares = []
    for i in range(round(seconds * fps)):
        picture = grey(255 if int(2 * rate * i / fps) % 2 else 0)
        share = limiter.share(picture, now, 1 / fps)
        shares.append(share)
        shown = picture if share >= 1 else mixed(limiter, picture, share)
        limiter.shown(shown, now, whole=share >= 1)
        now += 1 / fps
    return shares, now


def mixed(limiter, picture, share):
    return np.rint(limiter._last + share * (picture.astype(float) - limiter._last)).astype(np.uint8)


def test_the_first_picture_and_one_of_another_size_are_shown_whole():
    limiter = FlashLimiter()
    flash(limiter, 2.0)
    assert limiter.held > 0
    other = grey(255, 180, 320)
    assert limiter.share(other, 2.0, 1 / 60) == 1.0
    assert FlashLimiter().share(other, 2.0, 1 / 60) == 1.0


def test_three_flashes_are_shown_whole_and_then_the_picture_is_calm():
    limiter = FlashLimiter()
    shares, _ = flash(limiter, 1.0)
    whole = shares.index(next(share for share in shares if share < 1))
    assert whole == 3 * 7  # black, then six changes of three pictures each: the seventh is held
    calm = 1 - math.exp(-1 / 60 / CALM_SECONDS)
    assert all(share <= calm + 1e-9 for share in shares[whole:])
    assert max(shares[whole:]) == pytest.approx(calm)
    assert limiter.held == len(shares) - whole


def test_the_picture_is_let_go_a_second_after_the_flashes_and_gently():
    limiter = FlashLimiter()
    _, now = flash(limiter, 2.0)
    shares, moments = [], []
    for _ in range(180):
        picture = grey(100)
        shares.append(limiter.share(picture, now, 1 / 60))
        limiter.shown(mixed(limiter, picture, shares[-1]), now, whole=shares[-1] >= 1)
        moments.append(now)
        now += 1 / 60
    last, calm = limiter._flashing, 1 - math.exp(-1 / 60 / CALM_SECONDS)
    assert moments[0] <= last < moments[0] + WINDOW_SECONDS  # until so many changes lie behind that window
    during = [s for s, t in zip(shares, moments, strict=True) if t < last + RELEASE_SECONDS - 0.02]
    assert during and max(during) <= calm + 1e-9
    after = [s for s, t in zip(shares, moments, strict=True) if t > last + RELEASE_SECONDS + 0.02]
    assert after[0] < 2 * calm and after == sorted(after)
    halfway = next(s for s, t in zip(shares, moments, strict=True) if t > last + 1.5 * RELEASE_SECONDS)
    assert halfway == pytest.approx(1 - math.exp(-1 / 60 / (0.5 * CALM_SECONDS)), rel=0.1)
    assert {s for s, t in zip(shares, moments, strict=True) if t > last + 2 * RELEASE_SECONDS + 0.05} == {1.0}


def test_what_fits_of_a_change_is_found_to_within_a_hundredth():
    """One that may not change any more is shown as far as no change begins."""
    limiter = FlashLimiter()
    dark = grey(0)
    limiter.share(dark, 0.0, 0.01)
    limiter.shown(dark, 0.0, whole=True)
    for i in range(MOST_CHANGES):
        limiter._shown.add(signal(grey(0 if i % 2 else 255)), 0.01 * (i + 1))
    limiter._last = dark
    share = limiter._most(1.0, grey(255), signal(grey(255)), 0.1)
    # The step of luminance is reached by 0.07 = ((level / 255 + 0.055) / 1.055) ** 2.4.
    level = 255 * (1.055 * 0.07 ** (1 / 2.4) - 0.055)
    assert share * 255 < level + 0.5
    assert share * 255 > level - 255 / 2**6 - 1
