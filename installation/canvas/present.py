"""Present: the canvas on a screen, or nowhere when headless; its keys, its close button, its pace."""

from __future__ import annotations

import logging
import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from installation.canvas.plain.renderer import PlainRenderer
from installation.canvas.pointer import Touch, placed
from installation.canvas.scene import Renderer
from installation.canvas.window import DisplayNumberError, Mode, Window, WindowSettings, choose_mode, fit, list_displays, own_size
from installation.errors import DisplayError
from installation.messages import Image

if TYPE_CHECKING:
    from installation.canvas.opengl.renderer import GLRenderer

__all__ = ["Canvas", "CanvasSettings", "Pacer", "choose_mode", "list_displays", "open_canvas"]

log = logging.getLogger(__name__)

SOFTWARE = ("llvmpipe", "softpipe", "swrast", "swiftshader", "software")  # GL drivers that draw on the CPU, by name
GL_BUDGET_SECONDS = 0.008  # a picture that GL needs longer for is drawn without it: software GL starves the networks


@dataclass(frozen=True, slots=True)
class CanvasSettings:
    """What ``canvas:`` in the configuration says. ``paced``: whether ``wait`` keeps the rate (a lockstep run does not).
    ``locked``: whether nobody at the keyboard may close the window."""

    width: int  # px; 0: the display's own, as height
    height: int  # px
    display: int = 0
    mode: str = "auto"  # auto, windowed, fullscreen, headless
    renderer: str = "auto"  # auto, gl, plain
    vsync: bool = True
    fps: float = 30.0
    paced: bool = True
    seed: int = 0
    locked: bool = False
    fixed: bool = True  # whether a person chose the size


CPU_PIXELS = 1280 * 720  # of a canvas that is drawn without GL and has no size of its own: each of them costs
EVEN_SHARE = 0.85  # of a turn, after which its picture is shown while pictures are shown at even times
EVEN_STEP = 0.1  # of a turn, by which that changes from one picture to the next


class Pacer:
    """Turns at an even rate: each is due one period after the last was due, and lost time is not made up for."""

    def __init__(self, fps: float) -> None:
        self.period = 1.0 / fps
        self._due: float | None = None
        self._held = 0.0  # s from the beginning of a turn, before which nothing is shown

    def delay(self, now: float) -> float:
        """Seconds to sleep at ``now`` until the next turn is due."""
        if self._due is None or now - self._due > self.period:
            self._due = now
        wait = max(0.0, self._due - now)
        self._due += self.period
        return wait

    def hold(self, now: float, even: bool) -> float:
        """Seconds to sleep at ``now``, when the picture of this turn is drawn, until it is shown. ``even``: pictures that take
        now longer, now shorter are shown at even times, some milliseconds late, into which the show slides and out again."""
        if self._due is None:
            return 0.0
        step, goal = EVEN_STEP * self.period, EVEN_SHARE * self.period if even else 0.0
        self._held += min(max(goal - self._held, -step), step)
        return max(0.0, self._due - self.period + self._held - now)


class Canvas:
    """A renderer and the window that shows it. Made by ``open_canvas``; compose draws into ``renderer``."""

    def __init__(self, renderer: Renderer, window: Window | None, settings: CanvasSettings, notice: str = "") -> None:
        self.renderer, self.notice = renderer, notice
        self._window = window
        self._pacer = Pacer(settings.fps) if settings.paced else None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the canvas in px, whatever the window's."""
        return self.renderer.width, self.renderer.height

    @property
    def mode(self) -> Mode:
        """How it is shown now."""
        if self._window is None:
            return "headless"
        return "fullscreen" if self._window.fullscreen else "windowed"

    @property
    def closed(self) -> bool:
        """Whether somebody closed the window."""
        return self._window is not None and self._window.closed

    def wait(self) -> None:
        """Sleep until the next picture is due. Before compose, so that it draws the newest there is."""
        if self._pacer is not None:
            time.sleep(self._pacer.delay(time.monotonic()))

    def settle(self, even: bool) -> None:
        """Before present. ``even``: sleep until it is time, so that pictures come evenly however long each took to draw."""
        wait = self._pacer.hold(time.monotonic(), even) if self._pacer is not None else 0.0
        if wait > 0.0:
            time.sleep(wait)

    def present(self) -> float:
        """Show what was drawn. The time of the flip, s of the monotonic clock."""
        if self._window is not None:
            if self._window.settings.gl:
                self.renderer.show(self._window.size)
                self._window.flip()
            else:
                self._window.show(self.renderer.read())
        return time.monotonic()

    def read(self) -> Image:
        """The pixels drawn last, [height, width, 3]; the next picture overwrites them."""
        return self.renderer.read()

    def keys(self) -> list[str]:
        """Names of the keys pressed since the last call."""
        return self._window.keys() if self._window is not None else []

    def touches(self) -> list[Touch]:
        """What fingers and the mouse have done, px of the canvas, up to the last call of ``keys``."""
        if self._window is None:
            return []
        picture = fit(self.size, self._window.size)
        return [placed(touch, picture, self.size) for touch in self._window.touches()]

    def show_cursor(self, shown: bool) -> None:
        """Whether the mouse's arrow is to be seen in full screen."""
        if self._window is not None:
            self._window.show_cursor(shown)

    def toggle_fullscreen(self) -> None:
        """From window to full screen and back; nothing when headless."""
        if self._window is not None:
            self._window.toggle_fullscreen()

    def when_lost(self, ended: Callable[[], None]) -> None:
        """See ``Window.when_lost``; nothing when headless."""
        if self._window is not None:
            self._window.when_lost(ended)

    def close(self) -> None:
        """Close the window and free the renderer."""
        self.renderer.close()
        if self._window is not None:
            self._window.close()


