"""The queue: first come, first served, and one place for each chat."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field

from installation.bot.order import Order


@dataclass(eq=False)
class Ticket:
    """One order that waits. message: the answer that it changes, None for a new one. reply: the message that it answers. told: the message
    that says its place, None where nobody is before it. as_file: a file is wanted and no photograph."""

    chat: int
    user: int
    order: Order
    language: str = "en"
    message: int | None = None
    reply: int | None = None
    told: int | None = None
    as_file: bool = False
    place_said: int = 0  # the place that ``told`` says
    dropped: bool = False  # nobody wants it any more


class FullError(Exception):
    """The queue is as long as it may be."""


@dataclass(eq=False)
class Line:
    """most: places. The one that is being served has the first."""

    most: int
    _waiting: deque[Ticket] = field(default_factory=deque)
    _serving: Ticket | None = None
    _arrival: asyncio.Event = field(default_factory=asyncio.Event)

    def join(self, ticket: Ticket) -> int:
        """The place, 1 where nobody is before. Raises FullError."""
        if len(self._waiting) + (self._serving is not None) >= self.most:
            raise FullError
        self._waiting.append(ticket)
        self._arrival.set()
        return self.place(ticket)

    async def next(self) -> Ticket:
        """The first that waits, who is served from now on until ``done``."""
        while not self._waiting:
            self._arrival.clear()
            await self._arrival.wait()
        self._serving = self._waiting.popleft()
        return self._serving

    def done(self) -> None:
        """Whoever was served has been."""
        self._serving = None

    def place(self, ticket: Ticket) -> int:
        """Counted from 1, with the one being served; 0 where it does not wait any more."""
        if ticket is self._serving:
            return 1
        ahead = int(self._serving is not None)
        return next((k + ahead for k, one in enumerate(self._waiting, 1) if one is ticket), 0)

    def holds(self, chat: int) -> bool:
        """Whether something of this chat's waits or is served."""
        return any(one.chat == chat for one in self.everyone)

    def leave(self, chat: int) -> list[Ticket]:
        """Take a chat's orders away; those that were waiting. What is being served is dropped when it is done."""
        gone = [one for one in self._waiting if one.chat == chat]
        if self._serving is not None and self._serving.chat == chat:
            self._serving.dropped = True
        self._waiting = deque(one for one in self._waiting if one.chat != chat)
        return gone

    @property
    def waiting(self) -> tuple[Ticket, ...]:
        """Without the one being served."""
        return tuple(self._waiting)

    @property
    def everyone(self) -> tuple[Ticket, ...]:
        """With the one being served, who comes first."""
        return (*(() if self._serving is None else (self._serving,)), *self._waiting)
