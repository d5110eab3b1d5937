"""The unit and its command: what is written, what systemd is told, and that nobody's own unit is written over."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from installation.__main__ import main as run
from installation.commands import service
from installation.service.unit import MARK, Unit, quoted

ROOT = Path(__file__).resolve().parents[2]
SYSTEMCTL = """#!/bin/sh
echo "$@" >> "{log}"
case "$*" in *is-enabled*) echo enabled ;; *is-active*) echo active ;; esac
exit {code}
"""


class Machine:
    """A home and a systemctl that writes down what it is told."""

    def __init__(self, folder, monkeypatch):
        self.folder, self.log = folder, folder / "log"
        self.units = folder / "home" / ".config" / "systemd" / "user"
        (folder / "bin").mkdir()
        monkeypatch.setenv("PATH", f"{folder / 'bin'}:{os.environ['PATH']}")
        monkeypatch.setenv("HOME", str(folder / "home"))
        monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
        monkeypatch.setattr(service, "SYSTEM_FOLDER", folder / "etc")
        self.answers(0)

    def answers(self, code):
        script = self.folder / "bin" / "systemctl"
        script.write_text(SYSTEMCTL.format(log=self.log, code=code))
        script.chmod(0o755)

    def told(self):
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return lines


@pytest.fixture
def machine(tmp_path, monkeypatch):
    return Machine(tmp_path, monkeypatch)


def keys(text):
    """{section.Key: [values]} as systemd reads it."""
    found, section = {}, ""
    for line in text.splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(f"{section}.{key}", []).append(value)
    return found


def test_install_show_uninstall(machine, tmp_path, capsys):
    config = tmp_path / "mine 100%.yaml"
    config.write_text("faces: {max: 2}\n")
    assert run(["service", "show"]) == 0 and "not installed" in capsys.readouterr().out
    assert run(["service", "install", "--config", str(config), "--now", "--", "--fullscreen"]) == 0
    assert machine.told() == ["--user daemon-reload", "--user enable --now facets.service", "--user restart facets.service"]
    text = (machine.units / "facets.service").read_text()
    unit = keys(text)
    (command,) = unit["Service.ExecStart"]
    assert command.endswith(f'run_installation.py --config "{tmp_path}/mine 100%%.yaml" --fullscreen')
    assert Path(command.split()[0]).name == "run" and Path(command.split()[0]).is_file()
    assert unit["Service.Type"] == ["notify"] and unit["Service.Restart"] == ["on-failure"] and unit["Service.LimitCORE"] == ["0"]
    assert unit["Service.RestartPreventExitStatus"] == ["2"] and unit["Unit.StartLimitIntervalSec"] == ["0"]
    assert unit["Install.WantedBy"] == ["graphical-session.target"] and "Service.User" not in unit
    assert run(["service", "show"]) == 0
    out = capsys.readouterr().out
    assert text in out and "is-enabled: enabled" in out and "is-active: active" in out
    machine.told()
    assert run(["service", "install"]) == 0  # ours is written over
    assert "--config" not in (machine.units / "facets.service").read_text() and machine.told()[1] == "--user enable facets.service"
    assert run(["service", "uninstall"]) == 0
    assert machine.told() == ["--user disable --now facets.service", "--user daemon-reload"] and not list(machine.units.iterdir())
    assert run(["service", "uninstall"]) == 2


@pytest.mark.parametrize(
    ("asked", "shown"),
    [([], "--fullscreen"), (["--headless"], "--headless"), (["--set", "canvas.mode=windowed"], "canvas.mode=windowed"),
     (["--windowed"], "--windowed"),
     (["--set", "faces.max=2"], "--set faces.max=2 --fullscreen")],
)  # fmt: skip
def test_a_service_waits_for_a_display_and_does_without_only_where_that_was_asked_for(machine, asked, shown):
    assert run(["service", "install", "--", *asked]) == 0
    (command,) = keys((machine.units / "facets.service").read_text())["Service.ExecStart"]
    assert command.partition("run_installation.py ")[2] in (shown, f"--set {shown}")


def test_a_window_that_the_configuration_chose_stays(machine, tmp_path):
    (tmp_path / "mine.yaml").write_text("canvas: {mode: windowed}\n")
    assert run(["service", "install", "--config", str(tmp_path / "mine.yaml")]) == 0
    assert "--fullscreen" not in (machine.units / "facets.service").read_text()


def test_a_service_of_the_system(machine, capsys):
    machine.folder.joinpath("etc").mkdir()
    assert run(["service", "install", "--system", "--user", "nobody", "--display", ":7", "--name", "left-mirror"]) == 0
    assert machine.told() == ["daemon-reload", "enable left-mirror.service"]
    unit = keys((machine.folder / "etc" / "left-mirror.service").read_text())
    assert unit["Service.User"] == ["nobody"] and "DISPLAY=:7" in unit["Service.Environment"]
    assert unit["Install.WantedBy"] == ["graphical.target"] and unit["Service.NoNewPrivileges"] == ["yes"]
    assert run(["service", "install", "--system", "--user", "root"]) == 2
    assert run(["service", "install", "--system", "--user", "who-is-that"]) == 2
    assert run(["service", "install", "--name", "../x"]) == 2
    assert "no root" in capsys.readouterr().err


def test_a_unit_of_somebodys_own_stays(machine, capsys):
    machine.units.mkdir(parents=True)
    own = machine.units / "facets.service"
    own.write_text("[Service]\nExecStart=/mine\n")
    assert run(["service", "install"]) == 2 and run(["service", "uninstall"]) == 2
    assert own.read_text() == "[Service]\nExecStart=/mine\n" and machine.told() == []
    assert capsys.readouterr().err.count("was written by a person; --force") == 2
    assert run(["service", "install", "--force"]) == 0 and own.read_text().startswith(MARK)


def test_a_systemd_that_does_not_answer_is_told_with_what_to_do(machine, capsys):
    machine.answers(1)
    assert run(["service", "install"]) == 4
    assert (machine.units / "facets.service").is_file()
    assert "where it runs: systemctl --user daemon-reload && systemctl --user enable facets.service" in capsys.readouterr().err


def test_a_configuration_that_is_broken_is_told_before_anything_is_written(machine, tmp_path, capsys):
    (tmp_path / "mine.yaml").write_text("faces: {max: many}\n")
    assert run(["service", "install", "--config", str(tmp_path / "mine.yaml")]) == 2
    assert "faces.max" in capsys.readouterr().err and not machine.units.exists()


@pytest.mark.parametrize(
    ("word", "read"),
    [("plain/path-1.yaml", "plain/path-1.yaml"), ("two words", '"two words"'), ("100%", "100%%"), ("$HOME", '"$$HOME"'),
     ('say "x"', '"say \\"x\\""'), ("back\\slash", '"back\\\\slash"'), ("a;b", '"a;b"'), ("", '""'), ("tab\t", '"tab\\x09"')],
)  # fmt: skip
def test_words_are_quoted_as_systemd_reads_them(word, read):
    assert quoted(word) == read


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
@pytest.mark.parametrize("user", ["", "daemon"])
def test_systemd_itself_has_nothing_against_the_unit(tmp_path, user):
    path = tmp_path / "facets.service"
    unit = Unit([sys.executable, "-c", "print('$HOME %h')", "two words"], tmp_path, user, ":0", str(tmp_path / "a cache"))
    path.write_text(unit.text())
    words = ["systemd-analyze", "verify", *([] if user else ["--user"]), str(path)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    complaints = [line for line in done.stderr.splitlines() if "facets.service" in line]
    assert complaints == []


def exec_words(machine):
    (command,) = keys((machine.units / "facets.service").read_text())["Service.ExecStart"]
    return shlex.split(command.partition("run_installation.py ")[2])


@pytest.mark.parametrize(
    ("asked", "told"),
    [(["--fullscren"], "--fullscren"), (["--set", "canvas.widht=5"], "canvas.widht"), (["--preset", "gone"], "--preset gone"),
     (["--set", "invitation.languages=[pl]"], "no text in pl"), (["--generator", "gone.safetensors"], "gone.safetensors"),
     (["--list-devices"], "--list-devices"), (["--source", "gone.mp4"], "gone.mp4")],
)  # fmt: skip
def test_what_goes_to_the_show_is_checked_before_anything_is_written(machine, asked, told, capsys):
    try:
        code = run(["service", "install", "--", *asked])
    except SystemExit as end:  # argparse's own
        code = end.code
    assert code == 2 and told in capsys.readouterr().err
    assert not machine.units.exists() and machine.told() == []


def test_files_are_those_of_the_folder_that_the_command_is_given_in(machine, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text("faces: {max: 2}\n")
    shutil.copy(ROOT / "weights" / "encoder.safetensors", tmp_path / "own.safetensors")
    (tmp_path / "clip.mp4").write_bytes(b"a film")
    written = ["--report=r.json", "--record", "films/out.mp4", "--timeline-record", "moves"]
    sets = ["--set", "models.children=[]", "--set", "faces.min_size=0.03"]
    words = ["--source", "clip.mp4", *written, "--encoder", "own.safetensors", *sets, "--headless"]
    assert run(["service", "install", "--config", "mine.yaml", "--", *words]) == 0
    assert exec_words(machine) == [
        "--config", f"{tmp_path}/mine.yaml", "--source", f"{tmp_path}/clip.mp4", f"--report={tmp_path}/r.json", "--record",
        f"{tmp_path}/films/out.mp4", "--timeline-record", f"{tmp_path}/moves", "--encoder", f"{tmp_path}/own.safetensors", "--set",
        "models.children=[]", "--set", "faces.min_size=0.03", "--headless",
    ]  # fmt: skip
    assert run(["service", "install", "--", "--set", "source=clip.mp4", "--set", "models.encoder=own.safetensors"]) == 0
    words = exec_words(machine)
    assert f"source={tmp_path}/clip.mp4" in words and f"models.encoder={tmp_path}/own.safetensors" in words
    assert run(["service", "install", "--", "--source", "rtsp://camera/1"]) == 0 and "rtsp://camera/1" in exec_words(machine)
    assert run(["service", "install", "--", "--source", "0"]) == 0 and exec_words(machine)[:2] == ["--source", "0"]


def test_a_source_of_the_configuration_that_the_service_would_not_find_is_told(machine, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clip.mp4").write_bytes(b"a film")
    (tmp_path / "mine.yaml").write_text("source: clip.mp4\n")
    assert run(["service", "install", "--config", "mine.yaml"]) == 2
    said = capsys.readouterr().err
    assert "mine.yaml:1: source: 'clip.mp4': " in said and f"write the whole path, as in {tmp_path}/clip.mp4" in said
    assert not machine.units.exists()
    (tmp_path / "mine.yaml").write_text(f"source: {tmp_path}/clip.mp4\n")
    assert run(["service", "install", "--config", "mine.yaml"]) == 0
