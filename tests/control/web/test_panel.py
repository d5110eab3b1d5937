"""The panel in a real headless Chromium, over a running show of the embedded visitors."""

import json
import time

import pytest

from benchmarks.show_aside import show_aside
from installation.assembly.options import RunOptions
from installation.config import load_config
from installation.control.parameters import Parameter, ParameterTable
from tests.control.web.small_show import chromium, needs_chromium, until, wait

SETTINGS = (
    "canvas.mode=headless", "canvas.renderer=plain", "canvas.width=320", "canvas.height=180", "canvas.fps=15", "engine.portrait_px=64",
    "engine.backend=eager", "engine.precision=float32", "engine.threads=1", "faces.max=1", "control.web.port=0",
    "control.osc.enabled=false", "control.midi.enabled=false",
)  # fmt: skip

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def show():
    with show_aside(load_config(None, SETTINGS), RunOptions()) as installation:
        yield installation


@pytest.fixture(scope="module")
def browser(show, tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture
def panel(show, browser):
    """The panel, freshly opened, with the show as it began."""
    for name, value in show.controls.beginnings().items():
        show.controls.set(name, value)
    browser.get(show.desk.panel.panel_url)
    wait(browser, "return document.body.classList.contains('ready')")
    yield browser
    said = [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
    assert said == []


def slider(browser, name):
    return browser.find_element("css selector", f'[data-name="{name}"] input[type="range"]')


def drag(browser, name, share):
    """Take a slider's thumb to a place 0…1 of its way with the mouse, and let go."""
    from selenium.webdriver import ActionChains

    element = slider(browser, name)
    browser.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", element)
    width, thumb = element.size["width"], 18
    at = float(browser.execute_script("return arguments[0].value / arguments[0].max", element))
    place = lambda where: round((width - thumb) * where + thumb / 2 - width / 2)  # noqa: E731
    hand = ActionChains(browser, duration=60).move_to_element_with_offset(element, place(at), 0).click_and_hold()
    hand.move_to_element_with_offset(element, place(share), 0).release().perform()


def click(browser, element):
    """As a person would: bring it into sight, wait until nothing moves any more, press."""
    browser.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", element)
    now, then = element.rect, None
    while now != then:
        time.sleep(0.1)
        now, then = element.rect, now
    element.click()


def brightness(browser):
    """Mean of the preview's pixels, 0…255."""
    return browser.execute_script(
        """const c = document.getElementById("picture");
        const d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
        let sum = 0; for (let i = 0; i < d.length; i += 4) sum += d[i] + d[i + 1] + d[i + 2];
        return sum / d.length * 4 / 3"""
    )


def pictures(browser):
    return int(browser.execute_script("return document.getElementById('picture').dataset.pictures || 0"))


def test_every_control_is_there_by_its_name_and_can_be_reached_by_keyboard(show, panel):
    shown = panel.execute_script("return [...document.querySelectorAll('[data-name]')].map(n => n.dataset.name)")
    assert set(shown) >= set(show.controls.table)
    unnamed = panel.execute_script(
        """return [...document.querySelectorAll('input, select, button')].filter(n => !n.hidden
        && !(n.labels && n.labels.length) && !n.getAttribute('aria-label') && !n.textContent.trim()).length"""
    )
    assert unnamed == 0
    from selenium.webdriver.common.keys import Keys

    slider(panel, "look/zoom").send_keys(Keys.END)
    until(lambda: show.controls.target("look/zoom") == show.controls.table["look/zoom"].high)


def test_a_slider_moves_the_canvas_and_the_preview_shows_it(show, panel):
    wait(panel, "return Number(document.getElementById('picture').dataset.pictures) > 2")
    before, canvas = brightness(panel), float(show.canvas.read().mean())
    assert canvas > 5
    drag(panel, "look/brightness", 0.0)
    until(lambda: show.controls.target("look/brightness") == show.controls.table["look/brightness"].low)
    until(lambda: float(show.canvas.read().mean()) < canvas / 2)
    until(lambda: brightness(panel) < before / 2)
    assert panel.execute_script("return arguments[0].value", slider(panel, "look/brightness")) == "0"


def test_a_number_is_typed_and_a_switch_is_pressed(show, panel):
    from selenium.webdriver.common.keys import Keys

    field = panel.find_element("css selector", '[data-name="edit/age/amount"] .value')
    click(panel, field)
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys("-1,5", Keys.ENTER)
    until(lambda: show.controls.target("edit/age/amount") == -1.5)
    click(panel, panel.find_element("css selector", '[data-name="transport/freeze"] button[role=switch]'))
    until(lambda: show.controls.target("transport/freeze") is True)


def test_recalling_a_preset_fades(show, panel):
    # The canvas is made dark; any preset takes it back to light, and on its way it is in between.
    name = next(iter(show.desk.presets.catalogue.presets))
    light = float(show.canvas.read().mean())
    show.controls.set("look/brightness", show.controls.table["look/brightness"].low)
    show.controls.set("preset/fade", 1.5)
    until(lambda: float(show.canvas.read().mean()) < light / 3)
    wait(
        panel, "return arguments[0].value === '0' && arguments[0].style.getPropertyValue('--to') === '0'", slider(panel, "look/brightness")
    )
    panel.execute_script(
        """window.seen = []; const way = arguments[0], start = performance.now();
        const look = () => {
          seen.push(Number(way.style.getPropertyValue('--to')));
          if (performance.now() - start < 4000) setTimeout(look, 30);
        };
        look();""",
        slider(panel, "look/brightness"),
    )
    click(panel, panel.find_element("css selector", f'[data-name="preset/{name}/recall"] button'))
    until(lambda: show.controls.fading)
    until(lambda: not show.controls.fading)
    goal = show.controls.table["look/brightness"].to_norm(show.controls.target("look/brightness"))
    wait(panel, "return Math.abs(seen[seen.length - 1] - arguments[0]) < 0.01", goal)
    seen = panel.execute_script("return seen")
    between = [value for value in seen if 0.1 * goal < value < 0.9 * goal]
    assert len(set(between)) >= 5 and between == sorted(between)  # the brass on the slider flows there
    wait(
        panel,
        "return document.querySelector(arguments[0]).getAttribute('aria-pressed') === 'true'",
        f'[data-name="preset/{name}/recall"] button',
    )


def test_two_panels_and_a_fader_stay_in_step(show, panel):
    first = panel.current_window_handle
    panel.switch_to.new_window("window")
    try:
        panel.get(show.desk.panel.panel_url)
        wait(panel, "return document.body.classList.contains('ready')")
        second = panel.current_window_handle
        panel.switch_to.window(first)
        drag(panel, "look/grain", 0.75)
        until(lambda: show.controls.target("look/grain") == pytest.approx(0.75, abs=0.05))
        value = show.controls.target("look/grain")
        panel.switch_to.window(second)
        wait(panel, "return Math.abs(arguments[0].value / arguments[0].max - arguments[1]) < 0.002", slider(panel, "look/grain"), value)
        show.controls.set("look/grain", 0.125, "midi")
        for window in (second, first):
            panel.switch_to.window(window)
            wait(panel, "return Math.abs(arguments[0].value / arguments[0].max - 0.125) < 0.002", slider(panel, "look/grain"))
    finally:
        panel.switch_to.window(second)
        panel.close()
        panel.switch_to.window(first)


def test_a_hand_on_a_slider_is_not_fought(show, panel):
    from selenium.webdriver import ActionChains

    element = slider(panel, "look/vignette")
    panel.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", element)
    at = float(panel.execute_script("return arguments[0].value / arguments[0].max", element))
    width = element.size["width"]
    hand = ActionChains(panel, duration=30)
    hand.move_to_element_with_offset(element, round((width - 18) * at + 9 - width / 2), 0).click_and_hold().move_by_offset(25, 0).perform()
    held = panel.execute_script("return arguments[0].value", element)
    show.controls.set("look/vignette", 0.0, "midi")
    time.sleep(0.3)
    assert panel.execute_script("return arguments[0].value", element) == held  # the thumb stays under the finger
    ActionChains(panel).release().perform()
    wait(panel, "return arguments[0].value === '0'", element)  # let go, it is where the other hand put it


def test_a_reload_in_mid_show_finds_its_place(show, panel):
    show.controls.set("edit/age/amount", 1.25)
    panel.execute_script("document.querySelector('details[data-key=\"edit/age\"]').open = true; scrollTo({top: 300, behavior: 'instant'})")
    wait(panel, "return scrollY > 250")
    place = "return document.querySelector('[data-name=\"edit/age/lfo/rate\"]').getBoundingClientRect().top"
    before, presented = panel.execute_script(place), show.health.presented.count
    panel.refresh()
    wait(panel, "return document.body.classList.contains('ready')")
    assert panel.execute_script(place) == pytest.approx(before, abs=3)
    assert panel.execute_script("return document.querySelector('details[data-key=\"edit/age\"]').open")
    assert panel.execute_script("return document.querySelector('[data-name=\"edit/age/amount\"] .value').value") == "1.25"
    count = pictures(panel)
    until(lambda: pictures(panel) > count)
    assert show.health.presented.count > presented


def test_a_new_row_appears_while_the_show_runs(show, panel):
    table = show.controls.table
    panel.execute_script("window.kept = document.querySelector('[data-name=\"look/grain\"]')")
    fresh = Parameter("edit/glasses/amount", 0.5, "an artist's own attribute", low=-3, high=3)
    try:
        show.controls.replace(ParameterTable([fresh, *table.values()]))
        wait(panel, "return document.querySelector('[data-name=\"edit/glasses/amount\"] input[type=range]')")
        assert panel.execute_script("return kept.isConnected")  # what did not change was left alone
        drag(panel, "edit/glasses/amount", 1.0)
        until(lambda: show.controls.target("edit/glasses/amount") == 3.0)
    finally:
        show.controls.replace(table)
    wait(panel, "return !document.querySelector('[data-name=\"edit/glasses/amount\"]')")


def test_the_oscillators_are_drawn_as_they_move(show, panel):
    show.controls.set("edit/age/lfo/depth", 2.0)
    show.controls.set("edit/age/lfo/rate", 1.0)
    drawn = "const c = document.querySelector('[data-key=\"edit/age\"] canvas'); return c.width ? c.toDataURL() : ''"
    panel.execute_script("document.querySelector('[data-key=\"edit/age\"]').scrollIntoView({block: 'center', behavior: 'instant'})")
    first = wait(panel, drawn)
    until(lambda: panel.execute_script(drawn) not in ("", first))


def test_it_fits_a_narrow_phone_and_loads_nothing_from_elsewhere(show, panel):
    panel.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True})
    try:
        wait(panel, "return innerWidth === 360")
        assert panel.execute_script("return document.documentElement.scrollWidth") <= 360
        small = panel.execute_script(
            """return [...document.querySelectorAll('input[type=range], .trigger, select')]
            .filter(n => n.offsetHeight && n.offsetHeight < 34).length"""
        )
        assert small == 0  # nothing too small for a finger
    finally:
        panel.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    names = panel.execute_script("return performance.getEntriesByType('resource').map(e => e.name)")
    assert names and all(name.startswith(f"http://127.0.0.1:{show.desk.panel.port}/") for name in json.loads(json.dumps(names)))


