"""What pictures come from and go to: camera, display, OpenGL, fonts. Drivers may hang or crash: these run in processes of their own."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import numpy as np

from installation.assembly.invitation import invitation_of, something_is_kept
from installation.assembly.settings import canvas_settings, capture_settings
from installation.canvas.present import SOFTWARE, CanvasSettings, choose_mode, list_displays, open_canvas
from installation.clock import MonotonicClock
from installation.doctor.finding import Finding, Patient
from installation.errors import ConfigError, DisplayError, SourceError
from installation.messages import Image
from installation.operation.instance import holder
from installation.places import kept
from installation.sources import CaptureSource
from installation.sources.capture import find_source, list_cameras

LOOK_SECONDS = 2.5  # at a source
ENOUGH = 20  # pictures of it
BLACK = 8.0  # mean of a picture, 0…255, under which a lens is covered or a room is dark
SLOW = 0.6  # of the rate that was asked for
GL_PACKAGES = "apt-get install libgl1 libegl1 libgl1-mesa-dri"


def camera(patient: Patient) -> Iterator[Finding]:
    """The source of the configuration, opened and looked through; and which cameras there are."""
    config, cameras = patient.config, list_cameras()
    running = holder(kept(config.control.resume_file).parent)
    here = "; ".join(cameras) or "none"
    try:
        source = find_source(config.source, capture_settings(config), MonotonicClock())
    except SourceError as err:
        yield Finding("camera", "hand", str(err), f"cameras that are here: {here}; source names one, or a file")
        return
    if source.is_live and running:
        yield Finding("camera", "good", f"{source.describe()}: the show that runs here, process {running}, has it")
        return
    try:
        with source:
            yield _looked(source, *_look(source), config.capture.fps)
    except SourceError as err:
        yield Finding("camera", "hand", str(err), f"cameras that are here: {here}")
        return
    if not source.is_live:
        todo = f"source: {cameras[0].split()[0]} shows people before the mirror" if cameras else "plug a camera in, and set source: 0"
        yield Finding("camera", "note", f"the source is {config.source}, no camera; cameras here: {here}", todo)


def _look(source: CaptureSource) -> tuple[list[Image], float]:
    """The first pictures, made small, and how many came a second."""
    pictures: list[Image] = []
    began = first = time.monotonic()
    while len(pictures) < ENOUGH and time.monotonic() - began < LOOK_SECONDS:
        frame = source.read()
        if frame is not None:
            first = first if pictures else time.monotonic()
            pictures.append(frame.image[::8, ::8].copy())
    passed = time.monotonic() - first
    return pictures, (len(pictures) - 1) / passed if len(pictures) > 1 and passed > 0 else 0.0


def _looked(source: CaptureSource, pictures: list[Image], rate: float, wanted: float) -> Finding:
    told = source.describe()
    if not pictures:
        todo = "unplug it and plug it in; another port, another cable" if source.is_live else "is this a film or a picture?"
        return Finding("camera", "hand", f"{told}: gives no picture", todo)
    if max(float(one.mean()) for one in pictures) < BLACK:
        state = "hand" if source.is_live else "note"
        return Finding("camera", state, f"{told}: black", "is the lens covered, its shutter closed, the room dark?")  # type: ignore[arg-type]
    if source.is_live and len(pictures) > 1 and all(np.array_equal(pictures[0], one) for one in pictures[1:]):
        return Finding("camera", "hand", f"{told}: always the same picture, to the last bit", "it hangs: unplug it and plug it in")
    if source.is_live and 0 < rate < SLOW * wanted:
        todo = "more light (a dark room halves the rate), USB 3, capture.mjpg: true, a smaller capture.width"
        return Finding("camera", "note", f"{told}: {rate:.0f} pictures a second, {wanted:g} are asked for", todo)
    return Finding("camera", "good", told)


def display(patient: Patient) -> Iterator[Finding]:
    """Whether there is a display to show on, and OpenGL to draw with."""
    canvas = patient.config.canvas
    displays = list_displays()
    try:
        mode = choose_mode(canvas.mode, os.environ)
    except DisplayError as err:
        yield Finding("display", "hand", str(err), "start it from the desktop; over SSH: export DISPLAY=:0")
    else:
        if mode == "headless":
            todo = "" if canvas.mode == "headless" else "from SSH: export DISPLAY=:0; without one nobody sees the mirror"
            yield Finding("display", "good" if canvas.mode == "headless" else "note", "none: the show would run headless", todo)
        elif canvas.display >= len(displays):
            there = "; ".join(displays) or "none that opens"
            yield Finding("display", "hand", f"canvas.display {canvas.display}: there is no such display ({there})", "canvas.display: 0")
        else:
            yield Finding("display", "good", "; ".join(displays))
    yield _gl(canvas_settings(patient.config, lockstep=False))


def _gl(settings: CanvasSettings) -> Finding:
    if settings.renderer == "plain":
        return Finding("OpenGL", "good", "not asked for: canvas.renderer is plain")
    trial = CanvasSettings(settings.width or 1280, settings.height or 720, mode="headless", renderer="gl")
    try:
        canvas = open_canvas(trial)
    except DisplayError as err:
        todo = f"{GL_PACKAGES}; without it a plainer renderer draws"
        return Finding("OpenGL", "hand" if settings.renderer == "gl" else "note", str(err), todo)
    device = str(getattr(canvas.renderer, "device", "unknown"))
    canvas.close()
    if any(name in device.lower() for name in SOFTWARE):
        return Finding("OpenGL", "note", f"{device}: it draws on the CPU", "a driver for the graphics card; else the plain renderer draws")
    return Finding("OpenGL", "good", device)


def fonts(patient: Patient) -> Iterator[Finding]:
    """The figures' font, and those that the invitation is really written in, language by language."""
    import pygame
    import pygame.font

    try:
        pygame.font.init()
        drawn = pygame.font.Font(None, 24).size("Facets äß éà ñ")[0]
    except pygame.error as err:
        yield Finding("fonts", "hand", f"the figures cannot be drawn ({err})", "make setup: pygame's own font is missing")
        return
    if drawn <= 0:
        yield Finding("fonts", "hand", "the program's own font draws nothing", "make setup")
        return
    try:
        invitation = invitation_of(patient.config, something_is_kept(patient.config))
    except ConfigError:  # which the configuration's own finding tells
        yield Finding("fonts", "good", "the figures' own")
        return
    if invitation.without:
        lost = ", ".join(invitation.without)
        todo = "apt-get install fonts-noto-cjk, or name one in invitation.font; or leave these out of invitation.languages"
        yield Finding("fonts", "note", f"no font here has all letters of {lost}; the invitation is not shown in it", todo)
        return
    used = {words.font.name for said in invitation.texts.texts.values() for words in said}
    languages = ", ".join(patient.config.invitation.languages)
    yield Finding("fonts", "good", f"the figures' own; for the invitation in {languages}: {', '.join(sorted(used))}")
