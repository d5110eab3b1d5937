"""The window before the program, on SDL's dummy display: what it shows, that it answers, and that work goes on beside it."""

import threading
from collections.abc import Iterator

import pygame
import pytest

from installation.canvas.first_light import FirstLight, first_light
from installation.canvas.present import CanvasSettings, open_canvas
from installation.canvas.waiting import Waiting
from installation.canvas.window import WindowSettings, own_size

SETTINGS = WindowSettings(320, 180, 0, False, False, False)


@pytest.fixture(autouse=True)
def _dummy(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    pygame.display.quit()
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    yield
    pygame.display.quit()


def press(key: int) -> None:
    pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=key))


def test_the_name_is_there_before_anything_else_is() -> None:
    light = first_light(SETTINGS, "all")
    assert light is not None
    before = pygame.surfarray.array3d(pygame.display.get_surface())
    light.say("reading the models …")
    after = pygame.surfarray.array3d(pygame.display.get_surface())
    assert before.max() > 150 and (before != after).any()


def test_what_is_done_beside_it_comes_back() -> None:
    light = FirstLight(SETTINGS, "all")
    assert light.beside(lambda: threading.current_thread() is not threading.main_thread())
    with pytest.raises(ZeroDivisionError):
        light.beside(lambda: 1 // 0)


@pytest.mark.parametrize(("keys", "ends"), [("all", True), ("operator", False), ("none", False)])
def test_a_key_that_ends_the_show_ends_the_start(keys: str, ends: bool) -> None:
    light = FirstLight(SETTINGS, keys)
    over = threading.Event()
    press(pygame.K_ESCAPE)
    if ends:
        with pytest.raises(KeyboardInterrupt):
            light.beside(lambda: over.wait(5.0))
    else:
        assert light.beside(lambda: over.wait(0.3)) is False
        assert light.keys == ["escape"]
    over.set()


def test_where_there_is_no_display_there_is_no_first_light(monkeypatch: pytest.MonkeyPatch) -> None:
    pygame.display.quit()
    monkeypatch.setenv("SDL_VIDEODRIVER", "no such driver")
    assert first_light(SETTINGS, "all") is None
    assert own_size(0, "fullscreen") == (1280, 720)


def test_a_canvas_without_a_size_takes_the_displays(monkeypatch: pytest.MonkeyPatch) -> None:
    pygame.display.init()
    monkeypatch.setattr(pygame.display, "get_desktop_sizes", lambda: [(1920, 1080), (1080, 1921)])
    assert own_size(0, "fullscreen") == (1920, 1080)
    assert own_size(1, "fullscreen") == (1080, 1920)
    assert own_size(1, "windowed") == (720, 1280) and own_size(0, "windowed") == (1280, 720)
    assert own_size(0, "headless") == own_size(7, "fullscreen") == (1280, 720)


def test_keys_pressed_before_there_was_a_canvas_are_obeyed_by_it() -> None:
    light = FirstLight(SETTINGS, "all")
    press(pygame.K_b)
    light.step()
    assert light.keys == ["b"]
    assert Waiting(open_canvas(CanvasSettings(160, 90, mode="headless", renderer="plain")), "all", light.keys).keys == ["b"]
