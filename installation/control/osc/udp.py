"""UDP sockets, with their errors in the words of the configuration."""

from __future__ import annotations

import socket

from installation.control.port_errors import WayInError, why_not_listening


def bound_socket(host: str, port: int, section: str) -> socket.socket:
    """A socket that listens. section: where host and port stand in the configuration, such as ``control.osc``. Raises
    WayInError."""
    family, kind, protocol, _, address = _resolved(host, port, f"{section}.host")
    listening = socket.socket(family, kind, protocol)
    try:
        listening.bind(address)
    except OSError as err:
        listening.close()
        raise WayInError(section, why_not_listening(err, host, port, section)) from err
    return listening


def resolved(host: str, port: int, key: str) -> tuple[socket.AddressFamily, tuple[object, ...]]:
    """Family and address of a host, for sending. key: where it stands in the configuration. Raises WayInError."""
    found = _resolved(host, port, key)
    return found[0], found[4]


def _resolved(
    host: str, port: int, key: str
) -> tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]]:
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    except (OSError, UnicodeError) as err:
        reason = f"{key}: {host!r}: no such address ({getattr(err, 'strerror', None) or err})"
        raise WayInError(".".join(key.split(".")[:2]), reason) from err
