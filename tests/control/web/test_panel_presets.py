"""Presets by the panel's hand, in a real Chromium: what is refused is said where the hand is, and nothing typed is lost."""

import re
from dataclasses import replace

import pytest
from selenium.webdriver.common.keys import Keys

from installation.observation import FaultRecord, ScheduleSeen
from tests.control.web.small_show import SmallShow, chromium, complaints, needs_chromium, screen, until, visit, wait

pytestmark = needs_chromium
CALM = "fade: 0\ncontrols: {look/grain: 0.5}\n"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture
def show(tmp_path):
    (tmp_path / "calm.yaml").write_text(CALM)
    running = SmallShow(tmp_path)
    yield running
    running.end()


@pytest.fixture
def panel(show, browser):
    screen(browser, 1280, 900, touch=False)
    visit(browser, show)
    browser.get_log("browser")  # whatever an earlier page said
    yield browser
    said = complaints(browser)
    browser.get("about:blank")
    assert [line for line in said if "WebSocket" not in line] == []


class Field:
    """A form of the panel: its field, and what is said beneath."""

    def __init__(self, panel, name):
        self.panel, self.form = panel, panel.find_element("css selector", f'form[data-name="{name}"]')
        self.input = self.form.find_element("css selector", "input")

    def enter(self, text):
        self.panel.execute_script("arguments[0].scrollIntoView({block: 'center'})", self.input)
        self.input.send_keys(Keys.CONTROL, "a")
        self.input.send_keys(text, Keys.ENTER)

    @property
    def text(self):
        return self.input.get_property("value")

    def says(self, words):
        wait(self.panel, "return arguments[0].querySelector('.said').textContent.includes(arguments[1])", self.form, words)

    def asks(self, words):
        wait(
            self.panel,
            "const q = arguments[0].querySelector('.question'); return !q.hidden && q.textContent.includes(arguments[1])",
            self.form,
            words,
        )

    def press(self, label):
        wait(
            self.panel,
            """const b = [...arguments[0].querySelectorAll('button')].find(b => b.textContent === arguments[1] && b.offsetParent);
            b?.click(); return b""",
            self.form,
            label,
        )


@pytest.mark.parametrize("title", ["My Look", "Été", "warm_evening", "夏 <b>&amp;<b> \"x\" 'y'"])
def test_any_title_is_saved_and_shown_as_it_was_written(show, panel, title):
    show.state.set("look/grain", 0.875)
    field = Field(panel, "preset/save")
    field.enter(title)
    field.says(f"Saved as “{title}”.")
    until(lambda: field.text == "")
    name = show.presets.current
    assert show.presets.catalogue.presets[name].called == title and (show.folder / f"{name}.yaml").exists()
    chip = wait(panel, "return document.querySelector(`[data-name='preset/${arguments[0]}/recall'] button`)", name)
    wait(panel, "return arguments[0].textContent === arguments[1] && arguments[0].getAttribute('aria-pressed') === 'true'", chip, title)


@pytest.mark.parametrize(
    ("title", "words"), [("a/b", "no slash"), ("2024", "a number alone"), (".x", "neither a dot"), ("recall", "of its own")]
)
def test_what_is_refused_is_said_beside_the_field_and_stays_there(show, panel, title, words):
    field = Field(panel, "preset/save")
    field.enter(title)
    field.says("Not saved")
    field.says(words)
    assert field.text == title and sorted(path.name for path in show.folder.glob("*.yaml")) == ["calm.yaml"]
    assert field.input.get_attribute("aria-invalid") is not None
    said = field.form.find_element("css selector", ".said")
    assert said.get_attribute("role") == "status" and said.is_displayed()


def test_saving_over_a_preset_asks(show, panel):
    show.state.set("look/grain", 0.875)
    field = Field(panel, "preset/save")
    field.enter("Calm")
    field.asks("“Calm” is there already")
    assert panel.switch_to.active_element.text.lower() == "cancel"  # a second Enter does no harm
    panel.switch_to.active_element.send_keys(Keys.ENTER)
    wait(panel, "return arguments[0].querySelector('.question').hidden", field.form)
    assert (show.folder / "calm.yaml").read_text() == CALM and field.text == "Calm"
    field.enter("calm")
    field.asks("“Calm”")
    field.press("Save over it")
    field.says("Saved as “Calm”.")
    assert "look/grain: 0.875" in (show.folder / "calm.yaml").read_text()
    assert (show.folder / ".backups" / "calm.1.yaml").read_text() == CALM


