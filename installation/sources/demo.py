"""The embedded visitors: a clip in the package, for machines without a camera."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from installation.clock import Clock
from installation.errors import SourceError
from installation.sources.base import CaptureSettings
from installation.sources.video import VideoSource, video_file

CLIP = Path(__file__).parent.parent / "demo" / "visitors.mp4"


def demo_source(settings: CaptureSettings, clock: Clock, realtime: bool = True) -> VideoSource:
    """The demo clip, which always loops. Raises SourceError where the package lacks it."""
    if not CLIP.is_file():
        raise SourceError(f"{CLIP}: the demo clip is missing; `python -m installation demo` makes it again")
    return video_file(CLIP, replace(settings, loop=True), clock, realtime, name="demo")
