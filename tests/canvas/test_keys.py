"""Names of keys on layouts from anywhere, and chords that are held: pygame's own events, a clock that the test turns."""

import pygame
import pytest

from installation.canvas import keys
from installation.canvas.keys import HOLD_SECONDS, KeyReader, key_name
from installation.control.keyboard import CHORD, HELD

BOTH = pygame.KMOD_LCTRL | pygame.KMOD_LSHIFT


@pytest.fixture(autouse=True)
def display(monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    pygame.display.init()
    yield
    pygame.display.quit()


@pytest.mark.parametrize(
    ("symbol", "scancode", "name"),
    [
        ("й", pygame.KSCAN_Q, "q"),  # Russian
        ("и", pygame.KSCAN_B, "b"),
        ("β", pygame.KSCAN_B, "b"),  # Greek
        ("ש", pygame.KSCAN_A, "a"),  # Hebrew
        ("q", pygame.KSCAN_A, "q"),  # French: what it writes counts
        ("&", pygame.KSCAN_1, "1"),  # and its digits need Shift
        ("é", pygame.KSCAN_2, "2"),
        ("ö", pygame.KSCAN_SEMICOLON, "ö"),  # German
        ("'", pygame.KSCAN_Q, "'"),  # Dvorak, whose Q is elsewhere
        ("escape", pygame.KSCAN_ESCAPE, "escape"),
        ("f", pygame.KSCAN_U, "f"),
        ("[1]", pygame.KSCAN_KP1, "[1]"),
        ("", 0, ""),
    ],
)
def test_a_key_counts_by_what_it_writes_or_by_its_place(symbol, scancode, name):
    assert key_name(symbol, scancode) == name


def down(key, mod=0, scancode=0):
    return pygame.event.Event(pygame.KEYDOWN, key=key, mod=mod, scancode=scancode)


def up(key, mod=0):
    return pygame.event.Event(pygame.KEYUP, key=key, mod=mod, scancode=0)


def test_a_russian_key_arrives_as_its_place():
    assert KeyReader().read([down(ord("й"), scancode=pygame.KSCAN_Q), down(pygame.K_b)]) == ["q", "b"]


def test_a_chord_is_told_at_once_and_again_when_it_was_held():
    now = [0.0]
    reader = KeyReader(lambda: now[0])
    assert reader.read([down(pygame.K_q, BOTH)]) == ["ctrl+shift+q"]
    now[0] = HOLD_SECONDS - 0.1
    assert reader.read([]) == []
    now[0] = HOLD_SECONDS + 0.1
    assert reader.read([]) == ["ctrl+shift+q held"]
    now[0] = 3 * HOLD_SECONDS
    assert reader.read([]) == []  # once


@pytest.mark.parametrize(
    "release", [up(pygame.K_q), up(pygame.K_LSHIFT), up(pygame.K_LCTRL), down(pygame.K_x), pygame.event.Event(pygame.WINDOWFOCUSLOST)]
)
def test_whoever_lets_go_of_any_part_of_it_has_not_held_it(release):
    now = [0.0]
    reader = KeyReader(lambda: now[0])
    reader.read([down(pygame.K_q, BOTH)])
    now[0] = 1.0
    reader.read([release])
    now[0] = 2 * HOLD_SECONDS
    assert reader.read([]) == []


def test_the_window_and_the_table_of_keys_speak_of_the_same():
    assert (keys.CHORD, keys.HELD) == (CHORD, HELD)
