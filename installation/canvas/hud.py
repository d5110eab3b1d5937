"""The operator's panel and the list of keys, as overlays. Drawn with the font that pygame carries, so that no font need be
installed, and drawn anew only when the words changed, at most four times a second."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

import cv2
import numpy as np

from installation.canvas.scene import Overlay
from installation.messages import Image

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
import pygame
import pygame.font

SECONDS_PER_TEXT = 0.25
PANEL, TITLE, LABEL, VALUE, NOTICE = (12, 12, 15, 196), (226, 178, 112), (158, 156, 152), (242, 240, 234), (255, 196, 120)
CARD_SIZE = 0.26  # of the canvas' shorter side, the largest picture
LONGEST_VALUE = 44  # characters; longer words end in an ellipsis
Line = tuple[pygame.Surface, pygame.Surface | None]


@dataclass(frozen=True, slots=True)
class HudGroup:
    """A titled block of label and value."""

    title: str
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class HudState:
    """What the panel says. ``groups``: blocks from top to bottom, none hides the panel. ``notices``: warnings beneath it.
    ``keys``: rows of key and description for the list of keys, none hides it. ``picture``: [h, w, 3] for the lower right corner,
    such as a code to point a phone at; another picture is another array."""

    groups: tuple[HudGroup, ...] = ()
    notices: tuple[str, ...] = ()
    keys: tuple[tuple[str, str], ...] = ()
    picture: Image | None = field(default=None, compare=False)


class HudPainter:
    """Keeps the panels as premultiplied pictures."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._state: HudState | None = None
        self._painted_at = -np.inf
        self._overlays: tuple[Overlay, ...] = ()
        self._fonts: tuple[pygame.font.Font, pygame.font.Font] | None = None

    def overlays(self, state: HudState | None, now: float) -> tuple[Overlay, ...]:
        """Panels for ``state`` at time ``now``: the same objects while nothing new is shown."""
        if state is None:
            self._state, self._overlays = None, ()
            return ()
        last = self._state
        other = last is None or state.picture is not last.picture or state.keys != last.keys or bool(state.groups) != bool(last.groups)
        due = now - self._painted_at >= SECONDS_PER_TEXT or now < self._painted_at
        if other or (state != last and due):
            self._state, self._painted_at = state, now
            self._overlays = self._paint(state)
        return self._overlays

    def _paint(self, state: HudState) -> tuple[Overlay, ...]:
        edge = max(8, min(self.width, self.height) // 36)
        overlays = []
        if state.groups or state.notices:
            blocks = [*state.groups, HudGroup("", tuple(("", notice) for notice in state.notices))]
            overlays.append(self._overlay(self._panel([block for block in blocks if block.rows], spread=True), edge, edge))
        if state.keys:
            panel = self._panel([HudGroup("Keys", state.keys)], spread=False)
            overlays.append(self._overlay(panel, (self.width - panel.get_width()) // 2, (self.height - panel.get_height()) // 2))
        if state.picture is not None:
            overlays.append(self._card(state.picture, edge))
        return tuple(overlays)

    def _card(self, picture: Image, edge: int) -> Overlay:
        """A picture on a white card in the lower right corner: enlarged by whole pixels where it is small, as a code is."""
        longest = max(picture.shape[:2])
        room = round(CARD_SIZE * min(self.width, self.height))
        size = tuple(max(1, side * (room // longest) if room >= longest else side * room // longest) for side in picture.shape[1::-1])
        large = cv2.resize(picture, size, interpolation=cv2.INTER_NEAREST if room >= longest else cv2.INTER_AREA)
        rim = max(2, round(0.06 * max(size)))
        card = np.asarray(cv2.copyMakeBorder(large, rim, rim, rim, rim, cv2.BORDER_CONSTANT, value=(255, 255, 255)), dtype=np.uint8)
        x, y = max(self.width - edge - card.shape[1], 0), max(self.height - edge - card.shape[0], 0)
        card = card[: self.height - y, : self.width - x]
        return Overlay(x, y, np.ascontiguousarray(card), np.zeros_like(card))

    def _panel(self, blocks: list[HudGroup], spread: bool) -> pygame.Surface:
        """One rounded panel: labels to the left; values to the right edge (``spread``) or in a column of their own."""
        title_font, font = self._get_fonts()
        pad, step, gap = font.get_height(), round(1.28 * font.get_height()), font.get_height() // 2
        lines: list[Line | None] = []
        for block in blocks:
            lines += [None] if lines else []
            if block.title:
                lines.append((title_font.render(block.title.upper(), True, TITLE), None))
            lines += [self._line(font, label, value, spread) for label, value in block.rows]
        column = max((line[0].get_width() for line in lines if line and line[1]), default=0) + 2 * gap
        rights = [line[1].get_width() for line in lines if line and line[1]]
        alone = [line[0].get_width() for line in lines if line and not line[1]]
        width = max([column + max(rights, default=0), *alone]) + 2 * pad
        height = sum(step if line else gap for line in lines) + 2 * pad - (step - font.get_height())
        panel = pygame.Surface((width, height), pygame.SRCALPHA, 32)
        pygame.draw.rect(panel, PANEL, panel.get_rect(), border_radius=pad // 2)
        y = pad
        for line in lines:
            if line:
                panel.blit(line[0], (pad, y))
                if line[1]:
                    panel.blit(line[1], (width - pad - line[1].get_width() if spread else pad + column, y))
            y += step if line else gap
        return panel

    def _line(self, font: pygame.font.Font, label: str, value: str, spread: bool) -> Line:
        value = _printable(value)
        if not label:
            return font.render(value, True, NOTICE), None
        left, right = (LABEL, VALUE) if spread else (VALUE, LABEL)
        return font.render(_printable(label), True, left), figures(font, value, right)

    def _get_fonts(self) -> tuple[pygame.font.Font, pygame.font.Font]:
        if self._fonts is None:
            pygame.font.init()
            size = max(11, round(min(self.width, self.height) / 42))
            self._fonts = (pygame.font.Font(None, round(0.94 * size)), pygame.font.Font(None, round(1.2 * size)))
        return self._fonts

    def _overlay(self, panel: pygame.Surface, x: int, y: int) -> Overlay:
        return overlay_of(panel, (x, y), (self.width, self.height))


def overlay_of(surface: pygame.Surface, place: tuple[int, int], canvas: tuple[int, int]) -> Overlay:
    """A surface as a premultiplied picture, cut where it would leave the canvas. place: x, y and canvas: width, height in px."""
    x, y = max(place[0], 0), max(place[1], 0)
    width, height = min(surface.get_width(), canvas[0] - x), min(surface.get_height(), canvas[1] - y)
    raw = np.frombuffer(pygame.image.tobytes(surface, "RGBA"), np.uint8).reshape(surface.get_height(), surface.get_width(), 4)
    raw = raw[:height, :width]
    opacity = raw[:, :, 3:].astype(np.float32) / 255.0
    colour: Image = np.round(raw[:, :, :3] * opacity).astype(np.uint8)
    clear: Image = np.repeat(255 - raw[:, :, 3:], 3, axis=2)
    return Overlay(x, y, colour, np.ascontiguousarray(clear))


def figures(font: pygame.font.Font, text: str, colour: tuple[int, int, int]) -> pygame.Surface:
    """A line whose digits all take the room of the widest, so that figures stand still while they change."""
    cell = max(font.size(digit)[0] for digit in "0123456789")
    widths = [cell if letter.isdecimal() else font.size(letter)[0] for letter in text]
    line = pygame.Surface((max(1, sum(widths)), font.get_height()), pygame.SRCALPHA, 32)
    x = 0
    for letter, width in zip(text, widths, strict=True):
        glyph = font.render(letter, True, colour)
        line.blit(glyph, (x + (width - glyph.get_width()) // 2, 0))
        x += width
    return line


def _printable(text: str) -> str:
    """One short line that the font can draw."""
    line = " ".join(text.replace("\0", " ").split())
    return line if len(line) <= LONGEST_VALUE else line[: LONGEST_VALUE - 1] + "…"
