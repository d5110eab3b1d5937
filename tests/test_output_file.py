"""What commands write: whole or not at all, and never over the input."""

import os
import stat

import pytest

from installation.errors import ConfigError
from installation.output_file import check_output, whole_file, whole_files


def test_what_may_not_be_written_is_said(tmp_path):
    there = tmp_path / "a.txt"
    there.write_text("mine", encoding="utf-8")
    (tmp_path / "link").symlink_to(there)
    check_output(tmp_path / "new.txt", False, [there])
    check_output(there, True)
    for path, force, sources, reason in (
        (there, False, [], "is there already"),
        (there, True, [there], "would overwrite the file that it is made from"),
        (tmp_path / "link", True, [there], "would overwrite"),
        (tmp_path, True, [], "this is a folder"),
        (tmp_path / "none" / "a.txt", True, [], "does not exist"),
    ):
        with pytest.raises(ConfigError, match=reason):
            check_output(path, force, sources)


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    path = tmp_path / "out"
    with pytest.raises(RuntimeError), whole_file(path) as part:
        part.write_text("half", encoding="utf-8")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
    with whole_file(path) as part:
        part.write_text("all", encoding="utf-8")
        assert not path.exists()
    assert path.read_text(encoding="utf-8") == "all" and list(tmp_path.iterdir()) == [path]
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask


def test_a_place_that_is_not_there_and_a_full_disk(tmp_path):
    with pytest.raises(ConfigError, match="cannot be written"), whole_file(tmp_path / "none" / "out"):
        pass
    with pytest.raises(ConfigError, match="No space left"), whole_file(tmp_path / "out"):
        raise OSError(28, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_files_that_belong_together_appear_whole_or_not_at_all(tmp_path):
    def write(fresh, text):
        for name in ("a.xml", "a.bin"):
            (fresh / name).write_text(text, encoding="utf-8")

    with whole_files(tmp_path, ["a.bin", "a.xml"]) as fresh:
        write(fresh, "old")
        assert [path for path in tmp_path.iterdir() if path.is_file()] == []
    with pytest.raises(RuntimeError), whole_files(tmp_path, ["a.bin", "a.xml"]) as fresh:
        write(fresh, "half")
        raise RuntimeError
    with pytest.raises(ConfigError, match="No space left"), whole_files(tmp_path, ["a.bin", "a.xml"]) as fresh:
        write(fresh, "half")
        raise OSError(28, "No space left on device")
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == {"a.xml": "old", "a.bin": "old"}
    with pytest.raises(ConfigError, match="cannot be written"), whole_files(tmp_path / "none", ["a"]):
        pass
