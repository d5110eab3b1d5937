"""Draws the winter scenes that a visitor can stand before: ``python -m installation backgrounds [--out FOLDER]``.

Hills at dusk, a village street at night, a frosted window, a room with a fire. Each is painted by rule from a seed, soft and
without anything sharp, for people stand before it; the same code gives the same pictures.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image as Pillow

from installation.errors import ConfigError
from installation.messages import Image
from installation.output_file import whole_file
from installation.paintings.scenes import SCENES, painted
from installation.places import kept

FOLDER = kept("backgrounds")
MOST_BYTES = 240_000


def packed(picture: Image) -> bytes:
    """As the finest WebP that is small enough."""
    for quality in range(90, 30, -5):
        memory = io.BytesIO()
        Pillow.fromarray(picture).save(memory, "WEBP", quality=quality, method=6)
        if memory.tell() <= MOST_BYTES:
            break
    return memory.getvalue()


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m installation backgrounds", description="Draw the winter scenes to stand before.")
    parser.add_argument(
        "--out", type=Path, default=FOLDER, metavar="FOLDER", help="where to write them (default: backgrounds/ of the program)"
    )
    out: Path = parser.parse_args(argv).out
    for name in SCENES:
        path, content = out / f"{name}.webp", packed(painted(name))
        try:
            out.mkdir(parents=True, exist_ok=True)
            with whole_file(path) as fresh:
                fresh.write_bytes(content)
        except OSError as err:
            raise ConfigError(f"{path}: cannot be written ({err.strerror or err}); name another folder with --out") from err
        except ConfigError as err:
            raise ConfigError(f"{err}; name another folder with --out") from err
        print(f"{path}: {len(content) / 1000:.0f} KB")
    return 0
