"""Where pictures come from: one small file a driver, all behind ``CaptureSource.read()``."""

from installation.sources.base import CaptureSettings, CaptureSource, SourceEnded, SourceLost

__all__ = ["CaptureSettings", "CaptureSource", "SourceEnded", "SourceLost"]
