import os
import subprocess
import sys
from itertools import pairwise

import pytest

from installation.canvas import present
from installation.canvas.present import CanvasSettings, Pacer, choose_mode, list_displays, open_canvas
from installation.canvas.window import fit
from installation.errors import DisplayError


def test_the_mode_follows_the_wish_and_the_machine():
    with_display, without = {"DISPLAY": ":0"}, {}
    assert choose_mode("auto", with_display, "linux") == "fullscreen"
    assert choose_mode("auto", {"WAYLAND_DISPLAY": "wayland-0"}, "linux") == "fullscreen"
    assert choose_mode("auto", without, "linux") == "headless"
    assert choose_mode("auto", without, "darwin") == "fullscreen"
    assert choose_mode("auto", {**with_display, "SDL_VIDEODRIVER": "offscreen"}, "linux") == "headless"
    assert choose_mode("windowed", with_display, "linux") == "windowed"
    assert choose_mode("headless", with_display, "linux") == "headless"
    for mode in ("windowed", "fullscreen"):
        with pytest.raises(DisplayError, match="--headless") as err:
            choose_mode(mode, without, "linux")
        assert err.value.exit_code == 3


def test_a_picture_fits_a_window_of_any_shape():
    assert fit((1280, 720), (1280, 720)) == (0, 0, 1280, 720)
    assert fit((1280, 720), (1920, 1080)) == (0, 0, 1920, 1080)
    assert fit((1280, 720), (1000, 1000)) == (0, 219, 1000, 562)
    assert fit((720, 1280), (1920, 1080))[2:] == (608, 1080)


def test_turns_are_evenly_due_and_lost_time_is_not_made_up_for():
    pacer = Pacer(25.0)
    assert pacer.delay(10.0) == 0.0
    assert pacer.delay(10.01) == pytest.approx(0.03)
    assert pacer.delay(10.045) == pytest.approx(0.035)  # one late turn leaves the beat as it was
    assert pacer.delay(11.0) == 0.0
    assert pacer.delay(11.0) == pytest.approx(0.04)


def test_pictures_that_take_now_longer_now_shorter_are_shown_at_even_times():
    pacer, now, shown, free = Pacer(25.0), 0.0, [], []
    for i in range(60):
        now += pacer.delay(now)
        now += 0.004 if i % 2 else 0.022  # drawing
        free.append(now)
        now += pacer.hold(now, even=i < 40)
        shown.append(now)
    gaps = [b - a for a, b in pairwise(shown)]
    assert max(b - a for a, b in pairwise(free[:40])) > 0.055
    assert gaps[10:38] == pytest.approx([0.04] * 28)
    assert max(gaps[:38]) < 0.055
    assert shown[50:] == free[50:]  # without it a picture is shown as soon as it is drawn


def test_headless_draws_and_hears_nothing():
    canvas = open_canvas(CanvasSettings(160, 90, mode="headless", renderer="plain", paced=False))
    canvas.wait()
    assert canvas.size == (160, 90)
    assert canvas.mode == "headless"
    assert canvas.present() <= canvas.present()
    assert canvas.read().shape == (90, 160, 3)
    assert canvas.keys() == [] and not canvas.closed
    canvas.toggle_fullscreen()
    canvas.close()


