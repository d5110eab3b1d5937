"""Everything on the panel can be reached and is called what it is: on every screen, by finger, keyboard and screen reader."""

import time
from collections import Counter

import pytest
from selenium.webdriver import ActionChains
from selenium.webdriver.common.keys import Keys

from tests.control.web.small_show import SmallShow, chromium, needs_chromium, screen, until, visit, wait

pytestmark = needs_chromium
SCREENS = [(360, 640), (390, 844), (844, 390), (667, 375), (768, 1024), (1024, 768), (1366, 768), (1920, 1080)]
COVERED = """
const covered = [];
for (const d of document.querySelectorAll("details")) d.open = true;
const kinds = ".way, .switch, select, .trigger, .command input, .value, #groups a, .fold, summary";
for (const node of document.querySelectorAll(kinds)) {
  if (!node.offsetParent || node.closest("[hidden]")) continue;
  node.scrollIntoView({block: "center", inline: "center", behavior: "instant"});
  const box = node.getBoundingClientRect();
  const seen = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
  if (seen && (node.contains(seen) || seen.contains(node))) continue;
  covered.push(node.closest("[data-name]")?.dataset.name || node.textContent);
}
return covered"""
UNLIKE = """
const seen = [...document.querySelectorAll(".control label:not(.hidden), .trigger")];
return seen.filter(n => n.offsetParent && !n.closest("[hidden]"))
  .map(n => [n.textContent, (n.control || n).getAttribute("aria-label") || n.textContent])
  .filter(([seen, name]) => !name.toLowerCase().includes(seen.toLowerCase()))"""
POINTS_NOWHERE = """
const kinds = ["aria-describedby", "aria-controls", "aria-labelledby"];
return [...document.querySelectorAll(kinds.map(kind => `[${kind}]`).join())]
  .filter(n => kinds.some(kind => n.getAttribute(kind) && !document.getElementById(n.getAttribute(kind)))).length"""
GROUPS = ("edit", "identity", "blend", "smile", "look")


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture(scope="module")
def show(tmp_path_factory):
    folder = tmp_path_factory.mktemp("presets")
    for name in ("calm", "dream", "noir"):
        (folder / f"{name}.yaml").write_text("controls: {look/grain: 0.5}\n")
    running = SmallShow(folder)
    yield running
    running.end()


def look(browser, show, size, canvas=(320, 180)):
    width, height = size
    show.canvas = canvas
    screen(browser, width, height, touch=width < 800 or height < 500)
    visit(browser, show)
    wait(browser, "return document.getElementById('picture').width === arguments[0]", canvas[0])
    wait(browser, "return Number(document.getElementById('picture').dataset.pictures) > 1")
    return browser


@pytest.mark.parametrize("canvas", [(320, 180), (180, 320)], ids=["lying", "upright"])
@pytest.mark.parametrize("size", SCREENS, ids=lambda size: "x".join(map(str, size)))
def test_every_control_can_be_reached_on_every_screen(show, browser, size, canvas):
    panel = look(browser, show, size, canvas)
    assert panel.execute_script("return document.documentElement.scrollWidth") <= size[0]
    hidden = panel.execute_script(COVERED)
    assert hidden == []
    # A hand has room beneath what stays where it is.
    panel.execute_script("document.querySelector('#groups a[href=\"#group-look\"]').click()")
    free = wait(
        panel,
        """const nav = document.getElementById("groups").getBoundingClientRect();
        return Math.abs(document.querySelector("#group-look").getBoundingClientRect().top - nav.bottom) < 40 || scrollY > 0
          ? innerHeight - nav.bottom : 0""",
    )
    assert free >= 0.55 * size[1]


@pytest.mark.parametrize("size", [(390, 844), (844, 390), (1366, 768)], ids=lambda size: "x".join(map(str, size)))
def test_a_blackout_is_in_sight_at_once(show, browser, size):
    panel = look(browser, show, size, (180, 320))
    box = panel.execute_script(
        "return document.querySelector('[data-name=\"transport/blackout\"] .switch').getBoundingClientRect().toJSON()"
    )
    assert box["top"] > 0 and box["bottom"] < size[1]


@pytest.mark.parametrize("size", [(390, 844), (844, 390), (1366, 768), (1920, 1080)], ids=lambda size: "x".join(map(str, size)))
def test_the_navigation_tells_the_group_in_sight(show, browser, size):
    panel = look(browser, show, size)
    current = "return [...document.querySelectorAll('#groups [aria-current]')].map(n => n.hash)"
    assert panel.execute_script(current) == ["#group-edit"]
    for group in (*GROUPS, *reversed(GROUPS)):
        panel.execute_script("document.querySelector(`#groups a[href='#group-${arguments[0]}']`).click()", group)
        wait(panel, f"return JSON.stringify((() => {{ {current} }})()) === arguments[0]", f'["#group-{group}"]')
        time.sleep(0.3)  # while the page glides there, and when it is there
        assert panel.execute_script(current) == [f"#group-{group}"]
    panel.execute_script("dispatchEvent(new WheelEvent('wheel')); document.documentElement.style.scrollBehavior = 'auto'")
    for group in GROUPS:  # by scrolling: the group under the navigation, as far as the page goes
        at_end = panel.execute_script(
            """const group = document.getElementById(`group-${arguments[0]}`), nav = document.getElementById("groups");
            scrollBy(0, group.getBoundingClientRect().top - nav.getBoundingClientRect().bottom);
            return innerHeight + scrollY >= document.documentElement.scrollHeight - 2""",
            group,
        )
        if not at_end:
            wait(panel, f"return JSON.stringify((() => {{ {current} }})()) === arguments[0]", f'["#group-{group}"]')


