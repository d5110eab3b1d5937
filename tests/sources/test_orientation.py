"""Quarter turns and mirror images, as a person asks for them and as a clip's display matrix says."""

import numpy as np
import pytest

from installation.sources.orientation import Flip, Orientation

PICTURE = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
FLIPPED = {"none": lambda a: a, "horizontal": np.fliplr, "vertical": np.flipud}


@pytest.mark.parametrize("flip", FLIPPED)
@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_a_picture_is_turned_clockwise_then_flipped_as_it_is_seen(rotate: int, flip: Flip) -> None:
    expected = FLIPPED[flip](np.rot90(PICTURE, -rotate // 90))
    laid = Orientation.of(rotate, flip).apply(PICTURE)
    assert np.array_equal(laid, expected) and laid.flags.c_contiguous
    assert (laid is PICTURE) == (rotate == 0 and flip == "none")


ONE = 1 << 16


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        ((ONE, 0, 0, ONE), PICTURE),
        ((0, ONE, -ONE, 0), np.rot90(PICTURE, -1)),
        ((-ONE, 0, 0, -ONE), np.rot90(PICTURE, 2)),
        ((0, -ONE, ONE, 0), np.rot90(PICTURE, 1)),
        ((-ONE, 0, 0, ONE), np.fliplr(PICTURE)),
        ((ONE, 0, 0, -ONE), np.flipud(PICTURE)),
        ((0, ONE, ONE, 0), PICTURE.transpose(1, 0, 2)),
        ((ONE, 3000, -3000, ONE), PICTURE),  # two degrees askew
        ((0, 0, 0, 0), PICTURE),
    ],
)
def test_a_display_matrix_is_read(matrix: tuple[int, int, int, int], expected: np.ndarray) -> None:
    a, b, c, d = matrix
    data = np.array([a, b, 0, c, d, 0, 0, 0, 1 << 30], np.int32).tobytes()
    assert np.array_equal(Orientation.of_matrix(data).apply(PICTURE), expected)


def test_a_matrix_cut_short_turns_nothing() -> None:
    assert not Orientation.of_matrix(b"\1\2\3")
