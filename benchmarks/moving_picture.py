"""The moving picture at the head of the README: a few seconds of the mirror over the embedded visitors.

    scripts/run benchmarks/moving_picture.py --out docs/mirror.webp

The show runs in lockstep, so that the same models give the same picture on a machine of any speed.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import av
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
MOST_BYTES = 3_000_000
CONTROLS = "{edit/age/lfo/rate: 0.2, edit/smile/lfo/rate: 0.25, edit/gender/lfo/rate: 0.13}"  # a slow show in a few seconds
RATE = 30  # pictures a second that the show draws


def record(source: str, frames: int, controls: str, into: Path) -> None:
    """Record so many pictures of a show. Raises CalledProcessError where the show ends with an error."""
    command = [sys.executable, str(ROOT / "run_installation.py"), "--source", source, "--headless", "--as-fast-as-possible"]
    command += ["--frames", str(frames), "--record", str(into), "--set", f"controls={controls}", "--set", "record.crf=12"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def pictures(clip: Path, begin: int, step: int, width: int) -> list[Image.Image]:
    """Every ``step``-th picture of a clip from ``begin`` on, ``width`` px wide."""
    kept = []
    with av.open(str(clip)) as file:
        for index, frame in enumerate(file.decode(video=0)):
            if index >= begin and (index - begin) % step == 0:
                kept.append(frame.to_image().resize((width, round(width * frame.height / frame.width)), Image.Resampling.LANCZOS))
    return kept


def main() -> int:
    parser = argparse.ArgumentParser(description="Draw the README's moving picture.")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--source", default="demo")
    parser.add_argument("--begin", type=float, default=2.0, metavar="SECONDS", help="what is left out: the visitors come in")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--step", type=int, default=2, help="every so many pictures one is kept")
    parser.add_argument("--width", type=int, default=720)
    parser.add_argument("--controls", default=CONTROLS)
    a = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "show.mp4"
        record(a.source, round((a.begin + a.seconds) * RATE), a.controls, clip)
        kept = pictures(clip, round(a.begin * RATE), a.step, a.width)
    for quality in range(80, 20, -10):
        kept[0].save(a.out, save_all=True, append_images=kept[1:], duration=round(1000 * a.step / RATE), loop=0, quality=quality, method=4)
        if a.out.stat().st_size <= MOST_BYTES:
            break
    print(f"{a.out}: {len(kept)} pictures, {a.out.stat().st_size // 1000} KB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
