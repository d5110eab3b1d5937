"""Which order belongs to which answer, for as long as its buttons work."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from installation.bot.order import Order

KEPT_SECONDS = 3600.0  # after the last press of a button
MOST = 10_000

Place = tuple[int, int]  # chat, message


@dataclass(eq=False)
class Album:
    """Orders by the message that shows what came of them. They hold no pictures, but the codes that were looked for, and are gone an hour
    after the last press, as soon as ``tidy`` is called."""

    _orders: OrderedDict[Place, tuple[float, Order]] = field(default_factory=OrderedDict)

    def keep(self, chat: int, message: int, order: Order, now: float) -> None:
        """now: s of any clock that does not go back."""
        self._orders[chat, message] = now, order
        self._orders.move_to_end((chat, message))
        self.tidy(now)

    def find(self, chat: int, message: int, now: float) -> Order | None:
        """None where it is forgotten."""
        self.tidy(now)
        held = self._orders.get((chat, message))
        return None if held is None else held[1]

    def last(self, chat: int, now: float) -> tuple[int, Order] | None:
        """Message and order of the chat's latest answer."""
        self.tidy(now)
        place = next((place for place in reversed(self._orders) if place[0] == chat), None)
        return None if place is None else (place[1], self._orders[place][1])

    def forget(self, chat: int) -> list[int]:
        """Everything of a chat; the messages whose buttons work no more."""
        gone = [place for place in self._orders if place[0] == chat]
        for place in gone:
            del self._orders[place]
        return [message for _, message in gone]

    def tidy(self, now: float) -> None:
        """Let go what is too old."""
        while self._orders:
            place, (since, _) = next(iter(self._orders.items()))
            if len(self._orders) <= MOST and now - since <= KEPT_SECONDS:
                return
            del self._orders[place]
