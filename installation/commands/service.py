"""Makes the show a service that starts by itself and is started again when it ends by a fault or hangs.

python -m installation service install [--system --user NAME] [--config FILE] [--display :0] [--now] [-- ARGUMENTS OF THE SHOW]
python -m installation service show | uninstall
"""

from __future__ import annotations

import argparse
import getpass
import os
import pwd
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from installation import show
from installation.assembly.soundness import check_show
from installation.config import Config
from installation.errors import ConfigError, FaultError
from installation.output_file import whole_file
from installation.outputs.kinds import KINDS
from installation.places import INSTALLED, PACKAGE, kept
from installation.service.unit import MARK, NAME, Unit
from installation.service.words import anywhere
from installation.sources.capture import DEMO, is_there
from installation.sources.stand_in import PREFIX

SYSTEM_FOLDER = Path("/etc/systemd/system")
FILES = frozenset({
    "--config", "--report", "--timeline-record", "--timeline-play", "--generator", "--encoder", *(f"--{kind.name}" for kind in KINDS),
})  # options of a show whose value is a file


def main(argv: Sequence[str] | None = None) -> int:
    """The command ``service``. 0: done; 4: the unit lies in its place, and systemd does not answer."""
    words = list(sys.argv[1:] if argv is None else argv)
    own, _, shows = (words[: words.index("--")], "--", words[words.index("--") + 1 :]) if "--" in words else (words, "", [])
    a = _parser().parse_args(own)
    if not NAME.fullmatch(a.name):
        raise ConfigError(f"--name {a.name}: letters, digits, dots and dashes")
    service = Service(a.system, a.name)
    match a.command:
        case "install":
            return service.install(_unit(a, shows, check=True), a.now, a.force)
        case "uninstall":
            return service.uninstall(a.force)
    return service.show(_unit(a, shows))


def _parser() -> argparse.ArgumentParser:
    about = "Makes the show a service of systemd."
    parser = argparse.ArgumentParser(prog="python -m installation service", description=about, allow_abbrev=False)
    parser.add_argument("command", choices=("install", "uninstall", "show"), help="what to do")
    parser.add_argument("--system", action="store_true", help="a service of the system, not of this user; as root")
    parser.add_argument("--user", metavar="NAME", default="", help="whose show a service of the system is")
    parser.add_argument("--name", default="facets", help="of the unit (default facets), where there are several shows")
    parser.add_argument("--config", type=Path, metavar="FILE", help="configuration of the show")
    parser.add_argument("--display", metavar=":0", default="", help="X display that a service of the system draws on")
    parser.add_argument("--now", action="store_true", help="start it at once")
    parser.add_argument("--force", action="store_true", help="over, or away with, a unit that a person has written")
    parser.epilog = "What stands behind -- goes to the show: service install --config mine.yaml -- --fullscreen"
    return parser


def _unit(a: argparse.Namespace, shows: Sequence[str], check: bool = False) -> Unit:
    """check: whether a show that could not begin is told, for a service manager does not try it again, and nobody would read why."""
    user, folder = _user(a) if a.system else "", Path.cwd() if INSTALLED else kept(".")
    words = anywhere([*(["--config", str(a.config)] if a.config else []), *shows], FILES)
    asked = show.parse(words, "python -m installation service install --")
    if asked.list_devices or asked.validate_config:
        raise ConfigError(f"{'--list-devices' if asked.list_devices else '--validate-config'}: is no show; give it to run_installation.py")
    config = show.configuration(asked)
    _check_source(config, folder)
    if check:
        check_show(config, show.options_of(asked))
    # Left to itself a show goes on without a display where there is none, and a service would stay dark whose desktop comes a moment later.
    chosen = config.canvas.mode != "auto" or any("canvas.mode=" in text for text in show.overrides(asked))
    command = [*_program(), *words, *([] if chosen else ["--fullscreen"])]
    display = a.display or (os.environ.get("DISPLAY", "") or ":0" if a.system else "")
    return Unit(command, folder, user, display, os.environ.get("FACETS_CACHE", ""))


