"""The presets that come with the program: every one can be read, says what it is, and looks like nothing else."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from installation.canvas.compose import Compose
from installation.canvas.plain.renderer import PlainRenderer
from installation.control.parameters import parameter_table
from installation.control.presets.files import name_fault, read_preset
from installation.control.state import ControlState
from installation.styles.bank import BANK

PRESETS = Path(__file__).resolve().parents[1] / "presets"
SHIPPED = sorted(PRESETS.glob("*.yaml"))
DIRECTIONS = ("smile", "age", "gender", "mouth-open", "eyes-open", "yaw", "pitch", "roll")
STYLES = tuple((style.name, style.description) for style in BANK)
TABLE = parameter_table(DIRECTIONS, ("painted", "woodcut", "toon"), styles=STYLES)

_spec = importlib.util.spec_from_file_location("stand_ins", Path(__file__).parent / "canvas" / "stand_ins.py")
assert _spec and _spec.loader
stand_ins = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(stand_ins)


def canvas(controls):
    """The canvas of two visitors after a while: what a preset does to it by itself, whatever the networks draw."""
    state = ControlState(TABLE, controls)
    compose = Compose(PlainRenderer(320, 180))
    room = np.tile(np.linspace(40, 220, 160, dtype=np.uint8)[None, :, None], (90, 1, 3))
    who = stand_ins.portraits(stand_ins.gradient_picture(128), stand_ins.plain_picture((190, 140, 110)), frame=room)
    for i in range(61):
        compose(who, state.snapshot(i / 20), i / 20)
    return compose.read().astype(int)


def test_there_are_at_least_twelve():
    assert len(SHIPPED) >= 12


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_each_is_read_without_a_fault_and_says_what_it_is(path):
    preset = read_preset(path, TABLE)
    assert name_fault(path.stem) is None
    assert not preset.absent and not preset.notices
    assert 20 < len(preset.description) < 140 and preset.description.endswith(".")
    assert preset.tags
    assert 1 <= preset.fade <= 12
    neutral = [name for name, value in preset.controls.items() if value == TABLE[name].default]
    assert not neutral, "a preset is partial: what stands at its default can go"


def test_each_changes_the_canvas_and_no_two_alike():
    pictures = {path.stem: canvas(read_preset(path, TABLE).controls) for path in SHIPPED}
    pictures["the defaults"] = canvas({})
    names = list(pictures)
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            assert np.abs(pictures[one] - pictures[other]).mean() > 0.5, f"{one} and {other}"


def test_each_moves_the_portraits_in_its_own_way():
    edits = {
        path.stem: frozenset((n, v) for n, v in read_preset(path, TABLE).controls.items() if n.startswith(("edit/", "blend/", "identity/")))
        for path in SHIPPED
    }
    assert all(edits.values())
    assert len(set(edits.values())) == len(edits)


def test_the_gallery_takes_what_is_named_and_arranges_it():
    gallery = importlib.import_module("installation.commands.gallery")
    some = gallery.chosen(PRESETS, ["noir", "calm"], TABLE)
    assert [preset.name for preset in some] == ["noir", "calm"]
    assert len(gallery.chosen(PRESETS, None, TABLE)) == len(SHIPPED)
    with pytest.raises(gallery.ConfigError, match="nowhere"):
        gallery.chosen(PRESETS, ["nowhere"], TABLE)
    shots = [gallery.GalleryPicture(preset, np.full((720, 1280, 3), 200, np.uint8)) for preset in some * 3]
    sheet = gallery.arrange(shots)
    assert sheet.shape == (2 * (270 + 46) + 18, 4 * (480 + 18) + 18, 3)
    assert sheet[18 + 100, 18 + 100].tolist() == [200, 200, 200]
    assert sheet[18 + 272 : 18 + 316, 18 : 18 + 480].max() > 200  # its name beneath it
