"""Run a bot of Telegram's that edits the photographs people send it:

FACETS_BOT_TOKEN=123456:ABC… python -m installation bot

@BotFather gives the token. Pictures are worked on in memory and dropped with the answer; nothing is written to the disk.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import cv2

from installation.config import load_config
from installation.errors import ConfigError

if TYPE_CHECKING:
    from installation.bot.counter import Rules
    from installation.bot.lab import Lab
    from installation.bot.service import Account

VARIABLE = "FACETS_BOT_TOKEN"
MOST_SECONDS = 600.0  # for which everybody waits behind one inversion
MISSING = "needs python-telegram-bot: .venv/bin/python -m pip install python-telegram-bot==22.8"


def main(argv: list[str] | None = None) -> int:
    """The command ``bot``; 0 where it was asked to end."""
    a = _arguments(argv)
    os.environ.setdefault("PTB_TIMEDELTA", "1")  # as the package will have it for everybody
    try:
        import telegram  # noqa: F401
    except ModuleNotFoundError as err:
        raise ConfigError(f"bot {MISSING}") from err
    from installation.bot.counter import Rules
    from installation.bot.lab import Lab
    from installation.bot.service import Account

    account = Account(_token(), a.api)
    _quiet(account.token)
    cv2.setNumThreads(1)
    lab = Lab(load_config(a.config))
    if lab.notice:
        print(f"facets: {lab.notice}")
    try:
        asyncio.run(_run(account, Rules(a.each, a.all, a.queue, a.contact, a.invert_seconds), lab))
    finally:
        lab.close()
    return 0


async def _run(account: Account, rules: Rules, lab: Lab) -> None:
    from installation.bot.service import serve

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await serve(account, rules, lab, stop)


def _token() -> str:
    """From the environment, where other users of the machine cannot read it as they can a command line. Raises ConfigError."""
    from installation.bot.service import TOKEN

    token = os.environ.pop(VARIABLE, "").strip()
    if not token:
        raise ConfigError(f"{VARIABLE} is not set; put the token that @BotFather gave you there: read -rs {VARIABLE}; export {VARIABLE}")
    if not TOKEN.fullmatch(token):
        raise ConfigError(f"{VARIABLE}: is no token; one looks like 123456789:AAE…, as @BotFather writes it")
    return token


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m installation bot",
        description=f"Edit the photographs that people send to a bot of Telegram's; {VARIABLE} holds its token.",
    )
    parser.add_argument("--each", type=_count, default=40, metavar="N", help="answers an hour for one person (40)")
    parser.add_argument("--all", type=_count, default=600, metavar="N", help="answers an hour for everybody together (600)")
    parser.add_argument("--queue", type=_count, default=40, metavar="N", help="people who may wait (40)")
    parser.add_argument(
        "--invert-seconds", type=_seconds, default=10.0, metavar="S",
        help="for which /invert looks for a nearer code, while the others wait (10); 0 draws from the encoder's",
    )  # fmt: skip
    parser.add_argument("--contact", default="", metavar="TEXT", help="whom to ask, for the privacy notice: a name, an address")
    parser.add_argument("--api", default="https://api.telegram.org", metavar="URL", help="a Bot API server of your own")
    parser.add_argument("--config", type=Path, metavar="FILE", help="configuration: models and engines")
    return parser.parse_args(argv)


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1_000_000:
        raise argparse.ArgumentTypeError(f"{text}: must be a whole number from 1 on")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0.0 <= seconds <= MOST_SECONDS:  # which nan is not, either
        raise argparse.ArgumentTypeError(f"{text}: must be seconds from 0 to {MOST_SECONDS:g}")
    return seconds


class Masked(logging.Formatter):
    """Lines without the token, which is part of every address that is asked."""

    def __init__(self, token: str) -> None:
        super().__init__("%(levelname)s %(name)s: %(message)s")
        self._secret = token.partition(":")[2]  # what stands before it is the bot's number, which everybody knows

    def format(self, record: logging.LogRecord) -> str:
        """One line, or a traceback."""
        return super().format(record).replace(self._secret, "(token)")


def _quiet(token: str) -> None:
    """The log of the program and of the packages behind it; FACETS_LOG says how much of it."""
    handler = logging.StreamHandler()
    handler.setFormatter(Masked(token))
    level = os.environ.get("FACETS_LOG", "WARNING").upper()
    logging.basicConfig(level=level if level in logging.getLevelNamesMapping() else "WARNING", handlers=[handler], force=True)


if __name__ == "__main__":
    raise SystemExit(main())
