"""What painters' styles cost, how steady they are, and how soon a new picture is on the canvas.

scripts/run -m benchmarks.style [--clip CLIP.mp4] [--seconds 12] [--only alone|steady|beside|file]

alone: portraits of 256 px, and pictures, a second, by the networks and all that is done to a picture around them. steady: mean change
from frame to frame, on the 0-255 scale, of a still scene with camera noise (standard deviation 2), against the input's own; and of a
clip, against what it changes where each frame is styled by itself. Of a clip it is taken at the face's speed, too: in its aligned
crop, where the face stands still and everything else moves. beside: a show of the demo without and with styles, in one run. file:
seconds from a picture's arrival in ``styles/`` until the canvas shows it.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from PIL import Image as Pillow

from benchmarks.mirror import cpu_times, matrix_rate
from benchmarks.show_aside import show_aside
from installation.app import RunOptions
from installation.clock import FrameClock
from installation.config import load_config
from installation.engines.style_models import StyleEngineSettings, fitting_size
from installation.messages import Image
from installation.sources import CaptureSettings, SourceEnded
from installation.sources.capture import open_source
from installation.stages.align import Align
from installation.stages.track import Track, TrackSettings
from installation.styles.blend import Blend, blend_of
from installation.styles.easel import Easel
from installation.styles.library import STYLES, Library
from installation.styles.painter import NetworkHand

TRIED = ("great-wave", "starry-night", "crimson", "poster", "garnet")
STILL_FRAMES, CLIP_FRAMES, NOISE = 20, 90, 2.0


def blends() -> dict[str, Blend]:
    palette = Library().look()[0]
    found = {name: blend_of(palette, {name: 1.0}) for name in TRIED}
    return {name: blend for name, blend in found.items() if blend is not None}


def rate(run: Callable[[], object], seconds: float = 2.0) -> float:
    """Runs a second, median of their times."""
    times: list[float] = []
    run()
    while sum(times) < seconds:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return 1.0 / float(np.median(times))


def alone() -> None:
    print("size        threads  style          network /s   with all around it /s")
    scene = np.random.default_rng(0).integers(0, 256, (90, 160, 3), dtype=np.uint8)
    for long_side, shape in ((256, (256, 256)), (512, (1280, 720))):
        picture = np.asarray(cv2.resize(scene, shape, interpolation=cv2.INTER_CUBIC), np.uint8)
        for threads in sorted({1, max(1, len(os.sched_getaffinity(0)) // 2), len(os.sched_getaffinity(0))}):
            hand = NetworkHand(fitting_size(long_side, *shape), StyleEngineSettings(threads=threads))
            small = np.asarray(cv2.resize(picture, hand.size, interpolation=cv2.INTER_AREA), np.uint8)
            for name in ("great-wave", "crimson"):
                blend, easel = blends()[name], Easel()
                network, whole = rate(partial(hand.draw, small, blend)), rate(partial(easel.paint, picture, blend, hand))
                print(f"{hand.size[0]:4d}×{hand.size[1]:<4d}  {threads:7d}  {name:<13s}  {network:10.1f}   {whole:20.1f}")


def clip_of(path: Path, frames: int) -> Iterator[tuple[Image, Image | None]]:
    """Frames, and the aligned crop of the nearest face in each."""
    clock = FrameClock(30.0)
    source = open_source(str(path), CaptureSettings(loop=False), clock, realtime=False)
    clock.rate = source.rate
    track, align = Track(TrackSettings()), Align(256)
    try:
        while frames > 0:
            frame = source.read()
            if frame is not None:
                frames -= 1
                faces = align.align(track.track(frame)).faces
                yield frame.image, (faces[0].crop.copy() if faces else None)
            clock.advance()
    except SourceEnded:
        return
    finally:
        source.close()


def change(pictures: list[Image]) -> float:
    return float(np.mean([np.abs(a.astype(np.float32) - b).mean() for a, b in zip(pictures[1:], pictures, strict=False)]))


def steady(clip: Path | None) -> None:
    random = np.random.default_rng(0)
    frames = list(clip_of(clip, CLIP_FRAMES)) if clip else []
    scene = frames[0][0] if frames else next(clip_of(Path("installation/demo/visitors.mp4"), 1))[0]
    still = [np.clip(np.rint(scene + random.normal(0, NOISE, scene.shape)), 0, 255).astype(np.uint8) for _ in range(STILL_FRAMES)]
    cases = {"still, noise 2": still}
    if clip:
        cases[clip.name] = [frame for frame, _ in frames]
        cases[f"{clip.name}, face"] = [crop for _, crop in frames if crop is not None]
    print("scene                 style          input    alone   steady   to input   to alone")
    for scene_name, pictures in cases.items():
        hand = NetworkHand(fitting_size(512, pictures[0].shape[1], pictures[0].shape[0]), StyleEngineSettings(precision="f32"))
        for name, blend in blends().items():
            kept, by_itself = Easel(), Easel(steady=False)
            styled = change([kept.paint(one, blend, hand).copy() for one in pictures][3:])
            single = change([by_itself.paint(one, blend, hand).copy() for one in pictures])
            own = change(pictures)
            line = (
                f"{scene_name:<20s}  {name:<13s}  {own:5.2f}   {single:6.2f}   {styled:6.2f}   {styled / own:8.2f}   {styled / single:8.2f}"
            )
            print(line, flush=True)


@contextmanager
def styles_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        for path in STYLES.glob("*.webp"):
            (Path(folder) / path.name).write_bytes(path.read_bytes())
        yield Path(folder)


def beside(seconds: float) -> None:
    print("scope        style          presented /s   portraits /s   painted /s   at px   style p50 / p95 ms   glass to glass p95")
    for scope, name in (("none", ""), ("picture", "great-wave"), ("picture", "crimson"), ("portraits", "crimson"), ("none", "")):
        overrides = ["canvas.mode=headless", "control.web.enabled=false", "control.osc.enabled=false", "control.midi.enabled=false"]
        with show_aside(load_config(None, overrides), RunOptions()) as show:
            if name:
                show.controls.set("style/scope", scope)
                show.controls.set(f"style/{name}/amount", 1.0)
                wait(lambda: show.loops.style.style.painted > 5)
            began = time.monotonic()
            before = show.health.presented.count, show.health.portraits.count, show.loops.style.style.painted
            show.health.stages.clear()
            show.health.glass_to_glass.clear()
            time.sleep(seconds)
            past = time.monotonic() - began
            now = show.health.presented.count, show.health.portraits.count, show.loops.style.style.painted
            rates = [(b - a) / past for a, b in zip(before, now, strict=True)]
            report = show.health.stage_percentiles().get("style")
            delay = float(np.percentile(show.health.glass_to_glass, 95)) * 1e3
            took = f"{report.p50:6.1f} / {report.p95:6.1f}" if report else "     –          "
            px = show.loops.style.style.painter.long_side
            print(
                f"{scope:<11s}  {name:<13s}  {rates[0]:12.1f}   {rates[1]:12.1f}   {rates[2]:10.1f}   {px:5d}"
                f"   {took:>19s}   {delay:12.0f} ms",
                flush=True,
            )


def wait(until: Callable[[], bool], seconds: float = 120.0) -> float:
    began = time.monotonic()
    while not until():
        if time.monotonic() - began > seconds:
            raise TimeoutError(f"it did not come within {seconds:.0f} s")
        time.sleep(0.01)
    return time.monotonic() - began


def file() -> None:
    """From the end of copying until the first picture painted in it is handed to the display."""
    with styles_folder() as folder:
        overrides = ["canvas.mode=headless", "control.web.enabled=false", "control.osc.enabled=false", f"models.styles={folder}"]
        with show_aside(load_config(None, overrides), RunOptions()) as show:
            show.controls.set("style/crimson/amount", 0.01)
            wait(lambda: show.loops.style.style.painted > 5)
            for k in range(3):
                noise = np.random.default_rng(k).integers(0, 256, (24, 32, 3), dtype=np.uint8)
                fresh = folder / f".new-{k}.png"
                Pillow.fromarray(np.asarray(cv2.resize(noise, (1600, 1200), interpolation=cv2.INTER_CUBIC), np.uint8)).save(fresh)
                began = time.monotonic()
                fresh.rename(folder / f"new-{k}.png")
                wait(partial(lambda name: name in show.controls.table, f"style/new-{k}/amount"))
                row = time.monotonic() - began
                show.controls.set(f"style/new-{k}/amount", 1.0)
                painted = show.loops.style.style.painted
                wait(partial(lambda before: show.loops.style.style.painted > before + 1, painted))
                print(f"a new picture: its control after {row:.2f} s, painted in after {time.monotonic() - began:.2f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description="Styles: cost, steadiness, and how soon a new one is there.")
    parser.add_argument("--clip", type=Path, help="of a face, for steadiness in movement")
    parser.add_argument("--seconds", type=float, default=12.0, help="of each show")
    parser.add_argument("--only", choices=("alone", "steady", "beside", "file"))
    a = parser.parse_args()
    cv2.setNumThreads(1)
    parts = {"alone": alone, "steady": lambda: steady(a.clip), "beside": lambda: beside(a.seconds), "file": file}
    for name, part in parts.items():
        if a.only in (None, name):
            print(f"\n{name}", flush=True)
            before, (stolen, total) = matrix_rate(), cpu_times()
            part()
            stolen, total = (after - then for then, after in zip((stolen, total), cpu_times(), strict=True))
            print(f"R {(before + matrix_rate()) / 2:.0f} GFLOP/s, steal {100 * stolen / max(1, total):.1f} %")


if __name__ == "__main__":
    main()
