"""From the configuration to the settings of each part that takes pictures in, follows faces, or shows them."""

from __future__ import annotations

from installation.canvas.present import CanvasSettings
from installation.config import Config
from installation.sources import CaptureSettings
from installation.stages.track import TrackSettings


def capture_settings(config: Config) -> CaptureSettings:
    """Capture part of the configuration."""
    c = config.capture
    return CaptureSettings(c.width, c.height, c.fps, c.mjpg, c.loop, rotate=c.rotate, flip=c.flip)


def track_settings(config: Config) -> TrackSettings:
    """Faces part of the configuration."""
    f = config.faces
    return TrackSettings(
        f.max,
        f.min_size,
        f.smoothing.min_cutoff,
        f.smoothing.beta,
        f.occlusion_seconds,
        f.fade_in_seconds,
        f.fade_out_seconds,
        f.yaw_limit_degrees,
        f.yaw_fade_degrees,
    )


def canvas_settings(config: Config, lockstep: bool) -> CanvasSettings:
    """Canvas part of the configuration."""
    c = config.canvas
    return CanvasSettings(
        c.width, c.height, c.display, c.mode, c.renderer, c.vsync, c.fps, paced=not lockstep, locked=c.keys != "all"
    )  # fmt: skip
