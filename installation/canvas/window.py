"""The pygame window: where it opens, what shows in it, and what it hears. Without GL it shows uint8 pictures by itself."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from installation.canvas.keys import KeyReader
from installation.canvas.pointer import PointerReader, Touch
from installation.canvas.x11 import Connections, end_at_once
from installation.errors import DisplayError
from installation.messages import Image

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
# SDL would send the surface of a plain window through GL; where GL is software that costs ten times a plain copy.
os.environ.setdefault("SDL_FRAMEBUFFER_ACCELERATION", "0")
import pygame

Mode = Literal["windowed", "fullscreen", "headless"]
NO_SCREEN_DRIVERS = ("dummy", "offscreen")
BGRX = (0xFF0000, 0xFF00, 0xFF, 0)  # pygame's masks of red, green, blue, alpha in nearly every window


class DisplayNumberError(DisplayError):
    """There are displays, but not so many."""


@dataclass(frozen=True, slots=True)
class WindowSettings:
    """width, height: px of the canvas; display: number from 0."""

    width: int
    height: int
    display: int
    fullscreen: bool
    vsync: bool
    gl: bool
    locked: bool = False  # nobody at the keyboard may close it


def choose_mode(mode: str, environ: Mapping[str, str], platform: str = sys.platform) -> Mode:
    """The window that ``canvas.mode`` asks for; ``auto`` takes the full screen where there is a display. Raises DisplayError
    where a window is asked for and there is no display at all."""
    if mode == "headless":
        return "headless"
    driver = environ.get("SDL_VIDEODRIVER", "")
    has_server = any(environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")) or not platform.startswith("linux")
    there = driver not in NO_SCREEN_DRIVERS and (has_server or bool(driver))
    if mode == "auto":
        return "fullscreen" if there else "headless"
    if not there:
        raise DisplayError(f"canvas.mode {mode}: there is no display; set DISPLAY or WAYLAND_DISPLAY, or run with --headless")
    return "fullscreen" if mode == "fullscreen" else "windowed"


def list_displays() -> list[str]:
    """The displays by number and size, none where there is no display."""
    try:
        if choose_mode("auto", os.environ) == "headless":
            return []
        pygame.display.init()
        return [f"{number}: {width}×{height}" for number, (width, height) in enumerate(pygame.display.get_desktop_sizes())]
    except pygame.error:
        return []


USUAL = (1280, 720)  # px, of a canvas in a window or in none


def own_size(display: int, mode: Mode) -> tuple[int, int]:
    """Width and height in px of a canvas that has no size of its own: the display's in full screen, the usual one elsewhere, upright
    where the display is. Never raises: who opens the window says what is wrong with the display."""
    if mode == "headless":
        return USUAL
    try:
        pygame.display.init()
        width, height = pygame.display.get_desktop_sizes()[display]
    except (pygame.error, IndexError):
        return USUAL
    if mode == "fullscreen":
        return width - width % 2, height - height % 2  # even, as films want it
    return USUAL if width >= height else (USUAL[1], USUAL[0])


def fit(picture: tuple[int, int], window: tuple[int, int]) -> tuple[int, int, int, int]:
    """x, y, width, height in px of a picture of that (width, height), as large as the window allows, in its middle."""
    scale = min(window[0] / picture[0], window[1] / picture[1])
    width, height = max(1, round(picture[0] * scale)), max(1, round(picture[1] * scale))
    return (window[0] - width) // 2, (window[1] - height) // 2, width, height


class Window:
    """One window on one display. Raises DisplayError where it cannot open."""

    def __init__(self, settings: WindowSettings) -> None:
        self.settings = settings
        self.fullscreen = settings.fullscreen
        self.closed = False
        self._reader, self._pointer = KeyReader(), PointerReader()
        self._cursor = False  # whether the mouse's arrow is shown in full screen too
        self._place = (0, 0, 0, 0)  # of the picture in the window
        self._scaled: Image = np.zeros((0, 0, 3), np.uint8)
        try:
            pygame.display.init()
            self._connections = Connections(end_at_once)
            sizes = pygame.display.get_desktop_sizes()
        except pygame.error as err:
            raise DisplayError(f"no display can be opened ({err}); check DISPLAY, or run with --headless") from err
        if settings.display >= len(sizes):
            there = ", ".join(f"{number} ({width}×{height})" for number, (width, height) in enumerate(sizes))
            pygame.display.quit()
            raise DisplayNumberError(f"canvas.display {settings.display}: there is no such display; there are: {there}")
        self._desktop = sizes[settings.display]
        pygame.display.set_caption("Facets")
        pygame.display.set_allow_screensaver(False)
        if settings.gl:
            self._ask_for_gl()
        self._open()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in px, as they are now."""
        return pygame.display.get_window_size()

    def show(self, picture: Image) -> None:
        """Copy a picture [H, W, 3] to the window's surface and flip. Not for a GL window."""
        surface = pygame.display.get_surface()
        if surface is None:
            return
        x, y, width, height = fit((picture.shape[1], picture.shape[0]), surface.get_size())
        if (width, height) != (picture.shape[1], picture.shape[0]):
            if self._scaled.shape[:2] != (height, width):
                self._scaled = np.empty((height, width, 3), np.uint8)
            cv2.resize(picture, (width, height), dst=self._scaled, interpolation=cv2.INTER_LINEAR)
            picture = self._scaled
        if (x, y, width, height) != self._place:
            surface.fill(0)
            self._place = (x, y, width, height)
        if surface.get_bitsize() == 32 and surface.get_masks() == BGRX:
            pixels = pygame.surfarray.pixels2d(surface).T
            window = pixels.view(np.uint8).reshape(pixels.shape[0], pixels.shape[1], 4)
            cv2.cvtColor(picture, cv2.COLOR_RGB2BGRA, dst=window[y : y + height, x : x + width])
            del pixels, window  # they lock the surface
        else:
            surface.blit(pygame.image.frombuffer(picture.tobytes(), (width, height), "RGB"), (x, y))
        self.flip()

    def flip(self) -> None:
        """Show what GL has drawn. Raises DisplayError where that cannot be done any more."""
        try:
            pygame.display.flip()
        except pygame.error as err:
            raise DisplayError(f"nothing can be shown any more ({err}); is the display still there?") from err

    def when_lost(self, ended: Callable[[], None]) -> None:
        """What is to be done where the display's server is gone: ``ended`` is called once, in the middle of a call to it, and must
        neither draw nor return."""
        self._connections.ended = ended

    def keys(self) -> list[str]:
        """Names of the keys pressed since the last call, as ``KeyReader`` gives them; notices the close button too, unless the window
        is locked: Alt and F4 are keys as well."""
        events = pygame.event.get()
        if not self.settings.locked and any(event.type == pygame.QUIT for event in events):
            self.closed = True
        self._pointer.hear(events, self.size)
        return self._reader.read(events)

    def touches(self) -> list[Touch]:
        """What fingers and the mouse have done, px of the window, as far as ``keys`` has heard of it."""
        return self._pointer.take()

    def show_cursor(self, shown: bool) -> None:
        """Whether the mouse's arrow is to be seen in full screen, where it is hidden from visitors."""
        self._cursor = shown
        self._place_cursor()

    def _place_cursor(self) -> None:
        pygame.mouse.set_visible(self._cursor or not self.fullscreen)

    def toggle_fullscreen(self) -> None:
        """From window to full screen and back."""
        self.fullscreen = not self.fullscreen
        if self.settings.gl:
            pygame.display.toggle_fullscreen()  # keeps the GL context
            self._place_cursor()
        else:
            self._open()

    def close(self) -> None:
        """Close the window."""
        pygame.display.quit()

    def _ask_for_gl(self) -> None:
        attributes = (
            (pygame.GL_CONTEXT_MAJOR_VERSION, 3),
            (pygame.GL_CONTEXT_MINOR_VERSION, 3),
            (pygame.GL_CONTEXT_PROFILE_MASK, pygame.GL_CONTEXT_PROFILE_CORE),
        )
        for attribute, value in attributes:
            pygame.display.gl_set_attribute(attribute, value)

    def _open(self) -> None:
        settings = self.settings
        size = self._desktop if self.fullscreen else self._window_size()
        flags = (pygame.FULLSCREEN if self.fullscreen else pygame.RESIZABLE) | (pygame.OPENGL | pygame.DOUBLEBUF if settings.gl else 0)
        try:
            self._set_mode(size, flags)
        except pygame.error as err:
            raise DisplayError(f"canvas.display {settings.display}: no window can be opened there ({err})") from err
        self._place = (0, 0, 0, 0)
        self._place_cursor()

    def _set_mode(self, size: tuple[int, int], flags: int) -> None:
        if self.settings.vsync and self.settings.gl:
            with contextlib.suppress(pygame.error):  # a driver that knows no vsync still draws
                pygame.display.set_mode(size, flags, display=self.settings.display, vsync=1)
                return
        pygame.display.set_mode(size, flags, display=self.settings.display)

    def _window_size(self) -> tuple[int, int]:
        """The canvas' own size, or smaller where the desktop is."""
        room = (int(self._desktop[0] * 0.95), int(self._desktop[1] * 0.9))
        picture = (self.settings.width, self.settings.height)
        return picture if picture[0] <= room[0] and picture[1] <= room[1] else fit(picture, room)[2:]
