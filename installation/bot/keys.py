"""The buttons below an answer, and what they say when they are pressed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from installation.bot.order import Order, Seed
from installation.bot.texts import Texts, figure, spelled

ACROSS, A_PAGE = 3, 9  # buttons in a row, and choices on a page
AMOUNTS = (-2.0, -1.0, -0.5, 0.5, 1.0, 2.0)
MOST_FACES = 12  # that have a button of their own
MOST_BYTES = 64  # that the Bot API lets a button say

# What a press is about, the first letter of what a button says.
PAGE, ATTRIBUTE, AMOUNT, STYLES, STYLE, SHARE, FACES, FACE, DRAWN, KEEP, UNDO, FILE, ANOTHER = "mavsphfwdkuxg"


@dataclass(frozen=True, slots=True)
class Press:
    """kind: one of the letters above. rest: what is chosen."""

    kind: str
    rest: tuple[str, ...] = ()

    @staticmethod
    def of(data: str) -> Press:
        """What a button said, which anybody can make up."""
        kind, *rest = data.split(":")
        return Press(kind, tuple(rest))


@dataclass(frozen=True, slots=True)
class Keys:
    """attributes, styles: those that there are. One whose name is too long for a button is left out."""

    attributes: tuple[str, ...]
    styles: tuple[str, ...]

    @staticmethod
    def of(attributes: Iterable[str], styles: Iterable[str]) -> Keys:
        """Without those whose names are too long."""
        fits = [name for name in attributes if len(f"{AMOUNT}:{name}:-0.5".encode()) <= MOST_BYTES]
        return Keys(tuple(fits), tuple(name for name in styles if len(f"{STYLE}:{name}".encode()) <= MOST_BYTES))

    def first(self, order: Order, t: Texts, page: int = 0) -> InlineKeyboardMarkup:
        """What can be changed."""
        shown = [(_with(t.attribute(name), order.amount(name)), f"{ATTRIBUTE}:{name}") for name in _page(self.attributes, page)]
        rows = _rows([*shown, *_turn(len(self.attributes), page, PAGE, t)])
        choices = []
        if self.styles:
            choices.append((spelled(order.style) if order.style else t.say("button_style"), f"{STYLES}:0"))
        if order.faces > 1:
            which = t.say("button_all") if order.face == "all" else str(order.face)
            choices.append((t.say("button_face", which=which), FACES))
        if not isinstance(order.subject, Seed):
            choices.append((_ticked(t.say("button_drawn"), order.drawn), DRAWN))
        choices.append((_ticked(t.say("button_keep"), order.keep), KEEP))
        last = [(t.say("button_undo"), UNDO), (t.say("button_file"), FILE)]
        if isinstance(order.subject, Seed):
            last.append((t.say("button_another"), ANOTHER))
        return InlineKeyboardMarkup([*rows, *_rows(choices, 2), *_rows(last)])

    def amounts(self, order: Order, attribute: str, t: Texts) -> InlineKeyboardMarkup:
        """How much of it."""
        now = order.amount(attribute)
        half = len(AMOUNTS) // 2
        buttons = [(_ticked(figure(amount), amount == now), f"{AMOUNT}:{attribute}:{amount:g}") for amount in AMOUNTS]
        zero = (_ticked(f"{t.attribute(attribute)}: 0", not now), f"{AMOUNT}:{attribute}:0")
        page = self.attributes.index(attribute) // A_PAGE
        back = (t.say("button_back"), f"{PAGE}:{page}")
        return InlineKeyboardMarkup([*_rows(buttons[:half]), *_rows([zero]), *_rows(buttons[half:]), *_rows([back])])

    def painters(self, order: Order, t: Texts, page: int = 0) -> InlineKeyboardMarkup:
        """Which style, and how much of it."""
        shown = [(_ticked(spelled(name), name == order.style), f"{STYLE}:{name}") for name in _page(self.styles, page)]
        rows = _rows([*shown, *_turn(len(self.styles), page, STYLES, t)])
        if order.style:
            shares = [(t.say("button_half"), f"{SHARE}:0.5", 0.5), (t.say("button_full"), f"{SHARE}:1", 1.0)]
            rows += _rows([(_ticked(label, order.share == share), data) for label, data, share in shares])
            rows += _rows([(t.say("button_no_style"), f"{STYLE}:")])
        return InlineKeyboardMarkup([*rows, *_rows([(t.say("button_back"), f"{PAGE}:0")])])

    def people(self, order: Order, t: Texts) -> InlineKeyboardMarkup:
        """Whose face, counted from the left."""
        numbers = range(1, min(order.faces, MOST_FACES) + 1)
        buttons = [(_ticked(str(number), order.face == number), f"{FACE}:{number}") for number in numbers]
        everybody = (_ticked(t.say("button_all").capitalize(), order.face == "all"), f"{FACE}:all")
        return InlineKeyboardMarkup([*_rows([everybody]), *_rows(buttons, 6), *_rows([(t.say("button_back"), f"{PAGE}:0")])])


def caption(order: Order, t: Texts, left: int = 0, asked: int = 1, undecided: bool = False) -> str:
    """What an answer says. left: faces of those ``asked`` for that could not be edited. undecided: one of several has to be chosen before
    a nearer code can be looked for."""
    if isinstance(order.subject, Seed):
        first = t.say("nobody")
    else:
        first = t.say("one_face") if order.faces == 1 else t.say("many_faces", faces=order.faces)
    said = [f"{t.attribute(name)} {figure(amount)}" for name, amount in order.amounts]
    if order.style:
        said.append(spelled(order.style) + ("" if order.share == 1.0 else f" {round(100 * order.share)} %"))
    if order.drawn:
        percent = round(100 * order.nearer)
        said.append(t.say("drawn_nearer", percent=percent) if percent else t.say("drawn"))
    said += [t.say("kept")] if order.keep and order.amounts else []
    if said and order.face != "all" and order.faces > 1:
        said.insert(0, t.say("of_face", number=order.face))
    more = [t.say("left_alone", left=left, asked=asked)] if left else []
    more += [t.say("invert_one")] if undecided else []
    return "\n".join([f"{first} {' · '.join(said) if said else t.say('choose')}", *more])


def _with(word: str, amount: float) -> str:
    return f"{word} {figure(amount)}" if amount else word


def _ticked(word: str, chosen: bool) -> str:
    return f"✓ {word}" if chosen else word


def _page(names: Sequence[str], page: int) -> Sequence[str]:
    return names[page * A_PAGE : (page + 1) * A_PAGE]


def _turn(count: int, page: int, kind: str, t: Texts) -> list[tuple[str, str]]:
    """To the other pages: round and round."""
    pages = -(-count // A_PAGE)
    return [(t.say("button_more"), f"{kind}:{(page + 1) % pages}")] if pages > 1 else []


def _rows(buttons: Sequence[tuple[str, str]], across: int = ACROSS) -> list[list[InlineKeyboardButton]]:
    made = [InlineKeyboardButton(label, callback_data=data) for label, data in buttons]
    return [made[k : k + across] for k in range(0, len(made), across)]
