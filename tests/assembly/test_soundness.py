"""What ends a start is told by the check of a configuration, with its line, and nothing is opened or made for that."""

from pathlib import Path

import pytest

from installation.assembly.options import RunOptions
from installation.assembly.soundness import check_beside, check_show
from installation.commands.doctor import main as doctor
from installation.config import load_config
from installation.control.parameters import ParameterTable, parameter_table
from installation.errors import ConfigError
from installation.show import main

BAD = {  # by what is written, what is said of it
    "operator: {pin_file: nothing}": r"mine\.yaml:1: operator\.pin_file: .*/nothing: cannot be read",
    "operator:\n  pin: '2718'\n  pin_file: nothing": r"mine\.yaml:3: operator\.pin and operator\.pin_file both give the PIN",
    "invitation: {languages: [pl]}": r"mine\.yaml:1: invitation\.languages: .*no text in pl; there is de, en, es, fr, it, zh",
    "invitation: {texts: nothing.yaml}": r"mine\.yaml:1: invitation\.texts: 'nothing\.yaml': .*no such file",
    "invitation: {font: nothing.ttf}": r"mine\.yaml:1: invitation\.font: .*there is no such font file",
    "faces: {max: 2}\ntakeaways: {enabled: true}\ncontrol: {web: {enabled: false}}":
        r"mine\.yaml:2: takeaways\.enabled: .*need the web server",
    "control: {web: {token: aaaaaaaa}}": r"mine\.yaml:1: control\.web\.token: is too easy to guess",
    "control: {midi: {ports: ['socket:here']}}": r"mine\.yaml:1: control\.midi\.ports: 'socket:here': must be socket:HOST:PORT",
    "control: {osc: {port: 9001, out_port: 9001}}": r"mine\.yaml:1: control\.osc\.out_port: 9001: the program listens on that port itself",
    "models: {generator: gone.safetensors}": r"mine\.yaml:1: models\.generator: .*there is no gone\.safetensors in /",
    "models: {children: [gone.safetensors]}": r"mine\.yaml:1: models\.children\.0: .*there is no gone\.safetensors in /",
    "schedule: {rows: [{name: day, preset: gone}]}": r"mine\.yaml:1: schedule\.rows\.0\.preset: 'gone': there is no such preset",
}  # fmt: skip


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    return tmp_path / "mine.yaml"


@pytest.mark.parametrize("text", BAD)
def test_what_ends_a_start_is_told_with_its_line(mine: Path, text: str) -> None:
    mine.write_text(text)
    with pytest.raises(ConfigError, match=BAD[text]):
        check_show(load_config(mine))


@pytest.mark.parametrize("text", ["operator: {pin_file: nothing}", "controls: {look/glow: 3}"])
def test_the_command_line_and_the_doctor_tell_it(mine: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    mine.write_text(text)
    assert main(["--config", str(mine), "--validate-config"]) == 2
    said = capsys.readouterr().err
    assert "mine.yaml:1: " in said
    assert doctor(["--config", str(mine), "--quick", "--only", "clock", "weights", "--json"]) == 1
    told = capsys.readouterr().out
    assert told.index('"configuration"') < told.index('"clock"') and said.partition("mine.yaml:1: ")[2].strip()[:40] in told
    assert "as it ships" not in told and "over the shipped one" not in told


def test_an_edit_beside_a_show_is_checked_against_the_controls_that_run_and_reads_no_other_models(mine: Path) -> None:
    running, table, asked = load_config(), parameter_table(("age",), (), ()), []

    def shown() -> ParameterTable:
        asked.append(table)
        return table

    check_beside(running, shown, load_config(None, ["controls={edit/age/amount: 1}"]))
    with pytest.raises(ConfigError, match=r"controls\.edit/wings/amount"):
        check_beside(running, shown, load_config(None, ["controls={edit/wings/amount: 1}"]))
    assert len(asked) == 2
    check_beside(running, shown, load_config(None, ["models.children=[]", "controls={edit/wings/amount: 1}"]))
    mine.write_text("models: {generator: gone.safetensors}")
    with pytest.raises(ConfigError, match="there is no gone"):
        check_beside(running, shown, load_config(mine))
    assert len(asked) == 2


def test_everything_that_is_wrong_is_told_at_once(mine: Path) -> None:
    mine.write_text("operator: {pin_file: nothing}\ninvitation: {languages: [pl]}\ncontrol: {web: {token: aaaaaaaa}}\n")
    with pytest.raises(ConfigError) as refused:
        check_show(load_config(mine))
    lines = str(refused.value).split("\n")
    assert len(lines) == 3 and "aaaaaaaa" not in str(refused.value)


def test_what_the_command_line_asks_of_a_show_is_looked_at_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--validate-config", "--preset", "gone"]) == 2
    assert "--preset gone: there is no such preset; there is " in capsys.readouterr().err
    assert main(["--validate-config", "--timeline-play", str(tmp_path / "gone")]) == 2
    assert "gone: no such file" in capsys.readouterr().err
    assert main(["--validate-config", "--report", str(tmp_path)]) == 2
    assert main(["--validate-config", "--source", "0", "--record", str(tmp_path / "out.mp4")]) == 2
    assert "--record: a live camera is recorded only where" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_what_the_show_would_not_open_is_no_fault(mine: Path) -> None:
    mine.write_text("control: {web: {enabled: false, token: aaaaaaaa}, midi: {enabled: false, ports: ['socket:here']}}\n")
    check_show(load_config(mine))
    mine.write_text("takeaways: {enabled: true}\ncontrol: {web: {enabled: false}}\n")
    check_show(load_config(mine), RunOptions(lockstep=True))  # in which nobody takes anything home


def test_nothing_is_opened_or_made(tmp_path: Path, mine: Path) -> None:
    mine.write_text(f"takeaways: {{enabled: true, folder: {tmp_path}/taken}}\ncontrol: {{web: {{token_file: {tmp_path}/token}}}}\n")
    assert main(["--config", str(mine), "--validate-config"]) == 0
    assert list(tmp_path.iterdir()) == [mine]


def test_a_starting_control_of_an_artists_own_style_is_good(tmp_path: Path, mine: Path) -> None:
    from PIL import Image as Pillow

    (tmp_path / "own").mkdir()
    Pillow.new("RGB", (64, 64), "red").save(tmp_path / "own" / "mohn.png")
    mine.write_text("models: {styles: own}\ncontrols: {style/mohn/amount: 0.5}\n")
    assert main(["--config", str(mine), "--validate-config"]) == 0
    mine.write_text("models: {styles: own}\ncontrols: {style/malve/amount: 0.5}\n")
    assert main(["--config", str(mine), "--validate-config"]) == 2
