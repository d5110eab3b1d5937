"""Sealing: weights that were just trained are the listed ones."""

import shutil
from pathlib import Path

import pytest

from installation.registry.manifest import check_file, read_manifest
from installation.training.sealing import seal

WEIGHTS = Path(__file__).resolve().parents[2] / "weights"


def test_a_file_written_anew_is_listed_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "weights"
    shutil.copytree(WEIGHTS, folder)
    (folder / "toon.safetensors").write_bytes(b"another child")
    before = read_manifest(folder / "manifest.yaml")
    entry = next(file for model in before.models.values() for file in model.files if file.file == "toon.safetensors")
    assert check_file(before, entry, thorough=True).fault
    seal(folder)
    after = read_manifest(folder / "manifest.yaml")
    assert all(check_file(after, f, thorough=True).fault is None for m in after.models.values() if m.shipped for f in m.files)
    assert "manifest.yaml" in capsys.readouterr().out


def test_a_folder_without_a_manifest_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seal(tmp_path)
    assert not list(tmp_path.iterdir()) and capsys.readouterr().out == ""