def test_auto_says_that_it_runs_headless(monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    canvas = open_canvas(CanvasSettings(160, 90, renderer="plain"))
    assert "headless" in canvas.notice
    canvas.close()


@pytest.mark.gl
def test_gl_is_taken_only_where_it_is_quick(monkeypatch):
    hardware = pytest.importorskip("installation.canvas.opengl.renderer")
    try:
        hardware.open_context(standalone=True).release()
    except Exception as err:
        pytest.skip(f"no OpenGL here: {err}")
    for budget, name in ((1e9, "gl"), (0.0, "plain")):
        monkeypatch.setattr(present, "GL_BUDGET_SECONDS", budget)
        canvas = open_canvas(CanvasSettings(160, 90, mode="headless"))
        assert canvas.renderer.name == name
        canvas.close()


WINDOW = """
import numpy as np, pygame, sys
from installation.errors import DisplayError
from installation.canvas.window import Window, WindowSettings
from installation.canvas.plain.renderer import PlainRenderer
from installation.canvas import present
from installation.canvas.present import Canvas, CanvasSettings
settings = WindowSettings(160, 90, 0, False, True, False)
window = Window(settings)
canvas = Canvas(PlainRenderer(160, 90), window, CanvasSettings(160, 90))
picture = np.random.default_rng(0).integers(0, 255, (90, 160, 3), np.uint8)
window.show(picture)
assert np.array_equal(pygame.surfarray.array3d(pygame.display.get_surface()).swapaxes(0, 1), picture), "pixels"
pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=pygame.K_b))
pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=pygame.K_ESCAPE))
assert canvas.keys() == ["b", "escape"], "keys"
assert not canvas.closed
canvas.toggle_fullscreen()
assert canvas.mode == "fullscreen" and window.size[0] >= 160
canvas.present()
canvas.toggle_fullscreen()
assert canvas.mode == "windowed"
pygame.event.post(pygame.event.Event(pygame.QUIT))
canvas.keys()
assert canvas.closed, "closed"
canvas.close()
try:
    Window(WindowSettings(160, 90, 9, False, True, False))
except DisplayError as err:
    assert "canvas.display 9" in str(err) and "0 (" in str(err), str(err)
else:
    raise AssertionError("display 9 opened")
assert pygame.mixer is None or not hasattr(pygame, "mixer") or pygame.mixer.get_init() is None
print("fine")
"""


def run(code: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """A process of its own: SDL's choice of a driver holds for a whole process."""
    clean = {key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")}
    return subprocess.run([sys.executable, "-c", code], env={**clean, **environ}, capture_output=True, text=True, timeout=60, check=False)


def test_a_plain_window_shows_the_pixels_hears_keys_and_reports_its_closing():
    ended = run(WINDOW, SDL_VIDEODRIVER="dummy")
    assert ended.stdout.strip() == "fine", ended.stderr
    assert "pygame" not in ended.stderr + ended.stdout


@pytest.mark.gl
def test_a_gl_window_shows_the_canvas():
    code = """
import numpy as np, sys
from installation.canvas.scene import Scene, Overlay
from installation.canvas.look import Look
from installation.canvas.window import Window, WindowSettings
from installation.canvas import present
from installation.canvas.present import Canvas, CanvasSettings
try:
    from installation.canvas.opengl.renderer import GLRenderer, open_context
    window = Window(WindowSettings(160, 90, 0, False, True, True))
    context = open_context(standalone=False)
except Exception as err:
    print("none", err); sys.exit()
canvas = Canvas(GLRenderer(context, 160, 90), window, CanvasSettings(160, 90))
top = Overlay(0, 0, np.full((45, 160, 3), (255, 0, 0), np.uint8), np.zeros((45, 160, 3), np.uint8))
canvas.renderer.draw(Scene(0.0, 0.0, Look(), room=0.0, overlays=(top,)))
canvas.renderer.show(window.size)
shown = np.frombuffer(context.screen.read(components=3, alignment=1), np.uint8).reshape(*window.size[::-1], 3)
assert shown[-5, 80].tolist() == [255, 0, 0] and shown[5, 80].max() == 0, "upside down"
assert canvas.read()[5, 80].tolist() == [255, 0, 0] and canvas.read()[85, 80].max() == 0
canvas.renderer.show((320, 180))  # a window that has grown
assert context.scissor == (0, 0, 320, 180) and context.viewport == (0, 0, 320, 180)
canvas.present(); canvas.close(); print("fine")
"""
    ended = run(code, SDL_VIDEODRIVER="offscreen")
    if ended.stdout.startswith("none"):
        pytest.skip(f"no OpenGL here: {ended.stdout}")
    assert ended.stdout.strip() == "fine", ended.stderr


def test_displays_are_listed_only_where_there_are_any():
    assert run("from installation.canvas.present import list_displays as l; print(l())").stdout.strip() == "[]"
    assert list_displays() == [] or "×" in list_displays()[0]


def test_the_plain_window_letterboxes_a_picture_of_another_shape():
    code = """
import numpy as np, pygame
from installation.canvas.window import Window, WindowSettings
window = Window(WindowSettings(200, 200, 0, False, True, False))
window.show(np.full((50, 100, 3), 200, np.uint8))
shown = pygame.surfarray.array3d(pygame.display.get_surface()).swapaxes(0, 1)
print(shown[:50].max(), shown[150:].max(), shown[52:148].min())
"""
    assert run(code, SDL_VIDEODRIVER="dummy").stdout.split() == ["0", "0", "200"]


@pytest.mark.parametrize(("display", "size"), [((1920, 1080), (1280, 720)), ((1080, 1920), (720, 1280)), ((1024, 768), (1024, 768))])
def test_a_canvas_that_the_cpu_draws_has_the_displays_shape_and_no_more_than_it_can_draw(monkeypatch, display, size):
    monkeypatch.setattr(present, "own_size", lambda number, mode: display)
    canvas = open_canvas(CanvasSettings(0, 0, mode="headless", renderer="plain"))
    assert canvas.size == size
    canvas.close()
    canvas = open_canvas(CanvasSettings(1600, 0, mode="headless", renderer="plain"))
    assert abs(canvas.size[0] / canvas.size[1] - 1600 / display[1]) < 0.01
    canvas.close()
    canvas = open_canvas(CanvasSettings(1600, 900, mode="headless", renderer="plain"))
    assert canvas.size == (1600, 900)  # what a person chose is what they get
    canvas.close()
