"""The photo page in a real Chromium, as somebody sees it who has never been there."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.control.web.small_show import chromium, complaints, needs_chromium, screen, wait
from tests.studio.conftest import encoded, painting, two
from tests.studio.test_studio_server import serving

pytestmark = [needs_chromium, pytest.mark.slow]
SIZES = ((1280, 800), (390, 844), (844, 390), (360, 740))
PICTURES = "return Number(document.getElementById('after').dataset.pictures || 0)"
FINE = "return !document.body.matches('.drawing, .tools-held') && document.getElementById('after').dataset.fine === 'true'"


@pytest.fixture(scope="module")
def panel(workshop, atelier):
    running = serving(workshop, atelier)
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("pictures")
    (made / "two.png").write_bytes(encoded(two()))
    return made


@pytest.fixture(scope="module")
def browser(tmp_path_factory, folder):
    with chromium(tmp_path_factory.mktemp("profile")) as driver:
        driver.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(folder)})
        yield driver


@pytest.fixture
def page(panel, browser):
    screen(browser, 390, 844, touch=True)
    browser.get(panel.studio_url)
    wait(browser, "return document.body.classList.contains('ready')", seconds=120)
    yield browser
    assert complaints(browser) == []


def bring(page, path, count=1):
    page.find_element("id", "choose").send_keys(str(path))
    wait(page, f"return !document.body.matches('.busy, .empty') && {PICTURES[7:]} >= arguments[0]", count, seconds=240)


def move(page, name, share):
    """A hand on a slider, at ``share`` of its way, that lets go."""
    page.execute_script(
        """const input = document.querySelector(`[data-name="${arguments[0]}"] input[type=range]`);
        input.value = arguments[1] * input.max;
        input.dispatchEvent(new Event("input"));
        dispatchEvent(new PointerEvent("pointerup"));""",
        name, share,
    )  # fmt: skip


def settled(page, before):
    """Once a finer picture than those before has come."""
    wait(page, f"{FINE} && {PICTURES[7:]} > arguments[0]", before, seconds=240)


def pixels(page, canvas="after"):
    """The picture that is shown, small."""
    data = page.execute_script(
        """const small = document.createElement("canvas");
        [small.width, small.height] = [150, 85];
        small.getContext("2d").drawImage(document.getElementById(arguments[0]), 0, 0, 150, 85);
        return [...small.getContext("2d").getImageData(0, 0, 150, 85).data]""",
        canvas,
    )
    return np.array(data, int).reshape(85, 150, 4)[..., :3]


def said(page):
    return page.execute_script("return document.getElementById('told').hidden ? '' : document.getElementById('told').textContent")


def press(page, id):
    page.execute_script("document.getElementById(arguments[0]).click()", id)


def test_a_portrait_is_made_on_a_phone(page, folder):
    """Bring a picture, move a slider, go back and forth, compare, and take it home."""
    bring(page, folder / "two.png")
    assert page.execute_script("return document.querySelectorAll('#faces button').length") == 2
    plain, count = pixels(page), page.execute_script(PICTURES)
    move(page, "edit/age/amount", 1.0)
    settled(page, count)
    aged = pixels(page)
    left, right = np.abs(aged - plain)[:, :72].mean(), np.abs(aged - plain)[:, 85:].mean()
    assert left > 1 and right < 0.5
    count = page.execute_script(PICTURES)
    press(page, "undo")
    settled(page, count)
    assert np.abs(pixels(page) - plain).mean() < 0.3
    count = page.execute_script(PICTURES)
    press(page, "redo")
    settled(page, count)
    assert np.abs(pixels(page) - aged).mean() < 0.3
    assert np.abs(pixels(page, "before") - plain).mean() < 0.3
    assert page.execute_script("return getComputedStyle(document.getElementById('before')).clipPath").startswith("inset(0px 100% ")
    press(page, "save-png")
    saved = folder / "two-edited.png"
    wait_for(saved)
    kept = np.asarray(Image.open(io.BytesIO(saved.read_bytes())).convert("RGB"))
    assert kept.shape == two().shape and np.abs(kept[:, 20:276].astype(int) - two()[:, 20:276]).mean() > 1
    count = page.execute_script(PICTURES)
    press(page, "reset")
    settled(page, count)
    assert np.abs(pixels(page) - plain).mean() < 0.3


def wait_for(path):
    from tests.control.web.small_show import until

    until(lambda: path.exists() and path.stat().st_size > 0, seconds=120)


def test_another_face_has_edits_of_its_own(page, folder):
    bring(page, folder / "two.png")
    plain, count = pixels(page), page.execute_script(PICTURES)
    page.execute_script("document.querySelectorAll('#faces button')[1].click()")
    settled(page, count)
    count = page.execute_script(PICTURES)
    move(page, "edit/smile/amount", 1.0)
    settled(page, count)
    moved = np.abs(pixels(page) - plain)
    assert moved[:, 85:].mean() > 0.5 and moved[:, :72].mean() < 0.5
    page.execute_script("document.querySelectorAll('#faces button')[0].click()")
    thumb = """const i = document.querySelector('[data-name="edit/smile/amount"] input[type=range]'); return i.value / i.max"""
    assert page.execute_script(thumb) == pytest.approx(0.5)


def test_the_handle_wipes_from_before_to_after(page, folder):
    from tests.control.web.small_show import Finger

    bring(page, folder / "two.png")
    box = page.execute_script(
        "const b = document.getElementById('frame').getBoundingClientRect(); return [b.left, b.top, b.width, b.height]"
    )
    finger = Finger(page)
    finger.down(box[0] + 18, box[1] + box[3] / 2)
    finger.move(box[2] / 2, 0)
    finger.up()
    share = page.execute_script("return Number(document.getElementById('wipe').value)")
    assert 45 <= share <= 65
    assert page.execute_script("return getComputedStyle(document.getElementById('before')).clipPath") != "inset(0px 100% 0px 0px)"


def test_what_cannot_be_taken_is_told_and_nothing_is_lost(page, folder):
    (folder / "words.jpg").write_bytes(b"these are words")
    (folder / "wall.png").write_bytes(encoded(np.full((300, 300, 3), 120, np.uint8)))
    bring(page, folder / "two.png")
    for name, why in (("words.jpg", "no picture"), ("wall.png", "no face was found")):
        page.find_element("id", "choose").send_keys(str(folder / name))
        wait(page, "return document.getElementById('told').textContent.includes(arguments[0])", why, seconds=120)
    assert page.execute_script("return !document.body.matches('.empty, .bringing, .busy') && !document.getElementById('frame').hidden")
    page.get_log("browser")  # the browser itself complains of answers that are no pictures


def test_a_forgotten_picture_comes_back_with_its_edits(page, panel, atelier, folder):
    bring(page, folder / "two.png")
    count = page.execute_script(PICTURES)
    move(page, "edit/age/amount", 1.0)
    settled(page, count)
    aged = pixels(page)
    atelier._visits.clear()  # as after half an hour
    page.execute_script("document.dispatchEvent(new Event('visibilitychange'))")
    wait(page, "return document.body.classList.contains('forgotten')", seconds=60)
    assert "Your edits are still here" in said(page)
    count = page.execute_script(PICTURES)
    page.find_element("id", "choose").send_keys(str(folder / "two.png"))
    wait(page, f"return !document.body.matches('.busy, .forgotten, .bringing') && {PICTURES[7:]} > arguments[0]", count, seconds=240)
    settled(page, count)
    assert np.abs(pixels(page) - aged).mean() < 0.5 and "your edits are back" in said(page)
    page.get_log("browser")  # 410 is told there, too


def test_a_page_that_closes_takes_its_picture_along_and_two_tabs_are_two(page, panel, atelier, folder):
    bring(page, folder / "two.png")
    mine = len(atelier._visits)
    first = page.current_window_handle
    page.switch_to.new_window("tab")
    page.get(panel.studio_url)
    wait(page, "return document.body.classList.contains('ready')", seconds=120)
    bring(page, folder / "two.png")
    assert len(atelier._visits) == mine + 1
    page.close()
    page.switch_to.window(first)
    from tests.control.web.small_show import until

    until(lambda: len(atelier._visits) == mine, seconds=60)
    count = page.execute_script(PICTURES)
    move(page, "edit/age/amount", 0.9)
    settled(page, count)


def test_code_and_edits_are_saved_and_opened_again(page, folder):
    bring(page, folder / "two.png")
    count = page.execute_script(PICTURES)
    move(page, "edit/age/amount", 0.75)
    settled(page, count)
    press(page, "save-npz")
    saved = folder / "two-edited.npz"
    wait_for(saved)
    count = page.execute_script(PICTURES)
    press(page, "another")
    page.execute_script("document.getElementById('undo').click()")
    page.find_element("id", "open-code").send_keys(str(saved))
    settled(page, count + 1)
    thumb = """const i = document.querySelector('[data-name="edit/age/amount"] input[type=range]'); return i.value / i.max"""
    assert page.execute_script(thumb) == pytest.approx(0.75)


def painted(page, folder, name, width):
    """A painting of one's own that is laid over the picture; the picture then."""
    (folder / f"{name}.png").write_bytes(encoded(painting(width)))
    count = page.execute_script(PICTURES)
    page.find_element("css selector", ".paint.add input").send_keys(str(folder / f"{name}.png"))
    wait(page, "return [...document.querySelectorAll('.paint .name')].some((one) => one.textContent === arguments[0])", name, seconds=120)
    settled(page, count)
    return pixels(page)


