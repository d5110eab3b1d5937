"""The measure of flicker: a steady edit has none, one that jumps has, and a clip goes through the mirror's own stages."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from benchmarks.edit_flicker import SIDE, flicker, squares, standing
from installation.assembly.networks import models_of
from installation.config import load_config
from installation.darkroom.sitting import open_bench
from installation.styles.library import Library

CLIP = Path(__file__).parent / "data" / "please.mkv"


def moving(count: int) -> list[np.ndarray]:
    """A picture that slides by, as a face turns."""
    wide = np.random.default_rng(0).integers(60, 180, (SIDE // 8, SIDE // 8 + count, 3), dtype=np.uint8)
    large = wide.repeat(8, 0).repeat(8, 1)
    return [large[:, 3 * k : 3 * k + SIDE].copy() for k in range(count)]


def test_an_edit_that_lies_still_is_as_steady_as_its_sitter():
    plain = moving(8)
    steady = flicker([(one, one + 40) for one in plain])
    assert (steady.face, steady.whole, steady.worst, steady.added, steady.pairs) == pytest.approx((1, 1, 1, 0, 7))


def test_an_edit_that_jumps_flickers():
    plain = moving(8)
    jumping = flicker([(one, one + np.uint8(30 * (k % 2))) for k, one in enumerate(plain)])
    assert jumping.face > 1.3 and jumping.added > 1
    outside = [one.copy() for one in plain]
    for k, one in enumerate(outside):
        one[:20, :20] += np.uint8(60 * (k % 2))
    corner = flicker(list(zip(plain, outside, strict=True)))
    assert corner.face == pytest.approx(1) and corner.whole > 1.01


def test_a_single_jump_shows_among_the_worst():
    plain = moving(20)
    edited = [one + np.uint8(50 * (k >= 10)) for k, one in enumerate(plain)]
    found = flicker(list(zip(plain, edited, strict=True)))
    assert found.worst > found.face > 1


def test_frames_without_a_face_are_no_pair():
    plain = moving(6)
    pairs = [(one, one) for one in plain]
    assert flicker([*pairs[:3], None, *pairs[3:]]).pairs == 4
    with pytest.raises(ValueError, match="no face moves"):
        flicker([pairs[0], None, pairs[1]])


def test_a_still_has_noise_and_nothing_else():
    (first, rate), (second, _) = islice(standing(CLIP), 2)
    again = next(iter(standing(CLIP)))[0]
    away = np.abs(first.astype(int) - second)
    assert np.array_equal(first, again) and rate > 0 and 1 < away.mean() < 4 and away.max() < 20


def test_a_clip_is_edited_as_the_mirror_does_it():
    config = load_config(None, ["engine.backend=eager"])
    models = models_of(config)
    bench = open_bench(config, models, Library(config.models.styles).look()[0])
    try:
        shown = [pair for pair in squares(bench, CLIP, "age", 1.0, 6) if pair is not None]
    finally:
        bench.networks.encode.close()
    assert len(shown) > 2 and shown[-1][0].shape == (SIDE, SIDE, 3)
    assert np.abs(shown[-1][0].astype(int) - shown[-1][1]).mean() > 0.3  # the editor is at work
    assert not np.shares_memory(shown[0][1], shown[-1][1])
