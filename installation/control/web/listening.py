"""The TCP socket of the server, with its errors in the words of the configuration."""

from __future__ import annotations

import errno
import socket

from installation.errors import ConfigError

WAITING = 128  # connections that the kernel keeps until they are taken


def listening_socket(host: str, port: int) -> socket.socket:
    """A socket that listens at ``control.web.host`` and ``control.web.port``. Raises ConfigError."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as err:
        raise ConfigError(f"control.web.host: {host!r}: no such address ({getattr(err, 'strerror', None) or err})") from err
    made = socket.socket(family, kind)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(WAITING)
    except OSError as err:
        made.close()
        raise ConfigError(_why_not(err, host, port)) from err
    made.setblocking(False)
    return made


def _why_not(err: OSError, host: str, port: int) -> str:
    if err.errno == errno.EADDRINUSE:
        return (
            f"control.web.port: {port}: the port is taken on {host}, perhaps by another Facets; "
            f"choose a free one with --set control.web.port=NUMBER, or do without with --set control.web.enabled=false"
        )
    if err.errno in (errno.EACCES, errno.EPERM):
        return f"control.web.port: {port}: this user may not listen on that port; choose one from 1024 on"
    if err.errno == errno.EADDRNOTAVAIL:
        return f"control.web.host: {host!r}: this machine has no such address; 127.0.0.1 is itself, 0.0.0.0 every network"
    return f"control.web: cannot listen on {host}:{port}: {err.strerror}"