def saved_code(page, folder, name):
    """The file of code and edits, with a style in it that this machine has not."""
    saved = folder / "two-edited.npz"
    saved.unlink(missing_ok=True)  # of a test before this one
    press(page, "save-npz")
    wait_for(saved)
    with np.load(saved) as held:
        arrays = dict(held)
    card = json.loads(arrays["card"].tobytes())
    card["style"]["style/nowhere/amount"] = 0.5
    kept = folder / name
    np.savez_compressed(kept, **{**arrays, "card": np.frombuffer(json.dumps(card).encode(), np.uint8)})
    return kept


def afresh(page):
    page.refresh()
    wait(page, "return document.body.classList.contains('ready')", seconds=120)


PRESSED = "return [...document.querySelectorAll('.paint[aria-pressed=true] .name')].map((one) => one.textContent)"


def test_own_paintings_come_back_with_code_and_edits(page, folder):
    bring(page, folder / "two.png")
    wavy = painted(page, folder, "waves", 9.0)
    kept = saved_code(page, folder, "waves.npz")

    afresh(page)  # the photograph first, which has a painting of its own by now
    bring(page, folder / "two.png")
    assert np.abs(painted(page, folder, "blots", 31.0) - wavy).mean() > 2
    count = page.execute_script(PICTURES)
    page.execute_script("document.querySelector('.paint[aria-pressed=true]').click()")
    settled(page, count)
    count = page.execute_script(PICTURES)
    page.find_element("id", "open-code").send_keys(str(kept))
    wait(page, "return document.getElementById('told').textContent.includes('Left out')", seconds=120)
    assert "style/nowhere/amount" in said(page)
    settled(page, count)
    assert page.execute_script(PRESSED) == ["waves"] and np.abs(pixels(page) - wavy).mean() < 0.5

    afresh(page)  # the file first
    count = 0
    page.find_element("id", "open-code").send_keys(str(kept))
    wait(page, "return !document.body.matches('.busy, .empty')", seconds=240)
    assert "style/nowhere/amount" in said(page)
    settled(page, count)
    count = page.execute_script(PICTURES)
    page.find_element("id", "choose").send_keys(str(folder / "two.png"))
    wait(page, "return document.getElementById('told').textContent.includes('your edits are back')", seconds=240)
    settled(page, count)
    assert page.execute_script(PRESSED) == ["waves"] and np.abs(pixels(page) - wavy).mean() < 0.5


