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
    assert dict(asked.weights) == {"ink": 0.25, "frost": 0.75}


def test_a_picture_of_ones_own(library: Library, tmp_path: Path) -> None:
    Pillow.new("RGB", (300, 200), "red").save(tmp_path / "Mein Bild.png")
    asked = read_asked(str(tmp_path / "Mein Bild.png"), library, library.look()[0])
    assert asked.label == "mein-bild" and asked.blend.share == 0.0 and np.isfinite(asked.blend.vector).all()
    assert list(asked.files) == ["mein-bild"]


@pytest.mark.parametrize("name", ["Rot, Blau.png", "a=0.5.png", "v=1.png", "Größe 1.5 (x).png"])
def test_a_picture_whose_name_has_commas_and_equals_signs(name: str, library: Library, tmp_path: Path) -> None:
    Pillow.new("RGB", (64, 64), "red").save(tmp_path / name)
    asked = read_asked(str(tmp_path / name), library, library.look()[0])
    assert list(asked.files.values()) == [tmp_path / name] and list(asked.weights.values()) == [1.0]
    if "," not in name:
        half = read_asked(f"{tmp_path / name}=0.5,ink=0.5", library, library.look()[0])
        assert list(half.weights.values()) == [0.5, 0.5] and half.blend.share == 0.5


def test_a_home_that_no_shell_has_written_out(library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    Pillow.new("RGB", (64, 64), "red").save(tmp_path / "mine.png")
    assert read_asked("ink=0.5,~/mine.png=0.5", library, library.look()[0]).files["mine"] == tmp_path / "mine.png"


@pytest.mark.parametrize("word", ["Größe 1.5 (x)", "Gro\u0308\u00dfe 1.5 (X)", "Größe 1.5 (x).png", "groesse-1-5-x"])
def test_a_style_is_known_by_the_name_of_its_picture_too(word: str, tmp_path: Path) -> None:
    Pillow.new("RGB", (64, 64), "red").save(tmp_path / "Größe 1.5 (x).png")
    own = Library(tmp_path)
    asked = read_asked(word, own, own.look()[0])
    assert asked.label == "groesse-1-5-x" and dict(asked.files) == {"groesse-1-5-x": tmp_path / "Größe 1.5 (x).png"}


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