def tree(browser):
    """What a screen reader is told: (role, name) of everything that can be used."""
    nodes = browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    roles = ("slider", "switch", "combobox", "button", "textbox", "link", "spinbutton")
    shown = [node for node in nodes if not node.get("ignored") and node.get("role", {}).get("value") in roles]
    return [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in shown]


def test_every_name_is_full_and_the_only_one(show, browser):
    panel = look(browser, show, (1366, 768))
    panel.execute_script("for (const d of document.querySelectorAll('details')) d.open = true")
    told = tree(panel)
    assert [role for role, name in told if not name.strip()] == []
    assert [name for name, count in Counter(told).items() if count > 1] == []
    names = {name for _, name in told}
    assert {"Smile depth", "Age depth", "Painted layer 32 px", "Look grain", "Transport blackout", "Smile hold", "Identity hold"} <= names
    assert ("switch", "Smile sync") in told and ("combobox", "Smile shape") in told and ("button", "Recall Calm") in told
    # What is written on a control is part of what it is called (WCAG 2.5.3).
    other = panel.execute_script(UNLIKE)
    assert other == []


def test_the_page_is_put_together_as_it_should_be(show, browser):
    panel = look(browser, show, (1366, 768))
    assert panel.execute_script(
        """return [...document.querySelectorAll("dl")].every(dl => [...dl.children].every(group => group.matches("div")
        && [...group.children].map(n => n.tagName).join() === "DT,DD"))"""
    )
    assert panel.execute_script(
        "const ids = [...document.querySelectorAll('[id]')].map(n => n.id); return ids.length === new Set(ids).size"
    )
    assert panel.execute_script(POINTS_NOWHERE) == 0


def tab(panel, times=1):
    for _ in range(times):
        ActionChains(panel).send_keys(Keys.TAB).perform()


def named(panel):
    return panel.switch_to.active_element.accessible_name


def test_the_keyboard_gets_to_brightness_in_a_few_stops(show, browser):
    panel = look(browser, show, (1366, 768))
    panel.execute_script("document.activeElement.blur(); scrollTo(0, 0)")
    stops = 0
    while named(panel) != "Skip to the controls":
        tab(panel)
        stops += 1
        assert stops < 5
    panel.switch_to.active_element.send_keys(Keys.ENTER)
    tab(panel)
    assert named(panel) == "Edit" and panel.switch_to.active_element.tag_name == "a"
    ActionChains(panel).send_keys(Keys.END).perform()
    assert named(panel) == "Look"
    panel.switch_to.active_element.send_keys(Keys.ENTER)
    until(lambda: panel.switch_to.active_element.tag_name == "button" and named(panel) == "Look")
    stops += 4
    while named(panel) != "Look brightness":
        tab(panel)
        stops += 1
        assert stops < 20
    ActionChains(panel).send_keys(Keys.HOME).perform()
    until(lambda: show.state.target("look/brightness") == 0.0)
    ActionChains(panel).send_keys(Keys.DELETE).perform()
    until(lambda: show.state.target("look/brightness") == 1.0)
    ActionChains(panel).send_keys(Keys.ENTER).perform()
    assert named(panel) == "Look brightness, as a number"
    ActionChains(panel).send_keys("1.25", Keys.ENTER).perform()
    until(lambda: show.state.target("look/brightness") == 1.25)
    assert named(panel) == "Look brightness"


def test_all_of_the_panel_is_a_short_way_for_the_tab_key(show, browser):
    panel = look(browser, show, (1366, 768))
    stops = panel.execute_script(
        """return [...document.querySelectorAll("a, button, input, select, summary")]
        .filter(n => n.checkVisibility() && n.tabIndex >= 0 && !n.disabled).length"""
    )
    assert stops <= 81  # ways to the grids and the studio, the zones, 100 controls and a table that is folded up; each slider is one
    panel.execute_script("document.querySelector('.chips button[tabindex=\"0\"]').focus()")
    first = named(panel)
    ActionChains(panel).send_keys(Keys.ARROW_RIGHT).perform()
    assert named(panel).startswith("Recall ") and named(panel) != first
    ActionChains(panel).send_keys(Keys.ENTER).perform()
    until(lambda: show.presets.current)


def test_a_group_folds_and_stays_folded(show, browser):
    panel = look(browser, show, (1366, 768))
    fold = panel.find_element("id", "title-edit")
    fold.send_keys(Keys.ENTER)
    assert fold.get_attribute("aria-expanded") == "false" and not panel.find_element("id", "body-edit").is_displayed()
    panel.refresh()
    wait(panel, "return document.body.classList.contains('ready')")
    assert not panel.find_element("id", "body-edit").is_displayed()
    panel.execute_script("document.querySelector('#groups a').click()")  # who goes there wants to see it
    assert panel.find_element("id", "body-edit").is_displayed()
