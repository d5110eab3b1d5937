"""How the program starts: with whatever Python, without a set-up, without standard streams."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TREE = (
    *("installation", "scripts", "config.yaml", "run_installation.py", "texts.yaml", "weights", "directions", "presets", "shaders"),
    *("styles", "backgrounds"),
)


def run(*command, cwd=ROOT, **more):
    return subprocess.run([str(word) for word in command], cwd=cwd, capture_output=True, text=True, timeout=300, check=False, **more)


@pytest.fixture
def bare(tmp_path):
    """The project without its environment, and a Python without its packages."""
    (tmp_path / "installation").mkdir()
    for path in (ROOT / "installation").iterdir():  # the code's own place says where the project is, so it is no link
        if path.suffix == ".py":
            (tmp_path / "installation" / path.name).write_bytes(path.read_bytes())
        elif path.name != "__pycache__":
            (tmp_path / "installation" / path.name).symlink_to(path)
    for name in TREE[2:]:
        if name == "run_installation.py":
            (tmp_path / name).write_bytes((ROOT / name).read_bytes())
        else:
            (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "scripts").mkdir()
    for path in (ROOT / "scripts").iterdir():
        if path.is_file():
            (tmp_path / "scripts" / path.name).write_bytes(path.read_bytes())
            (tmp_path / "scripts" / path.name).chmod(0o755)
    return tmp_path


WITHOUT = [sys.executable, "-S"]  # no site-packages


@pytest.mark.parametrize("command", [["run_installation.py", "--headless"], ["-m", "installation", "gallery"]])
def test_without_a_set_up_one_sentence_says_what_to_do(bare, command):
    done = run(*WITHOUT, *command, cwd=bare)
    assert done.returncode == 2
    assert "run 'make setup' first" in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.parametrize("script", ["run", "mirror"])
def test_scripts_without_a_set_up_announce_nothing(bare, script):
    done = run(bare / "scripts" / script, "--duration", "4")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "Facets is not set up here yet; run 'make setup' first.\n")


@pytest.mark.parametrize("command", [["run_installation.py", "--validate-config"], ["-m", "installation", "controls"]])
def test_another_python_goes_on_in_the_projects_own(bare, command):
    own = bare / ".venv" / "bin"
    own.mkdir(parents=True)
    (own / "python").write_text(f'#!/bin/sh\necho "in its own" >&2\nexec {sys.executable} "$@"\n')
    (own / "python").chmod(0o755)
    done = run(*WITHOUT, *command, cwd=bare)
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("in its own\n")


KEPT = """
import pathlib, sys
sys.path.insert(0, {root!r})
from installation import start
start.prepare()
resident = lambda: int(pathlib.Path("/proc/self/statm").read_text().split()[1]) * 4096
block = bytearray(b"x" * (100 << 20))
del block
print(resident() > 90 << 20)
"""


@pytest.mark.skipif(not hasattr(os, "confstr") or "glibc" not in (os.confstr("CS_GNU_LIBC_VERSION") or ""), reason="glibc's own")
def test_memory_that_was_given_back_is_kept_however_the_program_was_started():
    clean = {key: value for key, value in os.environ.items() if not key.startswith("MALLOC_")}
    assert run(sys.executable, "-c", KEPT.format(root=str(ROOT)), env=clean).stdout == "True\n"


def test_streams_that_are_closed_do_not_give_their_numbers_away():
    script = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); from installation import start; start.prepare(); import os; os._exit(os.dup(0))"
    )
    done = subprocess.run(["sh", "-c", 'exec "$0" -c "$1" <&- >&- 2>&-', sys.executable, script], timeout=60, check=False)
    assert done.returncode > 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "running 20 seconds without one, into out/facets.mp4 and out/report.json"),
        (["--duration", "4"], "running 4 seconds without one, into"),
        (["--duration=7"], "running 7 seconds without one, into"),
        (["--frames", "9"], "running 9 frames without one, into"),
        (["--record", "mine.mp4", "--report=mine.json"], "running 20 seconds without one.\n"),
        (["--source", "0"], "without one, into out/report.json."),
        (["--validate-config"], ""),
    ],
)
def test_what_is_announced_is_what_is_run(bare, arguments, words):
    own = bare / ".venv" / "bin"
    own.mkdir(parents=True)
    (own / "python").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    (own / "python").chmod(0o755)
    clean = {key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY")}
    done = run(bare / "scripts" / "mirror", *arguments, env=clean)
    assert done.returncode == 0
    assert words in done.stdout and ("There is no display" in done.stdout) == bool(words)
    given = done.stdout.splitlines()
    assert given[-len(arguments) :] == arguments or not arguments
    assert ("20" in given) == ("running 20" in done.stdout)


def test_nobody_outside_is_told_of_a_start(tmp_path):
    """OpenVINO's package asks for one that reports conversions; where it came along it is not imported."""
    (tmp_path / "openvino_telemetry.py").write_text("raise SystemExit('imported')\n")
    script = (
        f"import sys; sys.path[:0] = [{str(ROOT)!r}, {str(tmp_path)!r}]\nfrom installation import start; start.prepare()\n"
        "import openvino.tools.ovc; print('quiet')"
    )
    done = run(sys.executable, "-c", script)
    assert done.stdout == "quiet\n", done.stderr
