"""What each address has cost lately, so that none can cost much: a table that holds the newest few and no more.

A home or a phone network gives one household an IPv6 network of 64 bits, so that is what counts as one address. This machine
counts as one as well, with more room: whatever comes through a proxy on it comes from here.
"""

from __future__ import annotations

import ipaddress
import math
from collections import OrderedDict
from dataclasses import dataclass, field

MOST_KNOWN = 1024  # addresses
HOME = "this machine"
HOME_SHARE = 4  # this machine may cost so many times what another address may
CONNECTIONS = 32  # of one address at once
# Connections that one address may begin. This machine's only wait: a proxy's clients, or an operator beside a program gone wild,
# must not be turned away for each other.
ARRIVALS_A_SECOND, ARRIVALS_AT_ONCE = 20.0, 100.0
# Requests, each of a cost of at least 1: twenty a second are a twentieth of one core.
REQUESTS_A_SECOND, REQUESTS_AT_ONCE = 20.0, 100.0
REQUEST_SECONDS = 2.5e-3  # of the processor, that cost 1
LONGEST_DELAY = 3.0  # s that a request waits for its turn
ALL_SHARE = 4  # what all addresses together may cost, in shares of one
BYTES_A_SECOND, BYTES_AT_ONCE = 64e3, 1e6  # that it sends; a browser or a fader box sends a few hundred
FREE_GUESSES = 5  # wrong tokens until the next one has to wait
LONGEST_WAIT = 60.0  # s
FORGOTTEN = 600.0  # s after the last wrong token


class Bucket:
    """A budget that refills: ``rate`` a second, at most ``burst``."""

    __slots__ = ("_burst", "_left", "_rate", "_then")

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst, self._left = rate, burst, burst
        self._then: float | None = None

    def take(self, now: float, amount: float = 1.0) -> bool:
        """Whether there is that much left at ``now``, s; then it is spent."""
        if self.short(now, amount) > 0:
            return False
        self.spend(amount)
        return True

    def short(self, now: float, amount: float = 1.0) -> float:
        """Seconds until that much can be spent."""
        if self._then is not None and now > self._then:
            self._left = min(self._burst, self._left + (now - self._then) * self._rate)
        self._then = now
        return max(0.0, (amount - self._left) / self._rate)

    def spend(self, amount: float) -> None:
        """So much has been spent, whether it was there or not: what is lacking is made up first."""
        self._left -= amount


class Guesses:
    """Wrong tokens of one address: after a few, each wait is twice the one before it."""

    __slots__ = ("_count", "_last")

    def __init__(self) -> None:
        self._count, self._last = 0, float("-inf")

    def wait(self, now: float) -> float:
        """Seconds until another token is looked at."""
        if now - self._last > FORGOTTEN:
            self._count = 0
        over = self._count - FREE_GUESSES
        return 0.0 if over < 0 else max(0.0, self._last + min(2.0**over, LONGEST_WAIT) - now)

    def wrong(self, now: float) -> None:
        """One more."""
        self._count, self._last = min(self._count + 1, FREE_GUESSES + 8), now

    def right(self) -> None:
        """The token was right: what was wrong before it was a slip."""
        self._count = 0


@dataclass(slots=True, eq=False)
class Sender:
    """One address. most: connections that it may hold. proven: it has shown the right token once."""

    key: str
    most: int
    arrivals: Bucket
    requests: Bucket
    bytes: Bucket
    guesses: Guesses = field(default_factory=Guesses)
    connections: int = 0
    proven: bool = False

    @classmethod
    def of(cls, key: str) -> Sender:
        """One that nothing is known of."""
        share = HOME_SHARE if key == HOME else 1
        requests = Bucket(REQUESTS_A_SECOND * share, REQUESTS_AT_ONCE * share)
        arrivals = Bucket(ARRIVALS_A_SECOND, math.inf if key == HOME else ARRIVALS_AT_ONCE)
        return cls(key, CONNECTIONS * share, arrivals, requests, Bucket(BYTES_A_SECOND * share, BYTES_AT_ONCE * share))


class Senders:
    """The addresses that came last. requests: of all of them together. Belongs to the web thread."""

    def __init__(self, most: int = MOST_KNOWN) -> None:
        self.requests = Bucket(REQUESTS_A_SECOND * ALL_SHARE, REQUESTS_AT_ONCE * ALL_SHARE)
        self._most = most
        self._known: OrderedDict[str, Sender] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def of(self, remote: str | None) -> Sender:
        """The one at an address."""
        key = key_of(remote)
        sender = self._known.get(key)
        if sender is None:
            if len(self._known) >= self._most:
                self._forget()
            sender = self._known[key] = Sender.of(key)
        self._known.move_to_end(key)
        return sender

    def delay(self, sender: Sender, now: float) -> float | None:
        """Seconds until one more request may be answered, which is paid for now; None where that is too long to wait."""
        delay = max(sender.requests.short(now), self.requests.short(now))
        if delay > LONGEST_DELAY:
            return None
        sender.requests.spend(1.0)
        self.requests.spend(1.0)
        return delay

    def charge(self, sender: Sender, seconds: float) -> None:
        """A request has cost so much of the processor."""
        more = max(0.0, seconds / REQUEST_SECONDS - 1.0)
        sender.requests.spend(more)
        self.requests.spend(more)

    def _forget(self) -> None:
        """The one that was away longest; who is connected, or has shown the token, only where all are."""
        gone = next((one for one in self._known.values() if not one.connections and not one.proven), None)
        del self._known[gone.key if gone is not None else next(iter(self._known))]


def key_of(remote: str | None) -> str:
    """What an address is counted under: ``192.0.2.7``, ``2001:db8::/64``, ``this machine``."""
    try:
        address = ipaddress.ip_address((remote or "").partition("%")[0])
    except ValueError:
        return "unknown"
    address = getattr(address, "ipv4_mapped", None) or address
    if address.is_loopback:
        return HOME
    return str(address) if address.version == 4 else str(ipaddress.ip_network((address, 64), strict=False))
