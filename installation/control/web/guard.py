"""Who may look and who may steer.

On the loopback everybody on this machine may, but only under a name of this machine: a page that makes its own name point
here (DNS rebinding) sends that name as Host. Beyond it OSCQuery is read by the senders that ``control.osc.allow`` names,
and the panel and every write need the token, from this machine too: what comes through a proxy looks like it. A page of
another origin opens no WebSocket, wherever it comes from (RFC 6455, 10.2).

A browser that shows the token, or a ticket out of the QR code, gets a cookie for it, and sends that from then on. Who sends
wrong tokens has to wait, each time longer: until then its token is not even looked at. Cookies and tickets are, since nobody
can guess one: an operator behind the same address as a guesser is not locked out.
"""

from __future__ import annotations

import ipaddress
import re
import secrets
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes, urlsplit

from aiohttp import web

from installation.config import is_loopback
from installation.control.web import secret
from installation.control.web.passes import MARK, Sessions, Tickets
from installation.control.web.senders import Bucket, Sender, key_of

COOKIE = "facets_token"
HOST = re.compile(r"(\[(?P<address>[^\]]+)\]|(?P<name>[^:\[\]]+))(:[0-9]*)?")
BEARER = "bearer "
LONGEST_GIVEN = 4 * secret.LONGEST  # characters of a token as it is sent
# Wrong tokens of all addresses together; an address that has shown the right one once does not wait for the others.
GUESSES_A_SECOND, GUESSES_AT_ONCE = 2.0, 50.0


@dataclass(frozen=True, slots=True)
class Leave:
    """What a request may. steer: write, and see the panel. read: OSCQuery and metrics. wait: s until its token is looked at."""

    steer: bool
    read: bool
    wait: float = 0.0


LEAVE = web.RequestKey("facets_leave", Leave)


class Guard:
    """The rules of one server. ``public``: reached from beyond this machine; then there is a token. Belongs to the web thread,
    but for ``invite``."""

    def __init__(
        self,
        public: bool,
        token: str,
        allow: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network],
        names: frozenset[str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.public, self._allow, self._names, self._clock = public, tuple(allow), names, clock
        self.tickets = Tickets(clock)
        self._token = secret.Token(token or secrets.token_urlsafe(18))
        self._sessions = Sessions(token or secrets.token_urlsafe(18))
        self._guesses = Bucket(GUESSES_A_SECOND, GUESSES_AT_ONCE)

    @classmethod
    def of(cls, host: str, token: str, allow: Sequence[str], hosts: Sequence[str] = ()) -> Guard:
        """For an address to listen on, the configured token, the senders allowed, and names that stand for this machine beside
        its own: a proxy's, which makes it public. Raises ConfigError for a weak token."""
        public = bool(hosts) or not is_loopback(host)
        token = secret.strong(token, "control.web.token") if token else ""
        networks = [ipaddress.ip_network(one, strict=False) for one in allow]
        return cls(public, (token or secret.made()) if public else "", networks, _names(host, hosts, public))

    def knows_host(self, request: web.Request) -> bool:
        """Whether the request is made to a name or address of this machine, whoever resolved it. A number is none that a page
        could make point here."""
        name = _host_name(request.headers.get("Host", ""))
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return name in self._names
        return self.public or address.is_loopback

    def same_origin(self, request: web.Request) -> bool:
        """Whether no page of another origin makes this request. Programs send no Origin."""
        origin = request.headers.get("Origin")
        if origin is None:
            return True
        try:
            parts = urlsplit(origin)
        except ValueError:  # a bracket that does not close
            return False
        return parts.scheme in ("http", "https") and parts.netloc.lower() == request.headers.get("Host", "").lower()

    def leave(self, request: web.Request, sender: Sender) -> Leave:
        """What this request may; once a request, since a wrong token counts against its sender."""
        if not self.public:
            return Leave(True, True)
        read = self._allows(request.remote)
        if self._sessions.good(request.cookies.get(COOKIE, "")) or self._has_ticket(request):
            return Leave(True, True)
        given = [*_tokens(request)]
        if not given:
            return Leave(False, read)
        now = self._clock()
        wait = max(sender.guesses.wait(now), 0.0 if sender.proven else self._guesses.short(now))
        if wait > 0:
            return Leave(False, read, wait)
        if any([self._token.fits(one) for one in given]):
            sender.guesses.right()
            sender.proven = True
            return Leave(True, True)
        sender.guesses.wrong(now)
        self._guesses.take(now)
        return Leave(False, read)

    def may_steer(self, request: web.Request) -> bool:
        """Whether the panel is open to a request that ``leave`` was asked for, and what it writes is obeyed."""
        return request[LEAVE].steer

    def invite(self) -> str:
        """A ticket that opens the panel once, for a short time. Any thread."""
        return self.tickets.issue()

    def session(self) -> str:
        """A cookie for a browser that may steer."""
        return self._sessions.new()

    def _has_ticket(self, request: web.Request) -> bool:
        given = request.query.get("token", "")
        return bool(given) and self.tickets.redeem(given, key_of(request.remote))

    def _allows(self, remote: str | None) -> bool:
        try:
            address = ipaddress.ip_address((remote or "").partition("%")[0])
        except ValueError:
            return False
        address = getattr(address, "ipv4_mapped", None) or address
        return address.is_loopback or any(address in network for network in self._allow)


def _tokens(request: web.Request) -> Iterator[bytes]:
    """Where a token may stand: header, cookie, query; as bytes, however its sender writes letters beyond ASCII."""
    header = request.headers.get("Authorization", "")
    if header.lower().startswith(BEARER):
        yield from _either(header[len(BEARER) :].strip())
    cookie = request.cookies.get(COOKIE, "")
    if cookie and not cookie.startswith(MARK):  # a session that has ended is no guess
        yield from _either(cookie)
    if "token" in request.query:
        yield _raw(request.query["token"])
        yield _query_raw(request.raw_path)  # where a plus is a plus


def _either(text: str) -> Iterator[bytes]:
    """As it is and percent-encoded: few characters may stand in a header as they are."""
    yield _raw(text)
    yield unquote_to_bytes(_raw(text))


def _raw(text: str) -> bytes:
    return text[:LONGEST_GIVEN].encode("utf-8", "surrogateescape")


def _query_raw(path: str) -> bytes:
    """The token of a query, with nothing but its percent signs undone."""
    parts = path.partition("?")[2].split("&")
    return next((unquote_to_bytes(part[len("token=") :][:LONGEST_GIVEN]) for part in parts if part.startswith("token=")), b"")


def _names(host: str, hosts: Sequence[str], public: bool) -> frozenset[str]:
    """Names of this machine, in small letters: what it calls itself, plain and as its network's multicast names write it."""
    if not public:
        return frozenset({"localhost"})
    own = socket.gethostname().lower().rstrip(".")
    short = own.partition(".")[0]
    return frozenset({"localhost", own, short, f"{short}.local", host.lower(), *(one.lower().rstrip(".") for one in hosts)} - {""})


def _host_name(host: str) -> str:
    """``[::1]:8600`` -> ``::1``; empty for what is no name and port."""
    parts = HOST.fullmatch(host)
    return "" if parts is None else (parts["address"] or parts["name"]).lower().rstrip(".")
