"""One picture of all presets, each over the same visitors after its oscillators have run a while:

python -m installation gallery --out docs/presets.jpg

The networks run in plain torch and float32, so that the same machine gives the same picture every time.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from installation.assembly.networks import NetworkStages, build_networks, models_of, table_of
from installation.assembly.settings import capture_settings, track_settings
from installation.canvas.backdrops import Backdrops
from installation.canvas.compose import Compose
from installation.canvas.plain.renderer import PlainRenderer
from installation.clock import FrameClock
from installation.config import Config, load_config
from installation.control.installed import PRESETS, SHIPPED_PRESETS, backgrounds
from installation.control.parameters import ParameterTable
from installation.control.presets.files import Preset, read_preset
from installation.control.state import ControlState
from installation.darkroom.sitting import outlined
from installation.engines.style_models import StyleEngineSettings
from installation.errors import ConfigError, SourceError
from installation.messages import EncodedFrame, Image
from installation.models.bundle import Models
from installation.output_file import check_output, whole_file
from installation.sheet_file import write_picture
from installation.sources import SourceEnded
from installation.sources.capture import open_source
from installation.stages.align import Align, align_image
from installation.stages.edit import Edit
from installation.stages.generate import Generate
from installation.stages.glass import Glass, GlassSettings
from installation.stages.silhouette import Silhouette
from installation.stages.style import Style
from installation.stages.track import Track
from installation.styles.blend import Blender
from installation.styles.library import Library
from installation.styles.painter import Painter, PainterSettings
from installation.styles.wear import Wearing

CANVAS = (1280, 720)
TILE, LABEL, GAP, COLUMNS = (480, 270), 46, 18, 4  # px of the gallery
PAPER, INK, PALE = (17, 18, 20), (236, 230, 218), (142, 138, 130)
RATE = 30.0  # canvas pictures a second
RUNS = 2.4  # s of the canvas that are drawn: what comes in has settled by then
PORTRAITS = 2.5  # new portraits a second in that time
LOOKED_AT = 0.8  # s of the source until the visitors stand there
MOST_BYTES = 450_000


@dataclass(frozen=True)
class GalleryPicture:
    """A preset and the canvas under it."""

    preset: Preset
    picture: Image


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m installation gallery", description="Draw one picture of all presets.")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="a .jpg or .png file")
    parser.add_argument("--force", action="store_true", help="write over a file that is there")
    parser.add_argument("--config", type=Path, metavar="FILE")
    parser.add_argument("--source", metavar="S", default="demo", help="who stands before it; the embedded visitors if left out")
    parser.add_argument("--at", type=float, default=LOOKED_AT, metavar="SECONDS", help="the moment of the source to look at")
    parser.add_argument("--after", type=float, default=16.0, metavar="SECONDS", help="how long the oscillators have run")
    parser.add_argument("--presets", nargs="*", default=None, metavar="NAME", help="some of them only")
    parser.add_argument("--folder", type=Path, default=SHIPPED_PRESETS or PRESETS, metavar="FOLDER", help="where they are")
    a = parser.parse_args(argv)
    if a.out.suffix.lower() not in (".jpg", ".jpeg", ".png"):
        raise ConfigError(f"{a.out}: the name must end in .jpg or .png")
    check_output(a.out, a.force)
    cv2.setNumThreads(1)
    config = load_config(a.config, ["engine.backend=eager", "engine.precision=float32", "engine.device=cpu", "engine.min_portrait_fps=1"])
    models = models_of(config)
    presets = chosen(a.folder, a.presets, table_of(models))
    stages = build_networks(config, models)
    encode, generate = stages.encode, stages.generate
    generate.wait()
    seen = look(config, stages, a.source, a.at)
    shots = []
    for preset in presets:
        print(preset.name, flush=True)
        shots.append(GalleryPicture(preset, show(config, models, generate, seen, preset, a.after)))
    encode.close()
    sheet = arrange(shots)
    with whole_file(a.out) as part:
        write_picture(Pillow.fromarray(sheet), part, a.out.suffix.lower(), MOST_BYTES)
    print(f"{a.out}: {len(shots)} presets, {sheet.shape[1]}×{sheet.shape[0]}, {a.out.stat().st_size // 1000} KB")
    return 0


def chosen(folder: Path, names: list[str] | None, table: ParameterTable) -> list[Preset]:
    """The presets of a folder in the order of their names, or those that are named. Raises ConfigError."""
    there = {path.stem: path for path in sorted(folder.glob("*.yaml"))}
    lost = [name for name in names or () if name not in there]
    if lost or not there:
        raise ConfigError(f"{folder}: there is no preset {', '.join(lost)}; there is {', '.join(there) or 'none'}")
    return [read_preset(there[name], table) for name in (names or there)]


def look(config: Config, stages: NetworkStages, source: str, at: float) -> EncodedFrame:
    """The visitors as they stand at a moment of the source, encoded. Raises SourceError where nobody is seen by then."""
    clock = FrameClock(30.0)
    opened = open_source(source, capture_settings(config), clock, realtime=False)
    clock.rate = opened.rate
    track, align = Track(track_settings(config)), Align(stages.encode.input_px)
    try:
        while True:
            frame = opened.read()
            if frame is None:
                continue
            tracked = track.track(frame)
            if clock.now() >= at:
                break
            clock.advance()
    except SourceEnded:
        raise SourceError(f"{source}: is over before second {at:g}") from None
    finally:
        opened.close()
    silhouette = Silhouette()
    aligned = silhouette.people(outlined(align.align(tracked), silhouette, stages.occlusion), wanted=True)
    encoded = stages.encode.encode(aligned, frame.time)
    if not encoded.faces:
        raise SourceError(f"{source}: nobody is there at second {at:g}")
    return encoded


def show(config: Config, models: Models, generate: Generate, seen: EncodedFrame, preset: Preset, after: float) -> Image:
    """The canvas [720, 1280, 3] under a preset, ``after`` seconds since the start."""
    state = ControlState(table_of(models), {**config.controls, **preset.controls})
    edit = Edit(models.directions, models.latent_avg, [child.name for child in models.children], models.resolutions)
    pictures = Backdrops(*CANVAS, backgrounds().paths)
    compose, glass = Compose(PlainRenderer(*CANVAS), backdrops=pictures), Glass(GlassSettings(*CANVAS, lockstep=True), align_image)
    painter = Painter(PainterSettings(*CANVAS, StyleEngineSettings(precision="f32"), background=False), warn)
    style, wearing = Style(painter, Blender(Library(config.models.styles).look()[0]), lockstep=True), Wearing()
    portraits, drawn, painted = None, -np.inf, None
    steps = round(after * RATE)
    for i in range(steps + 1):
        now = i / RATE
        controls = state.snapshot(now)
        edited = edit.edit(seen, controls, now, glass.turns(seen, controls))
        if now < after - RUNS and i < steps:
            continue
        if portraits is None or now - drawn >= 1 / PORTRAITS or i == steps:
            portraits, drawn = glass.reflect(seen, generate.draw(edited), controls, now), now
            portraits = replace(portraits, frame=replace(portraits.frame, time=now))  # they stand there still
            painted = style.paint(portraits, controls, now, time.perf_counter)
        compose(wearing.dress(portraits, painted), controls, now)
    return compose.read().copy()


def warn(fault: str) -> None:
    """Say what is left out of the picture."""
    print(f"facets: {fault}", file=sys.stderr)


def arrange(shots: list[GalleryPicture]) -> Image:
    """All of them on one sheet, each with its name and what it is for."""
    columns = min(COLUMNS, len(shots))
    rows = -(-len(shots) // columns)
    width = GAP + columns * (TILE[0] + GAP)
    sheet = Pillow.new("RGB", (width, GAP + rows * (TILE[1] + LABEL)), PAPER)
    pen = ImageDraw.Draw(sheet)
    name_font, tag_font = ImageFont.load_default(20), ImageFont.load_default(14)
    for i, shot in enumerate(shots):
        x, y = GAP + i % columns * (TILE[0] + GAP), GAP + i // columns * (TILE[1] + LABEL)
        small = cv2.resize(shot.picture, TILE, interpolation=cv2.INTER_AREA)
        sheet.paste(Pillow.fromarray(small), (x, y))
        line = y + TILE[1] + 25
        pen.text((x + 1, line), shot.preset.name.replace("-", " "), INK, name_font, anchor="ls")
        pen.text((x + TILE[0] - 1, line), " · ".join(shot.preset.tags), PALE, tag_font, anchor="rs")
    return np.asarray(sheet, dtype=np.uint8)


if __name__ == "__main__":
    raise SystemExit(main())
