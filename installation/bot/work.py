"""The one who works: takes orders from the queue, fetches the picture, develops it, answers, and forgets it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from telegram import Bot, InlineKeyboardMarkup, InputFile, InputMediaDocument, InputMediaPhoto, ReplyParameters
from telegram.error import BadRequest, Forbidden, TelegramError, TimedOut

from installation.bot.counter import MOST_BYTES, Counter
from installation.bot.keys import Keys, caption
from installation.bot.lab import Lab, NobodyError, Print
from installation.bot.line import Ticket
from installation.bot.order import Upload
from installation.bot.texts import texts
from installation.errors import SourceError, WeightsError

log = logging.getLogger(__name__)

FETCH_SECONDS = 60.0  # in which a picture must have come: others wait behind it
UNCHANGED = "not modified"  # what Telegram says of a message that is so already
FILE_NAME = "facets.jpg"


class RefusedError(Exception):
    """Why an order comes to nothing: the key of the sentence that says it. counts: as one of the person's answers."""

    def __init__(self, key: str, counts: bool = True) -> None:
        super().__init__(key)
        self.key, self.counts = key, counts


class Work:
    """Orders one after the other, on a thread of its own, so that people are heard meanwhile."""

    def __init__(self, bot: Bot, counter: Counter, keys: Keys, lab: Lab) -> None:
        self._bot, self._counter, self._keys, self._lab = bot, counter, keys, lab
        self._thread = ThreadPoolExecutor(1, "lab")
        self._over = False

    async def run(self) -> None:
        """Until it is cancelled."""
        try:
            while True:
                await self._next()
                await self._counter.move_up()
        finally:
            self._over = True
            await asyncio.to_thread(self._thread.shutdown, cancel_futures=True)  # the picture in hand is let go in its own time

    async def _next(self) -> None:
        """Serve whoever comes next. Nothing of them is held on to while nobody comes."""
        line = self._counter.line
        ticket = await line.next()
        try:
            await self._serve(ticket)
        finally:
            line.done()
            await self._counter.untell(ticket)

    async def _serve(self, ticket: Ticket) -> None:
        try:
            made = await self._develop(ticket)
            if not ticket.dropped:
                await self._answer(ticket, made)
        except RefusedError as err:
            if not err.counts:
                self._counter.hourly.give_back(ticket.user)
            await self._say(ticket, err.key)
        except Forbidden:  # they have gone, or want nothing more of us
            self._counter.album.forget(ticket.chat)
        except TelegramError as err:
            log.warning("an answer could not be sent: %s", type(err).__name__)
            self._counter.hourly.give_back(ticket.user)
            if not isinstance(err, TimedOut):  # after which it may be there all the same
                await self._say(ticket, "failed")
        except Exception as err:  # nobody's picture ends the bot for everybody
            log.error("an order failed: %s", type(err).__name__, exc_info=err)
            self._counter.hourly.give_back(ticket.user)
            await self._say(ticket, "failed")

    async def _develop(self, ticket: Ticket) -> Print:
        """Raises RefusedError."""
        data = await self._fetch(ticket.order.subject) if isinstance(ticket.order.subject, Upload) else None
        if ticket.order.search_seconds:
            await self._counter.tell_of_search(ticket)

        def wanted() -> bool:
            return not (ticket.dropped or self._over)

        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._lab.develop, ticket.order, data, wanted)
        except SourceError as err:
            raise RefusedError("unreadable") from err
        except NobodyError as err:
            raise RefusedError("turned_away" if err.found else "no_face") from err
        except WeightsError as err:
            raise RefusedError("other_code") from err

    async def _fetch(self, picture: Upload) -> bytes:
        """The contents of a picture's file, in memory. Raises RefusedError."""
        try:
            return await self._contents(picture)
        except (TelegramError, TimeoutError) as err:
            log.warning("a picture could not be fetched: %s", type(err).__name__)
            raise RefusedError("failed", counts=False) from err

    async def _contents(self, picture: Upload) -> bytes:
        """Raises RefusedError, and TelegramError or TimeoutError where the server or the network is at fault."""
        try:
            file = await self._bot.get_file(picture.file_id)
        except BadRequest as err:  # too big for bots, or no longer there
            raise RefusedError("too_large" if "too big" in err.message.lower() else "gone") from err
        if (file.file_size or 0) > MOST_BYTES:
            raise RefusedError("too_large")
        async with asyncio.timeout(FETCH_SECONDS):
            return bytes(await file.download_as_bytearray())

    async def _answer(self, ticket: Ticket, made: Print) -> None:
        t = texts(ticket.language)
        order = replace(ticket.order, faces=made.faces.found, search_seconds=0.0, codes=made.codes)
        words = caption(order, t, made.faces.asked - made.faces.edited, made.faces.asked, made.undecided)
        reply = None if ticket.reply is None else ReplyParameters(ticket.reply, allow_sending_without_reply=True)
        if ticket.as_file:
            await self._bot.send_document(ticket.chat, InputFile(made.jpeg, FILE_NAME), caption=words, reply_parameters=reply)
            return
        markup = self._keys.first(order, t)
        message = ticket.message
        if message is None:
            message = await self._send(ticket.chat, made.jpeg, words, markup, reply)
        else:
            await self._change(ticket.chat, message, made.jpeg, words, markup)
        if not ticket.dropped:
            self._counter.album.keep(ticket.chat, message, order, self._counter.clock())

    async def _send(self, chat: int, jpeg: bytes, words: str, markup: InlineKeyboardMarkup, reply: ReplyParameters | None) -> int:
        """A new picture's message. One that Telegram takes for no photo, being longer than 20:1 or too large, goes as a file."""
        try:
            sent = await self._bot.send_photo(chat, jpeg, words, reply_markup=markup, reply_parameters=reply)
        except BadRequest:
            file = InputFile(jpeg, FILE_NAME)
            sent = await self._bot.send_document(chat, file, caption=words, reply_markup=markup, reply_parameters=reply)
        return sent.message_id

    async def _change(self, chat: int, message: int, jpeg: bytes, words: str, markup: InlineKeyboardMarkup) -> None:
        """Another picture in place of a message's, with the same way out."""
        try:
            await self._edit(InputMediaPhoto(jpeg, words), chat, message, markup)
        except BadRequest:
            await self._edit(InputMediaDocument(jpeg, caption=words, filename=FILE_NAME), chat, message, markup)

    async def _edit(self, media: InputMediaPhoto | InputMediaDocument, chat: int, message: int, markup: InlineKeyboardMarkup) -> None:
        try:
            await self._bot.edit_message_media(media, chat, message, reply_markup=markup)
        except BadRequest as err:
            if UNCHANGED not in err.message.lower():  # otherwise it is the same picture again
                raise

    async def _say(self, ticket: Ticket, key: str) -> None:
        words = texts(ticket.language).say(key, **({"megabytes": self._counter.rules.megabytes} if key == "too_large" else {}))
        reply = ticket.reply or ticket.message
        with contextlib.suppress(TelegramError):
            await self._bot.send_message(
                ticket.chat, words, reply_parameters=None if reply is None else ReplyParameters(reply, allow_sending_without_reply=True)
            )
