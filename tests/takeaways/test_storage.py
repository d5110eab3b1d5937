"""Takeaways on the disk: whole or not there at all."""

from dataclasses import replace

import pytest

from installation.errors import ConfigError
from installation.takeaways.ageing import Moment
from installation.takeaways.kept import NOTE, STILL, Kept, id_of, new_secret, read_note
from installation.takeaways.storage import Storage
from tests.dying_disk import DELETES, DyingDisk

NOW = Moment(1.8e9, "this-boot", 1000.0)


@pytest.fixture
def faults():
    return []


@pytest.fixture
def storage(tmp_path, faults):
    made = Storage(tmp_path / "kept", faults.append)
    yield made
    made.close()


def make(storage, seen=None, made=NOW):
    name = id_of(new_secret())

    def fill(place):
        (place / STILL).write_bytes(b"12345")
        if seen is not None:
            seen.append(place.name)
        return Kept(name, made, 600.0, (STILL,))

    return storage.make(name, fill)


def test_it_is_filled_beside_its_place_and_is_there_in_one_step(storage, tmp_path):
    seen = []
    kept = make(storage, seen)
    assert seen[0].startswith(".") and not (tmp_path / "kept" / seen[0]).exists()
    folder = tmp_path / "kept" / kept.id
    assert sorted(file.name for file in folder.iterdir()) == [STILL, NOTE] and read_note(folder) == kept
    assert storage.size(kept.id) == 5 + (folder / NOTE).stat().st_size and storage.size("nobody") == 0


def test_what_fails_while_it_is_filled_leaves_nothing(storage, tmp_path):
    def fails(place):
        (place / STILL).write_bytes(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        storage.make(id_of(new_secret()), fails)
    assert [place for place in (tmp_path / "kept").iterdir() if place.is_dir()] == []


def test_what_an_earlier_show_left_comes_the_oldest_first_and_what_has_to_go_is_named(storage, tmp_path):
    old = make(storage, made=replace(NOW, wall=NOW.wall - 700, uptime=NOW.uptime - 700))
    newer, older = make(storage), make(storage, made=replace(NOW, wall=NOW.wall - 300, uptime=NOW.uptime - 300))
    (tmp_path / "kept" / ".making-x").mkdir()
    (tmp_path / "kept" / ".going-x").mkdir()
    (tmp_path / "kept" / "a person's own").mkdir()
    found = storage.take_up(NOW)
    assert found[0] == (old.id, None) and [name for name, _ in found[1:]] == [older.id, newer.id]
    assert all(kept.whole for _, kept in found[1:])
    assert {place.name for place in (tmp_path / "kept").iterdir() if place.is_dir()} == {old.id, older.id, newer.id, "a person's own"}


def test_a_removed_one_is_gone_and_one_that_was_never_there_is_no_fault(storage, tmp_path, faults):
    kept = make(storage)
    assert storage.remove(kept.id)
    assert storage.remove(kept.id)
    assert [place for place in (tmp_path / "kept").iterdir() if place.is_dir()] == [] and faults == []


def test_one_that_cannot_be_deleted_is_named_told_once_and_told_again_after_it_could_be(storage, faults, monkeypatch):
    disk, kept = DyingDisk(monkeypatch), make(storage)
    disk.refuses = DELETES
    assert not storage.remove(kept.id) and not storage.remove(kept.id) and len(faults) == 1
    disk.refuses = ()
    assert storage.remove(kept.id) and len(faults) == 1


def test_what_nobody_can_look_at_is_not_gone(storage, tmp_path, monkeypatch):
    disk, kept = DyingDisk(monkeypatch), make(storage)
    disk.refuses, disk.blind = DELETES, tmp_path / "kept" / kept.id
    assert not storage.remove(kept.id)
    assert storage.take_up(NOW) == [(kept.id, None)]


def test_the_folder_is_one_shows_until_it_is_closed(storage, tmp_path):
    with pytest.raises(ConfigError, match="another show"):
        Storage(tmp_path / "kept", print)
    storage.close()
    Storage(tmp_path / "kept", print).close()
