"""The invitation: words over the canvas, in one language after the other, and beneath them what becomes of pictures."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from installation.canvas.fading import Switch
from installation.canvas.scene import Overlay
from installation.messages import Image, Mask

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
import pygame
import pygame.font

FADE_SECONDS = 1.2  # from one language to the next
SIZE, SMALL = 0.058, 0.026  # of the canvas' shorter side, height of the letters
WIDTH = 0.86  # of the canvas, that a line may take
MIDDLE = 0.86  # of the canvas' height, where the words are
LEAST = 0.7  # of its size may a line shrink to fit; what is longer is broken in two
GAP = 0.5  # of the letters' height, before the small line
WORDS, NOTE = (246, 243, 236), (188, 184, 176)
SHADE = 0.75  # how dark the canvas is at most behind the words
SHADE_SIGMA = 0.3  # of the letters' height
KEPT = 4  # pages: the one that goes, the one that comes, two more
STEPS = 48  # of a fade


@dataclass(frozen=True, slots=True)
class Words:
    """One text in one language. note: the small line beneath it, "" for none; font: a file that has every letter of both."""

    language: str
    text: str
    note: str
    font: Path


@dataclass(frozen=True, slots=True)
class InvitationTexts:
    """What can be said, by name, each in every language that it is said in, in the order in which they take turns."""

    texts: Mapping[str, Sequence[Words]] = field(default_factory=dict)
    each_seconds: float = 7.0


class InvitationPainter:
    """Keeps the pages as premultiplied pictures, and fades from one to the next."""

    def __init__(self, width: int, height: int, texts: InvitationTexts) -> None:
        self.width, self.height, self._texts = width, height, texts
        self._switch = Switch(FADE_SECONDS)
        self._pages: dict[str, Overlay] = {}
        self._shown: dict[tuple[str, int], Overlay] = {}
        self._name, self._since = "", 0.0
        self._switch.towards("", 0.0)  # a show begins without

    def overlays(self, name: str, now: float, dt: float, light: float = 1.0) -> tuple[Overlay, ...]:
        """The text of that name at ``now``, s, ``dt`` s after the last picture; "" fades what is there out. light: 0…1, how much of the
        canvas is seen."""
        languages = self._texts.texts.get(name, ())
        if name != self._name:
            self._name, self._since = name, now
        turn = int(max(now - self._since, 0.0) / self._texts.each_seconds) % len(languages) if languages else 0
        levels = self._switch.towards(f"{name}/{turn}" if languages else "", dt)
        shown = {}
        for key, level in levels.items():
            step = round(level * light * STEPS)
            if key and step:
                shown[key, step] = self._shown.get((key, step)) or _lit(self._page(key), step / STEPS)
        self._shown = shown
        return tuple(shown.values())

    def _page(self, key: str) -> Overlay:
        page = self._pages.pop(key, None)
        if page is None:
            name, turn = key.rsplit("/", 1)
            page = painted(self._texts.texts[name][int(turn)], self.width, self.height)
        self._pages[key] = page  # the newest last
        for other in [*self._pages][:-KEPT]:
            del self._pages[other]
        return page


def painted(words: Words, width: int, height: int) -> Overlay:
    """A page with one text: letters, the small line, and a soft shade behind them."""
    pygame.font.init()
    short = min(width, height)
    lines = [(line, WORDS) for line in _lines(words.text, words.font, SIZE * short, WIDTH * width)]
    lines += [(line, NOTE) for line in _lines(words.note, words.font, SMALL * short, WIDTH * width)] if words.note else []
    surfaces = [(font.render(line, True, (255, 255, 255)), colour) for (line, font), colour in lines]
    gap = round(GAP * SIZE * short) if words.note else 0
    pad = round(3 * SHADE_SIGMA * SIZE * short)
    tall = min(sum(surface.get_height() for surface, _ in surfaces) + gap + 2 * pad, height)
    colour, cover = np.zeros((tall, width, 3), np.uint8), np.zeros((tall, width), np.uint8)
    y = pad
    for surface, tone in surfaces:
        y += gap if tone is NOTE and gap else 0
        gap = 0 if tone is NOTE else gap
        _lay(surface, tone, y, colour, cover)
        y += surface.get_height()
    shade = cv2.GaussianBlur(cv2.dilate(cover, np.ones((3, 3), np.uint8)), (0, 0), max(SHADE_SIGMA * SIZE * short, 1.0))
    dark = np.maximum(cover, np.minimum(shade.astype(np.float32) * 2.2 * SHADE, 255 * SHADE).astype(np.uint8))
    top = min(max(round(MIDDLE * height) - tall // 2, 0), height - tall)
    return Overlay(0, top, colour, np.repeat((255 - dark)[:, :, None], 3, axis=2))


def _lay(surface: pygame.Surface, tone: tuple[int, int, int], y: int, colour: Image, cover: Mask) -> None:
    """One line, white on clear, into the middle of a page."""
    wide, tall = surface.get_size()
    raw = np.frombuffer(pygame.image.tobytes(surface, "RGBA"), np.uint8).reshape(tall, wide, 4)[:, :, 3]
    raw = raw[: max(colour.shape[0] - y, 0), : colour.shape[1]]
    tall, wide = raw.shape
    x = (colour.shape[1] - wide) // 2
    cover[y : y + tall, x : x + wide] = raw
    colour[y : y + tall, x : x + wide] = np.round(raw[:, :, None] * (np.array(tone, np.float32) / 255)).astype(np.uint8)


def _lines(text: str, font: Path, size: float, room: float) -> list[tuple[str, pygame.font.Font]]:
    """A text in one line or two that fit into a width of ``room`` px. size: px, of the letters."""
    face = pygame.font.Font(font, max(round(size), 1))
    wide = face.size(text)[0]
    if wide * LEAST <= room:
        return [(text, face if wide <= room else pygame.font.Font(font, max(int(size * room / wide), 1)))]
    halves = _halves(text)
    longest = max(face.size(half)[0] for half in halves)
    face = face if longest <= room else pygame.font.Font(font, max(int(size * room / longest), 1))
    return [(half, face) for half in halves]


def _halves(text: str) -> list[str]:
    """A long text in two lines, broken at the space nearest to its middle, or anywhere where it has none."""
    spaces = [i for i, letter in enumerate(text) if letter == " "]
    at = min(spaces or range(1, len(text)), key=lambda i: abs(i - len(text) / 2), default=len(text))
    return [half for half in (text[:at].strip(), text[at:].strip()) if half]


def _lit(page: Overlay, level: float) -> Overlay:
    """A page of which so much 0…1 is seen."""
    if level >= 1.0:
        return page
    colour = cv2.convertScaleAbs(page.colour, alpha=level)
    clear = cv2.convertScaleAbs(page.clear, alpha=level, beta=255.0 * (1.0 - level))
    return Overlay(page.x, page.y, np.asarray(colour, np.uint8), np.asarray(clear, np.uint8))
