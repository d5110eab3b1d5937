"""The bot as it runs: it asks the Bot API for what people wrote, until it is told to end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from telegram import BotCommand, Update
from telegram.error import Conflict, InvalidToken, NetworkError, RetryAfter, TelegramError
from telegram.ext import ExtBot
from telegram.request import HTTPXRequest

from installation.bot.counter import Counter, Rules
from installation.bot.keys import Keys
from installation.bot.lab import Lab
from installation.bot.line import Ticket
from installation.bot.manners import Manners, seconds_of
from installation.bot.talk import Talk
from installation.bot.texts import DEFAULT, languages, texts
from installation.bot.work import Work
from installation.errors import ConfigError, FaultError
from installation.operation.saying import say

log = logging.getLogger(__name__)

API = "https://api.telegram.org"
TOKEN = re.compile(r"\d{3,20}:[A-Za-z0-9_-]{20,100}")
COMMANDS = ("generate", "invert", "help", "privacy", "forget")
LONG_POLL = 30  # s that the server keeps a question open until somebody writes
READ_SECONDS, WRITE_SECONDS = 30.0, 60.0
CONNECTIONS, AT_ONCE = 16, 32  # to the server; updates that are answered side by side
RIVAL_SECONDS = 90.0  # for which another program's long poll may go on after it has ended
LAST_WORDS = 5.0  # s for them, when the bot is switched off
WAIT, LONGEST_WAIT = 1.0, 30.0  # s between two questions that failed


@dataclass(frozen=True, slots=True)
class Account:
    """token: of the bot, from @BotFather. api: where the Bot API is. wait: s after the first question that failed."""

    token: str
    api: str = API
    wait: float = WAIT
    rival_seconds: float = RIVAL_SECONDS

    def connect(self) -> ExtBot[int]:
        """A bot that waits as it is told to."""
        return ExtBot(
            self.token,
            base_url=f"{self.api.rstrip('/')}/bot",
            base_file_url=f"{self.api.rstrip('/')}/file/bot",
            request=HTTPXRequest(CONNECTIONS, read_timeout=READ_SECONDS, write_timeout=WRITE_SECONDS, media_write_timeout=WRITE_SECONDS),
            get_updates_request=HTTPXRequest(1, read_timeout=READ_SECONDS),
            rate_limiter=Manners(self.wait / 2),
        )


async def serve(account: Account, rules: Rules, lab: Lab, stop: asyncio.Event) -> None:
    """Answer people until ``stop`` is set. Raises ConfigError for a token that is none, FaultError where another program has it."""
    bot = account.connect()
    await _greeted(account, bot, stop)
    if stop.is_set():
        return
    keys = Keys.of(lab.attributes, lab.styles)
    counter = Counter(bot, rules)
    work = asyncio.create_task(Work(bot, counter, keys, lab).run(), name="work")
    forgetting = asyncio.create_task(counter.forget_in_time(), name="forgetting")
    try:
        await _named(bot)
        say(f"facets: the bot is https://t.me/{bot.username}; {len(keys.attributes)} attributes, {len(keys.styles)} styles; Ctrl-C ends it")
        await Inbox(account, bot, Talk(bot, counter, keys).hear).run(stop)
    finally:
        left = counter.line.everyone
        work.cancel()
        forgetting.cancel()
        with contextlib.suppress(TelegramError, TimeoutError):
            async with asyncio.timeout(LAST_WORDS):
                await _last_words(bot, counter, left)
        with contextlib.suppress(asyncio.CancelledError):
            await work
        await bot.shutdown()


async def _greeted(account: Account, bot: ExtBot[int], stop: asyncio.Event) -> None:
    """Wait for the server. Raises ConfigError where it does not know the token."""
    wait, told = account.wait, False
    while not stop.is_set():
        try:
            await bot.initialize()
            return
        except InvalidToken as err:
            raise ConfigError("FACETS_BOT_TOKEN: the Bot API does not know this token; ask @BotFather for it (/token)") from err
        except TelegramError as err:
            if not told:
                say(f"facets: {account.api} does not answer ({type(err).__name__}); trying again until it does")
            told = True
            await _pause(stop, seconds_of(err) if isinstance(err, RetryAfter) else wait)
            wait = min(2 * wait, LONGEST_WAIT)


async def _named(bot: ExtBot[int]) -> None:
    """Tell Telegram's apps the commands, in every language."""
    for language in languages():
        t = texts(language)
        commands = [BotCommand(name, t.say(f"command_{name}")) for name in COMMANDS]
        try:
            await bot.set_my_commands(commands, language_code=None if language == DEFAULT else language)
        except TelegramError as err:  # they work without being listed
            log.warning("the list of commands could not be set: %s", type(err).__name__)