def open_canvas(settings: CanvasSettings) -> Canvas:
    """The canvas that the settings ask for. Raises DisplayError where it cannot be had.

    ``mode`` auto falls back to headless and says so in ``notice``; ``renderer`` auto draws a few pictures with GL, and
    without it where that is slow.
    """
    mode = choose_mode(settings.mode, os.environ)
    asked, settings = settings, sized(settings, mode)
    notice = "there is no display: running headless" if settings.mode == "auto" and mode == "headless" else ""
    try:
        renderer, window = _open(settings, mode)
    except DisplayError as err:
        if settings.mode != "auto" or mode == "headless" or isinstance(err, DisplayNumberError):
            raise
        notice = f"{err}: running headless"
        settings = sized(asked, "headless")
        renderer, window = _open(settings, "headless")
    log.info("canvas %d×%d, %s, renderer %s", renderer.width, renderer.height, mode, renderer.name)
    return Canvas(renderer, window, settings, notice)


def _open(settings: CanvasSettings, mode: Mode) -> tuple[Renderer, Window | None]:
    if settings.renderer != "plain":
        try:
            return _open_gl(settings, mode)
        except _NoGLError as err:
            if settings.renderer == "gl":
                raise DisplayError(f"canvas.renderer gl: {err}; use canvas.renderer plain or auto") from err
            log.info("drawing without GL: %s", err)
    window = Window(_window_settings(settings, mode, gl=False)) if mode != "headless" else None
    size = (settings.width, settings.height) if settings.fixed else _affordable(settings.width, settings.height)
    return PlainRenderer(*size, settings.seed), window


def sized(settings: CanvasSettings, mode: Mode) -> CanvasSettings:
    """The settings with a size: a side of 0 becomes the display's own."""
    if settings.width and settings.height:
        return settings
    width, height = own_size(settings.display, mode)
    return replace(settings, width=settings.width or width, height=settings.height or height, fixed=False)


def _affordable(width: int, height: int) -> tuple[int, int]:
    """The same shape, no larger than what the CPU draws in time; even, as films want it."""
    scale = min(1.0, math.sqrt(CPU_PIXELS / (width * height)))
    return max(64, round(width * scale / 2) * 2), max(64, round(height * scale / 2) * 2)


class _NoGLError(Exception):
    """Why GL is not used."""


def _open_gl(settings: CanvasSettings, mode: Mode) -> tuple[Renderer, Window | None]:
    try:
        from installation.canvas.opengl.renderer import GLRenderer, measure, open_context
    except ImportError as err:
        raise _NoGLError(f"moderngl cannot be imported ({err})") from err
    window = None
    try:
        window = Window(_window_settings(settings, mode, gl=True)) if mode != "headless" else None
        renderer = GLRenderer(open_context(standalone=window is None), settings.width, settings.height, settings.seed)
    except Exception as err:  # drivers fail in many ways, and the plain path does without any of them
        if window is not None:
            window.close()
        if isinstance(err, DisplayNumberError):
            raise
        raise _NoGLError(f"no OpenGL 3.3 ({err})") from err
    reason = _too_slow(renderer, measure, settings.paced) if settings.renderer == "auto" else ""
    if reason:
        renderer.close()
        if window is not None:
            window.close()
        raise _NoGLError(reason)
    return renderer, window


def _too_slow(renderer: GLRenderer, measure: Callable[[GLRenderer], float], paced: bool) -> str:
    """Why auto does not take this GL, empty where it does. A lockstep run asks what draws, not how long it takes: its pictures
    must not depend on how busy the machine is."""
    if not paced:
        software = any(name in renderer.device.lower() for name in SOFTWARE)
        return f"{renderer.device} draws on the CPU" if software else ""
    seconds = measure(renderer)
    return f"{renderer.device} needs {1000 * seconds:.0f} ms for a picture" if seconds > GL_BUDGET_SECONDS else ""


def _window_settings(settings: CanvasSettings, mode: Mode, gl: bool) -> WindowSettings:
    return WindowSettings(settings.width, settings.height, settings.display, mode == "fullscreen", settings.vsync, gl, settings.locked)
