"""What visitors are told on the canvas: a card at its lower edge with a sentence or two, a ring or a bar that fills, or a picture with a
code beside it. Cards fade in and out; a ring costs the canvas next to nothing."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.canvas.hud import overlay_of
from installation.canvas.scene import Overlay
from installation.messages import Image

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
import pygame
import pygame.font

FADE_SECONDS = 0.35
GROUND, TITLE, TEXT = (12, 12, 15, 214), (246, 244, 238), (196, 193, 186)
BRASS, FAINT, WHITE = (226, 178, 112), (74, 70, 64), (255, 255, 255)
CODE_SIDE = 0.36  # of the canvas' shorter side, with its quiet zone
LEAST_MODULE = 3  # px of a module of a code, however small the canvas
FINER = 3  # times as large as they are shown words are drawn: the font places letters on whole pixels
RING_SIDE = 0.17  # of the canvas' shorter side
WIDEST = 0.92  # of the canvas' width


@dataclass(frozen=True, slots=True, eq=False)
class Card:
    """What it says; another card is another object. picture: [h, w, 3]; code: [s, s, 3], a pixel a module, with its quiet zone; gauge:
    what shows how far something is."""

    title: str
    lines: tuple[str, ...] = ()
    picture: Image | None = None
    code: Image | None = None
    gauge: Literal["", "ring", "bar"] = ""


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A card as it lies on the canvas. gauge: x, y, width, height of where its ring or bar belongs, px of the canvas."""

    card: Card
    overlay: Overlay
    gauge: tuple[int, int, int, int] = (0, 0, 0, 0)


