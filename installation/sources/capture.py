"""Capture: pictures come in. Turns what a person names as a source into an open ``CaptureSource``.

A source is a camera index (``0``), a device path (``/dev/video0``), a stream address (``rtsp://…``), a video file, a still,
a folder of stills, ``demo``, the embedded visitors, or ``stand-in:NAME``, the same in place of a camera.
"""

from __future__ import annotations

import stat
from pathlib import Path

from PIL import Image as Pillow

from installation.clock import Clock
from installation.errors import SourceError
from installation.picture_file import open_picture
from installation.sources.base import CaptureSettings, CaptureSource, SourceEnded, SourceLost
from installation.sources.camera import CameraSource, list_cameras
from installation.sources.demo import demo_source
from installation.sources.heif import is_heif
from installation.sources.slideshow import StillSource
from installation.sources.stand_in import PREFIX, StandInCamera
from installation.sources.video import VideoSource, video_file

__all__ = ["CaptureSettings", "CaptureSource", "SourceEnded", "SourceLost", "find_source", "is_there", "list_cameras", "open_source"]

DEMO = "demo"
CLIPS = {"MPEG"}  # what Pillow knows by name, and cannot read
MAY_MOVE = {"GIF", "FLI"}
STREAM_SCHEMES = ("rtsp", "rtsps", "rtmp", "rtmps", "http", "https", "udp", "tcp", "rtp", "srt")


def open_source(spec: str, settings: CaptureSettings, clock: Clock, realtime: bool = True) -> CaptureSource:
    """Open the source that ``spec`` names.

    realtime: files keep their own pace; otherwise every ``read`` gives the next picture at once.
    Raises SourceError with one sentence, or its kind SourceLost where the source may come back (a camera, a stream).
    """
    return find_source(spec, settings, clock, realtime).open()


def find_source(spec: str, settings: CaptureSettings, clock: Clock, realtime: bool = True) -> CaptureSource:
    """The source that ``spec`` names, not opened yet. Raises SourceError where it names none, SourceLost where it may yet come."""
    if spec == DEMO:
        return demo_source(settings, clock, realtime)
    if spec.isascii() and spec.isdigit():
        return CameraSource(int(spec), settings, clock, realtime)
    if spec.startswith(PREFIX):
        return StandInCamera(spec.removeprefix(PREFIX), settings, clock, realtime)
    if "://" in spec:
        scheme = spec.split("://", 1)[0].lower()
        if scheme not in STREAM_SCHEMES:
            raise SourceError(f"{spec}: streams of the kind `{scheme}` are not known; known are {', '.join(STREAM_SCHEMES)}")
        return VideoSource(spec, settings, clock, realtime, name=_without_password(spec))
    return _local_source(spec, settings, clock, realtime)


def is_there(spec: str) -> bool | None:
    """Whether the device, file or folder that ``spec`` names is there, at a glance and without touching it; None where only opening
    it tells, as of a stream."""
    if spec == DEMO or spec.startswith(PREFIX):
        return True
    if "://" in spec or "\0" in spec:
        return None
    path = Path(f"/dev/video{int(spec)}" if spec.isascii() and spec.isdigit() else spec).expanduser()
    try:
        return path.exists()
    except OSError:
        return None


def _local_source(spec: str, settings: CaptureSettings, clock: Clock, realtime: bool) -> CaptureSource:
    """A file, a folder or a device. What it is decides, not what it is called."""
    if not spec or "\0" in spec:
        raise SourceError("the source is empty; name a camera index, a file, a folder, an address or `demo`")
    path = Path(spec).expanduser()
    try:
        found = path.stat()
    except FileNotFoundError as error:
        if str(path).startswith("/dev/"):
            return CameraSource(str(path), settings, clock, realtime)
        raise SourceLost(f"{spec}: there is no such file, folder or camera") from error  # a disk may be plugged in yet
    except OSError as error:
        raise SourceError(f"{spec}: cannot be opened ({error.strerror})") from error
    if stat.S_ISCHR(found.st_mode) or stat.S_ISBLK(found.st_mode):
        return CameraSource(str(path), settings, clock, realtime)
    if stat.S_ISDIR(found.st_mode):
        return StillSource(path, settings, clock, realtime)
    if not stat.S_ISREG(found.st_mode):
        raise SourceError(f"{spec}: is a pipe or socket; give a video file, a picture or a stream address")
    if found.st_size == 0:
        raise SourceError(f"{spec}: the file is empty")
    if _is_still(path, spec):
        return StillSource(path, settings, clock, realtime)
    return video_file(path, settings, clock, realtime)


def _is_still(path: Path, spec: str) -> bool:
    """Whether the file is one picture, by its first bytes; an animated GIF is a clip, and so is what only looks like a picture."""
    try:
        if is_heif(path):
            return True
        with open_picture(path) as picture:
            return picture.format not in CLIPS and not (picture.format in MAY_MOVE and getattr(picture, "n_frames", 1) > 1)
    except PermissionError as error:
        raise SourceError(f"{spec}: no permission to read it") from error
    except Pillow.DecompressionBombError:
        return True
    except Exception:  # anything Pillow does not know, however it says so
        return False


def _without_password(address: str) -> str:
    """An address fit for a log: ``rtsp://user:secret@host/a`` becomes ``rtsp://…@host/a``."""
    scheme, rest = address.split("://", 1)
    host, slash, tail = rest.partition("/")
    return f"{scheme}://" + (f"…@{host.rsplit('@', 1)[1]}" if "@" in host else host) + slash + tail
