"""Directions that change the whole look keep the cheeks' lightness and the strength of those that they replace; the command as a whole."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from installation.__main__ import main
from installation.latents.directions import Direction, load_directions
from installation.latents.maps import Maps
from installation.models.bundle import load_models
from installation.training.directions.attributes import load_attributes
from installation.training.directions.effects import Editor, Measures
from installation.training.directions.skin import responses, steadied, together
from tests.training.score.score_inputs import aligned_faces

ROOT = Path(__file__).resolve().parents[3]
WEIGHTS = ROOT / "weights"


@pytest.fixture(scope="module")
def models():
    return load_models(WEIGHTS / "generator.safetensors", WEIGHTS / "encoder.safetensors", [], [])


@pytest.fixture(scope="module")
def crops():
    return [*aligned_faces(2), *(np.asarray(Image.open(path).convert("RGB").resize((256, 256))) for path in demo()[:2])]


def demo() -> list[Path]:
    return sorted((ROOT / "installation" / "demo" / "faces").glob("*.webp"))


@pytest.fixture(scope="module")
def on(crops):
    images = torch.from_numpy(np.stack(crops[1:3])).permute(0, 3, 1, 2).float() / 127.5 - 1
    return images, Measures(load_attributes(WEIGHTS / "attributes.safetensors"))


@pytest.fixture(scope="module")
def skin(models, on) -> Direction:
    """What lighter pictures of the same faces have in their codes and residuals."""
    editor = Editor(models, load_directions([], 14, 256))
    (dark, less), (light, more) = (editor.encode(gain * (on[0] + 1) - 1) for gain in (0.8, 1.0))
    return Direction("skin", (light - dark).mean(0), (0, 14), Maps(shift=(more - less).mean(0)))


def test_a_refitted_direction_is_as_strong_as_the_old_one_and_leaves_the_cheeks_as_light(models, on, skin):
    shipped = {one.name: one for one in load_directions([WEIGHTS / "directions.safetensors"], 14, 256).directions}
    old = replace(shipped["age"], by_editor=False)
    faint = together(old, 0.5, skin, -0.5)  # half as strong, and twice as dark for what it does
    before, (own, dark), (_, light) = responses(models, [old, faint, skin], *on)
    assert abs(own) < 0.75 * abs(before[0]) and dark < -1 and light > 1
    (made,) = steadied(models, [old], [faint], skin, *on)
    ((strong, level),) = responses(models, [made], *on)
    assert strong == pytest.approx(before[0], rel=0.2) and abs(level) < 0.5 and abs(level) < 0.3 * abs(dark)
    (left,) = steadied(models, [old], [faint], None, *on)
    ((strong, level),) = responses(models, [left], *on)
    assert strong == pytest.approx(before[0], rel=0.2) and level < dark


def test_what_is_put_together_keeps_its_own_movement():
    ones = Maps(torch.ones(2, 4, 4), torch.ones(3, 4, 4), torch.ones(2, 4, 4))
    made = together(Direction("a", torch.ones(2, 3), (0, 2), ones, by_editor=True), 2, Direction("b", torch.ones(2, 3), (0, 2), ones), 0.5)
    assert made.name == "a" and made.by_editor and float(made.vector[0, 0]) == 2.5
    assert [float(part.mean()) for _, part in made.maps] == [2, 2.5, 1]  # flow, shift, warp


def test_the_command_refits_one_direction_and_leaves_the_others(tmp_path, crops, capsys):
    pack = tmp_path / "pack"
    pack.mkdir()
    rows = []
    for k in range(12):
        picture = Image.fromarray(crops[k % 4]).rotate(k // 4 * 3, Image.Resampling.BILINEAR)
        picture.save(pack / f"{k}.png")
        rows.append(f"{k}.png,{'X' if k % 3 else 'Y'}")
    (pack / "labels.csv").write_text("file,race\n" + "\n".join(rows) + "\n")
    out = tmp_path / "directions.safetensors"
    shutil.copy(WEIGHTS / "directions.safetensors", out)
    words = ["directions", "--faces", str(pack), "--out", str(out), "--only", "gender", "--sitters", "2"]
    assert main(words) == 0
    assert "gender" in capsys.readouterr().out
    old, new = (load_directions([path], 14, 256).directions for path in (WEIGHTS / "directions.safetensors", out))
    assert [one.name for one in new] == [one.name for one in old]
    for before, after in zip(old, new, strict=True):
        assert torch.equal(before.vector, after.vector) == (before.name != "gender")
        assert torch.equal(before.maps.warp, after.maps.warp) and before.by_editor == after.by_editor
    save_file({"x": torch.zeros(1)}, tmp_path / "other.safetensors")
    assert main([*words[:4], str(tmp_path / "other.safetensors"), *words[5:]]) != 0
