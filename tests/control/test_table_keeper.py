"""The table of controls and what is installed, while directions, styles and presets come and go."""

from pathlib import Path

import pytest
import torch
from PIL import Image as Pillow

from installation.control.desk_links import DirectionFiles, StylePictures
from installation.control.installed import Installed
from installation.control.state import ControlState, TableChange
from installation.control.table_keeper import TableKeeper
from installation.latents.directions import Direction, DirectionSet
from installation.styles.library import Library, Palette


def directions(*names: str) -> DirectionSet:
    return DirectionSet([Direction(name, torch.ones(2, 4), (0, 2)) for name in names])


@pytest.fixture(scope="module")
def palette(tmp_path_factory: pytest.TempPathFactory) -> Palette:
    folder = tmp_path_factory.mktemp("styles")
    Pillow.new("RGB", (64, 64), "red").save(folder / "mohn.png")
    return Library(folder).look()[0]


def test_the_newest_of_what_was_found_is_taken_once_and_nothing_else_goes(tmp_path: Path, palette: Palette) -> None:
    installed = Installed(("age",), ("toon",), (16, 32), presets=("calm",), backgrounds=("beach",))
    state = ControlState(installed.table())
    changes: list[TableChange] = []
    state.subscribe(lambda change: changes.append(change) if isinstance(change, TableChange) else None)
    used: list[DirectionSet] = []
    painted: list[Palette] = []
    files = DirectionFiles((), lambda paths: directions(), used.append)
    keeper = TableKeeper(installed, state, files, StylePictures(tmp_path, Library(tmp_path), painted.append))
    keeper.step()
    assert not changes and not used and not painted
    older, newer = directions("age", "hat"), directions("age", "beard")
    keeper.found_directions(older)
    keeper.found_directions(newer)
    keeper.found_styles(palette)
    assert not used and not changes  # not in the thread of whoever has found it
    keeper.step()
    keeper.step()
    assert used == [newer] and painted == [palette]
    assert "edit/beard/amount" in changes[0].added and "style/mohn/amount" in changes[1].added and len(changes) == 2
    assert {"edit/age/amount", "blend/toon/layer/32", "preset/calm/recall"} <= set(state.table) and "edit/hat/amount" not in state.table
    table = keeper.with_presets(["dawn"])
    assert {"edit/beard/amount", "style/mohn/amount", "preset/dawn/recall"} <= set(table) and "preset/calm/recall" not in table
    keeper.found_directions(older)
    keeper.step()
    assert {"edit/hat/amount", "style/mohn/amount", "preset/dawn/recall"} <= set(state.table) and used == [newer, older]
    assert any(choice.endswith("beach") for choice in state.table["look/background"].choices)


def test_what_is_not_followed_changes_nothing(palette: Palette) -> None:
    installed = Installed(("age",), (), ())
    state = ControlState(installed.table())
    keeper = TableKeeper(installed, state, None, None)
    keeper.found_directions(directions("beard"))
    keeper.found_styles(palette)
    keeper.step()
    assert set(state.table) == set(installed.table())
