"""The README says what the program does now."""

from pathlib import Path

from installation.commands.controls import replaced
from installation.control.keyboard import KEYS
from run_installation import parse

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_table_of_controls_is_current() -> None:
    assert replaced(README) == README, "run: python -m installation controls --write README.md"


def test_every_key_is_told() -> None:
    for key in KEYS:
        assert f"| {key.label} | {key.description}" in README


def test_every_argument_is_told(capsys) -> None:
    try:
        parse(["--help"])
    except SystemExit as done:
        assert done.code == 0
    options = {word.strip("[],") for word in capsys.readouterr().out.split() if word.strip("[],").startswith("--")}
    assert len(options) > 10
    for option in options - {"--help"}:
        assert f"`{option}" in README, option


def test_the_places_of_the_tree_are_there() -> None:
    for place in ("run_installation.py", "config.yaml", "installation/pipeline.py", "scripts", "LICENSE", "requirements.lock", ".ci/run"):
        assert (ROOT / place).exists(), place


def test_the_locks_pin_every_version() -> None:
    for lock in sorted(ROOT.glob("requirements*.lock")):
        for line in lock.read_text(encoding="utf-8").splitlines():
            wanted = line.partition("#")[0].strip()
            assert not wanted or wanted.count("==") == 1, f"{lock.name}: {line}"
            assert "://" not in line and not wanted.startswith("-"), f"{lock.name}: {line}"
