"""Where engines are kept when their folder can be written, and when it cannot."""

from pathlib import Path

import pytest

from installation.engines import store
from installation.engines.store import open_store


def test_a_folder_that_can_be_written_is_the_store_and_is_left_as_it_was(tmp_path: Path) -> None:
    kept = open_store(tmp_path / "cache" / "engines")
    assert (kept.folder, kept.lasting, kept.notice) == (tmp_path / "cache" / "engines", True, "")
    assert list(kept.folder.iterdir()) == []


@pytest.mark.parametrize("place", ["/proc/facets/engines", "{tmp}/file/engines"])
def test_where_nothing_can_be_written_another_folder_serves_and_it_is_said(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("in the way")
    folder = Path(place.format(tmp=tmp_path))
    kept = open_store(folder)
    assert not kept.lasting
    assert kept.notice.startswith(f"{folder}: the engines' cache cannot be written (")
    assert "at every start" in kept.notice and "make the folder writable" in kept.notice
    (kept.folder / "engine.xml").write_text("converted once")
    assert open_store(folder).folder == kept.folder  # for the whole program


def test_what_lies_in_it_already_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "engine.xml").write_text("from an earlier start")

    def refuse(**where: object) -> object:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(store.tempfile, "TemporaryFile", refuse)
    kept = open_store(tmp_path)
    assert "Read-only file system" in kept.notice
    assert (kept.folder / "engine.xml").read_text() == "from an earlier start"
    (kept.folder / "engine.xml").unlink()  # made anew: the one that cannot be written stays
    assert (tmp_path / "engine.xml").exists()
