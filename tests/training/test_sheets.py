"""The sheets of a card: drawn from the shipped models, every cell in its place."""

import numpy as np
import pytest
from PIL import Image as Pillow

from installation.errors import ConfigError
from installation.training.sheets import GAP, LABEL, SIDE_LABEL, STEPS, main, table


def cell(picture, row, column, side):
    left, top = SIDE_LABEL + column * (side + GAP), LABEL + row * (side + GAP)
    return np.asarray(picture.crop((left, top, left + side, top + side)), dtype=int)


def test_a_table_puts_each_picture_in_its_place():
    shades = [[np.full((32, 32, 3), 10 * (1 + k + 3 * row), np.uint8) for k in range(3)] for row in range(2)]
    picture = table([("a", shades[0]), ("b", shades[1])], ["x", "y", "z"], 16)
    for row in range(2):
        for k in range(3):
            assert (cell(picture, row, k, 16) == 10 * (1 + k + 3 * row)).all()


def test_the_sheets_show_what_the_models_do(tmp_path):
    assert main(["--limit", "1", "--out", str(tmp_path)]) == 0
    whole = Pillow.open(tmp_path / "sheet-reconstructions.jpg")
    sitter, portrait, code = (cell(whole, row, 0, 224) for row in range(3))
    assert np.abs(portrait - sitter).mean() < np.abs(code - sitter).mean() < 40  # the residual brings the portrait nearer
    edits = Pillow.open(tmp_path / "sheet-edits.jpg")
    rows = (edits.height - LABEL) // (128 + GAP)
    middle = len(STEPS) // 2
    for row in range(rows):
        rest, *others = (cell(edits, row, k, 128) for k in (middle, 0, len(STEPS) - 1))
        assert all(np.abs(one - rest).mean() > 1 for one in others)
        assert np.abs(rest - cell(edits, 0, middle, 128)).mean() < 2
    blends = Pillow.open(tmp_path / "sheet-blends.jpg")
    base, half, full = (cell(blends, row, 0, 224) for row in (1, 2, 3))
    assert np.abs(half - base).mean() < np.abs(full - base).mean()
    glass = Pillow.open(tmp_path / "sheet-glass.jpg")
    assert glass.size == (GAP + 9 * (224 + GAP), LABEL + 224 + GAP)
    own, *edited = (np.asarray(glass.crop((GAP + k * 228, LABEL, GAP + k * 228 + 224, LABEL + 224)), dtype=int) for k in range(9))
    assert np.abs(own - sitter).mean() < 2
    for one in edited:  # the face is another and the corners are the camera's
        assert np.abs(one - own)[80:180, 60:160].mean() > 1 and np.abs(one - own)[:20, :20].mean() < 1


@pytest.mark.parametrize("arguments", [["--limit", "0"]])
def test_arguments_that_cannot_be_are_refused(arguments, tmp_path):
    with pytest.raises(ConfigError, match="--limit"):
        main([*arguments, "--out", str(tmp_path)])
