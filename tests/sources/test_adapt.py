"""Whatever a driver gives: brought into the program's form, or left out."""

import numpy as np
import pytest

from installation.sources.adapt import adapted

SOUND = np.random.default_rng(1).integers(0, 256, (6, 8, 3), np.uint8)


def test_a_picture_in_our_form_is_not_even_copied() -> None:
    assert adapted(SOUND, 100) is SOUND


@pytest.mark.parametrize(
    "given",
    [SOUND[..., 0], SOUND[..., :1], np.dstack([SOUND, SOUND[..., 0]]), SOUND.astype(np.uint16) << 8],
    ids=["grey", "one channel", "transparent", "16 bits"],
)
def test_other_formats_are_brought_into_ours(given: np.ndarray) -> None:
    image = adapted(given, 100)
    assert image is not None and image.dtype == np.uint8 and image.shape == (6, 8, 3) and image.flags.c_contiguous
    grey = given.ndim == 2 or given.shape[2] == 1
    assert np.array_equal(image, np.repeat(SOUND[..., :1], 3, axis=2) if grey else SOUND)


@pytest.mark.parametrize(
    "given",
    [None, b"\xff\xd8", SOUND[:0], SOUND[:, :0], SOUND.reshape(-1), SOUND[None], SOUND[..., :2], SOUND.astype(np.float32), SOUND > 3],
)
def test_what_is_no_picture_is_left_out(given: object) -> None:
    assert adapted(given, 100) is None


def test_a_side_that_is_too_long_is_scaled_down() -> None:
    image = adapted(np.full((10, 400, 3), 7, np.uint8), 100)
    assert image is not None and image.shape == (2, 100, 3) and (image == 7).all()
