"""A panel whose server goes away, hangs and comes back: it says so, and shows nothing that was not confirmed as if it held."""

import json
import time

import pytest

from tests.control.web.small_show import SmallShow, chromium, needs_chromium, screen, until, visit, wait

pytestmark = needs_chromium
BLACKOUT = "const b = document.querySelector('[data-name=\"transport/blackout\"] button.switch'); "


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture
def show(tmp_path):
    (tmp_path / "calm.yaml").write_text("fade: 0\ncontrols: {look/grain: 0.5}\n")
    running = SmallShow(tmp_path)
    yield running
    running.end()


@pytest.fixture
def panel(show, browser):
    screen(browser, 1280, 900, touch=False)
    visit(browser, show)
    yield browser
    browser.get("about:blank")


def offline(panel):
    wait(panel, "return document.body.classList.contains('lost')")
    assert (
        panel.execute_script(
            """return [...document.querySelectorAll('#side *, #sections *')].filter(n => n.matches('input, button, select') &&
        !n.matches(':disabled')).length"""
        )
        == 0
    )
    assert panel.execute_script("const b = document.getElementById('banner'); return !b.hidden && b.getAttribute('role') === 'alert'")


def online(panel):
    wait(panel, "return !document.body.classList.contains('lost') && document.getElementById('banner').hidden")
    assert panel.execute_script("return document.querySelectorAll('#sections input:enabled').length") > 20


def test_a_server_that_is_gone_is_told_and_one_that_comes_back_is_obeyed(show, panel):
    show.shut()
    offline(panel)
    assert "Not connected" in panel.find_element("id", "banner").text
    panel.execute_script(BLACKOUT + "b.click()")  # nothing happens, and nothing looks as if
    assert panel.execute_script(BLACKOUT + "return b.getAttribute('aria-checked')") == "false"
    show.state.set("look/grain", 0.75)
    show.state.set("transport/freeze", True)
    show.open()
    online(panel)
    wait(panel, "return document.querySelector('[data-name=\"look/grain\"] .value').value === '0.75'")
    panel.execute_script(BLACKOUT + "b.click()")
    until(lambda: show.state.target("transport/blackout") is True)


def test_a_move_that_is_not_confirmed_goes_back(show, panel):
    show.stall(6)
    time.sleep(0.2)
    panel.execute_script(BLACKOUT + "b.click()")
    assert panel.execute_script(BLACKOUT + "return b.getAttribute('aria-checked')") == "true"  # at once, while there is hope
    wait(panel, BLACKOUT + "return b.getAttribute('aria-checked') === 'false'")
    offline(panel)
    assert "does not answer" in panel.find_element("id", "banner").text
    # The server hears of it after all: then it is so, and shown.
    until(lambda: show.state.target("transport/blackout") is True)
    online(panel)
    wait(panel, BLACKOUT + "return b.getAttribute('aria-checked') === 'true'")


def test_every_kind_of_control_goes_back(show, panel):
    show.stall(8)
    time.sleep(0.2)
    panel.execute_script(
        """const of = (name, what) => document.querySelector(`[data-name="${name}"] ${what}`);
        const set = (node, value, event) => { node.value = value; node.dispatchEvent(new Event(event, {bubbles: true})); };
        set(of("look/grain", "input[type=range]"), 1000, "input");
        set(of("edit/age/amount", ".value"), "2.5", "change");
        set(of("look/layout", "select"), "row", "change");
        of("look/mirror", "button.switch").click();"""
    )
    shown = """const of = (name, what) => document.querySelector(`[data-name="${name}"] ${what}`);
        return [of("look/grain", ".value").value, of("edit/age/amount", ".value").value, of("look/layout", "select").value,
        of("look/mirror", "button.switch").getAttribute("aria-checked")]"""
    assert panel.execute_script(shown) == ["1.00", "2.50", "row", "false"]
    wait(
        panel,
        f"return JSON.stringify((() => {{ {shown} }})()) === arguments[0]",
        json.dumps(["0.10", "0.00", "mirror", "true"]).replace(" ", ""),
    )


def test_what_the_program_did_not_take_is_not_shown_as_if_it_held(show, panel):
    """A row that came to take less than the panel believes: the value is the program's."""
    panel.execute_script(
        """const select = document.querySelector('[data-name="look/layout"] select');
        select.append(new Option("spiral", "spiral")); select.value = "spiral"; select.dispatchEvent(new Event("change"));"""
    )
    wait(panel, "return document.querySelector('[data-name=\"look/layout\"] select').value === 'mirror'")
    assert show.state.target("look/layout") == "mirror"


def test_the_keyboard_is_where_it_was_when_the_server_is_back(show, panel):
    panel.execute_script("document.querySelector('[data-name=\"look/grain\"] input[type=range]').focus()")
    show.shut()
    offline(panel)
    show.open()
    online(panel)
    assert panel.switch_to.active_element.accessible_name == "Look grain"


def test_a_link_that_is_no_longer_good_says_so(show, panel, monkeypatch):
    from installation.control.web import guard

    show.shut()
    monkeypatch.setattr(guard, "is_loopback", lambda host: False)
    show.open()
    wait(panel, "return document.getElementById('banner').textContent.includes('scan the code')")
    offline(panel)