async def _last_words(bot: ExtBot[int], counter: Counter, left: Sequence[Ticket]) -> None:
    """Tell those who get no answer any more."""
    for ticket in left:
        await counter.untell(ticket)
        await bot.send_message(ticket.chat, texts(ticket.language).say("closing"))


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    """Shorter where it is to end."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()


class Inbox:
    """Long polling: each update is asked for once, and is the server's until it was taken."""

    def __init__(self, account: Account, bot: ExtBot[int], hear: Callable[[Update], Awaitable[None]]) -> None:
        self._account, self._bot, self._hear = account, bot, hear
        self._next: int | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(AT_ONCE)
        self._rival: float | None = None  # since when another program has asked as well
        self._wait = account.wait

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop``. Raises as ``serve``."""
        stopped = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                asked = asyncio.create_task(self._ask(LONG_POLL))
                await asyncio.wait({asked, stopped}, return_when=asyncio.FIRST_COMPLETED)
                if not asked.done():
                    asked.cancel()
                    await asyncio.wait({asked})
                    break
                await self._take(asked, stop)
            with contextlib.suppress(TelegramError, TimeoutError):  # what was taken is not asked for again
                async with asyncio.timeout(LAST_WORDS):
                    await self._ask(0)
        finally:
            stopped.cancel()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _ask(self, seconds: int) -> tuple[Update, ...]:
        return await self._bot.get_updates(self._next, timeout=seconds, allowed_updates=["message", "callback_query"])

    async def _take(self, asked: asyncio.Task[tuple[Update, ...]], stop: asyncio.Event) -> None:
        try:
            updates = asked.result()
        except InvalidToken as err:
            raise ConfigError("FACETS_BOT_TOKEN: the Bot API does not know this token any more; ask @BotFather for a new one") from err
        except Conflict as err:
            await self._beside_a_rival(stop, err)
            return
        except RetryAfter as err:
            await _pause(stop, seconds_of(err))
            return
        except TelegramError as err:
            if not isinstance(err, NetworkError):
                log.warning("the Bot API refuses to say what people wrote: %s", type(err).__name__)
            await _pause(stop, self._wait)
            self._wait = min(2 * self._wait, LONGEST_WAIT)
            return
        self._wait, self._rival = self._account.wait, None
        for update in updates:
            self._next = update.update_id + 1
            await self._room.acquire()
            task = asyncio.create_task(self._heard(update))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _heard(self, update: Update) -> None:
        try:
            await self._hear(update)
        except TelegramError as err:
            log.info("somebody could not be answered: %s", type(err).__name__)
        except Exception as err:  # one message ends nothing for the others
            log.error("a message could not be understood: %s", type(err).__name__, exc_info=err)
        finally:
            self._room.release()

    async def _beside_a_rival(self, stop: asyncio.Event, err: Conflict) -> None:
        """A bot that was ended a moment ago may still be heard; one that goes on asking takes our messages."""
        now = asyncio.get_running_loop().time()
        if self._rival is None:
            self._rival = now
            say("facets: another program asks for this bot's messages; waiting for it to end")
        if now - self._rival >= self._account.rival_seconds:
            raise FaultError("another program asks for this bot's messages; end it, or ask @BotFather for another bot (/newbot)") from err
        await _pause(stop, self._wait)
