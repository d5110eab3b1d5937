"""What the canvas shows before there is a mirror: the name, what the program is at, and which keys there are."""

from __future__ import annotations

import os

import numpy as np

from installation.canvas.scene import Overlay

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
import pygame
import pygame.font

NAME, LINE, HINT = (242, 240, 234), (226, 178, 112), (128, 126, 122)
KEYS = {"all": "H keys     Esc quit", "operator": "Ctrl Shift Q, held, quit", "none": ""}  # by whose keys count
ENDING = {"all": ("escape", "q"), "operator": ("ctrl+shift+q held",), "none": ()}  # keys that end a show, likewise
SPACED = "F A C E T S"


def title(width: int, height: int, line: str, hint: str) -> Overlay:
    """The whole canvas, [height, width, 3], black behind the words. line: what the program is at; hint: the keys."""
    pygame.font.init()
    unit = max(11, min(width, height) // 36)
    words = (
        (pygame.font.Font(None, 4 * unit).render(SPACED, True, NAME), 0.44),
        (pygame.font.Font(None, round(1.3 * unit)).render(line, True, LINE), 0.56),
        (pygame.font.Font(None, round(1.1 * unit)).render(hint, True, HINT), 0.93),
    )
    page = pygame.Surface((width, height), 0, 32)
    for text, place in words:
        page.blit(text, ((width - text.get_width()) // 2, round(place * height) - text.get_height() // 2))
    colour = np.frombuffer(pygame.image.tobytes(page, "RGB"), np.uint8).reshape(height, width, 3)
    return Overlay(0, 0, colour, np.zeros_like(colour))
