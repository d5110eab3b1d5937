"""Fingers and the mouse on the window, told alike: where they come down, move, and leave."""

from __future__ import annotations

import os
from collections import deque
from dataclasses import dataclass, replace
from typing import Literal

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
import pygame

MOST = 256  # touches that wait to be read: nobody may be reading
MOUSE = -1  # in place of a finger's number


@dataclass(frozen=True, slots=True)
class Touch:
    """x, y: px, of the window as it is read and of the canvas once that has placed it; finger: its number, ``MOUSE`` for the mouse."""

    kind: Literal["down", "move", "up"]
    x: float
    y: float
    finger: int = MOUSE


class PointerReader:
    """Turns pygame's events into touches. A touch screen's fingers are also told as a mouse, which is left out here."""

    def __init__(self) -> None:
        self._read: deque[Touch] = deque(maxlen=MOST)

    def hear(self, events: list[pygame.event.Event], size: tuple[int, int]) -> None:
        """size: width and height of the window, px."""
        for event in events:
            touch = _finger(event, size) or _mouse(event)
            if touch is not None:
                self._read.append(touch)

    def take(self) -> list[Touch]:
        """Those since the last call, in their order."""
        touches = [*self._read]
        self._read.clear()
        return touches


def placed(touch: Touch, picture: tuple[int, int, int, int], canvas: tuple[int, int]) -> Touch:
    """A touch of a window as one of the canvas. picture: x, y, width and height in px of the canvas' picture in the window."""
    x, y, width, height = picture
    return replace(touch, x=(touch.x - x) * canvas[0] / width, y=(touch.y - y) * canvas[1] / height)


def _finger(event: pygame.event.Event, size: tuple[int, int]) -> Touch | None:
    for kind, name in ((pygame.FINGERDOWN, "down"), (pygame.FINGERMOTION, "move"), (pygame.FINGERUP, "up")):
        if event.type == kind:
            return Touch(name, event.x * size[0], event.y * size[1], int(event.finger_id))  # type: ignore[arg-type]  # one of the three
    return None


def _mouse(event: pygame.event.Event) -> Touch | None:
    if getattr(event, "touch", False):
        return None
    if event.type == pygame.MOUSEMOTION:
        return Touch("move", *event.pos)
    if event.type in (pygame.MOUSEBUTTONDOWN, pygame.MOUSEBUTTONUP) and event.button == pygame.BUTTON_LEFT:
        return Touch("down" if event.type == pygame.MOUSEBUTTONDOWN else "up", *event.pos)
    return None
