"""The operator's page in a real Chromium, with the mouse, a finger and the keyboard."""

import pytest

from tests.control.web.operated_show import OperatedShow
from tests.control.web.small_show import Finger, chromium, complaints, drag, needs_chromium, place, press, screen, until, wait

pytestmark = needs_chromium
SIZES = ((1280, 900), (844, 390), (360, 740))
ROOM = "#room .layer"


@pytest.fixture(scope="module")
def show(tmp_path_factory):
    running = OperatedShow(tmp_path_factory.mktemp("kept"))
    yield running
    running.end()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture
def page(show, browser):
    show.operating.crop(None)
    show.operating.tracker.allowed = show.preview.allowed = True
    screen(browser, 1280, 900, touch=False)
    visit(browser, show)
    yield browser
    said = [line for line in complaints(browser) if "400" not in line]  # what was refused is an answer
    assert said == []


def visit(browser, show):
    browser.get(show.panel.operator_url)
    wait(browser, "return document.body.classList.contains('ready')")
    if show.preview.allowed:  # with the first picture everything finds its place
        wait(browser, "return ['canvas', 'camera'].every((id) => Number(document.getElementById(id).dataset.pictures) > 0)")
    browser.execute_script("document.getElementById('room').scrollIntoView({block: 'center', behavior: 'instant'})")


def choose(browser, source):
    browser.execute_script("document.querySelector(`[data-source='${arguments[0]}']`).click()", source)


def crop(show):
    room = show.operating.room()
    return None if room is None else [round(one, 1) for one in room.numbers()]


def test_the_pictures_come_and_the_crop_is_drawn_moved_changed_and_taken_away(show, page):
    wait(page, "return ['canvas', 'camera'].every((id) => Number(document.getElementById(id).dataset.pictures) > 1)")
    assert page.execute_script("return document.querySelectorAll('.zone.fixed').length") == 1
    drag(page, (0.3, 0.2), (0.8, 0.7), ROOM)
    until(lambda: crop(show) == [0.3, 0.2, 0.8, 0.7])
    drag(page, (0.5, 0.4), (0.4, 0.5), ROOM)
    until(lambda: crop(show) == [0.2, 0.3, 0.7, 0.8])
    drag(page, (0.7, 0.8), (0.9, 0.9), ROOM)
    until(lambda: crop(show) == [0.2, 0.3, 0.9, 0.9])
    page.execute_script("document.getElementById('whole').click()")
    until(lambda: crop(show) is None)
    wait(page, "return !document.querySelector('.crop')")


def test_a_crop_that_is_too_small_is_refused_with_words_and_the_one_before_stays(show, page):
    drag(page, (0.3, 0.2), (0.8, 0.7), ROOM)
    until(lambda: crop(show) == [0.3, 0.2, 0.8, 0.7])
    drag(page, (0.05, 0.85), (0.15, 0.95), ROOM)
    wait(page, "return document.getElementById('room-said').textContent.includes('at least 0.2')")
    wait(page, "return Math.abs(parseFloat(document.querySelector('.crop').style.left) - 30) < 1")
    assert crop(show) == [0.3, 0.2, 0.8, 0.7]


def test_on_a_mirror_left_is_left(show, page):
    show.state.set("look/mirror", True)
    try:
        wait(page, "return document.getElementById('camera').classList.contains('mirrored')")
        drag(page, (0.1, 0.2), (0.5, 0.7), ROOM)
        until(lambda: crop(show) == [0.5, 0.2, 0.9, 0.7])
    finally:
        show.state.set("look/mirror", False)


def test_the_keyboard_crops_too(show, page):
    from selenium.webdriver.common.keys import Keys

    page.find_element("id", "crop").send_keys(Keys.ENTER)
    until(lambda: show.operating.room() is not None)
    left = show.operating.room().left
    wait(page, "return document.activeElement.classList.contains('crop')")
    press(page, Keys.ARROW_RIGHT)
    until(lambda: show.operating.room().left == pytest.approx(left + 0.01))
    press(page, Keys.DELETE)
    until(lambda: show.operating.room() is None)


