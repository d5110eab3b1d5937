"""The TCP socket of the server, with its errors in the words of the configuration."""

from __future__ import annotations

import socket

from installation.control.port_errors import WayInError, why_not_listening

WAITING = 128  # connections that the kernel keeps until they are taken


def listening_socket(host: str, port: int) -> socket.socket:
    """A socket that listens at ``control.web.host`` and ``control.web.port``. Raises WayInError."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as err:
        reason = f"control.web.host: {host!r}: no such address ({getattr(err, 'strerror', None) or err})"
        raise WayInError("control.web", reason) from err
    made = socket.socket(family, kind)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(WAITING)
    except OSError as err:
        made.close()
        raise WayInError("control.web", why_not_listening(err, host, port, "control.web")) from err
    made.setblocking(False)
    return made
