"""What the operator sees on the canvas: a keypad for the PIN, then a card with the panel's address and code, and what can be done."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from installation.canvas.cards import BRASS, FAINT, FINER, TEXT, TITLE, wrapped
from installation.canvas.hud import overlay_of
from installation.canvas.scene import Overlay
from installation.messages import Image

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
import pygame
import pygame.font

GROUND, KEY, KEY_DOWN, EDGE = (12, 12, 15, 240), (38, 38, 45), (226, 178, 112), (66, 66, 76)
DARK, BAD = (26, 19, 10), (255, 154, 125)
# In units, of which the canvas' shorter side has 36.
PAD, GAP, KEY_SIDE, ROW = 1.4, 0.5, 3.7, 3.1
TITLE_SIZE, TEXT_SIZE, KEY_SIZE = 2.2, 1.45, 2.2
CODE_SIDE, DEEDS_WIDE, HEAD = 12.5, 14.0, 8.0
KEYPAD = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "leave", "0", "enter")
LABELS = {"leave": "×", "enter": "OK"}
Kind = Literal["key", "deed", "main"]


@dataclass(frozen=True, slots=True)
class Button:
    """name: what it stands for; x, y, width, height: px of the canvas."""

    name: str
    label: str
    x: int
    y: int
    width: int
    height: int
    kind: Kind = "deed"

    def holds(self, x: float, y: float) -> bool:
        """Whether a touch at x, y px is on it."""
        return self.x <= x < self.x + self.width and self.y <= y < self.y + self.height


@dataclass(frozen=True, slots=True)
class Page:
    """Where everything lies. box: x, y, width and height of the whole, px of the canvas; unit: px."""

    box: tuple[int, int, int, int]
    buttons: tuple[Button, ...]
    unit: int


@dataclass(frozen=True, slots=True)
class OperatorView:
    """What it says. dots: digits typed so far, None for a card without a keypad; lines: beneath the title; said: what there is to say now,
    bad: of something that went wrong; pressed: name of the button under a finger; code: [s, s, 3], a pixel a module, with its quiet zone;
    another code is another array."""

    page: Page
    title: str
    lines: tuple[str, ...] = ()
    said: str = ""
    bad: bool = False
    dots: int | None = None
    pressed: str = ""
    code: Image | None = field(default=None, compare=False)


def unit_of(canvas: tuple[int, int]) -> int:
    """px of one unit on a canvas of width and height px."""
    return max(4, min(canvas) // 36)


def keypad_page(canvas: tuple[int, int]) -> Page:
    """The keypad, in the middle of a canvas of width and height px."""
    unit = unit_of(canvas)
    pad, gap, side = round(PAD * unit), round(GAP * unit), round(KEY_SIDE * unit)
    head, foot = round(5.2 * unit), round(2.4 * unit)
    width, height = 3 * side + 2 * gap + 2 * pad, head + 4 * side + 3 * gap + foot + pad
    x, y = (canvas[0] - width) // 2, (canvas[1] - height) // 2
    buttons = tuple(
        Button(name, LABELS.get(name, name), x + pad + i % 3 * (side + gap), y + head + i // 3 * (side + gap), side, side,
               "main" if name == "enter" else "key")
        for i, name in enumerate(KEYPAD)
    )  # fmt: skip
    return Page((x, y, width, height), buttons, unit)


def card_page(canvas: tuple[int, int], deeds: tuple[tuple[str, str], ...], main: str = "") -> Page:
    """The card with its buttons: to the right of the figures, beneath them on a canvas that stands upright. deeds: name and label of each
    button, without a name a gap; main: name of the one that stands out."""
    unit = unit_of(canvas)
    pad, gap, tall = round(PAD * unit), round(0.7 * unit), round(ROW * unit)
    code, wide, head, foot = round(CODE_SIDE * unit), round(DEEDS_WIDE * unit), round(HEAD * unit), round(2.6 * unit)
    rows = max(code, len(deeds) * tall + (len(deeds) - 1) * gap)
    width, height = code + wide + 3 * pad, head + rows + foot + pad
    upright = canvas[1] > canvas[0]
    edge = 2 * unit
    x = (canvas[0] - width) // 2 if upright else max(0, canvas[0] - width - edge)
    y = max(0, canvas[1] - height - edge) if upright else (canvas[1] - height) // 2
    left, top = x + code + 2 * pad, y + head
    buttons = tuple(
        Button(name, label, left, top + i * (tall + gap), wide, tall, "main" if name == main else "deed")
        for i, (name, label) in enumerate(deeds)
        if name
    )
    return Page((x, y, width, height), buttons, unit)


class OperatorPainter:
    """Draws a view anew only where it changed. canvas: width and height, px."""

    def __init__(self, canvas: tuple[int, int]) -> None:
        self._canvas = canvas
        self._view: OperatorView | None = None
        self._overlays: tuple[Overlay, ...] = ()

    def overlays(self, view: OperatorView | None) -> tuple[Overlay, ...]:
        """What lies over the canvas; nothing for None."""
        if view is None:
            self._view, self._overlays = None, ()
        elif view != self._view or view.code is not self._view.code:
            self._view, self._overlays = view, (self._painted(view),)
        return self._overlays

    def _painted(self, view: OperatorView) -> Overlay:
        """Drawn larger and made small: pygame's font places letters on whole pixels, and its shapes have no soft edges."""
        x, y, width, height = view.page.box
        large = pygame.Surface((FINER * width, FINER * height), pygame.SRCALPHA, 32)
        large.fill((*GROUND[:3], 0))
        pygame.draw.rect(large, GROUND, large.get_rect(), border_radius=FINER * view.page.unit)
        pen = _Pen(large, view.page)
        pen.words(view)
        for button in view.page.buttons:
            pen.button(button, button.name == view.pressed)
        small = pygame.transform.smoothscale(large, (width, height))
        if view.code is not None:  # to whole pixels, so that phones read it
            _stamp(small, view.code, view.page)
        return overlay_of(small, (x, y), self._canvas)


class _Pen:
    """Writes on a page that is ``FINER`` times as large as it is shown."""

    def __init__(self, paper: pygame.Surface, page: Page) -> None:
        pygame.font.init()
        self._paper, self._page, self._unit = paper, page, FINER * page.unit

    def words(self, view: OperatorView) -> None:
        """Title, lines, dots, and what is said at the foot."""
        middle, unit = view.dots is not None, self._unit
        y = self._line(view.title, TITLE_SIZE, TITLE, round(1.1 * unit), middle)
        for text in view.lines:
            y = self._line(text, TEXT_SIZE, TEXT, y + round(0.15 * unit), middle)
        if view.dots is not None:
            self._dots(view.dots, round(3.9 * unit))
        foot = self._paper.get_height() - round((2.55 if middle else 2.75) * unit)
        self._line(view.said, TEXT_SIZE, BAD if view.bad else TEXT, foot, middle)

    def _line(self, text: str, size: float, colour: tuple[int, int, int], y: int, middle: bool) -> int:
        """Where the next line begins, px."""
        font = pygame.font.Font(None, round(size * self._unit))
        pad = round(PAD * self._unit)
        room = self._paper.get_width() - 2 * pad
        for line in wrapped(font, text, room)[:2] if text else ():
            drawn = font.render(line, True, colour)
            if drawn.get_width() > room:  # a long address
                drawn = pygame.transform.smoothscale(drawn, (room, round(drawn.get_height() * room / drawn.get_width())))
            self._paper.blit(drawn, ((self._paper.get_width() - drawn.get_width()) // 2 if middle else pad, y))
            y += round(1.08 * drawn.get_height())
        return y

    def _dots(self, count: int, y: int) -> None:
        step, radius = round(1.1 * self._unit), round(0.26 * self._unit)
        left = (self._paper.get_width() - (count - 1) * step) // 2
        for i in range(count):
            pygame.draw.circle(self._paper, BRASS, (left + i * step, y), radius)
        if not count:
            line = pygame.Rect(0, 0, round(6 * self._unit), max(2, round(0.07 * self._unit)))
            line.center = (self._paper.get_width() // 2, y + radius)
            pygame.draw.rect(self._paper, FAINT, line)

    def button(self, one: Button, pressed: bool) -> None:
        """One button, brass while a finger is on it."""
        x, y, _, _ = self._page.box
        place = pygame.Rect(*(FINER * side for side in (one.x - x, one.y - y, one.width, one.height)))
        filled = pressed or one.kind == "main"
        radius = round(0.55 * self._unit)
        pygame.draw.rect(self._paper, KEY_DOWN if filled else KEY, place, border_radius=radius)
        pygame.draw.rect(self._paper, KEY_DOWN if filled else EDGE, place, max(2, FINER), border_radius=radius)
        size = KEY_SIZE if one.kind == "key" or one.width == one.height else 1.7
        label = pygame.font.Font(None, round(size * self._unit)).render(one.label, True, DARK if filled else TITLE)
        if label.get_width() > 0.9 * place.width:
            scale = 0.9 * place.width / label.get_width()
            label = pygame.transform.smoothscale(label, (round(label.get_width() * scale), round(label.get_height() * scale)))
        box = label.get_bounding_rect()
        self._paper.blit(label, (place.centerx - box.x - box.width // 2, place.centery - box.y - box.height // 2))


def _stamp(paper: pygame.Surface, code: Image, page: Page) -> None:
    room = round(CODE_SIDE * page.unit)
    times = max(1, room // code.shape[0])
    large = np.ascontiguousarray(np.kron(code, np.ones((times, times, 1), np.uint8)))
    drawn = pygame.image.frombuffer(large.tobytes(), large.shape[1::-1], "RGB")
    x, y = round(PAD * page.unit), round(HEAD * page.unit)
    paper.blit(drawn, (x + (room - drawn.get_width()) // 2, y))
