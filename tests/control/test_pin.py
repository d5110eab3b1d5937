import os
from pathlib import Path

import pytest

from installation.config import load_config
from installation.control.owned_file import read_owned
from installation.control.pin import FREE, LONGEST_PAUSE, PAUSE_SECONDS, PinCheck, pin_of
from installation.errors import ConfigError


def settings(*overrides: str):
    return load_config(None, overrides).operator


@pytest.mark.parametrize("bad", ["letters", "12a4", "1", "123", "1" * 13, "2 718", "２７１８", "0000", "1234", "9876", "7890"])
def test_what_is_no_pin_is_refused_and_never_said(bad: str) -> None:
    with pytest.raises(ConfigError, match=r"operator\.pin: .*(4 to 12 digits|too easy)") as err:
        settings(f"operator.pin={bad}")
    assert bad not in str(err.value).replace("4 to 12", "")


def test_a_number_without_quotes_is_refused_for_yaml_reads_another(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    for number in ("04127", "2718", "271_8"):  # to YAML the first one is 2135, and the last one 2718
        file.write_text(f"operator: {{pin: {number}}}\n")
        with pytest.raises(ConfigError, match=r"mine\.yaml:1: operator\.pin: .*quotes"):
            load_config(file)
    file.write_text('operator: {pin: "02718"}\n')
    assert load_config(file).operator.pin == "02718"
    assert "pin" not in str(load_config(file).chosen())  # the program writes it nowhere


def test_a_pin_comes_from_the_configuration_or_a_file_for_its_owner_alone(tmp_path: Path) -> None:
    assert pin_of(settings(), tmp_path) == "" and pin_of(settings("operator.pin=2718"), tmp_path) == "2718"
    wanted = settings("operator.pin_file=pin.txt")
    with pytest.raises(ConfigError, match=r"pin\.txt: cannot be read"):
        pin_of(wanted, tmp_path)
    (tmp_path / "pin.txt").write_text("0412\n")
    (tmp_path / "pin.txt").chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        pin_of(wanted, tmp_path)
    (tmp_path / "pin.txt").chmod(0o600)
    assert pin_of(wanted, tmp_path) == "0412"
    with pytest.raises(ConfigError, match="keep one"):
        pin_of(settings("operator.pin=2718", "operator.pin_file=pin.txt"), tmp_path)
    (tmp_path / "pin.txt").write_text("abcd")
    with pytest.raises(ConfigError, match="4 to 12 digits"):
        pin_of(wanted, tmp_path)


def secret(folder: Path, contents: bytes) -> Path:
    file = folder / "pin.txt"
    file.write_bytes(contents)
    file.chmod(0o600)
    return file


@pytest.mark.parametrize(
    ("contents", "pin"),
    [
        (b"271828182845\r\n", "271828182845"),
        (b"  2718  \n\n", "2718"),
        (b"2718281828459", None),  # a digit more is not cut off
        (b"271\xe9", None),
        (b"27\n18", None),
        (b"", None),
    ],
)
def test_a_pin_s_file_holds_its_digits_and_no_more(tmp_path: Path, contents: bytes, pin: str | None) -> None:
    secret(tmp_path, contents)
    wanted = settings("operator.pin_file=pin.txt")
    if pin is not None:
        assert pin_of(wanted, tmp_path) == pin
        return
    with pytest.raises(ConfigError, match=r"pin\.txt: must be 4 to 12 digits"):
        pin_of(wanted, tmp_path)


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700, 0o640, 0o620, 0o610, 0o604, 0o602, 0o601])
def test_a_secret_is_read_only_where_nobody_else_may_reach_it(tmp_path: Path, mode: int) -> None:
    file = secret(tmp_path, b"2718")
    file.chmod(mode)
    if mode & 0o077 == 0:
        assert read_owned(file, "here", 100) == b"2718" and read_owned(file, "here", 3) == b"271"
        return
    with pytest.raises(ConfigError, match=f"here: others on this machine .*'chmod 600 {file}'"):
        read_owned(file, "here", 100)


def test_a_secret_that_is_another_user_s_or_no_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)  # nobody writes into it
    with pytest.raises(ConfigError, match="here: not a plain file"):
        read_owned(tmp_path / "pipe", "here", 100)
    file = secret(tmp_path, b"2718")
    if os.geteuid() == 0:
        os.chown(file, 12345, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(ConfigError, match="here: others on this machine"):
        read_owned(file, "here", 100)
    monkeypatch.setattr(os, "geteuid", lambda: file.stat().st_uid)
    assert read_owned(file, "here", 100) == b"2718"


def test_it_is_told_how_many_wrong_pins_there_may_be() -> None:
    check, now, left = PinCheck("2718"), 0.0, []
    for _ in range(FREE + 2):
        left.append(check.left())
        assert not check.fits("1111", now)
        now += check.wait(now)
    assert left == [3, 2, 1, 1, 1]
    assert check.fits("2718", now) and check.left() == 3
    assert not check.fits("1111", now) and check.left() == 2


def test_however_many_are_wrong_the_next_pause_ends() -> None:
    check, now = PinCheck("2718"), 0.0
    for _ in range(1100):
        assert not check.fits("1111", now)
        now += check.wait(now)
    assert check.fits("2718", now)


def test_wrong_pins_are_counted_and_make_everybody_wait_longer_and_longer() -> None:
    check, now = PinCheck("2718"), 0.0
    for _ in range(FREE):
        assert check.wait(now) == 0 and not check.fits("1111", now)
    assert check.wrong == FREE and check.wait(now) == PAUSE_SECONDS
    assert not check.fits("2718", now + PAUSE_SECONDS - 1) and check.wrong == FREE  # nothing is looked at, the right one neither
    pauses = []
    for _ in range(9):
        now += check.wait(now)
        assert not check.fits("0000", now)
        pauses.append(check.wait(now))
    assert pauses[:2] == [2 * PAUSE_SECONDS, 4 * PAUSE_SECONDS] and pauses[-1] == LONGEST_PAUSE
    assert check.fits("2718", now + LONGEST_PAUSE) and check.wrong == FREE + 9
    assert not check.fits("1", now + LONGEST_PAUSE) and check.wait(now + LONGEST_PAUSE) == 0  # the row has ended