class CardPainter:
    """One card at a time; the one before it fades while the new one comes."""

    def __init__(self, width: int, height: int) -> None:
        self._size = width, height
        self._unit = max(8, min(width, height) // 36)
        self._drawn: Drawn | None = None
        self._leaving: Drawn | None = None
        self._level = self._left = 0.0
        self._then: float | None = None
        self._gauges = Gauges(round(RING_SIDE * min(width, height)))

    def overlays(self, card: Card | None, progress: float, number: str, now: float) -> tuple[Overlay, ...]:
        """The card at ``now``, s, its gauge filled by ``progress`` 0…1, with ``number`` in the ring. Costs nothing without a card."""
        step = 0.0 if self._then is None else max(0.0, now - self._then) / FADE_SECONDS
        self._then = now
        if card is None and self._drawn is None and self._leaving is None:
            return ()
        if (self._drawn.card if self._drawn else None) is not card:
            self._leaving, self._left = self._drawn, self._level
            self._drawn, self._level = (None if card is None else draw(card, self._size, self._unit)), 0.0
        self._level, self._left = min(1.0, self._level + step), self._left - step
        if self._left <= 0.0:
            self._leaving = None
        shown = []
        if self._leaving is not None:
            shown.append(faded(self._leaving.overlay, self._left))
        if self._drawn is not None:
            shown.append(faded(self._drawn.overlay, self._level))
            if self._drawn.card.gauge:
                shown.append(faded(self._gauges.overlay(self._drawn, progress, number), self._level))
        return tuple(shown)


class Gauges:
    """Rings and bars. side: of a ring, px."""

    def __init__(self, side: int) -> None:
        middle = (side - 1) / 2
        y, x = np.mgrid[:side, :side].astype(np.float32) - middle
        radius = np.hypot(x, y)
        thick = max(3.0, side / 16)
        self._side, self._middle = side, middle
        self._ring = np.clip(thick / 2 + 0.5 - np.abs(radius - (middle - thick)), 0.0, 1.0)
        self._angle = np.mod(np.arctan2(x, -y), 2 * np.pi) * radius  # px along the circle, clockwise from above
        self._round = 2 * np.pi * radius
        self._numbers: dict[str, NDArray[np.float32]] = {}

    def overlay(self, drawn: Drawn, progress: float, number: str) -> Overlay:
        """The gauge of a card, filled so far."""
        if drawn.card.gauge == "ring":
            return self._ringed(drawn.gauge, progress, number)
        x, y, width, height = drawn.gauge
        colour = np.empty((height, width, 3), np.uint8)
        colour[:] = FAINT
        colour[:, : round(width * progress)] = BRASS
        return Overlay(x, y, colour, np.zeros_like(colour))

    def _ringed(self, place: tuple[int, int, int, int], progress: float, number: str) -> Overlay:
        filled = np.clip(progress * self._round - self._angle + 0.5, 0.0, 1.0)[:, :, None]
        mask = self._ring[:, :, None]
        colour = mask * (filled * np.array(BRASS, np.float32) + (1 - filled) * np.array(FAINT, np.float32))
        opacity = mask
        if number:
            letters = self._number(number)[:, :, None]
            colour, opacity = colour + letters * np.array(TITLE, np.float32), np.minimum(1.0, mask + letters)
        clear = np.repeat(np.round(255 * (1 - opacity)).astype(np.uint8), 3, axis=2)
        return Overlay(place[0], place[1], np.round(colour).astype(np.uint8), clear)

    def _number(self, text: str) -> NDArray[np.float32]:
        """[side, side] how much of each pixel the number covers, 0…1."""
        if text not in self._numbers:
            pygame.font.init()
            page = pygame.Surface((self._side, self._side), pygame.SRCALPHA, 32)
            letters = pygame.font.Font(None, round(0.78 * self._side)).render(text, True, WHITE)
            box = letters.get_bounding_rect()
            page.blit(letters, ((self._side - box.width) // 2 - box.x, (self._side - box.height) // 2 - box.y))
            raw = np.frombuffer(pygame.image.tobytes(page, "RGBA"), np.uint8).reshape(self._side, self._side, 4)
            self._numbers[text] = raw[:, :, 3].astype(np.float32) / 255.0
        return self._numbers[text]


def draw(card: Card, canvas: tuple[int, int], unit: int) -> Drawn:
    """A card for a canvas of width and height px. unit: px, of which everything on it is a few."""
    pad, gap = round(1.2 * unit), round(0.9 * unit)
    room = round(WIDEST * canvas[0]) - 2 * pad
    pictures = _pictures(card, canvas, room, gap)
    ring = round(RING_SIDE * min(canvas)) if card.gauge == "ring" else 0
    across = sum(one.get_width() for one in pictures) + gap * max(0, len(pictures) - 1)
    beside = not pictures or room - across > 14 * unit  # the words: beside the pictures where there is room, otherwise beneath
    left = (across + pad if pictures and beside else 0) + (ring + pad if ring else 0)
    words = _words(card, unit, room - left, centred=not beside)
    tall = max((one.get_height() for one in pictures), default=0)
    bar = round(0.35 * unit) if card.gauge == "bar" else 0
    width = left + words.get_width() if beside else max(across, words.get_width())
    inner = max(tall, ring, words.get_height()) if beside else tall + gap + words.get_height()
    panel = pygame.Surface((width + 2 * pad, inner + 2 * pad + (gap + bar if bar else 0)), pygame.SRCALPHA, 32)
    panel.blit(_ground(panel.get_size(), pad), (0, 0))
    x = pad if beside else pad + (width - across) // 2
    for one in pictures:
        panel.blit(one, (x, pad + ((inner - one.get_height()) // 2 if beside else 0)))
        x += one.get_width() + gap
    at = (left, (inner - words.get_height()) // 2) if beside else ((width - words.get_width()) // 2, tall + gap)
    panel.blit(words, (pad + at[0], pad + at[1]))
    overlay = overlay_of(panel, ((canvas[0] - panel.get_width()) // 2, canvas[1] - panel.get_height() - 2 * unit), canvas)
    gauge = overlay.x + pad, overlay.y + pad + (inner - ring) // 2, ring, ring
    if bar:
        gauge = overlay.x + pad, overlay.y + pad + inner + gap, width, bar
    return Drawn(card, overlay, gauge)


def _words(card: Card, unit: int, room: int, centred: bool) -> pygame.Surface:
    """The title and the lines in at most ``room`` px of width."""
    pygame.font.init()
    title_font, font = pygame.font.Font(None, round(2.2 * FINER * unit)), pygame.font.Font(None, round(1.42 * FINER * unit))
    lines = [(_shrunk(title_font.render(line, True, TITLE)), 0) for line in wrapped(title_font, card.title, FINER * room)]
    for first, text in enumerate(card.lines):
        above = round((0.2 if first else 0.5) * unit)
        for i, line in enumerate(wrapped(font, text, FINER * room)):
            lines.append((_shrunk(font.render(line, True, TEXT)), 0 if i else above))
    width = max(line.get_width() for line, _ in lines)
    page = pygame.Surface((width, sum(line.get_height() + above for line, above in lines)), pygame.SRCALPHA, 32)
    y = 0
    for shown, above in lines:
        page.blit(shown, ((width - shown.get_width()) // 2 if centred else 0, y + above))
        y += shown.get_height() + above
    return page


def _shrunk(words: pygame.Surface) -> pygame.Surface:
    return pygame.transform.smoothscale(words, (max(1, words.get_width() // FINER), max(1, words.get_height() // FINER)))


def _ground(size: tuple[int, int], radius: int) -> pygame.Surface:
    """What a card lies on, its corners round and smooth."""
    large = pygame.Surface((FINER * size[0], FINER * size[1]), pygame.SRCALPHA, 32)
    large.fill((*GROUND[:3], 0))
    pygame.draw.rect(large, GROUND, large.get_rect(), border_radius=FINER * radius)
    return pygame.transform.smoothscale(large, size)


def _pictures(card: Card, canvas: tuple[int, int], room: int, gap: int) -> list[pygame.Surface]:
    """The picture and the code beside it, of one height."""
    made: list[Image] = []
    side = round(CODE_SIDE * min(canvas))
    if card.code is not None:
        modules = card.code.shape[0]
        times = max(side // modules, min(LEAST_MODULE, min(canvas) // 2 // modules), 1)
        side = times * modules
        made.append(np.kron(card.code, np.ones((times, times, 1), np.uint8)))
    if card.picture is not None:
        height, width = card.picture.shape[:2]
        most = room - gap - (side if card.code is not None else 0)
        scale = min(side / height, most / width, 0.75 * most / width if width > height else 1.0)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        made.insert(0, np.asarray(cv2.resize(card.picture, size, interpolation=cv2.INTER_AREA), np.uint8))
    return [pygame.image.frombuffer(np.ascontiguousarray(one).tobytes(), one.shape[1::-1], "RGB") for one in made]


def wrapped(font: pygame.font.Font, text: str, room: int) -> list[str]:
    """The text in lines of at most ``room`` px; a word that is wider has a line of its own."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.size(longer)[0] > room:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def faded(overlay: Overlay, level: float) -> Overlay:
    """So much 0…1 of an overlay; all of it is the same object."""
    if level >= 1.0:
        return overlay
    colour = cv2.convertScaleAbs(overlay.colour, alpha=level)
    clear = cv2.convertScaleAbs(overlay.clear, alpha=level, beta=255.0 * (1.0 - level))
    return Overlay(overlay.x, overlay.y, np.asarray(colour, np.uint8), np.asarray(clear, np.uint8))
