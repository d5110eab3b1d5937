"""How the bot treats the Bot API: it waits as long as it is told to, and tries again what failed for a moment."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

from telegram.error import NetworkError, RetryAfter, TelegramError, TimedOut
from telegram.ext import BaseRateLimiter

log = logging.getLogger(__name__)

TRIES = 5
FIRST_WAIT, LONGEST_WAIT = 0.5, 20.0  # s, after faults of the server or the network; it doubles
LONGEST_TOLD = 120.0  # s that the server may ask for; a call that is put off for longer is given up
AFTER = 0.2  # s more than the server asked for: clocks differ
SENDS = ("send",)  # calls that would be there twice if they came through after all

Call = Callable[..., Coroutine[Any, Any, Any]]


class Manners(BaseRateLimiter[int]):
    """Between every call and the server. first: s of the first wait after a fault."""

    def __init__(self, first: float = FIRST_WAIT) -> None:
        self._first = first

    async def initialize(self) -> None:
        """Nothing to do."""

    async def shutdown(self) -> None:
        """Nothing to do."""

    async def process_request(
        self, callback: Call, args: Any, kwargs: dict[str, Any], endpoint: str, data: dict[str, Any], rate_limit_args: int | None
    ) -> Any:
        """Raises TelegramError where patience does not help."""
        for number in range(1, TRIES + 1):
            try:
                return await callback(*args, **kwargs)
            except TelegramError as err:
                wait = self._wait(err, endpoint, number)
                if wait is None or number == TRIES:
                    raise
                log.info("%s: %s; again in %.1f s", endpoint, type(err).__name__, wait)
                await asyncio.sleep(wait)
        raise AssertionError  # the last try returned or raised

    def _wait(self, err: TelegramError, endpoint: str, number: int) -> float | None:
        """Seconds; None where another try is no use, or might do what was asked for a second time."""
        if isinstance(err, RetryAfter):
            told = seconds_of(err)
            return told + AFTER if told <= LONGEST_TOLD else None
        if isinstance(err, TimedOut) and endpoint.startswith(SENDS):
            return None
        if type(err) is NetworkError or isinstance(err, TimedOut):  # its other children are the caller's own mistakes
            return min(self._first * 2.0 ** (number - 1), LONGEST_WAIT) * (1 + random.random() / 4)
        return None


def seconds_of(err: RetryAfter) -> float:
    """For which the server wants to be left alone."""
    told = err.retry_after
    return told.total_seconds() if isinstance(told, timedelta) else float(told)