def test_a_forgotten_painting_has_to_be_brought_again_and_nothing_is_saved_meanwhile(page, atelier, folder):
    bring(page, folder / "two.png")
    painted(page, folder, "waves", 9.0)
    count = page.execute_script(PICTURES)
    move(page, "edit/age/amount", 1.0)
    settled(page, count)
    atelier._visits.clear()  # as after half an hour
    page.execute_script("document.dispatchEvent(new Event('visibilitychange'))")
    wait(page, "return document.body.classList.contains('forgotten')", seconds=60)
    assert "waves" in said(page) and "again" in said(page)
    assert not page.find_element("id", "save").is_displayed()
    page.execute_script("document.querySelector('#told button').click()")
    press(page, "save-png")
    assert "The picture was forgotten" in said(page)
    page.execute_script("document.querySelector('#told button').click()")
    press(page, "save-npz")
    assert "The picture was forgotten" in said(page)
    page.execute_script("document.querySelector('#told button').click()")
    page.execute_script("document.querySelector('#views [data-view=portrait]').click()")
    wait(page, "return document.getElementById('told').textContent.includes('The picture was forgotten')", seconds=60)
    page.find_element("id", "choose").send_keys(str(folder / "two.png"))
    wait(page, "return document.getElementById('told').textContent.includes('your edits are back')", seconds=240)
    assert "waves" in said(page) and "bring it again" in said(page)
    assert page.execute_script(PRESSED) == [] and page.execute_script(THUMB) == pytest.approx(1.0)
    page.get_log("browser")  # 410 is told there, too


