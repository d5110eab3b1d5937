from pathlib import Path

import pytest

from installation.config import load_config
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
