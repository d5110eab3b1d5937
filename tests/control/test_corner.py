"""The hidden corner, touched as fingers touch it."""

import numpy as np
import pytest

from installation.canvas.operator_card import Button, OperatorView, card_page, keypad_page
from installation.canvas.pointer import Touch
from installation.config import LONGEST_PIN
from installation.control.corner import KEYPAD_SECONDS, UNDER_WAY, CornerLinks, CornerSettings, OperatorCorner, Stage, Way
from installation.control.pin import FREE, PinCheck
from installation.operation.ending import Wish

CANVAS = (1920, 1080)
CORNERS = {"upper-left": (5, 5), "upper-right": (1915, 5), "lower-left": (5, 1075), "lower-right": (1915, 1075)}
HOLD, LEAVE = 4.0, 60.0


class Before:
    """Somebody before a canvas."""

    def __init__(self, corner: str = "lower-left", canvas: tuple[int, int] = CANVAS, refuses: str = "", pin: str = "2718") -> None:
        self.asked: list[Wish] = []
        self.told: list[bool] = []
        self.wrong: list[int] = []
        self.code = np.zeros((29, 29, 3), np.uint8)
        self.now = 0.0

        def ask(wish: Wish) -> str:
            self.asked.append(wish)
            return refuses

        offered = (Wish.RESTART, Wish.SHUT_DOWN, Wish.POWER_OFF)
        links = CornerLinks(lambda now: Way(("http://mirror:8600/operator",), self.code), offered, ask, self.told.append, self.wrong.append)
        self.corner = OperatorCorner(CornerSettings(corner, HOLD, LEAVE, canvas), PinCheck(pin), links)
        self.view: OperatorView | None = None

    def step(self, *touches: Touch, after: float = 0.0) -> OperatorView | None:
        self.now += after
        self.view = self.corner.step(touches, self.now)
        return self.view

    def hold(self, x: float, y: float, seconds: float = HOLD + 0.1) -> None:
        self.step(Touch("down", x, y, 0))
        self.step(after=seconds)
        self.step(Touch("up", x, y, 0))

    def tap(self, *names: str, after: float = 0.1) -> None:
        for name in names:
            button = self.button(name)
            x, y = button.x + button.width / 2, button.y + button.height / 2
            self.step(Touch("down", x, y, 0), after=after)
            self.step(Touch("up", x, y, 0), after=0.05)

    def button(self, name: str) -> Button:
        assert self.view is not None
        return next(one for one in self.view.page.buttons if one.name == name)

    def come_in(self) -> None:
        self.hold(5, 1075)
        self.tap(*"2718", "enter")
        assert self.corner.is_in


@pytest.mark.parametrize("corner", CORNERS)
def test_a_corner_that_is_held_asks_for_the_pin_and_no_other_does(corner: str) -> None:
    for name, place in CORNERS.items():
        somebody = Before(corner)
        somebody.step(Touch("down", *place, 0))
        assert somebody.step(after=HOLD - 0.1) is None  # nothing shows that it is there
        view = somebody.step(after=0.2)
        assert (view is not None and view.title == "PIN") is (name == corner)


@pytest.mark.parametrize("canvas", [(1000, 2000), (2000, 1000)])
@pytest.mark.parametrize("corner", CORNERS)
def test_a_corner_is_a_square_of_the_shorter_side_and_what_lies_beyond_the_edge(corner: str, canvas: tuple[int, int]) -> None:
    for across, down, within in (
        (139.0, 139.0, True), (-7.0, -7.0, True), (140.0, 139.0, False), (139.0, 140.0, False), (5.0, 500.0, False), (500.0, 5.0, False)
    ):  # fmt: skip
        somebody = Before(corner, canvas)
        x = across if corner.endswith("left") else canvas[0] - across
        y = down if corner.startswith("upper") else canvas[1] - down
        somebody.step(Touch("down", x, y, 0))
        assert (somebody.step(after=HOLD) is not None) is within, (across, down)


def test_each_finger_is_held_by_itself() -> None:
    somebody = Before()
    somebody.step(Touch("down", 5, 1075, 0))
    somebody.step(Touch("down", 6, 1074, 1), Touch("move", 7, 1073, 0), after=HOLD / 2)  # a second one, and the first one trembles
    somebody.step(Touch("down", 700, 5, 2), Touch("up", 700, 5, 2), after=HOLD / 4)
    assert somebody.step(after=HOLD / 4) is not None
    assert somebody.step(after=KEYPAD_SECONDS + 1) is None
    assert somebody.step(after=10 * HOLD) is None  # fingers that still lie there have to come anew


def test_who_does_not_hold_it_sees_nothing() -> None:
    for touches in (
        [Touch("down", 5, 1075), Touch("up", 5, 1075)],
        [Touch("down", 5, 1075), Touch("move", 600, 600)],  # slid away
        [Touch("down", 600, 600), Touch("move", 5, 1075)],  # slid in
        [Touch("move", 5, 1075)],  # the mouse lies there
        [Touch("down", 5, 1075, 0), Touch("up", 5, 1075, 0), Touch("down", 700, 5, 1)],
    ):
        somebody = Before()
        somebody.step(*touches)
        assert somebody.step(after=10 * HOLD) is None


