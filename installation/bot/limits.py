"""How much one person may ask for, and all together."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

HOUR = 3600.0  # s
BURST, BURST_SECONDS = 20, 10.0  # messages of one chat, and the time within which more of them are a flood
CALM_SECONDS = 30.0  # for which nothing must come before a chat that flooded is heard again


@dataclass(eq=False)
class Hourly:
    """Counts by the hour that has just gone by. each: answers for one person, all: for everybody together."""

    each: int
    all: int
    _taken: deque[tuple[float, int]] = field(default_factory=deque)  # when and for whom
    _counts: dict[int, int] = field(default_factory=dict)

    def wait(self, user: int, now: float) -> float:
        """Seconds until this person may ask again; 0: now."""
        self._tidy(now)
        mine = self.spent(user)
        if not mine and len(self._taken) < self.all:
            return 0.0
        first = next(when for when, who in self._taken if not mine or who == user)
        return max(first + HOUR - now, 1.0)

    def spent(self, user: int) -> bool:
        """Whether it is this person's own share that is used up."""
        return self._counts.get(user, 0) >= self.each

    def take(self, user: int, now: float) -> None:
        """One more answer."""
        self._taken.append((now, user))
        self._counts[user] = self._counts.get(user, 0) + 1

    def give_back(self, user: int) -> None:
        """The latest of a person's, which came to nothing."""
        for k in range(len(self._taken) - 1, -1, -1):
            if self._taken[k][1] == user:
                del self._taken[k]
                self._less(user)
                return

    def _tidy(self, now: float) -> None:
        while self._taken and now - self._taken[0][0] >= HOUR:
            self._less(self._taken.popleft()[1])

    def _less(self, user: int) -> None:
        self._counts[user] -= 1
        if not self._counts[user]:
            del self._counts[user]


@dataclass(eq=False)
class Flood:
    """Chats that write faster than anybody reads."""

    _heard: dict[int, deque[float]] = field(default_factory=dict)
    _quiet: dict[int, float] = field(default_factory=dict)  # those that are not heard, and when they last wrote

    def hears(self, chat: int, now: float) -> tuple[bool, bool]:
        """Whether a message is heard, and whether the chat is to be told that from now on none is."""
        self._tidy(now)
        if chat in self._quiet:
            self._quiet[chat] = now
            return False, False
        times = self._heard.setdefault(chat, deque(maxlen=BURST))
        if len(times) == BURST and now - times[0] < BURST_SECONDS:
            del self._heard[chat]
            self._quiet[chat] = now
            return False, True
        times.append(now)
        return True, False

    def _tidy(self, now: float) -> None:
        for chat in [chat for chat, last in self._quiet.items() if now - last >= CALM_SECONDS]:
            del self._quiet[chat]
        for chat in [chat for chat, times in self._heard.items() if now - times[-1] >= BURST_SECONDS]:
            del self._heard[chat]
