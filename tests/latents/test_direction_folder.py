import os
from pathlib import Path

import torch

from installation.latents.direction_folder import direction_files, stamps
from installation.latents.directions import Direction, load_directions, save_directions

STYLES, WIDTH = 6, 8


def write(path: Path, *names: str, layers: tuple[int, int] = (0, STYLES)) -> Path:
    vectors = torch.randn(len(names), STYLES, WIDTH, generator=torch.Generator().manual_seed(len(str(path))))
    save_directions([Direction(name, vector, layers) for name, vector in zip(names, vectors, strict=True)], path, {})
    return path


def test_a_folder_is_its_files_with_lists_last(tmp_path: Path) -> None:
    write(tmp_path / "b.safetensors", "beard")
    write(tmp_path / "a.safetensors", "age")
    (tmp_path / "again.yaml").write_text("directions:\n  - {file: a.safetensors, name: age, scale: -2}\n")
    (tmp_path / ".half.safetensors").write_bytes(b"being copied")
    (tmp_path / "README.md").write_text("notes")
    (tmp_path / "older").mkdir()
    other = write(tmp_path / "older" / "hat.safetensors", "hat")
    assert [path.name for path in direction_files([tmp_path, other])] == ["a.safetensors", "b.safetensors", "again.yaml", "hat.safetensors"]
    found = load_directions([tmp_path, other], STYLES, WIDTH)
    assert found.names == ("age", "beard", "hat")
    alone = load_directions([tmp_path / "a.safetensors"], STYLES, WIDTH)
    assert torch.allclose(found.directions[0].vector, -2 * alone.directions[0].vector)


def test_an_empty_folder_and_a_missing_file_are_different_things(tmp_path: Path) -> None:
    assert load_directions([tmp_path], STYLES, WIDTH).names == ()
    assert direction_files([tmp_path / "missing"]) == [tmp_path / "missing"]  # whoever reads it says so


def test_every_change_shows_in_the_stamps(tmp_path: Path) -> None:
    one = write(tmp_path / "a.safetensors", "age")
    known = stamps([tmp_path])
    assert stamps([tmp_path]) == known
    (tmp_path / "notes.txt").write_text("nothing")
    assert stamps([tmp_path]) == known
    os.utime(one, ns=(1, 1))
    touched = stamps([tmp_path])
    assert touched != known
    write(tmp_path / "b.safetensors", "beard")
    assert len(stamps([tmp_path])) == 2
    one.unlink()
    assert len(stamps([tmp_path])) == 1
    (tmp_path / "list.yaml").write_text("directions: [{file: b.safetensors}]\n")
    listed = stamps([tmp_path / "list.yaml"])
    os.utime(tmp_path / "b.safetensors", ns=(2, 2))
    assert stamps([tmp_path / "list.yaml"]) != listed  # what a list names counts too
    assert stamps([tmp_path / "gone"]) == frozenset()