def _check_source(config: Config, folder: Path) -> None:
    """Raises ConfigError for a file that is looked for where the service starts, and is not there."""
    source = config.source
    if source == DEMO or source.isdecimal() or "://" in source or source.startswith(PREFIX):
        return
    path = Path(source).expanduser()
    if not path.is_absolute() and is_there(str(folder / path)) is False:
        raise config.error({"source": f"a service starts in {folder}, where this is not; write the whole path, as in {path.absolute()}"})


def _user(a: argparse.Namespace) -> str:
    name = str(a.user or os.environ.get("SUDO_USER") or getpass.getuser())
    try:
        account = pwd.getpwnam(name)
    except KeyError:
        raise ConfigError(f"--user {name}: there is no such user") from None
    if account.pw_uid == 0:
        raise ConfigError("--user NAME: a show needs no root; name the user whose it is")
    return name


def _program() -> list[str]:
    root = PACKAGE.parent
    if not INSTALLED:
        return [str(root / "scripts" / "run"), str(root / "run_installation.py")]
    return [str(Path(sys.executable).with_name("facets"))]


class Service:
    """One unit. system: whether it is the system's; name: without its suffix."""

    def __init__(self, system: bool, name: str) -> None:
        users = os.environ.get("XDG_CONFIG_HOME", "")
        home = Path(users) if Path(users).is_absolute() else Path.home() / ".config"
        self.path = (SYSTEM_FOLDER if system else home / "systemd" / "user") / f"{name}.service"
        self._words = ["systemctl", *([] if system else ["--user"])]
        self._unit = self.path.name

    def install(self, unit: Unit, now: bool, force: bool) -> int:
        """Put it in place, and have it started with the machine or the session. Raises ConfigError."""
        if self.path.exists() and not self._ours() and not force:
            raise ConfigError(f"{self.path}: was written by a person; --force writes over it, --name takes another name")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as err:
            raise ConfigError(f"{self.path}: cannot be written ({err.strerror or err})") from err
        with whole_file(self.path) as part:
            part.write_text(unit.text(), encoding="utf-8")
        print(f"{self.path}: written")
        begin = ["enable", *(["--now"] if now else []), self._unit]
        return self._run(["daemon-reload"], begin, *([["restart", self._unit]] if now else []))

    def uninstall(self, force: bool) -> int:
        """Stop it and take it away; what a show has written stays. Raises ConfigError."""
        if not self.path.exists():
            raise ConfigError(f"{self.path}: there is none")
        if not self._ours() and not force:
            raise ConfigError(f"{self.path}: was written by a person; --force takes it away")
        code = self._run(["disable", "--now", self._unit])
        try:
            self.path.unlink()
        except OSError as err:
            raise ConfigError(f"{self.path}: cannot be taken away ({err.strerror or err})") from err
        print(f"{self.path}: gone; what shows have written stays")
        return self._run(["daemon-reload"]) or code

    def show(self, unit: Unit) -> int:
        """Print the unit that is there, or the one that would be, and how it stands."""
        if self.path.exists():
            print(f"{self.path}:\n\n{self.path.read_text(encoding='utf-8', errors='replace')}")
            for question in ("is-enabled", "is-active"):
                print(f"{question}: {self._ask(question)}")
        else:
            print(f"{self.path}: not installed; service install would write:\n\n{unit.text()}")
        return 0

    def _ours(self) -> bool:
        try:
            return self.path.read_text(encoding="utf-8", errors="replace").startswith(MARK)
        except OSError:
            return False

    def _ask(self, question: str) -> str:
        try:
            done = subprocess.run([*self._words, question, self._unit], capture_output=True, text=True, timeout=30, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return "systemd does not answer"
        return done.stdout.strip() or done.stderr.strip() or "unknown"

    def _run(self, *commands: Sequence[str]) -> int:
        """Each in its turn; where one fails, what a person can do."""
        for number, command in enumerate(commands):
            words = [*self._words, *command]
            try:
                done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
                failed = done.stderr.strip() or f"exit code {done.returncode}" if done.returncode else ""
            except (OSError, subprocess.TimeoutExpired) as err:
                failed = str(err)
            if failed:
                left = " && ".join(" ".join([*self._words, *one]) for one in commands[number:])
                print(f"systemd does not do it ({failed}); where it runs: {left}", file=sys.stderr)
                return FaultError.exit_code
            print(" ".join(words))
        return 0
