"""Sheets of pictures as files of a size."""

import numpy as np
from PIL import Image

from installation.sheet_file import write_picture


def test_a_jpeg_is_as_fine_as_its_size_allows(tmp_path):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (128, 128, 3), dtype=np.uint8))
    path = tmp_path / "sheet.jpg"
    sizes = []
    for most in (10**6, 12_000, 10):
        write_picture(noise, path, ".jpg", most)
        sizes.append(path.stat().st_size)
        with Image.open(path) as found:
            assert found.format == "JPEG" and found.size == (128, 128)
    assert sizes[0] > sizes[1] > sizes[2] > 10 and sizes[1] <= 12_000


def test_a_png_loses_nothing(tmp_path):
    noise = np.random.default_rng(1).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    write_picture(Image.fromarray(noise), tmp_path / "sheet.png", ".png", 1)
    assert (np.asarray(Image.open(tmp_path / "sheet.png")) == noise).all()
