"""Styles as they are asked for in words."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from installation.errors import ConfigError
from installation.styles.asked import read_asked
from installation.styles.library import Library


@pytest.fixture(scope="module")
def library() -> Library:
    return Library()


def test_names_and_weights(library: Library) -> None:
    palette = library.look()[0]
    asked = read_asked("ink=0.25, frost=0.75", library, palette)
    assert asked.label == "ink+frost" and asked.blend.share == 1.0
    assert asked.blend.bank[2] == pytest.approx(0.25) and asked.blend.bank[14] == pytest.approx(0.75) and not asked.files


def test_a_picture_of_ones_own(library: Library, tmp_path: Path) -> None:
    Pillow.new("RGB", (300, 200), "red").save(tmp_path / "Mein Bild.png")
    asked = read_asked(str(tmp_path / "Mein Bild.png"), library, library.look()[0])
    assert asked.label == "mein-bild" and asked.blend.share == 0.0 and np.isfinite(asked.blend.vector).all()
    assert list(asked.files) == ["mein-bild"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("inc", "did you mean 'ink'"),
        ("zzzz", "there is composition-vii"),
        ("nowhere.png", "does not exist"),
        ("ink=2", "goes from 0 to 1"),
        ("ink=nan", "goes from 0 to 1"),
        ("ink=0", "asks for nothing"),
        ("", "asks for nothing"),
        (__file__, "there is no such style|is broken"),
    ],
)
def test_what_cannot_be_is_said(text: str, why: str, library: Library) -> None:
    with pytest.raises(ConfigError, match=why):
        read_asked(text, library, library.look()[0])