def test_what_was_learned_can_be_forgotten(show, browser, tmp_path):
    from installation.config import MidiConfig
    from installation.control.midi.desk import MidiDesk
    from installation.control.midi.mapping import Source

    file = tmp_path / "midi.yaml"
    midi = MidiDesk(show.controls, MidiConfig(), file, lambda: None, time.monotonic, lambda why: None, find_backend=lambda: None)
    midi.start()
    midi._grips.use({"look/grain": Source("box", 0, "control", 21)})
    view = show.desk.panel._show
    object.__setattr__(view, "midi", midi)
    try:
        browser.get(show.desk.panel.panel_url)
        wait(browser, "return document.body.classList.contains('ready') && !document.getElementById('learning').hidden")
        forget = browser.find_element("css selector", '[aria-label="Forget what moves look/grain"]')
        assert not forget.is_displayed()  # a hand in the show must not press it
        click(browser, browser.find_element("id", "learning"))
        until(forget.is_displayed)
        assert not browser.find_element("css selector", '[aria-label="Forget what moves look/vignette"]').is_displayed()
        click(browser, forget)
        until(lambda: midi.learned() == {})
        until(lambda: not forget.is_displayed())
        until(lambda: file.exists() and "grain" not in file.read_text())
        click(browser, browser.find_element("id", "learning"))
    finally:
        object.__setattr__(view, "midi", None)
        midi.stop()
    assert [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []
