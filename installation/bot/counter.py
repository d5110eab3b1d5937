"""Where orders come in: what everybody may ask for, who is before whom, and what is known of a chat."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from telegram import Bot, ReplyParameters
from telegram.constants import ChatAction
from telegram.error import TelegramError

from installation.bot.album import Album
from installation.bot.limits import HOUR, Flood, Hourly
from installation.bot.line import FullError, Line, Ticket
from installation.bot.texts import texts

MOST_BYTES = 20_000_000  # of a file that a bot may fetch
TIDY_SECONDS = 30.0  # between two looks at what is too old to be kept


@dataclass(frozen=True, slots=True)
class Rules:
    """each, all: answers an hour for one person and for everybody; queue: places; contact: whom to ask, in the privacy notice.
    invert_seconds: for which a nearer code is looked for where somebody asks for an inversion; 0 draws from the encoder's."""

    each: int = 40
    all: int = 600
    queue: int = 40
    contact: str = ""
    invert_seconds: float = 10.0

    @property
    def megabytes(self) -> int:
        """Of the largest file."""
        return MOST_BYTES // 1_000_000


@dataclass(eq=False)
class Counter:
    """clock: s, never going back."""

    bot: Bot
    rules: Rules
    clock: Callable[[], float] = time.monotonic
    album: Album = field(default_factory=Album)
    flood: Flood = field(default_factory=Flood)
    hourly: Hourly = field(init=False)
    line: Line = field(init=False)

    def __post_init__(self) -> None:
        self.hourly = Hourly(self.rules.each, self.rules.all)
        self.line = Line(self.rules.queue)

    async def order(self, ticket: Ticket) -> str:
        """Take an order. Why it is refused, in the person's language; "" where it is not."""
        now, t = self.clock(), texts(ticket.language)
        if self.line.holds(ticket.chat):
            return t.say("busy")
        wait = self.hourly.wait(ticket.user, now)
        if wait:
            minutes = min(math.ceil(wait / 60), round(HOUR / 60))
            mine = self.hourly.spent(ticket.user)
            return t.say("limit", each=self.rules.each, minutes=minutes) if mine else t.say("limit_all", minutes=minutes)
        try:
            place = self.line.join(ticket)
        except FullError:
            return t.say("full")
        self.hourly.take(ticket.user, now)
        with contextlib.suppress(TelegramError):  # nobody is kept waiting because they could not be told for how long
            await self._tell(ticket, place)
        return ""

    async def _tell(self, ticket: Ticket, place: int) -> None:
        if place == 1:
            await self.bot.send_chat_action(ticket.chat, ChatAction.UPLOAD_PHOTO)
            return
        ticket.place_said = place
        said = await self.bot.send_message(
            ticket.chat,
            texts(ticket.language).say("place", place=place),
            reply_parameters=None if ticket.reply is None else ReplyParameters(ticket.reply, allow_sending_without_reply=True),
        )
        ticket.told = said.message_id
        if not self.line.place(ticket):  # it was quicker
            await self.untell(ticket)

    async def tell_of_search(self, ticket: Ticket) -> None:
        """Its turn has come, and it takes longer than others: in place of its place in the queue it is told that."""
        words = texts(ticket.language).say("searching", seconds=math.ceil(ticket.order.search_seconds))
        with contextlib.suppress(TelegramError):
            if ticket.told is not None:
                await self.bot.edit_message_text(words, ticket.chat, ticket.told)
            elif not ticket.place_said:  # otherwise its place is being said this very moment
                reply = None if ticket.reply is None else ReplyParameters(ticket.reply, allow_sending_without_reply=True)
                ticket.told = (await self.bot.send_message(ticket.chat, words, reply_parameters=reply)).message_id

    async def forget_in_time(self) -> None:
        """Whether anybody presses anything or not. Until it is cancelled."""
        while True:
            await asyncio.sleep(TIDY_SECONDS)
            self.album.tidy(self.clock())

    async def untell(self, ticket: Ticket) -> None:
        """Take the message away that says a ticket's place."""
        told, ticket.told = ticket.told, None
        if told is not None:
            with contextlib.suppress(TelegramError):
                await self.bot.delete_message(ticket.chat, told)

    async def move_up(self) -> None:
        """Tell those who wait that they have moved up."""
        for ticket in self.line.waiting:
            place = self.line.place(ticket)
            if ticket.told is not None and 1 < place < ticket.place_said:  # the first has its answer in a moment
                ticket.place_said = place
                with contextlib.suppress(TelegramError):
                    await self.bot.edit_message_text(texts(ticket.language).say("place", place=place), ticket.chat, ticket.told)
