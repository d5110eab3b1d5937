"""Zones in which faces do not count, drawn in a real Chromium with the mouse, a finger and the keyboard."""

import pytest

from installation.control.zone_book import ZoneBook
from tests.control.web.small_show import (
    Finger,
    SmallShow,
    chromium,
    complaints,
    drag,
    needs_chromium,
    place,
    press,
    screen,
    until,
    visit,
    wait,
)

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def show(tmp_path_factory):
    running = SmallShow(tmp_path_factory.mktemp("presets"))
    yield running
    running.end()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture
def panel(show, browser):
    show.state.set("look/mirror", False)
    show.zones.draw([])
    show.camera.allowed = show.preview.allowed = True
    screen(browser, 1280, 900, touch=False)
    opened(browser, show)
    yield browser
    assert complaints(browser) == []


def opened(browser, show):
    visit(browser, show)
    wait(browser, "const box = document.getElementById('zones'); if (!box.hidden) box.open = true; return box.open")
    browser.execute_script("document.querySelector('.camera').scrollIntoView({block: 'center', behavior: 'instant'})")


def numbers(show):
    return [[round(one, 1) for one in zone.numbers()] for zone in show.zones.drawn]


def test_a_zone_is_drawn_moved_changed_and_taken_away_and_is_kept(show, panel):
    wait(panel, "return Number(document.querySelector('.camera canvas').dataset.pictures) > 1")
    assert panel.execute_script("return document.querySelectorAll('.zone.fixed').length") == 1
    drag(panel, (0.5, 0.3), (0.8, 0.6))
    until(lambda: numbers(show) == [[0.5, 0.3, 0.8, 0.6]])
    until(lambda: ZoneBook((), show.folder / "zones.json").drawn == show.zones.drawn)  # after a restart
    drag(panel, (0.55, 0.35), (0.35, 0.25))  # taken inside
    until(lambda: numbers(show) == [[0.3, 0.2, 0.6, 0.5]])
    drag(panel, (0.6, 0.5), (0.9, 0.9))  # taken at a corner
    until(lambda: numbers(show) == [[0.3, 0.2, 0.9, 0.9]])
    opened(panel, show)
    wait(panel, "return document.querySelectorAll('.zone[data-number]').length === 1")
    panel.find_element("css selector", ".zone .remove").click()
    until(lambda: numbers(show) == [])
    until(lambda: ZoneBook((), show.folder / "zones.json").drawn == ())


def test_a_press_without_a_drag_is_no_zone(show, panel):
    drag(panel, (0.5, 0.5), (0.505, 0.505))
    drag(panel, (0.2, 0.4), (0.4, 0.6))
    until(lambda: numbers(show) == [[0.2, 0.4, 0.4, 0.6]])
    assert panel.execute_script("return document.querySelectorAll('.zone[data-number]').length") == 1


def test_on_a_mirror_left_is_left(show, panel):
    show.state.set("look/mirror", True)
    wait(panel, "return document.querySelector('.camera canvas').classList.contains('mirrored')")
    drag(panel, (0.1, 0.3), (0.3, 0.6))
    until(lambda: numbers(show) == [[0.7, 0.3, 0.9, 0.6]])
    assert panel.execute_script("return parseFloat(document.querySelector('.zone[data-number]').style.left)") == pytest.approx(10, abs=1)


def test_the_keyboard_draws_too(show, panel):
    from selenium.webdriver.common.keys import Keys

    panel.find_element("xpath", "//button[text()='Add a zone']").send_keys(Keys.ENTER)
    until(lambda: len(show.zones.drawn) == 1)
    left, _, right, _ = show.zones.drawn[0].numbers()
    press(panel, Keys.ARROW_RIGHT)
    until(lambda: show.zones.drawn[0].left == pytest.approx(left + 0.01) and show.zones.drawn[0].right == pytest.approx(right + 0.01))
    press(panel, Keys.DELETE)
    until(lambda: not show.zones.drawn)


def test_a_finger_draws_and_the_page_does_not_scroll(show, panel):
    screen(panel, 390, 844, touch=True)
    opened(panel, show)
    finger, before = Finger(panel), panel.execute_script("return scrollY")
    (x0, y0), (x1, y1) = place(panel, 0.4, 0.2), place(panel, 0.7, 0.8)
    finger.down(x0, y0)
    finger.move(x1 - x0, y1 - y0)
    finger.up()
    until(lambda: numbers(show) == [[0.4, 0.2, 0.7, 0.8]])
    assert panel.execute_script("return scrollY") == before
    assert panel.execute_script("return document.documentElement.scrollWidth <= innerWidth")


def test_where_pictures_may_not_be_shown_the_frame_is_empty_and_takes_zones(show, panel):
    show.camera.allowed = show.preview.allowed = False
    opened(panel, show)
    wait(panel, "return document.querySelector('.nothing').textContent.includes('privacy.allow_recording')")
    wait(panel, "return document.getElementById('nothing').textContent.includes('privacy.allow_recording')")
    drag(panel, (0.5, 0.3), (0.8, 0.6))
    until(lambda: numbers(show) == [[0.5, 0.3, 0.8, 0.6]])
    assert panel.execute_script("return document.querySelector('.camera canvas').dataset.pictures") is None


def test_what_cannot_be_kept_is_said(show, panel, monkeypatch):
    monkeypatch.setattr(show.zones._file, "_path", show.folder / "zones.json" / "below")
    (show.folder / "zones.json").write_text("x")
    drag(panel, (0.5, 0.3), (0.8, 0.6))
    wait(panel, "return document.querySelector('.zones .said').textContent.includes('only until the show ends')")
    (show.folder / "zones.json").unlink()
