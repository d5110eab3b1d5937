"""The command that deletes while no show runs."""

import pytest

from installation.__main__ import main
from installation.takeaways.kept import new_secret
from installation.takeaways.shelf import Limits, Shelf
from tests.dying_disk import DELETES, DyingDisk


def fill(folder, lasts):
    shelf = Shelf(folder, Limits(lasts, 600.0, 40, 1 << 30), pytest.fail)
    kept = shelf.add(new_secret(), lambda place: ((place / "picture.jpg").write_bytes(b"x"), ("picture.jpg",))[1])
    shelf.close()
    return folder / kept.id


def test_what_is_over_goes_and_the_rest_stays_until_all_of_it_is_to_go(tmp_path, capsys):
    over, there = fill(tmp_path / "kept", 0.0), fill(tmp_path / "kept", 600.0)
    ask = ["takeaways", "--set", f"takeaways.folder={tmp_path / 'kept'}"]
    assert main(ask) == 0
    said = capsys.readouterr().out
    assert there.is_dir() and not over.exists() and there.name[:8] in said
    assert main([*ask, "--delete-all"]) == 0
    assert "1 deleted" in capsys.readouterr().out and not there.exists()


def test_what_cannot_be_deleted_is_not_called_deleted(tmp_path, capsys, monkeypatch):
    disk, there = DyingDisk(monkeypatch), fill(tmp_path / "kept", 600.0)
    ask = ["takeaways", "--delete-all", "--set", f"takeaways.folder={tmp_path / 'kept'}"]
    disk.refuses = DELETES
    for said in ("0 deleted", "1 were over their time and cannot be deleted yet"):
        assert main(ask) == 1
        told = capsys.readouterr()
        assert said in told.out and told.err == f"takeaways: {there}: cannot be deleted; it is tried again\n"
    disk.refuses = ()
    assert main(ask) == 0 and "1 were over their time and are deleted" in capsys.readouterr().out and not there.exists()


def test_beside_a_show_it_leaves_everything_to_that(tmp_path, capsys):
    there = fill(tmp_path / "kept", 600.0)
    shelf = Shelf(tmp_path / "kept", Limits(600.0, 600.0, 40, 1 << 30), pytest.fail)
    assert main(["takeaways", "--delete-all", "--set", f"takeaways.folder={tmp_path / 'kept'}"]) == 2
    assert "another show" in capsys.readouterr().err and there.is_dir()
    shelf.close()


def test_where_nothing_was_ever_kept_no_folder_is_made(tmp_path, capsys):
    assert main(["takeaways", "--set", f"takeaways.folder={tmp_path / 'none'}"]) == 0
    assert not (tmp_path / "none").exists()
