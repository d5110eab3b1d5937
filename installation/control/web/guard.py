"""Who may look and who may steer.

On the loopback everybody on this machine may, but only under a name of this machine: a page that makes its own name point
here (DNS rebinding) sends that name as Host. Beyond it OSCQuery is read by the senders that ``control.osc.allow`` names,
and the panel and every write need the token, from this machine too: what comes through a proxy looks like it. A page of
another origin opens no WebSocket, wherever it comes from (RFC 6455, 10.2).
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from aiohttp import web

from installation.config import is_loopback
from installation.errors import ConfigError

COOKIE = "facets_token"
SHORTEST_TOKEN = 8  # characters
BEARER = "Bearer "


@dataclass(frozen=True, slots=True)
class Guard:
    """The rules of one server. ``public``: reached from beyond this machine. ``token``: empty on the loopback."""

    public: bool
    token: str
    allow: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]
    name: str

    @classmethod
    def of(cls, host: str, token: str, allow: Sequence[str]) -> Guard:
        """For an address to listen on, the configured token and the senders allowed. Raises ConfigError for a short token."""
        public = not is_loopback(host)
        if token and len(token) < SHORTEST_TOKEN:
            raise ConfigError(f"control.web.token: needs at least {SHORTEST_TOKEN} characters; leave it empty for one made at the start")
        networks = tuple(ipaddress.ip_network(one, strict=False) for one in allow)
        return cls(public, (token or secrets.token_urlsafe(18)) if public else "", networks, socket.gethostname().lower())

    def knows_host(self, request: web.Request) -> bool:
        """Whether the request is made to a name or address of this machine, whoever resolved it."""
        name = _host_name(request.headers.get("Host", ""))
        if name in ("localhost", "127.0.0.1", "::1"):
            return True
        if not self.public:
            return False
        return name == self.name or name.endswith(".local") or _is_address(name)

    def same_origin(self, request: web.Request) -> bool:
        """Whether no page of another origin makes this request. Programs send no Origin."""
        origin = request.headers.get("Origin")
        if origin is None:
            return True
        parts = urlsplit(origin)
        return parts.scheme in ("http", "https") and parts.netloc.lower() == request.headers.get("Host", "").lower()

    def may_steer(self, request: web.Request) -> bool:
        """Whether the panel is open to this request, and what it writes is obeyed."""
        return not self.public or any(self.fits(given) for given in _tokens(request))

    def may_read(self, request: web.Request) -> bool:
        """Whether OSCQuery and the metrics answer this request."""
        return not self.public or self._allows(request.remote) or self.may_steer(request)

    def fits(self, given: str) -> bool:
        """Whether it is the token, in a time that does not tell how much of it is right."""
        return hmac.compare_digest(given.encode("utf-8", "replace"), self.token.encode())

    def _allows(self, remote: str | None) -> bool:
        try:
            address = ipaddress.ip_address((remote or "").partition("%")[0])
        except ValueError:
            return False
        address = getattr(address, "ipv4_mapped", None) or address
        return address.is_loopback or any(address in network for network in self.allow)


def _tokens(request: web.Request) -> list[str]:
    """Where a token may stand: header, cookie, query."""
    header = request.headers.get("Authorization", "")
    given = [header.removeprefix(BEARER) if header.startswith(BEARER) else "", request.cookies.get(COOKIE, "")]
    return [one for one in (*given, request.query.get("token", "")) if one]


def _host_name(host: str) -> str:
    """``[::1]:8600`` -> ``::1``."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.rpartition(":")[0].lower() if ":" in host else host.lower()


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
