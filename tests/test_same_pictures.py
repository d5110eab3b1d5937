"""The program, run again as a user would: as fast as possible, the same input gives the same pictures."""

import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import av
import pytest

ROOT = Path(__file__).resolve().parents[1]
CLIP = ROOT / "tests" / "data" / "yes.mkv"
FRAMES = 20
BUSY = "while True: pass"


def pictures(folder: Path, cache: Path) -> list[str]:
    """What the canvas showed, one sum a picture, of a recording that loses nothing."""
    film = folder / "film.mp4"
    canvas = ["--headless", "--set", "canvas.width=320", "--set", "canvas.height=240", "--set", "record.crf=0"]
    command = ["run_installation.py", "--as-fast-as-possible", "--source", CLIP, "--frames", FRAMES, *canvas, "--record", film]
    env = os.environ | {"FACETS_CACHE": str(cache)}
    words = [sys.executable, *map(str, command)]
    done = subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "256 px" in done.stdout  # the generator's own size, not what a measurement says
    with av.open(str(film)) as file:
        return [sha256(frame.to_ndarray().tobytes()).hexdigest() for frame in file.decode(video=0)]


@pytest.mark.slow
def test_the_same_input_gives_the_same_pictures_whatever_the_machine_does(tmp_path):
    cache = tmp_path / "cache"
    first = pictures(tmp_path, cache)
    assert len(first) == FRAMES and len(set(first)) > FRAMES / 2
    assert pictures(tmp_path, cache) == first  # with engines from the cache
    shutil.rmtree(cache)
    neighbours = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(os.cpu_count() or 1)]
    try:
        assert pictures(tmp_path, cache) == first  # all made anew, beside programs that hold every core
    finally:
        for neighbour in neighbours:
            neighbour.kill()
            neighbour.wait()