def test_the_right_pin_shows_the_card_and_a_wrong_one_is_counted() -> None:
    somebody = Before()
    somebody.hold(5, 1075)
    somebody.tap(*"271")
    assert somebody.view is not None and somebody.view.dots == 3
    somebody.tap("enter")
    assert somebody.corner.stage is Stage.KEYPAD and somebody.wrong == [1] and somebody.view.bad and "2 tries" in somebody.view.said
    assert somebody.view.dots == 0
    somebody.tap(*"2718", "enter")
    assert somebody.corner.is_in and somebody.told == [True]
    assert somebody.view.code is somebody.code and somebody.view.lines == ("http://mirror:8600/operator",)
    somebody.tap("leave")
    assert somebody.view is None and somebody.told == [True, False]


def test_what_was_typed_before_somebody_left_is_gone() -> None:
    somebody = Before()
    somebody.hold(5, 1075)
    somebody.tap(*"271", "enter")
    assert somebody.view is not None and somebody.view.bad
    somebody.tap("2")
    assert (somebody.view.said, somebody.view.bad, somebody.view.dots) == ("", False, 1)  # the next try has begun
    somebody.tap("7", "1")
    somebody.step(Touch("down", somebody.button("8").x + 5, somebody.button("8").y + 5, 0))
    assert somebody.step(after=KEYPAD_SECONDS + 1) is None
    somebody.step(Touch("down", 5, 1075, 1))
    view = somebody.step(after=HOLD)
    assert view is not None and (view.dots, view.said, view.pressed) == (0, "", "")
    somebody.tap("0", "enter")
    assert somebody.view.said == "Wrong. 1 try left"
    somebody.tap("leave")
    somebody.hold(5, 1075)
    assert (somebody.view.said, somebody.view.bad) == ("", False)


def test_of_too_many_digits_the_last_ones_count() -> None:
    pin = "271828182845"
    somebody = Before(pin=pin)
    somebody.hold(5, 1075)
    somebody.tap(*"99", *pin)
    assert somebody.view is not None and somebody.view.dots == len(pin) == LONGEST_PIN
    somebody.tap("enter")
    assert somebody.corner.is_in


def test_an_empty_pin_is_none() -> None:
    somebody = Before()
    somebody.hold(5, 1075)
    somebody.tap("enter")
    assert somebody.wrong == [] and somebody.corner.stage is Stage.KEYPAD


def test_after_three_wrong_ones_even_the_right_one_waits() -> None:
    somebody = Before()
    somebody.hold(5, 1075)
    for _ in range(FREE):
        somebody.tap("1", "enter")
    somebody.tap(*"2718", "enter")
    assert not somebody.corner.is_in and somebody.view is not None and somebody.view.said.startswith("Wait for ")
    assert somebody.view.dots == 0 and somebody.view.bad
    somebody.tap("leave")
    somebody.hold(5, 1075)  # leaving and coming back helps nobody
    somebody.tap(*"2718", "enter")
    assert not somebody.corner.is_in and somebody.wrong == [1, 2, 3]
    somebody.step(after=31)
    somebody.hold(5, 1075)
    somebody.tap(*"2718", "enter")
    assert somebody.corner.is_in


def test_the_seconds_to_wait_are_counted_down_to_the_last_one() -> None:
    somebody = Before()
    somebody.hold(5, 1075)
    for _ in range(FREE):
        somebody.tap("1", "enter")
    said = []
    for after in (0.5, 14.0, 15.0, 0.6):
        view = somebody.step(Touch("down", 2, 2, 0), after=after)  # a touch, so that it stays
        assert view is not None
        said.append((view.said, view.bad))
    assert said[:3] == [("Wait for 30 s", True), ("Wait for 16 s", True), ("Wait for 1 s", True)]
    assert not said[3][0].startswith("Wait")


def test_it_stays_for_as_long_as_it_is_touched() -> None:
    somebody = Before()
    somebody.hold(5, 1075)
    somebody.tap("2", after=KEYPAD_SECONDS - 1)
    key = somebody.button("7")
    somebody.step(Touch("down", key.x + 5, key.y + 5, 0), after=KEYPAD_SECONDS - 1)
    somebody.step(Touch("up", key.x + 5, key.y + 5, 0), after=KEYPAD_SECONDS)
    view = somebody.step(after=KEYPAD_SECONDS)
    assert view is not None and view.dots == 2
    somebody.step(Touch("down", 2, 2, 0))  # beside the keys
    assert somebody.step(after=KEYPAD_SECONDS) is not None and somebody.step(after=0.1) is None


