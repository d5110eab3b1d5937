import importlib.util

import pytest

from installation.__main__ import COMMANDS, main


def test_every_command_has_a_module() -> None:
    for command in COMMANDS:
        assert importlib.util.find_spec(command.module) is not None, command.name
        assert command.help


def test_no_command_lists_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert main(["--help"]) == 0
    said = capsys.readouterr().out
    assert all(said.count(command.help) == 2 for command in COMMANDS)


def test_an_unknown_command_says_which_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nonsense"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("nonsense: no such command; there is ") and "controls" in said and len(said.splitlines()) == 1


def test_a_command_runs_and_gives_its_exit_code(capsys: pytest.CaptureFixture[str], tmp_path) -> None:
    assert main(["controls"]) == 0
    assert "/facets/look/grain" in capsys.readouterr().out
    assert main(["controls", "--write", str(tmp_path / "none.md")]) == 2
    assert "none.md" in capsys.readouterr().err
