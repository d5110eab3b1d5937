"""A locale without UTF-8: files are found under their names, and nothing that is said ends in a traceback."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CLIP = ROOT / "tests" / "data" / "yes.mkv"
READ = """
from installation.utf8 import ensure_utf8
ensure_utf8()
import sys
from installation.clock import FrameClock
from installation.sources import CaptureSettings
from installation.sources.capture import open_source
with open_source(sys.argv[1], CaptureSettings(), FrameClock(30), realtime=False) as source:
    print(source.read().image.shape, source.describe())
"""


def run(arguments: list[str | bytes], **environment: str) -> subprocess.CompletedProcess[bytes]:
    """A program in the C locale, which knows ASCII alone: every other 8-bit locale lacks some letters in the same way."""
    env = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, env=env, capture_output=True, timeout=120, check=False)


@pytest.mark.parametrize("name", ["nö ş.mkv".encode(), b"n\xf6 \xfe.mkv", "Été 夏.mkv".encode()])
def test_a_clip_is_found_whatever_the_letters_of_its_name(tmp_path: Path, name: bytes) -> None:
    clip = os.path.join(os.fsencode(tmp_path), name)
    shutil.copy(CLIP, clip)
    done = run(["-c", READ, clip])
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"(480, 640, 3)") and name in done.stdout


def test_both_programs_name_a_file_in_their_complaint(tmp_path: Path) -> None:
    path = tmp_path / "görüntü ş.yaml"
    path.write_text("sourse: demo\n", encoding="utf-8")
    # Of so many frames: a show without an end would begin safely, where one has run well in this folder before.
    done = run(["run_installation.py", "--config", os.fsencode(path), "--frames", "1"])
    assert done.returncode == 2 and os.fsencode(path) + b":1: sourse" in done.stderr and b"Traceback" not in done.stderr
    done = run(["-m", "installation", "weights", "info", os.fsencode(tmp_path / "ağırlık.safetensors")])
    assert done.returncode == 2 and "ağırlık.safetensors".encode() in done.stderr and b"Traceback" not in done.stderr


def test_an_output_that_lacks_a_letter_gets_a_substitute() -> None:
    done = run(["-m", "installation", "zoom×"], PYTHONIOENCODING="ascii", PYTHONUTF8="1")
    assert done.returncode == 2 and b"zoom\\xd7" in done.stderr
    said = "from installation.utf8 import ensure_utf8; ensure_utf8(); print('1280×720 \\udcf6')"
    done = run(["-c", said], PYTHONIOENCODING="ascii", PYTHONUTF8="1")
    assert (done.returncode, done.stdout) == (0, b"1280\\xd7720 \\udcf6\n")