def test_heic_can_be_chosen_where_the_browser_does_not_turn_it_into_jpeg(page):
    chooser, painting = (page.find_element("css selector", one).get_attribute("accept") for one in ("#choose", ".paint.add input"))
    assert {"image/jpeg", "image/heic", "image/heif", ".heic", ".heif"} <= set(chooser.split(",")) and painting == chooser


LOOKING = "return document.querySelector('.going') && !document.querySelector('.going').hidden"
TILE = """const img = document.getElementById('tile-code');
    if (!img.complete || !img.naturalWidth) return null;
    const small = document.createElement("canvas");
    [small.width, small.height] = [64, 64];
    small.getContext("2d").drawImage(img, 0, 0, 64, 64);
    return [...small.getContext("2d").getImageData(0, 0, 64, 64).data]"""


def tile(page, unlike=None):
    """The small picture of the code; once it is another one than ``unlike``."""
    from tests.control.web.small_show import until

    found = []

    def there():
        data = page.execute_script(TILE)
        found[:] = [data]
        return data is not None and (unlike is None or np.abs(np.array(data) - unlike).mean() > 0.2)

    until(there, seconds=120)
    return np.array(found[0])


def look_longer(page, seconds):
    """Ask for a longer look of so long."""
    words = "1 min" if seconds == 60 else f"{seconds} s"
    page.execute_script("[...document.querySelectorAll('.pills button')].find((one) => one.textContent === arguments[0]).click()", words)
    press(page, "look-longer")


def aged(page, amount=0.75):
    count = page.execute_script(PICTURES)
    move(page, "edit/age/amount", amount)
    settled(page, count)


THUMB = """const i = document.querySelector('[data-name="edit/age/amount"] input[type=range]'); return i.value / i.max"""


def test_a_longer_look_takes_the_codes_place_and_undo_brings_the_old_one(page, folder):
    bring(page, folder / "two.png")
    aged(page)
    first, count = tile(page), page.execute_script(PICTURES)
    drawn = pixels(page)
    look_longer(page, 10)
    wait(page, "return document.querySelector('.going img').naturalWidth > 0", seconds=240)  # the picture as it comes
    wait(page, "return document.querySelector('.share').getAttribute('aria-valuenow') > 0", seconds=120)
    wait(page, "return document.getElementById('told').textContent.startsWith('Found: ')", seconds=240)
    assert not page.execute_script(LOOKING)
    settled(page, count)
    second = tile(page, unlike=first)
    assert page.execute_script(THUMB) == pytest.approx(0.75)  # the edits stay
    assert np.abs(pixels(page) - drawn).mean() > 0.02
    saved = folder / "two-edited.npz"
    saved.unlink(missing_ok=True)  # of a test before this one
    press(page, "save-npz")
    wait_for(saved)
    kept = folder / "longer.npz"
    saved.rename(kept)
    press(page, "undo")
    assert np.abs(tile(page, unlike=second) - first).mean() < 0.5
    assert page.execute_script(THUMB) == pytest.approx(0.75)
    press(page, "redo")
    assert np.abs(tile(page, unlike=first) - second).mean() < 0.5
    press(page, "reset")
    assert np.abs(tile(page, unlike=second) - first).mean() < 0.5
    page.find_element("id", "open-code").send_keys(str(kept))  # the file brings edits and code back
    assert np.abs(tile(page, unlike=first) - second).mean() < 0.5
    assert page.execute_script(THUMB) == pytest.approx(0.75)
    page.find_element("id", "choose").send_keys(str(folder / "two.png"))  # the same picture again keeps it
    wait(page, "return document.getElementById('told').textContent.includes('your edits are back')", seconds=120)
    assert np.abs(tile(page) - second).mean() < 0.5
    kept.unlink()


