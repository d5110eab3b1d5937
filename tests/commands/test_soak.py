"""What the soak starts the show with is the configuration that it was given, wherever that lies."""

import stat
from pathlib import Path

import pytest

from installation.commands.soak import copied, main
from installation.config import load_config
from installation.control.pin import pin_of
from installation.control.web.secret import configured
from installation.errors import ConfigError


def test_the_copy_says_what_the_original_says_in_another_folder(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    mine = tmp_path / "mine" / "mine.yaml"
    mine.write_text(
        "models: {generator: toon.safetensors, children: [a.safetensors, ../b.safetensors], encoder_kind: e4e}\n"
        "faces: {max: 3}\ninvitation: {languages: [de, en]}\ncontrols: {look/grain: 0.5}\n"
    )
    out = tmp_path / "out" / "soak"
    out.mkdir(parents=True)
    copy = copied(load_config(mine), out)
    assert copy.parent == out and load_config(copy).model_dump() == load_config(mine).model_dump()
    assert [path.name for path in out.iterdir()] == ["soak.yaml"]


def test_as_it_ships(tmp_path: Path) -> None:
    assert load_config(copied(load_config(), tmp_path)).model_dump() == load_config().model_dump()


def test_secrets_are_read_where_only_their_owner_can(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("control: {web: {token: correct-horse-battery, port: 9001}}\noperator: {pin: '2718', hold_seconds: 2}\n")
    out = tmp_path / "out"
    out.mkdir()
    copy = copied(load_config(mine), out)
    assert "horse" not in copy.read_text() and "2718" not in copy.read_text()
    config = load_config(copy)
    assert (config.control.web.port, config.operator.hold_seconds) == (9001, 2)
    assert configured(config.control.web, Path("/none"), {}) == "correct-horse-battery" and pin_of(config.operator, Path("/none")) == "2718"
    for path in (config.control.web.token_file, config.operator.pin_file):
        assert stat.S_IMODE(Path(path).stat().st_mode) == 0o600


def test_what_would_end_its_show_is_told_before_anything_is_made(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("invitation: {languages: [pl]}\n")
    out = ["--hours", "1", "--out", str(tmp_path / "soak")]
    with pytest.raises(ConfigError, match="no text in pl"):
        main([*out, "--config", str(tmp_path / "mine.yaml")])
    with pytest.raises(ConfigError, match=r"canvas\.widht"):
        main([*out, "--", "--set", "canvas.widht=5"])
    with pytest.raises(SystemExit):
        main([*out, "--", "--headles"])
    assert not (tmp_path / "soak").exists()
