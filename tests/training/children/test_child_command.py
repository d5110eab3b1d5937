"""What ``child`` refuses before it trains: files that are there, names that no control can have."""

import pytest
import torch

from installation.__main__ import main
from tests.training.score.score_inputs import write_model, write_nets


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A folder as the shipped one: a base, its encoder, a child, and the child's sheet."""
    folder = tmp_path_factory.mktemp("weights")
    write_model(folder)
    (folder / "toon.safetensors").write_bytes(b"a child that somebody taught for hours")
    (folder / "wave.png").write_bytes(b"a sheet")
    write_nets(folder / "nets")
    return folder


def child(weights, *words):
    base = ["--generator", weights / "generator.safetensors", "--encoder", weights / "encoder.safetensors"]
    return main(list(map(str, ["child", *base, "--faces", weights / "nowhere", "--nets", weights / "nets", *words])))


@pytest.mark.parametrize(("words", "file"), [(["--style", "toon"], "toon.safetensors"), (["--style", "ink", "--name", "wave"], "wave.png")])
def test_nothing_is_written_over_without_being_asked(words, file, weights, capsys):
    assert child(weights, *words, "--out", weights) == 2
    assert f"{file}: is there already" in (said := capsys.readouterr().err) and "--force" in said
    assert child(weights, *words, "--out", weights, "--force") == 2 and "nowhere: no such file" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["generator", "encoder"])
def test_what_a_child_is_made_from_is_never_replaced(name, weights, capsys):
    for words in (["--style", f"somewhere/{name}.jpg"], ["--style", "toon", "--name", name]):
        assert child(weights, *words, "--out", weights, "--force") == 2
        assert "would overwrite the file that it is made from" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["party/x", "../x", "Party", "my party", "größe", "-x", "x-", "x" * 60])
def test_a_name_that_no_control_can_have_is_refused(name, weights, tmp_path, capsys):
    assert child(weights, "--style", "toon", f"--name={name}", "--out", tmp_path / "out") == 2
    assert f"--name {name}: small letters, digits and single hyphens" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_place_that_cannot_be_and_a_run_without_state_are_one_sentence(weights, tmp_path, capsys):
    (tmp_path / "file").touch()
    assert child(weights, "--style", "toon", "--out", tmp_path / "file" / "out") == 2
    assert "cannot be" in capsys.readouterr().err
    (tmp_path / "run").mkdir()
    for command in (["child", "--style", "toon", "--nets", weights / "nets"], ["publish"]):
        words = [*command, "--run", tmp_path / "run", "--faces", weights / "nowhere", "--out", tmp_path / "out"]
        assert main(list(map(str, words))) == 2
        assert "state.pt: no such file" in (said := capsys.readouterr().err) and len(said.strip().splitlines()) == 1
    torch.save({}, tmp_path / "run" / "state.pt")


def test_a_filter_has_no_painters_colours(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["child", "--style", "toon", "--colour", "0.4", "--faces", str(tmp_path), "--nets", str(tmp_path), "--out", str(tmp_path)])
    assert "--colour is of painters' styles" in capsys.readouterr().err