def test_a_finger_crops_on_a_phone_and_the_page_does_not_scroll(show, page):
    screen(page, 360, 740, touch=True)
    visit(page, show)
    finger, before = Finger(page), page.execute_script("return scrollY")
    (x0, y0), (x1, y1) = place(page, 0.2, 0.1, ROOM), place(page, 0.7, 0.9, ROOM)
    finger.down(x0, y0)
    finger.move(x1 - x0, y1 - y0)
    finger.up()
    until(lambda: crop(show) == [0.2, 0.1, 0.7, 0.9])
    assert page.execute_script("return scrollY") == before


def test_a_camera_is_chosen_and_set_by_hand_and_another_page_sees_it(show, page):
    first = page.current_window_handle
    choose(page, "stand-in:right")
    wait(page, "return document.getElementById('camera-state').textContent.includes('In use: a stand-in for a camera, right')")
    page.execute_script("const s = document.querySelector('#settings select'); s.value = 1; s.dispatchEvent(new Event('change'))")
    wait(page, "return !document.querySelector('[data-name=exposure]').classList.contains('idle')")
    page.execute_script(
        """const input = document.querySelector('[data-name=exposure] input');
        input.value = 222;
        for (const kind of ['input', 'change']) input.dispatchEvent(new Event(kind));"""
    )
    until(lambda: {one["name"]: one["value"] for one in show.desk()["controls"]}["exposure"] == 222)
    page.switch_to.new_window("tab")
    visit(page, show)
    assert page.execute_script("return document.querySelector('[aria-checked=true].choose').dataset.source") == "stand-in:right"
    assert page.execute_script("return document.querySelector('[data-name=exposure] output').textContent") == "222"
    choose(page, "stand-in:left")
    page.close()
    page.switch_to.window(first)
    wait(page, "return document.querySelector('[aria-checked=true].choose').dataset.source === 'stand-in:left'")


def test_where_pictures_may_not_be_shown_it_says_why_and_the_crop_is_drawn_all_the_same(show, page):
    show.operating.tracker.allowed = show.preview.allowed = False
    visit(page, show)
    for nothing in ("#room .nothing", ".frame .nothing"):
        wait(page, "return document.querySelector(arguments[0]).textContent.includes('privacy.allow_recording')", nothing)
    drag(page, (0.3, 0.2), (0.8, 0.7), ROOM)
    until(lambda: crop(show) == [0.3, 0.2, 0.8, 0.7])


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_everything_fits(show, page, width, height):
    screen(page, width, height, touch=width != 1280)
    visit(page, show)
    assert page.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    off = """return [...document.querySelectorAll("button, input, select, h2, .crop")].filter((one) => one.offsetParent)
        .map((one) => [one.id || one.className || one.textContent, one.getBoundingClientRect()])
        .filter(([, box]) => box.left < -1 || box.right > innerWidth + 1).map(([name]) => name)"""
    assert page.execute_script(off) == []
    small = """return [...document.querySelectorAll("button.trigger, .choose, select")].filter((one) => one.offsetParent)
        .map((one) => [one.id || one.textContent, one.getBoundingClientRect().height]).filter(([, height]) => height < arguments[0])"""
    assert page.execute_script(small, 30 if width == 1280 else 40) == []


def test_the_end_is_asked_about_once_more(show, page):
    press = "document.querySelector('[data-wish=restart]').click()"
    page.execute_script(press)
    wait(page, "return !document.getElementById('question').hidden")
    page.find_element("id", "no").click()
    assert page.execute_script("return document.getElementById('question').hidden") and show.quits == 0
    page.execute_script(press)
    wait(page, "return !document.getElementById('question').hidden")
    page.execute_script("document.getElementById('yes').click(); document.getElementById('yes').click()")  # twice
    wait(page, "return document.getElementById('end-said').textContent.includes('begins again')")
    assert show.quits == 1 and page.execute_script("return document.querySelector('[data-wish=restart]').disabled")
