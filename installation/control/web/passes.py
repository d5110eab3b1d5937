"""What lets a browser in without the token itself: a ticket in a QR code, good once and for a short time, and the cookie that it
is changed for. Neither can be guessed, and neither tells the token to whoever sees it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

TICKET_SECONDS = 90.0  # a code is shown for a minute; a phone may need a while to open what it has read
MOST_TICKETS = 4
SESSION_SECONDS = 7 * 86_400
LONGEST = 96  # characters of a cookie
MARK = "s1."  # in front of a session, so that it is never taken for a token


@dataclass(slots=True)
class Ticket:
    """holder: the address that came with it first; a browser may open an address twice, another address may not."""

    text: str
    until: float
    holder: str = ""


class Tickets:
    """Any thread may issue and redeem. clock: s, monotonic."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._open: list[Ticket] = []

    def issue(self) -> str:
        """A new one. Older ones stay good for their time, the newest few of them."""
        ticket = Ticket(secrets.token_urlsafe(18), self._clock() + TICKET_SECONDS)
        with self._lock:
            self._open = [*self._open[1 - MOST_TICKETS :], ticket]
        return ticket.text

    def redeem(self, given: str, holder: str) -> bool:
        """Whether it is a ticket that is good, for ``holder``, an address."""
        raw = given.encode("utf-8", "replace")
        with self._lock:
            now = self._clock()
            self._open = [ticket for ticket in self._open if ticket.until > now]
            for ticket in self._open:
                if hmac.compare_digest(raw, ticket.text.encode()) and ticket.holder in ("", holder):
                    ticket.holder = holder
                    return True
        return False

    def waits(self, text: str) -> bool:
        """Whether nobody has used this one yet, and somebody still may."""
        with self._lock:
            return any(one.text == text and not one.holder and one.until > self._clock() for one in self._open)


class Sessions:
    """Cookies that are signed and hold nothing but their end, so that none need be remembered, and that a restart with the same
    token knows again. clock: s since the epoch."""

    def __init__(self, token: str, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        # Slow on purpose: who has a cookie should not be able to try tokens against it.
        self._key = hashlib.scrypt(token.encode(), salt=b"facets session", n=1 << 14, r=8, p=1, dklen=32)

    def new(self) -> str:
        """A cookie's value: letters, digits, ``-``, ``_`` and ``.`` alone."""
        body = struct.pack(">Q", int(self._clock()) + SESSION_SECONDS) + secrets.token_bytes(8)
        return MARK + _text(body + self._seal(body))

    def good(self, given: str) -> bool:
        """Whether it is one of ours that has not ended."""
        if not given.startswith(MARK) or len(given) > LONGEST:
            return False
        try:
            raw = base64.urlsafe_b64decode(given.removeprefix(MARK).encode("ascii") + b"==")
        except ValueError:
            return False
        body, seal = raw[:16], raw[16:]
        return hmac.compare_digest(seal, self._seal(body)) and int(struct.unpack(">Q", body[:8])[0]) > self._clock()

    def _seal(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, "sha256")[:24]


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
