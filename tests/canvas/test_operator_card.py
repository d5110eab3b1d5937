"""The keypad and the card on a real canvas: a window of SDL without a screen, drawn by OpenGL, touched by SDL's events."""

import os
import subprocess
import sys

import numpy as np
import pytest

from installation.canvas.operator_card import OperatorPainter, OperatorView, card_page, keypad_page
from installation.canvas.pointer import MOST, PointerReader, Touch, placed

PROGRAM = """
import pygame
import numpy as np
from installation.assembly.operator_corner import corner_of
from installation.canvas.look import Look
from installation.canvas.opengl.renderer import GLRenderer, open_context
from installation.canvas.present import Canvas, CanvasSettings
from installation.canvas.scene import Scene
from installation.canvas.window import Window, WindowSettings, fit
from installation.config import load_config
from installation.control.pin import PinCheck
from installation.operation.ending import Ending
from installation.operation.health import Health

size = {size}
window = Window(WindowSettings(*size, 0, True, False, True))
renderer = GLRenderer(open_context(standalone=False), *size)
canvas = Canvas(renderer, window, CanvasSettings(*size))
config = load_config(None, ["operator.pin=2718", "operator.hold_seconds=2"]).operator
quits = []
ending = Ending(lambda: quits.append(1))


class Panel:
    public = True
    operator_url = "http://192.168.178.23:8600/operator?token=" + "a" * 32

    def unused(self, url):
        return True


corner = corner_of(config, PinCheck("2718"), ending, canvas, Panel, Health())
now = 0.0


def picture():
    renderer.draw(Scene(now, 0.0, Look(blackout=False), room=0.0, overlays=corner.overlays(now)))
    canvas.present()
    return renderer.read().copy()


def turn(*events, after=0.1):
    global now
    now += after
    for kind, given in events:
        pygame.event.post(pygame.event.Event(kind, given))
    canvas.keys()
    corner.step(now)


def at(x, y):
    left, top, width, height = fit(size, window.size)  # the window is as large as the display, and the picture as it fits in
    return {{"pos": (round(left + x * width / size[0]), round(top + y * height / size[1])), "button": 1, "touch": False}}


def tap(name):
    button = next(one for one in corner._view.page.buttons if one.name == name)
    place = at(button.x + button.width / 2, button.y + button.height / 2)
    turn((pygame.MOUSEBUTTONDOWN, place))
    turn((pygame.MOUSEBUTTONUP, place))


turn()
plain = picture()
print("hidden", pygame.mouse.get_visible(), pygame.display.get_allow_screensaver(), corner._view is None)
turn((pygame.FINGERDOWN, {{"x": 0.005, "y": 0.995, "finger_id": 3, "touch_id": 1, "dx": 0.0, "dy": 0.0}}))
turn(after=2.1)
turn((pygame.FINGERUP, {{"x": 0.005, "y": 0.995, "finger_id": 3, "touch_id": 1, "dx": 0.0, "dy": 0.0}}))
keypad = picture()
print("keypad", corner._view.title, pygame.mouse.get_visible())
for digit in "2718":
    tap(digit)
tap("enter")
card = picture()
print("card", corner._view.title, pygame.mouse.get_visible(), corner.is_in)
tap("restart")
print("asked", ending.wish.value == "", len(quits))
tap("restart")
print("done", ending.wish.value, len(quits))
turn(after=61)
print("left", pygame.mouse.get_visible(), corner._view is None, np.array_equal(picture(), plain))
np.savez({path!r}, plain=plain, keypad=keypad, card=card)
"""


@pytest.mark.parametrize("size", [(1920, 1080), (1080, 1920)])
def test_the_corner_of_a_real_window_is_held_and_the_card_is_drawn(tmp_path, size):
    path = tmp_path / "pictures.npz"
    environment = {**os.environ, "SDL_VIDEODRIVER": "offscreen", "PYTHONPATH": os.getcwd()}
    program = PROGRAM.format(size=size, path=str(path))
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    if done.returncode and ("OpenGL" in done.stderr or "EGL" in done.stderr or "offscreen" in done.stderr):
        pytest.skip(f"no OpenGL without a screen here: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "hidden False False True",
        "keypad PIN False",
        "card Operator True True",
        "asked True 0",
        "done restart 1",
        "left False True True",
    ]
    pictures = np.load(path)
    assert pictures["keypad"].shape == (size[1], size[0], 3)
    for name, page in (("keypad", keypad_page(size)), ("card", card_page(size, (("a", "A"),) * 3))):
        x, y, width, height = page.box
        changed = np.abs(pictures[name].astype(int) - pictures["plain"]).max(axis=2) > 8
        rows, columns = np.nonzero(changed)
        assert len(rows) and y <= rows.min() and rows.max() < y + height and x <= columns.min() and columns.max() < x + width
    white = (pictures["card"] > 250).all(axis=2).sum()  # the code, with its quiet zone
    assert white > 0.5 * (0.3 * min(size)) ** 2


def test_a_code_can_be_read_off_the_card():
    import cv2

    from installation.canvas.qr import qr_rgb

    url = "http://192.168.178.23:8600/operator?token=" + "abcd" * 8
    for canvas in ((1920, 1080), (1080, 1920), (1280, 720)):
        view = OperatorView(card_page(canvas, (("leave", "Leave"),)), "Operator", code=qr_rgb(url, module_px=1))
        (overlay,) = OperatorPainter(canvas).overlays(view)
        assert cv2.QRCodeDetector().detectAndDecode(overlay.colour)[0] == url


def test_it_is_drawn_anew_only_where_something_changed():
    painter, page = OperatorPainter((640, 360)), keypad_page((640, 360))
    first = painter.overlays(OperatorView(page, "PIN", dots=0))
    assert painter.overlays(OperatorView(page, "PIN", dots=0)) is first
    assert painter.overlays(OperatorView(page, "PIN", dots=1)) is not first
    assert painter.overlays(None) == ()


def test_touches_of_a_window_are_places_of_the_canvas():
    place = (100, 0, 800, 600)  # of the picture, in a wider window
    assert placed(Touch("down", 100, 0), place, (1600, 1200)) == Touch("down", 0, 0)
    assert placed(Touch("down", 900, 600), place, (1600, 1200)) == Touch("down", 1600, 1200)
    assert placed(Touch("down", 0, 300), place, (1600, 1200)).x < 0  # on the black beside it


def test_a_finger_is_told_once_and_what_nobody_reads_is_forgotten():
    import pygame

    reader = PointerReader()
    finger = pygame.event.Event(pygame.FINGERDOWN, {"x": 0.5, "y": 0.25, "finger_id": 7})
    as_mouse = pygame.event.Event(pygame.MOUSEBUTTONDOWN, {"pos": (100, 50), "button": 1, "touch": True})
    right = pygame.event.Event(pygame.MOUSEBUTTONDOWN, {"pos": (100, 50), "button": 3, "touch": False})
    reader.hear([finger, as_mouse, right], (200, 200))
    assert reader.take() == [Touch("down", 100, 50, 7)] and reader.take() == []
    reader.hear([pygame.event.Event(pygame.MOUSEMOTION, {"pos": (1, 1), "touch": False})] * 1000, (200, 200))
    assert len(reader.take()) == MOST