def test_an_earlier_state_is_put_back(show, panel):
    show.state.set("preset/recall", "calm")
    show.state.set("look/grain", 0.875)
    until(lambda: show.presets.current == "calm")
    show.state.set("look/grain", 0.875)
    show.presets.save("calm")
    until(lambda: "0.875" in (show.folder / "calm.yaml").read_text())
    wait(panel, "return document.querySelector('.backups summary').textContent === 'Earlier states of “Calm”'")
    panel.execute_script("document.querySelector('.backups').open = true")
    button = wait(panel, "return document.querySelector('.backups li button')")
    assert button.accessible_name.startswith("Put back the state of ")
    panel.execute_script("arguments[0].click()", button)
    until(lambda: (show.folder / "calm.yaml").read_text() == CALM)
    until(lambda: show.state.target("look/grain") == 0.5)
    wait(panel, "return document.querySelector('.backups .said').textContent === '“Calm” is as it was.'")
    wait(panel, "return document.querySelectorAll('.backups li button').length === 2")  # what it took the place of is there too


def test_a_mistyped_recall_says_so_and_what_may_be_meant(show, panel):
    field = Field(panel, "preset/recall")
    field.enter("clam")
    field.says("'clam': there is no such preset; did you mean “Calm”?")
    assert field.text == "clam"
    field.enter("CALM")
    until(lambda: show.presets.current == "calm")
    until(lambda: field.text == "")


def test_what_is_being_typed_outlives_new_presets_and_a_reload(show, panel):
    field = Field(panel, "preset/save")
    field.input.send_keys("half a ti")
    show.presets.save("From elsewhere")
    wait(panel, "return document.querySelector('[data-name=\"preset/from-elsewhere/recall\"]')")
    assert field.text == "half a ti" and panel.switch_to.active_element == field.input
    panel.refresh()
    wait(panel, "return document.body.classList.contains('ready')")
    assert Field(panel, "preset/save").text == "half a ti"
    Field(panel, "preset/save").input.clear()
    panel.execute_script("sessionStorage.clear()")


def test_a_title_that_was_not_saved_because_the_mirror_went_is_kept(show, panel):
    field = Field(panel, "preset/save")
    show.stall(30)
    field.input.send_keys("Evening", Keys.ENTER)
    wait(panel, "return document.body.classList.contains('lost')")
    field.says("What you typed is still here")
    assert field.text == "Evening"
    panel.execute_script("sessionStorage.clear()")


def test_faults_have_times_counts_and_an_end(show, panel):
    def record(text, count, ended):
        first, last = "2026-01-05T14:03:10+00:00", "2026-01-05T14:05:00+00:00"
        return FaultRecord("", text, first, last, 65.0, 130.0, count, last if ended else None, 130.0 if ended else None)

    records = [record("the camera was lost", 3, True), record("the disk is full <i>", 1, False), record("a fader is stuck", 1, False)]
    show.seen = replace(show.seen, fault_log=tuple(records))
    lines = "return [...document.querySelectorAll('#faults li')].map(n => n.textContent)"
    wait(panel, lines + ".length === 3")
    said = panel.execute_script(lines)
    assert said[0].startswith("a fader is stuck") and said[1].startswith("the disk is full <i>") and ":10" in said[1]
    assert re.fullmatch(r"the camera was lost.*03:10.* – .*05:00.* · ×3 · over", said[2])
    assert panel.execute_script("return document.querySelector('[data-figure=faults] .number').textContent") == "2"
    show.seen = replace(show.seen, fault_log=tuple(records[:1]))
    wait(panel, "return document.querySelector('#faults summary').textContent === '1 fault, all over'")
    assert panel.execute_script("return document.querySelector('[data-figure=faults]').classList.contains('bad')") is False


def test_the_panel_says_how_the_schedule_stands_where_there_is_one(panel, show):
    figure = "const f = document.querySelector('[data-figure=schedule]'); "
    assert panel.execute_script(figure + "return f.hidden") is True
    seen = ScheduleSeen(False, "", "closed", "2026-11-26T18:00+01:00")
    show.seen = replace(show.seen, schedule=seen)
    wait(panel, figure + "return !f.hidden && f.querySelector('.number').textContent === 'closed'")
    assert panel.execute_script(figure + "return f.title") == "by hand, until 2026-11-26 18:00"
    show.seen = replace(show.seen, schedule=replace(seen, open=True, row="<i>evening", override="auto"))
    wait(panel, figure + "return f.title === '<i>evening, until 2026-11-26 18:00'")
    show.seen = replace(show.seen, schedule=None)
    wait(panel, figure + "return f.hidden")