def test_it_leaves_by_itself() -> None:
    somebody = Before()
    somebody.hold(5, 1075)
    assert somebody.step(after=KEYPAD_SECONDS - 1) is not None and somebody.step(after=2) is None
    somebody.come_in()
    assert somebody.step(after=LEAVE - 1) is not None
    somebody.step(Touch("move", 300, 300))  # a mouse that lies there is nobody
    assert somebody.step(after=2) is None and somebody.told == [True, False]


@pytest.mark.parametrize("wish", [Wish.RESTART, Wish.SHUT_DOWN, Wish.POWER_OFF])
def test_what_ends_the_show_is_asked_about_once_more_and_done_once(wish: Wish) -> None:
    somebody = Before()
    somebody.come_in()
    assert somebody.view is not None
    place = next((one.x, one.y) for one in somebody.view.page.buttons if one.name == wish.value)
    somebody.tap(wish.value)
    assert somebody.asked == [] and somebody.view.said.endswith(("?", "."))
    assert not any(one.holds(*place) for one in somebody.view.page.buttons if one.name == wish.value) or wish is Wish.POWER_OFF
    somebody.tap("no")
    assert somebody.asked == []
    somebody.tap(wish.value, wish.value)
    assert somebody.asked == [wish] and somebody.view.said == UNDER_WAY[wish] and not somebody.view.bad
    somebody.tap("restart", after=1)
    assert somebody.asked == [wish] and somebody.view.said == UNDER_WAY[wish]  # it is under way
    somebody.tap("leave")
    assert somebody.view is None


def test_yes_lies_where_leave_was_and_no_where_the_first_deed_was() -> None:
    somebody = Before()
    somebody.come_in()
    leave, first = somebody.button("leave"), somebody.button("restart")
    assert (leave.kind, first.kind) == ("main", "deed")
    somebody.tap("shut-down")
    yes, no = somebody.button("shut-down"), somebody.button("no")
    assert (yes.x, yes.y, no.x, no.y) == (leave.x, leave.y, first.x, first.y)
    assert (yes.kind, no.kind) == ("main", "deed") and somebody.view is not None and len(somebody.view.page.buttons) == 2
    somebody.tap("no")
    assert somebody.view.said == "" and [one.name for one in somebody.view.page.buttons] == ["restart", "shut-down", "power-off", "leave"]
    somebody.tap("shut-down")
    assert somebody.asked == [] and somebody.view.said.endswith(".")  # asked about anew
    somebody.step(after=LEAVE + 1)
    somebody.come_in()
    assert somebody.view.said == "" and somebody.button("leave")  # whoever comes next is asked nothing


def test_what_cannot_be_done_is_said() -> None:
    somebody = Before(refuses="there is no such command")
    somebody.come_in()
    somebody.tap("power-off", "power-off")
    assert somebody.view is not None and somebody.view.said == "there is no such command" and somebody.view.bad
    somebody.tap("restart")
    assert somebody.view.said.startswith("Restart")
    somebody.tap("no")
    assert (somebody.view.said, somebody.view.bad) == ("", False)
    somebody.tap("power-off", "power-off")
    assert somebody.asked == [Wish.POWER_OFF] * 2  # it may be tried again


def test_a_finger_that_slides_off_a_key_has_not_pressed_it() -> None:
    somebody = Before()
    somebody.hold(5, 1075)
    assert somebody.view is not None
    one, two = (next(key for key in somebody.view.page.buttons if key.name == name) for name in "12")
    somebody.step(Touch("down", one.x + 5, one.y + 5, 0))
    assert somebody.view.pressed == "1"
    somebody.step(Touch("move", one.x + 6, one.y + 6, 0))
    assert somebody.view.dots == 0 and somebody.view.pressed == "1"  # only what is let go of is pressed
    somebody.step(Touch("up", two.x + 5, two.y + 5, 0))
    assert somebody.view.dots == 0 and somebody.view.pressed == ""
    somebody.step(Touch("down", one.x + 5, one.y + 5, 0), Touch("up", one.x + 5, one.y + 5, 1))
    assert somebody.view.dots == 0  # another finger


@pytest.mark.parametrize("canvas", [(1920, 1080), (1080, 1920), (1280, 720), (720, 1280), (640, 360), (1024, 768), (3840, 2160)])
def test_everything_lies_on_the_canvas_and_apart(canvas: tuple[int, int]) -> None:
    deeds = (("restart", "Restart"), ("shut-down", "Shut down"), ("power-off", "Off"), ("leave", "Leave"))
    for page in (keypad_page(canvas), card_page(canvas, deeds)):
        x, y, width, height = page.box
        assert x >= 0 and y >= 0 and x + width <= canvas[0] and y + height <= canvas[1]
        for one in page.buttons:
            assert x < one.x and one.x + one.width < x + width and y < one.y and one.y + one.height < y + height
            assert sum(other.holds(one.x + one.width / 2, one.y + one.height / 2) for other in page.buttons) == 1
