"""Why a way in cannot be opened, in words for a person."""

import errno

from installation.errors import ConfigError


class WayInError(ConfigError):
    """A port that is taken, an address that this machine does not have, a name that no network knows. section: of the configuration, such
    as ``control.web``: a show could do without that way in."""

    def __init__(self, section: str, reason: str) -> None:
        super().__init__(reason)
        self.section = section


def why_not_listening(err: OSError, host: str, port: int, section: str) -> str:
    """What keeps ``section`` of the configuration from its port, and what to do about it."""
    if err.errno == errno.EADDRINUSE:
        return (
            f"{section}.port: {port}: the port is taken on {host}, perhaps by another Facets; "
            f"choose a free one with --set {section}.port=NUMBER, or do without with --set {section}.enabled=false"
        )
    if err.errno in (errno.EACCES, errno.EPERM):
        return f"{section}.port: {port}: this user may not listen on that port; choose one from 1024 on"
    if err.errno == errno.EADDRNOTAVAIL:
        return f"{section}.host: {host!r}: this machine has no such address; 127.0.0.1 is itself, 0.0.0.0 every network"
    return f"{section}: cannot listen on {host}:{port}: {err.strerror}"
