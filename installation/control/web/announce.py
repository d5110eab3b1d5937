"""Tells the network of the OSCQuery server (DNS-SD, RFC 6763), where it can be reached from the network at all.

A server on the loopback announces nothing: nobody who hears it could connect. A machine without a network, or one whose
network does not carry multicast, is no error either.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING

from installation.config import is_loopback

if TYPE_CHECKING:
    from zeroconf.asyncio import AsyncZeroconf

log = logging.getLogger(__name__)

SERVICE = "_oscjson._tcp.local."
SECONDS = 5.0  # to announce, or to take it back


def addresses(host: str) -> list[str]:
    """Under which IPv4 addresses a server that listens on ``host`` is reached from other machines."""
    import ifaddr

    if is_loopback(host):
        return []
    if host not in ("0.0.0.0", "::"):
        return [host]
    found = [ip.ip for adapter in ifaddr.get_adapters() for ip in adapter.ips if isinstance(ip.ip, str)]
    return [one for one in found if not ipaddress.ip_address(one).is_loopback]


class Announcement:
    """``_oscjson._tcp`` on the networks of ``places``, IPv4 addresses."""

    def __init__(self, places: Sequence[str], port: int) -> None:
        self._places, self._port = places, port
        self._zeroconf: AsyncZeroconf | None = None

    async def begin(self) -> None:
        """Announce; what fails is logged."""
        if not self._places:
            return
        try:
            from zeroconf import ServiceInfo
            from zeroconf.asyncio import AsyncZeroconf

            packed = [ipaddress.ip_address(place).packed for place in self._places]
            name = f"Facets on {socket.gethostname()}"[:63].replace(".", " ")
            info = ServiceInfo(SERVICE, f"{name}.{SERVICE}", addresses=packed, port=self._port, properties={"txtvers": "1"})
            zeroconf = AsyncZeroconf(interfaces=list(self._places))
            self._zeroconf = zeroconf
            await asyncio.wait_for(await zeroconf.async_register_service(info, allow_name_change=True), SECONDS)
        except Exception as err:  # a network can fail in many ways, and the show goes on without it
            log.info("OSCQuery is not announced on the network: %s: %s", type(err).__name__, err)

    async def end(self) -> None:
        """Take it back."""
        if self._zeroconf is None:
            return
        try:
            await asyncio.wait_for(self._zeroconf.async_close(), SECONDS)
        except Exception as err:
            log.info("the announcement of OSCQuery could not be taken back: %s", err)
