"""What people write and press, and what is said to it."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from telegram import Bot, CallbackQuery, InlineKeyboardMarkup, Message, ReplyParameters, Update
from telegram.constants import ChatType
from telegram.error import TelegramError

from installation.bot import keys as key
from installation.bot.counter import MOST_BYTES, Counter
from installation.bot.keys import Keys, Press
from installation.bot.line import Ticket
from installation.bot.order import Order, Seed, Upload
from installation.bot.texts import DEFAULT, Texts, texts

SEEDS = 1 << 31


@dataclass(frozen=True, slots=True)
class Said:
    """Who says something, and in which language."""

    chat: int
    user: int
    t: Texts


class Talk:
    """Hears updates of the Bot API, in any order."""

    def __init__(self, bot: Bot, counter: Counter, keys: Keys) -> None:
        self._bot, self._counter = bot, counter
        self._presses = Presses(bot, counter, keys)
        self._commands: dict[str, Callable[[Said, Message], Awaitable[None]]] = {
            "start": self._hello, "help": self._help, "privacy": self._privacy, "forget": self._forget,
            "generate": self._generate, "invert": self._invert,
        }  # fmt: skip

    async def hear(self, update: Update) -> None:
        """One update."""
        chat, user = update.effective_chat, update.effective_user
        if chat is None or user is None:
            return
        said = Said(chat.id, user.id, texts(user.language_code or DEFAULT))
        heard, warn = self._counter.flood.hears(chat.id, self._counter.clock())
        if warn:
            await self._bot.send_message(chat.id, said.t.say("flood"))
        if not heard:
            return
        if update.callback_query is not None:
            await self._presses.press(said, update.callback_query)
        elif update.message is not None:
            await self._message(said, update.message)

    async def _message(self, said: Said, message: Message) -> None:
        command = (message.text or "").split("@")[0].split(" ")[0].removeprefix("/") if (message.text or "").startswith("/") else None
        if message.chat.type != ChatType.PRIVATE:
            if command in self._commands:  # what else is said in a group is not for the bot
                await self._reply(said, message, said.t.say("private_only"))
            return
        if command is not None:
            await self._commands.get(command, self._help)(said, message)
        elif message.photo:
            await self._upload(said, message, message.photo[-1].file_id)
        elif message.document is not None and (message.document.mime_type or "").startswith("image/"):
            if (message.document.file_size or 0) > MOST_BYTES:
                await self._reply(said, message, said.t.say("too_large", megabytes=self._counter.rules.megabytes))
                return
            await self._upload(said, message, message.document.file_id)
        else:
            await self._reply(said, message, said.t.say("not_a_picture"))

    async def _hello(self, said: Said, message: Message) -> None:
        await self._bot.send_message(said.chat, said.t.say("hello"))

    async def _help(self, said: Said, message: Message) -> None:
        rules = self._counter.rules
        await self._bot.send_message(said.chat, said.t.say("help", megabytes=rules.megabytes, each=rules.each))

    async def _privacy(self, said: Said, message: Message) -> None:
        contact = self._counter.rules.contact
        asked = said.t.say("contact", who=contact) if contact else ""
        await self._bot.send_message(said.chat, said.t.say("privacy", contact=asked).rstrip())

    async def _forget(self, said: Said, message: Message) -> None:
        for ticket in self._counter.line.leave(said.chat):
            await self._counter.untell(ticket)
        for answer in self._counter.album.forget(said.chat):
            with contextlib.suppress(TelegramError):  # their buttons would do nothing any more
                await self._bot.edit_message_reply_markup(said.chat, answer, reply_markup=None)
        await self._reply(said, message, said.t.say("forgotten"))

    async def _generate(self, said: Said, message: Message) -> None:
        await self._ask(said, message, Ticket(said.chat, said.user, Order(Seed(secrets.randbelow(SEEDS))), said.t.language))

    async def _upload(self, said: Said, message: Message, file_id: str) -> None:
        await self._ask(said, message, Ticket(said.chat, said.user, Order(Upload(file_id)), said.t.language))

    async def _invert(self, said: Said, message: Message) -> None:
        last = self._counter.album.last(said.chat, self._counter.clock())
        if last is None:
            await self._reply(said, message, said.t.say("no_picture"))
            return
        if isinstance(last[1].subject, Seed):
            await self._reply(said, message, said.t.say("already_code"))
            return
        wanted = replace(last[1], drawn=True, search_seconds=self._counter.rules.invert_seconds)
        await self._ask(said, message, Ticket(said.chat, said.user, wanted, said.t.language))

    async def _ask(self, said: Said, message: Message, ticket: Ticket) -> None:
        ticket.reply = message.message_id
        refused = await self._counter.order(ticket)
        if refused:
            await self._reply(said, message, refused)

    async def _reply(self, said: Said, message: Message, words: str) -> None:
        reply = ReplyParameters(message.message_id, allow_sending_without_reply=True)
        await self._bot.send_message(said.chat, words, reply_parameters=reply)


class Presses:
    """What the buttons do: some turn pages, the others ask for another picture."""

    def __init__(self, bot: Bot, counter: Counter, keys: Keys) -> None:
        self._bot, self._counter, self._keys = bot, counter, keys

    async def press(self, said: Said, query: CallbackQuery) -> None:
        """A button below an answer, or one that somebody made up."""
        message = query.message
        order = None if message is None else self._counter.album.find(said.chat, message.message_id, self._counter.clock())
        if message is None or order is None:
            await self._answer(query, said.t.say("gone"), alert=True)
            return
        press = Press.of(query.data or "")
        page = self._page(order, press, said.t)
        if page is not None:
            await self._answer(query)
            with contextlib.suppress(TelegramError):  # the same page again
                await self._bot.edit_message_reply_markup(said.chat, message.message_id, reply_markup=page)
            return
        if press.kind == key.KEEP and not order.keep and order.faces > 1 and order.face == "all":
            await self._answer(query, said.t.say("keep_one"), alert=True)
            return
        if press.kind == key.ANOTHER:
            await self._order(said, query, Ticket(said.chat, said.user, Order(Seed(secrets.randbelow(SEEDS))), said.t.language))
            return
        wanted = self._wanted(order, press)
        if press.kind == key.FILE:
            await self._order(said, query, Ticket(said.chat, said.user, order, said.t.language, reply=message.message_id, as_file=True))
        elif wanted is None:
            await self._answer(query)  # made up
        elif wanted == order:
            await self._same(said, query, order, message.message_id)
        else:
            await self._order(said, query, Ticket(said.chat, said.user, wanted, said.t.language, message.message_id))

    def _page(self, order: Order, press: Press, t: Texts) -> InlineKeyboardMarkup | None:
        """Other buttons below the same picture; None where a press wants a picture."""
        word = press.rest[0] if press.rest else ""
        number = int(word) if word.isdecimal() and len(word) < 4 else 0
        match press.kind:
            case key.PAGE:
                return self._keys.first(order, t, number)
            case key.ATTRIBUTE if word in self._keys.attributes:
                return self._keys.amounts(order, word, t)
            case key.STYLES if self._keys.styles:
                return self._keys.painters(order, t, number)
            case key.FACES if order.faces > 1:
                return self._keys.people(order, t)
        return None

    def _wanted(self, order: Order, press: Press) -> Order | None:
        """The order that a press makes of one; None where it makes none."""
        wanted: Order | None = None
        match press.kind, press.rest:
            case key.AMOUNT, (name, word) if name in self._keys.attributes:
                amount = next((amount for amount in (0.0, *key.AMOUNTS) if f"{amount:g}" == word), None)
                wanted = None if amount is None else order.moved(name, amount)
            case key.STYLE, (name,) if name in self._keys.styles or not name:
                wanted = replace(order, style=name)
            case key.SHARE, (("0.5" | "1") as word,) if order.style:
                wanted = replace(order, share=float(word))
            case key.FACE, ("all",):
                wanted = replace(order, face="all", keep=order.keep and order.faces == 1)
            case key.FACE, (word,) if word.isdecimal() and 1 <= int(word[:4]) <= order.faces:
                wanted = replace(order, face=int(word[:4]))
            case key.DRAWN, () if not isinstance(order.subject, Seed):
                wanted = replace(order, drawn=not order.drawn)
            case key.KEEP, ():
                wanted = replace(order, keep=not order.keep)
            case key.UNDO, ():
                wanted = order.plain()
        return wanted

    async def _same(self, said: Said, query: CallbackQuery, order: Order, message: int) -> None:
        """What is wanted is there already: back to the first page."""
        await self._answer(query)
        with contextlib.suppress(TelegramError):
            await self._bot.edit_message_reply_markup(said.chat, message, reply_markup=self._keys.first(order, said.t))

    async def _order(self, said: Said, query: CallbackQuery, ticket: Ticket) -> None:
        refused = await self._counter.order(ticket)
        await self._answer(query, refused, alert=bool(refused))

    async def _answer(self, query: CallbackQuery, words: str = "", alert: bool = False) -> None:
        with contextlib.suppress(TelegramError):  # too late: the button has stopped turning by itself
            await self._bot.answer_callback_query(query.id, words or None, show_alert=alert)
