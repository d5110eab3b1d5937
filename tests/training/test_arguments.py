"""Numbers on the command line of what trains: none that no clock ever reaches, and none that would teach nothing."""

import pytest

from installation.__main__ import main

NOWHERE = ["--faces", "nowhere", "--nets", "nowhere"]
COMMANDS = {
    "child": [*NOWHERE, "--style", "toon", "--out", "nowhere"],
    "train": [*NOWHERE, "--run", "nowhere"],
    "train-editor": [*NOWHERE, "--run", "nowhere"],
    "train-judge": ["--faces", "nowhere", "--run", "nowhere"],
    "occlusion": ["--faces", "nowhere", "--out", "nowhere.safetensors"],
    "attributes": ["--faces", "nowhere"],
}
OTHERS = [
    ("child", "--colour"), ("child", "--adversarial-weight"), ("train", "--lr"), ("train", "--focus"), ("train", "--detail-share"),
    ("train", "--adversarial-weight"), ("train-editor", "--reader-minutes"), ("train-editor", "--rate"),
]  # fmt: skip


@pytest.mark.parametrize(("command", "option"), [*((command, "--minutes") for command in COMMANDS), *OTHERS])
@pytest.mark.parametrize("word", ["nan", "inf", "soon"])
def test_what_is_no_number_is_refused(command, option, word, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main([command, *COMMANDS[command], option, word])
    assert ended.value.code == 2 and f"argument {option}: '{word}' is no number" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["child", "occlusion", "attributes"])
@pytest.mark.parametrize("word", ["0", "-1"])
def test_no_time_at_all_teaches_nothing(command, word, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        main([command, *COMMANDS[command], "--minutes", word])
    assert "argument --minutes: must be more than 0" in capsys.readouterr().err