def test_code_alone_says_why_nobody_looks_longer_and_its_photograph_brings_it_along(page, folder):
    bring(page, folder / "two.png")
    first = tile(page)
    look_longer(page, 2)
    wait(page, "return document.getElementById('told').textContent.startsWith('Found: ')", seconds=240)
    second = tile(page, unlike=first)
    aged(page)
    saved = folder / "two-edited.npz"
    saved.unlink(missing_ok=True)  # of a test before this one
    press(page, "save-npz")
    wait_for(saved)
    kept = folder / "alone.npz"
    saved.rename(kept)
    page.refresh()
    wait(page, "return document.body.classList.contains('ready')", seconds=120)
    page.find_element("id", "open-code").send_keys(str(kept))
    wait(page, "return !document.body.matches('.busy, .empty')", seconds=240)
    assert page.execute_script("return document.getElementById('look-longer').disabled")
    assert "bring the photograph" in page.execute_script("return document.querySelector('.longer .why').textContent")
    assert np.abs(tile(page) - second).mean() < 0.5
    page.find_element("id", "choose").send_keys(str(folder / "two.png"))
    wait(page, "return document.getElementById('who').textContent.includes(' × ')", seconds=240)
    assert not page.execute_script("return document.getElementById('look-longer').disabled")
    assert np.abs(tile(page) - second).mean() < 0.5 and page.execute_script(THUMB) == pytest.approx(0.75)
    kept.unlink()


def test_a_longer_look_is_cancelled_waits_its_turn_and_ends_with_the_page(page, panel, atelier, folder):
    from tests.control.web.small_show import until

    bring(page, folder / "two.png")
    look_longer(page, 60)
    wait(page, "return document.querySelector('.going p').textContent.startsWith('looking')", seconds=240)
    first = page.current_window_handle
    page.switch_to.new_window("tab")
    page.get(panel.studio_url)
    wait(page, "return document.body.classList.contains('ready')", seconds=120)
    bring(page, folder / "two.png")
    look_longer(page, 60)
    wait(page, "return document.querySelector('.going p').textContent.includes('one other comes first')", seconds=60)
    press(page, "look-cancel")
    wait(page, "return document.getElementById('told').textContent.includes('everything is as it was')", seconds=60)
    page.close()
    page.switch_to.window(first)
    press(page, "look-keep")
    wait(page, "return document.getElementById('told').textContent.startsWith('Found: ')", seconds=120)
    look_longer(page, 60)
    wait(page, "return document.querySelector('.going p').textContent.startsWith('looking')", seconds=240)
    pid = atelier._searcher._process.pid
    page.get(panel.studio_url)  # whoever leaves takes it along
    until(lambda: not (Path("/proc") / str(pid)).exists(), seconds=60)
    wait(page, "return document.body.classList.contains('ready')", seconds=120)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_everything_fits_and_can_be_reached(panel, browser, folder, width, height):
    """Nothing runs off the side, and what a finger is to meet is large enough."""
    screen(browser, width, height, touch=width != 1280)
    browser.get(panel.studio_url)
    wait(browser, "return document.body.classList.contains('ready')", seconds=120)
    assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    bring(browser, folder / "two.png")
    assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    press(browser, "look-longer")
    wait(browser, LOOKING)
    for tab in ("face", "mix", "style"):
        browser.execute_script("document.getElementById('tab-' + arguments[0]).click()", tab)
        off = """return [...document.querySelectorAll("#panes :is(input, button), header :is(button, summary), :is(#strip, #tabs) button")]
            .filter((one) => one.offsetParent && one.type !== "file" && !one.matches(".hidden, [hidden]"))
            .map((one) => [one.id || one.dataset.name || one.className, one.getBoundingClientRect()])
            .filter(([, box]) => box.left < -1 || box.right > innerWidth + 1).map(([name]) => name)"""
        assert browser.execute_script(off) == []
    if width != 1280:
        small = """return [...document.querySelectorAll("#deeds .deed, #tabs button, #another, #views button, .longer button")]
            .filter((one) => one.offsetParent).map((one) => [one.id, one.getBoundingClientRect().height]).filter(([, h]) => h < 30)"""
        browser.execute_script("document.getElementById('tab-face').click()")
        assert browser.execute_script(small) == []
    press(browser, "look-cancel")
    assert complaints(browser) == []
