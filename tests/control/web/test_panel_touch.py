"""A phone's thumb on the panel: real touches in a real Chromium."""

import time

import pytest

from tests.control.web.small_show import Finger, SmallShow, chromium, complaints, needs_chromium, screen, until, visit, wait

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
def phone(show, browser):
    for name, value in show.state.beginnings().items():
        show.state.set(name, value)
    screen(browser, 390, 844, touch=True)
    visit(browser, show)
    show.moves = []
    end = show.state.subscribe(show.moves.append)
    yield browser
    end()
    assert complaints(browser) == []


def place(browser, name, share=None):
    """Where on the screen a slider is, at ``share`` of its way or at its thumb."""
    return browser.execute_script(
        """const input = document.querySelector(`[data-name="${arguments[0]}"] input[type=range]`);
        input.scrollIntoView({block: "center", behavior: "instant"});
        const box = input.getBoundingClientRect(), thumb = 24;
        const share = arguments[1] ?? input.value / input.max;
        return [box.left + thumb / 2 + share * (box.width - thumb), box.top + box.height / 2]""",
        name,
        share,
    )


def shown(browser, name):
    return browser.execute_script(
        'const i = document.querySelector(`[data-name="${arguments[0]}"] input[type=range]`); return i.value / i.max', name
    )


def swipe(browser, at, dx, dy, steps=12):
    finger = Finger(browser)
    finger.down(*at)
    finger.move(dx, dy, steps)
    finger.up()


def settled(browser, seconds=0.4):
    """Once the page has come to rest: where it is."""
    then = None
    while (now := browser.execute_script("return scrollY")) != then:
        then = now
        time.sleep(seconds)
    return now


@pytest.mark.parametrize("where", [None, 0.1, 0.5, 0.95], ids=["thumb", "low", "middle", "high"])
@pytest.mark.parametrize(("dx", "dy"), [(0, -320), (0, 320), (70, -320), (-60, 300)])
def test_a_swipe_up_or_down_scrolls_and_moves_nothing(show, phone, where, dx, dy):
    at = place(phone, "look/brightness", where)
    before = phone.execute_script("return scrollY")
    swipe(phone, at, dx, dy)
    assert abs(settled(phone) - before) > 100
    assert show.moves == [] and shown(phone, "look/brightness") == 0.5


def test_a_tap_moves_nothing(show, phone):
    for share in (0.02, 0.3, 0.98):
        finger = Finger(phone)
        finger.down(*place(phone, "look/brightness", share))
        time.sleep(0.1)
        finger.up()
    time.sleep(0.3)
    assert show.moves == [] and shown(phone, "look/brightness") == 0.5


def test_two_taps_reset_nothing(show, phone):
    show.state.set("look/brightness", 1.5)
    wait(phone, "return Math.abs(arguments[0] - 0.75) < 0.01", 0.75)
    until(lambda: shown(phone, "look/brightness") == 0.75)
    at = place(phone, "look/brightness", 0.2)
    for _ in range(2):
        finger = Finger(phone)
        finger.down(*at)
        finger.up()
    time.sleep(0.3)
    assert show.state.target("look/brightness") == 1.5


@pytest.mark.parametrize("where", [None, 0.1, 0.9], ids=["thumb", "low", "high"])
def test_a_clear_move_sideways_takes_hold_and_nothing_jumps(show, phone, where):
    at = place(phone, "look/brightness", where)
    way = 390 - 2 * 28 - 24  # about
    swipe(phone, at, 100 if where != 0.9 else -100, 6)
    until(lambda: show.moves)
    settled(phone)
    sign = -1 if where == 0.9 else 1
    expected = 1.0 + sign * 2 * 90 / way  # of a way that is two wide, less what it takes to get hold
    assert show.state.target("look/brightness") == pytest.approx(expected, abs=0.12)
    steps = [change.value for change in show.moves if change.name == "look/brightness"]
    assert steps == sorted(steps, reverse=sign < 0) and abs(steps[0] - 1.0) < 0.25
    assert shown(phone, "look/brightness") == pytest.approx(show.state.target("look/brightness") / 2, abs=0.01)


def test_the_ends_are_reached_and_held(show, phone):
    swipe(phone, place(phone, "look/brightness"), 190, 0)
    swipe(phone, place(phone, "look/brightness"), 190, 0)
    until(lambda: show.state.target("look/brightness") == 2.0)
    for _ in range(3):
        swipe(phone, place(phone, "look/brightness"), -250, 0)
    until(lambda: show.state.target("look/brightness") == 0.0)


def test_a_move_that_the_system_cancels_is_taken_back(show, phone):
    show.state.set("look/brightness", 1.3)
    until(lambda: abs(shown(phone, "look/brightness") - 0.65) < 0.01)
    show.moves.clear()
    finger = Finger(phone)
    finger.down(*place(phone, "look/brightness"))
    finger.move(80, 0)
    until(lambda: show.state.target("look/brightness") > 1.5)
    finger.cancel()
    until(lambda: show.state.target("look/brightness") == pytest.approx(1.3))
    assert shown(phone, "look/brightness") == pytest.approx(0.65, abs=0.01)
    swipe(phone, place(phone, "look/brightness"), -80, 0)  # and it can be taken again
    until(lambda: show.state.target("look/brightness") < 1.1)


def test_another_hand_is_followed_once_the_finger_has_gone(show, phone):
    finger = Finger(phone)
    finger.down(*place(phone, "look/brightness"))
    finger.move(60, 0)
    held = shown(phone, "look/brightness")
    until(lambda: show.state.target("look/brightness") == pytest.approx(2 * held, abs=0.02))
    show.state.set("look/brightness", 0.2, "midi")
    time.sleep(0.3)
    assert shown(phone, "look/brightness") == held
    finger.up()
    until(lambda: shown(phone, "look/brightness") == pytest.approx(0.1))


def test_a_swipe_over_switches_words_and_numbers_sets_nothing(show, phone):
    for name in ("look/mirror", "look/layout", "look/grain"):
        x, y = phone.execute_script(
            """const n = document.querySelector(`[data-name="${arguments[0]}"]`).querySelector("button.switch, select, .value");
            n.scrollIntoView({block: "center", behavior: "instant"});
            const box = n.getBoundingClientRect(); return [box.left + box.width / 2, box.top + box.height / 2]""",
            name,
        )
        swipe(phone, (x, y), 3, -260)
        settled(phone)
    assert show.moves == []
