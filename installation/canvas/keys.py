"""Which key was pressed, by the name that the table of keys has for it, on any keyboard layout; and a chord that is held."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
import pygame

CHORD = "ctrl+shift+"  # before the name of a key that is pressed together with both
HELD = " held"  # after the name of a chord that was held
HOLD_SECONDS = 3.0
LETTERS = {pygame.KSCAN_A + place: chr(ord("a") + place) for place in range(26)}
DIGITS = {pygame.KSCAN_1 + place: str((place + 1) % 10) for place in range(10)}


def key_name(symbol: str, scancode: int) -> str:
    """The name of a key. symbol: as pygame names what it writes, empty for what it has no name for.

    Letters of another script, Greek or Cyrillic, count by their
    place on the keyboard, and so do digits on layouts that write them with Shift."""
    if len(symbol) > 1 or (symbol.isascii() and symbol.isalnum()):
        return symbol
    if scancode in DIGITS:
        return DIGITS[scancode]
    return symbol if symbol and symbol.isascii() else LETTERS.get(scancode, symbol)


class KeyReader:
    """Turns pygame's events into names. now: s, a clock."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._chord: tuple[str, int, float] | None = None  # name, key and since when

    def read(self, events: list[pygame.event.Event]) -> list[str]:
        """Names of the keys pressed, in their order; a chord held for ``HOLD_SECONDS`` is told once more."""
        pressed = []
        for event in events:
            if event.type == pygame.KEYDOWN:
                pressed.append(self._down(event))
            elif (event.type == pygame.KEYUP and self._chord is not None and self._ends(event)) or event.type == pygame.WINDOWFOCUSLOST:
                self._chord = None
        if self._chord is not None and self._now() - self._chord[2] >= HOLD_SECONDS:
            pressed.append(self._chord[0] + HELD)
            self._chord = None
        return pressed

    def _down(self, event: pygame.event.Event) -> str:
        scancode, mod = getattr(event, "scancode", 0), getattr(event, "mod", 0)  # a program that posts events may leave them out
        name = key_name(pygame.key.name(event.key), scancode)
        if not (mod & pygame.KMOD_CTRL and mod & pygame.KMOD_SHIFT):
            self._chord = None
            return name
        if not _is_modifier(event.key):
            self._chord = (CHORD + name, event.key, self._now())
        return CHORD + name

    def _ends(self, event: pygame.event.Event) -> bool:
        return self._chord is not None and (event.key == self._chord[1] or _is_modifier(event.key))


def _is_modifier(key: int) -> bool:
    return key in (pygame.K_LCTRL, pygame.K_RCTRL, pygame.K_LSHIFT, pygame.K_RSHIFT)
